//! A process that is killed while it is told of changes, again and again: what it confirmed is there after every start,
//! nothing is there by half, and what runs is what is wanted.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::node::Node;
use crate::people::{Person, eventually, id};

/// How often the process is killed; on PostgreSQL only a client dies, and less can go wrong.
const KILLS: (u64, u64) = (50, 10);
/// Who write at once.
const WRITERS: usize = 3;
/// Projects of a writer at most.
const PROJECTS_MAX: usize = 3;
/// Destinations of a project at most.
const DESTINATIONS_MAX: usize = 4;

/// Projects by their names; of each, the destinations by theirs, and whether they are switched on.
type State = BTreeMap<String, BTreeMap<String, bool>>;

/// A change.
#[derive(Debug, Clone)]
enum Change {
    Project { name: String },
    Rename { project: String, name: String },
    Drop { project: String },
    Destination { project: String, name: String },
    Alter { project: String, destination: String, name: String, enabled: bool },
    Switch { project: String, destination: String, enabled: bool },
    Remove { project: String, destination: String },
}

impl Change {
    /// What there is after it.
    fn applied(&self, before: &State) -> State {
        let mut state = before.clone();
        match self.clone() {
            Self::Project { name } => drop(state.insert(name, BTreeMap::new())),
            Self::Rename { project, name } => {
                let inside = state.remove(&project).expect("it is there");
                state.insert(name, inside);
            }
            Self::Drop { project } => drop(state.remove(&project)),
            Self::Destination { project, name } => drop(inside(&mut state, &project).insert(name, true)),
            Self::Alter { project, destination, name, enabled } => {
                inside(&mut state, &project).remove(&destination);
                inside(&mut state, &project).insert(name, enabled);
            }
            Self::Switch { project, destination, enabled } => {
                inside(&mut state, &project).insert(destination, enabled);
            }
            Self::Remove { project, destination } => drop(inside(&mut state, &project).remove(&destination)),
        }
        state
    }

    /// The request for it.
    fn request(&self, ids: &HashMap<String, String>) -> (Method, String, Option<Value>) {
        let project = |name: &String| format!("/projects/{}", ids[name]);
        let destination = |name: &String| format!("/destinations/{}", ids[name]);
        match self {
            Self::Project { name } => (Method::POST, "/projects".to_owned(), Some(json!({ "name": name }))),
            Self::Rename { project: of, name } => (Method::PATCH, project(of), Some(json!({ "name": name }))),
            Self::Drop { project: of } => (Method::DELETE, project(of), None),
            Self::Destination { project: of, name } => {
                let asked = json!({ "name": name, "url": "rtmp://127.0.0.1:9/live", "stream_key": name });
                (Method::POST, format!("{}/destinations", project(of)), Some(asked))
            }
            Self::Alter { destination: of, name, enabled, .. } => {
                let asked = json!({ "name": name, "enabled": enabled, "stream_key": name });
                (Method::PATCH, destination(of), Some(asked))
            }
            Self::Switch { destination: of, enabled, .. } => {
                let verb = if *enabled { "start" } else { "stop" };
                (Method::POST, format!("{}/{verb}", destination(of)), None)
            }
            Self::Remove { destination: of, .. } => (Method::DELETE, destination(of), None),
        }
    }
}

fn inside<'a>(state: &'a mut State, project: &str) -> &'a mut BTreeMap<String, bool> {
    state.get_mut(project).expect("it is there")
}

/// One who writes, and what they know.
#[derive(Default)]
struct Writer {
    number: usize,
    /// Of all that was ever named.
    names: usize,
    /// What was confirmed.
    state: State,
    /// By name.
    ids: HashMap<String, String>,
    /// What was asked for, and not answered.
    open: Option<Change>,
    confirmed: usize,
}

impl Writer {
    fn prefix(&self) -> String {
        format!("writer-{}-", self.number)
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("{}{}", self.prefix(), self.names)
    }

    /// What is done next: everything in turn, as far as it can be.
    fn next(&mut self) -> Change {
        let name = self.name();
        let at = |count: usize| self.names % count.max(1);
        let Some((project, destinations)) = self.state.iter().nth(at(self.state.len())) else {
            return Change::Project { name };
        };
        let project = project.clone();
        let destination = destinations.iter().nth(at(destinations.len()));
        let destination = destination.map(|(name, enabled)| (name.clone(), *enabled));
        match (self.names % 9, destination) {
            (0, _) if self.state.len() < PROJECTS_MAX => Change::Project { name },
            (0, _) => Change::Drop { project },
            (1, _) => Change::Rename { project, name },
            (2 | 3, Some((destination, _))) if destinations.len() >= DESTINATIONS_MAX => {
                Change::Remove { project, destination }
            }
            (2 | 3, _) | (_, None) => Change::Destination { project, name },
            (4 | 5, Some((destination, enabled))) => {
                Change::Switch { project, destination, enabled: !enabled }
            }
            (_, Some((destination, enabled))) => {
                Change::Alter { project, destination, name, enabled: !enabled }
            }
        }
    }

