//! What needs somebody, and that somebody has looked at it.

use domain::attention::Cause;
use domain::notices::Severity;
use domain::{OrganisationId, PartnerId, SnapshotId, Timestamp};
use engine::ports::Page;
use engine::records::Acknowledgement;
use garde::Validate;
use partners::commands::attention::{Counts, Day, Item, Listing, NewAcknowledgement, UnderWay, Wanted, What};
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which of what needs somebody is wanted, and which part of the list. What is absent does not matter.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttentionIn {
    /// A partner below the caller's; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// Only what that organisation needs somebody for.
    #[garde(skip)]
    pub organisation: Option<OrganisationId>,
    /// Only that cause.
    #[garde(skip)]
    pub cause: Option<Cause>,
    /// Whether also what somebody acknowledged is in the list: it is not when nothing is said.
    #[garde(skip)]
    pub acknowledged: Option<bool>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl AttentionIn {
    /// What is wanted.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            partner: self.partner.clone(),
            organisation: self.organisation.clone(),
            cause: self.cause,
            acknowledged: self.acknowledged.unwrap_or_default(),
        }
    }

    /// Which part of the list is wanted.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

/// That somebody has looked at a cause, and puts it aside.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcknowledgeIn {
    /// What the others are to know, such as a ticket.
    #[garde(length(chars, max = 1_000))]
    #[serde(default)]
    pub note: String,
    /// Until when it is put aside: 7 to 90 days from now.
    #[garde(skip)]
    pub until: Timestamp,
    /// The `facts` of the item that was shown: where they are others by now, nothing is put aside.
    #[garde(ascii, length(min = 1, max = 64))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub facts: String,
}

impl From<AcknowledgeIn> for NewAcknowledgement {
    fn from(body: AcknowledgeIn) -> Self {
        Self { note: body.note, until: body.until, facts: body.facts }
    }
}

/// A part of what needs somebody, worst first, with what there is in all.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttentionOut {
    /// The items of this part.
    pub items: Vec<AttentionItemOut>,
    /// Where the next part begins, as an opaque text; null at the end.
    pub next: Option<String>,
    /// How many there are in all, whatever cause and part were asked for.
    pub counts: AttentionCountsOut,
    /// What changed on each of the last seven days (UTC), the oldest first.
    pub days: Vec<AttentionDayOut>,
    /// Snapshots that are being taken: 20 at the most, and `counts` says how many there are.
    pub under_way: Vec<UnderWayOut>,
    /// When it was looked.
    pub checked_at: Timestamp,
    /// Whether all organisations were looked at, each with what is known of it: 2,000 are at the most.
    pub complete: bool,
}

impl From<Listing> for AttentionOut {
    fn from(found: Listing) -> Self {
        Self {
            items: found.items.into_iter().map(Into::into).collect(),
            next: found.next,
            counts: found.counts.into(),
            days: found.days.into_iter().map(Into::into).collect(),
            under_way: found.under_way.into_iter().map(Into::into).collect(),
            checked_at: found.checked_at,
            complete: found.is_complete,
        }
    }
}

/// How many organisations need somebody, and what for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttentionCountsOut {
    /// Organisations that were looked at: those that the caller sees.
    pub organisations: u64,
    /// Those that need nobody, as far as the caller may hear of it, or of which all is acknowledged.
    pub fine: u64,
    /// How many items there are of each cause that is there, but for those that are acknowledged.
    pub causes: BTreeMap<String, u64>,
    /// Items that are acknowledged.
    pub acknowledged: u64,
    /// Snapshots that are being taken.
    pub under_way: u64,
}

/// What changed on one day.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttentionDayOut {
    /// The day of the calendar, UTC.
    pub day: String,
    /// How many changes comparisons found; null where the caller may not hear of them, or it is not known.
    pub changes: Option<u64>,
}

impl From<Day> for AttentionDayOut {
    fn from(Day { day, changes }: Day) -> Self {
        Self { day: day.to_string(), changes }
    }
}

/// A snapshot that is being taken.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnderWayOut {
    /// The organisation whose tenant is read.
    pub organisation: OrganisationId,
    /// The name of the organisation.
    pub name: String,
    /// The snapshot, which is read as any other.
    pub snapshot: SnapshotId,
}

impl From<UnderWay> for UnderWayOut {
    fn from(UnderWay { organisation, name, snapshot }: UnderWay) -> Self {
        Self { organisation, name, snapshot }
    }
}

impl From<Counts> for AttentionCountsOut {
    fn from(counts: Counts) -> Self {
        let Counts { organisations, fine, causes, acknowledged, under_way } = counts;
        let causes = causes.into_iter().map(|(cause, count)| (cause.name().to_owned(), count)).collect();
        Self { organisations, fine, causes, acknowledged, under_way }
    }
}

/// One cause of one organisation, or of the partner itself.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttentionItemOut {
    /// The organisation that needs somebody; null where the partner itself does.
    pub organisation: Option<OrganisationId>,
    /// The partner whose customer it is, or that is to decide.
    pub partner: PartnerId,
    /// The name of the organisation, or of the partner.
    pub name: String,
    /// What it needs somebody for.
    pub cause: Cause,
    /// How much that matters.
    pub severity: Severity,
    /// Since when it is so.
    pub since: Timestamp,
    /// Until when something can be done; null where that has no end.
    pub until: Option<Timestamp>,
    /// What there is to tell of it.
    pub what: AttentionWhatOut,
    /// Stands for all that is so: whoever acknowledges it names this.
    pub facts: String,
    /// Who has acknowledged it; null while nobody has.
    pub acknowledged: Option<AcknowledgementOut>,
}

impl From<Item> for AttentionItemOut {
    fn from(item: Item) -> Self {
        Self {
            organisation: item.organisation,
            partner: item.partner,
            name: item.name,
            cause: item.finding.cause,
            severity: item.finding.cause.severity(),
            since: item.finding.since,
            until: item.finding.until,
            facts: item.finding.hash(),
            what: item.finding.what.into(),
            acknowledged: item.acknowledged.map(Into::into),
        }
    }
}

/// What there is to tell of a cause: figures, names, and ids that lead on.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttentionWhatOut {
    /// Figures by what they count, such as `seats` and `inUse`, or `privileged`.
    pub counts: BTreeMap<&'static str, u64>,
    /// Permissions that are missing, or that nothing needs, by name; 20 at the most.
    pub permissions: Vec<String>,
    /// Kinds and parts that are not protected, or not held, by name; 20 at the most.
    pub sources: Vec<String>,
    /// Why, as one word, where Microsoft or the connection says so; null otherwise.
    pub reason: Option<String>,
    /// Ids by what they are of, such as `comparisons`, `restores`, `snapshots`; 20 of each at the most.
    pub ids: BTreeMap<&'static str, Vec<String>>,
}

impl From<What> for AttentionWhatOut {
    fn from(what: What) -> Self {
        let What { counts, permissions, sources, reason, ids } = what;
        Self { counts, permissions, sources, reason, ids }
    }
}

/// That somebody has looked at a cause, and put it aside.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcknowledgementOut {
    /// Who did: a person's id, or the first characters of a token.
    pub by: String,
    /// When it was done.
    pub at: Timestamp,
    /// Until when the cause is put aside.
    pub until: Timestamp,
    /// What the others are to know.
    pub note: String,
}

impl From<Acknowledgement> for AcknowledgementOut {
    fn from(row: Acknowledgement) -> Self {
        Self { by: row.by, at: row.at, until: row.until, note: row.note }
    }
}
