//! Delta queries over users, groups and administrative units.
//!
//! Source: "Use delta query to track changes in Microsoft Graph data" and the delta page of each type. A first
//! round walks the collection; later rounds walk the log from where the token stands. Every entry shows the present
//! state, so it does not matter in which order entries come, nor how often.
//!
//! Over 400 lines: a first round and a later one write the same entries, so they stand side by side.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::call::{Call, Outcome, Reply};
use super::delta_token::{Cursor, DeltaQuery, place};
use super::error::{Failure, bad, denied, failure, malformed};
use super::filter::Filter;
use super::render::{self, How, Selection, key, text_member};
use super::{extensions, groups, lists};
use crate::inner::Inner;
use crate::schema;
use crate::state::{Change, Directory, Index, Kind, Life, Relation, What};
use crate::switches::{ExpiredDelta, Nowhere};

/// How many seconds a delta token is good.
const TOKEN_SECONDS: i64 = 7 * 24 * 3600;
/// How many objects a `$filter` may name.
const FILTER_IDS: usize = 50;

fn expired(call: &Call, path: &str) -> Failure {
    match call.switches.expired_delta {
        ExpiredDelta::Gone => Failure {
            headers: vec![("Location", format!("{}/{path}?$deltatoken=", call.root()))],
            ..failure(410, "resyncRequired", "The delta token is expired; start a full synchronisation.")
        },
        ExpiredDelta::BadRequest => {
            failure(400, "syncStateNotFound", "The sync state generation is not found.")
        }
        ExpiredDelta::NotFound => {
            failure(404, "syncStateNotFound", "The sync state generation is not found.")
        }
    }
}

