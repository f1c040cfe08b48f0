//! The control plane as people meet it: the built program over real HTTP, ffmpeg as encoder, real destinations, on a
//! SQLite file and on a real PostgreSQL.
//!
//! What holds inside one room is tested there; here stands what holds of all of them together.
//!
//! # The predecessor's ten defects, and the tests that keep them away
//!
//! | defect | test |
//! |---|---|
//! | 1: the page locked itself out; one bucket behind a proxy | `defects::a_page_that_polls_for_a_quarter_of_an_hour_is_never_locked_out`; `api`: `door::a_page_that_asks_every_few_seconds_never_locks_itself_out`, `door::people_behind_a_trusted_proxy_do_not_share_a_rate` |
//! | 2: the page never learned that the encoder or an output stopped | `show` (its listener hears all of it); `api`: `on_air::a_show_is_told_from_its_encoder_to_its_report` |
//! | 3: nothing could be sent as shipped, for want of ffmpeg | `show`: the program runs with an empty environment, so without a PATH |
//! | 4: encoders were always told `localhost` | `defects::addresses_are_those_of_the_host_that_was_asked`; `api`: `shows::addresses_are_those_that_one_asked_at` |
//! | 5: no reconnect; starting one forgot the others | `show`; `integration`: `push`; `api`: `shows::starting_and_stopping_is_said_as_often_as_one_likes_and_harms_no_other` |
//! | 6: words and letters taken out of names | `show` ("Create Live" and more); `api`: `shows::create_live_stays_create_live`, `people::a_name_is_kept_letter_by_letter` |
//! | 7: the key in clear on a shared page, and in the playlist's address | `show` (what is said is searched), `defects::no_address_that_viewers_get_has_the_key`; `api`: `shows::the_key_is_in_no_answer_about_a_project_and_in_no_address_that_viewers_get` |
//! | 8: copying did nothing over plain http | `web`: `EncoderSetup.test.tsx` |
//! | 9: secrets and passwords that everybody knows | `defects::two_fresh_servers_share_no_secret`; `api`: `people::a_new_server_has_no_account_and_no_password_that_works` |
//! | 10: addresses that nobody vouches for offered as presets | `defects::a_platform_nobody_vouches_for_has_no_address`; `api`: `shows::a_platform_whose_address_is_personal_has_none` |

#![allow(clippy::unwrap_used, reason = "cases are test code, which clippy sees only where #[test] stands")]

mod database;
mod defects;
mod doctor;
mod file;
mod health;
mod killed;
mod migrated;
mod node;
mod outage;
mod people;
mod quiet;
#[allow(dead_code, reason = "the journal's own tests use more of it")]
#[path = "../journal/support/receiver.rs"]
mod receiver;
mod rekeyed;
mod sent;
mod show;
mod studio;
#[allow(dead_code, unused_imports, reason = "the integration tests use more of it")]
#[path = "../integration/support/mod.rs"]
mod support;

use std::pin::Pin;

use database::Database;
use support::programs::Program;

/// What holds on either database.
type Case = fn(Database) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Each case as a test of its own on SQLite.
macro_rules! on_sqlite {
    ($($room:ident::$case:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $case() {
                    $crate::needs!($crate::Program::Ffmpeg);
                    $crate::block_on($crate::$room::$case($crate::Database::sqlite()));
                }
            )+
        }
    };
}

on_sqlite! {
    show::a_show_is_set_up_sent_changed_restarted_and_reported,
    file::a_file_that_is_edited_during_a_show_touches_what_changed_alone,
    file::a_file_takes_renames_forms_and_goodbyes_during_a_show,
    killed::a_killed_process_keeps_every_change_it_confirmed,
    migrated::a_schema_changes_under_a_live_show_and_no_packet_is_lost,
    doctor::a_schema_of_a_later_version_is_told_and_refused,
    rekeyed::what_one_server_key_sealed_works_on_under_the_next,
}

#[test]
fn a_show_holds_on_postgresql() {
    needs!(Program::Ffmpeg, Program::Postgres);
    let server = database::Server::start();
    block_on(show::a_show_is_set_up_sent_changed_restarted_and_reported(server.database()));
}

/// All others in one test: starting a server takes longer than they do.
#[test]
fn all_else_holds_on_postgresql() {
    needs!(Program::Ffmpeg, Program::Postgres);
    let server = database::Server::start();
    let cases: [Case; 6] = [
        |database| Box::pin(file::a_file_that_is_edited_during_a_show_touches_what_changed_alone(database)),
        |database| Box::pin(file::a_file_takes_renames_forms_and_goodbyes_during_a_show(database)),
        |database| Box::pin(rekeyed::what_one_server_key_sealed_works_on_under_the_next(database)),
        |database| Box::pin(killed::a_killed_process_keeps_every_change_it_confirmed(database)),
        |database| Box::pin(migrated::a_schema_changes_under_a_live_show_and_no_packet_is_lost(database)),
        |database| Box::pin(doctor::a_schema_of_a_later_version_is_told_and_refused(database)),
    ];
    for case in cases {
        block_on(case(server.database()));
    }
    block_on(migrated::a_process_that_waits_for_its_schema_says_which_step_it_is_at(server.database()));
    let nodes = [(); 2].map(|()| node::Node::new(server.database(), ""));
    block_on(outage::a_show_outlives_its_database(server, nodes));
}

/// Runs to the end on a runtime whose other thread serves while this one waits.
fn block_on(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
}
