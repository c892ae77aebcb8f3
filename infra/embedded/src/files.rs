//! Files that are whole or absent, and the one place where an `io::Error` becomes ours.

use domain::{Error, Result};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rights of what only the owner may read.
const OWNER_ONLY: u32 = 0o600;

/// How many files this process has begun to create.
static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// What a failed file operation means to a caller. `what` says what was tried, without customer data.
pub fn io_error(what: &str, cause: io::Error) -> Error {
    use io::ErrorKind as Io;
    let error = match cause.kind() {
        Io::StorageFull | Io::QuotaExceeded => Error::unavailable(format!("{what}: disk full")),
        Io::PermissionDenied | Io::ReadOnlyFilesystem => {
            Error::denied(format!("{what}: the file system does not allow it"))
        }
        Io::NotADirectory | Io::IsADirectory | Io::InvalidFilename => {
            Error::invalid(format!("{what}: the name cannot be one of a file"))
        }
        _ => Error::unavailable(what),
    };
    error.caused_by(cause)
}

/// Makes the entries of a folder durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder and what leads to it, each durable in its parent.
pub fn make_folder(folder: &Path, mode: u32) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(folder) {
        Ok(()) => sync_folder(parent.unwrap_or(Path::new("."))),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(e) => Err(e),
    }
}

/// Puts `bytes` at `path` for the owner alone; whoever reads it sees the old or the new content, never a part.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft_of(path, ".draft");
    write_private(&draft, bytes).and_then(|()| fs::rename(&draft, path)).inspect_err(|_| {
        fs::remove_file(&draft).ok();
    })?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Creates `path` for the owner alone; false when it is there already.
pub fn create_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    // Why a number: several may create it at once, and each has to link what it has written itself.
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = draft_of(path, &format!(".{number}.draft"));
    let linked = write_private(&draft, bytes).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft).ok();
    match linked {
        Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("."))).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}

/// The content of a file that must be its owner's secret; none when there is no such file.
///
/// # Errors
/// `Denied` when others may read it: it may be known already, so it is not used.
pub fn find_private(path: &Path, what: &str) -> Result<Option<String>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io_error(what, e)),
    };
    let mode = file.metadata().map_err(|e| io_error(what, e))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::denied(format!(
            "{what}: {} may be read by others (mode {mode:03o}); make it yours alone (chmod 600)",
            path.display()
        )));
    }
    io::read_to_string(&mut file).map(Some).map_err(|e| io_error(what, e))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::remove_file(path).or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn draft_of(path: &Path, end: &str) -> std::path::PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(end);
    path.with_file_name(name)
}
