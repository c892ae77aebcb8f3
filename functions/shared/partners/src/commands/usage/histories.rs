//! The histories of a partner's subscriptions, a part at a time, in the order of the organisations' ids.
//!
//! Two lists are looked through side by side: the organisations that there are, and all changes of subscriptions, which
//! also name those that have gone. Each is read as far as a request may; a history that was not read to its end belongs to
//! the next part. One that is longer than a whole request may read is read by itself, by the days that count.

use domain::usage::{History, Month, Since, plans};
use domain::{Error, OrganisationId, PartnerId, PlanId, Result, Timestamp};
use engine::ports::{Page, list_cursor, read_list_cursor};
use engine::records::{Organisation, Record, Records, Subscribed, SubscriptionChange, Walk};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// How many plans are looked up for one part, each with up to four questions; then it ends. An organisation's own, which
/// are no more than the days of a month, may be beyond that.
const MOST_PLANS: usize = 50;
/// How many changes of one organisation are read at a time, where there are very many.
const CHANGES: usize = 250;

/// Reads the histories of one partner that a month is counted from.
pub(super) struct Histories<'a> {
    /// Where the rows are.
    pub records: &'a Records,
    /// The partner that is paid by.
    pub partner: &'a PartnerId,
    /// The month that is counted.
    pub month: Month,
}

/// A part of the histories.
pub(super) struct Part {
    /// Each whole, as far as the month needs it.
    pub histories: Vec<History>,
    /// The plans that were paid for in the month.
    pub plans: BTreeSet<PlanId>,
    /// The cursor behind which the next part begins; none at the end.
    pub next: Option<String>,
}

/// A list that is looked through, and the row that is next.
struct Side<'a, T> {
    walk: Walk<'a, T>,
    head: Option<T>,
}

impl<'a, T: Record> Side<'a, T> {
    async fn begin(walk: Walk<'a, T>) -> Result<Self> {
        let mut side = Self { walk, head: None };
        side.step().await?;
        Ok(side)
    }

    async fn step(&mut self) -> Result<()> {
        self.head = self.walk.next().await?.map(|found| found.value);
        Ok(())
    }

    /// Whether more follows that this request may not read any more.
    fn is_cut(&self) -> bool {
        self.head.is_none() && !self.walk.has_ended()
    }
}

