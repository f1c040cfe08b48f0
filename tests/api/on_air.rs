//! What the API says while an encoder sends, and after.

use std::time::Duration;

use gostream::api::v1::Config;
use gostream::app::config::{AllowPrivate, OnDuplicate};
use gostream::control::stream_of;
use gostream::stream::StreamKey;
use serde_json::{Value, json};

use crate::support::machines::{Feed, SILENT, Show, Sink};
use crate::support::{Api, GUARD};

/// Defect 2 of the predecessor: the page never learned that the encoder or an output had stopped.
#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one show, told from its beginning to its end")]
async fn a_show_is_told_from_its_encoder_to_its_report() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, key) = api.project(&admin, "Show").await;
    let sink = Sink::start(SILENT);
    let asked = json!({ "name": "Sink", "url": sink.url(), "stream_key": "key-of-the-sink" });
    let made =
        api.post(&format!("/projects/{id}/destinations"), asked).cookie(&admin).send().await.is(201).json();
    let destination = made["id"].as_str().expect("an id");
    let feed = Feed::start(&api.rtmp(&key), Show::h264());
    let project = format!("/projects/{id}");
    let live = api.until(&admin, &project, |project| project["live"]["outputs"]["sending"] == 1).await;
    assert_eq!(live["live"]["state"], "live");
    let broadcast = live["live"]["broadcast_id"].as_str().expect("it is on the air").to_owned();
    let stream = format!("/streams/{broadcast}");
    let row = api.until(&admin, &stream, |row| row["live"] == true).await;
    assert_eq!((&row["project_id"], &row["encoder"]["from"]), (&json!(id), &json!("127.0.0.1")));
    let health = api
        .until(&admin, &format!("{stream}/health"), |health| {
            health["figures"]["fps"].as_f64().is_some_and(|fps| fps > 10.0)
        })
        .await;
    assert!(
        health["figures"]["video_codec"].as_str().is_some_and(|codec| codec.starts_with("avc1")),
        "{health}"
    );
    assert!(health["figures"]["connected_s"].is_number());
    let stats = api
        .until(&admin, &format!("{stream}/stats?step_s=2"), |stats| {
            stats["samples"].as_array().is_some_and(|all| !all.is_empty())
        })
        .await;
    assert_eq!(stats["step_s"], 2);
    api.get(&format!("{stream}/stats?step_s=0")).cookie(&admin).send().await.is_problem(400, "bad_query");
    let outputs = api
        .until(&admin, &format!("{stream}/outputs"), |all| {
            all["items"][0]["sent_bytes"].as_u64().is_some_and(|sent| sent > 0)
        })
        .await;
    assert_eq!(outputs["items"][0]["destination_id"], destination);
    let sent =
        api.get(&format!("/destinations/{destination}/stats")).cookie(&admin).send().await.is(200).json();
    assert!(sent["samples"].as_array().is_some_and(|all| !all.is_empty()), "{sent}");
    let connections = api.get("/ingest/connections").cookie(&admin).send().await.is(200).json();
    assert_eq!(
        (&connections["items"][0]["project_id"], &connections["items"][0]["stream_id"]),
        (&json!(id), &json!(broadcast))
    );
    let viewers =
        api.get(&format!("/viewers/sessions?project_id={id}")).cookie(&admin).send().await.is(200).json();
    assert_eq!(viewers["items"], json!([{ "project_id": id, "hls": 0, "rtmp": 0 }]));
    let publish = json!({ "publish": true });
    let busy = api.post(&format!("/destinations/{destination}/test"), publish).cookie(&admin).send().await;
    busy.is_problem(409, "not_possible");

    api.post(&format!("{stream}/end"), json!({})).cookie(&admin).send().await.is(200);
    let over = api.until(&admin, &stream, |row| row["ended_at"].is_string()).await;
    assert_eq!(over["live"], false);
    drop(feed);
    api.post(&format!("{stream}/end"), json!({})).cookie(&admin).send().await.is(200);
    let quiet = api.get(&format!("{stream}/health")).cookie(&admin).send().await.is(200).json();
    assert_eq!(quiet["status"], "no_data");
    let report = api.get(&format!("{stream}/report")).cookie(&admin).send().await.is(200);
    for secret in [key.as_str(), "key-of-the-sink"] {
        assert!(!report.text.contains(secret), "a report is handed on");
    }
    let report = report.json();
    assert_eq!((&report["project"]["name"], &report["outputs"][0]["name"]), (&json!("Show"), &json!("Sink")));
    assert!(report["duration_s"].as_f64().is_some_and(|seconds| seconds > 0.0));
    assert!(report["summary"]["video_bits"].as_u64().is_some_and(|bits| bits > 0), "{report:#}");
    let types: Vec<_> =
        report["events"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert!(types.contains(&json!("stream.started")) && types.contains(&json!("stream.ended")), "{types:?}");
    let listed = api.get(&format!("{stream}/events?limit=1")).cookie(&admin).send().await.is(200).json();
    assert!(listed["next_cursor"].is_string());
    let history = api.get(&format!("{project}/streams")).cookie(&admin).send().await.is(200).json();
    assert_eq!(history["items"][0]["id"], json!(broadcast));
}

