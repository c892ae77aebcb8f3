//! Reads from the live tenant who holds Global Administrator, and through what, and who holds any role; what that means is
//! decided in the domain.

use crate::passing::may_pass;
use domain::kinds::{self, Grant, KINDS, Kind};
use domain::restore::{Administrators, ScheduleEnd, SignIn, Standing, is_activated};
use domain::{Error, Result, TenantId};
use engine::ports::{Cursor, Directory, PageEnd};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How many people and groups are looked at at the same time.
const AT_ONCE: usize = 8;

/// What a principal turned out to be.
enum Found {
    Person(SignIn),
    /// A group and its members; none where they could not be read.
    Group(Option<BTreeSet<String>>),
    /// A service principal, or nothing that exists any more.
    Neither,
}

/// The live administrators, and whether those `others` can sign in to whom the role may be given.
///
/// A person or a group that cannot be read is unknown, not absent.
///
/// # Errors
/// When role assignments cannot be read; and, whatever is read, what may pass (throttling, no answer).
pub(crate) async fn read_administrators(
    directory: &dyn Directory,
    tenant: &TenantId,
    others: &[String],
) -> Result<Administrators> {
    let mut found = Administrators::default();
    for (assignments, schedules) in kinds::assignments() {
        let schedules = match role_facts(directory, tenant, schedules).await {
            Ok(schedules) => Some(schedules),
            // Without the licence no assignment has an end.
            Err(e) if e.is_unlicensed() => Some(Vec::new()),
            Err(e) if may_pass(&e) => return Err(e),
            Err(_) => None,
        };
        let standing = if schedules.is_some() { Standing::Permanent } else { Standing::Unknown };
        let permanent = role_facts(directory, tenant, assignments).await?;
        found.grants.extend(permanent.into_iter().map(|held| (held.principal, standing)));
        // Why added after the assignments: a fact with an end may be among both, and then the end counts.
        let temporary = schedules.into_iter().flatten().filter(|held| held.has_end);
        found.grants.extend(temporary.map(|held| (held.principal, Standing::ForATime)));
    }
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

/// What a principal is: a person, a group, or neither. Each kind is asked in turn, since an id does not say its kind.
async fn look(directory: &dyn Directory, tenant: &TenantId, id: &str) -> Result<Found> {
    if let Some(sign_in) = person(directory, tenant, id).await? {
        return Ok(Found::Person(sign_in));
    }
    for groups in KINDS.into_iter().filter(|kind| kind.is_group()) {
        let members: Vec<_> = groups.role_links().collect();
        match directory.find_live(tenant, groups, id, &members).await {
            Ok(Some(group)) => {
                return Ok(Found::Group(Some(group.links.into_iter().map(|(_, to, _)| to).collect())));
            }
            Ok(None) => {}
            Err(e) if may_pass(&e) => return Err(e),
            Err(_) => return Ok(Found::Group(None)),
        }
    }
    Ok(Found::Neither)
}

async fn person(directory: &dyn Directory, tenant: &TenantId, id: &str) -> Result<Option<SignIn>> {
    for people in KINDS.into_iter().filter(|kind| kind.is_person()) {
        match directory.find_live(tenant, people, id, &[]).await {
            Ok(Some(person)) => return Ok(Some(SignIn::of(&person.object))),
            Ok(None) => {}
            Err(e) if may_pass(&e) => return Err(e),
            Err(_) => return Ok(Some(SignIn::Unknown)),
        }
    }
    Ok(None)
}

/// A fact that gives Global Administrator over all of the directory.
struct GlobalGrant {
    principal: String,
    has_end: bool,
}

/// The live role facts of a kind that give Global Administrator.
async fn role_facts(
    directory: &dyn Directory,
    tenant: &TenantId,
    kind: &'static Kind,
) -> Result<Vec<GlobalGrant>> {
    let global = |grant: &Grant, fact: &Map<String, Value>| {
        grant.is_global_administrator(fact).then(|| GlobalGrant {
            principal: text(fact, grant.principal).to_owned(),
            has_end: is_activated(fact) || ScheduleEnd::of(fact) != ScheduleEnd::Never,
        })
    };
    facts(directory, tenant, kind, global).await
}

/// Each principal that holds a role now, for a time or for good, or may activate one, with the role: over whatever.
///
/// # Errors
/// When one of these lists cannot be read. A tenant without the licence for one of them has nothing in it.
pub(crate) async fn read_held_roles(
    directory: &dyn Directory,
    tenant: &TenantId,
) -> Result<BTreeSet<(String, String)>> {
    let of = |grant: &Grant, fact: &Map<String, Value>| {
        Some((text(fact, grant.principal).to_owned(), text(fact, grant.role).to_owned()))
    };
    let mut held = BTreeSet::new();
    for kind in KINDS.into_iter().filter(|kind| kind.grant().is_some()) {
        match facts(directory, tenant, kind, of).await {
            Ok(found) => held.extend(found),
            Err(error) if error.is_unlicensed() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

/// What is told of the live facts of a kind, where it is one of role facts.
async fn facts<T: Send>(
    directory: &dyn Directory,
    tenant: &TenantId,
    kind: &'static Kind,
    tell: impl Fn(&Grant, &Map<String, Value>) -> Option<T> + Send + Sync,
) -> Result<Vec<T>> {
    let Some(grant) = kind.grant() else { return Ok(Vec::new()) };
    let (mut cursor, mut found) = (Cursor::Start, Vec::new());
    loop {
        let page = directory.read_page(tenant, &kind.reading[0], &cursor, &[]).await?;
        found.extend(page.values()?.iter().filter_map(Value::as_object).filter_map(|fact| tell(grant, fact)));
        match page.end {
            PageEnd::More(next) => cursor = next,
            PageEnd::Done(_) => return Ok(found),
        }
    }
}

/// A text of a fact; empty where it has none.
fn text<'a>(fact: &'a Map<String, Value>, property: &str) -> &'a str {
    fact.get(property).and_then(Value::as_str).unwrap_or_default()
}
