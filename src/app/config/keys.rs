//! The table of keys: for each its name, where its value goes, and what is allowed.
//!
//! One walk serves every use: reading fills the values in ([`super::reader`]), showing prints them ([`show`](mod@super::show)).

use super::Destination;
use super::codecs::CodecList;
use super::face::{ListOf, public_url};
use super::kept::{Auth, Database, OidcCreate};
use super::project::ProjectDraft;
use super::sections::{
    AllowPrivate, Config, Hls, Http, LogFormat, OnDuplicate, Relay, Rtmp, Stream, TlsMode,
};
use super::values::{
    Address, DestinationUrl, Integer, Kind, Optional, OptionalPlace, Place, Playback, Size, Switch, Text,
    Time, app_name, client_id, issuer, log_filter, node_id, publish_user, shown_name,
};
use super::words::{Word, WordOrSwitch};
use crate::control::{BITRATES, Silence};
use crate::hls::Container;
use crate::push::Platform;
use crate::stream::StreamKey;

/// What walks the table.
pub(super) trait Visit {
    /// One key.
    fn value<T, K: Kind<T>>(&mut self, name: &'static str, slot: &mut T, kind: &K);

    /// A secret: `name`, or `name_file` for a file that holds it.
    fn secret(&mut self, name: &'static str, slot: &mut StreamKey, required: bool);

    /// A list of secrets: `name`, or `name_file` for a file that holds one a line.
    fn secrets(&mut self, name: &'static str, slot: &mut Vec<StreamKey>);

    /// A table of keys.
    fn table(&mut self, name: &'static str, body: impl FnMut(&mut Self));

    /// An array of tables.
    fn list<T: Default>(
        &mut self,
        name: &'static str,
        items: &mut Vec<T>,
        body: impl FnMut(&mut Self, &mut T),
    );
}

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// Walks every key of the file.
pub(super) fn config<V: Visit>(v: &mut V, config: &mut Config, projects: &mut Vec<ProjectDraft>) {
    v.value("data_dir", &mut config.data_dir, &Place);
    v.value("node_id", &mut config.node_id, &Text::<false>(node_id));
    v.value("public_url", &mut config.public_url, &Text::<false>(public_url));
    v.value("drain_timeout", &mut config.drain_timeout, &Time(0..=HOUR));
    v.value("worker_threads", &mut config.worker_threads, &Integer(0..=1024));
    v.table("http", |v| http(v, &mut config.http));
    v.table("https", |v| v.value("listen", &mut config.https.listen, &Address { off: true }));
    v.table("api", |v| {
        v.value("rate", &mut config.api.rate, &Integer(1..=100_000));
        v.value("burst", &mut config.api.burst, &Integer(1..=1_000_000));
    });
    v.table("rtmp", |v| rtmp(v, &mut config.rtmp));
    v.table("rtmps", |v| v.value("listen", &mut config.rtmps.listen, &Address { off: true }));
    v.table("tls", |v| {
        let modes = &[("off", TlsMode::Off), ("files", TlsMode::Files)];
        v.value("mode", &mut config.tls.mode, &Word(modes));
        v.value("cert", &mut config.tls.cert, &OptionalPlace);
        v.value("key", &mut config.tls.key, &OptionalPlace);
    });
    v.table("stream", |v| stream(v, &mut config.stream));
    v.table("relay", |v| relay(v, &mut config.relay));
    v.table("hls", |v| hls(v, &mut config.hls));
    v.table("playback", |v| {
        v.value("require_token", &mut config.playback.require_token, &Switch);
        v.secret("secret", &mut config.playback.secret, false);
    });
    v.table("database", |v| database(v, &mut config.database));
    v.table("limits", |v| {
        let limits = &mut config.limits;
        v.value("projects", &mut limits.projects, &Integer(1..=100_000));
        v.value("destinations_per_project", &mut limits.destinations_per_project, &Integer(1..=1000));
        v.value("stream_keys_per_project", &mut limits.stream_keys_per_project, &Integer(1..=100));
    });
    v.table("history", |v| v.value("keep", &mut config.history.keep, &Time(HOUR..=10 * 365 * DAY)));
    v.table("auth", |v| auth(v, &mut config.auth));
    v.table("vault", |v| {
        v.secret("key", &mut config.vault.key, false);
        v.secrets("older_keys", &mut config.vault.older_keys);
    });
    v.table("webhooks", |v| v.value("timeout", &mut config.webhooks.timeout, &Time(SECOND..=MINUTE)));
    v.table("practice", |v| v.value("listen", &mut config.practice.listen, &Address { off: true }));
    v.table("metrics", |v| v.value("listen", &mut config.metrics.listen, &Address { off: true }));
    v.table("log", |v| {
        v.value("level", &mut config.log.level, &Text::<false>(log_filter));
        v.value(
            "format",
            &mut config.log.format,
            &Word(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
        );
    });
    self::projects(v, projects);
}

fn projects<V: Visit>(v: &mut V, projects: &mut Vec<ProjectDraft>) {
    v.list("project", projects, |v, project| {
        v.value("name", &mut project.name, &Text::<true>(shown_name));
        v.secret("stream_key", &mut project.stream_key, true);
        v.value("playback_id", &mut project.playback_id, &Playback);
        v.value("hold", &mut project.hold, &Optional(Time(0..=HOUR)));
        v.list("destination", &mut project.destinations, destination);
    });
}

fn auth<V: Visit>(v: &mut V, auth: &mut Auth) {
    v.value("session_ttl", &mut auth.session_ttl, &Time(MINUTE..=365 * DAY));
    v.value("signup", &mut auth.signup, &Switch);
    v.table("oidc", |v| {
        let oidc = &mut auth.oidc;
        let create =
            &[("off", OidcCreate::Off), ("viewer", OidcCreate::Viewer), ("operator", OidcCreate::Operator)];
        v.value("issuer", &mut oidc.issuer, &Text::<false>(issuer));
        v.value("client_id", &mut oidc.client_id, &Text::<false>(client_id));
        v.secret("client_secret", &mut oidc.client_secret, false);
        v.value("name", &mut oidc.name, &Text::<false>(shown_name));
        v.value("link_by_email", &mut oidc.link_by_email, &Switch);
        v.value("create", &mut oidc.create, &Word(create));
        v.value("trusted", &mut oidc.trusted, &Switch);
    });
}

fn database<V: Visit>(v: &mut V, database: &mut Database) {
    v.secret("url", &mut database.url, false);
    v.value("pool_max", &mut database.pool_max, &Integer(2..=1000));
    v.value("acquire_timeout", &mut database.acquire_timeout, &Time(100..=MINUTE));
    v.value("statement_timeout", &mut database.statement_timeout, &Time(100..=10 * MINUTE));
    v.value("migrate_timeout", &mut database.migrate_timeout, &Time(SECOND..=DAY));
    v.value("cache", &mut database.cache, &Switch);
}

fn http<V: Visit>(v: &mut V, http: &mut Http) {
    v.value("listen", &mut http.listen, &Address { off: false });
    v.value("max_connections", &mut http.max_connections, &Integer(1..=1_000_000));
    v.value("header_timeout", &mut http.header_timeout, &Time(100..=10 * MINUTE));
    v.value("write_timeout", &mut http.write_timeout, &Time(100..=10 * MINUTE));
    v.value("idle_timeout", &mut http.idle_timeout, &Time(100..=HOUR));
    v.value("trusted_proxies", &mut http.trusted_proxies, &ListOf::NETWORKS);
    v.value("cors_origins", &mut http.cors_origins, &ListOf::ORIGINS);
}

fn rtmp<V: Visit>(v: &mut V, rtmp: &mut Rtmp) {
    let words = &[("takeover", OnDuplicate::Takeover), ("reject", OnDuplicate::Reject)];
    v.value("listen", &mut rtmp.listen, &Address { off: true });
    v.value("app", &mut rtmp.app, &Text::<false>(app_name));
    v.value("chunk_size", &mut rtmp.chunk_size, &Integer(128..=65_536));
    v.value("on_duplicate", &mut rtmp.on_duplicate, &Word(words));
    v.value("publish_user", &mut rtmp.publish_user, &Text::<false>(publish_user));
    v.secret("publish_password", &mut rtmp.publish_password, false);
    v.value("handshake_timeout", &mut rtmp.handshake_timeout, &Time(100..=MINUTE));
    v.value("connect_timeout", &mut rtmp.connect_timeout, &Time(100..=MINUTE));
    v.value("stall_timeout", &mut rtmp.stall_timeout, &Time(SECOND..=HOUR));
    v.value("play_wait", &mut rtmp.play_wait, &Time(0..=DAY));
    v.value("max_connections", &mut rtmp.max_connections, &Integer(1..=1_000_000));
    v.value("max_connections_per_address", &mut rtmp.max_connections_per_address, &Integer(1..=1_000_000));
    v.value("message_max", &mut rtmp.message_max, &Size(64 * KIB..=16 * MIB));
    v.value("chunk_streams_max", &mut rtmp.chunk_streams_max, &Integer(4..=65_600));
    v.value("amf_depth_max", &mut rtmp.amf_depth_max, &Integer(2..=64));
    v.value("preauth_bytes_max", &mut rtmp.preauth_bytes_max, &Size(16 * KIB..=16 * MIB));
}

fn stream<V: Visit>(v: &mut V, stream: &mut Stream) {
    v.value("ring_duration", &mut stream.ring_duration, &Time(SECOND..=10 * MINUTE));
    v.value("ring_bytes", &mut stream.ring_bytes, &Size(MIB..=4 * GIB));
    v.value("hold", &mut stream.hold, &Time(0..=HOUR));
    v.value("slate", &mut stream.slate, &Switch);
    v.value("slate_after", &mut stream.slate_after, &Time(500..=MINUTE));
    let words = &[("auto", Silence::Auto), ("always", Silence::Always), ("never", Silence::Never)];
    v.value("silence", &mut stream.silence, &Word(words));
}

fn relay<V: Visit>(v: &mut V, relay: &mut Relay) {
    v.value("coalesce", &mut relay.coalesce, &Time(0..=500));
    v.value("queue", &mut relay.queue, &Time(100..=10 * MINUTE));
    v.value("connect_timeout", &mut relay.connect_timeout, &Time(100..=MINUTE));
    v.value("stall_timeout", &mut relay.stall_timeout, &Time(SECOND..=HOUR));
    v.value("retry_min", &mut relay.retry_min, &Time(10..=HOUR));
    v.value("retry_max", &mut relay.retry_max, &Time(10..=HOUR));
    v.value("healthy_after", &mut relay.healthy_after, &Time(0..=DAY));
    v.value("circuit_after", &mut relay.circuit_after, &Integer(1..=1_000_000));
    v.value("circuit_open", &mut relay.circuit_open, &Time(10..=DAY));
    v.value("send_buffer", &mut relay.send_buffer, &Size(4 * KIB..=16 * MIB));
    let words =
        &[("auto", AllowPrivate::Auto), ("always", AllowPrivate::Always), ("never", AllowPrivate::Never)];
    let word = WordOrSwitch { word: Word(words), on: AllowPrivate::Always, off: AllowPrivate::Never };
    v.value("allow_private", &mut relay.allow_private, &word);
}

fn hls<V: Visit>(v: &mut V, hls: &mut Hls) {
    v.value("enabled", &mut hls.enabled, &Switch);
    v.value("container", &mut hls.container, &Word(&[("fmp4", Container::Fmp4), ("ts", Container::Ts)]));
    v.value("segment", &mut hls.segment, &Time(500..=MINUTE));
    v.value("low_latency", &mut hls.low_latency, &Switch);
    v.value("part", &mut hls.part, &Time(100..=5 * SECOND));
    v.value("window", &mut hls.window, &Integer(3..=1000));
    v.value("segment_max", &mut hls.segment_max, &Time(SECOND..=5 * MINUTE));
    v.value("resume", &mut hls.resume, &Time(0..=DAY));
}

fn destination<V: Visit>(v: &mut V, destination: &mut Destination) {
    v.value("name", &mut destination.name, &Text::<true>(shown_name));
    v.value("url", &mut destination.url, &DestinationUrl);
    v.secret("stream_key", &mut destination.stream_key, false);
    v.value("enabled", &mut destination.enabled, &Switch);
    v.value("insecure", &mut destination.insecure, &Switch);
    v.value("chunk_size", &mut destination.chunk_size, &Optional(Integer(128..=65_536)));
    v.value("platform", &mut destination.platform, &Optional(Word(Platform::WORDS)));
    v.value("codecs", &mut destination.codecs, &Optional(CodecList));
    v.value("video_track", &mut destination.video_track, &Optional(Integer(0..=255)));
    v.value("audio_track", &mut destination.audio_track, &Optional(Integer(0..=255)));
    v.table("limits", |v| {
        let limits = &mut destination.limits;
        v.value("bitrate_max_bits", &mut limits.bitrate, &Optional(Integer(BITRATES)));
        v.value("keyframe_max", &mut limits.keyframe, &Optional(Time(100..=MINUTE)));
    });
}
