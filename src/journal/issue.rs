//! What can be wrong with a broadcast, in words for people: one table of codes, severities, titles and remedies.
//!
//! The codes are also event data, metric labels and the names of alerts, so they never change their meaning.

use std::fmt;

use crate::push::DestinationId;
use crate::store;
use crate::store::UnixMillis;

/// How bad an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Viewers may see it.
    Warning,
    /// Viewers do see it, or a destination gets nothing.
    Error,
}

impl Severity {
    /// A short label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// How a broadcast is doing as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HealthStatus {
    /// Nothing is on the air.
    NoData,
    /// Nothing worse than a remark.
    Good,
    /// There is a warning.
    Ok,
    /// There is an error.
    Bad,
}

impl HealthStatus {
    /// A short label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::Good => "good",
            Self::Ok => "ok",
            Self::Bad => "bad",
        }
    }

    /// What these issues amount to, on the air.
    #[must_use]
    pub fn of(issues: &[Issue]) -> Self {
        match issues.iter().map(Issue::severity).max() {
            Some(Severity::Error) => Self::Bad,
            Some(Severity::Warning) => Self::Ok,
            Some(Severity::Info) | None => Self::Good,
        }
    }
}

/// An entry of the table.
struct Text {
    label: &'static str,
    severity: Severity,
    /// Seconds that it must be so before it is raised, and that it must not be so before it is over: what comes and goes
    /// by the second is one issue.
    raise_after: u32,
    clear_after: u32,
    title: &'static str,
    what_to_do: &'static str,
}

macro_rules! issues {
    ($($(#[$doc:meta])* $code:ident = $label:literal, $severity:ident, $raise:literal, $clear:literal,
        $title:literal, $what:literal;)+) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum IssueCode { $($(#[$doc])* $code,)+ }

        impl IssueCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            const fn text(self) -> Text {
                match self {
                    $(Self::$code => Text {
                        label: $label,
                        severity: Severity::$severity,
                        raise_after: $raise,
                        clear_after: $clear,
                        title: $title,
                        what_to_do: $what,
                    },)+
                }
            }
        }
    };
}

issues! {
    /// The encoder's connection is gone, and the broadcast is held.
    EncoderGone = "encoder_gone", Error, 0, 0, "The encoder is not connected",
        "Start streaming again with the same key before the hold is over; viewers and destinations get a still picture \
         until then.";
    /// An encoder is connected and sends nothing.
    Starved = "starved", Error, 3, 3, "Nothing comes from the encoder",
        "Check that the encoder is still streaming, and its network: it is connected and sends nothing.";
    /// There are no pictures.
    VideoMissing = "video_missing", Warning, 10, 3, "There is no picture",
        "Add a video source in the encoder and start its video output; most platforms do not take sound alone.";
    /// There is no sound.
    AudioMissing = "audio_missing", Warning, 10, 3, "There is no sound",
        "Switch on an audio track in the encoder's output settings; most platforms and players want one, even if it is \
         silent.";
    /// The sound is silence.
    AudioSilent = "audio_silent", Info, 30, 5, "The sound is silent",
        "Check that the microphone or the mixer is not muted, and that its track is the one that is streamed.";
    /// Keyframes are too far apart.
    KeyframeIntervalLong = "keyframe_interval_long", Warning, 2, 15, "Keyframes are too far apart",
        "Set the keyframe interval of the encoder to 2 s (not 0 or automatic). Players and destinations can only begin at \
         a keyframe.";
    /// Keyframes come at changing distances.
    KeyframeIntervalIrregular = "keyframe_interval_irregular", Info, 20, 30, "Keyframes come irregularly",
        "Set a fixed keyframe interval of 2 s in the encoder, and switch off its scene-cut detection if it has one.";
    /// Keyframes are farther apart than a destination wants.
    KeyframeIntervalOverLimit = "keyframe_interval_over_limit", Warning, 5, 15,
        "Keyframes are farther apart than a destination wants",
        "Set the keyframe interval of the encoder to 2 s.";
    /// Fewer bits than the size of the pictures needs.
    BitrateLow = "bitrate_low", Warning, 20, 30, "The bitrate is low for this resolution",
        "Raise the encoder's video bitrate, or choose a smaller resolution or frame rate. If the bitrate is set high \
         enough, the network between encoder and server is too slow.";
    /// More bits than the size of the pictures needs.
    BitrateHigh = "bitrate_high", Info, 20, 30, "The bitrate is high for this resolution",
        "A lower video bitrate would look the same and reach more viewers.";
    /// More bits of pictures than a destination takes.
    BitrateOverLimit = "bitrate_over_limit", Warning, 15, 30, "The bitrate is above what a destination takes",
        "Lower the encoder's video bitrate below the limit, or the platform may refuse or stutter.";
    /// More bits of sound than a destination takes.
    AudioBitrateOverLimit = "audio_bitrate_over_limit", Warning, 15, 30,
        "The bitrate of the sound is above what a destination takes",
        "Lower the encoder's audio bitrate below the limit.";
    /// The number of pictures changes by the second.
    FrameRateUnstable = "frame_rate_unstable", Warning, 5, 20, "The frame rate is unstable",
        "The encoder does not keep up: lower its resolution or choose a faster preset, and close what else needs the \
         processor or the graphics card.";
    /// Pictures are missing.
    FramesMissing = "frames_missing", Warning, 3, 20, "Pictures are missing (estimated)",
        "The encoder drops frames, for want of network or of processor. Lower its bitrate, or use a cable instead of \
         wireless.";
    /// Pictures and sound are apart.
    AvSkew = "av_skew", Warning, 5, 15, "Pictures and sound are apart",
        "Restart the stream in the encoder; if it comes back, remove audio sync offsets and capture devices one by one.";
    /// The encoder's clock runs away from ours.
    Drift = "drift", Warning, 10, 30, "The stream drifts from real time",
        "The encoder or its network cannot keep up, or its clock is wrong. Lower the bitrate, and restart the stream.";
    /// Packets come with pauses.
    NetworkGaps = "network_gaps", Warning, 1, 20, "The network from the encoder has gaps",
        "Use a cable instead of wireless, lower the bitrate, and check what else uses the upload.";
    /// The timestamps break.
    TimestampsBroken = "timestamps_broken", Warning, 1, 60, "The encoder's timestamps jump",
        "Restart the stream in the encoder, and update it. Each jump is repaired here, but players may stutter.";
    /// A destination does not take a coding.
    CodecUnsupported = "codec_unsupported", Error, 0, 0, "A destination does not take this codec",
        "Set the encoder to H.264 and AAC, which every platform takes.";
    /// A destination is to have a track that there is not.
    TrackMissing = "track_missing", Error, 0, 0, "A destination waits for a track that is not sent",
        "Choose another track in the settings of the destination, or send that track.";
    /// A destination refused, and a person must look.
    OutputFailed = "output_failed", Error, 0, 0, "A destination failed and needs you",
        "Check the stream key and the address of the destination, then press Retry.";
    /// A destination is tried again.
    OutputRetrying = "output_retrying", Warning, 5, 3, "A destination is being reconnected",
        "Nothing, if it passes. Otherwise look at the platform, and test the destination.";
    /// A destination takes the stream slower than it comes.
    OutputSlow = "output_slow", Warning, 5, 15, "A destination takes the stream too slowly",
        "The network to that platform, or the platform, is too slow: lower the bitrate, or choose another of its servers.";
}

impl IssueCode {
    /// Its name in events, metrics and alerts.
    #[must_use]
    pub const fn label(self) -> &'static str {
        self.text().label
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(self) -> Severity {
        self.text().severity
    }

    /// What is wrong, in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.text().title
    }

    /// What helps.
    #[must_use]
    pub const fn what_to_do(self) -> &'static str {
        self.text().what_to_do
    }

    /// Seconds that it must be so before it is raised.
    pub(super) const fn raise_after(self) -> u32 {
        self.text().raise_after
    }

    /// Seconds that it must not be so before it is over.
    pub(super) const fn clear_after(self) -> u32 {
        self.text().clear_after
    }
}

