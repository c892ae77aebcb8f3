//! Every route of the data plane over the real engine: who reaches a tenant, what is refused, and what is answered.
//! Over 400 lines: one table with a row for each route, and its stories over one stored tenant.

use crate::common::{
    ASSIGNMENT, DIFF, DOWNLOAD, EARLIER_SNAPSHOT, FEATURES, NO_SNAPSHOT, PASS_STEP, Plane, RESTORE, SNAPSHOT,
    TENANT, as_role,
};
use backup::commands::slots::{MOST_A_DAY, MOST_OPEN, MOST_OPEN_OF_ONE};
use domain::rights::{Action, Role, Verdict, may};
use engine::records::{OrganisationState, RestoreState};
use partners::commands::{Caller, Member, Proof, SignInTimes};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";
const C: &str = "01JCCCCCCCCCCCCCCCCCCCCCCC";
const PERSON: &str = "per_01jbbbbbbbbbbbbbbbbbbbbbbb";

/// A route, and how it is asked so that all is well.
struct Asked {
    /// The operation's id in the OpenAPI document.
    id: &'static str,
    method: &'static str,
    /// The part of the path below the organisation.
    path: String,
    body: Value,
    right: Action,
}

impl Asked {
    /// The state of the restore in which the route answers well.
    fn restore(&self) -> RestoreState {
        if ["readReport", "readCompletion"].contains(&self.id) {
            RestoreState::Done
        } else {
            RestoreState::Previewed
        }
    }

    /// Who asks: an approval is given, and a pass read, by a person, whoever asks for the rest.
    fn by(&self, caller: &Caller) -> Caller {
        let Caller::Member(member) = caller else { panic!("not a member") };
        if ![Action::ApproveRestore, Action::ReadAccessPass].contains(&self.right) {
            return caller.clone();
        }
        let proof = Proof::SignIn { person: PERSON.parse().unwrap(), times: SignInTimes::default() };
        Caller::Member(Member { token: PERSON.to_owned(), proof, ..member.clone() })
    }
}

fn routes() -> Vec<Asked> {
    let compare = json!({ "before": SNAPSHOT, "after": "live" });
    let restore = json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "users", "key": "u" }] });
    let download = json!({ "snapshot": SNAPSHOT, "kinds": ["users"], "format": "csv" });
    let mark = json!({ "type": "knownGood", "snapshot": SNAPSHOT });
    let (none, snapshot) = (Value::Null, format!("/snapshots/{SNAPSHOT}"));
    let explained = "explain?kind=users&key=u&path=jobTitle";
    let object_change = format!("/changes/users/u?from={EARLIER_SNAPSHOT}&to={SNAPSHOT}");
    let (comparison, of_restore) = (format!("/comparisons/{DIFF}"), format!("/restores/{RESTORE}"));
    let row = |id, method, path: &str, body: &Value, right| Asked {
        id,
        method,
        path: path.to_owned(),
        body: body.clone(),
        right,
    };
    vec![
        row("takeSnapshot", "POST", "/snapshots", &none, Action::UseSnapshots),
        row("listSnapshots", "GET", "/snapshots", &none, Action::UseSnapshots),
        row("readSnapshot", "GET", &snapshot, &none, Action::UseSnapshots),
        row("readCoverage", "GET", &format!("{snapshot}/coverage"), &none, Action::UseSnapshots),
        row(
            "readPropertyCoverage",
            "GET",
            &format!("{snapshot}/coverage/users"),
            &none,
            Action::UseSnapshots,
        ),
        row("readDrill", "GET", &format!("{snapshot}/drill"), &none, Action::UseSnapshots),
        row("listObjects", "GET", &format!("{snapshot}/objects?name=ann"), &none, Action::UseSnapshots),
        row("findObjects", "GET", "/objects?name=ann", &none, Action::UseSnapshots),
        row("searchAllSnapshots", "GET", "/search?name=ann", &none, Action::UseSnapshots),
        row("readObject", "GET", &format!("{snapshot}/objects/users/u"), &none, Action::UseSnapshots),
        row("readHistory", "GET", "/history/users/u", &none, Action::UseSnapshots),
        row("startComparison", "POST", "/comparisons", &compare, Action::Compare),
        row("listComparisons", "GET", "/comparisons", &none, Action::Compare),
        row("readComparison", "GET", &comparison, &none, Action::Compare),
        row("listChanges", "GET", &format!("{comparison}/changes"), &none, Action::Compare),
        row("readObjectChange", "GET", &object_change, &none, Action::Compare),
        row("explainChange", "GET", &format!("{comparison}/{explained}"), &none, Action::Compare),
        row("previewRestore", "POST", "/restores", &restore, Action::PreviewRestore),
        row("listRestores", "GET", "/restores", &none, Action::PreviewRestore),
        row("readRestore", "GET", &of_restore, &none, Action::PreviewRestore),
        row("approveRestore", "POST", &format!("{of_restore}/approve"), &none, Action::ApproveRestore),
        row("runRestore", "POST", &format!("{of_restore}/run"), &none, Action::RunRestore),
        row("cancelRestore", "POST", &format!("{of_restore}/cancel"), &none, Action::RunRestore),
        row("previewRestoreAgain", "POST", &format!("{of_restore}/again"), &none, Action::PreviewRestore),
        row("readReport", "GET", &format!("{of_restore}/report"), &none, Action::PreviewRestore),
        row("readReceipt", "GET", &format!("{of_restore}/receipt"), &none, Action::PreviewRestore),
        row(
            "readAccessPass",
            "POST",
            &format!("{of_restore}/passes/{PASS_STEP}"),
            &none,
            Action::ReadAccessPass,
        ),
        row("readCompletion", "GET", &format!("{of_restore}/completion"), &none, Action::PreviewRestore),
        row("startDownload", "POST", "/downloads", &download, Action::Download),
        row("listDownloads", "GET", "/downloads", &none, Action::Download),
        row("makeMark", "POST", "/marks", &mark, Action::Mark),
        row("listMarks", "GET", "/marks", &none, Action::UseSnapshots),
        row("takeMarkBack", "DELETE", &format!("/marks/expected.{DIFF}"), &none, Action::Mark),
        row("readDownload", "GET", &format!("/downloads/{DOWNLOAD}"), &none, Action::Download),
    ]
}

