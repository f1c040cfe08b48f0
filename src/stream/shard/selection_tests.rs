//! What one socket is told of a stream with several tracks, and which of its frames it is sent.

use std::time::Instant;

use bytes::Bytes;

use super::*;
use crate::format::aac::AudioSpecificConfig;
use crate::format::h264::AvcConfig;
use crate::format::opus::OpusHead;
use crate::media::{CodecConfig, MediaTime, Packet};

const AVC: &[u8] = &[
    0x01, 0x64, 0x00, 0x0D, 0xFF, 0xE1, 0x00, 0x1A, 0x67, 0x64, 0x00, 0x0D, 0xAC, 0xD9, 0x41, 0x41, 0x9F,
    0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xC0, 0xF1, 0x42, 0x99, 0x60,
    0x01, 0x00, 0x06, 0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0, 0xFD, 0xF8, 0xF8, 0x00,
];

const SECOND_PICTURE: TrackId = TrackId { index: 1, ..TrackId::VIDEO };
const SECOND_SOUND: TrackId = TrackId { index: 1, ..TrackId::AUDIO };

/// Two of pictures; sound in AAC, and in Opus as the second.
fn tracks() -> TrackSet {
    let mut tracks = TrackSet::default();
    for id in [TrackId::VIDEO, SECOND_PICTURE] {
        let avc = AvcConfig::parse(Bytes::from_static(AVC)).expect("a record");
        tracks.set(id, CodecConfig::H264(avc));
    }
    let asc = AudioSpecificConfig::parse(Bytes::from_static(&[0x11, 0x90])).expect("48 kHz stereo");
    tracks.set(TrackId::AUDIO, CodecConfig::Aac(asc));
    tracks.set(SECOND_SOUND, CodecConfig::Opus { head: OpusHead::plain(2), packet_samples: 960 });
    tracks
}

fn entry(track: TrackId, keyframe: bool) -> Entry {
    let (dts, payload) = (MediaTime::ZERO, Bytes::from_static(b"frame"));
    let packet = Packet { track, dts, cts: MediaTime::ZERO, keyframe, payload };
    let shared = |message: to_flv::FlvMessage| SharedMessage::new(4, 9, &message.prefix, message.payload);
    let plain = to_flv::plain_message(&packet, &tracks()).filter(|_| track.index != 0);
    let frame = Frame::Media(packet);
    Entry {
        seq: 0,
        wire: to_flv::message(&frame, &tracks()).map(shared),
        plain: plain.map(shared),
        frame,
        tracks: Arc::default(),
        start: false,
        discontinuity: false,
        origin: crate::stream::Origin::Encoder,
        arrived: Instant::now(),
    }
}

fn selection(tracks: TrackChoice, codecs: Codecs, enhanced: bool) -> Selection {
    Selection::new(Wanted { tracks, codecs, enhanced }, true)
}

/// The first bytes of what the peer is told, metadata left out.
fn told(selection: &mut Selection, tracks: &TrackSet) -> Vec<Vec<u8>> {
    let headers = selection.adopt(&Arc::new(tracks.clone())).expect("all is taken");
    let media = headers.into_iter().filter(|header| header.type_id != MessageType::DATA);
    media.map(|header| header.body[..2].to_vec()).collect()
}

#[test]
fn a_peer_of_one_track_is_told_of_the_default_ones_and_sent_nothing_else() {
    let mut one = selection(TrackChoice::DEFAULT, Codecs::ANY, false);
    assert_eq!(told(&mut one, &tracks()), [[0x17, 0], [0xAF, 0]]);
    assert_eq!(one.form(&entry(TrackId::VIDEO, true)), Some(Form::Shared));
    assert_eq!(one.form(&entry(SECOND_PICTURE, true)), None);
    assert_eq!(one.form(&entry(SECOND_SOUND, true)), None);
}

