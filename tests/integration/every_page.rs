//! Every page of the dashboard on the real engine: what the made-up server of the web pages' own tests cannot prove.

use crate::dashboard::{enter_room, sign_in, with_ada};
use crate::every_codec::HEVC_AAC;
use crate::needs;
use crate::support::modern::{coded, publish};
use crate::support::nginx::Nginx;
use crate::support::packets::Clip;
use crate::support::page::Browser;
use crate::support::peers::{ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::programs::Program;

/// Opens each page and holds it to what it promises.
fn walk(page: &mut Browser, phone: bool, base: &str, paths: &[String]) {
    for path in paths {
        let url = format!("{base}{path}");
        if phone {
            page.open_on_phone(1, &url);
        } else {
            page.open(&url);
        }
        page.assert_accessible(path);
    }
}

#[test]
fn every_page_is_clean_with_one_show_on_the_air_and_one_that_is_over() {
    needs!(Program::Ffmpeg, Program::Nginx, Program::Browser);
    let nginx = Nginx::destination();
    let engine = with_ada().set("stream.hold", "0s").destination("Main hall", &nginx.url(), "hall").start();
    ffmpeg_publish(&Clip::av(6), &engine.publish_url()).process.wait();
    engine.until_stream("ended");
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &engine.publish_url());
    let base = engine.http_url("");
    let mut page = Browser::start();
    enter_room(&mut page, &base);
    page.see_in("Main hall", "Sending");
    page.moves(1.0);
    let room = page.address().trim_start_matches(&base).to_owned();
    page.open(&format!("{base}{room}/streams"));
    page.assert_accessible("shows");
    page.see("the encoder stopped");
    let shows = page.links("a[href^='/streams/']");
    assert_eq!(shows.len(), 2, "one is on the air, and one is over");
    let dock = room.replace("/projects/", "/dock/");
    let paths: Vec<String> =
        ["/", "/projects", "/activity", "/system", "/settings", "/settings/appearance", "/settings/tokens"]
            .into_iter()
            .chain(["/settings/webhooks", "/settings/users"])
            .map(str::to_owned)
            .chain([format!("{room}/streams"), format!("{room}/settings"), room, dock])
            .chain(shows)
            .collect();
    walk(&mut page, false, &base, &paths);
    page.open_on_phone(1, &base);
    sign_in(&mut page);
    page.see("On the air");
    walk(&mut page, true, &base, &paths);
    // The documentation is a page of others, which is held to our policy and to a quiet console.
    page.tab(0, Some(&format!("{base}/api-docs/")));
    page.see("Listen to what happens");
    page.assert_clean();
}

#[test]
fn what_is_copied_on_plain_http_under_a_name_of_the_house_is_what_a_paste_brings() {
    needs!(Program::Browser);
    let engine = with_ada().start();
    let mut page = Browser::start_with(&[("RESOLVE", "MAP studio.test 127.0.0.1")]);
    enter_room(&mut page, &format!("http://studio.test:{}", engine.address("http").port()));
    page.see("Nobody is connected yet.");
    let server = page.read("ol code");
    page.press("Server");
    assert_eq!(page.copied(), server);
    assert!(server.starts_with("rtmp://studio.test:"), "the name that the page was opened by: {server}");
    page.press("Copy the stream key");
    page.see("Copy the stream key: copied");
    let publish = format!("rtmp://{}/live/{}", engine.address("rtmp"), page.copied());
    assert_eq!(publish, engine.publish_url());
    page.assert_clean();
}

#[test]
fn a_browser_without_a_decoder_is_told_of_which() {
    needs!(Program::Ffmpeg9, Program::Browser);
    let engine = with_ada().start();
    let clip = coded(&HEVC_AAC, 20);
    let _encoder = publish(&[&clip], &engine.publish_url());
    let mut page = Browser::start();
    enter_room(&mut page, &engine.http_url(""));
    page.see("This browser cannot decode HEVC.");
    page.see("192 × 108");
    page.assert_clean();
}
