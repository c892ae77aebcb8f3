//! Objects of a sealed snapshot, of one kind or of all, listed, or found by their id or a part of a name, a page at a time.
//!
//! A page may be short, or empty, though more follows: a request reads [`READS`] blobs and then leaves the rest to the next.
//! Only an answer without `next` says that everything was looked at.

use super::browse::Browse;
pub use super::reads::READS;
pub use super::searched::{NotHeld, Searched};
use crate::archive::{Hit, Limits, Part, SnapshotView, Walked, Way, bin, name_of, names_run};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::kinds::{KINDS, Kind};
use domain::{Error, Result, SnapshotId, TenantId};
use engine::ports::Page;

/// A part of what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Objects: those with a word that begins with the part before those that have it elsewhere.
    pub items: Vec<Hit>,
    /// Where to go on; none at the end. Opaque.
    pub next: Option<String>,
    /// Whether everything was looked at, this page and those before it, and could be judged.
    pub complete: bool,
    /// Of how many objects, on this page and those before it, it is not known whether they are meant. Only a filter can leave
    /// that open.
    pub undecided: u64,
    /// Of a search by an id: the objects of that id that lay in the recycle bin. The snapshot holds nothing of them but that.
    pub in_recycle_bin: Vec<Hit>,
    /// What was, or is going to be, looked at.
    pub searched: Searched,
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
        let view = self.open(tenant, id).await?;
        self.objects_of(&view, (tenant, id), kind, &Part::of(name.unwrap_or_default()), page).await
    }

    /// The same of a snapshot that is open.
    ///
    /// # Errors
    /// As [`Self::objects`].
    pub(super) async fn objects_of(
        &self,
        view: &SnapshotView,
        (tenant, id): (&TenantId, &SnapshotId),
        kind: Option<&'static Kind>,
        part: &Part,
        page: Page,
    ) -> Result<Found> {
        let searched = Searched::of(view, kind, |kind| {
            let names = std::iter::once(kind.name_property).chain(kind.search.iter().copied());
            names.filter(|name| !part.is_empty() && !name.is_empty()).map(str::to_owned).collect()
        })?;
        let held = || KINDS.iter().copied().filter(|k| searched.kinds.contains(&k.name));
        let walks: Vec<Walk> = if part.is_empty() {
            vec![Walk::All]
        } else {
            part.ways().iter().copied().map(Walk::By).collect()
        };
        let steps: Vec<Step> = walks.iter().flat_map(|walk| held().map(|kind| (*walk, kind))).collect();
        let bound = bound_to([tenant.as_str(), id.as_str(), kind.map_or("", |k| k.run()), part.text()]);
        let (mut at, mut after) = match page.after {
            Some(text) => place(&text, &steps, &bound)?,
            None => (0, None),
        };
        let (end, mut items) = (view.reads() + READS, Vec::new());
        // Where a search goes on, few kinds are left, and mostly one.
        if at == 0 && after.is_none() && !part.is_empty() {
            view.fetch_ahead(held().map(names_run)).await?;
        }
        let mut next = None;
        while let Some(&(walk, kind)) = steps.get(at) {
            // Why never before the first: each request must get further, however little may be read.
            if next.is_some() && (items.len() == page.limit || view.reads() >= end) {
                break;
            }
            let limits = Limits { hits: page.limit - items.len(), reads: end };
            let walked = match walk {
                Walk::By(way) => view.search(kind, way, part, after.as_deref(), limits).await?,
                Walk::All => all(view, kind, after, limits).await?,
            };
            items.extend(walked.hits);
            if let Some(key) = walked.last {
                next = Some(cursor(steps[at], &key, &bound));
                break;
            }
            (at, after) = (at + 1, None);
            next = steps.get(at).map(|step| cursor(*step, b"", &bound));
        }
        Ok(Found {
            items,
            complete: next.is_none(),
            undecided: 0,
            next,
            in_recycle_bin: Vec::new(),
            searched,
        })
    }
}

impl Browse {
    /// The objects of that id, of the one kind or of whatever kind: as it is written, or in lower case, without blanks and
    /// braces around it.
    ///
    /// # Errors
    /// `NotFound` when there is no such snapshot, or it does not hold the one kind; `Conflict` when it is not sealed.
    pub async fn by_id(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: Option<&'static Kind>,
        key: &str,
    ) -> Result<Found> {
        let view = self.open(tenant, id).await?;
        let searched = Searched::of(&view, kind, |_| Vec::new())?;
        let key = key.trim();
        let key = key.strip_prefix('{').and_then(|key| key.strip_suffix('}')).unwrap_or(key);
        let (mut items, mut in_recycle_bin) = (Vec::new(), Vec::new());
        for kind in KINDS.iter().copied().filter(|k| searched.kinds.contains(&k.name)) {
            // Why both: ids of Graph are in lower case, keys of assignments as it writes them, and people paste either.
            for key in [key.to_owned(), key.to_lowercase()] {
                if let Some(object) = view.find_object(kind, &key).await? {
                    items.push(Hit { kind: kind.name, key, name: name_of(kind, &object) });
                    break;
                }
                let Some(deleted) = view.find_run(&bin(kind)) else { continue };
                if view.find_record(deleted, key.as_bytes()).await?.is_some() {
                    in_recycle_bin.push(Hit { kind: kind.name, key, name: None });
                    break;
                }
            }
        }
        Ok(Found { items, next: None, complete: true, undecided: 0, in_recycle_bin, searched })
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

/// What a cursor is good for: a hash of all that makes a search what it is, the tenant first. It is not a secret; it catches a
/// mistake.
pub(super) fn bound_to<const N: usize>(parts: [&str; N]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in parts {
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

pub(super) fn not_ours() -> Error {
    Error::invalid_field(
        "cursor",
        "is not one that this search gave, for this snapshot, kind, name and filter",
    )
}
