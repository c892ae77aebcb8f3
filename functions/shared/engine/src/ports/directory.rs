//! The port of a customer's directory: Microsoft Graph, read with one credential and written with another.
//! Over 400 lines: it is every part of the directory, with what it carries, side by side.

use super::Secret;
use async_trait::async_trait;
use domain::extensions::Extension;
use domain::kinds::{Kind, Licence, LinkEnd, LinkType, Outside, Source};
use domain::restore::{KnownAccessPassPolicy, Units};
use domain::{Error, Result, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The application permission that lets Microsoft's own recoveries be seen. Without it no object is missing, but what
/// such a recovery changed is found no sooner than with the weekly reading of everything.
/// Source: learn.microsoft.com/graph/permissions-reference.
pub const RECOVERY_PERMISSION: &str = "EntraBackup.Read.All";

/// A time of Microsoft's own log of changes, its ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditWindow {
    /// Its beginning; a fraction of a second counts from the second on.
    pub from: Timestamp,
    /// Its end; none where it is not closed.
    pub until: Option<Timestamp>,
}

/// A page of that log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditPage {
    /// Its records as Graph gave them, in no order that it promises.
    pub records: Vec<Value>,
    /// The link to the next page; none on the last one.
    pub next: Option<String>,
}

/// Where the reading of a source goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "at", content = "link")]
pub enum Cursor {
    /// At the beginning: of a list, or of a delta's first round.
    Start,
    /// At the beginning of the list that stands for a delta's first round (`FullReading::ByList`), or of the list of
    /// its ids (`FullReading::ByChunks`).
    Listed,
    /// At the beginning of the list of everything, each object with all its links, where there is no delta.
    #[serde(rename = "whole")]
    ListedWithLinks,
    /// At the beginning of the list of ids of which each object is then asked for by itself, with all its links, where a list
    /// of objects is refused.
    Singly,
    /// At the beginning of a delta's first round over the objects of these ids, 1 to 50.
    Ids(Vec<String>),
    /// Nothing but the delta link for what changes from now on.
    Latest,
    /// At the beginning of the list of what is in the recycle bin of the kind whose main source it is: ids alone.
    Bin,
    /// At Graph's next link, as it gave it.
    Next(String),
    /// At Graph's next link inside the list that was begun by `Listed`.
    NextListed(String),
    /// At Graph's next link inside the list that was begun by `ListedWithLinks`.
    #[serde(rename = "nextWhole")]
    NextListedWithLinks(String),
    /// At Graph's next link inside the list that was begun by `Singly`.
    NextSingly(String),
    /// At Graph's next link inside the list that was begun by `Bin`.
    NextBin(String),
    /// At what changed since Graph's delta link, as it gave it.
    Delta(String),
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageEnd {
    /// Another page follows, at that cursor.
    More(Cursor),
    /// Nothing follows. Holds the delta link for the next reading, where the source is read by delta.
    Done(Option<String>),
}

/// What calls cost. Counted for every HTTP call made, retries included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Spent {
    /// How many calls Graph counted: those inside a batch singly.
    pub requests: u64,
    /// Graph's resource units: as it says in `x-ms-resource-unit`, otherwise by its published table.
    pub resource_units: u64,
    /// How many calls were answered 429.
    pub throttled: u64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.resource_units += other.resource_units;
        self.throttled += other.throttled;
    }
}

/// One item of a page that cannot be read, though the page can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id at Graph, where that can be read.
    pub id: Option<String>,
    /// Why, for a person; nothing of what it holds.
    pub why: String,
}

impl Unreadable {
    /// An item that is not what Graph documents, or not quite JSON, or not quite Unicode.
    pub fn of_text(id: Option<String>) -> Self {
        Self { id, why: "what Graph gives of it cannot be read".to_owned() }
    }
}

/// One page of a source, as Graph answered it.
#[derive(Clone, Debug)]
pub struct ReadPage {
    /// The objects as Graph gave them, with complete expanded collections. May be empty though more follows.
    pub items: Vec<Box<RawValue>>,
    /// Items of the page that cannot be read, or of which a part cannot be had. They are not in `items`.
    pub unreadable: Vec<Unreadable>,
    /// Whether another page follows, and where.
    pub end: PageEnd,
    /// Properties of the row, and such as were to be asked for besides, that were not asked for: this tenant's Graph does
    /// not know them, or the token may not read them.
    pub left_out: Vec<String>,
}

