//! The place of anchors, as a map.

use crate::lock;
use async_trait::async_trait;
use domain::Result;
use engine::ports::{AnchorName, Anchors, Put};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Signed heads in memory.
#[derive(Default)]
pub struct MemoryAnchors(pub(super) Mutex<BTreeMap<AnchorName, String>>);

impl MemoryAnchors {
    /// All that is kept, in the order of its names.
    pub fn all(&self) -> Vec<(AnchorName, String)> {
        lock(&self.0).iter().map(|(name, text)| (name.clone(), text.clone())).collect()
    }
}

#[async_trait]
impl Anchors for MemoryAnchors {
    async fn put_new(&self, name: &AnchorName, text: &str) -> Result<Put> {
        let mut kept = lock(&self.0);
        if kept.contains_key(name) {
            return Ok(Put::AlreadyThere);
        }
        kept.insert(name.clone(), text.to_owned());
        Ok(Put::New)
    }

    async fn find(&self, name: &AnchorName) -> Result<Option<String>> {
        Ok(lock(&self.0).get(name).cloned())
    }
}
