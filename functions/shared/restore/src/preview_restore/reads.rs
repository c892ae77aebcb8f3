//! What a preview has read, kept from one invocation to the next: what a choice needs may take longer than one has.
//!
//! Kept are objects of the live tenant, a part of some megabytes at a time, so that neither memory nor a process that dies
//! bounds what one preview can read. Everything else is made anew from these.

use crate::plans::{Before, BeforeLink, KeptRead, KeptReads, PlanStore};
use domain::kinds::{self, Kind, LinkType};
use domain::restore::{Held, HeldLink};
use domain::{RestoreId, Result, TenantId, Timestamp};
use engine::records::{PRIVILEGED_PREVIEW_GOOD_FOR, Restore};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// For how long a reading is good. Why no longer: what is approved is what was shown of the tenant. What takes longer to read
/// is too much for one preview.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(6);
/// How many bytes of readings are kept as one, and held until they are.
const PART_BYTES: usize = 4 << 20;
/// What a link takes besides the text of its value, roughly.
const LINK_BYTES: usize = 120;

/// A live object by its kind, its key and the types of links that were asked for.
type LiveAt = (String, String, Vec<String>);

/// What an earlier invocation read; none where it found nothing.
pub(super) struct Known<T>(pub Option<T>);

/// What was read so far.
pub(super) struct Reads {
    plans: Arc<dyn PlanStore>,
    tenant: TenantId,
    restore: RestoreId,
    attempt: u32,
    /// When this invocation began.
    began: Timestamp,
    /// When the oldest of what was kept was read; none where nothing was.
    oldest: Option<Timestamp>,
    /// Whether reading takes longer than a reading is good for.
    takes_too_long: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What earlier invocations read and this one has not asked for yet.
    known: BTreeMap<LiveAt, Option<Before>>,
    /// What this invocation has read and not kept yet, and its size.
    fresh: Vec<KeptRead>,
    bytes: usize,
    /// How many parts it has kept.
    parts: u32,
}

impl Reads {
    /// What earlier invocations of a preview have read; the row says which is this one.
    ///
    /// # Errors
    /// Those of the vault.
    pub async fn load(plans: Arc<dyn PlanStore>, row: &Restore, now: Timestamp) -> Result<Self> {
        // Once a preview is known to be about rights, what it shows is as young as it has to be.
        let good_for = if row.privileged { PRIVILEGED_PREVIEW_GOOD_FOR } else { GOOD_FOR };
        let (mut state, mut oldest, mut expired_at) = (State::default(), None::<Timestamp>, None);
        for earlier in 1..row.attempts {
            for part in 0.. {
                let Some(kept) = plans.find_reads(&row.tenant, &row.id, earlier, part).await? else { break };
                if kept.at + good_for <= now {
                    expired_at = Some(kept.at);
                    continue;
                }
                oldest = Some(oldest.map_or(kept.at, |oldest| oldest.min(kept.at)));
                for KeptRead::Live { kind, key, links, found } in kept.reads {
                    state.known.insert((kind, key, links), found);
                }
            }
        }
        // Why not where all has expired, or where a wait lies between: then reading itself took no such time.
        let takes_too_long =
            oldest.zip(expired_at).is_some_and(|(oldest, expired)| oldest.duration_since(expired) < good_for);
        Ok(Self {
            plans,
            tenant: row.tenant.clone(),
            restore: row.id.clone(),
            attempt: row.attempts,
            began: now,
            oldest,
            takes_too_long,
            state: Mutex::new(state),
        })
    }

    /// When the oldest of what the preview shows was read.
    pub fn oldest(&self) -> Timestamp {
        self.oldest.unwrap_or(self.began)
    }

    /// Whether another invocation gets further than this one: it has read something that earlier ones had not, and what they had
    /// read is still good.
    pub fn is_further(&self) -> bool {
        let state = self.state();
        !self.takes_too_long && (state.parts > 0 || !state.fresh.is_empty())
    }

