//! What was read last of objects whose links are written: one reading serves all steps that are about the same links.
//!
//! A group of fifty thousand members is fifty pages, and as many steps as it gets twenty members each. A [`Batch`] of them
//! writes one after another, since Graph may refuse what is written to one object at the same time; then the object is read
//! once, and each finds its own links in that. So do those that wait until Graph shows them: what one has read serves all
//! that judged an earlier reading.

use domain::Timestamp;
use engine::ports::LiveObject;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Of how many objects that nobody is at the last reading is kept: steps on one object follow each other in a plan.
const KEPT: usize = 2;

/// An object with its links of one type as they were read last.
#[derive(Clone)]
pub(super) struct Seen {
    /// When the reading ended.
    pub at: Timestamp,
    /// The moment right before it began.
    pub began: u64,
    pub live: Option<Arc<LiveObject>>,
}

/// What is known of one object.
#[derive(Default)]
pub(super) struct Links {
    /// By the names of the types of links.
    pub seen: BTreeMap<&'static str, Seen>,
    /// The moment of the last write to it.
    pub written: u64,
}

/// One object that steps write or look at.
#[derive(Default)]
pub(super) struct Looked {
    /// Who holds it reads the object or writes its links. Nobody who holds it waits for a turn.
    pub last: tokio::sync::Mutex<Links>,
}

/// Steps that add to one object, and write one after another before it is read for all of them.
pub(super) struct Batch {
    pub object: Arc<Looked>,
    /// Those of them that are yet to write.
    pub writers: Arc<Writers>,
}

/// How late the reading has to be with which a look may be answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// It may be of up to a minute ago.
    Lately,
    /// Since whoever looks judged a reading, or wrote, last.
    Judged,
    /// It has to begin after this moment.
    Now,
}

/// How many steps are yet to write something.
pub(super) struct Writers(watch::Sender<usize>);

/// That a step is yet to write; it ends when this is dropped.
pub(super) struct Writing(Arc<Writers>);

/// The objects that were looked at lately.
#[derive(Default)]
pub(super) struct Looks {
    moments: AtomicU64,
    objects: Mutex<Vec<(String, Arc<Looked>)>>,
}

impl Looks {
    fn objects(&self) -> MutexGuard<'_, Vec<(String, Arc<Looked>)>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next moment: of two, the later is the greater. Why not the time: a clock may stand still.
    pub fn moment(&self) -> u64 {
        self.moments.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The object of that id.
    pub fn object(&self, id: &str) -> Arc<Looked> {
        let mut objects = self.objects();
        let at = objects.iter().position(|(known, _)| known == id);
        let (id, looked) =
            if let Some(at) = at { objects.remove(at) } else { (id.to_owned(), Arc::default()) };
        objects.push((id, looked.clone()));
        // The oldest go first, of those that nobody is at.
        let is_idle = |looked: &Arc<Looked>| Arc::strong_count(looked) == 1;
        let mut idle = objects.iter().filter(|(_, looked)| is_idle(looked)).count();
        objects.retain(|(_, looked)| {
            let goes = idle > KEPT && is_idle(looked);
            idle -= usize::from(goes);
            !goes
        });
        looked
    }

    /// The object of that id, if it was looked at lately.
    pub fn find(&self, id: &str) -> Option<Arc<Looked>> {
        self.objects().iter().find(|(known, _)| known == id).map(|(_, looked)| looked.clone())
    }
}

impl Default for Writers {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Writers {
    /// One more step is yet to write.
    pub fn enter(self: &Arc<Self>) -> Writing {
        self.0.send_modify(|writers| *writers += 1);
        Writing(self.clone())
    }

    /// Whether some step is yet to write.
    pub fn any(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Waits until none is.
    pub async fn none(&self) {
        let mut heard = self.0.subscribe();
        // Why no error: the other half is here.
        let _ = heard.wait_for(|writers| *writers == 0).await;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.0.send_modify(|writers| *writers = writers.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_goes_on_when_the_last_has_written() {
        let writers = Arc::new(Writers::default());
        let (one, two) = (writers.enter(), writers.enter());
        drop(one);
        assert!(writers.any());
        let waits = tokio::spawn({
            let writers = writers.clone();
            async move { writers.none().await }
        });
        drop(two);
        waits.await.unwrap();
        assert!(!writers.any());
    }

    #[test]
    fn of_objects_that_nobody_is_at_the_last_are_kept_and_those_that_somebody_is_at_always() {
        let looks = Looks::default();
        let held = looks.object("held");
        for id in ["a", "b", "c", "d"] {
            drop(looks.object(id));
        }
        drop(looks.object("e"));
        let found = ["held", "a", "b", "c", "d", "e"].map(|id| looks.find(id).is_some());
        assert_eq!(found, [true, false, false, true, true, true]);
        drop(held);
    }
}