impl ReadPage {
    /// The page's objects, parsed.
    ///
    /// # Errors
    /// `Unavailable` when one is not JSON.
    pub fn values(&self) -> Result<Vec<Value>> {
        self.items.iter().map(|item| domain::canonical::parse(item)).collect()
    }
}

/// What the credential may do in the tenant now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Application permissions, from the token's `roles`; sorted. Empty when the token does not say.
    pub permissions: Vec<String>,
    /// Our own service principal in the tenant, where the token says it.
    #[serde(default)]
    pub principal: Option<String>,
}

/// A live object in the form that a snapshot would hold it.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveObject {
    /// The object in canonical form, facets included, without links.
    pub object: Map<String, Value>,
    /// The links of the types asked for: type, id of the far end, value; sorted.
    pub links: Vec<(&'static LinkType, String, LinkEnd)>,
    /// Properties, facets and relations that could not be read, or not with certainty: what is here says nothing of
    /// them.
    pub unknown: BTreeSet<&'static str>,
}

impl LiveObject {
    /// An object that is known to be there and of which nothing can be seen.
    pub fn unseen(kind: &'static Kind) -> Self {
        let properties = kind.reading.iter().flat_map(|source| source.select).copied();
        let relations = kind.links.iter().map(|link| link.relation);
        Self { object: Map::new(), links: Vec::new(), unknown: properties.chain(relations).collect() }
    }
}

/// What a user is to a tenant, where it is about who may let Holdfast in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentStanding {
    /// They hold now, for all of the tenant, a role whose holders can consent.
    MayConsent,
    /// The tenant holds them, and they hold no such role.
    NoRole,
    /// The tenant does not hold them: they act in it from another one, as in delegated administration (GDAP).
    NotThere,
}

/// Who Holdfast is in a tenant, and who may let it in: what is asked before anything of a customer is read. The
/// control plane holds this part alone, so it cannot read customer data whatever its code does.
#[async_trait]
pub trait DirectoryAccess: Send + Sync {
    /// The same port for work that ends at `deadline`: a wait beyond it fails `Throttled` instead, and a call that goes on
    /// until then `Unavailable`. `None` where nothing takes long; the caller then goes on with the port that it has.
    fn until(&self, _deadline: Timestamp) -> Option<Arc<dyn DirectoryAccess>> {
        None
    }

    /// What the credential may do; asks for a token, and for nothing else.
    ///
    /// # Errors
    /// `Denied` when consent is missing or was withdrawn, the application is disabled or the tenant is gone.
    async fn access(&self, tenant: &TenantId) -> Result<Access>;

    /// Whether that user holds now, for all of the tenant, a role whose holders can consent
    /// ([`domain::organisations::MAY_CONSENT`]): themselves, by a group, or active in Privileged Identity Management.
    /// A role that they could activate does not count, nor one over a part of the tenant. Where users cannot be read,
    /// whoever holds none counts as one whom the tenant holds.
    ///
    /// # Errors
    /// `Denied` when it may not be seen who holds roles, and as usual: an error is never "no".
    async fn standing(&self, tenant: &TenantId, user: &str) -> Result<ConsentStanding>;

    /// The customer's organisation object (id, displayName, verifiedDomains). Its `id` is the tenant's.
    async fn organisation(&self, tenant: &TenantId) -> Result<Map<String, Value>>;

    /// When our own certificate or secret ends; `None` where that is not known.
    ///
    /// # Errors
    /// Those of the store that holds it.
    async fn credential_ends_at(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }
}

/// Lists a directory, page by page: what a snapshot is read from. Every call is counted, those of the other parts
/// too.
#[async_trait]
pub trait DirectoryPages: Send + Sync {
    /// How many pages may be asked for at once.
    fn concurrency(&self, _tenant: &TenantId) -> usize {
        16
    }

    /// A page of a source. `also` are properties that are asked for along with its objects: facets, and directory
    /// extensions by their names.
    ///
    /// # Errors
    /// `NotFound` when a delta cursor is no longer good (410, `syncStateNotFound`, `resyncRequired`): read from the
    /// start. `Denied` when the permission or the licence is missing. Otherwise as usual. An item of which a part
    /// cannot be had is among the unreadable ones; a page of which none can be had is an error.
    async fn read_page(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        also: &[&str],
    ) -> Result<ReadPage>;

