//! What holds of projects, whichever database keeps them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use gostream::app::config::{self, AllowPrivate, Config, Listen};
use gostream::app::{App, FirstProject};
use gostream::control::{DestinationChange, DestinationWish, Error, NewProject, ProjectChange};
use gostream::push::{OutputState, Reason};
use gostream::store::DestinationId;
use gostream::stream::{Admission as _, Denied, PlaybackId, PublishAttempt, StreamId, StreamKey};
use zeroize::Zeroizing;

use crate::support::Bench;

const KEY: &str = "a-long-secret-of-the-encoder";
const FAR_KEY: &str = "a-long-secret-of-the-platform";

/// A process over this database.
struct Node {
    app: App,
    first: Option<FirstProject>,
}

impl Node {
    async fn start(bench: &Bench, projects: Vec<config::Project>) -> Self {
        Self::try_start(bench, projects).await.expect("it starts")
    }

    /// With other settings, and no project in the file.
    async fn start_with(bench: &Bench, set: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        set(&mut config);
        Self::run(bench, config).await.expect("it starts")
    }

    async fn try_start(bench: &Bench, projects: Vec<config::Project>) -> anyhow::Result<Self> {
        Self::run(bench, Config { projects, ..Config::default() }).await
    }

    async fn run(bench: &Bench, mut config: Config) -> anyhow::Result<Self> {
        config.data_dir = bench.folder().to_owned();
        let local = Listen::At(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        (config.rtmp.listen, config.http.listen, config.metrics.listen) = (local, local, local);
        config.database.url = StreamKey::new(bench.url.as_str());
        let mut app = App::start(&config).await?;
        let first = app.ready().await?;
        Ok(Self { app, first })
    }

    fn publish(&self, key: &str) -> Result<StreamId, Denied> {
        let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.app.engine.directory.publish(PublishAttempt { key, query: "", from })
    }

    fn outputs(&self, stream: &str) -> Vec<(String, OutputState)> {
        let outputs = self.app.engine.supervisor.outputs_of(&StreamId::new(stream));
        outputs.iter().map(|output| (output.destination.id.to_string(), output.status().state)).collect()
    }

    /// Ends as a process that is told to; the database is left for the next one.
    async fn stop(self) {
        assert!(self.app.drain().await);
    }
}

fn project(id: &str, destinations: Vec<config::Destination>) -> config::Project {
    config::Project {
        name: id.to_owned(),
        stream_key: StreamKey::new(format!("{KEY}-{id}")),
        playback_id: PlaybackId::parse(id).expect("a good id"),
        hold: None,
        destinations,
    }
}

fn declared(name: &str) -> config::Destination {
    config::Destination {
        name: name.to_owned(),
        // Discard: nothing listens there.
        url: "rtmp://127.0.0.1:9/live".to_owned(),
        stream_key: StreamKey::new(FAR_KEY),
        ..config::Destination::default()
    }
}

fn wish(name: &str, url: &str, key: &str) -> DestinationWish {
    DestinationWish {
        name: name.to_owned(),
        url: url.to_owned(),
        stream_key: Zeroizing::new(key.to_owned()),
        enabled: true,
        ..DestinationWish::default()
    }
}

pub(crate) async fn the_first_start_makes_a_project_and_the_second_keeps_it(bench: Bench) {
    let node = Node::start(&bench, Vec::new()).await;
    let first = node.first.clone().expect("made just now");
    let stream = StreamId::new(first.playback_id.as_str());
    assert_eq!(node.publish(first.stream_key.expose()), Ok(stream.clone()));
    assert_eq!(node.publish(first.playback_id.as_str()), Err(Denied::UnknownKey));
    node.stop().await;
    let again = Node::start(&bench, Vec::new()).await;
    assert!(again.first.is_none(), "a key is shown once");
    assert_eq!(again.publish(first.stream_key.expose()), Ok(stream));
    assert_eq!(again.app.control.catalog().len(), 1);
    again.stop().await;
}

pub(crate) async fn what_the_file_declares_is_let_in_and_changed_there_alone(bench: Bench) {
    let node = Node::start(&bench, vec![project("show", vec![declared("You Tube"), declared("Two")])]).await;
    assert!(node.first.is_none());
    assert_eq!(node.publish(&format!("{KEY}-show")), Ok(StreamId::new("show")));
    let idle = |id: &str| (id.to_owned(), OutputState::Idle);
    assert_eq!(node.outputs("show"), [idle("two"), idle("you-tube")], "known by their names");
    let control = &node.app.control;
    let known = control.catalog().project_of(&StreamId::new("show")).unwrap();
    assert!(known.project.declared);
    let names: Vec<_> = known.destinations.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["You Tube", "Two"], "in the order of the file");
    let (id, key, destination) = (known.project.id, known.stream_keys[0].id, known.destinations[0].id);
    let change = ProjectChange { name: Some("Mine".to_owned()), ..ProjectChange::default() };
    assert!(matches!(control.change_project(id, None, change).await, Err(Error::Declared)));
    assert!(matches!(control.delete_project(id, None).await, Err(Error::Declared)));
    assert!(matches!(control.delete_stream_key(key, None).await, Err(Error::Declared)));
    let change = DestinationChange { enabled: Some(false), ..DestinationChange::default() };
    assert!(matches!(control.change_destination(destination, None, change).await, Err(Error::Declared)));
    node.stop().await;
}

