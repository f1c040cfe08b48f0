//! The way to a destination, as the kernel measures it.

use std::net::SocketAddr;
use std::process::Command;

use crate::needs;
use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::nginx::Nginx;
use crate::support::packets::Clip;
use crate::support::peers::ffmpeg_publish_forever;
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::until;

const RTT: &str = "gostream_output_rtt_seconds";
const RETRANSMITTED: &str = "gostream_output_retransmitted_segments_total";

/// Seconds of round trip of the one connection to an address, by `ss`, where that is installed.
fn rtt_by_ss(remote: SocketAddr) -> Option<f64> {
    let output = Command::new("ss").args(["-tinH", "dst", &remote.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let millis =
        text.split_whitespace().find_map(|word| word.strip_prefix("rtt:")?.split('/').next()?.parse().ok());
    millis.map(|millis: f64| millis / 1_000.0)
}

#[test]
#[cfg(target_os = "linux")]
fn the_round_trip_to_a_destination_is_told_while_it_is_sent_to() {
    needs!(Program::Ffmpeg, Program::Nginx);
    let (near, off) = (Nginx::destination(), Nginx::destination());
    let engine = Gostream::config()
        .destination("near", &near.url(), "one")
        .destination_with("off", &off.url(), "two", &[("enabled", false.into())])
        .start();
    let mut encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let told =
        |name: &str, output: &str| engine.metrics().sum(name, &[("stream", PLAYBACK), ("output", output)]);
    assert_eq!(told(RTT, "near"), None, "absent until it is known");
    until("a round trip that agrees with `ss`", || {
        let Some(rtt) = told(RTT, "near") else { return false };
        assert!(rtt > 0.0 && rtt < 10.0, "{rtt} s on this machine");
        // Both move, and they are not asked at the same moment.
        rtt_by_ss(near.address()).is_none_or(|other| rtt / other < 10.0 && other / rtt < 10.0)
    });
    assert!(told(RETRANSMITTED, "near").is_some());
    assert_eq!((told(RTT, "off"), told(RETRANSMITTED, "off")), (None, None), "nothing is sent there");
    encoder.process.signal(Signal::Int);
    encoder.process.wait();
    until("the round trip of a connection that is over to be gone", || told(RTT, "near").is_none());
    assert!(told(RETRANSMITTED, "near").is_some(), "what was counted stays");
}
