//! One record of the log, as far as the join reads it. What is stored keeps every field.
//!
//! Source: learn.microsoft.com/graph/api/resources/directoryaudit. `performedBy` is in beta alone.

use super::names::decoded;
use crate::Timestamp;
use serde_json::Value;

/// Who did something, as the log says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorSort {
    /// A person, or an account that acts like one.
    Person,
    /// An application, in its own name.
    Application,
    /// Nobody is named: Microsoft's directory itself.
    Microsoft,
}

/// Whom a record names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// What they are to the log.
    pub sort: ActorSort,
    /// The id of the person's object or of the application's service principal.
    pub id: Option<String>,
    /// The person's user name, or what the application is called.
    pub name: Option<String>,
}

/// What the directory itself is called where the log names nobody.
const DIRECTORY: &str = "Microsoft Entra";
/// Privileged Identity Management, as records name it where it takes away what has expired.
const EXPIRING: &str = "Azure AD PIM";
/// The application of Microsoft's that writes into the directory what was decided in Privileged Identity Management.
const CARRYING_OUT: &str = "MS-PIM";

impl Actor {
    fn of(record: &Value) -> Self {
        let user = &record["initiatedBy"]["user"];
        // Why not the display name first: it may name a service of Microsoft's where id and user name name the person.
        let name = text(user, "userPrincipalName").or_else(|| text(user, "displayName"));
        if text(user, "id").is_none() && name.as_deref() == Some(EXPIRING) {
            return Self { sort: ActorSort::Microsoft, id: None, name };
        }
        if text(user, "id").is_some() || name.is_some() {
            return Self { sort: ActorSort::Person, id: lower(user, "id"), name };
        }
        let app = &record["initiatedBy"]["app"];
        let name = text(app, "displayName").or_else(|| text(app, "servicePrincipalName"));
        let id = lower(app, "servicePrincipalId").or_else(|| lower(app, "appId"));
        if id.is_some() || name.is_some() {
            return Self { sort: ActorSort::Application, id, name };
        }
        Self { sort: ActorSort::Microsoft, id: None, name: Some(DIRECTORY.to_owned()) }
    }

    /// Whether both are the same: by their ids, or by their names where one has no id.
    pub fn is(&self, other: &Self) -> bool {
        let same = |a: &Option<String>, b: &Option<String>| {
            a.as_ref().zip(b.as_ref()).map(|(a, b)| a.eq_ignore_ascii_case(b))
        };
        self.sort == other.sort
            && same(&self.id, &other.id).or_else(|| same(&self.name, &other.name)).unwrap_or(false)
    }

    /// Whether it only writes down what somebody else did: Privileged Identity Management has a record of who that was.
    pub fn carries_out(&self) -> bool {
        let is_it = |name: &String| name.eq_ignore_ascii_case(CARRYING_OUT);
        self.sort == ActorSort::Application && self.name.as_ref().is_some_and(is_it)
    }

    /// Whether it synchronises the directory with the customer's own servers: then the log there has the author.
    pub fn is_synchronisation(&self) -> bool {
        const PERSONS: [&str; 3] =
            ["sync_", "adtoaadsyncserviceaccount", "on-premises directory synchronization"];
        const APPLICATIONS: [&str; 5] = [
            "azure ad connect",
            "azure ad cloud sync",
            "microsoft entra connect",
            "microsoft entra cloud sync",
            "microsoft.azure.syncfabric",
        ];
        let begins: &[&str] = match self.sort {
            ActorSort::Person => &PERSONS,
            ActorSort::Application => &APPLICATIONS,
            ActorSort::Microsoft => return false,
        };
        let name = self.name.as_deref().unwrap_or_default().to_lowercase();
        begins.iter().any(|begin| name.starts_with(begin))
    }
}

