//! Queries: what is asked for in an address, and the shape of a collection that answers.

use domain::{
    Error, Result,
    kinds::{Gives, KINDS, Kind, Source},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A value as one part of a path, or inside a query.
pub(crate) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, KEPT).to_string()
}

/// Where one object of a kind is.
pub(crate) fn one(kind: &Kind, id: &str) -> String {
    format!("{}/{}", kind.path, encoded(id))
}

/// `path?query` of the options that are there.
pub(crate) fn with_query(path: &str, select: &[&str], expand: &str, top: Option<u32>) -> String {
    let mut query = Vec::new();
    if !select.is_empty() {
        query.push(format!("$select={}", select.join(",")));
    }
    if !expand.is_empty() {
        query.push(format!("$expand={expand}"));
    }
    if let Some(top) = top {
        query.push(format!("$top={top}"));
    }
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// `property eq 'value'`, encoded.
pub(crate) fn equals(property: &str, value: &str) -> String {
    encoded(&format!("{property} eq '{}'", value.replace('\'', "''")))
}

/// The kind whose source it is.
pub(crate) fn kind_of(source: &Source) -> Option<&'static Kind> {
    KINDS.iter().copied().find(|k| k.reading.iter().any(|s| s.name == source.name))
}

/// Whether a source means nothing without this property: an id, a link, the facet itself. One that is
/// left out would look like one that is empty.
pub(crate) fn is_indispensable(source: &Source, property: &str) -> bool {
    property == "id"
        || matches!(source.gives, Gives::Facet(facet) if facet == property)
        || kind_of(source).is_none_or(|k| k.link(property).is_some())
}

/// The parts of an `$expand` at its top: each relation with the options in its parentheses.
pub(crate) fn relations(expand: &str) -> Vec<(&str, &str)> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in expand.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&expand[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&expand[start..]);
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once('(') {
            Some((name, options)) => (name, options.strip_suffix(')').unwrap_or(options)),
            None => (part, ""),
        })
        .collect()
}

/// A page of a collection.
pub(crate) struct Collection {
    pub(crate) items: Vec<Value>,
    pub(crate) next: Option<String>,
}

/// Reads a reply as a page.
///
/// # Errors
/// `Unavailable` when it is none: a reply without `value` is not an empty page.
pub(crate) fn collection(mut body: Value, what: &str) -> Result<Collection> {
    let mut link = |name: &str| match body.get_mut(name).map(Value::take) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(link)) => Ok(Some(link)),
        Some(_) => Err(Error::unavailable(format!("{what}: {name} is not a link"))),
    };
    let next = link("@odata.nextLink")?;
    match body.get_mut("value").map(Value::take) {
        Some(Value::Array(items)) => Ok(Collection { items, next }),
        _ => Err(Error::unavailable(format!("{what}: Graph's answer is not a collection"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expand_is_cut_at_its_top_only() {
        assert_eq!(
            relations("assignments,settings,rules($expand=a($expand=b),c)"),
            [("assignments", ""), ("settings", ""), ("rules", "$expand=a($expand=b),c")]
        );
        assert_eq!(
            relations("rules($select=id,name),settings"),
            [("rules", "$select=id,name"), ("settings", "")]
        );
        assert!(relations("").is_empty());
    }

    #[test]
    fn a_quote_in_a_value_cannot_end_the_filter() {
        assert_eq!(equals("displayName", "O'Neil & 1"), "displayName%20eq%20%27O%27%27Neil%20%26%201%27");
    }

    #[test]
    fn links_ids_and_facets_are_never_left_out() {
        let users = domain::kinds::get("users").unwrap();
        assert!(is_indispensable(&users.reading[0], "manager"));
        assert!(is_indispensable(&users.reading[0], "id"));
        assert!(!is_indispensable(&users.reading[0], "faxNumber"));
        assert!(is_indispensable(&users.reading[1], "customSecurityAttributes"));
    }
}
