//! What was made in somebody's name ends with them.
//!
//! A token, and the session that an access link opened, act no further than their maker may act now. That is asked
//! wherever one is used, so nothing depends on who was told in time. Beside that, the command by which a person leaves
//! or may do less takes back what is wider, and says what that was.

use domain::reach::Reach;
use domain::rights::Role;
use domain::{PartnerId, PersonId, Result, Timestamp, TokenId};
use engine::ports::Write;
use engine::records::{ApiToken, Found, Maker, Person, Record, Records, TokenEntry, replace};
use std::collections::BTreeMap;

/// How many tokens may have made one another, one after the other: each is read wherever the last is used.
pub(super) const MOST_MAKERS: usize = 4;
/// How many tokens one write changes, two rows each; a write has 50 rows.
const TOKENS_A_WRITE: usize = 20;
/// How many tokens a command changes at most. Why the others may wait: they do no more than their maker either way, and
/// nobody is to keep their place by having made too many.
const MOST_TOKENS: usize = 400;

/// What stands behind a token, a link or an invitation: how far its maker may act, and in whose name.
pub(super) struct Behind {
    /// How far the maker may act now.
    pub reach: Reach,
    /// The person whom all of it comes from; none for the operator, and where that was not written down.
    pub person: Option<PersonId>,
}

/// What stands behind what that maker made; none when it is gone, or when it is the end of a chain of more than `most`
/// tokens.
pub(super) async fn behind(
    records: &Records,
    maker: &Maker,
    most: usize,
    now: Timestamp,
) -> Result<Option<Behind>> {
    let (mut made, mut first) = (Vec::new(), None);
    let mut maker = Some(maker.clone());
    let mut reach = loop {
        match maker {
            // Why so for the unknown: who made older tokens was not written down, and they still end by their time.
            None | Some(Maker::Operator) => break Reach::of(Role::Owner),
            Some(Maker::Person { partner, person }) => {
                let Some(found) = records.find(&Person::at(&partner, &person)).await? else {
                    return Ok(None);
                };
                first = Some(person);
                break reach_of_person(&found.value);
            }
            Some(Maker::Token { partner, token }) => {
                let found = records.find(&TokenEntry::at(&partner, &token)).await?.map(|f| f.value.token);
                let Some(token) = found.filter(|t| t.is_good(now) && made.len() < most) else {
                    return Ok(None);
                };
                made.push(token.reach());
                maker = token.made_by;
            }
        }
    };
    while let Some(token) = made.pop() {
        let Some(left) = token.within(&reach) else { return Ok(None) };
        reach = left;
    }
    Ok(Some(Behind { reach, person: first }))
}

/// The person, or the operator, whom a maker comes from; none where that was not written down. For what is to outlive
/// the tokens between.
pub(super) async fn first_of(records: &Records, maker: Option<Maker>) -> Result<Option<Maker>> {
    let mut maker = maker;
    while let Some(Maker::Token { partner, token }) = &maker {
        let found = records.find(&TokenEntry::at(partner, token)).await?;
        maker = found.and_then(|found| found.value.token.made_by);
    }
    Ok(maker)
}

/// How far a token may act now, no further than its maker, and in whose name.
pub(super) async fn behind_token(
    records: &Records,
    token: &ApiToken,
    now: Timestamp,
) -> Result<Option<Behind>> {
    let Some(maker) = &token.made_by else {
        return Ok(Some(Behind { reach: token.reach(), person: None }));
    };
    let Some(Behind { reach, person }) = behind(records, maker, MOST_MAKERS, now).await? else {
        return Ok(None);
    };
    Ok(token.reach().within(&reach).map(|reach| Behind { reach, person }))
}

/// How far a person may act.
pub(super) fn reach_of_person(person: &Person) -> Reach {
    let organisations = person.organisations.clone().map(|o| o.into_iter().collect());
    Reach { organisations, ..Reach::of(person.role) }
}

