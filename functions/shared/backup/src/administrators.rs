//! Reads who holds Global Administrator live, and through what; what that means is decided in the domain.

use domain::kinds;
use domain::restore::{Administrators, Ending, GLOBAL_ADMINISTRATOR, SignIn, Standing, is_activated};
use domain::{Error, Result, TenantId};
use engine::ports::{Cursor, Directory, PageEnd};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// People and groups that are looked at at the same time.
const AT_ONCE: usize = 8;

/// What a principal turned out to be.
enum Found {
    Person(SignIn),
    /// Its members; none where they could not be read.
    Group(Option<BTreeSet<String>>),
    /// A service principal, or nothing any more.
    Neither,
}

/// The live administrators, and besides whether those others can sign in to whom the role may be given.
///
/// A person or a group that cannot be read is unknown, not absent.
///
/// # Errors
/// When role assignments cannot be read, and what passes (throttling, no answer) of anything.
pub(crate) async fn read_administrators(
    directory: &dyn Directory,
    tenant: &TenantId,
    others: &[String],
) -> Result<Administrators> {
    let schedules = match role_facts(directory, tenant, "activeAdmins").await {
        Ok(schedules) => Some(schedules),
        // Without the licence nothing has an end.
        Err(e) if e.is_unlicensed() => Some(Vec::new()),
        Err(e) if e.is_transient() => return Err(e),
        Err(_) => None,
    };
    let mut found = Administrators::default();
    let ends = |s: &&Map<String, Value>| is_activated(s) || Ending::of(s) != Ending::Never;
    let temporary: BTreeSet<&str> = schedules.iter().flatten().filter(ends).map(principal).collect();
    for fact in &role_facts(directory, tenant, "admins").await? {
        let standing = if schedules.is_some() { Standing::Permanent } else { Standing::Unknown };
        found.grants.insert(principal(fact).to_owned(), standing);
    }
    // Why after the assignments: what has an end is among them as well, or it is not; either way it has an end.
    found.grants.extend(temporary.into_iter().map(|principal| (principal.to_owned(), Standing::ForATime)));
    let principals: BTreeSet<String> = found.grants.keys().chain(others).cloned().collect();
    for (id, is) in all(principals, |id| async move { look(directory, tenant, &id).await }).await? {
        match is {
            Found::Person(sign_in) => {
                found.people.insert(id, sign_in);
            }
            Found::Group(members) => {
                found.groups.insert(id, members);
            }
            Found::Neither => {}
        }
    }
    let members: BTreeSet<String> = found.groups.values().flatten().flatten().cloned().collect();
    let unseen = members.into_iter().filter(|m| !found.people.contains_key(m)).collect();
    for (id, sign_in) in all(unseen, |id| async move { person(directory, tenant, &id).await }).await? {
        found.people.extend(sign_in.map(|s| (id, s)));
    }
    Ok(found)
}

async fn all<T: Send, F: Future<Output = Result<T>> + Send>(
    ids: BTreeSet<String>,
    work: impl Fn(String) -> F + Send,
) -> Result<BTreeMap<String, T>> {
    let each = ids.into_iter().map(|id| {
        let found = work(id.clone());
        async move { Ok::<_, Error>((id, found.await?)) }
    });
    let each: Vec<_> = each.collect();
    stream::iter(each).buffered(AT_ONCE).try_collect().await
}

async fn look(directory: &dyn Directory, tenant: &TenantId, id: &str) -> Result<Found> {
    if let Some(sign_in) = person(directory, tenant, id).await? {
        return Ok(Found::Person(sign_in));
    }
    let (groups, members) = (kinds::get("groups")?, kinds::link("groups.members")?);
    match directory.find_live(tenant, groups, id, &[members]).await {
        Ok(Some(group)) => Ok(Found::Group(Some(group.links.into_iter().map(|(_, to, _)| to).collect()))),
        Ok(None) => Ok(Found::Neither),
        Err(e) if e.is_transient() => Err(e),
        Err(_) => Ok(Found::Group(None)),
    }
}

async fn person(directory: &dyn Directory, tenant: &TenantId, id: &str) -> Result<Option<SignIn>> {
    match directory.find_live(tenant, kinds::get("users")?, id, &[]).await {
        Ok(user) => Ok(user.map(|u| SignIn::of(&u.object))),
        Err(e) if e.is_transient() => Err(e),
        Err(_) => Ok(Some(SignIn::Unknown)),
    }
}

fn principal(fact: &Map<String, Value>) -> &str {
    fact.get("principalId").and_then(Value::as_str).unwrap_or_default()
}

/// The live facts of a kind that give Global Administrator over the whole directory.
async fn role_facts(
    directory: &dyn Directory,
    tenant: &TenantId,
    kind: &str,
) -> Result<Vec<Map<String, Value>>> {
    let source = &kinds::get(kind)?.reading[0];
    let (mut cursor, mut found) = (Cursor::Start, Vec::new());
    loop {
        let page = directory.read_page(tenant, source, &cursor, &[]).await?;
        let facts = page.values()?.into_iter().filter_map(|item| match item {
            Value::Object(fact) => Some(fact),
            _ => None,
        });
        let is = |f: &Map<String, Value>, p: &str, v: &str| f.get(p).is_some_and(|x| x == v);
        found.extend(
            facts.filter(|f| {
                is(f, "roleDefinitionId", GLOBAL_ADMINISTRATOR) && is(f, "directoryScopeId", "/")
            }),
        );
        match page.end {
            PageEnd::More(next) => cursor = next,
            PageEnd::Done(_) => return Ok(found),
        }
    }
}
