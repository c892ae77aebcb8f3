//! From inputs to a plan: object by object, then in order.

use super::draft::Planner;
use super::names::InTurn;
use super::order::in_order;
use super::{
    Cause, EffectiveAdministrators, Held, Impossible, Inputs, Item, KnownAdministrators, LeftBy, LinkMode,
    Remark, RestorePlan, SelectedLink, Step, Warning, WriteAction, access_passes, administrators, circles,
    conflicts, facts, may_let_in, may_lose, names, objects, person_decided_on, units,
};
use crate::kinds::{self, Identity, KINDS, Kind, KindName};
use std::collections::{BTreeMap, BTreeSet};

/// What a restore would do.
pub fn plan(inputs: &Inputs) -> RestorePlan {
    let returning = returning(inputs);
    let referred = referred(inputs, &returning);
    let mut planner = Planner::new(inputs, returning);
    for item in &inputs.items {
        // Planned once with all of its links: the assignments of a policy are one write.
        match (&item.links, referred.get(&(item.kind.name, item.key.as_str()))) {
            (Some(links), Some(more)) => {
                let mut links = links.clone();
                links.extend(more.iter().filter(|link| !item.names_link(link)).cloned());
                planner.plan_item(&Item { links: Some(links), ..item.clone() });
            }
            _ => planner.plan_item(item),
        }
    }
    planner.plan_referrers();
    planner.finish()
}

/// Whether a plan is about rights over the tenant: roles, groups that may hold one, and whether people who hold power over
/// others are there and sign in.
pub fn is_privileged(inputs: &Inputs, plan: &RestorePlan) -> bool {
    let all = inputs.items.iter().chain(inputs.referrers.values().flatten());
    let may_hold = |item: &&Item| {
        let mut sides = item.live.iter().chain(&item.wanted);
        item.kind.is_group() && sides.any(|held| item.kind.can_hold_role(&held.object))
    };
    let holders: BTreeSet<(KindName, &str)> =
        all.filter(may_hold).map(|item| (item.kind.name, item.key.as_str())).collect();
    let may_administer = |id: &str| match &inputs.guard.administrators {
        KnownAdministrators::NotAsked => false,
        KnownAdministrators::Known(known) => known.people.contains_key(id),
        KnownAdministrators::Unreadable => true,
    };
    plan.steps.iter().any(|step| {
        let kind = step.kind.find();
        let is_of_rights = |kind: &Kind| kind.privileged || holders.contains(&(kind.name, step.key.as_str()));
        let is_powerful = |id: &str| inputs.guard.powerful.contains(id);
        kind.is_none_or(is_of_rights)
            || may_let_in(step) && may_administer(&step.id)
            || person_decided_on(step).is_some_and(is_powerful)
    })
}

/// Ids of the chosen objects that steps bring back. Found out before anything is planned, since an object may refer to
/// one that is planned after it.
fn returning(inputs: &Inputs) -> BTreeSet<String> {
    let returns = |i: &&Item| {
        i.kind.identity == Identity::Id
            && i.properties.is_none()
            && i.wanted.is_some()
            && i.live.is_none()
            && objects::refusal(i).is_none()
            && !conflicts::keep_out(inputs, i)
    };
    inputs.items.iter().filter(returns).map(|i| i.id(inputs)).collect()
}

/// Of objects with ids the links that are planned since they lead to a chosen one, by kind and key.
fn referred<'a>(
    inputs: &'a Inputs,
    returning: &BTreeSet<String>,
) -> BTreeMap<(KindName, &'a str), Vec<SelectedLink>> {
    let mut referred: BTreeMap<(KindName, &str), Vec<SelectedLink>> = BTreeMap::new();
    for item in &inputs.items {
        let id = item.id(inputs);
        let Some(referrers) = inputs.referrers.get(&id) else { continue };
        let returns = returning.contains(&id);
        let is_adopted = inputs.adopted.contains_key(&(item.kind.name, item.key.clone()));
        let is_led_to = item.incoming && (returns || item.live.is_some());
        if is_led_to || is_adopted || returns && !item.in_recycle_bin {
            for referrer in referrers.iter().filter(|r| r.kind.identity == Identity::Id) {
                let at = (referrer.kind.name, referrer.key.as_str());
                referred.entry(at).or_default().extend(referrer.links.iter().flatten().cloned());
            }
        }
    }
    referred
}

