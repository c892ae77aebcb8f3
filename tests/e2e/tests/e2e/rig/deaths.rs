//! At which calls of a run a process is made to die.
//!
//! Most calls of a run repeat each other: kinds are read side by side and do the same in the same order. So a run is
//! cut off at one call of each sort, its first or its last, at every call that writes to Microsoft, and at one in so many
//! of the rest, evenly spread; before the effect of the call and after it, in turn, and both ways where it writes. It is
//! the same calls each time. With `HOLDFAST_CRASH_POINTS=all` it is cut off at each of them, both ways.

use super::Death;
use std::collections::BTreeMap;
use support::faulty::{CallLog, LoggedCall, Mode};

/// Of the calls that are like others, one in so many is taken.
const ONE_IN: usize = 20;

/// Whether every call and every seed is asked for, which takes many minutes.
pub fn is_all_asked_for() -> bool {
    std::env::var("HOLDFAST_CRASH_POINTS").is_ok_and(|wanted| wanted == "all")
}

/// The deaths that a run of these calls has to survive.
pub fn deaths(log: &CallLog) -> Vec<Death> {
    let calls = log.calls();
    let at_each = |at: usize| [Mode::Before, Mode::After].map(|mode| Death { call: at as u64, mode });
    if is_all_asked_for() {
        return (0..calls.len()).flat_map(at_each).collect();
    }
    let mut ends: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (at, call) in calls.iter().enumerate() {
        ends.entry(sort_of(call)).or_insert((at, at)).1 = at;
    }
    // Why two bits of the number: a sort that is cut off at its first call is not always cut off before it.
    let of_sorts =
        ends.values().enumerate().map(|(n, (first, last))| if n & 2 == 0 { *first } else { *last });
    let of_the_rest = (0..calls.len()).filter(|at| (at + 1).is_multiple_of(ONE_IN));
    let in_turn = of_sorts.chain(of_the_rest).enumerate().map(|(n, at)| at_each(at)[n % 2]);
    let writes = (0..calls.len()).filter(|at| calls[*at].port == "writer").flat_map(at_each);
    let mut taken: Vec<Death> = in_turn.chain(writes).collect();
    taken.sort_unstable_by_key(|death| (death.call, death.mode == Mode::After));
    taken.dedup();
    taken
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
