//! What a row of the table of kinds can say. What it says of writing is in `writing`, of roles in `rights`.

use super::{KINDS, KindName, Logged, Phase, PropertyValue, RoleRelation, Rule, Telling, Update, Writing};
use crate::canonical::Sorting;

/// Graph's two API versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiVersion {
    /// The documented version, `/v1.0`.
    V1,
    /// `/beta`: the only one that has whole device policies.
    Beta,
}

impl ApiVersion {
    /// The first segment of the path of every address of that version.
    pub fn segment(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// How a source is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// By delta: what changed. The path ends in `/delta`.
    Delta(FullReading),
    /// By list, whole each time.
    List,
}

/// How everything is read where changes are read by delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullReading {
    /// By the delta's own first round, one page after the other.
    ByRound,
    /// By list, whose pages are five times as large; then what changed since a token that was taken before.
    ByList {
        /// Below the version segment.
        path: &'static str,
        /// `$expand`, which gives the links that the delta is asked for in `$select`.
        expand: &'static str,
        /// How many objects a page is asked for, as `$top`.
        top: u32,
    },
    /// The ids by list, then the delta's first round in chunks of so many ids, side by side; then what
    /// changed since a token that was taken before. A serial round of a large tenant takes an hour and more.
    ByChunks {
        /// Below the version segment.
        path: &'static str,
        /// `$top` of the list.
        top: u32,
        /// The most ids that Graph takes in a delta's `$filter`.
        ids: usize,
        /// With so many objects or fewer the first round costs less.
        round_up_to: usize,
    },
}

/// What the items of a source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// Whole objects of the kind, with their links.
    Objects,
    /// One property of the objects, which the main source does not give. It has a run of its own
    /// (`users.customSecurityAttributes`), and is put back into the object when it is read.
    Facet(&'static str),
}

/// One way of reading a part of a kind. Paging is by `@odata.nextLink`, always.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// Unique over all kinds; names the cursor in a snapshot's progress and the token in its manifest.
    pub name: &'static str,
    /// By delta or by list.
    pub read: Read,
    /// Below the version segment, without a leading slash.
    pub path: &'static str,
    /// The version of Graph's API that the request goes to: v1.0 or beta.
    pub version: ApiVersion,
    /// `$select`, relations of a delta included; empty means: everything that Graph gives.
    pub select: &'static [&'static str],
    /// `$expand` as Graph wants it; empty for none.
    pub expand: &'static str,
    /// `$top`; absent where Graph ignores or refuses it.
    pub top: Option<u32>,
    /// Objects or one property.
    pub gives: Gives,
    /// Facets that can be asked for along with the objects, where they may be read.
    pub carries: &'static [&'static str],
    /// Any one of these application permissions is needed besides the kind's own; empty for none.
    pub permissions: &'static [&'static str],
    /// Whether the number of its objects is the size of the tenant, by which Graph allots what may be asked.
    /// Source: learn.microsoft.com/graph/throttling-limits, identity and access.
    pub sizes_tenant: bool,
}

impl Source {
    /// Whether what changed can be asked for.
    pub fn is_delta(&self) -> bool {
        matches!(self.read, Read::Delta(_))
    }

    /// The relations that each object is asked to be given with, as `$expand` names them.
    pub fn expands(&self) -> impl Iterator<Item = &'static str> {
        let mut depth = 0_usize;
        let parts = self.expand.split(move |c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        });
        parts.filter_map(|part| part.split('(').next()).map(str::trim).filter(|name| !name.is_empty())
    }
}

/// What makes an object the same object in two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// It is the same object as long as its `id` is the same.
    Id,
    /// The values of these properties. For facts that have no life of their own, such as a role
    /// assignment: taken away and given again it has a new id and is the same fact.
    Natural(&'static [&'static str]),
}

/// In which collections of a kind's objects the order of the items says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In none: Graph promises no order.
    Nowhere,
    /// In all, at any depth, but those in properties of these names: whoever set them up cannot say an order, or it has no
    /// effect.
    Except(&'static [&'static str]),
}

/// A property that holds the id of another object. References are rewritten when that object was
/// created again under a new id, and shown by name.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference {
    /// The top-level property that holds the reference.
    pub property: &'static str,
    /// Kinds that it may point at; empty when Graph does not say.
    pub kinds: &'static [KindName],
    /// Text before the id, such as `/administrativeUnits/` in a directory scope.
    pub prefix: &'static str,
}

/// How a link is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkWrite {
    /// `POST {from}/{relation}/$ref`, up to 20 at once by PATCH; `DELETE {from}/{relation}/{to}/$ref`.
    Collection,
    /// The same, one at a time.
    OneByOne,
    /// `PUT` and `DELETE {from}/{relation}/$ref`.
    Single,
    /// `POST {from}/assign` with all of them; what is not in the list is gone.
    AssignAll,
}

