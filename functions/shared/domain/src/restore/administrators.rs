//! Who can administer the tenant, through what, and what a step takes from that.
//!
//! Pure. An effective administrator is a person who can sign in and holds Global Administrator over the whole
//! directory for good, directly or as a member of a group that holds it. Not: who is disabled, a service
//! principal, an empty group, who is eligible only, whose role has an end. What could not be read is never
//! counted, and never let go of without somebody else who is known. Invariant, of a plan as of each write:
//! where there is an effective administrator before, there is one after it.
//! Over 400 lines: who counts, what each step does to that, and which steps are kept for it are one judgement.

use super::schedules::ScheduleEnd;
use super::values::text;
use super::{EffectiveAdministrators, GLOBAL_ADMINISTRATOR, Phase, Step, WriteAction};
use crate::kinds::{self, Grant, Kind, RoleRelation, Rule, Term};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How sure it is that a principal holds the role for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Known to have no end.
    Permanent,
    /// Activated, or given until a date: it is held now, and nobody can rely on it later.
    ForATime,
    /// Its schedule could not be read.
    Unknown,
}

/// Whether a person can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// The account is enabled.
    Yes,
    /// It is disabled, or an invitation that nobody took.
    No,
    /// It could not be read, or does not say.
    Unknown,
}

impl SignIn {
    /// Whether a live user can sign in.
    pub fn of(user: &Map<String, Value>) -> Self {
        match user.get("accountEnabled") {
            Some(Value::Bool(true)) if text(user, "externalUserState") == "PendingAcceptance" => Self::No,
            Some(Value::Bool(true)) => Self::Yes,
            Some(Value::Bool(false)) => Self::No,
            _ => Self::Unknown,
        }
    }
}

/// Who holds Global Administrator, and through what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Administrators {
    /// Principals that hold it over the whole directory.
    pub grants: BTreeMap<String, Standing>,
    /// The people among these principals, and among the members of the groups.
    pub people: BTreeMap<String, SignIn>,
    /// The groups among these principals with their members; none where they could not be read.
    pub groups: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl EffectiveAdministrators {
    /// Those before these steps and after them.
    pub(super) fn of(before: &Administrators, steps: &[Step]) -> Self {
        let mut after = before.clone();
        for step in steps {
            after.apply(step);
        }
        let named = |ids: BTreeSet<&str>| {
            let more = ids.len().saturating_sub(Self::MOST) as u64;
            (ids.into_iter().take(Self::MOST).map(str::to_owned).collect(), more)
        };
        let (before, more_before) = named(before.effective());
        let (after, more_after) = named(after.effective());
        Self { before, more_before, after, more_after }
    }
}

/// What a step does to somebody's rights or to the way in which they are held.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Effect {
    Give(String),
    Take(String),
    LetIn(String),
    LockOut(String),
    Join(String, String),
    Leave(String, String),
    Empty(String),
    Gone(String),
}

impl Administrators {
    /// Those who are known to be effective, by their ids.
    pub fn effective(&self) -> BTreeSet<&str> {
        self.holders(&[Standing::Permanent])
    }

    /// Those who are known to administer the tenant today, also those whose role has an end.
    fn serving(&self) -> BTreeSet<&str> {
        self.holders(&[Standing::Permanent, Standing::ForATime])
    }

    /// Those who may be effective administrators for all that is known. Where a group's members could not be read,
    /// the group itself is among them.
    pub fn possible(&self) -> BTreeSet<&str> {
        self.holders(&[])
    }

    /// The principals whose role has one of these standings and who are known to be able to sign in; without
    /// standings, all who may be able to.
    fn holders(&self, standings: &[Standing]) -> BTreeSet<&str> {
        let known = !standings.is_empty();
        let counts = |person: &&String| match self.people.get(*person) {
            Some(SignIn::Yes) => true,
            Some(SignIn::Unknown) => !known,
            Some(SignIn::No) | None => false,
        };
        let mut found = BTreeSet::new();
        for (principal, standing) in &self.grants {
            if known && !standings.contains(standing) {
                continue;
            }
            match self.groups.get(principal) {
                Some(Some(members)) => found.extend(members.iter().filter(counts).map(String::as_str)),
                Some(None) if !known => {
                    found.insert(principal.as_str());
                }
                Some(None) => {}
                None => found.extend(Some(principal).filter(counts).map(String::as_str)),
            }
        }
        found
    }

    /// Whether a step would take somebody's rights, or might, and leave nobody who is known to have them. Where
    /// everybody had them for a time before, those count.
    pub fn would_lock_out(&self, step: &Step) -> bool {
        let mut after = self.clone();
        after.apply(step);
        let (had, left) = match self.effective() {
            lasting if lasting.is_empty() => (self.serving(), after.serving()),
            lasting => (lasting, after.effective()),
        };
        // Why also where nobody loses all: who keeps it for a time alone is nobody to rely on later.
        left.is_empty() && (!had.is_empty() || !self.possible().is_subset(&after.possible()))
    }

