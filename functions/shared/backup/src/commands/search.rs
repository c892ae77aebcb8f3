//! Objects of a sealed snapshot, of one kind or of all, listed or found by a part of a name, a page at a time.
//!
//! A page may be short, or empty, though more follows: a request reads [`READS`] blobs and then leaves the rest to the next.
//! Only an answer without `next` says that everything was looked at.

use super::browse::Browse;
pub use super::reads::READS;
use crate::archive::{Hit, Limits, SnapshotView, Walked, Way, ways};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::kinds::{KINDS, Kind, KindName};
use domain::stored::{Missing, names};
use domain::{Error, Result, SnapshotId, TenantId};
use engine::ports::Page;
use schemars::JsonSchema;
use serde::Serialize;

/// A part of what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Objects: those with a word that begins with the part before those that have it elsewhere.
    pub items: Vec<Hit>,
    /// Where to go on; none at the end. Opaque.
    pub next: Option<String>,
    /// Whether everything was looked at, this page and those before it: there is no `next`.
    pub complete: bool,
    /// What was, or is going to be, looked at.
    pub searched: Searched,
}

/// What a search is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Searched {
    /// The snapshot that is searched.
    pub snapshot: SnapshotId,
    /// The kinds that it holds, of those that are asked for.
    pub kinds: Vec<KindName>,
    /// The kinds that are asked for and that it does not hold: nothing is said of these.
    pub not_held: Vec<NotHeld>,
}

/// A kind that a snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotHeld {
    /// The name of the kind, such as `users`.
    pub kind: KindName,
    /// Why, for a person; none where the snapshot is older than the kind.
    pub why: Option<String>,
}

/// What is walked over: all objects of a kind, or a way of a search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    All,
    By(Way),
}

impl Walk {
    fn name(self) -> &'static str {
        match self {
            Self::All => "a",
            Self::By(way) => way.name(),
        }
    }
}

/// One walk over one kind; a search does them one after the other.
type Step = (Walk, &'static Kind);

impl Browse {
    /// Objects: of one kind or of all, by a part of a name where one is given.
    ///
    /// # Errors
    /// `NotFound` when there is no such snapshot, or it does not hold the one kind; `Conflict` when it is not sealed;
    /// `Invalid` naming `cursor` when that is of another search.
    pub async fn objects(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: Option<&'static Kind>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Found> {
        let part = names::normalise(name.unwrap_or_default());
        let view = self.open(tenant, id).await?;
        let searched = searched(&view, id, kind)?;
        let held = || KINDS.iter().copied().filter(|k| searched.kinds.contains(&k.name));
        let walks: Vec<Walk> = match part.as_str() {
            "" => vec![Walk::All],
            part => ways(part).iter().copied().map(Walk::By).collect(),
        };
        let steps: Vec<Step> = walks.iter().flat_map(|walk| held().map(|kind| (*walk, kind))).collect();
        let bound = bound_to(tenant, id, kind, &part);
        let (mut at, mut after) = match page.after {
            Some(text) => place(&text, &steps, &bound)?,
            None => (0, None),
        };
        let (end, mut items) = (view.reads() + READS, Vec::new());
        let mut next = None;
        while let Some(&(walk, kind)) = steps.get(at) {
            // Why never before the first: each request must get further, however little may be read.
            if next.is_some() && (items.len() == page.limit || view.reads() >= end) {
                break;
            }
            let limits = Limits { hits: page.limit - items.len(), reads: end };
            let walked = match walk {
                Walk::By(way) => view.search(kind, way, &part, after.as_deref(), limits).await?,
                Walk::All => all(&view, kind, after, limits).await?,
            };
            items.extend(walked.hits);
            if let Some(key) = walked.last {
                next = Some(cursor(steps[at], &key, &bound));
                break;
            }
            (at, after) = (at + 1, None);
            next = steps.get(at).map(|step| cursor(*step, b"", &bound));
        }
        Ok(Found { items, complete: next.is_none(), next, searched })
    }
}

async fn all(
    view: &SnapshotView,
    kind: &'static Kind,
    after: Option<Vec<u8>>,
    limits: Limits,
) -> Result<Walked> {
    let wrong = |e: std::string::FromUtf8Error| not_ours().caused_by(e);
    let after = after.map(String::from_utf8).transpose().map_err(wrong)?;
    let (hits, next) = view.list_objects(kind, after.as_deref(), limits.hits).await?;
    Ok(Walked { hits, last: next.map(String::into_bytes) })
}

fn searched(view: &SnapshotView, id: &SnapshotId, kind: Option<&'static Kind>) -> Result<Searched> {
    if let Some(kind) = kind {
        view.run(kind.run())?;
    }
    let asked = KINDS.iter().copied().filter(|k| kind.is_none_or(|kind| kind.name == k.name));
    let (held, missing): (Vec<_>, Vec<_>) = asked.partition(|k| view.covers(k));
    let why = |kind: &str| -> Option<&Missing> {
        let of = |m: &&Missing| m.source == kind || m.source.split('.').next() == Some(kind);
        view.manifest().missing.iter().find(of)
    };
    let not_held =
        missing.into_iter().map(|k| NotHeld { kind: k.name, why: why(k.run()).map(|m| m.why.clone()) });
    Ok(Searched {
        snapshot: id.clone(),
        kinds: held.into_iter().map(|k| k.name).collect(),
        not_held: not_held.collect(),
    })
}

/// What a cursor is good for: a hash of tenant, snapshot, kind and text. It is not a secret; it catches a mistake.
fn bound_to(tenant: &TenantId, id: &SnapshotId, kind: Option<&Kind>, part: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in [tenant.as_str(), id.as_str(), kind.map_or("", |k| k.run()), part] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Where a search goes on: the walk, the kind, what it is bound to, the last key that was looked at.
fn cursor((walk, kind): Step, key: &[u8], bound: &str) -> String {
    format!("{}.{}.{bound}.{}", walk.name(), kind.name, URL_SAFE_NO_PAD.encode(key))
}

fn place(text: &str, steps: &[Step], bound: &str) -> Result<(usize, Option<Vec<u8>>)> {
    let mut parts = text.split('.');
    let (Some(walk), Some(kind), Some(of), Some(key), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(not_ours());
    };
    if of != bound {
        return Err(not_ours());
    }
    let at = steps.iter().position(|(w, k)| w.name() == walk && k.run() == kind).ok_or_else(not_ours)?;
    let key = URL_SAFE_NO_PAD.decode(key).map_err(|e| not_ours().caused_by(e))?;
    Ok((at, Some(key).filter(|key| !key.is_empty())))
}

fn not_ours() -> Error {
    Error::invalid_field("cursor", "is not one that this search gave, for this snapshot, kind and name")
}
