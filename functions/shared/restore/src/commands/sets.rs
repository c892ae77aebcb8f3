//! Restore sets: one change taken back in several tenants. A restore of its own is previewed in each, under the rules of its
//! organisation; they are run in waves, and none after one that failed.
//!
//! Nothing begins by itself: whoever runs a set begins one wave. Which restores are in it follows from how they all stand, so a
//! wave that was cut off is gone on with, and one that is under way is not begun twice.

use super::restores::{Named, NewRestore, RestoreFrom, Restores, Why};
use backup::commands::slots::Asker;
use domain::organisations::ApprovalRule;
use domain::restore::{AttributeMode, LinkMode, Selection};
use domain::who::ChangeFilter;
use domain::{
    DiffId, Error, ErrorKind, OrganisationId, PartnerId, RestoreId, RestoreSetId, Result, TenantId,
};
use engine::Listed;
use engine::ports::Page;
use engine::records::{
    Found, InSet, OrganisationPlace, Partner, Record, Restore, RestoreSet, RestoreState, SetMember, put_new,
    replace,
};
use futures::{FutureExt, StreamExt, stream, try_join};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many restores of a set are asked for at the same time.
const AT_ONCE: usize = 8;

/// A set that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRestoreSet {
    /// The tenants, each with the comparison among whose changes it is, in the order in which they are run.
    pub members: Vec<(OrganisationId, TenantId, DiffId)>,
    /// Which changes are taken back.
    pub filter: ChangeFilter,
    /// Whether objects that came are deleted.
    pub delete_created: bool,
    /// How many restores are run in one wave.
    pub wave: usize,
    /// What it is for.
    pub why: Why,
}

/// How one tenant of a set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MemberState {
    /// Its preview could not be asked for, or was not yet.
    NotPreviewed,
    /// Its preview is being made.
    Previewing,
    /// It can be run.
    Previewed,
    /// Its preview is too old: it has to be made again.
    Expired,
    /// It is to be run and waits for somebody else to approve it, or is being run.
    UnderWay,
    /// All of it is done.
    Done,
    /// Its preview, or a step of it, failed; or it was stopped.
    Failed,
    /// Its organisation is another partner's by now: what becomes of it there says nothing of the set.
    Gone,
}

/// One tenant of a set, with its restore.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The tenant.
    pub member: SetMember,
    /// How it stands.
    pub state: MemberState,
    /// Its restore; none while there is none.
    pub restore: Option<Restore>,
}

/// What whoever runs a set may do in one tenant.
pub type Runners = BTreeMap<OrganisationId, (TenantId, Asker, ApprovalRule)>;

impl Restores {
    /// Makes a set; its previews are asked for by [`Self::preview_set`].
    ///
    /// # Errors
    /// `Invalid`, naming the field: no tenant, too many or one twice, a filter that is none, a wave of nobody.
    pub async fn create_set(
        &self,
        partner: &PartnerId,
        asker: &Asker,
        new: NewRestoreSet,
    ) -> Result<Found<RestoreSet>> {
        new.check()?;
        let NewRestoreSet { members, filter, delete_created, wave, why } = new;
        let member = |(organisation, tenant, comparison)| SetMember {
            organisation,
            tenant,
            comparison,
            restore: None,
            former: None,
            refused: None,
        };
        let set = RestoreSet {
            id: RestoreSetId::from_ulid(&self.ids.ulid()),
            partner: partner.clone(),
            filter,
            delete_created,
            wave,
            reason: why.reason,
            ticket: why.ticket,
            requested_by: asker.name.clone(),
            requested_at: self.clock.now(),
            members: members.into_iter().map(member).collect(),
        };
        self.records.write(vec![put_new(&set)?]).await?;
        Ok(Found { value: set, version: 1 })
    }

    /// One set of a partner.
    ///
    /// # Errors
    /// `NotFound` when there is none of that id.
    pub async fn get_set(&self, partner: &PartnerId, id: &RestoreSetId) -> Result<Found<RestoreSet>> {
        self.records.get(&RestoreSet::at(partner, id)).await
    }

    /// The sets of a partner, the newest first.
    ///
    /// # Errors
    /// Those of the catalog.
    pub async fn list_sets(&self, partner: &PartnerId, page: Page) -> Result<Listed<RestoreSet>> {
        let page = Page { descending: true, ..page };
        let (rows, next) = self.records.list(&RestoreSet::all(partner), page).await?;
        Ok(Listed { items: rows.into_iter().map(|row| row.value).collect(), next })
    }

