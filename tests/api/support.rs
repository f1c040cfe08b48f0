//! A server with the API on a free port, a database in a folder of its own, and a client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use gostream::account::{self, Accounts, Cost};
use gostream::api::serve::Server;
use gostream::api::v1::{self, Config, Services};
use gostream::api::{Health, Phase};
use gostream::store::{Store, StoreConfig, UnixMillis};
use gostream::vault::{ServerKey, Vault};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The password of everybody here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server that serves the API.
pub(crate) struct Api {
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
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("gostream.db").display());
        let store = Store::open(StoreConfig::at(&url)).await.expect("a store");
        store.migrate(now(), |_| ()).await.expect("migrated");
        let vault = Vault::new(ServerKey::load_or_create(folder.path()).expect("a key"), Vec::new());
        let people =
            account::Config { cost: Cost::LEAST, sign_up: config.sign_up, ..account::Config::default() };
        let accounts = Accounts::new(store.clone(), vault.clone(), people).expect("accounts");
        let (phase, health) = Health::new();
        phase.send_replace(Phase::Ready);
        let services =
            Services { health, store, vault, accounts, config: Arc::new(config), figures: Arc::default() };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let stop = CancellationToken::new();
        let server = Server::new(listener, v1::router(services.clone())).expect("a listener");
        tokio::spawn(server.run(stop.clone()));
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Self {
            services,
            phase,
            addr,
            http: http.expect("a client"),
            _stop: stop.drop_guard(),
            _folder: folder,
        }
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

pub(crate) fn now() -> UnixMillis {
    SystemTime::now().into()
}
