//! Samples to MPEG-TS: H.264 as an Annex B byte stream, AAC with ADTS headers, MP3, AC-3 and E-AC-3 as they are, on one
//! clock.
//!
//! Takes the samples that [`to_fmp4`](super::to_fmp4) takes, so that both forms of HLS are cut alike. Their session clock begins ten
//! seconds in, which keeps the program's clock, half a second behind the decode times, from ever falling below zero.
//!
//! Each segment begins with the tables, each picture with a delimiter, and each random access point with the
//! parameter sets; those in the frame itself were left out of the sample, unless they differ. HEVC has no
//! [`StreamType`] here: neither Apple's players nor browsers take it in TS.
//!
//! **Invariant:** payloads are copied once, into packets of 188 bytes; this is what TS costs and fMP4 does not.
//! **Invariant:** the counters of all packets go on for the life of a [`TsWriter`].

mod pieces;

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use smallvec::SmallVec;

use super::to_fmp4::Sample;
use crate::format::aac::{ADTS_HEADER_LEN, Adts};
use crate::format::ts::{self, Adaptation, PACKET_LEN, PesHeader, Pid, StreamId, StreamType, TABLE_LEN};
use crate::media::{CodecConfig, MediaTime, Timescale};
use pieces::{annex_b, framed};

/// Where the association table always is (§2.4.4.4).
const PID_ASSOCIATION: u16 = 0;
/// Where the others are; numbers that most writers use.
const PID_MAP: u16 = 0x1000;
const PID_VIDEO: u16 = 0x100;
const PID_AUDIO: u16 = 0x101;

/// How far the program's clock is behind the decode times: what a receiver may buffer.
const CLOCK_LEAD: i64 = 45_000;
/// The clock is written at least this often, in ticks of 90 kHz: 100 ms (§2.7.2).
const CLOCK_INTERVAL: i64 = 9_000;
/// The tables are repeated this often, in ticks of 90 kHz: half a second, for receivers that tune in.
const TABLES_INTERVAL: i64 = 45_000;
/// Sound in one PES packet at most, in ticks of 90 kHz: 100 ms.
const SOUND_PACKET_MAX: i64 = 9_000;
/// Access units in one PES packet at most.
const SOUND_UNITS_MAX: usize = 32;

/// Why tracks cannot be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// ADTS has no words for this AAC configuration.
    #[error("this AAC configuration has no ADTS form, which MPEG-TS needs")]
    NoAdts,
    /// A coding that is not carried in TS.
    #[error("{0} is not packaged in MPEG-TS")]
    Codec(crate::media::Codec),
}

/// The sound track: what its units are wrapped in, where they have no headers of their own, and what they count in.
#[derive(Debug)]
struct Sound {
    adts: Option<Adts>,
    stream: StreamId,
    timescale: Timescale,
}

/// What stands before a unit.
#[derive(Debug, Clone, Copy)]
enum UnitHeader {
    Adts([u8; ADTS_HEADER_LEN]),
    /// Nothing: it has one of its own.
    Own,
    /// It is too long for the one that it needs, and is left out.
    Impossible,
}

impl Sound {
    fn of(config: &CodecConfig) -> Result<(Self, StreamType), Error> {
        let (adts, stream, kind) = match config {
            CodecConfig::Aac(asc) => {
                (Some(Adts::of(asc).ok_or(Error::NoAdts)?), StreamId::Audio, StreamType::AacAdts)
            }
            CodecConfig::Mp3(header) if header.is_mpeg1() => (None, StreamId::Audio, StreamType::Mpeg1Audio),
            CodecConfig::Mp3(_) => (None, StreamId::Audio, StreamType::Mpeg2Audio),
            CodecConfig::Ac3(_) => (None, StreamId::Private, StreamType::Ac3),
            CodecConfig::Eac3(_) => (None, StreamId::Private, StreamType::Eac3),
            other => return Err(Error::Codec(other.codec())),
        };
        Ok((Self { adts, stream, timescale: config.timescale() }, kind))
    }

    fn header(&self, unit: &Sample) -> UnitHeader {
        let Some(adts) = self.adts else { return UnitHeader::Own };
        let header = usize::try_from(unit.len()).ok().and_then(|len| adts.header(len));
        header.map_or(UnitHeader::Impossible, UnitHeader::Adts)
    }
}