#[tokio::test]
async fn an_encoder_is_sent_away_by_its_number() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (_, key) = api.project(&admin, "Show").await;
    let feed = Feed::start(&api.rtmp(&key), Show::h264());
    let one = |all: &Value| all["items"].as_array().is_some_and(|all| all.len() == 1);
    let all = api.until(&admin, "/ingest/connections", one).await;
    let number = all["items"][0]["id"].as_str().expect("a number");
    let viewer = api.somebody(&admin, "vic", "viewer").await;
    let path = format!("/ingest/connections/{number}");
    api.delete(&path).cookie(&viewer).send().await.is_problem(403, "not_allowed");
    api.delete(&path).cookie(&admin).send().await.is(204);
    api.until(&admin, "/ingest/connections", |all| all["items"] == json!([])).await;
    api.delete(&path).cookie(&admin).send().await.is_problem(404, "not_found");
    api.delete("/ingest/connections/x").cookie(&admin).send().await.is_problem(404, "not_found");
    drop(feed);
}

#[tokio::test]
async fn a_wrong_key_is_told_to_who_sets_an_encoder_up() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, _) = api.project(&admin, "Show").await;
    let before = api.get(&format!("/projects/{id}/ingest")).cookie(&admin).send().await.is(200).json();
    assert_eq!((&before["refused"], before["waiting_since"].is_string()), (&json!([]), true));
    let feed = Feed::start(&api.rtmp("a-wrong-key"), Show::h264());
    let told =
        api.until(&admin, &format!("/projects/{id}/ingest"), |ingest| ingest["refused"] != json!([])).await;
    assert_eq!(
        (&told["refused"][0]["from"], &told["refused"][0]["why"]),
        (&json!("127.0.0.1"), &json!("unknown_key"))
    );
    assert!(!told.to_string().contains("a-wrong-key"), "not even a wrong key");
    drop(feed);
}

