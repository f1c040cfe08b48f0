//! The dashboard on the real engine, in a real browser: from the printed link to a show, and what a page that is left open
//! tells of encoders, destinations and the server as they come and go. Nothing is reloaded.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use crate::needs;
use crate::support::engine::{Config, Gostream};
use crate::support::let_flow;
use crate::support::nginx::Nginx;
use crate::support::packets::Clip;
use crate::support::page::Browser;
use crate::support::peers::{ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::programs::Program;
use crate::support::scratch::Scratch;
use crate::support::tap::Tap;
use crate::support::{eventually, until};

const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "correct horse battery";

/// A server as a stranger starts it, with nothing configured but free ports.
fn fresh(command: &str) -> Gostream {
    let scratch = Scratch::new(command);
    let mut engine = Command::new(env!("CARGO_BIN_EXE_gostream"));
    engine.arg(command).envs(
        ["HTTP", "RTMP", "METRICS", "PRACTICE"]
            .map(|listener| (format!("GOSTREAM_{listener}__LISTEN"), "127.0.0.1:0")),
    );
    engine.env("GOSTREAM_LOG__FORMAT", "json").env("GOSTREAM_DATA_DIR", scratch.join("data"));
    Gostream::spawn(scratch, &mut engine)
}

/// What stands behind a label that the server printed.
fn printed(engine: &mut Gostream, label: &str) -> String {
    eventually(label, || {
        let said = engine.process().out();
        let line = said.lines().find_map(|line| line.trim().strip_prefix(label))?;
        Some(line.trim().to_owned())
    })
}

/// An engine with an administrator, whose name and password are known.
pub(crate) fn with_ada() -> Config {
    Gostream::config()
        .environment("GOSTREAM_ADMIN_EMAIL", EMAIL)
        .environment("GOSTREAM_ADMIN_PASSWORD", PASSWORD)
}

/// Signs in where the page asks for it.
pub(crate) fn sign_in(page: &mut Browser) {
    page.fill("Email", EMAIL);
    page.fill("Password", PASSWORD);
    page.press("Sign in");
}

/// Signs in at the projects of the server at `base`, and goes into the room of the only one.
pub(crate) fn enter_room(page: &mut Browser, base: &str) {
    page.open(&format!("{base}/projects"));
    sign_in(page);
    page.follow("Integration");
}

#[test]
fn the_demo_is_a_link_to_a_moving_picture_until_an_encoder_takes_over() {
    needs!(Program::Ffmpeg, Program::Browser);
    let mut engine = fresh("demo");
    let link = printed(&mut engine, "Open this");
    let mut page = Browser::start();
    page.open(&link);
    page.see_in("Practice", "Sending");
    page.see("The test pattern is on the air.");
    page.moves(2.0);
    let publish = format!("{}/{}", printed(&mut engine, "Server"), printed(&mut engine, "Stream key"));
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &publish);
    page.gone("The test pattern is on the air.");
    page.see("320 × 180");
    page.see_in("Practice", "Sending");
    page.moves(1.0);
    page.open_on_phone(1, &link);
    page.see("This link is used up");
    page.assert_clean();
    engine.drain();
}

#[test]
fn the_first_run_goes_from_the_printed_link_to_a_show() {
    first_run(Browser::open);
}

#[test]
fn the_first_run_goes_from_the_printed_link_to_a_show_on_a_phone() {
    first_run(|page, link| page.open_on_phone(0, link));
}

fn first_run(open: impl Fn(&mut Browser, &str)) {
    needs!(Program::Ffmpeg, Program::Nginx, Program::Browser);
    let nginx = Nginx::destination();
    let mut engine = fresh("serve");
    let mut page = Browser::start();
    open(&mut page, &printed(&mut engine, "Set up (30 minutes)"));
    page.fill("Your name", "Ada");
    page.fill("Email", EMAIL);
    page.fill("Password", PASSWORD);
    page.press("Open the control room");
    page.see("Nobody is connected yet.");
    let server = printed(&mut engine, "Server");
    page.see(&server);
    // A wrong key, then the pattern, then the right one.
    ffmpeg_publish(&Clip::av(1), &format!("{server}/not-the-key")).process.wait();
    page.see("A wrong key was tried");
    page.press("Send a test pattern");
    page.see_in("Practice", "Sending");
    page.moves(1.0);
    page.press("Stop the test pattern");
    page.see("A wrong key was tried");
    let key = printed(&mut engine, "Stream key");
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &format!("{server}/{key}"));
    page.see("320 × 180");
    page.moves(1.0);
    page.press("Add");
    page.press_like("Any RTMP server");
    page.fill("Name", "My server");
    page.fill_in("Add an RTMP server", "Server", &nginx.url());
    page.fill("Stream key", "mine");
    page.press_in("Add an RTMP server", "Add");
    page.see_in("My server", "Sending");
    nginx.until_receives("mine");
    page.choose("More for My server", "Test");
    page.press_in("Test My server", "Test");
    page.see("Everything answers");
    page.press_in("Test My server", "Close");
    page.assert_clean();
}

