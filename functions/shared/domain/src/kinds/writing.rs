//! What a row says of writing: how objects of the kind are created, changed and deleted, and what Graph does not take.
//!
//! A row begins from [`Writing::PATCHED`] and names only what differs.

use super::KindName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The order in which a restore writes: what is referred to comes before what refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Administrative units; their members come with the links.
    AdministrativeUnits,
    /// Users; their managers come with the links.
    Users,
    /// Groups; their members and owners come with the links.
    Groups,
    /// Members, owners and managers of whatever is there by then.
    Links,
    /// Licences of users and groups.
    Licences,
    /// Custom roles, before anybody is given one.
    Roles,
    /// Role assignments and schedules, which refer to principals, roles and units.
    RoleAssignments,
    /// Device policies, and other objects that refer to what came before.
    Policies,
    /// The assignments of policies to groups.
    Assignments,
    /// Temporary Access Passes: late, since their time runs from when they are made.
    AccessPasses,
    /// Members of units that keep others from managing them: whoever is in one is written by nobody else afterwards.
    RestrictedLinks,
    /// Deletion of objects that came since the snapshot.
    Deletions,
}

/// How an existing object is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Only what changes is sent.
    Patch,
    /// The whole object is sent.
    Put,
    /// Not at all: a changed one is given anew, then the old one taken away.
    Never,
}

/// An action that carries a part of the object which neither create nor update takes.
#[derive(Debug, PartialEq, Eq)]
pub struct Action {
    /// The property that travels by it.
    pub property: &'static str,
    /// The action's path segment.
    pub path: &'static str,
    /// The name of its one argument.
    pub argument: &'static str,
}

/// What tells some objects of a kind from the others: a property has this value, or has it among its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyValue {
    /// A property at the top of the object.
    pub property: &'static str,
    /// The value, which is text.
    pub value: &'static str,
}

impl PropertyValue {
    /// Whether the object has it.
    pub fn is_on(&self, object: &Map<String, Value>) -> bool {
        match object.get(self.property) {
            Some(Value::String(text)) => text == self.value,
            Some(Value::Array(items)) => items.iter().any(|item| item == self.value),
            _ => false,
        }
    }
}

/// Objects that Graph shows and does not write like the others of their kind. What is refused of them, and with
/// which words, says `restore::limits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Guests, who come by an invitation that they accept.
    /// Source: learn.microsoft.com/graph/api/resources/invitation.
    Guest,
    /// Those that are `mailEnabled`, which belong to Exchange.
    /// Source: learn.microsoft.com/graph/api/resources/groups-overview.
    MailEnabled {
        /// Those that have this mark are Graph's all the same: Microsoft 365 groups.
        unless: PropertyValue,
    },
    /// Microsoft's own, which are in every tenant.
    BuiltIn,
    /// Those whose `@odata.type` ends so: Graph does not give their contents.
    Opaque(&'static str),
}

/// The form of a property for which Graph does not take what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A list of which one entry is taken, though more may be shown.
    /// Source: learn.microsoft.com/graph/api/resources/user, businessPhones.
    One,
    /// An object that is sent with all of its parts: one that is not sent may be lost.
    Parts,
    /// The identities of a user: replaced whole, and the one that is the user's name follows from the name.
    /// Source: learn.microsoft.com/graph/api/resources/objectidentity.
    Identities,
    /// Sets of custom security attributes: each value with the annotation of its type.
    /// Source: learn.microsoft.com/graph/custom-security-attributes-examples.
    SecurityAttributes,
}

/// A property without which Graph does not create an object, and its value where the snapshot has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Required {
    /// The property, which a new object must have.
    pub property: &'static str,
    /// The value that it gets then.
    pub otherwise: Otherwise,
}

/// What a new object is given though there is nothing in it. What is not given then is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Empty {
    /// Nothing: a directory takes no empty text, and does without lists.
    Nothing,
    /// These lists, without which Graph creates no such object.
    Lists(&'static [&'static str]),
    /// Each text and each list: an object that was made with them has them and shows them, and some have to be there.
    All,
}

impl Empty {
    /// Whether this value, in which there is nothing, is given.
    pub fn gives(self, property: &str, value: &Value) -> bool {
        let is_list = value.as_array().is_some_and(Vec::is_empty);
        match self {
            Self::Nothing => false,
            Self::Lists(lists) => is_list && lists.contains(&property),
            Self::All => is_list || value == "",
        }
    }
}

