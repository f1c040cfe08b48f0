//! What the fuzz targets reach: every reader of a peer's bytes, as one function from bytes.
//!
//! Built with `--cfg fuzzing`, and for the test that the seeds in `fuzz/corpus` pass. A target that returns has passed; what must never happen is a panic, a hang, or
//! memory beyond the bounds that the readers state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;

use crate::api::v1::give::Moment;
use crate::api::v1::take::{Field, Keep, Secret};
use crate::format::date_range::DateRange;
use crate::format::wire::Reader;
use crate::format::{a53, aac, ac3, amf0, av1, flac, flv, h264, h265, mp3, opus, vp9};
use crate::media::remux::from_flv::FromFlv;
use crate::media::{Cue, CueValue, DataMessage, MediaTime, Metadata};
use crate::net::Network;
use crate::rtmp::{
    Client, ClientConfig, ClientEvent, Handshake, Limits, MessageType, PublishAuth, PublishRefusal, RtmpUrl,
    Server, ServerConfig, ServerEvent,
};
use crate::store::{DestinationPlace, EventId, ProjectId};

/// Feeds bytes in pieces, whose lengths the input itself chooses.
fn pieces(data: &[u8], mut feed: impl FnMut(&[u8]) -> bool) {
    let Some((&cut, mut rest)) = data.split_first() else { return };
    while !rest.is_empty() {
        let (piece, more) = rest.split_at((usize::from(cut) + 1).min(rest.len()));
        if !feed(piece) {
            return;
        }
        rest = more;
    }
}

/// What a client of the API writes that no library reads: cursors, entity tags, forwarded addresses, cookies and tokens,
/// names of requests and events, patches.
pub fn api(data: &[u8]) {
    use crate::api::v1::{door, take};
    let text = String::from_utf8_lossy(data);
    if let Some(id) = take::decode_cursor::<ProjectId>(&text) {
        assert_eq!(take::decode_cursor(&take::encode_cursor(&id)), Some(id));
    }
    if let Some(place) = take::decode_cursor::<DestinationPlace>(&text) {
        assert_eq!(take::decode_cursor(&take::encode_cursor(&place)), Some(place));
    }
    if let Ok(id) = text.parse::<EventId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let _told = take::revision_in(&text);
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let mut headers = HeaderMap::new();
    for name in [
        header::IF_NONE_MATCH,
        header::HOST,
        header::COOKIE,
        header::ORIGIN,
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::ACCESS_CONTROL_REQUEST_METHOD,
    ] {
        headers.insert(name, value.clone());
    }
    for name in
        ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-request-id", "idempotency-key"]
    {
        headers.insert(name, value.clone());
    }
    let _matches = take::matches_any(&headers, "\"7-00\"");
    let _id = door::RequestId::of(&headers);
    let mut request = Request::new(Body::from(data.to_vec()));
    *request.headers_mut() = headers;
    let everybody = "0.0.0.0/0".parse::<Network>().into_iter().collect::<Vec<_>>();
    let client = door::Client::of(&request, &everybody);
    // A host that was taken stands in links that we make.
    let host = client.host.as_deref().unwrap_or_default();
    assert!(!host.contains(['/', '@', '?', '#', ' ', '\\']));
    door::fuzz(&request, &client);
    request.headers_mut().remove(header::AUTHORIZATION);
    door::fuzz(&request, &client);
    if let Err(problem) = take::read_body::<Patched>(data) {
        assert!(problem.status().is_client_error());
    }
}

/// Who people say they are, and what an identity provider says of them.
pub fn account(data: &[u8]) {
    crate::account::fuzz(data);
}

/// Names, addresses and keys of destinations.
pub fn destination(data: &[u8]) {
    crate::control::fuzz(&String::from_utf8_lossy(data));
}

/// A body of every kind of field that there is.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "that it can be read is all that counts")]
struct Patched {
    #[serde(default)]
    kept: Keep<String>,
    #[serde(default)]
    cleared: Field<Moment>,
    #[serde(default)]
    list: Field<Vec<u8>>,
    secret: Option<Secret>,
}

/// The handshake of the serving end.
pub fn handshake(data: &[u8]) {
    let mut handshake = Handshake::server(1);
    pieces(data, |mut piece| handshake.input(&mut piece, &mut Vec::new()).is_ok() && !handshake.is_done());
}

/// The chunk reader alone, as a peer that may publish meets it.
pub fn chunks(data: &[u8]) {
    crate::rtmp::fuzz_chunks(data);
}

/// AMF0 values, read and written again.
pub fn amf0(data: &[u8]) {
    let limits = amf0::Limits::default();
    if let Ok(values) = amf0::decode_all(data, &limits) {
        let mut out = Vec::new();
        values.iter().for_each(|value| value.encode(&mut out));
    }
    amf0::decode(&mut Reader::new(data), &limits).ok();
}

/// One message of any type, through the server's dispatch.
pub fn message(data: &[u8]) {
    crate::rtmp::fuzz_message(data);
}

