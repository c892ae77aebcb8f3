//! One question over many tenants: what changed since a time, of what is asked for, tenant by tenant in the order in which they are
//! asked.
//!
//! What a tenant's rows count decides whether a blob of it is read at all. Each tenant is accounted for: what is known of it, as
//! of which snapshot, what is not compared, or why nothing is known. What does not fit into one answer, by number, bytes or time,
//! comes with the next: a mark says where that begins. A tenant that cannot be read costs none of the others.

mod mark;
mod survey;

pub use mark::Mark;
pub use survey::{Account, AsOf, NotTold, Standing, Uncompared, Unknown};

use super::changes::{AskedChanges, ChangeOrder, Place, Walk};
use super::diffs::Diffs;
use super::marks::ExpectedChanges;
use super::search::bound_to;
use super::who::{Authored, authored};
use crate::archive::TenantArchive;
use domain::changes::Chosen;
use domain::{DiffId, Error, ErrorKind, OrganisationId, PartnerId, Result, SnapshotId, TenantId, Timestamp};
use engine::records::{Diff, Found, Records, Side, Snapshot, Tenant};
use futures::{FutureExt, StreamExt, stream};
use jiff::SignedDuration;
use mark::At;
use std::collections::{BTreeMap, BTreeSet};
use survey::Survey;

/// How many tenants are asked at the same time what their rows say,
const TENANTS_AT_ONCE: usize = 64;
/// and of how many changes are read. Why fewer: each may hold [`PART_BYTES`] and a page.
const READ_AT_ONCE: usize = 24;
/// How many bytes of JSON the changes of one tenant have in one answer, about,
const PART_BYTES: usize = 512 << 10;
/// and how many an answer has.
const MOST_BYTES: usize = 2 << 20;
/// For how long one answer is worked on.
const PATIENCE: SignedDuration = SignedDuration::from_secs(18);
/// What the line of an organisation is counted as, besides what was not compared of it.
const LINE_BYTES: usize = 300;

/// What is asked of each tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedAcross {
    /// From when on changes are wanted.
    pub since: Timestamp,
    /// Which of the changes since then are wanted.
    pub chosen: Chosen,
    /// Only those that this person, application or restore made or may have made.
    pub actor: Option<String>,
}

impl AskedAcross {
    /// What cursors are bound to: the question, and the partner whose tenants are asked.
    pub fn bound(&self, partner: &PartnerId) -> String {
        bound_to([partner.as_str(), &format!("{self:?}")])
    }
}

/// A tenant that is asked, by the organisation that has it; or why it is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The organisation as the partner knows it.
    pub organisation: OrganisationId,
    /// Its tenant, or what is to be said instead.
    pub tenant: Result<TenantId, Account>,
}

/// A change that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundChange {
    /// The organisation in whose tenant it happened.
    pub organisation: OrganisationId,
    /// The comparison that tells it.
    pub comparison: DiffId,
    /// It happened after the earlier snapshot was asked for; none where that is no more.
    pub from: Option<Timestamp>,
    /// It happened before the later snapshot was sealed; none where that is no more.
    pub until: Option<Timestamp>,
    /// What changed, and who did it.
    pub authored: Authored,
}

/// What one answer has so far.
pub struct Gathered {
    /// What was found, organisation by organisation, what happened first coming first.
    pub items: Vec<FoundChange>,
    /// What is to be said of each organisation that is done with.
    pub accounts: Vec<(OrganisationId, Account)>,
    limit: usize,
    bytes: usize,
    until: Timestamp,
}

impl Gathered {
    /// Nothing yet; it takes so many changes, from now on.
    pub fn of(limit: usize, now: Timestamp) -> Self {
        Self { items: Vec::new(), accounts: Vec::new(), limit, bytes: 0, until: now + PATIENCE }
    }

    /// Whether the rest comes with the next answer.
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.items.len() >= self.limit || self.bytes >= MOST_BYTES || now >= self.until
    }

    fn account(&mut self, organisation: OrganisationId, account: Account) {
        self.bytes += LINE_BYTES + account.not_compared.len() * LINE_BYTES / 2;
        self.accounts.push((organisation, account));
    }
}

/// What one answer has of one tenant.
#[derive(Default)]
struct Part {
    /// What was found, each with the place behind it.
    items: Vec<(FoundChange, At)>,
    /// Where the rest begins.
    rest: Option<At>,
    bytes: usize,
    /// Of how many changes nobody knows whether they are the actor's, those of earlier answers included.
    not_known: u64,
    /// How often pages were read.
    steps: usize,
}

