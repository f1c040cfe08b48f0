//! The program as an operator meets it: what it prints, where, and its exit code.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn gostream(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gostream"));
    command.current_dir(dir).args(arguments).env_clear();
    command
}

fn run(dir: &Path, arguments: &[&str]) -> Output {
    gostream(dir, arguments).output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn the_file_that_is_printed_is_the_file_in_the_repository_and_passes_its_own_check() {
    let dir = tempfile::tempdir().expect("a directory");
    let printed = run(dir.path(), &["config", "init"]);
    assert_eq!(printed.status.code(), Some(0));
    assert_eq!(text(&printed.stdout), include_str!("../config.toml"));
    assert!(!dir.path().join("config.toml").exists());

    assert_eq!(run(dir.path(), &["config", "init", "--write"]).status.code(), Some(0));
    let again = run(dir.path(), &["config", "init", "--write"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(text(&again.stderr), "error: there is a config.toml already; it is not replaced\n");

    let checked = run(dir.path(), &["config", "check"]);
    assert_eq!((checked.status.code(), text(&checked.stdout)), (Some(0), "ok\n".to_owned()));
    let shown = text(&run(dir.path(), &["config", "show", "--origin"]).stdout);
    assert!(shown.contains("# ./config.toml:"), "{shown}");
}

#[test]
fn what_is_wrong_is_told_on_stderr_with_exit_code_2_by_check_and_by_serve() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("bad.toml"), "[rtmp]\n\nchunk_size = 12\nlisen = \":1\"\n")
        .expect("written");
    for arguments in [&["config", "check"][..], &["serve"], &[], &["demo"], &["config", "show"]] {
        let arguments = [arguments, &["--config", "bad.toml", "--log-format", "xml"]].concat();
        let told = run(dir.path(), &arguments);
        assert_eq!(told.status.code(), Some(2), "{arguments:?}");
        assert_eq!(
            text(&told.stderr),
            "\
error: rtmp.chunk_size must be 128 to 65536
 --> bad.toml:3:14
  |
3 | chunk_size = 12
  |              ^^ 12 is below 128
  |
  = help: leave it out to use 65536

error: there is no key rtmp.lisen
 --> bad.toml:4:1
  |
4 | lisen = ****
  | ^^^^^ unknown in [rtmp]
  |
  = help: did you mean listen?

error: log.format must be \"text\" or \"json\"
  |
  = note: --log-format: \"xml\" is neither
"
            .replace("  |\n  = note", " |\n = note")
        );
        assert_eq!(text(&told.stdout), "");
    }
}

#[test]
fn a_named_file_must_exist_and_none_is_fine() {
    let dir = tempfile::tempdir().expect("a directory");
    let missing = run(dir.path(), &["config", "check", "--config", "gone.toml"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).starts_with("error: there is no file gone.toml"));
    assert_eq!(run(dir.path(), &["config", "check"]).status.code(), Some(0));
    let folder = run(dir.path(), &["config", "check", "--config", "."]);
    assert!(text(&folder.stderr).contains("is a directory"), "{}", text(&folder.stderr));
}

#[test]
fn the_environment_counts_and_its_mistakes_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let shown = gostream(dir.path(), &["config", "show", "--origin", "--log-level", "warn"])
        .env("GOSTREAM_RTMP__LISTEN", "127.0.0.1:0")
        .output()
        .expect("runs");
    let lines: Vec<_> =
        text(&shown.stdout).lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "listen = \"127.0.0.1:0\" # GOSTREAM_RTMP__LISTEN",
        "level = \"warn\" # --log-level",
        "window = 10 # default",
    ] {
        assert!(lines.iter().any(|have| have == line), "{line} in {lines:#?}");
    }
    let told =
        gostream(dir.path(), &["config", "check"]).env("GOSTREAM_RTMP__LISTN", "").output().expect("runs");
    assert_eq!(told.status.code(), Some(2));
    assert!(text(&told.stderr).contains("did you mean GOSTREAM_RTMP__LISTEN?"));
}

