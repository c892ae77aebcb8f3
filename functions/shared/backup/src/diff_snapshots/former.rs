//! Roles whose holder, or what they are held over, is gone for good. Whether Graph goes on listing them is not documented, and
//! PIM was seen to do so for days. They give nobody anything, so they count as gone, and nothing here depends on it.
//!
//! Where somebody came, went or was created again, both sides of their roles are looked at as they are: what is listed by the same
//! key on both sides shows no difference, and may be one all the same.

use super::matching::ids_of;
use super::objects::{Comparison, Pair, Side};
use super::state::State;
use crate::archive::SnapshotView;
use domain::Result;
use domain::kinds::{Kind, Reference};
use serde_json::{Map, Value};

impl Comparison<'_> {
    /// The snapshot of a side that holds a kind, if one does.
    pub(super) fn view(&self, side: Side, kind: &Kind) -> Option<&SnapshotView> {
        let view = match side {
            Side::Before => self.before.of(kind.run()),
            Side::After => self.after,
        };
        view.covers(kind).then_some(view)
    }

    /// The fact that somebody holds a role, as a side has it; none where that side does not hold the kind, or where the fact is
    /// merely still listed.
    async fn find_fact(&self, side: Side, kind: &Kind, key: &str) -> Result<Option<Map<String, Value>>> {
        let Some(view) = self.view(side, kind) else { return Ok(None) };
        let Some(fact) = view.find_object(kind, key).await? else { return Ok(None) };
        for (reference, id) in kind.ends(&fact) {
            if self.is_gone(side, reference, id).await? {
                return Ok(None);
            }
        }
        Ok(Some(fact))
    }

    /// Whether what a reference leads to is gone for good on a side. Of what is on neither side, and may be of a kind that is not
    /// read, nothing is known.
    async fn is_gone(&self, side: Side, reference: &Reference, id: &str) -> Result<bool> {
        let other = if side == Side::Before { Side::After } else { Side::Before };
        let was_replaced = self.ids.was_replaced(id);
        let mut was_there = was_replaced || reference.kinds.len() == 1;
        for kind in reference.kinds {
            let kind = kind.row()?;
            let Some(view) = self.view(side, kind) else { return Ok(false) };
            if view.find_object(kind, id).await?.is_some() {
                return Ok(false);
            }
            // Whoever was created again under another id has none of what is listed by this one, wherever they lie.
            if !was_replaced && !view.is_gone(kind, id).await? {
                return Ok(false);
            }
            if let (false, Some(view)) = (was_there, self.view(other, kind)) {
                was_there = view.find_object(kind, id).await?.is_some();
            }
        }
        Ok(was_there)
    }

    /// Sets apart the roles of whoever came, went or was created again, and those over what did.
    pub(super) async fn put_facts_apart(&self, state: &mut State) -> Result<()> {
        if state.ends.is_empty() && self.ids.is_empty() {
            return Ok(());
        }
        for kind in self.kinds.iter().filter(|kind| kind.grant().is_some()) {
            for side in [Side::Before, Side::After] {
                let Some(view) = self.view(side, kind) else { continue };
                let matters =
                    |key: &str| ids_of(key).any(|id| state.ends.contains(id) || self.ids.concerns(id));
                for (key, _) in view.list_where(kind, matters).await? {
                    state.put_apart(kind.run(), self.ids.key(kind, &key), &key);
                }
            }
        }
        Ok(())
    }

    /// The fact that somebody holds a role, by the key that it has now, as a side has it, and the key that it has there: of what
    /// was created again it may be a former one.
    pub(super) async fn fact_of(
        &self,
        state: &State,
        side: Side,
        kind: &Kind,
        now: &str,
    ) -> Result<Option<(String, Map<String, Value>)>> {
        let former = state.keys_apart(kind.run(), now).map(String::as_str).filter(|key| *key != now);
        for key in std::iter::once(now).chain(former) {
            if let Some(fact) = self.find_fact(side, kind, key).await? {
                return Ok(Some((key.to_owned(), fact)));
            }
        }
        Ok(None)
    }

    /// Both sides of a role as they are.
    pub(super) async fn fact_apart(&self, state: &State, kind: &Kind, now: &str) -> Result<Pair> {
        let before = self.fact_of(state, Side::Before, kind, now).await?;
        let after = self.fact_of(state, Side::After, kind, now).await?;
        Ok(Pair::whole(before, after.map(|(_, fact)| fact)))
    }
}
