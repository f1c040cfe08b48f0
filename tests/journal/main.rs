//! The journal and the webhooks, with a real engine, real encoders and either database.

#![allow(clippy::unwrap_used, reason = "cases are test code, which clippy sees only where #[test] stands")]

mod broadcasts;
mod events;
mod support;
mod webhooks;

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
    broadcasts {
        a_broadcast_is_written_down_from_its_encoder_to_its_report,
        wrong_keys_are_told_and_not_kept,
        an_encoder_is_kicked_and_its_broadcast_held_or_ended,
        a_destination_that_is_not_there_is_an_issue_and_an_event,
        what_happened_last_is_kept_when_the_process_leaves,
        what_a_dead_process_left_on_the_air_is_over,
    }
    events {
        whoever_listens_misses_nothing_and_gets_nothing_twice,
        what_a_listener_does_not_ask_for_it_does_not_get,
    }
    webhooks {
        an_event_arrives_signed_where_it_is_wanted,
        a_receiver_that_fails_is_told_again_until_it_has_heard,
        what_is_no_yes_is_a_no,
        a_webhook_cannot_look_inside,
        one_that_fails_for_long_is_switched_off_and_told,
        a_test_is_sent_to_one_and_a_delivery_is_sent_again,
        a_dead_host_is_left_alone_while_others_are_told,
        of_two_nodes_one_delivers,
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

/// A database of which somebody else holds the only pen; SQLite's is the one that can be taken away and given back.
mod away {
    use std::time::Duration;

    use gostream::app::config::Config;
    use gostream::store::{EventFilter, Page};
    use serde_json::json;

    use super::support::{Bench, House, block_on, eventually};

    #[test]
    fn events_wait_for_a_database_that_is_away_and_those_that_do_not_fit_are_told() {
        block_on(async {
            let bench = Bench::sqlite();
            let set = |config: &mut Config| config.database.statement_timeout = Duration::from_millis(100);
            let house = House::start_with(&bench, Vec::new(), set).await;
            house.journal().note(gostream::journal::Kind::NodeJoined, None, None, json!({}));
            house.until("node.joined", |_| true).await;
            let mut raw = bench.raw().await;
            raw.run("BEGIN IMMEDIATE").await;
            for n in 0..10_000 {
                house.journal().note(gostream::journal::Kind::HealthChanged, None, None, json!({ "n": n }));
            }
            let lost = house.journal().counts().lost.get();
            assert!(lost > 1_000 && house.journal().waiting() > 7_000, "{lost} of 10000");
            eventually("the outage to be seen", async || {
                (house.journal().counts().outages.get() > 0).then_some(())
            })
            .await;
            raw.run("COMMIT").await;
            let told = house.until("events.lost", |_| true).await;
            assert_eq!(told.data.0["count"], lost);
            eventually("the queue to be empty", async || (house.journal().waiting() == 0).then_some(()))
                .await;
            let store = house.leave().await;
            let filter = EventFilter { kind: Some("health.changed".to_owned()), ..EventFilter::default() };
            let newest = store.events(&filter, Page::first(1)).await.unwrap().items.remove(0);
            let kept = newest.data.0["n"].as_u64().unwrap() + 1;
            assert_eq!(kept + lost, 10_000, "the oldest are kept, and the others counted");
        });
    }
}
