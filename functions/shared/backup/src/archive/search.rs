//! A search for a part of a name, over one kind of a sealed snapshot, a page at a time.
//!
//! A name run has one key for each word of each name of an object, so several keys may lead to one object. Together
//! the walks of [`Part::ways`] still give each object that has the part in one of its names exactly once, whatever the
//! pages: only the first of its matching keys counts. Nothing is remembered between pages for that, since the object
//! itself says which keys it has.
//!
//! A page ends when it is full, or when as much was read as one request may read.
//!
//! A name has the part when it does without case, width and marks on either side ([`fold::plain`]). Keys are written by an older
//! rule, without case alone ([`names::normalise`]): what begins with the part by that rule is found by its key, everything else
//! by the walk over all keys, which folds each. Every name that has the part has a key with it, since what begins with a letter
//! or a digit when it is folded did so before.

use super::view::{Hit, SnapshotView, name_of, names_run, read_object};
use domain::kinds::Kind;
use domain::stored::{fold, names};
use domain::{Error, Result};
use futures::future::try_join_all;
use memchr::memmem::Finder;
use serde_json::{Map, Value};

/// One of the walks over a kind's keys that make up a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the keys that begin with the part: names of which a word begins with it, as it was typed.
    Begins,
    /// Over all keys: names that have it elsewhere, or otherwise.
    Inside,
    /// Over the objects: the part has no letter and no digit, and a name without any has no key.
    Objects,
}

impl Way {
    /// One letter for it, written where a caller keeps how far a search has come.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Begins => "b",
            Self::Inside => "i",
            Self::Objects => "o",
        }
    }
}

/// A part of a name that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Without case, width and marks: what has it is found.
    plain: String,
    /// As keys are written: what begins with it is found first.
    keyed: String,
}

impl Part {
    /// The part that somebody looks for by that text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { plain: fold::plain(text), keyed: names::normalise(text) }
    }

    /// Whether every name has it: nothing but marks and blanks was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// What it is looked for by: two parts with one text are the same search.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.keyed
    }

    /// Whether a text has it.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        fold::plain(text).contains(&self.plain)
    }

    /// Whether a name of which a key has this text may have it.
    pub(crate) fn may_be_in(&self, key_text: &str) -> bool {
        fold::plain(key_text).contains(self.core())
    }

    /// Whether keys may begin with it: they begin at letters and digits.
    fn begins_keys(&self) -> bool {
        self.keyed.starts_with(char::is_alphanumeric)
    }

    /// What a key has of it: keys begin at letters and digits, so what stands before the first is not in them.
    fn core(&self) -> &str {
        self.plain.trim_start_matches(|c: char| !c.is_alphanumeric())
    }

    /// The walks that find it, one after the other.
    #[must_use]
    pub fn ways(&self) -> &'static [Way] {
        if !self.plain.contains(char::is_alphanumeric) {
            return &[Way::Objects];
        }
        if self.begins_keys() { &[Way::Begins, Way::Inside] } else { &[Way::Inside] }
    }
}

/// How much a request may find and read.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many objects a page may hold.
    pub hits: usize,
    /// The page ends when [`SnapshotView::reads`] is this or more, once it has looked at a key.
    pub reads: u64,
}

/// What a page of a walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// The objects, in the order of the keys that led to them.
    pub hits: Vec<Hit>,
    /// The last key that was looked at; none when the walk is over.
    pub last: Option<Vec<u8>>,
}

/// How many candidates are looked at together.
const AT_ONCE: usize = 16;

/// What may be a hit.
enum Candidate {
    /// The object of that key, which is to be looked at, on that way.
    Key(Way, Vec<u8>),
    /// This one, which was looked at already.
    Found(Hit),
}

/// Lets keys through of which the object has to be looked at. It sees every key of a kind, so it does little with each.
struct Sieve<'a> {
    way: Way,
    part: &'a Part,
    core: Finder<'a>,
}

impl<'a> Sieve<'a> {
    fn of(way: Way, part: &'a Part) -> Self {
        Self { way, part, core: Finder::new(part.core()) }
    }

