//! The names of what values refer to, beside them.

use super::naming::Names;
use domain::Result;
use domain::changes::AttributeChange;
use domain::kinds::{Kind, KindName};
use serde_json::Value;
use std::collections::BTreeMap;

/// Puts the names of what values refer to beside them.
pub(crate) async fn name_references(
    names: &Names<'_>,
    kind: &Kind,
    attributes: &mut [AttributeChange],
) -> Result<()> {
    if kind.telling.names.is_empty() {
        return Ok(());
    }
    for attribute in attributes {
        let mut ids = BTreeMap::new();
        let innermost = attribute.path.rsplit(['/', ']']).next().unwrap_or_default().to_owned();
        for value in [&attribute.before, &attribute.after].into_iter().flatten() {
            refer(kind, &innermost, value, &mut ids);
        }
        for item in &attribute.items {
            refer(kind, "", &item.item, &mut ids);
            for part in &item.parts {
                let innermost = part.path.rsplit(['/', ']']).next().unwrap_or_default();
                for value in [&part.before, &part.after].into_iter().flatten() {
                    refer(kind, innermost, value, &mut ids);
                }
            }
        }
        for (id, kinds) in ids {
            if let Some(name) = names.find(kinds, &id).await? {
                attribute.names.insert(id, name);
            }
        }
    }
    Ok(())
}

/// Collects the ids that a value of a property refers to, with the kinds that they may be of.
fn refer(kind: &Kind, property: &str, value: &Value, ids: &mut BTreeMap<String, &'static [KindName]>) {
    match value {
        Value::String(id) => {
            if let Some(kinds) = kind.led_to(property) {
                ids.insert(id.clone(), kinds);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| refer(kind, property, item, ids)),
        Value::Object(map) => map.iter().for_each(|(key, value)| refer(kind, key, value, ids)),
        _ => {}
    }
}