#[test]
fn every_route_of_the_router_is_asked_here() {
    let of_router: BTreeSet<_> =
        snapshot_api::operations().iter().map(|o| (o.id(), o.method().to_uppercase())).collect();
    let mut asked: BTreeSet<_> = routes().iter().map(|asked| (asked.id, asked.method.to_owned())).collect();
    // Of all organisations at once: `jobs` and `across` ask these.
    asked.extend([("listJobs", "GET".to_owned()), ("findChanges", "GET".to_owned())]);
    // And in `sets`.
    for id in ["listRestoreSets", "readRestoreSet"] {
        asked.insert((id, "GET".to_owned()));
    }
    for id in ["createRestoreSet", "previewRestoreSet", "runRestoreSet"] {
        asked.insert((id, "POST".to_owned()));
    }
    assert_eq!(of_router, asked);
}

#[test]
fn what_the_api_says_of_how_much_work_may_be_open_is_what_holds() {
    for (id, work) in
        [("startComparison", "comparisons"), ("previewRestore", "previews"), ("startDownload", "downloads")]
    {
        let operations = snapshot_api::operations();
        let says = operations.iter().find(|operation| operation.id() == id).unwrap().description();
        for limit in [
            format!("At most {MOST_OPEN} {work} of a tenant"),
            format!("{MOST_OPEN_OF_ONE} of one person"),
            format!("{MOST_A_DAY} in a day"),
        ] {
            assert!(says.contains(&limit), "{id} does not say {limit:?}: {says}");
        }
    }
}

#[tokio::test]
async fn every_route_asks_the_rights_table_for_every_role() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    for asked in routes() {
        for role in Role::ALL {
            plane.stands(asked.restore()).await;
            let limit = (role == Role::EndCustomer).then(|| vec![org.clone()]);
            let caller = as_role(&owner, role, limit);
            let path = format!("/v1/organisations/{org}{}", asked.path);
            let answer = plane.ask(Some(&asked.by(&caller)), asked.method, &path, &asked.body).await;
            let allowed = may(role, asked.right) == Verdict::Yes;
            assert_eq!(answer.status.is_success(), allowed, "{role:?} {} {path}: {answer:?}", asked.method);
            if !allowed {
                assert_eq!(answer.status, 403);
            }
        }
    }
}

