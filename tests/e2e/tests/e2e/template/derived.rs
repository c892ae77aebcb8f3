//! Which actions each function needs, derived from the code: from what its `main` takes of the wiring, and from the calls
//! of the SDK in the adapter behind it. A role has these actions and no others.

use super::rights::{Grant, grants};
use super::{Template, attribute, function_names, pascal, root};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The sources of the catalog's adapter.
const CATALOG: &[&str] = &["aws/src/catalog/mod.rs", "aws/src/catalog/batch.rs", "aws/src/catalog/writes.rs"];

/// What a function takes of the wiring, the service behind it and the adapter's sources.
const TAKEN: &[(&str, &str, &[&str])] = &[
    ("records", "dynamodb", CATALOG),
    ("catalog", "dynamodb", CATALOG),
    ("gate", "dynamodb", CATALOG),
    ("clients", "s3", &["aws-vault/src/vault.rs", "aws-vault/src/keeper.rs", "aws-vault/src/exports.rs"]),
    ("bucket", "s3", &[]),
    ("queue", "sqs", &["aws/src/queue.rs"]),
    ("returns", "sqs", &["aws/src/returns.rs"]),
    ("keys", "kms", &["aws/src/key_ring.rs"]),
    ("signer", "kms", &["aws/src/signer.rs"]),
    ("mailer", "ses", &["aws/src/mailer.rs"]),
    ("directory", "secretsmanager", &["aws/src/secrets.rs"]),
    ("directory_for_few", "secretsmanager", &["aws/src/secrets.rs"]),
    ("sign_ins", "secretsmanager", &["aws/src/secrets.rs"]),
    ("writer", "secretsmanager", &["aws/src/secrets.rs"]),
];

/// Calls whose action is not named as they are. Source: service authorization reference.
const NAMED_OTHERWISE: &[(&str, &[&str])] = &[
    ("s3.list_objects_v2", &["s3:ListBucket"]),
    // All that makes an object of parts asks for the right to put it.
    ("s3.create_multipart_upload", &["s3:PutObject"]),
    ("s3.upload_part", &["s3:PutObject"]),
    ("s3.complete_multipart_upload", &["s3:PutObject"]),
    // A transaction asks for the right to each of its parts.
    ("dynamodb.transact_write_items", &["dynamodb:PutItem", "dynamodb:DeleteItem"]),
    // A raw message asks for both.
    ("ses.send_email", &["ses:SendEmail", "ses:SendRawEmail"]),
];