#[test]
fn arguments_that_mean_nothing_are_told_and_the_version_is_said() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(run(dir.path(), &["fly"]).status.code(), Some(2));
    assert_eq!(run(dir.path(), &["--fly"]).status.code(), Some(2));
    let version = run(dir.path(), &["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert_eq!(text(&version.stdout), format!("gostream {}\n", env!("CARGO_PKG_VERSION")));
}

fn get(addr: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(addr).expect("connects");
    write!(socket, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sends");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("answers");
    answer
}

#[test]
fn a_server_says_where_it_listens_answers_and_leaves_cleanly() {
    let dir = tempfile::tempdir().expect("a directory");
    let none = "127.0.0.1:0";
    let mut server =
        gostream(dir.path(), &["--http-listen", none, "--rtmp-listen", none, "--metrics-listen", none])
            .args(["--log-format", "json"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
    let mut addrs = std::collections::HashMap::new();
    let mut lines = BufReader::new(server.stderr.take().expect("piped")).lines();
    loop {
        let line = lines.next().expect("more lines").expect("UTF-8");
        let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        match line["message"].as_str() {
            Some("listening") => {
                let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                addrs.insert(word("service"), word("addr"));
            }
            Some("ready") => break,
            _ => {}
        }
    }
    assert!(get(&addrs["http"], "/readyz").ends_with("ready\n"));
    assert!(get(&addrs["http"], "/nothing").contains("application/problem+json"));
    let metrics = get(&addrs["metrics"], "/metrics");
    assert!(metrics.contains("gostream_connections_total{service=\"http\"} 2\n"), "{metrics}");
    assert!(metrics.contains("process_open_fds "), "{metrics}");

    let told = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().expect("kill runs");
    assert!(told.success());
    assert_eq!(server.wait().expect("ends").code(), Some(0));
}

#[test]
fn an_address_for_viewers_needs_a_secret_and_a_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let refused = run(dir.path(), &["playback-url", "show", "--valid-for", "4h"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("playback.secret is empty"));
    let refused = run(dir.path(), &["playback-url", "show", "--valid-for", "4"]);
    assert!(text(&refused.stderr).contains("must be a duration with a unit"), "{}", text(&refused.stderr));
    std::fs::write(dir.path().join("config.toml"), "[playback]\nrequire_token = true\nsecret = \"short\"\n")
        .expect("written");
    let told = text(&run(dir.path(), &["config", "check"]).stderr);
    assert!(
        told.contains("playback.secret must be at least 16 bytes") && !told.contains("short\""),
        "{told}"
    );
}

#[test]
fn the_doctor_finds_what_is_wrong_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let file = format!(
        "http.listen = \"127.0.0.1:0\"\nrtmp.listen = \"127.0.0.1:{port}\"\nmetrics.listen = \"\"\n\
         practice.listen = \"127.0.0.1:0\"\n"
    );
    std::fs::write(dir.path().join("config.toml"), file).expect("written");
    let told = run(dir.path(), &["doctor"]);
    let printed = text(&told.stdout);
    assert_eq!(told.status.code(), Some(2), "{printed}{}", text(&told.stderr));
    assert!(printed.contains(&format!("FAIL  rtmp.listen: 127.0.0.1:{port}")), "{printed}");
    assert!(printed.contains("-> end what listens there, or set rtmp.listen"), "{printed}");
    assert!(!dir.path().join("data").exists(), "looking changes nothing");
    drop(taken);
    let told = run(dir.path(), &["doctor", "--json"]);
    let checks: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let states: Vec<_> = checks.as_array().expect("a list").iter().map(|check| &check["state"]).collect();
    assert!(states.iter().all(|state| *state != "fail"), "{checks}");
    assert!(states.len() >= 7, "{checks}");
}

#[test]
fn the_schema_is_brought_up_to_date_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    for _ in 0..2 {
        let done = run(dir.path(), &["migrate"]);
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
        assert!(text(&done.stderr).contains("the schema is up to date"), "{}", text(&done.stderr));
    }
    assert!(dir.path().join("data/gostream.db").exists());
}

/// Starts a server with the first administrator named in the environment, and ends it when it is ready.
fn serve_until_ready(dir: &Path, variables: &[(&str, &str)]) -> String {
    let none = "127.0.0.1:0";
    let mut server = gostream(dir, &["--http-listen", none, "--rtmp-listen", none, "--metrics-listen", none])
        .args(["--log-format", "json"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut log = BufReader::new(server.stderr.take().expect("piped")).lines();
    while let Some(Ok(line)) = log.next() {
        if line.contains("\"ready\"") {
            break;
        }
    }
    // What is printed ends with an empty line.
    let mut out = BufReader::new(server.stdout.take().expect("piped")).lines();
    let mut printed = String::new();
    while let Some(Ok(line)) = out.next() {
        if line.is_empty() && !printed.is_empty() {
            break;
        }
        printed.push_str(&line);
        printed.push('\n');
    }
    Command::new("kill").args(["-TERM", &server.id().to_string()]).status().expect("kill runs");
    assert_eq!(server.wait().expect("ends").code(), Some(0), "{printed}");
    printed
}

#[test]
fn whoever_has_a_shell_makes_links_into_accounts() {
    let dir = tempfile::tempdir().expect("a directory");
    let admin = |arguments: &[&str]| {
        let done = run(dir.path(), &[&["admin"], arguments].concat());
        (done.status.code(), text(&done.stdout), text(&done.stderr))
    };
    run(dir.path(), &["migrate"]);
    let (code, link, _) = admin(&["setup-link", "--host", "live.example"]);
    assert_eq!(code, Some(0));
    let (first, rest) = link.split_once('\n').expect("two lines");
    let token = first.strip_prefix("http://live.example:8080/setup#setup_");
    assert_eq!(token.map(str::len), Some(52), "{link}");
    assert!(rest.starts_with("# works once, until 20"), "{link}");

    let printed = serve_until_ready(dir.path(), &[]);
    assert!(printed.contains("/setup#setup_"), "{printed}");
    let password = dir.path().join("password");
    std::fs::write(&password, "correct horse\n").expect("written");
    let named = [
        ("GOSTREAM_ADMIN_EMAIL", "ada@example.org"),
        ("GOSTREAM_ADMIN_PASSWORD_FILE", password.to_str().expect("UTF-8")),
    ];
    for _ in 0..2 {
        let printed = serve_until_ready(dir.path(), &named);
        assert!(printed.contains("Web") && !printed.contains("setup"), "{printed}");
    }
    let (code, _, told) = admin(&["setup-link"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("this server is set up"), "{told}");
    let (code, link, _) = admin(&["reset-link", "--email", "ADA@example.org"]);
    assert_eq!(code, Some(0));
    assert!(link.contains("/setup#reset_"), "{link}");
    let (code, _, told) = admin(&["reset-link", "--email", "bob@example.org"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("there is no such user"), "{told}");
    let elsewhere = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(elsewhere.path().join("data")).expect("made");
    let early = run(elsewhere.path(), &["admin", "setup-link"]);
    assert_eq!(early.status.code(), Some(1));
    assert!(text(&early.stderr).contains("gostream migrate"), "{}", text(&early.stderr));
}

#[test]
fn a_weak_password_in_the_environment_keeps_the_server_from_starting() {
    let dir = tempfile::tempdir().expect("a directory");
    let none = "127.0.0.1:0";
    let started =
        gostream(dir.path(), &["--http-listen", none, "--rtmp-listen", none, "--metrics-listen", none])
            .env("GOSTREAM_ADMIN_EMAIL", "ada@example.org")
            .env("GOSTREAM_ADMIN_PASSWORD", "password123")
            .output()
            .expect("runs");
    assert_eq!(started.status.code(), Some(1));
    let told = text(&started.stderr);
    assert!(told.contains("is one that many people have") && !told.contains("password123"), "{told}");
}