#[tokio::test]
async fn an_end_customer_may_what_is_switched_on_but_neither_runs_nor_approves_a_restore_of_its_partner() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    plane.change(&partner, &org, |o| o.features = FEATURES.to_vec()).await;
    let customer = as_role(&owner, Role::EndCustomer, Some(vec![org.clone()]));
    for asked in routes() {
        plane.stands(asked.restore()).await;
        let path = format!("/v1/organisations/{org}{}", asked.path);
        let answer = plane.ask(Some(&asked.by(&customer)), asked.method, &path, &asked.body).await;
        // The restore that is there was asked for by the partner.
        let of_partner = [Action::ApproveRestore, Action::RunRestore, Action::Mark, Action::ReadAccessPass];
        let is_partners = of_partner.contains(&asked.right);
        assert_eq!(answer.status.is_success(), !is_partners, "{}", asked.id);
    }
    plane.stands(RestoreState::Previewed).await;
    plane.change(&partner, &org, |o| o.state = OrganisationState::Suspended).await;
    let path = format!("/v1/organisations/{org}/snapshots");
    assert_eq!(plane.ask(Some(&customer), "GET", &path, &Value::Null).await.status, 403);
    assert_eq!(plane.ask(Some(&owner), "POST", &path, &Value::Null).await.status, 202);
}

#[tokio::test]
async fn a_sibling_a_child_and_a_stranger_meet_nothing_and_whoever_is_above_passes() {
    let plane = Plane::new().await;
    let (top_id, top) = plane.partner(A, &[]).await;
    let (left_id, _) = plane.partner(B, &[&top_id]).await;
    let (_, right) = plane.partner(C, &[&top_id]).await;
    let (_, below) = plane.partner("01JDDDDDDDDDDDDDDDDDDDDDDD", &[&top_id, &left_id]).await;
    let org = plane.organisation(&left_id, A, Some(TENANT)).await;
    let nowhere = "org_01jzzzzzzzzzzzzzzzzzzzzzzz";
    for Asked { id, method, path, body, .. } in routes() {
        let there = format!("/v1/organisations/{org}{path}");
        let missing =
            plane.ask(Some(&top), method, &format!("/v1/organisations/{nowhere}{path}"), &body).await;
        for foreign in [&right, &below] {
            let answer = plane.ask(Some(foreign), method, &there, &body).await;
            assert_eq!((answer.status.as_u16(), &answer.text), (404, &missing.text), "{id}");
        }
        assert_eq!(plane.ask(None, method, &there, &body).await.status, 401);
        assert_eq!(plane.ask(Some(&Caller::Operator), method, &there, &body).await.status, 403);
    }
    assert_eq!(plane.started(), [""; 0]);
    for asked in routes() {
        plane.stands(asked.restore()).await;
        let there = format!("/v1/organisations/{org}{}", asked.path);
        let answer = plane.ask(Some(&asked.by(&top)), asked.method, &there, &asked.body).await;
        assert!(answer.status.is_success(), "{}: {answer:?}", asked.id);
    }
}

#[tokio::test]
async fn what_belongs_to_another_tenant_of_the_same_partner_is_not_found() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let other = plane.organisation(&partner, B, Some("ffffffff-0000-1111-2222-333344445555")).await;
    for asked in routes() {
        let by = asked.by(&owner);
        let Asked { id, method, path, body, .. } = asked;
        let path = format!("/v1/organisations/{other}{path}");
        let answer = plane.ask(Some(&by), method, &path, &body).await;
        if ["listSnapshots", "listComparisons", "listRestores", "listDownloads", "listMarks"].contains(&id) {
            assert_eq!(answer.json()["items"], json!([]), "the other's are not listed");
        } else {
            assert_eq!(answer.status, 404, "{id}: {answer:?}");
        }
    }
    assert_eq!(plane.started(), [""; 0]);
}

#[tokio::test]
async fn nothing_is_asked_of_a_tenant_that_is_not_connected_or_has_left() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let bare = plane.organisation(&partner, B, None).await;
    for Asked { id, method, path, body, .. } in routes() {
        let path = format!("/v1/organisations/{bare}{path}");
        assert_eq!(plane.ask(Some(&owner), method, &path, &body).await.status, 409, "{id}");
    }
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    plane.change(&partner, &org, |o| o.state = OrganisationState::Unsubscribed).await;
    // What writes to a tenant can be stopped all the same, and who leaves takes along what is kept.
    let starts = |asked: &Asked| {
        asked.method == "POST" && !["cancelRestore", "startDownload", "makeMark"].contains(&asked.id)
    };
    for Asked { id, method, path, body, .. } in routes().into_iter().filter(starts) {
        let path = format!("/v1/organisations/{org}{path}");
        assert_eq!(plane.ask(Some(&owner), method, &path, &body).await.status, 409, "{id}");
    }
    assert_eq!(plane.started(), [""; 0]);
    let path = format!("/v1/organisations/{org}/snapshots");
    assert_eq!(plane.ask(Some(&owner), "GET", &path, &Value::Null).await.status, 200, "what is kept is kept");
}

