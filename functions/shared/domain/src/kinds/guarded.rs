//! Parts of an object that need a permission of their own: what a token lets us read of them. Pure.
//!
//! Where a token says nothing of what it may do, everything is asked for, and what comes empty is not proven to be.

use super::shape::{Guarded, Kind};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl Guarded {
    /// Whether one of these permissions lets the part be read.
    pub fn is_granted(&self, permissions: &[String]) -> bool {
        self.permissions.iter().any(|p| permissions.iter().any(|granted| granted == p))
    }

    /// Whether Graph withholds the part from a token that names these permissions; a token that names none is not
    /// judged.
    pub fn is_withheld(&self, permissions: &[String]) -> bool {
        !permissions.is_empty() && !self.is_granted(permissions)
    }

    /// Whether the part exists in this object; where that cannot be seen, it is taken to exist.
    pub fn concerns(&self, object: &Map<String, Value>) -> bool {
        self.only_where.is_none_or(|(property, value)| object.get(property).is_none_or(|v| v == value))
    }
}

impl Kind {
    /// Properties that such a token must not be asked for: what it gives for them is not their value.
    pub fn withheld(&self, permissions: &[String]) -> impl Iterator<Item = &'static str> {
        let withheld = self.guarded.iter().filter(|g| g.is_withheld(permissions)).map(|g| g.part);
        withheld.filter(|part| !self.is_relation(part))
    }

    /// Properties that are asked for of every object, relations not among them; none where Graph gives what it has.
    pub fn selected(&self) -> impl Iterator<Item = &'static str> {
        self.reading[0].select.iter().copied().filter(|p| !self.is_relation(p))
    }

    /// What is not known of an object that was read with these permissions: properties and facets that it does not
    /// have, properties that may be empty, and relations that may be short, for want of a permission.
    pub fn unknown(&self, object: &Map<String, Value>, permissions: &[String]) -> BTreeSet<&'static str> {
        let is_empty = |p: &str| object.get(p).is_none_or(Value::is_null);
        let guarded = self.guarded.iter().filter(|g| !g.is_granted(permissions) && g.concerns(object));
        let guarded = guarded.map(|g| g.part).filter(|part| self.is_relation(part) || is_empty(part));
        let absent = self.selected().chain(self.facets()).filter(|p| !object.contains_key(*p));
        guarded.chain(absent).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds;
    use serde_json::{Map, Value, json};

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    fn permissions(of: &[&str]) -> Vec<String> {
        of.iter().map(|p| (*p).to_owned()).collect()
    }

    #[test]
    fn every_guarded_part_is_read_and_named_after_its_kind() {
        for kind in kinds::KINDS {
            for guarded in kind.guarded {
                assert!(guarded.name.starts_with(&format!("{}.", kind.name)));
                assert!(kind.reading[0].select.contains(&guarded.part), "{}", guarded.name);
                let seen_by = guarded.only_where.map(|(property, _)| property);
                assert!(seen_by.is_none_or(|p| kind.selected().any(|s| s == p)), "{}", guarded.name);
            }
        }
    }

    #[test]
    fn an_empty_property_is_proven_by_a_permission_alone_and_a_value_by_itself() {
        let users = kinds::get("users").unwrap();
        let whole = |date: Value| {
            let mut user: Map<String, Value> =
                users.selected().chain(users.facets()).map(|p| (p.to_owned(), Value::Null)).collect();
            user.insert("employeeLeaveDateTime".to_owned(), date);
            user
        };
        let granted = permissions(&["User-LifeCycleInfo.Read.All"]);
        assert!(users.unknown(&whole(Value::Null), &granted).is_empty());
        for few in [permissions(&["User.Read.All", "Directory.Read.All"]), vec![]] {
            let unknown = users.unknown(&whole(Value::Null), &few);
            assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["employeeLeaveDateTime"]);
            assert!(users.unknown(&whole(json!("2030-01-31T00:00:00Z")), &few).is_empty());
        }
    }

    #[test]
    fn members_are_unknown_where_they_may_be_hidden_and_nowhere_else() {
        let groups = kinds::get("groups").unwrap();
        let unknown = |visibility: Option<Value>, of: &[&str]| {
            let seen = visibility.map_or_else(|| json!({}), |v| json!({ "visibility": v }));
            groups.unknown(&object(seen), &permissions(of)).contains("members")
        };
        assert!(unknown(Some(json!("HiddenMembership")), &["Group.Read.All"]));
        assert!(unknown(None, &["Group.Read.All"]));
        assert!(!unknown(Some(json!("HiddenMembership")), &["Member.Read.Hidden"]));
        assert!(!unknown(Some(json!("Private")), &["Group.Read.All"]));
        assert!(!unknown(Some(Value::Null), &[]));
    }
}