    /// When Microsoft's own recovery last wrote to the tenant, or now while it does; `None` when it never did, or
    /// when that cannot be seen here (no permission, no licence): what it writes leaves no trace in any delta.
    async fn last_recovery(&self, _tenant: &TenantId) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    /// Whether the tenant has a licence now, by its subscribed SKUs; `None` where that cannot be seen here.
    async fn has_licence(&self, _tenant: &TenantId, _licence: &'static Licence) -> Result<Option<bool>> {
        Ok(None)
    }

    /// The directory extensions that the tenant has.
    ///
    /// # Errors
    /// `Denied` without the permission for it; `NotFound` or `Invalid` where this Graph does not say; otherwise as usual.
    async fn list_extensions(&self, _tenant: &TenantId) -> Result<Vec<Extension>> {
        Err(Error::denied("which directory extensions there are cannot be seen here"))
    }

    /// A page of Microsoft's own log of who changed what: the first of that time, or the one that a page before named.
    ///
    /// # Errors
    /// `NotFound` when that page is no longer known: read the time from its start. `Denied` without the permission for it or,
    /// with the reason `Unlicensed`, the licence; otherwise as usual.
    async fn read_audits(
        &self,
        _tenant: &TenantId,
        _window: &AuditWindow,
        _next: Option<&str>,
    ) -> Result<AuditPage> {
        Err(Error::denied("the log of changes cannot be seen here"))
    }

    /// What was spent for this tenant since the last call of this method; counting then begins at zero.
    fn take_spent(&self, tenant: &TenantId) -> Spent;

    /// Says that no call comes for now: what it has leased of limits that it shares with other processes is given back. Why
    /// no error: what cannot be given back ends by its time.
    async fn give_back(&self) {}
}

