//! What calls the functions: in AWS the API Gateway, the event-source mappings and the Scheduler; here this.
//!
//! A [`Function`] is JSON in, JSON out, as Lambda sees it; events are built as AWS documents them and parsed
//! by the functions themselves. Not here: which function stands behind what (`wiring`), rules of the product.

mod busy;
mod connection;
pub mod files;
mod function;
mod handlers;
mod http_event;
mod listener;
mod poller;
mod routes;
mod scheduler;
mod source;
mod sqs_event;

pub use busy::Busy;
pub use function::{Function, typed};
pub use handlers::{Reasons, http_function, page_function, queue_function, tick_function};
pub use http_event::{authorizer_event, request_event};
pub use listener::{Gateway, Listening, Said, bind};
pub use poller::{Mapping, backoff_ms};
pub use routes::{Route, Routes};
pub use scheduler::{Schedule, Scheduler, tick_event};
pub use source::{EmbeddedSource, Message, Source, SqsSource};
pub use sqs_event::sqs_event;
