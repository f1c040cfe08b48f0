//! What the room's tests share: synthetic streams, and a check of everything a viewer could see.

mod index;
mod index_tests;
mod text;
mod viewer;

use std::sync::Arc;

use bytes::Bytes;

use super::{Config, Input, Lifecycle, Rendition};
use crate::format::aac::AudioSpecificConfig;
use crate::format::h264::{AvcConfig, Picture};
use crate::media::{CodecConfig, End, Frame, MediaTime, Packet, TrackId, TrackSet};
pub(crate) use text::{Text, decimal};
pub(crate) use viewer::{Viewer, gunzip, maps};

/// 2026-08-01T12:00:00Z.
pub(crate) const NOON: i64 = 1_785_585_600_000;

pub(crate) fn avc(width: u32) -> CodecConfig {
    CodecConfig::H264(AvcConfig {
        record: Bytes::from(vec![
            1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 4, 0x67, 0x64, 0, 0x1f, 1, 0, 2, 0x68, 0xee,
        ]),
        length_size: 4,
        sps: vec![Bytes::from(vec![0x67, 0x64, 0, 0x1f, u8::try_from(width % 251).expect("below 251")])],
        pps: vec![Bytes::from_static(&[0x68, 0xee])],
        picture: Some(Picture {
            profile: 100,
            constraints: 0,
            level: 31,
            width,
            height: width * 9 / 16,
            frame_rate: None,
            sample_aspect: (1, 1),
        }),
    })
}

pub(crate) fn aac() -> CodecConfig {
    CodecConfig::Aac(AudioSpecificConfig {
        record: Bytes::from_static(&[0x11, 0x90]),
        object_type: 2,
        sample_rate: 48_000,
        output_rate: 48_000,
        channels: 2,
        frame_length: 1_024,
        sbr: false,
        ps: false,
    })
}

pub(crate) fn tracks(video: Option<u32>, audio: bool) -> Arc<TrackSet> {
    let mut tracks = TrackSet::default();
    if let Some(width) = video {
        tracks.set(TrackId::VIDEO, avc(width));
    }
    if audio {
        tracks.set(TrackId::AUDIO, aac());
    }
    Arc::new(tracks)
}

/// A frame of `len` bytes of slice data.
pub(crate) fn picture(dts: i64, cts: i64, keyframe: bool, len: usize) -> Packet {
    let mut payload = u32::try_from(len).expect("small").to_be_bytes().to_vec();
    payload.push(if keyframe { 0x65 } else { 0x41 });
    payload.resize(4 + len, 0xab);
    let (dts, cts) = (MediaTime::from_millis(dts), MediaTime::from_millis(cts));
    Packet { track: TrackId::VIDEO, dts, cts, keyframe, payload: payload.into() }
}

pub(crate) fn sound(dts: i64) -> Packet {
    Packet {
        track: TrackId::AUDIO,
        dts: MediaTime::from_millis(dts),
        cts: MediaTime::ZERO,
        keyframe: true,
        payload: Bytes::from(vec![0x21; 300]),
    }
}

/// An encoder, the rendition of its stream, and a viewer who looks at everything after every frame.
pub(crate) struct Studio {
    pub(crate) lifecycle: Lifecycle,
    pub(crate) viewer: Viewer,
    pub(crate) tracks: Arc<TrackSet>,
    /// Milliseconds between frames, as a fraction.
    pub(crate) frame: (i64, i64),
    /// Frames from keyframe to keyframe.
    pub(crate) gop: i64,
    pub(crate) cts: i64,
    /// Bytes of a keyframe.
    pub(crate) keyframe_len: usize,
    /// Pictures of its group that a run begins behind.
    pub(crate) into_gop: i64,
    /// The stream's clock and the wall's, in milliseconds.
    pub(crate) at: i64,
    pub(crate) wall: i64,
    /// The next access unit.
    unit: i64,
    broken: bool,
    /// Viewers of other lists than the first.
    pub(crate) others: Vec<Viewer>,
    muted: bool,
    /// Whether the tracks besides the default ones send nothing.
    pub(crate) silent: bool,
    /// How long before those of the default track the pictures of others are decoded, in milliseconds.
    pub(crate) ahead: i64,
}

impl Studio {
    pub(crate) fn new(video: Option<u32>, audio: bool) -> Self {
        Self::with(Config::default(), video, audio)
    }

    pub(crate) fn with(config: Config, video: Option<u32>, audio: bool) -> Self {
        Self {
            lifecycle: Lifecycle::new(config, 0xfeed, MediaTime::from_millis(NOON)),
            viewer: Viewer::default(),
            tracks: tracks(video, audio),
            frame: (100, 3),
            gop: 60,
            cts: 66,
            keyframe_len: 4_000,
            into_gop: 0,
            at: 0,
            wall: NOON,
            unit: 0,
            broken: false,
            others: Vec::new(),
            muted: false,
            silent: false,
            ahead: 0,
        }
    }

    pub(crate) fn send(&mut self, frame: &Frame) {
        let discontinuity = std::mem::take(&mut self.broken);
        let arrived = MediaTime::from_millis(self.wall);
        let start = match frame {
            Frame::Media(packet) => {
                self.tracks.video().is_none() || (packet.track == TrackId::VIDEO && packet.keyframe)
            }
            _ => false,
        };
        self.lifecycle.push(Input { frame, tracks: &self.tracks, start, discontinuity, arrived });
        self.look();
    }

