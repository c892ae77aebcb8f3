//! One question over the tenants of a partner on the wire: what is asked, what was found, and what is known of each.

use super::changes::ChangeOut;
use crate::door::Named;
use backup::commands::across::{
    Account, AsOf, AskedAcross, FoundChange, Gathered, Mark, NotTold, Standing, Unknown,
};
use domain::changes::{Chosen, Class, Happened};
use domain::{DiffId, OrganisationId, PartnerId, Result, Timestamp, kinds};
use garde::Validate;
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which changes are asked for, over all organisations of a partner.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcrossIn {
    /// What changed since then. What changed between that time and the snapshot before it cannot be told apart, and is found too.
    #[garde(skip)]
    pub since: Timestamp,
    /// A partner below the caller's; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// Only changes of objects of this kind.
    #[garde(length(max = 100))]
    kind: Option<String>,
    /// Only changes in which this happened: `deleted` are all that went, `softDeleted` those known to lie in the recycle bin.
    #[garde(skip)]
    what: Option<Happened>,
    /// Only changes of this class, or with a part of it: `change`, `derived`, `observed`, `service`.
    #[garde(skip)]
    class: Option<Class>,
    /// Only changes that weigh as much or more.
    #[garde(range(min = 1, max = 100))]
    min_weight: Option<u8>,
    /// Only changes of objects whose name has this part, whatever its case, width and marks, or whose key is this.
    #[garde(length(min = 1, max = 256))]
    name: Option<String>,
    /// Only changes in which something at or within this path differs, or links of this type, such as `groups.members`.
    #[garde(length(min = 1, max = 512))]
    property: Option<String>,
    /// Only assignments, schedules and eligibilities of this role that came or went, by the id of its definition: of a role
    /// that Microsoft ships it is the same in every tenant.
    #[garde(length(min = 1, max = 100))]
    role: Option<String>,
    /// Only what this person, application or restore made or may have made: a user name, the id of a person or service
    /// principal, what an application is called, or a restore's id, in any case.
    #[garde(length(min = 1, max = 256))]
    actor: Option<String>,
    /// The `next` of the part before; without it the organisations are asked from the first.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most changes that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    limit: Option<usize>,
}

impl AcrossIn {
    /// How many changes the part may have.
    pub fn limit(&self) -> usize {
        PageIn { cursor: None, limit: self.limit }.page().limit
    }

    /// What is asked of each tenant.
    ///
    /// # Errors
    /// `Invalid`, naming `kind`, when there is no such kind.
    pub fn asked(&self) -> Result<AskedAcross> {
        let chosen = Chosen {
            kind: self.kind.as_deref().map(kinds::get).transpose()?,
            what: self.what,
            class: self.class,
            min_weight: self.min_weight,
            name: self.name.clone(),
            property: self.property.clone(),
            role: self.role.clone(),
        };
        Ok(AskedAcross { since: self.since, chosen, actor: self.actor.clone() })
    }
}

/// A part of the answer: changes, and what is known of the organisations that are done with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcrossOut {
    /// The changes, organisation by organisation; of each what happened first comes first.
    items: Vec<FoundChangeOut>,
    /// The organisations that this part is done with: each that the caller sees comes once in all parts together.
    organisations: Vec<AccountOut>,
    /// Where the next part begins; null at the end. Only then every organisation is accounted for.
    next: Option<String>,
}

impl AcrossOut {
    /// What was gathered, with the names of the organisations.
    pub fn of(
        gathered: Gathered,
        names: &BTreeMap<OrganisationId, Named>,
        next: Option<&Mark>,
        bound: &str,
    ) -> Self {
        let name = |id: &OrganisationId| names.get(id).and_then(|named| named.name.clone());
        let items = gathered.items.into_iter().map(|found| {
            let name = name(&found.organisation);
            FoundChangeOut::of(found, name)
        });
        let organisations = gathered.accounts.into_iter().map(|(id, account)| {
            let name = name(&id);
            AccountOut::of(id, name, account)
        });
        Self {
            items: items.collect(),
            organisations: organisations.collect(),
            next: next.map(|mark| mark.cursor(bound)),
        }
    }
}

/// A change, with the organisation in whose tenant it happened.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct FoundChangeOut {
    /// The organisation in whose tenant it happened.
    organisation: OrganisationId,
    /// What that organisation is called; null where its row cannot be read.
    organisation_name: Option<String>,
    /// The comparison that tells it.
    comparison: DiffId,
    /// It happened after this; null where the earlier snapshot is no more.
    from: Option<Timestamp>,
    /// It happened before this; null where the later snapshot is no more.
    until: Option<Timestamp>,
    #[serde(flatten)]
    change: ChangeOut,
}

impl FoundChangeOut {
    fn of(found: FoundChange, organisation_name: Option<String>) -> Self {
        let FoundChange { organisation, comparison, from, until, authored } = found;
        Self { organisation, organisation_name, comparison, from, until, change: authored.into() }
    }
}

/// What is known of an organisation since the time that was asked about.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct AccountOut {
    /// The organisation.
    organisation: OrganisationId,
    /// What it is called; null where its row cannot be read.
    name: Option<String>,
    /// What is known in a word.
    standing: Standing,
    /// Why nothing is known; null where something is.
    cause: Option<Unknown>,
    /// The newest snapshot; null before the first, and where it could not be looked at.
    as_of: Option<AsOf>,
    /// What of the time, or of the tenant, no comparison tells, as far as it is asked about: up to 40.
    not_compared: Vec<NotTold>,
    /// How many more there are.
    more_not_compared: u64,
    /// With `actor`: of how many other changes it is not known who made them, so that they may be theirs.
    author_not_known: u64,
}

impl AccountOut {
    fn of(organisation: OrganisationId, name: Option<String>, account: Account) -> Self {
        let Account { standing, cause, as_of, not_compared, more_not_compared, author_not_known } = account;
        Self { organisation, name, standing, cause, as_of, not_compared, more_not_compared, author_not_known }
    }
}
