//! What all pages are made of: the frame, tables, forms, facts, times and words.

mod changes;
mod chart;
pub mod form;
mod frame;
mod place;
mod secret;
mod table;
mod who;
mod words;

pub use changes::{class, may_be_chosen, was_is, what_differs};
pub use chart::{Bar, Chart};
pub use frame::{
    Failed, Frame, Page, address, bare, failed, may, may_of_partner, needs_top_partner, page, sign_in,
};
pub use place::path;
pub use secret::secret_page;
pub use table::{Table, facts, more, steps};
pub use who::who_made_it;
pub use words::{Times, badge, moment, name, plain, plain_list, shown};
