//! Rows, queues and the first step of a deletion, over the ports in memory.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod audit;
mod deletion;
mod given_up;
mod hearing;
mod limit_shares;
mod queues;
mod records;
mod sweeps;
mod upgrade;
