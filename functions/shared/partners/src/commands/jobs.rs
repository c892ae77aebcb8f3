//! Work that people asked for in the organisations of a partner, newest first: snapshots, comparisons, restores, downloads.
//!
//! A row of the partner says where each piece is, and the tenant's own row how it stands. Nothing is looked for in a tenant: a
//! part costs as many rows as are in it, or were looked through for it, and a question for each hundred of them. What the
//! schedule starts by itself is not in it.

use super::{Caller, Gate, Member};
use domain::rights::{Action, Verdict, may};
use domain::{Error, OrganisationId, PartnerId, Result, Timestamp};
use engine::ports::{Page, list_cursor};
use engine::records::{
    AskedWork, At, Diff, Download, Found, JobEntry, JobState, Organisation, Record, Records, Restore,
    RestoreState, Snapshot,
};
use std::collections::{BTreeMap, BTreeSet};

/// How many pieces of work are looked up together, however few are wanted.
const AT_ONCE: usize = 100;

/// What can be asked about the work of a partner.
#[derive(Clone)]
pub struct Jobs {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
}

/// How a piece of work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A job works on it, or will.
    Open,
    /// The preview of a restore is there, and nobody has run it, or it waits to be approved.
    Previewed,
    /// It came to its end as it was asked for.
    Done,
    /// It was given up.
    Failed,
    /// Somebody stopped it before its end.
    Cancelled,
    /// There is no row of it any more: a download that has ended.
    Ended,
}

/// Which work is wanted; what is absent restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The partner whose organisations are meant: the caller's, or one below it.
    pub partner: Option<PartnerId>,
    /// The one organisation that is meant.
    pub organisation: Option<OrganisationId>,
    /// The sort of work.
    pub work: Option<AskedWork>,
    /// Only work that stands so.
    pub standing: Option<Standing>,
    /// Who asked for it, as rows name them.
    pub requested_by: Option<String>,
    /// The earliest time at which it was asked for.
    pub since: Option<Timestamp>,
    /// The time before which it was asked for.
    pub until: Option<Timestamp>,
}

/// A piece of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Where it is, who asked for it and when.
    pub entry: JobEntry,
    /// What the organisation is called.
    pub name: String,
    /// How it stands; none where its row cannot be read.
    pub standing: Option<Standing>,
    /// When it came to its end, where its row says so.
    pub done_at: Option<Timestamp>,
}

/// A part of the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobPage {
    /// The work, newest first.
    pub items: Vec<Job>,
    /// Where to go on; none at the end.
    pub next: Option<String>,
    /// How many pieces of this part are left out, since their organisation is no longer the partner's, or is deleted.
    pub gone: u64,
    /// Whether everything that was looked through for this part could be read.
    pub is_complete: bool,
}

impl Jobs {
    /// What was asked for in the organisations of the caller's partner, or of one below it, newest first: of organisations
    /// that the caller sees, and of sorts that the caller may ask for itself. A part may have fewer than `page.limit` though
    /// more follow.
    ///
    /// # Errors
    /// `NotFound` for a partner that the caller does not see; `Denied` to end customers, and to whoever may ask for no such
    /// work; `Invalid` for a cursor of another list.
    pub async fn list(&self, caller: &Caller, wanted: &Wanted, page: Page) -> Result<JobPage> {
        let partner = self.gate.partner(caller, wanted.partner.as_ref(), Action::ReadPartner).await?.value.id;
        let member = caller.member()?;
        let may_see = |work: AskedWork| may(member.role, right(work)) == Verdict::Yes;
        if !SORTS.into_iter().any(|work| wanted.work.is_none_or(|wanted| wanted == work) && may_see(work)) {
            return Err(Error::denied(format!("the role {} asks for no such work", member.role.label())));
        }
        let is_wanted = |entry: &JobEntry| {
            may_see(entry.work)
                && member.sees(&entry.organisation)
                && wanted.organisation.as_ref().is_none_or(|id| entry.organisation == *id)
                && wanted.work.is_none_or(|work| entry.work == work)
                && wanted.requested_by.as_ref().is_none_or(|who| entry.requested_by == *who)
                && wanted.until.is_none_or(|until| entry.at < until)
        };
        let after = page.after.or_else(|| wanted.until.map(|at| JobEntry::cursor_at(&partner, at)));
        let records = &self.gate.records;
        let mut walk = records.walk(JobEntry::all(&partner), after, true);
        let mut found = JobPage { is_complete: true, ..JobPage::default() };
        let (mut is_read, mut is_too_old, most) = (false, false, page.limit.max(AT_ONCE));
        while found.items.len() < page.limit && !is_read && !is_too_old {
            let mut entries = Vec::new();
            while entries.len() < most {
                match walk.next().await?.map(|row| row.value) {
                    None => is_read = true,
                    Some(entry) if wanted.since.is_some_and(|since| entry.at < since) => is_too_old = true,
                    Some(entry) => entries.extend(Some(entry).filter(&is_wanted)),
                }
                if is_read || is_too_old {
                    break;
                }
            }
            let of = Of { partner: &partner, member, standing: wanted.standing, limit: page.limit };
            if let Some(last) = self.add(&mut found, &of, entries).await? {
                found.next = Some(list_cursor(last.scope(), last.key()));
                return Ok(found);
            }
        }
        found.next = walk.rest().filter(|_| !is_too_old);
        Ok(found)
    }

