//! What a difference of one object comes to: what happened to it, which attributes differ, and what its links show.

use super::earlier::Earlier;
use super::ends::Ends;
use super::holders::Holders;
use super::matching::NewIds;
use super::naming::Names;
use super::references::name_references;
use super::state::State;
use super::stream::Record;
use super::unknown;
use crate::archive::{SnapshotView, TenantArchive, read_object};
use domain::changes::{Change, Class, Rating, What, compare_objects, equal_values, observe_objects, type_of};
use domain::kinds::{Kind, LinkType, LinkWrite};
use domain::{Error, Result};
use engine::records::Diff;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use tokio::sync::OnceCell;

/// Two opened snapshots of one tenant, and what of them is compared.
pub(super) struct Comparison<'a> {
    pub(super) archive: &'a TenantArchive,
    pub(super) diff: &'a Diff,
    pub(super) before: &'a Earlier,
    pub(super) after: &'a SnapshotView,
    pub(super) ids: &'a NewIds,
    pub(super) kinds: &'a [&'static Kind],
    /// The id of the only object that is compared; none means all.
    pub(super) object: Option<&'a String>,
    /// Who holds a role, once that was looked up.
    pub(super) holders: OnceCell<Holders>,
    /// The ids of accounts that are kept for emergencies.
    pub(super) break_glass: &'a BTreeSet<String>,
}

/// One of the two sides of a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

/// The two sides of an object, as far as they differ.
#[derive(Default)]
pub(super) struct Pair {
    old_key: Option<String>,
    before: Option<Map<String, Value>>,
    after: Option<Map<String, Value>>,
    /// Whether the object is there before and after, where its own record says it.
    known: Option<(bool, bool)>,
}

impl Pair {
    /// Both sides of an object as they are, and the key that it had before.
    pub(super) fn whole(
        before: Option<(String, Map<String, Value>)>,
        after: Option<Map<String, Value>>,
    ) -> Self {
        let (old_key, before) = before.unzip();
        Self { old_key, before, after, known: None }
    }

    /// Takes the object to be there on those sides on which its own record is.
    pub(super) fn know(&mut self, record: &Record) {
        self.known = Some((record.before.is_some(), record.after.is_some()));
    }

    /// Whether the two sides are equal.
    pub(super) fn is_empty(&self) -> bool {
        self.before.is_none() && self.after.is_none()
    }

    /// Adds a record that differs to both sides: the object's own record, or one property of it.
    pub(super) fn lay(&mut self, facet: Option<&str>, record: &Record) -> Result<()> {
        if let Some(value) = &record.before {
            self.old_key = Some(record.key.clone());
            lay(&mut self.before, facet, value)?;
        }
        if let Some(value) = &record.after {
            lay(&mut self.after, facet, value)?;
        }
        Ok(())
    }
}

/// What the difference of one link means.
pub(super) struct Judged {
    pub(super) what: What,
    /// The end that came or went, of which the link's own change is a consequence.
    pub(super) comes_with: Option<String>,
}

