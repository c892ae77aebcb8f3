//! What the functions may do: each role against what its function is for.
//! Over 400 lines: one test for each sort of right, and what they all read the template with.

use super::{Template, attribute, function_names, pascal, reference};
use engine::ports::Scope;
use engine::records::rights::Function;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::slice;
use support::policy::{Ask, BUCKET, Deployed};

/// A statement of a role.
pub struct Grant {
    pub actions: Vec<String>,
    pub resources: Vec<Value>,
    pub condition: Value,
}

fn many(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// What the role of a function allows.
pub fn grants(template: &Template, function: &str) -> Vec<Grant> {
    let role = format!("{}Role", pascal(function));
    assert_eq!(template.function(function).properties["Role"], attribute(&role, "Arn"));
    let role = template.get(&role).properties;
    assert_eq!(role.get("ManagedPolicyArns"), None, "{function}: its rights are written out");
    let policies = many(&role["Policies"]);
    let statements = policies.iter().flat_map(|p| many(&p["PolicyDocument"]["Statement"]));
    statements
        .map(|s| {
            assert_eq!(s["Effect"], "Allow");
            Grant {
                actions: many(&s["Action"]).iter().map(|a| a.as_str().unwrap().to_owned()).collect(),
                resources: many(&s["Resource"]),
                condition: s["Condition"].clone(),
            }
        })
        .collect()
}

/// The resources on which a function may do that.
fn where_allowed(template: &Template, function: &str, action: &str) -> Vec<Value> {
    let allowed = grants(template, function).into_iter().filter(|g| g.actions.iter().any(|a| a == action));
    allowed.flat_map(|g| g.resources).collect()
}

/// The functions that may do that on that resource.
fn who_may(template: &Template, action: &str, on: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut names = function_names();
    names.retain(|f| where_allowed(template, f, action).iter().any(&on));
    names
}

/// Rights for which there are no resources to name.
const TRACES: [&str; 2] = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];

#[test]
fn no_right_is_given_by_a_star() {
    let template = Template::read();
    for function in function_names() {
        for grant in grants(&template, &function).into_iter().filter(|g| g.actions != TRACES) {
            assert!(grant.actions.iter().all(|a| !a.contains('*')), "{function}: {:?}", grant.actions);
            for resource in &grant.resources {
                assert_ne!(*resource, json!("*"), "{function}: {:?}", grant.actions);
            }
        }
    }
}

#[test]
fn the_portal_may_write_its_log_and_nothing_else() {
    let template = Template::read();
    let logs = json!({ "Fn::GetAtt": ["ServePortalLogs", "Arn"] });
    for grant in grants(&template, "serve-portal").into_iter().filter(|g| g.actions != TRACES) {
        assert_eq!(
            (grant.actions.as_slice(), &grant.resources),
            (&["logs:CreateLogStream", "logs:PutLogEvents"].map(str::to_owned)[..], &vec![logs.clone()])
        );
    }
}

#[test]
fn every_function_is_traced_and_may_send_its_traces() {
    let template = Template::read();
    assert_eq!(template.globals()["Tracing"], "Active");
    for right in TRACES {
        assert_eq!(who_may(&template, right, |_| true), function_names());
    }
    for function in function_names() {
        assert_eq!(template.function(&function).properties.get("Tracing"), None, "{function}: as everyone");
    }
}

#[test]
fn only_run_restore_may_read_the_writing_credential() {
    let template = Template::read();
    let writer = reference("GraphWriterSecret");
    assert_eq!(who_may(&template, "secretsmanager:GetSecretValue", |r| *r == writer), ["run-restore"]);
    let readers =
        who_may(&template, "secretsmanager:GetSecretValue", |r| *r == reference("GraphReaderSecret"));
    assert_eq!(readers, ["diff-snapshots", "plan-api", "preview-restore", "run-restore", "take-snapshot"]);
    let all: BTreeSet<String> = function_names()
        .iter()
        .flat_map(|f| where_allowed(&template, f, "secretsmanager:GetSecretValue"))
        .map(|r| r.to_string())
        .collect();
    assert_eq!(all.len(), 2, "secrets are named, not matched by a pattern: {all:?}");
}

#[test]
fn nobody_but_purge_data_may_delete_or_unlock_blobs() {
    let template = Template::read();
    let careful = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"];
    for function in function_names().iter().filter(|f| *f != "purge-data") {
        for action in grants(&template, function).into_iter().flat_map(|g| g.actions) {
            let renews = function == "take-snapshot"
                && ["s3:PutObjectRetention", "s3:GetObjectRetention"].contains(&&*action);
            let is_careful = careful.contains(&&*action) || renews;
            assert!(!action.starts_with("s3:") || is_careful, "{function}: {action}");
        }
    }
}

