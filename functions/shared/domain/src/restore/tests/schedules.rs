use super::super::{Schedule, ScheduleEnd, Warning, may_be_privileged};
use super::*;

const ROLE: &str = "r";

fn fact(more: &Value) -> Held {
    let mut object =
        map(&json!({"id": "1", "principalId": "u", "roleDefinitionId": ROLE, "directoryScopeId": "/"}));
    object.extend(map(more));
    Held { object, ..Held::default() }
}

fn schedule(info: &Value) -> Map<String, Value> {
    fact(&json!({"assignmentType": "Assigned", "scheduleInfo": info})).object
}

fn until(end: &str) -> Map<String, Value> {
    schedule(&json!({"startDateTime": "2029-12-01T00:00:00Z",
        "expiration": {"type": "afterDateTime", "endDateTime": end}}))
}

fn lasting(duration: &str) -> Map<String, Value> {
    schedule(&json!({"startDateTime": "2029-12-31T20:00:00Z",
        "expiration": {"type": "afterDuration", "duration": duration}}))
}

/// An assignment that is gone, for which both sides' schedules say that.
fn gone(wanted: &Schedule, live: &Schedule, privileged: bool) -> Item {
    let mut item = item("admins", "u|r|/|", Some(fact(&json!({}))), None);
    item.tenure = Tenure::of(wanted, live, privileged);
    item
}

fn planned(item: Item) -> RestorePlan {
    plan(&Inputs { now: "2030-01-01T00:00:00Z".parse().unwrap(), ..exactly(vec![item]) })
}

fn known(schedule: Map<String, Value>) -> Schedule {
    Schedule::Known(Some(schedule))
}

const NONE: Schedule = Schedule::Known(None);

#[test]
fn a_role_with_an_end_comes_back_as_its_schedule_and_never_as_an_assignment() {
    let plan = planned(gone(&known(until("2031-01-01T00:00:00Z")), &NONE, true));
    let [step] = &plan.steps[..] else { panic!("{plan:?}") };
    assert_eq!((step.kind.to_string().as_str(), step.id.as_str()), ("activeAdmins", "u|r|/|"));
    let WriteAction::Create { body } = &step.action else { panic!("{step:?}") };
    assert_eq!(body["action"], "adminAssign");
    assert_eq!(body["scheduleInfo"]["expiration"]["endDateTime"], "2031-01-01T00:00:00Z");
}

#[test]
fn a_role_whose_end_is_past_is_not_given_at_all() {
    let plan = planned(gone(&known(until("2029-12-31T00:00:00Z")), &NONE, true));
    assert!(plan.steps.is_empty(), "{plan:?}");
    assert_eq!(causes(&plan), [("object", Cause::Expired)]);
}

#[test]
fn a_role_that_is_live_for_a_time_is_not_made_permanent() {
    let live = known(until("2031-01-01T00:00:00Z"));
    assert_eq!(causes(&planned(gone(&NONE, &live, false))), [("object", Cause::TimeBound)]);
    let mut activated = until("2031-01-01T00:00:00Z");
    activated.insert("assignmentType".to_owned(), json!("Activated"));
    assert_eq!(causes(&planned(gone(&NONE, &known(activated), false))), [("object", Cause::Activated)]);
}

#[test]
fn a_role_is_written_once_when_both_its_assignment_and_its_schedule_are_chosen() {
    let wanted = until("2031-01-01T00:00:00Z");
    let of_schedule =
        item("activeAdmins", "u|r|/|", Some(Held { object: wanted.clone(), ..Held::default() }), None);
    for turned in [false, true] {
        let mut items = vec![gone(&known(wanted.clone()), &NONE, true), of_schedule.clone()];
        if turned {
            items.reverse();
        }
        let plan = plan(&Inputs { now: "2030-01-01T00:00:00Z".parse().unwrap(), ..exactly(items) });
        assert_eq!(names_of(&plan), ["create u|r|/|"]);
        assert_eq!(plan.steps[0].kind.to_string(), "activeAdmins");
    }
}

#[test]
fn where_schedules_could_not_be_read_a_privileged_role_is_refused_and_another_is_warned_of() {
    for (wanted, live) in [(Schedule::Unread, NONE), (NONE, Schedule::Unread)] {
        let refused = planned(gone(&wanted, &live, true));
        assert!(refused.steps.is_empty());
        assert_eq!(causes(&refused), [("object", Cause::Unreadable)]);
        let warned = planned(gone(&wanted, &live, false));
        assert_eq!(warned.steps[0].warnings, [Warning::TenureUnknown]);
    }
    let known = planned(gone(&NONE, &NONE, true));
    assert_eq!((known.steps.len(), known.steps[0].warnings.len()), (1, 0));
}

#[test]
fn what_was_given_for_a_duration_ends_when_it_would_have_ended() {
    let plan = planned(gone(&known(lasting("PT8H")), &NONE, true));
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(
        body["scheduleInfo"]["expiration"],
        json!({"type": "afterDateTime", "endDateTime": "2030-01-01T04:00:00Z"})
    );
    assert_eq!(causes(&planned(gone(&known(lasting("PT4H")), &NONE, true))), [("object", Cause::Expired)]);
    let months = lasting("P1M");
    assert_eq!(ScheduleEnd::of(&months), ScheduleEnd::At("2030-01-31T20:00:00Z".parse().unwrap()));
    let mut startless = lasting("PT8H");
    startless["scheduleInfo"].as_object_mut().unwrap().remove("startDateTime");
    assert_eq!(causes(&planned(gone(&known(startless), &NONE, true))), [("object", Cause::Expired)]);
}

#[test]
fn a_duration_and_its_end_are_one_schedule() {
    let (then, now) = (lasting("PT8H"), until("2030-01-01T04:00:00Z"));
    let held = |object| Some(Held { object, ..Held::default() });
    let plan = planned(item("activeAdmins", "u|r|/|", held(then), held(now)));
    assert!(plan.steps.is_empty() && plan.impossible.is_empty(), "{plan:?}");
}

#[test]
fn only_what_is_known_to_be_microsofts_own_and_harmless_is_not_privileged() {
    let own = map(&json!({"isBuiltIn": true}));
    assert!(may_be_privileged(super::super::GLOBAL_ADMINISTRATOR, Some(&own)));
    assert!(may_be_privileged("custom", Some(&map(&json!({"isBuiltIn": false})))));
    assert!(may_be_privileged("unknown", None));
    assert!(!may_be_privileged("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", Some(&own)));
}

#[test]
fn whose_end_alone_is_chosen_and_who_was_taken_away_meanwhile_is_not_given_again() {
    let end = Held { object: until("2031-01-01T00:00:00Z"), ..Held::default() };
    for (chosen, gives) in
        [(Some(vec!["scheduleInfo".to_owned()]), false), (Some(vec![]), true), (None, true)]
    {
        let mut item = item("activeAdmins", "u|r|/|", Some(end.clone()), None);
        item.properties.clone_from(&chosen);
        let plan = planned(item);
        assert_eq!(plan.steps.len(), usize::from(gives), "{chosen:?}");
        let expected: &[(&str, Cause)] = if gives { &[] } else { &[("object", Cause::ObjectGone)] };
        assert_eq!(causes(&plan), expected, "{chosen:?}");
    }
}