impl Histories<'_> {
    /// The histories of up to `page.limit` organisations that are seen.
    ///
    /// # Errors
    /// `Invalid` naming `cursor` when it is none of this list.
    pub async fn part(&self, page: Page, is_seen: impl Fn(&OrganisationId) -> bool + Send) -> Result<Part> {
        let mut done = page.after.as_deref().map(|cursor| self.place(cursor)).transpose()?;
        let (mut histories, mut used) = (Vec::new(), BTreeSet::new());
        let after = done.as_ref().map(|id| self.cursor(id));
        let rows = self.records.walk(Organisation::all(self.partner), after, false);
        let after = done.as_ref().map(|id| SubscriptionChange::behind(self.partner, id));
        let changes = self.records.walk(SubscriptionChange::all(self.partner), after, false);
        let (mut rows, mut changes) = (Side::begin(rows).await?, Side::begin(changes).await?);
        let mut is_first = true;
        // Where one of the two was cut off, it is not known which organisation comes next.
        while !rows.is_cut() && !changes.is_cut() {
            let ids = [rows.head.as_ref().map(|o| &o.id), changes.head.as_ref().map(|c| &c.organisation)];
            let Some(id) = ids.into_iter().flatten().min().cloned() else {
                return Ok(Part { histories, plans: used, next: None });
            };
            if histories.len() >= page.limit {
                break;
            }
            // Both lists are taken beyond the organisation.
            let row = rows.head.take_if(|row| row.id == id);
            if row.is_some() {
                rows.step().await?;
            }
            let mut of_this = Vec::new();
            while let Some(change) = changes.head.take_if(|change| change.organisation == id) {
                of_this.push(change);
                changes.step().await?;
            }
            if changes.is_cut() && !of_this.is_empty() {
                // Why the first is read all the same: each request must get further, however long one history is.
                if !is_first {
                    break;
                }
                of_this = self.days_of(&id).await?;
            }
            if is_seen(&id)
                && let Some(history) = history(row, &of_this)
            {
                let of_history = plans(self.month, std::slice::from_ref(&history));
                if !histories.is_empty() && used.union(&of_history).count() > MOST_PLANS {
                    break;
                }
                used.extend(of_history);
                histories.push(history);
            }
            (done, is_first) = (Some(id), false);
        }
        Ok(Part { histories, plans: used, next: done.map(|id| self.cursor(&id)) })
    }

    /// The changes of an organisation that days of this month, and of its year before it, end with, and the one before
    /// these; oldest first, and before them the very first of all.
    async fn days_of(&self, id: &OrganisationId) -> Result<Vec<SubscriptionChange>> {
        let under = SubscriptionChange::of_organisation(self.partner, id);
        let first = begin_of(self.month.first().first_of_year())?;
        let mut until = begin_of(self.month.last().tomorrow().map_err(out_of_time)?)?;
        let mut found: Vec<SubscriptionChange> = Vec::new();
        'pages: loop {
            // Of each day the last change is the one that counts, so a page that ends within a day is followed by the day
            // before: there are no more pages than days, however many changes.
            let after = Some(SubscriptionChange::just_before(self.partner, id, until));
            let page = Page { after, limit: CHANGES, descending: true };
            let (rows, next) = self.records.list(&under, page).await?;
            for change in rows.into_iter().map(|found| found.value) {
                if found.last().is_none_or(|later| day_of(later.at) != day_of(change.at)) {
                    found.push(change);
                }
                if found.last().is_some_and(|change| change.at < first) {
                    break 'pages;
                }
            }
            match found.last() {
                Some(change) if next.is_some() => until = begin_of(day_of(change.at))?,
                _ => break,
            }
        }
        found.reverse();
        // Why the very first: what it ended is how the organisation began with this partner, and of no later one that is so.
        let (beginning, _) = self.records.list(&under, Page::first(1)).await?;
        let beginning = beginning.into_iter().next().map(|row| row.value);
        if let Some(beginning) = beginning.filter(|one| found.first() != Some(one)) {
            found.insert(0, beginning);
        }
        Ok(found)
    }

    fn cursor(&self, id: &OrganisationId) -> String {
        let at = Organisation::at(self.partner, id);
        list_cursor(at.scope(), at.key())
    }

    fn place(&self, cursor: &str) -> Result<OrganisationId> {
        let not_ours = || Error::invalid_field("cursor", "is not one that this list gave");
        let all = Organisation::all(self.partner);
        let key = read_list_cursor(cursor, all.scope(), all.prefix()).map_err(|_| not_ours())?;
        key.strip_prefix(all.prefix()).and_then(|id| id.parse().ok()).ok_or_else(not_ours)
    }
}

/// The history that these changes tell of an organisation, oldest first, and its row where it is still there. None where
/// nothing was ever paid for it.
fn history(row: Option<Organisation>, changes: &[SubscriptionChange]) -> Option<History> {
    let mut since = Vec::new();
    for change in changes {
        // Organisations that are older than the history began with what the first change ended. Why what was before a later
        // one, too: where changes of one day were left out, the last of them says what the day was paid for.
        let begun = if since.is_empty() { row.as_ref().map(|row| row.created_at) } else { Some(change.at) };
        since.extend(change.before.as_ref().zip(begun).map(|(was, at)| was_since(at, was)));
        let is = change.after.as_ref().map(|is| (is.plan.clone(), is.seats));
        since.push(Since { at: change.at, is });
    }
    if let Some(row) = row.as_ref().filter(|_| changes.is_empty()) {
        since.extend(Subscribed::of(row).map(|is| was_since(row.created_at, &is)));
    }
    let name = row.as_ref().map(|row| &row.name).or(changes.last().map(|change| &change.name))?.clone();
    let organisation = row.map(|row| row.id).or(changes.first().map(|change| change.organisation.clone()))?;
    (!since.is_empty()).then_some(History { organisation, name, since })
}

fn was_since(at: Timestamp, was: &Subscribed) -> Since {
    Since { at, is: Some((was.plan.clone(), was.seats)) }
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn begin_of(day: Date) -> Result<Timestamp> {
    Ok(day.to_zoned(TimeZone::UTC).map_err(out_of_time)?.timestamp())
}

fn out_of_time(error: jiff::Error) -> Error {
    Error::invalid_field("month", "is not one that can be counted").caused_by(error)
}
