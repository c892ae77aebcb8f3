//! A file of JSON lines: FORMAT.md section 14. What is stored is written as it is stored, byte for byte.

use super::sources::{Head, What};
use domain::{Error, Result};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The first line: what the file is of, and what of it is not held.
pub(super) fn head(head: &Head<'_>) -> Result<Vec<u8>> {
    let head = match head {
        Head::Snapshot { view, gaps } => {
            let manifest = view.manifest();
            let not_held =
                gaps.iter().map(|gap| json!({ "part": gap.part, "cause": gap.cause, "why": gap.why }));
            json!({ "type": "snapshot", "snapshot": manifest.snapshot, "asOf": manifest.started_at,
                "notHeld": not_held.collect::<Vec<_>>() })
        }
        Head::Comparison(diff) => json!({ "type": "comparison", "comparison": diff.id, "before": diff.before,
            "after": diff.after, "notCompared": diff.not_compared }),
    };
    let mut line = Vec::new();
    write_line(&head, &mut line)?;
    Ok(line)
}

/// The line of a record.
pub(super) fn write(what: &What, to: &mut Vec<u8>) -> Result<()> {
    match what {
        What::Object { kind, key, object, facets } => {
            let object = whole(object, facets)?;
            write_line(&ObjectLine { r#type: "object", kind: kind.run(), key, object }, to)
        }
        What::Link { link, from, to: far, value } => {
            let value = (!value.is_empty()).then(|| raw(value.clone())).transpose()?;
            write_line(&LinkLine { r#type: "link", link: link.name, from, to: far, value }, to)
        }
        What::Change(change) => {
            let change = serde_json::to_value(change);
            let mut line = change.map_err(|e| Error::corrupt("a change cannot be written").caused_by(e))?;
            if let Value::Object(fields) = &mut line {
                fields.insert("type".to_owned(), "change".into());
            }
            write_line(&line, to)
        }
    }
}

#[derive(Serialize)]
struct ObjectLine<'a> {
    r#type: &'static str,
    kind: &'static str,
    key: &'a str,
    object: Box<RawValue>,
}

#[derive(Serialize)]
struct LinkLine<'a> {
    r#type: &'static str,
    link: &'static str,
    from: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Box<RawValue>>,
}

fn write_line(line: &impl Serialize, to: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(&mut *to, line)
        .map_err(|e| Error::corrupt("a line cannot be written").caused_by(e))?;
    to.push(b'\n');
    Ok(())
}

/// The object with its facets among its properties.
fn whole(object: &[u8], facets: &[(&'static str, Vec<u8>)]) -> Result<Box<RawValue>> {
    let inside = object.strip_prefix(b"{").unwrap_or(b"}");
    let mut text = vec![b'{'];
    for (number, (facet, value)) in facets.iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        text.extend_from_slice(format!("\"{facet}\":").as_bytes());
        text.extend_from_slice(value);
    }
    if !facets.is_empty() && inside != b"}" {
        text.push(b',');
    }
    text.extend_from_slice(inside);
    raw(text)
}

fn raw(json: Vec<u8>) -> Result<Box<RawValue>> {
    let broken = "a stored value cannot be read";
    let text = String::from_utf8(json).map_err(|e| Error::corrupt(broken).caused_by(e))?;
    RawValue::from_string(text).map_err(|e| Error::corrupt(broken).caused_by(e))
}