pub(super) fn run(inner: &Inner, call: &Call, d: &Directory, path: &[&str]) -> Outcome {
    let kind = match path[..path.len() - 1] {
        ["users"] => Kind::User,
        ["groups"] => Kind::Group,
        ["directory", "administrativeUnits"] => Kind::Unit,
        ["servicePrincipals"] => Kind::ServicePrincipal,
        ["applications"] => Kind::Application,
        _ => return Err(malformed("Change tracking is not supported against this resource.")),
    };
    let path = path.join("/");
    // Why not for `latest`: whoever asks for a token alone gets one; it is the pages that never end.
    if let Some((at, how)) = call.switches.rounds_lead_nowhere
        && at == path
        && call.query.get("$deltatoken") != Some("latest")
    {
        return Ok(nowhere(call, d, kind, &path, how));
    }
    let now = u64::try_from(inner.clock.seconds()).unwrap_or(0);
    let epoch = inner.delta.epoch.load(Ordering::Relaxed);
    let token = call.query.get("$skiptoken").or_else(|| call.query.get("$deltatoken"));
    // A token names the query that it was issued for, so later calls need no options, and cannot change them. Without a
    // token a new query is kept, and its round begins.
    let wrong = || bad("Badly formed token.");
    let (query, mut cursor) = match token.filter(|token| !token.is_empty()) {
        Some(token) if token != "latest" => {
            let cursor = Cursor::decode(token).ok_or_else(wrong)?;
            let queries = inner.delta.queries.lock().expect("the lock is never held over a panic");
            let query = queries.get(place(cursor.query)).cloned().ok_or_else(wrong)?;
            if query.kind != kind || query.tenant != call.token.tenant {
                return Err(wrong());
            }
            // Why after that check: whether a foreign token has expired is nobody's business.
            let old = i64::try_from(now.saturating_sub(cursor.issued)).unwrap_or(0) >= TOKEN_SECONDS;
            if old || cursor.epoch != epoch {
                return Err(expired(call, &path));
            }
            (query, cursor)
        }
        latest => {
            let query = asked(call, d, kind)?;
            let end = d.log_end(kind) as u64;
            let mut queries = inner.delta.queries.lock().expect("the lock is never held over a panic");
            queries.push(query.clone());
            let number = queries.len() as u64 - 1;
            let cursor = Cursor {
                query: number,
                first: u64::from(latest.is_none()),
                // `latest` skips everything up to now: there is nothing to page through, only a link to come back by.
                position: if latest.is_some() { end } else { 0 },
                relation: 0,
                offset: 0,
                end,
                issued: now,
                epoch,
            };
            (query, cursor)
        }
    };
    let schema = schema::of(kind);
    let mut selection = Selection::parse(schema, query.select.as_deref(), None)?;
    // Why the id always: an entry without it could not be matched to anything.
    selection.id = true;
    if kind == Kind::User
        && selection.selects(schema, "customSecurityAttributes")
        && !lists::reads_attributes(call)
    {
        return Err(denied());
    }
    lists::withhold(call, kind, &mut selection)?;
    // What is kept outside the main store is in no delta, though it may be selected: it is silently left out.
    selection.mask &= !schema.untracked;
    if !call.switches.delta_reports_security_attributes
        && let Some(property) = schema.property("customSecurityAttributes")
    {
        selection.mask &= !(1 << property);
    }
    // Without `$select` groups and units come with their members, and users without any link.
    if query.select.is_none() && kind != Kind::User {
        selection.relations.push(Relation::Members);
    }
    let mut out = render::open_page(&call.context(schema.set));
    if call.query.get("$deltatoken").is_some() {
        // Why the end is taken anew: a delta link begins a round, and everything up to now belongs to it. The pages
        // of a round keep its end, so that a busy tenant cannot make a round endless.
        cursor.end = d.log_end(kind) as u64;
    }
    let done = if cursor.first == 1 {
        first_round(call, d, &query, &selection, &mut cursor, &mut out)
    } else {
        changes(call, d, &query, &selection, &mut cursor, &mut out)
    };
    // Only the last page has a delta link; whoever stops before it has no token, and has to begin again.
    let link = if done {
        let next = Cursor { first: 0, position: cursor.end, relation: 0, offset: 0, issued: now, ..cursor };
        ("@odata.deltaLink", format!("{}/{path}?$deltatoken={}", call.root(), next.encode()))
    } else {
        ("@odata.nextLink", format!("{}/{path}?$skiptoken={}", call.root(), cursor.encode()))
    };
    render::close_page(&mut out, Some((link.0, &link.1)));
    Ok(Reply::bytes(200, out))
}