/// Writes the transport stream of one rendition, from its first segment to its last.
#[derive(Debug)]
pub struct TsWriter {
    association: Pid,
    map: Pid,
    video_pid: Pid,
    audio_pid: Pid,
    /// Of the program map; rises when the tracks change.
    version: u8,
    /// The configuration whose parameter sets are sent.
    video: Option<Arc<CodecConfig>>,
    sound: Option<Sound>,
    tables: Option<[[u8; TABLE_LEN]; 2]>,
    clock: Clock,
    /// The decode time at which the tables were written last; `None` at the first sample of a segment.
    tables_at: Option<i64>,
}

/// When the program's clock is written. It never goes back but over a break.
#[derive(Debug)]
struct Clock {
    /// The decode time that went with it last.
    last: i64,
    /// Whether a segment has begun without it.
    due: bool,
    /// Whether time broke since it was written last.
    broken: bool,
}

/// How a stretch of samples begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// It goes on with the segment of the stretch before it.
    Within,
    /// With a segment.
    Segment,
    /// With a segment behind a break in time.
    AfterBreak,
}

impl Default for TsWriter {
    fn default() -> Self {
        Self {
            association: Pid::new(PID_ASSOCIATION),
            map: Pid::new(PID_MAP),
            video_pid: Pid::new(PID_VIDEO),
            audio_pid: Pid::new(PID_AUDIO),
            version: 0,
            video: None,
            sound: None,
            tables: None,
            clock: Clock { last: i64::MIN, due: true, broken: false },
            tables_at: None,
        }
    }
}

impl Clock {
    fn begin(&mut self, broken: bool) {
        self.due = true;
        self.broken |= broken;
        if broken {
            self.last = i64::MIN;
        }
    }

    /// Whether sound at `at` has to carry it, when what could carry it after that is decoded at `next`.
    const fn is_due(&self, at: i64, next: i64) -> bool {
        at > self.last && (self.due || next.saturating_sub(self.last) > CLOCK_INTERVAL)
    }

    /// It is written with what is decoded at `at`.
    const fn carried(&mut self, at: i64, random_access: bool) -> Adaptation {
        let discontinuity = self.broken;
        *self = Self { last: at, due: false, broken: false };
        Adaptation { discontinuity, random_access, clock: Some(positive(at - CLOCK_LEAD)) }
    }
}

impl TsWriter {
    /// Takes these tracks in use, from the next segment on.
    ///
    /// # Errors
    /// [`Error`], when one of them has no form in TS; nothing changes then.
    pub fn configure(
        &mut self,
        video: Option<&Arc<CodecConfig>>,
        audio: Option<&Arc<CodecConfig>>,
    ) -> Result<(), Error> {
        let video = video.map(|config| match config.as_ref() {
            CodecConfig::H264(_) => Ok((config.clone(), StreamType::H264)),
            other => Err(Error::Codec(other.codec())),
        });
        let sound = audio.map(|config| Sound::of(config));
        let (video, sound) = (video.transpose()?, sound.transpose()?);
        let mut streams: SmallVec<[(u16, StreamType); 2]> = SmallVec::new();
        streams.extend(video.iter().map(|(_, kind)| (PID_VIDEO, *kind)));
        streams.extend(sound.iter().map(|(_, kind)| (PID_AUDIO, *kind)));
        let clock = if video.is_some() { PID_VIDEO } else { PID_AUDIO };
        if self.tables.is_some() {
            self.version = self.version.wrapping_add(1);
        }
        self.tables =
            Some([ts::program_association(PID_MAP), ts::program_map(self.version, clock, &streams)]);
        self.video = video.map(|(config, _)| config);
        self.sound = sound.map(|(sound, _)| sound);
        Ok(())
    }

    /// Writes samples of both tracks, each list in decode order, interleaved by time: whole packets, and the tables
    /// first where a segment begins.
    #[must_use]
    pub fn write(&mut self, begins: Begins, video: &[Sample], audio: &[Sample]) -> Bytes {
        let samples = video.len() + audio.len();
        let payload: u64 = video.iter().chain(audio).map(Sample::len).sum();
        // Every sample may leave its last packet nearly empty, and starts with headers.
        let room = usize::try_from(payload).unwrap_or(0) * 20 / 19 + (samples + 4) * 2 * PACKET_LEN;
        let mut out = BytesMut::with_capacity(room);
        if begins != Begins::Within {
            self.clock.begin(begins == Begins::AfterBreak);
            self.tables_at = None;
            self.put_tables(&mut out);
        }
        let (mut video, mut audio) = (video, audio);
        loop {
            let unit = audio.first().map(|sample| self.sound_ticks(sample.time));
            match (video.split_first(), unit) {
                (Some((sample, rest)), unit) if unit.is_none_or(|unit| sample.time <= unit) => {
                    self.repeat_tables(&mut out, sample.time);
                    self.picture(&mut out, sample);
                    video = rest;
                }
                (picture, Some(at)) => {
                    let Some((units, rest)) = audio.split_at_checked(self.units_together(audio)) else {
                        break;
                    };
                    let end = units.last().map_or(at, |last| self.sound_ticks(last.time + last.duration));
                    let next = picture.map_or(end, |(picture, _)| picture.time.min(end));
                    self.repeat_tables(&mut out, at);
                    self.sound(&mut out, units, at, next);
                    audio = rest;
                }
                _ => break,
            }
        }
        out.freeze()
    }