    /// How each tenant of a set stands.
    ///
    /// # Errors
    /// Those of the catalog.
    pub async fn lines(&self, set: &RestoreSet) -> Result<Vec<Line>> {
        let named = set.members.iter().filter_map(|of| Some((of, of.restore.as_ref()?)));
        let at: Vec<_> = named.map(|(of, restore)| Restore::at(&of.tenant, restore)).collect();
        let (rows, ours) = try_join!(self.records.find_each(&at), self.still_of(set))?;
        let (mut rows, now) = (rows.into_iter(), self.clock.now());
        let lines = set.members.iter().map(|member| {
            let found = member.restore.as_ref().and_then(|_| rows.next().flatten()).transpose()?;
            let is_ours = ours.contains(&member.organisation);
            let restore = found.map(|found| found.value).filter(|_| is_ours);
            let state = match &restore {
                _ if !is_ours => MemberState::Gone,
                Some(row) => state_of(row, now),
                None => MemberState::NotPreviewed,
            };
            Ok(Line { member: member.clone(), state, restore })
        });
        lines.collect()
    }

    /// The organisations of a set that its partner still has, or one below it.
    async fn still_of(&self, set: &RestoreSet) -> Result<BTreeSet<OrganisationId>> {
        let at: Vec<_> = set.members.iter().map(|of| OrganisationPlace::at(&of.organisation)).collect();
        let places = self.records.find_each(&at).await?.into_iter().flatten();
        let places: Vec<OrganisationPlace> = places.map(|place| Ok(place?.value)).collect::<Result<_>>()?;
        let partners: BTreeSet<&PartnerId> = places.iter().map(|place| &place.partner).collect();
        let at: Vec<_> = partners.into_iter().map(Partner::at).collect();
        let partners = if at.is_empty() { Vec::new() } else { self.records.find_each(&at).await? };
        let partners = partners.into_iter().flatten().map(|found| Ok(found?.value));
        let partners: Vec<Partner> = partners.collect::<Result<_>>()?;
        let sees = |of: &PartnerId| partners.iter().any(|one| one.id == *of && one.is_seen_by(&set.partner));
        let ours = places.into_iter().filter(|place| sees(&place.partner));
        Ok(ours.map(|place| place.organisation).collect())
    }

    /// Checks that no other restore has failed of the set that this one is of, wherever it is run or approved from.
    ///
    /// # Errors
    /// `Conflict`, naming the set.
    pub(super) async fn check_set(&self, row: &Restore) -> Result<()> {
        let Some(of) = &row.set else { return Ok(()) };
        let found = self.records.find(&RestoreSet::at(&of.partner, &of.set)).await?;
        let Some(Found { value: set, .. }) = found else { return Ok(()) };
        if self.lines(&set).await?.iter().any(|line| line.state == MemberState::Failed) {
            let why = format!("a restore of the set {} has failed: no other of it is begun", set.id);
            return Err(Error::conflict(why));
        }
        Ok(())
    }

    /// Asks for the previews that there are not yet, or that are too old, of the tenants in which whoever asks may; why one could
    /// not be asked for stands in its line.
    ///
    /// # Errors
    /// `Conflict` where somebody else changes the set at this moment.
    pub async fn preview_set(
        &self,
        set: Found<RestoreSet>,
        askers: &BTreeMap<OrganisationId, Asker>,
    ) -> Result<RestoreSet> {
        let Found { value: mut set, version } = set;
        let lines = self.lines(&set).await?;
        let is_wanted = |line: &Line| {
            matches!(line.state, MemberState::NotPreviewed | MemberState::Expired)
                && askers.contains_key(&line.member.organisation)
        };
        let wanted: BTreeSet<OrganisationId> = lines
            .iter()
            .filter(|line| is_wanted(line))
            .map(|line| line.member.organisation.clone())
            .collect();
        for (member, line) in set.members.iter_mut().zip(&lines).filter(|(_, line)| is_wanted(line)) {
            if line.state == MemberState::Expired {
                member.former = member.restore.take();
            }
            // Why before they are made: whoever tries again, or at the same time, makes no others.
            member.restore.get_or_insert_with(|| RestoreId::from_ulid(&self.ids.ulid()));
            member.refused = None;
        }
        self.records.write(vec![replace(&set, version)?]).await?;
        let asked = set.members.iter().filter(|member| wanted.contains(&member.organisation));
        let asked = asked.filter_map(|member| {
            let asker = askers.get(&member.organisation)?.clone();
            let (id, again_of) = (member.restore.clone(), member.former.clone());
            let of = InSet { partner: set.partner.clone(), set: set.id.clone() };
            let named = Named { id, again_of, set: Some(Box::new(of)) };
            let made = self.create(&member.tenant, asker, of_member(&set, member), named);
            Some(async move { Some((member.organisation.clone(), made.await.err()?)) }.boxed())
        });
        let asked: Vec<_> = asked.collect();
        let refused: Vec<Option<(OrganisationId, Error)>> =
            stream::iter(asked).buffered(AT_ONCE).collect().await;
        let refused: BTreeMap<OrganisationId, Error> = refused.into_iter().flatten().collect();
        if refused.is_empty() {
            return Ok(set);
        }
        for member in &mut set.members {
            if let Some(error) = refused.get(&member.organisation) {
                member.refused = Some(error.summary().into());
            }
        }
        match self.records.write(vec![replace(&set, version + 1)?]).await {
            // Somebody asks once more just now, and writes what becomes of that.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(set),
            written => written.map(|()| set),
        }
    }

