//! The table that plays Microsoft Graph.
//! Over 400 lines: it is every part of the directory, over one table.

use super::Table;
use async_trait::async_trait;
use domain::kinds::{self, Identity, Kind, LinkEnd, LinkType, LinkWrite, Source};
use domain::organisations::MAY_CONSENT;
use domain::restore::KnownAccessPassPolicy;
use domain::{Error, Result, TenantId, Timestamp};
use engine::ports::{
    Access, Applied, BIND, Clock, ConsentStanding, Cursor, Directory, DirectoryAccess, DirectoryPages,
    DirectoryWrite, DirectoryWriter, HeldPass, IssuedPass, LiveObject, LiveObjects, PageEnd, ReadPage,
    Secret, Spent,
};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use support::memory::ManualClock;

#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
struct State {
    live: Table,
    shows_at: BTreeMap<String, Timestamp>,
    late_ms: u64,
    undeletes_late_ms: u64,
    made: u32,
    writes: u32,
    forgets: bool,
    forgets_bound: bool,
    dates: bool,
    loses_answer: bool,
    loses: Option<&'static str>,
    /// What Graph does not take, wherever it occurs in a write, and the status of its refusal.
    poisoned: BTreeMap<String, u16>,
    bin: Table,
    shows_bin: bool,
    updates: Vec<Map<String, Value>>,
    updates_late_ms: u64,
    late_updates: Vec<LateUpdate>,
    refuses: Option<String>,
    /// The end that no creation with it is answered.
    chokes_on: Option<String>,
    withdrawn: Option<&'static str>,
    may_write: Vec<String>,
    unreadable: BTreeMap<&'static str, bool>,
    /// Objects that Graph does not show, with the status of its refusal.
    hidden: BTreeMap<String, u16>,
    writer: Option<String>,
    /// The object that somebody deletes, and at which look at it from now on.
    vanishes: Option<(String, u32)>,
    /// After how many more looks, and writes, Graph asks for a pause that nobody has time for; none: it never does.
    throttles_looks: Option<u32>,
    throttles_writes: Option<u32>,
    /// How long each search takes.
    search_ms: u64,
    /// How long each look at an object takes, and which objects were looked at.
    look_ms: u64,
    looks: Vec<String>,
    /// What somebody does right before the next write.
    meanwhile: Option<Meanwhile>,
    /// What lists show, where that is not what there is.
    listed: Option<Table>,
    /// For how long links to what is new are refused, though it can be seen.
    unlinkable_ms: u64,
    /// After how long links show, and those that do not yet: until when, by both ends.
    links_late_ms: u64,
    late_links: BTreeMap<(String, String), Timestamp>,
    /// Whether members of restricted units are kept from us.
    keeps_restricted: bool,
    /// Whether no two users may have one name.
    keeps_names: bool,
    /// The passes that people have, each with when it shows and when it ends.
    passes: BTreeMap<String, Vec<(HeldPass, Timestamp, Timestamp)>>,
    passes_late_ms: u64,
    passes_made: u32,
    /// Whether a pass is refused where there is one that is still good; otherwise it takes that one's place.
    refuses_second_pass: bool,
    pass_policy: KnownAccessPassPolicy,
    /// When the last write was made.
    written_at: Option<Timestamp>,
    /// How long each write takes.
    write_ms: u64,
    /// Whether others go on before a look or a write is answered.
    is_far: bool,
}

/// An update that does not show yet: when it does, of which object it is, and what that gets.
struct LateUpdate {
    shows_at: Timestamp,
    at: (String, String),
    body: Map<String, Value>,
}

