//! Counters and gauges of streams and outputs: plain atomics, written where things happen, read by whoever shows them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only rises, or a gauge. Relaxed: figures for people, not for decisions.
#[derive(Debug, Default)]
pub struct Figure(AtomicU64);

impl Figure {
    /// Adds to a counter.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    /// Takes away from a gauge.
    pub fn sub(&self, amount: u64) {
        self.0.fetch_sub(amount, Ordering::Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The present value.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bits a second over the last sample, from a byte counter that somebody samples about once a second.
#[derive(Debug, Default)]
pub struct Rate {
    last_bytes: Figure,
    last_micros: Figure,
    bits_per_second: Figure,
}

impl Rate {
    /// Takes a sample: `bytes` in all, at `micros` of any steady clock.
    pub fn sample(&self, bytes: u64, micros: u64) {
        let elapsed = micros.saturating_sub(self.last_micros.get());
        let moved = bytes.saturating_sub(self.last_bytes.get());
        if elapsed > 0 {
            let bits = u128::from(moved) * 8 * 1_000_000 / u128::from(elapsed);
            self.bits_per_second.set(u64::try_from(bits).unwrap_or(u64::MAX));
        }
        self.last_bytes.set(bytes);
        self.last_micros.set(micros);
    }

    /// Bits a second at the last sample.
    #[must_use]
    pub fn bits_per_second(&self) -> u64 {
        self.bits_per_second.get()
    }
}

/// Figures of one stream.
#[derive(Debug, Default)]
pub struct StreamStats {
    /// Payload bytes received from publishers.
    pub received_bytes: Figure,
    /// Video frames received.
    pub video_packets: Figure,
    /// Audio frames received.
    pub audio_packets: Figure,
    /// Data messages received.
    pub data_packets: Figure,
    /// Video frames not used because no keyframe came before them.
    pub awaiting_keyframe: Figure,
    /// Frames not used because the slate already stood in their place.
    pub late_packets: Figure,
    /// Frames made up while the encoder was away.
    pub slate_packets: Figure,
    /// Times the encoder went away without a goodbye while on the air.
    pub interruptions: Figure,
    /// Times the source's clock broke or the source changed.
    pub discontinuities: Figure,
    /// Publishers so far.
    pub publishers: Figure,
    /// RTMP players now.
    pub players: Figure,
    /// What was sent to all RTMP players together.
    pub player_output: Arc<OutputStats>,
    /// Rate of what is received.
    pub rate: Rate,
}

/// Why a reader missed entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropCause {
    /// The peer lagged by more than the queue allows.
    Lag,
    /// The ring's bounds ran over before the peer caught up.
    Overtaken,
}

/// Figures of one output or player.
#[derive(Debug, Default)]
pub struct OutputStats {
    /// Bytes that the socket took.
    pub sent_bytes: Figure,
    /// Frames sent whole.
    pub sent_packets: Figure,
    /// Entries given up because of lag.
    pub dropped_lag: Figure,
    /// Entries given up because the ring ran over.
    pub dropped_overtaken: Figure,
    /// Age of the oldest frame not sent yet, milliseconds.
    pub lag_millis: Figure,
    /// Milliseconds since the peer last took bytes that waited for it; 0 while nothing waits.
    pub waiting_millis: Figure,
    /// Rate of what is sent.
    pub rate: Rate,
}

impl OutputStats {
    /// Counts entries given up.
    pub fn dropped(&self, cause: DropCause, count: u64) {
        match cause {
            DropCause::Lag => self.dropped_lag.add(count),
            DropCause::Overtaken => self.dropped_overtaken.add(count),
        }
    }
}
