//! Roles that were given: one fact, which Graph may show both as a role assignment and as an active schedule. And roles
//! that were activated: nobody was given them, and they end by themselves.
//!
//! Whether what is activated is among the role assignments too is not documented, so nothing here depends on it: an
//! activation is known by its schedule, whatever the assignments say.

use super::objects::{Comparison, Pair, Side};
use super::state::State;
use domain::Result;
use domain::changes::{Change, What};
use domain::kinds::{self, Kind};
use domain::restore::{ScheduleEnd, is_activated};
use serde_json::{Map, Value};

/// The two kinds that show one fact.
#[derive(Clone, Copy)]
struct Forms {
    assignments: &'static Kind,
    schedules: &'static Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Assignment,
    Schedule,
}

/// How a principal has a role on one side.
#[derive(Clone, Debug, PartialEq)]
enum Held {
    Not,
    /// By an assignment alone: no schedule is there, or none is known.
    Assigned,
    /// By a schedule that is no activation.
    Scheduled(Map<String, Value>),
    /// For a while, since it was activated.
    Activated(Map<String, Value>),
}

impl Forms {
    fn of(kind: &Kind) -> Option<Self> {
        kinds::assignments()
            .find(|(one, other)| [one.name, other.name].contains(&kind.name))
            .map(|(assignments, schedules)| Self { assignments, schedules })
    }

    async fn held(&self, comparison: &Comparison<'_>, state: &State, side: Side, key: &str) -> Result<Held> {
        if let Some((_, schedule)) = comparison.fact_of(state, side, self.schedules, key).await? {
            return Ok(if is_activated(&schedule) {
                Held::Activated(schedule)
            } else {
                Held::Scheduled(schedule)
            });
        }
        let is_assigned = comparison.fact_of(state, side, self.assignments, key).await?.is_some();
        Ok(if is_assigned { Held::Assigned } else { Held::Not })
    }
}

/// In which form the fact is told, and what happened; none where nothing is to be told. `assignment` and `schedule` are
/// what happened to either form, as far as it differs and is compared.
fn shown_as(
    (before, after): (&Held, &Held),
    assignment: Option<What>,
    schedule: Option<What>,
    are_schedules_compared: bool,
) -> Vec<(Form, What)> {
    // What the activation itself comes to is told in the schedule's form; where schedules are not compared, in the other.
    let of_activation = |what: What, by_assignment: What| match schedule {
        Some(_) => vec![(Form::Schedule, what)],
        None if !are_schedules_compared && assignment == Some(by_assignment) => {
            vec![(Form::Assignment, what)]
        }
        None => Vec::new(),
    };
    match (before, after) {
        // Where activations are among the assignments, theirs is on both sides: what differs is a role given for good.
        (Held::Activated(_), Held::Activated(_)) if are_schedules_compared => {
            let given = assignment.filter(|what| matches!(what, What::Created | What::Deleted));
            let given = given.map(|what| (Form::Assignment, what));
            of_activation(What::Activated, What::Created).into_iter().chain(given).collect()
        }
        (Held::Not | Held::Activated(_), Held::Activated(_)) => of_activation(What::Activated, What::Created),
        (Held::Assigned, Held::Activated(_)) => {
            let lost = assignment.filter(|what| *what == What::Deleted).map(|what| (Form::Assignment, what));
            of_activation(What::Activated, What::Created).into_iter().chain(lost).collect()
        }
        (Held::Activated(_), Held::Not) => of_activation(What::Ended, What::Deleted),
        // Why as given: what somebody had for a while they now have as their own.
        (Held::Activated(_), Held::Assigned | Held::Scheduled(_)) => match (assignment, schedule) {
            (Some(What::Created), _) => vec![(Form::Assignment, What::Created)],
            (_, Some(_)) => vec![(Form::Schedule, What::Created)],
            _ => Vec::new(),
        },
        // What was their own is now an activation: the schedule says so, and the assignment may go with it or not.
        (Held::Scheduled(_), Held::Activated(_)) if schedule.is_some() => {
            schedule.map(|what| (Form::Schedule, what)).into_iter().collect()
        }
        _ => {
            // Told once. What has an end is told as the schedule, which says so.
            let is_one = assignment.is_some() && assignment == schedule;
            let shown = if schedule == Some(What::Deleted) { before } else { after };
            let has_end = matches!(shown, Held::Scheduled(s) if ScheduleEnd::of(s) != ScheduleEnd::Never);
            let by_assignment =
                assignment.filter(|_| !(is_one && has_end)).map(|what| (Form::Assignment, what));
            let by_schedule = schedule.filter(|_| !is_one || has_end).map(|what| (Form::Schedule, what));
            by_assignment.into_iter().chain(by_schedule).collect()
        }
    }
}