#[test]
fn what_comes_and_goes_is_told_on_a_page_that_stays() {
    needs!(Program::Ffmpeg, Program::Nginx, Program::Browser);
    let mut nginx = Nginx::destination();
    let engine =
        with_ada().set("relay.retry_min", "4s").destination("Away server", &nginx.url(), "one").start();
    let encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let mut page = Browser::start();
    enter_room(&mut page, &engine.http_url(""));
    page.see_in("Away server", "Sending");
    let room = page.address();
    page.tab(1, Some(&room));
    page.see_in("Away server", "Sending");
    page.open_on_phone(2, &room);
    sign_in(&mut page);
    page.see_in("Away server", "Sending");
    // Two tabs of one browser share a connection; the phone has its own.
    until("two streams of events", || (engine.count("gostream_api_event_streams", &[]) - 2.0).abs() < 0.5);
    nginx.crash();
    for tab in 0..3 {
        page.tab(tab, None);
        page.see_in("Away server", "Retrying");
    }
    page.tab(0, None);
    page.see_in("Away server", "next in");
    page.runs("[data-destination] .text-soft time");
    nginx.restart();
    for tab in 0..3 {
        page.tab(tab, None);
        page.see_in("Away server", "Sending");
    }
    page.tab(0, None);
    page.see("Away server recovered after");
    // The encoder goes; the picture does not.
    let mut encoder = encoder;
    encoder.process.kill();
    page.see("Holding");
    page.runs("header time");
    page.moves(2.0);
    let _again = ffmpeg_publish_forever(&Clip::av_wider(6), &engine.publish_url());
    page.gone("Holding");
    page.see("480 × 270");
    page.moves(1.0);
    page.assert_clean();
}

#[test]
fn a_page_waits_for_a_server_that_restarts() {
    needs!(Program::Browser);
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let mut engine = with_ada().set("http.listen", port.to_string()).start();
    let mut page = Browser::start();
    page.open(&engine.http_url("/projects"));
    sign_in(&mut page);
    page.see("Integration");
    engine.restart(|| page.see("Connection to the server lost"));
    page.gone("Connection to the server lost");
    page.follow("Integration");
    page.see("Nobody is connected yet.");
    // It hears again what happens.
    let _encoder = Program::Ffmpeg.is_here().then(|| {
        let url = engine.publish_url();
        let encoder = ffmpeg_publish_forever(&Clip::av(6), &url);
        page.gone("Nobody is connected yet.");
        encoder
    });
    page.assert_clean();
}

#[test]
fn what_happens_while_a_page_cannot_hear_is_on_it_when_it_can_again() {
    needs!(Program::Browser);
    let engine = with_ada().start();
    let link = Tap::before(engine.address("http"));
    let mut page = Browser::start();
    // Whoever changes something is there already: the page behind the link hears of nothing before the link is cut.
    page.open_on_phone(1, &engine.http_url("/projects"));
    sign_in(&mut page);
    page.see("Integration");
    page.tab(0, Some(&format!("http://{}/projects", link.address())));
    sign_in(&mut page);
    page.see("Integration");
    until("two streams of events", || (engine.count("gostream_api_event_streams", &[]) - 2.0).abs() < 0.5);
    link.cut();
    page.see("Connection to the server lost");
    page.open_on_phone(1, &engine.http_url("/projects"));
    page.press("New project");
    page.fill("Name", "Meanwhile");
    page.press("Create");
    page.see("Nobody is connected yet.");
    page.tab(0, None);
    link.mend();
    page.gone("Connection to the server lost");
    page.see("Meanwhile");
    page.assert_clean();
}