    /// One of them was confirmed.
    fn confirm(&mut self, change: &Change, answer: &Value) {
        self.state = change.applied(&self.state);
        match change {
            Change::Project { name } | Change::Destination { name, .. } => {
                self.ids.insert(name.clone(), id(answer));
            }
            Change::Rename { project: was, name } | Change::Alter { destination: was, name, .. } => {
                let same = self.ids.remove(was).expect("it is known");
                self.ids.insert(name.clone(), same);
            }
            Change::Drop { .. } | Change::Switch { .. } | Change::Remove { .. } => {}
        }
        self.open = None;
        self.confirmed += 1;
    }
}

/// Writes until nobody answers.
async fn write(writer: Arc<Mutex<Writer>>, person: Person) {
    loop {
        let (change, (method, path, body)) = {
            let mut writer = writer.lock().expect("nobody panicked");
            let change = writer.next();
            writer.open = Some(change.clone());
            let request = change.request(&writer.ids);
            (change, request)
        };
        let Ok(answer) = person.send(method, &path, body, &[]).await else { return };
        assert!(answer.is_success(), "{change:?}: {answer:?}");
        writer.lock().expect("nobody panicked").confirm(&change, &answer.json());
    }
}

/// What there is, and by which ids. Asserts that what runs is what is wanted.
async fn seen(node: &Node, person: &Person) -> (State, HashMap<String, String>) {
    let (mut state, mut ids) = (State::new(), HashMap::new());
    let mut wanted = [0, 0];
    let name = |shown: &Value| shown["name"].as_str().expect("a name").to_owned();
    for project in person.get("/projects?limit=100").await["items"].as_array().expect("a list") {
        let path = format!("/projects/{}", id(project));
        let keys = person.get(&format!("{path}/stream-keys")).await;
        assert_eq!(
            keys["items"].as_array().map(Vec::len),
            Some(1),
            "made with its key or not at all: {project}"
        );
        let mut all = BTreeMap::new();
        for destination in
            person.get(&format!("{path}/destinations")).await["items"].as_array().expect("a list")
        {
            let enabled = destination["enabled"].as_bool().expect("a switch");
            wanted[usize::from(enabled)] += 1;
            let state = if enabled { "idle" } else { "disabled" };
            assert_eq!(destination["output"]["state"], state, "{destination}");
            let (name, hint) = (name(destination), destination["key_hint"].as_str().expect("a hint"));
            assert!(name.ends_with(hint), "name and key were changed together: {destination}");
            ids.insert(name.clone(), id(destination));
            all.insert(name, enabled);
        }
        ids.insert(name(project), id(project));
        state.insert(name(project), all);
    }
    let metrics = node.metrics();
    let count = |state| metrics.sum("gostream_output_state", &[("state", state)]).unwrap_or_default();
    let runs = [count("disabled"), count("idle")];
    assert_eq!(runs, wanted.map(f64::from), "what runs is what is wanted, no more and no less");
    (state, ids)
}

fn confirmed(writers: &[Arc<Mutex<Writer>>]) -> usize {
    writers.iter().map(|writer| writer.lock().expect("nobody panicked").confirmed).sum()
}

pub(crate) async fn a_killed_process_keeps_every_change_it_confirmed(database: Database) {
    let kills = if database.is_sqlite() { KILLS.0 } else { KILLS.1 };
    let mut node = Node::new(database, "");
    node.start();
    let mut ada = Person::set_up(&node, &node.printed_link()).await;
    let writers: Vec<_> =
        (0..WRITERS).map(|number| Arc::new(Mutex::new(Writer { number, ..Writer::default() }))).collect();
    let mut doubtful = 0;
    for kill in 0..kills {
        let tasks: Vec<_> =
            writers.iter().map(|writer| tokio::spawn(write(Arc::clone(writer), ada.clone()))).collect();
        let enough = confirmed(&writers) + 1 + (kill * 5 % 7) as usize;
        eventually("changes to be confirmed", || confirmed(&writers) >= enough).await;
        tokio::time::sleep(Duration::from_micros(kill * 1_370 % 9_000)).await;
        node.kill();
        for task in tasks {
            task.await.expect("whatever was answered was a success");
        }
        node.start();
        ada.moves(&node);
        let (all, ids) = seen(&node, &ada).await;
        for writer in &writers {
            let mut writer = writer.lock().expect("nobody panicked");
            let prefix = writer.prefix();
            let own: State = all
                .iter()
                .filter(|(name, _)| name.starts_with(&prefix))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            let open = writer.open.take();
            if own != writer.state {
                doubtful += 1;
                let other = open.as_ref().map(|open| open.applied(&writer.state));
                assert_eq!(
                    Some(&own),
                    other.as_ref(),
                    "kill {kill}: confirmed {:?}, open {open:?}",
                    writer.state
                );
            }
            writer.state = own;
            writer.ids = ids
                .iter()
                .filter(|(name, _)| name.starts_with(&prefix))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
        }
    }
    let confirmed = confirmed(&writers);
    eprintln!("{kills} kills, {confirmed} changes confirmed, {doubtful} made and not confirmed");
    node.leave();
    let checks = node.run(&["doctor", "--json"]);
    let checks: Value = serde_json::from_slice(&checks.stdout).expect("JSON");
    let database = checks.as_array().expect("a list").iter().find(|check| check["id"] == "database");
    assert_eq!(database.expect("it is looked at")["state"], "ok", "{checks:#}");
}