/// Nor may it lock one for ever: what an organisation had is deleted when it ends.
#[test]
fn take_snapshot_alone_renews_locks_for_as_long_as_the_bucket_locks_and_bypasses_none() {
    let template = Template::read();
    assert_eq!(who_may(&template, "s3:PutObjectRetention", |_| true), ["take-snapshot"]);
    assert_eq!(who_may(&template, "s3:BypassGovernanceRetention", |_| true), [""; 0]);
    assert_eq!(who_may(&template, "s3:PutObjectLegalHold", |_| true), [""; 0]);
    let deployed = Deployed::read();
    let may = |function: Function, days: Option<&str>| {
        let ask = Ask::new("s3:PutObjectRetention", format!("{BUCKET}/t/a1b2c3d4/leaves/aa/x"));
        let key = "s3:object-lock-remaining-retention-days";
        deployed.role(function).may(&days.map_or(ask.clone(), |days| ask.with(key, vec![days.to_owned()])))
    };
    let most = template.parameters()["VaultLockDays"]["Default"].as_i64().unwrap();
    assert_eq!(most, i64::from(crate::rig::LOCK_DAYS));
    for (days, is_allowed) in [(1, true), (most, true), (most + 1, false), (36_500, false)] {
        assert_eq!(may(Function::TakeSnapshot, Some(&days.to_string())), is_allowed, "{days} days");
    }
    assert!(!may(Function::TakeSnapshot, None), "for a time that is not said");
    assert!(!may(Function::PurgeData, Some("1")));
}

#[test]
fn plan_api_neither_sees_blobs_nor_opens_a_tenants_key() {
    let template = Template::read();
    let key = tenants_key();
    for grant in grants(&template, "plan-api") {
        assert!(grant.actions.iter().all(|a| !a.starts_with("s3:")), "{:?}", grant.actions);
        if grant.resources.contains(&key) {
            assert_eq!(grant.actions, ["kms:GenerateDataKey"], "it makes the key of a tenant that connects");
        }
    }
    assert_eq!(who_may(&template, "kms:GenerateDataKey", |r| *r == key), ["plan-api"]);
    let may_open =
        ["diff-snapshots", "export-data", "preview-restore", "run-restore", "snapshot-api", "take-snapshot"];
    assert_eq!(who_may(&template, "kms:Decrypt", |r| *r == key), may_open);
}

#[test]
fn only_purge_data_and_run_restore_sign_and_plan_api_shows_under_which_key() {
    let template = Template::read();
    let key = attribute("SigningKey", "Arn");
    assert_eq!(who_may(&template, "kms:Sign", |_| true), ["purge-data", "run-restore"]);
    for signs in ["purge-data", "run-restore"] {
        assert_eq!(where_allowed(&template, signs, "kms:Sign"), slice::from_ref(&key));
        let may_sign = |grant: &Grant| grant.actions.iter().any(|action| action == "kms:Sign");
        let only = json!({ "kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST" });
        for grant in grants(&template, signs).into_iter().filter(may_sign) {
            assert_eq!(grant.condition, json!({ "StringEqualsIfExists": only }), "{signs}");
        }
    }
    assert_eq!(
        who_may(&template, "kms:GetPublicKey", |r| *r == key),
        ["plan-api", "purge-data", "run-restore"]
    );
}

#[test]
fn a_tenants_key_is_used_only_with_its_tenant_and_the_storage_key_only_through_a_service() {
    let template = Template::read();
    for function in function_names() {
        for grant in grants(&template, &function) {
            if grant.resources.contains(&tenants_key()) {
                assert_eq!(grant.condition, json!({ "Null": { "kms:EncryptionContext:tenant": "false" } }));
            }
            if grant.resources.contains(&attribute("StorageKey", "Arn")) {
                assert!(grant.condition["StringEquals"]["kms:ViaService"].is_array(), "{function}");
            }
        }
    }
}