/// A link from objects of one kind to others. Its run has the key `from/to`.
#[derive(Debug, PartialEq, Eq)]
pub struct LinkType {
    /// The name of its run, `kind.relation`.
    pub name: &'static str,
    /// The kind that it starts from.
    pub from: KindName,
    /// Graph's name of the relation; in a delta reply its entries are in `relation@delta`.
    pub relation: &'static str,
    /// For a person: "member".
    pub label: &'static str,
    /// Kinds that it may lead to; more than these occur (devices, service principals).
    pub to: &'static [KindName],
    /// How it is written.
    pub write: LinkWrite,
    /// Any one of these application permissions lets it be written; empty: what lets its object be written.
    pub write_permissions: &'static [&'static str],
    /// When the links of an object follow from a rule of the object, and are not written.
    pub ruled_by: Option<Rule>,
    /// Of which objects Graph does not take the last link away: a Microsoft 365 group keeps an owner.
    /// Source: learn.microsoft.com/graph/api/group-delete-owners.
    pub keeps_last: Option<PropertyValue>,
    /// The property by which an object keeps what it leads to from being managed by others: such links are written last.
    /// Source: learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management.
    pub restricts: Option<&'static str>,
    /// Whether a new object can be made with links of the type, so that they cost no write of their own.
    /// Source: learn.microsoft.com/graph/api/group-post-groups, "Create a group with owners and members".
    pub comes_with_new: bool,
    /// Whether whoever it leads to holds the roles of the object that it leads from.
    pub passes_roles: bool,
    /// Leaves are cut after a key whose hash ends in so many zero bits.
    pub cut_bits: u32,
}

impl LinkType {
    /// The kind that its far ends are of, where Graph does not name their type: known only where it can be one alone.
    pub fn only_end(&self) -> Option<&'static Kind> {
        match self.to {
            [one] => KINDS.into_iter().find(|kind| kind.name == *one),
            _ => None,
        }
    }
    /// The kind of the objects at its far ends whose `@odata.type`, where Graph names it, is this one.
    pub fn end(&self, odata_type: Option<&str>) -> Option<&'static Kind> {
        odata_type.map_or_else(|| self.only_end(), super::of_type)
    }
}

/// A property or relation of a kind that no snapshot holds, and why. Told with each snapshot over the API.
#[derive(Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its name, or a list of names.
    pub what: &'static str,
    /// Why it is not read, for a person.
    pub why: &'static str,
}

/// A part of a kind that needs a permission of its own. Graph gives the objects without it, and does not say so: a
/// property has no value, members are not listed.
#[derive(Debug, PartialEq, Eq)]
pub struct Guarded {
    /// What a snapshot calls it that lacks it: `users.employeeLeaveDateTime`, `groups.hiddenMembers`.
    pub name: &'static str,
    /// The property of the main source, or the relation.
    pub part: &'static str,
    /// Only of objects of which this property has this value; absent: of all.
    pub only_where: Option<(&'static str, &'static str)>,
    /// Any one of these application permissions lets it be read.
    pub permissions: &'static [&'static str],
}

/// A licence of the tenant on which a kind depends.
#[derive(Debug, PartialEq, Eq)]
pub struct Licence {
    /// What Microsoft calls it.
    pub name: &'static str,
    /// The service plans of which any one is it, by the beginning of their `servicePlanName` in the subscribed SKUs.
    /// Source: learn.microsoft.com/entra/identity/users/licensing-service-plan-reference.
    pub plans: &'static [&'static str],
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The product's name for it, unique and stable: it is in keys, paths and stored bytes.
    pub name: KindName,
    /// One of them, for a person: "group".
    pub label: &'static str,
    /// Below the version segment.
    pub path: &'static str,
    /// The version of Graph's API that the request goes to: v1.0 or beta.
    pub version: ApiVersion,
    /// What makes it the same object.
    pub identity: Identity,
    /// The `@odata.type` that Graph gives to its objects where they are among other kinds: as far ends of links. None
    /// where they are not.
    pub odata_type: Option<&'static str>,
    /// The property that a person calls it by; empty when it has none.
    pub name_property: &'static str,
    /// The property that no two of them share, by which a new one is found whose creation nobody saw to its end. None
    /// where there is no such property: then the name and what was sent tell it.
    pub unique_property: Option<&'static str>,
    /// Properties by which an object that was made anew by others is taken for the one that went: a guess, and told as one.
    pub recognised_by: &'static [&'static str],
    /// More properties that a search finds it by.
    pub search: &'static [&'static str],
    /// The first gives the objects, the others facets.
    pub reading: &'static [Source],
    /// What leads from it.
    pub links: &'static [LinkType],
    /// What in it points at others.
    pub references: &'static [Reference],
    /// Which collections have an order of their own, and which are sorted before they are stored.
    pub sorting: Sorting,
    /// In which collections a comparison and a restore heed the order.
    pub order: Order,
    /// Those of the selected properties that hold a collection. Source: the type in Graph's metadata.
    pub collections: &'static [&'static str],
    /// Changes by itself, or follows from something else that is compared: never a change.
    pub volatile: &'static [&'static str],
    /// How differences of its objects are told.
    pub telling: Telling,
    /// Set by the service: shown as a change, cannot be written. A re-created object has its own.
    pub read_only: &'static [&'static str],
    /// Can be written when the object is created and never again.
    pub create_only: &'static [&'static str],
    /// When in a restore its objects are written.
    pub phase: Phase,
    /// What can be written.
    pub writing: Writing,
    /// Any one of these application permissions lets it be read.
    pub read_permissions: &'static [&'static str],
    /// What in it these do not let be read.
    pub guarded: &'static [Guarded],
    /// Any one of these application permissions lets it be written.
    pub write_permissions: &'static [&'static str],
    /// What a snapshot does not hold.
    pub unread: &'static [Unread],
    /// What the definition of a directory extension calls the type of its objects; none where they have no such
    /// properties, or are not asked for them. Source: learn.microsoft.com/graph/api/resources/extensionproperty.
    pub extended_as: Option<&'static str>,
    /// Its presence depends on a licence; without it Graph refuses, or lists nothing, and the kind is not covered.
    pub licence: Option<&'static Licence>,
    /// Leaves are cut after a key whose hash ends in so many zero bits, so that one is about 256 KiB.
    pub cut_bits: u32,
    /// A change here is a change of who may do what.
    pub privileged: bool,
    /// What its objects have to do with the roles that are given.
    pub rights: RoleRelation,
    /// Where Microsoft logs who changed one of them.
    pub logged: Logged,
    /// The properties that say whether one of them takes a seat ([`crate::subscriptions::takes_seat`]); empty: none does.
    pub seated_by: &'static [&'static str],
}