impl fmt::Display for IssueCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// The destination that an issue is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concerned {
    /// Our label of it.
    pub destination: DestinationId,
    /// Its row, where it has one.
    pub row: Option<store::DestinationId>,
    /// For people.
    pub name: String,
}

/// An issue that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// What is wrong.
    pub code: IssueCode,
    /// With which destination; the source without.
    pub about: Option<Concerned>,
    /// What was measured or said when it was raised; without secrets.
    pub detail: String,
    /// Since when.
    pub since: UnixMillis,
}

impl Issue {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_issue_says_what_to_do_in_a_sentence() {
        let mut labels = Vec::new();
        for code in IssueCode::ALL {
            assert!(code.what_to_do().ends_with('.') && !code.title().ends_with('.'), "{code}");
            assert!(code.label().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert!(!labels.contains(&code.label()), "{code}");
            labels.push(code.label());
        }
    }

    #[test]
    fn the_worst_issue_says_how_a_broadcast_is_doing() {
        let issue = |code| Issue { code, about: None, detail: String::new(), since: UnixMillis(0) };
        assert_eq!(HealthStatus::of(&[]), HealthStatus::Good);
        assert_eq!(HealthStatus::of(&[issue(IssueCode::AudioSilent)]), HealthStatus::Good);
        let both = [issue(IssueCode::Starved), issue(IssueCode::Drift)];
        assert_eq!(HealthStatus::of(&both), HealthStatus::Bad);
        assert_eq!(HealthStatus::of(&both[1..]), HealthStatus::Ok);
    }
}
