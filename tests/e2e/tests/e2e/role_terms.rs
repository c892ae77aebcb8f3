//! Every way of holding a role at the snapshot, with every way of holding it by the time of the restore: for good, until a
//! date, for so long, activated, or only to be activated; with an end before the snapshot, between the two, and after the
//! restore. Nobody holds a role longer or wider than then, and whoever held it gets it back.
//!
//! Each pair of ways in one of four settings; with `HOLDFAST_ROLE_TERMS=all` in each of them.

use super::data_plane::Client;
use super::rig::{Admin, Rig};
use domain::Timestamp;
use engine::ports::Clock;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};
use reqwest::Method;
use serde_json::{Value, json};
use sim::Among;
use std::collections::BTreeMap;

const ASSIGNMENTS: &str = "roleManagement/directory/roleAssignments";
/// Message Center Reader, and Helpdesk Administrator, which gives power over others.
/// Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const ROLES: [&str; 2] = ["790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", "729827e3-9c14-49f7-bb1b-9608f156bbb8"];

/// The snapshot is taken so many days after the roles were given.
const SNAPSHOT: i64 = 10;

/// Until when, in days after the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    Never,
    Until(i64),
    /// As a duration from when it is given.
    For(i64),
}

/// How somebody holds a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// By an assignment, without any schedule.
    ForGood,
    Scheduled(Term),
    Activated,
    Eligible(Term),
    EligibleAndActivated,
}

const WAYS: [Holds; 15] = [
    Holds::Nothing,
    Holds::ForGood,
    Holds::Scheduled(Term::Never),
    Holds::Scheduled(Term::Until(5)),
    Holds::Scheduled(Term::Until(20)),
    Holds::Scheduled(Term::Until(60)),
    Holds::Scheduled(Term::For(20)),
    Holds::Scheduled(Term::For(60)),
    Holds::Activated,
    Holds::Eligible(Term::Never),
    Holds::Eligible(Term::Until(5)),
    Holds::Eligible(Term::Until(20)),
    Holds::Eligible(Term::Until(60)),
    Holds::Eligible(Term::For(60)),
    Holds::EligibleAndActivated,
];

struct Scene<'a> {
    rig: &'a Rig,
    admin: Admin,
    begin: Timestamp,
}

impl Scene<'_> {
    fn day(&self, days: i64) -> Timestamp {
        self.begin + SignedDuration::from_hours(24 * days)
    }

    async fn request(&self, of: &str, action: &str, who: &str, role: &str, info: Option<Value>) {
        let mut body = json!({ "action": action, "justification": "a test", "principalId": who,
            "roleDefinitionId": role, "directoryScopeId": "/" });
        if let Some(info) = info {
            body["scheduleInfo"] = info;
        }
        self.admin
            .write(Method::POST, &format!("roleManagement/directory/role{of}ScheduleRequests"), &body)
            .await;
    }

    async fn schedule(&self, of: &str, who: &str, role: &str, term: Term) {
        let expiration = match term {
            Term::Never => json!({ "type": "noExpiration" }),
            Term::Until(days) if self.day(days) <= self.rig.clock.now() => return,
            Term::Until(days) => {
                json!({ "type": "afterDateTime", "endDateTime": self.day(days).to_string() })
            }
            Term::For(days) => json!({ "type": "afterDuration", "duration": format!("P{days}D") }),
        };
        let info = json!({ "startDateTime": self.rig.clock.now().to_string(), "expiration": expiration });
        self.request(of, "adminAssign", who, role, Some(info)).await;
    }

    fn activate(&self, who: &str, role: &str) {
        self.rig.control.activate_role(self.rig.tenant().as_str(), who, role);
    }

    async fn give(&self, who: &str, role: &str, way: Holds) {
        match way {
            Holds::Nothing => {}
            Holds::ForGood => {
                let fact = json!({ "principalId": who, "roleDefinitionId": role, "directoryScopeId": "/" });
                self.admin.create(ASSIGNMENTS, &fact).await;
            }
            Holds::Scheduled(term) => self.schedule("Assignment", who, role, term).await,
            Holds::Eligible(term) => self.schedule("Eligibility", who, role, term).await,
            Holds::Activated => self.activate(who, role),
            Holds::EligibleAndActivated => {
                self.schedule("Eligibility", who, role, Term::Never).await;
                self.activate(who, role);
            }
        }
    }

    /// Takes whatever somebody holds by now.
    async fn take(&self, who: &str, role: &str) {
        let dump = self.rig.dump();
        for (set, of) in
            [("roleAssignmentSchedules", "Assignment"), ("roleEligibilitySchedules", "Eligibility")]
        {
            for fact in facts(&dump, set, who) {
                if fact["assignmentType"] == "Activated" {
                    self.rig.control.end_activation(self.rig.tenant().as_str(), fact["id"].as_str().unwrap());
                } else {
                    self.request(of, "adminRemove", who, role, None).await;
                }
            }
        }
        for fact in facts(&self.rig.dump(), "roleAssignments", who) {
            self.admin.delete(&format!("{ASSIGNMENTS}/{}", fact["id"].as_str().unwrap())).await;
        }
    }
}

fn facts(dump: &Value, set: &str, who: &str) -> Vec<Value> {
    dump[set].as_object().unwrap().values().filter(|fact| fact["principalId"] == who).cloned().collect()
}

