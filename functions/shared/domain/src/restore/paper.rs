//! A restore of all that a snapshot holds into an empty tenant, on paper: from what its manifest counts and the table of kinds
//! says, without reading one object.
//!
//! How many writes it takes is known in part: a group of three and one of twenty take one write for their members. So it is
//! told between which numbers it lies. What it says of no object is which of them cannot come back, only why some cannot.

use super::limits::{self, Attempt};
use super::objects::SYNCED;
use super::{Cause, links, lost};
use crate::kinds::{Gives, Identity, KINDS, Kind, KindName, Limit, LinkWrite};
use crate::stored::Manifest;
use schemars::JsonSchema;
use serde::Serialize;

/// Between which numbers something lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Between {
    /// It is no less, if everything can come back.
    pub at_least: u64,
    /// It is no more, as long as Graph refuses nothing and no references run in circles.
    pub at_most: u64,
}

impl Between {
    fn exactly(count: u64) -> Self {
        Self { at_least: count, at_most: count }
    }
    fn and(self, other: Self) -> Self {
        Self { at_least: self.at_least + other.at_least, at_most: self.at_most + other.at_most }
    }
    fn scaled(self, by: impl Fn(u64) -> u64) -> Self {
        Self { at_least: by(self.at_least), at_most: by(self.at_most) }
    }
}

/// What a restore of all objects of a kind takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KindOnPaper {
    /// The name of the kind, such as `users`.
    pub kind: KindName,
    /// How many objects the snapshot holds.
    pub objects: u64,
    /// How many links from them the snapshot holds.
    pub links: u64,
    /// How many writes it takes to make the objects and their links.
    pub writes: Between,
}

/// Objects, or a part of them, that do not come back in an empty tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LostOnPaper {
    /// The name of the kind, such as `users`.
    pub kind: KindName,
    /// Which part: a property, a type of links, or `object` for some of the objects.
    pub what: String,
    /// Why, for programs: as a preview says it of each object that it concerns.
    pub cause: Cause,
    /// Why, for a person.
    pub why: String,
}

/// A restore of all that a snapshot holds, on paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DrillOnPaper")]
pub struct OnPaper {
    /// Each kind that the snapshot holds, in the order in which it is written.
    pub kinds: Vec<KindOnPaper>,
    /// How many writes all of it takes.
    pub writes: Between,
    /// How long that takes at Microsoft's limits for writes of one application in one tenant, in seconds; Graph's answers and
    /// what is read are not counted.
    pub seconds: Between,
    /// What does not come back of the kinds that the snapshot holds, wherever it occurs.
    pub lost: Vec<LostOnPaper>,
}

/// How many writes of one application Microsoft takes in one tenant, and in how many seconds.
/// Source: learn.microsoft.com/graph/throttling-limits, identity and access; Intune.
struct Pace {
    writes: u64,
    seconds: u64,
}

const DIRECTORY: Pace = Pace { writes: 3_000, seconds: 150 };
const INTUNE: Pace = Pace { writes: 100, seconds: 20 };

impl Pace {
    fn of(kind: &Kind) -> &'static Self {
        if kind.path.starts_with("deviceManagement/") { &INTUNE } else { &DIRECTORY }
    }
    fn seconds(&self, writes: u64) -> u64 {
        (writes * self.seconds).div_ceil(self.writes)
    }
}

/// A restore of all that the snapshot holds.
pub fn on_paper(manifest: &Manifest) -> OnPaper {
    let held = || KINDS.into_iter().filter(|kind| manifest.runs.contains_key(kind.run()));
    let kinds: Vec<KindOnPaper> = held().map(|kind| of_kind(manifest, kind)).collect();
    let sum = |of: &dyn Fn(&Kind, Between) -> Between| {
        held().zip(&kinds).fold(Between::default(), |all, (kind, paper)| all.and(of(kind, paper.writes)))
    };
    let seconds = |kind: &Kind, writes: Between| writes.scaled(|count| Pace::of(kind).seconds(count));
    let (writes, seconds) = (sum(&|_, writes| writes), sum(&seconds));
    OnPaper { writes, seconds, lost: held().flat_map(lost_of).collect(), kinds }
}

