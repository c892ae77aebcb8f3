//! Rows in a map, read and written as strictly as the port allows.

use crate::lock;
use async_trait::async_trait;
use domain::{Error, Result, Timestamp};
use engine::ports::{Catalog, Page, Row, RowPage, Scope, Write, check_places, list_cursor, read_list_cursor};
use engine::upgrade::WholeCatalog;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// The most that a row's body may be, as JSON.
const BODY_LIMIT_BYTES: usize = 300_000;
/// The most that a key may be: DynamoDB's sort key takes 1,024 bytes.
const KEY_LIMIT_BYTES: usize = 1000;
const WRITES_LIMIT: usize = 50;

type Place = (Scope, String);

/// A catalog; of writers at once one wins.
#[derive(Default)]
pub struct MemoryCatalog(pub(super) Mutex<BTreeMap<Place, Row>>);

impl MemoryCatalog {
    /// Every row of every scope, expired ones too: what a test compares as "the end state".
    pub fn rows(&self) -> Vec<(Scope, Row)> {
        lock(&self.0).iter().map(|((scope, _), row)| (scope.clone(), row.clone())).collect()
    }
    /// These are all its rows from now on, as when a table was restored.
    pub fn set_rows(&self, rows: Vec<(Scope, Row)>) {
        *lock(&self.0) = rows.into_iter().map(|(scope, row)| ((scope, row.key.clone()), row)).collect();
    }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        let rows = lock(&self.0);
        Ok(rows.get(&(scope.clone(), key.to_owned())).filter(|row| is_live(row, now)).cloned())
    }

    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        check_places(places)?;
        let rows = lock(&self.0);
        Ok(places.iter().map(|place| rows.get(place).filter(|row| is_live(row, now)).cloned()).collect())
    }

    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        let rows = lock(&self.0);
        let after =
            page.after.as_deref().map(|cursor| read_list_cursor(cursor, scope, prefix)).transpose()?;
        // Why not all rows of the map: a test of a minute of requests holds ten thousand, of all scopes.
        let begin = after.as_deref().filter(|_| !page.descending).unwrap_or(prefix);
        let matching = rows
            .range((scope.clone(), begin.to_owned())..)
            .take_while(|((of, key), _)| of == scope && key.starts_with(prefix))
            .map(|((scope, key), row)| (key.clone(), scope, row));
        // One more says whether there are more, and the row of the cursor is not given again.
        let most = if page.descending { usize::MAX } else { page.limit.saturating_add(2) };
        let matching = matching.take(most);
        paged(matching.collect(), &page, after.as_deref(), |key| list_cursor(scope, key))
    }

    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        let rows = lock(&self.0);
        let matching = rows.iter().filter_map(|((scope, key), row)| {
            let watch = row.watch.as_ref().filter(|w| w.list == list && w.at <= until)?;
            let place = format!("{:024}/{}/{key}", watch.at.as_nanosecond(), scope.text());
            Some((place, scope, row))
        });
        let mut matching: Vec<_> = matching.collect();
        matching.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let not_ours = || Error::invalid("not a page's next");
        let after = page.after.as_deref().map(|next| next.strip_prefix("after:").ok_or_else(not_ours));
        paged(matching, &page, after.transpose()?, |place| format!("after:{place}"))
    }

    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        check(&writes)?;
        let mut rows = lock(&self.0);
        if !writes.iter().all(|write| holds(&rows, write, now)) {
            return Err(Error::conflict("a row has changed since it was read"));
        }
        for write in writes {
            match write {
                Write::PutNew(scope, row) => put(&mut rows, scope, row, 1),
                Write::Replace(scope, row, version) => put(&mut rows, scope, row, version + 1),
                Write::Delete(scope, key, _) => {
                    rows.remove(&(scope, key));
                }
            }
        }
        Ok(())
    }
}

#[async_trait]
impl WholeCatalog for MemoryCatalog {
    async fn list_all_scopes(&self, after: Option<String>) -> Result<RowPage> {
        let rows = lock(&self.0);
        let entries = rows.iter().map(|((scope, key), row)| (format!("{}/{key}", scope.text()), scope, row));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        // Why small: a test should see more than one part.
        let not_ours = || Error::invalid("not a part's next");
        let after = after.as_deref().map(|next| next.strip_prefix("walked:").ok_or_else(not_ours));
        paged(entries, &Page::first(50), after.transpose()?, |place| format!("walked:{place}"))
    }
}

fn is_live(row: &Row, now: Timestamp) -> bool {
    row.expires_at.is_none_or(|at| at > now)
}

fn put(rows: &mut BTreeMap<Place, Row>, scope: Scope, mut row: Row, version: u64) {
    row.version = version;
    rows.insert((scope, row.key.clone()), row);
}

fn place(write: &Write) -> Place {
    match write {
        Write::PutNew(scope, row) | Write::Replace(scope, row, _) => (scope.clone(), row.key.clone()),
        Write::Delete(scope, key, _) => (scope.clone(), key.clone()),
    }
}

fn holds(rows: &BTreeMap<Place, Row>, write: &Write, now: Timestamp) -> bool {
    let live = rows.get(&place(write)).filter(|row| is_live(row, now));
    match write {
        Write::PutNew(..) => live.is_none(),
        Write::Replace(_, _, version) | Write::Delete(_, _, version) => {
            live.is_some_and(|row| row.version == *version)
        }
    }
}

fn check(writes: &[Write]) -> Result<()> {
    if !(1..=WRITES_LIMIT).contains(&writes.len()) {
        return Err(Error::invalid("1 to 50 writes can be made at once"));
    }
    if writes.iter().map(place).collect::<BTreeSet<_>>().len() != writes.len() {
        return Err(Error::invalid("two writes at once are of one key"));
    }
    for write in writes {
        let (_, key) = place(write);
        if key.is_empty() || key.len() > KEY_LIMIT_BYTES {
            return Err(Error::invalid("a key has 1 to 1,000 bytes"));
        }
        if let Write::PutNew(_, row) | Write::Replace(_, row, _) = write {
            if !row.body.is_object() {
                return Err(Error::invalid(format!("the body of {key} is not a JSON object")));
            }
            if row.body.to_string().len() > BODY_LIMIT_BYTES {
                return Err(Error::invalid(format!("the body of {key} is larger than 300 KB")));
            }
        }
    }
    Ok(())
}

/// The page of entries that are sorted by their places, behind the place `after`. `next` makes a cursor of the place of
/// the last row that is given.
fn paged(
    mut entries: Vec<(String, &Scope, &Row)>,
    page: &Page,
    after: Option<&str>,
    next: impl Fn(&str) -> String,
) -> Result<RowPage> {
    if !(1..=1000).contains(&page.limit) {
        return Err(Error::invalid("a page has 1 to 1,000 rows"));
    }
    if page.descending {
        entries.reverse();
    }
    if let Some(after) = after {
        entries.retain(|(at, ..)| if page.descending { at.as_str() < after } else { at.as_str() > after });
    }
    let more = entries.len() > page.limit;
    entries.truncate(page.limit);
    let next = entries.last().filter(|_| more).map(|(at, ..)| next(at));
    let rows = entries.into_iter().map(|(_, scope, row)| (scope.clone(), row.clone()));
    Ok(RowPage { rows: rows.collect(), next })
}
