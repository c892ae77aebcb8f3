//! What a process keeps of the blobs that it opened, over all tenants: what was not used for longest goes first.
//!
//! Nothing in it is ever out of date, since a name stands for one content. What was opened under a key is found by nobody
//! else, and is dropped when that key is gone.

use domain::SnapshotId;
use domain::stored::{BlobHash, Index, Manifest};
use lru::LruCache;
use std::sync::{Arc, Mutex, MutexGuard};

/// The number of a tenant's key in this process: one for each time that a key was unwrapped.
pub(super) type KeyNumber = u64;

/// What an opened blob is kept under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// A leaf or an index. Why not its class: that is a part of what the hash is of.
    Content(BlobHash),
    /// The manifest of a sealed snapshot.
    Manifest(SnapshotId),
}

/// An opened blob, shared by whoever reads it.
#[derive(Clone)]
pub(super) enum Content {
    Leaf(Arc<Vec<u8>>),
    Index(Arc<Index>),
    Manifest(Arc<Manifest>),
}

/// What an entry takes besides its content: its name, its places in the list and in the table, and what shares it.
const ENTRY_BYTES: usize = 256;

/// Opened blobs, of at most that many bytes together.
pub(super) struct Kept {
    most_bytes: usize,
    entries: Mutex<Entries>,
}

struct Entries {
    by_name: LruCache<(KeyNumber, Name), (Content, usize)>,
    bytes: usize,
}

impl Kept {
    pub(super) fn of(most_bytes: usize) -> Self {
        Self { most_bytes, entries: Mutex::new(Entries { by_name: LruCache::unbounded(), bytes: 0 }) }
    }

    /// Whether a walk over that many bytes leaves room for what was kept before. What is larger is read past it: one look at
    /// everything would push out what many looks come back to.
    pub(super) fn has_room_for(&self, bytes: u64) -> bool {
        bytes <= self.most_bytes as u64 / 2
    }

    pub(super) fn find(&self, key: KeyNumber, name: Name) -> Option<Content> {
        self.entries().by_name.get(&(key, name)).map(|(content, _)| content.clone())
    }

    /// Keeps what has about that many bytes in memory.
    pub(super) fn keep(&self, key: KeyNumber, name: Name, content: Content, bytes: usize) {
        let bytes = bytes + ENTRY_BYTES;
        if bytes > self.most_bytes {
            return;
        }
        let entries = &mut *self.entries();
        let former = entries.by_name.put((key, name), (content, bytes));
        entries.bytes += bytes;
        entries.bytes -= former.map_or(0, |(_, bytes)| bytes);
        while entries.bytes > self.most_bytes
            && let Some((_, (_, bytes))) = entries.by_name.pop_lru()
        {
            entries.bytes -= bytes;
        }
    }

    /// Drops what was opened under a key that is gone, or is another now.
    pub(super) fn forget(&self, key: KeyNumber) {
        let entries = &mut *self.entries();
        let gone: Vec<_> =
            entries.by_name.iter().filter(|((of, _), _)| *of == key).map(|(name, _)| name.clone()).collect();
        for name in gone {
            entries.bytes -= entries.by_name.pop(&name).map_or(0, |(_, bytes)| bytes);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: u8) -> Name {
        Name::Content(BlobHash::try_from(hex::encode([n; 32])).expect("32 bytes"))
    }

    /// So many leaves of ten bytes fit in.
    fn kept_of(leaves: usize) -> Kept {
        Kept::of(leaves * (10 + ENTRY_BYTES))
    }

    fn leaf() -> Content {
        Content::Leaf(Arc::new(vec![0; 10]))
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_the_bound_holds() {
        let kept = kept_of(3);
        for n in 0..3 {
            kept.keep(1, name(n), leaf(), 10);
        }
        assert!(kept.find(1, name(0)).is_some());
        kept.keep(1, name(3), leaf(), 10);
        assert!(kept.find(1, name(1)).is_none(), "the one that nobody asked for");
        assert!([0, 2, 3].iter().all(|n| kept.find(1, name(*n)).is_some()));
        kept.keep(1, name(4), leaf(), 3 * (10 + ENTRY_BYTES));
        assert!(kept.find(1, name(4)).is_none(), "what is larger than all is not kept");
        assert!(kept.find(1, name(0)).is_some());
    }

    #[test]
    fn what_is_kept_twice_counts_once() {
        let kept = kept_of(3);
        for _ in 0..9 {
            kept.keep(1, name(0), leaf(), 10);
        }
        kept.keep(1, name(1), leaf(), 10);
        kept.keep(1, name(2), leaf(), 10);
        assert!([0, 1, 2].iter().all(|n| kept.find(1, name(*n)).is_some()));
    }

    #[test]
    fn a_key_that_is_gone_takes_what_it_opened_with_it_and_nothing_else() {
        let kept = kept_of(9);
        kept.keep(1, name(0), leaf(), 10);
        kept.keep(2, name(0), leaf(), 10);
        kept.forget(1);
        assert!(kept.find(1, name(0)).is_none());
        assert!(kept.find(2, name(0)).is_some());
    }
}