pub(crate) async fn a_file_that_changed_is_applied_field_by_field(bench: Bench) {
    let file = |projects: &[config::Project]| gostream::app::declared(projects);
    let node = Node::start(&bench, vec![project("show", vec![declared("One"), declared("Two")])]).await;
    let control = &node.app.control;
    let stream = StreamId::new("show");
    let before = node.app.engine.supervisor.outputs_of(&stream);
    let mut two = declared("Two");
    two.url = "rtmp://127.0.0.1:9/other".to_owned();
    let mut changed = project("show", vec![two, declared("One"), declared("Three")]);
    changed.name = "Another name".to_owned();
    changed.stream_key = StreamKey::new("another-long-secret");
    control.declare(&file(&[changed.clone()])).await.unwrap();
    control.load().await.unwrap();
    let after = node.app.engine.supervisor.outputs_of(&stream);
    let same = |id: &str| {
        let find = |all: &[std::sync::Arc<gostream::push::Output>]| {
            all.iter().find(|output| output.destination.id.as_str() == id).cloned().expect("there")
        };
        std::sync::Arc::ptr_eq(&find(&before), &find(&after))
    };
    assert!(same("one"), "what is unchanged is not touched");
    assert!(!same("two"));
    assert_eq!(after.len(), 3);
    assert_eq!(node.app.engine.registry.get(&stream).unwrap().name().as_str(), "Another name");
    assert_eq!(node.publish("another-long-secret"), Ok(stream.clone()));
    assert_eq!(node.publish(&format!("{KEY}-show")), Err(Denied::UnknownKey));
    let known = control.catalog().project_of(&stream).unwrap();
    let revision = known.project.revision;
    control.declare(&file(&[changed])).await.unwrap();
    control.load().await.unwrap();
    let known = control.catalog().project_of(&stream).unwrap();
    assert_eq!(known.project.revision, revision, "the same again changes nothing");
    assert!(known.destinations.iter().all(|row| row.revision.0 <= 3), "{:?}", known.destinations);
    node.stop().await;
}

pub(crate) async fn a_project_that_left_the_file_is_set_aside_until_it_returns(bench: Bench) {
    let (one, two) = (project("one", vec![declared("Far")]), project("two", Vec::new()));
    let node = Node::start(&bench, vec![one.clone(), two.clone()]).await;
    node.stop().await;
    let node = Node::start(&bench, vec![two.clone()]).await;
    assert_eq!(node.publish(&format!("{KEY}-one")), Err(Denied::UnknownKey));
    assert_eq!(node.outputs("one"), []);
    assert_eq!(node.publish(&format!("{KEY}-two")), Ok(StreamId::new("two")));
    assert_eq!(node.app.control.catalog().len(), 2, "its history stays");
    node.stop().await;
    let node = Node::start(&bench, vec![one, two.clone()]).await;
    assert_eq!(node.publish(&format!("{KEY}-one")), Ok(StreamId::new("one")));
    assert_eq!(node.outputs("one").len(), 1);
    node.stop().await;
    let node = Node::start(&bench, vec![two]).await;
    let id = node.app.control.catalog().project_of(&StreamId::new("one")).unwrap().project.id;
    node.app.control.delete_project(id, None).await.unwrap();
    assert_eq!(node.app.control.catalog().len(), 1, "what the file no longer has can be taken away");
    node.stop().await;
}

