//! gostream as the server under measurement: a process with a configuration of its own.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child as Process, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::child::with_all_files;

/// Messages that may wait for their reader.
const QUEUE: usize = 1 << 10;
/// How long it may take until it is ready.
const START_MAX: Duration = Duration::from_secs(15);

/// Where it listens, by service.
pub(crate) type Addresses = BTreeMap<String, SocketAddr>;

/// A setting as it is given to a benchmark, `section.key=value`.
pub(crate) fn setting(text: &str) -> Result<(String, String)> {
    let (key, value) = text.split_once('=').context("a setting is section.key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Starts `binary` in `dir` with this configuration, and `settings` (`section.key` and value) over it, and waits until it
/// is ready. The variable `log_to` may name a file for its log.
pub(crate) fn start(
    binary: &str,
    dir: &Path,
    config: &str,
    settings: &[(String, String)],
    log_to: &str,
) -> Result<(Process, Addresses)> {
    let path = dir.join("config.toml");
    fs::write(&path, config)?;
    let mut command = with_all_files(binary);
    command.args(["serve", "--config"]).arg(&path).current_dir(dir);
    for (key, value) in settings {
        command.env(format!("GOSTREAM_{}", key.to_uppercase().replace('.', "__")), value);
    }
    let log = std::env::var_os(log_to);
    let mut process =
        command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().context("starting gostream")?;
    let stderr = process.stderr.take().context("gostream's log")?;
    let (sender, receiver) = mpsc::sync_channel(QUEUE);
    thread::spawn(move || {
        let mut copy = log.and_then(|path| File::options().create(true).append(true).open(path).ok());
        let mut addresses = Addresses::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(copy) = &mut copy {
                writeln!(copy, "{line}").ok();
            }
            let Ok(fields) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            let field = |name: &str| fields.get(name).and_then(|value| value.as_str());
            match (field("message"), field("service"), field("addr").map(str::parse)) {
                (Some("listening"), Some(service), Some(Ok(addr))) => {
                    addresses.insert(service.to_owned(), addr);
                }
                (Some("ready"), ..) => drop(sender.send(std::mem::take(&mut addresses))),
                _ => {}
            }
        }
    });
    match receiver.recv_timeout(START_MAX) {
        Ok(addresses) => Ok((process, addresses)),
        Err(_) => {
            process.kill().ok();
            process.wait().ok();
            bail!("gostream did not become ready");
        }
    }
}
