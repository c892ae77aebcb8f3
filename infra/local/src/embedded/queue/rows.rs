//! The queue's tables and the statements over them. Times are milliseconds since 1970.

use super::messages::{DeadLetter, Handle, Received};
use domain::{Error, Timestamp};
use engine::ports::{JobQueue, Outgoing};
use engine::trace::Trace;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, Transaction, params};

/// The tables. `receipt` is set while a message is in flight or waits for its next turn; until `visible_at` it holds
/// its group back.
const TABLES: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS message (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL, grp TEXT NOT NULL, id TEXT NOT NULL, dedup TEXT NOT NULL, body TEXT NOT NULL,
        sent_at INTEGER NOT NULL, visible_at INTEGER NOT NULL, first_received_at INTEGER,
        receive_count INTEGER NOT NULL DEFAULT 0, receipt TEXT, reason TEXT, trace TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS message_by_group ON message (queue, grp, seq);
    CREATE TABLE IF NOT EXISTS sent (
        queue TEXT NOT NULL, dedup TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (queue, dedup)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS dead (
        seq INTEGER PRIMARY KEY, queue TEXT NOT NULL, grp TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        receive_count INTEGER NOT NULL, reason TEXT, died_at INTEGER NOT NULL
    ) STRICT;
";

/// The product's error for a failure of the queue's file.
pub fn store_error(cause: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let error = match cause.sqlite_error_code() {
        Some(Code::DiskFull) => Error::unavailable("the local queue cannot be written: disk full"),
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => {
            Error::corrupt("the local queue's file is damaged")
        }
        _ => Error::unavailable("the local queue cannot answer"),
    };
    error.caused_by(cause)
}

pub fn prepare(connection: &Connection) -> Result<()> {
    connection.execute_batch(TABLES)?;
    // Why: a file of an earlier release has no traces.
    if !connection.prepare("SELECT * FROM message LIMIT 0")?.column_names().contains(&"trace") {
        connection.execute_batch("ALTER TABLE message ADD COLUMN trace TEXT")?;
    }
    Ok(())
}

/// Inserts a message, unless its deduplication id is still remembered.
pub fn insert(
    rows: &Transaction<'_>,
    id: &str,
    (sent, trace): (&Outgoing, Option<&Trace>),
    now: i64,
    until: i64,
) -> Result<()> {
    let queue = sent.queue.name();
    rows.execute("DELETE FROM sent WHERE until <= ?1", [now])?;
    let known = rows.execute(
        "INSERT OR IGNORE INTO sent (queue, dedup, until) VALUES (?1, ?2, ?3)",
        params![queue, sent.deduplication_id, until],
    )? == 0;
    if !known {
        rows.execute(
            "INSERT INTO message (queue, grp, id, dedup, body, sent_at, visible_at, trace)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)",
            params![queue, sent.group, id, sent.deduplication_id, sent.body, now, trace.map(Trace::header)],
        )?;
    }
    Ok(())
}

/// Makes dead letters of the messages that were handed out `max_receives` times and have come back.
pub fn bury_spent(rows: &Transaction<'_>, queue: JobQueue, max_receives: u32, now: i64) -> Result<()> {
    let mut spent = rows.prepare_cached(
        "SELECT seq FROM message WHERE queue = ?1 AND receive_count >= ?2 AND visible_at <= ?3",
    )?;
    let spent = spent.query_map(params![queue.name(), max_receives, now], |r| r.get::<_, i64>(0))?;
    for seq in spent.collect::<Result<Vec<_>>>()? {
        bury(rows, seq, None, now)?;
    }
    Ok(())
}

/// Makes one message a dead letter.
pub fn bury(rows: &Transaction<'_>, seq: i64, reason: Option<&str>, now: i64) -> Result<()> {
    rows.execute(
        "INSERT INTO dead (seq, queue, grp, id, body, receive_count, reason, died_at)
         SELECT seq, queue, grp, id, body, receive_count, coalesce(?2, reason), ?3
         FROM message WHERE seq = ?1",
        params![seq, reason, now],
    )?;
    rows.execute("DELETE FROM message WHERE seq = ?1", [seq])?;
    Ok(())
}

/// The messages to hand out now: in order, of groups that nothing holds back.
pub fn ready(rows: &Transaction<'_>, queue: JobQueue, most: usize, now: i64) -> Result<Vec<i64>> {
    let mut ready = rows.prepare_cached(
        "SELECT seq FROM message WHERE queue = ?1 AND grp NOT IN
             (SELECT grp FROM message WHERE queue = ?1 AND visible_at > ?2)
         ORDER BY seq LIMIT ?3",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    ready.query_map(params![queue.name(), now, most], |r| r.get(0))?.collect()
}

/// Hands one message out: invisible until `until`, under that receipt.
pub fn hand_out(rows: &Transaction<'_>, seq: i64, receipt: &str, now: i64, until: i64) -> Result<Received> {
    rows.prepare_cached(
        "UPDATE message SET receipt = ?2, visible_at = ?4, receive_count = receive_count + 1,
             first_received_at = coalesce(first_received_at, ?3)
         WHERE seq = ?1
         RETURNING seq, receipt, id, queue, grp, dedup, body, receive_count, sent_at, first_received_at, trace",
    )?
    .query_row(params![seq, receipt, now, until], received)
}

fn received(row: &Row<'_>) -> Result<Received> {
    let seq: i64 = row.get(0)?;
    Ok(Received {
        handle: Handle { seq, receipt: row.get(1)? },
        id: row.get(2)?,
        sent: Outgoing {
            queue: queue_of(row, 3)?,
            group: row.get(4)?,
            deduplication_id: row.get(5)?,
            body: row.get(6)?,
        },
        sequence: format!("{seq:020}"),
        receive_count: row.get(7)?,
        sent_at: time_of(row, 8)?,
        first_received_at: time_of(row, 9)?,
        trace: row.get(10)?,
    })
}

/// Whether the message was not handed out again since, and is still in flight.
pub fn is_held(rows: &Transaction<'_>, handle: &Handle) -> Result<bool> {
    let receipt: Option<Option<String>> = rows
        .query_row("SELECT receipt FROM message WHERE seq = ?1", [handle.seq], |r| r.get(0))
        .optional()?;
    Ok(receipt.flatten().as_deref() == Some(&handle.receipt))
}

pub fn delete(rows: &Transaction<'_>, seq: i64) -> Result<()> {
    rows.execute("DELETE FROM message WHERE seq = ?1", [seq]).map(drop)
}

pub fn set_visible_at(rows: &Transaction<'_>, seq: i64, at: i64, reason: Option<&str>) -> Result<()> {
    rows.execute(
        "UPDATE message SET visible_at = ?2, reason = coalesce(?3, reason) WHERE seq = ?1",
        params![seq, at, reason],
    )
    .map(drop)
}

pub fn count(rows: &Transaction<'_>, queue: JobQueue) -> Result<u64> {
    rows.query_row("SELECT count(*) FROM message WHERE queue = ?1", [queue.name()], |r| r.get(0))
}

/// When the next message that is held back becomes visible.
pub fn next_visible_at(rows: &Transaction<'_>, queue: JobQueue, now: i64) -> Result<Option<i64>> {
    rows.query_row(
        "SELECT min(visible_at) FROM message WHERE queue = ?1 AND visible_at > ?2",
        params![queue.name(), now],
        |r| r.get(0),
    )
}

/// Makes every message in flight visible: the process that held them has ended.
pub fn release_all(rows: &Transaction<'_>, now: i64) -> Result<()> {
    rows.execute("UPDATE message SET visible_at = ?1, receipt = NULL WHERE visible_at > ?1", [now]).map(drop)
}

pub fn dead_letters(rows: &Transaction<'_>) -> Result<Vec<DeadLetter>> {
    let mut dead = rows.prepare(
        "SELECT queue, id, grp, body, receive_count, reason, died_at FROM dead ORDER BY died_at, seq",
    )?;
    let letter = |row: &Row<'_>| {
        Ok(DeadLetter {
            queue: queue_of(row, 0)?,
            id: row.get(1)?,
            group: row.get(2)?,
            body: row.get(3)?,
            receive_count: row.get(4)?,
            reason: row.get(5)?,
            died_at: Some(time_of(row, 6)?),
        })
    };
    dead.query_map([], letter)?.collect()
}

fn queue_of(row: &Row<'_>, column: usize) -> Result<JobQueue> {
    let name: String = row.get(column)?;
    JobQueue::ALL.into_iter().find(|q| q.name() == name).ok_or_else(|| not_ours(column))
}

fn time_of(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Timestamp::from_millisecond(row.get(column)?).map_err(|_| not_ours(column))
}

fn not_ours(column: usize) -> rusqlite::Error {
    let cause = "a value that this program did not write";
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, cause.into())
}
