//! What a snapshot knows. What was not asked for, or could not be read, is unknown and never empty. FORMAT.md
//! section 9.

use super::manifest::EXTENSIONS;
use super::{Manifest, Missing};
use crate::kinds::Kind;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl Manifest {
    /// Properties, facets and relations that are not known of an object of this snapshot, as it is stored.
    ///
    /// A property that the object does not have was not asked for: what was asked for is there, if need be as `null`.
    /// A `null` for which a permission is needed that the token is not known to have had is not believed: older
    /// writers stored what Graph gives without it. A value is: Graph gave it.
    pub fn unknown_of(&self, kind: &Kind, object: &Map<String, Value>) -> BTreeSet<&'static str> {
        let mut unknown = kind.unknown(object, &self.permissions);
        unknown.extend(kind.selected().filter(|property| self.gives_way(kind, property, object)));
        unknown.extend(kind.links.iter().filter(|l| !self.runs.contains_key(l.name)).map(|l| l.relation));
        unknown.extend(self.not_expanded(kind).filter(|relation| !object.contains_key(*relation)));
        unknown
    }

    /// Whether an object says that a property is empty of which the manifest says that it could not be read.
    ///
    /// Why: older writers stored what pages did not give as empty, where an earlier page of the same reading had left the
    /// question out. A value is Graph's, whatever the manifest says.
    fn gives_way(&self, kind: &Kind, property: &str, object: &Map<String, Value>) -> bool {
        let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        object.get(property).is_some_and(is_empty) && self.said_of(&kind.part(property)).is_some()
    }

    /// Takes out of an object the directory extensions whose values are not known though they are there: one that an object
    /// does not have is unknown.
    pub fn without_unread(&self, kind: &Kind, mut object: Map<String, Value>) -> Map<String, Value> {
        let unread: Vec<String> = object
            .keys()
            .filter(|name| kind.is_extension(name) && self.gives_way(kind, name, &object))
            .cloned()
            .collect();
        for name in unread {
            object.remove(&name);
        }
        object
    }

    /// The relations that are kept in the objects of a kind and were not asked for along with them.
    fn not_expanded(&self, kind: &Kind) -> impl Iterator<Item = &'static str> {
        let main = &kind.reading[0];
        let asked = self.expanded.get(main.name);
        // Why nothing of a writer that does not say: those asked for what the first row of the kind named.
        main.expands()
            .filter(|r| !kind.is_relation(r))
            .filter(move |relation| asked.is_some_and(|asked| asked.iter().all(|a| a != relation)))
    }

    /// Whether it is not known what one property of a stored object is, or one part of the property.
    pub fn is_unknown(&self, kind: &Kind, property: &str, object: &Map<String, Value>) -> bool {
        // Why: a record of a facet alone says nothing of the others.
        let is_asked_apart = kind.facets().any(|f| f == property);
        if kind.is_extension(property) {
            return !object.contains_key(property) || self.gives_way(kind, property, object);
        }
        !is_asked_apart && self.unknown_of(kind, object).contains(property)
    }

    /// Whether the links of a relation are all that an object had.
    pub fn knows_links(&self, kind: &Kind, relation: &str, object: &Map<String, Value>) -> bool {
        !self.unknown_of(kind, object).contains(relation)
    }

    /// Whether the links of a relation are not known of some objects of a kind that the snapshot holds.
    pub fn may_lack_links(&self, kind: &Kind, relation: &str) -> bool {
        kind.guarded.iter().any(|g| g.part == relation && !g.is_granted(&self.permissions))
    }

    /// The names of what is not known of a kind that is held, facets not among them.
    pub fn unknown_parts(&self, kind: &Kind) -> BTreeSet<String> {
        let guarded = kind.guarded.iter().filter(|g| !g.is_granted(&self.permissions));
        let mut parts: BTreeSet<String> = guarded.map(|g| g.name.to_owned()).collect();
        parts
            .extend(kind.links.iter().filter(|l| !self.runs.contains_key(l.name)).map(|l| l.name.to_owned()));
        let name = |property: &str| kind.part(property);
        let is_missing = |property: &str| self.missing.iter().any(|m| m.source == name(property));
        let asked = self.asked_of(kind);
        let is_asked = |p: &str| asked.as_ref().is_none_or(|asked| asked.iter().any(|a| a == p));
        parts.extend(kind.selected().filter(|p| !is_asked(p) || is_missing(p)).map(name));
        parts.extend(self.not_expanded(kind).map(name));
        parts
    }

    /// The directory extensions that were asked for of a kind and that Graph knew: their values are known.
    pub fn extensions_of(&self, kind: &Kind) -> BTreeSet<String> {
        let asked = self.asked_of(kind).unwrap_or_default().into_iter();
        asked.filter(|p| kind.is_extension(p) && self.said_of(&kind.part(p)).is_none()).collect()
    }

    /// Why a directory extension of a kind is not known, where the manifest says it.
    pub fn said_of_extension(&self, kind: &Kind, name: &str) -> Option<&Missing> {
        // Why the other too: where there are too many, not each is named.
        self.said_of(&kind.part(name)).or_else(|| self.said_of(&kind.part(EXTENSIONS)))
    }

    /// What is said of a source, or of a part of one, that is missing.
    pub fn said_of(&self, source: &str) -> Option<&Missing> {
        self.missing.iter().find(|m| m.source == source)
    }

    /// What was asked for of the objects of a kind; none where it was everything, or is not known.
    fn asked_of(&self, kind: &Kind) -> Option<Vec<String>> {
        let main = kind.reading[0].name;
        let older = || self.tokens.get(main).map(|t| t.asked.split(',').map(str::to_owned).collect());
        let asked = self.asked.get(main).cloned().or_else(older)?;
        Some(asked).filter(|asked| asked.iter().any(|a| !a.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use serde_json::json;

    /// A manifest as its first writers wrote it.
    fn manifest(more: &Value) -> Manifest {
        let mut all = json!({
            "format": 2, "snapshot": "snp_01jzzzzzzzzzzzzzzzzzzzzzzz",
            "tenant": "7e000000-0000-4000-8000-000000000001", "base": null,
            "startedAt": "2026-01-01T00:00:00Z", "sealedAt": "2026-01-01T00:00:00Z", "runs": {}, "tokens": {},
            "missing": [], "fullAt": {}, "requests": 0, "resourceUnits": 0, "throttled": 0, "storedBlobs": 0,
            "storedBytes": 0
        });
        let all_of = all.as_object_mut().unwrap();
        all_of.extend(more.as_object().cloned().unwrap());
        Manifest::from_bytes(all.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn of_an_older_snapshot_an_absent_property_is_unknown_and_a_null_that_needs_a_permission_is_not_believed()
    {
        let users = kinds::get("users").unwrap();
        let older = manifest(&json!({ "permissions": ["User.Read.All"] }));
        let user = json!({ "id": "1", "city": null, "employeeLeaveDateTime": null });
        let user = user.as_object().unwrap();
        assert!(older.is_unknown(users, "department", user), "it was not asked for");
        assert!(older.is_unknown(users, "employeeLeaveDateTime", user), "it could not be read");
        assert!(!older.is_unknown(users, "city", user), "it was read, and is empty");
        assert!(older.unknown_of(users, user).contains("customSecurityAttributes"));
        assert!(older.unknown_of(users, user).contains("manager"), "there is no run of it");
        assert!(older.unknown_parts(users).contains("users.employeeLeaveDateTime"));
        let granted = manifest(&json!({ "permissions": ["User-LifeCycleInfo.Read.All"] }));
        assert!(!granted.is_unknown(users, "employeeLeaveDateTime", user));
    }

    #[test]
    fn a_directory_extension_is_known_where_the_object_has_it_and_names_that_graph_did_not_know_are_not_asked()
     {
        let users = kinds::get("users").unwrap();
        let missing = json!([{ "source": "users.extension_a_gone", "cause": "unknown", "why": "unknown" }]);
        let asked = json!({ "users": ["id", "extension_a_there", "extension_a_gone"] });
        let manifest = manifest(&json!({ "asked": asked, "missing": missing }));
        assert_eq!(manifest.extensions_of(users), BTreeSet::from(["extension_a_there".to_owned()]));
        let user = json!({ "id": "1", "extension_a_there": null });
        let is_unknown = |name: &str| manifest.is_unknown(users, name, user.as_object().unwrap());
        assert!(!is_unknown("extension_a_there") && is_unknown("extension_a_other"));
        // What only some are named of is said of all.
        assert!(manifest.said_of_extension(users, "extension_a_other").is_none());
    }

    #[test]
    fn what_is_empty_of_a_property_that_the_manifest_says_was_not_read_is_not_believed_and_a_value_is() {
        let users = kinds::get("users").unwrap();
        let missing =
            |part: &str| json!({ "source": format!("users.{part}"), "cause": "unknown", "why": "unknown" });
        let asked = json!({ "users": ["id", "city", "otherMails", "extension_a_there"] });
        let parts = ["city", "otherMails", "extension_a_there"];
        let named = manifest(&json!({ "asked": asked, "missing": parts.map(missing) }));
        let silent = manifest(&json!({ "asked": asked }));
        let empty = json!({ "id": "1", "city": null, "otherMails": [], "extension_a_there": null });
        let full = json!({ "id": "1", "city": "Oslo", "otherMails": ["a@b"], "extension_a_there": 1 });
        for part in parts {
            let is_unknown = |manifest: &Manifest, user: &Value| {
                manifest.is_unknown(users, part, user.as_object().unwrap())
            };
            assert!(is_unknown(&named, &empty), "{part}");
            assert!(!is_unknown(&named, &full) && !is_unknown(&silent, &empty), "{part}");
        }
        assert!(named.unknown_of(users, empty.as_object().unwrap()).contains("city"));
        let kept = |manifest: &Manifest, user: &Value| {
            manifest
                .without_unread(users, user.as_object().unwrap().clone())
                .contains_key("extension_a_there")
        };
        assert_eq!([kept(&named, &empty), kept(&named, &full), kept(&silent, &empty)], [false, true, true]);
    }

    #[test]
    fn what_was_asked_for_is_said_by_the_manifest_or_else_by_the_token() {
        let units = kinds::get("administrativeUnits").unwrap();
        let all = ["administrativeUnits.description", "administrativeUnits.visibility"];
        let lacks = |more: Value| {
            let parts = manifest(&more).unknown_parts(units);
            all.map(|name| parts.contains(name))
        };
        assert_eq!(lacks(json!({})), [false, false], "it is not said");
        assert_eq!(lacks(json!({ "asked": { "administrativeUnits": ["id", "visibility"] } })), [true, false]);
        let token = json!({ "link": "l", "takenAt": "2026-01-01T00:00:00Z", "asked": "id,description" });
        assert_eq!(lacks(json!({ "tokens": { "administrativeUnits": token } })), [false, true]);
        let missing =
            json!([{ "source": "administrativeUnits.visibility", "cause": "unknown", "why": "unknown" }]);
        assert_eq!(lacks(json!({ "missing": missing })), [false, true]);
    }

    #[test]
    fn a_relation_that_the_objects_were_not_asked_with_is_unknown_and_of_a_writer_that_did_not_say_it_is_known()
     {
        let policies = kinds::get("ConfigurationPolicies").unwrap();
        let (policy, settings) = (json!({ "id": "1" }), "ConfigurationPolicies.settings");
        let is_unknown = |more: Value| {
            let manifest = manifest(&more);
            let is_unknown = manifest.is_unknown(policies, "settings", policy.as_object().unwrap());
            assert_eq!(manifest.unknown_parts(policies).contains(settings), is_unknown);
            is_unknown
        };
        assert!(!is_unknown(json!({})), "the writer did not say");
        assert!(is_unknown(json!({ "expanded": { "ConfigurationPolicies": ["assignments"] } })));
        assert!(!is_unknown(json!({ "expanded": { "ConfigurationPolicies": ["assignments", "settings"] } })));
    }
}
