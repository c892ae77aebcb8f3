//! Stories of more than one restore, and of rights.

mod lock_out;
mod terms;
mod twice;
