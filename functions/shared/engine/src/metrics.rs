//! What is counted while the product runs: one table, from which the alarms and the dashboard read.
//!
//! Jobs count through the `metrics` facade. A deployed function writes its counts into its log once per invocation,
//! and CloudWatch takes them from there; elsewhere nobody listens and counting costs nothing. No metric has a
//! tenant's name: the log has.

use metrics::Unit;

/// A metric: something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in CloudWatch.
    pub name: &'static str,
    /// The function that counts it, or [`EVERY_JOB`].
    pub by: &'static str,
    /// How its values are to be read together.
    pub unit: Unit,
    /// What it shows, for a person.
    pub help: &'static str,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Values that are added up.
    Sum,
    /// A value that replaces the one before: how things stand now.
    Level,
    /// Single values, of which the distribution counts.
    Sample,
}

impl Metric {
    /// Adds to a sum: `more` has happened.
    pub fn add(&self, more: u64) {
        debug_assert_eq!(self.how, How::Sum, "{}", self.name);
        metrics::counter!(self.name).increment(more);
    }

    /// Sets a level to what it is now.
    pub fn set(&self, now: u64) {
        debug_assert_eq!(self.how, How::Level, "{}", self.name);
        metrics::gauge!(self.name).set(as_f64(now));
    }

    /// Records one more value of a sample.
    pub fn record(&self, value: u64) {
        debug_assert_eq!(self.how, How::Sample, "{}", self.name);
        metrics::histogram!(self.name).record(as_f64(value));
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and seconds are far below 2^53")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Describes the metrics and their units to whoever listens.
pub fn describe() {
    for &Metric { name, unit, help, how, .. } in ALL {
        match how {
            How::Sum => metrics::describe_counter!(name, unit, help),
            How::Level => metrics::describe_gauge!(name, unit, help),
            How::Sample => metrics::describe_histogram!(name, unit, help),
        }
    }
}

macro_rules! metrics_table {
    ($($by:literal { $($how:ident $name:ident = $text:literal in $unit:ident: $help:literal;)* })*) => {
        $($(
            #[doc = $help]
            pub const $name: Metric =
                Metric { name: $text, by: $by, unit: Unit::$unit, help: $help, how: How::$how };
        )*)*
        /// All metrics, for the alarms and the dashboard.
        pub const ALL: &[Metric] = &[$($($name),*),*];
    };
}

/// The value of [`Metric::by`] for what every function counts that a queue calls.
pub const EVERY_JOB: &str = "every job";

metrics_table! {
    "schedule-snapshots" {
        Sum SNAPSHOTS_STARTED = "SnapshotsStarted" in Count: "Snapshots that fell due and were started.";
        Level SNAPSHOTS_LATE = "SnapshotsLate" in Count: "Tenants whose snapshot was not begun, or not worked on, two hours after its time.";
        Sum WORK_GIVEN_UP = "WorkGivenUp" in Count: "Work that was given up after many attempts.";
    }
    "take-snapshot" {
        Sum SNAPSHOTS_SEALED = "SnapshotsSealed" in Count: "Snapshots that fell due and were sealed.";
        Sum SNAPSHOTS_REFUSED = "SnapshotsRefused" in Count: "Snapshots that fell due and that the tenant does not permit.";
        Sum SNAPSHOTS_PARTIAL = "SnapshotsPartial" in Count: "Sealed snapshots without a kind that should be in them.";
        Sample SNAPSHOT_SECONDS = "SnapshotSeconds" in Seconds: "From asking for a snapshot to its seal.";
        Sum GRAPH_REQUESTS = "GraphRequests" in Count: "Requests to Microsoft Graph for sealed snapshots.";
        Sum GRAPH_THROTTLED = "GraphThrottled" in Count: "Of these, refused because of a limit.";
        Level OWN_CREDENTIAL_DAYS = "OwnCredentialDays" in Count: "Days until our own certificate or secret for reading ends.";
        Sum LOCKS_RENEWED = "LocksRenewed" in Count: "Blobs whose lock was renewed since the newest snapshot names them.";
        Sum LOCKS_NOT_RENEWED = "LocksNotRenewed" in Count: "Blobs whose lock could not be renewed; they are tried again a day later.";
        Sum STORED_BYTES = "StoredBytes" in Bytes: "What sealed snapshots added to the vault.";
    }
    "send-digests" {
        Sum MAILS_LATER = "MailsLater" in Count: "Mails that did not leave since the mail service was unwell; they are tried again.";
        Sum MAILS_RETURNED = "MailsReturned" in Count: "Mails that the mail service took and that did not arrive, or that their readers complained of.";
        Sum MAILS_NOT_TAKEN = "MailsNotTaken" in Count: "Mails that the mail service does not take from us until somebody helps; they stay due.";
    }
    "run-restore" {
        Sum RESTORES_DONE = "RestoresDone" in Count: "Restores that ran to their end.";
        Sum RESTORE_STEPS_FAILED = "RestoreStepsFailed" in Count: "Steps of restores that failed.";
    }
    "plan-api" {
        Sum ACCESS_REFUSED = "AccessRefused" in Count: "Access links that were shown and were not good: used, over, or never made.";
        Sum CONSENTS_REFUSED = "ConsentsRefused" in Count: "Answers to a consent that connected nothing: forged, over, or of somebody who may not consent.";
    }
    "purge-data" {
        Level LOGS_UNSIGNED_DAYS = "LogsUnsignedDays" in Count: "How many days the mark up to which the heads of audit logs are signed is from where it should be.";
    }
    "every job" {
        Sum MESSAGES_PARKED = "MessagesParked" in Count: "Messages that no other try can help.";
        Sum MESSAGES_LATER = "MessagesLater" in Count: "Messages that come back: somebody was unwell.";
        Sum OWN_APPLICATION_REFUSED = "OwnApplicationRefused" in Count: "Work that waits since Microsoft does not accept our own application.";
    }
}
