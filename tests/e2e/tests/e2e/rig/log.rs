//! What is logged while a story runs: at its end nothing of a customer may be in it. So the logs of every story of this
//! binary are looked through.
//!
//! Stories run beside each other and log into one place, about tenants and work of the same names: each looks for what is
//! private in all that was logged between its beginning and its end, others' lines too; and counts its own lines alone, which
//! are those of its thread.

use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

static BEGUN: Once = Once::new();
static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
/// Whatever a deployed function logs, and of ours more; the simulated cloud is in none.
const FILTER: &str = "info,engine=trace,graph=trace,runtime=trace,domain=trace,aws=trace,aws_=info,sim=off";

struct Kept;

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        logged().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged() -> MutexGuard<'static, Vec<u8>> {
    LOGGED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One story's view of the log.
pub struct Watch {
    from: usize,
    private: RefCell<BTreeSet<String>>,
}

impl Watch {
    /// A view of what is logged from now on.
    pub fn begin() -> Self {
        BEGUN.call_once(|| {
            let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
            let lines = lines
                .with_thread_ids(true)
                .with_current_span(true)
                .with_span_list(false)
                .with_writer(|| Kept);
            let lines = lines.with_filter(FILTER.parse::<Targets>().unwrap());
            tracing_subscriber::registry().with(lines).init();
        });
        Self { from: logged().len(), private: RefCell::default() }
    }

    /// These must not be logged.
    pub fn is_private<'a>(&self, texts: impl IntoIterator<Item = &'a str>) {
        self.private.borrow_mut().extend(texts.into_iter().map(str::to_owned));
    }

    /// Neither must the texts of a directory, or of a row, that say who somebody or something is.
    pub fn names_are_private(&self, of: &Value) {
        names(of, &mut self.private.borrow_mut());
    }

    /// Every line that this story logged since it began, as JSON. A story runs on one thread.
    pub fn lines(&self) -> Vec<Value> {
        let own = json!(format!("{:?}", std::thread::current().id()));
        let lines = self.text();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["threadId"] == own).collect()
    }

    fn text(&self) -> String {
        String::from_utf8(logged()[self.from..].to_vec()).unwrap()
    }

    /// How many texts are private.
    pub fn private_count(&self) -> usize {
        self.private.borrow().len()
    }

    /// Panics where something private was logged.
    pub fn assert_discreet(&self) {
        let (text, private) = (self.text(), self.private.borrow());
        // Why memchr: it is compiled optimised, and thousands of names are looked for in each story's log.
        let is_told = |secret: &&String| memchr::memmem::find(text.as_bytes(), secret.as_bytes()).is_some();
        let told: Vec<_> = private.iter().filter(is_told).collect();
        if let Some(first) = told.first() {
            let line = text.lines().find(|line| line.contains(first.as_str()));
            panic!("{told:?} logged, first in {line:?}");
        }
    }
}

/// Properties, of objects and of rows, that say who somebody or something is.
const NAMING: [&str; 14] = [
    "displayName",
    "userPrincipalName",
    "mail",
    "email",
    "givenName",
    "surname",
    "mailNickname",
    "mobilePhone",
    "businessPhones",
    "otherMails",
    "proxyAddresses",
    "streetAddress",
    "employeeId",
    "description",
];

fn names(of: &Value, found: &mut BTreeSet<String>) {
    match of {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if NAMING.contains(&name.as_str()) {
                    texts(value, found);
                }
                names(value, found);
            }
        }
        _ => {}
    }
}

fn texts(of: &Value, found: &mut BTreeSet<String>) {
    match of {
        // Why not short ones: they are parts of other words. Written as a log line would write it.
        Value::String(text) if text.len() > 6 => {
            found.insert(json!(text).to_string().trim_matches('"').to_owned());
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}
