//! What is in the tenant before, and what happens to it: one of everything that a restore can do.

use super::{Admin, Rig};
use customer::{Cast, Happening, happen};
use serde_json::Value;

/// A [`customer::Stage`] of few, whose every refusal is a panic.
#[derive(Clone, Debug)]
pub struct Stage(customer::Stage);

impl Stage {
    pub async fn set_up(admin: &Admin) -> Self {
        Self(customer::Stage::set_up(admin.inner(), &Cast::FEW).await.unwrap())
    }

    /// The id of a person by first name, or of anything else by its display name.
    pub fn id(&self, name: &str) -> &str {
        self.0.id(name)
    }

    /// Edited, unlinked, taken away, altered, deleted for good, deleted softly.
    pub async fn happen(&self, admin: &Admin) {
        happen(admin.inner(), &self.0, &Happening::ONE_OF_EACH).await.unwrap();
    }
}

impl Rig {
    /// The stage, in the first tenant.
    pub async fn staged(&self) -> (Admin, Stage) {
        let admin = self.admin(self.tenant()).await;
        let stage = Stage::set_up(&admin).await;
        (admin, stage)
    }

    /// The live tenant as Microsoft has it: objects by collection and id.
    pub fn dump(&self) -> Value {
        self.control.dump(self.tenant().as_str())
    }
}
