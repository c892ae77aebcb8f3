//! Small collections (roles, schedules, policies) whose objects are kept as JSON.

use std::collections::HashMap;

use serde_json::Value;

#[derive(Clone, Default)]
pub(crate) struct Docs {
    order: Vec<Option<Value>>,
    places: HashMap<String, usize>,
}

impl Docs {
    pub fn insert(&mut self, id: &str, value: Value) {
        if let Some(place) = self.places.get(id) {
            self.order[*place] = Some(value);
        } else {
            self.places.insert(id.to_owned(), self.order.len());
            self.order.push(Some(value));
        }
    }

    pub fn get(&self, id: &str) -> Option<&Value> {
        self.places.get(id).and_then(|place| self.order[*place].as_ref())
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        self.places.get(id).and_then(|place| self.order[*place].as_mut())
    }

    pub fn remove(&mut self, id: &str) -> Option<Value> {
        self.places.remove(id).and_then(|place| self.order[place].take())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.order.iter().flatten()
    }

    pub fn positions(&self) -> usize {
        self.order.len()
    }

    pub fn at(&self, position: usize) -> Option<&Value> {
        self.order.get(position).and_then(Option::as_ref)
    }
}