fn of_kind(manifest: &Manifest, kind: &Kind) -> KindOnPaper {
    let records = |run: &str| manifest.runs.get(run).map_or(0, |run| run.records);
    let objects = records(kind.run());
    // What travels by itself: facets are counted, of actions and licences it is not known how many have any.
    let alone = |gives: &Gives| matches!(gives, Gives::Facet(part) if kind.writing.alone.contains(part));
    let facets =
        kind.reading.iter().filter(|source| alone(&source.gives)).map(|source| records(source.name)).sum();
    let perhaps = objects * (kind.writing.actions.len() as u64 + u64::from(kind.writing.licences));
    let mut writes = Between { at_least: at_least(manifest, kind), at_most: objects }
        .and(Between::exactly(facets))
        .and(Between { at_least: 0, at_most: perhaps });
    let mut count = 0;
    for link in kind.links {
        let found = records(link.name);
        count += found;
        writes = writes.and(match link.write {
            LinkWrite::Single | LinkWrite::OneByOne if !link.comes_with_new => Between::exactly(found),
            LinkWrite::Single | LinkWrite::OneByOne => Between { at_least: 0, at_most: found },
            // By object and by type of what they lead to, some at once; the first come with the object.
            LinkWrite::Collection => {
                let at_once = links::AT_ONCE as u64;
                let at_least = found.saturating_sub(objects * at_once).div_ceil(at_once);
                let types = link.to.len() as u64 + OTHER_TYPES;
                Between { at_least, at_most: found.min(found.div_ceil(at_once) + objects * types) }
            }
            LinkWrite::AssignAll => Between { at_least: u64::from(found > 0), at_most: found.min(objects) },
        });
    }
    KindOnPaper { kind: kind.name, objects, links: count, writes }
}

/// How many of the objects of a kind take a write, whichever they are: not what may be in every tenant by itself, nor what comes
/// with something else.
fn at_least(manifest: &Manifest, kind: &Kind) -> u64 {
    let records = |kind: &Kind| manifest.runs.get(kind.run()).map_or(0, |run| run.records);
    // A role that ends is given by its schedule; one that was activated is not given at all.
    let is_schedule =
        KINDS.into_iter().filter_map(Kind::schedules).any(|schedules| schedules.name == kind.name);
    if is_schedule || kind.writing.limits.contains(&Limit::BuiltIn) {
        return 0;
    }
    records(kind).saturating_sub(kind.schedules().map_or(0, records))
}

/// Types besides the kinds that links may lead to: devices, service principals, contacts.
const OTHER_TYPES: u64 = 3;

