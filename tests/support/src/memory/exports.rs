//! The place of exports, as maps: uploads with their parts, and files.

use crate::lock;
use async_trait::async_trait;
use bytes::Bytes;
use domain::{Error, Result};
use engine::ports::{ExportFile, ExportLinks, Exports, MIN_PART_BYTES};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Mutex;

/// Uploads and files in memory.
#[derive(Default)]
pub struct MemoryExports(pub(super) Mutex<Held>);

#[derive(Clone, Default)]
pub(super) struct Held {
    begun: u64,
    uploads: BTreeMap<(ExportFile, String), BTreeMap<u32, (String, Bytes)>>,
    files: BTreeMap<ExportFile, Bytes>,
    largest_part: usize,
    takes_small_parts: bool,
}

impl MemoryExports {
    /// The bytes of a file; none where there is none.
    pub fn file(&self, file: &ExportFile) -> Option<Bytes> {
        lock(&self.0).files.get(file).cloned()
    }

    /// How many files there are.
    pub fn count(&self) -> usize {
        lock(&self.0).files.len()
    }

    /// The size of the largest part that was ever put.
    pub fn largest_part(&self) -> usize {
        lock(&self.0).largest_part
    }

    /// From here on parts of any size make a file, so that a story has many with little to write.
    pub fn take_small_parts(&self) {
        lock(&self.0).takes_small_parts = true;
    }

    /// Ends every upload, as their time does.
    pub fn end_uploads(&self) {
        lock(&self.0).uploads.clear();
    }
}

#[async_trait]
impl Exports for MemoryExports {
    async fn begin(&self, file: &ExportFile) -> Result<String> {
        let mut held = lock(&self.0);
        held.begun += 1;
        let upload = format!("upload-{}", held.begun);
        held.uploads.insert((file.clone(), upload.clone()), BTreeMap::new());
        Ok(upload)
    }

    async fn put_part(
        &self,
        file: &ExportFile,
        upload: &str,
        number: u32,
        part: Bytes,
    ) -> Result<Option<String>> {
        let mut held = lock(&self.0);
        held.largest_part = held.largest_part.max(part.len());
        let Some(parts) = held.uploads.get_mut(&(file.clone(), upload.to_owned())) else { return Ok(None) };
        let mut hasher = DefaultHasher::new();
        part.hash(&mut hasher);
        let tag = format!("{:016x}", hasher.finish());
        parts.insert(number, (tag.clone(), part));
        Ok(Some(tag))
    }

    async fn complete(&self, file: &ExportFile, upload: &str, tags: &[String]) -> Result<bool> {
        let mut held = lock(&self.0);
        let place = (file.clone(), upload.to_owned());
        let Some(parts) = held.uploads.get(&place) else { return Ok(false) };
        let mut whole = Vec::new();
        for (number, tag) in (1..).zip(tags) {
            let part = parts.get(&number).filter(|(of, _)| of == tag);
            let (_, bytes) = part.ok_or_else(|| Error::invalid("a part is not the one that was put"))?;
            let is_last = usize::try_from(number).is_ok_and(|number| number == tags.len());
            if !is_last && bytes.len() < MIN_PART_BYTES && !held.takes_small_parts {
                return Err(Error::invalid("a part but the last is too small"));
            }
            whole.extend_from_slice(bytes);
        }
        if tags.is_empty() {
            return Err(Error::invalid("a file has a part at the least"));
        }
        held.uploads.remove(&place);
        held.files.insert(file.clone(), whole.into());
        Ok(true)
    }
}

#[async_trait]
impl ExportLinks for MemoryExports {
    async fn link(&self, file: &ExportFile, save_as: &str, _: &str, for_s: u32) -> Result<String> {
        Ok(format!("https://exports.example/{}?name={save_as}&seconds={for_s}", file.name()))
    }
}
