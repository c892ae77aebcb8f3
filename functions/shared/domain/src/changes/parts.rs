//! A change with so many links that it is told in several parts: the first has all but the links that follow.

use super::Change;

/// The most links that one part of a change has: of the longest names some hundreds of kilobytes.
pub const MOST_LINKS: usize = 1_000;

impl Change {
    /// The change in parts that have at most [`MOST_LINKS`] links each.
    pub fn into_parts(mut self) -> Vec<Self> {
        let mut rest = self.links.split_off(self.links.len().min(MOST_LINKS));
        let mut parts = vec![self];
        while !rest.is_empty() {
            let next = rest.split_off(rest.len().min(MOST_LINKS));
            let mut part = Self { attributes: Vec::new(), links: rest, consequences: 0, ..parts[0].clone() };
            part.rating.continued = true;
            parts.push(part);
            rest = next;
        }
        parts
    }

    /// The changes with each made whole that is in parts, which stand one after the other.
    pub fn joined(parts: Vec<Self>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for part in parts {
            match all.last_mut() {
                Some(whole) if part.rating.continued && whole.kind == part.kind && whole.key == part.key => {
                    whole.links.extend(part.links);
                }
                _ => all.push(part),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[test]
    fn a_change_in_parts_is_the_same_when_they_are_joined_and_no_part_has_too_many_links() {
        for count in [0, 1, MOST_LINKS, MOST_LINKS + 1, 3 * MOST_LINKS] {
            let links: Vec<_> = (0..count)
                .map(|n| json!({ "link": "groups.members", "to": format!("u{n}"), "what": "deleted" }))
                .collect();
            let whole: Change = from_value(json!({ "kind": "groups", "key": "g", "what": "modified",
                "attributes": [{ "property": "x", "path": "x" }], "links": links, "consequences": 1, "privileged": true }))
            .unwrap();
            let parts = whole.clone().into_parts();
            assert!(parts.iter().all(|part| part.links.len() <= MOST_LINKS));
            assert_eq!(parts.iter().filter(|part| !part.rating.continued).count(), 1);
            assert_eq!(Change::joined(parts), [whole]);
        }
    }
}
