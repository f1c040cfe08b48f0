//! Rows to put into a store.

use gostream::store::{
    DestinationFields, Hidden, Json, NewEvent, NewSession, NewStreamKey, Opaque, ProjectFields, ProjectId,
    Role, SealedKey, UnixMillis, UserFields, UserId, WebhookFields,
};

/// When the cases happen.
pub(crate) const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

/// So much later.
pub(crate) fn later(millis: i64) -> UnixMillis {
    UnixMillis(NOW.0 + millis)
}

/// Bytes that stand for a hash.
pub(crate) fn hash(text: &str) -> Opaque {
    Opaque(format!("hash of {text}").into_bytes())
}

pub(crate) fn user(email: &str, role: Role) -> UserFields {
    UserFields {
        email: email.to_owned(),
        name: "Ada".to_owned(),
        role,
        password_hash: Some(Hidden("$argon2id$".to_owned())),
        identity: None,
        disabled: false,
    }
}

pub(crate) fn session(user_id: UserId, secret: &str, expires_at: UnixMillis) -> NewSession {
    NewSession {
        user_id,
        token_hash: hash(secret),
        expires_at,
        address: "203.0.113.7".to_owned(),
        user_agent: "Firefox".to_owned(),
    }
}

pub(crate) fn project(name: &str) -> ProjectFields {
    ProjectFields {
        owner_id: None,
        name: name.to_owned(),
        playback_id: format!("play-{name}"),
        hold_ms: None,
        settings: Json::empty(),
        declared: false,
        running: true,
    }
}

pub(crate) fn key(secret: &str) -> NewStreamKey {
    NewStreamKey {
        name: "OBS".to_owned(),
        lookup: hash(secret),
        sealed: Opaque(secret.bytes().rev().collect()),
        hint: secret.chars().rev().take(4).collect(),
        sealed_with: 1,
        expires_at: None,
    }
}

pub(crate) fn destination(name: &str) -> DestinationFields {
    DestinationFields {
        name: name.to_owned(),
        platform: "twitch".to_owned(),
        url: "rtmp://live.example/app".to_owned(),
        key: Some(SealedKey { sealed: hash(name), hint: "cafe".to_owned(), sealed_with: 1 }),
        enabled: true,
        insecure: false,
        chunk_size: None,
        codecs: None,
        video_track: None,
        audio_track: None,
        limits: None,
    }
}

pub(crate) fn event(kind: &str, project_id: Option<ProjectId>, at: UnixMillis) -> NewEvent {
    NewEvent {
        kind: kind.to_owned(),
        project_id,
        stream_id: None,
        at,
        data: Json(serde_json::json!({"n": 1})),
    }
}

pub(crate) fn webhook(project_id: Option<ProjectId>) -> WebhookFields {
    WebhookFields {
        project_id,
        url: "https://hooks.example/in".to_owned(),
        events: Json(serde_json::json!(["stream.started", "output.state"])),
        secret: SealedKey { sealed: hash("whsec"), hint: "whse".to_owned(), sealed_with: 1 },
        enabled: true,
    }
}
