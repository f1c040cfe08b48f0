//! Publishes the built-in clip over RTMP as an encoder would: paced by its own timestamps, again and again.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::format::flv::{Tag, TagKind, Tags};
use crate::net::{Step, Transport, flush, step};
use crate::rtmp::{Client, ClientConfig, ClientEvent, Limits, MessageType, RtmpUrl, SharedMessage, csid};
use crate::stream::StreamKey;

/// The clip: ten seconds of H.264 and AAC, made for this with a test pattern and a tone.
static CLIP: &[u8] = include_bytes!("clip.flv");
/// Its length, so that the loop's timestamps go on evenly.
const CLIP_MILLIS: u32 = 10_000;
/// Our chunk size: every message of the clip fits in few chunks.
const CHUNK_SIZE: u32 = 4_096;

/// Publishes until the connection ends, which is always an error; says first from where, and keeps what it gets for that
/// until then.
pub(super) async fn publish<T>(
    url: &str,
    key: &StreamKey,
    told: impl FnOnce(SocketAddr) -> T,
) -> anyhow::Result<()> {
    let url = RtmpUrl::parse(url, key.expose())?;
    let tcp = TcpStream::connect((url.host.as_str(), url.port)).await?;
    let _kept = told(tcp.local_addr()?);
    let transport = Transport::plain(tcp);
    let config = ClientConfig { url, chunk_size: CHUNK_SIZE, limits: Limits::default() };
    let mut client = Client::new(config, fastrand::u64(..));
    let stream_id = started(&transport, &mut client).await?;
    let began = Instant::now();
    let mut round: u32 = 0;
    loop {
        for tag in Tags::new(&Bytes::from_static(CLIP))? {
            let tag = tag?;
            // Headers come once; the sequence repeats for ever, so they would do no harm, and say nothing new.
            let timestamp = round.wrapping_mul(CLIP_MILLIS).wrapping_add(tag.millis);
            let due = began + Duration::from_millis(u64::from(timestamp));
            listen_until(due, &transport, &mut client).await?;
            send(&transport, stream_id, timestamp, &tag).await?;
        }
        round = round.wrapping_add(1);
    }
}

async fn started(transport: &Transport, client: &mut Client) -> anyhow::Result<u32> {
    loop {
        flush(transport, client).await?;
        match client.poll_event() {
            Some(ClientEvent::Publishing { stream_id }) => return Ok(stream_id),
            Some(event) => anyhow::bail!("not accepted: {event:?}"),
            None => {}
        }
        anyhow::ensure!(step(transport, client).await? == Step::Fed, "closed");
    }
}

/// Reads what the server says until it is time for the next frame.
async fn listen_until(due: Instant, transport: &Transport, client: &mut Client) -> anyhow::Result<()> {
    while let Ok(stepped) = tokio::time::timeout_at(due, step(transport, client)).await {
        anyhow::ensure!(stepped? == Step::Fed, "closed");
        flush(transport, client).await?;
        if let Some(event) = client.poll_event() {
            anyhow::bail!("told to stop: {event:?}");
        }
    }
    Ok(())
}

async fn send(transport: &Transport, stream_id: u32, timestamp: u32, tag: &Tag) -> anyhow::Result<()> {
    let (csid, type_id) = match tag.kind {
        TagKind::Audio => (csid::AUDIO, MessageType::AUDIO),
        TagKind::Video => (csid::VIDEO, MessageType::VIDEO),
        TagKind::Script => (csid::STREAM, MessageType::DATA),
        _ => return Ok(()),
    };
    let message = SharedMessage::new(csid, type_id, &[], tag.body.clone());
    for piece in message.remainder(message.header(timestamp, stream_id), CHUNK_SIZE, 0) {
        transport.write_all(&piece).await?;
    }
    Ok(())
}