#[tokio::test]
async fn work_is_accepted_with_the_place_where_it_can_be_followed() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    // A pass is read, and a mark made, at once.
    let at_once = ["makeMark", "readAccessPass"];
    let starts = |asked: &Asked| asked.method == "POST" && !at_once.contains(&asked.id);
    for asked in routes().into_iter().filter(starts) {
        let by = asked.by(&owner);
        let Asked { id, method, path, body, .. } = asked;
        let path = format!("/v1/organisations/{org}{path}");
        let answer = plane.ask(Some(&by), method, &path, &body).await;
        assert_eq!(answer.status, 202, "{id}: {answer:?}");
        let followed = answer.headers["location"].to_str().unwrap().to_owned();
        let found = plane.ask(Some(&owner), "GET", &followed, &Value::Null).await;
        assert_eq!((found.status.as_u16(), &found.json()["id"]), (200, &answer.json()["id"]), "{followed}");
        assert!(answer.json()["requestedAt"].as_str().unwrap().ends_with('Z'));
        if id == "runRestore" {
            assert_eq!(
                (&answer.json()["approvedBy"], &answer.json()["runBy"]),
                (&json!(PERSON), &json!("hft_12345678"))
            );
        }
    }
    let queues = [
        "take-snapshot",
        "diff-snapshots",
        "preview-restore",
        "run-restore",
        "preview-restore",
        "export-data",
    ];
    assert_eq!(plane.started(), queues);
}