    /// Whether a step would take somebody's rights, or might.
    pub fn would_lose(&self, step: &Step) -> bool {
        let mut after = self.clone();
        after.apply(step);
        !self.possible().is_subset(&after.possible()) || !self.effective().is_subset(&after.effective())
    }

    /// Makes this what holds after the step.
    pub fn apply(&mut self, step: &Step) {
        for effect in effects(step) {
            self.take_effect(effect);
        }
    }

    /// Makes this what holds after the step, counting what it takes and not what it gives: that is not relied on.
    pub fn apply_losses(&mut self, step: &Step) {
        for effect in effects(step).into_iter().filter(Effect::loses) {
            self.take_effect(effect);
        }
    }

    fn take_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Give(principal) => {
                self.grants.insert(principal, Standing::Permanent);
            }
            Effect::Take(principal) => {
                self.grants.remove(&principal);
            }
            Effect::LetIn(person) => {
                self.people.insert(person, SignIn::Yes);
            }
            Effect::LockOut(person) => {
                self.people.insert(person, SignIn::No);
            }
            // A group that holds no role, or could not be read, stays as it is: a new member proves nothing there.
            Effect::Join(group, person) => {
                if let Some(Some(members)) = self.groups.get_mut(&group) {
                    members.insert(person);
                }
            }
            Effect::Leave(group, person) => match self.groups.get_mut(&group) {
                Some(Some(members)) => {
                    members.remove(&person);
                }
                // Why: of members that could not be read, nobody is known to stay.
                Some(None) => {
                    self.groups.insert(group, Some(BTreeSet::new()));
                }
                None => {}
            },
            Effect::Empty(group) => {
                if let Some(members) = self.groups.get_mut(&group) {
                    *members = Some(BTreeSet::new());
                }
            }
            // Who is deleted holds nothing any more, neither directly nor as a member.
            Effect::Gone(id) => {
                self.grants.remove(&id);
                self.people.remove(&id);
                self.groups.remove(&id);
                for members in self.groups.values_mut().flatten() {
                    members.remove(&id);
                }
            }
        }
    }
}

impl Effect {
    fn loses(&self) -> bool {
        match self {
            Self::Take(_) | Self::LockOut(_) | Self::Leave(..) | Self::Empty(_) | Self::Gone(_) => true,
            Self::Give(_) | Self::LetIn(_) | Self::Join(..) => false,
        }
    }
}

/// Whether a step is of a kind that can take somebody's rights. Whether it does, and whose, has to be looked up in
/// the tenant.
pub fn may_lose(step: &Step) -> bool {
    effects(step).iter().any(Effect::loses)
}

/// Whether a step decides whether a person signs in, and so may make an administrator of somebody, or of nobody.
pub fn may_let_in(step: &Step) -> bool {
    effects(step)
        .iter()
        .any(|effect| matches!(effect, Effect::LetIn(_) | Effect::LockOut(_) | Effect::Gone(_)))
}

/// The person who signs in or does not by a step, or is back or gone by it: with all the roles that are theirs.
pub fn person_decided_on(step: &Step) -> Option<&str> {
    let is_person = step.kind.find().is_some_and(Kind::is_person);
    // Whoever reads a pass can sign in as the person.
    let is_given = matches!(step.action, WriteAction::Undelete { .. } | WriteAction::IssuePass { .. });
    let is_decided = may_let_in(step) || is_given;
    (is_person && is_decided).then_some(step.id.as_str())
}

/// The ids of all whom a step may give the role to or make a member. Whether they then count as administrators depends
/// on their state, which the caller looks up.
pub fn gains(step: &Step) -> Vec<String> {
    let of = |effect: Effect| match effect {
        Effect::Give(id) | Effect::Join(_, id) => Some(id),
        _ => None,
    };
    effects(step).into_iter().filter_map(of).collect()
}