    /// Whether the walk reaches that key, and those behind it may be of use.
    fn reaches(&self, key: &[u8]) -> bool {
        self.way != Way::Begins || key.starts_with(self.part.keyed.as_bytes())
    }

    /// Whether the object of that key may be a hit of this walk.
    fn passes(&self, key: &[u8]) -> bool {
        if self.way != Way::Inside {
            return true;
        }
        // Why by its bytes first: a key without capitals and without letters beyond ASCII is folded already, as most are.
        let text = key.iter().rposition(|b| *b == 0).map_or(key, |at| &key[..at]);
        let is_folded = text.iter().all(|b| matches!(b, b' '..=b'@' | b'['..=b'~'));
        if is_folded && self.core.find(text).is_none() {
            return false;
        }
        let Some((text, _)) = names::split_key(key) else { return false };
        // Where a word begins with it, the walk `Begins` has found the object already.
        let is_found = self.part.begins_keys() && names::has_word(text, &self.part.keyed);
        !is_found && (is_folded || fold::plain(text).contains(self.part.core()))
    }
}

/// An object's names, folded, and the keys that they have.
struct Named {
    name: Option<String>,
    texts: Vec<String>,
    keys: Vec<Vec<u8>>,
}

impl Named {
    fn of(kind: &Kind, id: &str, object: &Map<String, Value>) -> Self {
        let properties = std::iter::once(kind.name_property).chain(kind.search.iter().copied());
        let texts: Vec<&str> = properties.filter_map(|p| object.get(p)?.as_str()).collect();
        let mut keys: Vec<_> = texts.iter().flat_map(|text| names::name_keys(text, id)).collect();
        keys.sort_unstable();
        keys.dedup();
        let texts = texts.into_iter().map(fold::plain).collect();
        Self { name: name_of(kind, object), texts, keys }
    }

    fn has(&self, part: &Part) -> bool {
        self.texts.iter().any(|text| text.contains(&part.plain))
    }

    /// Whether a key of it that has the part leads in vain: the object has names, and none of them has it.
    fn lacks(&self, part: &Part) -> bool {
        !self.texts.is_empty() && !self.has(part)
    }
}

impl SnapshotView {
    /// A page of one walk: objects of the kind of which a name has the part, which is not empty, in it. `after` is
    /// [`Walked::last`] of the page before.
    ///
    /// # Errors
    /// `NotFound` when the snapshot does not hold the kind; `Corrupt` when it is not what was stored.
    pub async fn search(
        &self,
        kind: &'static Kind,
        way: Way,
        part: &Part,
        after: Option<&[u8]>,
        limits: Limits,
    ) -> Result<Walked> {
        // Where the walk begins: directly behind the last key of the page before, or at the first that can match.
        let run = match way {
            Way::Objects => self.run(kind.run())?,
            Way::Begins | Way::Inside => self.run(&names_run(kind))?,
        };
        let start = match (after, way) {
            (Some(key), _) => [key, b"\0"].concat(),
            (None, Way::Begins) => part.keyed.as_bytes().to_vec(),
            (None, Way::Inside | Way::Objects) => Vec::new(),
        };
        let run = self.opened(run).await?;
        let mut reader = match way {
            Way::Begins => run.from_key(&start).await?,
            // Why far ahead: mostly everything is walked over, and a store answers many calls in the time of one.
            Way::Inside | Way::Objects => run.scan_far(&start).await?,
        };

        let sieve = Sieve::of(way, part);
        let mut walked = Walked::default();
        loop {
            // Keys are gathered first, and then looked at together: each look is a leaf somewhere else.
            let room = limits.hits - walked.hits.len();
            let mut some = Vec::new();
            while room == 0 || some.len() < room.min(AT_ONCE) {
                let is_there = reader.advance().await?;
                let key = reader.head().filter(|key| is_there && sieve.reaches(key));
                let Some(key) = key else {
                    walked.hits.extend(self.look(kind, part, some).await?);
                    return Ok(Walked { last: None, ..walked });
                };
                // Why at least one key a page: a search that may read nothing more would never come further.
                let is_over = walked.last.is_some() && self.reads() >= limits.reads;
                if room == 0 || is_over {
                    walked.hits.extend(self.look(kind, part, some).await?);
                    return Ok(walked);
                }
                some.extend(match way {
                    Way::Objects => find_in_object(kind, part, key, reader.value())?.map(Candidate::Found),
                    _ => sieve.passes(key).then(|| Candidate::Key(way, key.to_vec())),
                });
                let last = walked.last.get_or_insert_default();
                last.clear();
                last.extend_from_slice(key);
            }
            walked.hits.extend(self.look(kind, part, some).await?);
        }
    }

