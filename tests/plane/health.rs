//! An encoder that is set up badly, and what people are told of it while it sends.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::database::Database;
use crate::needs;
use crate::node::Node;
use crate::people::{Person, id};
use crate::support::peers::Encoder;
use crate::support::programs::Program;

/// Silence is told after half a minute; the rest of it is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);

/// A keyframe every 12 s, 250 kbit/s for 720 lines, and a microphone that is muted.
const BADLY: &str = "-nostdin -v error -re -f lavfi -i testsrc2=size=1280x720:rate=25 \
    -re -f lavfi -i anullsrc=r=48000:cl=stereo -c:v libx264 -preset ultrafast -tune zerolatency -g 300 -keyint_min 300 \
    -sc_threshold 0 -b:v 250k -maxrate 250k -bufsize 250k -c:a aac -b:a 96k -f flv";

#[test]
fn what_is_wrong_with_an_encoder_is_told_while_it_sends() {
    needs!(Program::Ffmpeg);
    crate::block_on(async {
        let mut node = Node::new(Database::sqlite(), "");
        node.start();
        let ada = Person::set_up(&node, &node.printed_link()).await;
        let (project, key) = ada.told_once("/projects", json!({ "name": "Show" }), "stream_key").await;
        let path = format!("/projects/{}", id(&project));
        let mut command = Command::new("ffmpeg");
        command.args(BADLY.split_whitespace()).arg(node.rtmp(&key));
        let _encoder = Encoder::start("ffmpeg", &mut command);
        let live = ada.until("the show", &path, |shown| shown["live"]["broadcast_id"].is_string()).await;
        let broadcast = live["live"]["broadcast_id"].as_str().expect("an id");
        // Its row is written beside it.
        let rows = format!("{path}/streams");
        ada.until("its row", &rows, |list| list["items"][0]["id"] == broadcast).await;
        let health = format!("/streams/{broadcast}/health");
        let wanted = BTreeSet::from(["keyframe_interval_long", "bitrate_low", "audio_silent"]);
        let began = Instant::now();
        let told = loop {
            let told = ada.get(&health).await;
            let issues = told["issues"].as_array().cloned().unwrap_or_default();
            let codes: BTreeSet<_> = issues.iter().filter_map(|issue| issue["code"].as_str()).collect();
            if codes.is_superset(&wanted) {
                break told;
            }
            assert!(began.elapsed() < PATIENCE, "{told:#}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        assert_eq!(told["status"], "ok", "it warns: {told:#}");
        let issues = told["issues"].as_array().expect("a list");
        assert_eq!(issues.len(), wanted.len(), "and of nothing that is well: {told:#}");
        let says = |issue: &Value, field: &str| issue[field].as_str().is_some_and(|text| !text.is_empty());
        for issue in issues {
            let is_whole =
                ["severity", "title", "what_to_do", "since"].iter().all(|field| says(issue, field));
            assert!(is_whole, "{issue:#}");
        }
        node.leave();
    });
}