pub(crate) async fn what_was_stopped_stays_stopped_after_a_restart(bench: Bench) {
    let node = Node::start(&bench, vec![project("show", vec![declared("One"), declared("Two")])]).await;
    let control = &node.app.control;
    let made = control.create_project(NewProject { name: "Mine".to_owned(), ..NewProject::default() });
    let mine = made.await.unwrap();
    let id = mine.row.project.id;
    let far = wish("Far", "rtmp://127.0.0.1:9/live", FAR_KEY);
    let far = control.create_destination(id, far).await.unwrap();
    let known = control.catalog().project_of(&StreamId::new("show")).unwrap();
    let one: DestinationId = known.destinations[0].id;
    control.set_destination_enabled(one, false).await.unwrap();
    control.set_destination_enabled(one, false).await.unwrap();
    control.set_project_running(id, false).await.unwrap();
    node.stop().await;
    let node = Node::start(&bench, vec![project("show", vec![declared("One"), declared("Two")])]).await;
    let state = |id: &str, state| (id.to_owned(), state);
    assert_eq!(
        node.outputs("show"),
        [state("one", OutputState::Disabled), state("two", OutputState::Idle)],
        "the file has not changed its mind, so the wish of the moment holds"
    );
    let stream = mine.row.project.playback_id.clone();
    assert_eq!(node.outputs(&stream), [state(&far.id.to_string(), OutputState::Disabled)]);
    node.app.control.set_project_running(id, true).await.unwrap();
    assert_eq!(node.outputs(&stream), [state(&far.id.to_string(), OutputState::Idle)]);
    node.stop().await;
    let mut off = declared("Two");
    off.enabled = false;
    let node = Node::start(&bench, vec![project("show", vec![declared("One"), off])]).await;
    assert_eq!(node.outputs("show")[1].1, OutputState::Disabled, "now the file has");
    node.stop().await;
}

pub(crate) async fn a_key_that_is_replaced_publishes_on_for_its_overlap(bench: Bench) {
    let node = Node::start(&bench, Vec::new()).await;
    let first = node.first.clone().unwrap();
    let control = &node.app.control;
    let (projects, more) = control.catalog().projects(None, 10);
    assert_eq!((projects.len(), more), (1, false));
    let old = projects[0].stream_keys[0].clone();
    assert_eq!(*control.reveal_stream_key(old.id).unwrap(), first.stream_key.expose());
    let made = control.rotate_stream_key(old.id, None, Duration::from_secs(60)).await.unwrap();
    assert!(node.publish(first.stream_key.expose()).is_ok() && node.publish(&made.secret).is_ok());
    let next = control.rotate_stream_key(made.row.id, None, Duration::ZERO).await.unwrap();
    assert!(matches!(node.publish(&made.secret), Err(Denied::ExpiredKey(_))));
    assert!(node.publish(&next.secret).is_ok());
    let day = Duration::from_secs(24 * 3600 + 1);
    assert!(matches!(control.rotate_stream_key(next.row.id, None, day).await, Err(Error::Invalid(_))));
    let stale = gostream::store::Revision(7);
    let conflict = control.delete_stream_key(next.row.id, Some(stale)).await;
    assert!(matches!(conflict, Err(Error::Store(gostream::store::Error::Conflict { .. }))));
    node.stop().await;
}

pub(crate) async fn a_key_inside_an_address_is_never_shown_nor_kept_in_clear(bench: Bench) {
    let node = Node::start(&bench, Vec::new()).await;
    let control = &node.app.control;
    let id = control.catalog().projects(None, 1).0[0].project.id;
    let secret = "sesame-open-1234";
    let whole = format!("rtmp://far.example/app/{secret}?token={FAR_KEY}");
    let row = control.create_destination(id, wish("Far", &whole, "")).await.unwrap();
    assert_eq!(row.url, "rtmp://far.example/app");
    assert!(!format!("{row:?}").contains("sesame"), "{row:?}");
    assert_eq!(control.address(&row).unwrap().key(), format!("{secret}?token={FAR_KEY}"));
    // What is shown may come back, and changes nothing.
    let change = DestinationChange { url: Some(row.url.clone()), ..DestinationChange::default() };
    let row = control.change_destination(row.id, None, change).await.unwrap();
    assert_eq!(control.address(&row).unwrap().key(), format!("{secret}?token={FAR_KEY}"));
    // Another server, the same key.
    let change = DestinationChange { url: Some("rtmps://far.example/two".to_owned()), ..Default::default() };
    let row = control.change_destination(row.id, None, change).await.unwrap();
    let address = control.address(&row).unwrap();
    assert_eq!((address.tls, address.app.as_str()), (true, "two"));
    assert!(address.key().starts_with(secret));
    let first = node.first.clone().unwrap();
    node.stop().await;
    if bench.is_sqlite() {
        for secret in [secret, FAR_KEY, first.stream_key.expose()] {
            assert!(!is_in_a_file(bench.folder(), secret), "{secret} is on the disk");
        }
    }
}

