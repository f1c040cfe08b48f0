//! What the fuzz targets reach: every reader of a peer's bytes, as one function from bytes.
//!
//! Built with `--cfg fuzzing` alone. A target that returns has passed; what must never happen is a panic, a hang, or
//! memory beyond the bounds that the readers state.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::format::wire::Reader;
use crate::format::{aac, amf0, av1, flv, h264, h265, mp3, vp9};
use crate::media::remux::from_flv::FromFlv;
use crate::rtmp::{
    Client, ClientConfig, Handshake, Limits, MessageType, PublishRefusal, RtmpUrl, Server, ServerConfig,
    ServerEvent,
};

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
            0 => from_flv.video(body).is_ok(),
            1 => from_flv.audio(body).is_ok(),
            _ => from_flv.data(body).is_ok(),
        };
        true
    });
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
    mp3::Mp3Header::parse(data).map(drop);
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
                ServerEvent::Media(media) => {
                    match media.type_id {
                        MessageType::VIDEO => from_flv.video(media.body).ok(),
                        MessageType::AUDIO => from_flv.audio(media.body).ok(),
                        _ => from_flv.data(media.body).ok(),
                    };
                }
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
    let config = ClientConfig { url, chunk_size: 4_096, limits: Limits::default() };
    let mut client = Client::new(config, 1);
    let mut hello = vec![3];
    hello.resize(1 + 2 * 1_536, 0);
    client.handle_input(&hello).ok();
    pieces(data, |piece| {
        let fed = client.handle_input(piece).is_ok();
        while client.poll_event().is_some() {}
        drop(client.poll_output());
        fed
    });
    client.finish();
}
