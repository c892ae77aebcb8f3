//! Who runs a restore, and who else has to agree before it writes.
//!
//! Three people may be behind a restore: who asked for it, who approved it, who runs it. Where an approval is needed, the
//! first two are never one, whichever tokens they ask with. An approval is for one plan, by its hash: previewed once more
//! with the same hash it stands, with another it does not.

use super::restores::Restores;
use backup::commands::slots::Asker;
use domain::organisations::ApprovalRule;
use domain::{Error, ErrorKind, PersonId, RestoreId, Result, TenantId};
use engine::messages;
use engine::ports::Write;
use engine::records::{Approval, Found, Restore, RestoreState, put_new, replace};
use jiff::SignedDuration;

/// How long an approval stands for previews that are made again.
const STANDS_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How many previews back it is looked for.
const MOST_AGAIN: usize = 8;
/// How often it is tried to run or approve a restore whose row is written at the same moment.
const TRIES: u32 = 8;

/// A person of the partner who approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approver(PersonId);

impl Approver {
    /// Whoever asks, where that is a person: an approval is given by nobody else.
    ///
    /// # Errors
    /// `Denied` for a token and for a portal.
    pub fn of(person: Option<&PersonId>) -> Result<Self> {
        let person = person.cloned().map(Self);
        person.ok_or_else(|| Error::denied("a person approves, who has signed in; a token does not"))
    }
}

impl Restores {
    /// Has a preview executed as it was shown. Where the organisation's rule holds it up, or an end user asked for it, it
    /// waits until somebody else has approved it; people are told so. Asked once more, it is looked at once more.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` when it is not previewed, has expired or was run already, or
    /// another plan stands in the place of the one that was shown; `Denied` for an end user, when it was its partner who
    /// asked for it, and where it would wait for an approval that nobody can give.
    pub async fn run(
        &self,
        tenant: &TenantId,
        who: impl Into<Asker> + Send,
        rule: ApprovalRule,
        restore: &RestoreId,
    ) -> Result<Restore> {
        self.turned(tenant, restore, &Wish::Run(who.into(), rule)).await
    }

    /// Approves a preview. Where it was to be run already, its execution begins; asked once more by the same person while it
    /// is executed, nothing more is done.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` when it is not previewed, has expired or was run already, or
    /// another plan stands in the place of the one that was shown; `Denied` when whoever asked for it approves, or nobody
    /// knows in whose name that was.
    pub async fn approve(
        &self,
        tenant: &TenantId,
        Approver(person): &Approver,
        restore: &RestoreId,
    ) -> Result<Restore> {
        self.turned(tenant, restore, &Wish::Approve(person.clone())).await
    }

    async fn ran(
        &self,
        (who, rule): (&Asker, ApprovalRule),
        found: Found<Restore>,
        plan: &str,
    ) -> Result<Turn> {
        let Found { value: mut row, version } = found;
        if who.is_end_customer && !row.by_end_user {
            return Err(Error::denied("its partner asked for this restore, and runs it"));
        }
        // Asked anew each time: the rule may be another now, and the message that tells people may have been lost.
        let is_held_up = rule.holds_up(row.may_be_privileged()) || row.by_end_user;
        let standing = self.standing_approval(&row, plan).await?;
        if row.run_by.is_some() {
            // Why one more: the message must not be taken for the one by which people were told that it waits.
            row.attempts += 1;
        }
        row.rule = Some(rule);
        row.run_by = Some(who.name.clone());
        match standing {
            Some(standing) => self.begun(row, version, standing).await,
            None if !is_held_up => {
                let own = self.approval_of(&row, plan, &who.name);
                self.begun(row, version, Standing::given(own)).await
            }
            None => {
                // Why here already: people would be told to approve what each of them is then refused.
                in_whose_name(&row)?;
                // Why its message all the same: the job finds that nobody approved, and tells those who may.
                Ok(Turn { writes: vec![replace(&row, version)?], row, sends: true })
            }
        }
    }

    async fn approved(&self, person: &PersonId, found: Found<Restore>, plan: &str) -> Result<Turn> {
        let Found { value: mut row, version } = found;
        check_second(&row, person)?;
        let approval = Approval { is_second: true, ..self.approval_of(&row, plan, person.as_str()) };
        if row.run_by.is_some() {
            row.attempts += 1;
            return self.begun(row, version, Standing::given(approval)).await;
        }
        row.note_approval(&approval);
        let writes = vec![replace(&row, version)?, self.put_approval(&approval).await?];
        Ok(Turn { row, writes, sends: false })
    }

