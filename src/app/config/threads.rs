//! How the cores are shared: between the runtime, which has encoders, destinations and the API, and the threads that serve
//! viewers.
//!
//! A relay waits far more than it computes. The fewer threads there are, the more each finds to do whenever it wakes, with
//! its caches warm, and none has to wake another: on two cores, one thread sends to 200 destinations for a tenth less than
//! two do, and serves 100 encoders for a third less.

use std::thread::available_parallelism;

use super::Config;

impl Config {
    /// Threads of the runtime: what is configured, or one for each two cores.
    #[must_use]
    pub fn workers(&self) -> usize {
        match self.worker_threads {
            0 => available_parallelism().map_or(1, usize::from).div_ceil(2),
            threads => threads,
        }
    }

    /// Threads that serve viewers over HTTP: as many as the runtime has, or half of what is configured.
    #[must_use]
    pub fn hands(&self) -> usize {
        match self.worker_threads {
            0 => self.workers(),
            threads => threads.div_ceil(2),
        }
    }
}
