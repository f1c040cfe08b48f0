//! The task of one rendition: reads the stream's ring, tells the time, and shows what changed.
//!
//! Thin on purpose: what it does with a frame is [`Lifecycle`]'s, and that is pure.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tracing::{debug, info};

use super::lineup::Lineup;
use super::snapshot::Phase;
use super::{Breaks, Config, Container, Input, Lifecycle, Rendition};
use crate::media::{Frame, MediaTime, TrackId, TrackSet};
use crate::stream::{PlaybackId, Received, Subscriber};

/// Entries taken before viewers are shown what changed, when many wait.
const BATCH: usize = 256;

/// The packager of one stream.
#[derive(Debug)]
pub struct Packager {
    id: PlaybackId,
    subscriber: Subscriber,
    lifecycle: Lifecycle,
    rendition: Arc<Rendition>,
    clock: WallClock,
    left_out: LeftOut,
    breaks: Arc<Breaks>,
    /// The discontinuity number that was looked at last.
    next_break: u64,
}

/// Tracks that are not packaged: they have a coding that HLS cannot carry, or are too many.
#[derive(Debug, Default)]
struct LeftOut {
    container: Container,
    /// The track set seen last, to notice a change without comparing.
    seen: Option<Arc<TrackSet>>,
    tracks: Vec<TrackId>,
}

impl LeftOut {
    /// Looks at the tracks in force, and says of each once that it is left out.
    fn look(&mut self, stream: &PlaybackId, tracks: &Arc<TrackSet>) {
        if self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, tracks)) {
            return;
        }
        self.seen = Some(tracks.clone());
        let lineup = Lineup::of(tracks, self.container);
        let before = std::mem::take(&mut self.tracks);
        for track in tracks.tracks().iter().filter(|track| !lineup.has(track.id)) {
            self.tracks.push(track.id);
            if !before.contains(&track.id) {
                let codec = track.config.codec();
                info!(%stream, %codec, kind = ?track.id.kind, track = track.id.index, "not packaged for HLS");
            }
        }
    }
}

impl Packager {
    /// The rendition of the stream that `subscriber` reads, and the task that fills it for as long as it is run.
    #[expect(
        clippy::new_ret_no_self,
        reason = "the caller decides where the task runs, and keeps the handle"
    )]
    pub fn new(
        subscriber: Subscriber,
        id: PlaybackId,
        config: Config,
        breaks: Arc<Breaks>,
    ) -> (Arc<Rendition>, impl Future<Output = ()> + Send + 'static) {
        let clock = WallClock::start();
        let lifecycle = Lifecycle::new(config, fastrand::u32(..), clock.at(Instant::now()));
        let lifecycle = lifecycle.breaking_from(breaks.from());
        let rendition = Arc::new(Rendition::counting(lifecycle.renders()));
        let left_out = LeftOut { container: config.container, ..LeftOut::default() };
        let packager = Self {
            id,
            subscriber,
            lifecycle,
            rendition: rendition.clone(),
            clock,
            left_out,
            breaks,
            next_break: 0,
        };
        (rendition, packager.run())
    }

    async fn run(mut self) {
        loop {
            tokio::select! {
                received = self.subscriber.recv() => {
                    self.take(&received);
                    for _ in 1..BATCH {
                        let Some(received) = self.subscriber.try_recv() else { break };
                        self.take(&received);
                    }
                }
                () = sleep_until(self.clock.instant(self.lifecycle.poll_timeout())) => {
                    self.lifecycle.handle_timeout(self.clock.at(Instant::now()));
                }
            }
            if let Some(snapshot) = self.lifecycle.poll_snapshot() {
                self.set_aside();
                let (before, now) = (self.rendition.snapshot().phase, snapshot.phase);
                self.rendition.publish(snapshot);
                if before != now && !matches!(now, Phase::Starting) {
                    info!(stream = %self.id, phase = ?now, "hls");
                }
            }
        }
    }

    /// Lets no process after this one use a discontinuity number again.
    fn set_aside(&mut self) {
        let next = self.lifecycle.next_break();
        if std::mem::replace(&mut self.next_break, next) != next && self.breaks.is_near_end(next) {
            let breaks = Arc::clone(&self.breaks);
            tokio::task::spawn_blocking(move || breaks.set_aside(next));
        }
    }

    fn take(&mut self, received: &Received) {
        let entry = &received.entry;
        if received.skipped > 0 {
            debug!(stream = %self.id, skipped = received.skipped, "hls was overtaken");
        }
        if let Frame::Media(packet) = &entry.frame {
            self.left_out.look(&self.id, &entry.tracks);
            if self.left_out.tracks.contains(&packet.track) {
                self.rendition.counters().count_left_out();
            }
        }
        self.lifecycle.push(Input {
            frame: &entry.frame,
            tracks: &entry.tracks,
            start: entry.start,
            discontinuity: entry.discontinuity || received.skipped > 0,
            arrived: self.clock.at(entry.arrived),
        });
    }
}

/// Milliseconds since 1970 that go with the monotonic clock: a step of the system's clock does not reach viewers.
#[derive(Debug, Clone, Copy)]
struct WallClock {
    instant: Instant,
    millis: i64,
}

impl WallClock {
    fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { instant: Instant::now(), millis: i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 2) }
    }

    fn at(&self, instant: Instant) -> MediaTime {
        let since = instant.saturating_duration_since(self.instant);
        let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX / 4);
        MediaTime::from_millis(self.millis.saturating_add(millis))
    }

    fn instant(&self, time: Option<MediaTime>) -> Option<Instant> {
        let millis = u64::try_from(time?.as_millis() - self.millis).unwrap_or(0);
        self.instant.checked_add(Duration::from_millis(millis))
    }
}

/// Never returns without a time.
async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_the_system_s_clock_does_not_reach_the_dates_of_viewers() {
        // The system's clock is read once, and says what it likes; from then on only the monotonic one counts.
        let began = Instant::now();
        for millis in [0, 1_785_585_600_000, -5_000] {
            let clock = WallClock { instant: began, millis };
            let dates: Vec<_> =
                (0..5).map(|second| clock.at(began + Duration::from_secs(second)).as_millis()).collect();
            let steps: Vec<_> = dates.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert_eq!((dates[0], &steps[..]), (millis, &[1_000; 4][..]));
            let later = clock.instant(Some(MediaTime::from_millis(millis + 3_000)));
            assert_eq!(later, Some(began + Duration::from_secs(3)));
        }
    }
}
