//! A snapshot each day, beside restic over the same objects as JSON files.

use super::Scene;
use crate::Common;
use crate::measure::Stopwatch;
use crate::report::{as_f64, round, tell};
use backup::archive::SnapshotView;
use domain::kinds;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::task::JoinSet;

/// The options of `bench month`.
#[derive(clap::Args)]
pub struct Options {
    #[command(flatten)]
    common: Common,
    /// For how many days a snapshot is taken.
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// The share of the users that changes each day.
    #[arg(long, default_value_t = 0.01)]
    rate: f64,
}

/// Measures both for that many days and prints the figures.
pub async fn run(options: Options) -> Result<(), String> {
    let common = &options.common;
    if Command::new("restic").arg("version").output().is_err() {
        return Err("restic is not installed: apt-get install restic".to_owned());
    }
    let scene = Scene::open(common, false).await?;
    let work = tempfile::tempdir().map_err(|e| e.to_string())?;
    let (files, repository, back) =
        (work.path().join("files"), work.path().join("repo"), work.path().join("back"));
    restic(&repository, &["init"], work.path())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    let changes = (common.users as f64 * options.rate).round() as usize;
    let (mut ours_s, mut theirs_s, mut last) = (0.0, 0.0, None);
    // Both back up the same state each day; only their own work is timed, not the changes and not the files for restic.
    for day in 0..options.days {
        if day > 0 {
            scene.cloud.change_users(common, changes, u64::from(day)).await?;
            scene.workbench.clock.advance(SignedDuration::from_hours(24));
        }
        let id = scene.workbench.ask(&scene.tenant).await?;
        let watch = Stopwatch::start();
        scene.workbench.take(&scene.tenant, &id, SignedDuration::from_secs(900)).await?;
        ours_s += watch.wall_s();
        let objects = write_files(&scene, &id, &files).await?;
        let watch = Stopwatch::start();
        restic(&repository, &["backup", "files"], work.path())?;
        theirs_s += watch.wall_s();
        last = Some((id, objects));
        eprintln!("day {} of {}", day + 1, options.days);
    }
    // Reading back is measured as well: a backup that is fast to write and slow to read is half of one.
    let (id, objects) = last.ok_or("no day")?;
    let watch = Stopwatch::start();
    write_files(&scene, &id, &back.join("ours")).await?;
    let ours_back_s = watch.wall_s();
    let watch = Stopwatch::start();
    let theirs = back.join("theirs");
    restic(&repository, &["restore", "latest", "--target", &theirs.to_string_lossy()], work.path())?;
    let theirs_back_s = watch.wall_s();
    let (ours, theirs) = (folder_bytes(scene.folder.path()), folder_bytes(&repository));
    let mut figures = Map::new();
    figures.insert("users".into(), json!(common.users));
    figures.insert("days".into(), json!(options.days));
    figures.insert("changes_a_day".into(), json!(changes));
    figures.insert("objects".into(), json!(objects));
    figures.insert("stored_bytes".into(), json!(ours));
    figures.insert("restic_bytes".into(), json!(theirs));
    figures.insert("bytes_ratio".into(), json!(round(as_f64(ours) / as_f64(theirs))));
    figures.insert("backup_s".into(), json!(round(ours_s)));
    figures.insert("restic_backup_s".into(), json!(round(theirs_s)));
    figures.insert("read_back_s".into(), json!(round(ours_back_s)));
    figures.insert("restic_restore_s".into(), json!(round(theirs_back_s)));
    tell(&figures, common.json);
    Ok(())
}

fn restic(repository: &Path, arguments: &[&str], within: &Path) -> Result<(), String> {
    let done = Command::new("restic")
        .args(["--quiet", "--no-cache", "--repo"])
        .arg(repository)
        .args(arguments)
        .current_dir(within)
        .env("RESTIC_PASSWORD", "benchmark")
        .output()
        .map_err(|e| e.to_string())?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("restic {arguments:?}: {}", String::from_utf8_lossy(&done.stderr)))
}

/// Writes every object of a snapshot with its links as a JSON file, in a folder for each kind; gives how many there
/// are.
async fn write_files(scene: &Scene, id: &domain::SnapshotId, to: &Path) -> Result<u64, String> {
    let text_of = |e: domain::Error| e.to_string();
    let archive = scene.workbench.archive.open(&scene.tenant).await.map_err(text_of)?;
    let view = SnapshotView::open(&archive, id).await.map_err(text_of)?;
    let (mut written, mut batch, mut writing) = (0, Vec::new(), Writing::new());
    for kind in kinds::KINDS.iter().filter(|k| view.covers(k)) {
        let folder: PathBuf = to.join(kind.run());
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        let mut objects = archive
            .open_run(Some(view.run(kind.run()).map_err(text_of)?))
            .await
            .map_err(text_of)?
            .scan(&[])
            .await
            .map_err(text_of)?;
        let mut links = Vec::new();
        for link in kind.links {
            let run = archive.open_run(Some(view.run(link.name).map_err(text_of)?)).await.map_err(text_of)?;
            let mut reader = run.scan(&[]).await.map_err(text_of)?;
            reader.advance().await.map_err(text_of)?;
            links.push((link.relation, reader));
        }
        while objects.advance().await.map_err(text_of)? {
            let key = objects.head().unwrap_or_default().to_vec();
            let mut text = objects.value().to_vec();
            text.pop();
            // Links are sorted by their first end, as objects are by key: one walk over both finds each object's links.
            for (relation, reader) in &mut links {
                let mut ends = Vec::new();
                while let Some(head) = reader.head() {
                    let Some(at) = head.iter().position(|b| *b == b'/') else { break };
                    match head[..at].cmp(&key) {
                        std::cmp::Ordering::Less => {}
                        std::cmp::Ordering::Equal => {
                            ends.push(Value::from(String::from_utf8_lossy(&head[at + 1..])));
                        }
                        std::cmp::Ordering::Greater => break,
                    }
                    reader.advance().await.map_err(text_of)?;
                }
                text.extend_from_slice(format!(",\"{relation}\":{}", Value::from(ends)).as_bytes());
            }
            text.push(b'}');
            let name = String::from_utf8_lossy(&key).replace(['/', '|'], "_");
            batch.push((folder.join(format!("{name}.json")), text));
            written += 1;
            if batch.len() == BATCH {
                write_behind(&mut writing, std::mem::take(&mut batch)).await?;
            }
        }
    }
    write_behind(&mut writing, batch).await?;
    while let Some(done) = writing.join_next().await {
        done.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
    }
    Ok(written)
}

/// How many files are one batch, and how many batches are written at the same time.
const BATCH: usize = 100;
const AT_ONCE: usize = 8;

type Writing = JoinSet<std::io::Result<()>>;

async fn write_behind(writing: &mut Writing, files: Vec<(PathBuf, Vec<u8>)>) -> Result<(), String> {
    if writing.len() >= AT_ONCE
        && let Some(done) = writing.join_next().await
    {
        done.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
    }
    writing.spawn_blocking(move || {
        for (path, text) in files {
            // Why unchanged files are left alone: a tool that knows what changed would do so, and restic gains by it.
            if !std::fs::read(&path).is_ok_and(|old| old == text) {
                std::fs::write(path, &text)?;
            }
        }
        Ok(())
    });
    Ok(())
}

fn folder_bytes(folder: &Path) -> u64 {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        sum += if path.is_dir() { folder_bytes(&path) } else { entry.metadata().map_or(0, |m| m.len()) };
    }
    sum
}