/// What a record says of one property.
#[derive(Clone, Debug, PartialEq)]
pub struct Modified {
    /// The log's name of it, such as `JobTitle` or `Group.ObjectID`.
    pub name: String,
    /// Its value before, decoded; null where there was none.
    pub old: Value,
    /// Its value after, decoded; null where there is none.
    pub new: Value,
    /// Whether the values were taken out before the record was stored.
    pub is_stripped: bool,
}

/// One object that a record is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its id in lower case; absent where the log says none.
    pub id: Option<String>,
    /// What the record says of its properties.
    pub modified: Vec<Modified>,
}

/// One record of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRecord {
    /// Its id, which has a form that Microsoft does not promise.
    pub id: String,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, as Microsoft calls it.
    pub activity: String,
    /// The service that logged it.
    pub service: String,
    /// What groups the records of one operation.
    pub correlation: Option<String>,
    /// Whether it took effect: an attempt is no change.
    pub succeeded: bool,
    /// Who did it.
    pub actor: Actor,
    /// From which address; it may be one of Microsoft's.
    pub address: Option<String>,
    /// The id of the application that a person used, where the log says it.
    pub client: Option<String>,
    /// What it was done to.
    pub targets: Vec<Target>,
}

/// An id that stands for none.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

impl AuditRecord {
    /// The record of that JSON; none where it has no id or no time, without which it cannot be told from another one.
    pub fn read(record: &Value) -> Option<Self> {
        let targets = record["targetResources"].as_array().into_iter().flatten().map(target).collect();
        Some(Self {
            id: text(record, "id")?,
            at: record["activityDateTime"].as_str()?.parse().ok()?,
            activity: text(record, "activityDisplayName").unwrap_or_default(),
            service: text(record, "loggedByService").unwrap_or_default(),
            correlation: text(record, "correlationId"),
            succeeded: record["result"].as_str().is_none_or(|result| result.eq_ignore_ascii_case("success")),
            actor: Actor::of(record),
            address: text(&record["initiatedBy"]["user"], "ipAddress"),
            client: text(&record["performedBy"], "appId"),
            targets,
        })
    }