#[tokio::test]
async fn a_key_that_was_good_once_is_told_from_a_wrong_one_and_only_to_its_project() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, old) = api.project(&admin, "Show").await;
    let (other, _) = api.project(&admin, "Other").await;
    let keys = format!("/projects/{id}/stream-keys");
    let first = api.get(&keys).cookie(&admin).send().await.json()["items"][0]["id"].clone();
    let rotate = format!("/stream-keys/{}/rotate", first.as_str().expect("an id"));
    let next = api.post(&rotate, json!({ "overlap_s": 0 })).cookie(&admin).send().await.is(201).json();
    let newest = |of: &str, why: &str| {
        let (path, why) = (format!("/projects/{of}/ingest"), json!(why));
        let (api, admin) = (&api, &admin);
        async move { api.until(admin, &path, |ingest| ingest["refused"][0]["why"] == why).await }
    };
    let expired = Feed::start(&api.rtmp(&old), Show::h264());
    let told = newest(&id, "key_expired").await;
    assert!(!told.to_string().contains(&old));
    let path = format!("/stream-keys/{}", next["id"].as_str().expect("an id"));
    api.patch(&path, json!({ "disabled": true })).cookie(&admin).send().await.is(200);
    let off = Feed::start(&api.rtmp(next["key"].as_str().expect("a key")), Show::h264());
    newest(&id, "key_disabled").await;
    let elsewhere = api.get(&format!("/projects/{other}/ingest")).cookie(&admin).send().await.json();
    assert_eq!(elsewhere["refused"], json!([]), "another project is not told");
    let counts = api.services.control.sessions().stats().publishes.all();
    assert!(["key_expired", "key_disabled"].iter().all(|why| counts.iter().any(|(label, _)| label == why)));
    drop((expired, off));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_pattern_reaches_the_practice_destination_and_ends_when_it_is_told_to() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, key) = api.project(&admin, "Rehearsal").await;
    let project = format!("/projects/{id}");
    let made =
        api.post(&format!("{project}/practice-destination"), json!({})).cookie(&admin).send().await.is(201);
    assert_eq!(made.json()["name"], "Practice");
    let pattern = format!("{project}/test-pattern");
    for _ in 0..2 {
        let begun = api.post(&pattern, json!({})).cookie(&admin).send().await.is(200);
        assert_eq!(begun.json(), json!({ "publishing": true }));
    }
    let live = api.until(&admin, &project, |project| project["live"]["outputs"]["sending"] == 1).await;
    let stream = format!("/streams/{}", live["live"]["broadcast_id"].as_str().expect("it is on the air"));
    api.delete(&pattern).cookie(&admin).send().await.is(204);
    api.until(&admin, &stream, |row| row["ended_at"].is_string()).await;
    api.delete(&pattern).cookie(&admin).send().await.is(204);
    let feed = Feed::start(&api.rtmp(&key), Show::h264());
    api.until(&admin, &project, |project| project["live"]["state"] == "live").await;
    let pushed = api.post(&pattern, json!({})).cookie(&admin).send().await;
    pushed.is_problem(409, "not_possible");
    drop(feed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_pattern_makes_room_for_an_encoder_and_never_takes_its_place() {
    for on_duplicate in [OnDuplicate::Takeover, OnDuplicate::Reject] {
        let api =
            Api::start_over(Config::default(), |process| process.rtmp.on_duplicate = on_duplicate).await;
        let admin = api.admin().await;
        let (id, key) = api.project(&admin, "Show").await;
        let (project, pattern) = (format!("/projects/{id}"), format!("/projects/{id}/test-pattern"));
        api.post(&pattern, json!({})).cookie(&admin).send().await.is(200);
        api.until(&admin, &project, |project| project["live"]["state"] == "live").await;
        let ours = api.get("/ingest/connections").cookie(&admin).send().await.json()["items"][0].clone();
        // An encoder that is not let in comes again.
        let theirs = |all: &Value| {
            all["items"].as_array().is_some_and(|all| all.len() == 1 && all[0]["id"] != ours["id"])
        };
        let mut feed = Feed::start(&api.rtmp(&key), Show::h264());
        let waited = std::time::Instant::now();
        while !theirs(&api.get("/ingest/connections").cookie(&admin).send().await.json()) {
            assert!(waited.elapsed() < GUARD, "the encoder is kept out");
            if feed.is_over() {
                feed = Feed::start(&api.rtmp(&key), Show::h264());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // It is on the air once it has sent its keyframe; until then "live" may still be the pattern's.
        let bytes = |all: &Value| all["items"][0]["received_bytes"].as_u64().unwrap_or(0);
        for _ in 0..2 {
            let before = bytes(&api.get("/ingest/connections").cookie(&admin).send().await.json());
            api.until(&admin, "/ingest/connections", |all| bytes(all) > before).await;
        }
        let live = api.until(&admin, &project, |project| project["live"]["state"] == "live").await;
        // The pattern is over: to stop it stops nobody else, and it does not begin anew.
        api.delete(&pattern).cookie(&admin).send().await.is(204);
        api.post(&pattern, json!({})).cookie(&admin).send().await.is_problem(409, "not_possible");
        let still = api.get(&project).cookie(&admin).send().await.json();
        assert_eq!(still["live"]["broadcast_id"], live["live"]["broadcast_id"]);
        feed.cut();
        api.until(&admin, &project, |project| project["live"]["state"] == "interrupted").await;
        api.post(&pattern, json!({})).cookie(&admin).send().await.is_problem(409, "not_possible");
    }
}

/// What was free when the pattern was asked for need not be so when it comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_pattern_gives_way_to_an_encoder_that_came_just_before_it() {
    for on_duplicate in [OnDuplicate::Takeover, OnDuplicate::Reject] {
        let api =
            Api::start_over(Config::default(), |process| process.rtmp.on_duplicate = on_duplicate).await;
        let admin = api.admin().await;
        let (id, key) = api.project(&admin, "Show").await;
        let project = format!("/projects/{id}");
        let begin = || {
            let id = id.parse().expect("an id");
            let stream = stream_of(&api.services.control.catalog().project(id).expect("it is there").project);
            let begun = api.services.rehearsal.begin(id, &stream, StreamKey::new(key.as_str()));
            begun.expect("it is not on");
            id
        };
        let feed = Feed::start(&api.rtmp(&key), Show::h264());
        let before = api.until(&admin, "/ingest/connections", |all| all["items"] != json!([])).await;
        let pattern = begin();
        let over = async || {
            while api.services.rehearsal.is_on(pattern) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(GUARD, over()).await.expect("the pattern is over");
        let after = api.until(&admin, &project, |project| project["live"]["state"] == "live").await;
        let connections = api.get("/ingest/connections").cookie(&admin).send().await.json();
        let number = |all: &Value| all["items"][0]["id"].clone();
        assert_eq!((number(&connections), feed.is_over()), (number(&before), false));
        assert!(!after["live"]["test_pattern"].as_bool().expect("a word"), "{after}");
        // Nor does it take the place of one that is waited for.
        feed.cut();
        api.until(&admin, &project, |project| project["live"]["state"] == "interrupted").await;
        begin();
        tokio::time::timeout(GUARD, over()).await.expect("the pattern is over");
        let held = api.get(&project).cookie(&admin).send().await.json();
        assert_eq!(held["live"]["state"], "interrupted");
        let told = api.get("/events?type=ingest.rejected").cookie(&admin).send().await.json();
        assert_eq!(told["items"], json!([]), "nobody was turned away");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_practice_where_nothing_here_may_be_sent_to() {
    let never = |process: &mut gostream::app::config::Config| {
        process.relay.allow_private = AllowPrivate::Never;
    };
    let api = Api::start_over(Config::default(), never).await;
    let admin = api.admin().await;
    let (id, _) = api.project(&admin, "Show").await;
    let practice = api.post(&format!("/projects/{id}/practice-destination"), json!({})).cookie(&admin);
    practice.send().await.is_problem(409, "not_possible");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_pattern_ends_with_its_project_and_with_the_process() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let mut ids = Vec::new();
    for name in ["One", "Two"] {
        let (id, _) = api.project(&admin, name).await;
        api.post(&format!("/projects/{id}/test-pattern"), json!({})).cookie(&admin).send().await.is(200);
        api.until(&admin, &format!("/projects/{id}"), |project| project["live"]["state"] == "live").await;
        ids.push(id);
    }
    api.delete(&format!("/projects/{}", ids[0])).cookie(&admin).send().await.is(204);
    let one = |all: &Value| all["items"].as_array().is_some_and(|all| all.len() == 1);
    let left = api.until(&admin, "/ingest/connections", one).await;
    assert_eq!(left["items"][0]["project_id"], json!(ids[1]));
    assert!(api.app.drain().await, "nothing is waited for in vain");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_s_own_limits_are_what_its_show_is_judged_by_without_a_new_connection() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, key) = api.project(&admin, "Show").await;
    let sink = Sink::start(SILENT);
    let list = format!("/projects/{id}/destinations");
    let asked = json!({ "name": "Sink", "url": sink.url(), "stream_key": "key-of-the-sink" });
    let made = api.post(&list, asked.clone()).cookie(&admin).send().await.is(201).json();
    let destination = format!("/destinations/{}", made["id"].as_str().expect("an id"));
    let _feed = Feed::start(&api.rtmp(&key), Show::h264());
    let live = api.until(&admin, &destination, |it| it["output"]["state"] == "sending").await;
    let issue = "bitrate_over_limit";
    let has = |health: &Value| {
        let issues = health["issues"].as_array().cloned().unwrap_or_default();
        issues.iter().any(|one| one["code"] == issue && one["destination_id"] == made["id"])
    };
    let shown = api.get(&format!("/projects/{id}")).cookie(&admin).send().await.json();
    let health = format!("/streams/{}/health", shown["live"]["broadcast_id"].as_str().expect("on the air"));
    for (limits, is_over) in [(json!({ "bitrate_max_bits": 10_000 }), true), (Value::Null, false)] {
        let changed =
            api.patch(&destination, json!({ "limits": limits })).cookie(&admin).send().await.is(200);
        assert_eq!(changed.json()["limits"], limits);
        api.until(&admin, &health, |health| has(health) == is_over).await;
    }
    let after = api.get(&destination).cookie(&admin).send().await.json();
    assert_eq!(
        (&after["output"]["state"], &after["output"]["since"]),
        (&json!("sending"), &live["output"]["since"])
    );
    assert_eq!(sink.connections(), 1, "a judgement is no reason to connect anew");
    let mut wrong = asked;
    for (limits, pointer) in [
        (json!({ "bitrate_max_bits": 0 }), "/limits/bitrate_max_bits"),
        (json!({ "keyframe_max_s": -2 }), "/limits/keyframe_max_s"),
    ] {
        wrong["limits"] = limits;
        let refused = api.post(&list, wrong.clone()).cookie(&admin).send().await;
        refused.is_problem(422, "invalid");
        assert_eq!(refused.json()["errors"][0]["pointer"], pointer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_allowed_needs_a_person_and_another_one_is_sent_to() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let (id, key) = api.project(&admin, "Show").await;
    // Link-local: where the keys of a cloud's machines are.
    let asked =
        json!({ "name": "Cloud", "url": "rtmp://169.254.169.254/live", "stream_key": "key-of-nobody" });
    let list = format!("/projects/{id}/destinations");
    let made = api.post(&list, asked).cookie(&admin).send().await.is(201).json();
    let destination = format!("/destinations/{}", made["id"].as_str().expect("an id"));
    let _feed = Feed::start(&api.rtmp(&key), Show::h264());
    let is_refused =
        |it: &Value| it["output"]["state"] == "failed" && it["output"]["reason"] == "address_forbidden";
    let failed = api.until(&admin, &destination, is_refused).await;
    assert!(failed["output"]["next_retry_at"].is_null(), "{failed}");
    assert_eq!(failed["output"]["title"], "The address is not allowed here");
    api.post(&format!("{destination}/retry"), json!({})).cookie(&admin).send().await.is(200);
    api.until(&admin, &destination, |it| {
        is_refused(it) && it["output"]["since"] != failed["output"]["since"]
    })
    .await;
    let sink = Sink::start(SILENT);
    let edit = json!({ "url": sink.url(), "stream_key": "key-of-the-sink" });
    api.patch(&destination, edit).cookie(&admin).send().await.is(200);
    api.until(&admin, &destination, |it| it["output"]["state"] == "sending").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_into_our_network_is_not_sent_to_while_a_show_is_on() {
    let never = |process: &mut gostream::app::config::Config| {
        process.relay.allow_private = AllowPrivate::Never;
    };
    let api = Api::start_over(Config::default(), never).await;
    let admin = api.admin().await;
    let (id, key) = api.project(&admin, "Show").await;
    let sink = Sink::start(SILENT);
    let url = sink.url().replace("127.0.0.1", "localhost");
    assert!(url.contains("localhost"), "{url}");
    let asked = json!({ "name": "Here", "url": url, "stream_key": "key-of-the-sink" });
    let made =
        api.post(&format!("/projects/{id}/destinations"), asked).cookie(&admin).send().await.is(201).json();
    let destination = format!("/destinations/{}", made["id"].as_str().expect("an id"));
    let _feed = Feed::start(&api.rtmp(&key), Show::h264());
    api.until(&admin, &destination, |it| it["output"]["state"] == "failed").await;
    assert_eq!(sink.connections(), 0, "nobody knocked");
}

#[tokio::test]
async fn an_encoder_that_is_connected_and_silent_is_told_from_one_that_is_gone() {
    for (reason, stalls) in [("stalled", true), ("lost", false)] {
        let api =
            Api::start_over(Config::default(), |config| config.rtmp.stall_timeout = Duration::from_secs(1));
        let api = api.await;
        let admin = api.admin().await;
        let (id, key) = api.project(&admin, "Show").await;
        let feed = Feed::start(&api.rtmp(&key), Show::h264());
        let project = format!("/projects/{id}");
        let live = api.until(&admin, &project, |project| project["live"]["state"] == "live").await;
        let broadcast = live["live"]["broadcast_id"].as_str().expect("it is on the air").to_owned();
        let _feed = if stalls {
            // Its connection stays, and nothing comes over it any more.
            feed.switch(Show::silent());
            Some(feed)
        } else {
            feed.cut();
            None
        };
        api.until(&admin, &project, |project| project["live"]["state"] == "interrupted").await;
        let path = format!("/streams/{broadcast}/events");
        let of = |all: &Value| {
            let all = all["items"].as_array()?;
            all.iter().find(|event| event["type"] == "ingest.interrupted").cloned()
        };
        let events = api.until(&admin, &path, |all| of(all).is_some()).await;
        assert_eq!(of(&events).expect("it is there")["data"], json!({ "reason": reason }));
    }
}
