//! Stories of more than one restore, and of rights.

mod late;
mod lock_out;
mod parcels;
mod terms;
mod twice;
mod unreadable;
