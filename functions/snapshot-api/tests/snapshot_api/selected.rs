//! What of a comparison's changes is taken back, named part by part over HTTP.

use crate::common::{Answer, DIFF, EARLIER_SNAPSHOT, Plane, RESTORE, SNAPSHOT, TENANT};
use domain::DiffId;
use domain::kinds::KINDS;
use engine::records::{Diff, RunCount, Snapshot, delete};
use partners::commands::Caller;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

struct Asker {
    plane: Plane,
    owner: Caller,
    path: String,
}

impl Asker {
    /// Over a comparison in which a policy was changed in three places and at one assignment, a user in one, and another
    /// user was deleted.
    async fn new() -> Self {
        let plane = Plane::new().await;
        let (partner, owner) = plane.partner(A, &[]).await;
        let org = plane.organisation(&partner, A, Some(TENANT)).await;
        let id: DiffId = DIFF.parse().unwrap();
        let row = plane.records.get(&Diff::at(&plane.tenant, &id)).await.unwrap();
        plane.records.write(vec![delete(&row.value, row.version)]).await.unwrap();
        let attribute = |property: &str, path: &str| json!({ "property": property, "path": path, "before": "then", "after": "now" });
        let change = |kind: &str, key: &str, what: &str, attributes: Value, links: Value| {
            json!({ "kind": kind, "key": key, "what": what, "attributes": attributes, "links": links,
                "consequences": 0, "privileged": false })
        };
        let policy = json!([
            attribute("name", "name"),
            attribute("settings", "settings[a]/value"),
            attribute("settings", "settings[b]")
        ]);
        let assignment =
            json!([{ "link": "ConfigurationPolicies.assignments", "to": "g", "what": "created" }]);
        let changes = [
            change("users", "gone", "deleted", json!([]), json!([])),
            change("users", "u", "modified", json!([attribute("jobTitle", "jobTitle")]), json!([])),
            change("ConfigurationPolicies", "p", "modified", policy, assignment),
        ];
        let blobs = plane.world.vault.blobs(&plane.tenant).into_iter().map(|(name, _)| name);
        for page in blobs.filter(|name| name.to_string().contains("diffs/")) {
            plane.world.vault.remove(&plane.tenant, &page);
        }
        plane.store_changes(&[changes.to_vec()]).await;
        Self { plane, owner, path: format!("/v1/organisations/{org}/restores") }
    }

    async fn ask(&self, body: &Value) -> Answer {
        self.plane.ask(Some(&self.owner), "POST", &self.path, body).await
    }

    /// The objects in the row of the preview that is asked for.
    async fn chosen(&self, only: Value) -> Value {
        let answer = self.ask(&json!({ "comparison": DIFF, "only": only })).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.json()["snapshot"], EARLIER_SNAPSHOT);
        let id = answer.json()["id"].clone();
        let rows = self.plane.world.catalog.rows().into_iter().map(|(_, row)| row.body);
        let row = rows.into_iter().find(|row| row["id"] == id && row.get("selection").is_some());
        row.unwrap()["selection"]["items"].clone()
    }
}

fn policy(part: &Value) -> Value {
    let mut named = json!({ "kind": "ConfigurationPolicies", "key": "p" });
    named.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
    named
}

#[tokio::test]
async fn exactly_the_named_paths_and_links_of_an_object_are_chosen() {
    let asker = Asker::new().await;
    let link = json!({ "link": "ConfigurationPolicies.assignments", "to": "g" });
    for (part, chosen) in [
        (json!({}), json!({ "properties": ["name", "settings"], "links": [link] })),
        (
            json!({ "paths": ["settings[a]/value"] }),
            json!({ "properties": [], "links": [], "paths": ["settings[a]/value"] }),
        ),
        (
            json!({ "paths": ["settings", "name"] }),
            json!({ "properties": ["name"], "links": [], "paths": ["settings[a]/value", "settings[b]"] }),
        ),
        (json!({ "links": [link] }), json!({ "properties": [], "links": [link] })),
        (json!({ "paths": ["name"], "links": [link] }), json!({ "properties": ["name"], "links": [link] })),
        (
            json!({ "paths": [], "incoming": true }),
            json!({ "properties": [], "links": [], "incoming": true }),
        ),
    ] {
        assert_eq!(asker.chosen(json!([policy(&part)])).await, json!([policy(&chosen)]), "{part}");
        asker.plane.stands(engine::records::RestoreState::Previewed).await;
    }
}

