//! Search names: the keys by which objects are found by a part of their name. FORMAT.md section 4.

/// Lower case; white space folded to one blank.
pub fn normalise(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The keys of one name: the name from each of its words on, so that a range read finds any word by its
/// beginning. `part 00 id`.
pub fn name_keys(name: &str, id: &str) -> Vec<Vec<u8>> {
    let whole = normalise(name);
    let mut keys = Vec::new();
    let mut previous: Option<char> = None;
    for (at, c) in whole.char_indices() {
        if c.is_alphanumeric() && previous.is_none_or(|p| !p.is_alphanumeric()) {
            keys.push([&whole.as_bytes()[at..], b"\0", id.as_bytes()].concat());
        }
        previous = Some(c);
    }
    keys
}

/// Whether a word of a normalised text begins with `part`, which is normalised too and begins with a letter or a
/// digit. Then, and only then, the text has a key that begins with it.
pub fn has_word(text: &str, part: &str) -> bool {
    let starts = |at: usize| text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    // Why not `match_indices`: of two places that overlap it knows the first.
    text.char_indices().any(|(at, _)| text[at..].starts_with(part) && starts(at))
}

/// The name part and the id of a key.
pub fn split_key(key: &[u8]) -> Option<(&str, &str)> {
    let at = key.iter().rposition(|b| *b == 0)?;
    Some((std::str::from_utf8(&key[..at]).ok()?, std::str::from_utf8(&key[at + 1..]).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_by_the_beginning_of_each_of_its_words() {
        let keys = name_keys("Ann-Marie  O'Neil", "u1");
        let parts: Vec<_> = keys.iter().map(|k| split_key(k).unwrap().0).collect();
        assert_eq!(parts, ["ann-marie o'neil", "marie o'neil", "o'neil", "neil"]);
        assert_eq!(split_key(&keys[0]).unwrap().1, "u1");
        assert!(name_keys("—", "x").is_empty());
    }

    #[test]
    fn a_word_begins_where_a_key_does() {
        for (text, part, begins) in [
            ("ann-marie o'neil", "mar", true),
            ("ann-marie o'neil", "nei", true),
            ("ann-marie", "ann", true),
            ("joann", "ann", false),
            ("xana ana", "ana", true),
            ("anana", "nan", false),
        ] {
            let keys = name_keys(text, "x");
            assert_eq!(keys.iter().any(|key| key.starts_with(part.as_bytes())), begins, "{text} {part}");
            assert_eq!(has_word(text, part), begins, "{text} {part}");
        }
    }
}