#[test]
fn a_function_sends_only_to_the_queues_that_its_work_leads_to() {
    let template = Template::read();
    let expected = BTreeMap::from([
        ("authorize-request", vec![]),
        ("diff-snapshots", vec!["DiffSnapshotsQueue", "PreviewRestoreQueue", "SendDigestsQueue"]),
        ("export-data", vec!["ExportDataQueue"]),
        ("plan-api", vec![]),
        ("preview-restore", vec!["PreviewRestoreQueue", "RunRestoreQueue", "SendDigestsQueue"]),
        ("purge-data", vec!["TickDeadLetters"]),
        ("run-restore", vec!["RunRestoreQueue", "SendDigestsQueue"]),
        (
            "schedule-snapshots",
            vec![
                "TakeSnapshotQueue",
                "DiffSnapshotsQueue",
                "PreviewRestoreQueue",
                "RunRestoreQueue",
                "SendDigestsQueue",
                "TickDeadLetters",
            ],
        ),
        ("send-digests", vec!["TickDeadLetters"]),
        ("serve-portal", vec![]),
        (
            "snapshot-api",
            vec![
                "TakeSnapshotQueue",
                "DiffSnapshotsQueue",
                "PreviewRestoreQueue",
                "RunRestoreQueue",
                "ExportDataQueue",
            ],
        ),
        ("take-snapshot", vec!["TakeSnapshotQueue", "DiffSnapshotsQueue", "SendDigestsQueue"]),
    ]);
    for (function, queues) in expected {
        let queues: Vec<Value> = queues.into_iter().map(|q| attribute(q, "Arn")).collect();
        assert_eq!(where_allowed(&template, function, "sqs:SendMessage"), queues, "{function}");
    }
}

#[test]
fn a_function_takes_messages_only_from_its_own_queue() {
    let template = Template::read();
    for function in function_names() {
        let from = where_allowed(&template, &function, "sqs:ReceiveMessage");
        let mut own = vec![attribute(&format!("{}Queue", pascal(&function)), "Arn")];
        if function == "send-digests" {
            own.push(attribute("MailEventsQueue", "Arn"));
        }
        assert!(from.iter().all(|queue| own.contains(queue)), "{function}: {from:?}");
        assert_eq!(where_allowed(&template, &function, "sqs:DeleteMessage"), from, "{function}");
    }
}

/// The stack's table, or the one that takes its place.
fn one_of_the_tables(part: &str, own: &Value) -> Value {
    let restored = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${RestoredTable}";
    json!({ "Fn::If": ["HasRestoredTable", { "Fn::Sub": format!("{restored}{part}") }, own] })
}

/// The key that wraps tenants' keys: the stack's, or the one under which those of a restored table are wrapped.
fn tenants_key() -> Value {
    let own = attribute("TenantKeysKey", "Arn");
    json!({ "Fn::If": ["HasRestoredTenantKey", reference("RestoredTenantKey"), own] })
}

/// The stack's bucket, or the one that takes its place.
fn one_of_the_vaults(part: &str, own: &Value) -> Value {
    let restored = format!("arn:${{AWS::Partition}}:s3:::${{RestoredVault}}{part}");
    json!({ "Fn::If": ["HasRestoredVault", { "Fn::Sub": restored }, own] })
}

#[test]
fn a_function_reaches_one_bucket_the_stacks_own_or_the_one_that_takes_its_place() {
    let template = Template::read();
    let bucket = one_of_the_vaults("", &attribute("Vault", "Arn"));
    let blobs = one_of_the_vaults("/t/*", &json!({ "Fn::Sub": "${Vault.Arn}/t/*" }));
    for function in function_names() {
        for grant in grants(&template, &function) {
            // Not those of the vault: the tests below say who has them.
            let is_other = |r: &Value| ["Anchors", "Exports"].iter().any(|name| r.to_string().contains(name));
            let of_others = grant.resources.iter().all(is_other);
            if grant.actions.iter().any(|action| action.starts_with("s3:")) && !of_others {
                let wanted =
                    if grant.actions.contains(&"s3:ListBucket".to_owned()) { &bucket } else { &blobs };
                let all = grant.resources.iter().all(|r| [&bucket, &blobs].contains(&r));
                assert!(all && grant.resources.contains(wanted), "{function}: {:?}", grant.resources);
                // The bucket that takes its place is named by whoever deploys: another account's is never meant.
                let account =
                    json!({ "StringEquals": { "aws:ResourceAccount": reference("AWS::AccountId") } });
                let mut condition = grant.condition.clone();
                if grant.actions == ["s3:PutObjectRetention"] {
                    condition.as_object_mut().unwrap().remove("NumericLessThanEquals");
                }
                assert_eq!(condition, account, "{function}: {:?}", grant.actions);
            }
        }
        let variables = template.variables(&function);
        let vault = json!({ "Fn::If": ["HasRestoredVault", reference("RestoredVault"), reference("Vault")] });
        assert_eq!(variables["HOLDFAST_BUCKET"], vault, "{function}");
        assert_eq!(variables["HOLDFAST_KMS_KEY"], tenants_key(), "{function}");
    }
    assert_eq!(template.get("TenantKeysKey").properties["MultiRegion"], reference("TenantKeyMultiRegion"));
}

