//! Answers that are not quite JSON, or not quite Unicode: what can be read rightly is read, and of a collection the items
//! that cannot are told apart from the others.
//!
//! | met in an answer | it is |
//! | --- | --- |
//! | a byte order mark, a comma before the end of a list or an object | passed over: it says nothing |
//! | a control character in a text, as it is | the character: written as JSON wants it, the text is the same |
//! | a key twice | the last one counts, as everywhere in JSON (`domain::kinds::interpret`) |
//! | bytes that are not UTF-8, an escape that there is not, `NaN` and other words that are no value | not known: the item cannot be read |
//! | half of a pair of surrogates | no character of Unicode: the item cannot be read (`domain::kinds::interpret`) |
//! | brackets or quotes that do not fit, an end that is missing | not an answer: nothing of it is believed |
//!
//! Nothing is guessed: a doubtful place is replaced only to see that the rest of the answer is what JSON is, and whatever
//! holds it is given to nobody. A doubt outside of the items makes the whole answer doubtful.

use domain::kinds::id_of;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write;

/// The items of a collection as they came, and those that cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) items: Vec<Box<RawValue>>,
    /// Of each item that cannot be read its id, where that much of it can.
    pub(crate) unreadable: Vec<Option<String>>,
    pub(crate) next: Option<String>,
    pub(crate) delta: Option<String>,
}

/// A collection; a batch has its replies under a name of their own.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    value: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    responses: Option<Vec<&'a RawValue>>,
    #[serde(rename = "@odata.nextLink", default)]
    next: Option<String>,
    #[serde(rename = "@odata.deltaLink", default)]
    delta: Option<String>,
}

/// Reads an answer that is a collection; none where it is not one.
pub(crate) fn items(bytes: &[u8]) -> Option<Listing> {
    let strict = std::str::from_utf8(bytes).ok().and_then(|text| serde_json::from_str(text).ok());
    if let Some(envelope) = strict {
        return collected(envelope, |_| false);
    }
    let Repaired { text, doubts } = repair(bytes);
    let envelope: Envelope<'_> = serde_json::from_str(&text).ok()?;
    let start = text.as_ptr().addr();
    // An item is a part of the text, so where it stands says which doubts are in it.
    let range = |item: &RawValue| {
        let from = item.get().as_ptr().addr() - start;
        from..from + item.get().len()
    };
    let all = envelope.value.iter().chain(&envelope.responses).flatten();
    let ranges: Vec<_> = all.map(|item| range(item)).collect();
    if !doubts.iter().all(|doubt| ranges.iter().any(|range| range.contains(doubt))) {
        return None;
    }
    collected(envelope, |item| doubts.iter().any(|doubt| range(item).contains(doubt)))
}

fn collected(envelope: Envelope<'_>, is_doubtful: impl Fn(&RawValue) -> bool) -> Option<Listing> {
    let Envelope { value, responses, next, delta } = envelope;
    let mut read = Listing { next, delta, ..Listing::default() };
    for item in value.or(responses)? {
        if is_doubtful(item) {
            read.unreadable.push(id_of(item));
        } else {
            read.items.push(item.to_owned());
        }
    }
    Some(read)
}

/// The JSON of an answer that is not a collection; none where it cannot be read, or not with certainty.
pub(crate) fn value(bytes: &[u8]) -> Option<serde_json::Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let Repaired { text, doubts } = repair(bytes);
    if doubts.is_empty() { serde_json::from_str(&text).ok() } else { None }
}

struct Repaired {
    text: String,
    /// Places in the text at which something stands for what cannot be read.
    doubts: Vec<usize>,
}

/// Stands in a text for what cannot be read; no id has it.
const PLACEHOLDER: &str = "\u{fffd}";

/// Makes JSON of what is nearly JSON, if that is possible.
fn repair(bytes: &[u8]) -> Repaired {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut out = Repaired { text: String::with_capacity(bytes.len() + 64), doubts: Vec::new() };
    let mut is_text = false;
    for chunk in bytes.utf8_chunks() {
        out.take(chunk.valid(), &mut is_text);
        if !chunk.invalid().is_empty() {
            out.doubt(if is_text { PLACEHOLDER } else { "" });
        }
    }
    out
}

impl Repaired {
    fn doubt(&mut self, instead: &str) {
        self.doubts.push(self.text.len());
        self.text.push_str(instead);
    }

