//! Temporary Access Passes for people who come back: who gets one, and why somebody gets none.
//!
//! Whoever is created again gets one where passes are asked for; whoever comes out of the recycle bin only where they are
//! named, since their password and their second factors came back with them. The pass itself is in no plan: Microsoft
//! makes it when the step is executed, and shows it once.

use super::draft::{Draft, Planner};
use super::values::text;
use super::{Cause, Impossible, Item, Phase, Warning, WriteAction, limits};
use crate::kinds::{KINDS, Kind};
use crate::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// What a part of an object is called that is about its pass.
pub const ACCESS_PASS: &str = "temporaryAccessPass";

/// The fewest minutes for which Microsoft makes a pass, whatever a tenant's policy says.
/// Source: learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod.
const FEWEST_MINUTES: u32 = 10;
/// The most.
const MOST_MINUTES: u32 = 43_200;

/// The most people out of the recycle bin who can be named for a pass.
const MOST_NAMED: usize = 1_000;
/// The most bytes of the key of one of them. Why: they stand in the restore's row, whose size is limited.
const MOST_OF_A_KEY: usize = 100;

/// That people who come back get a Temporary Access Pass, by which each can sign in for a while and register what they sign
/// in with from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessPassChoice {
    /// For how many minutes each pass is good, from when it is made: 10 to 43,200, within what the tenant's policy allows.
    /// Absent means as long as that policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = FEWEST_MINUTES, max = MOST_MINUTES))]
    pub lifetime_in_minutes: Option<u32>,
    /// Whether each pass is good for one sign-in alone, as it is where nothing is said.
    #[serde(default = "yes")]
    pub is_usable_once: bool,
    /// The keys of people in the snapshot who get one too, though they come out of the recycle bin. Whoever is created again
    /// gets one in any case.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = MOST_NAMED))]
    pub users: BTreeSet<String>,
}

const fn yes() -> bool {
    true
}

impl AccessPassChoice {
    /// Checks what can be checked without the tenant.
    ///
    /// # Errors
    /// `Invalid`, naming the field below `accessPass`.
    pub fn check(&self) -> Result<()> {
        if self.lifetime_in_minutes.is_some_and(|minutes| !(FEWEST_MINUTES..=MOST_MINUTES).contains(&minutes))
        {
            let why = format!("a pass is good for {FEWEST_MINUTES} to {MOST_MINUTES} minutes");
            return Err(Error::invalid_field("accessPass.lifetimeInMinutes", why));
        }
        if self.users.len() > MOST_NAMED {
            let why = format!("at most {MOST_NAMED} people can be named");
            return Err(Error::invalid_field("accessPass.users", why));
        }
        if self.users.iter().any(|key| key.is_empty() || key.len() > MOST_OF_A_KEY) {
            let why = format!("a person's key has 1 to {MOST_OF_A_KEY} characters");
            return Err(Error::invalid_field("accessPass.users", why));
        }
        Ok(())
    }
}

/// A tenant's policy for Temporary Access Passes.
/// Source: learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethodconfiguration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPassPolicy {
    /// Whether anybody may have one.
    pub is_enabled: bool,
    /// The fewest minutes for which one is good.
    pub fewest_minutes: u32,
    /// The most minutes for which one is good.
    pub most_minutes: u32,
    /// For how many minutes one is good of which nothing is said.
    pub usual_minutes: u32,
    /// Whether each is good for one sign-in alone, whatever is asked for.
    pub once_only: bool,
    /// Whether it is for everybody, and nobody is left out; otherwise it is for the members of some groups.
    pub is_for_all: bool,
}

/// What is known of that policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KnownAccessPassPolicy {
    /// The reading application may not see it, or nobody looked.
    #[default]
    Unknown,
    /// It was read.
    Known(AccessPassPolicy),
}