fn end_of(schedule: &Value) -> Timestamp {
    let expiration = &schedule["scheduleInfo"]["expiration"];
    if let Some(end) = expiration["endDateTime"].as_str() {
        return end.parse().unwrap();
    }
    let Some(lasts) = expiration["duration"].as_str() else { return Timestamp::MAX };
    let start: Timestamp = schedule["scheduleInfo"]["startDateTime"].as_str().unwrap().parse().unwrap();
    (&start.to_zoned(TimeZone::UTC) + lasts.parse::<Span>().unwrap()).timestamp()
}

/// Until when somebody holds a role, and until when they may activate it; not at all, for good, or until then.
type Held = (Option<Timestamp>, Option<Timestamp>);

fn held(dump: &Value, who: &str, now: Timestamp) -> Held {
    let ends = |set: &str| -> Vec<Timestamp> { facts(dump, set, who).iter().map(end_of).collect() };
    let (active, eligible) = (ends("roleAssignmentSchedules"), ends("roleEligibilitySchedules"));
    // An assignment beside those of schedules has no end.
    let is_for_good = facts(dump, "roleAssignments", who).len() > active.len();
    let last = |ends: Vec<Timestamp>| ends.into_iter().filter(|end| *end > now).max();
    (if is_for_good { Some(Timestamp::MAX) } else { last(active) }, last(eligible))
}

#[tokio::test]
async fn nobody_holds_a_role_longer_or_wider_than_then_and_whoever_held_it_gets_it_back() {
    let mut back = 0;
    let is_all = std::env::var("HOLDFAST_ROLE_TERMS").is_ok_and(|wanted| wanted == "all");
    for (number, (among, restored_on, merges)) in [
        (Among::All, 30, false),
        (Among::NotActivated, 12, false),
        (Among::Lasting, 30, false),
        (Among::All, 12, true),
    ]
    .into_iter()
    .enumerate()
    {
        // Somebody for each way of then with each way of now, and some whom nobody touches.
        let rig = Rig::new().await;
        rig.control.switch(|switches| switches.schedules_among_assignments = among);
        let client = Client::new(&rig).await;
        let scene = Scene { admin: rig.admin(rig.tenant()).await, begin: rig.clock.now(), rig: &rig };
        let mut people = BTreeMap::new();
        for (n, then) in WAYS.into_iter().enumerate() {
            for (m, now) in WAYS.into_iter().map(Some).chain([None]).enumerate() {
                if is_all || (3 * n + m) % 4 == number {
                    let who = scene.admin.create_user(&format!("Person {n}-{m}"), "Clerk").await;
                    people.insert(who, (ROLES[n % 2], then, now));
                }
            }
        }
        // What is activated lasts hours, so it is activated just before the snapshot.
        let is_brief = |way: Holds| matches!(way, Holds::Activated | Holds::EligibleAndActivated);
        for (who, (role, then, _)) in people.iter().filter(|(_, (_, then, _))| !is_brief(*then)) {
            scene.give(who, role, *then).await;
        }
        rig.clock.advance_to(scene.day(SNAPSHOT));
        for (who, (role, then, _)) in people.iter().filter(|(_, (_, then, _))| is_brief(*then)) {
            scene.give(who, role, *then).await;
        }
        let first = client.done("snapshots", None).await;
        let at_snapshot = rig.dump();
        for (who, (role, then, now)) in &people {
            if let Some(now) = now.filter(|now| now != then) {
                scene.take(who, role).await;
                scene.give(who, role, now).await;
            }
        }
        rig.clock.advance_to(scene.day(restored_on));
        let before = rig.dump();

        // All of it is undone, or what is missing is added.
        let since = first.split_once('/').unwrap().1;
        let compared = client.done("comparisons", Some(&json!({ "before": since, "after": "live" }))).await;
        let mut asked =
            json!({ "comparison": compared.split_once('/').unwrap().1, "deleteCreated": !merges });
        if merges {
            (asked["attributes"], asked["links"]) = (json!("merge"), json!("merge"));
        }
        let restore = client.done("restores", Some(&asked)).await;
        let shown = client.get(&format!("{restore}?limit=200")).await;
        assert_eq!(shown["state"], "previewed", "{shown}");
        client.done(&format!("{restore}/run"), None).await;
        let after = rig.dump();
        let time = rig.clock.now();
        let declared: Vec<&str> =
            shown["impossible"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();

        for (who, (role, then, now)) in &people {
            let at = format!("{among:?}, day {restored_on}, merges: {merges}: {then:?}, now {now:?}");
            let (was, had, has) =
                (held(&at_snapshot, who, time), held(&before, who, time), held(&after, who, time));
            let is_told = declared.iter().any(|key| key.starts_with(&format!("{who}|{role}|")));
            let was_activated = facts(&at_snapshot, "roleAssignmentSchedules", who)
                .iter()
                .any(|fact| fact["assignmentType"] == "Activated");
            for (part, was, had, has) in [("held", was.0, had.0, has.0), ("eligible", was.1, had.1, has.1)] {
                let at = format!("{at}, {part}: then {was:?}, before {had:?}, after {has:?}");
                // What nobody touched or what a mode leaves may last longer, and is not the restore's.
                assert!(has <= was || has <= had && (is_told || merges), "longer or wider: {at}");
                let may_lack = is_told || part == "held" && was_activated;
                assert!(has >= was || may_lack, "not given back: {at}");
                back += u32::from(has > had && has == was);
            }
        }
    }
    assert!(back > 20, "{back} were given back");
}
