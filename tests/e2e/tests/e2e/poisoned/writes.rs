//! One bad item in each sort of write: it costs itself, at most log2(n) + 1 more writes, and all the others are done.

use super::{HELPDESK_ADMINISTRATOR, Scene, differences, held, scene, undo};
use crate::rig::Rig;
use sim::{FaultRule, WRITER_CLIENT_ID};
use std::collections::BTreeSet;

/// How Graph refuses one thing for good.
const STATUSES: [u16; 5] = [400, 403, 404, 409, 423];
/// Of the cases one in so many is played, unless all are asked for; prime to the number of statuses, so that each is met.
const ONE_IN: usize = 9;

/// A write of several parts, or one of several writes, of which one part is refused.
struct Row {
    what: &'static str,
    /// How it is written; empty: in any way.
    method: &'static str,
    path: String,
    body: String,
    /// How many parts are written together.
    parts: usize,
    /// Whether it is written to what was made a moment ago.
    is_of_new: bool,
    /// What stays as it was, and nothing else: the parts of its place in the dump.
    stays: Vec<String>,
}

impl Row {
    fn most_writes_more(&self) -> usize {
        self.parts.next_power_of_two().trailing_zeros() as usize + 1
    }
    fn rule(&self, status: u16) -> FaultRule {
        FaultRule {
            method: Some(self.method.to_owned()).filter(|method| !method.is_empty()),
            path_contains: self.path.clone(),
            body_contains: self.body.clone(),
            status,
            times: 1_000,
            ..FaultRule::default()
        }
    }
}

fn rows(scene: &Scene) -> Vec<Row> {
    let Scene { people, groups, unit, wifi, lock, skus, created, binned, .. } = scene;
    let row = |what, method, path: &str, body: &str, parts, stays: &[&str]| Row {
        what,
        method,
        path: path.to_owned(),
        body: body.to_owned(),
        parts,
        is_of_new: false,
        stays: stays.iter().map(|part| (*part).to_owned()).collect(),
    };
    let user = |number: usize| format!("users/{}", people[number]);
    let (staff, near) = (format!("groups/{}", groups[0]), format!("groups/{}", groups[1]));
    let unit_path = format!("directory/administrativeUnits/{unit}");
    let wifi_path = format!("deviceManagement/deviceConfigurations/{wifi}");
    let lock_path = format!("deviceManagement/configurationPolicies/{lock}");
    vec![
        row("properties", "PATCH", &user(0), "\"department\"", 5, &[&people[0], "department"]),
        row("members", "", &staff, &people[6], 9, &[&groups[0], "members"]),
        row("owners", "POST", &format!("{staff}/owners"), &people[1], 1, &[&groups[0], "owners"]),
        row("members of a unit", "POST", &unit_path, &people[1], 1, &[unit, "members"]),
        row("managers", "PUT", &format!("{}/manager", user(2)), "", 1, &[&people[2], "manager"]),
        row("licences", "POST", &format!("{}/assignLicense", user(1)), &skus[0], 2, &[&people[1], "icense"]),
        row("assignments", "POST", &wifi_path, &groups[2], 4, &[wifi, "assignments"]),
        row("a policy sent whole", "PUT", &lock_path, "then, described", 2, &[lock, "description"]),
        row("people", "PATCH", &user(4), "\"city\"", 1, &[&people[4], "city"]),
        row("removals", "DELETE", &format!("{near}/members/{}", people[1]), "", 1, &[&groups[1], "members"]),
        row("deletions", "DELETE", &format!("groups/{}", created[1]), "", 1, &[&created[1]]),
        row("roles", "POST", "roleAssignments", HELPDESK_ADMINISTRATOR, 1, &["/roleAssignment", &people[7]]),
        row("returns", "POST", &format!("deletedItems/{binned}"), "", 1, &[binned]),
        row("creations", "POST", "/groups", "\"Lost\"", 1, &["/groups/"]),
        Row {
            is_of_new: true,
            ..row(
                "properties of what is created",
                "",
                "/groups",
                "\"description\"",
                8,
                &["/groups/", "description"],
            )
        },
    ]
}

fn writes(rig: &Rig) -> usize {
    let all = rig.control.requests(rig.tenant().as_str());
    all.iter().filter(|request| request.app == WRITER_CLIENT_ID && request.method != "GET").count()
}

#[tokio::test]
async fn one_bad_item_costs_itself_in_each_parcel_and_chunk_whatever_graph_says_of_it() {
    let scene = scene().await;
    let (rig, all) = (&scene.rig, std::env::var("HOLDFAST_POISONED").is_ok());
    let put_back = rig.keep();
    let before = writes(rig);
    let clean = undo(&scene, None, None).await;
    assert_eq!(clean.counts.done, clean.counts.steps);
    let (needed, right) = (writes(rig) - before, held(rig));

    let rows = rows(&scene);
    let cases = rows.iter().flat_map(|row| STATUSES.map(|status| (row, status)));
    let mut faults = Vec::new();
    for (row, status) in cases.step_by(if all { 1 } else { ONE_IN }) {
        put_back();
        let before = writes(rig);
        let done = undo(&scene, None, Some(row.rule(status))).await;
        let at = format!("{}, {status}", row.what);
        // One thing failed; what else was not done follows from that, and is about the same object.
        let report = rig.restores().get_report(rig.tenant(), &done.id).await.unwrap();
        let not_done = report.steps.iter().filter(|step| !step.outcome.is_success());
        let objects: BTreeSet<&str> = not_done.map(|step| step.step.id.as_str()).collect();
        if (done.counts.failed + done.counts.unverified, objects.len()) != (1, 1) {
            faults.push(format!("{at}: {:?} {objects:?}", done.counts));
        }
        let more = (writes(rig) - before).saturating_sub(needed);
        // What may be unknown since it was made a moment ago is tried again for a while.
        let is_waited_for = status == 404 && row.is_of_new;
        if more > row.most_writes_more() && !is_waited_for {
            faults.push(format!("{at}: {more} writes more"));
        }
        let mut differs = BTreeSet::new();
        differences(&right, &held(rig), "", &mut differs);
        if differs.is_empty() {
            faults.push(format!("{at}: nothing was refused"));
        }
        let is_its_own = |place: &String| row.stays.iter().all(|part| place.contains(part));
        faults
            .extend(differs.iter().filter(|place| !is_its_own(place)).map(|place| format!("{at}: {place}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
