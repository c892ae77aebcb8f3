//! Which of the changes of a comparison somebody asks for.

use super::{Change, Class, How, What, is_within};
use crate::kinds::{Kind, NamedKind};
use crate::stored::fold;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened to an object, as it can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Happened {
    /// It came, in whatever way.
    Created,
    /// It came out of the recycle bin.
    Restored,
    /// A restore created it again under another id, and it differs besides.
    Recreated,
    /// It went, in whatever way.
    Deleted,
    /// It went into the recycle bin.
    SoftDeleted,
    /// It is gone for good.
    HardDeleted,
    /// It is on both sides and differs.
    Modified,
    /// Something in it is at another place among others.
    Moved,
    /// A role was activated.
    Activated,
    /// An activation ended.
    Ended,
}

impl Happened {
    fn is(self, change: &Change) -> bool {
        let (what, how) = (change.what, change.rating.how);
        match self {
            Self::Created => what == What::Created,
            Self::Deleted => what == What::Deleted,
            Self::Modified => what == What::Modified,
            Self::Activated => what == What::Activated,
            Self::Ended => what == What::Ended,
            Self::Restored => how == Some(How::Restored),
            Self::Recreated => how == Some(How::Recreated),
            Self::SoftDeleted => how == Some(How::SoftDeleted),
            Self::HardDeleted => how == Some(How::HardDeleted),
            Self::Moved => {
                change.attributes.iter().flat_map(|a| &a.items).any(|item| item.what == What::Moved)
            }
        }
    }
}

/// Which changes are wanted; what is left out excludes none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen {
    /// Those of objects of this kind.
    pub kind: Option<&'static Kind>,
    /// Those in which that happened.
    pub what: Option<Happened>,
    /// Those that are of this class, or have a part that is.
    pub class: Option<Class>,
    /// Those that weigh as much or more.
    pub min_weight: Option<u8>,
    /// Those of objects whose name has this part, without case, width and marks, or whose key is this.
    pub name: Option<String>,
    /// Those in which something at or within this path differs, or links of this type.
    pub property: Option<String>,
    /// Those that give or take this role, by the id of its definition: of assignments, schedules and eligibilities.
    pub role: Option<String>,
}

impl Chosen {
    /// Whether a change is wanted.
    pub fn has(&self, change: &Change) -> bool {
        self.kind.is_none_or(|kind| change.kind == kind.name)
            && self.what.is_none_or(|what| what.is(change))
            && self.class.is_none_or(|class| is_of(change, class))
            && self.min_weight.is_none_or(|least| change.weight() >= least)
            && self.name.as_ref().is_none_or(|name| is_called(change, name))
            && self.property.as_ref().is_none_or(|path| touches(change, path))
            && self.role.as_ref().is_none_or(|role| is_about(change, role))
    }

    /// Whether changes of a kind of that name may be wanted.
    pub fn may_have_kind(&self, kind: &NamedKind) -> bool {
        self.kind.is_none_or(|wanted| *kind == wanted.name)
            && (self.role.is_none() || kind.find().is_none_or(|kind| kind.grant().is_some()))
    }
}

fn is_of(change: &Change, class: Class) -> bool {
    // Of what is Microsoft's own, the parts say nothing of themselves.
    let of_parts = change.rating.class != Class::Service;
    let mut parts = change.attributes.iter().map(|a| a.class).chain(change.links.iter().map(|l| l.class));
    change.rating.class == class || of_parts && parts.any(|of| of == class)
}

fn is_called(change: &Change, name: &str) -> bool {
    let has_key = change.key == *name || change.new_key.as_deref() == Some(name);
    has_key || change.name.as_ref().is_some_and(|of| fold::plain(of).contains(&fold::plain(name)))
}

fn touches(change: &Change, path: &str) -> bool {
    change.attributes.iter().any(|a| is_within(&a.path, path) || is_within(path, &a.path))
        || change.links.iter().any(|link| link.link == path)
}

/// Whether a change is of a fact that says who holds that role.
fn is_about(change: &Change, role: &str) -> bool {
    let is_fact = change.kind.find().is_some_and(|kind| kind.grant().is_some());
    // The key of such a fact is what it says: who, which role, over what.
    is_fact && change.key.split('|').nth(1).is_some_and(|of| of.eq_ignore_ascii_case(role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use serde_json::{from_value, json};

    fn change() -> Change {
        from_value(
            json!({ "kind": "users", "key": "u1", "name": "Zoë Straße", "what": "modified", "links": [],
            "attributes": [{ "property": "identities", "path": "identities[a]/issuer" },
                { "property": "x", "path": "lastPasswordChangeDateTime", "class": "observed" }],
            "consequences": 0, "privileged": false, "weight": 70, "how": "recreated" }),
        )
        .unwrap()
    }

    #[test]
    fn a_change_is_chosen_where_all_that_is_asked_holds() {
        let all = Chosen::default();
        let kind = |name| Chosen { kind: Some(kinds::get(name).unwrap()), ..all.clone() };
        let what = |what| Chosen { what: Some(what), ..all.clone() };
        let name = |name: &str| Chosen { name: Some(name.to_owned()), ..all.clone() };
        let path = |path: &str| Chosen { property: Some(path.to_owned()), ..all.clone() };
        let least = |least| Chosen { min_weight: Some(least), ..all.clone() };
        let class = |class| Chosen { class: Some(class), ..all.clone() };
        for (chosen, expected) in [
            (all.clone(), true),
            (kind("users"), true),
            (kind("groups"), false),
            (what(Happened::Modified), true),
            (what(Happened::Recreated), true),
            (what(Happened::Moved), false),
            (name("zoe stras"), true),
            (name("u1"), true),
            (name("u"), false),
            (path("identities"), true),
            (path("identities[a]/issuer/x"), true),
            (path("identity"), false),
            (least(70), true),
            (least(71), false),
            (class(Class::Observed), true),
            (class(Class::Service), false),
        ] {
            assert_eq!(chosen.has(&change()), expected, "{chosen:?}");
        }
    }

    #[test]
    fn a_role_is_chosen_by_the_fact_and_not_by_its_name() {
        let fact = |kind: &str, key: &str| -> Change {
            from_value(
                json!({ "kind": kind, "key": key, "name": "Ann: r", "what": "created", "attributes": [],
                "links": [], "consequences": 0, "privileged": true }),
            )
            .unwrap()
        };
        let chosen = Chosen { role: Some("R".to_owned()), ..Chosen::default() };
        assert!(chosen.has(&fact("admins", "p|r|/|")));
        assert!(!chosen.has(&fact("admins", "r|other|/|")));
        assert!(!chosen.has(&fact("users", "p|r|/|")));
        assert!(chosen.may_have_kind(&kinds::get("admins").unwrap().name.into()));
        assert!(!chosen.may_have_kind(&kinds::get("users").unwrap().name.into()));
    }

    #[test]
    fn what_an_older_release_wrote_weighs_by_whether_it_is_about_rights() {
        let older = |privileged: bool| -> Change {
            from_value(json!({ "kind": "users", "key": "u", "what": "deleted", "attributes": [], "links": [],
                "consequences": 0, "privileged": privileged }))
            .unwrap()
        };
        assert_eq!((older(true).weight(), older(false).weight()), (80, 10));
        assert!(!Chosen { what: Some(Happened::HardDeleted), ..Chosen::default() }.has(&older(true)));
    }
}
