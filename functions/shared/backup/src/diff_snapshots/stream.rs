//! Differences of a run, read one record ahead, from the later snapshot's log where that tells them; and links gathered for the object that they lead from.

use super::matching::NewIds;
use crate::archive::{Difference, Differences, TenantArchive, read_object};
use crate::log::{Own, OwnEntries};
use domain::stored::RunRef;
use domain::{Error, ErrorKind, Result};
use serde_json::Value;
use std::collections::BTreeMap;

/// One record that differs, with what each side has.
pub(super) struct Record {
    pub key: String,
    pub before: Option<Vec<u8>>,
    pub after: Option<Vec<u8>>,
}

/// Two runs of one name, and where a log says what differs between them.
pub(super) struct Runs<'a> {
    pub before: &'a RunRef,
    pub after: &'a RunRef,
    /// None where no log says it.
    pub own: Option<Own>,
}

/// Where differences come from.
enum Source {
    /// Nothing can differ.
    Nowhere,
    /// The runs: all that differs, each record whole.
    Runs(Differences),
    /// The log: what is told of what differs. Beside it the runs, which say the same where the log is damaged.
    Log { entries: Box<OwnEntries>, before: RunRef, after: RunRef },
}

/// Records that differ, in the order of their keys. Two are held: the next one, and the one that was taken.
pub(super) struct Stream {
    archive: TenantArchive,
    source: Source,
    /// What comes before this was read.
    start: String,
    head: Option<Record>,
}

impl Stream {
    /// The differences whose keys come at or after `start`; none where a side does not hold the run.
    pub(super) async fn open(
        archive: &TenantArchive,
        runs: Option<Runs<'_>>,
        start: Option<String>,
    ) -> Result<Self> {
        let start = start.unwrap_or_default();
        let source = match runs {
            None => Source::Nowhere,
            Some(Runs { before, after, own: Some(own) }) => match own.read(archive, start.as_bytes()).await {
                Ok(entries) => {
                    Source::Log { entries: Box::new(entries), before: before.clone(), after: after.clone() }
                }
                Err(error) => by_runs(archive, (before, after), &start, error).await?,
            },
            Some(Runs { before, after, own: None }) => Source::Runs(
                Differences::from_key(archive, Some(before), Some(after), start.as_bytes()).await?,
            ),
        };
        let mut stream = Self { archive: archive.clone(), source, start, head: None };
        stream.take().await?;
        Ok(stream)
    }

    /// The next record that differs.
    async fn next(&mut self) -> Result<Option<Difference>> {
        let error = match &mut self.source {
            Source::Nowhere => return Ok(None),
            Source::Runs(differences) => return differences.next().await,
            Source::Log { entries, .. } => match entries.next().await {
                Ok(found) => return Ok(found),
                Err(error) => error,
            },
        };
        let Source::Log { before, after, .. } = &self.source else { return Err(error) };
        self.source = by_runs(&self.archive, (before, after), &self.start, error).await?;
        match &mut self.source {
            Source::Runs(differences) => differences.next().await,
            _ => Ok(None),
        }
    }

    /// The key of the next record.
    pub(super) fn key(&self) -> Option<&str> {
        self.head.as_ref().map(|record| record.key.as_str())
    }

    /// The id of the object that the next link leads from.
    pub(super) fn from(&self) -> Result<Option<&str>> {
        let split = |key: &'_ str| key.find('/').ok_or_else(|| Error::corrupt("a link has no end"));
        self.key().map(|key| Ok(&key[..split(key)?])).transpose()
    }

    /// Takes the next record; none at the end.
    pub(super) async fn take(&mut self) -> Result<Option<Record>> {
        let next = match self.next().await? {
            None => None,
            Some(Difference { key, before, after }) => {
                let key = String::from_utf8(key).map_err(|_| Error::corrupt("a key is not text"))?;
                self.start = format!("{key}\0");
                Some(Record { key, before, after })
            }
        };
        Ok(std::mem::replace(&mut self.head, next))
    }

    /// Takes the next record, if it has that key.
    pub(super) async fn take_at(&mut self, key: &str) -> Result<Option<Record>> {
        if self.key() == Some(key) { self.take().await } else { Ok(None) }
    }

    /// Takes every next link that leads from that object.
    pub(super) async fn take_links(&mut self, ids: &NewIds, from: &str) -> Result<Links> {
        let mut links = Links::default();
        while self.from()? == Some(from) {
            if let Some(record) = self.take().await? {
                links.lay(ids, from, &record)?;
            }
        }
        Ok(links)
    }
}

/// The runs in place of a log that is damaged: it says nothing that they do not say.
async fn by_runs(
    archive: &TenantArchive,
    (before, after): (&RunRef, &RunRef),
    start: &str,
    error: Error,
) -> Result<Source> {
    if error.kind() != ErrorKind::Corrupt {
        return Err(error);
    }
    tracing::error!(tenant = %archive.tenant(), %error, "the log of a snapshot cannot be read; its runs are compared");
    Differences::from_key(archive, Some(before), Some(after), start.as_bytes()).await.map(Source::Runs)
}

/// The links of one type from one object that differ: by the far end, what each side has.
#[derive(Default)]
pub(super) struct Links {
    pub sides: BTreeMap<String, (Option<Value>, Option<Value>)>,
    /// The id that the object had before, where it had links then.
    pub old_from: Option<String>,
}

impl Links {
    /// Adds a record, on those sides on which it is of the object that has the id `from` now.
    pub(super) fn lay(&mut self, ids: &NewIds, from: &str, record: &Record) -> Result<()> {
        let ends = record.key.split_once('/');
        let (its_from, to) = ends.ok_or_else(|| Error::corrupt("a link has no end"))?;
        if let Some(value) = record.before.as_ref().filter(|_| ids.newest(its_from) == from) {
            self.old_from = Some(its_from.to_owned());
            let value = ids.value(Value::Object(read_object(value)?));
            self.sides.entry(ids.within(to)).or_default().0 = Some(value);
        }
        if let Some(value) = record.after.as_ref().filter(|_| its_from == from) {
            let value = Value::Object(read_object(value)?);
            self.sides.entry(to.to_owned()).or_default().1 = Some(value);
        }
        Ok(())
    }
}
