//! What a person chose to have back, and how.

use super::{AccessPassChoice, Choice, Resolution};
use crate::changes::{Change, What, property_of};
use crate::kinds::{self, Kind, NamedKind};
use crate::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a restore writes attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AttributeMode {
    /// Attributes that have a value in the snapshot are written; what was empty then is left as it is.
    #[default]
    Merge,
    /// Attributes become what they were, empty ones included.
    Overwrite,
}

/// How a restore writes links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LinkMode {
    /// Missing links are added.
    #[default]
    Merge,
    /// Missing links are added, and links that came since are removed.
    Rollback,
    /// Links are left as they are; so are those of others to an object that is created again.
    Skip,
}

/// A link that was chosen, by its type and its far end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SelectedLink {
    /// The link type, such as `groups.members`.
    pub link: String,
    /// The far end: an object's id; for policies an assignment key.
    pub to: String,
}

/// An object that was chosen, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SelectedItem {
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// Its key in the snapshot.
    pub key: String,
    /// Only these properties; absent means all, an empty list none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<Vec<String>>,
    /// Only these links; absent means all, an empty list none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Vec<SelectedLink>>,
    /// Only these parts of properties, each by its path as changes name it, such as one setting of a policy: whatever else the
    /// property holds stays as it is. Where there is one, of `properties` and `links` only what they name is chosen besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Whether the links of others and the role assignments that led to the object come back as well, though it is still there
    /// or comes out of the recycle bin: memberships, managers, assignments of policies. To an object that is created again they
    /// come in any case.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incoming: bool,
}

/// Everything that a person chose, and how it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selection {
    /// The chosen objects; each is named once.
    #[serde(default)]
    pub items: Vec<SelectedItem>,
    /// Kinds of which all objects are chosen, those that came since included: which those are is found out when the preview is
    /// made. No items are chosen beside them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<NamedKind>,
    /// How attributes are written.
    #[serde(default)]
    pub attributes: AttributeMode,
    /// How links are written.
    #[serde(default)]
    pub links: LinkMode,
    /// Whether a chosen object that was not there at the snapshot is deleted.
    #[serde(default)]
    pub delete_created: bool,
    /// Whether people who come back are blocked: nobody signs in as them before somebody lets them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub come_back_blocked: bool,
    /// Whether people who come back get a Temporary Access Pass, and what sort; absent means that nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_pass: Option<AccessPassChoice>,
    /// What is done about chosen objects whose place is taken; what is not named here is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Resolution>,
}

impl SelectedItem {
    /// All of an object.
    pub fn whole(kind: impl Into<NamedKind>, key: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            key: key.into(),
            properties: None,
            links: None,
            paths: Vec::new(),
            incoming: false,
        }
    }

    /// The same with nothing left unsaid: where paths are chosen, no property and no link is that is not named, and a path to
    /// the whole of a property is that property.
    #[must_use]
    pub fn spelled_out(&self) -> Self {
        let mut item = self.clone();
        if item.paths.is_empty() {
            return item;
        }
        item.links.get_or_insert_default();
        let (whole, parts) =
            std::mem::take(&mut item.paths).into_iter().partition(|path| property_of(path) == path);
        item.properties.get_or_insert_default().extend::<Vec<String>>(whole);
        item.paths = parts;
        item
    }

    /// The part of an object that a change is about: choosing it takes the change back.
    pub fn of_change(change: &Change) -> Self {
        let whole = change.what != What::Modified;
        let mut properties: Vec<String> = change.differing().map(|a| a.property.clone()).collect();
        properties.sort_unstable();
        properties.dedup();
        let links =
            change.links.iter().map(|l| SelectedLink { link: l.link.clone(), to: l.to.clone() }).collect();
        Self {
            kind: change.kind.clone(),
            key: change.key.clone(),
            properties: (!whole).then_some(properties),
            links: (!whole).then_some(links),
            paths: Vec::new(),
            incoming: false,
        }
    }
}

