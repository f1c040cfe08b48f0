//! The control plane under the API: projects of the file and of people, in a real store of either kind, over the engine
//! as the process runs it.

#![allow(clippy::unwrap_used, reason = "cases are test code, which clippy sees only where #[test] stands")]

mod cases;
#[allow(dead_code, reason = "the store's own tests use more of it")]
#[path = "../store/support/mod.rs"]
mod support;

use support::{Bench, Case, Postgres, Program, block_on};

/// Each case as a test of its own on SQLite, and all of them in one test on PostgreSQL.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $case() {
                    super::block_on(super::cases::$case(super::Bench::sqlite()));
                }
            )+
        }

        const CASES: &[(&str, Case)] = &[$((stringify!($case), |bench| Box::pin(cases::$case(bench)))),+];
    };
}

cases! {
    the_first_start_makes_a_project_and_the_second_keeps_it,
    what_the_file_declares_is_let_in_and_changed_there_alone,
    a_file_that_changed_is_applied_field_by_field,
    a_project_that_left_the_file_is_set_aside_until_it_returns,
    what_was_stopped_stays_stopped_after_a_restart,
    a_key_that_is_replaced_publishes_on_for_its_overlap,
    a_key_inside_an_address_is_never_shown_nor_kept_in_clear,
    what_another_node_changes_is_followed,
    changes_that_name_no_revision_are_all_made,
    all_that_is_wrong_is_said_at_once,
    a_destination_is_tried_step_by_step,
    a_private_address_is_refused_where_it_is_forbidden,
    a_project_that_could_not_be_used_is_taken_up_when_its_row_is_mended,
    a_newer_schema_keeps_the_process_from_starting,
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
