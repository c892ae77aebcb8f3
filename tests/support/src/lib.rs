//! What tests stand on: the world in memory, faults on demand, the contracts of the ports, a reader of
//! Microsoft's OpenAPI, and objects as Graph would give them.
//!
//! Not here: adapters (each runs [`contracts`] over itself) and Microsoft (`tests/sim`). Nothing here reads a
//! wall clock or draws a number that was not seeded, so every test can be repeated.

pub mod builders;
pub mod contracts;
pub mod faulty;
pub mod memory;
pub mod office;
pub mod openapi;

use std::sync::{Mutex, MutexGuard};

/// The guarded value; a test that panicked while holding it does not spoil it for the others.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