/// What a preview would name of objects of the kind, where they are of that sort.
fn lost_of(kind: &'static Kind) -> Vec<LostOnPaper> {
    let part = |what: &str, cause: Cause, why: &str| LostOnPaper {
        kind: kind.name,
        what: what.to_owned(),
        cause,
        why: why.to_owned(),
    };
    let mut all = Vec::new();
    if kind.reading[0].select.contains(&"onPremisesSyncEnabled") {
        all.push(part("object", Cause::Synced, SYNCED));
    }
    let limits = kind.writing.limits.iter().filter_map(|limit| limits::words(*limit, Attempt::Create));
    all.extend(limits.map(|(cause, why)| part("object", cause, why)));
    all.extend(kind.writing.claims.iter().map(|(what, why)| part(what, Cause::OtherService, why)));
    if let Identity::Id = kind.identity {
        all.extend(lost::never_given(kind).map(|(what, why)| part(what, Cause::ReadOnly, why)));
    }
    let secret = kind.unread.iter().map(|unread| part(unread.what, Cause::NotRead, unread.why));
    all.extend(secret);
    all.extend(
        kind.links
            .iter()
            .filter(|link| link.ruled_by.is_some())
            .map(|link| part(link.name, Cause::DynamicMembership, links::BY_RULE)),
    );
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest(runs: &[(&str, u64)]) -> Manifest {
        let run = |records: u64| json!({ "index": "0".repeat(64), "cutBits": 8, "records": records, "leaves": 0, "plainBytes": 0 });
        let runs: serde_json::Map<_, _> =
            runs.iter().map(|(name, records)| ((*name).to_owned(), run(*records))).collect();
        let all = json!({
            "format": 2, "snapshot": "snp_01jzzzzzzzzzzzzzzzzzzzzzzz",
            "tenant": "7e000000-0000-4000-8000-000000000001", "base": null,
            "startedAt": "2026-01-01T00:00:00Z", "sealedAt": "2026-01-01T00:00:00Z",
            "runs": runs, "tokens": {}, "missing": [], "fullAt": {}, "requests": 0,
            "resourceUnits": 0, "throttled": 0, "storedBlobs": 0, "storedBytes": 0
        });
        Manifest::from_bytes(all.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_counted_is_told_kind_by_kind_and_its_time_follows_from_the_limits_of_each_service() {
        let paper = on_paper(&manifest(&[
            ("users", 1_000),
            ("users.customSecurityAttributes", 10),
            ("users.manager", 900),
            ("groups", 10),
            ("groups.members", 5_000),
            ("groups.owners", 12),
            ("ConfigurationPolicies", 100),
            ("ConfigurationPolicies.assignments", 150),
        ]));
        let of = |name: &str| paper.kinds.iter().find(|kind| kind.kind.to_string() == name).unwrap();
        assert_eq!((of("users").objects, of("users").links), (1_000, 900));
        // Licences of nobody, or of everybody.
        assert_eq!(of("users").writes, Between { at_least: 1_910, at_most: 2_910 });
        // Twenty members of each group come with it; or each has members of five types.
        let members = Between { at_least: 240, at_most: 250 + 50 };
        let groups = Between { at_least: 10, at_most: 10 + 10 + 12 };
        assert_eq!(of("groups").writes, members.and(groups));
        assert_eq!(of("ConfigurationPolicies").writes, Between { at_least: 101, at_most: 200 });
        assert_eq!(paper.writes.at_least, 1_910 + 250 + 101);
        // Twenty a second, and five of policies.
        assert_eq!(paper.seconds.at_least, 96 + 13 + 21);
        assert!(paper.kinds.iter().all(|kind| kind.writes.at_least <= kind.writes.at_most));
    }

    #[test]
    fn what_every_tenant_has_and_what_comes_with_something_else_may_take_no_write() {
        let paper = on_paper(&manifest(&[("roles", 100), ("admins", 9), ("activeAdmins", 4)]));
        let writes: Vec<Between> = paper.kinds.iter().map(|kind| kind.writes).collect();
        let between = |at_least, at_most| Between { at_least, at_most };
        assert_eq!(writes, [between(0, 100), between(5, 9), between(0, 4)]);
    }

    #[test]
    fn what_cannot_come_back_is_told_of_the_kinds_that_are_held_with_the_reason_of_a_preview() {
        let paper = on_paper(&manifest(&[("users", 1)]));
        let told = |what: &str, cause: Cause| paper.lost.iter().any(|l| l.what == what && l.cause == cause);
        assert!(told("object", Cause::Guest) && told("object", Cause::Synced));
        assert!(told("passwordProfile", Cause::NotRead) && told("proxyAddresses", Cause::ReadOnly));
        assert!(paper.lost.iter().all(|lost| lost.kind.to_string() == "users" && !lost.why.is_empty()));
        // What the service gives every new object by itself is missed by nobody.
        assert!(!paper.lost.iter().any(|lost| lost.what == "createdDateTime"));
        assert_eq!(on_paper(&manifest(&[])).lost, []);
    }
}
