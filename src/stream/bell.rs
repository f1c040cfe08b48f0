//! How a ring wakes its readers: a bell for each reader and ring, and a tower that says which of its bells have rung, so
//! that a reader of many rings looks at those alone that have news.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Notify;

/// All bells of one reader.
#[derive(Debug, Default)]
pub(super) struct Tower {
    notify: Notify,
    /// The marks of the bells that rang since the reader last asked; each at most once.
    rung: Mutex<Vec<Arc<Bell>>>,
}

/// The bell of one ring in a reader's tower.
#[derive(Debug)]
pub(super) struct Bell {
    /// Weak: the tower holds the bells that have rung, and a reader that is gone without a look at them would keep both.
    tower: Weak<Tower>,
    /// The reader's own number of the ring.
    pub(super) mark: u64,
    rung: AtomicBool,
}

impl Bell {
    /// A bell that has not rung.
    pub(super) fn new(tower: &Arc<Tower>, mark: u64) -> Arc<Self> {
        Arc::new(Self { tower: Arc::downgrade(tower), mark, rung: AtomicBool::new(false) })
    }

    /// Says that there is news, once for all that came since the reader last asked.
    pub(super) fn ring(self: &Arc<Self>) {
        if self.rung.swap(true, Ordering::AcqRel) {
            return;
        }
        // Without a reader there is nobody to hear.
        if let Some(tower) = self.tower.upgrade() {
            tower.list().push(Arc::clone(self));
            tower.notify.notify_one();
        }
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
    use super::*;

    #[tokio::test]
    async fn a_reader_hears_once_which_of_its_rings_have_news() {
        let tower = Arc::new(Tower::default());
        let bells: Vec<Arc<Bell>> = (0..3).map(|mark| Bell::new(&tower, mark)).collect();
        for mark in [2, 0, 2, 2] {
            bells[mark].ring();
        }
        tower.rung().await;
        let mut marks = Vec::new();
        tower.take(&mut marks);
        assert_eq!(marks, [2, 0]);
        bells[2].ring();
        tower.rung().await;
        tower.take(&mut marks);
        assert_eq!(marks, [2, 0, 2]);
    }

    #[test]
    fn a_reader_that_goes_without_a_look_leaves_nothing_behind() {
        let tower = Arc::new(Tower::default());
        let bell = Bell::new(&tower, 0);
        bell.ring();
        let (of_tower, of_bell) = (Arc::downgrade(&tower), Arc::downgrade(&bell));
        drop((tower, bell));
        assert!(of_tower.upgrade().is_none() && of_bell.upgrade().is_none());
    }
}