    /// Shows nobody anything from now on.
    pub(crate) const fn mute(&mut self) {
        self.muted = true;
    }

    pub(crate) fn look(&mut self) {
        if self.muted {
            return;
        }
        if let Some(snapshot) = self.lifecycle.poll_snapshot() {
            for other in &mut self.others {
                let fresh = self.lifecycle.show();
                other.look(fresh);
            }
            self.viewer.look(snapshot);
        }
    }

    /// Sets what the encoder sends: so many tracks of each kind.
    pub(crate) fn send_tracks(&mut self, video: u8, audio: u8) {
        let mut tracks = TrackSet::default();
        for index in 0..video {
            tracks.set(TrackId { index, ..TrackId::VIDEO }, avc(1_280 - 320 * u32::from(index)));
        }
        for index in 0..audio {
            tracks.set(TrackId { index, ..TrackId::AUDIO }, aac());
        }
        self.tracks = Arc::new(tracks);
    }

    /// Watches the lists besides the first, `count` in all.
    pub(crate) fn watch(&mut self, count: usize) {
        self.others = (1..count).map(Viewer::of).collect();
    }

    /// Sends the same on all tracks besides the default one of its kind.
    fn send_others(&mut self, packet: &Packet) {
        if self.silent {
            return;
        }
        let others = self.tracks.tracks().iter().map(|track| track.id);
        let others: Vec<_> =
            others.filter(|id| id.kind == packet.track.kind && *id != packet.track).collect();
        for track in others {
            let ahead = MediaTime::from_millis(if track.is_video() { self.ahead } else { 0 });
            let (dts, cts) = (packet.dts - ahead, packet.cts + ahead);
            self.send(&Frame::Media(Packet { track, dts, cts, ..packet.clone() }));
        }
    }

    /// Sends `millis` of both tracks, interleaved by time.
    pub(crate) fn run(&mut self, millis: i64) {
        self.run_with(millis, true, true);
    }

    /// Like [`run`](Self::run), but a track may be silent.
    pub(crate) fn run_with(&mut self, millis: i64, video: bool, audio: bool) {
        let (from, until) = (self.at, self.at + millis);
        let (has_video, has_audio) =
            (self.tracks.video().is_some() && video, self.tracks.audio().is_some() && audio);
        if !has_video && self.tracks.video().is_some() {
            self.expect_stall(millis);
        }
        let mut unit = self.unit.max(from * 48 / 1_024);
        let mut number = 0;
        loop {
            let picture_at = from + number * self.frame.0 / self.frame.1;
            let sound_at = unit * 1_024 / 48;
            let next = picture_at.min(sound_at);
            if next >= until {
                break;
            }
            self.wall += (next - self.at).max(0);
            self.at = self.at.max(next);
            if sound_at < picture_at {
                unit += 1;
                if has_audio {
                    let packet = sound(sound_at);
                    self.send(&Frame::Media(packet.clone()));
                    self.send_others(&packet);
                }
            } else {
                let keyframe = (number + self.into_gop) % self.gop == 0;
                let len = if keyframe { self.keyframe_len } else { 400 };
                if has_video {
                    let packet = picture(picture_at, self.cts, keyframe, len);
                    self.send(&Frame::Media(packet.clone()));
                    self.send_others(&packet);
                }
                number += 1;
            }
        }
        self.unit = unit;
        self.wall += until - self.at;
        self.at = until;
    }

    /// Tells viewers that pictures may be missing for `millis`, and for what an access unit of the sound lasts.
    fn expect_stall(&mut self, millis: i64) {
        let ticks = u64::try_from((millis + 22) * 90).expect("no time before now");
        std::iter::once(&mut self.viewer).chain(&mut self.others).for_each(|viewer| viewer.stalled += ticks);
    }

    pub(crate) fn break_clock(&mut self, millis: i64) {
        self.at += millis;
        self.broken = true;
    }

    /// Sends nothing for `millis`, after which the source's clock has gone on.
    pub(crate) fn pause(&mut self, millis: i64) {
        self.at += millis;
        self.wait(millis);
    }

    pub(crate) fn end(&mut self, end: End) {
        self.send(&Frame::End(end));
    }

    /// Shows viewers of `rendition` what this studio's viewer saw last.
    pub(crate) fn show(&mut self, rendition: &Rendition) {
        rendition.publish(self.viewer.snapshot.take().unwrap_or_default());
    }

    /// Shows what there is now, unseen by its own viewer.
    pub(crate) fn show_unseen(&mut self, rendition: &Rendition) {
        rendition.publish(self.lifecycle.show());
    }

    /// Runs until another part is listed, and shows it.
    pub(crate) fn show_next_part(&mut self, rendition: &Rendition) {
        let before = self.viewer.last_part();
        while self.viewer.last_part() == before {
            self.run(100);
        }
        self.show(rendition);
    }

    /// Lets `millis` go by without a frame.
    pub(crate) fn wait(&mut self, millis: i64) {
        self.wall += millis;
        self.lifecycle.handle_timeout(MediaTime::from_millis(self.wall));
        self.look();
    }
}
