//! Bodies as senders write them and what they mean: one list for the readers' tests and the writers'.

use bytes::Bytes;

use super::{AudioCodec, AudioHeader, AudioPacket, VideoCodec, VideoHeader, VideoPacket};

/// Whether the writer makes this very body of what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// In the legacy form.
    Legacy,
    /// In the extended form.
    Enhanced,
    /// Only others write it so.
    ByOthers,
}

/// A body in hexadecimal, the headers and data of its tracks, and who writes it.
pub(super) type Case<H> = (&'static str, &'static [(H, &'static str)], Written);

pub(super) fn bytes(hex: &str) -> Bytes {
    let digits: Vec<u8> = hex.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).expect("hex")).expect("below 16");
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

const fn video(track: u8, codec: VideoCodec, key: bool, packet: VideoPacket) -> VideoHeader {
    VideoHeader { track, codec, key, packet, offset_nanos: 0 }
}

const fn shown_after(cts_millis: i32) -> VideoPacket {
    VideoPacket::Frames { cts_millis }
}

const START: VideoPacket = VideoPacket::SequenceStart;
const END: VideoPacket = VideoPacket::SequenceEnd;

pub(super) const VIDEO: &[Case<VideoHeader>] = {
    use VideoCodec::{Av1, Avc, FourCc, Hevc, Id, Vp9, Vvc};
    use Written::{ByOthers, Enhanced, Legacy};
    &[
        ("17 00 000000 0164", &[(video(0, Avc, true, START), "0164")], Legacy),
        ("17 01 000043 09", &[(video(0, Avc, true, shown_after(67)), "09")], Legacy),
        ("27 01 ffffff 09", &[(video(0, Avc, false, shown_after(-1)), "09")], Legacy),
        ("17 02 000000", &[(video(0, Avc, true, END), "")], Legacy),
        ("17 02", &[(video(0, Avc, true, END), "")], ByOthers),
        // Garbage for a composition time.
        ("27 01 7fffff 09", &[(video(0, Avc, false, shown_after(0)), "09")], ByOthers),
        ("27 01 800000 09", &[(video(0, Avc, false, shown_after(0)), "09")], ByOthers),
        // A key frame that a server made.
        ("47 01 000000 09", &[(video(0, Avc, true, shown_after(0)), "09")], ByOthers),
        // HEVC as Chinese CDNs have it.
        ("1c 00 000000 0101", &[(video(0, Hevc, true, START), "0101")], ByOthers),
        ("2c 01 000021 02", &[(video(0, Hevc, false, shown_after(33)), "02")], ByOthers),
        ("22 0000", &[(video(0, Id(2), false, shown_after(0)), "0000")], ByOthers),
        // FFmpeg 9.
        ("90 68766331 0101", &[(video(0, Hevc, true, START), "0101")], Enhanced),
        ("91 68766331 000043 28", &[(video(0, Hevc, true, shown_after(67)), "28")], Enhanced),
        ("a3 68766331 02", &[(video(0, Hevc, false, shown_after(0)), "02")], Enhanced),
        ("a2 61763031", &[(video(0, Av1, false, END), "")], Enhanced),
        ("90 61763031", &[(video(0, Av1, true, START), "")], Enhanced),
        ("90 61763031 81000c00", &[(video(0, Av1, true, START), "81000c00")], Enhanced),
        ("91 61763031 1200", &[(video(0, Av1, true, shown_after(0)), "1200")], Enhanced),
        ("91 76703039 82", &[(video(0, Vp9, true, shown_after(0)), "82")], Enhanced),
        ("d4 68766331 020009", &[(video(0, Hevc, false, VideoPacket::Metadata), "020009")], Enhanced),
        ("96 00 61766331 01 0164", &[(video(1, Avc, true, START), "0164")], Enhanced),
        ("96 01 61766331 01 000043 06", &[(video(1, Avc, true, shown_after(67)), "06")], Enhanced),
        ("a6 03 61766331 01 06", &[(video(1, Avc, false, shown_after(0)), "06")], Enhanced),
        // OBS: metadata with no frame type, alone and of a track.
        ("84 68766331 02", &[(video(0, Hevc, false, VideoPacket::Metadata), "02")], ByOthers),
        ("86 04 68766331 02 02", &[(video(2, Hevc, false, VideoPacket::Metadata), "02")], ByOthers),
        // gortmplib: no frame type at all.
        ("83 68766331 02", &[(video(0, Hevc, false, shown_after(0)), "02")], ByOthers),
        ("a1 76766331 000000 02", &[(video(0, Vvc, false, shown_after(0)), "02")], ByOthers),
        ("95 61763031 80", &[(video(0, Av1, true, VideoPacket::TransportSequenceStart), "80")], Enhanced),
        // A composition time before the record, where none belongs.
        ("90 68766331 000000 0101", &[(video(0, Hevc, true, START), "0101")], ByOthers),
        ("90 68766331 00000001 40", &[(video(0, Hevc, true, START), "0000000140")], ByOthers),
        // A name that is no text.
        ("91 78002231 07", &[(video(0, FourCc(*b"x\0\"1"), true, shown_after(0)), "07")], Enhanced),
        // Nanoseconds, one extension and two, of which the first is not known, and a long one.
        (
            "97 02 03d090 01 68766331 000021 28",
            &[(VideoHeader { offset_nanos: 250_000, ..video(0, Hevc, true, shown_after(33)) }, "28")],
            Enhanced,
        ),
        (
            "97 02 03d090 06 00 68766331 01 0101",
            &[(VideoHeader { offset_nanos: 250_000, ..video(1, Hevc, true, START) }, "0101")],
            Enhanced,
        ),
        (
            "a7 00 ff 17 03 03d09000 03 68766331 02",
            &[(VideoHeader { offset_nanos: 250_000, ..video(0, Hevc, false, shown_after(0)) }, "02")],
            ByOthers,
        ),
        ("a7 ff 0001 aaaa 13 68766331 02", &[(video(0, Hevc, false, shown_after(0)), "02")], ByOthers),
        // Many tracks of one coding, and of several.
        (
            "96 13 61766331 00 000001 05 03 000002 0607",
            &[(video(0, Avc, true, shown_after(0)), "05"), (video(3, Avc, true, shown_after(0)), "0607")],
            ByOthers,
        ),
        (
            "a6 21 61763031 00 000001 05 61766331 01 000004 ffffffaa",
            &[(video(0, Av1, false, shown_after(0)), "05"), (video(1, Avc, false, shown_after(-1)), "aa")],
            ByOthers,
        ),
        // One track of two has no data.
        ("a6 11 61763031 00 000000 01 000001 05", &[(video(1, Av1, false, shown_after(0)), "05")], ByOthers),
        // Nothing to show: empty, cut before anything was said, commands, packet types of old that nobody defined.
        ("", &[], ByOthers),
        ("17", &[], ByOthers),
        ("57 00", &[], ByOthers),
        ("17 09 000000", &[], ByOthers),
        ("d1 00", &[], ByOthers),
        ("d1 01", &[], ByOthers),
        ("d7 00 ff 11 01", &[], ByOthers),
        ("91 61766331", &[], ByOthers),
        ("96 10 61766331", &[], ByOthers),
    ]
};

/// Bodies that are refused.
pub(super) const VIDEO_REFUSED: &[&str] = &[
    "17 00 0000",
    "17 01 0000",
    "90",
    "90 687663",
    "91 68766331 0000",
    "97 02 03",
    "97 ff ff",
    "97 ff ffff 00",
    // Not defined: packet types, one multitrack in another, an extension in one, a layout.
    "9f 68766331 00",
    "96",
    "96 06 61766331 01 00",
    "96 07 61766331 01 00",
    "96 31 61766331 01 00",
    "96 00 61766331",
    // Sizes beyond the end.
    "96 11 61766331 00 ffffff 05",
    "96 11 61766331 00 0000",
    "96 21 617663",
    // 17 tracks.
    "96 11 61763031 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000
     00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000",
];

const fn audio(track: u8, codec: AudioCodec, packet: AudioPacket) -> AudioHeader {
    AudioHeader { track, codec, packet, offset_nanos: 0 }
}

pub(super) const AUDIO: &[Case<AudioHeader>] = {
    use AudioCodec::{Aac, Ac3, Eac3, Flac, FourCc, Id, Mp3, Opus};
    use AudioPacket::{Frames, MultichannelConfig, SequenceEnd, SequenceStart};
    use Written::{ByOthers, Enhanced, Legacy};
    &[
        ("af 00 1190", &[(audio(0, Aac, SequenceStart), "1190")], Legacy),
        ("af 01 2110", &[(audio(0, Aac, Frames), "2110")], Legacy),
        ("af 00", &[(audio(0, Aac, SequenceStart), "")], Legacy),
        // AAC is AAC, whatever its flags say.
        ("a2 01 2110", &[(audio(0, Aac, Frames), "2110")], ByOthers),
        ("a0 01 2110", &[(audio(0, Aac, Frames), "2110")], ByOthers),
        ("2f fffb", &[(audio(0, Mp3, Frames), "fffb")], ByOthers),
        ("ee fff3", &[(audio(0, Mp3, Frames), "fff3")], ByOthers),
        ("72 01", &[(audio(0, Id(7), Frames), "01")], ByOthers),
        // FFmpeg 9.
        ("90 4f707573 4f70", &[(audio(0, Opus, SequenceStart), "4f70")], Enhanced),
        ("94 4f707573 0102", &[(audio(0, Opus, MultichannelConfig), "0102")], Enhanced),
        ("91 4f707573 fc7e", &[(audio(0, Opus, Frames), "fc7e")], Enhanced),
        ("90 664c6143 0400", &[(audio(0, Flac, SequenceStart), "0400")], Enhanced),
        ("90 61632d33", &[(audio(0, Ac3, SequenceStart), "")], Enhanced),
        ("91 61632d33 0b77", &[(audio(0, Ac3, Frames), "0b77")], Enhanced),
        ("91 65632d33 0b77", &[(audio(0, Eac3, Frames), "0b77")], Enhanced),
        ("91 2e6d7033 fffb", &[(audio(0, Mp3, Frames), "fffb")], Enhanced),
        ("91 6d703461 21", &[(audio(0, Aac, Frames), "21")], Enhanced),
        ("92 6d703461", &[(audio(0, Aac, SequenceEnd), "")], Enhanced),
        ("95 00 6d703461 01 1190", &[(audio(1, Aac, SequenceStart), "1190")], Enhanced),
        ("95 04 6d703461 01 0102", &[(audio(1, Aac, MultichannelConfig), "0102")], Enhanced),
        ("95 01 6d703461 01 21", &[(audio(1, Aac, Frames), "21")], Enhanced),
        // The channels of a track whose frames have legacy bodies.
        ("94 6d703461 0106 0000003f", &[(audio(0, Aac, MultichannelConfig), "01060000003f")], Enhanced),
        ("91 77617621 07", &[(audio(0, FourCc(*b"wav!"), Frames), "07")], Enhanced),
        (
            "97 02 0f423f 01 4f707573 fc",
            &[(AudioHeader { offset_nanos: 999_999, ..audio(0, Opus, Frames) }, "fc")],
            Enhanced,
        ),
        (
            "95 11 4f707573 00 000001 05 02 000002 0607",
            &[(audio(0, Opus, Frames), "05"), (audio(2, Opus, Frames), "0607")],
            ByOthers,
        ),
        (
            "95 20 6d703461 00 000002 1190 61632d33 01 000000",
            &[(audio(0, Aac, SequenceStart), "1190"), (audio(1, Ac3, SequenceStart), "")],
            ByOthers,
        ),
        // The same track twice.
        (
            "95 11 4f707573 01 000001 05 01 000001 06",
            &[(audio(1, Opus, Frames), "05"), (audio(1, Opus, Frames), "06")],
            ByOthers,
        ),
        // Nothing to hear.
        ("", &[], ByOthers),
        ("af", &[], ByOthers),
        ("af 01", &[], ByOthers),
        ("af 07 01", &[], ByOthers),
        ("2f", &[], ByOthers),
        ("91 664c6143", &[], ByOthers),
    ]
};

/// Bodies that are refused.
pub(super) const AUDIO_REFUSED: &[&str] = &[
    "90",
    "91 4f7075",
    "93 4f707573 00",
    "96 4f707573 00",
    "95 05 4f707573 01 00",
    "95 07 4f707573 01 00",
    "95 41 4f707573 01 00",
    "95 11 4f707573 00 ffffff 05",
    "97 ff ffff 00",
];