/// Plans the pass of somebody who comes back; `comes_back` is the object as it will be.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, comes_back: &Map<String, Value>) {
    let Some(choice) = planner.inputs.access_pass.as_ref().filter(|_| has_passes(item.kind)) else { return };
    if item.in_recycle_bin && !choice.users.contains(&item.key) {
        return;
    }
    let (minutes, once) = (choice.lifetime_in_minutes, choice.is_usable_once);
    if let Some((cause, why)) = refusal(planner, item, comes_back, minutes) {
        return planner.impossible(item, ACCESS_PASS, cause, &why);
    }
    let (minutes, once, mut warnings) = match &planner.inputs.access_pass_policy {
        KnownAccessPassPolicy::Unknown => (minutes, once, vec![Warning::PassPolicyUnknown]),
        KnownAccessPassPolicy::Known(policy) => {
            let warnings = if policy.is_for_all { vec![] } else { vec![Warning::PassPolicyOfGroups] };
            (Some(minutes.unwrap_or(policy.usual_minutes)), once || policy.once_only, warnings)
        }
    };
    warnings.insert(0, Warning::SignsInByPass);
    let after = json!({ "lifetimeInMinutes": minutes, "isUsableOnce": once });
    let action = WriteAction::IssuePass { lifetime_in_minutes: minutes, is_usable_once: once };
    let draft = Draft { phase: Phase::AccessPasses, action, before: None, after: Some(after), warnings };
    planner.step(item, draft);
}

/// Why somebody who comes back gets no pass.
fn refusal(
    planner: &Planner<'_>,
    item: &Item,
    comes_back: &Map<String, Value>,
    minutes: Option<u32>,
) -> Option<(Cause, String)> {
    let is_blocked =
        item.kind.writing.lets_in.is_some_and(|property| comes_back.get(property) == Some(&false.into()));
    if is_blocked {
        return Some((Cause::SignInBlocked, "nobody can sign in as them, with a pass or without".to_owned()));
    }
    // Source: learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass.
    if limits::is_guest(item.kind, comes_back) && text(comes_back, "userPrincipalName").contains("#EXT#") {
        return Some((Cause::Guest, "a guest signs in at home, and gets no pass here".to_owned()));
    }
    let KnownAccessPassPolicy::Known(policy) = &planner.inputs.access_pass_policy else { return None };
    if !policy.is_enabled {
        let why = "the tenant's policy for authentication methods has Temporary Access Passes switched off";
        return Some((Cause::RefusedByPolicy, why.to_owned()));
    }
    let (fewest, most) = (policy.fewest_minutes, policy.most_minutes);
    let is_allowed = minutes.is_none_or(|minutes| (fewest..=most).contains(&minutes));
    (!is_allowed).then(|| {
        (Cause::RefusedByPolicy, format!("the tenant's policy allows passes of {fewest} to {most} minutes"))
    })
}

/// Names those who were named for a pass and do not come back.
pub(super) fn tell_others(planner: &mut Planner<'_>) {
    let Some(choice) = &planner.inputs.access_pass else { return };
    let come_back = planner.steps.iter().filter(|step| {
        matches!(step.action, WriteAction::Create { .. } | WriteAction::Undelete { .. })
            && step.kind.find().is_some_and(has_passes)
    });
    let come_back: BTreeSet<&str> = come_back.map(|step| step.key.as_str()).collect();
    let others = choice.users.iter().filter(|key| !come_back.contains(key.as_str()));
    let told: Vec<Impossible> = others.filter_map(|key| not_coming_back(planner, key)).collect();
    planner.impossible.extend(told);
}

fn not_coming_back(planner: &Planner<'_>, key: &str) -> Option<Impossible> {
    let kind = KINDS.into_iter().find(|kind| has_passes(kind))?;
    let item = planner.inputs.items.iter().find(|item| item.kind.name == kind.name && item.key == key);
    Some(Impossible {
        kind: kind.name.into(),
        key: key.to_owned(),
        name: item.and_then(|item| planner.name_of(item)),
        what: ACCESS_PASS.to_owned(),
        cause: Cause::NotComingBack,
        why: "this restore does not bring them back, so they get no pass".to_owned(),
    })
}

fn has_passes(kind: &Kind) -> bool {
    kind.writing.passes.is_some()
}