/// A page whose links never end: it shows the first objects again and again.
fn nowhere(call: &Call, d: &Directory, kind: Kind, path: &str, how: Nowhere) -> Reply {
    let number: u64 = call.query.get("$skiptoken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let mut out = render::open_page(&call.context(schema::of(kind).set));
    for index in d.list(kind).iter().copied().filter(|index| d.listed(*index)).take(3) {
        let selection = Selection::defaults(schema::of(kind));
        render::object(&mut out, call, d, index, &selection, How::default());
    }
    let next = match how {
        Nowhere::Ring => 1 + number % 2,
        Nowhere::EverNew => number + 1,
    };
    let link = format!("{}/{path}?$skiptoken={next}", call.root());
    render::close_page(&mut out, Some(("@odata.nextLink", &link)));
    Reply::bytes(200, out)
}

fn asked(call: &Call, d: &Directory, kind: Kind) -> Result<DeltaQuery, Failure> {
    for refused in ["$orderby", "$search"] {
        if call.query.get(refused).is_some() {
            return Err(bad(format!("'{refused}' is not supported by delta query.")));
        }
    }
    let select = call.query.get("$select").map(str::to_owned);
    Selection::parse(schema::of(kind), select.as_deref(), None)?;
    let mut ids = None;
    if let Some(filter) = Filter::of(call)? {
        let wanted = filter
            .ids()
            .ok_or_else(|| bad("Delta query supports $filter by id only: id eq '...' or id eq '...'."))?;
        if wanted.len() > FILTER_IDS {
            return Err(bad("At most 50 objects can be filtered on."));
        }
        let known = wanted.into_iter().filter_map(|id| d.index(id));
        ids = Some(known.filter(|index| d.object(*index).kind == kind).collect());
    }
    Ok(DeltaQuery { tenant: call.token.tenant, kind, select, ids })
}

/// Writes one page of the first round. True when it was the last.
fn first_round(
    call: &Call,
    d: &Directory,
    query: &DeltaQuery,
    selection: &Selection,
    cursor: &mut Cursor,
    out: &mut Vec<u8>,
) -> bool {
    let list = query.ids.as_deref().unwrap_or_else(|| d.list(query.kind));
    let mut objects = 0;
    let mut entries = 0;
    let budget = call.switches.delta_link_entries;
    while let Some(index) = list.get(place(cursor.position)).copied() {
        // A page is full by its objects or by its links, whichever comes first.
        if objects == call.switches.delta_page_size || entries >= budget {
            return false;
        }
        if !d.listed(index) {
            cursor.position += 1;
            continue;
        }
        objects += 1;
        let how = How { without_empty: call.switches.first_rounds_leave_out_empty, ..How::default() };
        open(out, call, d, index, selection, how);
        // A group with more links than fit is cut, and the next page shows the same group again with the next links:
        // that is why a client has to merge entries of one object.
        let relations = &selection.relations;
        let mut cut = false;
        while let Some(relation) = relations.get(place(cursor.relation)).copied() {
            if groups::hides(call, d, index, relation) {
                cursor.relation += 1;
                continue;
            }
            // Why positions and not links are counted: a link that is removed meanwhile leaves a hole, so none is
            // skipped.
            let links = d.object(index).links(relation);
            let start = place(cursor.offset);
            let mut place = start;
            let mut opened = false;
            while place < links.positions() && entries < budget {
                if let Some(target) = links.at(place).filter(|target| d.listed(*target)) {
                    if !opened {
                        open_links(out, relation);
                        opened = true;
                    }
                    entry(out, d, target, true);
                    entries += 1;
                }
                place += 1;
            }
            if opened {
                out.push(b']');
            }
            // The cursor stays at this object and relation, and remembers how far it came.
            if place < links.positions() {
                cursor.offset = place as u64;
                cut = true;
                break;
            }
            cursor.relation += 1;
            cursor.offset = 0;
        }
        out.push(b'}');
        if cut {
            return false;
        }
        cursor.position += 1;
        cursor.relation = 0;
        cursor.offset = 0;
    }
    true
}

/// What the log says of one object within a page.
#[derive(Default)]
struct Gathered {
    mask: u128,
    /// Whether every property is shown, because the object is new or has come back.
    full: bool,
    removed: bool,
    /// Whether a directory extension has another value.
    extended: bool,
    links: Vec<(Relation, Index)>,
}

/// Writes one page of changes from the log. True when it was the last.
fn changes(
    call: &Call,
    d: &Directory,
    query: &DeltaQuery,
    selection: &Selection,
    cursor: &mut Cursor,
    out: &mut Vec<u8>,
) -> bool {
    let end = place(cursor.end).min(d.log(query.kind).len());
    let log = &d.log(query.kind)[..end];
    let mut order: Vec<Index> = Vec::new();
    let mut found: HashMap<Index, Gathered> = HashMap::new();
    let mut entries = 0;
    let mut at = place(cursor.position);
    while let Some(Change { object, what }) = log.get(at).copied() {
        // What the query did not ask for makes no entry: otherwise a change of any property would show.
        let relevant = match what {
            What::Props(mask) => mask & selection.mask != 0,
            What::Link(relation, _) => selection.relations.contains(&relation),
            What::Extended => !selection.extensions.is_empty(),
            _ => true,
        } && query.ids.as_ref().is_none_or(|ids| ids.contains(&object));
        if relevant {
            // Why an object that is on the page already may still gather: each is shown once, with all that changed.
            let full = order.len() == call.switches.delta_page_size && !found.contains_key(&object);
            if full || entries >= call.switches.delta_link_entries {
                break;
            }
            let gathered = found.entry(object).or_insert_with(|| {
                order.push(object);
                Gathered::default()
            });
            match what {
                What::Created | What::Restored => gathered.full = true,
                What::Removed => gathered.removed = true,
                What::Props(mask) => gathered.mask |= mask,
                What::Extended => gathered.extended = true,
                What::Link(relation, target) => {
                    if !gathered.links.contains(&(relation, target)) {
                        gathered.links.push((relation, target));
                        entries += 1;
                    }
                }
            }
        }
        at += 1;
    }
    for index in order {
        write_change(call, d, index, selection, &found[&index], out);
    }
    cursor.position = at as u64;
    at >= end
}

fn write_change(
    call: &Call,
    d: &Directory,
    index: Index,
    selection: &Selection,
    gathered: &Gathered,
    out: &mut Vec<u8>,
) {
    let object = d.object(index);
    // Where nobody says that it is back, its deletion is the last that is known of it.
    let is_stale = gathered.removed
        && !gathered.full
        && !gathered.extended
        && gathered.mask == 0
        && gathered.links.is_empty();
    let reason = match object.life {
        Life::Live if is_stale => Some("changed"),
        Life::Live => None,
        Life::Deleted { .. } => Some("changed"),
        Life::Gone => Some("deleted"),
    };
    if let Some(reason) = reason {
        open(out, call, d, index, &Selection::only_id(), How::default());
        key(out, "@removed");
        out.extend_from_slice(format!("{{\"reason\":\"{reason}\"}}").as_bytes());
        out.push(b'}');
        return;
    }
    // Why two forms: with `Prefer: return=minimal` only what changed is named, else all that is selected comes each
    // time.
    let minimal = call.prefers("return=minimal") && !gathered.full;
    let mut chosen = selection.clone();
    if minimal {
        chosen.mask &= gathered.mask;
    }
    if minimal && !gathered.extended {
        chosen.extensions.clear();
    }
    // Source: "Use delta query", tracking changes of extension properties: all of them come, selected or not.
    if gathered.extended && call.switches.delta_gives_all_extensions {
        chosen.extensions = extensions::names(d, index);
    }
    open(out, call, d, index, &chosen, How { changed: true, ..How::default() });
    let shown = selection.relations.iter().filter(|relation| !groups::hides(call, d, index, **relation));
    for relation in shown {
        let targets = gathered.links.iter().filter(|(r, _)| r == relation);
        let mut opened = false;
        for (_, target) in targets {
            if !opened {
                open_links(out, *relation);
                opened = true;
            }
            // Why looked up now: the log only says that the link changed, and it may have changed back since.
            let there = d.is_live(*target) && object.links(*relation).contains(*target);
            entry(out, d, *target, there);
        }
        if opened {
            out.push(b']');
        }
    }
    out.push(b'}');
}

/// Writes an object with its properties, and leaves it open for its links.
fn open(out: &mut Vec<u8>, call: &Call, d: &Directory, index: Index, selection: &Selection, how: How<'_>) {
    let bare = Selection { relations: Vec::new(), expand: Vec::new(), ..selection.clone() };
    render::object(out, call, d, index, &bare, how);
    out.pop();
}

fn open_links(out: &mut Vec<u8>, relation: Relation) {
    key(out, &format!("{}@delta", relation.name()));
    out.push(b'[');
}

fn entry(out: &mut Vec<u8>, d: &Directory, target: Index, there: bool) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
    out.push(b'{');
    text_member(out, "@odata.type", &render::odata_type(d.object(target).kind));
    text_member(out, "id", &d.object(target).id.to_string());
    if !there {
        key(out, "@removed");
        out.extend_from_slice(b"{\"reason\":\"deleted\"}");
    }
    out.push(b'}');
}
