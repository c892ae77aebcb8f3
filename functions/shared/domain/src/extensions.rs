//! Directory extensions: properties that applications define in a tenant, and that Graph gives only where each is asked for
//! by its name. Which of them a reading asks for, and what is said of the rest. Pure.
//!
//! Not here: schema extensions and open extensions, which are not read (`Kind::unread` says why).
//! Source: learn.microsoft.com/graph/extensibility-overview; graph/api/directoryobject-getavailableextensionproperties.

use crate::kinds::{EXTENSION_PREFIX, KINDS, Kind};
use crate::stored::{EXTENSIONS, ExtensionsKnown, Missing, MissingCause};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The permission that lets an application ask which directory extensions a tenant has.
/// Source: the permissions of directoryObject: getAvailableExtensionProperties.
pub const PERMISSION: &str = "Directory.Read.All";

/// How long a name may be that is asked for.
const LONGEST: usize = 256;
/// How many bytes of names are asked for at once. How long an address Graph takes is not documented; with the properties of
/// the row and the ids of a chunk this stays below 8 KiB, which is the least that is usual.
const MOST_BYTES: usize = 3_000;
/// How many of those that are not asked for are named one by one; of the rest their number is told.
const MOST_NAMED: usize = 20;

/// A directory extension of a tenant, as Graph describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The name of the property, such as `extension_0123456789abcdef0123456789abcdef_costCentre`.
    pub name: String,
    /// The types of objects that it is for, such as `User`.
    pub targets: Vec<String>,
    /// Whether its values come from the customer's own directory, where alone they can be changed.
    pub synced: bool,
}

/// Which directory extensions a reading asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    /// How far it is known which there are.
    pub known: ExtensionsKnown,
    /// Their names, sorted, by the run of the kind that has them.
    pub names: BTreeMap<String, Vec<String>>,
    /// Those that there are and that are not asked for.
    pub missing: Vec<Missing>,
}

impl Chosen {
    /// Those names alone, of each kind; which there are besides is not known, for that reason.
    pub fn of_names(known: ExtensionsKnown, names: BTreeMap<String, Vec<String>>) -> Self {
        Self { known, names, missing: Vec::new() }
    }

    /// What is asked for of these, which are all that the tenant has: of each kind in the order of their names, as many as an
    /// address takes.
    pub fn of_all(extensions: &[Extension]) -> Self {
        let mut chosen = Self::of_names(ExtensionsKnown::All, BTreeMap::new());
        for kind in KINDS {
            let Some(target) = kind.extended_as else { continue };
            let is_for_it = |e: &&Extension| e.targets.iter().any(|t| t.eq_ignore_ascii_case(target));
            let all: BTreeSet<&str> = extensions.iter().filter(is_for_it).map(|e| e.name.as_str()).collect();
            let (mut names, mut rest, mut bytes) = (Vec::new(), Vec::new(), 0);
            for name in all {
                bytes += name.len() + 1;
                // Why no shorter one that would still fit: which are asked for must not hang on how long the others are.
                if bytes <= MOST_BYTES && is_name(name) {
                    names.push(name.to_owned());
                } else {
                    rest.push(name);
                }
            }
            chosen.missing.extend(told(kind, &rest));
            if !names.is_empty() {
                chosen.names.insert(kind.run().to_owned(), names);
            }
        }
        chosen
    }

    /// The names that are asked for of a kind.
    pub fn of(&self, kind: &Kind) -> &[String] {
        self.names.get(kind.run()).map_or(&[], Vec::as_slice)
    }
}

/// What is said of the extensions that are not asked for.
fn told(kind: &Kind, rest: &[&str]) -> Vec<Missing> {
    let missing = |source: String, why: String| Missing {
        source,
        cause: MissingCause::TooMany,
        why,
        any_of: Vec::new(),
    };
    let named = rest.iter().filter(|name| is_name(name)).take(MOST_NAMED);
    let mut all: Vec<Missing> = named
        .map(|name| {
            let why = "the tenant has more directory extensions than can be asked for at once";
            missing(kind.part(name), why.to_owned())
        })
        .collect();
    let more = rest.len() - all.len();
    if more > 0 {
        all.push(missing(
            kind.part(EXTENSIONS),
            format!("the tenant has {more} more directory extensions that are not asked for"),
        ));
    }
    all
}

/// Whether a name is one of a directory extension, and can be part of an address as it stands.
fn is_name(name: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    name.len() <= LONGEST
        && name.len() > EXTENSION_PREFIX.len()
        && name.starts_with(EXTENSION_PREFIX)
        && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    fn extension(name: &str, targets: &[&str]) -> Extension {
        let targets = targets.iter().map(|t| (*t).to_owned()).collect();
        Extension { name: name.to_owned(), targets, synced: false }
    }

    fn named(n: usize) -> String {
        format!("extension_0123456789abcdef0123456789abcdef_name{n:04}")
    }

    #[test]
    fn each_kind_is_asked_for_those_that_are_for_its_objects_in_the_order_of_their_names() {
        let all = [
            extension(&named(2), &["User", "Group"]),
            extension(&named(1), &["user"]),
            extension(&named(3), &["Device"]),
        ];
        let chosen = Chosen::of_all(&all);
        assert_eq!(chosen.of(kinds::get("users").unwrap()), [named(1), named(2)]);
        assert_eq!(chosen.of(kinds::get("groups").unwrap()), [named(2)]);
        assert!(chosen.of(kinds::get("roles").unwrap()).is_empty() && chosen.missing.is_empty());
    }

    #[test]
    fn more_than_an_address_takes_are_named_and_how_many_there_are_besides() {
        let all: Vec<Extension> = (0..100).rev().map(|n| extension(&named(n), &["User"])).collect();
        let chosen = Chosen::of_all(&all);
        let asked = chosen.of(kinds::get("users").unwrap());
        assert!(asked.iter().map(|name| name.len() + 1).sum::<usize>() <= MOST_BYTES);
        assert_eq!(asked, (0..asked.len()).map(named).collect::<Vec<_>>());
        assert_eq!(chosen.missing.len(), MOST_NAMED + 1);
        assert_eq!(chosen.missing[0].source, format!("users.{}", named(asked.len())));
        assert_eq!(chosen.missing[MOST_NAMED].source, "users.extensions");
        let more = 100 - asked.len() - MOST_NAMED;
        assert!(chosen.missing[MOST_NAMED].why.contains(&format!(" {more} more ")));
        assert!(chosen.missing.iter().all(|m| m.cause == MissingCause::TooMany));
    }

    #[test]
    fn a_name_that_could_change_the_question_is_never_part_of_it() {
        for name in [
            "extension_",
            "extension_a,id",
            "extension_a&$top=1",
            "extension_a b",
            "jobTitle",
            "extension_\u{e9}",
        ] {
            let chosen = Chosen::of_all(&[extension(name, &["User"])]);
            assert!(chosen.of(kinds::get("users").unwrap()).is_empty(), "{name}");
            assert_eq!(chosen.missing[0].source, "users.extensions", "{name}");
        }
    }

    #[test]
    fn a_word_of_a_later_writer_is_no_fault_of_the_manifest() {
        let read = |word: &str| serde_json::from_str::<ExtensionsKnown>(word).unwrap();
        assert_eq!((read("\"all\""), read("\"someday\"")), (ExtensionsKnown::All, ExtensionsKnown::Other));
        assert_eq!(serde_json::to_string(&ExtensionsKnown::NotGranted).unwrap(), "\"not-granted\"");
    }
}
