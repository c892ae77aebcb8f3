//! What the jobs log while a whole story runs: tenants and jobs by their ids, and nothing of a customer.
//!
//! Other stories of this binary run beside it and log into the same place, about tenants of the same names: they are
//! looked through too.

use crate::rig::Rig;
use engine::records::RestoreState;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard};
use tracing_subscriber::EnvFilter;

static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

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
    LOGGED.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Every text of a directory that says who somebody or something is.
fn names(of: &Value, found: &mut BTreeSet<String>) {
    const NAMING: [&str; 9] = [
        "displayName",
        "userPrincipalName",
        "mail",
        "givenName",
        "surname",
        "mobilePhone",
        "streetAddress",
        "employeeId",
        "description",
    ];
    match of {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    // Why not short ones: they are parts of other words.
                    Some(text) if NAMING.contains(&name.as_str()) && text.len() > 6 => {
                        found.insert(text.to_owned());
                    }
                    _ => names(value, found),
                }
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn a_whole_story_logs_no_secret_no_name_and_no_address() {
    let filter = EnvFilter::new("warn,engine=trace,graph=trace,runtime=trace,domain=trace,aws=trace");
    let logs = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    logs.with_writer(|| Kept).try_init().unwrap();
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    stage.happen(&admin).await;
    let before = rig.control.dump(rig.tenant().as_str());
    rig.clock.advance(jiff::SignedDuration::from_hours(2));
    rig.snapshot().await;
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!(done.state, RestoreState::Done);
    // Something goes wrong, too: consent is taken back, and a message is none.
    rig.control.withdraw_consent(rig.tenant().as_str(), sim::READER_CLIENT_ID);
    rig.control.expire_tokens();
    rig.restart();
    rig.ask_snapshot(rig.tenant()).await;
    rig.settle().await;

    let text = String::from_utf8(logged().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() > 3, "something was logged: {text}");
    let mut secret: BTreeSet<String> =
        [sim::READER_SECRET, sim::WRITER_SECRET, sim::ADMINISTRATOR_SECRET].map(str::to_owned).into();
    for (_, row) in rig.world.catalog.rows() {
        names(&row.body, &mut secret);
        secret.extend(row.body["email"].as_str().map(str::to_owned));
    }
    names(&before, &mut secret);
    names(&rig.control.dump(rig.tenant().as_str()), &mut secret);
    assert!(secret.len() > 40, "{secret:?}");
    let told: Vec<_> = secret.iter().filter(|secret| text.contains(secret.as_str())).collect();
    assert!(told.is_empty(), "{told:?} in\n{text}");
}
