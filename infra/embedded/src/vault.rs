//! Sealed bytes in a folder: `t/{tenant}/{name}+`, one file per blob. No name has a `+`, so that a blob `a` and
//! a blob `a/b` can stand beside each other.
//!
//! A blob is written to `tmp/` whole, made durable, and only then linked under its name: a link is atomic and
//! fails when the name is taken, so a name holds all of the bytes or nothing, and one of several writers wins.
//! What a crash leaves in `tmp/` is removed when the folder is opened.

use crate::blocking;
use crate::files::{io_error, make_folder, sync_folder};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{Error, Result, TenantId};
use engine::ports::{BlobName, Put, Vault, VaultSweeper};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The port's limit for one page.
const LIST_LIMIT: usize = 1000;

/// What a blob's file ends with; no name has it.
const FILE_END: char = '+';

/// How bytes get into a file; the file's own `write_all` unless a disk's faults are to be tried out.
pub type WriteBytes = Arc<dyn Fn(&mut File, &[u8]) -> io::Result<()> + Send + Sync>;

/// The vault in a folder. One process has it open at a time.
#[derive(Clone)]
pub struct FolderVault {
    root: Arc<PathBuf>,
    drafts: Arc<AtomicU64>,
    write: WriteBytes,
}

impl FolderVault {
    /// The vault in that folder, which is made if it is not there.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        Self::open_with(root, Arc::new(File::write_all))
    }

    /// The same, with bytes going into files by `write`: a disk that is full, slow or broken.
    pub fn open_with(root: impl Into<PathBuf>, write: WriteBytes) -> Result<Self> {
        let root = root.into();
        let drafts = root.join("tmp");
        let prepare = || -> io::Result<()> {
            make_folder(&drafts, 0o700)?;
            make_folder(&root.join("t"), 0o700)?;
            for left in fs::read_dir(&drafts)? {
                fs::remove_file(left?.path())?;
            }
            Ok(())
        };
        prepare().map_err(|e| io_error("the vault's folder cannot be opened", e))?;
        Ok(Self { root: Arc::new(root), drafts: Arc::new(AtomicU64::new(0)), write })
    }

    fn folder_of(&self, tenant: &TenantId) -> PathBuf {
        self.root.join("t").join(tenant.as_str())
    }

    fn file_of(&self, tenant: &TenantId, name: &BlobName) -> PathBuf {
        self.folder_of(tenant).join(format!("{name}{FILE_END}"))
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<Put> {
        // Why: most repetitions are found here without writing the bytes again; the link below decides.
        if path.try_exists()? {
            return Ok(Put::AlreadyThere);
        }
        let draft = self.root.join("tmp").join(self.drafts.fetch_add(1, Ordering::Relaxed).to_string());
        let linked = self.write_draft(&draft, bytes).and_then(|()| link(&draft, path));
        fs::remove_file(&draft).ok();
        match linked {
            Ok(()) => Ok(Put::New),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(Put::AlreadyThere),
            Err(e) => Err(e),
        }
    }

    fn write_draft(&self, draft: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
        (self.write)(&mut file, bytes)?;
        file.sync_all()
    }
}

fn link(draft: &Path, path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder, 0o700)?;
    fs::hard_link(draft, path)?;
    sync_folder(folder)
}

#[async_trait]
impl Vault for FolderVault {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        let (vault, path) = (self.clone(), self.file_of(tenant, name));
        blocking(move || vault.create(&path, &bytes).map_err(|e| io_error("a blob cannot be stored", e)))
            .await
    }

    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        let path = self.file_of(tenant, name);
        blocking(move || match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io_error("a blob cannot be read", e)),
        })
        .await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        if !(1..=LIST_LIMIT).contains(&limit) {
            return Err(Error::invalid_field("limit", "1 to 1,000"));
        }
        let folder = self.folder_of(tenant);
        let (prefix, after) = (prefix.to_owned(), after.map_or_else(String::new, |a| a.as_str().to_owned()));
        blocking(move || {
            let mut walk = Walk { prefix: &prefix, after: &after, limit, found: Vec::new() };
            walk.folder(&folder, "").map_err(|e| io_error("blobs cannot be listed", e))?;
            walk.found.into_iter().map(BlobName::new).collect()
        })
        .await
    }
}

#[async_trait]
impl VaultSweeper for FolderVault {
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()> {
        let path = self.file_of(tenant, name);
        blocking(move || {
            match fs::remove_file(&path) {
                Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("."))),
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(e) => Err(e),
            }
            .map_err(|e| io_error("a blob cannot be removed", e))
        })
        .await
    }
}

/// A walk over a tenant's files in byte order of their whole names, leaving out what cannot be asked for.
struct Walk<'a> {
    prefix: &'a str,
    after: &'a str,
    limit: usize,
    found: Vec<String>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, above: &str) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            let file_name = entry.file_name();
            let file_name = file_name.to_string_lossy();
            let name = match file_name.strip_suffix(FILE_END) {
                Some(blob) => format!("{above}{blob}"),
                // Why: with its `/`, a folder sorts where its blobs sort: `a-b` before `a/…`.
                None if entry.file_type()?.is_dir() => format!("{above}{file_name}/"),
                None => continue,
            };
            if self.may_hold(&name) {
                names.push(name);
            }
        }
        names.sort_unstable();
        for name in names {
            if self.found.len() >= self.limit {
                break;
            }
            match name.strip_prefix(above).and_then(|n| n.strip_suffix('/')) {
                Some(inner) => self.folder(&folder.join(inner), &name)?,
                None => self.found.push(name),
            }
        }
        Ok(())
    }

    fn may_hold(&self, name: &str) -> bool {
        if name.ends_with('/') {
            let wanted = name.starts_with(self.prefix) || self.prefix.starts_with(name);
            wanted && (name > self.after || self.after.starts_with(name))
        } else {
            name.starts_with(self.prefix) && name > self.after
        }
    }
}