/// Tokens that may do more than their maker.
pub(super) struct AllTooWide {
    tokens: Vec<TooWide>,
    /// Whether these are all that there are.
    pub is_complete: bool,
}

impl AllTooWide {
    /// No token does more than its maker may.
    pub(super) const NONE: Self = Self { tokens: Vec::new(), is_complete: true };
}

/// A token that is to be taken back or narrowed.
struct TooWide {
    entry: Found<TokenEntry>,
    after: ApiToken,
}

/// The good tokens of a partner that `maker` made, or that these made, and that may do more than `left` lets their maker:
/// none is left of a maker that goes.
pub(super) async fn too_wide(
    records: &Records,
    partner: &PartnerId,
    (maker, left): (&Maker, Option<&Reach>),
    now: Timestamp,
) -> Result<AllTooWide> {
    let entries = records.list_all(&TokenEntry::all(partner)).await?;
    let by_id: BTreeMap<_, _> = entries.iter().map(|e| (e.value.id.clone(), e.value.token.clone())).collect();
    let mut all = AllTooWide::NONE;
    for entry in entries {
        let token = entry.value.token.clone();
        if !token.is_good(now) {
            continue;
        }
        let Some(reach) = left_of(&by_id, &token, (maker, left), MOST_MAKERS) else { continue };
        let after = match reach {
            Some(reach) if reach == token.reach() => continue,
            Some(Reach { organisations, features, .. }) => ApiToken { organisations, features, ..token },
            None => ApiToken { revoked_at: Some(now), ..token },
        };
        if all.tokens.len() == MOST_TOKENS {
            all.is_complete = false;
            break;
        }
        all.tokens.push(TooWide { entry, after });
    }
    Ok(all)
}

/// What is left of a token; nothing where it was not made by that maker, by whatever way.
#[expect(
    clippy::option_option,
    reason = "not of that maker, nothing left, and something left are three things"
)]
fn left_of(
    by_id: &BTreeMap<TokenId, ApiToken>,
    token: &ApiToken,
    (maker, left): (&Maker, Option<&Reach>),
    most: usize,
) -> Option<Option<Reach>> {
    let own = token.made_by.as_ref()?;
    if own == maker {
        return Some(left.and_then(|left| token.reach().within(left)));
    }
    let Maker::Token { token: above, .. } = own else { return None };
    let above = by_id.get(above).filter(|_| most > 0)?;
    let above = left_of(by_id, above, (maker, left), most - 1)?;
    Some(above.and_then(|above| token.reach().within(&above)))
}

/// Takes back and narrows these tokens in as few writes as they need, the last of them together with `and`, which the
/// command does besides; gives the tokens as they are afterwards.
///
/// Why tokens first: whoever loses a right by half a command loses it too early, and never too late.
///
/// # Errors
/// `Conflict` when a row changed meanwhile; then some tokens may have been taken back already.
pub(super) async fn end(records: &Records, all: AllTooWide, and: Vec<Write>) -> Result<Vec<TokenEntry>> {
    let (mut told, mut writes) = (Vec::new(), Vec::new());
    for TooWide { entry, after } in all.tokens {
        if writes.len() >= 2 * TOKENS_A_WRITE {
            records.write(std::mem::take(&mut writes)).await?;
        }
        let (changed, more) = changed(records, entry, after).await?;
        writes.extend(more);
        told.push(changed);
    }
    writes.extend(and);
    if !writes.is_empty() {
        records.write(writes).await?;
    }
    Ok(told)
}

/// The writes that change a token in both of its rows, and what is listed of it then.
pub(super) async fn changed(
    records: &Records,
    entry: Found<TokenEntry>,
    token: ApiToken,
) -> Result<(TokenEntry, Vec<Write>)> {
    let mut writes = Vec::new();
    if let Some(found) = records.find(&ApiToken::at(&token.hash)).await? {
        writes.push(replace(&token, found.version)?);
    }
    let after = TokenEntry { token, ..entry.value };
    writes.push(replace(&after, entry.version)?);
    Ok((after, writes))
}
