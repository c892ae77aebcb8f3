//! What Microsoft holds of what a restore is about, and where two states of it differ: read off the simulator's dump, part
//! by part. Of the product it takes the names and lists of its table and nothing else: no comparison, no judgement.

use domain::Timestamp;
use domain::kinds::{self, Identity, KINDS, Kind, LinkWrite};
use domain::restore::LICENCES;
use jiff::Span;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Where something differs: kind and key of the object, the part of it, and of a link or a licence what it leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub kind: &'static str,
    pub key: String,
    pub what: String,
    pub to: String,
}

/// The parts of an object that say something, by what they are and what they lead to.
type Parts = BTreeMap<(String, String), Value>;

/// One state of a tenant.
pub(super) struct Tenant(BTreeMap<(&'static str, String), Parts>);

/// Stands before an id that nobody has any more.
const NOBODY: &str = "nobody ";
/// What a role can be held over.
const SCOPES: [&str; 5] = ["users", "groups", "servicePrincipals", "applications", "administrativeUnits"];
/// Who can hold a role.
const PRINCIPALS: [&str; 3] = ["users", "groups", "servicePrincipals"];

/// The collection of a dump that holds the objects of a kind.
pub(super) fn collection<'a>(dump: &'a Value, kind: &Kind) -> &'a Map<String, Value> {
    let last = kind.path.rsplit('/').next().unwrap();
    let found = dump.get(kind.path).or_else(|| dump.get(last));
    found.and_then(Value::as_object).unwrap_or_else(|| panic!("the dump has no {}", kind.path))
}

impl Tenant {
    /// A dump, with the old ids in place of those that objects got since; what still leads to an old one leads nowhere.
    pub(super) fn of(dump: &Value, new_ids: &BTreeMap<String, String>) -> Self {
        let mut text = dump.to_string();
        for (new, old) in new_ids {
            // A custom role keeps its old id, as that of its template.
            if dump["roleDefinitions"].get(new).is_none() {
                text = text.replace(old, &format!("{NOBODY}{old}"));
            }
            text = text.replace(new, old);
        }
        let dump: Value = serde_json::from_str(&text).unwrap();
        let is_live = |id: &Value| {
            let id = id.as_str().unwrap_or_default();
            PRINCIPALS.iter().any(|set| dump[set].get(id).is_some())
        };
        let is_in = |sets: &[&str], id: &str| {
            sets.iter().any(|set| {
                let all = dump.get(*set).or_else(|| dump.get(format!("directory/{set}")));
                all.is_some_and(|all| all.get(id).is_some())
            })
        };
        let is_gone = |scope: &Value| {
            let id = scope.as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            !id.is_empty() && !is_in(&SCOPES, id)
        };
        let mut found = BTreeMap::new();
        for kind in KINDS {
            for (id, object) in collection(&dump, kind) {
                // Nothing is held by or over what is not there, whatever Graph lists.
                if kind
                    .grant()
                    .is_some_and(|grant| !is_live(&object[grant.principal]) || is_gone(&object[grant.scope]))
                {
                    continue;
                }
                let key = match kind.identity {
                    Identity::Id => id.clone(),
                    Identity::Natural(parts) => {
                        let part = |part: &&str| object[*part].as_str().unwrap_or_default().to_owned();
                        parts.iter().map(part).collect::<Vec<_>>().join("|")
                    }
                };
                let mut parts = parts(kind, object);
                // What is assigned to a group that is not there reaches nobody.
                let is_assigned =
                    |link: &str| kind.links.iter().any(|l| l.name == link && l.write == LinkWrite::AssignAll);
                let group = |value: &Value| value["groupId"].as_str().map(str::to_owned);
                parts.retain(|(what, _), value| {
                    !is_assigned(what) || group(value).is_none_or(|group| is_in(&["groups"], &group))
                });
                // Without an end a schedule says what the assignment says.
                let is_for_good =
                    parts.get(&("scheduleInfo".to_owned(), String::new())) == Some(&json!("never"));
                let is_assigned = object["assignmentType"] == "Assigned";
                if !(is_for_good && is_assigned) {
                    found.insert((kind.run(), key), parts);
                }
            }
        }
        Self(found)
    }