impl Diffs {
    /// Asks the tenants, from the mark on where it is in one of them, and adds what is found and what is known of each; gives
    /// the mark at which the next answer begins, where this one is full.
    ///
    /// # Errors
    /// `Invalid`, naming `cursor`, where the mark is at no place of a comparison; those of the catalog that concern all tenants.
    pub async fn across(
        &self,
        asked: &AskedAcross,
        subjects: &[Subject],
        from: Option<&Mark>,
        gathered: &mut Gathered,
    ) -> Result<Option<Mark>> {
        let rows = tenants(&self.records, subjects).await?;
        let surveys: Vec<_> =
            subjects.iter().map(|subject| self.survey(asked, subject, &rows).boxed()).collect();
        let surveys: Vec<Survey> = stream::iter(surveys).buffered(TENANTS_AT_ONCE).collect().await;
        let bounds = (gathered.limit.saturating_sub(gathered.items.len()), gathered.until);
        let reads = subjects.iter().zip(&surveys).map(|(subject, survey)| {
            let begin = from.filter(|mark| mark.organisation == subject.organisation);
            self.read(asked, subject, survey, begin.and_then(|mark| mark.at.clone()), bounds).boxed()
        });
        let is_resumed = |subject: &Subject| {
            from.is_some_and(|mark| !mark.is_behind() && mark.organisation == subject.organisation)
        };
        let mut reads = stream::iter(reads.collect::<Vec<_>>()).buffered(READ_AT_ONCE);
        for (subject, survey) in subjects.iter().zip(&surveys) {
            let Some(part) = reads.next().await else { break };
            let organisation = subject.organisation.clone();
            match part {
                Ok(part) => {
                    let not_known = part.not_known;
                    if let Some(rest) = gathered.take(part) {
                        return Ok(Some(Mark { organisation, at: Some(rest) }));
                    }
                    gathered.account(organisation.clone(), survey.account.clone().lacking(not_known));
                }
                // A cursor that is wrong is the caller's; all else concerns this tenant alone.
                Err(error) if error.kind() == ErrorKind::Invalid && is_resumed(subject) => return Err(error),
                Err(error) => gathered.account(organisation.clone(), unreadable(&error)),
            }
            if gathered.is_full(self.clock.now()) {
                return Ok(Some(Mark::behind(organisation)));
            }
        }
        Ok(None)
    }

    /// What rows say of a tenant.
    async fn survey(&self, asked: &AskedAcross, subject: &Subject, rows: &Rows) -> Survey {
        let tenant = match &subject.tenant {
            Ok(tenant) => tenant,
            Err(account) => return Survey::only(account.clone()),
        };
        let row = match rows.get(tenant) {
            Some(Err(error)) => return Survey::only(unreadable(error)),
            // Why asked of the tenant's row: for a moment of a transfer two organisations may name one tenant.
            Some(Ok(row)) => Some(row).filter(|row| row.organisation == subject.organisation),
            None => None,
        };
        match Survey::of(&self.records, tenant, row, asked).await {
            Ok(survey) => survey,
            Err(error) => Survey::only(unreadable(&error)),
        }
    }

    /// What is found in a tenant, from that place on: so many changes at the most, until then.
    async fn read(
        &self,
        asked: &AskedAcross,
        subject: &Subject,
        survey: &Survey,
        begin: Option<At>,
        bounds: (usize, Timestamp),
    ) -> Result<Part> {
        let not_known = begin.as_ref().map_or(0, |at| at.not_known);
        let mut part = Part { not_known, ..Part::default() };
        let Ok(tenant) = &subject.tenant else { return Ok(part) };
        let first = begin.as_ref().map_or(0, |at| survey.tells.partition_point(|diff| diff.id < at.diff));
        let tells = &survey.tells[first..];
        if tells.is_empty() {
            return Ok(part);
        }
        let archive = self.archive.open(tenant).await?;
        let times = Times::of(&self.records, tenant, tells).await?;
        let wanted = AskedChanges { chosen: asked.chosen.clone(), ..AskedChanges::default() };
        for diff in tells.iter().filter(|diff| times.until(diff).is_none_or(|until| until > asked.since)) {
            let place = begin.as_ref().filter(|at| at.diff == diff.id).map(|at| at.place.clone());
            let place = place.unwrap_or_else(|| Place::begin(ChangeOrder::Key));
            let reading = Reading { asked, wanted: &wanted, subject, archive: &archive, diff, times: &times };
            self.read_one(&reading, place, bounds, &mut part).await?;
            if part.rest.is_some() {
                break;
            }
        }
        Ok(part)
    }