#[test]
fn a_peer_of_many_gets_the_others_in_their_wrappers() {
    let mut all = selection(TrackChoice::All, Codecs::ANY, true);
    assert_eq!(told(&mut all, &tracks()), [[0x17, 0], [0x96, 0], [0xAF, 0], [0x95, 0]]);
    assert_eq!(all.form(&entry(SECOND_PICTURE, false)), Some(Form::Shared));
    let mut some = selection(TrackChoice::All, Codecs::only(&[Codec::Aac]), true);
    assert_eq!(told(&mut some, &tracks()), [[0x17, 0], [0x96, 0], [0xAF, 0]], "not what it cannot take");
    assert_eq!(some.form(&entry(SECOND_SOUND, true)), None);
}

#[test]
fn a_chosen_track_is_plain_and_begins_at_its_own_keyframe() {
    let mut chosen = selection(TrackChoice::One { video: 1, audio: 1 }, Codecs::ANY, false);
    assert_eq!(told(&mut chosen, &tracks()), [[0x17, 0], [0x90, b'O']]);
    assert_eq!(chosen.form(&entry(TrackId::VIDEO, true)), None);
    assert_eq!(chosen.form(&entry(SECOND_SOUND, true)), Some(Form::Plain));
    assert_eq!(chosen.form(&entry(SECOND_PICTURE, false)), None, "its keyframe has not come");
    assert!(chosen.standing().is_none(), "it differs from those that have it");
    assert_eq!(chosen.form(&entry(SECOND_PICTURE, true)), Some(Form::Plain));
    assert_eq!(chosen.form(&entry(SECOND_PICTURE, false)), Some(Form::Plain));
    assert!(chosen.standing().is_some());
    chosen.lost();
    assert_eq!(chosen.form(&entry(SECOND_PICTURE, false)), None, "something before it is gone");
}

#[test]
fn a_coding_that_is_not_taken_is_found_before_anything_of_it_is_sent() {
    let opus = TrackChoice::One { video: 0, audio: 1 };
    let mut picky = selection(opus, Codecs::only(&[Codec::H264, Codec::Aac]), false);
    assert_eq!(picky.adopt(&Arc::new(tracks())).err(), Some(Codec::Opus));
}

#[test]
fn what_is_said_of_a_track_goes_with_its_header_and_again_when_it_changes() {
    let channels = Bytes::from_static(&[1, 2, 0, 0, 0, 3]);
    let mut said = tracks();
    said.set_remark(TrackId::AUDIO, Codec::Aac, channels.clone());
    said.set_remark(SECOND_SOUND, Codec::Opus, channels);
    let mut legacy = selection(TrackChoice::DEFAULT, Codecs::ANY, false);
    assert_eq!(told(&mut legacy, &said), [[0x17, 0], [0xAF, 0]], "it might stumble over it");
    let mut enhanced = selection(TrackChoice::DEFAULT, Codecs::ANY, true);
    assert_eq!(told(&mut enhanced, &said), [[0x17, 0], [0xAF, 0], [0x94, b'm']]);
    let mut opus = selection(TrackChoice::One { video: 0, audio: 1 }, Codecs::ANY, false);
    assert_eq!(
        told(&mut opus, &said),
        [[0x17, 0], [0x90, b'O'], [0x94, b'O']],
        "it reads such bodies anyway"
    );
    assert_eq!(told(&mut enhanced, &said.clone()), [[0; 2]; 0]);
    said.set_remark(TrackId::AUDIO, Codec::Aac, Bytes::from_static(&[1, 1, 0, 0, 0, 4]));
    assert_eq!(told(&mut enhanced, &said), [[0x94, b'm']]);
    said.set_remark(TrackId::VIDEO, Codec::H265, Bytes::from_static(b"of another coding"));
    assert_eq!(told(&mut enhanced, &said), [[0; 2]; 0]);
    said.set_remark(TrackId::VIDEO, Codec::H264, Bytes::from_static(b"colours"));
    assert_eq!(told(&mut enhanced, &said), [[0xD4, b'a']]);
    let mut late = selection(TrackChoice::DEFAULT, Codecs::ANY, true);
    assert_eq!(told(&mut late, &said), [[0xD4, b'a'], [0x17, 0], [0xAF, 0], [0x94, b'm']]);
}
