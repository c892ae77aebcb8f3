//! Stories of more than one restore, and of rights.

mod twice;