impl Selection {
    /// What is to be done about the conflicts of an object.
    pub fn choices<'a>(&'a self, kind: &Kind, key: &str) -> impl Iterator<Item = &'a Resolution> {
        let of = move |resolution: &&Resolution| resolution.kind == kind.name && resolution.key == key;
        self.conflicts.iter().filter(of)
    }

    /// Checks what is to be done about conflicts.
    ///
    /// # Errors
    /// `Invalid`, naming the field: an unknown kind, a property that no conflict of the kind is about, a name that is none.
    pub fn check_conflicts(&self) -> Result<()> {
        for (i, resolution) in self.conflicts.iter().enumerate() {
            let field = |name: &str| format!("conflicts[{i}].{name}");
            let kind = resolution.kind.get().map_err(|e| e.within(field("kind")))?;
            let is_none = |property: &String| kind.writing.places.iter().all(|p| p.property != *property);
            if resolution.property.as_ref().is_some_and(is_none) {
                return Err(Error::invalid_field(field("property"), "no conflict of this kind is about it"));
            }
            if let Choice::Rename { to } = &resolution.choice
                && (to.trim().is_empty() || to.chars().any(char::is_control))
            {
                return Err(Error::invalid_field(field("choice.to"), "a name is a line of visible text"));
            }
        }
        Ok(())
    }

    /// Checks what is to be done so that people who come back can sign in.
    ///
    /// # Errors
    /// `Invalid`, naming the field: a lifetime that no pass has, or passes for people who come back blocked.
    pub fn check_sign_in(&self) -> Result<()> {
        let Some(choice) = &self.access_pass else { return Ok(()) };
        if self.come_back_blocked {
            let why = "whoever comes back blocked cannot sign in with a pass: choose one of the two";
            return Err(Error::invalid_field("accessPass", why));
        }
        choice.check()
    }

    /// Checks the kinds of which all objects are chosen.
    ///
    /// # Errors
    /// `Invalid`, naming the one that is no kind or is named twice.
    pub fn check_kinds(&self) -> Result<()> {
        let mut seen = std::collections::BTreeSet::new();
        for (i, kind) in self.kinds.iter().enumerate() {
            let field = format!("kinds[{i}]");
            let Some(kind) = kind.find() else {
                let known: Vec<_> = kinds::KINDS.iter().map(|kind| kind.run()).collect();
                let why = format!("is not supported; supported are {}", known.join(", "));
                return Err(Error::invalid_field(field, why));
            };
            if !seen.insert(kind.name) {
                return Err(Error::invalid_field(field, "is named twice"));
            }
        }
        Ok(())
    }

    /// Checks what can be checked without the snapshot.
    ///
    /// # Errors
    /// `Invalid`, naming the field: an unknown kind or link, a link of another kind, an object twice, a
    /// property that is not one.
    pub fn check(&self) -> Result<()> {
        self.check_conflicts()?;
        self.check_kinds()?;
        let mut seen = std::collections::BTreeSet::new();
        for (i, item) in self.items.iter().enumerate() {
            let field = |name: &str| format!("items[{i}].{name}");
            let kind = item.kind.get().map_err(|e| e.within(field("kind")))?;
            let is_dots = item.key.bytes().all(|b| b == b'.');
            if is_dots || item.key.len() > 512 {
                return Err(Error::invalid_field(field("key"), "an object's key has 1 to 512 characters"));
            }
            if !seen.insert((kind.name, &item.key)) {
                return Err(Error::invalid_field(field("key"), "the same object is chosen twice"));
            }
            let is_property = |name: &str| !name.is_empty() && name != "id" && !name.contains('@');
            if item.properties.iter().flatten().any(|property| !is_property(property)) {
                return Err(Error::invalid_field(field("properties"), "not the name of a property"));
            }
            if let Some(j) = item.paths.iter().position(|path| !is_property(property_of(path))) {
                let why = "does not begin with the name of a property";
                return Err(Error::invalid_field(field(&format!("paths[{j}]")), why));
            }
            for chosen in item.links.iter().flatten() {
                if kinds::link(&chosen.link).is_ok_and(|l| l.from == kind.name) {
                    continue;
                }
                let known: Vec<_> = kind.links.iter().map(|l| l.name).collect();
                let message = format!("a {} has the links: {}", kind.label, known.join(", "));
                return Err(Error::invalid_field(field("links"), message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn selection(items: &serde_json::Value) -> Selection {
        serde_json::from_value(json!({ "items": items })).unwrap()
    }

    #[test]
    fn a_selection_is_checked_field_by_field() {
        selection(&json!([{"kind": "groups", "key": "g", "links": [{"link": "groups.members", "to": "u"}]}]))
            .check()
            .unwrap();
        for (items, field) in [
            (json!([{"kind": "printers", "key": "g"}]), "items[0].kind"),
            (json!([{"kind": "users", "key": ""}]), "items[0].key"),
            (json!([{"kind": "users", "key": "u"}, {"kind": "users", "key": "u"}]), "items[1].key"),
            (json!([{"kind": "users", "key": "u", "properties": ["id"]}]), "items[0].properties"),
            (json!([{"kind": "users", "key": "u", "paths": ["city", "/a"]}]), "items[0].paths[1]"),
            (
                json!([{"kind": "users", "key": "u", "links": [{"link": "groups.members", "to": "x"}]}]),
                "items[0].links",
            ),
        ] {
            let error = selection(&items).check().unwrap_err();
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }

    #[test]
    fn with_paths_nothing_is_chosen_that_is_not_named() {
        let item = |more: &serde_json::Value| {
            let mut item = json!({"kind": "users", "key": "u"});
            item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            serde_json::from_value::<SelectedItem>(item).unwrap().spelled_out()
        };
        assert_eq!(item(&json!({})), SelectedItem::whole(kinds::get("users").unwrap().name, "u"));
        let parts = item(&json!({"paths": ["employeeOrgData/division", "city"]}));
        let expected =
            (Some(vec!["city".to_owned()]), Some(vec![]), vec!["employeeOrgData/division".to_owned()]);
        assert_eq!((parts.properties, parts.links, parts.paths), expected);
        let link = json!({"link": "users.manager", "to": "m"});
        let more = item(&json!({"paths": ["city"], "properties": ["jobTitle"], "links": [link]}));
        assert_eq!(more.properties, Some(vec!["jobTitle".to_owned(), "city".to_owned()]));
        assert_eq!(more.links.map(|links| links.len()), Some(1));
    }

    #[test]
    fn an_unknown_field_of_a_selection_is_refused() {
        assert!(serde_json::from_value::<Selection>(json!({"items": [], "everything": true})).is_err());
    }

    #[test]
    fn what_came_or_went_is_chosen_whole_and_what_changed_in_the_parts_that_changed() {
        let attribute = |property: &str| crate::changes::AttributeChange {
            property: property.to_owned(),
            path: property.to_owned(),
            after: Some("x".into()),
            ..crate::changes::AttributeChange::default()
        };
        let link = SelectedLink { link: "users.manager".to_owned(), to: "m".to_owned() };
        let change = |what| Change {
            kind: kinds::get("users").unwrap().name.into(),
            key: "u".to_owned(),
            new_key: None,
            name: None,
            what,
            attributes: vec![attribute("jobTitle"), attribute("city"), attribute("city")],
            links: vec![crate::changes::LinkChange {
                link: link.link.clone(),
                to: link.to.clone(),
                to_name: None,
                what: What::Created,
                before: None,
                after: None,
                class: crate::changes::Class::default(),
            }],
            ends_at: None,
            since: None,
            consequences: 0,
            privileged: false,
            rating: crate::changes::Rating::default(),
        };
        for what in [What::Created, What::Deleted] {
            let chosen = SelectedItem::of_change(&change(what));
            assert_eq!((chosen.properties, chosen.links), (None, None), "{what:?}");
        }
        let chosen = SelectedItem::of_change(&change(What::Modified));
        assert_eq!(chosen.properties, Some(vec!["city".to_owned(), "jobTitle".to_owned()]));
        assert_eq!(chosen.links, Some(vec![link]));
    }
}