#[tokio::test]
async fn wrong_input_is_refused_with_the_field_named_and_nothing_is_started() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let user = json!([{ "kind": "users", "key": "u" }]);
    for (path, body, field) in [
        ("comparisons", json!({ "before": "live", "after": SNAPSHOT }), "before"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": SNAPSHOT }), "after"),
        ("comparisons", json!({ "before": "snp_1", "after": "live" }), "before"),
        ("comparisons", json!({ "before": SNAPSHOT }), "after"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": "live", "kinds": ["printers"] }), "kinds"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": "live", "kinds": "users" }), "kinds"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": "live", "kinds": ["users", "users"] }), "kinds"),
        ("comparisons", json!({ "before": EARLIER_SNAPSHOT, "after": SNAPSHOT, "object": "u" }), "kinds"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": "live", "deep": true }), "deep"),
        ("marks", json!({ "type": "known" }), "type"),
        ("marks", json!({ "type": "breakGlass" }), "object"),
        ("marks", json!({ "type": "breakGlass", "object": "nobody" }), "object"),
        ("marks", json!({ "type": "breakGlass", "object": "g" }), "object"),
        ("marks", json!({ "type": "breakGlass", "object": "u", "snapshot": SNAPSHOT }), "snapshot"),
        ("marks", json!({ "type": "knownGood" }), "snapshot"),
        ("marks", json!({ "type": "knownGood", "snapshot": SNAPSHOT, "note": "a\nb" }), "note"),
        ("marks", json!({ "type": "knownGood", "snapshot": SNAPSHOT, "ticket": "t".repeat(101) }), "ticket"),
        ("marks", json!({ "type": "expected", "ticket": "4711" }), "comparison"),
        ("marks", json!({ "type": "expected", "comparison": DIFF }), "ticket"),
        ("marks", json!({ "type": "expected", "comparison": DIFF, "kind": "users", "ticket": "1" }), "key"),
        ("marks", json!({ "type": "expected", "comparison": DIFF, "key": "u", "ticket": "1" }), "kind"),
        (
            "marks",
            json!({ "type": "expected", "comparison": DIFF, "kind": "x", "key": "u", "ticket": "1" }),
            "kind",
        ),
        (
            "marks",
            json!({ "type": "expected", "comparison": DIFF, "kind": "users", "key": "v", "ticket": "1" }),
            "key",
        ),
        ("restores", json!({ "snapshot": "lastKnownGood", "everything": true }), "snapshot"),
        ("downloads", json!({ "format": "csv" }), "snapshot"),
        ("downloads", json!({ "snapshot": SNAPSHOT }), "format"),
        ("downloads", json!({ "snapshot": SNAPSHOT, "format": "xml" }), "format"),
        ("downloads", json!({ "snapshot": SNAPSHOT, "comparison": DIFF, "format": "csv" }), "comparison"),
        ("downloads", json!({ "comparison": DIFF, "kinds": ["users"], "format": "csv" }), "kinds"),
        ("downloads", json!({ "snapshot": SNAPSHOT, "kinds": ["printers"], "format": "csv" }), "kinds"),
        ("downloads", json!({ "snapshot": SNAPSHOT, "key": "u", "format": "csv" }), "kinds"),
        ("restores", json!({}), "snapshot"),
        ("restores", json!({ "snapshot": SNAPSHOT }), "items"),
        ("restores", json!({ "items": user }), "snapshot"),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": [] }), "items"),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": user, "comparison": DIFF }), "comparison"),
        (
            "restores",
            json!({ "snapshot": SNAPSHOT, "items": user, "only": [{"kind": "users", "key": "u"}] }),
            "only",
        ),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": user, "attributes": "all" }), "attributes"),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": user, "deleteCreated": 1 }), "deleteCreated"),
        (
            "restores",
            json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "x", "key": "k" }] }),
            "items[0].kind",
        ),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": user, "steps": [1] }), "steps"),
        ("restores", json!({ "undo": RESTORE, "steps": [] }), "steps"),
        ("restores", json!({ "undo": RESTORE, "steps": [-1] }), "steps[0]"),
        ("restores", json!({ "undo": RESTORE, "only": [] }), "only"),
        ("restores", json!({ "undo": RESTORE, "links": "merge" }), "undo"),
        ("restores", json!({ "comparison": DIFF, "only": [] }), "only"),
        ("restores", json!({ "comparison": DIFF, "only": [{ "kind": "x", "key": "k" }] }), "only[0].kind"),
        ("restores", json!({ "comparison": DIFF, "only": [{ "kind": "users" }] }), "only[0].key"),
        ("restores", json!({ "comparison": DIFF, "only": [{ "kind": "users", "key": "v" }] }), "only[0].key"),
        ("restores", json!({ "comparison": DIFF, "only": [user[0], user[0]] }), "only[1].key"),
        (
            "restores",
            json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "users", "key": "u", "x": 1 }] }),
            "items[0].x",
        ),
    ] {
        let path = format!("/v1/organisations/{org}/{path}");
        let answer = plane.ask(Some(&owner), "POST", &path, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (422, vec![field.to_owned()]),
            "{body} {answer:?}"
        );
    }
    for (path, status) in [
        (format!("snapshots/{SNAPSHOT}/objects?kind=printers"), 422),
        (format!("snapshots/{SNAPSHOT}/objects?name="), 422),
        (format!("snapshots/{SNAPSHOT}/objects?limit=1000"), 422),
        (format!("snapshots/{SNAPSHOT}/objects/printers/p"), 422),
        (format!("snapshots/{SNAPSHOT}/objects/users/nobody"), 404),
        (format!("snapshots/{NO_SNAPSHOT}"), 404),
        (format!("snapshots/{DIFF}"), 404),
        ("snapshots/..%2F..%2Fsecret".to_owned(), 404),
        (format!("restores/{RESTORE}/report"), 409),
        (format!("restores/{RESTORE}/completion"), 409),
        (format!("restores/{RESTORE}?cursor=x"), 422),
    ] {
        let path = format!("/v1/organisations/{org}/{path}");
        assert_eq!(plane.ask(Some(&owner), "GET", &path, &Value::Null).await.status, status, "{path}");
    }
    let path = format!("/v1/organisations/{org}/snapshots");
    assert_eq!(plane.ask(Some(&owner), "DELETE", &path, &Value::Null).await.status, 405);
    assert_eq!(plane.started(), [""; 0]);
}

#[tokio::test]
async fn more_objects_than_can_be_named_are_refused_in_the_field_that_names_them() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let many: Vec<_> = (0..1_001).map(|n| json!({ "kind": "users", "key": format!("u{n}") })).collect();
    for (field, body) in [
        ("items", json!({ "snapshot": SNAPSHOT, "items": many })),
        ("only", json!({ "comparison": DIFF, "only": many })),
    ] {
        let path = format!("/v1/organisations/{org}/restores");
        let answer = plane.ask(Some(&owner), "POST", &path, &body).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field.to_owned()]), "{answer:?}");
        assert!(answer.text.contains("at most 1000 objects"), "{answer:?}");
    }
}