    pub(super) fn has(&self, kind: &str, key: &str) -> bool {
        self.0.keys().any(|(of, one)| *of == kind && one == key)
    }

    /// Where the two differ.
    pub(super) fn differences(&self, other: &Self) -> BTreeSet<Place> {
        let mut found = BTreeSet::new();
        for at @ (kind, key) in self.0.keys().chain(other.0.keys()) {
            let mut note = |what: &str, to: &str| {
                found.insert(Place { kind, key: key.clone(), what: what.to_owned(), to: to.to_owned() });
            };
            let (Some(one), Some(two)) = (self.0.get(at), other.0.get(at)) else {
                note("object", "");
                continue;
            };
            let differs = |part: &&(String, String)| one.get(*part) != two.get(*part);
            for (what, to) in one.keys().chain(two.keys()).filter(differs) {
                note(what, to);
            }
        }
        found
    }

    /// Whether a place is about links that follow from a rule: the simulator follows none.
    pub(super) fn follows_a_rule(&self, place: &Place) -> bool {
        let Some(rule) = kinds::link(&place.what).ok().and_then(|link| link.ruled_by) else { return false };
        let at = (place.kind, place.key.clone());
        let mark =
            self.0.get(&at).and_then(|parts| parts.get(&(rule.mark.property.to_owned(), String::new())));
        mark.is_some_and(|mark| match mark {
            Value::Array(all) => all.contains(&json!(rule.mark.value)),
            other => other == rule.mark.value,
        })
    }

    /// What a place holds.
    pub(super) fn at(&self, place: &Place) -> Option<String> {
        let parts = self.0.get(&(place.kind, place.key.clone()))?;
        Some(match parts.get(&(place.what.clone(), place.to.clone())) {
            Some(value) => value.to_string(),
            None if place.what == "object" => format!("{parts:?}"),
            None => "nothing".to_owned(),
        })
    }
}

/// Whether a value of a property is what Graph means by none: a rule's property that says that there is none.
fn is_by_hand(kind: &Kind, property: &str, value: &Value) -> bool {
    let mut rules = kind.links.iter().filter_map(|link| link.ruled_by);
    rules.any(|rule| rule.mark.property == property && rule.by_hand.is_some_and(|text| value == text))
}

/// Whether the product reads the property at all, by the table: what it does not is said in the manual, and not of each
/// object.
fn is_read(kind: &Kind, property: &str) -> bool {
    let main = &kind.reading[0];
    let is_listed =
        |source: &kinds::Source| source.select.contains(&property) || source.carries.contains(&property);
    main.select.is_empty() || kind.reading.iter().any(is_listed) || kind.is_extension(property)
}

fn parts(kind: &Kind, object: &Value) -> Parts {
    let mut found = Parts::new();
    if kind.grant().is_some() {
        let end = end_of(&object["scheduleInfo"]).map_or_else(|| "never".to_owned(), |at| at.to_string());
        found.insert(("scheduleInfo".to_owned(), String::new()), json!(end));
        found.insert(("assignmentType".to_owned(), String::new()), object["assignmentType"].clone());
        return found;
    }
    if kind.writing.licences {
        for (sku, plans) in licences(object) {
            found.insert((LICENCES.to_owned(), sku), plans);
        }
    }
    for (property, value) in object.as_object().unwrap() {
        if let Some(link) = kind.link(property) {
            for end in value.as_array().unwrap() {
                let (to, value) = match end.get("target") {
                    Some(target) => (kinds::assignment_key(target), normal(target)),
                    None => (end.as_str().unwrap().to_owned(), json!("there")),
                };
                found.insert((link.name.to_owned(), to), value);
            }
            continue;
        }
        // What is set by the service, and differs in any object that is made anew.
        let is_volatile = !kind.compares(property) || kind.writing.regrown.contains(&property.as_str());
        let is_ours = property != LICENCES && property != "x-secrets" && is_read(kind, property);
        let mut value = value.clone();
        if let (true, Some(all)) = (property == "proxyAddresses", value.as_array_mut()) {
            // SharePoint gives each group one.
            all.retain(|address| !address.as_str().unwrap().starts_with("SPO:"));
        }
        let value = normal(&with_secrets(property, &value, &object["x-secrets"]));
        if !is_volatile && is_ours && !value.is_null() && !is_by_hand(kind, property, &value) {
            found.insert((property.clone(), String::new()), value);
        }
    }
    found
}

