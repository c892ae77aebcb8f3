//! The messages between jobs: one function for each type, so that whoever starts work, continues it or sweeps it up
//! sends the same bytes.
//!
//! A message names a row and holds nothing else: what is to be done stands in the row. `attempt` is the row's count
//! of take-ups; a queue drops a second message of the same row and attempt within five minutes, so a continuation
//! must count one more.

use crate::ports::{JobQueue, Outgoing};
use domain::{DiffId, DownloadId, Error, OrganisationId, RestoreId, Result, SnapshotId, TenantId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// The message to take that snapshot, or to go on with it.
pub fn take_snapshot(tenant: &TenantId, snapshot: &SnapshotId, attempt: u32) -> Outgoing {
    message(JobQueue::TakeSnapshot, TAKE_SNAPSHOT, tenant, ("snapshot", snapshot.as_str()), attempt)
}

/// The message to try that pending connection once more. `since` distinguishes one wait of the organisation from the
/// next.
pub fn connect_tenant(
    tenant: &TenantId,
    organisation: &OrganisationId,
    since: Timestamp,
    attempt: u32,
) -> Outgoing {
    let row = ("organisation", organisation.as_str());
    let once = message(JobQueue::TakeSnapshot, CONNECT_TENANT, tenant, row, attempt);
    let deduplication_id = format!("{}.{}", once.deduplication_id, since.as_second());
    Outgoing { deduplication_id, ..once }
}

/// The message to run that comparison, or to go on with it.
pub fn diff_snapshots(tenant: &TenantId, diff: &DiffId, attempt: u32) -> Outgoing {
    message(JobQueue::DiffSnapshots, DIFF_SNAPSHOTS, tenant, ("diff", diff.as_str()), attempt)
}

/// What the messages of a restore say, `preview-restore.v1` and `run-restore.v1` alike.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RestoreMessage {
    /// The tenant to restore.
    pub tenant: TenantId,
    /// The restore; its row says the rest.
    pub restore: RestoreId,
}

/// The message to preview that restore: to work out what it would do.
pub fn preview_restore(tenant: &TenantId, restore: &RestoreId, attempt: u32) -> Outgoing {
    message(JobQueue::PreviewRestore, PREVIEW_RESTORE, tenant, ("restore", restore.as_str()), attempt)
}

/// The message to execute that restore, or to go on with it.
pub fn run_restore(tenant: &TenantId, restore: &RestoreId, attempt: u32) -> Outgoing {
    message(JobQueue::RunRestore, RUN_RESTORE, tenant, ("restore", restore.as_str()), attempt)
}

/// The message to sign the receipt of a restore that ended without its job: the job finds that it is over, and does that.
/// Asked for again within five minutes it is the same message.
pub fn sign_receipt(tenant: &TenantId, restore: &RestoreId, attempt: u32) -> Outgoing {
    let run = run_restore(tenant, restore, attempt);
    Outgoing { deduplication_id: format!("receipt.{}", run.deduplication_id), ..run }
}

/// The message to look, once a restore is previewed, whether the writing application may write what it would: the job that
/// holds that credential finds that nothing is to be executed, and does that.
pub fn read_permissions(tenant: &TenantId, restore: &RestoreId, attempt: u32) -> Outgoing {
    let run = run_restore(tenant, restore, attempt);
    Outgoing { deduplication_id: format!("permissions.{}", run.deduplication_id), ..run }
}

/// The message to make the file of that download, or to go on with it.
pub fn export_data(tenant: &TenantId, download: &DownloadId, attempt: u32) -> Outgoing {
    message(JobQueue::ExportData, EXPORT_DATA, tenant, ("download", download.as_str()), attempt)
}

/// The message to mail that notice to whoever wants to hear of it at once.
pub fn send_notice(tenant: &TenantId, notice: &str, attempt: u32) -> Outgoing {
    message(JobQueue::SendDigests, SEND_NOTICE, tenant, ("notice", notice), attempt)
}

