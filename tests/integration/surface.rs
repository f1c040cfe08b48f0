//! What an operator touches: exit codes, health, metrics, the first start without any file.

use std::io::Read as _;
use std::net::TcpStream;
use std::process::Command;

use crate::needs;
use crate::support::engine::{Gostream, KEY, PLAYBACK};
use crate::support::http;
use crate::support::metrics::Metrics;
use crate::support::process::{Proc, Signal};
use crate::support::programs::Program;
use crate::support::scratch::Scratch;
use crate::support::{GUARD, until};

#[test]
fn the_version_is_told() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_gostream")).arg("--version").output().expect("the binary runs");
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_bad_config_ends_with_2_and_points_at_the_line() {
    let scratch = Scratch::new("config");
    let file = scratch.join("config.toml");
    std::fs::write(&file, "[rtmp]\nlisten = \"127.0.0.1:0\"\nchunk_size = 12\nchunksize = 4096\n")
        .expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
    command.arg("serve").arg("--config").arg(&file).current_dir(scratch.path());
    let mut process = Proc::start("gostream", scratch.path(), &mut command);
    assert_eq!(process.wait().code(), Some(2));
    let log = process.log();
    assert!(
        log.contains("config.toml:3") && log.contains("chunksize"),
        "both errors, with their places: {log}"
    );
}

#[test]
fn health_is_told_on_http_and_figures_on_the_metrics_listener() {
    let engine = Gostream::start();
    assert_eq!(engine.get("/livez").status, 200);
    assert_eq!(engine.get("/readyz").status, 200);
    assert_eq!(engine.get("/metrics").status, 404, "figures are not for every viewer");
    let metrics = engine.metrics();
    for name in ["gostream_connections", "gostream_stream_state"] {
        assert!(
            metrics.names().contains(&name),
            "{name} is there before anybody comes: {:?}",
            metrics.names()
        );
    }
}

#[test]
fn http_has_so_many_places_and_the_next_is_counted() {
    let engine = Gostream::config().set("http.max_connections", 2).set("http.header_timeout", "1s").start();
    let server = engine.address("http");
    let connect = || TcpStream::connect_timeout(&server, GUARD).expect("the engine listens");
    let open = || engine.count("gostream_connections", &[("service", "http")]);
    let _places = [connect(), connect()];
    until("both to be counted", || open() > 1.5);
    let mut third = connect();
    third.set_read_timeout(Some(GUARD)).expect("a timeout");
    assert_eq!(third.read(&mut [0; 1]).unwrap_or(0), 0, "closed without a word");
    let labels = [("service", "http"), ("reason", "max_connections")];
    until("the third to be counted", || engine.count("gostream_connections_rejected_total", &labels) > 0.5);
    until("the silent ones to be closed", || open() < 0.5);
    assert_eq!(engine.get("/livez").status, 200);
}

#[test]
fn the_metrics_listener_has_the_bounds_of_http() {
    let engine = Gostream::config().set("http.max_connections", 1).set("http.header_timeout", "1s").start();
    let silent = TcpStream::connect_timeout(&engine.address("metrics"), GUARD).expect("the engine listens");
    // Until then it holds the only place.
    until("the silent one to be closed and counted", || {
        let Some(answer) = http::get(engine.address("metrics"), "/metrics") else { return false };
        Metrics::parse(&answer.text()).sum("gostream_connections_total", &[("service", "metrics")])
            > Some(1.5)
    });
    drop(silent);
}

#[test]
fn readiness_turns_red_while_draining() {
    let mut engine = Gostream::start();
    let server = engine.address("http");
    engine.process().signal(Signal::Term);
    let gone_or_red = || http::get(server, "/readyz").is_none_or(|answer| answer.status == 503);
    until("readyz to turn red, or the listener to close", gone_or_red);
    assert_eq!(engine.process().wait().code(), Some(0));
}

#[test]
fn the_health_check_of_the_image_is_green_while_it_serves_and_red_after() {
    needs!(Program::Bash);
    let dockerfile = include_str!("../../Dockerfile");
    let command = dockerfile
        .lines()
        .find_map(|line| line.trim().strip_prefix("CMD [\"bash\""))
        .expect("a health check");
    let command: Vec<String> =
        serde_json::from_str(&format!("[\"bash\"{command}")).expect("the exec form is JSON");
    let mut engine = Gostream::start();
    let port = engine.address("http").port().to_string();
    let healthy = || {
        let mut check = Command::new(&command[0]);
        check.args(&command[1..]).env("HEALTH_PORT", &port);
        check.output().expect("bash runs").status.success()
    };
    assert!(healthy());
    engine.drain();
    assert!(!healthy());
}

#[test]
fn a_first_start_without_any_file_makes_a_key_and_keeps_it() {
    let scratch = Scratch::new("first");
    let data = scratch.join("data");
    let run = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
        command.current_dir(scratch.path()).env("GOSTREAM_DATA_DIR", &data).envs([
            ("GOSTREAM_HTTP__LISTEN", "127.0.0.1:0"),
            ("GOSTREAM_RTMP__LISTEN", "127.0.0.1:0"),
            ("GOSTREAM_METRICS__LISTEN", "127.0.0.1:0"),
            ("GOSTREAM_LOG__FORMAT", "json"),
        ]);
        let mut process = Proc::start(name, scratch.path(), &mut command);
        // One that is ended between the two says nothing more.
        until("the engine to be ready, and to have said where it is", || {
            assert!(process.is_running(), "it ended before it was ready");
            process.log().contains("\"ready\"") && process.out().contains("Metrics")
        });
        process.signal(Signal::Term);
        assert_eq!(process.wait().code(), Some(0));
        process.out()
    };
    let first = run("first");
    assert!(first.contains("rtmp://"), "it tells where to publish, and the key, once: {first}");
    let key = first.lines().find_map(|line| line.trim().strip_prefix("Stream key")).expect("a key").trim();
    assert!(key.len() >= 32, "{first}");
    let texts = || ["server.key", "node_id"].map(|name| std::fs::read(data.join(name)).expect("it is kept"));
    let before = texts();
    let second = run("second");
    assert_eq!(before, texts(), "the secrets are kept");
    assert!(!second.contains(key) && !second.contains("Stream key"), "and not printed again: {second}");
}

#[test]
fn secrets_are_shown_by_no_command() {
    let scratch = Scratch::new("show");
    let file = scratch.join("config.toml");
    let text = format!("[[project]]\nname = \"A\"\nstream_key = \"{KEY}\"\nplayback_id = \"{PLAYBACK}\"\n");
    std::fs::write(&file, text).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
    let output = command
        .args(["config", "show", "--origin", "--config"])
        .arg(&file)
        .output()
        .expect("the binary runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(shown.contains(PLAYBACK) && !shown.contains(KEY), "{shown}");
}
