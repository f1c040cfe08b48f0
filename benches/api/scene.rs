//! What people come to: a server with projects on the air, and accounts for them. Made through the API, as people would.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child as Process, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mix::{Person, Show, request};
use crate::shared::child::Child;
use crate::shared::gostream;
use crate::shared::http::Asker;

/// Who makes the scene.
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";
/// People behind one account: one in a browser, the others with tokens.
const PEOPLE_PER_ACCOUNT: usize = 10;
/// Bits a second of each stream.
const BITRATE: u64 = 300_000;
/// How long a broadcast may take to begin.
const LIVE_MAX: Duration = Duration::from_secs(60);
/// Connections beside those of people.
const SPARE: usize = 512;

/// What the clients need to know.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Scene {
    pub(crate) people: Vec<Person>,
    pub(crate) shows: Vec<Show>,
}

impl Scene {
    pub(crate) fn load(path: &str) -> Result<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }
}

/// A server with a scene. All of it ends when this is dropped.
pub(crate) struct House {
    process: Process,
    pub(crate) http: SocketAddr,
    metrics: SocketAddr,
    /// Where the clients read the scene.
    pub(crate) scene: String,
    encoders: Option<Child<()>>,
    _dir: TempDir,
}

impl House {
    /// Starts it on a database, and makes projects and accounts for so many people.
    pub(crate) fn start(
        binary: &str,
        settings: &[(String, String)],
        (people, projects): (usize, usize),
    ) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        // Each account comes from an address of its own, as a proxy would tell. Encoders are what is looked at, not HLS.
        let config = format!(
            "data_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\nmax_connections = {}\n\
             trusted_proxies = [\"127.0.0.0/8\"]\n[rtmp]\nlisten = \"127.0.0.1:0\"\n[practice]\nlisten = \"127.0.0.1:0\"\n\
             [metrics]\nlisten = \"127.0.0.1:0\"\n[hls]\nenabled = false\n[log]\nformat = \"json\"\n",
            dir.path().join("data").display(),
            people * 2 + SPARE,
        );
        let admin = [("admin_email", EMAIL), ("admin_password", PASSWORD)];
        let admin = admin.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let settings = [settings, &admin].concat();
        let (process, addresses) = gostream::start(binary, dir.path(), &config, &settings, "API_SERVER_LOG")?;
        let addr = |service: &str| addresses.get(service).copied().context("where gostream listens");
        let mut house = Self {
            http: addr("http")?,
            metrics: addr("metrics")?,
            process,
            scene: dir.path().join("scene.json").display().to_string(),
            encoders: None,
            _dir: dir,
        };
        let mut hand = Hand::new(house.http)?;
        let (shows, keys) = hand.projects(projects)?;
        let args = [addr("rtmp")?.to_string(), BITRATE.to_string()];
        let points = keys.iter().map(|key| format!("live/{key}"));
        house.encoders = Some(Child::start("publish", &args.into_iter().chain(points).collect::<Vec<_>>())?);
        let shows = shows.into_iter().map(|show| hand.on_air(show)).collect::<Result<Vec<_>>>()?;
        let people = hand.people(people, projects)?;
        fs::write(Path::new(&house.scene), serde_json::to_vec(&Scene { people, shows })?)?;
        Ok(house)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Statements of the database so far, as the server counts them: reading, and others.
    pub(crate) fn statements(&self) -> Result<(u64, u64)> {
        let text = Asker::connect(self.metrics)?.text("/metrics")?;
        let count = |kind: &str| -> Result<u64> {
            let begin = format!("gostream_store_statements_total{{kind=\"{kind}\"}} ");
            let line = text.lines().find_map(|line| line.strip_prefix(begin.as_str()));
            Ok(line.context("a count of statements")?.parse()?)
        };
        Ok((count("read")?, count("write")?))
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // First, since a server that goes away is a fault to them.
        drop(self.encoders.take());
        // It says goodbye to destinations; a bench that was cut short need not wait for that.
        Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().ok();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(15) {
            if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Who makes the scene, by the API.
struct Hand {
    host: SocketAddr,
    asker: Asker,
    proof: String,
}

impl Hand {
    fn new(host: SocketAddr) -> Result<Self> {
        let mut hand = Self { host, asker: Asker::connect(host)?, proof: String::new() };
        hand.proof = hand.signed_in(EMAIL, 0)?;
        Ok(hand)
    }

    fn ask(&mut self, method: &str, path: &str, proof: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.asker.ask(&request(self.host, method, path, proof, &body))?;
        let text = String::from_utf8_lossy(&answer);
        ensure!((200..300).contains(&status), "{method} {path}: {status} {text}");
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }

    /// Signs in from an address of its own; the header that shows it.
    fn signed_in(&mut self, email: &str, index: usize) -> Result<String> {
        let from = format!("X-Forwarded-For: 10.0.{}.{}", index / 250, index % 250 + 1);
        self.ask("POST", "session", &from, &json!({ "email": email, "password": PASSWORD }))?;
        let cookie = self.asker.head().lines().find_map(|line| line.strip_prefix("set-cookie: "));
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).context("a cookie")?;
        Ok(format!("Cookie: {cookie}"))
    }

    /// Projects with two destinations each, and their keys.
    fn projects(&mut self, count: usize) -> Result<(Vec<Show>, Vec<String>)> {
        let proof = self.proof.clone();
        let text = |value: &Value, name: &str| value[name].as_str().map(str::to_owned).context("text");
        let (mut shows, mut keys) = (Vec::new(), Vec::new());
        for index in 0..count {
            let made = self.ask("POST", "projects", &proof, &json!({ "name": format!("Show {index}") }))?;
            let id = text(&made, "id")?;
            let path = format!("projects/{id}/practice-destination");
            let destination = text(&self.ask("POST", &path, &proof, &json!({}))?, "id")?;
            self.ask("POST", &path, &proof, &json!({}))?;
            keys.push(text(&made, "stream_key")?);
            shows.push(Show { id, destination, stream: String::new(), cursor: String::new() });
        }
        Ok((shows, keys))
    }

    /// The show once it is on the air, and has events enough for two pages.
    fn on_air(&mut self, show: Show) -> Result<Show> {
        let (begun, proof) = (Instant::now(), self.proof.clone());
        while begun.elapsed() < LIVE_MAX {
            let project = self.ask("GET", &format!("projects/{}", show.id), &proof, &Value::Null)?;
            let sending = project["live"]["outputs"]["sending"] == 2;
            let stream = project["live"]["broadcast_id"].as_str().filter(|_| sending);
            let events = self.ask("GET", "events?limit=20", &proof, &Value::Null)?;
            if let (Some(stream), Some(cursor)) = (stream, events["next_cursor"].as_str())
                && self.ask("GET", &format!("streams/{stream}"), &proof, &Value::Null).is_ok()
            {
                return Ok(Show { stream: stream.to_owned(), cursor: cursor.to_owned(), ..show });
            }
            thread::sleep(Duration::from_millis(100));
        }
        bail!("a show did not go on the air");
    }

    /// Accounts, and the people behind them.
    fn people(&mut self, count: usize, projects: usize) -> Result<Vec<Person>> {
        let admin = self.proof.clone();
        let mut people = Vec::with_capacity(count);
        for account in 1..=count.div_ceil(PEOPLE_PER_ACCOUNT) {
            let email = format!("user-{account}@example.org");
            let new = json!({ "email": email, "name": "User", "role": "operator", "password": PASSWORD });
            self.ask("POST", "users", &admin, &new)?;
            let session = self.signed_in(&email, account)?;
            for index in 0..PEOPLE_PER_ACCOUNT.min(count - people.len()) {
                let proof = if index == 0 {
                    session.clone()
                } else {
                    let token = json!({ "name": format!("{index}"), "scopes": ["*"] });
                    let made = self.ask("POST", "tokens", &session, &token)?;
                    format!("Authorization: Bearer {}", made["secret"].as_str().context("a token")?)
                };
                people.push(Person { proof, project: people.len() % projects });
            }
        }
        Ok(people)
    }
}
