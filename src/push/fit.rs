//! Whether a stream fits a destination: its codings, its tracks, and the sentence for people where it does not.

use std::fmt::Display;

use super::destination::{Destination, Reason};
use super::dial::Fault;
use super::platform::Platform;
use crate::media::{Codec, Codecs, TrackChoice, TrackId, TrackKind, TrackSet};
use crate::rtmp::Capabilities;
use crate::stream::Wanted;

/// Who says what a destination takes, the first that says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Authority {
    /// The operator, in `codecs`.
    Operator,
    /// What is known of its platform.
    Platform(&'static str),
    /// The server, in its answer to `connect`.
    Server,
}

/// What a server takes as far as its answer to `connect` says so. One that names nothing of a kind is not restricted
/// there: most servers that take HEVC do not say it. What legacy bodies carry is taken by all.
pub(super) fn announced(peer: &Capabilities) -> Codecs {
    let named: Codecs = Codec::ALL.into_iter().filter(|codec| peer.takes(codec.four_cc())).collect();
    let kinds = |kind| named.named().any(|codec| codec.kind() == kind);
    let always = Codec::ALL.into_iter().filter(|codec| codec.is_legacy() && kinds(codec.kind()));
    named.named().chain(always).collect()
}

/// What a destination takes. `server` is what its answer said; nothing before there was one.
fn taken(destination: &Destination, server: Codecs) -> (Codecs, Authority) {
    let Destination { codecs, platform, .. } = destination;
    match (codecs, platform.codecs(), platform.name()) {
        (Some(codecs), ..) => (*codecs, Authority::Operator),
        (None, Some(codecs), Some(name)) => (codecs, Authority::Platform(name)),
        _ => (server, Authority::Server),
    }
}

/// Which tracks a destination is sent. All of them only to a server that says that it tells them apart, and that is no
/// platform, whose viewers see one.
fn choice(destination: &Destination, multitrack: bool) -> TrackChoice {
    let Destination { video_track, audio_track, platform, .. } = destination;
    match (video_track, audio_track) {
        (None, None) if multitrack && *platform == Platform::Custom => TrackChoice::All,
        _ => TrackChoice::One { video: video_track.unwrap_or(0), audio: audio_track.unwrap_or(0) },
    }
}

/// What is sent to a destination whose server said this.
pub(super) fn wanted(destination: &Destination, peer: &Capabilities) -> Wanted {
    Wanted {
        tracks: choice(destination, peer.takes_multitrack()),
        codecs: taken(destination, announced(peer)).0,
        enhanced: peer.is_enhanced(),
    }
}

/// Why a stream cannot be sent, if it has a track to be sent whose coding is not taken.
pub(super) fn objection(destination: &Destination, tracks: &TrackSet, server: Codecs) -> Option<Fault> {
    let (codecs, _) = taken(destination, server);
    // Tracks beside the default ones do not count, so a server of many is as one of one here.
    let codec = codecs.refused(&choice(destination, false).of(tracks, codecs))?;
    Some(refusal(destination, codec, server))
}

/// Why a coding cannot be sent.
pub(super) fn refusal(destination: &Destination, codec: Codec, server: Codecs) -> Fault {
    let (codecs, authority) = taken(destination, server);
    let what = noun(codec.kind());
    let taken: Vec<_> = codecs.named().filter(|named| named.kind() == codec.kind()).collect();
    let (list, best) = (spoken(&taken, "or"), taken.first().copied().unwrap_or(Codec::H264));
    let label = codec.label();
    let (who, otherwise) = match authority {
        Authority::Operator => (
            format!("This destination's codecs allow {list} {what} only"),
            format!("add \"{label}\" to them if the server takes it"),
        ),
        Authority::Platform(name) => (
            format!("{name} takes {list} {what} only"),
            format!("add \"{label}\" to this destination's codecs if it is taken by now"),
        ),
        Authority::Server => (
            format!("The server says that it takes {list} {what} only"),
            format!("list \"{label}\" in this destination's codecs if it is taken all the same"),
        ),
    };
    let said = format!("{who}, and the encoder sends {codec}: set the encoder to {best}, or {otherwise}");
    Fault::new(Reason::CodecUnsupported, said)
}

/// Why a stream cannot be sent, if the destination is to have a track that it has not.
pub(super) fn missing(destination: &Destination, tracks: &TrackSet) -> Option<Fault> {
    let TrackId { kind, index } = choice(destination, false).missing(tracks)?;
    let what = noun(kind);
    let there: Vec<_> =
        tracks.tracks().iter().filter(|track| track.id.kind == kind).map(|track| track.id.index).collect();
    let said = if there.is_empty() {
        format!("The encoder sends no {what} track {index}, and no {what} at all")
    } else {
        let list = spoken(&there, "and");
        format!(
            "The encoder sends no {what} track {index} but {list}: set {what}_track of this destination to one that there \
             is, or the encoder to send that one"
        )
    };
    Some(Fault::new(Reason::TrackMissing, said))
}

/// A refusal with what to do about it, where that is known of the platform.
pub(super) fn explained(destination: &Destination, fault: Fault) -> Fault {
    let platform = destination.platform;
    match (fault.reason, platform.name(), platform.key_page()) {
        (Reason::PublishRejected, Some(name), Some(page)) => {
            let Fault { detail, .. } = fault;
            let said = format!("{name} refused the stream key; copy it anew from {page}. It said: {detail}");
            Fault::new(Reason::PublishRejected, said)
        }
        _ => fault,
    }
}

const fn noun(kind: TrackKind) -> &'static str {
    match kind {
        TrackKind::Video => "video",
        TrackKind::Audio => "audio",
    }
}

/// `a, b or c`.
fn spoken(items: &[impl Display], word: &str) -> String {
    let mut said = String::new();
    for (at, item) in items.iter().enumerate() {
        let link = match items.len() - at {
            _ if at == 0 => String::new(),
            1 => format!(" {word} "),
            _ => ", ".to_owned(),
        };
        said.push_str(&format!("{link}{item}"));
    }
    said
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
