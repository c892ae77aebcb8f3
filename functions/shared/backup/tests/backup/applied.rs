//! What a comparison tells is all that there is: laid upon the earlier side it gives the later one, and what is told of a
//! long time is what is told of its parts.

use crate::side_by_side::{SideBySide, Sides, kinds_of};
use domain::changes::{Change, What, is_within, put_back};
use domain::kinds;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Which seeds are tried: one in a hundred, or all two thousand if `HOLDFAST_APPLIED=all`.
#[expect(clippy::disallowed_methods, reason = "how many seeds a test tries is said by its environment")]
fn seeds() -> std::ops::Range<u64> {
    let is_all = std::env::var("HOLDFAST_APPLIED").is_ok_and(|wanted| wanted == "all");
    if is_all { 0..2_000 } else { 0..20 }
}

/// Objects and links of one side, by run and key.
type Records = BTreeMap<String, BTreeMap<String, Value>>;

fn records(sides: &Sides, is_after: bool) -> Records {
    let side = |(run, (before, after)): (&String, &(_, _))| {
        let records: &BTreeMap<String, String> = if is_after { after } else { before };
        let read = records.iter().map(|(key, text)| (key.clone(), serde_json::from_str(text).unwrap()));
        (run.clone(), read.collect())
    };
    sides.runs.iter().map(side).collect()
}

/// The earlier side with what is told laid upon it. What came is taken from the later one, since a change says only that
/// it did; so are links that came or went with one of their ends.
fn applied(sides: &Sides, changes: &[Change]) -> Records {
    let (mut out, later) = (records(sides, false), records(sides, true));
    let mut ends: BTreeSet<&str> = BTreeSet::new();
    for change in changes {
        let kind = change.kind.get().unwrap();
        match change.what {
            What::Created => {
                let object = later[kind.run()][&change.key].clone();
                out.get_mut(kind.run()).unwrap().insert(change.key.clone(), object);
                ends.insert(&change.key);
            }
            What::Deleted => {
                out.get_mut(kind.run()).unwrap().remove(&change.key);
                ends.insert(&change.key);
            }
            _ => {
                for attribute in &change.attributes {
                    let facet = kind.part(&attribute.property);
                    let is_facet = out.contains_key(&facet);
                    let whole = |side: &Records| match side.get(&facet) {
                        Some(run) => run.get(&change.key).cloned(),
                        None => side[kind.run()][&change.key].get(&attribute.property).cloned(),
                    };
                    // The path says where, and the walk of a restore finds the place.
                    let (then, now) = (whole(&later), whole(&out));
                    let put =
                        put_back(&attribute.property, then.as_ref(), now.as_ref(), [attribute.path.as_str()]);
                    assert_eq!(put.left, [], "{}", attribute.path);
                    let run = out.get_mut(if is_facet { facet.as_str() } else { kind.run() }).unwrap();
                    let place: &mut Map<String, Value> = match run.get_mut(&change.key) {
                        Some(Value::Object(object)) if !is_facet => object,
                        _ => {
                            match put.value {
                                Some(value) => run.insert(change.key.clone(), value),
                                None => run.remove(&change.key),
                            };
                            continue;
                        }
                    };
                    match put.value {
                        Some(value) => place.insert(attribute.property.clone(), value),
                        None => place.remove(&attribute.property),
                    };
                }
            }
        }
        for link in &change.links {
            let key = format!("{}/{}", change.key, link.to);
            let run = out.get_mut(&link.link).unwrap();
            match &link.after {
                Some(value) => run.insert(key, value.clone()),
                None => run.remove(&key),
            };
        }
    }
    // What follows from an end that came or went.
    let follows = |key: &str| key.split(['/', '!', '|']).any(|part| ends.contains(part));
    for (run, records) in &mut out {
        if run.contains('.') {
            records.retain(|key, _| !follows(key));
            let with_end = later[run].iter().filter(|(key, _)| follows(key));
            records.extend(with_end.map(|(k, v)| (k.clone(), v.clone())));
        }
    }
    out
}

/// A record without what no comparison looks at.
fn compared(run: &str, records: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let kind = kinds::find(run);
    let clean = |value: &Value| match (value, kind) {
        (Value::Object(object), Some(kind)) => {
            object.iter().filter(|(p, _)| kind.compares(p)).map(|(p, v)| (p.clone(), v.clone())).collect()
        }
        _ => value.clone(),
    };
    records.iter().map(|(key, value)| (key.clone(), clean(value))).collect()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn changes_laid_upon_the_earlier_side_give_the_later_one() {
    for seed in seeds() {
        let sides = Sides::without_new_ids(seed);
        let changes = run(async { SideBySide::new(&sides).await.compare(None, 1).await.0 });
        let (out, later) = (applied(&sides, &changes), records(&sides, true));
        for name in kinds_of() {
            // A role that is seen in two forms is told once, so each form is not there by itself.
            if name.ends_with("dmins") {
                continue;
            }
            let of_kind = |run: &&String| *run == name || run.starts_with(&format!("{name}."));
            for run in later.keys().filter(of_kind) {
                assert_eq!(compared(run, &out[run]), compared(run, &later[run]), "seed {seed}, {run}");
            }
        }
    }
}

/// What is told of an object, in closed words: its attributes' paths and its links' ends.
fn parts(changes: &[Change]) -> BTreeSet<(String, String)> {
    let of = |c: &Change| {
        let attributes = c.attributes.iter().map(|a| a.path.clone());
        let links = c.links.iter().map(|l| format!("{}[{}]", l.link, l.to));
        let own = (c.what != What::Modified).then(|| "itself".to_owned());
        attributes.chain(links).chain(own).map(|part| (c.key.clone(), part)).collect::<Vec<_>>()
    };
    changes.iter().flat_map(of).collect()
}

#[test]
fn what_is_told_of_a_long_time_is_told_of_one_of_its_parts() {
    for seed in seeds() {
        let (first, second) = (Sides::without_new_ids(seed), Sides::without_new_ids(seed + 100_000));
        // From the earlier side of the one, through its later side, to the later side of the other.
        let between = |from: &Sides, from_after: bool, to: &Sides| {
            let mut sides = Sides::default();
            for name in first.runs.keys() {
                let side = |of: &Sides, after: bool| {
                    of.runs
                        .get(name)
                        .map(|(b, a)| if after { a.clone() } else { b.clone() })
                        .unwrap_or_default()
                };
                sides.runs.insert(name.clone(), (side(from, from_after), side(to, true)));
            }
            sides
        };
        let told = |sides: Sides| run(async { SideBySide::new(&sides).await.compare(None, 1).await.0 });
        let whole = told(between(&first, false, &second));
        let (one, other) = (told(between(&first, false, &first)), told(between(&first, true, &second)));
        let of_parts: BTreeSet<_> = parts(&one).union(&parts(&other)).cloned().collect();
        // An object that came or went in one of the parts has its attributes and links told with it.
        let itself: BTreeSet<&String> =
            of_parts.iter().filter(|(_, part)| part == "itself").map(|(key, _)| key).collect();
        for (key, part) in parts(&whole) {
            let far = part.split(['[', ']', '!']).nth(1).unwrap_or_default().to_owned();
            let is_it = |(its, other): &(String, String)| {
                *its == key && (is_within(&part, other) || is_within(other, &part))
            };
            let is_told = of_parts.iter().any(is_it) || itself.contains(&key) || itself.contains(&far);
            // A role is told as an assignment or as a schedule, and its key has who, which and where.
            assert!(is_told || key.contains('|'), "seed {seed}: {key} {part}");
        }
    }
}
