//! Real differences that were written down before the code: each has to be found, named by its path, and short.
//!
//! What is not found yet stands in a list that only gets shorter.

mod cases;

use crate::side_by_side::{SideBySide, Sides};
use cases::planted;
use domain::changes::Change;

/// The most bytes that one difference takes in an answer, as JSON.
const LONGEST: usize = 300;

/// What the comparison does not find yet, by name.
const NOT_YET: &[&str] = &[];

/// One real difference between two snapshots.
pub struct Planted {
    pub name: &'static str,
    pub sides: Sides,
    /// The kind and key of the object at which it is told.
    pub object: (&'static str, String),
    /// The path of an attribute, or `link[far end]`.
    pub path: String,
    /// What its change says besides, as a part of its JSON; empty for nothing.
    pub says: &'static str,
}

#[test]
fn every_planted_difference_is_found_by_its_path_and_is_short() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cases = planted();
    assert_eq!(cases.len(), 40);
    let mut missed = Vec::new();
    for case in &cases {
        let changes = runtime.block_on(async { SideBySide::new(&case.sides).await.compare(None, 1).await.0 });
        if let Err(why) = found(case, &changes) {
            if !NOT_YET.contains(&case.name) {
                eprintln!("{}: {why}", case.name);
            }
            missed.push(case.name);
        }
    }
    assert_eq!(missed, NOT_YET, "what is not found");
}

/// Whether the difference is among the changes, as it has to be; else why not.
fn found(case: &Planted, changes: &[Change]) -> Result<(), String> {
    let (kind, key) = (case.object.0, &case.object.1);
    let is_it = |c: &&Change| {
        c.kind == support::kind(kind).name && (c.key == *key || c.new_key.as_ref() == Some(key))
    };
    let change = changes.iter().find(is_it).ok_or("the object has no change")?;
    let mut paths: Vec<(String, String)> = Vec::new();
    for attribute in &change.attributes {
        paths.push((attribute.path.clone(), serde_json::to_string(attribute).unwrap()));
    }
    for link in &change.links {
        paths.push((format!("{}[{}]", link.link, link.to), serde_json::to_string(link).unwrap()));
    }
    // A fact is its own path.
    if case.path.is_empty() {
        paths.push((String::new(), String::new()));
    }
    let told = paths.iter().find(|(path, _)| *path == case.path);
    let (_, text) = told.ok_or_else(|| format!("told are {paths:?}"))?;
    if text.len() > LONGEST {
        return Err(format!("it takes {} bytes: {text}", text.len()));
    }
    let whole = serde_json::to_string(change).unwrap();
    if whole.contains(case.says) { Ok(()) } else { Err(format!("it says {whole}")) }
}
