//! RTMP over TLS, in and out, with an authority of our own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use rustls::server::Acceptor;

use crate::needs;
use crate::support::engine::{Config, Gostream, KEY};
use crate::support::machines::{Feed, Show};
use crate::support::packets::Clip;
use crate::support::peers::{Player, ffmpeg_publish, ffmpeg_publish_forever};
use crate::support::process::Signal;
use crate::support::programs::Program;
use crate::support::tls::Authority;
use crate::support::{SERVER_HANDSHAKE, hello};

fn secure(authority: &Authority) -> Config {
    let path = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    Gostream::config()
        .set("rtmps.listen", "127.0.0.1:0")
        .set("tls.cert", path(authority.server_chain()))
        .set("tls.key", path(authority.server_key()))
}

fn secure_url(engine: &Gostream) -> String {
    format!("rtmps://localhost:{}/live", engine.address("rtmps").port())
}

#[test]
fn an_encoder_publishes_over_tls() {
    needs!(Program::Ffmpeg);
    let clip = Clip::av(6);
    let authority = Authority::new();
    let engine = secure(&authority).start();
    let mut encoder = ffmpeg_publish(&clip, &format!("{}/{KEY}", secure_url(&engine)));
    engine.until_stream("live");
    let mut player = Player::ffmpeg(&engine.play_url());
    encoder.process.succeed();
    player.process.end(Duration::from_secs(15), Signal::Int);
    clip.assert_whole_in("over TLS", &player.packets(), 1);
    assert!(engine.count("gostream_connections_total", &[("service", "rtmps")]) >= 1.0);
}

/// An engine that pushes over TLS to another one; the second is returned first.
fn chain(authority: &Authority, trusting: bool, insecure: bool) -> (Gostream, Gostream) {
    let edge = secure(authority).start();
    let mut config = Gostream::config()
        .set("relay.retry_min", "200ms")
        .set("relay.retry_max", "500ms")
        .destination_with("edge", &secure_url(&edge), KEY, &[("insecure", insecure.into())]);
    if trusting {
        config = config.environment("SSL_CERT_FILE", &authority.certificate().to_string_lossy());
    }
    (edge, config.start())
}

fn arrives(authority: &Authority, trusting: bool, insecure: bool, who: &str) {
    let clip = Clip::av(6);
    let (edge, origin) = chain(authority, trusting, insecure);
    let mut encoder = ffmpeg_publish(&clip, &origin.publish_url());
    edge.until_stream("live");
    let mut player = Player::ffmpeg(&edge.play_url());
    encoder.process.succeed();
    player.process.end(Duration::from_secs(15), Signal::Int);
    clip.assert_whole_in(who, &player.packets(), 1);
}

#[test]
fn a_destination_with_a_trusted_certificate_receives() {
    needs!(Program::Ffmpeg);
    arrives(&Authority::new(), true, false, "over trusted TLS");
}

#[test]
fn a_destination_with_an_unknown_certificate_receives_nothing() {
    needs!(Program::Ffmpeg);
    let authority = Authority::new();
    let (edge, origin) = chain(&authority, false, false);
    let _encoder = ffmpeg_publish_forever(&Clip::av(6), &origin.publish_url());
    origin.until_stream("live");
    crate::support::until("the certificate to be refused", || {
        origin.output_is("edge", "retrying") || origin.output_is("edge", "failed")
    });
    assert!(origin.logged(|line| line["reason"] == "tls"), "the reason has a name");
    assert!(!edge.stream_is("live"));
}

#[test]
fn a_destination_with_an_unknown_certificate_receives_where_the_operator_says_so() {
    needs!(Program::Ffmpeg);
    arrives(&Authority::new(), false, true, "over insecure TLS");
}

#[test]
fn plain_rtmp_on_the_tls_port_is_closed() {
    needs!(Program::Ffmpeg);
    let engine = secure(&Authority::new()).start();
    let url = secure_url(&engine).replace("rtmps://", "rtmp://");
    let mut encoder = ffmpeg_publish_forever(&Clip::av(4), &format!("{url}/{KEY}"));
    assert!(!encoder.process.wait().success());
}

#[test]
fn tls_on_the_plain_port_is_closed() {
    needs!(Program::Ffmpeg);
    let engine = Gostream::start();
    let url = engine.publish_url().replace("rtmp://", "rtmps://");
    let mut encoder = ffmpeg_publish_forever(&Clip::av(4), &url);
    assert!(!encoder.process.wait().success());
}

/// A client that trusts the authority shakes hands over TLS and then RTMP's, and is shown the server's certificate.
/// What it asks for beyond the certificate gets no answer: the engine speaks RTMP alone.
fn shakes_hands(engine: &Gostream, authority: &Authority, name: &str, sends_name: bool, offers: &[&str]) {
    let mut client = authority.connect(engine.address("rtmps"), name, |config| {
        config.enable_sni = sends_name;
        config.alpn_protocols = offers.iter().map(|offer| offer.as_bytes().to_vec()).collect();
    });
    client.write_all(&hello()).expect("the certificate is good and the engine reads");
    client.read_exact(&mut [0; SERVER_HANDSHAKE]).expect("S0, S1 and S2 over TLS");
    let shown = client.conn.peer_certificates().and_then(<[_]>::first).expect("a certificate was shown");
    assert_eq!(*shown, authority.issued());
    assert_eq!(client.conn.alpn_protocol(), None);
}

#[test]
fn a_client_gets_the_certificate_whether_or_not_it_names_the_server() {
    let authority = Authority::new();
    let engine = secure(&authority).start();
    shakes_hands(&engine, &authority, "localhost", true, &[]);
    shakes_hands(&engine, &authority, "localhost", false, &[]);
    // No name is sent for an address: what a client without a name for us does.
    shakes_hands(&engine, &authority, "127.0.0.1", true, &[]);
    shakes_hands(&engine, &authority, "localhost", true, &["h2", "http/1.1"]);
}

#[test]
fn a_destination_is_asked_for_by_its_name() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let hearing = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut acceptor = Acceptor::default();
        loop {
            acceptor.read_tls(&mut socket).expect("it sends");
            if let Some(accepted) = acceptor.accept().expect("a hello") {
                return accepted.client_hello().server_name().map(str::to_owned);
            }
        }
    });
    let engine =
        Gostream::config().destination("one", &format!("rtmps://localhost:{port}/live"), "key").start();
    let _feed = Feed::start(&engine.publish_url(), Show::h264());
    assert_eq!(hearing.join().expect("a hello").as_deref(), Some("localhost"));
}

#[test]
fn a_destination_with_a_certificate_for_another_name_receives_nothing() {
    let authority = Authority::new();
    let edge = secure(&authority).set("rtmps.listen", "0.0.0.0:0").start();
    // The certificate is for localhost and 127.0.0.1.
    let url = format!("rtmps://127.0.0.2:{}/live", edge.address("rtmps").port());
    let engine = Gostream::config()
        .destination("edge", &url, KEY)
        .environment("SSL_CERT_FILE", &authority.certificate().to_string_lossy())
        .start();
    let _feed = Feed::start(&engine.publish_url(), Show::h264());
    engine.until_output("edge", "retrying");
    assert!(engine.logged(|line| line["reason"] == "tls"), "the reason has a name: {}", engine.log_text());
    assert!(!edge.stream_is("live"));
}
