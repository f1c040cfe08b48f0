//! The store, on both databases: one set of cases, run on a SQLite file each and on a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "cases are test code, which clippy sees only where #[test] stands")]

mod accounts;
mod bounds;
mod history;
mod kill;
mod migrating;
mod projects;
mod support;
mod webhooks;

use support::{Bench, Case, Postgres, Program, block_on};

/// Each case as a test of its own on SQLite, and all of them in one test on PostgreSQL: starting a server takes longer
/// than the cases do.
macro_rules! cases {
    ($($room:ident { $($case:ident),+ $(,)? })+) => {
        mod sqlite {
            $($(
                #[test]
                fn $case() {
                    super::block_on(super::$room::$case(super::Bench::sqlite()));
                }
            )+)+
        }

        const CASES: &[(&str, Case)] = &[$($((stringify!($case), |bench| Box::pin($room::$case(bench)))),+),+];
    };
}

cases! {
    migrating {
        an_empty_database_is_brought_up_step_by_step,
        a_migration_goes_on_from_wherever_it_was_left,
        two_that_migrate_at_once_take_turns,
        a_newer_schema_is_refused_and_left_alone,
        a_running_node_works_on_while_columns_are_added,
    }
    accounts {
        names_are_kept_byte_for_byte,
        an_address_has_one_account_in_any_case,
        the_last_administrator_stays,
        of_two_administrators_that_leave_at_once_one_stays,
        the_setup_link_works_once_and_only_before_anybody_is_there,
        a_reset_link_sets_the_password_and_signs_out,
        a_session_ends_with_its_time_its_deletion_or_its_account,
        a_token_is_found_by_its_hash_while_it_works,
        a_request_is_done_once_and_answered_again,
        what_is_too_old_goes_in_batches,
    }
    projects {
        a_change_of_what_somebody_else_changed_is_a_conflict,
        of_many_changes_at_once_one_wins,
        a_playback_id_and_a_key_have_one_project,
        a_project_takes_its_parts_along_and_an_owner_does_not,
        a_replaced_key_goes_on_for_a_while,
        destinations_have_an_order_and_a_bound,
        a_wish_that_is_so_already_changes_nothing,
        all_fields_of_a_destination_come_back,
        secrets_are_sealed_anew_unless_they_changed_meanwhile,
    }
    history {
        pages_are_stable_while_rows_are_added,
        events_of_many_nodes_are_missed_by_nobody,
        events_are_found_by_what_they_are_about,
        a_stream_ends_once,
    }
    webhooks {
        a_webhook_comes_back_as_it_was_made,
        a_delivery_is_claimed_by_one,
        a_late_answer_of_a_lost_claim_changes_nothing,
        a_delivery_given_up_counts_against_its_webhook,
        an_event_is_kept_with_its_deliveries_or_not_at_all,
    }
    bounds {
        who_finds_no_connection_is_told_in_time,
        who_waits_for_a_lock_is_told_in_time,
        what_one_database_cannot_keep_the_other_refuses,
        the_store_counts_what_it_does,
        a_transaction_that_is_dropped_has_not_happened,
    }
}

#[test]
fn every_case_holds_on_postgresql() {
    needs!(Program::Postgres);
    let server = Postgres::start();
    block_on(async {
        let mut failed = Vec::new();
        for (name, case) in CASES {
            if let Err(error) = tokio::spawn(case(server.bench().await)).await {
                failed.push(format!("{name}: {error}"));
            }
        }
        assert!(failed.is_empty(), "on PostgreSQL:\n{}", failed.join("\n"));
    });
}
