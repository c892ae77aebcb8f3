//! What a preview has read, kept from one invocation to the next: what a choice needs may take longer than one has.
//!
//! Kept are objects of the live tenant and what an undone restore wrote over. Everything else is made anew from these, so
//! a preview that is continued is the one that an endless invocation would have made, as of the time of its readings.

use crate::plans::{Before, BeforeLink, KeptRead, KeptReads, PlanStore};
use domain::kinds::{self, Kind, LinkType};
use domain::restore::{Held, HeldLink};
use domain::{RestoreId, Result, TenantId, Timestamp};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// For how long a reading is good. Why no longer: what is approved is what was shown of the tenant. What takes longer to read
/// is too much for one preview.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(6);
/// How many readings are kept as one.
const TOGETHER: usize = 500;

/// A live object by its kind, its key and the types of links that were asked for.
type LiveAt = (String, String, Vec<String>);

/// What an earlier invocation read; none where it found nothing.
pub(super) struct Known<T>(pub Option<T>);

/// What was read so far.
#[derive(Default)]
pub(super) struct Reads {
    live: BTreeMap<LiveAt, Option<Before>>,
    before: BTreeMap<u32, Option<Before>>,
    /// Whether something that was kept is not good any more.
    has_expired: bool,
    /// What this invocation has read.
    fresh: Mutex<Vec<KeptRead>>,
}

impl Reads {
    /// What earlier invocations of a preview have read; `attempt` is the number of this one.
    ///
    /// # Errors
    /// Those of the vault.
    pub async fn load(
        plans: &dyn PlanStore,
        tenant: &TenantId,
        restore: &RestoreId,
        attempt: u32,
        now: Timestamp,
    ) -> Result<Self> {
        let mut reads = Self::default();
        for earlier in 1..attempt {
            for part in 0.. {
                let Some(kept) = plans.find_reads(tenant, restore, earlier, part).await? else { break };
                if kept.at + GOOD_FOR > now {
                    kept.reads.into_iter().for_each(|read| reads.take(read));
                } else {
                    reads.has_expired = true;
                }
            }
        }
        Ok(reads)
    }

    fn take(&mut self, read: KeptRead) {
        match read {
            KeptRead::Live { kind, key, links, found } => drop(self.live.insert((kind, key, links), found)),
            KeptRead::Before { step, kept } => drop(self.before.insert(step, kept)),
        }
    }

    /// Whether another invocation gets further than this one: it has read something that earlier ones had not, and what they had
    /// read is still good.
    pub fn is_further(&self) -> bool {
        !self.has_expired && !self.fresh().is_empty()
    }

    /// Keeps what this invocation has read.
    ///
    /// # Errors
    /// Those of the vault.
    pub async fn keep(
        &self,
        plans: &dyn PlanStore,
        tenant: &TenantId,
        restore: &RestoreId,
        attempt: u32,
        now: Timestamp,
    ) -> Result<()> {
        let mut fresh = std::mem::take(&mut *self.fresh());
        let mut part = 0;
        while !fresh.is_empty() {
            let reads = fresh.drain(..TOGETHER.min(fresh.len())).collect();
            plans.put_new_reads(tenant, restore, attempt, part, &KeptReads { at: now, reads }).await?;
            part += 1;
        }
        Ok(())
    }

    /// A live object as an earlier invocation read it; none where none did.
    ///
    /// # Errors
    /// `Corrupt` where what was kept names an unknown link.
    pub fn live(&self, kind: &Kind, key: &str, links: &[&'static LinkType]) -> Result<Option<Known<Held>>> {
        let Some(found) = self.live.get(&live_at(kind, key, links)) else { return Ok(None) };
        Ok(Some(Known(found.as_ref().map(|kept| held(kind, kept)).transpose()?)))
    }

    /// Notes a live object, as it was read now.
    pub fn note_live(&self, kind: &Kind, key: &str, links: &[&'static LinkType], found: Option<&Held>) {
        let (kind, key, links) = live_at(kind, key, links);
        self.fresh().push(KeptRead::Live { kind, key, links, found: found.map(kept) });
    }

    /// What the undone restore kept of a step, as an earlier invocation read it; none where none did.
    pub fn before(&self, step: u32) -> Option<Known<Before>> {
        self.before.get(&step).cloned().map(Known)
    }

    /// Notes what the undone restore kept of a step.
    pub fn note_before(&self, step: u32, kept: Option<&Before>) {
        self.fresh().push(KeptRead::Before { step, kept: kept.cloned() });
    }

    fn fresh(&self) -> MutexGuard<'_, Vec<KeptRead>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

fn held(kind: &Kind, kept: &Before) -> Result<Held> {
    let link = |kept: &BeforeLink| {
        Ok(HeldLink { link: kinds::link(&kept.link)?, to: kept.to.clone(), value: kept.value.clone() })
    };
    Ok(Held {
        object: kept.object.clone().unwrap_or_default(),
        links: kept.links.iter().map(link).collect::<Result<_>>()?,
        unknown: parts(kind).filter(|part| kept.unknown.contains(*part)).collect(),
    })
}
