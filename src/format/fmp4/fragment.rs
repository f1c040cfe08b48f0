//! The header of one fragment: a `moof` and the eight bytes that open its `mdat`.

use bytes::Bytes;
use mp4_atom::{Encode, Mfhd, Moof, Tfdt, Tfhd, Traf, Trun, TrunEntry, TrunSamples};

use super::Error;

/// Sample flags of a random access point: depends on no other (ISO/IEC 14496-12 §8.8.3.1).
const FLAGS_SYNC: u32 = 0x0200_0000;
/// Sample flags of every other frame: depends on others, not a sync sample.
const FLAGS_NON_SYNC: u32 = 0x0101_0000;
/// Size and name of an `mdat` box.
const MDAT_HEADER_LEN: usize = 8;
/// Bytes of a `moof` without samples and of one sample at most, to size the buffer.
const MOOF_LEN: usize = 160;
const SAMPLE_LEN: usize = 16;

/// The samples of one track in a fragment, in decode order, without holes between them.
#[derive(Debug, Clone)]
pub struct Run {
    /// The track's number in the init segment.
    pub track: u32,
    /// Decode time of the first sample, in ticks of the track.
    pub decode_time: u64,
    /// Duration, size, and kind of each.
    pub samples: Vec<RunSample>,
}

/// What the header says of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSample {
    /// Ticks until the next sample is decoded.
    pub duration: u32,
    /// Bytes.
    pub size: u32,
    /// Ticks from decoding to showing; negative where the sender says so.
    pub cts: i32,
    /// Whether a decoder may start here.
    pub sync: bool,
}

impl Run {
    fn len(&self) -> u64 {
        self.samples.iter().map(|sample| u64::from(sample.size)).sum()
    }
}

/// The bytes before the frames of a fragment: `moof` number `sequence`, and the header of an `mdat` that holds all
/// samples of the first run, then all of the second, and so on.
///
/// # Errors
/// [`Error::TooLarge`] beyond 4 GiB; [`Error::Encode`] when a field overflows.
pub fn fragment_header(sequence: u32, runs: &[Run]) -> Result<Bytes, Error> {
    let payload = runs.iter().map(Run::len).sum::<u64>();
    let mdat = u32::try_from(payload.saturating_add(MDAT_HEADER_LEN as u64))
        .map_err(|_| Error::TooLarge(payload))?;
    let samples = runs.iter().map(|run| run.samples.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(MOOF_LEN + samples * SAMPLE_LEN);

    // Data offsets count from the first byte of the moof, whose length is known once it is written: write it twice.
    let mut moof = Moof {
        mfhd: Mfhd { sequence_number: sequence },
        traf: runs.iter().filter(|run| !run.samples.is_empty()).map(traf).collect(),
    };
    moof.encode(&mut bytes)?;
    let mut offset = (bytes.len() + MDAT_HEADER_LEN) as u64;
    for (traf, run) in moof.traf.iter_mut().zip(runs.iter().filter(|run| !run.samples.is_empty())) {
        let at = i32::try_from(offset).map_err(|_| Error::TooLarge(payload))?;
        traf.trun.iter_mut().for_each(|trun| trun.data_offset = Some(at));
        offset += run.len();
    }
    bytes.clear();
    moof.encode(&mut bytes)?;
    bytes.extend_from_slice(&mdat.to_be_bytes());
    bytes.extend_from_slice(b"mdat");
    Ok(bytes.into())
}

/// The bytes of a whole fragment without samples: `moof` number `sequence`, and an empty `mdat`. `decode_time` is
/// where the track's next sample belongs.
///
/// # Errors
/// [`Error::Encode`] when a field overflows.
pub fn empty_fragment_header(sequence: u32, track: u32, decode_time: u64) -> Result<Bytes, Error> {
    let traf = Traf {
        tfhd: Tfhd { track_id: track, default_base_is_moof: true, ..Tfhd::default() },
        tfdt: Some(Tfdt { base_media_decode_time: decode_time }),
        ..Traf::default()
    };
    let mut bytes = Vec::with_capacity(MOOF_LEN);
    Moof { mfhd: Mfhd { sequence_number: sequence }, traf: vec![traf] }.encode(&mut bytes)?;
    bytes.extend_from_slice(&[0, 0, 0, MDAT_HEADER_LEN as u8]);
    bytes.extend_from_slice(b"mdat");
    Ok(bytes.into())
}

fn traf(run: &Run) -> Traf {
    let shared_duration = shared(&run.samples, |sample| sample.duration);
    let composed = run.samples.iter().any(|sample| sample.cts != 0);
    let all_sync = run.samples.iter().all(|sample| sample.sync);
    // The default names what most samples are; a keyframe that opens the run then costs four bytes, others force
    // flags for each.
    let default_flags = if all_sync { FLAGS_SYNC } else { FLAGS_NON_SYNC };
    let sync_inside = !all_sync && run.samples.iter().skip(1).any(|sample| sample.sync);
    let entries = run.samples.iter().enumerate().map(|(index, sample)| TrunEntry {
        duration: shared_duration.is_none().then_some(sample.duration),
        size: Some(sample.size),
        flags: (sync_inside || (index == 0 && sample.sync && !all_sync)).then_some(if sample.sync {
            FLAGS_SYNC
        } else {
            FLAGS_NON_SYNC
        }),
        cts: composed.then_some(i64::from(sample.cts)),
    });
    Traf {
        tfhd: Tfhd {
            track_id: run.track,
            default_sample_duration: shared_duration,
            default_sample_flags: Some(default_flags),
            default_base_is_moof: true,
            ..Tfhd::default()
        },
        tfdt: Some(Tfdt { base_media_decode_time: run.decode_time }),
        trun: vec![Trun { data_offset: Some(0), samples: TrunSamples::Explicit(entries.collect()) }],
        ..Traf::default()
    }
}

/// The value that all samples have in common.
fn shared<T: PartialEq>(samples: &[RunSample], value: impl Fn(&RunSample) -> T) -> Option<T> {
    let first = value(samples.first()?);
    samples.iter().all(|sample| value(sample) == first).then_some(first)
}