/// What somebody else does at the moment of a write of ours.
#[derive(Clone, Copy, Debug)]
pub enum Meanwhile {
    Link(&'static str, &'static str, &'static str),
    Unlink(&'static str, &'static str, &'static str),
    Delete(&'static str, &'static str),
    /// It is there as this says, by kind and key.
    Give(&'static str, &'static str, fn() -> Value),
}

pub struct TableDirectory {
    clock: Arc<ManualClock>,
    state: Mutex<State>,
}

/// The text of each pass that the table makes, before its number.
pub const PASS_TEXT: &str = "+pass-of-the-table-";

impl TableDirectory {
    pub fn set_pass_policy(&self, policy: KnownAccessPassPolicy) {
        self.state().pass_policy = policy;
    }
    pub fn refuse_second_pass(&self) {
        self.state().refuses_second_pass = true;
    }
    pub fn show_passes_after_ms(&self, late_ms: u64) {
        self.state().passes_late_ms = late_ms;
    }
    /// The ids of the passes that somebody has and that are still good.
    pub fn passes(&self, user: &str) -> Vec<String> {
        let now = self.clock.now();
        let state = self.state();
        let all = state.passes.get(user).into_iter().flatten();
        all.filter(|(_, _, ends_at)| *ends_at > now).map(|(pass, ..)| pass.id.clone()).collect()
    }
    /// Somebody else gives a person a pass.
    pub fn give_pass(&self, user: &str) {
        let (id, now) = (user.to_owned(), self.clock.now());
        let pass = HeldPass {
            id: "theirs".to_owned(),
            created_at: Some(now),
            is_over: false,
            lifetime_in_minutes: Some(240),
            is_usable_once: true,
        };
        let ends_at = now + SignedDuration::from_hours(4);
        self.state().passes.entry(id).or_default().push((pass, now, ends_at));
    }
    fn issue(
        &self,
        state: &mut State,
        id: &str,
        minutes: Option<u32>,
        is_usable_once: bool,
    ) -> Result<IssuedPass> {
        if !state.live.contains_key(&("users".to_owned(), id.to_owned())) || self.is_hidden(state, id) {
            return Err(Error::not_found("Request_ResourceNotFound"));
        }
        let now = self.clock.now();
        let passes = state.passes.entry(id.to_owned()).or_default();
        if state.refuses_second_pass && passes.iter().any(|(_, _, ends_at)| *ends_at > now) {
            return Err(refusal(400));
        }
        passes.clear();
        state.passes_made += 1;
        let (number, minutes) = (state.passes_made, minutes.unwrap_or(60));
        let pass = HeldPass {
            id: format!("pass{number}"),
            created_at: Some(now),
            is_over: false,
            lifetime_in_minutes: Some(minutes),
            is_usable_once,
        };
        let shows_at = now + SignedDuration::from_millis(i64::try_from(state.passes_late_ms).unwrap());
        let ends_at = now + SignedDuration::from_mins(i64::from(minutes));
        passes.push((pass, shows_at, ends_at));
        if std::mem::take(&mut state.loses_answer) {
            return Err(Error::unavailable("no answer"));
        }
        let pass = Secret::new(format!("{PASS_TEXT}{number}"));
        Ok(IssuedPass { pass, starts_at: now, lifetime_in_minutes: minutes, is_usable_once })
    }
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, state: Mutex::default() }
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
    pub fn insert(&self, kind: &str, key: &str, object: Map<String, Value>) {
        self.state().live.insert((kind.to_owned(), key.to_owned()), (object, vec![]));
    }
    pub fn link(&self, link: &str, from: &str, to: &str) {
        let at = (kinds::link(link).unwrap().from.to_string(), from.to_owned());
        self.state().live.get_mut(&at).unwrap().1.push((link.to_owned(), to.to_owned()));
    }
    /// The only link of that type that leads from there.
    pub fn relink(&self, link: &str, from: &str, to: &str) {
        let at = (kinds::link(link).unwrap().from.to_string(), from.to_owned());
        let mut state = self.state();
        let links = &mut state.live.get_mut(&at).unwrap().1;
        links.retain(|(l, _)| l != link);
        links.push((link.to_owned(), to.to_owned()));
    }
    pub fn set(&self, kind: &str, key: &str, property: &str, value: Value) {
        let at = (kind.to_owned(), key.to_owned());
        self.state().live.get_mut(&at).unwrap().0.insert(property.to_owned(), value);
    }
    pub fn get(&self, kind: &str, key: &str) -> Map<String, Value> {
        self.state().live[&(kind.to_owned(), key.to_owned())].0.clone()
    }
    /// Everything that is live.
    pub fn table(&self) -> Table {
        self.state().live.clone()
    }
    pub fn has(&self, kind: &str, key: &str) -> bool {
        self.state().live.contains_key(&(kind.to_owned(), key.to_owned()))
    }
    pub fn count(&self, kind: &str) -> usize {
        self.state().live.keys().filter(|(k, _)| k == kind).count()
    }
    pub fn id_of(&self, property: &str, value: &str) -> String {
        let state = self.state();
        let found = state.live.values().find(|(o, _)| o.get(property).is_some_and(|v| v == value));
        found.unwrap().0["id"].as_str().unwrap().to_owned()
    }
    pub fn ends(&self, link: &str, from: &str) -> Vec<String> {
        let at = (kinds::link(link).unwrap().from.to_string(), from.to_owned());
        let state = self.state();
        state.live[&at].1.iter().filter(|(l, _)| l == link).map(|(_, to)| to.clone()).collect()
    }
    pub fn hard_delete(&self, id: &str) {
        let mut state = self.state();
        state.live.retain(|(_, key), _| key != id && !key.starts_with(&format!("{id}|")));
        for (_, links) in state.live.values_mut() {
            links.retain(|(_, to)| to != id);
        }
    }
    pub fn remove(&self, kind: &str, key: &str) {
        self.state().live.remove(&(kind.to_owned(), key.to_owned())).expect("it is there");
    }
    pub fn unlink(&self, link: &str, from: &str, to: &str) {
        let at = (kinds::link(link).unwrap().from.to_string(), from.to_owned());
        self.state().live.get_mut(&at).unwrap().1.retain(|(l, t)| l != link || t != to);
    }
    /// The next creation takes effect, and nobody hears of it.
    pub fn lose_answer_of_next_creation(&self) {
        self.state().loses_answer = true;
    }
    /// Somebody deletes the object right before it is looked at for the nth time.
    pub fn delete_before_look(&self, id: &str, at: u32) {
        self.state().vanishes = Some((id.to_owned(), at));
    }
    /// Each look at an object takes so long.
    pub fn look_slowly(&self, look_ms: u64) {
        self.state().look_ms = look_ms;
    }
    /// Each search takes so long.
    pub fn search_slowly(&self, search_ms: u64) {
        self.state().search_ms = search_ms;
    }
    /// After so many more looks at objects Graph asks for a pause; none ends that.
    pub fn throttle_looks_after(&self, looks: Option<u32>) {
        self.state().throttles_looks = looks;
    }
    /// After so many more writes Graph asks for a pause; none ends that.
    pub fn throttle_writes_after(&self, writes: Option<u32>) {
        self.state().throttles_writes = writes;
    }
    /// That object can be read again.
    pub fn allow_reading(&self, id: &str) {
        self.state().hidden.remove(id);
    }
    /// Which objects were looked at since the last call of this.
    pub fn take_looks(&self) -> Vec<String> {
        std::mem::take(&mut self.state().looks)
    }
    /// Somebody does that right before the next write.
    pub fn do_before_write(&self, meanwhile: Meanwhile) {
        self.state().meanwhile = Some(meanwhile);
    }
    /// Into the recycle bin, with its links.
    pub fn soft_delete(&self, kind: &str, id: &str) {
        let mut state = self.state();
        let at = (kind.to_owned(), id.to_owned());
        let gone = state.live.remove(&at).unwrap();
        state.bin.insert(at, gone);
    }
    /// The properties of what is in the recycle bin can be seen.
    pub fn show_bin(&self) {
        self.state().shows_bin = true;
    }
    /// Somebody takes it out of the recycle bin, with its links.
    pub fn take_out_of_bin(&self, kind: &str, id: &str) {
        let mut state = self.state();
        let at = (kind.to_owned(), id.to_owned());
        let back = state.bin.remove(&at).unwrap();
        state.live.insert(at, back);
    }
    /// Of that object nothing is known for so long.
    pub fn hide_for_ms(&self, id: &str, late_ms: u64) {
        let shows_at = self.after_ms(late_ms);
        self.state().shows_at.insert(id.to_owned(), shows_at);
    }
    /// New objects say when they were made.
    pub fn date_creations(&self) {
        self.state().dates = true;
    }
    pub fn empty_bin(&self) {
        self.state().bin.clear();
    }
    /// The bodies of all updates so far.
    pub fn updates(&self) -> Vec<Map<String, Value>> {
        self.state().updates.clone()
    }
    /// Updates and deletions are answered, and nothing becomes of them.
    pub fn forget_updates(&self, forgets: bool) {
        self.state().forgets = forgets;
    }
    /// New objects are made without the links that they were sent with.
    pub fn forget_bound_links(&self) {
        self.state().forgets_bound = true;
    }
    /// Creations that lead to that object are never answered, and nothing becomes of them.
    pub fn choke_on_creation_with(&self, end: &str) {
        self.state().chokes_on = Some(end.to_owned());
    }
    pub fn refuse_creation_of(&self, kind: &str) {
        self.state().refuses = Some(kind.to_owned());
    }
    /// Links to that object are refused, with all that travel together with them.
    pub fn refuse_links_to(&self, end: &str) {
        self.poison(end, 400);
    }
    /// Every write is refused, whole and with that status, in which this property, far end or licence occurs.
    pub fn poison(&self, what: &str, status: u16) {
        self.state().poisoned.insert(what.to_owned(), status);
    }
    /// How often the directory was asked to write since the last call of this.
    pub fn take_write_count(&self) -> u32 {
        std::mem::take(&mut self.state().writes)
    }
    /// New objects are made without this property, whatever was sent.
    pub fn lose(&self, property: &'static str) {
        self.state().loses = Some(property);
    }
    /// Consent is taken back from the application that reads, or from the one that writes.
    pub fn withdraw(&self, application: &'static str) {
        self.state().withdrawn = Some(application);
    }
    /// A kind cannot be read from now on: for want of a licence, or of a permission.
    pub fn refuse_reading_of(&self, kind: &'static str, is_licence: bool) {
        self.state().unreadable.insert(kind, is_licence);
    }
    /// Every reading of that object, named by its key or by its kind and key, is refused with that status.
    pub fn refuse_reading(&self, id: &str, status: u16) {
        self.state().hidden.insert(id.to_owned(), status);
    }
    fn readable(state: &State, kind: &str) -> Result<()> {
        match state.unreadable.get(kind) {
            None => Ok(()),
            Some(true) => {
                Err(Error::denied("AadPremiumLicenseRequired").because(domain::ErrorReason::Unlicensed))
            }
            Some(false) => Err(Error::denied("PermissionScopeNotGranted")),
        }
    }
    /// From now on lists show what there is at this moment.
    pub fn freeze_lists(&self) {
        let mut state = self.state();
        state.listed = Some(state.live.clone());
    }
    /// The writing application's own service principal.
    pub fn writes_as(&self, principal: &str) {
        self.state().writer = Some(principal.to_owned());
    }
    /// What the writing application's token says that it may do.
    pub fn permit_writing(&self, permissions: &[&str]) {
        self.state().may_write = permissions.iter().map(|p| (*p).to_owned()).collect();
    }
    fn consented(&self, application: &str) -> Result<()> {
        match self.state().withdrawn {
            Some(withdrawn) if withdrawn == application => Err(Error::denied("consent is missing")),
            _ => Ok(()),
        }
    }
    /// New objects are known only after so long.
    pub fn show_after_ms(&self, late_ms: u64) {
        self.state().late_ms = late_ms;
    }
    /// Links to what is new are refused for so long, as by parts of Graph that do not know it yet.
    pub fn refuse_links_to_new_for_ms(&self, unlinkable_ms: u64) {
        self.state().unlinkable_ms = unlinkable_ms;
    }
    /// New links show only after so long.
    pub fn show_links_after_ms(&self, links_late_ms: u64) {
        self.state().links_late_ms = links_late_ms;
    }
    /// Who is in a restricted unit is written by nobody but its own administrators.
    pub fn keep_restricted(&self) {
        self.state().keeps_restricted = true;
    }
    /// No user gets a name that another has.
    pub fn keep_names(&self) {
        self.state().keeps_names = true;
    }
    /// Each write takes so long.
    pub fn write_slowly(&self, write_ms: u64) {
        self.state().write_ms = write_ms;
    }
    /// Others go on before a look or a write is answered.
    pub fn answer_later(&self) {
        self.state().is_far = true;
    }
    async fn let_others_go_on(&self) {
        let is_far = self.state().is_far;
        if is_far {
            tokio::task::yield_now().await;
        }
    }
    /// When the last write was made.
    pub fn written_at(&self) -> Option<Timestamp> {
        self.state().written_at
    }
    /// What leaves the recycle bin is known only after so long.
    pub fn show_undeleted_after_ms(&self, late_ms: u64) {
        self.state().undeletes_late_ms = late_ms;
    }
    /// An update takes effect, and is known, only after so long.
    pub fn show_updates_after_ms(&self, late_ms: u64) {
        self.state().updates_late_ms = late_ms;
    }
    pub fn write_count(&self) -> u32 {
        self.state().writes
    }
    fn after_ms(&self, late_ms: u64) -> Timestamp {
        self.clock.now() + SignedDuration::from_millis(i64::try_from(late_ms).unwrap())
    }
    fn show_late_updates(&self, state: &mut State) {
        let now = self.clock.now();
        for update in state.late_updates.extract_if(.., |update| update.shows_at <= now) {
            state.live.get_mut(&update.at).unwrap().0.extend(update.body);
        }
    }
    /// The status with which a write is refused for what it is about.
    fn refused(&self, state: &State, call: &DirectoryWrite) -> Option<u16> {
        let now = self.clock.now();
        let (object, ends) = match call {
            DirectoryWrite::AddLinks { from, to, .. } => (from, to.as_slice()),
            DirectoryWrite::Update { id, .. } => (id, &[][..]),
            _ => return None,
        };
        let unlinkable = SignedDuration::from_millis(i64::try_from(state.unlinkable_ms).unwrap());
        let is_new = |id: &String| state.shows_at.get(id).is_some_and(|at| *at + unlinkable > now);
        if ends.iter().any(|(to, _)| is_new(to)) {
            return Some(404);
        }
        let holds = |(unit, links): &(Map<String, Value>, Vec<(String, String)>)| {
            unit.get("isMemberManagementRestricted") == Some(&json!(true))
                && links.iter().any(|(_, to)| to == object)
        };
        if state.keeps_restricted && state.live.values().any(holds) {
            return Some(403);
        }
        let DirectoryWrite::Update { body, .. } = call else { return None };
        let name = body.get("userPrincipalName").filter(|_| state.keeps_names)?;
        let has_it = |((_, key), (other, _)): (&(String, String), &(Map<String, Value>, _))| {
            key != object && other.get("userPrincipalName") == Some(name)
        };
        state.live.iter().any(has_it).then_some(409)
    }
    fn is_hidden(&self, state: &State, id: &str) -> bool {
        state.shows_at.get(id).is_some_and(|at| *at > self.clock.now())
    }
}

impl Directory for TableDirectory {}

#[async_trait]
impl DirectoryAccess for TableDirectory {
    async fn access(&self, _: &TenantId) -> Result<Access> {
        self.consented("reading")?;
        Ok(Access { permissions: vec![], principal: None })
    }
    async fn standing(&self, _: &TenantId, user: &str) -> Result<ConsentStanding> {
        let is =
            |fact: &Map<String, Value>, name: &str, value: &str| fact.get(name).is_some_and(|v| v == value);
        let may = |fact: &Map<String, Value>| {
            is(fact, "principalId", user)
                && is(fact, "directoryScopeId", "/")
                && MAY_CONSENT.iter().any(|role| is(fact, "roleDefinitionId", role))
        };
        let state = self.state();
        Self::readable(&state, "admins")?;
        let is_there = |kind: &str, key: &str| kind == "users" && key == user;
        Ok(if state.live.iter().any(|((kind, _), (fact, _))| kind == "admins" && may(fact)) {
            ConsentStanding::MayConsent
        } else if state.live.keys().any(|(kind, key)| is_there(kind, key)) {
            ConsentStanding::NoRole
        } else {
            ConsentStanding::NotThere
        })
    }
    async fn organisation(&self, tenant: &TenantId) -> Result<Map<String, Value>> {
        Ok(Map::from_iter([("id".to_owned(), Value::from(tenant.as_str()))]))
    }
}

#[async_trait]
impl DirectoryPages for TableDirectory {
    async fn read_page(
        &self,
        _: &TenantId,
        source: &'static Source,
        _: &Cursor,
        _: &[&str],
    ) -> Result<ReadPage> {
        let state = self.state();
        Self::readable(&state, source.name)?;
        let listed = state.listed.as_ref().unwrap_or(&state.live);
        let of = listed.iter().filter(|((kind, _), _)| kind == source.name);
        let items = of.map(|(_, (object, _))| serde_json::value::to_raw_value(object).unwrap()).collect();
        Ok(ReadPage { items, unreadable: vec![], end: PageEnd::Done(None), left_out: vec![] })
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

#[async_trait]
impl LiveObjects for TableDirectory {
    async fn find_live(
        &self,
        _: &TenantId,
        kind: &'static Kind,
        key: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<LiveObject>> {
        self.let_others_go_on().await;
        let mut state = self.state();
        is_let_in(&mut state.throttles_looks)?;
        state.looks.push(key.to_owned());
        self.clock.advance(SignedDuration::from_millis(i64::try_from(state.look_ms).unwrap()));
        let shown = &mut *state;
        self.show_late_updates(shown);
        if let Some((id, looks)) = &mut state.vanishes
            && id == key
        {
            *looks -= 1;
            if *looks == 0 {
                state.vanishes = None;
                state.live.remove(&(kind.name.to_string(), key.to_owned()));
            }
        }
        Self::readable(&state, kind.run())?;
        let of_kind = format!("{} {key}", kind.name);
        if let Some(status) = state.hidden.get(key).or_else(|| state.hidden.get(&of_kind)) {
            return Err(refusal(*status));
        }
        if self.is_hidden(&state, key) {
            return Ok(None);
        }
        let Some((object, all)) = state.live.get(&(kind.name.to_string(), key.to_owned())) else {
            return Ok(None);
        };
        let mut found = Vec::new();
        let is_late = |to: &str| {
            let shows_at = state.late_links.get(&(key.to_owned(), to.to_owned()));
            shows_at.is_some_and(|at| *at > self.clock.now())
        };
        for (name, to) in all.iter().filter(|(_, to)| !is_late(to)) {
            if let Some(link) = links.iter().find(|l| l.name == name) {
                found.push((*link, to.clone(), LinkEnd::Present(link_value(link, to))));
            }
        }
        Ok(Some(LiveObject { object: object.clone(), links: found, unknown: BTreeSet::new() }))
    }
    async fn is_in_recycle_bin(&self, _: &TenantId, kind: &'static Kind, id: &str) -> Result<bool> {
        Ok(self.state().bin.contains_key(&(kind.name.to_string(), id.to_owned())))
    }
    async fn find_binned(&self, _: &TenantId, kind: &'static Kind, id: &str) -> Result<Option<LiveObject>> {
        let state = self.state();
        let found = state.bin.get(&(kind.name.to_string(), id.to_owned()));
        Ok(found.map(|(object, _)| {
            let mut shown = LiveObject::unseen(kind);
            if state.shows_bin {
                shown.unknown.retain(|property| !object.contains_key(*property));
                shown.object.clone_from(object);
            }
            shown
        }))
    }
    async fn find_by_property(
        &self,
        _: &TenantId,
        kind: &'static Kind,
        property: &str,
        value: &str,
    ) -> Result<Vec<Map<String, Value>>> {
        let state = self.state();
        self.clock.advance(SignedDuration::from_millis(i64::try_from(state.search_ms).unwrap()));
        let of = state.live.iter().filter(|((k, id), _)| k == kind.run() && !self.is_hidden(&state, id));
        let same = of.filter(|(_, (object, _))| object.get(property).is_some_and(|v| v == value));
        Ok(same.map(|(_, (object, _))| object.clone()).collect())
    }
    async fn access_pass_policy(&self, _: &TenantId) -> Result<KnownAccessPassPolicy> {
        Ok(self.state().pass_policy.clone())
    }
}

#[async_trait]
impl DirectoryWriter for TableDirectory {
    async fn access(&self, _: &TenantId) -> Result<Access> {
        self.consented("writing")?;
        let state = self.state();
        Ok(Access { permissions: state.may_write.clone(), principal: state.writer.clone() })
    }
    async fn apply(&self, _: &TenantId, call: &DirectoryWrite) -> Result<Applied> {
        self.let_others_go_on().await;
        let meanwhile = self.state().meanwhile.take();
        match meanwhile {
            Some(Meanwhile::Link(link, from, to)) => self.link(link, from, to),
            Some(Meanwhile::Unlink(link, from, to)) => self.unlink(link, from, to),
            Some(Meanwhile::Delete(kind, key)) => self.remove(kind, key),
            Some(Meanwhile::Give(kind, key, value)) => {
                let (kind, key, object) = super::object(kind, key, &value());
                self.insert(&kind, &key, object);
            }
            None => {}
        }
        let mut state = self.state();
        is_let_in(&mut state.throttles_writes)?;
        state.writes += 1;
        state.written_at = Some(self.clock.now());
        self.clock.advance_ms(state.write_ms);
        if let Some(status) = self.refused(&state, call) {
            return Err(refusal(status));
        }
        let chokes = |part: &String| state.chokes_on.as_ref() == Some(part);
        if matches!(call, DirectoryWrite::Create { .. }) && parts_of(call).iter().any(chokes) {
            return Err(Error::unavailable("no answer"));
        }
        if let Some(status) = parts_of(call).iter().find_map(|part| state.poisoned.get(part)) {
            return Err(refusal(*status));
        }
        let (mut id_made, mut was_so, mut pass) = (None, false, None);
        match call {
            DirectoryWrite::Create { kind, .. } if state.refuses.as_deref() == Some(kind.run()) => {
                return Err(Error::invalid("Request_BadRequest"));
            }
            DirectoryWrite::Create { kind, body } => {
                state.made += 1;
                // A custom role is known by its template's id; everything else gets an id of its own.
                let template = body
                    .get("templateId")
                    .and_then(Value::as_str)
                    .filter(|_| kind.name == support::kind("roles").name);
                let id = template.map_or_else(|| format!("new{}", state.made), str::to_owned);
                let mut object = body.clone();
                if kind.writing.password {
                    assert!(object.remove("passwordProfile").is_some(), "a user needs a password");
                }
                // Links with which it is made.
                let mut links = Vec::new();
                for link in kind.links {
                    let bound = object.remove(&format!("{}{BIND}", link.relation)).unwrap_or_default();
                    for to in bound.as_array().into_iter().flatten().map(|to| to.as_str().unwrap().to_owned())
                    {
                        if self.is_hidden(&state, &to) {
                            return Err(Error::invalid("Request_BadRequest: an object does not exist"));
                        }
                        if !state.forgets_bound {
                            links.push((link.name.to_owned(), to));
                        }
                    }
                }
                object.insert("id".to_owned(), Value::from(id.as_str()));
                if state.dates {
                    object.insert("createdDateTime".to_owned(), json!(self.clock.now().to_string()));
                }
                if let Some(lost) = state.loses {
                    object.remove(lost);
                }
                let key = match kind.identity {
                    Identity::Id => id.clone(),
                    Identity::Natural(_) => {
                        let principal = object["principalId"].as_str().unwrap();
                        if self.is_hidden(&state, principal) {
                            return Err(Error::not_found("Request_ResourceNotFound"));
                        }
                        kind.key_of(&object).unwrap()
                    }
                };
                let at = (kind.name.to_string(), key.clone());
                if let Some((schedule, _)) = state.live.get_mut(&at)
                    && body.get("action").is_some_and(|action| action == "adminUpdate")
                {
                    schedule.insert("scheduleInfo".to_owned(), body["scheduleInfo"].clone());
                    return Ok(Applied { status: 201, ..Applied::default() });
                }
                if state.live.contains_key(&at) {
                    return Err(Error::conflict("RoleAssignmentExists"));
                }
                let name = body.get("userPrincipalName").filter(|_| kind.name == support::kind("users").name);
                if name.is_some() && state.live.values().any(|(o, _)| o.get("userPrincipalName") == name) {
                    return Err(Error::conflict("ObjectConflict"));
                }
                let late = SignedDuration::from_millis(i64::try_from(state.late_ms).unwrap());
                let shows_at = self.clock.now() + late;
                state.shows_at.insert(id.clone(), shows_at);
                state.live.insert((kind.name.to_string(), key), (object, links));
                if std::mem::take(&mut state.loses_answer) {
                    return Err(Error::unavailable("no answer"));
                }
                id_made = Some(id);
            }
            DirectoryWrite::Undelete { kind, id, .. } => {
                let at = (kind.name.to_string(), id.clone());
                let back = state.bin.remove(&at).unwrap();
                let late = SignedDuration::from_millis(i64::try_from(state.undeletes_late_ms).unwrap());
                let shows_at = self.clock.now() + late;
                state.shows_at.insert(id.clone(), shows_at);
                state.live.insert(at, back);
            }
            DirectoryWrite::Update { kind, id, body } => {
                state.updates.push(body.clone());
                let at = (kind.name.to_string(), id.clone());
                if state.updates_late_ms > 0 {
                    let shows_at = self.after_ms(state.updates_late_ms);
                    state.late_updates.push(LateUpdate { shows_at, at, body: body.clone() });
                } else if !state.forgets {
                    let object = state.live.get_mut(&at);
                    let object = object.ok_or_else(|| Error::not_found("Request_ResourceNotFound"))?;
                    object.0.extend(body.clone());
                }
            }
            DirectoryWrite::AddLinks { link, from, to } => {
                was_so = true;
                for (to, _) in to {
                    if self.is_hidden(&state, to) {
                        return Err(Error::invalid("Request_BadRequest: an object does not exist"));
                    }
                    let at = (link.from.to_string(), from.clone());
                    let links = &mut state.live.get_mut(&at).unwrap().1;
                    was_so &= links.iter().any(|(l, t)| l == link.name && t == to);
                    links.retain(|(l, t)| l != link.name || (link.write != LinkWrite::Single && t != to));
                    links.push((link.name.to_owned(), to.clone()));
                    let shows_at = self.after_ms(state.links_late_ms);
                    state.late_links.insert((from.clone(), to.clone()), shows_at);
                }
            }
            DirectoryWrite::RemoveLink { link, from, to } => {
                let at = (link.from.to_string(), from.clone());
                let links = &mut state.live.get_mut(&at).unwrap().1;
                let there = links.len();
                links.retain(|(l, t)| l != link.name || t != to);
                was_so = links.len() == there;
            }
            DirectoryWrite::Assign { link, from, assignments } => {
                let to = assignments.iter().map(|a| kinds::assignment_key(&a["target"]));
                let at = (link.from.to_string(), from.clone());
                state.live.get_mut(&at).unwrap().1 = to.map(|to| (link.name.to_owned(), to)).collect();
            }
            DirectoryWrite::AssignLicences { kind, id, add, remove } => {
                let at = (kind.name.to_string(), id.clone());
                let object = &state.live[&at].0;
                let held = object.get("assignedLicenses").and_then(Value::as_array).cloned();
                let mut held = held.unwrap_or_default();
                let is_new = |of: &Value| add.iter().any(|licence| licence["skuId"] == of["skuId"]);
                held.retain(|of| !is_new(of) && !remove.iter().any(|sku| of["skuId"] == sku.as_str()));
                held.extend(add.iter().cloned());
                let body = Map::from_iter([("assignedLicenses".to_owned(), Value::from(held))]);
                if state.updates_late_ms > 0 {
                    let shows_at = self.after_ms(state.updates_late_ms);
                    state.late_updates.push(LateUpdate { shows_at, at, body });
                } else {
                    state.live.get_mut(&at).unwrap().0.extend(body);
                }
            }
            DirectoryWrite::IssuePass { id, lifetime_in_minutes, is_usable_once, .. } => {
                pass = Some(self.issue(&mut state, id, *lifetime_in_minutes, *is_usable_once)?);
            }
            DirectoryWrite::RevokePass { id, pass, .. } => {
                let passes = state.passes.entry(id.clone()).or_default();
                let there = passes.len();
                passes.retain(|(held, ..)| held.id != *pass);
                was_so = passes.len() == there;
            }
            DirectoryWrite::Delete { .. } if state.forgets => {}
            DirectoryWrite::Delete { kind, id, object } => {
                let key = match kind.identity {
                    Identity::Id => id.clone(),
                    Identity::Natural(_) => kind.key_of(object).unwrap(),
                };
                let gone = state.live.remove(&(kind.name.to_string(), key));
                gone.ok_or_else(|| Error::not_found("Request_ResourceNotFound"))?;
                state.live.retain(|(_, key), _| !key.starts_with(&format!("{id}|")));
                for (_, links) in state.live.values_mut() {
                    links.retain(|(_, to)| to != id);
                }
            }
            other @ DirectoryWrite::Act { .. } => panic!("not played: {other:?}"),
        }
        Ok(Applied { status: 204, id: id_made, request_id: Some("r".to_owned()), was_so, pass })
    }
    async fn list_passes(&self, _: &TenantId, kind: &'static Kind, id: &str) -> Result<Vec<HeldPass>> {
        let (state, now) = (self.state(), self.clock.now());
        if let Some(status) = state.poisoned.get("passes") {
            return Err(refusal(*status));
        }
        if !state.live.contains_key(&(kind.name.to_string(), id.to_owned())) || self.is_hidden(&state, id) {
            return Err(Error::not_found("Request_ResourceNotFound"));
        }
        let all = state.passes.get(id).into_iter().flatten().filter(|(_, shows_at, _)| *shows_at <= now);
        Ok(all.map(|(pass, _, ends_at)| HeldPass { is_over: *ends_at <= now, ..pass.clone() }).collect())
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

/// Whether Graph lets one more call in, of so many.
fn is_let_in(left: &mut Option<u32>) -> Result<()> {
    match left {
        None => Ok(()),
        Some(0) => {
            Err(Error::new(domain::ErrorKind::Throttled { retry_after_ms: Some(600_000) }, "come back later"))
        }
        Some(left) => {
            *left -= 1;
            Ok(())
        }
    }
}

/// What a write names: properties, far ends, SKUs; of a creation also what the object is called.
fn parts_of(call: &DirectoryWrite) -> Vec<String> {
    match call {
        DirectoryWrite::Create { body, .. } => {
            let called = body.get("displayName").and_then(Value::as_str).map(str::to_owned);
            let bound = body.iter().filter(|(name, _)| name.ends_with(BIND));
            let bound = bound.flat_map(|(_, ends)| ends.as_array().into_iter().flatten());
            let bound = bound.map(|end| end.as_str().unwrap().to_owned());
            body.keys().cloned().chain(called).chain(bound).collect()
        }
        DirectoryWrite::Update { body, .. } => body.keys().cloned().collect(),
        DirectoryWrite::RemoveLink { to, .. } => vec![to.clone()],
        DirectoryWrite::AddLinks { to, .. } => to.iter().map(|(end, _)| end.clone()).collect(),
        DirectoryWrite::Assign { assignments, .. } => {
            assignments.iter().map(|a| kinds::assignment_key(&a["target"])).collect()
        }
        DirectoryWrite::AssignLicences { add, remove, .. } => {
            let given = add.iter().map(|licence| licence["skuId"].as_str().unwrap().to_owned());
            given.chain(remove.iter().cloned()).collect()
        }
        _ => vec![],
    }
}

/// As the adapter gives a refusal of that status.
fn refusal(status: u16) -> Error {
    let (kind, code) = match status {
        403 => (domain::ErrorKind::Denied, "Authorization_RequestDenied"),
        404 => (domain::ErrorKind::NotFound, "Request_ResourceNotFound"),
        409 | 423 => (domain::ErrorKind::Conflict, "ObjectConflict"),
        _ => (domain::ErrorKind::Invalid, "Request_BadRequest"),
    };
    let (code, sentence) = (code.to_owned(), "Ann's value is refused.".to_owned());
    Error::new(kind, format!("Graph answered {status} {code}")).answered(domain::Answer {
        status,
        code,
        request_id: Some("r".to_owned()),
        sentence,
    })
}

/// What a link says of itself: an assignment where it leads, any other nothing.
pub fn link_value(link: &LinkType, to: &str) -> Map<String, Value> {
    if link.write != LinkWrite::AssignAll {
        return Map::new();
    }
    let (group, of_type) = match to.strip_suffix("!exclude") {
        Some(group) => (group, "exclusionGroupAssignmentTarget"),
        None => (to, "groupAssignmentTarget"),
    };
    let target = json!({"@odata.type": format!("#microsoft.graph.{of_type}"), "groupId": group});
    Map::from_iter([("target".to_owned(), target)])
}
