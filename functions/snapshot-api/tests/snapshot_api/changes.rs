//! The changes of a comparison: chosen, in an order, as a table and as text; explained; and each comparison once.

use crate::common::stored::change;
use crate::common::{Answer, DIFF, EARLIER_SNAPSHOT, Plane, SNAPSHOT, TENANT};
use domain::OrganisationId;
use engine::records::{Diff, JobState};
use partners::commands::Caller;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

struct Stage {
    plane: Plane,
    owner: Caller,
    org: OrganisationId,
}

impl Stage {
    async fn new() -> Self {
        let plane = Plane::new().await;
        let (partner, owner) = plane.partner(A, &[]).await;
        let org = plane.organisation(&partner, A, Some(TENANT)).await;
        Self { plane, owner, org }
    }

    /// With those pages of changes in place of the one that there is.
    async fn of(pages: Vec<Vec<Value>>) -> Self {
        let stage = Self::new().await;
        let archive = stage.plane.archive().open(&stage.plane.tenant).await.unwrap();
        let id: domain::DiffId = "dif_01jzzzzzzzzzzzzzzzzzzzzzzz".parse().unwrap();
        for (number, page) in pages.iter().enumerate() {
            let bytes = serde_json::to_vec(page).unwrap();
            archive.put_new(&format!("diffs/{id}/{number:06}"), &bytes).await.unwrap();
        }
        let at = Diff::at(&stage.plane.tenant, &DIFF.parse().unwrap());
        let row = stage.plane.records.get(&at).await.unwrap().value;
        let row = Diff { id, pages: u32::try_from(pages.len()).unwrap(), ..row };
        stage.plane.records.put_new(&row).await.unwrap();
        stage
    }

    async fn get(&self, path: &str) -> Answer {
        let path = format!("/v1/organisations/{}/comparisons/{path}", self.org);
        self.plane.ask(Some(&self.owner), "GET", &path, &Value::Null).await
    }

    /// The keys of the changes that are listed, all parts of the list together.
    async fn keys(&self, query: &str) -> Vec<String> {
        let (mut keys, mut cursor) = (Vec::new(), String::new());
        loop {
            let part = self.get(&format!("dif_01jzzzzzzzzzzzzzzzzzzzzzzz/changes?{query}{cursor}")).await;
            assert_eq!(part.status, 200, "{part:?}");
            let part = part.json();
            keys.extend(
                part["items"].as_array().unwrap().iter().map(|c| c["key"].as_str().unwrap().to_owned()),
            );
            let Some(next) = part["next"].as_str() else { return keys };
            cursor = format!("&cursor={next}");
        }
    }

    async fn compare(&self, body: Value) -> Answer {
        let path = format!("/v1/organisations/{}/comparisons", self.org);
        self.plane.ask(Some(&self.owner), "POST", &path, &body).await
    }
}

fn weighed(key: &str, weight: u8, more: &Value) -> Value {
    let mut change = change(key, &format!("Name of {key}"));
    change["weight"] = json!(weight);
    for (name, value) in more.as_object().unwrap() {
        change[name] = value.clone();
    }
    change
}

async fn weighed_stage() -> Stage {
    let page = |n: usize| {
        vec![
            weighed(&format!("a{n}"), 10, &json!({})),
            weighed(&format!("b{n}"), 90, &json!({ "reasons": ["privilegedAccount"] })),
        ]
    };
    let mut pages: Vec<_> = (0..3).map(page).collect();
    pages.push(vec![weighed("c", 80, &json!({ "kind": "groups", "what": "deleted", "how": "softDeleted" }))]);
    Stage::of(pages).await
}

#[tokio::test]
async fn changes_are_chosen_by_what_they_are_and_come_by_key_or_by_weight() {
    let stage = weighed_stage().await;
    for (query, expected) in [
        ("limit=2", vec!["a0", "b0", "a1", "b1", "a2", "b2", "c"]),
        ("order=weight&limit=2", vec!["b0", "b1", "b2", "c", "a0", "a1", "a2"]),
        ("order=weight&minWeight=80", vec!["b0", "b1", "b2", "c"]),
        ("minWeight=80&kind=users", vec!["b0", "b1", "b2"]),
        ("what=softDeleted", vec!["c"]),
        ("what=hardDeleted", vec![]),
        ("name=NAME%20of%20b1", vec!["b1"]),
        ("property=jobTitle&kind=groups", vec!["c"]),
        ("class=observed", vec![]),
    ] {
        assert_eq!(stage.keys(query).await, expected, "{query}");
    }
    let wrong = stage.get(&format!("{DIFF}/changes?kind=printers")).await;
    assert_eq!((wrong.status.as_u16(), wrong.fields()), (422, vec!["kind".to_owned()]));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_comparison_alone_and_one_beyond_the_end_is_refused() {
    let stage = weighed_stage().await;
    let of = "dif_01jzzzzzzzzzzzzzzzzzzzzzzz";
    let next = stage.get(&format!("{of}/changes?limit=1")).await.json()["next"].as_str().unwrap().to_owned();
    let (bound, place) = next.split_once('.').unwrap();
    assert_eq!(place, "0.1");
    for (id, cursor) in [(DIFF, next.clone()), (of, format!("{bound}.9.0")), (of, format!("{bound}.0.9"))] {
        let refused = stage.get(&format!("{id}/changes?cursor={cursor}")).await;
        assert_eq!((refused.status.as_u16(), refused.fields()), (422, vec!["cursor".to_owned()]), "{cursor}");
    }
}

#[tokio::test]
async fn a_table_has_a_line_for_each_part_no_cell_is_a_formula_and_a_link_leads_on() {
    let evil = json!({ "name": "=1+1", "attributes": [
        { "property": "jobTitle", "path": "jobTitle", "before": "Clerk", "after": "a;=2+2" }],
        "links": [{ "link": "users.manager", "to": "b", "toName": "Bo", "what": "created" }] });
    let stage = Stage::of(vec![vec![weighed("a", 90, &evil), weighed("b", 10, &json!({}))]]).await;
    let path = "dif_01jzzzzzzzzzzzzzzzzzzzzzzz/changes?format=csv&limit=1";
    let first = stage.get(path).await;
    assert_eq!(first.headers["content-type"], "text/csv; charset=utf-8");
    let lines: Vec<&str> = first.text.split("\r\n").collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[0].starts_with("kind,key,newKey,name,what,how,class,weight,because,part,"));
    assert_eq!(lines[1], "users,a,,'=1+1,modified,,change,90,,jobTitle,change,Clerk,a;'=2+2");
    assert!(lines[2].ends_with("users.manager,change,,Bo (b)"), "{}", lines[2]);
    let link = first.headers["link"].to_str().unwrap();
    let query = link.strip_prefix("<?").and_then(|l| l.strip_suffix(">; rel=\"next\"")).unwrap();
    let second = stage.get(&format!("dif_01jzzzzzzzzzzzzzzzzzzzzzzz/changes?{query}")).await;
    assert!(second.text.starts_with("users,b,"), "without the head: {}", second.text);
    assert!(second.headers.get("link").is_none());
}

