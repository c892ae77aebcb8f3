//! All objects of chosen kinds: those that the snapshot holds, and those that came since.
//!
//! They are found when the preview is made, so that the restore's row holds no more than the names of the kinds. What is not
//! known of a kind, then or now, is named.

use super::gather::is_of_object;
use super::{MAX_ITEMS, OpenSnapshot, Worker};
use domain::kinds::{FullReading, KINDS, Kind, NamedKind, Read};
use domain::restore::{Cause, IdMap, Impossible, SelectedItem};
use domain::{Error, Result, TenantId, Timestamp};
use engine::ports::{Cursor, PageEnd};
use serde_json::Value;
use std::collections::BTreeSet;

const NOT_HELD: &str =
    "the snapshot does not hold the kind: what there was of it is not known, and all of it is left as it is";
const NOT_LISTED: &str = "what came since could not be listed, and is left as it is";
const NOT_READ: &str = "one that may have come since cannot be read, and is left as it is";

/// What was found of the chosen kinds.
#[derive(Default)]
pub(super) struct Found {
    /// All of their objects, by their keys in the snapshot, or as they are live where they came since.
    pub items: Vec<SelectedItem>,
    /// What is not known of them.
    pub apart: Vec<Impossible>,
}

/// That more objects were chosen than one restore takes.
pub(crate) fn too_many(field: &str, objects: u64) -> Error {
    let why = format!(
        "{objects} objects or more are chosen, and one restore takes {MAX_ITEMS}: compare the snapshot with `live`, and restore \
         what changed"
    );
    Error::invalid_field(field, why)
}

impl Found {
    /// Finds all objects of the kinds.
    ///
    /// # Errors
    /// `Invalid`, naming `kinds` or `everything`, where there are more than one restore takes, or where there is not time enough.
    pub async fn of(
        worker: &Worker,
        tenant: &TenantId,
        (snapshot, ids): (&dyn OpenSnapshot, &IdMap),
        kinds: &[NamedKind],
        deadline: Timestamp,
    ) -> Result<Self> {
        let mut found = Self::default();
        // As whoever asked put it.
        let field = if kinds.len() == KINDS.len() { "everything" } else { "kinds" };
        for kind in kinds {
            let kind = kind.get()?;
            let room = MAX_ITEMS + 1 - found.items.len();
            if !snapshot.covers(kind) {
                // What there was without a licence did not show, and so did not come since where it shows now.
                if !snapshot.is_unlicensed(kind) || !is_unlicensed(worker, tenant, kind, deadline).await? {
                    found.say(kind, NOT_HELD);
                }
                continue;
            }
            let then = snapshot.list_keys(kind, room).await?;
            let known: BTreeSet<String> = then.iter().map(|key| ids.rewrite(key)).collect();
            found.take(kind, then, field)?;
            match came_since(worker, tenant, kind, (&known, room), deadline).await {
                Ok((came, is_all)) => {
                    found.take(kind, came, field)?;
                    if !is_all {
                        found.say(kind, NOT_READ);
                    }
                }
                Err(error) if error.is_unlicensed() => {}
                Err(error) if is_of_object(&error) && worker.clock.now() < deadline => {
                    found.say(kind, NOT_LISTED);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn take(
        &mut self,
        kind: &'static Kind,
        keys: impl IntoIterator<Item = String>,
        field: &str,
    ) -> Result<()> {
        self.items.extend(keys.into_iter().map(|key| SelectedItem::whole(kind.name, key)));
        let objects = self.items.len();
        if objects > MAX_ITEMS { Err(too_many(field, objects as u64)) } else { Ok(()) }
    }

    fn say(&mut self, kind: &Kind, why: &str) {
        self.apart.push(Impossible {
            kind: kind.name.into(),
            key: String::new(),
            name: None,
            what: "kind".to_owned(),
            cause: Cause::NotRead,
            why: why.to_owned(),
        });
    }
}

/// Whether the tenant has no licence for the kind now.
async fn is_unlicensed(
    worker: &Worker,
    tenant: &TenantId,
    kind: &'static Kind,
    deadline: Timestamp,
) -> Result<bool> {
    match came_since(worker, tenant, kind, (&BTreeSet::new(), 0), deadline).await {
        Ok(_) => Ok(false),
        Err(error) if error.is_unlicensed() => Ok(true),
        Err(error) if is_of_object(&error) && worker.clock.now() < deadline => Ok(false),
        Err(error) => Err(error),
    }
}

/// The keys of live objects of a kind that are not among those known, up to a little more than there is room for; and whether
/// each that Graph listed could be read.
async fn came_since(
    worker: &Worker,
    tenant: &TenantId,
    kind: &'static Kind,
    (known, room): (&BTreeSet<String>, usize),
    deadline: Timestamp,
) -> Result<(BTreeSet<String>, bool)> {
    let source = &kind.reading[0];
    let mut cursor = match source.read {
        Read::Delta(whole) if whole != FullReading::ByRound => Cursor::Listed,
        Read::Delta(_) | Read::List => Cursor::Start,
    };
    let (mut came, mut is_all) = (BTreeSet::new(), true);
    loop {
        if worker.clock.now() >= deadline {
            return Err(Error::invalid("there was not time enough to list all objects; choose less at once"));
        }
        let page = worker.directory.read_page(tenant, source, &cursor, &[]).await?;
        for item in page.values()? {
            // Rounds of changes tell of what is gone, too.
            let Value::Object(object) = item else {
                is_all = false;
                continue;
            };
            if object.contains_key("@removed") {
                continue;
            }
            let key = kind.key_of(&object)?;
            if !known.contains(&key) {
                came.insert(key);
            }
        }
        is_all &= page.unreadable.iter().all(|lost| lost.id.as_ref().is_some_and(|id| known.contains(id)));
        match page.end {
            PageEnd::More(next) if came.len() <= room => cursor = next,
            PageEnd::More(_) | PageEnd::Done(_) => return Ok((came, is_all)),
        }
    }
}
