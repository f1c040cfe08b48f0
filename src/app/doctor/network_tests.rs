//! Certificates as they come, and an address of ours that leads somewhere else.

use std::path::Path;

use super::super::State;
use super::*;
use crate::app::config::TlsMode;

/// A certificate that ends at the beginning of this day, and its key or another one's.
fn certified(folder: &Path, end: time::OffsetDateTime, is_own_key: bool) -> Config {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a good name");
    params.not_after = rcgen::date_time_ymd(end.year(), u8::from(end.month()), end.day());
    let cert = params.self_signed(&key).expect("signed").pem();
    let key = if is_own_key { key } else { rcgen::KeyPair::generate().expect("a key") };
    let mut config = Config::default();
    let (at_cert, at_key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&at_cert, cert).expect("written");
    std::fs::write(&at_key, key.serialize_pem()).expect("written");
    config.tls.mode = TlsMode::Files;
    (config.tls.cert, config.tls.key) = (Some(at_cert), Some(at_key));
    config.https.listen = Listen::Everywhere(8443);
    config
}

#[test]
fn a_certificate_is_good_soon_over_over_or_not_ours() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let now = time::OffsetDateTime::now_utc();
    for (days, state, words) in [
        (300, State::Ok, "valid for "),
        (7, State::Warn, "valid for "),
        (-7, State::Fail, "not valid any more"),
    ] {
        let config = certified(folder.path(), now + time::Duration::days(days), true);
        let check = certificate(&config).expect("a listener wants one");
        assert_eq!(check.state, state, "{check:?}");
        assert!(check.detail.contains(words), "{check:?}");
        assert_eq!(check.what_to_do.is_some(), state != State::Ok);
    }
    let other = certified(folder.path(), now + time::Duration::days(300), false);
    assert_eq!(certificate(&other).expect("wanted").state, State::Fail, "its key is another one's");
    std::fs::remove_file(other.tls.cert.as_ref().expect("set")).expect("removed");
    let gone = certificate(&other).expect("wanted");
    assert_eq!((gone.state, gone.what_to_do.as_deref()), (State::Fail, Some("see tls.cert and tls.key")));
    assert!(certificate(&Config::default()).is_none(), "nobody wants one");
}

/// An HTTP server that gives everybody this answer.
async fn says(answer: &'static str) -> SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut request = [0; 2_048];
            let _read = tcp.read(&mut request).await;
            let _written = tcp.write_all(answer.as_bytes()).await;
        }
    });
    addr
}

#[tokio::test]
async fn a_public_address_leads_to_us_to_somebody_else_or_nowhere() {
    let ours = says("HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nalive\n").await;
    let other = says("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let at = async |url: String| public_url(&Config { public_url: url, ..Config::default() }).await;
    assert_eq!(at(String::new()).await.state, State::Ok);
    assert_eq!(at(format!("http://{ours}")).await.state, State::Ok);
    let led_astray = at(format!("http://{other}")).await;
    assert_eq!(led_astray.state, State::Warn);
    assert!(led_astray.detail.ends_with("it answers 404"), "{led_astray:?}");
    let tls = at(format!("https://{ours}")).await;
    assert_eq!(tls.state, State::Warn, "there is no TLS: {tls:?}");
}
