//! Mails to people of partners, and the walls between partners.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod list_costs;
mod mail_room;
mod notices_at_once;
mod notices_digests;
mod notices_fit;
mod notices_once;
mod notices_places;
mod notices_returned;
mod notices_trouble;
mod partner_tree;
