//! What the folder vault does when the disk or the process fails.

use bytes::Bytes;
use domain::{ErrorKind, TenantId};
use engine::ports::{BlobName, Put, Vault, VaultSweeper};
use local::embedded::FolderVault;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}

fn name(text: &str) -> BlobName {
    BlobName::new(text).unwrap()
}

fn files_under(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_under(&path)) } else { files.push(path.display().to_string()) }
    }
    files
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written_and_harms_nothing_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let full = Arc::new(AtomicBool::new(false));
    let is_full = full.clone();
    // Linux's own full disk: it takes half of the bytes first, as a disk would.
    let write = Arc::new(move |file: &mut std::fs::File, bytes: &[u8]| {
        if !is_full.load(Ordering::Relaxed) {
            return file.write_all(bytes);
        }
        file.write_all(&bytes[..bytes.len() / 2])?;
        OpenOptions::new().write(true).open("/dev/full")?.write_all(bytes)
    });
    let vault = FolderVault::open_with(folder.path(), write).unwrap();
    vault.put_new(&tenant(), &name("leaves/old"), Bytes::from_static(b"old")).await.unwrap();

    full.store(true, Ordering::Relaxed);
    let error = vault.put_new(&tenant(), &name("leaves/new"), vec![1; 100_000].into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("disk full"), "{error}");
    assert_eq!(vault.find(&tenant(), &name("leaves/new")).await.unwrap(), None);
    assert_eq!(files_under(folder.path()).len(), 1, "the draft is gone too");

    full.store(false, Ordering::Relaxed);
    assert_eq!(vault.find(&tenant(), &name("leaves/old")).await.unwrap().unwrap(), "old");
    let put = vault.put_new(&tenant(), &name("leaves/new"), vec![1; 100_000].into()).await.unwrap();
    assert_eq!(put, Put::New, "with room again it is stored as if nothing had been");
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart_and_what_was_half_written_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let vault = FolderVault::open(folder.path()).unwrap();
    vault.put_new(&tenant(), &name("a/b"), Bytes::from_static(b"1")).await.unwrap();
    drop(vault);
    std::fs::write(folder.path().join("tmp/0"), "half").unwrap();

    let vault = FolderVault::open(folder.path()).unwrap();
    assert_eq!(vault.list(&tenant(), "", None, 10).await.unwrap(), [name("a/b")]);
    assert_eq!(vault.find(&tenant(), &name("a/b")).await.unwrap().unwrap(), "1");
    vault.put_new(&tenant(), &name("a/c"), Bytes::from_static(b"2")).await.unwrap();
    assert_eq!(files_under(folder.path()).len(), 2);
}

#[tokio::test]
async fn names_come_in_byte_order_across_folders_whatever_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let vault = FolderVault::open(folder.path()).unwrap();
    let mut names: Vec<BlobName> =
        ["a", "a/b", "a/z", "a-b", "a.b/c", "a/b/c", "a0", "a/b-c", "b", "a/b.c/d", "z/z/z"].map(name).into();
    for name in &names {
        vault.put_new(&tenant(), name, Bytes::from_static(b"x")).await.unwrap();
    }
    names.sort();
    for limit in 1..=12 {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = vault.list(&tenant(), "", after.as_ref(), limit).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            listed.extend(page);
        }
        assert_eq!(listed, names, "in pages of {limit}");
    }
    let under = vault.list(&tenant(), "a/b", None, 10).await.unwrap();
    assert_eq!(under, ["a/b", "a/b-c", "a/b.c/d", "a/b/c"].map(name), "a prefix may end inside a part");
}

#[tokio::test]
async fn a_blob_can_be_put_again_once_it_was_swept() {
    let folder = tempfile::tempdir().unwrap();
    let vault = FolderVault::open(folder.path()).unwrap();
    for bytes in ["one", "two"] {
        assert_eq!(vault.put_new(&tenant(), &name("x"), bytes.into()).await.unwrap(), Put::New);
        assert_eq!(vault.find(&tenant(), &name("x")).await.unwrap().unwrap(), bytes);
        vault.delete(&tenant(), &name("x")).await.unwrap();
    }
}
