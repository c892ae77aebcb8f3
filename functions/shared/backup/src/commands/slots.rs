//! How much work may be open: so that one who asks without end holds up nobody else, and fills nobody's vault.
//!
//! A tenant's work of one sort goes one piece after another, so more than a few that wait help nobody.

use domain::{Error, ErrorKind, OrganisationId, PartnerId, PersonId, Result, TenantId, Timestamp};
use engine::ports::Write;
use engine::records::{AskedWork, At, Found, JobEntry, Record, Records, Slot, WorkSlots, put_new, replace};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

/// How many comparisons, and how many previews, may be open in a tenant.
pub const MOST_OPEN: usize = 5;
/// How many of these one person or token may have asked for.
pub const MOST_OPEN_OF_ONE: usize = 3;
/// How many comparisons, previews and snapshots, of each, the end customers of a tenant may ask for in a day.
pub const MOST_A_DAY: u32 = 50;
/// How often a slot is taken anew while others take one of the same tenant. Why once more than there are slots: whoever
/// loses to somebody else each time finds them all taken in the end.
const ATTEMPTS: usize = MOST_OPEN + 1;
/// After how many milliseconds it is worth asking again when all slots are taken: comparisons and previews take minutes.
const FULL_RETRY_MS: u64 = 30_000;
/// The same when others were always faster.
const RACED_RETRY_MS: u64 = 1_000;

/// Who asks for work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// How rows name them: the first characters of a token, or a person's id.
    pub name: String,
    /// Whether they are of the customer, and not of its partner: what they may ask for in a day is bounded.
    pub is_end_customer: bool,
    /// The person in whose name it is asked, where that is known.
    pub person: Option<PersonId>,
    /// Of which partner's organisation it is asked: there it is found again; none where nobody is to find it.
    pub place: Option<(PartnerId, OrganisationId)>,
}

impl Asker {
    /// The entry by which the partner finds a piece of work that is asked for now.
    ///
    /// # Errors
    /// `Invalid` where it cannot be written.
    pub(super) fn entry(
        &self,
        tenant: &TenantId,
        work: AskedWork,
        (id, at): (&str, Timestamp),
    ) -> Result<Option<Write>> {
        let Some((partner, organisation)) = self.place.clone() else { return Ok(None) };
        let (tenant, requested_by) = (tenant.clone(), self.name.clone());
        let entry = JobEntry { partner, organisation, tenant, work, id: id.to_owned(), requested_by, at };
        put_new(&entry).map(Some)
    }
}

impl From<&str> for Asker {
    /// Somebody of the partner.
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), is_end_customer: false, person: None, place: None }
    }
}

/// Work that takes a slot while it is open.
pub struct TakesSlot<T> {
    /// The sort of work that it is.
    pub work: AskedWork,
    /// The address of the piece of that id.
    pub at: fn(&TenantId, &str) -> Result<At<T>>,
    /// Whether it still takes its slot.
    pub is_open: fn(&T) -> bool,
}

/// Takes a slot for a new piece of work, of that id, and writes its row: both or neither.
///
/// # Errors
/// `Throttled`, with when to ask again, when too much of it is open, when others were faster each time, and when end
/// customers have asked for enough in this day. Why no `Conflict`: it passes by itself, so that the same request may
/// be taken later.
pub async fn take<T: Record>(
    records: &Records,
    of: &TakesSlot<T>,
    (tenant, asker): (&TenantId, &Asker),
    (id, row): (&str, Write),
) -> Result<()> {
    let (work, mut attempt) = (of.work, 1);
    loop {
        let now = records.clock().now();
        let found = records.find(&WorkSlots::at(tenant, work)).await?;
        let (mut slots, version) = match found {
            Some(Found { value, version }) => (value, Some(version)),
            None => (WorkSlots::none(tenant, work, now), None),
        };
        if check_open(&slots, asker).is_err() {
            let mut open = Vec::new();
            for slot in std::mem::take(&mut slots.open) {
                let piece = records.find(&(of.at)(tenant, &slot.id)?).await?;
                if piece.is_some_and(|piece| (of.is_open)(&piece.value)) {
                    open.push(slot);
                }
            }
            slots.open = open;
            check_open(&slots, asker)?;
        }
        count_day(&mut slots, asker, now)?;
        slots.open.push(Slot { id: id.to_owned(), who: asker.name.clone() });
        let taken = match version {
            Some(version) => replace(&slots, version)?,
            None => put_new(&slots)?,
        };
        let entry = asker.entry(tenant, work, (id, now))?;
        match records.write([row.clone(), taken].into_iter().chain(entry).collect()).await {
            Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => attempt += 1,
            Err(error) if error.kind() == ErrorKind::Conflict => {
                let message = format!("others ask for {} of this tenant at the same time", work.name());
                return Err(Error::throttled(message, Some(RACED_RETRY_MS)).caused_by(error));
            }
            other => return other,
        }
    }
}

/// The write that counts a piece of work which takes no slot; none where who asks is not counted.
///
/// # Errors
/// `Throttled` when end customers have asked for enough in this day.
pub(super) async fn counted(
    records: &Records,
    work: AskedWork,
    (tenant, asker): (&TenantId, &Asker),
) -> Result<Option<Write>> {
    if !asker.is_end_customer {
        return Ok(None);
    }
    let now = records.clock().now();
    let found = records.find(&WorkSlots::at(tenant, work)).await?;
    let (mut slots, version) = match found {
        Some(Found { value, version }) => (value, Some(version)),
        None => (WorkSlots::none(tenant, work, now), None),
    };
    count_day(&mut slots, asker, now)?;
    match version {
        Some(version) => replace(&slots, version),
        None => put_new(&slots),
    }
    .map(Some)
}

/// Refuses what would be too much at once.
fn check_open(slots: &WorkSlots, asker: &Asker) -> Result<()> {
    let what = slots.work.name();
    if slots.open.len() >= MOST_OPEN {
        let message =
            format!("{MOST_OPEN} {what} of this tenant are under way: wait until one of them is done");
        return Err(Error::throttled(message, Some(FULL_RETRY_MS)));
    }
    let own = slots.open.iter().filter(|slot| slot.who == asker.name).count();
    if own >= MOST_OPEN_OF_ONE {
        let message = format!(
            "{MOST_OPEN_OF_ONE} {what} that you asked for are under way: wait until one of them is done"
        );
        return Err(Error::throttled(message, Some(FULL_RETRY_MS)));
    }
    Ok(())
}

/// Counts an end customer's asking, or refuses it until the next day.
fn count_day(slots: &mut WorkSlots, asker: &Asker, now: Timestamp) -> Result<()> {
    let today = now.to_zoned(TimeZone::UTC).date();
    if slots.day != today {
        (slots.day, slots.by_end_customers) = (today, 0);
    }
    if !asker.is_end_customer {
        return Ok(());
    }
    if slots.by_end_customers >= MOST_A_DAY {
        let what = slots.work.name();
        let tomorrow = today.checked_add(1.day()).and_then(|day| day.to_zoned(TimeZone::UTC));
        let wait = tomorrow.map_or(SignedDuration::from_hours(1), |at| at.timestamp().duration_since(now));
        let message = format!("the customer's own people may ask for {MOST_A_DAY} {what} in a day");
        return Err(Error::throttled(message, u64::try_from(wait.as_millis()).ok()));
    }
    slots.by_end_customers += 1;
    Ok(())
}
