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
    /// `NotFound` when there is no such restore; `Conflict` when it is not previewed, has expired or was run already;
    /// `Denied` for an end user, when it was its partner who asked for it.
    pub async fn run(
        &self,
        tenant: &TenantId,
        who: impl Into<Asker> + Send,
        rule: ApprovalRule,
        restore: &RestoreId,
    ) -> Result<Restore> {
        self.turned(tenant, restore, &Wish::Run(who.into(), rule)).await
    }

    /// Approves a preview. Where it was to be run already, its execution begins.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` when it is not previewed, has expired or was run already;
    /// `Denied` when whoever asked for it approves, or nobody knows in whose name that was.
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
        let is_held_up = rule.holds_up(row.privileged) || row.by_end_user;
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
                self.begun(row, version, Standing::of(own)).await
            }
            // Why its message all the same: the job finds that nobody approved, and tells those who may.
            None => Ok(Turn { writes: vec![replace(&row, version)?], row, sends: true }),
        }
    }

    async fn approved(&self, person: &PersonId, found: Found<Restore>, plan: &str) -> Result<Turn> {
        let Found { value: mut row, version } = found;
        check_second(&row, person)?;
        let approval = Approval { is_second: true, ..self.approval_of(&row, plan, person.as_str()) };
        if row.run_by.is_some() {
            row.attempts += 1;
            return self.begun(row, version, Standing::of(approval)).await;
        }
        row.approved_by = Some(approval.by.clone());
        let writes = vec![replace(&row, version)?, self.put_approval(&approval).await?];
        Ok(Turn { row, writes, sends: false })
    }

    /// The approval of that plan by somebody else than whoever asked: of this restore, or of one that it was previewed in
    /// place of, which was never begun or stopped, and whose approval let no other begin.
    async fn standing_approval(&self, row: &Restore, plan: &str) -> Result<Option<Standing>> {
        let find = async |restore: &RestoreId| self.records.find(&Approval::at(&row.tenant, restore)).await;
        let stands = |of: &Approval| {
            let by = of.by.parse().ok();
            of.is_second && of.plan == plan && by.is_some_and(|by| check_second(row, &by).is_ok())
        };
        if let Some(own) = find(&row.id).await?.filter(|own| stands(&own.value)) {
            return Ok(Some(Standing::of(own.value)));
        }
        let oldest = self.clock.now() - STANDS_FOR;
        let mut earlier = row.again_of.clone();
        for _ in 0..MOST_AGAIN {
            let Some(id) = earlier else { break };
            let of = self.find(&row.tenant, &id).await?.value;
            if of.state != RestoreState::Previewed {
                break;
            }
            let fits =
                |a: &Found<Approval>| stands(&a.value) && a.value.used_by.is_none() && a.value.at >= oldest;
            if let Some(found) = find(&id).await?.filter(fits) {
                return Ok(Some(Standing::carried(found, &row.id)));
            }
            earlier = of.again_of;
        }
        Ok(None)
    }

    /// The turn by which its execution begins: the row and the approval say so in one write, and so does the approval that
    /// it was carried over from.
    async fn begun(&self, mut row: Restore, version: u64, standing: Standing) -> Result<Turn> {
        let Standing { approval, used } = standing;
        row.state = RestoreState::Queued;
        row.approved_by = Some(approval.by.clone());
        row.queued_at = Some(row.touched_at);
        // Why a row of its own, which names the plan: jobs write the row of the restore, and none of them approves.
        let mut writes = vec![replace(&row, version)?, self.put_approval(&approval).await?];
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

    async fn expect_previewed(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Found<Restore>> {
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
            Some(message) => Err(Error::conflict(format!("the restore cannot be run: {message}"))),
            None => Ok(found),
        }
    }

    /// Gives a previewed restore, with the hash of its plan, a turn; again where its row was written at the same moment,
    /// since whoever runs and whoever approves it may meet.
    async fn turned(&self, tenant: &TenantId, restore: &RestoreId, wish: &Wish) -> Result<Restore> {
        let mut tried = 1;
        loop {
            let mut found = self.expect_previewed(tenant, restore).await?;
            found.value.touched_at = self.clock.now();
            let plan = self.stored_plan(tenant, restore).await?.hash;
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
    /// The one that it is carried over from, with the note that it was.
    used: Option<Found<Approval>>,
}

impl Standing {
    fn of(approval: Approval) -> Self {
        Self { approval, used: None }
    }

    fn carried(mut from: Found<Approval>, to: &RestoreId) -> Self {
        let approval =
            Approval { restore: to.clone(), of: Some(from.value.restore.clone()), ..from.value.clone() };
        from.value.used_by = Some(to.clone());
        Self { approval, used: Some(from) }
    }
}

/// Checks that a person is somebody else than whoever asked for the restore.
///
/// # Errors
/// `Denied` where they are not, and where it is not known in whose name it was asked.
fn check_second(row: &Restore, person: &PersonId) -> Result<()> {
    if row.requested_by == person.as_str() {
        return Err(Error::denied("whoever asked for a restore does not approve it"));
    }
    match &row.requested_for {
        Some(asked) if asked == person => Err(Error::denied(
            "it was asked for with a token or a link of yours: somebody else approves it, or you preview it yourself",
        )),
        None if row.requested_by.parse::<PersonId>().is_err() => Err(Error::denied(
            "it is not known in whose name this was asked: a person previews it again, or a token that a person made",
        )),
        _ => Ok(()),
    }
}
