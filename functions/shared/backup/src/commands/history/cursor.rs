//! Where a part of a history ends, and the next begins.

use super::HistoryOf;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Error, Result, SnapshotId, TenantId};
use serde::{Deserialize, Serialize};

/// Where a part begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// What the history is of: a hash, which is no secret and catches a mistake.
    of: String,
    /// The newest snapshot when the first part was asked for.
    pub(super) newest: SnapshotId,
    /// The snapshot at which to go on: whatever became of anything after it is told.
    pub(super) at: SnapshotId,
    /// Of the versions of that snapshot the last one that is told, by the snapshot before; those that are older are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<SnapshotId>,
    /// How many links of that version are told; none where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) links: Option<usize>,
    /// Whether something was left out of the parts before: a span in which something was not held, or what cannot be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) left_out: bool,
    /// Who is taken for the object, and by which property.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) guesses: Vec<(String, String)>,
    /// Whether it is the beginning of the first part.
    #[serde(skip)]
    pub(super) is_first: bool,
}

impl Place {
    /// The beginning of a history.
    pub(super) fn at(newest: SnapshotId) -> Self {
        Self {
            of: String::new(),
            at: newest.clone(),
            newest,
            since: None,
            links: None,
            left_out: false,
            guesses: Vec::new(),
            is_first: true,
        }
    }

    /// The place behind which nothing of that snapshot is told.
    pub(super) fn going_on(&self, at: SnapshotId) -> Self {
        Self { at, since: None, links: None, is_first: false, ..self.clone() }
    }

    /// The place behind a version, or within it.
    pub(super) fn behind(&self, at: &SnapshotId, since: &SnapshotId, links: Option<usize>) -> Self {
        Self { at: at.clone(), since: Some(since.clone()), links, is_first: false, ..self.clone() }
    }

    /// Whether a version is told already, all of it.
    pub(super) fn is_told(&self, at: &SnapshotId, since: &SnapshotId) -> bool {
        if *at != self.at {
            return *at > self.at;
        }
        match &self.since {
            None => false,
            Some(told) if self.links.is_some() => since > told,
            Some(told) => since >= told,
        }
    }

    /// How many links of a version are told already.
    pub(super) fn told_links(&self, at: &SnapshotId, since: &SnapshotId) -> Option<usize> {
        self.links.filter(|_| *at == self.at && self.since.as_ref() == Some(since))
    }

    /// The place of a cursor.
    ///
    /// # Errors
    /// `Invalid` naming `cursor` when it is none of that history.
    pub(super) fn of(cursor: &str, tenant: &TenantId, of: &HistoryOf<'_>) -> Result<Self> {
        let not_ours = || Error::invalid_field("cursor", "is not one that this history gave");
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|e| not_ours().caused_by(e))?;
        let place: Self = serde_json::from_slice(&bytes).map_err(|e| not_ours().caused_by(e))?;
        if place.of == bound_to(tenant, of) { Ok(place) } else { Err(not_ours()) }
    }

    /// The place as a cursor.
    pub(super) fn to_cursor(&self, tenant: &TenantId, of: &HistoryOf<'_>) -> String {
        let place = Self { of: bound_to(tenant, of), ..self.clone() };
        URL_SAFE_NO_PAD.encode(serde_json::json!(place).to_string())
    }
}

fn bound_to(tenant: &TenantId, of: &HistoryOf<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    let (link, to) = of.link.map_or(("", ""), |(link, to)| (link.name, to));
    for text in [tenant.as_str(), of.kind.run(), of.key, link, to] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}