#[tokio::test]
async fn of_a_comparison_the_changes_of_the_named_objects_alone_are_taken_back() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let body = json!({ "comparison": DIFF, "only": [{ "kind": "users", "key": "u" }] });
    let answer = plane.ask(Some(&owner), "POST", &format!("/v1/organisations/{org}/restores"), &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let restore = answer.json();
    assert_eq!((&restore["snapshot"], &restore["comparison"]), (&json!(EARLIER_SNAPSHOT), &Value::Null));
    let rows = plane.world.catalog.rows().into_iter().map(|(_, row)| row.body);
    let row = rows.into_iter().find(|row| row["id"] == restore["id"] && row.get("selection").is_some());
    let items = &row.unwrap()["selection"]["items"];
    assert_eq!(*items, json!([{ "kind": "users", "key": "u", "properties": ["jobTitle"], "links": [] }]));
}

#[tokio::test]
async fn a_restore_is_read_with_its_steps_and_what_a_comparison_found_with_its_values() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let read = async |path: String| {
        plane.ask(Some(&owner), "GET", &format!("/v1/organisations/{org}/{path}"), &Value::Null).await.json()
    };
    let restore = read(format!("restores/{RESTORE}")).await;
    assert_eq!((&restore["state"], &restore["next"]), (&json!("previewed"), &Value::Null));
    assert_eq!(restore["items"][0]["action"]["type"], "undelete");
    assert_eq!(restore["items"][0]["outcome"], Value::Null);
    let changes = read(format!("comparisons/{DIFF}/changes")).await;
    assert_eq!(changes["items"][0]["attributes"][0]["after"], "Boss");
}

#[tokio::test]
async fn comparisons_are_found_without_their_ids_and_by_a_snapshot_that_is_one_of_their_sides() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let ask = async |query: &str| {
        let path = format!("/v1/organisations/{org}/comparisons{query}");
        plane.ask(Some(&owner), "GET", &path, &Value::Null).await
    };
    for (query, found) in [
        (String::new(), json!([DIFF])),
        (format!("?snapshot={EARLIER_SNAPSHOT}"), json!([DIFF])),
        (format!("?snapshot={SNAPSHOT}&limit=1"), json!([DIFF])),
        (format!("?snapshot={NO_SNAPSHOT}"), json!([])),
        ("?state=done&since=2020-01-01T00:00:00Z".to_owned(), json!([DIFF])),
        ("?state=failed".to_owned(), json!([])),
        ("?requestedBy=per_1".to_owned(), json!([])),
        ("?until=2020-01-01T00:00:00Z".to_owned(), json!([])),
    ] {
        let listed = ask(&query).await.json();
        let ids = listed["items"].as_array().unwrap().iter().map(|row| row["id"].clone());
        assert_eq!((Value::Array(ids.collect()), &listed["next"]), (found, &Value::Null), "{query}");
    }
    let wrong = ask("?snapshot=the_last").await;
    assert_eq!((wrong.status.as_u16(), wrong.fields()), (422, vec!["snapshot".to_owned()]), "{wrong:?}");
}

