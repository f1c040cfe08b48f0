//! What destinations take, who says so, and what people are told.

use bytes::Bytes;

use super::super::destination::{DestinationId, OwnLimits};
use super::*;
use crate::format::aac::AudioSpecificConfig;
use crate::format::opus::OpusHead;
use crate::media::CodecConfig;
use crate::rtmp::RtmpUrl;

const SECOND: TrackId = TrackId { index: 1, ..TrackId::AUDIO };

/// AAC, and Opus as another track, or the other way round.
fn tracks(default: Codec) -> TrackSet {
    let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("48 kHz stereo");
    let opus = CodecConfig::Opus { head: OpusHead::plain(2), packet_samples: 960 };
    let (aac, opus_id) =
        if default == Codec::Aac { (TrackId::AUDIO, SECOND) } else { (SECOND, TrackId::AUDIO) };
    let mut tracks = TrackSet::default();
    tracks.set(aac, CodecConfig::Aac(asc));
    tracks.set(opus_id, opus);
    tracks
}

fn destination(platform: Platform) -> Destination {
    Destination {
        id: DestinationId::new("one"),
        tag: "".into(),
        name: "One".to_owned(),
        url: RtmpUrl::parse("rtmp://host/live", "key").expect("an address"),
        enabled: true,
        insecure: false,
        chunk_size: 4_096,
        platform,
        codecs: None,
        video_track: None,
        audio_track: None,
        limits: OwnLimits::default(),
    }
}

#[test]
fn a_platform_is_not_sent_what_it_does_not_take_and_the_sentence_says_what_to_change() {
    let twitch = destination(Platform::Twitch);
    assert_eq!(objection(&twitch, &tracks(Codec::Aac), Codecs::ANY), None, "another track does not count");
    let fault = objection(&twitch, &tracks(Codec::Opus), Codecs::ANY).expect("Opus is not taken");
    assert_eq!(fault.reason, Reason::CodecUnsupported);
    assert_eq!(
        fault.detail,
        "Twitch takes AAC audio only, and the encoder sends Opus: set the encoder to AAC, or add \"opus\" to this \
         destination's codecs if it is taken by now"
    );
    let hevc = refusal(&destination(Platform::YouTube), Codec::Vp9, Codecs::ANY);
    assert!(
        hevc.detail.starts_with("YouTube takes H.264, HEVC or AV1 video only, and the encoder sends VP9:")
    );
}

#[test]
fn what_the_operator_says_counts_more_than_the_platform_and_the_server() {
    let taken = Codecs::only(&[Codec::Opus]);
    let twitch = Destination { codecs: Some(taken), ..destination(Platform::Twitch) };
    assert_eq!(objection(&twitch, &tracks(Codec::Opus), Codecs::only(&[Codec::Aac])), None);
    let fault = objection(&twitch, &tracks(Codec::Aac), Codecs::ANY).expect("AAC is not listed");
    assert!(fault.detail.starts_with("This destination's codecs allow Opus audio only"), "{}", fault.detail);
}

#[test]
fn a_server_of_which_nothing_is_known_restricts_what_it_names_and_one_that_is_silent_nothing() {
    let custom = destination(Platform::Custom);
    let silent = announced(&Capabilities::default());
    assert_eq!(silent, Codecs::ANY);
    assert_eq!(objection(&custom, &tracks(Codec::Opus), silent), None);
    let fault = objection(&custom, &tracks(Codec::Opus), Codecs::only(&[Codec::Aac, Codec::Mp3]));
    let detail = fault.expect("Opus is not named").detail;
    assert!(detail.starts_with("The server says that it takes AAC or MP3 audio only"), "{detail}");
}

#[test]
fn a_platform_that_refuses_the_key_is_named_with_the_page_that_has_it() {
    let rejected = Fault::new(Reason::PublishRejected, "no (NetStream.Publish.BadName)");
    let kick = explained(&destination(Platform::Kick), rejected.clone());
    let said = "Kick refused the stream key; copy it anew from kick.com/dashboard/settings/stream. It said: no \
                (NetStream.Publish.BadName)";
    assert_eq!((kick.reason, kick.detail.as_str()), (Reason::PublishRejected, said));
    assert_eq!(explained(&destination(Platform::Custom), rejected.clone()), rejected);
    let stalled = Fault::new(Reason::Stalled, "no answer");
    assert_eq!(explained(&destination(Platform::Kick), stalled.clone()), stalled);
}

#[test]
fn all_tracks_go_to_servers_that_say_so_and_are_no_platform() {
    let (custom, twitch) = (destination(Platform::Custom), destination(Platform::Twitch));
    assert_eq!(choice(&custom, true), TrackChoice::All);
    assert_eq!(choice(&custom, false), TrackChoice::DEFAULT);
    assert_eq!(choice(&twitch, true), TrackChoice::DEFAULT);
    let second = Destination { audio_track: Some(1), ..custom };
    assert_eq!(choice(&second, true), TrackChoice::One { video: 0, audio: 1 });
}

#[test]
fn a_track_that_is_not_there_is_named_with_those_that_are() {
    let third = Destination { audio_track: Some(2), ..destination(Platform::Custom) };
    let fault = missing(&third, &tracks(Codec::Aac)).expect("there is no third");
    assert_eq!(fault.reason, Reason::TrackMissing);
    assert!(fault.detail.starts_with("The encoder sends no audio track 2 but 0 and 1: set audio_track"));
    let picture = Destination { video_track: Some(1), ..destination(Platform::Custom) };
    let fault = missing(&picture, &tracks(Codec::Aac)).expect("there is no picture");
    assert_eq!(fault.detail, "The encoder sends no video track 1, and no video at all");
    assert_eq!(missing(&destination(Platform::Custom), &TrackSet::default()), None);
}
