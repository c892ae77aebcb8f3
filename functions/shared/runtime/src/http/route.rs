//! One table of routes: a row gives the router its handler and the OpenAPI document its operation.
//!
//! A row is `Route::get(path, id, handler)` and what it answers. What it takes (query, body, `If-Match`, a caller) is
//! read off the handler's arguments by [`Takes`], so that a row cannot say otherwise than its handler does. The table
//! is a function that is generic over [`Notes`]: [`Unnoted`] serves, [`Operation`] documents.

use super::{Asked, IfMatch, Input, PathOf, QueryOf};
use crate::openapi::{Operation, Tag};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use domain::rights::Action;
use http::{HeaderMap, Method};
use schemars::JsonSchema;
use std::collections::{BTreeMap, HashMap};

/// Where a row writes what it says of itself.
pub trait Notes: From<Operation> {
    /// Writes something into the operation.
    fn note(&mut self, write: impl FnOnce(&mut Operation));
}

/// Notes nothing, for a table that only serves.
///
/// Why: what a row says names the JSON schema of its types, and a schema that nobody asks for would be in the zip of a
/// function, which is paid for at every start. What is never called here is not compiled into it.
#[derive(Clone, Copy, Debug)]
pub struct Unnoted;

impl From<Operation> for Unnoted {
    fn from(_: Operation) -> Self {
        Self
    }
}

impl Notes for Unnoted {
    fn note(&mut self, _: impl FnOnce(&mut Operation)) {}
}

impl Notes for Operation {
    fn note(&mut self, write: impl FnOnce(&mut Operation)) {
        write(self);
    }
}

/// An argument of a handler: says what the document has to tell of it.
pub trait Takes {
    /// Writes it into the operation.
    fn note(operation: &mut Operation);
    /// The right that it asks for before the handler runs, if it asks for one.
    fn right() -> Option<Action> {
        None
    }
}

impl<S> Takes for State<S> {
    fn note(_: &mut Operation) {}
}

impl<T> Takes for PathOf<T> {
    fn note(_: &mut Operation) {}
}

impl Takes for HeaderMap {
    fn note(_: &mut Operation) {}
}

/// Read by hand: what it may hold is not ours to say.
impl Takes for RawQuery {
    fn note(_: &mut Operation) {}
}

impl Takes for Asked {
    fn note(operation: &mut Operation) {
        operation.asks_caller();
    }
}

impl Takes for IfMatch {
    fn note(operation: &mut Operation) {
        operation.takes_version();
    }
}

impl<T: JsonSchema> Takes for QueryOf<T> {
    fn note(operation: &mut Operation) {
        operation.query::<T>();
    }
}

impl<T: JsonSchema> Takes for Input<T> {
    fn note(operation: &mut Operation) {
        operation.body::<T>();
    }
}

/// All arguments of a handler, as axum names them: a marker, then the arguments in their order.
pub trait Arguments {
    /// Writes each of them into the operation.
    fn note(operation: &mut Operation);
    /// The right that one of them asks for.
    fn right() -> Option<Action>;
}

impl Arguments for ((),) {
    fn note(_: &mut Operation) {}
    fn right() -> Option<Action> {
        None
    }
}

macro_rules! arguments {
    ($($argument:ident),+) => {
        impl<M, $($argument: Takes),+> Arguments for (M, $($argument,)+) {
            fn note(operation: &mut Operation) {
                $($argument::note(operation);)+
            }
            fn right() -> Option<Action> {
                [$($argument::right()),+].into_iter().flatten().next()
            }
        }
    };
}

arguments!(A);
arguments!(A, B);
arguments!(A, B, C);
arguments!(A, B, C, D);
arguments!(A, B, C, D, E);
arguments!(A, B, C, D, E, F);

/// A row of the table of routes of a function whose state is `S`.
pub struct Route<S, N> {
    path: &'static str,
    method: Method,
    handler: MethodRouter<S>,
    right: Option<Action>,
    weight: u32,
    notes: N,
}

