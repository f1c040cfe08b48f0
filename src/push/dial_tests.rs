//! Where a server may send us, and where not.

use super::super::destination::{DestinationId, OwnLimits};
use super::super::platform::Platform;
use super::*;
use crate::rtmp::{Server, ServerConfig, ServerEvent};

fn destination(url: &str) -> Destination {
    Destination {
        id: DestinationId::new("one"),
        tag: "".into(),
        name: "One".to_owned(),
        url: RtmpUrl::parse(url, "key").expect("an address"),
        enabled: true,
        insecure: false,
        chunk_size: 4_096,
        platform: Platform::Custom,
        codecs: None,
        video_track: None,
        audio_track: None,
        limits: OwnLimits::default(),
    }
}

#[test]
fn another_host_must_not_be_nearer_than_the_server_that_names_it() {
    let far = destination("rtmp://far/live");
    let at_least = |from: &RtmpUrl, reach, tc_url| {
        Route::elsewhere(&far, (from, reach), tc_url).map(|route| route.at_least)
    };
    assert_eq!(at_least(&far.url, Reach::World, "/other"), Ok(Reach::Host), "the operator named this host");
    assert_eq!(at_least(&far.url, Reach::World, "rtmp://FAR:1935/live"), Ok(Reach::Host));
    // The operator named no other door of it, and the host's name may lead into our network tomorrow.
    assert_eq!(at_least(&far.url, Reach::World, "rtmp://far:6379/live"), Ok(Reach::World));
    assert_eq!(at_least(&far.url, Reach::Host, "rtmp://far:6379/live"), Ok(Reach::Host));
    assert_eq!(at_least(&far.url, Reach::World, "rtmp://other/live"), Ok(Reach::World));
    assert_eq!(at_least(&far.url, Reach::Site, "rtmp://other/live"), Ok(Reach::Site));
    // A server that we were sent to does not become one that the operator named.
    let other = far.url.resolve("rtmp://other/live").expect("an address");
    assert_eq!(at_least(&other, Reach::World, "/again"), Ok(Reach::World));
    assert_eq!(at_least(&other, Reach::World, "rtmp://far/live"), Ok(Reach::Host));
}

#[tokio::test]
async fn an_address_inside_our_network_is_not_connected_to_on_a_stranger_s_word() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let (far, near) = (destination("rtmp://far.example/live"), format!("rtmp://127.0.0.1:{port}/live"));
    let route = Route::elsewhere(&far, (&far.url, Reach::World), &near).expect("an address");
    let dialer = Dialer::new(
        Duration::from_secs(10),
        Allowed::All,
        SocketOptions { nodelay: true, unsent_max: 1 << 16 },
    );
    let fault = dialer.dial(&far, &route).await.expect_err("refused");
    assert_eq!(fault.detail, "the server sent us to an address inside our network");
    let accepted = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(accepted.is_err(), "nobody knocked");
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_at_the_second_connect_is_judged_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let here = listener.local_addr().expect("bound");
    let metadata = SocketAddr::from(([169, 254, 169, 254], 80));
    let dialer = Dialer::new(
        Duration::from_secs(10),
        Allowed::NotLink,
        SocketOptions { nodelay: true, unsent_max: 1 << 16 },
    );
    let connect = async |addresses: &[SocketAddr]| {
        let deadline = Instant::now() + Duration::from_secs(10);
        let connected = dialer.connect_to(addresses.to_vec(), Reach::Host, deadline).await;
        connected.map(|(tcp, _)| tcp.peer_addr().expect("connected")).map_err(|fault| fault.reason)
    };
    assert_eq!(connect(&[here]).await, Ok(here));
    assert_eq!(connect(&[metadata]).await, Err(Reason::AddressForbidden), "the name server's second answer");
    assert_eq!(connect(&[metadata, here]).await, Ok(here), "one of several addresses may be had");
    drop(listener);
    assert_eq!(
        connect(&[here, metadata]).await,
        Err(Reason::TcpRefused),
        "the one that may be had is closed"
    );
}

/// A server that takes one publisher after the other, and answers the first ones' `publish` by sending them on.
async fn sends_on(times: usize, tc_url: impl Fn(u16) -> String) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let tc_url = tc_url(port);
    tokio::spawn(async move {
        let second = Duration::from_secs(10);
        let config = Arc::new(ServerConfig {
            app: "live".into(),
            chunk_size: 4_096,
            limits: LIMITS,
            handshake_timeout: second,
            connect_timeout: second,
            stall_timeout: second,
            publish_auth: None,
        });
        for number in 0.. {
            let (tcp, _) = listener.accept().await.expect("a connection");
            let (transport, now) = (Transport::plain(tcp), std::time::Instant::now());
            let mut server = Server::new(Arc::clone(&config), 1, now);
            while let Ok(Step::Fed) = step(&transport, &mut server).await {
                while let Some(event) = server.poll_event() {
                    match event {
                        ServerEvent::Publish(_) if number < times => {
                            assert!(server.request_reconnect(Some(&tc_url)), "we say that we know how");
                        }
                        ServerEvent::Publish(_) => server.accept_publish(now),
                        _ => {}
                    }
                }
                flush(&transport, &mut server).await.expect("it is read");
            }
        }
    });
    port
}

async fn dial(port: u16) -> Result<Connected, Fault> {
    let here = destination(&format!("rtmp://127.0.0.1:{port}/live"));
    let dialer = Dialer::new(
        Duration::from_secs(10),
        Allowed::All,
        SocketOptions { nodelay: true, unsent_max: 1 << 16 },
    );
    dialer.dial(&here, &Route::own(&here)).await
}

#[tokio::test]
async fn a_server_that_sends_us_on_before_it_takes_the_stream_is_obeyed() {
    let port = sends_on(1, |port| format!("rtmp://127.0.0.1:{port}/live/other")).await;
    let connected = dial(port).await.expect("taken at the second address");
    assert_eq!(connected.url.app, "live/other");
}

#[tokio::test]
async fn a_server_cannot_send_us_in_circles_or_astray_before_it_takes_the_stream() {
    let fault = dial(sends_on(usize::MAX, |_| String::new()).await).await.expect_err("circles");
    assert_eq!(
        (fault.reason, fault.detail.as_str()),
        (Reason::ClosedByPeer, "the server sent us on too often")
    );
    let fault = dial(sends_on(1, |_| "http://127.0.0.1/".to_owned()).await).await.expect_err("not RTMP");
    assert!(
        fault.detail.starts_with("the server sent us to an address that will not do"),
        "{}",
        fault.detail
    );
}