/// What an adapter can do and a function does not: the function, the action, the reason.
const NOT_USED: &[(&str, &str, &str)] = &[
    ("authorize-request", "dynamodb:Query", "it finds rows by their keys"),
    ("authorize-request", "dynamodb:DeleteItem", "it writes down when a token was used"),
    ("schedule-snapshots", "dynamodb:DeleteItem", "it ends no row, it replaces them"),
    ("preview-restore", "dynamodb:DeleteItem", "it ends no row, it replaces them"),
    ("run-restore", "dynamodb:DeleteItem", "it ends no row, it replaces them"),
    ("send-digests", "dynamodb:DeleteItem", "what it wrote ends by its time"),
    ("authorize-request", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("schedule-snapshots", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("take-snapshot", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("diff-snapshots", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("preview-restore", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("run-restore", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("export-data", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("purge-data", "dynamodb:BatchGetItem", "it reads one row after another"),
    ("plan-api", "kms:Decrypt", "it makes tenants' keys and opens none"),
    ("plan-api", "kms:Sign", "it shows the public key"),
    ("snapshot-api", "s3:PutObject", "it reads"),
    ("snapshot-api", "s3:DeleteObject", "purge-data alone deletes"),
    ("snapshot-api", "s3:PutObjectRetention", "take-snapshot alone renews locks"),
    ("snapshot-api", "s3:GetObjectRetention", "take-snapshot alone renews locks"),
    ("snapshot-api", "kms:GenerateDataKey", "plan-api makes keys"),
    ("take-snapshot", "s3:DeleteObject", "purge-data alone deletes"),
    ("take-snapshot", "kms:GenerateDataKey", "plan-api makes keys"),
    ("diff-snapshots", "s3:DeleteObject", "purge-data alone deletes"),
    ("diff-snapshots", "s3:PutObjectRetention", "take-snapshot alone renews locks"),
    ("diff-snapshots", "s3:GetObjectRetention", "take-snapshot alone renews locks"),
    ("diff-snapshots", "kms:GenerateDataKey", "plan-api makes keys"),
    ("preview-restore", "s3:DeleteObject", "purge-data alone deletes"),
    ("preview-restore", "s3:PutObjectRetention", "take-snapshot alone renews locks"),
    ("preview-restore", "s3:GetObjectRetention", "take-snapshot alone renews locks"),
    ("preview-restore", "kms:GenerateDataKey", "plan-api makes keys"),
    ("run-restore", "s3:DeleteObject", "purge-data alone deletes"),
    ("run-restore", "s3:PutObjectRetention", "take-snapshot alone renews locks"),
    ("run-restore", "s3:GetObjectRetention", "take-snapshot alone renews locks"),
    ("run-restore", "kms:GenerateDataKey", "plan-api makes keys"),
    ("export-data", "s3:DeleteObject", "purge-data alone deletes"),
    ("export-data", "s3:PutObjectRetention", "take-snapshot alone renews locks"),
    ("export-data", "s3:GetObjectRetention", "take-snapshot alone renews locks"),
    ("export-data", "kms:GenerateDataKey", "plan-api makes keys"),
    ("export-data", "dynamodb:DeleteItem", "it ends no row, it replaces them"),
    ("purge-data", "s3:PutObjectRetention", "take-snapshot alone renews locks"),
    ("purge-data", "s3:GetObjectRetention", "take-snapshot alone renews locks"),
];

/// The SDK's calls in a source: `client.put_item()`.
fn calls(source: &str) -> BTreeSet<String> {
    let text: String = source.split("#[cfg(test)]").next().unwrap().split_whitespace().collect();
    let call = Regex::new(r"\bclient\.([a-z0-9_]+)\(").unwrap();
    call.captures_iter(&text).map(|found| found[1].to_owned()).filter(|name| name != "clone").collect()
}

fn actions(service: &str, call: &str) -> Vec<String> {
    let named = NAMED_OTHERWISE.iter().find(|(known, _)| *known == format!("{service}.{call}"));
    match named {
        Some((_, actions)) => actions.iter().map(|a| (*a).to_owned()).collect(),
        None => vec![format!("{service}:{}", pascal(&call.replace('_', "-")))],
    }
}

/// What the code of a function can do, by what it takes.
fn in_code(function: &str) -> BTreeSet<String> {
    let read = |path: String| fs::read_to_string(root().join(path)).unwrap();
    let main = read(format!("functions/{function}/src/main.rs"));
    let taken = Regex::new(r"wiring\.([a-z_]+)\(").unwrap();
    let mut found = BTreeSet::new();
    for taken in taken.captures_iter(&main) {
        let name = &taken[1];
        let row = TAKEN.iter().find(|(known, ..)| *known == name);
        let (_, service, sources) = row.unwrap_or_else(|| panic!("{function} takes {name}: not in TAKEN"));
        for source in *sources {
            let calls = calls(&read(format!("functions/shared/{source}")));
            found.extend(calls.iter().flat_map(|call| actions(service, call)));
        }
    }
    found
}

/// What the platform does in a function's name, and its code does not.
fn is_of_the_platform(function: &str, action: &str, grant: &Grant) -> bool {
    let on = |id: &str| grant.resources == [attribute(id, "Arn")];
    let own_queue = format!("{}Queue", pascal(function));
    match action.split_once(':').unwrap() {
        ("logs" | "xray", _) => true,
        // The mapping's poller.
        ("sqs", "ReceiveMessage" | "DeleteMessage" | "GetQueueAttributes") => {
            on(&own_queue) || (function == "send-digests" && on("MailEventsQueue"))
        }
        // A tick that failed.
        ("sqs", "SendMessage") => on("TickDeadLetters"),
        // Services that open what they keep.
        ("kms", "Decrypt") => on("StorageKey"),
        _ => false,
    }
}

#[test]
fn a_role_has_the_actions_that_its_functions_code_uses_and_no_others() {
    let template = Template::read();
    let mut unused: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (function, action, _) in NOT_USED {
        let is_new = unused.entry((*function).to_owned()).or_default().insert((*action).to_owned());
        assert!(is_new, "{function} {action} stands twice in NOT_USED");
    }
    for function in function_names() {
        let can = in_code(&function);
        let spared = unused.remove(&function).unwrap_or_default();
        assert!(
            spared.is_subset(&can),
            "{function}: NOT_USED names what the code cannot do: {spared:?} of {can:?}"
        );
        let needs: BTreeSet<String> = can.difference(&spared).cloned().collect();
        let mut given = BTreeSet::new();
        for grant in grants(&template, &function) {
            let own = grant.actions.iter().filter(|a| !is_of_the_platform(&function, a, &grant));
            given.extend(own.cloned());
        }
        assert_eq!(
            given, needs,
            "{function}: the template's actions (left) are not those of the code (right)"
        );
    }
    assert!(unused.is_empty(), "NOT_USED names functions that there are not: {unused:?}");
}

#[test]
fn the_sdks_calls_are_found_in_a_source_however_it_is_broken_into_lines() {
    let source =
        "let get = self\n    .client\n    .get_item()\n; client.clone(); let put = client.put_item();
        #[cfg(test)] mod tests { client.scan() }";
    assert_eq!(calls(source), BTreeSet::from(["get_item".to_owned(), "put_item".to_owned()]));
    assert_eq!(actions("dynamodb", "get_item"), ["dynamodb:GetItem"]);
    assert_eq!(actions("s3", "list_objects_v2"), ["s3:ListBucket"]);
}