    /// The approval of that plan by somebody else than whoever asked, which let no restore begin yet: of this restore, or of
    /// one that it was previewed in place of and that was never begun or stopped.
    async fn standing_approval(&self, row: &Restore, plan: &str) -> Result<Option<Standing>> {
        let find = async |restore: &RestoreId| self.records.find(&Approval::at(&row.tenant, restore)).await;
        let stands = |of: &Approval| {
            let by = of.by.parse().ok();
            of.is_second && of.allows(plan) && by.is_some_and(|by| check_second(row, &by).is_ok())
        };
        if let Some(own) = find(&row.id).await?.filter(|own| stands(&own.value)) {
            return Ok(Some(Standing::found(own)));
        }
        let oldest = self.clock.now() - STANDS_FOR;
        let mut earlier = row.again_of.clone();
        for _ in 0..MOST_AGAIN {
            let Some(id) = earlier else { break };
            // Why the approval first: the other may begin between the two, and writes its approval when it does.
            let approval = find(&id).await?;
            let of = self.find(&row.tenant, &id).await?.value;
            // Why not what the partner asked for, where an end user did: nobody agreed that they may have it, or have it now.
            if of.state != RestoreState::Previewed || row.by_end_user && !of.by_end_user {
                break;
            }
            // Why not by the plan alone: whoever approved was not told that it is about rights, where it is by now.
            let knew = of.privileged || !row.may_be_privileged();
            let fits = |a: &Found<Approval>| knew && stands(&a.value) && a.value.at >= oldest;
            if let Some(found) = approval.filter(fits) {
                return Ok(Some(Standing::carried(found, &row.id)));
            }
            earlier = of.again_of;
        }
        Ok(None)
    }

    /// The turn by which its execution begins: the row and the approval say so in one write, and so does the approval that
    /// it was carried over from.
    async fn begun(&self, mut row: Restore, version: u64, standing: Standing) -> Result<Turn> {
        let Standing { approval, version: read, used } = standing;
        row.state = RestoreState::Queued;
        row.note_approval(&approval);
        row.queued_at = Some(row.touched_at);
        // Why a row of its own, which names the plan: jobs write the row of the restore, and none of them approves.
        let of_approval = match read {
            // Why by the version that was read: another restore may have begun by it at this moment.
            Some(read) => replace(&approval, read)?,
            None => self.put_approval(&approval).await?,
        };
        let mut writes = vec![replace(&row, version)?, of_approval];
        writes.extend(used.map(|used| replace(&used.value, used.version)).transpose()?);
        Ok(Turn { row, writes, sends: true })
    }

    /// The write of an approval: the last one counts, until the execution has begun.
    async fn put_approval(&self, approval: &Approval) -> Result<Write> {
        match self.records.find(&Approval::at(&approval.tenant, &approval.restore)).await? {
            Some(earlier) => replace(approval, earlier.version),
            None => put_new(approval),
        }
    }

    fn approval_of(&self, row: &Restore, plan: &str, by: &str) -> Approval {
        let (tenant, restore) = (row.tenant.clone(), row.id.clone());
        let (plan, by, at) = (plan.to_owned(), by.to_owned(), self.clock.now());
        Approval { tenant, restore, plan, by, at, is_second: false, of: None, used_by: None }
    }

    /// The restore, where what is wanted of it is still possible.
    async fn expect_previewed(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        wish: &Wish,
    ) -> Result<Found<Restore>> {
        let found = self.find(tenant, restore).await?;
        let message = match found.value.state {
            RestoreState::Previewed => None,
            RestoreState::Previewing => Some("its preview is not made yet"),
            RestoreState::Failed => Some("it has failed; ask for another preview"),
            RestoreState::Cancelled => Some("it was cancelled; ask for another preview"),
            RestoreState::Queued | RestoreState::Running | RestoreState::Done => Some("it was run already"),
        };
        // Why: what was shown is no longer what there is, and it was approved by what was shown.
        let has_expired = found.value.valid_until().is_some_and(|until| until < self.clock.now());
        let message =
            message.or(has_expired.then_some("its preview has expired: whoever asked for it makes it again"));
        match message {
            Some(message) => {
                Err(Error::conflict(format!("the restore cannot be {}: {message}", wish.participle())))
            }
            None => Ok(found),
        }
    }

