//! What the catalog holds. One table of rows; one typed door to it.
//!
//! | scope   | key            | record                  | watched list      |
//! | ------- | -------------- | ----------------------- | ----------------- |
//! | system  | `org#{id}`     | where an organisation is |                  |
//! | system  | `state#{hash}` | [`ConsentState`]        |                   |
//! | system  | `token#{hash}` | an API token            |                   |
//! | partner | `partner`      | a partner               |                   |
//! | partner | `plan#{id}`    | a plan                  |                   |
//! | partner | `org#{id}`     | an organisation         |                   |
//! | partner | `person#{id}`  | a person and what they want to hear | `digests-due` |
//! | tenant  | `tenant`       | [`Tenant`]              | `snapshots-due`   |
//! | tenant  | `key`          | the wrapped data key    |                   |
//! | tenant  | `snapshot#{id}`| [`Snapshot`]            | `open-work`       |
//! | tenant  | `diff#{id}`    | [`Diff`]                | `open-work`       |
//! | tenant  | `restore#{id}` | a restore               | `open-work`       |
//! | tenant  | `step#{restore}#{n}` | a step's outcome  |                   |
//! | tenant  | `newid#{old}`  | the id under which an object was created again | |
//! | tenant  | `notice#{id}`  | something to tell people | `notices-due`    |

mod diff;
mod snapshot;
mod store;
mod tenant;

pub use diff::{Diff, DiffCounts, Side};
pub use snapshot::{JobState, NotCovered, Reason, RunCount, Snapshot, SnapshotMode, stale_at};
pub use store::{Found, Record, Records, delete, put_new, replace};
pub use tenant::{ConsentState, CredentialStatus, NewId, StoredKey, Tenant};

/// Watched lists.
pub mod watched {
    /// Tenants whose next snapshot is due.
    pub const SNAPSHOTS_DUE: &str = "snapshots-due";
    /// Work that has been open for too long and is put into its queue again.
    pub const OPEN_WORK: &str = "open-work";
    /// People whose next digest is due.
    pub const DIGESTS_DUE: &str = "digests-due";
    /// Immediate mails that may not have left.
    pub const NOTICES_DUE: &str = "notices-due";
}