    /// Adds these pieces of work, as far as they stand as is wanted; gives the last one that was looked at, where no more fit in
    /// before the end.
    async fn add(
        &self,
        found: &mut JobPage,
        of: &Of<'_>,
        entries: Vec<JobEntry>,
    ) -> Result<Option<At<JobEntry>>> {
        let records = &self.gate.records;
        let ids: BTreeSet<_> = entries.iter().map(|entry| &entry.organisation).collect();
        let at: Vec<_> = ids.into_iter().map(|id| Organisation::at(of.partner, id)).collect();
        let mut organisations = BTreeMap::new();
        for row in records.find_each(&at).await?.into_iter().flatten() {
            match row {
                Ok(row) => drop(organisations.insert(row.value.id.clone(), row.value)),
                Err(_) => found.is_complete = false,
            }
        }
        let rows = Rows::of(records, &entries).await?;
        let mut entries = entries.into_iter().peekable();
        while let Some(entry) = entries.next() {
            // Why the tenant too: an organisation may have been connected to another one since, whose rows these are not.
            let organisation = organisations
                .get(&entry.organisation)
                .filter(|row| of.member.sees(&row.id) && row.tenant.as_ref() == Some(&entry.tenant));
            let Some(organisation) = organisation else {
                found.gone += 1;
                continue;
            };
            let how = rows.find(&entry);
            found.is_complete &= how.is_some();
            let (is, done_at) = how.unzip();
            if of.standing.is_some_and(|wanted| is != Some(wanted)) {
                continue;
            }
            let (at, name) = (entry.address(), organisation.name.clone());
            found.items.push(Job { entry, name, standing: is, done_at: done_at.flatten() });
            if found.items.len() == of.limit && entries.peek().is_some() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
}

/// Whose work a part is of, and which of it.
struct Of<'a> {
    partner: &'a PartnerId,
    member: &'a Member,
    standing: Option<Standing>,
    limit: usize,
}

/// All sorts of work.
const SORTS: [AskedWork; 4] =
    [AskedWork::Comparisons, AskedWork::Previews, AskedWork::Downloads, AskedWork::Snapshots];

/// The right that somebody has to have to ask for work of the sort, and so to hear of it.
fn right(work: AskedWork) -> Action {
    match work {
        AskedWork::Comparisons => Action::Compare,
        AskedWork::Previews => Action::PreviewRestore,
        AskedWork::Downloads => Action::Download,
        AskedWork::Snapshots => Action::UseSnapshots,
    }
}

/// How a piece of work stands, and since when it is over.
type How = (Standing, Option<Timestamp>);

/// How each of some pieces of work stands, by their ids: none where that cannot be read.
struct Rows(BTreeMap<String, Option<How>>);

impl Rows {
    async fn of(records: &Records, entries: &[JobEntry]) -> Result<Self> {
        let mut rows = Self(BTreeMap::new());
        rows.add(records, entries, AskedWork::Snapshots, Snapshot::at, |row: &Snapshot| {
            (of_job(row.state), row.sealed_at)
        })
        .await?;
        rows.add(records, entries, AskedWork::Comparisons, Diff::at, |row: &Diff| {
            (of_job(row.state), row.done_at)
        })
        .await?;
        rows.add(records, entries, AskedWork::Downloads, Download::at, |row: &Download| {
            (of_job(row.state), row.done_at)
        })
        .await?;
        rows.add(records, entries, AskedWork::Previews, Restore::at, |row: &Restore| {
            (of_restore(row), row.done_at)
        })
        .await?;
        Ok(rows)
    }

    async fn add<T: Record, I: std::str::FromStr<Err = Error>>(
        &mut self,
        records: &Records,
        entries: &[JobEntry],
        work: AskedWork,
        place: fn(&domain::TenantId, &I) -> At<T>,
        how: fn(&T) -> How,
    ) -> Result<()> {
        let of_sort = entries.iter().filter(|entry| entry.work == work);
        let (mut ids, mut at) = (Vec::new(), Vec::new());
        for entry in of_sort {
            at.push(place(&entry.tenant, &entry.id.parse()?));
            ids.push(entry.id.clone());
        }
        for (id, row) in ids.into_iter().zip(records.find_each(&at).await?) {
            let stands = match row {
                Some(Ok(Found { value, .. })) => Some(how(&value)),
                Some(Err(_)) => None,
                None => Some((Standing::Ended, None)),
            };
            self.0.insert(id, stands);
        }
        Ok(())
    }

    fn find(&self, entry: &JobEntry) -> Option<How> {
        self.0.get(&entry.id).copied().flatten()
    }
}

fn of_job(state: JobState) -> Standing {
    match state {
        JobState::Queued | JobState::Running => Standing::Open,
        JobState::Done => Standing::Done,
        JobState::Failed => Standing::Failed,
    }
}

fn of_restore(row: &Restore) -> Standing {
    match row.state {
        RestoreState::Previewing | RestoreState::Queued | RestoreState::Running => Standing::Open,
        RestoreState::Previewed => Standing::Previewed,
        RestoreState::Done => Standing::Done,
        RestoreState::Failed => Standing::Failed,
        RestoreState::Cancelled => Standing::Cancelled,
    }
}
