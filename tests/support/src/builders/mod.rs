//! Objects as Graph would give them.
