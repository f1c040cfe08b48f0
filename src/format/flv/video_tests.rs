//! The list of cases, read and written, cut and spoilt.

use proptest::prelude::*;

use super::*;
use crate::format::flv::cases::{VIDEO, VIDEO_REFUSED, Written, bytes};

#[test]
fn bodies_mean_what_their_senders_mean() {
    for (body, tracks, _) in VIDEO {
        let expected: Vec<_> =
            tracks.iter().map(|(header, data)| Video { header: *header, data: bytes(data) }).collect();
        assert_eq!(Video::parse(&bytes(body)).as_deref(), Ok(expected.as_slice()), "{body}");
    }
}

#[test]
fn bodies_are_written_as_they_are_read() {
    for (body, tracks, written) in VIDEO {
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
    for body in VIDEO_REFUSED {
        assert!(Video::parse(&bytes(body)).is_err(), "{body}");
    }
}

#[test]
fn data_is_a_slice_of_the_body() {
    for (body, ..) in VIDEO {
        let body = bytes(body);
        for video in Video::parse(&body).expect("whole") {
            assert!(video.data.is_empty() || body.as_ptr_range().contains(&video.data.as_ptr()));
        }
    }
}

#[test]
fn every_case_cut_or_spoilt_at_any_byte_panics_nothing() {
    for body in VIDEO.iter().map(|case| case.0).chain(VIDEO_REFUSED.iter().copied()) {
        let whole = bytes(body);
        for at in 0..whole.len() {
            let _any = Video::parse(&whole.slice(..at));
            for value in [0x00, 0x01, 0x06, 0x07, 0x10, 0x21, 0x7f, 0x97, 0xff] {
                let mut spoilt = whole.to_vec();
                spoilt[at] = value;
                let _any = Video::parse(&spoilt.into());
            }
        }
    }
}

#[test]
fn codings_have_names() {
    for (codec, name) in [
        (VideoCodec::Id(2), "Sorenson H.263"),
        (VideoCodec::Id(4), "On2 VP6"),
        (VideoCodec::Id(10), "video codec id 10"),
        (VideoCodec::Hevc, "HEVC"),
        (VideoCodec::FourCc(*b"x\0\"1"), "codec x\\x00\\\"1"),
    ] {
        assert_eq!(codec.to_string(), name);
    }
}

#[test]
fn what_has_no_legacy_form_has_none() {
    let second = VideoHeader {
        track: 1,
        codec: VideoCodec::Avc,
        key: true,
        packet: VideoPacket::SequenceStart,
        offset_nanos: 0,
    };
    assert_eq!(second.legacy(), None);
    assert_eq!(VideoHeader { track: 0, codec: VideoCodec::Hevc, ..second }.legacy(), None);
    assert_eq!(VideoHeader { codec: VideoCodec::Id(2), ..second }.enhanced(), None);
}

proptest! {
    #[test]
    fn any_bytes_parse_or_are_refused(body in proptest::collection::vec(any::<u8>(), 0..64), first in 0x80_u8..) {
        let _any = Video::parse(&Bytes::from(body.clone()));
        let _any = Video::parse(&Bytes::from([&[first][..], &body].concat()));
    }
}
