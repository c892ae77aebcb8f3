//! What all pages are made of: the frame, tables, forms, facts, times and words.

mod changes;
pub mod form;
mod frame;
mod place;
mod secret;
mod table;
mod who;
mod words;

pub use changes::{was_is, what_differs};
pub use frame::{Frame, Page, address, bare, failed, may, page, sign_in};
pub use place::path;
pub use secret::secret_page;
pub use table::{Table, facts, more, steps};
pub use who::who_made_it;
pub use words::{Times, badge, moment, name, plain, plain_list, shown};