impl Planner<'_> {
    fn plan_item(&mut self, item: &Item) {
        let resolve = |held: &Option<Held>| held.clone().map(|h| self.inputs.ids.held(item.kind, h));
        let (wanted, live) = (resolve(&item.wanted), resolve(&item.live));
        match item.kind.identity {
            Identity::Id => objects::plan(self, item, wanted, live),
            Identity::Natural(_) => facts::plan(self, item, wanted, live),
        }
    }

    /// Plans the links and references of other objects to those that are created again, and to those of which what leads to
    /// them was chosen.
    fn plan_referrers(&mut self) {
        let chosen: BTreeMap<(KindName, &str), &Item> =
            self.inputs.items.iter().map(|i| ((i.kind.name, i.key.as_str()), i)).collect();
        let is_made = |s: &&Step| matches!(s.action, WriteAction::Create { .. } | WriteAction::Adopt { .. });
        let mut led_to: BTreeSet<String> = self.steps.iter().filter(is_made).map(|s| s.id.clone()).collect();
        // What is not there and does not come back, nothing can lead to.
        let with_incoming =
            self.inputs.items.iter().filter(|i| i.incoming).map(|i| (i.id(self.inputs), i.live.is_some()));
        led_to.extend(
            with_incoming.filter(|(id, live)| *live || self.returning.contains(id)).map(|(id, _)| id),
        );
        let mut more: BTreeMap<(KindName, &str), Item> = BTreeMap::new();
        for (id, referrers) in &self.inputs.referrers {
            if !led_to.contains(id) {
                continue;
            }
            // A referrer that is gone itself refers to nothing; a fact is made anew.
            let there = |r: &&Item| r.live.is_some() || r.kind.identity != Identity::Id;
            for referrer in referrers.iter().filter(there) {
                let at = (referrer.kind.name, referrer.key.as_str());
                let planned = chosen.get(&at);
                if planned.is_some_and(|i| i.links.is_none() || i.kind.identity == Identity::Id) {
                    continue; // Its links are planned already, these among them.
                }
                let links = referrer.links.iter().flatten().cloned();
                if let Some(item) = more.get_mut(&at) {
                    item.links.get_or_insert_default().extend(links);
                } else {
                    let links = Some(links.collect());
                    more.insert(at, Item { properties: Some(vec![]), links, ..referrer.clone() });
                }
            }
        }
        for item in more.values() {
            // Links that are skipped say so themselves; the roles of whoever is created again are skipped with them.
            let is_skipped = self.inputs.links == LinkMode::Skip && item.kind.identity != Identity::Id;
            let is_there =
                item.live.as_ref().is_some_and(|live| !facts::leads_nowhere(self, item.kind, live));
            match (is_skipped, is_there) {
                (false, _) => self.plan_item(item),
                (true, false) if facts::is_given_otherwise(self, item) => {}
                (true, false) => self.left(item, "object", vec![], LeftBy::Links),
                (true, true) => {}
            }
        }
    }

    fn finish(mut self) -> RestorePlan {
        units::share_out(&mut self);
        access_passes::tell_others(&mut self);
        for step in &mut self.steps {
            step.depends_on = step.refers_to();
            step.depends_on.retain(|id| self.returning.contains(id));
            if self.inputs.restricted.contains(&step.id) {
                step.warnings.push(Warning::Restricted);
            }
        }
        facts::give_once(&mut self.steps);
        self.steps.sort_by_key(|s| (s.phase, rank(s)));
        let (steps, stuck) = in_order(circles::opened(std::mem::take(&mut self.steps)));
        for step in stuck {
            let why = "what it refers to refers back to it";
            self.impossible.push(refused(step, "object", Cause::Circular, why));
        }
        let (steps, remarks) = self.guarded(steps);
        let InTurn { mut steps, kept_by_others } = names::in_turn(steps, &self.inputs.taken);
        for (step, property) in kept_by_others {
            let why = "another object has it and keeps it: change that one first, or choose it too";
            self.impossible.push(refused(step, property, Cause::Conflict, why));
        }
        for (number, step) in (1..).zip(&mut steps) {
            step.number = number;
        }
        let administrators = match &self.inputs.guard.administrators {
            KnownAdministrators::Known(before) => Some(EffectiveAdministrators::of(before, &steps)),
            KnownAdministrators::NotAsked | KnownAdministrators::Unreadable => None,
        };
        RestorePlan {
            administrators,
            remarks,
            steps,
            impossible: self.impossible,
            left_by_mode: self.left,
            conflicts: self.conflicts,
        }
    }

    /// The steps that leave the tenant with an administrator and us with our access; what is refused is named.
    fn guarded(&mut self, steps: Vec<Step>) -> (Vec<Step>, Vec<Remark>) {
        // Our own access first: a restore that takes it away could not be finished or taken back.
        let (ours, steps): (Vec<Step>, Vec<Step>) =
            steps.into_iter().partition(|step| self.takes_our_membership(step));
        for step in ours {
            self.impossible.push(refused(step, "object", Cause::OwnAccess, facts::OWN_ACCESS));
        }
        match &self.inputs.guard.administrators {
            // Nobody looked, since no step of this restore can take rights from anybody.
            KnownAdministrators::NotAsked => (steps, vec![]),
            KnownAdministrators::Unreadable => {
                // Without knowing who administers the tenant, no step that can take rights is made. A group that can
                // hold no role takes none.
                let may_hold = |step: &Step| match step.kind.find().filter(|kind| kind.is_group()) {
                    Some(kind) => self.live_of(step).is_none_or(|held| kind.can_hold_role(&held.object)),
                    None => true,
                };
                let matters = |step: &Step| may_lose(step) && may_hold(step);
                let judged: Vec<(bool, Step)> = steps.into_iter().map(|s| (matters(&s), s)).collect();
                let mut kept = Vec::new();
                for (matters, step) in judged {
                    if !matters {
                        kept.push(step);
                        continue;
                    }
                    // A step on several properties loses only the part that is in doubt.
                    let (rest, guilty) = administrators::apart(step);
                    kept.extend(rest);
                    let why = "who could administer the tenant afterwards could not be read";
                    let what = part_of(&guilty);
                    self.impossible.push(refused(guilty, &what, Cause::Unreadable, why));
                }
                (kept, vec![Remark::AdministratorsUnknown])
            }
            KnownAdministrators::Known(before) => {
                // Whoever is known to administer: steps that would leave none of them, at whatever point of the plan,
                // are taken out.
                let (kept, lost) = administrators::guard(steps, before);
                let why = if before.effective().is_empty() {
                    "nobody who can sign in is known to hold Global Administrator for good, and this takes it from \
                     somebody who may be the last"
                } else {
                    "it takes Global Administrator from the last person who can sign in and holds it for good"
                };
                for step in lost {
                    let what = part_of(&step);
                    self.impossible.push(refused(step, &what, Cause::LockOut, why));
                }
                // Remarks tell of the tenant before and after, so that a person sees who is left.
                let mut after = before.clone();
                for step in &kept {
                    after.apply(step);
                }
                let mut remarks = Vec::new();
                if before.effective().is_empty() {
                    remarks.push(Remark::NoAdministrator);
                }
                if after.effective().len() == 1 {
                    remarks.push(Remark::OneAdministrator);
                }
                (kept, remarks)
            }
        }
    }

    /// Whether a step takes one of our service principals out of a group.
    fn takes_our_membership(&self, step: &Step) -> bool {
        let own = &self.inputs.guard.own_principals;
        match &step.action {
            WriteAction::RemoveLink { link, to } => kinds::passes_roles(link) && own.contains(&to.id),
            _ if step.kind.find().is_some_and(Kind::is_group) && may_lose(step) => {
                let links = self.live_of(step).into_iter().flat_map(|held| &held.links);
                links.into_iter().any(|l| l.link.passes_roles && own.contains(&l.to))
            }
            _ => false,
        }
    }

    /// The object of a step as it is live, if it is.
    fn live_of(&self, step: &Step) -> Option<&Held> {
        let of = |item: &&Item| step.kind == item.kind.name && item.id(self.inputs) == step.id;
        self.inputs.items.iter().find(of)?.live.as_ref()
    }
}