/// Where the value of a required property comes from when the snapshot has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// It is `false`, as it is for an object that was made without it.
    False,
    /// It is the key that the object had.
    Key,
    /// It is what stands before the `@` of this property.
    BeforeAt(&'static str),
    /// It is the letters and digits of this property, or the key where there are none.
    LettersOf(&'static str),
}

/// A property that has, or has not, one of its values for ever: that is settled when the object is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The property and the value.
    pub mark: PropertyValue,
    /// For a person: why neither can become the other.
    pub why: &'static str,
}

/// How an object may come back though another one has its place, besides leaving it and taking the other one for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It comes back with another value of the property.
    Rename,
    /// It comes back without the value that the other one has.
    Without,
}

/// How it shows that another object has a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its property of the same name has the value.
    Same,
    /// It has the address, or one of the addresses, that this property of the object names among its own
    /// (`proxyAddresses`).
    Address(&'static str),
}

/// A place that an object takes: a value that Graph gives to one object alone, or that tells a person which one is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The property that the place is about.
    pub property: &'static str,
    /// How it shows that another object has it.
    pub shown: Shown,
    /// The kinds of which one may have it.
    pub among: &'static [KindName],
    /// Whether Graph gives it to one object alone. Where not, objects that were there together under it are no rivals.
    pub is_unique: bool,
    /// Whether values are the same that differ in their case alone.
    pub ignores_case: bool,
    /// It is about objects alone that have this mark, on either side.
    pub only: Option<PropertyValue>,
    /// Whether objects in the recycle bin may have it as well.
    pub also_binned: bool,
    /// How an object comes back all the same that has to be created again; none where it takes no such place then.
    pub created: Option<&'static [Way]>,
    /// The same of one in the recycle bin.
    pub returned: Option<&'static [Way]>,
}

impl Place {
    /// A name that people give, which several objects may have.
    pub const NAME: Self = Self {
        property: "displayName",
        shown: Shown::Same,
        among: &[],
        is_unique: false,
        ignores_case: false,
        only: None,
        also_binned: false,
        created: Some(&[Way::Rename]),
        returned: Some(&[]),
    };
    /// An address of mail, which no two objects of a tenant have.
    pub const ADDRESS: Self = Self { is_unique: true, ignores_case: true, ..Self::NAME };
}

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writing {
    /// How an existing object is changed.
    pub update: Update,
    /// Properties that must travel in a PATCH of their own.
    pub alone: &'static [&'static str],
    /// Properties that Graph writes only when the app's directory role is above the object's: they travel apart, so
    /// that a refusal does not take the others with it.
    /// Source: learn.microsoft.com/graph/api/resources/users#who-can-perform-sensitive-actions.
    pub sensitive: &'static [&'static str],
    /// Properties that travel by an action, not by an update.
    pub actions: &'static [Action],
    /// Whether `@odata.type` must be sent. So it is where one kind holds objects of many types: device policies.
    pub typed: bool,
    /// Where requests go when the collection itself is read-only (PIM: `…ScheduleRequests`).
    pub requests: Option<&'static str>,
    /// The cast of `directory/deletedItems` when deletion can be undone for 30 days.
    pub recycle_bin: Option<&'static str>,
    /// The only properties that Graph takes, where it gives more than it documents; empty: no such list is needed.
    pub takes_only: &'static [&'static str],
    /// Properties that can be changed but not emptied.
    pub never_empty: &'static [&'static str],
    /// Properties that may be written even to objects that come from the customer's own directory; everything else of
    /// these is that directory's. Where Microsoft does not say, Graph does.
    pub cloud_owned: &'static [&'static str],
    /// Properties that are given once, while they have no value, and kept from then on.
    pub once: &'static [&'static str],
    /// A property that is not emptied while the object has a licence.
    pub licensed_by: Option<&'static str>,
    /// Properties for whose writing any one of these application permissions is needed besides the kind's own.
    pub guarded: &'static [(&'static str, &'static [&'static str])],
    /// Properties that Graph takes in another form than it gives.
    pub forms: &'static [(&'static str, Form)],
    /// Properties that Graph wants of every new object.
    pub required: &'static [Required],
    /// What every new object is given though it is empty.
    pub empty: Empty,
    /// Properties without which there is no such object, or another one. What else there is can follow by an update;
    /// empty where nothing can.
    pub needed: &'static [&'static str],
    /// Properties that Graph gives of every object and takes, for new ones, only of those that have the mark.
    pub only_of: &'static [(&'static str, PropertyValue)],
    /// Properties that a new object is given and that it shows otherwise, or not at all.
    pub not_shown: &'static [&'static str],
    /// Properties that the service gives every new object by itself, or that follow from others: nobody misses what
    /// they said.
    pub regrown: &'static [&'static str],
    /// Properties by which another service says that it has a part in the object, and what of it does not come back. A
    /// new object is not given them: they would say that something is there that is not.
    pub claims: &'static [(&'static str, &'static str)],
    /// The places that its objects take: whoever has one of those of an object that is to come back is its rival.
    pub places: &'static [Place],
    /// Values that a property keeps, or never gets.
    pub settled: &'static [Settled],
    /// Which objects are not written like the others.
    pub limits: &'static [Limit],
    /// Whether a new object needs a password. Nobody learns it, and the first sign-in asks for another.
    pub password: bool,
    /// Whether licences are given to its objects, by `assignLicense`.
    pub licences: bool,
    /// The property that is false of whoever may not sign in.
    pub lets_in: Option<&'static str>,
    /// The Temporary Access Passes of its objects; none where they have none.
    pub passes: Option<AccessPasses>,
}