impl Comparison<'_> {
    /// The change of a role that was given or activated, as it is told in this form; none where its other form tells it.
    /// Every other change is told as it is.
    pub(super) async fn unless_reported(
        &self,
        state: &State,
        kind: &'static Kind,
        key: &str,
        mut change: Change,
    ) -> Result<Option<Change>> {
        let Some(forms) = Forms::of(kind) else { return Ok(Some(change)) };
        let (own, other) = if kind.name == forms.assignments.name {
            (Form::Assignment, forms.schedules)
        } else {
            (Form::Schedule, forms.assignments)
        };
        // The fact is judged as a whole each time, so that its two forms decide about it alike, whichever comes first.
        let is_compared = |kind: &Kind| self.kinds.iter().any(|k| k.name == kind.name);
        let others = if is_compared(other) { self.what_of(state, other, key).await? } else { None };
        let (assignment, schedule) =
            if own == Form::Assignment { (Some(change.what), others) } else { (others, Some(change.what)) };
        let before = forms.held(self, state, Side::Before, key).await?;
        let after = forms.held(self, state, Side::After, key).await?;
        let told = shown_as((&before, &after), assignment, schedule, is_compared(forms.schedules));
        let Some((_, what)) = told.into_iter().find(|(form, _)| *form == own) else { return Ok(None) };
        if what != change.what {
            change.what = what;
            change.attributes.clear();
        }
        if what.is_activation() {
            // Why not: that somebody may activate it was told when they were made eligible.
            change.privileged = false;
        }
        if let (What::Activated, Held::Activated(schedule)) = (what, &after)
            && let ScheduleEnd::At(end) = ScheduleEnd::of(schedule)
        {
            change.ends_at = Some(end);
        }
        Ok(Some(change))
    }

    /// What happened to the fact in that form; none where it is as before.
    async fn what_of(&self, state: &State, kind: &'static Kind, key: &str) -> Result<Option<What>> {
        let pair = if self.ids.concern_key(kind, key) || state.is_apart(kind.run(), key) {
            self.pair_apart(state, kind, key).await?
        } else {
            let mut pair = Pair::default();
            if let Some(record) = self.difference_at(kind.run(), key).await? {
                pair.lay(None, &record)?;
            }
            pair
        };
        let change = if pair.is_empty() { None } else { self.object_change(state, kind, key, pair).await? };
        Ok(change.map(|change| change.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schedule(kind: &str, end: Option<&str>) -> Map<String, Value> {
        let expiration = match end {
            Some(end) => json!({ "type": "afterDateTime", "endDateTime": end }),
            None => json!({ "type": "noExpiration" }),
        };
        let schedule = json!({ "assignmentType": kind, "scheduleInfo": { "expiration": expiration } });
        schedule.as_object().unwrap().clone()
    }

    /// The fact as it is told where both readings of Graph are compared: with activations among the assignments, and
    /// without.
    fn under_both(before: &Held, after: &Held, differs: bool) -> Vec<(Form, What)> {
        let is_listed = |held: &Held, lists: bool| match held {
            Held::Not => false,
            Held::Assigned | Held::Scheduled(_) => true,
            Held::Activated(_) => lists,
        };
        let is_scheduled = |held: &Held| matches!(held, Held::Scheduled(_) | Held::Activated(_));
        let what = |before: bool, after: bool| match (before, after) {
            (false, true) => Some(What::Created),
            (true, false) => Some(What::Deleted),
            _ => None,
        };
        let readings = [true, false].map(|lists| {
            let assignment = what(is_listed(before, lists), is_listed(after, lists));
            let both = is_scheduled(before) && is_scheduled(after);
            let schedule = what(is_scheduled(before), is_scheduled(after));
            let schedule = schedule.or((both && differs).then_some(What::Modified));
            shown_as((before, after), assignment, schedule, true)
        });
        let whats = readings.clone().map(|told| told.into_iter().map(|(_, what)| what).collect::<Vec<_>>());
        assert_eq!(whats[0], whats[1], "{before:?} {after:?}");
        readings[0].clone()
    }

    #[test]
    fn an_activation_begins_and_ends_and_is_no_grant_whether_or_not_it_is_among_the_assignments() {
        let active = Held::Activated(schedule("Activated", Some("2026-01-01T08:00:00Z")));
        assert_eq!(under_both(&Held::Not, &active, true), [(Form::Schedule, What::Activated)]);
        assert_eq!(under_both(&active, &Held::Not, true), [(Form::Schedule, What::Ended)]);
        assert_eq!(under_both(&active, &active, true), [(Form::Schedule, What::Activated)], "once more");
        assert_eq!(under_both(&active, &active, false), []);
    }

    #[test]
    fn what_was_activated_and_is_now_given_for_good_is_a_grant() {
        let active = Held::Activated(schedule("Activated", Some("2026-01-01T08:00:00Z")));
        let lasting = Held::Scheduled(schedule("Assigned", None));
        for after in [&lasting, &Held::Assigned] {
            let told = under_both(&active, after, true);
            assert_eq!(told.iter().map(|(_, what)| *what).collect::<Vec<_>>(), [What::Created], "{after:?}");
        }
        assert_eq!(under_both(&lasting, &active, true), [(Form::Schedule, What::Modified)]);
    }

    #[test]
    fn a_role_that_is_given_for_good_or_taken_away_while_it_is_activated_is_told_at_once() {
        let active = Held::Activated(schedule("Activated", Some("2026-01-01T08:00:00Z")));
        for what in [What::Created, What::Deleted] {
            assert_eq!(shown_as((&active, &active), Some(what), None, true), [(Form::Assignment, what)]);
            assert_eq!(
                shown_as((&active, &active), Some(what), Some(What::Modified), true),
                [(Form::Schedule, What::Activated), (Form::Assignment, what)]
            );
        }
    }

    #[test]
    fn what_is_given_without_an_end_is_told_as_an_assignment_and_with_one_as_a_schedule() {
        let lasting = Held::Scheduled(schedule("Assigned", None));
        let timed = Held::Scheduled(schedule("Assigned", Some("2026-01-01T08:00:00Z")));
        let both =
            |before: &Held, after: &Held, what| shown_as((before, after), Some(what), Some(what), true);
        assert_eq!(both(&Held::Not, &lasting, What::Created), [(Form::Assignment, What::Created)]);
        assert_eq!(both(&Held::Not, &timed, What::Created), [(Form::Schedule, What::Created)]);
        assert_eq!(both(&timed, &Held::Not, What::Deleted), [(Form::Schedule, What::Deleted)]);
    }

    #[test]
    fn where_schedules_are_not_compared_the_assignment_says_that_it_is_an_activation() {
        let active = Held::Activated(schedule("Activated", None));
        let told = shown_as((&Held::Not, &active), Some(What::Created), None, false);
        assert_eq!(told, [(Form::Assignment, What::Activated)]);
    }
}
