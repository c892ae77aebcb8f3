//! The port of the place where files of downloads are: made part by part, kept for a day, fetched by a link. Who makes files
//! makes no link, and who makes links writes no file.

use async_trait::async_trait;
use bytes::Bytes;
use domain::{DownloadId, Result, TenantId};

/// What every part but the last has at the least. Source: Amazon S3 user guide, "Amazon S3 multipart upload limits".
pub const MIN_PART_BYTES: usize = 5 << 20;

/// Which file is meant: of that tenant, for that download.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExportFile {
    /// The tenant whose data it holds.
    pub tenant: TenantId,
    /// The download that it is made for.
    pub download: DownloadId,
}

impl ExportFile {
    /// The name of the file at its place, the tenant first: FORMAT.md section 1.
    pub fn name(&self) -> String {
        format!("x/{}/{}", self.tenant, self.download)
    }
}

/// Makes files, part by part. A file is there, whole, once it is completed, and not before.
#[async_trait]
pub trait Exports: Send + Sync {
    /// Begins to make a file, and gives the name of the upload by which its parts are put. What was begun before stays as it
    /// is until it is completed or ends.
    async fn begin(&self, file: &ExportFile) -> Result<String>;

    /// Puts a part, which counts from 1, and gives the tag by which it is named when the file is completed. A part that is
    /// put again takes the place of the one before. None when there is no such upload any more.
    async fn put_part(
        &self,
        file: &ExportFile,
        upload: &str,
        number: u32,
        part: Bytes,
    ) -> Result<Option<String>>;

    /// Makes the file of its parts, in their order. It takes the place of one that was there. False when there is no such
    /// upload any more: it was completed, or has ended.
    async fn complete(&self, file: &ExportFile, upload: &str, tags: &[String]) -> Result<bool>;
}

/// Makes links to files. Why apart from [`Exports`]: who answers requests holds this alone.
#[async_trait]
pub trait ExportLinks: Send + Sync {
    /// A link by which whoever has it fetches the file for so many seconds, under that name and type of content. Whether there
    /// is such a file is not looked for.
    async fn link(&self, file: &ExportFile, save_as: &str, content_type: &str, for_s: u32) -> Result<String>;
}
