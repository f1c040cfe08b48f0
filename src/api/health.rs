//! Health: `/livez` says that the process answers, `/readyz` whether it should be sent work.

use std::fmt;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;

use super::{Problem, catalogue};

/// Where the process is in its life. `app` moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not all is up.
    Starting(Step),
    /// All listeners are up.
    Ready,
    /// It was told to stop: it finishes what it has and takes nothing new.
    Draining,
}

/// What a process that starts is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its listeners are being opened.
    Listeners,
    /// The database does not answer.
    Database,
    /// A step of the schema is being made, of so many.
    Migrating(i64, i64),
    /// The projects are being read.
    Projects,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listeners => f.write_str("listeners are being opened"),
            Self::Database => f.write_str("waiting for the database"),
            Self::Migrating(step, of) => write!(f, "migrating {step} of {of}"),
            Self::Projects => f.write_str("projects are being read"),
        }
    }
}

/// The phase as those see it who ask.
#[derive(Debug, Clone)]
pub struct Health(watch::Receiver<Phase>);

impl Health {
    /// The setter for `app`, and what the router needs. The process is starting.
    #[must_use]
    pub fn new() -> (watch::Sender<Phase>, Self) {
        let (phase, seen) = watch::channel(Phase::Starting(Step::Listeners));
        (phase, Self(seen))
    }

    /// Where the process is now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.borrow()
    }
}

/// `/livez` and `/readyz`.
pub(super) fn router(health: Health) -> Router {
    Router::new()
        .route("/livez", get(|| async { fine("alive\n") }))
        .route("/readyz", get(ready))
        .with_state(health)
}

async fn ready(State(health): State<Health>) -> Response {
    let detail = match health.phase() {
        Phase::Ready => return fine("ready\n"),
        Phase::Starting(what) => format!("starting: {what}"),
        Phase::Draining => "draining: the process was told to stop".to_owned(),
    };
    Problem::of(&catalogue::NOT_READY).detail(detail).into_response()
}

fn fine(body: &'static str) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(router: &Router, method: &str, path: &str) -> (Response, serde_json::Value) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = router.clone().oneshot(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 10_000).await.expect("a body");
        let json = serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
        (Response::from_parts(head, Body::empty()), json)
    }

    #[tokio::test]
    async fn readiness_follows_the_life_of_the_process() {
        let (phase, health) = Health::new();
        let router = super::super::router(health, Router::new());
        let (answer, body) = ask(&router, "GET", "/readyz").await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        assert_eq!(body["code"], "not_ready");
        assert_eq!(body["detail"], "starting: listeners are being opened");
        phase.send_replace(Phase::Ready);
        let (answer, body) = ask(&router, "GET", "/readyz").await;
        assert_eq!((answer.status().as_u16(), body), (200, "ready\n".into()));
        phase.send_replace(Phase::Draining);
        let (answer, body) = ask(&router, "GET", "/readyz").await;
        assert_eq!(answer.status(), 503);
        assert_eq!(body["detail"], "draining: the process was told to stop");
        assert_eq!(ask(&router, "GET", "/livez").await.0.status(), 200);
    }

    #[tokio::test]
    async fn what_is_not_there_is_a_problem() {
        let others = Router::new().route("/x", get(|| async { "x" }));
        let router = super::super::router(Health::new().1, others);
        let (answer, body) = ask(&router, "GET", "/nope/%3Cb%3E?token=sesame").await;
        assert_eq!(answer.status(), 404);
        let expected = serde_json::json!({
            "type": "/api-docs/problems/not_found", "title": "There is nothing here", "status": 404,
            "instance": "/nope/%3Cb%3E", "code": "not_found",
        });
        assert_eq!(body, expected);
        for path in ["/x", "/livez"] {
            let (answer, body) = ask(&router, "DELETE", path).await;
            assert_eq!(answer.status(), 405);
            assert_eq!(answer.headers()["allow"], "GET,HEAD");
            assert_eq!(body["code"], "method_not_allowed");
        }
    }
}