#[tokio::test]
async fn a_part_that_did_not_change_is_refused_by_its_place_in_the_request() {
    let asker = Asker::new().await;
    let of = |kind: &str, key: &str, paths: Value| json!({ "kind": kind, "key": key, "paths": paths });
    let user = |paths: Value| of("users", "u", paths);
    let assignment = |to: &str| json!({ "link": "ConfigurationPolicies.assignments", "to": to });
    let many: Vec<String> = (0..1_001).map(|n| format!("settings[{n}]")).collect();
    for (only, field) in [
        (
            json!([user(json!(["jobTitle"])), policy(&json!({ "paths": ["name", "settings[c]"] }))]),
            "only[1].paths[1]",
        ),
        (json!([user(json!(["city"]))]), "only[0].paths[0]"),
        (json!([user(json!(["jobTitle/x"]))]), "only[0].paths[0]"),
        (json!([user(json!([""]))]), "only[0].paths[0]"),
        (json!([user(json!(["jobTitle", "jobTitle"]))]), "only[0].paths[1]"),
        (json!([user(json!([]))]), "only[0].paths"),
        (json!([user(json!("jobTitle"))]), "only[0].paths"),
        (json!([of("users", "gone", json!(["jobTitle"]))]), "only[0].paths"),
        (json!([policy(&json!({ "links": [assignment("other")] }))]), "only[0].links[0]"),
        (json!([policy(&json!({ "links": [assignment("g"), assignment("g")] }))]), "only[0].links[1]"),
        (json!([policy(&json!({ "paths": [], "links": [] }))]), "only[0].paths"),
        (json!([policy(&json!({ "paths": many }))]), "only[0].paths"),
    ] {
        let answer = asker.ask(&json!({ "comparison": DIFF, "only": only })).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (422, vec![field.to_owned()]),
            "{only} {answer:?}"
        );
    }
    let undo = asker.ask(&json!({ "undo": RESTORE, "only": [user(json!(["jobTitle"]))] })).await;
    assert_eq!((undo.status.as_u16(), undo.fields()), (422, vec!["only[0].paths".to_owned()]));
    let incoming = json!({ "kind": "users", "key": "u", "incoming": true });
    let undo = asker.ask(&json!({ "undo": RESTORE, "only": [incoming] })).await;
    assert_eq!((undo.status.as_u16(), undo.fields()), (422, vec!["only[0].incoming".to_owned()]));
    let item = json!({ "kind": "users", "key": "u", "paths": ["jobTitle", "@odata.type"] });
    let item = asker.ask(&json!({ "snapshot": EARLIER_SNAPSHOT, "items": [item] })).await;
    assert_eq!((item.status.as_u16(), item.fields()), (422, vec!["items[0].paths[1]".to_owned()]));
    assert_eq!(asker.plane.started(), [""; 0]);
}

#[tokio::test]
async fn whole_kinds_are_chosen_by_their_names_or_all_of_them() {
    let asker = Asker::new().await;
    let all: Vec<String> = KINDS.iter().map(|kind| kind.name.to_string()).collect();
    for (asked, kinds) in [
        (json!({ "snapshot": SNAPSHOT, "kinds": ["groups", "users"] }), json!(["groups", "users"])),
        (json!({ "snapshot": SNAPSHOT, "everything": true }), json!(all)),
    ] {
        let answer = asker.ask(&asked).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["kinds"]), (202, &kinds), "{answer:?}");
        assert_eq!(
            (&answer.json()["attributes"], &answer.json()["links"]),
            (&json!("merge"), &json!("merge"))
        );
        assert_eq!(
            (&answer.json()["snapshot"], &answer.json()["comparison"]),
            (&json!(SNAPSHOT), &Value::Null)
        );
    }
}