/// The Temporary Access Passes of the objects of a kind.
/// Source: learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessPasses {
    /// Where they are, below an object.
    pub path: &'static str,
    /// The permissions of which any one lets an application make them, and see that there are some.
    pub permissions: &'static [&'static str],
}

impl Writing {
    /// Changed by a PATCH of what differs; Graph takes every property as it gives it, and deletion is final.
    pub const PATCHED: Self = Self {
        update: Update::Patch,
        alone: &[],
        sensitive: &[],
        actions: &[],
        typed: false,
        requests: None,
        recycle_bin: None,
        takes_only: &[],
        never_empty: &[],
        cloud_owned: &[],
        once: &[],
        licensed_by: None,
        guarded: &[],
        forms: &[],
        required: &[],
        empty: Empty::Nothing,
        needed: &[],
        only_of: &[],
        not_shown: &[],
        regrown: &[],
        places: &[],
        claims: &[],
        settled: &[],
        limits: &[],
        password: false,
        licences: false,
        lets_in: None,
        passes: None,
    };

    /// Whether Graph documents the property as something to write, where it gives more than that.
    pub fn takes(&self, property: &str) -> bool {
        self.takes_only.is_empty() || self.takes_only.contains(&property)
    }

    /// The form in which the property is taken, where it is another one than it is given in.
    pub fn form(&self, property: &str) -> Option<Form> {
        self.forms.iter().find(|(of, _)| *of == property).map(|(_, form)| *form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::KINDS;
    use serde_json::json;

    #[test]
    fn a_mark_is_on_an_object_that_has_the_value_or_has_it_among_others() {
        let mark = PropertyValue { property: "groupTypes", value: "Unified" };
        let is_on = |value: Value| mark.is_on(json!({ "groupTypes": value }).as_object().unwrap());
        assert!(is_on(json!("Unified")) && is_on(json!(["DynamicMembership", "Unified"])));
        assert!(!is_on(json!([])) && !is_on(json!(null)) && !is_on(json!("unified")));
    }

    /// The properties that a place is found by.
    fn looked_at(place: &'static Place) -> impl Iterator<Item = &'static &'static str> {
        let address = match &place.shown {
            Shown::Same => None,
            Shown::Address(named_by) => Some(named_by),
        };
        std::iter::once(&place.property).chain(address).chain(place.only.as_ref().map(|mark| &mark.property))
    }

    #[test]
    fn what_a_row_says_of_writing_is_about_properties_that_are_read() {
        for kind in KINDS {
            let select = kind.reading[0].select;
            let writing = &kind.writing;
            let names = writing.sensitive.iter().chain(writing.never_empty).chain(writing.not_shown);
            let names = names
                .chain(writing.regrown)
                .chain(writing.places.iter().flat_map(looked_at))
                .chain(writing.needed)
                .chain(writing.claims.iter().map(|(property, _)| property));
            let marks = writing.settled.iter().map(|s| s.mark.property);
            let only_of = writing.only_of.iter().flat_map(|(property, mark)| [*property, mark.property]);
            let required = writing.required.iter().map(|r| r.property);
            for property in names.copied().chain(marks).chain(only_of).chain(required) {
                assert!(select.is_empty() || select.contains(&property), "{}: {property}", kind.name);
            }
        }
    }
}
