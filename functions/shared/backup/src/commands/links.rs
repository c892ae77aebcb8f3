//! The links of an object, a part at a time: those from it before those to it, each type in the order of the far ends.
//!
//! A part ends when it is full or when [`READS`] blobs were read, like a part of a search: a group of a hundred thousand
//! members is read to its end, in as many requests as that takes.

use super::reads::READS;
use crate::archive::{SnapshotView, read_object};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::kinds::{self, Kind, LinkType};
use domain::{Error, Result};
use engine::Listed;
use engine::ports::Page;
use serde_json::{Map, Value};

/// A link of an object, from it or to it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenLink {
    /// The link's type, such as `groups.members`.
    pub link: &'static LinkType,
    /// Whether it leads from the object that was asked for; otherwise it leads to it.
    pub outgoing: bool,
    /// The other end: an object's key; for policies an assignment's key.
    pub other: String,
    /// The other end's name, where the snapshot knows it.
    pub name: Option<String>,
    /// What the link holds besides its two ends.
    pub value: Map<String, Value>,
}

/// One type of links, from the object or to it.
#[derive(Clone, Copy)]
struct Step {
    link: &'static LinkType,
    outgoing: bool,
}

impl Step {
    /// The run whose keys begin with the object's.
    fn run(self) -> String {
        if self.outgoing { self.link.name.to_owned() } else { format!("{}.reverse", self.link.name) }
    }

    fn direction(self) -> &'static str {
        if self.outgoing { "o" } else { "i" }
    }
}

/// The types of which the snapshot may hold links of such an object.
fn steps(view: &SnapshotView, kind: &Kind) -> Vec<Step> {
    let held = |link: &&LinkType| view.run(link.name).is_ok();
    let from = kind.links.iter().filter(held).map(|link| Step { link, outgoing: true });
    let to = kinds::links().filter(|link| link.to.contains(&kind.name)).filter(held);
    from.chain(to.map(|link| Step { link, outgoing: false })).collect()
}

/// A part of an object's links. `page.after` is the `next` of the part before, of the same object.
///
/// # Errors
/// `Invalid` naming `cursor` when that is of another object; `Corrupt` when the snapshot is not what was stored.
pub(super) async fn list(
    view: &SnapshotView,
    kind: &'static Kind,
    key: &str,
    page: Page,
) -> Result<Listed<SeenLink>> {
    let (steps, bound) = (steps(view, kind), bound_to(view, kind, key));
    let (mut at, mut after) = match &page.after {
        Some(cursor) => place(cursor, &steps, &bound)?,
        None => (0, String::new()),
    };
    let (end, mut items) = (view.reads() + READS, Vec::new());
    // Why at least one link: each request must get further, however little may be read.
    let is_over =
        |items: &[SeenLink]| items.len() >= page.limit || (view.reads() >= end && !items.is_empty());
    while let Some(&step) = steps.get(at) {
        let start = if after.is_empty() { format!("{key}/") } else { format!("{key}/{after}\0") };
        let run = view.run(&step.run())?;
        let mut reader = view.opened(run).await?.from_key(start.as_bytes()).await?;
        while let Some((found, value)) = reader.next().await? {
            let far =
                std::str::from_utf8(&found).ok().and_then(|text| text.strip_prefix(key)?.strip_prefix('/'));
            let Some(far) = far else { break };
            if is_over(&items) {
                return Ok(Listed { items, next: Some(cursor(step, &after, &bound)) });
            }
            items.push(seen(view, step, key, far, value).await?);
            far.clone_into(&mut after);
        }
        at += 1;
        after.clear();
        if let Some(&step) = steps.get(at)
            && is_over(&items)
        {
            return Ok(Listed { items, next: Some(cursor(step, "", &bound)) });
        }
    }
    Ok(Listed { items, next: None })
}

async fn seen(view: &SnapshotView, step: Step, key: &str, far: &str, value: Vec<u8>) -> Result<SeenLink> {
    let Step { link, outgoing } = step;
    let (value, name) = if outgoing {
        // The key of an assignment begins with the id of what it is assigned to.
        let end = far.split('!').next().unwrap_or(far);
        (value, view.find_name(link.to, end).await?)
    } else {
        let value = view.find_record(view.run(link.name)?, format!("{far}/{key}").as_bytes()).await?;
        let differ = || Error::corrupt(format!("{} and its reverse differ", link.name));
        (value.ok_or_else(differ)?, view.find_name(&[link.from], far).await?)
    };
    Ok(SeenLink { link, outgoing, other: far.to_owned(), name, value: read_object(&value)? })
}

/// What a cursor is good for: a hash of snapshot, kind and key. It is not a secret; it catches a mistake.
fn bound_to(view: &SnapshotView, kind: &Kind, key: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    let manifest = view.manifest();
    for text in [manifest.tenant.as_str(), manifest.snapshot.as_str(), kind.run(), key] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Where the links go on: the direction, what it is bound to, the type and the last far end.
fn cursor(step: Step, after: &str, bound: &str) -> String {
    let of = URL_SAFE_NO_PAD.encode(step.link.name);
    format!("{}.{bound}.{of}.{}", step.direction(), URL_SAFE_NO_PAD.encode(after))
}

fn place(cursor: &str, steps: &[Step], bound: &str) -> Result<(usize, String)> {
    let not_ours = || Error::invalid_field("cursor", "is not one that the links of this object gave");
    let parts: Vec<&str> = cursor.split('.').collect();
    let [direction, of, link, after] = parts[..] else { return Err(not_ours()) };
    let text = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|e| not_ours().caused_by(e))?;
        String::from_utf8(bytes).map_err(|e| not_ours().caused_by(e))
    };
    let link = text(link)?;
    let at = steps.iter().position(|s| s.direction() == direction && s.link.name == link);
    match at {
        Some(at) if of == bound => Ok((at, text(after)?)),
        _ => Err(not_ours()),
    }
}