    /// The restore, where it is being executed by that person's own approval: they are asking once more, since the answer
    /// to the first time did not reach them.
    async fn begun_by_approval_of(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        person: &PersonId,
    ) -> Result<Option<Restore>> {
        let row = self.find(tenant, restore).await?.value;
        if !matches!(row.state, RestoreState::Queued | RestoreState::Running) {
            return Ok(None);
        }
        let approval = self.records.find(&Approval::at(tenant, restore)).await?.map(|found| found.value);
        let is_theirs = approval.is_some_and(|of| of.is_second && of.by == person.as_str());
        Ok(is_theirs.then_some(row))
    }

    /// Gives a previewed restore, with the hash of its plan, a turn; again where its row was written at the same moment,
    /// since whoever runs and whoever approves it may meet.
    async fn turned(&self, tenant: &TenantId, restore: &RestoreId, wish: &Wish) -> Result<Restore> {
        let mut tried = 1;
        loop {
            if let Wish::Approve(person) = wish
                && let Some(row) = self.begun_by_approval_of(tenant, restore, person).await?
            {
                return Ok(row);
            }
            let mut found = self.expect_previewed(tenant, restore, wish).await?;
            self.check_set(&found.value).await?;
            let plan = self.stored_plan(&found.value).await?.hash;
            found.value.touched_at = self.clock.now();
            let Turn { row, writes, sends } = match wish {
                Wish::Run(who, rule) => self.ran((who, *rule), found, &plan).await?,
                Wish::Approve(person) => self.approved(person, found, &plan).await?,
            };
            match self.records.write(writes).await {
                Ok(()) if sends => {
                    self.queue.send(messages::run_restore(tenant, &row.id, row.attempts)).await?;
                    return Ok(row);
                }
                Ok(()) => return Ok(row),
                Err(error) if error.kind() == ErrorKind::Conflict && tried < TRIES => tried += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

/// What somebody wants of a previewed restore.
enum Wish {
    Run(Asker, ApprovalRule),
    Approve(PersonId),
}

impl Wish {
    /// What is to be done with the restore, for a sentence.
    fn participle(&self) -> &'static str {
        match self {
            Self::Run(..) => "run",
            Self::Approve(_) => "approved",
        }
    }
}

/// What becomes of a previewed restore, in one write.
struct Turn {
    row: Restore,
    writes: Vec<Write>,
    /// Whether the job that runs restores is to look at it.
    sends: bool,
}

/// An approval by which a restore begins.
struct Standing {
    approval: Approval,
    /// The version in which it was found; none where it is new.
    version: Option<u64>,
    /// The one that it is carried over from, with the note that it was.
    used: Option<Found<Approval>>,
}

impl Standing {
    fn given(approval: Approval) -> Self {
        Self { approval, version: None, used: None }
    }

    fn found(own: Found<Approval>) -> Self {
        Self { approval: own.value, version: Some(own.version), used: None }
    }

    fn carried(mut from: Found<Approval>, to: &RestoreId) -> Self {
        let approval =
            Approval { restore: to.clone(), of: Some(from.value.restore.clone()), ..from.value.clone() };
        from.value.used_by = Some(to.clone());
        Self { approval, version: None, used: Some(from) }
    }
}

/// The person in whose name a restore was asked for.
///
/// # Errors
/// `Denied` where that is not known: then nobody is known to be somebody else.
fn in_whose_name(row: &Restore) -> Result<PersonId> {
    let asked = row.requested_for.clone().or_else(|| row.requested_by.parse().ok());
    asked.ok_or_else(|| {
        Error::denied(
            "it is not known in whose name this was asked, so that nobody can approve it: a person previews it again, or a \
             token that a person made",
        )
    })
}

/// Checks that a person is somebody else than whoever asked for the restore.
///
/// # Errors
/// `Denied` where they are not, and where it is not known in whose name it was asked.
fn check_second(row: &Restore, person: &PersonId) -> Result<()> {
    if row.requested_by == person.as_str() {
        return Err(Error::denied("whoever asked for a restore does not approve it"));
    }
    if in_whose_name(row)? == *person {
        return Err(Error::denied(
            "it was asked for with a token or a link of yours: somebody else approves it, or you preview it yourself",
        ));
    }
    Ok(())
}