/// Single objects as they are at this moment: what a preview compares with, and what a restore reads before and after
/// each write.
#[async_trait]
pub trait LiveObjects: Send + Sync {
    /// One object as it is now, by its key in the run, with all its links of the types asked for. `None` when it is
    /// not found, or is in the recycle bin.
    async fn find_live(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        key: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<LiveObject>>;

    /// Whether an object is in the recycle bin.
    async fn is_in_recycle_bin(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<bool>;

    /// An object in the recycle bin as it shows there, without links; none where it is not in it. An adapter that cannot show
    /// what is in it says of all properties that they are not known.
    async fn find_binned(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        id: &str,
    ) -> Result<Option<LiveObject>> {
        Ok(self.is_in_recycle_bin(tenant, kind, id).await?.then(|| LiveObject::unseen(kind)))
    }

    /// Live objects whose property has exactly this value, in canonical form, without links; at most 100.
    async fn find_by_property(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        property: &str,
        value: &str,
    ) -> Result<Vec<Map<String, Value>>>;

    /// Live objects that hold one of the values, whatever its case, each with what was asked for; at most 100.
    async fn find_holders(
        &self,
        tenant: &TenantId,
        kind: &'static Kind,
        wanted: Holders<'_>,
    ) -> Result<Vec<Map<String, Value>>> {
        let mut found = Vec::new();
        for value in wanted.values {
            found.extend(self.find_by_property(tenant, kind, wanted.property, value).await?);
        }
        Ok(found)
    }

    /// The same of objects in the recycle bin; none where it cannot be searched here.
    async fn find_binned_holders(
        &self,
        _tenant: &TenantId,
        _kind: &'static Kind,
        _wanted: Holders<'_>,
    ) -> Result<Vec<Map<String, Value>>> {
        Ok(Vec::new())
    }

    /// The ids of all objects of a collection that is no kind; `None` where that cannot be seen here.
    async fn list_outside(
        &self,
        _tenant: &TenantId,
        _outside: &'static Outside,
    ) -> Result<Option<BTreeSet<String>>> {
        Ok(None)
    }

    /// How many licences the tenant has of each SKU, by the SKU's id; `None` where that cannot be seen here.
    async fn list_subscribed(&self, _tenant: &TenantId) -> Result<Option<BTreeMap<String, Units>>> {
        Ok(None)
    }

    /// What the tenant's policy says of Temporary Access Passes; `Unknown` where that cannot be seen here.
    async fn access_pass_policy(&self, _tenant: &TenantId) -> Result<KnownAccessPassPolicy> {
        Ok(KnownAccessPassPolicy::Unknown)
    }
}

/// A directory, read with the reading credential only: what the jobs hold. Its methods are those of its parts;
/// whoever needs one part takes that (`Arc<dyn Directory>` goes wherever `Arc<dyn DirectoryPages>` is asked for).
///
/// Obeys throttling itself: it waits as long as Graph says, and fails `Throttled` only when the wait goes beyond its
/// deadline.
pub trait Directory: DirectoryAccess + DirectoryPages + LiveObjects {
    /// The same directory, all parts of it, for work that ends at that deadline: see [`DirectoryAccess::until`].
    fn with_deadline(&self, _deadline: Timestamp) -> Option<Arc<dyn Directory>> {
        None
    }
}

/// Who is looked for: objects of which a property is one of these values or, where it is a list, has one of them.
#[derive(Clone, Copy, Debug)]
pub struct Holders<'a> {
    /// The property, which can be filtered by.
    pub property: &'static str,
    /// The values, at least one.
    pub values: &'a [String],
    /// A property to be given along with id, name and the one that is looked at.
    pub also: Option<&'static str>,
}

/// What follows the name of a relation in the body of a new object, where links of that relation are given with it.
/// Source: learn.microsoft.com/graph/api/group-post-groups.
pub const BIND: &str = "@odata.bind";

/// One write, complete: every id in it is a live one.
#[derive(Clone, Debug, PartialEq)]
pub enum DirectoryWrite {
    /// Takes a deleted object out of the recycle bin.
    Undelete {
        /// The row of the table of kinds that it belongs to.
        kind: &'static Kind,
        /// The id of the live object.
        id: String,
        /// The user name that it is to have, where another has its own.
        new_name: Option<String>,
        /// Whether it leaves those addresses to others that they have by now.
        frees_addresses: bool,
    },
    /// Makes a new object; the answer gives its id. The body is what Graph takes, without read-only properties.
    Create {
        /// The row of the table of kinds that it belongs to.
        kind: &'static Kind,
        /// What is sent, as Graph takes it; links that the object is made with as the ids of their far ends, under the
        /// relation's name and [`BIND`].
        body: Map<String, Value>,
    },
    /// Changes an existing object: by `PATCH` or `PUT`, as its row says.
    Update {
        /// The row of the table of kinds that it belongs to.
        kind: &'static Kind,
        /// The id of the live object.
        id: String,
        /// What is sent, as Graph takes it.
        body: Map<String, Value>,
    },
    /// Calls an action of the row (`scheduleActionsForRules`).
    Act {
        /// The row of the table of kinds that it belongs to.
        kind: &'static Kind,
        /// The id of the live object.
        id: String,
        /// The last segment of the action's path.
        path: &'static str,
        /// What is sent, as Graph takes it.
        body: Map<String, Value>,
    },
    /// Deletes an object: into the recycle bin where its kind has one.
    Delete {
        /// The row of the table of kinds that it belongs to.
        kind: &'static Kind,
        /// The id of the live object; for schedules the complete object is needed, see `object`.
        id: String,
        /// The live object: PIM takes a schedule away by naming its parts.
        object: Map<String, Value>,
    },
    /// Adds links from one object: up to 20 where the row allows it, else one.
    AddLinks {
        /// The row of the table of link types.
        link: &'static LinkType,
        /// The id of the object that the link leads from.
        from: String,
        /// The far ends: `(id, type annotation)`.
        to: Vec<(String, Option<String>)>,
    },
    /// Removes one link between two objects.
    RemoveLink {
        /// The row of the table of link types.
        link: &'static LinkType,
        /// The id of the object that the link leads from.
        from: String,
        /// The id of the object that the link leads to.
        to: String,
    },
    /// Sets all assignments of a policy, replacing those that there are.
    Assign {
        /// The row of the table of link types.
        link: &'static LinkType,
        /// The id of the policy.
        from: String,
        /// The assignments as Graph takes them, each with its `target`.
        assignments: Vec<Map<String, Value>>,
    },
    /// Changes the licences of a user or group.
    AssignLicences {
        /// The kind of the holder: users or groups.
        kind: &'static Kind,
        /// The id of the holder.
        id: String,
        /// What is assigned, Graph's `addLicenses`: `{skuId, disabledPlans}` each.
        add: Vec<Value>,
        /// What is taken away, Graph's `removeLicenses`: the ids of SKUs.
        remove: Vec<String>,
    },
    /// Makes a Temporary Access Pass; the answer has it.
    IssuePass {
        /// The kind of whoever gets it, which has passes.
        kind: &'static Kind,
        /// The id of the live object.
        id: String,
        /// For how many minutes it is good; absent means as long as the tenant's policy says.
        lifetime_in_minutes: Option<u32>,
        /// Whether it is good for one sign-in alone.
        is_usable_once: bool,
    },
    /// Takes a Temporary Access Pass away.
    RevokePass {
        /// The kind of whoever has it.
        kind: &'static Kind,
        /// The id of the live object.
        id: String,
        /// The id of the pass.
        pass: String,
    },
}

/// A Temporary Access Pass as it was just made: Graph shows it this once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedPass {
    /// The pass itself.
    pub pass: Secret,
    /// From when it is good.
    pub starts_at: Timestamp,
    /// For how many minutes from then.
    pub lifetime_in_minutes: u32,
    /// Whether it is good for one sign-in alone.
    pub is_usable_once: bool,
}