impl Comparison<'_> {
    pub(super) fn names(&self) -> Names<'_> {
        Names::new(std::iter::once(self.after).chain(self.before.views()))
    }

    /// Whether the object is there before and after.
    pub(super) async fn presence(
        &self,
        state: &State,
        kind: &Kind,
        key: &str,
        pair: &Pair,
    ) -> Result<(bool, bool)> {
        if kind.grant().is_some() {
            let before = self.fact_of(state, Side::Before, kind, key).await?.is_some();
            return Ok((before, self.fact_of(state, Side::After, kind, key).await?.is_some()));
        }
        if let Some(known) = pair.known {
            return Ok(known);
        }
        let old_key = pair.old_key.as_deref().unwrap_or(key);
        // Why the objects' own run is asked: a facet can come or go while the object stays.
        let earlier = self.before.of(kind.run());
        let before = is_object(pair.before.as_ref()) || earlier.find_object(kind, old_key).await?.is_some();
        let after = is_object(pair.after.as_ref()) || self.after.find_object(kind, key).await?.is_some();
        Ok((before, after))
    }

    /// The change of one object that differs; none where the difference has no meaning.
    pub(super) async fn object_change(
        &self,
        state: &State,
        kind: &'static Kind,
        key: &str,
        pair: Pair,
    ) -> Result<Option<Change>> {
        let presence = self.presence(state, kind, key, &pair).await?;
        let old_key = pair.old_key.unwrap_or_else(|| key.to_owned());
        let (what, attributes, known) = match presence {
            (false, false) => return Ok(None),
            (false, true) => (What::Created, Vec::new(), pair.after),
            (true, false) => (What::Deleted, Vec::new(), pair.before),
            (true, true) => {
                let before = self.ids.object(kind, pair.before.unwrap_or_default());
                let after = pair.after.unwrap_or_default();
                let mut attributes = compare_objects(kind, &before, &after);
                // Why not of what was created again: nothing is observed that the new object merely has of its own.
                if old_key == key {
                    let seen = observe_objects(kind, &before, &after, &attributes);
                    attributes.extend(seen);
                    attributes.sort_by(|one, other| one.path.cmp(&other.path));
                }
                let earlier = self.before.of(kind.run());
                unknown::forget(&mut attributes, kind, [(earlier, &before), (self.after, &after)]);
                let everywhere = state.everywhere(kind);
                attributes.retain(|a| !everywhere.explains(type_of(&after), a));
                if old_key != key {
                    // Why not these: what the service gives to a new object cannot be given back.
                    attributes.retain(|a| !kind.read_only.contains(&a.property.as_str()));
                }
                if attributes.is_empty() {
                    return Ok(None);
                }
                name_references(&self.names(), kind, &mut attributes).await?;
                let known = pair.known.and(Some(after));
                (What::Modified, attributes, known)
            }
        };
        let mut change = self.change(kind, (&old_key, key), what, known).await?;
        change.attributes = attributes;
        Ok(Some(change))
    }

    /// A change of the object that had the first key before and has the second now, still without attributes and links.
    /// `known` is what one side says of it, where that is at hand.
    pub(super) async fn change(
        &self,
        kind: &'static Kind,
        (old_key, key): (&str, &str),
        what: What,
        known: Option<Map<String, Value>>,
    ) -> Result<Change> {
        // Why not always looked up: what somebody who was created again is given under the former id is in the run by
        // that, and told by the newest. Why not always as known: that may be a facet alone.
        let object = match known.filter(|known| is_object(Some(known))) {
            Some(known) => Some(known),
            None => match self.after.find_object(kind, key).await? {
                Some(object) => Some(object),
                None => self.before.of(kind.run()).find_object(kind, old_key).await?,
            },
        };
        let object = object.unwrap_or_default();
        let how = self.how(kind, (old_key, key), what).await?;
        let is_services =
            kind.telling.by_service.is_some_and(|property| object.get(property) == Some(&Value::Bool(true)));
        let class = if is_services { Class::Service } else { Class::Change };
        let name = self.names().of(kind, &object).await?;
        Ok(Change {
            kind: kind.name.into(),
            key: old_key.to_owned(),
            new_key: (old_key != key).then(|| key.to_owned()),
            name,
            what,
            ends_at: None,
            since: self.before.since(kind.run()).cloned(),
            attributes: Vec::new(),
            links: Vec::new(),
            consequences: 0,
            privileged: !is_services && (kind.privileged || kind.can_hold_role(&object)),
            rating: Rating { how, class, ..Rating::default() },
        })
    }
}

