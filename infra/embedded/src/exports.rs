//! Files of downloads in a folder, and links to them that this process has signed. Parts lie beside each other until the file is
//! completed of them.

use crate::blocking;
use crate::files::{io_error, make_folder, replace_private};
use async_trait::async_trait;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use bytes::Bytes;
use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, ExportFile, ExportLinks, Exports, Ids};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const WHAT: &str = "a file of a download";

/// The place of exports in a folder.
#[derive(Clone)]
pub struct ExportFolder {
    root: PathBuf,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    key: Arc<hmac::Key>,
}

impl ExportFolder {
    /// The place in that folder. Links are good in this process alone.
    ///
    /// # Errors
    /// `Unavailable` when there is no randomness.
    pub fn new(root: impl Into<PathBuf>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let key = key.map_err(|_| Error::unavailable("no randomness"))?;
        Ok(Self { root: root.into(), clock, ids, key: Arc::new(key) })
    }

    /// The bytes that a link leads to, by what is behind its host; none where it is no link of ours, is no longer good, or there
    /// is no such file.
    ///
    /// # Errors
    /// As reading the file fails.
    pub async fn open(&self, path_and_query: &str) -> Result<Option<Opened>> {
        let Some((said, signature)) = path_and_query.rsplit_once("&signature=") else { return Ok(None) };
        let is_ours =
            hex::decode(signature).is_ok_and(|tag| hmac::verify(&self.key, said.as_bytes(), &tag).is_ok());
        let read = if is_ours { read(said) } else { None };
        let Some((name, save_as, until)) = read else { return Ok(None) };
        if self.clock.now() >= until {
            return Ok(None);
        }
        let (path, save_as) = (self.root.join(name), save_as.to_owned());
        let found = blocking(move || match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io_error(WHAT, e)),
        });
        Ok(found.await?.map(|bytes| Opened { bytes: bytes.into(), save_as }))
    }

    fn parts(&self, file: &ExportFile, upload: &str) -> PathBuf {
        self.root.join("parts").join(file.name()).join(upload)
    }
}

/// A file that a link led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// All of its bytes.
    pub bytes: Bytes,
    /// The name under which it is to be saved.
    pub save_as: String,
}

/// What a link says: the name of the file, what it is saved as, and until when the link is good.
fn read(said: &str) -> Option<(&str, &str, Timestamp)> {
    let (name, query) = said.strip_prefix("/files/")?.split_once("?name=")?;
    let (save_as, until) = query.split_once("&until=")?;
    Some((name, save_as, Timestamp::from_second(until.parse().ok()?).ok()?))
}

#[async_trait]
impl Exports for ExportFolder {
    async fn begin(&self, file: &ExportFile) -> Result<String> {
        let upload = self.ids.ulid().to_ascii_lowercase();
        let folder = self.parts(file, &upload);
        blocking(move || make_folder(&folder, 0o700).map_err(|e| io_error(WHAT, e))).await?;
        Ok(upload)
    }

    async fn put_part(
        &self,
        file: &ExportFile,
        upload: &str,
        number: u32,
        part: Bytes,
    ) -> Result<Option<String>> {
        let folder = self.parts(file, upload);
        blocking(move || {
            if !folder.is_dir() {
                return Ok(None);
            }
            replace_private(&folder.join(format!("{number:05}")), &part).map_err(|e| io_error(WHAT, e))?;
            Ok(Some(hex::encode(Sha256::digest(&part))))
        })
        .await
    }

    async fn complete(&self, file: &ExportFile, upload: &str, tags: &[String]) -> Result<bool> {
        let (folder, whole, tags) = (self.parts(file, upload), self.root.join(file.name()), tags.to_vec());
        blocking(move || {
            if !folder.is_dir() {
                return Ok(false);
            }
            join(&folder, &whole, &tags)?;
            fs::remove_dir_all(&folder).map_err(|e| io_error(WHAT, e))?;
            Ok(true)
        })
        .await
    }
}

/// Writes the parts one behind the other into a draft, which then takes the place of the file.
fn join(folder: &Path, whole: &Path, tags: &[String]) -> Result<()> {
    let failed = |e| io_error(WHAT, e);
    make_folder(whole.parent().unwrap_or(Path::new(".")), 0o700).map_err(failed)?;
    let draft = folder.join("whole");
    let mut to = File::create(&draft).map_err(failed)?;
    for (number, tag) in (1..).zip(tags) {
        let part = fs::read(folder.join(format!("{number:05}"))).map_err(failed)?;
        if hex::encode(Sha256::digest(&part)) != *tag {
            return Err(Error::invalid("a part is not the one that was put"));
        }
        to.write_all(&part).map_err(failed)?;
    }
    to.sync_all().map_err(failed)?;
    fs::rename(&draft, whole).map_err(failed)
}

#[async_trait]
impl ExportLinks for ExportFolder {
    /// Only what is behind the host: this does not know under which it is served.
    async fn link(&self, file: &ExportFile, save_as: &str, _: &str, for_s: u32) -> Result<String> {
        let until = self.clock.now().as_second() + i64::from(for_s);
        let said = format!("/files/{}?name={save_as}&until={until}", file.name());
        let signature = hex::encode(hmac::sign(&self.key, said.as_bytes()).as_ref());
        Ok(format!("{said}&signature={signature}"))
    }
}
