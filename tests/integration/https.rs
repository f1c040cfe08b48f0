//! HLS over HTTPS and HTTP/2, and the certificate that is replaced while everything runs.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use crate::needs;
use crate::support::engine::{Config, Gostream, PLAYBACK};
use crate::support::packets::Clip;
use crate::support::peers::{curl, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::scratch::Scratch;
use crate::support::tls::Authority;
use crate::support::{GUARD, SERVER_HANDSHAKE, hello, until};

/// An engine with both TLS listeners.
fn secure(authority: &Authority) -> Config {
    let path = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    Gostream::config()
        .set("https.listen", "127.0.0.1:0")
        .set("rtmps.listen", "127.0.0.1:0")
        .set("tls.mode", "files")
        .set("tls.cert", path(authority.server_chain()))
        .set("tls.key", path(authority.server_key()))
}

fn url(engine: &Gostream, path: &str) -> String {
    format!("https://localhost:{}{path}", engine.address("https").port())
}

/// The last line of a playlist: its newest address, unless it hints at a part.
fn last_address(playlist: &str) -> &str {
    playlist.lines().rfind(|line| !line.starts_with('#') && !line.is_empty()).expect("an address")
}

#[test]
fn a_viewer_walks_from_the_index_to_a_segment_over_http_2() {
    needs!(Program::Ffmpeg, Program::Curl);
    let authority = Authority::new();
    let engine = secure(&authority).start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let trusted = authority.certificate().to_string_lossy().into_owned();
    let ask = |version: &str, file: &str| {
        let url = url(&engine, &format!("/hls/{PLAYBACK}/{file}"));
        let told = "\n%{http_version} %{http_code} %{content_type}";
        let answer = curl(&["--cacert", &trusted, version, "--write-out", told, &url]);
        let (body, told) = answer.rsplit_once('\n').expect("what was told");
        (body.to_owned(), told.to_owned())
    };
    let (index, told) = ask("--http2", "index.m3u8");
    assert_eq!(told, "2 200 application/vnd.apple.mpegurl");
    let (playlist, told) = ask("--http2", last_address(&index));
    assert_eq!(told, "2 200 application/vnd.apple.mpegurl");
    let (segment, told) = ask("--http2", last_address(&playlist));
    assert_eq!(told, "2 200 video/mp4");
    assert!(segment.contains("moof"));
    assert_eq!(ask("--http1.1", "index.m3u8").1, "1.1 200 application/vnd.apple.mpegurl");
    assert!(engine.count("gostream_connections_total", &[("service", "https")]) >= 4.0);
}

/// Asks for `/livez` on a connection that is kept.
fn is_alive(stream: impl std::io::Read + std::io::Write) -> bool {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").expect("sent");
    let (mut line, mut len) = (String::new(), 0);
    let mut alive = false;
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).expect("a head");
        alive |= line.starts_with("HTTP/1.1 200");
        if let Some(value) = line.strip_prefix("content-length: ") {
            len = value.trim().parse().expect("a length");
        }
    }
    stream.read_exact(&mut vec![0; len]).expect("a body");
    alive
}

#[test]
fn a_new_certificate_is_for_new_connections_and_a_bad_one_for_none() {
    let authority = Authority::new();
    let mut engine = secure(&authority).start();
    let (https, rtmps) = (engine.address("https"), engine.address("rtmps"));
    let old = authority.issued();
    let mut watching = authority.connect(https, "localhost", |_| {});
    assert!(is_alive(&mut watching));
    let mut publishing = authority.connect(rtmps, "localhost", |_| {});
    publishing.flush().expect("shaken");
    assert!(engine.count("gostream_tls_certificate_expiry_timestamp_seconds", &[]) > 1.9e9);

    // By signal.
    authority.issue();
    engine.process().signal(Signal::Hup);
    let reloads = |engine: &Gostream, result| {
        engine.count("gostream_tls_certificate_reloads_total", &[("result", result)])
    };
    until("the new certificate", || reloads(&engine, "ok") > 0.5);
    let shown = |server| {
        let mut client = authority.connect(server, "localhost", |_| {});
        client.flush().expect("shaken");
        client.conn.peer_certificates().expect("shown")[0].clone().into_owned()
    };
    assert_ne!(authority.issued(), old);
    assert_eq!((shown(https), shown(rtmps)), (authority.issued(), authority.issued()));
    assert!(is_alive(&mut watching), "an old connection goes on");
    publishing.write_all(&hello()).expect("and the other");
    publishing.read_exact(&mut [0; SERVER_HANDSHAKE]).expect("S0, S1 and S2");
    assert_eq!(publishing.conn.peer_certificates().expect("shown")[0], old);

    // By itself; and what is no certificate changes nothing.
    let served = authority.issued();
    std::fs::write(authority.server_chain(), "no certificate").expect("written");
    until("the bad file to be refused", || reloads(&engine, "failed") > 0.5);
    assert_eq!((shown(https), shown(rtmps)), (served.clone(), served));
    assert!(engine.logged(|line| line["level"] == "ERROR" && line["target"] == "gostream::net::identity"));
    engine.drain();
}

