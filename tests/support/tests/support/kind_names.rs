//! That the product names no kind outside the table of kinds: what it asks of one is a field of its row.

use domain::kinds::{KINDS, links};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that are a kind's name and mean something else there.
const ANOTHER_MEANING: [(&str, &str, &str); 4] = [
    (
        "shared/graph/src/cost.rs",
        "users",
        "a segment of Graph's paths, of which Microsoft publishes the cost",
    ),
    (
        "shared/graph/src/cost.rs",
        "groups",
        "a segment of Graph's paths, of which Microsoft publishes the cost",
    ),
    ("shared/graph/src/token.rs", "roles", "a claim of a token"),
    ("serve-portal/src/pages/rights.rs", "roles", "the roles of people at a partner"),
];

fn functions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions")
}

/// The Rust files of the product below a folder: neither tests nor the table itself.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["tests", "target"].contains(&name) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "rs")
            && name != "tests.rs"
            && !path.ends_with("kinds/rows.rs")
        {
            found.push(path);
        }
    }
}

/// The lines of the product's own code: what stands in comments and in a test module is not.
fn code(source: &str) -> impl Iterator<Item = &str> {
    let product = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    product.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn no_file_but_the_table_names_a_kind_or_a_link_type() {
    let mut files = Vec::new();
    sources(&functions(), &mut files);
    assert!(files.len() > 100, "{} files were looked at", files.len());
    let mut names: Vec<String> = KINDS.iter().map(|kind| kind.name.to_string()).collect();
    names.extend(links().map(|link| link.name.to_owned()));
    let mut met = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let place = file.strip_prefix(functions()).unwrap().to_str().unwrap();
        for name in &names {
            if code(&text).any(|line| line.contains(&format!("\"{name}\""))) {
                met.insert((place.to_owned(), name.clone()));
            }
        }
    }
    let allowed = ANOTHER_MEANING.map(|(file, name, _)| (file.to_owned(), name.to_owned()));
    assert_eq!(met, BTreeSet::from(allowed));
}
