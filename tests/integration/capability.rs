//! What destinations take: codings, tracks, and a server that asks its publisher to come back elsewhere.

use std::time::Duration;

use gostream::rtmp::MessageType;

use crate::support::engine::{Gostream, PLAYBACK};
use crate::support::machines::{Feed, SILENT, Show, Sink, Tag, Viewer};
use crate::support::process::Signal;
use crate::support::{eventually, let_flow, until};

const VIDEO: u8 = MessageType::VIDEO;
const AUDIO: u8 = MessageType::AUDIO;

/// Whether people were told this of an output.
fn told(engine: &Gostream, reason: &str, begin: &str) -> bool {
    engine.logged(|line| {
        line["reason"] == reason && line["detail"].as_str().is_some_and(|detail| detail.starts_with(begin))
    })
}

/// Waits until the last publish of a sink holds so many bodies that begin so.
fn until_has(sink: &Sink, type_id: u8, begin: &[u8], count: usize) {
    until(&format!("{count} bodies that begin with {begin:02x?}"), || {
        sink.publishes().last().is_some_and(|publish| publish.count(type_id, begin) >= count)
    });
}

#[test]
fn a_platform_is_not_even_connected_to_with_a_codec_it_does_not_take() {
    let sink = Sink::start(&[]);
    let engine = Gostream::config()
        .destination_with("one", &sink.url(), "key", &[("platform", "twitch".into())])
        .start();
    let feed = Feed::start(&engine.publish_url(), Show::vp9());
    engine.until_output("one", "failed");
    let said = "Twitch takes H.264 video only, and the encoder sends VP9: set the encoder to H.264, or ";
    assert!(told(&engine, "codec_unsupported", said), "{}", engine.log_text());
    assert_eq!(sink.connections(), 0);

    // The encoder is set right: the output comes back by itself.
    feed.switch(Show::h264());
    engine.until_output("one", "sending");
    until_has(&sink, VIDEO, &[0x27], 10);

    // And wrong again in the middle: it ends in words, before a byte that Twitch cannot read.
    feed.switch(Show::vp9());
    engine.until_output("one", "failed");
    until("the goodbye", || sink.publishes()[0].goodbye);
    feed.switch(Show::h264());
    engine.until_output("one", "sending");
    until("the second publish", || sink.publishes().len() == 2);
    until_has(&sink, VIDEO, &[0x27], 10);
    let publishes = sink.publishes();
    let first = publishes
        .iter()
        .map(|publish| publish.bodies(VIDEO))
        .find(|bodies| bodies.iter().any(|body| !matches!(body[0], 0x17 | 0x27)));
    assert_eq!(first, None, "nothing but H.264 in the form that everybody reads");
    assert!(publishes.iter().all(|publish| publish.bodies(VIDEO)[0].starts_with(&[0x17, 0])));
}

#[test]
fn an_encoder_that_cannot_decide_does_not_have_the_server_called_at_each_of_its_changes() {
    let sink = Sink::start(&[]);
    let codecs = toml::Value::Array(vec!["h264".into(), "aac".into()]);
    let engine = Gostream::config()
        .set("relay.retry_min", "4s")
        .set("relay.retry_max", "4s")
        .destination_with("one", &sink.url(), "key", &[("codecs", codecs)])
        .start();
    let feed = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_output("one", "sending");
    for _ in 0..10 {
        feed.switch(Show::vp9());
        let_flow(Duration::from_millis(250));
        feed.switch(Show::h264());
        let_flow(Duration::from_millis(250));
    }
    // It was right ten times, and two seconds at least lie before each call but the first.
    assert!(sink.connections() <= 4, "{} calls", sink.connections());
    engine.until_output("one", "sending");
    until_has(&sink, VIDEO, &[0x27], 10);
}

#[test]
fn a_server_that_names_what_it_takes_is_believed() {
    let sink = Sink::start(&[(b"vp09", b"none")]);
    let engine = Gostream::config().destination("one", &sink.url(), "key").start();
    let feed = Feed::start(&engine.publish_url(), Show::vp9());
    engine.until_output("one", "failed");
    assert!(told(
        &engine,
        "codec_unsupported",
        "The server says that it takes H.264, HEVC or AV1 video only"
    ));
    until("the goodbye", || sink.publishes()[0].goodbye);
    assert!(sink.publishes()[0].media.is_empty(), "not a byte of it was sent");
    let_flow(Duration::from_secs(2));
    assert_eq!(sink.connections(), 1, "it is not asked again while nothing changes");
    feed.switch(Show::h264());
    engine.until_output("one", "sending");
    until_has(&sink, VIDEO, &[0x27], 10);
}

