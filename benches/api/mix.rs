//! What people ask for, and how often: a project's page that is looked at, the overview, now and then a change.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// What kind of answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Class {
    /// Can be answered without the database.
    Cached,
    /// A reading that cannot.
    Read,
    /// A change.
    Write,
}

/// One request of the mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Project,
    Outputs,
    Health,
    Stats,
    Destinations,
    Stream,
    StreamEvents,
    StreamOutputs,
    ProjectEvents,
    AllEvents,
    Projects,
    Streams,
    Me,
    Ingest,
    Playback,
    OlderEvents,
    Report,
    RenameProject,
    RenameDestination,
}

/// How many of 200 requests are which.
const SHARES: &[(Wish, usize)] = &[
    (Wish::Project, 28),
    (Wish::Outputs, 28),
    (Wish::Health, 26),
    (Wish::Stats, 20),
    (Wish::Destinations, 16),
    (Wish::Stream, 12),
    (Wish::StreamEvents, 10),
    (Wish::StreamOutputs, 8),
    (Wish::ProjectEvents, 10),
    (Wish::AllEvents, 6),
    (Wish::Projects, 12),
    (Wish::Streams, 8),
    (Wish::Me, 6),
    (Wish::Ingest, 2),
    (Wish::Playback, 2),
    (Wish::OlderEvents, 2),
    (Wish::Report, 2),
    (Wish::RenameProject, 1),
    (Wish::RenameDestination, 1),
];

/// Somebody: how they show who they are, and what they look at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    /// A whole header line.
    pub(crate) proof: String,
    /// Which of the scene's projects.
    pub(crate) project: usize,
}

/// A project as people ask for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Show {
    pub(crate) id: String,
    pub(crate) destination: String,
    /// The broadcast that is on the air.
    pub(crate) stream: String,
    /// A cursor in its events.
    pub(crate) cursor: String,
}

/// The order in which everybody asks, each from a place of their own.
pub(crate) struct Mix {
    wishes: Vec<Wish>,
}

impl Mix {
    pub(crate) fn new() -> Self {
        let mut wishes: Vec<Wish> =
            SHARES.iter().flat_map(|(wish, count)| std::iter::repeat_n(*wish, *count)).collect();
        // The same order in every run, and nothing of a kind in a row.
        let count = wishes.len();
        let mut random = fastrand::Rng::with_seed(7);
        random.shuffle(&mut wishes);
        debug_assert_eq!(count, 200);
        Self { wishes }
    }

    /// The n-th request of somebody.
    pub(crate) fn request(&self, host: SocketAddr, show: &Show, who: &Person, n: usize) -> (Class, String) {
        let wish = self.wishes.get(n % self.wishes.len()).copied().unwrap_or(Wish::Me);
        let Show { id, destination, stream, cursor } = show;
        let (class, method, path) = match wish {
            Wish::Project => (Class::Cached, "GET", format!("projects/{id}")),
            Wish::Outputs => (Class::Cached, "GET", format!("projects/{id}/outputs")),
            Wish::Health => (Class::Cached, "GET", format!("streams/{stream}/health")),
            Wish::Stats => (Class::Cached, "GET", format!("streams/{stream}/stats?step_s=5")),
            Wish::Destinations => (Class::Cached, "GET", format!("projects/{id}/destinations")),
            Wish::Stream => (Class::Cached, "GET", format!("streams/{stream}")),
            Wish::StreamEvents => (Class::Cached, "GET", format!("streams/{stream}/events?limit=20")),
            Wish::StreamOutputs => (Class::Cached, "GET", format!("streams/{stream}/outputs")),
            Wish::ProjectEvents => (Class::Cached, "GET", format!("events?project_id={id}&limit=20")),
            Wish::AllEvents => (Class::Cached, "GET", "events?limit=20".to_owned()),
            Wish::Projects => (Class::Cached, "GET", "projects".to_owned()),
            Wish::Streams => (Class::Cached, "GET", format!("projects/{id}/streams?limit=5")),
            Wish::Me => (Class::Cached, "GET", "me".to_owned()),
            Wish::Ingest => (Class::Cached, "GET", format!("projects/{id}/ingest")),
            Wish::Playback => (Class::Cached, "GET", format!("projects/{id}/playback")),
            Wish::OlderEvents => (Class::Read, "GET", format!("events?limit=20&cursor={cursor}")),
            Wish::Report => (Class::Read, "GET", format!("streams/{stream}/report")),
            Wish::RenameProject => (Class::Write, "PATCH", format!("projects/{id}")),
            Wish::RenameDestination => (Class::Write, "PATCH", format!("destinations/{destination}")),
        };
        let body = if class == Class::Write { format!("{{\"name\":\"Name {n}\"}}") } else { String::new() };
        (class, request(host, method, &path, &who.proof, &body))
    }
}

/// A whole request for the API.
pub(crate) fn request(host: SocketAddr, method: &str, path: &str, proof: &str, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\n{proof}\r\n{kind}{length}\r\n{body}"
    )
}