/// When a schedule ends: at a date, so long after its start, or never.
pub(super) fn end_of(schedule: &Value) -> Option<Timestamp> {
    let expiration = &schedule["expiration"];
    if let Some(end) = expiration["endDateTime"].as_str() {
        return Some(end.parse().unwrap());
    }
    let lasts: Span = expiration["duration"].as_str()?.parse().unwrap();
    let start: Timestamp = schedule["startDateTime"].as_str().unwrap().parse().unwrap();
    Some((&start.to_zoned(TimeZone::UTC) + lasts).timestamp())
}

/// The licences that were given to an object itself.
fn licences(object: &Value) -> Vec<(String, Value)> {
    let states = object.get("licenseAssignmentStates").or_else(|| object.get(LICENCES));
    let all = states.and_then(Value::as_array).into_iter().flatten();
    let own = all.filter(|one| one["assignedByGroup"].is_null());
    let of =
        |one: &Value| (one["skuId"].as_str().unwrap().to_owned(), json!([normal(&one["disabledPlans"])]));
    own.map(of).collect()
}

/// The settings of a policy with what Graph shows as stars.
fn with_secrets(property: &str, value: &Value, secrets: &Value) -> Value {
    let mut value = value.clone();
    if property == "omaSettings" {
        for setting in value.as_array_mut().into_iter().flatten() {
            if let Some(secret) = setting["secretReferenceValueId"].as_str().and_then(|at| secrets.get(at)) {
                setting["value"] = secret.clone();
            }
        }
    }
    value
}

/// A value without numbers and notes of the service's own, its lists in one order; what says nothing is null.
fn normal(value: &Value) -> Value {
    const OWN: [&str; 3] = ["id", "sourceId", "secretReferenceValueId"];
    match value {
        Value::String(text) if text.is_empty() => Value::Null,
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(normal).collect();
            items.sort_by_key(ToString::to_string);
            if items.is_empty() { Value::Null } else { Value::Array(items) }
        }
        Value::Object(map) => {
            let is_set = map.get("@odata.type")
                == Some(&json!("#Microsoft.DirectoryServices.CustomSecurityAttributeValue"));
            let says = |name: &str| {
                !OWN.contains(&name) && (!name.contains('@') || name == "@odata.type" && !is_set)
            };
            let kept =
                map.iter().filter(|(name, _)| says(name)).map(|(name, value)| (name.clone(), normal(value)));
            let kept: Map<String, Value> = kept.filter(|(_, value)| !value.is_null()).collect();
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        other => other.clone(),
    }
}

/// What a preview says will not be as it was, and why.
pub(super) struct Declared {
    kind: String,
    key: String,
    what: String,
    /// Of links and licences what they lead to; none where it is about all of them.
    to: Vec<String>,
    pub why: String,
}