    /// Begins the next wave: restores that can be run, so many, in the order of the set. What could not be run is told by
    /// organisation, and is in the next wave again.
    ///
    /// # Errors
    /// `Conflict` while a wave or a preview is under way, once a restore of the set has failed, and when nothing is left to be run.
    pub async fn run_wave(
        &self,
        set: &RestoreSet,
        runners: &Runners,
    ) -> Result<BTreeMap<OrganisationId, Error>> {
        let lines = self.lines(set).await?;
        let has = |state: MemberState| lines.iter().any(|line| line.state == state);
        if has(MemberState::Failed) {
            return Err(Error::conflict("a restore of the set has failed: no other is begun by it"));
        }
        if has(MemberState::UnderWay) {
            return Err(Error::conflict("a wave is under way: wait until it is done"));
        }
        if has(MemberState::Previewing) {
            return Err(Error::conflict("previews are still being made"));
        }
        let ready = lines.into_iter().filter(|line| line.state == MemberState::Previewed);
        let ready: Vec<_> = ready
            .filter_map(|line| {
                let runner = runners.get(&line.member.organisation)?;
                (runner.0 == line.member.tenant).then_some((line.member, runner))
            })
            .collect();
        if ready.is_empty() {
            return Err(Error::conflict(
                "nothing is left to be run: previews that are too old are made again first",
            ));
        }
        let (mut ready, mut begun, mut refused) = (ready.into_iter(), 0, BTreeMap::new());
        // One that cannot be run keeps none behind it from being run.
        while begun < set.wave {
            let next = ready.by_ref().take(set.wave - begun);
            let runs = next.map(|(member, (tenant, asker, rule))| {
                async move {
                    let Some(restore) = &member.restore else { return (member.organisation, Ok(())) };
                    let ran = self.run(tenant, asker.clone(), *rule, restore).await;
                    (member.organisation, ran.map(drop))
                }
                .boxed()
            });
            let runs: Vec<_> = runs.collect();
            if runs.is_empty() {
                break;
            }
            let ran: Vec<(OrganisationId, Result<()>)> = stream::iter(runs).buffered(AT_ONCE).collect().await;
            for (organisation, ran) in ran {
                match ran {
                    Ok(()) => begun += 1,
                    Err(error) => drop(refused.insert(organisation, error)),
                }
            }
        }
        if begun == 0
            && let Some((_, error)) = refused.pop_first()
        {
            return Err(error);
        }
        Ok(refused)
    }
}

/// What takes the change back in one tenant.
fn of_member(set: &RestoreSet, member: &SetMember) -> NewRestore {
    let from = RestoreFrom::Filtered(member.comparison.clone(), Box::new(set.filter.clone()));
    let selection = Selection {
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: set.delete_created,
        ..Selection::default()
    };
    let why = Why { reason: set.reason.clone(), ticket: set.ticket.clone() };
    NewRestore { from, selection, why }
}

impl NewRestoreSet {
    fn check(&self) -> Result<()> {
        let wrong = |field: String, why: String| Err(Error::invalid_field(field, why));
        self.filter.check()?;
        self.why.check()?;
        let most = RestoreSet::MOST_MEMBERS;
        if self.members.is_empty() || self.members.len() > most {
            return wrong("tenants".to_owned(), format!("1 to {most} tenants are named"));
        }
        if self.wave == 0 || self.wave > most {
            return wrong("wave".to_owned(), format!("is 1 to {most}"));
        }
        for (number, (_, tenant, _)) in self.members.iter().enumerate() {
            if self.members[..number].iter().any(|(_, other, _)| other == tenant) {
                return wrong(format!("tenants[{number}].organisation"), "is named twice".to_owned());
            }
        }
        Ok(())
    }
}

fn state_of(row: &Restore, now: domain::Timestamp) -> MemberState {
    match row.state {
        RestoreState::Previewing => MemberState::Previewing,
        RestoreState::Queued | RestoreState::Running => MemberState::UnderWay,
        RestoreState::Previewed if row.valid_until().is_some_and(|until| until < now) => MemberState::Expired,
        RestoreState::Previewed if row.waits_for_approval() => MemberState::UnderWay,
        RestoreState::Previewed => MemberState::Previewed,
        RestoreState::Done if row.is_complete() == Some(true) => MemberState::Done,
        _ => MemberState::Failed,
    }
}
