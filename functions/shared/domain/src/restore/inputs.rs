//! What a plan is made from: read by the job `preview_restore`, judged here.

use super::held::Held;
use super::{
    AccessPassChoice, Administrators, AttributeMode, IdMap, KnownAccessPassPolicy, LinkMode, Resolution,
    Rival, SelectedLink, Tenure,
};
use crate::Timestamp;
use crate::extensions::Extension;
use crate::kinds::{Kind, KindName};
use std::collections::{BTreeMap, BTreeSet};

/// A chosen object, or one that refers to a chosen object which has to be created again.
#[derive(Clone, Debug)]
pub struct Item {
    /// The kind of the object.
    pub kind: &'static Kind,
    /// Its key in the snapshot.
    pub key: String,
    /// Only these properties; absent means all.
    pub properties: Option<Vec<String>>,
    /// Besides these properties only these parts of others, by their paths; then `properties` are never absent.
    pub paths: Vec<String>,
    /// Only these links, by their far ends in the snapshot or live; absent means all.
    pub links: Option<Vec<SelectedLink>>,
    /// Whether what led to it comes back even where it is not created again.
    pub incoming: bool,
    /// As the snapshot has it; none when it was not there.
    pub wanted: Option<Held>,
    /// As it is live, looked up under the id that it has now; none when it is not there.
    pub live: Option<Held>,
    /// Whether it lies in the recycle bin.
    pub in_recycle_bin: bool,
    /// As the recycle bin shows it, without links; none where it is not there or cannot be seen in it.
    pub binned: Option<Held>,
    /// For role assignments: for how long the role was given, as both sides say.
    pub tenure: Tenure,
}

/// What a restore must not take away.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Who can administer the tenant, live.
    pub administrators: KnownAdministrators,
    /// Our own service principals.
    pub own_principals: BTreeSet<String>,
    /// Of the people whom steps let in, keep out, bring back or delete, the ids of those who hold or may activate a role with
    /// power over others, or may for all that could be read.
    pub powerful: BTreeSet<String>,
}

/// What is known of the tenant's administrators.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum KnownAdministrators {
    /// Nobody looked: no step can take anybody's rights.
    #[default]
    NotAsked,
    /// They were read: these they are.
    Known(Administrators),
    /// They could not be read: nothing that may take somebody's rights is planned.
    Unreadable,
}

/// How many licences of a SKU a tenant has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Units {
    /// The SKU's name, such as `ENTERPRISEPACK`, where it is known.
    pub name: Option<String>,
    /// How many there are, given or not.
    pub there: u64,
    /// How many of them are given.
    pub given: u64,
}

/// Everything that a plan follows from.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The objects that a person chose to have back.
    pub items: Vec<Item>,
    /// By the live id of an object that is created again, or whose incoming links were chosen: the objects whose links
    /// or references to it the snapshot holds, limited to just these.
    pub referrers: BTreeMap<String, Vec<Item>>,
    /// Ids of earlier re-creations.
    pub ids: IdMap,
    /// Ids (those of today) of far ends that are known not to be live.
    pub missing: BTreeSet<String>,
    /// Ids (those of today) of whoever holds a role or what it is held over, as far as they are known to be gone for good:
    /// neither live nor in the recycle bin.
    pub gone: BTreeSet<String>,
    /// Ids (those of today) of whoever holds a role or what it is held over that are neither in the snapshot nor live nor in the
    /// recycle bin as objects of a kind: they may be applications, or gone for good.
    pub unknown_ends: BTreeSet<String>,
    /// Values that steps give to objects and that one object alone can have, in lower case: the ids of the other objects that have
    /// them now.
    pub taken: BTreeMap<String, String>,
    /// Objects that have the place of chosen ones which are to come back, by kind and key of these.
    pub rivals: BTreeMap<(KindName, String), Vec<Rival>>,
    /// What a person chose about them.
    pub choices: BTreeMap<(KindName, String), Vec<Resolution>>,
    /// The ids, until now, of chosen objects for which a live one is taken: `ids` leads from them to its id.
    pub adopted: BTreeMap<(KindName, String), String>,
    /// Of collections that are no kinds (`kinds::OUTSIDE`), by their names: the ids of what is there. Of a collection
    /// that is not among them nothing is known.
    pub outside: BTreeMap<&'static str, BTreeSet<String>>,
    /// The directory extensions that the tenant has; none where that could not be read, or nobody looked since none of the
    /// items has any.
    pub extensions: Option<Vec<Extension>>,
    /// Ids of live objects that a unit keeps from being managed by others, as far as that can be seen.
    pub restricted: BTreeSet<String>,
    /// How many licences of each SKU the tenant has, by the SKU's id; none where that could not be read.
    pub units: Option<BTreeMap<String, Units>>,
    /// Names of far ends, by the ids of today.
    pub names: BTreeMap<String, String>,
    /// What a restore must not take away.
    pub guard: Guard,
    /// How attributes are written.
    pub attributes: AttributeMode,
    /// How links are written.
    pub links: LinkMode,
    /// Whether objects that came since are deleted.
    pub delete_created: bool,
    /// Whether people who come back are blocked.
    pub come_back_blocked: bool,
    /// Which people who come back get a Temporary Access Pass; none where nobody does.
    pub access_pass: Option<AccessPassChoice>,
    /// What the tenant's policy says of such passes.
    pub access_pass_policy: KnownAccessPassPolicy,
    /// The time of the plan: what has run out by then cannot be given back.
    pub now: Timestamp,
}
