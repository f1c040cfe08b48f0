//! The parts of the media path, one by one: what a message costs to read, to send and to share.

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gostream::format::aac::AudioSpecificConfig;
use gostream::format::h264::AvcConfig;
use gostream::hls::{Config, Input, Lifecycle};
use gostream::media::{CodecConfig, Frame, MediaTime, Packet, TrackId, TrackSet};
use gostream::rtmp::{
    Client, ClientConfig, Limits, RtmpUrl, Server, ServerConfig, ServerEvent, SharedMessage,
};
use gostream::stream::{
    HoldConfig, Names, OnDuplicate, PlaybackId, Registry, RingLimits, SourceFrame, Start, Stream, StreamId,
};
use smallvec::SmallVec;

const FRAME: usize = 20_000;
const SIZES: [u32; 3] = [128, 4_096, 65_536];

fn frame() -> Bytes {
    let mut frame = vec![0x5A; FRAME];
    frame[..5].copy_from_slice(&[0, 0, 0x4E, 0x1C, 0x65]);
    Bytes::from(frame)
}

fn server_config() -> Arc<ServerConfig> {
    Arc::new(ServerConfig {
        app: "live".into(),
        chunk_size: 4_096,
        limits: Limits::default(),
        handshake_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        stall_timeout: Duration::from_secs(15),
        publish_auth: None,
    })
}

/// A server that takes media, from a client that announced `chunk_size`.
fn publishing(chunk_size: u32) -> Server {
    let now = Instant::now();
    let url = RtmpUrl::parse(&format!("rtmp://{}/live", Ipv4Addr::LOCALHOST), "key").expect("an address");
    let mut client = Client::new(ClientConfig { url, chunk_size, limits: Limits::default() }, 1);
    let mut server = Server::new(server_config(), 2, now);
    for _ in 0..20 {
        while let Some(bytes) = client.poll_output() {
            server.handle_input(now, &bytes).expect("our client");
        }
        if let Some(ServerEvent::Publish(_)) = server.poll_event() {
            server.accept_publish(now);
        }
        while let Some(bytes) = server.poll_output() {
            client.handle_input(&bytes).expect("our server");
        }
    }
    server
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("read_a_20_kB_message");
    group.throughput(Throughput::Bytes(FRAME as u64));
    for chunk_size in SIZES {
        let mut server = publishing(chunk_size);
        let message = SharedMessage::new(6, 9, &[0x27, 1, 0, 0, 0], frame());
        let wire = message.remainder(message.header(40, 1), chunk_size, 0).concat();
        let now = Instant::now();
        group.bench_function(BenchmarkId::from_parameter(chunk_size), |b| {
            b.iter(|| {
                server.handle_input(now, black_box(&wire)).expect("legal");
                black_box(server.poll_event())
            });
        });
    }
    group.finish();
}

fn sharing(c: &mut Criterion) {
    let mut group = c.benchmark_group("wire_form_for_one_more_connection");
    for chunk_size in SIZES {
        let message = SharedMessage::new(6, 9, &[0x27, 1, 0, 0, 0], frame());
        group.bench_function(BenchmarkId::from_parameter(chunk_size), |b| {
            let mut own = Vec::with_capacity(64);
            b.iter(|| {
                own.clear();
                let mut slices: SmallVec<[std::io::IoSlice<'_>; 16]> = SmallVec::new();
                let header = message.header(black_box(40), 1);
                let cut = message.write_own(header, chunk_size, &mut own);
                let (head, continuation) = own.split_at(cut);
                message.gather(header, chunk_size, head, continuation, &mut slices);
                black_box(slices.len())
            });
        });
    }
    group.finish();
}

fn tracks() -> TrackSet {
    let avcc =
        "0164000dffe1001a6764000dacd941419f9f0110000003001000000303c0f142996001000668ebe3cb22c0fdf8f800";
    let bytes = (0..avcc.len()).step_by(2).map(|at| u8::from_str_radix(&avcc[at..at + 2], 16).expect("hex"));
    let avc = AvcConfig::parse(bytes.collect::<Vec<u8>>().into()).expect("a record");
    let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("a record");
    let mut tracks = TrackSet::default();
    tracks.set(TrackId::VIDEO, CodecConfig::H264(avc));
    tracks.set(TrackId::AUDIO, CodecConfig::Aac(asc));
    tracks
}

fn ring(c: &mut Criterion) {
    let mut group = c.benchmark_group("ring_write_and_read_by_all");
    for readers in [1_usize, 100, 1_000] {
        let id = PlaybackId::parse("bench").expect("an id");
        let names = Names {
            id: StreamId::new("bench"),
            playback_id: id,
            project: "".into(),
            name: "bench".to_owned(),
        };
        let stream = Stream::new(names, RingLimits::default(), HoldConfig::default());
        let publisher = Registry::default()
            .publish(&stream, OnDuplicate::Takeover, Instant::now())
            .expect("nobody publishes yet");
        for track in tracks().tracks() {
            publisher.configure(track.id, CodecConfig::clone(&track.config)).expect("the only publisher");
        }
        let mut subscribers =
            (0..readers).map(|_| stream.subscribe(Start::NewestKeyframe)).collect::<Vec<_>>();
        let payload = frame();
        let mut millis = 0_u32;
        group.throughput(Throughput::Elements(readers as u64));
        group.bench_function(BenchmarkId::from_parameter(readers), |b| {
            b.iter(|| {
                millis = millis.wrapping_add(33);
                let frame = SourceFrame {
                    track: TrackId::VIDEO,
                    millis,
                    cts: MediaTime::ZERO,
                    keyframe: true,
                    payload: payload.clone(),
                };
                publisher.frame(frame, Instant::now()).expect("the only publisher");
                for subscriber in &mut subscribers {
                    black_box(subscriber.try_recv());
                }
            });
        });
    }
    group.finish();
}

fn segmenter(c: &mut Criterion) {
    let tracks = Arc::new(tracks());
    c.bench_function("segment_2_s_of_video_and_audio", |b| {
        let now = MediaTime::from_millis(1_800_000_000_000);
        let mut lifecycle = Lifecycle::new(Config::default(), 1, now);
        let mut frames = 0_i64;
        let push = |lifecycle: &mut Lifecycle, track, millis, keyframe, payload: &Bytes| {
            let packet = Packet {
                track,
                dts: MediaTime::from_millis(millis),
                cts: MediaTime::ZERO,
                keyframe,
                payload: payload.clone(),
            };
            let frame = Frame::Media(packet);
            lifecycle.push(Input {
                frame: &frame,
                tracks: &tracks,
                start: track == TrackId::VIDEO && keyframe,
                discontinuity: false,
                arrived: now + MediaTime::from_millis(millis),
            });
            black_box(lifecycle.poll_snapshot());
        };
        let (picture, sound) = (frame(), Bytes::from(vec![1; 340]));
        b.iter(|| {
            for _ in 0..60 {
                let millis = frames * 100 / 3;
                push(&mut lifecycle, TrackId::VIDEO, millis, frames % 60 == 0, &picture);
                push(&mut lifecycle, TrackId::AUDIO, millis, true, &sound);
                frames += 1;
            }
        });
    });
}

criterion_group!(benches, reading, sharing, ring, segmenter);
criterion_main!(benches);
