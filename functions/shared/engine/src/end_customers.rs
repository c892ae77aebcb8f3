//! What ends with an organisation of its own people at a partner: end customers, invitations to become one, and tokens of
//! that role. Who sees other organisations too loses this one alone. Of the partner's own people, who stay whatever they were
//! limited to, what they had chosen to hear of it, and what was late of it, ends too.

use crate::ports::Write;
use crate::records::{
    ApiToken, IdentityLink, Invitation, Person, Record, Records, TokenEntry, delete, end_of_sessions, replace,
};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, Result};

/// How many rows one write may have.
const ROWS_A_WRITE: usize = 50;

/// What becomes of a token that shows other organisations, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedTokens {
    /// It no longer names the organisation.
    Narrowed,
    /// It names the organisation still, of which there is nothing left to see; where tokens are listed it does not. For
    /// `purge-data`, which may put no token.
    Kept,
}

/// Ends what a partner has of an organisation's people; returns how many rows were written. Done again it finds nothing
/// more.
///
/// # Errors
/// `Conflict` when a row changed meanwhile; what was ended until then stays ended.
pub async fn end(
    records: &Records,
    partner: &PartnerId,
    organisation: &OrganisationId,
    shared: SharedTokens,
) -> Result<u64> {
    let mut written = 0;
    let mut pending: Vec<Write> = Vec::new();
    let mut groups = people(records, partner, organisation).await?;
    groups.extend(invitations(records, partner, organisation).await?);
    groups.extend(tokens(records, partner, organisation, shared).await?);
    for group in groups {
        if pending.len() + group.len() > ROWS_A_WRITE {
            written += pending.len() as u64;
            records.write(std::mem::take(&mut pending)).await?;
        }
        pending.extend(group);
    }
    if !pending.is_empty() {
        written += pending.len() as u64;
        records.write(pending).await?;
    }
    Ok(written)
}

/// What is left to somebody of those organisations: none where it was the only one; nothing at all where it is not
/// theirs.
fn left(
    role: Role,
    seen: impl IntoIterator<Item = OrganisationId>,
    gone: &OrganisationId,
) -> Option<Vec<OrganisationId>> {
    let seen: Vec<_> = seen.into_iter().collect();
    (role == Role::EndCustomer && seen.contains(gone))
        .then(|| seen.into_iter().filter(|id| id != gone).collect())
}

async fn people(
    records: &Records,
    partner: &PartnerId,
    organisation: &OrganisationId,
) -> Result<Vec<Vec<Write>>> {
    let mut groups = Vec::new();
    for found in records.list_all(&Person::all(partner)).await? {
        let mut person = found.value;
        let is_changed = person.forget(organisation);
        let Some(left) = left(person.role, person.organisations.clone().unwrap_or_default(), organisation)
        else {
            if is_changed {
                groups.push(vec![replace(&person, found.version)?]);
            }
            continue;
        };
        if !left.is_empty() {
            let narrowed = Person { organisations: Some(left.into_iter().collect()), ..person };
            groups.push(vec![replace(&narrowed, found.version)?]);
            continue;
        }
        let mut group = vec![delete(&person, found.version)];
        if let Some(identity) = &person.identity {
            let link = records.find(&IdentityLink::at(identity)).await?;
            group.extend(link.map(|link| delete(&link.value, link.version)));
        }
        group.extend(end_of_sessions(records, partner, &person.id).await?);
        groups.push(group);
    }
    Ok(groups)
}

async fn invitations(
    records: &Records,
    partner: &PartnerId,
    organisation: &OrganisationId,
) -> Result<Vec<Vec<Write>>> {
    let mut groups = Vec::new();
    for found in records.list_all(&Invitation::all(partner)).await? {
        let invitation = found.value;
        let Some(left) =
            left(invitation.role, invitation.organisations.clone().unwrap_or_default(), organisation)
        else {
            continue;
        };
        groups.push(vec![if left.is_empty() {
            delete(&invitation, found.version)
        } else {
            replace(&Invitation { organisations: Some(left), ..invitation }, found.version)?
        }]);
    }
    Ok(groups)
}

async fn tokens(
    records: &Records,
    partner: &PartnerId,
    organisation: &OrganisationId,
    shared: SharedTokens,
) -> Result<Vec<Vec<Write>>> {
    let mut groups = Vec::new();
    for found in records.list_all(&TokenEntry::of_partner(partner)).await? {
        let entry = found.value;
        let seen = entry.token.organisations.clone().unwrap_or_default();
        let left = left(entry.token.role, seen, organisation);
        let Some(left) = left else { continue };
        let row = records.find(&ApiToken::at(&entry.token.hash)).await?;
        let mut group = Vec::new();
        if left.is_empty() {
            group.push(delete(&entry, found.version));
            group.extend(row.map(|row| delete(&row.value, row.version)));
        } else {
            let token = ApiToken { organisations: Some(left), ..entry.token.clone() };
            if shared == SharedTokens::Narrowed {
                group.extend(row.map(|row| replace(&token, row.version)).transpose()?);
            }
            group.push(replace(&TokenEntry { token, ..entry }, found.version)?);
        }
        groups.push(group);
    }
    Ok(groups)
}