/// What the name of a directory extension begins with: `extension_`, the application's id without dashes, `_`, a name.
pub const EXTENSION_PREFIX: &str = "extension_";

impl Kind {
    /// Whether a property of its objects is a directory extension.
    pub fn is_extension(&self, property: &str) -> bool {
        self.extended_as.is_some() && property.starts_with(EXTENSION_PREFIX)
    }
    /// The link type of that relation.
    pub fn link(&self, relation: &str) -> Option<&'static LinkType> {
        self.links.iter().find(|l| l.relation == relation)
    }
    /// Whether one of its links has that relation.
    pub fn is_relation(&self, property: &str) -> bool {
        self.links.iter().any(|l| l.relation == property)
    }
    /// The name of the run that holds its objects. FORMAT.md section 6.
    pub fn run(&self) -> &'static str {
        self.name.text()
    }
    /// The name of the run that holds a facet of them, and what a part of the kind is called that a snapshot lacks.
    pub fn part(&self, property: &str) -> String {
        format!("{}.{property}", self.name)
    }
    /// The property by which a new object is found again that nobody saw made.
    pub fn found_by(&self) -> &'static str {
        self.unique_property.unwrap_or(self.name_property)
    }
    /// The source of a facet.
    pub fn facet_source(&self, facet: &str) -> Option<&'static Source> {
        self.reading
            .iter()
            .find(|s| s.gives == Gives::Facet(self.facets().find(|f| *f == facet).unwrap_or_default()))
    }
    /// The names of its facets, in the order of the sources.
    pub fn facets(&self) -> impl Iterator<Item = &'static str> {
        self.reading.iter().filter_map(|s| match s.gives {
            Gives::Facet(property) => Some(property),
            Gives::Objects => None,
        })
    }
    /// Whether this selected property holds a collection.
    pub fn is_collection(&self, property: &str) -> bool {
        self.collections.contains(&property)
    }
    /// What Graph gives for this property where it has no value, as JSON. One way of asking gives that, and another leaves
    /// the property out: both are stored alike.
    pub fn empty_value(&self, property: &str) -> &'static str {
        if self.is_collection(property) { "[]" } else { "null" }
    }
    /// Whether this top-level property is asked for wherever its objects are read, by its name or with everything else.
    pub fn reads(&self, property: &str) -> bool {
        let is_named =
            |source: &Source| source.select.contains(&property) || source.carries.contains(&property);
        self.keeps_all()
            || property.contains('@')
            || self.is_extension(property)
            || self.reading.iter().any(is_named)
    }
    /// Whether everything is kept that Graph gives of its objects, so that any name may be that of a property.
    pub fn keeps_all(&self) -> bool {
        self.reading.iter().any(|s| s.gives == Gives::Objects && s.select.is_empty())
    }
    /// Whether a difference in this top-level property is a change.
    pub fn compares(&self, property: &str) -> bool {
        property != "id" && !self.volatile.contains(&property)
    }
    /// Whether this top-level property of an existing object can be written.
    pub fn can_update(&self, property: &str) -> bool {
        property != "id"
            && self.writing.update != Update::Never
            && !self.volatile.contains(&property)
            && !self.read_only.contains(&property)
            && !self.create_only.contains(&property)
    }
}
