//! Work that people asked for, on the wire.

use domain::{OrganisationId, PartnerId, Timestamp};
use engine::ports::Page;
use engine::records::AskedWork;
use garde::Validate;
use partners::commands::jobs::{Job, JobPage, Standing, Wanted};
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What sort of work a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JobType {
    /// A snapshot beside those that are due.
    Snapshot,
    /// A comparison of two snapshots, or with the live tenant.
    Comparison,
    /// A restore, from its preview on.
    Restore,
    /// A download of what is backed up, as a file.
    Download,
}

impl From<JobType> for AskedWork {
    fn from(of: JobType) -> Self {
        match of {
            JobType::Snapshot => Self::Snapshots,
            JobType::Comparison => Self::Comparisons,
            JobType::Restore => Self::Previews,
            JobType::Download => Self::Downloads,
        }
    }
}

impl From<AskedWork> for JobType {
    fn from(of: AskedWork) -> Self {
        match of {
            AskedWork::Snapshots => Self::Snapshot,
            AskedWork::Comparisons => Self::Comparison,
            AskedWork::Previews => Self::Restore,
            AskedWork::Downloads => Self::Download,
        }
    }
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JobStanding {
    /// It is worked on, or will be.
    Open,
    /// The preview of a restore is there: nobody has run it, or it waits to be approved.
    Previewed,
    /// It came to its end as it was asked for.
    Done,
    /// It was given up.
    Failed,
    /// Somebody stopped it before its end.
    Cancelled,
    /// It is no more: a download that has ended.
    Ended,
}

/// Each standing on the wire, and that of the command.
const STANDINGS: [(JobStanding, Standing); 6] = [
    (JobStanding::Open, Standing::Open),
    (JobStanding::Previewed, Standing::Previewed),
    (JobStanding::Done, Standing::Done),
    (JobStanding::Failed, Standing::Failed),
    (JobStanding::Cancelled, Standing::Cancelled),
    (JobStanding::Ended, Standing::Ended),
];

/// Which jobs are wanted, and which part of their list. What is absent does not matter.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobsIn {
    /// A partner below the caller's; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// Only those of that organisation.
    #[garde(skip)]
    pub organisation: Option<OrganisationId>,
    /// Only those of that type.
    #[garde(skip)]
    #[serde(rename = "type")]
    pub of: Option<JobType>,
    /// Only those that stand so.
    #[garde(skip)]
    pub state: Option<JobStanding>,
    /// Only those that this person or token asked for, as `requestedBy` names them.
    #[garde(length(min = 1, max = 100))]
    pub requested_by: Option<String>,
    /// Only those that were asked for then or later.
    #[garde(skip)]
    pub since: Option<Timestamp>,
    /// Only those that were asked for before then.
    #[garde(skip)]
    pub until: Option<Timestamp>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl JobsIn {
    /// Which jobs are wanted.
    pub fn wanted(&self) -> Wanted {
        let of = |state| STANDINGS.iter().find(|(known, _)| *known == state).map(|(_, standing)| *standing);
        Wanted {
            partner: self.partner.clone(),
            organisation: self.organisation.clone(),
            work: self.of.map(AskedWork::from),
            standing: self.state.and_then(of),
            requested_by: self.requested_by.clone(),
            since: self.since,
            until: self.until,
        }
    }

    /// Which part of their list is wanted.
    pub fn page(self) -> Page {
        PageIn { cursor: self.cursor, limit: self.limit }.page()
    }
}

/// A job. What it found or did is read at its organisation, by its id.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobOut {
    /// The id of the snapshot, comparison, restore or download.
    id: String,
    /// What sort of work it is.
    #[serde(rename = "type")]
    of: JobType,
    /// The organisation in which it was asked for.
    organisation: OrganisationId,
    /// What the organisation is called.
    organisation_name: String,
    /// How it stands; null where that cannot be read.
    state: Option<JobStanding>,
    /// Who asked for it: a person's id, or the first characters of a token.
    requested_by: String,
    /// When it was asked for.
    requested_at: Timestamp,
    /// When it came to its end; null until it has, and where that was not written down.
    done_at: Option<Timestamp>,
}

impl From<Job> for JobOut {
    fn from(job: Job) -> Self {
        let Job { entry, name, standing, done_at } = job;
        let of = |standing| STANDINGS.iter().find(|(_, known)| *known == standing).map(|(state, _)| *state);
        Self {
            id: entry.id,
            of: entry.work.into(),
            organisation: entry.organisation,
            organisation_name: name,
            state: standing.and_then(of),
            requested_by: entry.requested_by,
            requested_at: entry.at,
            done_at,
        }
    }
}

/// A part of the jobs of a partner.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobsOut {
    /// The jobs of this part, the last asked for first.
    items: Vec<JobOut>,
    /// The `cursor` of the next part; null at the end.
    next: Option<String>,
    /// How many jobs are left out here, since their organisation is no longer the partner's, is deleted, or has another tenant.
    gone: u64,
    /// Whether all that was looked through for this part could be read.
    complete: bool,
}

impl From<JobPage> for JobsOut {
    fn from(page: JobPage) -> Self {
        let JobPage { items, next, gone, is_complete } = page;
        Self { items: items.into_iter().map(Into::into).collect(), next, gone, complete: is_complete }
    }
}