#[test]
fn a_server_that_names_nothing_gets_what_came_unless_its_owner_says_otherwise() {
    let (silent, legacy) = (Sink::start(SILENT), Sink::start(SILENT));
    let codecs = toml::Value::Array(vec!["h264".into(), "aac".into()]);
    let engine = Gostream::config()
        .destination("silent", &silent.url(), "key")
        .destination_with("legacy", &legacy.url(), "key", &[("codecs", codecs)])
        .start();
    let _feed = Feed::start(&engine.publish_url(), Show::vp9());
    engine.until_output("legacy", "failed");
    until_has(&silent, VIDEO, b"\xA1vp09", 10);
    let publishes = silent.publishes();
    let begins: Vec<_> = publishes[0].bodies(VIDEO).iter().take(3).map(|body| body[0]).collect();
    assert_eq!(
        begins,
        [0xD4, 0x90, 0x91],
        "colours, header and keyframe, also for a reader that comes later"
    );
    assert_eq!(legacy.connections(), 0);
    assert!(told(&engine, "codec_unsupported", "This destination's codecs allow H.264 video only"));
}

#[test]
fn each_destination_gets_the_tracks_that_are_meant_for_it() {
    let show = Show::multitrack();
    let (single, chosen, all) = (Sink::start(SILENT), Sink::start(&[]), Sink::start(&[]));
    let tracks: &[(&str, toml::Value)] = &[("video_track", 1.into()), ("audio_track", 1.into())];
    let engine = Gostream::config()
        .destination("single", &single.url(), "key")
        .destination_with("chosen", &chosen.url(), "key", tracks)
        .destination("all", &all.url(), "key")
        .start();
    let _feed = Feed::start(&engine.publish_url(), show.clone());
    for sink in [&single, &chosen, &all] {
        until_has(sink, VIDEO, &[0x27, 1], 20);
    }
    let wrapped = |publish: &crate::support::machines::Publish| {
        publish.bodies(VIDEO).iter().filter(|body| matches!(body[0], 0x96 | 0xA6)).count()
            + publish.bodies(AUDIO).iter().filter(|body| body[0] == 0x95).count()
    };
    assert_eq!(wrapped(&single.publishes()[0]), 0, "a server of one track gets one");
    assert_eq!(single.publishes()[0].count(AUDIO, &[0x90]), 0);
    until("the other tracks", || wrapped(&all.publishes()[0]) > 20);

    // Plain, with its own header: what the encoder sent behind the wrapper.
    let publishes = chosen.publishes();
    assert_eq!(wrapped(&publishes[0]), 0);
    let pictures = publishes[0].bodies(VIDEO);
    let header = show.tags.iter().find(|tag| tag.body.starts_with(b"\x96\0avc1\x01")).expect("it is there");
    assert_eq!(pictures[0], [&[0x17, 0, 0, 0, 0], &header.body[7..]].concat());
    let key = show.tags.iter().find(|tag| tag.body.starts_with(b"\x96\x01avc1\x01")).expect("it is there");
    assert_eq!(pictures[1], [&[0x17, 1], &key.body[7..]].concat());
    let sound = publishes[0].bodies(AUDIO);
    assert!(sound[0].starts_with(b"\x90OpusOpusHead") && sound[1].starts_with(b"\x94Opus\x01\x02"));
    assert!(sound[2..].iter().all(|body| body.starts_with(b"\x91Opus")), "of one track of sound");
}

#[test]
fn extensions_frame_types_and_shared_messages_of_an_encoder_are_straightened_out() {
    let (single, all) = (Sink::start(SILENT), Sink::start(&[]));
    let engine = Gostream::config()
        .destination("single", &single.url(), "key")
        .destination("all", &all.url(), "key")
        .start();
    // Frames of no type behind two extensions, one of them unknown, as a track of their own besides: ManyTracks.
    let odd = Show::vp9().map_video(|body| match body[0] {
        0xD4 => body.to_vec(),
        first => {
            let size = u32::try_from(body.len() - 5).expect("short").to_be_bytes();
            let head = [0x87, 2, 3, 0xD0, 0x90, 0x07, 0, 0xEE, 0x56, 0x10 | first & 0x0F];
            let track = |id: u8| [&[id], &size[1..], &body[5..]].concat();
            [&head[..], b"vp09", &track(0), &track(7)].concat()
        }
    });
    let _feed = Feed::start(&engine.publish_url(), odd);
    until_has(&single, VIDEO, b"\xA1vp09", 10);
    until_has(&single, VIDEO, b"\x91vp09", 3);
    let of_many = |begin: &[u8]| all.publishes().last().map_or(0, |publish| publish.count(VIDEO, begin));
    until("the other track", || of_many(b"\xA6\x01vp09\x07") > 10);
    assert!(of_many(b"\x96\x01vp09\x07") > 0 && of_many(b"\xA1vp09") > 0);
    let publishes = single.publishes();
    let begins =
        |body: &&[u8]| matches!(body[0], 0xD4 | 0x90 | 0x91 | 0xA1) && body[1..].starts_with(b"vp09");
    assert!(publishes[0].bodies(VIDEO).iter().all(begins), "no track but the default one, and no extension");
}

