//! `holdfast verify-audit`: what was done to a log after its export, or before it by somebody who can write the table, is
//! found beside the signed heads.

use domain::PartnerId;
use domain::audit::{Entry, Event, HEADS_TYPE, Head, LogFound, Outcome, SignedHeads, Who};
use engine::audit::AuditLog;
use engine::ports::Clock;
use engine::purge_data;
use engine::records::{AuditEntry, AuditOf, AuditStatement, Record, Records};
use engine::signed;
use jiff::SignedDuration;
use local::commands::{audit_heads_reach, check_audit_log, said_of_audit_log};
use support::memory::World;

/// A log of two processes and two days, its signed heads and the installation's keys.
struct Exported {
    world: World,
    entries: Vec<Entry>,
    heads: Vec<String>,
    keys: String,
}

fn partner() -> Option<PartnerId> {
    "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().ok()
}

fn event(request: &str) -> Event {
    Event {
        at: domain::Timestamp::UNIX_EPOCH,
        who: Who { id: "hft_12345678".to_owned(), role: None, partner: None },
        what: "POST /v1/plans".to_owned(),
        subjects: std::collections::BTreeMap::default(),
        from: None,
        request: request.to_owned(),
        outcome: Outcome::Asked,
    }
}

async fn exported() -> Exported {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let logs = [0; 2].map(|_| AuditLog::new(records.clone(), &*world.ids));
    for day in 0..2 {
        for n in 0..6 {
            world.clock.advance(SignedDuration::from_secs(1));
            let request = format!("day {day}, request {n}");
            logs[n % 2].append(partner().as_ref(), &event(&request)).await.unwrap();
        }
        world.clock.advance(SignedDuration::from_hours(24));
    }
    world.clock.advance(SignedDuration::from_hours(3));
    let worker = purge_data::Worker::new(purge_data::Ports {
        catalog: world.catalog.clone(),
        vault: world.vault.clone(),
        signer: world.signer.clone(),
        anchors: world.anchors.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    });
    worker.run(world.clock.now() + SignedDuration::from_mins(5)).await.unwrap();
    let entries = records.list_all(&AuditEntry::all(&AuditOf(partner()))).await.unwrap();
    let heads = records.list_all(&AuditStatement::all(&AuditOf(partner()))).await.unwrap();
    let keys = serde_json::to_string(&signed::key_set(&*world.signer).await.unwrap()).unwrap();
    Exported {
        entries: entries.into_iter().map(|entry| entry.value.0).collect(),
        heads: heads.into_iter().map(|head| head.value.signed).collect(),
        keys,
        world,
    }
}

fn jsonl(entries: &[Entry]) -> String {
    entries.iter().fold(String::new(), |lines, entry| lines + &serde_json::to_string(entry).unwrap() + "\n")
}

impl Exported {
    fn checked(&self, entries: &[Entry], heads: &[String]) -> Result<LogFound, String> {
        let (log, heads) = (jsonl(entries), heads.join("\n"));
        check_audit_log(log.as_bytes(), Some(&heads), Some(&self.keys)).map_err(|e| e.to_string())
    }

    /// The fault of a log that was changed so, which by itself is without one where `is_whole` says so.
    fn fault(&self, entries: &[Entry], is_whole: bool) -> String {
        let alone = check_audit_log(jsonl(entries).as_bytes(), None, None);
        assert_eq!(alone.is_ok(), is_whole, "{alone:?}");
        self.checked(entries, &self.heads).unwrap_err()
    }
}

#[tokio::test]
async fn an_export_is_whole_beside_its_signed_heads() {
    let log = exported().await;
    let found = log.checked(&log.entries, &log.heads).unwrap();
    assert_eq!((found.entries, found.chains, found.signed), (12, 4, 4));
    assert_eq!(
        found.signed_until.map(|day| day.to_string()),
        log.entries[11].chain.as_ref().map(|c| c.day().to_string())
    );
}

#[tokio::test]
async fn a_row_changed_removed_or_put_elsewhere_and_a_tail_that_was_cut_are_found() {
    let log = exported().await;
    let chain = log.entries[2].chain.clone();
    let named = format!("of chain {}", chain.as_ref().unwrap());

    let mut changed = log.entries.clone();
    changed[2].event.who.id = "hft_00000000".to_owned();
    assert_eq!(log.fault(&changed, false), format!("entry 2 {named} was altered"));

    let mut removed = log.entries.clone();
    removed.remove(2);
    assert_eq!(log.fault(&removed, false), format!("entry 2 {named} is missing"));

    let mut moved = log.entries.clone();
    moved.swap(2, 3);
    assert_eq!(log.fault(&moved, false), format!("entry 2 {named} stands before one that it comes after"));

    // Of the last chain of the log: nothing comes after it that would miss its end.
    let last = format!("of chain {}", log.entries[11].chain.as_ref().unwrap());
    assert_eq!(log.fault(&log.entries[..11], true), format!("entry 3 {last} is missing"));
}