#[tokio::test]
async fn kinds_that_are_none_or_hold_too_much_or_go_with_something_else_are_refused() {
    let asker = Asker::new().await;
    let items = json!([{ "kind": "users", "key": "u" }]);
    let of = |more: Value| {
        let mut asked = json!({ "snapshot": SNAPSHOT });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let refused = async |asked: Value, field: &str| {
        let answer = asker.ask(&asked).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (422, vec![field.to_owned()]),
            "{asked} {answer:?}"
        );
        answer
    };
    for (asked, field) in [
        (of(json!({ "kinds": [] })), "kinds"),
        (of(json!({ "kinds": ["users", "printers"] })), "kinds[1]"),
        (of(json!({ "kinds": ["users", "users"] })), "kinds[1]"),
        (of(json!({ "kinds": ["users"], "items": items })), "kinds"),
        (of(json!({ "kinds": ["users"], "everything": true })), "everything"),
        (of(json!({ "everything": true, "comparison": DIFF })), "everything"),
        (json!({ "kinds": ["users"] }), "snapshot"),
        (json!({ "undo": RESTORE, "everything": true }), "undo"),
    ] {
        refused(asked, field).await;
    }
    let snapshot = Snapshot::at(&asker.plane.tenant, &SNAPSHOT.parse().unwrap());
    let many = RunCount { records: 10_001, ..RunCount::default() };
    asker.plane.edit(&snapshot, |row| row.counts.extend([("users".to_owned(), many)])).await;
    for (more, field) in
        [(json!({ "kinds": ["groups", "users"] }), "kinds"), (json!({ "everything": true }), "everything")]
    {
        let answer = refused(of(more), field).await;
        assert!(answer.text.contains("10001 objects"), "{answer:?}");
    }
    assert_eq!(asker.plane.started(), [""; 0]);
}

#[tokio::test]
async fn a_filter_is_kept_with_the_restore_and_goes_with_a_comparison_alone() {
    let asker = Asker::new().await;
    let filter = json!({ "kind": "users", "actor": "ann@x.example", "from": "2026-11-02T09:00:00Z", "also": ["othersToo"] });
    let answer = asker.ask(&json!({ "comparison": DIFF, "filter": filter })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["filter"]), (202, &filter), "{answer:?}");
    let modes = (&answer.json()["attributes"], &answer.json()["links"]);
    assert_eq!(modes, (&json!("overwrite"), &json!("rollback")));
    assert_eq!(answer.json()["comparison"], DIFF);
    let actor = json!({ "actor": "ann" });
    let (user, refused) = (json!([{ "kind": "users", "key": "u" }]), asker.plane.started().len());
    for (asked, field) in [
        (json!({ "comparison": DIFF, "filter": {} }), "filter"),
        (json!({ "comparison": DIFF, "filter": { "kind": "printers" } }), "filter.kind"),
        (json!({ "comparison": DIFF, "filter": { "actor": "" } }), "filter.actor"),
        (json!({ "comparison": DIFF, "filter": { "who": "ann" } }), "filter.who"),
        (json!({ "comparison": DIFF, "filter": { "name": "x", "also": ["othersToo"] } }), "filter.also"),
        (json!({ "comparison": DIFF, "filter": actor, "only": user }), "filter"),
        (json!({ "snapshot": SNAPSHOT, "filter": actor, "items": user }), "filter"),
        (json!({ "snapshot": SNAPSHOT, "filter": actor, "everything": true }), "filter"),
        (json!({ "undo": RESTORE, "filter": actor }), "undo"),
    ] {
        let answer = asker.ask(&asked).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (422, vec![field.to_owned()]),
            "{asked} {answer:?}"
        );
    }
    assert_eq!(asker.plane.started().len(), refused, "nothing is started");
}
