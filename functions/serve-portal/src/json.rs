//! Answers of the API, read by the names of their fields.
//!
//! Pages show what is there: a field that an answer does not have is shown as nothing, never made up. Lists of the API are
//! read by [`crate::api`], which fails where an answer has none.

use serde_json::Value;

/// Reads fields by name, or deeper ones by a pointer such as `/tenant/name`.
pub trait Fields {
    /// The value of that name; null where there is none.
    fn field(&self, name: &str) -> &Value;

    /// The text of that name; empty where there is none.
    fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }

    /// The text of that name, where there is one and it is not empty.
    fn some(&self, name: &str) -> Option<&str> {
        self.field(name).as_str().filter(|text| !text.is_empty())
    }

    /// The number of that name, where there is one.
    fn number(&self, name: &str) -> Option<i64> {
        self.field(name).as_i64()
    }

    /// Whether the field of that name is true.
    fn is(&self, name: &str) -> bool {
        self.field(name).as_bool().unwrap_or(false)
    }

    /// The items of that name; none where there is no list.
    fn items(&self, name: &str) -> &[Value] {
        self.field(name).as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

impl Fields for Value {
    fn field(&self, name: &str) -> &Value {
        const NOTHING: &Value = &Value::Null;
        let found = if name.starts_with('/') { self.pointer(name) } else { self.get(name) };
        found.unwrap_or(NOTHING)
    }
}