    /// What one comparison has of it.
    async fn read_one(
        &self,
        reading: &Reading<'_>,
        begin: Place,
        (limit, until): (usize, Timestamp),
        part: &mut Part,
    ) -> Result<()> {
        let Reading { asked, diff, archive, .. } = *reading;
        let none_marked = ExpectedChanges::default();
        let walk = Walk::open(archive, diff, reading.wanted, &none_marked).await?;
        let actor = asked.actor.as_deref();
        let (mut authors, mut at) = (None, Some(begin));
        while let Some(place) = at {
            // Why never before the first: each answer must get further, however little may be read.
            let is_full = part.items.len() >= limit || part.bytes >= PART_BYTES;
            if is_full || part.steps > 0 && self.clock.now() >= until {
                part.rest = Some(part.at(diff, place));
                return Ok(());
            }
            part.steps += 1;
            let (found, next) = walk.take(place, limit - part.items.len()).await?;
            let (changes, places): (Vec<_>, Vec<_>) = found.into_iter().unzip();
            if authors.is_none() && !changes.is_empty() {
                authors = self.authors(archive.tenant(), diff).await?;
            }
            let joined = authored(authors.as_ref(), changes).await?.into_iter().zip(places);
            for (item, place) in joined {
                if let Some(actor) = actor
                    && !item.may_be_by(actor)
                {
                    part.not_known += u64::from(!item.is_known());
                    continue;
                }
                part.bytes += bytes_of(&item);
                let behind = part.at(diff, place);
                part.items.push((reading.found(item), behind.clone()));
                if part.bytes >= PART_BYTES {
                    part.rest = Some(behind);
                    return Ok(());
                }
            }
            at = next;
        }
        Ok(())
    }
}

impl Part {
    /// That place, with what is known until there.
    fn at(&self, diff: &Diff, place: Place) -> At {
        At { diff: diff.id.clone(), place, not_known: self.not_known }
    }
}

impl Gathered {
    /// Takes in what was found in a tenant, which was read as if it came first; gives the place where the rest begins, if any
    /// is left.
    fn take(&mut self, part: Part) -> Option<At> {
        let Part { mut items, mut rest, bytes, .. } = part;
        let room = self.limit - self.items.len();
        if items.len() > room {
            items.truncate(room);
            rest = items.last().map(|(_, behind)| behind.clone());
        }
        self.bytes += bytes;
        self.items.extend(items.into_iter().map(|(item, _)| item));
        rest
    }
}

/// One comparison of one tenant, as it is read.
struct Reading<'a> {
    asked: &'a AskedAcross,
    wanted: &'a AskedChanges,
    subject: &'a Subject,
    archive: &'a TenantArchive,
    diff: &'a Diff,
    times: &'a Times,
}

impl Reading<'_> {
    fn found(&self, authored: Authored) -> FoundChange {
        FoundChange {
            organisation: self.subject.organisation.clone(),
            comparison: self.diff.id.clone(),
            from: self.times.from(self.diff),
            until: self.times.until(self.diff),
            authored,
        }
    }
}

/// When the sides of comparisons were read.
struct Times(BTreeMap<SnapshotId, Snapshot>);

impl Times {
    async fn of(records: &Records, tenant: &TenantId, tells: &[Diff]) -> Result<Self> {
        let sides = tells.iter().flat_map(|diff| match &diff.after {
            Side::Snapshot(after) => vec![&diff.before, after],
            Side::Live => vec![&diff.before],
        });
        let sides: BTreeSet<&SnapshotId> = sides.collect();
        let at: Vec<_> = sides.into_iter().map(|id| Snapshot::at(tenant, id)).collect();
        let mut known = BTreeMap::new();
        for row in records.find_each(&at).await?.into_iter().flatten() {
            let Found { value, .. } = row?;
            known.insert(value.id.clone(), value);
        }
        Ok(Self(known))
    }

    fn from(&self, diff: &Diff) -> Option<Timestamp> {
        self.0.get(&diff.before).map(|row| row.requested_at)
    }

    fn until(&self, diff: &Diff) -> Option<Timestamp> {
        let Side::Snapshot(after) = &diff.after else { return None };
        self.0.get(after)?.sealed_at
    }
}

/// The rows of tenants; of one that cannot be read, why.
type Rows = BTreeMap<TenantId, Result<Tenant>>;

async fn tenants(records: &Records, subjects: &[Subject]) -> Result<Rows> {
    let ids: BTreeSet<&TenantId> = subjects.iter().filter_map(|of| of.tenant.as_ref().ok()).collect();
    if ids.is_empty() {
        return Ok(Rows::new());
    }
    let at: Vec<_> = ids.iter().map(|id| Tenant::at(id)).collect();
    let rows = records.find_each(&at).await?;
    let named = ids.into_iter().zip(rows).filter_map(|(id, row)| Some((id.clone(), row?)));
    Ok(named.map(|(id, row)| (id, row.map(|found| found.value))).collect())
}

/// That a tenant could not be looked at. Why no word of the error: it may name what is stored.
fn unreadable(error: &Error) -> Account {
    tracing::warn!(kind = error.kind().name(), "a tenant is left out of an answer: it cannot be read");
    Account::unknown(Standing::NotReachable, Unknown::Unreadable)
}

fn bytes_of(item: &Authored) -> usize {
    let of_change = serde_json::to_vec(&item.change).map_or(PART_BYTES, |text| text.len());
    let of_author = item.who.as_ref().map(|who| serde_json::to_vec(who).map_or(0, |text| text.len()));
    of_change + of_author.unwrap_or(0) + LINE_BYTES
}

#[cfg(test)]
mod tests;
