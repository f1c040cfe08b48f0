//! stub
#![allow(missing_docs)]
use bytes::Bytes;
use crate::media::{CodecConfig, MediaTime, Metadata, TrackId};
#[derive(Debug)]
pub struct SourceFrameParts { pub track: TrackId, pub cts: MediaTime, pub keyframe: bool, pub payload: Bytes }
#[derive(Debug)]
pub enum Demuxed { Config(TrackId, CodecConfig), ConfigAndFrame(TrackId, CodecConfig, SourceFrameParts), Frame(SourceFrameParts), Metadata(Metadata), Data(Bytes), EndOfSequence(TrackId), Nothing }
#[derive(Debug, thiserror::Error)]
pub enum Refusal { #[error("x")] X }
impl Refusal { pub fn reason(&self) -> &'static str { "x" } }
#[derive(Debug, Default)]
pub struct FromFlv;
impl FromFlv {
    pub fn video(&mut self, _b: Bytes) -> Result<Demuxed, Refusal> { Ok(Demuxed::Nothing) }
    pub fn audio(&mut self, _b: Bytes) -> Result<Demuxed, Refusal> { Ok(Demuxed::Nothing) }
    pub fn data(&mut self, _b: Bytes) -> Result<Demuxed, Refusal> { Ok(Demuxed::Nothing) }
}
