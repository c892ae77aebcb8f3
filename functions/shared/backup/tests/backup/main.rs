//! Snapshots, comparisons and their schedule, over the ports in memory.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod across;
mod any_page;
mod applied;
mod archive_layers;
mod archive_runs;
mod as_of;
mod asking;
mod at_once;
mod audits;
mod authored;
mod by_log;
mod chain;
mod compared;
mod comparison;
mod covered_properties;
mod downloaded;
mod ever;
mod filtered;
mod follows_in_time;
mod history;
mod history_by_chance;
mod left_open;
mod links;
mod many;
mod membership;
mod named_accounts;
mod named_changes;
mod noise;
mod oracle;
mod paged;
mod planted_differences;
mod rated;
mod reading_pages;
mod reading_ways;
mod reused;
mod runs;
mod schedule_tick;
mod search;
mod shelf;
mod side_by_side;
mod slots;
mod take_snapshot;
mod unreadable;
mod with_objects;

// Where `naming.rs`, which the oracle shares with the job, looks for it.
use backup::archive;
