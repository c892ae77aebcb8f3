//! How much of the vault one request may read: searches and parts of links have the same bound.

/// How many blobs are read for one page, and a few more: what one key needs is read to its end.
pub const READS: u64 = 250;