#[test]
fn an_unknown_coding_of_pictures_leaves_the_sound() {
    let sink = Sink::start(&[]);
    let engine = Gostream::config().destination("one", &sink.url(), "key").start();
    let unknown = Show::h264().map_video(|body| [&[0x81], &b"zzzz"[..], body].concat());
    let _feed = Feed::start(&engine.publish_url(), unknown);
    until_has(&sink, AUDIO, &[0xAF, 1], 10);
    assert!(sink.publishes()[0].bodies(VIDEO).is_empty());
    assert!(engine.count("gostream_refused_frames_total", &[("reason", "unsupported_codec")]) > 1.0);
}

#[test]
fn an_end_at_time_0_and_a_seek_command_change_nothing() {
    let sink = Sink::start(&[]);
    let engine = Gostream::config().destination("one", &sink.url(), "key").start();
    let mut show = Show::vp9();
    let round = show.tags.len();
    for (at, body) in [(round, &b"\xA2vp09"[..]), (round / 2, b"\xD1\0")] {
        let end = Tag { type_id: VIDEO, millis: 0, body: body.to_vec().into() };
        show.tags.insert(at, end);
    }
    let _feed = Feed::start(&engine.publish_url(), show);
    until_has(&sink, VIDEO, b"\xA1vp09", 40);
    let publishes = sink.publishes();
    let times: Vec<_> = publishes[0].media.iter().map(|media| media.timestamp).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(publishes.len(), 1);
    assert!((engine.count("gostream_stream_discontinuities_total", &[])).abs() < 0.5);
}

#[test]
fn a_viewer_who_comes_later_is_told_of_colours_and_channels() {
    let engine = Gostream::start();
    let feed = Feed::start(&engine.publish_url(), Show::vp9());
    engine.until_stream("live");
    let_flow(Duration::from_secs(1));
    let viewer = Viewer::start(engine.address("rtmp"), PLAYBACK);
    let begins = || {
        let places = [&b"\xD4vp09\x02\0\x09colorInfo"[..], b"\x90vp09", b"\x91vp09"];
        let places = places.map(|bytes| viewer.place(bytes));
        places.iter().all(Option::is_some).then_some(places)
    };
    assert!(eventually("colours, header and a keyframe", begins).is_sorted());
    feed.switch(Show::multitrack());
    until("which channel of the second sound is which", || {
        viewer.place(b"\x95\x04Opus\x01\x01\x02").is_some()
    });
}

#[test]
fn a_track_that_is_not_there_is_waited_for_and_then_named() {
    let sink = Sink::start(&[]);
    let engine =
        Gostream::config().destination_with("one", &sink.url(), "key", &[("video_track", 1.into())]).start();
    let feed = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_output("one", "failed");
    assert!(told(&engine, "track_missing", "The encoder sends no video track 1 but 0: set video_track"));
    assert_eq!(sink.connections(), 0);
    feed.switch(Show::multitrack());
    engine.until_output("one", "sending");
    until_has(&sink, VIDEO, &[0x27, 1], 10);
}

#[test]
fn a_server_that_asks_is_left_for_another_connection_at_a_keyframe_without_a_gap() {
    let (sink, show) = (Sink::start(&[]), Show::h264());
    let engine = Gostream::config().destination("one", &sink.url(), "key").start();
    let _feed = Feed::start(&engine.publish_url(), show.clone());
    until_has(&sink, VIDEO, &[0x27, 1], 30);
    // A path, as an address of the same server.
    sink.ask_to_move("/live");
    until("the second publish", || sink.publishes().len() == 2);
    until_has(&sink, VIDEO, &[0x27, 1], 30);
    until("the goodbye", || sink.publishes()[0].goodbye);
    let publishes = sink.publishes();
    for type_id in [VIDEO, AUDIO] {
        let header = if type_id == VIDEO { [0x17, 0] } else { [0xAF, 0] };
        let frames = |at: usize| {
            let bodies = publishes[at].bodies(type_id);
            assert!(bodies[0].starts_with(&header), "headers come first");
            bodies.into_iter().filter(|body| body[1] != 0).map(<[u8]>::to_vec).collect::<Vec<_>>()
        };
        let seam = [frames(0).split_off(frames(0).len() - 4), frames(1)[..4].to_vec()].concat();
        assert!(show.has_run(type_id, &seam), "something is missing or sent twice");
    }
    assert_eq!(publishes[1].media[0].timestamp, 0);
    assert!(engine.output_is("one", "sending"));
    let labels = [("stream", PLAYBACK), ("output", "one")];
    assert!((engine.count("gostream_output_reconnects_total", &labels) - 1.0).abs() < 0.1);
    assert!(!engine.logged(|line| line["message"] == "output failed, will retry"));
    drop(publishes);
    // One request too many, and one that leads nowhere.
    sink.ask_to_move("/live");
    until("the request to be ignored", || {
        engine.logged(|line| line["message"].as_str().is_some_and(|said| said.ends_with("just now; staying")))
    });
    assert_eq!(sink.publishes().len(), 2);
}

