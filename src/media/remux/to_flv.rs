//! stub
#![allow(missing_docs)]
use bytes::Bytes;
use smallvec::SmallVec;
use crate::media::{Frame, Track, TrackSet};
#[derive(Debug)]
pub enum MessageKind { Audio, Video, Data }
#[derive(Debug)]
pub struct FlvMessage { pub kind: MessageKind, pub prefix: SmallVec<[u8; 8]>, pub payload: Bytes }
pub fn message(frame: &Frame, _t: &TrackSet) -> Option<FlvMessage> {
    match frame {
        Frame::Media(p) => Some(FlvMessage { kind: if p.track.is_video() { MessageKind::Video } else { MessageKind::Audio }, prefix: SmallVec::from_slice(&[0x17, 1, 0, 0, 0]), payload: p.payload.clone() }),
        Frame::Data(d) => Some(FlvMessage { kind: MessageKind::Data, prefix: SmallVec::new(), payload: d.payload.clone() }),
        Frame::End(_) => None,
    }
}
pub fn sequence_header(_t: &Track) -> Option<Vec<u8>> { None }
pub fn metadata(_t: &TrackSet, _wrap: bool) -> Vec<u8> { vec![2, 0, 1, 65] }
