//! Outputs from inside: what no process can be asked for yet, the two buttons of an output and a change of settings.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gostream::app::App;
use gostream::app::config::{Config, Destination, Listen, Project};
use gostream::format::flv::{TagKind, Tags};
use gostream::net::{Transport, flush, step};
use gostream::push::{Output, OutputState, Reason};
use gostream::rtmp::{Client, ClientConfig, ClientEvent, Limits, MessageType, RtmpUrl, SharedMessage, csid};
use gostream::stream::{PlaybackId, StreamId, StreamKey};

/// How long anything may take before it counts as a hang.
const GUARD: Duration = Duration::from_secs(30);
const CHUNK_SIZE: u32 = 4_096;

fn local(port: u16) -> Listen {
    Listen::At(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn project(id: &str, key: &str, destinations: Vec<Destination>) -> Project {
    Project {
        name: id.to_owned(),
        stream_key: StreamKey::new(key),
        playback_id: PlaybackId::parse(id).expect("a good id"),
        hold: None,
        destinations,
    }
}

fn destination(name: &str, port: u16) -> Destination {
    Destination {
        name: name.to_owned(),
        url: format!("rtmp://127.0.0.1:{port}/live"),
        stream_key: StreamKey::new("far"),
        ..Destination::default()
    }
}

async fn start(rtmp: u16, projects: Vec<Project>) -> App {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut config = Config { projects, data_dir: folder.path().to_owned(), ..Config::default() };
    config.rtmp.listen = local(rtmp);
    config.http.listen = local(0);
    config.metrics.listen = local(0);
    // An hour: what is tried again in this test is tried because somebody asked.
    config.relay.retry_min = Duration::from_secs(3_600);
    config.relay.retry_max = Duration::from_secs(3_600);
    let mut app = App::start(&config).await.expect("free ports");
    app.ready().await.expect("ready");
    // The files stay open, and nobody needs their names any more.
    drop(folder);
    app
}

/// A port where nothing listens.
fn free_port() -> u16 {
    let socket = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    socket.local_addr().expect("bound").port()
}

/// Publishes the demo's clip to `app` until the task is dropped.
async fn publish(addr: SocketAddr, key: &str) {
    let url = RtmpUrl::parse(&format!("rtmp://{addr}/live"), key).expect("an address");
    let transport = Transport::plain(tokio::net::TcpStream::connect(addr).await.expect("it listens"));
    let mut client = Client::new(ClientConfig { url, chunk_size: CHUNK_SIZE, limits: Limits::default() }, 1);
    let stream_id = loop {
        flush(&transport, &mut client).await.expect("open");
        if let Some(ClientEvent::Publishing { stream_id }) = client.poll_event() {
            break stream_id;
        }
        step(&transport, &mut client).await.expect("open");
    };
    let clip = Bytes::from_static(include_bytes!("../src/app/demo/clip.flv"));
    let began = Instant::now();
    for round in 0.. {
        for tag in Tags::new(&clip).expect("a clip") {
            let tag = tag.expect("a whole clip");
            let (csid, type_id) = match tag.kind {
                TagKind::Audio => (csid::AUDIO, MessageType::AUDIO),
                TagKind::Video => (csid::VIDEO, MessageType::VIDEO),
                _ => (csid::STREAM, MessageType::DATA),
            };
            let millis = round * 10_000 + tag.millis;
            tokio::time::sleep_until((began + Duration::from_millis(millis.into())).into()).await;
            let message = SharedMessage::new(csid, type_id, &[], tag.body);
            for piece in message.remainder(message.header(millis, stream_id), CHUNK_SIZE, 0) {
                transport.write_all(&piece).await.expect("open");
            }
        }
    }
}

fn output(app: &App, id: &str) -> Arc<Output> {
    let outputs = app.engine.supervisor.outputs();
    outputs.into_iter().find(|output| output.destination.id.as_str() == id).expect("declared")
}

async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + GUARD;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_now_ends_a_long_wait() {
    let port = free_port();
    let near = start(0, vec![project("near", "key", vec![destination("Far", port)])]).await;
    let addr = near.addresses.rtmp.expect("it listens");
    let published = tokio::spawn(publish(addr, "key"));
    let far = output(&near, "far");
    until("refused", || far.status().reason == Some(Reason::TcpRefused)).await;
    assert!(matches!(far.status().state, OutputState::Retrying { attempt: 1, .. }), "{:?}", far.status());
    let server = start(port, vec![project("far", "far", Vec::new())]).await;
    far.retry_now();
    until("sending", || far.status().state == OutputState::Sending).await;
    until("bytes on their way", || far.stats.sent_packets.get() > 50).await;
    assert_eq!((far.status().reason, far.reconnects.get()), (None, 1));
    published.abort();
    assert!(near.drain().await && server.drain().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn editing_one_destination_disturbs_no_other() {
    let far = start(0, vec![project("a", "far", Vec::new()), project("b", "other", Vec::new())]).await;
    let port = far.addresses.rtmp.expect("it listens").port();
    let mut other = destination("Other", port);
    other.stream_key = StreamKey::new("other");
    let near = start(0, vec![project("near", "key", vec![destination("Far", port), other])]).await;
    let published = tokio::spawn(publish(near.addresses.rtmp.expect("it listens"), "key"));
    let (kept, gone) = (output(&near, "far"), output(&near, "other"));
    for output in [&kept, &gone] {
        until("sending", || output.status().state == OutputState::Sending).await;
    }
    let stream = near.engine.registry.get(&StreamId::new("near")).expect("declared");
    near.engine.supervisor.apply(&stream, vec![kept.destination.clone()]);
    until("stopped", || gone.status().state == OutputState::Disabled).await;
    let sent = kept.stats.sent_packets.get();
    until("more", || kept.stats.sent_packets.get() > sent + 50).await;
    assert_eq!((kept.status().state, kept.reconnects.get()), (OutputState::Sending, 0));
    published.abort();
    assert!(near.drain().await && far.drain().await);
}