/// A Temporary Access Pass that somebody has, as Graph shows it: without the pass itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPass {
    /// The id of the pass.
    pub id: String,
    /// When it was made, where Graph says it.
    pub created_at: Option<Timestamp>,
    /// Whether it is over: its time has run out, or it was used and was good for one sign-in alone.
    pub is_over: bool,
    /// For how many minutes it is good.
    pub lifetime_in_minutes: Option<u32>,
    /// Whether it is good for one sign-in alone.
    pub is_usable_once: bool,
}

/// What Graph answered to a write.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Applied {
    /// The HTTP status of the answer.
    pub status: u16,
    /// The id of the new object, where one was made.
    pub id: Option<String>,
    /// Graph's `request-id`, for the customer's own logs.
    pub request_id: Option<String>,
    /// Whether it was so already (a member who is one), and nothing was changed.
    pub was_so: bool,
    /// The pass that was made. Why never stored: it is a secret, and what is stored of an answer is read by many.
    #[serde(skip)]
    pub pass: Option<IssuedPass>,
}

/// Writes a directory, with the writing credential.
#[async_trait]
pub trait DirectoryWriter: Send + Sync {
    /// The same directory for work that ends at that deadline: see [`DirectoryAccess::until`].
    fn with_deadline(&self, _deadline: Timestamp) -> Option<Arc<dyn DirectoryWriter>> {
        None
    }

    /// What the writing credential may do now.
    async fn access(&self, tenant: &TenantId) -> Result<Access>;

    /// Makes one write. Throttling is obeyed inside; a call that Graph refused for its content is not repeated.
    ///
    /// # Errors
    /// `Invalid` (Graph refused the content; the summary names Graph's code, and the reason is `ValuesInvalid` where
    /// Graph does not say which value it means), `Denied`, `NotFound`, `Conflict`, `Unavailable` (it is not known
    /// whether the write took effect).
    async fn apply(&self, tenant: &TenantId, call: &DirectoryWrite) -> Result<Applied>;

    /// As [`Self::apply`], under our own id of the request, which Graph keeps beside its own (`client-request-id`): a
    /// GUID. Whoever plays a directory without such logs has no use for it.
    async fn apply_as(&self, tenant: &TenantId, call: &DirectoryWrite, request: &str) -> Result<Applied> {
        let _ = request;
        self.apply(tenant, call).await
    }

    /// The Temporary Access Passes that somebody has, those that are over included, with the permission that makes them.
    ///
    /// # Errors
    /// `Denied` without the permission; `NotFound` where there is no such object, or Graph does not know it yet.
    async fn list_passes(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<Vec<HeldPass>>;

    /// What was spent for this tenant since the last call of this method; counting then begins at zero.
    fn take_spent(&self, tenant: &TenantId) -> Spent;

    /// Says that no call comes for now: what it has leased of limits that it shares with other processes is given back. Why
    /// no error: what cannot be given back ends by its time.
    async fn give_back(&self) {}
}