impl Comparison<'_> {
    /// What the difference of one link means; none where both sides are the same. `rights` remembers, for the links
    /// of one object, whether that object can or could hold a role.
    pub(super) async fn judge(
        &self,
        kind: &'static Kind,
        (from, to): (&str, &str),
        sides: (Option<&Value>, Option<&Value>),
        ends: &Ends,
        rights: &mut Option<bool>,
    ) -> Result<Option<Judged>> {
        let what = match sides {
            (Some(b), Some(a)) if link_says_the_same(b, a) => return Ok(None),
            (Some(_), Some(_)) => What::Modified,
            (Some(_), None) => What::Deleted,
            (None, _) => What::Created,
        };
        let far = far_of(to);
        let (is_near, is_far) = (ends.contains(from), ends.contains(far));
        if !(is_near || is_far) {
            return Ok(Some(Judged { what, comes_with: None }));
        }
        let is_of_rights = match *rights {
            Some(known) => known,
            None => self.is_role_assignable(kind, from).await?,
        };
        *rights = Some(is_of_rights);
        // Why before the ends: what gives rights is reported where it is given, even if one of the ends is new or
        // gone. Of a group that is gone itself it is reported who lost them, unless they are gone as well.
        let comes_with = match (is_near, is_far) {
            (true, _) if !is_of_rights => Some(from),
            (_, true) if !(is_of_rights && what == What::Created) => Some(far),
            _ => None,
        };
        Ok(Some(Judged { what, comes_with: comes_with.map(str::to_owned) }))
    }

    /// Whether the link's difference is worth reporting: not for a link to what was gone before or is held nowhere,
    /// since that is not new; nor for one that a side does not know. `from` is the id that the object had before, and
    /// the one that it has now.
    pub(super) async fn is_worth_reporting(
        &self,
        (kind, link): (&Kind, &LinkType),
        from: (&str, &str),
        to: &str,
        what: What,
        before: Option<&Value>,
    ) -> Result<bool> {
        // An assignment to a group that neither side has reaches nobody.
        let may_be_dead =
            what == What::Deleted || what == What::Created && link.write == LinkWrite::AssignAll;
        if may_be_dead && self.is_held_nowhere(link, far_of(to), before).await? {
            return Ok(false);
        }
        let earlier = self.before.of(kind.run());
        crate::held::both_know(kind, link, [(earlier, from.0), (self.after, from.1)]).await
    }

    /// Whether an object is a group that can hold a role; of one that is gone, whether it could.
    async fn is_role_assignable(&self, kind: &'static Kind, key: &str) -> Result<bool> {
        if !kind.is_group() {
            return Ok(false);
        }
        let group = match self.after.find_object(kind, key).await? {
            Some(group) => Some(group),
            None => self.before.of(kind.run()).find_object(kind, key).await?,
        };
        Ok(group.is_some_and(|group| kind.can_hold_role(&group)))
    }

    /// Whether the far end is of a kind that both sides hold, and neither has it: it is in the recycle bin or
    /// gone, since before the earlier side. Whether Graph still lists such a link is not documented.
    async fn is_held_nowhere(&self, link: &LinkType, far: &str, said: Option<&Value>) -> Result<bool> {
        let odata_type = said.and_then(|v| v.get("@odata.type")).and_then(Value::as_str);
        let covers = |k: &&Kind| self.before.of(k.run()).covers(k) && self.after.covers(k);
        let kind = link.end(odata_type).filter(covers);
        let Some(kind) = kind else {
            return Ok(false);
        };
        if !domain::ids::is_guid(far) {
            return Ok(false);
        }
        Ok(self.before.of(kind.run()).find_object(kind, far).await?.is_none()
            && self.after.find_object(kind, far).await?.is_none())
    }
}

/// Whether two readings of one link say the same: the numbers and dates that the service adds do not count.
pub(crate) fn link_says_the_same(before: &Value, after: &Value) -> bool {
    let said = |value: &Value| {
        let mut map = value.as_object().cloned().unwrap_or_default();
        map.retain(|k, _| !["id", "source", "sourceId", "@odata.type", "@odata.id"].contains(&k.as_str()));
        Value::Object(map)
    };
    equal_values(&said(before), &said(after))
}

fn far_of(to: &str) -> &str {
    to.split('!').next().unwrap_or(to)
}

fn is_object(side: Option<&Map<String, Value>>) -> bool {
    side.is_some_and(|o| o.contains_key("id"))
}

/// Adds a record to one side: the object's own record, or one property of it.
fn lay(side: &mut Option<Map<String, Value>>, facet: Option<&str>, value: &[u8]) -> Result<()> {
    let object = side.get_or_insert_with(Map::new);
    match facet {
        None => object.extend(read_object(value)?),
        Some(property) => {
            let value = serde_json::from_slice(value)
                .map_err(|e| Error::corrupt("a stored value cannot be read").caused_by(e))?;
            object.insert(property.to_owned(), value);
        }
    }
    Ok(())
}