/// FLV files, and bodies as a publisher sends them.
pub fn flv(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(tags) = flv::Tags::new(&bytes) {
        tags.take_while(Result::is_ok).for_each(drop);
    }
    let mut from_flv = FromFlv::default();
    pieces(data, |piece| {
        let Some((&kind, body)) = piece.split_first() else { return true };
        let body = Bytes::copy_from_slice(body);
        match kind % 3 {
            0 => drop(from_flv.video(body)),
            1 => drop(from_flv.audio(body)),
            _ => drop(from_flv.data(body)),
        }
        true
    });
}

/// SEI units of H.264 and HEVC, for the captions in them.
pub fn captions(data: &[u8]) {
    for header in [1, 2] {
        std::hint::black_box(a53::captions(data, header));
    }
}

/// What people write of webhooks: addresses, secrets, and words for events.
pub fn webhook(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    crate::webhook::fuzz(&text);
    if let Ok(secret) = crate::webhook::Secret::parse(&text) {
        assert!(crate::webhook::Secret::parse(&secret.text()).is_ok());
        assert!(secret.sign("evt_1", 1, data).starts_with("v1,"));
    }
    if crate::journal::is_known(&text) {
        assert!(text.len() <= 32, "{text}");
    }
}

/// Data messages: cue points as they are listed in playlists, one line each whatever is in them; and metadata, written
/// again.
pub fn cue(data: &[u8]) {
    let payload = Bytes::copy_from_slice(data);
    if let Some(cue) = Cue::parse(&DataMessage { dts: MediaTime::ZERO, payload }) {
        let mut range = DateRange::new("1", cue.kind.as_str(), 0, cue.duration);
        for (name, value) in &cue.attributes {
            match value {
                CueValue::Text(text) => range.add_text(name, text),
                CueValue::Number(number) => range.add_number(name, *number),
            }
        }
        let line = range.to_string();
        assert_eq!(line.matches(char::is_control).count(), 1, "{line}");
    }
    if let Ok(values) = amf0::decode_all(data, &amf0::Limits::default())
        && let Some(metadata) = Metadata::parse(&values)
    {
        std::hint::black_box((metadata.frame_rate(), metadata.encoder(), metadata.announces_video()));
        drop(metadata.without_tracks(true, false).encode());
    }
}

/// Audio and video bodies, and that what is written of their headers is read as the same.
pub fn flv_body(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    let read_again = |prefix: &[u8], data: &Bytes| Bytes::from([prefix, data].concat());
    for video in flv::Video::parse(&bytes).into_iter().flatten() {
        if let Some(prefix) = video.header.enhanced() {
            flv::Video::parse(&read_again(&prefix, &video.data)).map(drop).ok();
        }
    }
    for audio in flv::Audio::parse(&bytes).into_iter().flatten() {
        if let Some(prefix) = audio.header.enhanced() {
            flv::Audio::parse(&read_again(&prefix, &audio.data)).map(drop).ok();
        }
        flv::MultichannelConfig::parse(&audio.data).map(drop).ok();
    }
}

/// avcC records.
pub fn avc(data: &[u8]) {
    if let Ok(config) = h264::AvcConfig::parse(Bytes::copy_from_slice(data)) {
        drop(config.codec_string());
    }
}

/// Sequence parameter sets.
pub fn sps(data: &[u8]) {
    h264::Picture::parse(data).map(drop).ok();
}

/// hvcC records, and sequence parameter sets of HEVC.
pub fn hevc(data: &[u8]) {
    h265::Picture::parse(data).map(drop).ok();
    if let Ok(config) = h265::HevcConfig::parse(Bytes::copy_from_slice(data)) {
        let h265::Sets { vps, sps, pps, .. } = &config.sets;
        drop((config.codec_string(), h265::HevcConfig::from_parameter_sets(vps, sps, pps)));
    }
}

/// av1C records, sequence headers and temporal units.
pub fn av1(data: &[u8]) {
    av1::TemporalUnit::read(data, false).map(drop).ok();
    for config in
        [av1::Av1Config::parse(Bytes::copy_from_slice(data)), av1::Av1Config::from_sequence_header(data)]
            .into_iter()
            .flatten()
    {
        drop(config.codec_string());
    }
}

/// vpcC records and the headers of VP9 frames.
pub fn vp9(data: &[u8]) {
    if let Ok(vp9::Frame::Key(frame)) = vp9::Frame::parse(data) {
        drop(vp9::Vp9Config::from_key_frame(&frame).codec_string());
    }
    if let Ok(config) = vp9::Vp9Config::parse(&Bytes::copy_from_slice(data)) {
        drop(config.codec_string());
    }
}

/// AudioSpecificConfigs and ADTS headers.
pub fn asc(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    drop(aac::strip_adts(&bytes));
    if let Ok(config) = aac::AudioSpecificConfig::parse(bytes) {
        drop(config.codec_string());
    }
}

