//! A file that is a table: FORMAT.md section 14. Each property at the top of an object is a column of its name; what is more than
//! a text, a number or a truth is there as its JSON.

use super::sources::{Head, What};
use domain::changes::{Change, Class, LinkChange};
use domain::kinds::Kind;
use domain::{Error, Result, csv};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The columns that each table of a snapshot begins with. Why so named: no property at Microsoft begins with that.
const OF_SNAPSHOT: [&str; 7] = ["_record", "_kind", "_key", "_name", "_relation", "_to", "_value"];
/// The last column of such a table: properties that have none of their own, as one JSON object.
const MORE: &str = "_more";
/// The columns of a table of changes.
const OF_CHANGES: [&str; 12] =
    ["record", "kind", "key", "name", "what", "class", "weight", "path", "to", "toName", "before", "after"];

/// The head of the table, and a line for each part that is not held.
pub(super) fn head(head: &Head<'_>, columns: &[String]) -> Result<Vec<u8>> {
    let mut table = Vec::new();
    match head {
        Head::Snapshot { gaps, .. } => {
            let own = columns.iter().map(String::as_str);
            put(&mut table, OF_SNAPSHOT.into_iter().chain(own).chain([MORE]))?;
            for gap in gaps {
                let kind = gap.part.split(['.', '/']).next().unwrap_or_default();
                let cells = ["not-held", kind, "", &gap.part, "", "", &gap.why].into_iter();
                put(&mut table, cells.chain(std::iter::repeat_n("", columns.len() + 1)))?;
            }
        }
        Head::Comparison(diff) => {
            put(&mut table, OF_CHANGES)?;
            for part in &diff.not_compared {
                put(
                    &mut table,
                    ["not-compared", "", "", "", "", "", "", &part.source, "", "", "", &part.why],
                )?;
            }
        }
    }
    Ok(table)
}

/// The lines of a record: one, but for a change, which has one for each attribute and link that differs.
pub(super) fn write(what: &What, columns: &[String], to: &mut Vec<u8>) -> Result<()> {
    match what {
        What::Object { kind, key, object, facets } => write_object((kind, key), object, facets, columns, to),
        What::Link { link, from, to: far, value } => {
            let kind = link.name.split('.').next().unwrap_or_default();
            let cells = ["link", kind, from, "", link.relation, far, text(value)?].into_iter();
            put(to, cells.chain(std::iter::repeat_n("", columns.len() + 1)))
        }
        What::Change(change) => write_change(change, to),
    }
}

fn write_object(
    (kind, key): (&Kind, &str),
    object: &[u8],
    facets: &[(&'static str, Vec<u8>)],
    columns: &[String],
    to: &mut Vec<u8>,
) -> Result<()> {
    let broken = |e| Error::corrupt("a stored object cannot be read").caused_by(e);
    let object = if object.is_empty() { b"{}" } else { object };
    let mut values: BTreeMap<String, &RawValue> = serde_json::from_slice(object).map_err(broken)?;
    for (facet, value) in facets {
        values.insert((*facet).to_owned(), serde_json::from_slice(value).map_err(broken)?);
    }
    let name = values.get(kind.name_property).map_or(Ok(Cow::Borrowed("")), |value| cell(value))?;
    let mut cells =
        vec!["object".into(), kind.run().into(), key.into(), name, "".into(), "".into(), "".into()];
    for column in columns {
        cells.push(values.remove(column).map_or(Ok("".into()), cell)?);
    }
    let more = if values.is_empty() { String::new() } else { json(&values)? };
    cells.push(more.into());
    put(to, cells.iter().map(AsRef::as_ref))
}

fn write_change(change: &Change, to: &mut Vec<u8>) -> Result<()> {
    let kind = change.kind.to_string();
    let name = change.name.as_deref().unwrap_or_default();
    let (what, weight) = (word(&change.what)?, change.rating.weight.to_string());
    let mut line = |record: &str, what: &str, class: Class, rest: [&str; 5]| {
        let class = word(&class)?;
        let object = [record, &kind, &change.key, name, what, &class, &weight];
        put(to, object.into_iter().chain(rest))
    };
    line("change", &what, change.rating.class, [""; 5])?;
    for attribute in &change.attributes {
        let (before, after) = attribute.shown();
        let (before, after) = (shown(before.as_ref())?, shown(after.as_ref())?);
        line("attribute", &what, attribute.class, [&attribute.path, "", "", &before, &after])?;
    }
    for LinkChange { link, to: far, to_name, what, before, after, class } in &change.links {
        let (before, after) = (shown(before.as_ref())?, shown(after.as_ref())?);
        let name = to_name.as_deref().unwrap_or_default();
        line("link", &word(what)?, *class, [link, far, name, &before, &after])?;
    }
    Ok(())
}

/// What a closed word is called where it is stored.
fn word(of: &impl serde::Serialize) -> Result<String> {
    let value =
        serde_json::to_value(of).map_err(|e| Error::corrupt("a word cannot be written").caused_by(e))?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// A value as a cell: a text as it is, nothing as nothing, all else as its JSON.
fn shown(value: Option<&Value>) -> Result<String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => json(other),
    }
}

/// The same of a value that was not taken apart.
fn cell(value: &RawValue) -> Result<Cow<'_, str>> {
    match value.get() {
        "null" => Ok("".into()),
        text if text.starts_with('"') => {
            let text: String = serde_json::from_str(text)
                .map_err(|e| Error::corrupt("a stored text cannot be read").caused_by(e))?;
            Ok(text.into())
        }
        other => Ok(other.into()),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::corrupt("a value cannot be written").caused_by(e))
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|e| Error::corrupt("a stored value is not text").caused_by(e))
}

fn put<'a>(to: &mut Vec<u8>, cells: impl IntoIterator<Item = &'a str>) -> Result<()> {
    to.extend_from_slice(csv::line(cells)?.as_bytes());
    Ok(())
}