#[tokio::test]
async fn text_tells_each_object_with_why_it_matters_and_what_was_and_is() {
    let more = json!({ "name": "Ann\nLee", "reasons": ["privilegedAccount"] });
    let stage = Stage::of(vec![vec![weighed("a", 90, &more)]]).await;
    let told = stage.get("dif_01jzzzzzzzzzzzzzzzzzzzzzzz/changes?format=text").await;
    assert_eq!(
        told.text,
        "Ann Lee (user): modified [90: the account has, or may activate, a role with power over others]\n  \
         jobTitle: Clerk -> Boss\n"
    );
    let json = stage.get("dif_01jzzzzzzzzzzzzzzzzzzzzzzz/changes").await.json();
    let because = json!(["the account has, or may activate, a role with power over others"]);
    assert_eq!(json["items"][0]["because"], because);
}

#[tokio::test]
async fn what_came_is_told_with_all_its_properties_where_that_is_asked_for() {
    let stage =
        Stage::of(vec![vec![weighed("u", 10, &json!({ "what": "created", "attributes": [] }))]]).await;
    let path = "dif_01jzzzzzzzzzzzzzzzzzzzzzzz/changes";
    assert_eq!(stage.get(path).await.json()["items"][0]["attributes"], json!([]));
    let told = stage.get(&format!("{path}?withObjects=true")).await.json();
    let name = told["items"][0]["attributes"].as_array().unwrap().iter().find(|a| a["path"] == "displayName");
    assert_eq!(name.unwrap()["after"], "Ann");
}

#[tokio::test]
async fn it_is_explained_why_a_place_is_no_change_and_what_is_there() {
    let stage = Stage::new().await;
    let explain = async |key: &str, path: &str| {
        stage.get(&format!("{DIFF}/explain?kind=users&key={key}&path={path}")).await
    };
    let same = explain("u", "displayName").await.json();
    assert_eq!(
        (&same["verdict"], &same["before"], &same["after"]),
        (&json!("same"), &json!("Ann"), &json!("Ann"))
    );
    assert_eq!(same["because"], "both sides are the same");
    assert_eq!(explain("nobody", "displayName").await.status, 404);
    let wrong = stage.get(&format!("{DIFF}/explain?kind=printers&key=u&path=x")).await;
    assert_eq!((wrong.status.as_u16(), wrong.fields()), (422, vec!["kind".to_owned()]));
}

#[tokio::test]
async fn two_snapshots_are_compared_once_and_whoever_asks_again_gets_that_comparison() {
    let stage = Stage::new().await;
    let pair = json!({ "before": EARLIER_SNAPSHOT, "after": SNAPSHOT, "kinds": ["groups", "users"] });
    let first = stage.compare(pair.clone()).await;
    assert_eq!(first.status, 202, "{first:?}");
    let again =
        stage.compare(json!({ "before": EARLIER_SNAPSHOT, "after": SNAPSHOT, "kinds": ["users", "groups"] }));
    let again = again.await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (200, &first.json()["id"]));
    assert_eq!(stage.plane.started().len(), 1, "and nothing is queued for it");
    let other =
        stage.compare(json!({ "before": EARLIER_SNAPSHOT, "after": SNAPSHOT, "kinds": ["users"] })).await;
    assert_eq!(other.status, 202);
    assert_ne!(other.json()["id"], first.json()["id"]);
    // One that failed is made again, under another id.
    let id = first.json()["id"].as_str().unwrap().parse().unwrap();
    stage.plane.edit(&Diff::at(&stage.plane.tenant, &id), |row| row.state = JobState::Failed).await;
    let anew = stage.compare(pair).await;
    assert_eq!(anew.status, 202);
    assert_ne!(anew.json()["id"], first.json()["id"]);
    assert_eq!(anew.json()["requestedBy"].as_str().map(str::is_empty), Some(false));
}
