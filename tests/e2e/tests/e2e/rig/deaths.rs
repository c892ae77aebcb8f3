//! At which calls of a run a process is made to die.
//!
//! Most calls of a run repeat each other: kinds are read side by side and do the same in the same order. So a run is
//! cut off at the first and the last call of each sort, at every call that writes to Microsoft, and at one in so many of
//! the rest, evenly spread, so that it is the same calls each time. With `HOLDFAST_CRASH_POINTS=all` it is cut off at
//! each of them.

use super::Death;
use std::collections::HashMap;
use support::faulty::{CallLog, LoggedCall, Mode};

/// Of the calls that are like others, one in so many is taken.
const ONE_IN: usize = 10;

/// Whether every call and every seed is asked for, which takes many minutes.
pub fn is_all_asked_for() -> bool {
    std::env::var("HOLDFAST_CRASH_POINTS").is_ok_and(|wanted| wanted == "all")
}

/// The deaths that a run of these calls has to survive, each call before and after its effect.
pub fn deaths(log: &CallLog) -> Vec<Death> {
    let calls = log.calls();
    let mut ends: HashMap<String, (usize, usize)> = HashMap::new();
    for (at, call) in calls.iter().enumerate() {
        ends.entry(sort_of(call)).or_insert((at, at)).1 = at;
    }
    let is_taken = |at: &usize| {
        let call = &calls[*at];
        let (first, last) = ends[&sort_of(call)];
        is_all_asked_for()
            || [first, last].contains(at)
            || call.port == "writer"
            || (at + 1).is_multiple_of(ONE_IN)
    };
    let taken = (0..calls.len()).filter(is_taken);
    taken.flat_map(|at| [Mode::Before, Mode::After].map(|mode| Death { call: at as u64, mode })).collect()
}

/// What a call has in common with those that are like it: its method, and the words of its subject without their ids.
/// What is asked of Microsoft is asked of one kind as of another.
fn sort_of(call: &LoggedCall) -> String {
    if call.port == "directory" {
        return format!("directory.{}", call.method);
    }
    let words = call.subject.split([' ', ',']).map(|word| {
        let end = word.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(word.len());
        &word[..end]
    });
    format!("{}.{} {}", call.port, call.method, words.collect::<Vec<_>>().join(" "))
}