/// A step that was drafted and is not made, as an [`Impossible`].
fn refused(step: Step, what: &str, cause: Cause, why: &str) -> Impossible {
    Impossible {
        what: what.to_owned(),
        cause,
        why: why.to_owned(),
        kind: step.kind,
        key: step.key,
        name: step.name,
    }
}

/// The part of its object that a step is about: a property, a link, or `object`.
fn part_of(step: &Step) -> String {
    match &step.action {
        WriteAction::Update { properties, .. } => properties.first().cloned().unwrap_or_default(),
        WriteAction::RemoveLink { link, to } => format!("{link}/{}", to.id),
        _ => "object".to_owned(),
    }
}

/// The order within a phase: things before their changes, additions before removals, and deletions
/// against the order of the kinds.
fn rank(step: &Step) -> usize {
    match step.action {
        WriteAction::Undelete { .. } | WriteAction::Adopt { .. } => 0,
        WriteAction::Create { .. } => 1,
        WriteAction::Update { .. } => 2,
        WriteAction::Act { .. } => 3,
        // What is taken away is free for what is given.
        WriteAction::AssignLicences { ref add, .. } if add.is_empty() => 3,
        WriteAction::AddLinks { .. } | WriteAction::Assign { .. } | WriteAction::AssignLicences { .. } => 4,
        WriteAction::RemoveLink { .. } | WriteAction::RemoveOtherLinks { .. } => 5,
        WriteAction::IssuePass { .. } => 6,
        WriteAction::Delete => 100 - KINDS.iter().position(|k| step.kind == k.name).unwrap_or_default(),
    }
}