fn is_in_a_file(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

pub(crate) async fn what_another_node_changes_is_followed(bench: Bench) {
    let one = Node::start(&bench, Vec::new()).await;
    let two = Node::start(&bench, Vec::new()).await;
    let made = one.app.control.create_project(NewProject { name: "New".to_owned(), ..Default::default() });
    let made = made.await.unwrap();
    two.app.control.load().await.unwrap();
    assert!(two.publish(&made.secret).is_ok());
    two.app.control.delete_project(made.row.project.id, None).await.unwrap();
    one.app.control.load().await.unwrap();
    assert_eq!(one.publish(&made.secret), Err(Denied::UnknownKey));
    assert!(one.app.engine.registry.get(&StreamId::new(&made.row.project.playback_id)).is_none());
    one.stop().await;
    two.stop().await;
}

/// Changes of other fields at once, by two nodes, of which neither knows what the other does.
pub(crate) async fn changes_that_name_no_revision_are_all_made(bench: Bench) {
    let one = Node::start(&bench, Vec::new()).await;
    let made = one.app.control.create_project(NewProject { name: "New".to_owned(), ..Default::default() });
    let project = made.await.unwrap().row.project.clone();
    let destination =
        one.app.control.create_destination(project.id, wish("Far", "rtmp://127.0.0.1:9/live", FAR_KEY));
    let destination = destination.await.unwrap().id;
    let two = Node::start_with(&bench, |config| config.database.cache = false).await;
    let mut changes = tokio::task::JoinSet::new();
    for round in 0..6 {
        for (node, control) in [&one.app.control, &two.app.control].into_iter().enumerate() {
            for field in 0..2 {
                let (control, id) = (std::sync::Arc::clone(control), project.id);
                changes.spawn(async move {
                    let change = match field {
                        0 => ProjectChange { name: Some(format!("{node} {round}")), hold: None },
                        _ => ProjectChange { name: None, hold: Some(Some(Duration::from_secs(10 + round))) },
                    };
                    control.change_project(id, None, change).await.map(|_| ())?;
                    let change = match field {
                        0 => {
                            DestinationChange { name: Some(format!("{node} {round}")), ..Default::default() }
                        }
                        _ => DestinationChange { chunk_size: Some(Some(4_096)), ..Default::default() },
                    };
                    control.change_destination(destination, None, change).await.map(|_| ())
                });
            }
        }
    }
    while let Some(changed) = changes.join_next().await {
        changed.unwrap().unwrap();
    }
    let store = one.app.control.store();
    let row = store.project(project.id).await.unwrap();
    assert_eq!(row.revision.0, project.revision.0 + 24, "every change was made");
    assert!(row.name != "New" && row.hold_ms.is_some(), "and none undid another: {row:?}");
    let row = store.destination(destination).await.unwrap();
    assert!(row.name != "Far" && row.chunk_size == Some(4_096), "{row:?}");
    let named =
        one.app.control.change_project(project.id, Some(project.revision), ProjectChange::default()).await;
    assert!(
        matches!(named, Err(Error::Store(gostream::store::Error::Conflict { .. }))),
        "who names one is told"
    );
    one.stop().await;
    two.stop().await;
}

pub(crate) async fn all_that_is_wrong_is_said_at_once(bench: Bench) {
    let node = Node::start(&bench, Vec::new()).await;
    let control = &node.app.control;
    let known = control.catalog().projects(None, 1).0.remove(0);
    let key = node.first.as_ref().unwrap().stream_key.expose().to_owned();
    let pointers = |error: Error| match error {
        Error::Invalid(faults) => faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    let new = NewProject { name: " ".to_owned(), playback_id: Some(key), ..NewProject::default() };
    let error = control.create_project(new).await.err().unwrap();
    assert_eq!(pointers(error), ["/name", "/playback_id"], "a key must not become a public name");
    let mut wrong = wish("a\nb", "http://host/app", "k");
    (wrong.platform, wrong.chunk_size, wrong.codecs) =
        (Some("tv".to_owned()), Some(1), Some(vec!["mpeg2".to_owned()]));
    let error = control.create_destination(known.project.id, wrong).await.err().unwrap();
    assert_eq!(pointers(error), ["/name", "/url", "/platform", "/chunk_size", "/codecs"]);
    let taken = NewProject {
        name: "X".to_owned(),
        playback_id: Some(known.project.playback_id.clone()),
        ..Default::default()
    };
    let duplicate = control.create_project(taken).await.err().unwrap();
    assert!(matches!(duplicate, Error::Store(gostream::store::Error::Duplicate(_))), "{duplicate}");
    node.stop().await;
}

pub(crate) async fn a_newer_schema_keeps_the_process_from_starting(bench: Bench) {
    let node = Node::start(&bench, Vec::new()).await;
    node.stop().await;
    bench
        .raw()
        .await
        .run("INSERT INTO schema_migrations (version, name, applied_at) VALUES (9999, '9999_later', 0)")
        .await;
    let error = Node::try_start(&bench, Vec::new()).await.err().expect("refused");
    assert!(format!("{error:#}").contains("run a newer one"), "{error:#}");
}

pub(crate) async fn a_destination_is_tried_step_by_step(bench: Bench) {
    let far = Node::start(&Bench::sqlite(), vec![project("far", Vec::new())]).await;
    let port = far.app.addresses.rtmp.unwrap().port();
    let node = Node::start(&bench, Vec::new()).await;
    let control = &node.app.control;
    let id = control.catalog().projects(None, 1).0[0].project.id;
    let url = format!("rtmp://127.0.0.1:{port}/live");
    let right = control.create_destination(id, wish("Right", &url, &format!("{KEY}-far"))).await.unwrap();
    let wrong = control.create_destination(id, wish("Wrong", &url, "not-the-key")).await.unwrap();
    let closed = wish("Closed", "rtmp://127.0.0.1:9/live", "key");
    let closed = control.create_destination(id, closed).await.unwrap();
    let mut ended = control.listen_to_trials();
    let mut labels = async |id, publish| {
        let begun = control.try_out(id, publish).unwrap();
        assert_eq!(begun.ok(), None);
        let report = ended.recv().await.unwrap();
        assert_eq!((&report.id, report.destination), (&begun.id, id));
        assert_eq!(control.last_trial(id).unwrap().ok(), report.ok());
        let labels: Vec<_> = report.steps.iter().map(|step| step.state.label()).collect();
        let reason = report.steps.iter().find_map(|step| step.reason);
        (report.ok().unwrap(), labels.join(" "), reason)
    };
    assert_eq!(labels(right.id, false).await, (true, "ok ok skipped ok skipped".to_owned(), None));
    assert_eq!(labels(right.id, true).await, (true, "ok ok skipped ok ok".to_owned(), None));
    let refused = (false, "ok ok skipped ok failed".to_owned(), Some(Reason::PublishRejected));
    assert_eq!(labels(wrong.id, true).await, refused);
    let refused = (false, "ok failed pending pending pending".to_owned(), Some(Reason::TcpRefused));
    assert_eq!(labels(closed.id, false).await, refused);
    node.stop().await;
    far.stop().await;
}

pub(crate) async fn a_private_address_is_refused_where_it_is_forbidden(bench: Bench) {
    let far = Node::start(&Bench::sqlite(), vec![project("far", Vec::new())]).await;
    let port = far.app.addresses.rtmp.unwrap().port();
    let node = Node::start_with(&bench, |config| config.relay.allow_private = AllowPrivate::Never).await;
    let control = &node.app.control;
    let id = control.catalog().projects(None, 1).0[0].project.id;
    // A name that leads there is no better than the address.
    let mut ended = control.listen_to_trials();
    for host in ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"] {
        let url = format!("rtmp://{host}:{port}/live");
        let row = control.create_destination(id, wish(host, &url, &format!("{KEY}-far"))).await.unwrap();
        control.try_out(row.id, false).unwrap();
        let report = ended.recv().await.unwrap();
        let reason = report.steps.iter().find_map(|step| step.reason);
        assert_eq!(reason, Some(Reason::AddressForbidden), "{host}: {report:?}");
    }
    assert_eq!(far.app.engine.connections[0].accepted(), 0, "nobody knocked");
    node.stop().await;
    far.stop().await;
}

pub(crate) async fn a_project_that_could_not_be_used_is_taken_up_when_its_row_is_mended(bench: Bench) {
    let node = Node::start(&bench, vec![project("show", Vec::new())]).await;
    let mut raw = bench.raw().await;
    let is_let_in = async |wanted: bool| {
        let began = std::time::Instant::now();
        while node.publish(&format!("{KEY}-show")).is_ok() != wanted {
            assert!(began.elapsed() < Duration::from_secs(40), "{wanted}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    is_let_in(true).await;
    raw.run("UPDATE projects SET playback_id = 'no id of anything!', revision = revision + 1").await;
    is_let_in(false).await;
    // By hand, and nothing says that it changed.
    raw.run("UPDATE projects SET playback_id = 'show'").await;
    is_let_in(true).await;
    node.stop().await;
}
