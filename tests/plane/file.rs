//! Projects of the configuration file, edited while they are on the air.

use serde_json::{Value, json};

use crate::database::Database;
use crate::node::Node;
use crate::people::{Person, eventually};
use crate::studio::{Studio, longest_step};
use crate::support::machines::{Feed, SILENT, Show, Sink};
use crate::support::process::Signal;

const KEY: &str = "key-of-the-sunday-show-0123456789";
const NEXT_KEY: &str = "another-key-of-the-sunday-show-0123";
const VIDEO: u8 = 9;
const AUDIO: u8 = 8;

/// The file in the making.
struct File<'a> {
    name: &'a str,
    key: &'a str,
    one: &'a Sink,
    two: &'a Sink,
    two_enabled: bool,
}

impl File<'_> {
    fn text(&self) -> String {
        let Self { name, key, one, two, two_enabled } = self;
        let (one, two) = (one.url(), two.url());
        format!(
            "[[project]]\nname = \"{name}\"\nstream_key = \"{key}\"\nplayback_id = \"sunday\"\n\
             [[project.destination]]\nname = \"One\"\nurl = \"{one}\"\nstream_key = \"key-of-one\"\n\
             [[project.destination]]\nname = \"Two\"\nurl = \"{two}\"\nstream_key = \"key-of-two\"\n\
             enabled = {two_enabled}\n"
        )
    }
}

/// Has the process read its file again, and waits until it says how that went.
async fn read_again(node: &mut Node, said: &str) {
    let count = |node: &Node| {
        node.lines()
            .iter()
            .filter(|line| line["message"].as_str().is_some_and(|text| text.contains(said)))
            .count()
    };
    let before = count(node);
    node.process().signal(Signal::Hup);
    eventually(said, || count(node) > before).await;
}

/// Whether pictures are arriving at the last publish.
fn arrives(sink: &Sink) -> bool {
    sink.publishes().last().is_some_and(|publish| publish.media.len() > 20)
}

pub(crate) async fn a_file_that_is_edited_during_a_show_touches_what_changed_alone(database: Database) {
    const DONE: &str = "SIGHUP: the declared projects are as in the file";
    let (one, two, three) = (Sink::start(SILENT), Sink::start(SILENT), Sink::start(SILENT));
    let before = File { name: "Sunday", key: KEY, one: &one, two: &two, two_enabled: true };
    let mut node = Node::new(database, &before.text());
    node.start();
    let ada = Person::set_up(&node, &node.printed_link()).await;
    let _studio = Studio::opens(&node.rtmp(KEY));
    eventually("pictures at both", || arrives(&one) && arrives(&two)).await;
    let encoder = ada.get("/ingest/connections").await["items"][0]["id"].clone();
    let project = ada.get("/projects").await["items"][0].clone();
    assert_eq!((&project["name"], &project["declared"]), (&json!("Sunday"), &json!(true)));

    // Another name and another place for Two.
    let moved = File { name: "Sunday — 日曜日", two: &three, ..before };
    node.configure(&moved.text());
    read_again(&mut node, DONE).await;
    eventually("pictures at the new place", || arrives(&three)).await;
    eventually("a goodbye at the old", || two.publishes()[0].goodbye).await;
    assert_eq!(ada.get("/projects").await["items"][0]["name"], "Sunday — 日曜日");

    // Another key: who publishes goes on, and nobody comes in with the old one.
    let rekeyed = File { key: NEXT_KEY, ..moved };
    node.configure(&rekeyed.text());
    read_again(&mut node, DONE).await;
    let late = Feed::start(&node.rtmp(KEY), Show::h264());
    eventually("the old key to be refused", || late.is_over()).await;

    // A file that is wrong is said, and nothing changes.
    node.configure(&format!("{}[[project]]\nnam = 1\n", rekeyed.text()));
    read_again(&mut node, "SIGHUP: the configuration is not used").await;
    let states = |outputs: &Value| {
        let all = outputs["items"].as_array().expect("a list").iter();
        all.map(|output| output["state"].as_str().expect("a word").to_owned()).collect::<Vec<_>>()
    };
    let outputs = format!("/projects/{}/outputs", project["id"].as_str().expect("an id"));
    assert_eq!(states(&ada.get(&outputs).await), ["sending", "sending"]);

    // Two is switched off.
    node.configure(&File { two_enabled: false, ..rekeyed }.text());
    read_again(&mut node, DONE).await;
    ada.until("Two to be off", &outputs, |shown| states(shown) == ["sending", "disabled"]).await;
    eventually("its goodbye", || three.publishes()[0].goodbye).await;

    // Nobody else noticed any of it.
    assert_eq!(ada.get("/ingest/connections").await["items"][0]["id"], encoder, "the encoder");
    assert_eq!((one.connections(), two.connections(), three.connections()), (1, 1, 1));
    let publish = &one.publishes()[0];
    for type_id in [VIDEO, AUDIO] {
        let step = longest_step(publish, type_id);
        assert!(step <= 200, "a gap of {step} ms at One");
    }
    assert!(!node.log().contains(KEY) && !node.log().contains(NEXT_KEY));
}

