//! The contracts of a directory's parts: `DirectoryAccess`, `DirectoryPages`, `LiveObjects` and `DirectoryWriter`.
//!
//! What happens in the tenant meanwhile, its administrator does: a probe. A stand-in for one part is held to that
//! part's contract alone.

use super::refused;
use async_trait::async_trait;
use domain::kinds::{self, Kind, Source};
use domain::{ErrorKind, TenantId};
use engine::ports::{
    ConsentStanding, Cursor, DirectoryAccess, DirectoryPages, DirectoryWrite, DirectoryWriter, LiveObject,
    LiveObjects, PageEnd, Spent,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The id of an object that no tenant has.
const NOWHERE: &str = "00000000-0000-4000-8000-00000000dead";

/// Whom an administrator of the tenant appoints, and what they take back.
#[async_trait]
pub trait AccessProbe: Send + Sync {
    /// The id of a user who holds a role that can consent, for the whole tenant.
    async fn administrator(&self) -> String;
    /// The id of a user who holds none.
    async fn employee(&self) -> String;
    /// Our application may no longer see who holds roles.
    async fn hide_roles(&self);
    /// The tenant takes its consent back.
    async fn withdraw_consent(&self);
}

/// Asserts the contract of `DirectoryAccess`, in a tenant that has consented.
pub async fn directory_access(
    directory: Arc<dyn DirectoryAccess>,
    tenant: &TenantId,
    probe: &dyn AccessProbe,
) {
    let access = directory.access(tenant).await.unwrap();
    assert!(access.permissions.is_sorted(), "{access:?}");
    let organisation = directory.organisation(tenant).await.unwrap();
    assert_eq!(organisation["id"], tenant.as_str(), "the organisation is the tenant's own");
    let (administrator, employee) = (probe.administrator().await, probe.employee().await);
    assert_eq!(directory.standing(tenant, &administrator).await.unwrap(), ConsentStanding::MayConsent);
    assert_eq!(directory.standing(tenant, &employee).await.unwrap(), ConsentStanding::NoRole);
    let nobody = directory.standing(tenant, NOWHERE).await.unwrap();
    assert_eq!(nobody, ConsentStanding::NotThere, "nobody is no administrator");
    probe.hide_roles().await;
    directory.access(tenant).await.unwrap();
    let hidden = directory.standing(tenant, &administrator).await;
    refused(hidden, ErrorKind::Denied, "what cannot be seen is not a no");
    probe.withdraw_consent().await;
    refused(directory.access(tenant).await, ErrorKind::Denied, "a tenant that has taken its consent back");
}

/// What an administrator does to the users of the tenant while they are listed.
#[async_trait]
pub trait PagesProbe: Send + Sync {
    /// The users that there are, by id.
    async fn user_ids(&self) -> Vec<String>;
    /// Gives one of the users another `displayName`; gives the user's id.
    async fn rename_one(&self, name: &str) -> String;
    /// From now on no delta link that was given out is any good.
    async fn forget_changes(&self);
}

/// Every item from there to the end, by id, and the delta link for next time.
async fn read_all(
    directory: &dyn DirectoryPages,
    tenant: &TenantId,
    source: &'static Source,
    from: Cursor,
) -> (BTreeMap<String, Value>, Option<String>) {
    let (mut cursor, mut found) = (from, BTreeMap::new());
    loop {
        let page = directory.read_page(tenant, source, &cursor, &[]).await.unwrap();
        for item in page.values().unwrap() {
            let id = item["id"].as_str().expect("every item has an id").to_owned();
            assert!(found.insert(id, item).is_none(), "{}: an item is given once", source.name);
        }
        match page.end {
            PageEnd::More(next) => cursor = next,
            PageEnd::Done(link) => return (found, link),
        }
    }
}

/// Asserts the contract of `DirectoryPages`, in a tenant with users and nothing under way.
pub async fn directory_pages(directory: Arc<dyn DirectoryPages>, tenant: &TenantId, probe: &dyn PagesProbe) {
    let directory = &*directory;
    assert!(directory.concurrency(tenant) > 0, "one page at a time at the least");
    let users = first_source("users");
    let mut expected = probe.user_ids().await;
    expected.sort();
    let latest = directory.read_page(tenant, users, &Cursor::Latest, &[]).await.unwrap();
    assert!(latest.items.is_empty(), "only the link was asked for");
    let PageEnd::Done(Some(link)) = latest.end else { panic!("no link for what changes from now on") };
    let (listed, end) = read_all(directory, tenant, users, Cursor::Listed).await;
    assert_eq!(listed.keys().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>(), "everybody, once");
    assert_eq!(end, None, "a list has no link for next time");
    let (changed, link) = read_all(directory, tenant, users, Cursor::Delta(link)).await;
    assert!(changed.is_empty(), "nothing has changed: {changed:?}");
    let link = link.expect("a round of changes ends with the link for the next");
    let user = &probe.rename_one("Contract Renamed").await;
    let (changed, _) = read_all(directory, tenant, users, Cursor::Delta(link.clone())).await;
    assert_eq!(changed.keys().collect::<Vec<_>>(), [user], "what changed, and nothing else");
    assert_eq!(changed[user]["displayName"], "Contract Renamed");
    let (_, end) = read_all(directory, tenant, first_source("roles"), Cursor::Start).await;
    assert_eq!(end, None, "what is read by list has no link");
    directory.take_spent(tenant);
    assert_eq!(directory.take_spent(tenant), Spent::default(), "what was taken is not counted twice");
    probe.forget_changes().await;
    let lost = directory.read_page(tenant, users, &Cursor::Delta(link), &[]).await;
    refused(lost, ErrorKind::NotFound, "a delta link that is no longer good");
}

/// What an administrator makes and deletes in the tenant.
#[async_trait]
pub trait LiveProbe: Send + Sync {
    /// Creates a user of that display name; gives the id.
    async fn create_user(&self, name: &str) -> String;
    /// Creates a group of that display name with one member; gives the id.
    async fn create_group(&self, name: &str, member: &str) -> String;
    /// Deletes a user: into the recycle bin.
    async fn delete_user(&self, user: &str);
}

/// Asserts the contract of `LiveObjects`.
pub async fn live_objects(objects: Arc<dyn LiveObjects>, tenant: &TenantId, probe: &dyn LiveProbe) {
    let (users, groups) = (kind("users"), kind("groups"));
    let members = kinds::link("groups.members").unwrap();
    let user = probe.create_user("Contract Person").await;
    let live = objects.find_live(tenant, users, &user, &[]).await.unwrap().expect("the user is there");
    assert_eq!((&live.object["id"], &live.object["displayName"]), (&json!(user), &json!("Contract Person")));
    assert!(live.links.is_empty(), "none was asked for");
    let group = probe.create_group("Contract Group", &user).await;
    let live = objects.find_live(tenant, groups, &group, &[members]).await.unwrap().unwrap();
    assert_eq!(ends(&live), [("groups.members", user.as_str())]);
    assert!(!live.object.contains_key("members"), "links are no property of the object");
    for (of, key, what) in
        [(groups, user.as_str(), "a user among groups"), (users, NOWHERE, "an id of nobody's")]
    {
        assert_eq!(objects.find_live(tenant, of, key, &[]).await.unwrap(), None, "{what}");
    }
    let named =
        async |name: &str| objects.find_by_property(tenant, users, "displayName", name).await.unwrap();
    let found = named("Contract Person").await;
    assert_eq!(found.iter().map(|o| &o["id"]).collect::<Vec<_>>(), [&json!(user)]);
    assert!(named("Contract").await.is_empty(), "a part of the value is not the value");
    assert!(!objects.is_in_recycle_bin(tenant, users, &user).await.unwrap(), "it is live");
    probe.delete_user(&user).await;
    assert_eq!(objects.find_live(tenant, users, &user, &[]).await.unwrap(), None, "it is in the bin");
    assert!(named("Contract Person").await.is_empty(), "what is in the bin is found by no property");
    assert!(objects.is_in_recycle_bin(tenant, users, &user).await.unwrap());
    assert!(!objects.is_in_recycle_bin(tenant, users, NOWHERE).await.unwrap(), "what never was is in no bin");
}

/// Asserts the contract of `DirectoryWriter`: what it says that it did is what `objects` then finds.
pub async fn directory_writer(
    writer: Arc<dyn DirectoryWriter>,
    objects: Arc<dyn LiveObjects>,
    tenant: &TenantId,
    probe: &dyn LiveProbe,
) {
    let (users, groups) = (kind("users"), kind("groups"));
    let members = kinds::link("groups.members").unwrap();
    assert!(writer.access(tenant).await.unwrap().permissions.is_sorted());
    let user = probe.create_user("Contract Member").await;
    let body = body(&json!({ "displayName": "Contract Written", "mailEnabled": false,
        "mailNickname": "contract-written", "securityEnabled": true }));
    let made = writer.apply(tenant, &DirectoryWrite::Create { kind: groups, body }).await.unwrap();
    let group = made.id.expect("what was made has an id");
    let live = async || objects.find_live(tenant, groups, &group, &[members]).await.unwrap();
    assert_eq!(live().await.unwrap().object["displayName"], "Contract Written");

    let update = |id: &str| DirectoryWrite::Update {
        kind: groups,
        id: id.to_owned(),
        body: self::body(&json!({ "description": "Contract" })),
    };
    writer.apply(tenant, &update(&group)).await.unwrap();
    assert_eq!(live().await.unwrap().object["description"], "Contract");
    let nowhere = writer.apply(tenant, &update(NOWHERE)).await;
    refused(nowhere, ErrorKind::NotFound, "an update of nothing");

    let to = vec![(user.clone(), None)];
    let add = DirectoryWrite::AddLinks { link: members, from: group.clone(), to };
    assert!(!writer.apply(tenant, &add).await.unwrap().was_so, "it was not so before");
    assert_eq!(ends(&live().await.unwrap()), [("groups.members", user.as_str())]);
    assert!(writer.apply(tenant, &add).await.unwrap().was_so, "a member who is one is no error");
    let remove = DirectoryWrite::RemoveLink { link: members, from: group.clone(), to: user.clone() };
    writer.apply(tenant, &remove).await.unwrap();
    assert_eq!(ends(&live().await.unwrap()), []);

    let object = live().await.unwrap().object;
    writer.apply(tenant, &DirectoryWrite::Delete { kind: groups, id: group.clone(), object }).await.unwrap();
    assert!(live().await.is_none(), "what was deleted is not live");
    probe.delete_user(&user).await;
    writer.apply(tenant, &undelete(users, &user)).await.unwrap();
    assert!(objects.find_live(tenant, users, &user, &[]).await.unwrap().is_some(), "back from the bin");
    writer.take_spent(tenant);
    assert_eq!(writer.take_spent(tenant), Spent::default(), "what was taken is not counted twice");
}

fn kind(name: &str) -> &'static Kind {
    kinds::get(name).unwrap()
}

fn first_source(of: &str) -> &'static Source {
    &kind(of).reading[0]
}

fn body(value: &Value) -> Map<String, Value> {
    value.as_object().expect("a body is an object").clone()
}

/// The links that were found, each as its type's name and its far end.
fn ends(live: &LiveObject) -> Vec<(&str, &str)> {
    live.links.iter().map(|(link, to, _)| (link.name, to.as_str())).collect()
}

fn undelete(kind: &'static Kind, id: &str) -> DirectoryWrite {
    DirectoryWrite::Undelete { kind, id: id.to_owned(), new_name: None, frees_addresses: false }
}