#[test]
fn a_key_that_is_still_in_use_is_asked_for_again_until_it_is_free() {
    // What a platform says that has not noticed the end of our former connection.
    let sink = Sink::busy(&[], 2);
    let engine = Gostream::config()
        .set("relay.retry_min", "200ms")
        .set("relay.retry_max", "500ms")
        .destination("one", &sink.url(), "key")
        .start();
    let _feed = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_output("one", "retrying");
    assert!(engine.logged(|line| line["reason"] == "publish_rejected"), "{}", engine.log_text());
    let asked = sink.connections();
    let_flow(Duration::from_secs(3));
    assert!(sink.connections() <= asked + 1, "a refusal is not answered by a tight loop");
    engine.until_output("one", "sending");
    until_has(&sink, VIDEO, &[0x27, 1], 10);
    assert_eq!(sink.connections(), 3);
}

#[test]
fn a_viewer_who_names_no_coding_is_sent_what_there_is() {
    let engine = Gostream::start();
    let _feed = Feed::start(&engine.publish_url(), Show::vp9());
    engine.until_stream("live");
    let viewer = Viewer::plain(engine.address("rtmp"), PLAYBACK);
    until("pictures", || viewer.place(b"\xA1vp09").is_some());
    assert!(viewer.place(b"\x90vp09") < viewer.place(b"\xA1vp09"));
}

#[test]
fn a_server_cannot_lead_astray() {
    let sink = Sink::start(&[]);
    let engine = Gostream::config().destination("one", &sink.url(), "key").start();
    let _feed = Feed::start(&engine.publish_url(), Show::h264());
    until_has(&sink, VIDEO, &[0x27, 1], 5);
    sink.ask_to_move("http://127.0.0.1/live");
    until("the address to be refused", || {
        engine.logged(|line| line["message"] == "the server asks to connect elsewhere; staying")
    });
    // Nobody is there: the old connection goes on.
    sink.ask_to_move("rtmp://127.0.0.1:1/live");
    until("a failed attempt", || {
        engine.logged(|line| line["message"] == "cannot connect again yet; staying")
    });
    let sent = sink.publishes()[0].media.len();
    until("more media", || sink.publishes()[0].media.len() > sent + 50);
    assert!(engine.output_is("one", "sending"));
}

#[test]
fn a_drain_asks_publishers_that_know_how_to_connect_elsewhere_and_waits_for_them() {
    let sink = Sink::start(&[]);
    let mut engine =
        Gostream::config().set("drain_timeout", "20s").destination("one", &sink.url(), "key").start();
    let feed = Feed::start(&engine.publish_url(), Show::h264());
    until_has(&sink, VIDEO, &[0x27, 1], 5);
    engine.process().signal(Signal::Term);
    until("the request", || feed.was_asked_to_move());
    let taken = sink.publishes()[0].media.len();
    until("its media to be taken still", || sink.publishes()[0].media.len() > taken + 50);
    assert!(!feed.is_over());
    drop(feed);
    assert_eq!(engine.process().wait().code(), Some(0));
    assert!(sink.publishes()[0].goodbye);
}

#[test]
fn a_drain_asks_viewers_too() {
    let mut engine = Gostream::config().set("drain_timeout", "20s").start();
    let feed = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_stream("live");
    let viewer = Viewer::start(engine.address("rtmp"), PLAYBACK);
    until("media", || viewer.place(&[0x27, 1]).is_some());
    engine.process().signal(Signal::Term);
    until("the request", || viewer.place(b"NetConnection.Connect.ReconnectRequest").is_some());
    assert_eq!(viewer.place(b"NetStream.Play.UnpublishNotify"), None, "it has time to go");
    drop(viewer);
    drop(feed);
    assert_eq!(engine.process().wait().code(), Some(0));
}

#[test]
fn a_drain_does_not_wait_for_ever_for_publishers_that_stay() {
    let mut engine = Gostream::config().set("drain_timeout", "2s").start();
    let feed = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_stream("live");
    engine.process().signal(Signal::Term);
    assert_eq!(engine.process().wait().code(), Some(0));
    assert!(feed.was_asked_to_move());
    until("the publisher to be told", || feed.is_over());
}
