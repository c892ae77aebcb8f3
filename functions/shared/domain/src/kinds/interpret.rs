//! What an item of Graph's reply says, by the row of its kind. Pure: a page in, records out.

use super::shape::{Gives, Identity, Kind, LinkType, LinkWrite, Source};
use crate::{Error, Result, canonical};
use serde_json::{Map, Value};

/// Why an object is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// In the recycle bin for 30 days (`reason: changed`).
    Soft,
    /// Gone (`reason: deleted`).
    Hard,
}

/// The far end of a link.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkEnd {
    /// The link is there; the value is what Graph says about it besides its ends.
    Present(Map<String, Value>),
    /// The link is gone.
    Gone,
}

/// A link that an item speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRecord {
    /// Its type.
    pub link: &'static LinkType,
    /// The id of the object that it leads to (for policies: [`assignment_key`]).
    pub to: String,
    /// Whether it is there.
    pub end: LinkEnd,
}

/// An item, understood.
#[derive(Debug)]
pub struct Interpreted {
    /// The key of the object in its run.
    pub key: String,
    /// Set when the item says that the object is no longer there; then nothing else is.
    pub removed: Option<Removal>,
    /// The properties that the item gives, in canonical form; a delta may give a part of them. Absent
    /// when it gives none but the id, as where a large group goes on with more members.
    pub object: Option<Map<String, Value>>,
    /// The links that the item speaks of, in Graph's order.
    pub links: Vec<LinkRecord>,
    /// Link types of which `links` holds all that the object has.
    pub whole: Vec<&'static LinkType>,
}

/// Reads one item of a page of `source`.
///
/// # Errors
/// `Unavailable` when the item has no id or is not an object: the page is not what Graph documents, and a
/// record must not be left out or made up.
pub fn interpret(kind: &'static Kind, source: &Source, item: Value) -> Result<Interpreted> {
    let Value::Object(item) = item else {
        return Err(Error::unavailable(format!("{}: an item is not an object", source.name)));
    };
    let Some(id) = item.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Error::unavailable(format!("{}: an item has no id", source.name)));
    };
    if let Some(removed) = item.get("@removed") {
        let soft = removed.get("reason").and_then(Value::as_str) == Some("changed");
        let removal = if soft { Removal::Soft } else { Removal::Hard };
        return Ok(Interpreted {
            key: id,
            removed: Some(removal),
            object: None,
            links: vec![],
            whole: vec![],
        });
    }
    if let Gives::Facet(property) = source.gives {
        let facet = item.get(property).cloned().map(canonical::strip);
        let object = facet.filter(|v| !v.is_null()).map(|mut v| {
            canonical::sort_collections(&mut v);
            Map::from_iter([(property.to_owned(), v)])
        });
        return Ok(Interpreted { key: id, removed: None, object, links: vec![], whole: vec![] });
    }
    let (mut links, mut whole) = (Vec::new(), Vec::new());
    for link in kind.links {
        let is_whole = read_links(link, &item, &mut links)?;
        if is_whole {
            whole.push(link);
        }
    }
    let object = canonical::object(kind, item);
    let key = key_of(kind, &object)?;
    let says_more = object.keys().any(|k| k != "id" && !k.starts_with("@odata."));
    Ok(Interpreted { key, removed: None, object: says_more.then_some(object), links, whole })
}

impl Kind {
    /// The key of an object of this kind in its run.
    ///
    /// # Errors
    /// `Unavailable` when the object lacks its id.
    pub fn key_of(&self, object: &Map<String, Value>) -> Result<String> {
        key_of(self, object)
    }
}

fn key_of(kind: &Kind, object: &Map<String, Value>) -> Result<String> {
    let text = |p: &str| object.get(p).and_then(Value::as_str).unwrap_or_default();
    match kind.identity {
        Identity::Id if text("id").is_empty() => {
            Err(Error::unavailable(format!("{}: an object has no id", kind.name)))
        }
        Identity::Id => Ok(text("id").to_owned()),
        Identity::Natural(properties) => Ok(properties.iter().map(|p| text(p)).collect::<Vec<_>>().join("|")),
    }
}

