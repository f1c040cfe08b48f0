//! Where a server may send us, and where not.

use super::super::destination::DestinationId;
use super::super::platform::Platform;
use super::*;

fn destination(url: &str) -> Destination {
    Destination {
        id: DestinationId::new("one"),
        name: "One".to_owned(),
        url: RtmpUrl::parse(url, "key").expect("an address"),
        enabled: true,
        insecure: false,
        chunk_size: 4_096,
        platform: Platform::Custom,
        codecs: None,
        video_track: None,
        audio_track: None,
    }
}

#[test]
fn another_host_must_not_be_nearer_than_the_server_that_names_it() {
    let far = destination("rtmp://far/live");
    let at_least = |from: &RtmpUrl, reach, tc_url| {
        Route::elsewhere(&far, (from, reach), tc_url).map(|route| route.at_least)
    };
    assert_eq!(at_least(&far.url, Reach::World, "/other"), Ok(Reach::Host), "the operator named this host");
    assert_eq!(at_least(&far.url, Reach::World, "rtmp://FAR:1/live"), Ok(Reach::Host));
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
    let dialer = Dialer::new(Duration::from_secs(10), SocketOptions { nodelay: true, unsent_max: 1 << 16 });
    let fault = dialer.dial(&far, &route).await.expect_err("refused");
    assert_eq!(fault.detail, "the server sent us to an address inside our network");
    let accepted = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
    assert!(accepted.is_err(), "nobody knocked");
}