#[tokio::test]
async fn a_log_that_was_written_anew_as_a_whole_is_found_by_the_signed_heads_alone() {
    let log = exported().await;
    let mut forged: Vec<Entry> = Vec::new();
    for chain in [0, 1, 6, 7].map(|n| log.entries[n].chain.clone()) {
        let mut head = Head::beginning(partner(), chain.clone());
        for entry in log.entries.iter().filter(|entry| entry.chain == chain) {
            let mut event = entry.event.clone();
            event.who.id = "hft_00000000".to_owned();
            let (entry, next) = head.append(event, Vec::new()).unwrap();
            forged.push(entry);
            head = next;
        }
    }
    forged.sort_by_key(|entry| entry.event.at);
    assert!(log.fault(&forged, true).ends_with("is not the one that a head names"));
}

#[tokio::test]
async fn a_head_that_was_replaced_or_a_statement_that_is_not_there_is_found() {
    let log = exported().await;
    let unsigned = |why: &str| format!("statement 1 is not signed by the installation: {why}");
    // Its signature stays, and says something else.
    let other = exported().await;
    let parts: Vec<Vec<&str>> = [&log, &other].map(|of| of.heads[0].split('.').collect()).to_vec();
    let mixed = format!("{}.{}.{}", parts[0][0], parts[0][1], parts[1][2]);
    assert_eq!(
        log.checked(&log.entries, &[mixed, log.heads[1].clone()]).unwrap_err(),
        unsigned("it was altered after it was signed")
    );
    // Somebody else signs it, with a key of their own.
    let strange = unsigned("its signature is under none of the keys that were given");
    assert_eq!(log.checked(&log.entries, &other.heads).unwrap_err(), strange);
    // The installation signed it, but as something else.
    let certificate =
        signed::sign(&*log.world.signer, "holdfast-deletion-certificate+jwt", &0).await.unwrap();
    assert_eq!(
        log.checked(&log.entries, &[certificate]).unwrap_err(),
        unsigned("its signature is of something else")
    );
    // It is signed, and does not follow.
    let statement = support::contracts::read_signed(&*log.world.signer, &log.heads[1]).await.unwrap();
    let mut statement: SignedHeads = serde_json::from_value(statement).unwrap();
    statement.heads.pop();
    statement.previous = "0".repeat(64);
    let forged = signed::sign(&*log.world.signer, HEADS_TYPE, &statement).await.unwrap();
    let missing = format!("a statement is missing before or after part 0 of {}", statement.day);
    assert_eq!(log.checked(&log.entries, &[log.heads[0].clone(), forged]).unwrap_err(), missing);
}

/// What is left out at either end breaks nothing that is there, so it is told: from when and until when somebody signed.
#[tokio::test]
async fn a_statement_that_is_left_out_at_the_begin_or_at_the_end_is_told() {
    let log = exported().await;
    let day = |n: usize| log.entries[n].chain.as_ref().unwrap().day();
    let (first, second) = (day(0), day(11));
    let lines = |found: &LogFound| said_of_audit_log(found, true).join("\n");

    let whole = log.checked(&log.entries, &log.heads).unwrap();
    assert_eq!((whole.signed_from, whole.signed_until), (Some(first), Some(second)));
    assert!(whole.is_signed_from_beginning);
    let told = lines(&whole);
    assert!(told.contains(&format!("signed from {first} until {second}")), "{told}");
    assert!(!told.contains("left out") && !told.contains("nothing vouches for them"), "{told}");
    audit_heads_reach(&whole, second).unwrap();

    let without_first = log.checked(&log.entries, &log.heads[1..]).unwrap();
    assert_eq!((without_first.signed, without_first.signed_from), (2, Some(second)));
    assert!(!without_first.is_signed_from_beginning);
    let told = lines(&without_first);
    assert!(told.contains(&format!("statements of before {second} were left out")), "{told}");
    assert!(told.contains("2 chains are of days outside of that"), "{told}");

    // Log and statements cut alike: what is there is whole, and a day that is asked for is missing.
    let cut: Vec<Entry> =
        log.entries.iter().filter(|e| e.chain.as_ref().unwrap().day() == first).cloned().collect();
    let without_last = log.checked(&cut, &log.heads[..1]).unwrap();
    assert!(lines(&without_last).contains(&format!("what was done after {first} is held against nothing")));
    audit_heads_reach(&without_last, first).unwrap();
    let missing = audit_heads_reach(&without_last, second).unwrap_err().to_string();
    assert_eq!(missing, format!("signed heads of {second} or a later day are missing: they end at {first}"));
    let none = check_audit_log(jsonl(&log.entries).as_bytes(), None, None).unwrap();
    assert!(audit_heads_reach(&none, first).unwrap_err().to_string().ends_with("there are none"));
}

#[tokio::test]
async fn what_is_no_log_is_said_to_be_none() {
    let keys = exported().await.keys;
    let refused = |log: &str, heads: Option<&str>, keys: Option<&str>| {
        check_audit_log(log.as_bytes(), heads, keys).unwrap_err().to_string()
    };
    assert!(refused("{}", None, None).starts_with("line 1 of the log is no entry"));
    assert_eq!(
        refused("", Some("no statement"), Some(&keys)),
        "statement 1 is not signed by the installation: it carries no signature"
    );
    assert!(refused("", Some(""), Some("no keys")).contains("/v1/signing-keys"));
}
