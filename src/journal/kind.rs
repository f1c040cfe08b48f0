//! The names of events, who wants which, and how an event is told to others.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::store::{Event, Json, UnixMillis};

/// The words in a webhook's list at most.
pub const WORDS_MAX: usize = 64;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)+) => {
        /// What kind of thing happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$doc])* $variant,)+ }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The word that stands for it in the store, in the API and in webhooks.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

kinds! {
    /// An encoder was let in.
    IngestConnected = "ingest.connected",
    /// A client that wanted to publish was not.
    IngestRejected = "ingest.rejected",
    /// The encoder of a broadcast is gone, which is held for its return.
    IngestInterrupted = "ingest.interrupted",
    /// An encoder is back within the hold.
    IngestResumed = "ingest.resumed",
    /// An encoder's connection is over.
    IngestDisconnected = "ingest.disconnected",
    /// A broadcast began.
    StreamStarted = "stream.started",
    /// A broadcast is over.
    StreamEnded = "stream.ended",
    /// Viewers can play it.
    PlaybackReady = "playback.ready",
    /// The issues of a broadcast are others than before.
    HealthChanged = "health.changed",
    /// An output is in another state, or for another reason.
    OutputState = "output.state",
    /// A destination was tried out.
    DestinationTested = "destination.tested",
    /// A project, its keys or its destinations are others than before.
    ProjectChanged = "project.changed",
    /// A project is gone.
    ProjectDeleted = "project.deleted",
    /// A stream key was shown to somebody.
    StreamKeyRevealed = "stream_key.revealed",
    /// Somebody signed in.
    UserSignedIn = "user.signed_in",
    /// A recording can be fetched.
    RecordingReady = "recording.ready",
    /// A node is there.
    NodeJoined = "node.joined",
    /// A node is gone.
    NodeLeft = "node.left",
    /// Events happened that could not be kept, and how many.
    EventsLost = "events.lost",
    /// A webhook was switched off because it failed for too long, or asked for it.
    WebhookDisabled = "webhook.disabled",
    /// Somebody tries a webhook out. No webhook gets it but that one.
    WebhookTest = "webhook.test",
}

impl Kind {
    /// The kind of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// Whether a word of a list that says which events are wanted means this kind: its name, `stream.*` for all of one kind
/// of thing, or `*` for all.
#[must_use]
pub fn means(word: &str, kind: &str) -> bool {
    match word.strip_suffix('*') {
        _ if kind == Kind::WebhookTest.as_str() => false,
        Some("") => true,
        Some(family) => family.ends_with('.') && kind.starts_with(family),
        None => word == kind,
    }
}

/// Whether a word may stand in such a list: it means some kind.
#[must_use]
pub fn is_known(word: &str) -> bool {
    Kind::ALL.iter().any(|kind| means(word, kind.as_str()))
}

/// Whether a list, as a webhook has it, has a word that means this kind.
pub(super) fn wanted(words: &Json, kind: &str) -> bool {
    let words = words.0.as_array().into_iter().flatten();
    words.take(WORDS_MAX).filter_map(Value::as_str).any(|word| means(word, kind))
}

/// An event as it is told to others, by webhooks, by the API and by its event stream alike.
#[must_use]
pub fn told(event: &Event) -> Value {
    json!({
        "id": event.id.to_string(),
        "type": event.kind,
        "time": rfc3339(event.at),
        "project_id": event.project_id.map(|id| id.to_string()),
        "stream_id": event.stream_id.map(|id| id.to_string()),
        "data": event.data.0,
    })
}

/// A moment as RFC 3339 has it, to the millisecond; one that no calendar has is the nearest that it has.
#[must_use]
pub fn rfc3339(at: UnixMillis) -> String {
    let nanos = i128::from(at.0.clamp(0, 253_402_300_799_999)) * 1_000_000;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_a_kind_a_family_or_all() {
        assert!(means("stream.started", "stream.started"));
        assert!(means("stream.*", "stream.ended") && means("*", "output.state"));
        for (word, kind) in [
            ("stream", "stream.started"),
            ("stream*", "stream.started"),
            ("stream.*", "streamer.x"),
            ("", "stream.started"),
            ("*", "webhook.test"),
            ("webhook.*", "webhook.test"),
            ("**", "stream.started"),
        ] {
            assert!(!means(word, kind), "{word} {kind}");
        }
        assert!(is_known("ingest.*") && is_known("*") && !is_known("nothing.*") && !is_known("webhook.test"));
        assert!(wanted(&Json(json!(["x", "ingest.*"])), "ingest.rejected"));
        assert!(!wanted(&Json(json!("ingest.*")), "ingest.rejected"));
        assert!(Kind::ALL.iter().all(|kind| Kind::of(kind.as_str()) == Some(*kind)));
    }

    #[test]
    fn moments_are_told_in_utc() {
        assert_eq!(rfc3339(UnixMillis(1_790_000_000_250)), "2026-09-21T14:13:20.25Z");
        assert_eq!(rfc3339(UnixMillis(i64::MAX)), "9999-12-31T23:59:59.999Z");
        assert_eq!(rfc3339(UnixMillis(-5)), "1970-01-01T00:00:00Z");
    }
}
