//! Recorded encoders and players, played back to the serving machine byte for byte (`tests/fixtures/README.md` says
//! where each recording comes from).

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gostream::format::flv::{TagKind, Tags};
use gostream::media::remux::from_flv::{Demuxed, FromFlv};
use gostream::media::remux::to_flv;
use gostream::media::{Frame, MediaTime, Packet, TrackId, TrackKind, TrackSet};
use gostream::rtmp::{Error, Limits, Media, MessageType, Server, ServerConfig, ServerEvent};

fn recording(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn server(now: Instant) -> Server {
    let config = ServerConfig {
        app: "live".into(),
        chunk_size: 4_096,
        limits: Limits::default(),
        handshake_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        stall_timeout: Duration::from_secs(15),
        publish_auth: None,
    };
    Server::new(Arc::new(config), 1, now)
}

/// What a publisher's recording became.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    keys: Vec<String>,
    media: Vec<Media>,
    done: usize,
}

/// Plays back in pieces of `piece` bytes, granting what is asked.
fn play_back(bytes: &[u8], piece: usize) -> Result<Heard, Error> {
    let now = Instant::now();
    let mut server = server(now);
    let mut heard = Heard::default();
    for bytes in bytes.chunks(piece) {
        server.handle_input(now, bytes)?;
        while let Some(event) = server.poll_event() {
            match event {
                ServerEvent::Publish(request) => {
                    heard.keys.push(request.name.name);
                    server.accept_publish(now);
                }
                ServerEvent::Play(request) => {
                    heard.keys.push(request.name.name);
                    server.accept_play();
                }
                ServerEvent::Media(media) => heard.media.push(media),
                ServerEvent::Done => heard.done += 1,
                ServerEvent::Pause(_) => {}
            }
        }
        drop(server.poll_output());
    }
    Ok(heard)
}

/// Frames, keyframes and tracks of a recording, and that its clock never jumps.
fn assert_is_a_stream(name: &str, heard: &Heard) {
    let mut from_flv = FromFlv::default();
    let (mut frames, mut keyframes, mut configs) = (0, 0, 0);
    let mut last = None::<u32>;
    for media in &heard.media {
        let outcomes = match media.type_id {
            MessageType::VIDEO => from_flv.video(media.body.clone()).into_vec(),
            MessageType::AUDIO => from_flv.audio(media.body.clone()).into_vec(),
            _ => vec![from_flv.data(media.body.clone())],
        };
        let Some(outcome) = outcomes.into_iter().next() else { continue };
        match outcome.unwrap_or_else(|refusal| panic!("{name}: {refusal}")) {
            Demuxed::Config(..) => configs += 1,
            Demuxed::ConfigAndFrame(..) => (configs, frames) = (configs + 1, frames + 1),
            Demuxed::Frame(frame) => {
                frames += 1;
                keyframes += u32::from(frame.track.is_video() && frame.keyframe);
                let step = last.map_or(0, |last| media.timestamp.wrapping_sub(last).cast_signed());
                assert!((-200..500).contains(&step), "{name}: a step of {step} ms");
                last = Some(media.timestamp);
            }
            _ => {}
        }
    }
    assert!(configs >= 2, "{name}: both tracks are configured");
    assert!(frames > 50 && keyframes > 0, "{name}: {frames} frames, {keyframes} keyframes");
}

const PUBLISHERS: [&str; 4] = [
    "obs-29.0.2-x264-aac.c2s",
    "ffmpeg-5.1-publish.c2s",
    "gst-1.22-rtmp2sink-publish.c2s",
    "gst-1.22-rtmpsink-publish.c2s",
];

const PLAYERS: [&str; 3] = ["ffmpeg-5.1-play.c2s", "gst-1.22-rtmp2src-play.c2s", "rtmpdump-2.4-play.c2s"];