/// Every way in which a step can change who administers the tenant.
fn effects(step: &Step) -> Vec<Effect> {
    let id = || step.id.clone();
    let kind = step.kind.find();
    let rights = kind.map_or(RoleRelation::None, |kind| kind.rights);
    match &step.action {
        // Whoever comes out of the recycle bin may be disabled; a licence, a policy gives nobody a role.
        WriteAction::Undelete { .. }
        | WriteAction::Adopt { .. }
        | WriteAction::Act { .. }
        | WriteAction::Assign { .. }
        | WriteAction::AssignLicences { .. }
        | WriteAction::IssuePass { .. } => {
            vec![]
        }
        WriteAction::Create { body } => match rights {
            RoleRelation::Grant(grant) if gives(&grant) => given(step, &grant, body),
            // A new user has a password that nobody knows.
            _ => vec![],
        },
        WriteAction::Update { body, .. } => match rights {
            RoleRelation::Person { .. } => match body.get("accountEnabled") {
                Some(Value::Bool(true)) => vec![Effect::LetIn(id())],
                Some(_) => vec![Effect::LockOut(id())],
                None => vec![],
            },
            // Graph removes the members of a group that becomes dynamic; whom its rule then finds is not known here.
            RoleRelation::Group { .. } => {
                let mut rules = kind.into_iter().flat_map(Kind::role_links).filter_map(|link| link.ruled_by);
                let is_ruled = |rule: Rule| {
                    rule.mark.is_on(body) || body.get(rule.property).is_some_and(|r| !r.is_null())
                };
                if rules.any(is_ruled) { vec![Effect::Empty(id())] } else { vec![] }
            }
            RoleRelation::Grant(grant) if gives(&grant) => given(step, &grant, body),
            RoleRelation::Grant(_) | RoleRelation::Role | RoleRelation::None => vec![],
        },
        WriteAction::AddLinks { link, to } if kinds::passes_roles(link) => {
            to.iter().map(|end| Effect::Join(id(), end.id.clone())).collect()
        }
        WriteAction::RemoveLink { link, to } if kinds::passes_roles(link) => {
            vec![Effect::Leave(id(), to.id.clone())]
        }
        // Whom the last removes shows when the object is back, and is judged then, one by one.
        WriteAction::AddLinks { .. }
        | WriteAction::RemoveLink { .. }
        | WriteAction::RemoveOtherLinks { .. } => vec![],
        WriteAction::Delete => match rights {
            RoleRelation::Person { .. } | RoleRelation::Group { .. } => vec![Effect::Gone(id())],
            RoleRelation::Grant(grant) if gives(&grant) => {
                let before = step.before.as_ref().and_then(Value::as_object);
                let global = before.filter(|fact| grant.is_global_administrator(fact));
                global.map(|fact| Effect::Take(text(fact, grant.principal).to_owned())).into_iter().collect()
            }
            RoleRelation::Grant(_) | RoleRelation::Role | RoleRelation::None => vec![],
        },
    }
}

/// Whether the role is held, and need not be activated first.
fn gives(grant: &Grant) -> bool {
    match grant.term {
        Term::Assigned { .. } | Term::Scheduled => true,
        Term::Eligible => false,
    }
}

impl Grant {
    /// Whether the fact is about Global Administrator over the whole directory.
    pub fn is_global_administrator(&self, fact: &Map<String, Value>) -> bool {
        text(fact, self.role) == GLOBAL_ADMINISTRATOR && text(fact, self.scope) == "/"
    }
}

/// What a step does that creates a fact or changes its end: with an end, the role is no longer held for good.
fn given(step: &Step, grant: &Grant, body: &Map<String, Value>) -> Vec<Effect> {
    let principal = text(body, grant.principal).to_owned();
    let is_update = matches!(step.action, WriteAction::Update { .. });
    match (grant.is_global_administrator(body), ScheduleEnd::of(body)) {
        (true, ScheduleEnd::Never) => vec![Effect::Give(principal)],
        (true, _) if is_update => vec![Effect::Take(principal)],
        _ => vec![],
    }
}

/// Takes the steps out that would leave nobody to administer the tenant; gives them back after those that stay.
/// One that is possible only after what comes later is put at the end.
pub(super) fn guard(steps: Vec<Step>, administrators: &Administrators) -> (Vec<Step>, Vec<Step>) {
    let mut state = administrators.clone();
    let (mut kept, mut late, mut refused) = (Vec::with_capacity(steps.len()), Vec::new(), Vec::new());
    for step in steps {
        if !state.would_lock_out(&step) {
            state.apply(&step);
            kept.push(step);
            continue;
        }
        let (rest, guilty) = apart(step);
        if let Some(rest) = rest {
            state.apply(&rest);
            kept.push(rest);
        }
        late.push(guilty);
    }
    for step in late {
        if state.would_lock_out(&step) {
            refused.push(step);
        } else {
            state.apply(&step);
            kept.push(Step { phase: Phase::Deletions, ..step });
        }
    }
    (kept, refused)
}

/// Splits a step on several properties: what it does besides taking rights, and the part that takes them.
pub(super) fn apart(step: Step) -> (Option<Step>, Step) {
    let WriteAction::Update { body, properties } = &step.action else { return (None, step) };
    let guilty = step.kind.find().map(Kind::decisive).unwrap_or_default();
    if guilty.is_empty() {
        return (None, step);
    }
    let part = |is_guilty: bool| {
        let fits = |p: &str| guilty.contains(&p) == is_guilty;
        let side = |side: &Option<Value>| match side {
            Some(Value::Object(map)) => {
                let kept = map.iter().filter(|(p, _)| fits(p)).map(|(p, v)| (p.clone(), v.clone()));
                Some(Value::Object(kept.collect()))
            }
            other => other.clone(),
        };
        let body = body.iter().filter(|(p, _)| p.starts_with('@') || fits(p));
        Step {
            action: WriteAction::Update {
                body: body.map(|(p, v)| (p.clone(), v.clone())).collect(),
                properties: properties.iter().filter(|p| fits(p)).cloned().collect(),
            },
            before: side(&step.before),
            after: side(&step.after),
            ..step.clone()
        }
    };
    let rest = part(false);
    let says =
        |s: &Step| matches!(&s.action, WriteAction::Update { properties, .. } if !properties.is_empty());
    (Some(rest).filter(says), part(true))
}
