//! Accounts on a real store: one set of cases, run on a SQLite file each and on a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "cases are test code, which clippy sees only where #[test] stands")]

mod elsewhere;
mod issuer;
mod links;
mod people;
mod rotation;
mod sessions;
#[allow(dead_code, reason = "the cases of the store need more of it than these do")]
#[path = "../store/support/mod.rs"]
mod support;
mod tokens;
mod world;

use support::{Bench, Case, Postgres, Program, block_on};

/// Each case as a test of its own on SQLite, and all of them in one test on PostgreSQL.
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
    elsewhere {
        an_identity_gets_an_account_and_keeps_it,
        rsa_keys_forms_and_what_is_said_beside_are_taken_too,
        a_token_that_is_not_right_lets_nobody_in,
        a_code_is_of_use_to_its_browser_alone,
        an_address_joins_an_account_only_where_that_is_wanted_and_it_is_verified,
        nobody_overtakes_the_first_administrator_from_elsewhere,
        an_issuer_that_is_down_is_said_to_be_and_left_alone,
        an_issuer_that_says_too_much_or_nothing_of_use_is_not_believed,
        a_new_key_is_asked_for_and_not_too_often,
    }
    links {
        the_setup_link_makes_the_first_administrator_once,
        a_link_that_signs_in_makes_an_administrator_and_works_once,
        a_setup_link_works_for_half_an_hour_and_only_the_newest_one,
        of_many_that_hold_the_setup_link_one_becomes_the_administrator,
        the_environment_names_the_first_administrator_and_no_second,
        a_reset_link_sets_the_password_and_ends_every_session,
        sign_up_is_closed_unless_it_is_opened_and_makes_viewers,
    }
    people {
        an_administrator_makes_changes_and_takes_away_accounts,
        a_change_of_role_is_felt_at_the_next_request,
        nobody_but_an_administrator_touches_others,
        a_new_password_needs_the_old_one_and_ends_every_session,
        the_last_administrator_stays,
    }
    rotation {
        what_an_old_server_key_sealed_is_sealed_anew_once,
        what_cannot_be_read_stays_and_is_said,
    }
    sessions {
        a_password_signs_in_and_nothing_else_does,
        a_session_lasts_while_it_is_used,
        a_session_that_is_ended_works_no_more_at_once,
        an_account_has_so_many_sessions_and_the_oldest_end,
        who_tries_too_often_waits,
        a_hash_of_another_cost_is_replaced_at_the_next_sign_in,
        a_proof_of_who_one_is_gets_old,
    }
    tokens {
        a_token_does_what_its_scopes_say_and_no_more,
        a_token_ends_with_its_time_its_owner_or_by_hand,
        a_token_makes_no_tokens,
        who_was_known_a_moment_ago_is_not_looked_up_again,
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