#[test]
fn a_hangup_without_a_certificate_ends_nothing() {
    let mut engine = Gostream::start();
    engine.process().signal(Signal::Hup);
    until("it to be told", || engine.log_text().contains("SIGHUP"));
    assert_eq!(engine.get("/livez").status, 200);
}

#[test]
fn a_handshake_that_does_not_end_is_ended_and_counted() {
    let authority = Authority::new();
    let config =
        secure(&authority).set("http.header_timeout", "500ms").set("rtmp.handshake_timeout", "500ms");
    let engine = config.start();
    for service in ["https", "rtmps"] {
        let failed = |reason| {
            let labels = [("service", service), ("reason", reason)];
            engine.count("gostream_tls_handshakes_failed_total", &labels)
        };
        let connect = |first: &[u8]| {
            let mut socket = TcpStream::connect(engine.address(service)).expect("the engine listens");
            socket.set_read_timeout(Some(GUARD)).expect("a timeout");
            socket.write_all(first).expect("sent");
            // However it ends, it ends.
            socket.read_to_end(&mut Vec::new()).ok();
        };
        connect(b"");
        connect(&[22, 3, 1]);
        until("both to be counted", || failed("timeout") > 1.5);
        connect(b"GET / HTTP/1.1\r\n\r\n");
        until("the third to be counted", || failed("failed") > 0.5);
    }
}

#[test]
fn a_cache_waits_for_many_parts_over_one_connection() {
    /// Requests at once: the most that curl makes over one connection.
    const WAITING: usize = 100;
    needs!(Program::Ffmpeg, Program::Curl);
    let authority = Authority::new();
    let engine = secure(&authority).start();
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    engine.until_playable();
    let folder = format!("/hls/{PLAYBACK}");
    let index = engine.get(&format!("{folder}/index.m3u8")).text();
    let media = format!("{folder}/{}", last_address(&index));
    let playlist = engine.get(&media).text();
    let number = |tag: &str| playlist.lines().find_map(|line| line.strip_prefix(tag)?.parse::<u64>().ok());
    let next = number("#EXT-X-MEDIA-SEQUENCE:").expect("a number")
        + playlist.lines().filter(|line| line.starts_with("#EXTINF")).count() as u64;
    let scratch = Scratch::new("curl");
    let mut config = String::new();
    for _ in 0..WAITING {
        // A whole segment ahead: all of them wait.
        let url = url(&engine, &format!("{media}?_HLS_msn={}", next + 1));
        writeln!(config, "url = \"{url}\"\noutput = \"/dev/null\"").expect("a string");
    }
    let file = scratch.join("urls");
    std::fs::write(&file, config).expect("written");
    let (file, trusted) = (file.to_string_lossy(), authority.certificate());
    let told = "%{http_version} %{http_code} %{num_connects}\n";
    let most = WAITING.to_string();
    let arguments = ["--parallel", "--parallel-max", &most, "--http2", "--write-out", told];
    let answers =
        curl(&[&arguments[..], &["--cacert", &trusted.to_string_lossy(), "--config", &file]].concat());
    assert_eq!(answers.lines().count(), WAITING);
    assert!(answers.lines().all(|line| line.starts_with("2 200 ")), "{answers}");
    let connections: usize = answers.lines().filter(|line| line.ends_with(" 1")).count();
    assert_eq!(connections, 1);
    let waited = engine.count("gostream_hls_playlist_renders_total", &[]);
    assert!(waited < WAITING as f64, "rendered once for all of them: {waited}");
}
