//! A show that is on the air and sent to one destination, and what the destination may say of it afterwards.

use serde_json::{Value, json};

use crate::node::Node;
use crate::people::{Person, eventually, id};
use crate::studio::longest_step;
use crate::support::machines::{Feed, SILENT, Show, Sink};

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;

/// The longest step between two packets of one kind, milliseconds: two frames, and what a busy machine adds.
const STEP_MAX: u32 = 100;

/// The show; it ends when this is dropped.
pub(crate) struct Sent {
    pub(crate) ada: Person,
    pub(crate) project: Value,
    /// The project's, below the API.
    pub(crate) path: String,
    sink: Sink,
    show: Show,
    _feed: Feed,
}

impl Sent {
    /// Sets a server up for one person, one project and one destination, and waits for the show there.
    pub(crate) async fn by(node: &Node) -> Self {
        let ada = Person::set_up(node, &node.printed_link()).await;
        let (project, key) = ada.told_once("/projects", json!({ "name": "Show" }), "stream_key").await;
        let (path, sink) = (format!("/projects/{}", id(&project)), Sink::start(SILENT));
        let asked = json!({ "name": "Sink", "url": sink.url(), "stream_key": "key" });
        ada.post(&format!("{path}/destinations"), asked).await.is(201);
        let show = Show::h264();
        let feed = Feed::start(&node.rtmp(&key), show.clone());
        let sent = Self { ada, project, path, sink, show, _feed: feed };
        eventually("the show at the destination", || sent.arrived() > 50).await;
        sent
    }

    /// Packets that came to the destination.
    pub(crate) fn arrived(&self) -> usize {
        self.sink.publishes().first().map_or(0, |publish| publish.media.len())
    }

    /// Over one connection every frame came, in order, in its time.
    pub(crate) fn lost_nothing(&self) {
        assert_eq!(self.sink.connections(), 1);
        let publish = &self.sink.publishes()[0];
        for type_id in [AUDIO, VIDEO] {
            let frames = publish.bodies(type_id).into_iter().map(<[u8]>::to_vec);
            let frames: Vec<_> = frames.filter(|body| body.get(1) == Some(&1)).collect();
            assert!(frames.len() > 50, "{} frames", frames.len());
            assert!(self.show.has_run(type_id, &frames), "{} frames, not in a row", frames.len());
            let step = longest_step(publish, type_id);
            assert!(step <= STEP_MAX, "a gap of {step} ms");
        }
    }
}