#[tokio::test]
async fn an_object_is_read_by_a_key_with_slashes_and_told_with_its_links() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let read = async |of: &str| {
        let path = format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}/objects/{of}");
        plane.ask(Some(&owner), "GET", &path, &Value::Null).await.json()
    };
    for key in ["p%7Cr%7C%2FadministrativeUnits%2Fa%7C", "p%7Cr%7C/administrativeUnits/a%7C"] {
        assert_eq!(read(&format!("admins/{key}")).await["key"], ASSIGNMENT);
    }
    let member = json!({ "link": "groups.members", "to": "u", "name": "Ann" });
    assert_eq!(read("groups/g").await["links"], json!([member]));
    let of_group = json!({ "link": "groups.members", "from": "g", "name": "Für" });
    assert_eq!(read("users/u").await["links"], json!([of_group]));
    let path =
        format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}/objects?kind=groups&name=F%C3%BCr&limit=7");
    let items = json!([{ "kind": "groups", "key": "g", "name": "Für" }]);
    let filtered = path.replace("name=F%C3%BCr", "filter=displayName%20eq%20'F%C3%BCr'");
    for path in [&path, &filtered, &path.replace("name=F%C3%BCr", "id=G")] {
        let mut listed = plane.ask(Some(&owner), "GET", path, &Value::Null).await.json();
        assert!(listed["searched"]["asOf"].take().is_string(), "{path}");
        let searched = json!({ "snapshot": SNAPSHOT, "asOf": null, "kinds": ["groups"], "notHeld": [] });
        let wanted =
            json!({ "items": items, "next": null, "complete": true, "undecided": 0, "searched": searched });
        assert_eq!(listed, wanted, "{path}");
    }
    // The same where the time is said, and not the snapshot.
    for (query, status) in [
        ("kind=groups&id=G", 200),
        ("kind=groups&name=f&asOf=2100-01-01T00:00:00Z", 200),
        ("kind=groups&asOf=2000-01-01T00:00:00Z", 404),
        ("asOf=yesterday", 422),
    ] {
        let path = format!("/v1/organisations/{org}/objects?{query}");
        let answer = plane.ask(Some(&owner), "GET", &path, &Value::Null).await;
        assert_eq!(answer.status.as_u16(), status, "{query}: {answer:?}");
        if status == 200 {
            let found = answer.json();
            assert_eq!(
                (&found["items"], &found["searched"]["snapshot"]),
                (&items, &json!(SNAPSHOT)),
                "{query}"
            );
        }
    }
    for (query, field) in [
        ("filter=mail%20eq%20null", "kind"),
        ("kind=groups&filter=mail%20is%20null", "filter"),
        ("kind=groups&filter=x%20eq%201", "filter"),
        ("kind=groups&filter=", "filter"),
        ("kind=groups&filter=mail%20eq%20null&cursor=x", "cursor"),
        ("id=g&name=x", "id"),
        ("kind=groups&id=g&filter=mail%20eq%20null", "id"),
        ("id=g&cursor=x", "cursor"),
        ("asOf=2026-11-30T10:00:00Z", "asOf"),
    ] {
        let path = format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}/objects?{query}");
        let answer = plane.ask(Some(&owner), "GET", &path, &Value::Null).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec![field.to_owned()]), "{query}");
    }
}

#[tokio::test]
async fn a_snapshot_says_what_is_never_read_of_the_kinds_that_it_holds() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let path = format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}");
    let snapshot = plane.ask(Some(&owner), "GET", &path, &Value::Null).await.json();
    let unread = snapshot["unread"].as_array().unwrap();
    assert!(unread.iter().all(|part| part["kind"] == "users" && part["why"].is_string()), "{unread:?}");
    for what in ["sponsors", "schema extensions (ext*_*)", "open extensions"] {
        assert!(unread.iter().any(|part| part["what"] == what), "{what}");
    }
}

#[tokio::test]
async fn every_read_of_customer_data_is_written_down_without_the_names_in_it() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner("01JAAAAAAAAAAAAAAAAAAAAAAA", &[]).await;
    let org = plane.organisation(&partner, "01JAAAAAAAAAAAAAAAAAAAAAAA", Some(TENANT)).await;
    let objects = format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}/objects");
    plane.ask(Some(&owner), "GET", &format!("{objects}?name=Berg"), &json!(null)).await;
    plane.ask(Some(&owner), "GET", &format!("{objects}/users/Ada%20Berg"), &json!(null)).await;
    plane.ask(None, "GET", &objects, &json!(null)).await;
    let rows: Vec<_> = plane.world.catalog.rows().into_iter().map(|(_, r)| r).collect();
    let entries: Vec<_> = rows.iter().filter(|r| r.key.starts_with("entry#")).map(|r| &r.body).collect();
    assert_eq!(entries.len(), 4, "two requests of a known caller");
    let whats: Vec<_> = entries.iter().map(|e| e["what"].as_str().unwrap()).collect();
    let route = "GET /v1/organisations/{org}/snapshots/{snp}/objects";
    let one = "GET /v1/organisations/{org}/snapshots/{snp}/objects/{kind}/{key}";
    assert_eq!(whats, [route, route, one, one]);
    assert_eq!(
        (&entries[0]["subjects"]["org"], &entries[0]["subjects"]["snp"]),
        (&json!(org), &json!(SNAPSHOT))
    );
    assert_eq!(entries[2]["subjects"]["kind"], "users");
    assert!(!format!("{entries:?}").contains("Berg"), "{entries:?}");
}