/// Reads the links of one type; says whether they are all that there are.
fn read_links(link: &'static LinkType, item: &Map<String, Value>, out: &mut Vec<LinkRecord>) -> Result<bool> {
    if let Some(value) = item.get(link.relation) {
        let ends: Vec<&Value> = match value {
            Value::Null => vec![],
            Value::Array(ends) => ends.iter().collect(),
            one => vec![one],
        };
        for end in ends {
            out.push(link_record(link, end)?);
        }
        return Ok(true);
    }
    let Some(delta) = item.get(&format!("{}@delta", link.relation)) else { return Ok(false) };
    let start = out.len();
    let mut any_present = false;
    for end in delta.as_array().into_iter().flatten() {
        let mut record = link_record(link, end)?;
        if end.get("@removed").is_some() {
            record.end = LinkEnd::Gone;
        } else {
            any_present = true;
        }
        out.push(record);
    }
    // Why: where only one can be, a new one says that the old one is gone, reported or not, in any order.
    let replaced = link.write == LinkWrite::Single && any_present;
    if replaced {
        let spoken = out.split_off(start);
        out.extend(spoken.into_iter().filter(|record| record.end != LinkEnd::Gone));
    }
    Ok(replaced)
}

fn link_record(link: &'static LinkType, end: &Value) -> Result<LinkRecord> {
    let map = end.as_object().cloned().unwrap_or_default();
    let value: Map<String, Value> = map
        .into_iter()
        .filter(|(k, _)| !canonical::is_dropped_annotation(k))
        .map(|(k, v)| (k, canonical::strip(v)))
        .collect();
    if link.write == LinkWrite::AssignAll {
        let to = assignment_key(value.get("target").unwrap_or(&Value::Null));
        return Ok(LinkRecord { link, to, end: LinkEnd::Present(value) });
    }
    let Some(to) = value.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Error::unavailable(format!("{}: a link has no id", link.name)));
    };
    // Only the type: the other properties of the far end belong to its own record.
    let kept = value.into_iter().filter(|(k, _)| k == "@odata.type").collect();
    Ok(LinkRecord { link, to, end: LinkEnd::Present(kept) })
}

/// The key of a policy assignment among those of its policy: the group's id, `{id}!exclude` for an
/// excluded group, otherwise the name of the target's type, with its own values where it has any.
pub fn assignment_key(target: &Value) -> String {
    let text = |p: &str| target.get(p).and_then(Value::as_str);
    let target_type = text("@odata.type").unwrap_or("unknown").trim_start_matches("#microsoft.graph.");
    match (text("groupId"), target_type) {
        (Some(group), "exclusionGroupAssignmentTarget") => format!("{group}!exclude"),
        (Some(group), _) => group.to_owned(),
        (None, "allLicensedUsersAssignmentTarget") => "allLicensedUsers".to_owned(),
        (None, "allDevicesAssignmentTarget") => "allDevices".to_owned(),
        (None, other) => format!("{other}!{}", text("collectionId").unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;
    use serde_json::json;

    fn read(kind: &str, item: Value) -> Interpreted {
        let kind = kinds::get(kind).unwrap();
        interpret(kind, &kind.reading[0], item).unwrap()
    }

    #[test]
    fn a_group_that_goes_on_gives_members_and_no_object() {
        let more = read(
            "groups",
            json!({"id": "g", "members@delta": [{"@odata.type": "#microsoft.graph.user", "id": "u"},
                {"@odata.type": "#microsoft.graph.user", "id": "v", "@removed": {"reason": "deleted"}}]}),
        );
        assert!(more.object.is_none() && more.whole.is_empty());
        assert_eq!(more.links.len(), 2);
        assert_eq!(more.links[1].end, LinkEnd::Gone);
    }

    #[test]
    fn a_new_manager_takes_the_place_of_the_old_one_whether_or_not_graph_says_so() {
        let user = read("users", json!({"id": "u", "displayName": "U", "manager@delta": [{"id": "m"}]}));
        assert_eq!(user.whole.len(), 1);
        let old = json!({"id": "o", "@removed": {"reason": "deleted"}});
        for entries in [json!([{"id": "m"}, old]), json!([old, {"id": "m"}])] {
            let user = read("users", json!({"id": "u", "manager@delta": entries}));
            assert_eq!((user.links.len(), user.links[0].to.as_str(), user.whole.len()), (1, "m", 1));
        }
        let gone = read(
            "users",
            json!({"id": "u", "manager@delta": [{"id": "m", "@removed": {"reason": "deleted"}}]}),
        );
        assert!(gone.whole.is_empty());
        assert_eq!(gone.links[0].end, LinkEnd::Gone);
    }

    #[test]
    fn a_role_assignment_is_the_fact_and_not_its_id() {
        let fact = |id: &str| json!({"id": id, "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/"});
        assert_eq!(read("admins", fact("1")).key, read("admins", fact("2")).key);
    }

    #[test]
    fn an_item_without_an_id_is_an_error_and_not_a_record_less() {
        let kind = kinds::get("users").unwrap();
        assert!(interpret(kind, &kind.reading[0], json!({"displayName": "?"})).is_err());
    }
}
