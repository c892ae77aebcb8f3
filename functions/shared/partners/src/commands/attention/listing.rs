//! What needs somebody as a list: in which order, what is counted, and where a part begins.

use super::{Day, Finding, UnderWay};
use domain::attention::Cause;
use domain::{Error, OrganisationId, PartnerId, Result, Timestamp};
use engine::ports::Page;
use engine::records::Acknowledgement;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// One cause of one organisation, or of the partner itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The partner whose customer the organisation is, or that is to decide.
    pub partner: PartnerId,
    /// The organisation; none where it is the partner itself that needs somebody.
    pub organisation: Option<OrganisationId>,
    /// The name of the organisation, or of the partner.
    pub name: String,
    /// What is there.
    pub finding: Finding,
    /// Who has put it aside, while that holds.
    pub acknowledged: Option<Acknowledgement>,
}

/// In which order items stand: the worst first, of one cause the oldest.
type Place = (Reverse<u16>, i128, String);

impl Item {
    fn place(&self) -> Place {
        let id = self.organisation.as_ref().map_or(self.partner.as_str(), OrganisationId::as_str);
        (Reverse(self.finding.cause.weight()), self.finding.since.as_nanosecond(), id.to_owned())
    }
}

/// How many there are, of all that was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Organisations that were looked at.
    pub organisations: u64,
    /// Organisations that need nobody, or of which all is put aside.
    pub fine: u64,
    /// How many there are of each cause, but for those that are put aside.
    pub causes: BTreeMap<Cause, u64>,
    /// How many are put aside.
    pub acknowledged: u64,
    /// How many snapshots are under way.
    pub under_way: u64,
}

impl Counts {
    pub(super) fn of(items: &[Item], organisations: u64) -> Self {
        let mut counts = Self { organisations, ..Self::default() };
        let mut in_need = BTreeSet::new();
        for item in items {
            if item.acknowledged.is_some() {
                counts.acknowledged += 1;
                continue;
            }
            *counts.causes.entry(item.finding.cause).or_default() += 1;
            // Why not of those: the organisation is another partner's still, or not one of those that were looked at.
            let is_own = !matches!(item.finding.cause, Cause::TransferOffered | Cause::DowngradeAsked);
            in_need.extend(item.organisation.as_ref().filter(|_| is_own));
        }
        counts.fine = organisations.saturating_sub(in_need.len() as u64);
        counts
    }
}

/// A part of what needs somebody, with what there is in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The items of the part, worst first.
    pub items: Vec<Item>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
    /// How many there are in all.
    pub counts: Counts,
    /// What changed on each of the last days, the oldest first.
    pub days: Vec<Day>,
    /// Snapshots that are under way: the first of them.
    pub under_way: Vec<UnderWay>,
    /// When it was looked.
    pub checked_at: Timestamp,
    /// Whether all organisations were looked at, each with what is known of it.
    pub is_complete: bool,
}

/// The part of these that a page means, worst first.
///
/// # Errors
/// `Invalid` naming `cursor` when it is none of this list.
pub(super) fn part(items: Vec<Item>, page: &Page) -> Result<(Vec<Item>, Option<String>)> {
    let mut items: Vec<_> = items.into_iter().map(|item| (item.place(), item)).collect();
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(after) = &page.after {
        let after = read(after)?;
        items.retain(|(place, _)| *place > after);
    }
    let more = items.len() > page.limit;
    items.truncate(page.limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|((Reverse(weight), since, id), _)| format!("{weight}.{since}.{id}"));
    Ok((items.into_iter().map(|(_, item)| item).collect(), next))
}

fn read(cursor: &str) -> Result<Place> {
    let mut parts = cursor.splitn(3, '.');
    let (weight, since, id) = (parts.next(), parts.next(), parts.next());
    let place = weight.and_then(|w| w.parse().ok()).zip(since.and_then(|s| s.parse().ok())).zip(id);
    let ((weight, since), id) =
        place.ok_or_else(|| Error::invalid_field("cursor", "is not one of this list"))?;
    Ok((Reverse(weight), since, id.to_owned()))
}
