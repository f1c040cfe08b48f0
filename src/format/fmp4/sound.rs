//! Sample entries of sound besides AAC: Opus, FLAC, AC-3 and E-AC-3, whose configuration boxes are made of what was parsed.

use mp4_atom::{
    Ac3SpecificBox, Audio, Codec, Dfla, Dops, Ec3IndependentSubstream, Ec3SpecificBox, FixedPoint,
    FlacMetadataBlock, OpusChannelMapping,
};

use crate::format::ac3::{Ac3, Eac3};
use crate::format::flac::StreamInfo;
use crate::format::opus::{self, OpusHead};

/// What every audio sample entry begins with (ISO/IEC 14496-12 §12.2.3).
pub(super) fn entry(channels: u8, sample_rate: u32) -> Audio {
    Audio {
        data_reference_index: 1,
        channel_count: u16::from(channels),
        sample_size: 16,
        // 16.16: a rate that does not fit is written as 0 and read from the configuration box.
        sample_rate: FixedPoint::from(u16::try_from(sample_rate).unwrap_or(0)),
    }
}

/// `Opus` with `dOps`, which is the header with its numbers turned big-endian (Opus in ISOBMFF §4.3.2).
pub(super) fn opus(head: &OpusHead) -> Codec {
    let channel_mapping = head.mapping.as_ref().map(|mapping| OpusChannelMapping {
        family: mapping.family,
        stream_count: mapping.streams,
        coupled_count: mapping.coupled,
        channel_mapping: mapping.channels.to_vec(),
    });
    Codec::Opus(mp4_atom::Opus {
        audio: entry(head.channels, opus::SAMPLE_RATE),
        dops: Dops {
            output_channel_count: head.channels,
            pre_skip: head.pre_skip,
            input_sample_rate: head.input_rate,
            output_gain: head.gain,
            channel_mapping,
        },
        btrt: None,
    })
}

/// `fLaC` with `dfLa` (FLAC in ISOBMFF §3.3.2). Counts and sums are those of a live stream: not known.
pub(super) fn flac(info: &StreamInfo) -> Codec {
    let mut audio = entry(info.channels, info.sample_rate);
    audio.sample_size = u16::from(info.sample_bits);
    Codec::Flac(mp4_atom::Flac {
        audio,
        dfla: Dfla {
            blocks: vec![FlacMetadataBlock::StreamInfo {
                minimum_block_size: info.block_min,
                maximum_block_size: info.block_max,
                minimum_frame_size: [0; 3].into(),
                maximum_frame_size: [0; 3].into(),
                sample_rate: info.sample_rate,
                num_channels_minus_one: info.channels.saturating_sub(1),
                bits_per_sample_minus_one: info.sample_bits.saturating_sub(1),
                number_of_interchannel_samples: 0,
                md5_checksum: vec![0; 16],
            }],
        },
    })
}

/// `ac-3` with `dac3` (ETSI TS 102 366 §F.4).
pub(super) fn ac3(config: &Ac3) -> Codec {
    Codec::Ac3(mp4_atom::Ac3 {
        audio: entry(config.channels(), config.sample_rate),
        dac3: Ac3SpecificBox {
            fscod: config.fscod,
            bsid: config.bsid,
            bsmod: config.bsmod,
            acmod: config.acmod,
            lfeon: config.lfe,
            bit_rate_code: config.bit_rate_code,
        },
    })
}

/// `ec-3` with `dec3` (ETSI TS 102 366 §F.6).
pub(super) fn eac3(config: &Eac3) -> Codec {
    let substreams = config.substreams.iter().map(|substream| Ec3IndependentSubstream {
        fscod: substream.fscod,
        bsid: substream.bsid,
        asvc: false,
        bsmod: 0,
        acmod: substream.acmod,
        lfeon: substream.lfe,
        num_dep_sub: substream.dependents,
        chan_loc: (substream.dependents > 0).then_some(substream.added),
    });
    Codec::Eac3(mp4_atom::Eac3 {
        audio: entry(config.channels(), config.sample_rate),
        dec3: Ec3SpecificBox { data_rate: config.data_rate, substreams: substreams.collect() },
    })
}
