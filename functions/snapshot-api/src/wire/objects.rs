//! Objects of a snapshot.

use backup::archive::Hit;
use backup::commands::as_of::Sought;
use backup::commands::browse::{SeenLink, SeenObject};
use backup::commands::ever::SoughtEver;
use backup::commands::search::{Found, Searched};
use domain::kinds::{self, KindName};
use domain::{Error, Result, Timestamp};
use engine::ports::Page;
use garde::Validate;
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which objects are asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectsIn {
    /// Only objects of the kind of that name, such as `users`.
    #[garde(skip)]
    pub kind: Option<String>,
    /// A part of the name, or of another property that is searched: whatever its case, width and marks.
    #[garde(inner(length(chars, min = 1, max = 200)))]
    pub name: Option<String>,
    /// Only the objects of this id, without name, filter and cursor; blanks and braces around it are left out.
    #[garde(inner(length(chars, min = 1, max = 500)))]
    pub id: Option<String>,
    /// Only objects of the kind that this filter means, in a part of OData's `$filter`: `eq ne gt ge lt le in`, `startswith`,
    /// `endswith`, `contains`, `and or not`, paths such as `employeeOrgData/division`, and `any` over collections, such as
    /// `otherMails/any(m: endswith(m,'@x.example'))`. Of users and groups also `memberOf`, `transitiveMemberOf` and `rolesHeld`,
    /// as in `rolesHeld/any(r: r/displayName eq 'Global Administrator' and r/isEligible eq false)`; a role has `id`,
    /// `displayName`, `directoryScopeId`, `isEligible` and `through`, the id of the group through which it is held, a group `id` and
    /// `displayName`; what a schedule gives is held from its beginning to its end. Collections are asked about by `any` alone: an
    /// object in which a comparison meets one is undecided. A path that met nothing which it can be about is named in
    /// `searched.notHeld`. Text stands between single quotes, times do not. At most 2,048 bytes, 100 terms and 8 deep. A
    /// fault names the character at which it is, from 1.
    #[garde(inner(length(chars, min = 1, max = 2_048)))]
    pub filter: Option<String>,
    /// Where no snapshot is named: the newest sealed one that had begun by this time, in RFC 3339, is searched. Now when nothing is
    /// said. Further parts are of the snapshot of the first.
    #[garde(skip)]
    pub as_of: Option<Timestamp>,
    /// The `next` of the part before, with the same kind, name and filter.
    // Why so long: it holds a name, and a name of a thousand characters is three times as many bytes.
    #[garde(ascii, length(max = 8_000))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most objects that the part may have: 50 when nothing is said.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl ObjectsIn {
    /// Which objects are asked for.
    ///
    /// # Errors
    /// `Invalid` when there is no kind of that name.
    pub fn sought(&self) -> Result<Sought<'_>> {
        let kind = self.kind.as_deref().map(kinds::get).transpose()?;
        Ok(Sought {
            kind,
            id: self.id.as_deref(),
            name: self.name.as_deref(),
            filter: self.filter.as_deref(),
        })
    }

    /// The page of that cursor and limit, in the form of `engine::ports::Page`.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

/// Which objects of all snapshots are asked for: by `name`, or by `id`.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EverIn {
    /// Only objects of the kind of that name, such as `users`.
    #[garde(skip)]
    pub kind: Option<String>,
    /// A part of a name, a user name or an address of mail that they had: whatever its case, width and marks.
    #[garde(inner(length(chars, min = 1, max = 200)))]
    pub name: Option<String>,
    /// Their id, in place of a name; blanks and braces around it are left out.
    #[garde(inner(length(chars, min = 1, max = 500)))]
    pub id: Option<String>,
    /// The `next` of the part before, with the same kind and name.
    #[garde(ascii, length(max = 12_000))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most objects that the part may have: 50 when nothing is said.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl EverIn {
    /// What is looked for.
    ///
    /// # Errors
    /// `Invalid`, naming the field, where it is not one thing.
    pub fn sought(&self) -> Result<SoughtEver<'_>> {
        match (&self.name, &self.id) {
            (Some(name), None) => Ok(SoughtEver::Name(name)),
            (None, Some(id)) if self.cursor.is_none() => Ok(SoughtEver::Id(id)),
            (None, Some(_)) => {
                Err(Error::invalid_field("cursor", "does not go with an id, which is found in one part"))
            }
            (Some(_), Some(_)) => Err(Error::invalid_field("id", "stands alone, without a name")),
            (None, None) => Err(Error::invalid_field("name", "or an id is needed")),
        }
    }

    /// The page of that cursor and limit, in the form of `engine::ports::Page`.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