/// A show of the file with what it may say of a destination, on the air.
pub(crate) async fn a_file_takes_renames_forms_and_goodbyes_during_a_show(database: Database) {
    const DONE: &str = "SIGHUP: the declared projects are as in the file";
    let (one, two) = (Sink::start(SILENT), Sink::start(SILENT));
    let project = |hold: &str, destinations: &[(&str, &Sink, &str)]| {
        let mut text = format!(
            "[[project]]\nname = \"Sunday\"\nstream_key = \"{KEY}\"\nplayback_id = \"sunday\"\n{hold}"
        );
        for (name, sink, more) in destinations {
            let url = sink.url();
            text += &format!(
                "[[project.destination]]\nname = \"{name}\"\nurl = \"{url}\"\nstream_key = \"key-at-the-sink\"\n{more}"
            );
        }
        text
    };
    let mut node = Node::new(database, &project("", &[("One", &one, ""), ("Two", &two, "")]));
    node.start();
    let ada = Person::set_up(&node, &node.printed_link()).await;
    let studio = Studio::opens(&node.rtmp(KEY));
    eventually("pictures at both", || arrives(&one) && arrives(&two)).await;
    let shown = ada.get("/projects").await["items"][0].clone();
    let path = format!("/projects/{}", shown["id"].as_str().expect("an id"));
    let all = async || ada.get(&format!("{path}/destinations")).await["items"].clone();
    let ids = all().await;

    // Another name alone: it is the same destination, over the same connection. And what it takes at most.
    let limits = "limits = { bitrate_max_bits = 20000, keyframe_max = \"2s\" }\n";
    node.configure(&project("hold = \"2s\"\n", &[("Uno", &one, limits), ("Two", &two, "")]));
    read_again(&mut node, DONE).await;
    let after = all().await;
    assert_eq!((&after[0]["id"], &after[1]["id"]), (&ids[0]["id"], &ids[1]["id"]));
    assert_eq!((&after[0]["name"], &after[0]["output"]["state"]), (&json!("Uno"), &json!("sending")));
    assert_eq!(after[0]["limits"], json!({ "bitrate_max_bits": 20_000, "keyframe_max_s": 2.0 }));
    assert_eq!((one.connections(), two.connections()), (1, 1), "a name is no reason to connect anew");
    assert_eq!(ada.get(&path).await["hold_s"], json!(2.0));

    // How it is sent to: that one connects anew, and the other does not.
    let form = "chunk_size = 1024\ncodecs = [\"h264\", \"aac\"]\n";
    node.configure(&project("hold = \"2s\"\n", &[("Uno", &one, ""), ("Two", &two, form)]));
    read_again(&mut node, DONE).await;
    eventually("Two anew", || two.connections() == 2 && arrives(&two)).await;
    let after = all().await;
    assert_eq!((&after[1]["chunk_size"], &after[1]["codecs"]), (&json!(1_024), &json!(["h264", "aac"])));
    assert_eq!(after[1]["id"], ids[1]["id"]);

    // Two is gone, with a goodbye.
    node.configure(&project("hold = \"2s\"\n", &[("Uno", &one, "")]));
    read_again(&mut node, DONE).await;
    eventually("its goodbye", || two.publishes()[1].goodbye).await;
    assert_eq!(all().await.as_array().map(Vec::len), Some(1));
    assert_eq!(one.connections(), 1);
    let step = longest_step(&one.publishes()[0], VIDEO);
    assert!(step <= 200, "a gap of {step} ms at One");

    // The project leaves the file: its show ends, in words, and nobody comes in.
    node.configure("");
    read_again(&mut node, DONE).await;
    eventually("the last goodbye", || one.publishes()[0].goodbye).await;
    drop(studio);
    let late = Feed::start(&node.rtmp(KEY), Show::h264());
    eventually("the key to be refused", || late.is_over()).await;
    assert_eq!(one.connections(), 1);
}
