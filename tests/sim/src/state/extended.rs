//! Directory extensions: which a tenant has, and the values that its objects have of them.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{Index, Kind};
use crate::schema;

/// What an application defined.
#[derive(Clone)]
pub(crate) struct Definition {
    pub id: String,
    pub data_type: String,
    pub multi_valued: bool,
    pub synced: bool,
    pub targets: Vec<String>,
}

impl Definition {
    /// Whether objects of that kind can have it.
    pub fn is_for(&self, kind: Kind) -> bool {
        self.targets.iter().any(|target| target.eq_ignore_ascii_case(schema::of(kind).entity))
    }

    /// As Graph describes it.
    pub fn json(&self, name: &str) -> Value {
        json!({
            "id": self.id, "deletedDateTime": null, "appDisplayName": "Human Resources", "name": name,
            "dataType": self.data_type, "isMultiValued": self.multi_valued,
            "isSyncedFromOnPremises": self.synced, "targetObjects": self.targets,
        })
    }
}

/// The extensions of one tenant.
#[derive(Clone, Default)]
pub(crate) struct Extended {
    pub definitions: BTreeMap<String, Definition>,
    values: HashMap<Index, BTreeMap<String, Value>>,
}

impl Extended {
    pub fn value(&self, index: Index, name: &str) -> Option<&Value> {
        self.values.get(&index)?.get(name)
    }

    /// All values of an object.
    pub fn values(&self, index: Index) -> impl Iterator<Item = (&String, &Value)> {
        self.values.get(&index).into_iter().flatten()
    }

    /// Writes a value, or takes it away; whether anything changed.
    pub fn set(&mut self, index: Index, name: &str, value: &Value) -> bool {
        let is_none = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        let values = self.values.entry(index).or_default();
        if is_none {
            return values.remove(name).is_some();
        }
        values.insert(name.to_owned(), value.clone()).as_ref() != Some(value)
    }

    /// The definition goes, and its values with it.
    pub fn undefine(&mut self, name: &str) {
        self.definitions.remove(name);
        for values in self.values.values_mut() {
            values.remove(name);
        }
    }

    pub fn forget(&mut self, index: Index) {
        self.values.remove(&index);
    }
}
