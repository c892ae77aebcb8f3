//! What a request wants of a collection of directory objects: `$filter`, `$search`, `$orderby`, `$count`, pages.
//!
//! Source: "Advanced query capabilities on Microsoft Entra ID objects", query scenarios, support for sorting, error
//! handling; "Use query parameters to customize responses".

use serde_json::Value;

use super::call::{Call, Outcome, Reply};
use super::error::{Failure, failure};
use super::filter::{Demand, Filter};
use super::lists::property;
use super::paging::Paging;
use super::render;
use super::search::Search;
use crate::schema::{self, Schema};
use crate::state::{Directory, Index, Kind};

/// What may be sorted by: the type, the property, and whether only in an advanced query.
const SORTED: &[(&str, &str, Demand)] = &[
    ("administrativeUnit", "deletedDateTime", Demand::Advanced),
    ("administrativeUnit", "displayName", Demand::Advanced),
    ("application", "createdDateTime", Demand::Advanced),
    ("application", "deletedDateTime", Demand::Advanced),
    ("application", "displayName", Demand::Advanced),
    ("group", "createdDateTime", Demand::Advanced),
    ("group", "deletedDateTime", Demand::Advanced),
    ("group", "displayName", Demand::Nothing),
    ("servicePrincipal", "deletedDateTime", Demand::Advanced),
    ("servicePrincipal", "displayName", Demand::Advanced),
    ("user", "createdDateTime", Demand::Advanced),
    ("user", "deletedDateTime", Demand::Advanced),
    ("user", "displayName", Demand::Nothing),
    ("user", "userPrincipalName", Demand::Nothing),
];

struct Order {
    property: String,
    descending: bool,
}

/// Where the objects of a collection are.
///
/// Pages go by place, so that what comes or goes meanwhile moves nothing else, unless they are sorted.
pub(crate) struct Places<'a> {
    /// How many places there are.
    pub positions: usize,
    /// What is shown at a place, if anything is.
    pub at: &'a dyn Fn(usize) -> Option<Index>,
    /// How many objects a page may have.
    pub maximum: usize,
}

/// The options of one request, checked.
pub(crate) struct Wanted {
    filter: Option<Filter>,
    search: Option<Search>,
    /// Whether words are not found by their beginnings.
    by_whole_words: bool,
    order: Vec<Order>,
    count: bool,
}

fn unsupported(text: impl Into<String>) -> Failure {
    failure(400, "Request_UnsupportedQuery", text)
}

fn orders(text: &str, schema: &Schema) -> Result<(Vec<Order>, Demand), Failure> {
    let mut out = Vec::new();
    let mut demand = Demand::Nothing;
    for one in text.split(',').map(str::trim) {
        let (name, way) = one.split_once(' ').map_or((one, "asc"), |(name, way)| (name, way.trim()));
        let row = SORTED.iter().find(|(entity, property, _)| *entity == schema.entity && *property == name);
        let (Some((.., of_row)), "asc" | "desc") = (row, way) else {
            return Err(unsupported(format!("Sorting not supported for current query: '{one}'.")));
        };
        demand = demand.max(*of_row);
        out.push(Order { property: name.to_owned(), descending: way == "desc" });
    }
    Ok((out, demand))
}

impl Wanted {
    /// The options of the call; an error where Graph refuses them for objects of that type.
    pub fn of(call: &Call, kind: Kind) -> Result<Self, Failure> {
        let counts = call.query.get("$count").is_some_and(|count| count.eq_ignore_ascii_case("true"));
        Self::checked(call, kind, counts, Demand::Nothing)
    }

    /// The options of `/$count`, which counts by itself.
    pub fn of_count(call: &Call, kind: Kind) -> Result<Self, Failure> {
        Self::checked(call, kind, true, Demand::Nothing)
    }

    /// The options for objects that are linked with one: what is asked of them is an advanced query, whatever it is.
    /// Without a cast to a type users decide which properties there are.
    pub fn of_linked(call: &Call, only: Option<Kind>) -> Result<Self, Failure> {
        let counts = call.query.get("$count").is_some_and(|count| count.eq_ignore_ascii_case("true"));
        Self::checked(call, only.unwrap_or(Kind::User), counts, Demand::Advanced)
    }