impl<S: Clone + Send + Sync + 'static, N: Notes> Route<S, N> {
    fn new<H, T>(path: &'static str, method: Method, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        let mut notes = N::from(operation);
        notes.note(T::note);
        Self { path, handler: on(filter_of(&method), handler), method, right: T::right(), weight: 1, notes }
    }

    /// A GET of that path, as axum writes paths, under that operation id, which clients name their methods by.
    pub fn get<H, T>(path: &'static str, id: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        Self::new(path, Method::GET, Operation::new("get", path, id), handler)
    }
    /// A POST, otherwise as [`Self::get`].
    pub fn post<H, T>(path: &'static str, id: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        Self::new(path, Method::POST, Operation::new("post", path, id), handler)
    }
    /// A PUT, otherwise as [`Self::get`].
    pub fn put<H, T>(path: &'static str, id: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        Self::new(path, Method::PUT, Operation::new("put", path, id), handler)
    }
    /// A PATCH, otherwise as [`Self::get`].
    pub fn patch<H, T>(path: &'static str, id: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        Self::new(path, Method::PATCH, Operation::new("patch", path, id), handler)
    }
    /// A DELETE, otherwise as [`Self::get`].
    pub fn delete<H, T>(path: &'static str, id: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: Arguments + 'static,
    {
        Self::new(path, Method::DELETE, Operation::new("delete", path, id), handler)
    }

    /// Its path, as axum writes paths.
    pub fn path(&self) -> &'static str {
        self.path
    }

    fn noting(mut self, write: impl FnOnce(&mut Operation)) -> Self {
        self.notes.note(write);
        self
    }

    /// How many units of its caller's budget a request takes before it is begun: tenths of a second that an instance is
    /// busy with one that costs much. Without it, one.
    #[must_use]
    pub fn weighs(self, units: u32) -> Self {
        let noted = self.noting(|operation| operation.weighs(units));
        Self { weight: units, ..noted }
    }
    /// What it does: in a few words, for a list of operations, and in sentences, for whoever calls it.
    #[must_use]
    pub fn says(self, summary: &'static str, description: &'static str) -> Self {
        self.noting(|operation| operation.says(summary, description))
    }
    /// The right that it takes. It is the command that asks for it; this tells, and a reply that is given again is given
    /// to who still has it.
    #[must_use]
    pub fn right(mut self, action: Action) -> Self {
        self.right = Some(action);
        self.noting(|operation| operation.right(action))
    }
    /// What it answers under that status, as JSON.
    #[must_use]
    pub fn answers<T: JsonSchema>(self, status: u16) -> Self {
        self.noting(|operation| operation.answers::<T>(status))
    }
    /// What it answers under that status, as text of that media type.
    #[must_use]
    pub fn answers_text(self, status: u16, media_type: &'static str) -> Self {
        self.noting(|operation| operation.answers_text(status, media_type))
    }
    /// It answers 204, without a body.
    #[must_use]
    pub fn answers_nothing(self) -> Self {
        self.noting(Operation::answers_nothing)
    }
    /// Statuses of problems that it has beside those that every route of its sort has.
    #[must_use]
    pub fn problems(self, statuses: &'static [u16]) -> Self {
        self.noting(|operation| operation.problems(statuses))
    }
    /// Its answer says in `Location` where what was made, or the work, can be read.
    #[must_use]
    pub fn located(self) -> Self {
        self.noting(Operation::located)
    }
    /// Its answer carries the version of what it shows, as an `ETag`.
    #[must_use]
    pub fn versioned(self) -> Self {
        self.noting(Operation::versioned)
    }
    /// Its answer carries an `ETag`; whoever sends that again in `If-None-Match` is told by 304 that it is still so.
    #[must_use]
    pub fn revalidated(self) -> Self {
        self.noting(Operation::revalidated)
    }
}

/// The rows, all under one heading of the document.
pub fn under<S, N: Notes>(tag: &'static Tag, rows: Vec<Route<S, N>>) -> Vec<Route<S, N>> {
    let tagged = |mut row: Route<S, N>| {
        row.notes.note(|operation| operation.under(tag));
        row
    };
    rows.into_iter().map(tagged).collect()
}

/// The rights that the POSTs of a table take, by their paths: no other reply is ever given again.
#[derive(Clone, Debug, Default)]
pub struct PostRights(BTreeMap<&'static str, Action>);

impl PostRights {
    /// The rights of that table.
    pub fn of<S, N>(rows: &[Route<S, N>]) -> Self {
        let posts = rows.iter().filter(|row| row.method == Method::POST);
        Self(posts.filter_map(|row| Some((row.path, row.right?))).collect())
    }

    /// The right that a POST of that path takes, as axum writes paths.
    pub(super) fn of_post(&self, path: &str) -> Option<Action> {
        self.0.get(path).copied()
    }
}

/// The router of a table.
///
/// # Panics
/// When two rows are of one method and one path: that is found by every test that makes the router.
pub fn router_of<S: Clone + Send + Sync + 'static>(rows: Vec<Route<S, Unnoted>>) -> Router<S> {
    rows.into_iter().fold(Router::new(), |router, row| router.route(row.path, row.handler))
}

/// What the requests of a table take of their callers' budgets before they are begun.
#[derive(Clone, Debug, Default)]
pub struct Weights(HashMap<(Method, &'static str), u32>);

impl Weights {
    /// The units of a request to that path, as axum writes it; one where the table says nothing.
    pub fn of(&self, method: &Method, path: &str) -> u32 {
        let found = self.0.iter().find(|((of, at), _)| of == method && *at == path);
        found.map_or(1, |(_, units)| *units)
    }
}

/// What the requests of a table weigh.
pub fn weights_of<S>(rows: Vec<Route<S, Unnoted>>) -> Weights {
    let heavy = rows.into_iter().filter(|row| row.weight != 1);
    Weights(heavy.map(|row| ((row.method, row.path), row.weight)).collect())
}

fn filter_of(method: &Method) -> MethodFilter {
    match *method {
        Method::POST => MethodFilter::POST,
        Method::PUT => MethodFilter::PUT,
        Method::PATCH => MethodFilter::PATCH,
        Method::DELETE => MethodFilter::DELETE,
        _ => MethodFilter::GET,
    }
}

/// The operations of a table, in its order.
pub fn operations_of<S>(rows: Vec<Route<S, Operation>>) -> Vec<Operation> {
    rows.into_iter().map(|row| row.notes).collect()
}
