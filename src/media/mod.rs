//! What flows: packets on a timeline, the tracks they belong to, and the translators to and from containers.
//!
//! **Invariant:** a container is never a packet; only `remux` knows both.

mod choice;
mod codec;
mod cue;
mod metadata;
mod packet;
pub mod remux;
mod source_clock;
mod time;
mod timeline;
mod track;

pub use choice::TrackChoice;
pub use codec::{Codec, Codecs};
pub use cue::{Cue, CueKind, CueValue};
pub use metadata::Metadata;
pub use packet::{DataMessage, End, Frame, Packet};
pub use source_clock::{Reading, SourceClock};
pub use time::{MediaTime, Timescale};
pub use timeline::{Placed, Timeline};
pub use track::{CodecConfig, Track, TrackId, TrackKind, TrackSet};
