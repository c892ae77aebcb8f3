//! Which comparisons tell what changed in one tenant since a time, and what none of them tells. It follows from rows alone: a
//! tenant in which nothing of what is asked for changed costs no blob.

use super::AskedAcross;
use domain::changes::Chosen;
use domain::{Result, SnapshotId, TenantId, Timestamp};
use engine::ports::Page;
use engine::records::{
    Diff, HeldEarlier, JobState, Newest, NotCovered, Record, Records, Side, Snapshot, Tenant,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many comparisons of one tenant are looked at: three months of one an hour.
const MOST_COMPARISONS: usize = 2_200;
/// Rows of a page.
const ROWS: usize = 100;
/// How many parts that were not compared are named.
const MOST_NAMED: usize = 40;
/// What a comparison says of a property of all objects at once: that is told, as a line.
const TOLD_AS_LINES: [&str; 2] = ["came-everywhere", "gone-everywhere"];

/// What is known of one tenant since the time that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Standing {
    /// All that changed between then and the newest snapshot is compared.
    Complete,
    /// Some of it is: `notCompared` says what is not, and `authorNotKnown` of how many changes it is not known who made them,
    /// where that is asked.
    Partly,
    /// There is no snapshot since then: `cause` says why.
    NotHeld,
    /// It could not be looked at: `cause` says why.
    NotReachable,
    /// The caller may not compare there: `cause` says why.
    NotAllowed,
}

/// Why nothing is known of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Unknown {
    /// The organisation has no tenant yet.
    NotConnected,
    /// No snapshot was sealed since then.
    NoSnapshotSince,
    /// The tenant does not let the application in, and no snapshot was sealed since then.
    Refused,
    /// What is held of it could not be read just now: ask again.
    Unreadable,
    /// Comparing is switched off for the organisation, or its own people may not sign in now.
    SwitchedOff,
}

/// Why a part of the time, or of the tenant, is compared by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Uncompared {
    /// The comparison is asked for, and not done yet.
    UnderWay,
    /// The comparison failed, and no later one begins before it.
    Failed,
    /// There is no such comparison.
    Missing,
    /// The first snapshot is younger: what was before is not held.
    BeginsLater,
    /// There are more comparisons since then than are looked at.
    TooMany,
    /// One of the two snapshots does not hold this part.
    NotHeld,
}

/// A stretch of time, or a part of the tenant in one, that no comparison tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotTold {
    /// The kind, or part of one; null where it is everything.
    pub source: Option<String>,
    /// Why it is not told.
    pub cause: Uncompared,
    /// The snapshot with which the stretch begins; null where it begins before the first.
    pub before: Option<SnapshotId>,
    /// The snapshot with which it ends.
    pub after: SnapshotId,
}

/// The newest snapshot that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AsOf {
    /// Its id.
    pub snapshot: SnapshotId,
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

/// What is known of one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// How far it was answered, in a word.
    pub standing: Standing,
    /// Why nothing is known, where nothing is.
    pub cause: Option<Unknown>,
    /// The newest snapshot; none before the first.
    pub as_of: Option<AsOf>,
    /// What no comparison tells, up to 40 of them.
    pub not_compared: Vec<NotTold>,
    /// How many more there are.
    pub more_not_compared: u64,
    /// Where somebody's changes are asked for: of how many others it is not known who made them.
    pub author_not_known: u64,
}

impl Account {
    /// That nothing is known, and why.
    pub fn unknown(standing: Standing, cause: Unknown) -> Self {
        Self {
            standing,
            cause: Some(cause),
            as_of: None,
            not_compared: Vec::new(),
            more_not_compared: 0,
            author_not_known: 0,
        }
    }

    /// The same, where of so many changes nobody knows whether they are meant.
    pub(super) fn lacking(self, author_not_known: u64) -> Self {
        let is_partly = author_not_known > 0 && self.standing == Standing::Complete;
        let standing = if is_partly { Standing::Partly } else { self.standing };
        Self { standing, author_not_known, ..self }
    }
}

/// What rows say of one tenant.
pub(super) struct Survey {
    pub account: Account,
    /// The comparisons that may have what is asked for, the oldest first.
    pub tells: Vec<Diff>,
}

impl Survey {
    /// That is all there is to say.
    pub(super) fn only(account: Account) -> Self {
        Self { account, tells: Vec::new() }
    }

    fn nothing(standing: Standing, cause: Unknown, as_of: Option<AsOf>) -> Self {
        Self { account: Account { as_of, ..Account::unknown(standing, cause) }, tells: Vec::new() }
    }

    pub(super) async fn of(
        records: &Records,
        tenant: &TenantId,
        row: Option<&Tenant>,
        asked: &AskedAcross,
    ) -> Result<Self> {
        let Some(row) = row else { return Ok(Self::nothing(Standing::NotHeld, Unknown::NotConnected, None)) };
        let as_of = newest(records, row).await?;
        let Some(as_of) = as_of.clone().filter(|newest| newest.sealed_at > asked.since) else {
            let (standing, cause) = match row.refused {
                Some(_) => (Standing::NotReachable, Unknown::Refused),
                None => (Standing::NotHeld, Unknown::NoSnapshotSince),
            };
            return Ok(Self::nothing(standing, cause, as_of));
        };
        let mut chain = Chain::new(&as_of.snapshot);
        chain.walk(records, tenant, asked.since).await?;
        let mut not_compared = std::mem::take(&mut chain.gaps);
        not_compared.extend(untold(&chain.tells, &asked.chosen));
        let more = not_compared.len().saturating_sub(MOST_NAMED);
        not_compared.truncate(MOST_NAMED);
        let standing = if not_compared.is_empty() { Standing::Complete } else { Standing::Partly };
        let mut tells: Vec<Diff> =
            chain.tells.into_iter().filter(|diff| diff.may_have(&asked.chosen)).collect();
        tells.reverse();
        let account = Account {
            standing,
            cause: None,
            as_of: Some(as_of),
            not_compared,
            more_not_compared: more as u64,
            author_not_known: 0,
        };
        Ok(Self { account, tells })
    }
}