    fn checked(call: &Call, kind: Kind, counts: bool, least: Demand) -> Result<Self, Failure> {
        let schema = schema::of(kind);
        let eventual = call.header("consistencylevel").eq_ignore_ascii_case("eventual");
        let mut demand = Demand::Nothing;
        let filter = Filter::of(call)?;
        if let Some(filter) = &filter {
            demand = demand.max(filter.demand(schema)?).max(least);
        }
        let mut order = Vec::new();
        if let Some(text) = call.query.get("$orderby") {
            let (found, of_order) = orders(text, schema)?;
            // Why both at once: sorting what is filtered is an advanced query, whatever the two are by themselves.
            demand = demand.max(if filter.is_some() { Demand::Advanced } else { of_order.max(least) });
            order = found;
        }
        let search = call.query.get("$search").map(|text| Search::parse(text, schema)).transpose()?;
        if search.is_some() && !eventual {
            return Err(unsupported(
                "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
            ));
        }
        let is_advanced = demand == Demand::Advanced || search.is_some();
        if demand == Demand::Advanced && !(eventual && counts) {
            return Err(unsupported("Unsupported Query."));
        }
        if is_advanced && call.query.get("$expand").is_some() {
            return Err(unsupported("$expand is not supported in an advanced query."));
        }
        let by_whole_words = call.switches.search_finds_whole_words;
        // Why silently without the header: Microsoft documents it so.
        Ok(Self { filter, search, by_whole_words, order, count: eventual && counts })
    }

    fn fits(&self, d: &Directory, index: Index) -> bool {
        let get = |path: &str| property(d, index, path);
        self.filter.as_ref().is_none_or(|filter| filter.passes(&get))
            && self.search.as_ref().is_none_or(|search| search.finds(&get, self.by_whole_words))
    }

    /// One page of what fits; `write` writes one of them.
    pub fn page(
        &self,
        call: &Call,
        d: &Directory,
        context: &str,
        places: &Places<'_>,
        mut write: impl FnMut(&mut Vec<u8>, Index),
    ) -> Outcome {
        let fitting = |place: usize| (places.at)(place).filter(|index| self.fits(d, *index));
        let sorted = (!self.order.is_empty()).then(|| {
            let mut sorted: Vec<Index> = (0..places.positions).filter_map(fitting).collect();
            self.sort(d, &mut sorted);
            sorted
        });
        let positions = sorted.as_ref().map_or(places.positions, Vec::len);
        let mut paging = Paging::of(call, positions, 100, places.maximum)?;
        if sorted.is_some() {
            paging.keep_order();
        }
        let is_first = call.query.get("$skiptoken").is_none();
        let count = (self.count && is_first).then(|| (0..places.positions).filter_map(fitting).count());
        let mut out = render::open_counted_page(context, count);
        let next = paging.fill(positions, |place| {
            let index = sorted.as_ref().map_or_else(|| fitting(place), |sorted| Some(sorted[place]));
            if let Some(index) = index {
                write(&mut out, index);
            }
            index.is_some()
        });
        let link = next.map(|next| paging.link(call, next));
        render::close_page(&mut out, link.as_deref().map(|link| ("@odata.nextLink", link)));
        Ok(Reply::bytes(200, out))
    }

    /// How many of these fit.
    pub fn count(&self, d: &Directory, all: &[Index]) -> usize {
        all.iter().filter(|index| d.listed(**index) && self.fits(d, **index)).count()
    }

    fn sort(&self, d: &Directory, list: &mut [Index]) {
        // Why the ids first: equals then are in the same order on every page. Each sorting keeps the order of the one
        // before among equals, so the last name of `$orderby` is sorted by first.
        list.sort_by_key(|index| d.object(*index).id);
        for order in self.order.iter().rev() {
            let key = |index: &Index| sortable(&property(d, *index, &order.property));
            if order.descending {
                list.sort_by_cached_key(|index| std::cmp::Reverse(key(index)));
            } else {
                list.sort_by_cached_key(key);
            }
        }
    }
}

/// A value as it is sorted: without regard to case, nothing first.
fn sortable(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_lowercase()
}