#[test]
fn a_show_that_the_server_restarts_under_is_on_the_air_again_without_a_reload() {
    needs!(Program::Ffmpeg, Program::Nginx, Program::Browser);
    let nginx = Nginx::destination();
    let [http, rtmp] = ["http", "rtmp"].map(|_| {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        free.expect("a free port").to_string()
    });
    let mut engine = with_ada()
        .set("http.listen", http)
        .set("rtmp.listen", rtmp)
        .destination("Main hall", &nginx.url(), "hall")
        .start();
    let encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let mut page = Browser::start();
    enter_room(&mut page, &engine.http_url(""));
    page.see_in("Main hall", "Sending");
    page.moves(1.0);
    engine.restart(|| page.see("Connection to the server lost"));
    drop(encoder);
    page.gone("Connection to the server lost");
    let _again = ffmpeg_publish_forever(&Clip::av_wider(6), &engine.publish_url());
    page.see("480 × 270");
    page.see_in("Main hall", "Sending");
    nginx.until_receives("hall");
    page.moves(1.0);
    // What acts on the show works again.
    page.runs("header time");
    page.press("End the show");
    page.see("Viewers on Main hall will see the stream end.");
    page.press("Cancel");
    page.assert_clean();
}

/// A receiver that takes one delivery after the other, and says that each is well.
fn receiver() -> String {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/hook", socket.local_addr().expect("bound"));
    std::thread::spawn(move || {
        for mut connection in socket.incoming().flatten() {
            connection.set_read_timeout(Some(Duration::from_secs(2))).ok();
            // As much of it as one read brings: what is asked does not matter.
            let mut request = [0; 8192];
            let _taken = connection.read(&mut request);
            connection.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").ok();
        }
    });
    url
}

/// The status of an answer to a program with this token.
fn asked_with(engine: &Gostream, token: &str) -> u16 {
    let server = engine.address("http");
    let mut socket = TcpStream::connect(server).expect("it listens");
    let request = "GET /api/v1/projects HTTP/1.1";
    write!(
        socket,
        "{request}\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    .expect("it is sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("it answers");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[test]
fn people_tokens_and_webhooks_are_made_used_and_ended() {
    needs!(Program::Browser);
    let engine = with_ada().set("relay.allow_private", "always").start();
    let mut page = Browser::start();
    page.open(&engine.http_url("/settings/tokens"));
    sign_in(&mut page);
    page.press("New token");
    page.fill("What is it for?", "Stream deck");
    page.press("Create");
    page.see("It is shown this once.");
    let token = page.read("[role=dialog] code");
    page.press("I have it");
    page.see("never used");
    assert_eq!(asked_with(&engine, &token), 200);
    page.press_in("Stream deck", "Delete");
    page.press_in("Programs that use it", "Delete");
    page.see("No token");
    assert_eq!(asked_with(&engine, &token), 401);
    // A webhook, and what came of its test.
    page.open(&engine.http_url("/settings/webhooks"));
    page.press("Add webhook");
    let url = receiver();
    page.fill("Address", &url);
    page.press_in("Add a webhook", "Add");
    page.see("It is shown this once.");
    assert!(page.read("[role=dialog] code").starts_with("whsec_"));
    page.press("I have it");
    page.choose(&format!("More for {url}"), "Send a test");
    page.see("A test is on its way");
    let_flow(Duration::from_secs(1));
    page.choose(&format!("More for {url}"), "Deliveries");
    page.see_in("Deliveries", "Delivered");
    page.see_in("Deliveries", "webhook.test");
    page.see("answered 204");
    // Somebody new comes in by a link, and may look.
    page.open(&engine.http_url("/settings/users"));
    page.press("Add user");
    page.fill("Name", "Bob");
    page.fill("Email", "bob@example.org");
    page.select("Role", "viewer");
    page.press_in("Add a user", "Add");
    page.see("Bob may sign in");
    page.choose("More for Bob", "Link for a new password");
    let link = page.read("[role=dialog] code");
    page.open_on_phone(1, &link);
    page.fill("New password", "another long password");
    page.press("Set it and sign in");
    page.see("Nobody is connected yet.");
    page.see_dead("Send a test pattern");
    page.assert_clean();
}
