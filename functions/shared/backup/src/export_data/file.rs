//! Lines into parts: cut as soon as one is large enough, so that memory holds one part and a record whatever the file comes to.

use super::sources::Sources;
use super::{Worker, json_lines, table};
use bytes::Bytes;
use domain::{Error, Result, Timestamp};
use engine::ports::MIN_PART_BYTES;
use engine::records::{Download, DownloadFormat, DownloadPlace, Found};

/// How long a part is at the least, but for the last. Why larger than it must be: of a file there are at most 10,000 parts, and
/// the row names each.
pub const PART_BYTES: usize = 16 << 20;
const _: () = assert!(PART_BYTES >= MIN_PART_BYTES);
/// The row is written after so many parts: a process that dies puts no more than these again.
const PARTS_A_ROW: usize = 4;
/// More parts than a row can name are not begun.
const MOST_PARTS: usize = 5_000;

/// How one invocation's writing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The file is there.
    Complete,
    /// The time is over; the row says where to go on.
    Suspended,
    /// There is no such upload any more.
    UploadGone,
}

/// Writes a file from where its row says.
pub(super) struct FileWriter<'a> {
    pub worker: &'a Worker,
    pub sources: &'a Sources,
    pub deadline: Timestamp,
}

/// Lines that are in no part yet, and what the row will say once they are.
struct Pending {
    bytes: Vec<u8>,
    records: u64,
    place: DownloadPlace,
}

impl FileWriter<'_> {
    /// Goes on where the row says, and completes the file when all is written.
    pub async fn go_on(&self, row: &mut Found<Download>) -> Result<Ended> {
        let Some(upload) = self.begun(row).await? else { return Ok(Ended::UploadGone) };
        let format = row.value.format;
        let mut pending = Pending { bytes: Vec::new(), records: 0, place: row.value.place.clone() };
        if row.value.parts.is_empty() {
            pending.bytes = self.head(&row.value)?;
        }
        let columns = row.value.columns.clone();
        let mut reader = self.sources.from(&row.value.place).await?;
        while let Some(record) = reader.next().await? {
            match format {
                DownloadFormat::JsonLines => json_lines::write(&record.what, &mut pending.bytes)?,
                DownloadFormat::Csv => table::write(&record.what, &columns, &mut pending.bytes)?,
            }
            pending.records += 1;
            pending.place = record.place;
            if pending.bytes.len() < self.worker.part_bytes {
                continue;
            }
            if !self.put(row, &upload, &mut pending).await? {
                return Ok(Ended::UploadGone);
            }
            // Why only here: what is in no part is written again, and a place in the middle of a part would be another cut.
            if self.worker.clock.now() >= self.deadline {
                return Ok(Ended::Suspended);
            }
            if row.value.parts.len().is_multiple_of(PARTS_A_ROW) {
                self.worker.save(row).await?;
            }
        }
        // The last part, which may be short, and is there also where nothing was to be written.
        if (!pending.bytes.is_empty() || row.value.parts.is_empty())
            && !self.put(row, &upload, &mut pending).await?
        {
            return Ok(Ended::UploadGone);
        }
        let completed = self.worker.exports.complete(&row.value.file(), &upload, &row.value.parts).await?;
        Ok(if completed { Ended::Complete } else { Ended::UploadGone })
    }

    /// The upload of the row; where it has none one is begun, and the row names it before anything is put.
    async fn begun(&self, row: &mut Found<Download>) -> Result<Option<String>> {
        if row.value.upload.is_none() {
            row.value.expected = self.sources.expected();
            if row.value.format == DownloadFormat::Csv {
                row.value.columns = self.sources.columns().await?;
            }
            row.value.upload = Some(self.worker.exports.begin(&row.value.file()).await?);
            self.worker.save(row).await?;
        }
        Ok(row.value.upload.clone())
    }

    /// What stands before the records: what the file is of, and what of it is not held.
    fn head(&self, row: &Download) -> Result<Vec<u8>> {
        let head = self.sources.head();
        match row.format {
            DownloadFormat::JsonLines => json_lines::head(&head),
            DownloadFormat::Csv => table::head(&head, &row.columns),
        }
    }

    /// Puts what is pending as the next part; false when there is no such upload any more.
    async fn put(&self, row: &mut Found<Download>, upload: &str, pending: &mut Pending) -> Result<bool> {
        if row.value.parts.len() >= MOST_PARTS {
            return Err(Error::invalid("the file would be too long: choose single kinds"));
        }
        let part = Bytes::from(std::mem::take(&mut pending.bytes));
        let (size, number) = (part.len() as u64, row.value.parts.len() + 1);
        let number = u32::try_from(number).map_err(|_| Error::invalid("a file has no such part"))?;
        let tag = self.worker.exports.put_part(&row.value.file(), upload, number, part).await?;
        let Some(tag) = tag else { return Ok(false) };
        let row = &mut row.value;
        row.parts.push(tag);
        row.bytes += size;
        row.records += std::mem::take(&mut pending.records);
        row.place = pending.place.clone();
        row.in_vain = 0;
        Ok(true)
    }
}
