//! The data folder, which one process holds at a time, and the hash of the bootstrap token in it.

use crate::config::Data;
use domain::{Error, Result};
use embedded::files::{create_private, find_private, io_error, make_folder, replace_private};
use engine::ports::{Ids, Secret};
use partners::commands::sign_in::bootstrap_sha256;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// A data folder that this process holds.
pub struct Installation {
    folder: PathBuf,
    data: Data,
    _lock: File,
}

/// What is known of the bootstrap token.
pub struct Bootstrap {
    /// The SHA-256 of the token, as [`bootstrap_sha256`] gives it.
    pub hash: String,
    /// The token itself, where it was given or made at this start.
    pub token: Option<Secret>,
}

impl Installation {
    /// Takes hold of the data folder, which is made if it is not there; a temporary one has `name` in its name.
    ///
    /// # Errors
    /// `Conflict` when another process holds it.
    pub fn open(data: &Data, name: &str) -> Result<Self> {
        const WHAT: &str = "the data folder cannot be opened";
        let folder = match data {
            Data::Folder(folder) => folder.clone(),
            Data::Memory => std::env::temp_dir().join(format!("holdfast-{name}")),
        };
        make_folder(&folder, 0o700).map_err(|e| io_error(WHAT, e))?;
        let lock = File::create(folder.join("lock")).map_err(|e| io_error(WHAT, e))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder, data: data.clone(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(Error::conflict(format!("another process works in {}", folder.display())))
            }
            Err(TryLockError::Error(e)) => Err(io_error(WHAT, e)),
        }
    }

    /// The folder that is held.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bootstrap token: the given one, else the one of an earlier start, else a new one. Only its hash is
    /// kept.
    pub fn bootstrap(&self, given: Option<Secret>, ids: &dyn Ids) -> Result<Bootstrap> {
        const WHAT: &str = "the hash of the bootstrap token";
        let path = self.folder.join("bootstrap.sha256");
        if let Some(token) = given {
            let hash = bootstrap_sha256(token.expose());
            replace_private(&path, hash.as_bytes()).map_err(|e| io_error(WHAT, e))?;
            return Ok(Bootstrap { hash, token: Some(token) });
        }
        if let Some(hash) = find_private(&path, WHAT)? {
            return Ok(Bootstrap { hash: hash.trim().to_owned(), token: None });
        }
        let token = format!("hfb_{}", ids.token());
        let hash = bootstrap_sha256(&token);
        create_private(&path, hash.as_bytes()).map_err(|e| io_error(WHAT, e))?;
        Ok(Bootstrap { hash, token: Some(Secret::new(token)) })
    }
}

impl Drop for Installation {
    /// Removes a temporary folder, which need not outlive the process.
    fn drop(&mut self) {
        if self.data == Data::Memory {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}
