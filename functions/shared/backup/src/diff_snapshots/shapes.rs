//! Properties that a whole type of objects has on one side alone: one line of what is not compared, and not a change of
//! each object.
//!
//! The survey collects which properties may be such, from the objects that differ; only then are the objects counted
//! that have them. Of kinds whose properties are selected, what was not asked for is unknown anyhow.

use super::candidate::Candidate;
use super::objects::Comparison;
use super::state::State;
use super::survey::IsOver;
use crate::archive::read_object;
use domain::changes::{Everywhere, Tally, one_sided, type_of};
use domain::kinds::Kind;
use domain::{Error, Result};
use engine::records::{EverywhereOf, NotCovered};

/// How many properties of a kind are kept in mind; of further ones each change is told.
const MOST: usize = 200;

impl State {
    /// Looks at an object that is on both sides and differs.
    pub(super) fn look_for_shapes(&mut self, kind: &Kind, before: &[u8], after: &[u8]) -> Result<()> {
        if kind.selected().next().is_some() {
            return Ok(());
        }
        let (before, after) = (read_object(before)?, read_object(after)?);
        for property in one_sided(kind, &before, &after) {
            let is_it = |c: &&mut Candidate| {
                c.run == kind.run() && c.property == property && c.of_type == type_of(&after)
            };
            if let Some(known) = self.candidates.iter_mut().find(is_it) {
                known.seen += 1;
            } else if self.candidates.iter().filter(|c| c.run == kind.run()).count() < MOST {
                self.candidates.push(Candidate {
                    run: kind.run().to_owned(),
                    of_type: type_of(&after).to_owned(),
                    property,
                    seen: 1,
                    tally: Tally::default(),
                });
            }
        }
        Ok(())
    }

    /// Forgets what turned out to be a property of some objects alone.
    pub(super) fn keep_shapes(&mut self) {
        self.candidates.retain(Candidate::is_everywhere);
    }

    /// The properties that a type of objects of that kind has on one side alone; once they are counted.
    pub(super) fn everywhere(&self, kind: &Kind) -> Everywhere {
        let of_kind = self.candidates.iter().filter(|c| c.run == kind.run());
        Everywhere::new(of_kind.map(|c| (c.of_type.clone(), c.property.clone())))
    }

    /// The same of all kinds, as the row of the comparison keeps them.
    pub(super) fn all_everywhere(&self) -> impl Iterator<Item = EverywhereOf> {
        self.candidates.iter().map(|c| EverywhereOf {
            run: c.run.clone(),
            of_type: c.of_type.clone(),
            property: c.property.clone(),
        })
    }

    /// A line for each of them, of all kinds. Once they are counted.
    pub(super) fn lines_of_shapes(&self) -> impl Iterator<Item = NotCovered> {
        self.candidates.iter().map(|c| {
            let (cause, why) = if c.property.came {
                ("came-everywhere", "have it and none had it before: Graph gives it since")
            } else {
                ("gone-everywhere", "had it and none has it now: Graph no longer gives it")
            };
            let of_type = if c.of_type.is_empty() { String::new() } else { format!(" of {}", c.of_type) };
            let why = format!("{} objects{of_type} {why}", c.tally.objects());
            NotCovered { source: format!("{}.{}", c.run, c.property.path), cause: cause.to_owned(), why }
        })
    }
}

impl Comparison<'_> {
    /// Counts the objects that have what may be everywhere; returns whether all are counted.
    pub(super) async fn count_shapes(&self, state: &mut State, is_over: IsOver<'_>) -> Result<bool> {
        state.candidates.retain(|c| Tally::is_worth_it(c.seen));
        let of = |kind: &&&Kind| state.candidates.iter().any(|c| c.run == kind.run());
        let sides = self.kinds.iter().filter(of).flat_map(|kind| [(*kind, false), (*kind, true)]);
        let sides: Vec<(&Kind, bool)> = sides.collect();
        let name =
            |(kind, is_after): &(&Kind, bool)| format!("{}{}", kind.run(), if *is_after { ">" } else { "<" });
        let names: Vec<String> = sides.iter().map(name).collect();
        for (kind, is_after) in sides.iter().skip(state.first_of(&names)?) {
            state.begin(&name(&(*kind, *is_after)));
            let view = if *is_after { self.after } else { self.before.of(kind.run()) };
            let start = state.after.as_ref().map_or_else(String::new, |key| format!("{key}\0"));
            let mut reader = view.opened(view.run(kind.run())?).await?.scan(start.as_bytes()).await?;
            while let Some((key, value)) = reader.next().await? {
                let object = read_object(&value)?;
                let of_type = type_of(&object);
                for c in state.candidates.iter_mut().filter(|c| c.run == kind.run() && c.of_type == of_type) {
                    c.tally.add(&c.property.path, &object, *is_after);
                }
                state.after = Some(String::from_utf8(key).map_err(|_| Error::corrupt("a key is not text"))?);
                if is_over() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}
