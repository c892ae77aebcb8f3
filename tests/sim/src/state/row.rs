//! An object's properties in one allocation: only those that differ from the default.
//!
//! A row is a sequence of `[property: u8][length: u24][JSON text]`, so that half a million users fit in memory
//! and an answer is written by copying bytes.

/// The stored properties of one object.
#[derive(Clone, Default)]
pub(crate) struct Row(Box<[u8]>);

impl Row {
    pub fn iter(&self) -> RowIter<'_> {
        RowIter(&self.0)
    }

    pub fn get(&self, property: u8) -> Option<&[u8]> {
        self.iter().find(|(p, _)| *p == property).map(|(_, json)| json)
    }

    pub fn json(&self, property: u8) -> Option<serde_json::Value> {
        self.get(property).and_then(|json| serde_json::from_slice(json).ok())
    }

    pub fn text(&self, property: u8) -> Option<String> {
        self.get(property).and_then(|json| serde_json::from_slice(json).ok())
    }

    pub fn is_true(&self, property: u8) -> bool {
        self.get(property) == Some(b"true")
    }

    /// A new row with these properties replaced; `None` takes the property away.
    pub fn with(&self, changes: &[(u8, Option<String>)]) -> Self {
        let mut builder = RowBuilder::default();
        for (property, json) in self.iter() {
            if !changes.iter().any(|(p, _)| *p == property) {
                builder.push(property, json);
            }
        }
        for (property, json) in changes {
            if let Some(json) = json {
                builder.push(*property, json.as_bytes());
            }
        }
        builder.build()
    }
}

pub(crate) struct RowIter<'a>(&'a [u8]);

impl<'a> Iterator for RowIter<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_at_checked(4)?;
        let length = usize::from(head[1]) | usize::from(head[2]) << 8 | usize::from(head[3]) << 16;
        let (json, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((head[0], json))
    }
}

/// Builds a row, property by property.
#[derive(Default)]
pub(crate) struct RowBuilder(Vec<u8>);

impl RowBuilder {
    pub fn push(&mut self, property: u8, json: &[u8]) {
        let length = u32::try_from(json.len()).expect("a property is shorter than 16 MB").to_le_bytes();
        self.0.extend_from_slice(&[property, length[0], length[1], length[2]]);
        self.0.extend_from_slice(json);
    }

    pub fn push_value(&mut self, property: u8, value: &serde_json::Value) {
        self.push(property, value.to_string().as_bytes());
    }

    pub fn build(self) -> Row {
        Row(self.0.into_boxed_slice())
    }
}
