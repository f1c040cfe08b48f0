//! The list of cases, read and written, cut and spoilt.

use proptest::prelude::*;

use super::*;
use crate::format::flv::cases::{AUDIO, AUDIO_REFUSED, Written, bytes};

#[test]
fn bodies_mean_what_their_senders_mean() {
    for (body, tracks, _) in AUDIO {
        let expected: Vec<_> =
            tracks.iter().map(|(header, data)| Audio { header: *header, data: bytes(data) }).collect();
        assert_eq!(Audio::parse(&bytes(body)).as_deref(), Ok(expected.as_slice()), "{body}");
    }
}

#[test]
fn bodies_are_written_as_they_are_read() {
    for (body, tracks, written) in AUDIO {
        let prefix = match (written, tracks) {
            (Written::Legacy, [(header, _)]) => header.legacy(),
            (Written::Enhanced, [(header, _)]) => header.enhanced(),
            _ => continue,
        };
        let prefix = prefix.unwrap_or_else(|| panic!("{body} has no form"));
        assert!(!prefix.spilled());
        let whole = [&prefix[..], &bytes(tracks[0].1)].concat();
        assert_eq!(whole, bytes(body), "{body}");
    }
}

#[test]
fn bodies_that_nobody_defined_are_refused() {
    for body in AUDIO_REFUSED {
        assert!(Audio::parse(&bytes(body)).is_err(), "{body}");
    }
}

#[test]
fn every_case_cut_or_spoilt_at_any_byte_panics_nothing() {
    for body in AUDIO.iter().map(|case| case.0).chain(AUDIO_REFUSED.iter().copied()) {
        let whole = bytes(body);
        for at in 0..whole.len() {
            let _any = Audio::parse(&whole.slice(..at));
            for value in [0x00, 0x01, 0x05, 0x07, 0x10, 0x21, 0x7f, 0x97, 0xff] {
                let mut spoilt = whole.to_vec();
                spoilt[at] = value;
                let _any = Audio::parse(&spoilt.into());
            }
        }
    }
}

#[test]
fn codings_have_names() {
    for (codec, name) in [
        (AudioCodec::Id(7), "G.711 A-law"),
        (AudioCodec::Id(11), "Speex"),
        (AudioCodec::Id(6), "Nellymoser"),
        (AudioCodec::Eac3, "E-AC-3"),
        (AudioCodec::FourCc(*b"wav!"), "codec wav!"),
    ] {
        assert_eq!(codec.to_string(), name);
    }
}

#[test]
fn what_has_no_legacy_form_has_none() {
    let second =
        AudioHeader { track: 1, codec: AudioCodec::Aac, packet: AudioPacket::Frames, offset_nanos: 0 };
    assert_eq!(second.legacy(), None);
    assert_eq!(AudioHeader { track: 0, codec: AudioCodec::Opus, ..second }.legacy(), None);
    assert_eq!(AudioHeader { codec: AudioCodec::Id(7), ..second }.enhanced(), None);
}

proptest! {
    #[test]
    fn any_bytes_parse_or_are_refused(body in proptest::collection::vec(any::<u8>(), 0..64), low in 0_u8..16) {
        let _any = Audio::parse(&Bytes::from(body.clone()));
        let _any = Audio::parse(&Bytes::from([&[0x90 | low][..], &body].concat()));
    }
}