impl Declared {
    /// Everything that a preview declares.
    pub(super) fn by(shown: &Value) -> Vec<Self> {
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let of = |one: &Value, why: &str| {
            let to = one["to"].as_array().into_iter().flatten().map(|end| end.as_str().unwrap().to_owned());
            let (kind, key) = (text(one, "kind"), text(one, "key"));
            Self { kind, key, what: text(one, "what"), to: to.collect(), why: text(one, why) }
        };
        let mut all: Vec<Self> =
            shown["impossible"].as_array().unwrap().iter().map(|one| of(one, "cause")).collect();
        all.extend(shown["leftByMode"].as_array().unwrap().iter().map(|one| of(one, "mode")));
        all.extend(
            shown["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|step| is_doubtful(step))
                .flat_map(Self::doubtful),
        );
        all
    }

    /// What a step is about that the preview says may be refused.
    fn doubtful(step: &Value) -> Vec<Self> {
        let text = |name: &str| step[name].as_str().unwrap().to_owned();
        let of = |what: &str, to: Vec<String>| {
            let (kind, key, why) = (text("kind"), text("key"), "doubtful".to_owned());
            Self { kind, key, what: what.to_owned(), to, why }
        };
        let action = &step["action"];
        let end = |end: &Value| end["id"].as_str().unwrap().to_owned();
        match action["type"].as_str().unwrap() {
            "update" => {
                let properties = action["properties"].as_array().unwrap().iter();
                properties.map(|property| of(property.as_str().unwrap(), vec![])).collect()
            }
            "addLinks" => vec![of(
                action["link"].as_str().unwrap(),
                action["to"].as_array().unwrap().iter().map(end).collect(),
            )],
            "removeLink" => vec![of(action["link"].as_str().unwrap(), vec![end(&action["to"])])],
            "assignLicences" => vec![of(LICENCES, vec![])],
            _ => vec![of("object", vec![])],
        }
    }

    /// Whether that a place differs was declared by this.
    pub(super) fn covers(&self, place: &Place) -> bool {
        let row = kinds::find(place.kind).unwrap();
        // An assignment with an end comes as its schedule, or with that not at all.
        let is_of_kind = self.kind == place.kind || row.schedules().is_some_and(|of| self.kind == of.run());
        if !is_of_kind || self.key != place.key {
            return false;
        }
        // A fact is there or is not, whichever part of it keeps it away.
        let is_fact = row.identity != Identity::Id;
        // A link that is left may lead to the id of before, which nobody has any more.
        let to = place.to.strip_prefix(NOBODY).unwrap_or(&place.to);
        let is_end = self.to.is_empty() || self.to.iter().any(|one| one == to);
        let is_part = self.what == place.what && is_end || self.what == format!("{}/{to}", place.what);
        // Of a list one entry may be named.
        let entry = self.what.strip_prefix(&place.what).unwrap_or_default();
        let is_entry = place.to.is_empty() && entry.starts_with(['/', '[']);
        is_fact || self.what == "object" || is_part || is_entry
    }

    /// Whether it says that an object does not come back, and a place is about a link or a role of it.
    pub(super) fn implies(&self, place: &Place) -> bool {
        let is_object =
            self.what == "object" && kinds::find(&self.kind).is_some_and(|row| row.identity == Identity::Id);
        let is_end = place.to.trim_end_matches("!exclude") == self.key;
        let is_of_role = place.key.split('|').any(|part| part.rsplit('/').next() == Some(&self.key));
        is_object && (is_end || place.key.contains('|') && is_of_role)
    }

    /// Whether it says that a mode leaves something, which then has to differ.
    pub(super) fn is_left(&self) -> bool {
        ["attributes", "links"].contains(&self.why.as_str())
    }

    /// The places that it names, of links one for each end.
    pub(super) fn places(&self) -> Vec<Place> {
        let kind = kinds::find(&self.kind).unwrap().run();
        let of = |to: &str| Place { kind, key: self.key.clone(), what: self.what.clone(), to: to.to_owned() };
        if self.to.is_empty() { vec![of("")] } else { self.to.iter().map(|to| of(to)).collect() }
    }
}

/// Whether the preview warns that Graph may refuse the step.
pub(super) fn is_doubtful(step: &Value) -> bool {
    const DOUBTS: [&str; 3] = ["restricted", "otherEnds", "endUnknown"];
    let mut all = step["warnings"].as_array().into_iter().flatten();
    all.any(|warning| DOUBTS.iter().any(|doubt| warning == doubt))
}