    /// Those of the candidates that are hits, in the same order.
    async fn look(&self, kind: &'static Kind, part: &Part, some: Vec<Candidate>) -> Result<Vec<Hit>> {
        let looks = some.into_iter().map(|candidate| async move {
            match candidate {
                Candidate::Found(hit) => Ok(Some(hit)),
                Candidate::Key(Way::Begins, key) => self.find_by_beginning(kind, part, &key).await,
                Candidate::Key(_, key) => self.find_inside(kind, part, &key).await,
            }
        });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    /// The object of a key that begins with the part, unless another such key comes before it.
    async fn find_by_beginning(&self, kind: &'static Kind, part: &Part, key: &[u8]) -> Result<Option<Hit>> {
        let Some((_, id)) = names::split_key(key) else { return Ok(None) };
        let named = self.named(kind, id).await?;
        // Why: a key may begin with a letter of which the name has the whole with its mark, as `か` of `が`.
        if named.lacks(part) {
            return Ok(None);
        }
        let earlier = |k: &[u8]| k < key && k.starts_with(part.keyed.as_bytes());
        Ok((!self.has_key(kind, &named, earlier).await?).then(|| hit(kind, id, named.name)))
    }

    /// The object of a key that has the part in it, unless another such key comes before it, or one begins with it.
    async fn find_inside(&self, kind: &'static Kind, part: &Part, key: &[u8]) -> Result<Option<Hit>> {
        let Some((_, id)) = names::split_key(key) else { return Ok(None) };
        let (core, begins) = (part.core(), part.begins_keys());
        let named = self.named(kind, id).await?;
        if named.lacks(part) {
            return Ok(None);
        }
        let finds_it_before = |k: &[u8]| {
            let has_it = || names::split_key(k).is_some_and(|(text, _)| fold::plain(text).contains(core));
            (begins && k.starts_with(part.keyed.as_bytes())) || (k < key && has_it())
        };
        Ok((!self.has_key(kind, &named, finds_it_before).await?).then(|| hit(kind, id, named.name)))
    }

    /// Whether one of the object's keys is as asked and is in the run. Why the run is asked too: if keys were made by
    /// another rule when the snapshot was sealed, a key that is not in the run would hide the object from both walks.
    async fn has_key(
        &self,
        kind: &Kind,
        named: &Named,
        is: impl Fn(&[u8]) -> bool + Send + Sync,
    ) -> Result<bool> {
        let run = self.run(&names_run(kind))?;
        for key in named.keys.iter().filter(|key| is(key)) {
            if self.find_record(run, key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The names of the object with that id.
    async fn named(&self, kind: &'static Kind, id: &str) -> Result<Named> {
        let found = self.find_record(self.run(kind.run())?, id.as_bytes()).await?;
        let object = found.ok_or_else(|| Error::corrupt(format!("{} and its names differ", kind.name)))?;
        Ok(Named::of(kind, id, &read_object(&object)?))
    }
}

/// The object, when one of its names has the part in it.
fn find_in_object(kind: &'static Kind, part: &Part, key: &[u8], value: &[u8]) -> Result<Option<Hit>> {
    let id = std::str::from_utf8(key).map_err(|e| Error::corrupt("a key is not text").caused_by(e))?;
    let named = Named::of(kind, id, &read_object(value)?);
    Ok(named.has(part).then(|| hit(kind, id, named.name)))
}

fn hit(kind: &'static Kind, id: &str, name: Option<String>) -> Hit {
    Hit { kind: kind.name, key: id.to_owned(), name }
}
