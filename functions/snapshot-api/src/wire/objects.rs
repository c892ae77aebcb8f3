//! Objects of a snapshot.

use crate::ports::{ObjectDetail, ObjectLink, ObjectSummary};
use backup::commands::search::{Found, Searched};
use domain::kinds::KindName;
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which objects.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectsIn {
    /// Only of this kind.
    #[garde(skip)]
    pub kind: Option<String>,
    /// A part of the name, or of another property that is searched, whatever the case.
    #[garde(inner(length(chars, min = 1, max = 200)))]
    pub name: Option<String>,
    /// The `next` of the part before.
    // Why so long: it holds a name, and a name of a thousand characters is three times as many bytes.
    #[garde(length(max = 8_000))]
    pub cursor: Option<String>,
    /// At most so many.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

/// An object in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectSummaryOut {
    kind: KindName,
    key: String,
    name: Option<String>,
}

/// A part of what was found. It may be short, or empty, though more follows: that is at an end only without `next`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundOut {
    /// The objects: those with a word that begins with the name before those that have it elsewhere.
    items: Vec<ObjectSummaryOut>,
    /// Where to go on, with the same name and kind; none at the end. Opaque.
    next: Option<String>,
    /// Whether everything that was to be searched has been, with this part and those before it.
    complete: bool,
    /// What was to be searched.
    searched: Searched,
}

impl From<Found> for FoundOut {
    fn from(found: Found) -> Self {
        let items = found.items.into_iter();
        Self {
            items: items
                .map(|hit| ObjectSummaryOut { kind: hit.kind, key: hit.key, name: hit.name })
                .collect(),
            next: found.next,
            complete: found.complete,
            searched: found.searched,
        }
    }
}

impl From<ObjectSummary> for ObjectSummaryOut {
    fn from(summary: ObjectSummary) -> Self {
        Self { kind: summary.kind, key: summary.key, name: summary.name }
    }
}

/// An object.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectOut {
    #[serde(flatten)]
    summary: ObjectSummaryOut,
    object: Map<String, Value>,
    links: Vec<ObjectLinkOut>,
}

/// A link of an object. It has `to` when it leads from the object, else `from`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectLinkOut {
    link: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    name: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    value: Map<String, Value>,
}

impl From<ObjectLink> for ObjectLinkOut {
    fn from(link: ObjectLink) -> Self {
        let (to, from) = if link.outgoing { (Some(link.other), None) } else { (None, Some(link.other)) };
        Self { link: link.link, to, from, name: link.name, value: link.value }
    }
}

impl From<ObjectDetail> for ObjectOut {
    fn from(detail: ObjectDetail) -> Self {
        let links = detail.links.into_iter().map(Into::into).collect();
        Self { summary: detail.summary.into(), object: detail.object, links }
    }
}