/// The type of [`take_snapshot`].
pub const TAKE_SNAPSHOT: &str = "take-snapshot.v1";
/// The type of [`connect_tenant`].
pub const CONNECT_TENANT: &str = "connect-tenant.v1";
/// The type of [`diff_snapshots`].
pub const DIFF_SNAPSHOTS: &str = "diff-snapshots.v1";
/// The type of [`preview_restore`].
pub const PREVIEW_RESTORE: &str = "preview-restore.v1";
/// The type of [`run_restore`].
pub const RUN_RESTORE: &str = "run-restore.v1";
/// The type of [`export_data`].
pub const EXPORT_DATA: &str = "export-data.v1";
/// The type of [`send_notice`].
pub const SEND_NOTICE: &str = "send-notice.v1";

fn message(queue: JobQueue, kind: &str, tenant: &TenantId, row: (&str, &str), attempt: u32) -> Outgoing {
    let (name, id) = row;
    let step = kind.trim_end_matches(".v1");
    Outgoing {
        queue,
        group: tenant.to_string(),
        deduplication_id: format!("{step}.{id}.{attempt}"),
        body: json!({ "type": kind, "tenant": tenant, name: id }).to_string(),
    }
}

/// The `type` of a message.
///
/// # Errors
/// `Invalid` when the body is not a JSON object with a `type`.
pub fn type_of(body: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }
    serde_json::from_str::<Typed>(body).map(|t| t.r#type).map_err(|e| unreadable(&e))
}

/// Reads a message whose `type` must be `kind`. Fields that the reader does not know are ignored, since fields are
/// only ever added; a changed meaning is another type.
///
/// # Errors
/// `Invalid` when it is of another type, or does not have the form of that type.
pub fn read<T: for<'de> Deserialize<'de>>(body: &str, kind: &str) -> Result<T> {
    let found = type_of(body)?;
    if found != kind {
        return Err(Error::invalid(format!("a message of type {kind} was expected")));
    }
    serde_json::from_str::<Value>(body).and_then(|v| serde_json::from_value(v)).map_err(|e| unreadable(&e))
}

// Why serde's own message is not passed on: it may quote the body.
fn unreadable(e: &serde_json::Error) -> Error {
    Error::invalid(format!("a message cannot be read (line {}, column {})", e.line(), e.column()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
    }

    #[test]
    fn a_message_names_its_row_and_is_one_per_row_and_attempt() {
        let id = SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let first = take_snapshot(&tenant(), &id, 1);
        assert_eq!(
            serde_json::from_str::<Value>(&first.body).unwrap(),
            json!({ "type": "take-snapshot.v1", "tenant": tenant(), "snapshot": id })
        );
        assert_eq!(first.group, tenant().as_str());
        assert_eq!(first, take_snapshot(&tenant(), &id, 1));
        assert_ne!(first.deduplication_id, take_snapshot(&tenant(), &id, 2).deduplication_id);
    }

    #[test]
    fn a_preview_and_the_run_of_the_same_restore_do_not_deduplicate_each_other() {
        let id = RestoreId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let (preview, run) = (preview_restore(&tenant(), &id, 1), run_restore(&tenant(), &id, 1));
        assert_ne!(preview.deduplication_id, run.deduplication_id);
        assert_eq!((preview.queue, run.queue), (JobQueue::PreviewRestore, JobQueue::RunRestore));
    }

    #[test]
    fn a_message_that_cannot_be_read_is_invalid_and_its_content_is_not_repeated() {
        #[derive(Debug, Deserialize)]
        struct Any {}
        for body in ["", "hello", "{}", "[1]", r#"{"type":7}"#, r#"{"type":"else.v1","secret":"x"}"#] {
            let error = read::<Any>(body, SEND_NOTICE).unwrap_err();
            assert_eq!(error.kind(), domain::ErrorKind::Invalid);
            assert!(!error.to_string().contains("secret") && !error.to_string().contains("hello"));
        }
    }
}
