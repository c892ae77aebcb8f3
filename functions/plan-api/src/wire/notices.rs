//! What a partner was told.

use domain::notices::{Severity, Topic};
use domain::{OrganisationId, PartnerId, Timestamp};
use engine::ports::Page;
use engine::records::Subject;
use garde::Validate;
use partners::commands::notices::{Told, Wanted};
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which notices are wanted, and which part of their list. What is absent does not matter.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoticesIn {
    /// A partner below the caller's; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// Only those about that organisation.
    #[garde(skip)]
    pub organisation: Option<OrganisationId>,
    /// Only those of that topic.
    #[garde(skip)]
    pub topic: Option<Topic>,
    /// Only those from then on.
    #[garde(skip)]
    pub from: Option<Timestamp>,
    /// Only those before then.
    #[garde(skip)]
    pub to: Option<Timestamp>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl NoticesIn {
    /// Which notices are wanted.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            partner: self.partner.clone(),
            organisation: self.organisation.clone(),
            topic: self.topic,
            from: self.from,
            to: self.to,
        }
    }

    /// Which part of their list is wanted.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

/// A notice, as its partner finds it. It names nothing of the customer's directory: what it is about says that.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeOut {
    /// The notice's id, which is unique for its organisation's tenant.
    pub id: String,
    /// When the notice was made.
    pub at: Timestamp,
    /// The organisation that it is about.
    pub organisation: OrganisationId,
    /// The topic, by which people choose what they hear of.
    pub topic: Topic,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about; null in notices of earlier releases.
    pub subject: Option<SubjectOut>,
    /// How many changes it tells of; null in notices of earlier releases.
    pub changes: Option<u64>,
    /// Whether somebody said of all that it tells of that it was expected: it asks nobody for attention.
    pub expected: bool,
}

impl From<Told> for NoticeOut {
    fn from(told: Told) -> Self {
        let Told { entry, is_expected } = told;
        Self {
            id: entry.notice,
            at: entry.at,
            organisation: entry.organisation,
            topic: entry.topic,
            severity: entry.severity,
            subject: entry.subject.map(Into::into),
            changes: entry.changes,
            expected: is_expected,
        }
    }
}

/// What a notice is about.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubjectOut {
    /// What the id is of.
    #[serde(rename = "type")]
    pub of: SubjectType,
    /// The id of it.
    pub id: String,
}

/// What notices are about.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SubjectType {
    /// A snapshot that was taken or failed.
    Snapshot,
    /// A comparison and its changes.
    Comparison,
    /// A restore, previewed or executed.
    Restore,
    /// The organisation itself: its connection, or its end.
    Organisation,
}

impl From<Subject> for SubjectOut {
    fn from(subject: Subject) -> Self {
        let of = match subject {
            Subject::Snapshot(_) => SubjectType::Snapshot,
            Subject::Diff(_) => SubjectType::Comparison,
            Subject::Restore(_) => SubjectType::Restore,
            Subject::Organisation(_) => SubjectType::Organisation,
        };
        Self { of, id: subject.id().to_owned() }
    }
}