#[test]
fn export_data_puts_files_and_reads_none_and_snapshot_api_leads_to_them_and_puts_none() {
    let template = Template::read();
    let files = json!({ "Fn::Sub": "${Exports.Arn}/x/*" });
    for (action, who) in [("s3:PutObject", "export-data"), ("s3:GetObject", "snapshot-api")] {
        assert_eq!(who_may(&template, action, |r| *r == files), [who], "{action}");
    }
    let of_exports = |r: &Value| r.to_string().contains("Exports");
    for function in function_names() {
        for grant in grants(&template, &function).into_iter().filter(|g| g.resources.iter().any(of_exports)) {
            assert_eq!(
                (grant.actions.len(), &grant.resources[..]),
                (1, slice::from_ref(&files)),
                "{function}"
            );
        }
    }
    // Of the vault it reads, and adds nothing.
    let blobs =
        where_allowed(&template, "export-data", "s3:PutObject").into_iter().filter(|r| !of_exports(r));
    assert_eq!(blobs.count(), 0);
}

#[test]
fn only_purge_data_keeps_signed_heads_and_it_can_neither_replace_nor_delete_one() {
    let template = Template::read();
    let of_anchors = |r: &Value| r.to_string().contains("Anchors");
    for function in function_names() {
        let all: Vec<_> = grants(&template, &function)
            .into_iter()
            .filter(|grant| grant.resources.iter().any(of_anchors))
            .map(|grant| (grant.actions, grant.resources))
            .collect();
        let heads = json!({ "Fn::Sub": "${Anchors.Arn}/heads/*" });
        let own = [
            (vec!["s3:PutObject".to_owned(), "s3:GetObject".to_owned()], vec![heads]),
            (vec!["s3:ListBucket".to_owned()], vec![attribute("Anchors", "Arn")]),
        ];
        assert_eq!(all, if function == "purge-data" { own.to_vec() } else { Vec::new() }, "{function}");
        if function == "purge-data" {
            for action in ["s3:GetObject", "s3:PutObject"] {
                let blobs =
                    where_allowed(&template, &function, action).into_iter().filter(|r| !of_anchors(r));
                assert_eq!(blobs.count(), 0, "of blobs it sees the names, and deletes them: {action}");
            }
        }
        let is_named = template.variables(&function).get("HOLDFAST_ANCHORS_BUCKET").is_some();
        assert_eq!(is_named, function == "purge-data", "{function}");
    }
}

#[test]
fn a_function_uses_one_table_the_stacks_own_or_the_one_that_takes_its_place() {
    let template = Template::read();
    let table = one_of_the_tables("", &attribute("Catalog", "Arn"));
    let index =
        one_of_the_tables("/index/watch-index", &json!({ "Fn::Sub": "${Catalog.Arn}/index/watch-index" }));
    for function in function_names() {
        for grant in grants(&template, &function) {
            if grant.actions.iter().any(|action| action.starts_with("dynamodb:")) {
                let known = grant.resources.iter().all(|r| [&table, &index].contains(&r));
                assert!(known, "{function}: {:?}", grant.resources);
            }
        }
        let name = &template.variables(&function)["HOLDFAST_TABLE"];
        let wanted =
            json!({ "Fn::If": ["HasRestoredTable", reference("RestoredTable"), reference("Catalog")] });
        assert_eq!(*name, wanted, "{function}");
    }
}

#[test]
fn what_is_due_across_tenants_is_seen_by_ticks_alone() {
    let template = Template::read();
    let index =
        one_of_the_tables("/index/watch-index", &json!({ "Fn::Sub": "${Catalog.Arn}/index/watch-index" }));
    let ticks = ["purge-data", "schedule-snapshots", "send-digests"];
    assert_eq!(who_may(&template, "dynamodb:Query", |r| *r == index), ticks);
    assert_eq!(who_may(&template, "dynamodb:Scan", |_| true), [""; 0]);
}

/// Why it writes at all: a partner sees when a token was last used, and only the authorizer knows. Those rows are a
/// scope of their own so that whoever takes the authorizer over can neither make a token nor change one.
#[test]
fn the_authorizer_writes_when_tokens_were_used_and_nothing_else() {
    let template = Template::read();
    let writing =
        ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"];
    let grants: Vec<Grant> = grants(&template, "authorize-request")
        .into_iter()
        .filter(|g| g.actions.iter().any(|a| writing.contains(&&**a)))
        .collect();
    let [grant] = &grants[..] else { panic!("one grant to write") };
    assert_eq!(grant.actions, ["dynamodb:PutItem"]);
    assert_eq!(
        grant.condition,
        json!({
            "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [Scope::Uses.text()] },
            // Why: over no key at all, "for all values" holds.
            "Null": { "dynamodb:LeadingKeys": "false" },
        })
    );
}

#[test]
fn only_send_digests_may_send_mail() {
    let template = Template::read();
    assert_eq!(who_may(&template, "ses:SendEmail", |_| true), ["send-digests"]);
}
