//! Somebody with an account who runs shows over the API. Everything that the API says to them is kept, so that it can be
//! searched for what it must not say.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::node::Node;
use crate::support::GUARD;

/// The password of whoever sets a server up.
pub(crate) const PASSWORD: &str = "correct horse battery of ada";

/// One who is signed in.
#[derive(Clone)]
pub(crate) struct Person {
    http: reqwest::Client,
    at: SocketAddr,
    cookie: String,
    pub(crate) heard: Arc<Mutex<String>>,
}

/// An answer, read.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The session's cookie, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.headers.get("set-cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        cookie.split(';').next().unwrap_or_default().to_owned()
    }
}

impl Person {
    /// A stranger.
    pub(crate) fn at(node: &Node) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { http, at: node.address("http"), cookie: String::new(), heard: Arc::default() }
    }

    /// A stranger, and what both hear is kept together.
    pub(crate) fn beside(&self, node: &Node) -> Self {
        Self { heard: Arc::clone(&self.heard), ..Self::at(node) }
    }

    /// Opens a setup link, and is the administrator from then on.
    pub(crate) async fn set_up(node: &Node, link: &str) -> Self {
        let mut person = Self::at(node);
        let asked = json!({ "link": link, "email": "ada@example.org", "name": "Ada", "password": PASSWORD });
        let made = person.ask(Method::POST, "/setup", Some(asked)).await.is(201);
        person.cookie = made.cookie();
        assert!(person.cookie.len() > 40, "{made:?}");
        person
    }

    /// The same person, with the same cookie, at the next process.
    pub(crate) fn moves(&mut self, node: &Node) {
        self.at = node.address("http");
    }

    /// The session's secret.
    pub(crate) fn session(&self) -> &str {
        self.cookie.split_once('=').map_or("", |(_, secret)| secret)
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        self.try_ask(method, path, body).await.expect("an answer")
    }

    /// As [`ask`](Self::ask), of a process that may be gone.
    pub(crate) async fn try_ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let answer = self.send(method, path, body, &[]).await?;
        self.keep(&answer.text);
        Ok(answer)
    }

    /// With headers, and without keeping what is heard.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") };
        let mut request = self.http.request(method, format!("http://{}{path}", self.at));
        if !self.cookie.is_empty() {
            request = request.header("cookie", &self.cookie);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Ok(Answer { status, headers, text: answer.text().await? })
    }

    pub(crate) fn keep(&self, text: &str) {
        let mut heard = self.heard.lock().expect("nobody panicked");
        heard.push_str(text);
        heard.push('\n');
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await.is(200).json()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Does what says a secret this once; the answer without it, and the secret.
    pub(crate) async fn told_once(&self, path: &str, body: Value, field: &str) -> (Value, String) {
        let answer = self.send(Method::POST, path, Some(body), &[]).await.expect("an answer");
        assert!(answer.is_success(), "{answer:?}");
        let mut said = answer.json();
        let secret = said[field].take().as_str().expect("it is told once").to_owned();
        self.keep(&said.to_string());
        (said, secret)
    }

    /// The answer once it is as `fits` wants it.
    pub(crate) async fn until(&self, what: &str, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + GUARD;
        loop {
            let said = self.get(path).await;
            if fits(&said) {
                return said;
            }
            assert!(Instant::now() < deadline, "waited {GUARD:?} for {what}: {said:#}");
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    }

    /// Listens to the stream of events until the process ends it, and keeps what it hears.
    pub(crate) fn listen(&self) {
        let asked = self.http.get(format!("http://{}/api/v1/events/stream", self.at));
        let asked = asked.header("cookie", &self.cookie);
        let person = self.clone();
        tokio::spawn(async move {
            let mut answer = asked.send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
            while let Ok(Some(bytes)) = answer.chunk().await {
                person.keep(&String::from_utf8_lossy(&bytes));
            }
        });
    }

    /// Whether this was heard.
    pub(crate) fn has_heard(&self, text: &str) -> bool {
        self.heard.lock().expect("nobody panicked").contains(text)
    }
}

/// The id of what an answer shows.
#[track_caller]
pub(crate) fn id(shown: &Value) -> String {
    shown["id"].as_str().unwrap_or_else(|| panic!("no id in {shown}")).to_owned()
}

/// Keeps an eye on whoever waits for something the API does not show.
pub(crate) async fn eventually(what: &str, look: impl Fn() -> bool) {
    let deadline = Instant::now() + GUARD;
    while !look() {
        assert!(Instant::now() < deadline, "waited {GUARD:?} for {what}");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}
