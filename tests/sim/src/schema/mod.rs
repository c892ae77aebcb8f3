//! The directory's types as tables: a row for each property, with what may be done with it.
//!
//! Source: the resource, create and update pages of learn.microsoft.com/graph and the v1.0 metadata.

mod groups;
mod units;
mod users;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::state::{Kind, Relation, Row};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Bool,
    Int,
    Date,
    Texts,
    Object,
    Objects,
}

/// What may be done with a property.
pub(crate) mod flag {
    /// It is returned without `$select`.
    pub const DEFAULT: u16 = 1;
    /// It can be set when the object is created, and by PATCH.
    pub const PATCH: u16 = 1 << 1;
    /// It can be set only when the object is created.
    pub const CREATE: u16 = 1 << 2;
    /// It must be set when the object is created.
    pub const REQUIRED: u16 = 1 << 3;
    /// It must be alone in its PATCH, and cannot be set when the object is created.
    pub const OWN: u16 = 1 << 4;
    /// An application cannot update it.
    pub const DELEGATED: u16 = 1 << 5;
    /// It is not returned in collections.
    pub const ALONE_READ: u16 = 1 << 6;
    /// Writing it needs a directory role.
    pub const SENSITIVE: u16 = 1 << 7;
    /// It is never returned, though it can be written.
    pub const SECRET: u16 = 1 << 8;
    /// It is kept outside the main store, so delta does not track it.
    pub const NO_DELTA: u16 = 1 << 9;
    /// It can be written in the cloud also for objects that are synchronised from on-premises.
    pub const CLOUD: u16 = 1 << 10;
}
use flag::{DEFAULT, PATCH, REQUIRED};

#[derive(Clone, Copy)]
pub(crate) struct Prop {
    pub name: &'static str,
    pub ty: Type,
    flags: u16,
}

impl Prop {
    pub fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// What is answered when nothing is stored.
    pub fn default_json(&self) -> &'static str {
        match (self.name, self.ty) {
            (_, Type::Texts | Type::Objects) => "[]",
            // Source: not nullable in the metadata, so these have a value always.
            ("birthday" | "hireDate", _) => "\"0001-01-01T00:00:00Z\"",
            ("deviceEnrollmentLimit", _) => "5",
            _ => "null",
        }
    }
}

const fn prop(name: &'static str, ty: Type, flags: u16) -> Prop {
    Prop { name, ty, flags }
}

static APPLICATIONS: &[Prop] = &[
    prop("appId", Type::Text, DEFAULT),
    prop("displayName", Type::Text, DEFAULT | PATCH | REQUIRED),
    prop("createdDateTime", Type::Date, DEFAULT),
    prop("description", Type::Text, DEFAULT | PATCH),
    prop("signInAudience", Type::Text, DEFAULT | PATCH),
    prop("deletedDateTime", Type::Date, DEFAULT),
];

static SERVICE_PRINCIPALS: &[Prop] = &[
    prop("appId", Type::Text, DEFAULT | flag::CREATE | REQUIRED),
    prop("displayName", Type::Text, DEFAULT),
    prop("accountEnabled", Type::Bool, DEFAULT | PATCH),
    prop("appDisplayName", Type::Text, DEFAULT),
    prop("servicePrincipalType", Type::Text, DEFAULT),
    prop("deletedDateTime", Type::Date, DEFAULT),
];

/// The table of one entity type, such as `user`.
pub(crate) struct Schema {
    pub entity: &'static str,
    pub set: &'static str,
    pub props: &'static [Prop],
    by_name: HashMap<&'static str, u8>,
    /// The properties that are returned without `$select`, as bits by their number.
    pub defaults: u128,
    /// The properties that delta does not track, as bits by their number.
    pub untracked: u128,
    pub relations: &'static [Relation],
}

impl Schema {
    fn new(
        entity: &'static str,
        set: &'static str,
        props: &'static [Prop],
        relations: &'static [Relation],
    ) -> Self {
        let mask = |flag: u16| {
            props.iter().enumerate().filter(|(_, p)| p.has(flag)).fold(0, |mask, (at, _)| mask | 1_u128 << at)
        };
        let number = |at: usize| u8::try_from(at).expect("a type has fewer than 128 properties");
        Self {
            entity,
            set,
            props,
            by_name: props.iter().enumerate().map(|(at, p)| (p.name, number(at))).collect(),
            defaults: mask(DEFAULT),
            untracked: mask(flag::NO_DELTA),
            relations,
        }
    }

    pub fn property(&self, name: &str) -> Option<u8> {
        self.by_name.get(name).copied()
    }

    /// The number of a property that the table has; it panics where the simulator's code names one that is not.
    pub fn at(&self, name: &str) -> u8 {
        self.by_name.get(name).copied().unwrap_or_else(|| panic!("{} has no {name}", self.entity))
    }
}

pub(crate) fn of(kind: Kind) -> &'static Schema {
    static ALL: LazyLock<[Schema; 5]> = LazyLock::new(|| {
        [
            Schema::new("user", "users", users::PROPS, &[Relation::Manager, Relation::Sponsors]),
            Schema::new("group", "groups", groups::PROPS, &[Relation::Members, Relation::Owners]),
            Schema::new(
                "administrativeUnit",
                "directory/administrativeUnits",
                units::PROPS,
                &[Relation::Members],
            ),
            Schema::new("servicePrincipal", "servicePrincipals", SERVICE_PRINCIPALS, &[Relation::Owners]),
            Schema::new("application", "applications", APPLICATIONS, &[Relation::Owners]),
        ]
    });
    &ALL[kind as usize]
}

/// The values of a row that only one object in a directory may have.
pub(crate) fn names(kind: Kind, row: &Row) -> Vec<String> {
    let schema = of(kind);
    let mut names = Vec::new();
    let mut claim = |prefix: &str, name: &str| {
        if let Some(text) = schema.property(name).and_then(|p| row.text(p)) {
            names.push(format!("{prefix}:{}", text.to_lowercase()));
        }
    };
    match kind {
        Kind::User => {
            claim("upn", "userPrincipalName");
            claim("smtp", "mail");
            claim("immutable", "onPremisesImmutableId");
        }
        Kind::Group => {
            claim("smtp", "mail");
            claim("unique", "uniqueName");
        }
        Kind::ServicePrincipal => claim("sp", "appId"),
        Kind::Application => claim("app", "appId"),
        Kind::Unit => {}
    }
    let addresses = schema.property("proxyAddresses").and_then(|p| row.json(p));
    let addresses = addresses.iter().flat_map(|all| all.as_array().into_iter().flatten());
    let addresses = addresses.filter_map(serde_json::Value::as_str).map(str::to_lowercase);
    names.extend(addresses.filter(|address| address.starts_with("smtp:")));
    names.sort_unstable();
    names.dedup();
    names
}