    /// Takes a part of the answer that is UTF-8; `is_text` is whether it begins, and then whether it ends, inside a text.
    fn take(&mut self, part: &str, is_text: &mut bool) {
        let mut signs = part.char_indices().peekable();
        while let Some((at, sign)) = signs.next() {
            match sign {
                '"' => {
                    *is_text = !*is_text;
                    self.text.push(sign);
                }
                '\\' if *is_text => match signs.next() {
                    Some((_, escaped @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't'))) => {
                        self.text.push(sign);
                        self.text.push(escaped);
                    }
                    Some((from, 'u')) if is_hex(part, from + 1) => self.text.push_str("\\u"),
                    // What follows is an ordinary sign of the text again.
                    _ => self.doubt(PLACEHOLDER),
                },
                control if *is_text && u32::from(control) < 0x20 => {
                    let _ = write!(self.text, "\\u{:04x}", u32::from(control));
                }
                ',' if !*is_text => {
                    let rest = part[at + 1..].trim_start_matches([' ', '\t', '\r', '\n']);
                    if !rest.starts_with([']', '}']) {
                        self.text.push(sign);
                    }
                }
                letter if !*is_text && (letter.is_alphanumeric() || letter == '-' || letter == '+') => {
                    let end = part[at..].find(|c: char| !(c.is_alphanumeric() || "+-.".contains(c)));
                    let word = &part[at..end.map_or(part.len(), |end| at + end)];
                    while signs.peek().is_some_and(|(next, _)| *next < at + word.len()) {
                        signs.next();
                    }
                    if serde_json::from_str::<&RawValue>(word).is_ok() {
                        self.text.push_str(word);
                    } else {
                        self.doubt("null");
                    }
                }
                other => self.text.push(other),
            }
        }
    }
}

fn is_hex(part: &str, from: usize) -> bool {
    part.get(from..from + 4).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: impl AsRef<[u8]>) -> Option<(Vec<String>, Vec<Option<String>>)> {
        let Listing { items, unreadable, .. } = items(answer.as_ref())?;
        Some((items.iter().map(|item| item.get().to_owned()).collect(), unreadable))
    }

    fn page(second: impl AsRef<[u8]>) -> Vec<u8> {
        let (before, after) = (br#"{"value":[{"id":"1"},"#, br#",{"id":"3"}],"@odata.nextLink":"l"}"#);
        [before.as_slice(), second.as_ref(), after].concat()
    }

    #[test]
    fn what_can_be_read_rightly_is_read() {
        for (second, kept) in [
            ("{\"id\":\"2\",\"a\":\"x\u{1}\ty\nz\"}", r#"{"id":"2","a":"x\u0001\u0009y\u000az"}"#),
            (r#"{"id":"2","a":[1,2, ],}"#, r#"{"id":"2","a":[1,2 ]}"#),
            (r#"{"id":"2","id":"2"}"#, r#"{"id":"2","id":"2"}"#),
            (r#"{"id":"2","a":"\"\\,]}"}"#, r#"{"id":"2","a":"\"\\,]}"}"#),
        ] {
            let (items, unreadable) = read(page(second)).unwrap();
            assert_eq!((items[1].as_str(), items.len(), unreadable), (kept, 3, vec![]));
        }
        let marked = [b"\xef\xbb\xbf".as_slice(), &page("{}")].concat();
        assert_eq!(read(marked).unwrap().0.len(), 3);
        assert_eq!(value(b"{\"a\":\"\x02\",}"), Some(serde_json::json!({"a": "\u{2}"})));
    }

    #[test]
    fn one_item_that_cannot_be_read_is_that_item_alone_and_named_where_its_id_can_be() {
        for second in [
            &b"{\"id\":\"2\",\"a\":\"\xff\xfe\"}"[..],
            b"{\"id\":\"2\",\"a\":\"\xc3\"}",
            br#"{"id":"2","a":NaN}"#,
            br#"{"id":"2","a":[-Infinity]}"#,
            br#"{"id":"2","a":"\x41 and \q"}"#,
            br#"{"id":"2","a":"\u00"}"#,
            br#"{"a":undefined,"id":"2"}"#,
        ] {
            let (items, unreadable) = read(page(second)).unwrap_or_else(|| panic!("{second:?}"));
            let unreadable: Vec<_> = unreadable.iter().map(Option::as_deref).collect();
            assert_eq!(
                (items.len(), unreadable),
                (2, vec![Some("2")]),
                "{}",
                String::from_utf8_lossy(second)
            );
        }
        for second in [&b"{\"id\":\"\xff\"}"[..], b"NaN", br#"{"id":NaN}"#, b"[\"\xff\"]", b"\"\xff\""] {
            let (items, unreadable) = read(page(second)).unwrap();
            assert_eq!((items.len(), unreadable), (2, vec![None]), "{second:?}");
        }
    }

    #[test]
    fn what_is_no_collection_or_ends_too_early_is_not_believed() {
        let whole = page(b"{\"id\":\"2\",\"a\":\"\xff\"}");
        assert!(items(&whole).is_some());
        for end in 0..whole.len() {
            assert!(items(&whole[..end]).is_none(), "{}", String::from_utf8_lossy(&whole[..end]));
        }
        for wrong in [
            &b"<html><body>no</body></html>"[..],
            b"",
            b"{\"value\":[],\"@odata.nextLink\":\"\xff\"}",
            br#"{"value":[],"x":NaN}"#,
            br#"{"value":NaN}"#,
            br#"{"value":null}"#,
            br#"{"value":[{"id":"1"} {"id":"2"}]}"#,
            br#"{"value":[{"id":"1","a":"x}]}"#,
            br#"{"value":[]} and more"#,
        ] {
            assert!(items(wrong).is_none(), "{}", String::from_utf8_lossy(wrong));
            assert!(read(wrong).is_none());
        }
        assert_eq!(value(b"{\"a\":\"\xff\"}"), None, "a doubt is no value");
    }
}
