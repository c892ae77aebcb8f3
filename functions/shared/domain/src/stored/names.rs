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
}