    /// Keeps what this invocation has read and not kept yet.
    ///
    /// # Errors
    /// Those of the vault.
    pub async fn keep(&self) -> Result<()> {
        let part = self.state().take_part();
        self.put(part).await
    }

    async fn put(&self, part: Option<(u32, Vec<KeptRead>)>) -> Result<()> {
        let Some((number, reads)) = part else { return Ok(()) };
        let kept = KeptReads { at: self.began, reads };
        self.plans.put_new_reads(&self.tenant, &self.restore, self.attempt, number, &kept).await.map(drop)
    }

    /// A live object as an earlier invocation read it, once; none where none did.
    ///
    /// # Errors
    /// `Corrupt` where what was kept names an unknown link.
    pub fn live(&self, kind: &Kind, key: &str, links: &[&'static LinkType]) -> Result<Option<Known<Held>>> {
        // Why taken out: it is held by whoever asked, and need not be held twice.
        let Some(found) = self.state().known.remove(&live_at(kind, key, links)) else { return Ok(None) };
        Ok(Some(Known(found.map(|kept| held(kind, kept)).transpose()?)))
    }

    /// Notes a live object, as it was read now.
    ///
    /// # Errors
    /// Those of the vault, where a part is full.
    pub async fn note_live(
        &self,
        kind: &Kind,
        key: &str,
        links: &[&'static LinkType],
        found: Option<&Held>,
    ) -> Result<()> {
        let (kind, key, links) = live_at(kind, key, links);
        let full = {
            let mut state = self.state();
            state.bytes += found.map_or(LINK_BYTES, bytes);
            state.fresh.push(KeptRead::Live { kind, key, links, found: found.map(kept) });
            if state.bytes < PART_BYTES { None } else { state.take_part() }
        };
        self.put(full).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What was read and not kept yet, as the next part; none where there is nothing.
    fn take_part(&mut self) -> Option<(u32, Vec<KeptRead>)> {
        if self.fresh.is_empty() {
            return None;
        }
        self.bytes = 0;
        self.parts += 1;
        Some((self.parts - 1, std::mem::take(&mut self.fresh)))
    }
}

/// How large an object is when it is kept, roughly.
fn bytes(held: &Held) -> usize {
    let values = |value: &serde_json::Value| value.to_string().len();
    let object: usize = held.object.iter().map(|(name, value)| name.len() + values(value)).sum();
    let links = held.links.iter().map(|held| LINK_BYTES + held.value.values().map(values).sum::<usize>());
    object + links.sum::<usize>()
}

fn live_at(kind: &Kind, key: &str, links: &[&'static LinkType]) -> LiveAt {
    let links = links.iter().map(|link| link.name.to_owned()).collect();
    (kind.name.to_string(), key.to_owned(), links)
}

/// The names of a kind's properties, relations and facets.
pub(super) fn parts(kind: &Kind) -> impl Iterator<Item = &'static str> {
    let properties = kind.reading.iter().flat_map(|source| source.select).copied();
    properties.chain(kind.links.iter().map(|link| link.relation)).chain(kind.facets())
}

fn kept(held: &Held) -> Before {
    let link = |held: &HeldLink| BeforeLink {
        link: held.link.name.to_owned(),
        to: held.to.clone(),
        value: held.value.clone(),
    };
    Before {
        object: Some(held.object.clone()),
        links: held.links.iter().map(link).collect(),
        unknown: held.unknown.iter().map(|part| (*part).to_owned()).collect(),
        ..Before::default()
    }
}

fn held(kind: &Kind, kept: Before) -> Result<Held> {
    let link =
        |kept: BeforeLink| Ok(HeldLink { link: kinds::link(&kept.link)?, to: kept.to, value: kept.value });
    Ok(Held {
        object: kept.object.unwrap_or_default(),
        links: kept.links.into_iter().map(link).collect::<Result<_>>()?,
        unknown: parts(kind).filter(|part| kept.unknown.contains(*part)).collect(),
    })
}
