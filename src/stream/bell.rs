//! How a ring wakes its readers: a bell for each reader and ring, and a tower that says which of its bells have rung, so
//! that a reader of many rings looks at those alone that have news.
//!
//! A wake-up costs more than most of what it is for. A reader that has set itself a time to look again tells its bell
//! which frames need not ring until then.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::Notify;

/// All bells of one reader.
#[derive(Debug)]
pub(super) struct Tower {
    notify: Notify,
    /// The marks of the bells that rang since the reader last asked; each at most once.
    rung: Mutex<Vec<Arc<Bell>>>,
    /// Times are told apart by their distance from it.
    epoch: Instant,
}

impl Default for Tower {
    fn default() -> Self {
        Self { notify: Notify::default(), rung: Mutex::default(), epoch: Instant::now() }
    }
}

/// The bell of one ring in a reader's tower.
#[derive(Debug)]
pub(super) struct Bell {
    /// Weak: the tower holds the bells that have rung, and a reader that is gone without a look at them would keep both.
    tower: Weak<Tower>,
    epoch: Instant,
    /// The reader's own number of the ring.
    pub(super) mark: u64,
    rung: AtomicBool,
    /// From when on a picture rings, microseconds from the tower's epoch.
    pictures_from: AtomicU64,
    /// From when on everything else does.
    others_from: AtomicU64,
}

/// What an entry is to those who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// A frame of the default picture.
    Picture,
    /// Any other frame, and data.
    Other,
    /// An end. It always rings.
    End,
}

/// Until when which news can wait. Whoever says so looks by itself at the later time, at the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hush {
    pub(super) pictures: Instant,
    pub(super) others: Instant,
}

impl Bell {
    /// A bell that has not rung.
    pub(super) fn new(tower: &Arc<Tower>, mark: u64) -> Arc<Self> {
        Arc::new(Self {
            tower: Arc::downgrade(tower),
            epoch: tower.epoch,
            mark,
            rung: AtomicBool::new(false),
            pictures_from: AtomicU64::new(0),
            others_from: AtomicU64::new(0),
        })
    }

    /// Says that there is news as of `arrived`, once for all that came since the reader last asked.
    pub(super) fn ring(self: &Arc<Self>, news: News, arrived: Instant) {
        let from = match news {
            News::Picture => Some(&self.pictures_from),
            News::Other => Some(&self.others_from),
            News::End => None,
        };
        // Read by a change: it comes before a `hush(None)`, whose reader then sees the entry, or behind it, and rings.
        if from.is_some_and(|from| self.micros(arrived) < from.fetch_add(0, Ordering::AcqRel)) {
            return;
        }
        if self.rung.swap(true, Ordering::AcqRel) {
            return;
        }
        // Without a reader there is nobody to hear.
        if let Some(tower) = self.tower.upgrade() {
            tower.list().push(Arc::clone(self));
            tower.notify.notify_one();
        }
    }

    /// Lets news wait from now on, or none.
    pub(super) fn hush(&self, hush: Option<Hush>) {
        let [pictures, others] =
            hush.map_or([0; 2], |hush| [hush.pictures, hush.others].map(|at| self.micros(at)));
        self.pictures_from.swap(pictures, Ordering::AcqRel);
        self.others_from.swap(others, Ordering::AcqRel);
    }

    fn micros(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }
}

impl Tower {
    /// Waits until a bell has rung. Cancel safe.
    pub(super) async fn rung(&self) {
        self.notify.notified().await;
    }

    /// Moves the marks of the bells that rang into `marks`. What is written from now on rings anew.
    pub(super) fn take(&self, marks: &mut Vec<u64>) {
        // The flag falls before the reader looks at the ring: a frame that the reader might miss rings again.
        marks.extend(self.list().drain(..).map(|bell| {
            bell.rung.swap(false, Ordering::AcqRel);
            bell.mark
        }));
    }

    /// Nothing panics while it is held.
    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Bell>>> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_reader_hears_once_which_of_its_rings_have_news() {
        let tower = Arc::new(Tower::default());
        let bells: Vec<Arc<Bell>> = (0..3).map(|mark| Bell::new(&tower, mark)).collect();
        let now = Instant::now();
        for mark in [2, 0, 2, 2] {
            bells[mark].ring(News::Other, now);
        }
        tower.rung().await;
        let mut marks = Vec::new();
        tower.take(&mut marks);
        assert_eq!(marks, [2, 0]);
        bells[2].ring(News::Other, now);
        tower.rung().await;
        tower.take(&mut marks);
        assert_eq!(marks, [2, 0, 2]);
    }
    #[test]
    fn what_can_wait_does_not_ring_and_an_end_always_does() {
        let tower = Arc::new(Tower::default());
        let bell = Bell::new(&tower, 0);
        let at = |millis| tower.epoch + Duration::from_millis(millis);
        let rings = |news, millis| {
            bell.ring(news, at(millis));
            let mut marks = Vec::new();
            tower.take(&mut marks);
            !marks.is_empty()
        };
        assert!(rings(News::Other, 1) && rings(News::Picture, 1));
        bell.hush(Some(Hush { pictures: at(10), others: at(50) }));
        assert!(!rings(News::Other, 9) && !rings(News::Picture, 9));
        assert!(!rings(News::Other, 49) && rings(News::Picture, 10));
        assert!(rings(News::Other, 50) && rings(News::End, 1));
        bell.hush(None);
        assert!(rings(News::Other, 1));
    }

    #[test]
    fn a_reader_that_goes_without_a_look_leaves_nothing_behind() {
        let tower = Arc::new(Tower::default());
        let bell = Bell::new(&tower, 0);
        bell.ring(News::End, tower.epoch);
        let (of_tower, of_bell) = (Arc::downgrade(&tower), Arc::downgrade(&bell));
        drop((tower, bell));
        assert!(of_tower.upgrade().is_none() && of_bell.upgrade().is_none());
    }
}
