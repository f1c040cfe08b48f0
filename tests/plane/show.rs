//! One show from the first start to its report, and then everything that was said of it searched for secrets.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::database::{self, Database};
use crate::needs;
use crate::node::Node;
use crate::people::{PASSWORD, Person, eventually, id};
use crate::receiver::{Answer, Receiver};
use crate::studio::Studio;
use crate::support::http;
use crate::support::machines::{SILENT, Sink};
use crate::support::nginx::Nginx;
use crate::support::programs::Program;

/// How long the old key goes on beside the new one.
const OVERLAP: Duration = Duration::from_secs(7);
const FAR_KEY: &str = "key-at-the-first-platform-93ab";
const NEAR_KEY: &str = "key-at-the-second-platform-5c0e";
const OPERATOR_PASSWORD: &str = "a long phrase of the operator";
const WRONG_PASSWORD: &str = "a phrase that is not the one";

/// Words and letters that the predecessor took out of names.
const NAME: &str = "Create Live select * — Übertragung 日本 🎥";

/// What must be in nothing that is said, each with its name.
type Secrets = Vec<(&'static str, String)>;

/// A show, and everybody who takes part.
struct Evening {
    node: Node,
    ada: Person,
    secrets: Secrets,
    project: String,
    /// It goes on all evening.
    far: (Nginx, String),
    /// It is stopped.
    near: (Sink, String),
    key: String,
    hook: (Receiver, String),
    /// What else was said: metrics, commands.
    said: String,
}

pub(crate) async fn a_show_is_set_up_sent_changed_restarted_and_reported(database: Database) {
    needs!(Program::Nginx);
    let mut evening = Evening::begins(database).await;
    let studio = Studio::opens(&evening.node.rtmp(&evening.key));
    let first = evening.goes_on_the_air().await;
    evening.stops_one_destination().await;
    let next = evening.rotates_the_key(&studio, &first).await;
    evening.webhooks_are_told().await;
    evening.is_on_the_air_with(&first).await;
    // The encoder knows this address, and goes on trying it.
    let rtmp = evening.node.address("rtmp").to_string();
    evening.node.set("GOSTREAM_RTMP__LISTEN", &rtmp);
    evening.restarts(Node::leave, 2).await;
    evening.restarts(Node::kill, 3).await;
    drop(studio);
    evening.is_over(&first).await;
    evening.reads_everything(&first).await;
    evening.secrets.push(("the second stream key", next));
    evening.gave_nothing_away().await;
}

impl Evening {
    /// The first start: an account, a project, its destinations, somebody to be told.
    async fn begins(database: Database) -> Self {
        let by_command = !database.is_sqlite();
        let more = "hls.segment = \"1s\"\nlog.level = \"debug,gostream=trace\"\n";
        let mut node = Node::new(database, more);
        node.start();
        let link = if by_command { node.link_by_command() } else { node.printed_link() };
        let ada = Person::set_up(&node, &link).await;
        let again = json!({ "link": link, "email": "eve@example.org", "password": PASSWORD });
        Person::at(&node).post("/setup", again).await.is(403);
        let mut secrets: Secrets = vec![
            ("the setup link", link.split('#').nth(1).expect("a token").to_owned()),
            ("the administrator's password", PASSWORD.to_owned()),
            ("the session", ada.session().to_owned()),
            ("the database's password", database::PASSWORD.to_owned()),
            ("the first platform's key", FAR_KEY.to_owned()),
            ("the second platform's key", NEAR_KEY.to_owned()),
        ];
        ada.listen();
        let (made, key) = ada.told_once("/projects", json!({ "name": NAME }), "stream_key").await;
        assert_eq!(made["name"], NAME);
        let project = id(&made);
        secrets.push(("the stream key", key.clone()));
        let (nginx, sink) = (Nginx::destination(), Sink::start(SILENT));
        let far = destination(&ada, &project, "Far", &nginx.url(), FAR_KEY).await;
        // The key at the end of the address, as people paste it.
        let near = destination(&ada, &project, "Near", &format!("{}/{NEAR_KEY}", sink.url()), "").await;
        let receiver = Receiver::start(&[Answer::Status(500), Answer::Status(200)]).await;
        let wanted =
            json!({ "url": receiver.url(), "events": ["stream.*", "ingest.*"], "project_id": project });
        let (hook, secret) = ada.told_once("/webhooks", wanted, "secret").await;
        secrets.push(("the webhook's secret", secret));
        node.warned_of_nothing();
        let hasty = |log: &str| log.contains("no such table") || log.contains("does not exist");
        assert!(!hasty(&node.log()), "nobody asks for what is not made yet:\n{}", node.log());
        let (far, near, hook) = ((nginx, far), (sink, near), (receiver, id(&hook)));
        let mut evening = Self { node, ada, secrets, project, far, near, key, hook, said: String::new() };
        evening.others_come().await;
        evening
    }

    /// More people, tokens and requests that come twice.
    async fn others_come(&mut self) {
        let ada = &self.ada;
        let asked = json!({
            "email": "oz@example.org", "name": "Zoë O'Neil", "role": "operator", "password": OPERATOR_PASSWORD,
        });
        assert_eq!(ada.post("/users", asked).await.is(201).json()["name"], "Zoë O'Neil");
        let stranger = ada.beside(&self.node);
        let sign_in = |password| json!({ "email": "oz@example.org", "password": password });
        stranger.post("/session", sign_in(WRONG_PASSWORD)).await.is(401);
        let cookie = stranger.post("/session", sign_in(OPERATOR_PASSWORD)).await.is(201).cookie();
        self.secrets.push(("a session", cookie.split_once('=').expect("a cookie").1.to_owned()));
        let (_, token) = ada.told_once("/tokens", json!({ "name": "deck", "scopes": ["*"] }), "secret").await;
        let bearer = format!("Bearer {token}");
        let me = stranger.send(Method::GET, "/me", None, &[("authorization", &bearer)]).await.unwrap();
        ada.keep(&me.is(200).text);
        let (path, once) = (format!("/projects/{}/stream-keys", self.project), [("idempotency-key", "k-1")]);
        let ask = || ada.send(Method::POST, &path, Some(json!({ "name": "spare" })), &once);
        let spare = ask().await.unwrap().is(201).json();
        let again = ask().await.unwrap().is(201);
        assert_eq!(id(&again.json()), id(&spare), "it was made once");
        ada.keep(&again.text);
        let reveal = format!("/stream-keys/{}/reveal", id(&spare));
        let (_, shown) = ada.told_once(&reveal, json!({}), "key").await;
        assert_eq!(spare["key"], shown.as_str());
        ada.ask(Method::DELETE, &format!("/stream-keys/{}", id(&spare)), None).await.is(204);
        self.secrets.extend([
            ("the spare stream key", shown),
            ("a token", token),
            ("the operator's password", OPERATOR_PASSWORD.to_owned()),
            ("a wrong password", WRONG_PASSWORD.to_owned()),
        ]);
    }

    /// ffmpeg's first frames to both destinations; the broadcast.
    async fn goes_on_the_air(&mut self) -> String {
        let path = format!("/projects/{}", self.project);
        let live = self
            .ada
            .until("both to be sent to", &path, |shown| shown["live"]["outputs"]["sending"] == 2)
            .await;
        assert_eq!(live["live"]["state"], "live");
        self.far.0.until_receives(FAR_KEY);
        eventually("pictures at the other", || {
            self.near.0.publishes().first().is_some_and(|publish| publish.media.len() > 20)
        })
        .await;
        self.said.push_str(&self.node.metrics_text());
        live["live"]["broadcast_id"].as_str().expect("it is on the air").to_owned()
    }

    /// One is told goodbye; the other notices nothing.
    async fn stops_one_destination(&self) {
        let ada = &self.ada;
        let stopped = ada.post(&format!("/destinations/{}/stop", self.near.1), json!({})).await.is(200);
        assert_eq!(stopped.json()["enabled"], false);
        self.output_is(&self.near.1, "disabled").await;
        eventually("the goodbye", || self.near.0.publishes()[0].goodbye).await;
        assert_eq!(self.near.0.connections(), 1);
        self.far_goes_on(1).await;
    }

    /// The old key goes on until its overlap ends, and who publishes with it is not touched by either.
    async fn rotates_the_key(&mut self, studio: &Studio, broadcast: &str) -> String {
        let ada = &self.ada;
        let keys = ada.get(&format!("/projects/{}/stream-keys", self.project)).await;
        let rotate = format!("/stream-keys/{}/rotate", id(&keys["items"][0]));
        let before = self.connection("").await;
        let overlap = json!({ "overlap_s": OVERLAP.as_secs() });
        let (rotated, next) = ada.told_once(&rotate, overlap, "key").await;
        let ends = Instant::now() + OVERLAP;
        assert_ne!(id(&rotated), id(&keys["items"][0]));
        assert_eq!(self.connection("").await, before, "whoever publishes goes on");
        ada.ask(Method::DELETE, &format!("/ingest/connections/{before}"), None).await.is(204);
        let back = self.connection(&before).await;
        assert!(Instant::now() < ends, "ffmpeg came back too late for this test to say anything");
        self.is_on_the_air_with(broadcast).await;
        tokio::time::sleep_until((ends + Duration::from_millis(500)).into()).await;
        assert_eq!(self.connection("").await, back, "the end of the overlap cuts nobody off");
        ada.ask(Method::DELETE, &format!("/ingest/connections/{back}"), None).await.is(204);
        let ingest = format!("/projects/{}/ingest", self.project);
        let told = ada.until("the refusal", &ingest, |shown| shown["refused"] != json!([])).await;
        assert_eq!((&told["connected"], &told["refused"][0]["from"]), (&json!(false), &json!("127.0.0.1")));
        studio.is_pointed_to(&self.node.rtmp(&next));
        self.connection(&back).await;
        self.is_on_the_air_with(broadcast).await;
        // Held all the while: one connection, one show.
        self.far_goes_on(1).await;
        next
    }

    /// The encoder's connection, once it is another than this.
    async fn connection(&self, other_than: &str) -> String {
        let is_new = |all: &Value| {
            all["items"].as_array().is_some_and(|all| all.len() == 1 && all[0]["id"] != other_than)
        };
        id(&self.ada.until("the encoder", "/ingest/connections", is_new).await["items"][0])
    }

    async fn is_on_the_air_with(&self, broadcast: &str) {
        let path = format!("/projects/{}", self.project);
        let is_live =
            |shown: &Value| shown["live"]["state"] == "live" && shown["live"]["outputs"]["sending"] == 1;
        let live = self.ada.until("the show to go on", &path, is_live).await;
        assert_eq!(live["live"]["broadcast_id"], broadcast, "it is the same broadcast");
    }

    async fn output_is(&self, destination: &str, state: &str) {
        let path = format!("/destinations/{destination}");
        self.ada.until(state, &path, |shown| shown["output"]["state"] == state).await;
    }

    /// More arrives at the destination that goes on, which has been published to so often.
    async fn far_goes_on(&self, publishes: usize) {
        let size = || -> u64 {
            let files = self.far.0.recordings(FAR_KEY);
            files.iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
        };
        let before = size();
        eventually("more at the destination", || size() > before + 20_000).await;
        let events = self.far.0.events();
        let begun = events.lines().filter(|line| line.contains("publish: name=")).count();
        assert_eq!(begun, publishes, "{events}");
    }

    /// The first delivery is refused and made again; one is delivered again because somebody says so.
    async fn webhooks_are_told(&self) {
        let (receiver, hook) = &self.hook;
        let secret = self.secrets.iter().find(|(name, _)| *name == "the webhook's secret").unwrap().1.clone();
        let list = format!("/webhooks/{hook}/deliveries?limit=100");
        let twice = |delivery: &&Value| delivery["attempt"] == 2 && delivery["status"] == "delivered";
        let all = |list: &Value| list["items"].as_array().cloned().unwrap_or_default();
        let log = self.ada.until("the retry", &list, |list| all(list).iter().any(|one| twice(&one))).await;
        let delivery = all(&log).iter().find(twice).unwrap().clone();
        assert_eq!((&delivery["response_code"], &delivery["error"]), (&json!(200), &Value::Null));
        let event = delivery["event_id"].as_str().expect("an id").to_owned();
        let of_it = || receiver.got().iter().filter(|got| got.header("webhook-id") == event).count();
        assert_eq!(of_it(), 2, "the same message again");
        let redeliver = format!("/webhooks/{hook}/deliveries/{}/redeliver", id(&delivery));
        self.ada.post(&redeliver, json!({})).await.is(202);
        eventually("it again", || of_it() == 3).await;
        let mut types = Vec::new();
        for got in receiver.got() {
            assert!(got.is_signed_with(&secret), "{got:?}");
            assert_eq!(got.json()["project_id"], self.project.as_str());
            types.push(got.json()["type"].as_str().expect("a type").to_owned());
            self.ada.keep(&format!("{:?} {}", got.headers, got.json()));
        }
        for wanted in ["stream.started", "ingest.connected", "ingest.interrupted", "ingest.resumed"] {
            assert!(types.iter().any(|told| told == wanted), "{wanted} in {types:?}");
        }
    }

    /// The process ends and starts while the encoder tries again and again. Nobody does anything, and the show is back:
    /// to those it went to, and not to the one that was stopped.
    async fn restarts(&mut self, end: fn(&mut Node), publishes: usize) {
        end(&mut self.node);
        self.node.start();
        assert!(!self.node.printed().contains("setup"), "it is set up: {}", self.node.printed());
        self.said.push_str(&self.node.printed());
        self.ada.moves(&self.node);
        self.ada.listen();
        self.output_is(&self.far.1, "sending").await;
        self.far_goes_on(publishes).await;
        self.output_is(&self.near.1, "disabled").await;
        assert_eq!(self.near.0.connections(), 1, "what was stopped stays stopped");
        self.said.push_str(&self.node.metrics_text());
    }

    /// The last broadcast is ended by hand; none is left open.
    async fn is_over(&self, first: &str) {
        let list = format!("/projects/{}/streams", self.project);
        let history = self.ada.get(&list).await;
        let shows = history["items"].as_array().expect("a list");
        assert_eq!(shows.len(), 3, "each process has one broadcast of its own: {history:#}");
        assert_eq!(id(&shows[2]), first);
        self.ada.post(&format!("/streams/{}/end", id(&shows[0])), json!({})).await.is(200);
        let ended =
            |list: &Value| list["items"].as_array().unwrap().iter().all(|one| one["ended_at"].is_string());
        self.ada.until("all to be over", &list, ended).await;
        let report = self.ada.get(&format!("/streams/{first}/report")).await;
        assert_eq!(report["project"]["name"], NAME);
        assert!(report["summary"]["interruptions"].as_u64().is_some_and(|times| times >= 2), "{report:#}");
        assert_eq!(report["outputs"].as_array().map(Vec::len), Some(2), "{report:#}");
        let types: Vec<_> =
            report["events"].as_array().unwrap().iter().filter_map(|event| event["type"].as_str()).collect();
        for wanted in
            ["stream.started", "ingest.interrupted", "ingest.resumed", "output.state", "stream.ended"]
        {
            assert!(types.contains(&wanted), "{wanted} in {types:?}");
        }
    }

    /// Everything that can be read, so that it can be searched.
    async fn reads_everything(&mut self, broadcast: &str) {
        let (project, ada) = (format!("/projects/{}", self.project), &self.ada);
        let playback = ada.get(&format!("{project}/playback")).await;
        for name in ["", "/stream-keys", "/destinations", "/outputs", "/ingest", "/streams"] {
            ada.get(&format!("{project}{name}")).await;
        }
        for name in ["", "/health", "/stats", "/outputs", "/events?limit=100", "/report"] {
            ada.get(&format!("/streams/{broadcast}{name}")).await;
        }
        for path in [
            "/me",
            "/me/sessions",
            "/users",
            "/tokens",
            "/projects",
            "/ingest/connections",
            "/webhooks",
            "/viewers/sessions",
            "/platforms",
            "/system",
            "/system/nodes",
            "/system/checks",
            "/setup",
            "/api/openapi.json",
        ] {
            ada.get(path).await;
        }
        for path in [format!("/webhooks/{}", self.hook.1), format!("/webhooks/{}/deliveries", self.hook.1)] {
            ada.get(&path).await;
        }
        let mut path = "/events?limit=100".to_owned();
        while let Some(cursor) = ada.get(&path).await["next_cursor"].as_str() {
            path = format!("/events?limit=100&cursor={cursor}");
        }
        let list =
            playback["hls_url"].as_str().and_then(|url| url.find("/hls/").map(|at| url[at..].to_owned()));
        let list = http::get(self.node.address("http"), &list.expect("an address")).expect("an answer");
        self.said.push_str(&list.text());
        for arguments in
            [&["doctor", "--json"][..], &["config", "show", "--origin"], &["admin", "setup-link"]]
        {
            let done = self.node.run(arguments);
            self.said.push_str(&String::from_utf8_lossy(&[done.stdout, done.stderr].concat()));
        }
        self.said.push_str(&self.node.metrics_text());
    }

    /// No secret is in anything that was said, written or kept in clear.
    async fn gave_nothing_away(mut self) {
        let key = std::fs::read_to_string(self.node.data().join("server.key")).expect("it was made");
        self.secrets.push(("the server key", key.trim().to_owned()));
        self.node.leave();
        let heard = self.ada.heard.lock().expect("nobody panicked").clone();
        let kept = self.node.database.dump(&self.node.data()).await;
        let hex = |secret: &str| secret.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        for (name, secret) in &self.secrets {
            assert!(secret.len() >= 16, "{name} is no secret: {secret}");
            for (place, text) in
                [("the log", &self.node.log()), ("an answer", &heard), ("a command", &self.said)]
            {
                if let Some(at) = text.find(secret.as_str()) {
                    let line = text[..at].rfind('\n').map_or(0, |start| start + 1);
                    let line: String = text[line..].chars().take(600).collect();
                    panic!("{name} is in {place}: {line}");
                }
            }
            // PostgreSQL shows bytes in hexadecimal.
            for form in [secret.clone(), hex(secret)] {
                let is_kept = kept.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!is_kept, "{name} is in the database in clear");
            }
        }
        assert!(heard.contains("event: stats"), "the stream of events was heard");
        assert!(self.node.log().contains("DEBUG"), "the log was loud");
    }
}

/// A destination of the project; its id.
async fn destination(ada: &Person, project: &str, name: &str, url: &str, key: &str) -> String {
    let mut asked = json!({ "name": name, "url": url });
    if !key.is_empty() {
        asked["stream_key"] = key.into();
    }
    let made = ada.post(&format!("/projects/{project}/destinations"), asked).await.is(201).json();
    let hint = made["key_hint"].as_str().expect("a hint");
    assert!(hint.len() <= 4 && (FAR_KEY.ends_with(hint) || NEAR_KEY.ends_with(hint)), "{made}");
    id(&made)
}