    fn put_tables(&mut self, out: &mut impl BufMut) {
        if let Some([association, map]) = &self.tables {
            self.association.put_unit(out, Adaptation::default(), &[association]);
            self.map.put_unit(out, Adaptation::default(), &[map]);
        }
    }

    fn repeat_tables(&mut self, out: &mut impl BufMut, at: i64) {
        match self.tables_at {
            Some(last) if at - last < TABLES_INTERVAL => return,
            // They were written where the segment began.
            None => {}
            Some(_) => self.put_tables(out),
        }
        self.tables_at = Some(at);
    }

    fn picture(&mut self, out: &mut impl BufMut, sample: &Sample) {
        let Some(CodecConfig::H264(avc)) = self.video.as_deref() else { return };
        let sets = sample.sync.then(|| avc.sps.iter().chain(&avc.pps)).into_iter().flatten();
        let pieces = annex_b(sets.map(Bytes::as_ref), &sample.data, avc.length_size);
        let len = pieces.iter().map(|piece| piece.len()).sum();
        let pts = positive(sample.time + sample.cts);
        let header = PesHeader::new(StreamId::Video, len, pts, positive(sample.time));
        let adaptation = self.clock.carried(sample.time, sample.sync);
        let unit: SmallVec<[&[u8]; 64]> = std::iter::once(header.as_bytes()).chain(pieces).collect();
        self.video_pid.put_unit(out, adaptation, &unit);
    }

    /// Writes access units that follow each other without a hole as one PES packet. What is decoded after them, at
    /// `next`, can carry the clock.
    fn sound(&mut self, out: &mut impl BufMut, units: &[Sample], at: i64, next: i64) {
        let Some(sound) = &self.sound else { return };
        let headers: SmallVec<[_; SOUND_UNITS_MAX]> = units.iter().map(|unit| sound.header(unit)).collect();
        let pieces = framed(units, &headers);
        let len: usize = pieces.iter().map(|piece| piece.len()).sum();
        if len == 0 {
            return;
        }
        let alone = self.video.is_none();
        let mut adaptation = Adaptation { random_access: alone, ..Adaptation::default() };
        if self.clock.is_due(at, next) {
            let clock = self.clock.carried(at, alone);
            if alone {
                adaptation = clock;
            } else {
                // Pictures come too seldom to carry it.
                self.video_pid.put_adaptation(out, clock);
            }
        }
        let header = PesHeader::new(sound.stream, len, positive(at), positive(at));
        let unit: SmallVec<[&[u8]; 64]> = std::iter::once(header.as_bytes()).chain(pieces).collect();
        self.audio_pid.put_unit(out, adaptation, &unit);
    }

    /// How many of the first of `units` go into one PES packet: at least one.
    fn units_together(&self, units: &[Sample]) -> usize {
        let Some(first) = units.first() else { return 0 };
        let mut end = first.time;
        let fit = units.iter().take(SOUND_UNITS_MAX).take_while(|unit| {
            let joins = unit.time == end;
            end = unit.time + unit.duration;
            joins && self.sound_ticks(end) - self.sound_ticks(first.time) <= SOUND_PACKET_MAX
        });
        fit.count().max(1)
    }

    fn sound_ticks(&self, time: i64) -> i64 {
        let scale = self.sound.as_ref().map_or(Timescale::NINETY_KHZ, |sound| sound.timescale);
        MediaTime::new(time, scale).ticks_at(Timescale::NINETY_KHZ)
    }
}

const fn positive(time: i64) -> u64 {
    if time < 0 { 0 } else { time.unsigned_abs() }
}

#[cfg(test)]
mod tests;