/// Which part of an object's links is asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinksIn {
    /// The `next` of the part before, of the same object.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most links that the part may have: 200 when nothing is said.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl LinksIn {
    /// The page of that cursor and limit, in the form of `engine::ports::Page`.
    pub fn page(self) -> Page {
        PageIn { cursor: self.cursor, limit: self.limit.or(Some(MOST_LINKS)) }.page()
    }
}

/// Whose history is asked for, and which part of it.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HistoryIn {
    /// Only of the link of this type, such as `groups.members`, with `to`.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    pub link: Option<String>,
    /// The far end of that link: an object's id; for policies the key of an assignment.
    #[garde(inner(length(chars, min = 1, max = 500)))]
    pub to: Option<String>,
    /// The `next` of the part before, of the same object and link.
    #[garde(inner(ascii, length(max = MAX_CURSOR)))]
    pub cursor: Option<String>,
}

/// The most links of an object in one part.
const MOST_LINKS: usize = 200;

/// An object in a list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectSummaryOut {
    /// The name of the object's kind, such as `users`.
    kind: KindName,
    /// The object's key in the snapshot: most often its id in Graph.
    key: String,
    /// The object's name, where objects of its kind have one.
    name: Option<String>,
}

impl From<Hit> for ObjectSummaryOut {
    fn from(hit: Hit) -> Self {
        Self { kind: hit.kind, key: hit.key, name: hit.name }
    }
}

/// A part of what was found. It may be short, or empty, though more follows: that is at an end only without `next`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundOut {
    /// The objects: of a name those with a word that begins with it before those that have it elsewhere, of a filter in the
    /// order of their keys.
    items: Vec<ObjectSummaryOut>,
    /// Where to go on, with the same kind, name and filter; none at the end. Opaque.
    next: Option<String>,
    /// Whether all that is held has been searched, with this part and those before it, and could be judged.
    complete: bool,
    /// The number of objects, in this part and those before it, of which the snapshot does not know what the filter asks: they
    /// are not among the items. 0 without a filter.
    undecided: u64,
    /// With an id: the objects of that id that lay in the recycle bin, of which the snapshot holds nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    in_recycle_bin: Vec<ObjectSummaryOut>,
    /// What was to be searched.
    searched: Searched,
}

impl From<Found> for FoundOut {
    fn from(found: Found) -> Self {
        Self {
            items: found.items.into_iter().map(Into::into).collect(),
            next: found.next,
            complete: found.complete,
            undecided: found.undecided,
            in_recycle_bin: found.in_recycle_bin.into_iter().map(Into::into).collect(),
            searched: found.searched,
        }
    }
}

/// An object of a snapshot, with its links.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectOut {
    #[serde(flatten)]
    summary: ObjectSummaryOut,
    /// The properties and facets of the object, as Graph gave them.
    object: Map<String, Value>,
    /// A part of the links of the object, those from it before those to it.
    links: Vec<ObjectLinkOut>,
    /// Where the links go on, with the same object; none at their end. Opaque.
    next: Option<String>,
}

impl From<SeenObject> for ObjectOut {
    fn from(seen: SeenObject) -> Self {
        Self {
            summary: ObjectSummaryOut { kind: seen.kind.name, key: seen.key, name: seen.name },
            object: seen.object,
            links: seen.links.items.into_iter().map(Into::into).collect(),
            next: seen.links.next,
        }
    }
}

/// A link of an object. It has `to` when it leads from the object, else `from`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectLinkOut {
    /// The link's type, such as `groups.members`.
    link: &'static str,
    /// The key of the object that the link leads to; for policies the key of an assignment.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// The key of the object that the link comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The name of the object at the other end, where the snapshot knows it.
    name: Option<String>,
    /// What the link holds besides its two ends.
    #[serde(skip_serializing_if = "Map::is_empty")]
    value: Map<String, Value>,
}

impl From<SeenLink> for ObjectLinkOut {
    fn from(seen: SeenLink) -> Self {
        let (to, from) = if seen.outgoing { (Some(seen.other), None) } else { (None, Some(seen.other)) };
        Self { link: seen.link.name, to, from, name: seen.name, value: seen.value }
    }
}