    /// The ids of the objects that it names: its targets, and the far ends of links among its values. Each once, sorted.
    pub fn named_ids(&self) -> Vec<String> {
        #[cfg(test)]
        READINGS.set(READINGS.get() + 1);
        let of_targets = self.targets.iter().filter_map(|target| target.id.clone());
        let modified = self.targets.iter().flat_map(|target| &target.modified);
        let of_values = modified.filter(|m| names_an_object(&m.name)).flat_map(|m| [&m.old, &m.new]);
        let of_values = of_values.filter_map(Value::as_str).map(str::to_lowercase);
        let mut ids: Vec<String> = of_targets.chain(of_values).filter(|id| is_id(id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The key under which it is stored: by its time, then by its id.
    pub fn key(&self) -> String {
        format!("{:.9}/{}", self.at, self.id)
    }
}

#[cfg(test)]
thread_local! {
    /// How often the ids of a record were collected in this thread.
    static READINGS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
pub(super) fn readings() -> usize {
    READINGS.get()
}

/// Whether the value of that name is an object's id, and not a property.
pub(super) fn names_an_object(name: &str) -> bool {
    let end = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && ["ObjectID", "TemplateId", "AppId"].iter().any(|id| end.eq_ignore_ascii_case(id))
}

/// Whether a text can be an id: nothing that parts keys, and not so long that it could be a text.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text != NO_ID && !text.contains(['/', ' '])
}

fn target(target: &Value) -> Target {
    let modified = target["modifiedProperties"].as_array().into_iter().flatten();
    Target {
        id: lower(target, "id").filter(|id| is_id(id)),
        modified: modified
            .map(|property| Modified {
                name: text(property, "displayName").unwrap_or_default(),
                old: decoded(&property["oldValue"]),
                new: decoded(&property["newValue"]),
                is_stripped: property["stripped"] == true,
            })
            .collect(),
    }
}

fn text(of: &Value, name: &str) -> Option<String> {
    of[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn lower(of: &Value, name: &str) -> Option<String> {
    text(of, name).map(|text| text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn by(initiated: &Value) -> Actor {
        Actor::of(&json!({ "initiatedBy": initiated }))
    }

    #[test]
    fn a_person_is_told_by_id_and_user_name_though_a_service_stands_as_the_display_name() {
        let user =
            json!({ "id": "A1", "displayName": "Azure ESTS Service", "userPrincipalName": "ann@x.example" });
        let person = by(&json!({ "user": user, "app": null }));
        assert_eq!((person.sort, person.name.as_deref()), (ActorSort::Person, Some("ann@x.example")));
        assert_eq!(person.id.as_deref(), Some("a1"));
    }

    #[test]
    fn an_application_is_told_by_its_service_principal_and_nobody_by_the_directory() {
        let app = json!({ "appId": null, "displayName": "job", "servicePrincipalId": "SP" });
        assert_eq!(
            by(&json!({ "user": null, "app": app })),
            Actor { sort: ActorSort::Application, id: Some("sp".to_owned()), name: Some("job".to_owned()) }
        );
        assert_eq!(by(&json!({ "user": null, "app": null })).sort, ActorSort::Microsoft);
        assert_eq!(by(&json!(null)).name.as_deref(), Some(DIRECTORY));
    }

    #[test]
    fn privileged_identity_management_is_microsofts_and_writes_what_others_decided() {
        let user = json!({ "id": null, "displayName": "Azure AD PIM", "userPrincipalName": null });
        assert_eq!(by(&json!({ "user": user, "app": null })).sort, ActorSort::Microsoft);
        let app = json!({ "appId": null, "displayName": "MS-PIM", "servicePrincipalId": "SP" });
        assert!(by(&json!({ "user": null, "app": app })).carries_out());
        let person = json!({ "id": "a1", "displayName": "MS-PIM", "userPrincipalName": "ann@x.example" });
        assert!(!by(&json!({ "user": person, "app": null })).carries_out());
    }

    #[test]
    fn a_synchronisation_with_servers_of_the_customers_own_is_known_by_its_account_or_its_application() {
        let named = |sort, name: &str| Actor { sort, id: None, name: Some(name.to_owned()) };
        assert!(named(ActorSort::Person, "Sync_DC01_0a1b@x.example").is_synchronisation());
        assert!(named(ActorSort::Application, "Azure AD Connect").is_synchronisation());
        assert!(!named(ActorSort::Person, "synthia@x.example").is_synchronisation());
    }

    #[test]
    fn the_key_of_a_record_sorts_by_time_whatever_the_fraction_and_holds_the_id() {
        let of = |time: &str| {
            AuditRecord::read(&json!({ "id": "Directory_1", "activityDateTime": time })).unwrap().key()
        };
        assert_eq!(of("2026-11-02T09:15:04Z"), "2026-11-02T09:15:04.000000000Z/Directory_1");
        assert!(of("2026-11-02T09:15:04.1234567Z") > of("2026-11-02T09:15:04Z"));
        assert_eq!(AuditRecord::read(&json!({ "activityDateTime": "2026-11-02T09:15:04Z" })), None);
    }

    #[test]
    fn the_ids_that_a_record_names_are_those_of_targets_and_of_the_far_ends_of_links() {
        let record = json!({ "id": "r", "activityDateTime": "2026-11-02T09:15:04Z", "targetResources": [
            { "id": "B1", "modifiedProperties": [
                { "displayName": "Group.ObjectID", "oldValue": null, "newValue": "\"D1\"" },
                { "displayName": "Group.DisplayName", "oldValue": null, "newValue": "\"Finance\"" } ] },
            { "id": "d1" }, { "id": NO_ID }, { "id": "N/A" } ] });
        assert_eq!(AuditRecord::read(&record).unwrap().named_ids(), ["b1", "d1"]);
    }
}
