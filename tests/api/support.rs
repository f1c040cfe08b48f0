//! A server with the API on a free port over a whole process, a database in a folder of its own, and a client.

#[allow(dead_code, reason = "the integration tests need more of it")]
#[path = "../integration/support/machines.rs"]
pub(crate) mod machines;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gostream::account::{self, Accounts, Cost};
use gostream::api::serve::Server;
use gostream::api::v1::{self, Config, Services};
use gostream::api::{Health, Phase};
use gostream::app::config::Listen;
use gostream::app::{self, App};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long anything may take before it counts as a hang.
pub(crate) const GUARD: Duration = Duration::from_secs(40);

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server that serves the API.
pub(crate) struct Api {
    pub(crate) app: App,
    pub(crate) services: Services,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) addr: SocketAddr,
    http: reqwest::Client,
    _stop: DropGuard,
    _folder: TempDir,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A header's text; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The status, and the code of a problem.
    pub(crate) fn outcome(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Asserts that it is this problem, complete.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.outcome(), (status, code.to_owned()), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["status"], status);
        assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert!(body["instance"].as_str().is_some_and(|path| path.starts_with("/api/")), "{body}");
        assert_eq!(body["request_id"].as_str(), Some(self.header("x-request-id")));
    }

    /// Asserts the status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    /// The session in its cookie, as a client sends it back.
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.header("set-cookie");
        cookie.split(';').next().unwrap_or_default().to_owned()
    }
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        Self::start_over(config, |_| {}).await
    }

    /// Over a process with other settings.
    pub(crate) async fn start_over(config: Config, set: impl FnOnce(&mut app::config::Config)) -> Self {
        Self::start_among(config, set, |_| {}).await
    }

    /// With other rules for people too.
    pub(crate) async fn start_among(
        config: Config,
        set: impl FnOnce(&mut app::config::Config),
        rule: impl FnOnce(&mut account::Config),
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let local = Listen::At(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let mut process = app::config::Config { data_dir: folder.path().to_owned(), ..Default::default() };
        (process.rtmp.listen, process.http.listen, process.metrics.listen) = (local, local, local);
        process.practice.listen = local;
        set(&mut process);
        let mut app = App::start(&process).await.expect("it starts");
        app.ready().await.expect("it becomes ready");
        let (store, vault) = (app.services.store.clone(), app.services.vault.clone());
        let mut people =
            account::Config { cost: Cost::LEAST, sign_up: config.strangers, ..account::Config::default() };
        rule(&mut people);
        let accounts = Accounts::new(store, vault, people).expect("accounts");
        let (phase, health) = Health::new();
        phase.send_replace(Phase::Ready);
        let config = Arc::new(config);
        let services = Services { health, accounts, config, figures: Arc::default(), ..app.services.clone() };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let server = Server::new(listener, v1::router(services.clone())).expect("a listener");
        tokio::spawn(server.run(stop.clone()));
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        let http = http.expect("a client");
        Self { app, services, phase, addr, http, _stop: stop.drop_guard(), _folder: folder }
    }

    /// The project that the first start made.
    pub(crate) async fn first_project(&self, cookie: &str) -> Value {
        let all = self.get("/projects").cookie(cookie).send().await.is(200).json();
        all["items"][0].clone()
    }

    /// A project with its key.
    pub(crate) async fn project(&self, cookie: &str, name: &str) -> (String, String) {
        let made =
            self.post("/projects", serde_json::json!({ "name": name })).cookie(cookie).send().await.is(201);
        let made = made.json();
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        (text("id"), text("stream_key"))
    }

    /// Where an encoder publishes with a key.
    pub(crate) fn rtmp(&self, key: &str) -> String {
        format!("rtmp://{}/live/{key}", self.app.addresses.rtmp.expect("it listens"))
    }

    /// The answer once it is as `fits` wants it.
    pub(crate) async fn until(&self, cookie: &str, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let found = async {
            loop {
                last = self.get(path).cookie(cookie).send().await.json();
                if fits(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let found = tokio::time::timeout(GUARD, found).await;
        assert!(found.is_ok(), "waited {GUARD:?} for {path}: {last:#}");
        last
    }

    /// Opens a stream of events.
    pub(crate) async fn listen(&self, asking: Asking) -> Lines {
        let answer = asking.0.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Lines { answer, read: String::new() }
    }

    /// A request under `/api/v1`, without anything but its path.
    pub(crate) fn to(&self, method: Method, path: &str) -> Asking {
        let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") };
        Asking(self.http.request(method, format!("http://{}{path}", self.addr)))
    }

    pub(crate) fn get(&self, path: &str) -> Asking {
        self.to(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> Asking {
        self.to(Method::POST, path).json(body)
    }

    pub(crate) fn patch(&self, path: &str, body: Value) -> Asking {
        self.to(Method::PATCH, path).json(body)
    }

    pub(crate) fn delete(&self, path: &str) -> Asking {
        self.to(Method::DELETE, path)
    }

    /// Makes the first administrator; the cookie.
    pub(crate) async fn admin(&self) -> String {
        let link = self.services.accounts.setup_link().await.expect("a link");
        let body = serde_json::json!({
            "link": link.token.expose(), "email": "ada@example.org", "name": "Ada", "password": PASSWORD,
        });
        self.post("/setup", body).send().await.is(201).cookie()
    }

    /// Makes another account; the cookie.
    pub(crate) async fn somebody(&self, admin: &str, name: &str, role: &str) -> String {
        let email = format!("{name}@example.org");
        let body = serde_json::json!({ "email": email, "name": name, "role": role, "password": PASSWORD });
        self.post("/users", body).cookie(admin).send().await.is(201);
        self.sign_in(&email).await.cookie()
    }

    pub(crate) async fn sign_in(&self, email: &str) -> Answer {
        self.post("/session", serde_json::json!({ "email": email, "password": PASSWORD })).send().await
    }

    /// Makes a token; its secret.
    pub(crate) async fn token(&self, cookie: &str, scopes: &[&str]) -> String {
        let made = self.post("/tokens", serde_json::json!({ "name": "t", "scopes": scopes })).cookie(cookie);
        made.send().await.is(201).json()["secret"].as_str().expect("a secret").to_owned()
    }
}

/// A request in the making.
pub(crate) struct Asking(reqwest::RequestBuilder);

impl Asking {
    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    pub(crate) fn cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        Self(self.0.bearer_auth(token))
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(crate) fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self(self.0.body(body))
    }

    pub(crate) async fn send(self) -> Answer {
        let answer = self.0.send().await.expect("an answer");
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status, headers, text: answer.text().await.expect("a body") }
    }
}

/// A stream of events, as it is read.
pub(crate) struct Lines {
    pub(crate) answer: reqwest::Response,
    read: String,
}

/// One event of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Line {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: Value,
    pub(crate) retry: String,
}

impl Lines {
    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Line> {
        let next = async {
            loop {
                if let Some((block, rest)) = self.read.split_once("\n\n") {
                    let line = line(block);
                    self.read = rest.to_owned();
                    return Some(line);
                }
                let bytes = self.answer.chunk().await.ok()??;
                self.read.push_str(std::str::from_utf8(&bytes).expect("text"));
            }
        };
        tokio::time::timeout(GUARD, next).await.expect("something comes")
    }

    /// The next of this type that fits.
    pub(crate) async fn until(&mut self, event: &str, fits: impl Fn(&Value) -> bool) -> Line {
        loop {
            let line = self.next().await.expect("it goes on");
            if line.event == event && fits(&line.data) {
                return line;
            }
        }
    }
}

fn line(block: &str) -> Line {
    let mut line = Line::default();
    for (name, value) in block.lines().filter_map(|line| line.split_once(": ")) {
        match name {
            "id" => line.id = value.to_owned(),
            "event" => line.event = value.to_owned(),
            "data" => line.data = serde_json::from_str(value).expect("JSON"),
            "retry" => line.retry = value.to_owned(),
            _ => {}
        }
    }
    line
}