#[test]
fn each_recorded_encoder_becomes_a_stream() {
    for name in PUBLISHERS {
        let heard = play_back(&recording(name), 64 << 10).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(heard.keys.len(), 1, "{name}");
        assert!(!heard.keys[0].is_empty(), "{name}");
        assert_is_a_stream(name, &heard);
    }
}

#[test]
fn each_recorded_player_asks_for_its_stream_once() {
    for name in PLAYERS {
        let heard = play_back(&recording(name), 64 << 10).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(heard.keys.len(), 1, "{name}");
    }
}

#[test]
fn a_recording_means_the_same_however_the_network_cuts_it() {
    for name in PUBLISHERS {
        let mut bytes = recording(name);
        bytes.truncate(150_000);
        let whole = play_back(&bytes, bytes.len()).expect("a real encoder");
        for piece in [1, 3, 17, 1_460, 4_095] {
            assert!(
                play_back(&bytes, piece).expect("a real encoder") == whole,
                "{name} in pieces of {piece}"
            );
        }
    }
}

/// A client may vanish at any byte, and its last bytes may be garbage.
#[test]
fn a_recording_cut_or_corrupted_at_any_byte_panics_nothing() {
    for name in PUBLISHERS.iter().chain(&PLAYERS) {
        let mut bytes = recording(name);
        bytes.truncate(8_000);
        for at in 0..bytes.len() {
            let mut cut = bytes[..at].to_vec();
            // An error is as good as none; what counts is that it returns.
            play_back(&cut, 1_460).map(drop).ok();
            cut.extend_from_slice(&[0xFF; 40]);
            play_back(&cut, 1_460).map(drop).ok();
        }
    }
}

/// Frames of each track of an FLV file, each of which goes out in the very body that it came in.
fn frames_of(name: &str) -> Vec<(TrackId, u32)> {
    let mut from_flv = FromFlv::default();
    let mut tracks = TrackSet::default();
    let mut frames = Vec::<(TrackId, u32)>::new();
    for tag in Tags::new(&Bytes::from(recording(name))).expect("an FLV file") {
        let tag = tag.expect("whole");
        let outcomes = match tag.kind {
            TagKind::Video => from_flv.video(tag.body.clone()),
            TagKind::Audio => from_flv.audio(tag.body.clone()),
            _ => continue,
        };
        for outcome in outcomes {
            let frame = match outcome.unwrap_or_else(|refusal| panic!("{name}: {refusal}")) {
                Demuxed::Config(track, config) => {
                    tracks.set(track, config);
                    continue;
                }
                Demuxed::ConfigAndFrame(track, config, frame) => {
                    tracks.set(track, config);
                    frame
                }
                Demuxed::Frame(frame) => frame,
                _ => continue,
            };
            let track = frame.track;
            let packet = Packet {
                track,
                dts: MediaTime::ZERO,
                cts: frame.cts,
                keyframe: frame.keyframe,
                payload: frame.payload,
            };
            let message = to_flv::message(&Frame::Media(packet), &tracks).expect("a track that is known");
            assert_eq!([&message.prefix[..], &message.payload].concat(), tag.body, "{name}");
            match frames.iter_mut().find(|(known, _)| *known == track) {
                Some((_, count)) => *count += 1,
                None => frames.push((track, 1)),
            }
        }
    }
    frames.sort_unstable();
    frames
}

#[test]
fn what_ffmpeg_9_sends_of_each_coding_and_track_goes_out_as_it_came_in() {
    let track = |kind, index| TrackId { kind, index };
    for (name, count) in [("opus", 31), ("flac", 29), ("ac3", 19), ("eac3", 19)] {
        let frames = frames_of(&format!("ffmpeg-9-{name}.flv"));
        assert_eq!(frames, [(TrackId::AUDIO, count)], "{name}");
    }
    let expected = [
        (track(TrackKind::Video, 0), 15),
        (track(TrackKind::Video, 1), 15),
        (track(TrackKind::Audio, 0), 30),
        (track(TrackKind::Audio, 1), 31),
    ];
    assert_eq!(frames_of("ffmpeg-9-multitrack.flv"), expected);
}