async fn newest(records: &Records, row: &Tenant) -> Result<Option<AsOf>> {
    let Some(snapshot) = row.last_sealed.clone() else { return Ok(None) };
    let mut newest = row.newest.clone();
    if newest.is_none() {
        // Rows of earlier releases do not say it.
        let found = records.find(&Snapshot::at(&row.tenant, &snapshot)).await?;
        newest = found.and_then(|found| Newest::of_row(&found.value));
    }
    Ok(newest.map(|newest| AsOf { snapshot, sealed_at: newest.sealed_at }))
}

/// The comparisons that follow each snapshot, one after the other, going back from the newest.
pub(super) struct Chain {
    /// Up to which snapshot, going back, all is told.
    need: SnapshotId,
    /// Why the comparisons that were passed over since tell nothing.
    passed: Option<Uncompared>,
    /// Those that are done, the newest first.
    pub tells: Vec<Diff>,
    pub gaps: Vec<NotTold>,
}

impl Chain {
    pub(super) fn new(newest: &SnapshotId) -> Self {
        Self { need: newest.clone(), passed: None, tells: Vec::new(), gaps: Vec::new() }
    }

    async fn walk(&mut self, records: &Records, tenant: &TenantId, since: Timestamp) -> Result<()> {
        let (mut after, mut looked_at) = (None, 0);
        loop {
            let page = Page { after, limit: ROWS, descending: true };
            let (rows, next) = records.list(&Diff::all(tenant), page).await?;
            looked_at += rows.len();
            for row in rows {
                if self.take(row.value, since) {
                    return Ok(());
                }
            }
            if next.is_none() {
                break;
            }
            if looked_at >= MOST_COMPARISONS {
                self.gap(None, Uncompared::TooMany);
                return Ok(());
            }
            after = next;
        }
        // Nothing older is compared, and nothing has to be where what it begins with is older than the question.
        let first = records.find(&Snapshot::at(tenant, &self.need)).await?;
        let is_older = first.and_then(|first| first.value.sealed_at).is_some_and(|at| at <= since);
        if !is_older {
            let cause = self.passed.take().unwrap_or(Uncompared::BeginsLater);
            self.gap(None, cause);
        }
        Ok(())
    }

    /// Takes in the next older comparison; says whether those before it are older than the question.
    pub(super) fn take(&mut self, diff: Diff, since: Timestamp) -> bool {
        let Side::Snapshot(to) = &diff.after else { return false };
        // Those that people asked for, and those that a later one took the place of, tell nothing new.
        if !diff.announce || *to > self.need {
            return false;
        }
        match diff.state {
            JobState::Done => {}
            JobState::Failed => {
                self.passed = Some(Uncompared::Failed);
                return false;
            }
            JobState::Queued | JobState::Running => {
                self.passed = Some(Uncompared::UnderWay);
                return false;
            }
        }
        let passed = self.passed.take();
        if *to < self.need {
            self.gap(Some(to.clone()), passed.unwrap_or(Uncompared::Missing));
        }
        // Its later side was sealed before it was compared.
        if diff.done_at.is_some_and(|at| at <= since) {
            return true;
        }
        self.need = diff.before.clone();
        self.tells.push(diff);
        false
    }

    fn gap(&mut self, before: Option<SnapshotId>, cause: Uncompared) {
        self.gaps.push(NotTold { source: None, cause, before, after: self.need.clone() });
    }
}

/// What the comparisons, the newest first, could not compare and no later one made up for: each part once, with the stretch.
pub(super) fn untold(tells: &[Diff], chosen: &Chosen) -> Vec<NotTold> {
    let mut made_up: Vec<&HeldEarlier> = Vec::new();
    let mut parts: BTreeMap<&str, NotTold> = BTreeMap::new();
    for (diff, after) in tells.iter().filter_map(|diff| Some((diff, later_side(diff)?))) {
        for lack in diff.not_compared.iter().filter(|lack| matters(lack, chosen)) {
            let is_made_up =
                made_up.iter().any(|held| held.source == lack.source && held.snapshot <= diff.before);
            if is_made_up {
                continue;
            }
            let part = parts.entry(&lack.source).or_insert_with(|| NotTold {
                source: Some(lack.source.clone()),
                cause: Uncompared::NotHeld,
                before: None,
                after: after.clone(),
            });
            part.before = Some(diff.before.clone());
        }
        made_up.extend(&diff.span.held_earlier);
    }
    parts.into_values().collect()
}

fn later_side(diff: &Diff) -> Option<&SnapshotId> {
    match &diff.after {
        Side::Snapshot(after) => Some(after),
        Side::Live => None,
    }
}

/// Whether changes that are asked for may be among what was not compared.
fn matters(lack: &NotCovered, chosen: &Chosen) -> bool {
    let of = lack.source.split(['.', '/']).next().unwrap_or_default();
    let is_of_kind = match domain::kinds::get(of) {
        Ok(kind) => chosen.may_have_kind(&kind.name.into()),
        Err(_) => chosen.kind.is_none(),
    };
    is_of_kind && !TOLD_AS_LINES.contains(&lack.cause.as_str())
}