/// MP3 frame headers.
pub fn mp3(data: &[u8]) {
    let _header = mp3::Mp3Header::parse(data);
}

/// Opus headers and packets, STREAMINFO and FLAC frames, and syncframes of AC-3 and E-AC-3.
pub fn sound(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    opus::OpusHead::parse(&bytes).map(drop).ok();
    std::hint::black_box(opus::packet_samples(data));
    if let Ok(info) = flac::StreamInfo::parse(data) {
        std::hint::black_box(info.samples_of(data));
    }
    std::hint::black_box(ac3::Ac3::parse(data));
    std::hint::black_box(ac3::Eac3::parse(data));
}

/// The serving machine past its handshake, answering as a session would.
pub fn server(data: &[u8]) {
    let now = Instant::now();
    let config = ServerConfig {
        app: "live".to_owned(),
        chunk_size: 4_096,
        limits: Limits { message_max: 1 << 20, ..Limits::default() },
        handshake_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        stall_timeout: Duration::from_secs(10),
        // The last byte decides, so that both ways in are tried.
        publish_auth: (data.last() == Some(&b'a'))
            .then(|| PublishAuth::new("user", "password", &[1; 32], now)),
    };
    let mut server = Server::new(Arc::new(config), 1, now);
    let mut hello = vec![3];
    hello.resize(1 + 2 * 1_536, 0);
    server.handle_input(now, &hello).ok();
    let mut from_flv = FromFlv::default();
    pieces(data, |piece| {
        let fed = server.handle_input(now, piece).is_ok();
        while let Some(event) = server.poll_event() {
            match event {
                ServerEvent::Publish(request) if request.name.name.len() % 2 == 0 => {
                    server.accept_publish(now)
                }
                ServerEvent::Publish(_) => server.refuse_publish(PublishRefusal::UnknownKey),
                ServerEvent::Play(_) => server.accept_play(),
                ServerEvent::Media(media) => match media.type_id {
                    MessageType::VIDEO => drop(from_flv.video(media.body)),
                    MessageType::AUDIO => drop(from_flv.audio(media.body)),
                    _ => drop(from_flv.data(media.body)),
                },
                ServerEvent::Done | ServerEvent::Pause(_) => {}
            }
        }
        drop(server.poll_output());
        fed
    });
}

/// The asking machine past its handshake.
pub fn client(data: &[u8]) {
    let Ok(url) = RtmpUrl::parse("rtmp://host/app", "key") else { return };
    let config = ClientConfig { url: url.clone(), chunk_size: 4_096, limits: Limits::default() };
    let mut client = Client::new(config, 1);
    let mut hello = vec![3];
    hello.resize(1 + 2 * 1_536, 0);
    client.handle_input(&hello).ok();
    pieces(data, |piece| {
        let fed = client.handle_input(piece).is_ok();
        while let Some(event) = client.poll_event() {
            if let ClientEvent::ReconnectRequest { tc_url } = event {
                url.resolve(&tc_url).ok();
            }
        }
        drop(client.poll_output());
        fed
    });
    client.finish();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    type Target = fn(&[u8]);

    /// Every target of `fuzz/fuzz_targets`, by its file's name.
    const TARGETS: [(&str, Target); 22] = [
        ("account", account),
        ("amf0", amf0),
        ("api", api),
        ("asc", asc),
        ("av1", av1),
        ("avc", avc),
        ("captions", captions),
        ("chunks", chunks),
        ("client", client),
        ("cue", cue),
        ("destination", destination),
        ("flv", flv),
        ("flv_body", flv_body),
        ("handshake", handshake),
        ("hevc", hevc),
        ("message", message),
        ("mp3", mp3),
        ("server", server),
        ("sound", sound),
        ("sps", sps),
        ("vp9", vp9),
        ("webhook", webhook),
    ];

    /// Bytes of all seeds together: they are there to be read by every checkout.
    const SEED_BYTES_MAX: usize = 300_000;

    fn files(folder: &str) -> Vec<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder);
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.expect("the folder can be listed").path()).collect()
    }

    #[test]
    fn each_target_has_seeds_and_they_pass() {
        let mut bytes = 0;
        for (name, target) in TARGETS {
            let mut seeds = files(&format!("corpus/{name}"));
            // What a run of the fuzzer adds beside them has other names.
            seeds.retain(|path| path.extension().is_some_and(|extension| extension == "seed"));
            assert!(!seeds.is_empty(), "{name} has no seeds");
            for seed in seeds {
                let seed = std::fs::read(&seed).unwrap_or_else(|error| panic!("{}: {error}", seed.display()));
                bytes += seed.len();
                target(&seed);
            }
        }
        assert!(bytes < SEED_BYTES_MAX, "{bytes} bytes of seeds");
    }

    #[test]
    fn no_target_is_forgotten_here() {
        let known: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let there = files("fuzz_targets");
        let there: BTreeSet<_> =
            there.iter().filter_map(|path| path.file_stem()?.to_str().map(str::to_owned)).collect();
        assert_eq!(there, known);
    }
}
