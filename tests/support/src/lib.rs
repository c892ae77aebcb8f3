//! What tests stand on: the world in memory, faults on demand, the contracts of the ports, a reader of
//! Microsoft's OpenAPI, and objects as Graph would give them.
//!
//! Not here: adapters (each runs [`contracts`] over itself) and Microsoft (`tests/sim`). Nothing here reads a
//! wall clock or draws a number that was not seeded, so every test can be repeated.

pub mod builders;
pub mod contracts;
pub mod faulty;
pub mod lines;
pub mod memory;
pub mod news;
pub mod office;
pub mod openapi;
pub mod policy;

use domain::kinds::{self, Kind};
use std::sync::{Mutex, MutexGuard};

/// The row of the table of kinds that has this name; a test that names no row fails. Tests and stand-ins name kinds,
/// the product does not.
pub fn kind(name: &str) -> &'static Kind {
    kinds::get(name).expect("a test names a kind that there is")
}

/// The guarded value; a test that panicked while holding it does not spoil it for the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
