//! Who hears that a blob was deleted: S3's own events, by the rule of the template, up to the alarm.

use super::{Template, attribute, reference};
use serde_json::{Value, json};

/// Whether an event is of a pattern, as far as EventBridge's patterns are used here: names one inside another, and for each
/// a list of what may stand there.
/// Source: EventBridge user guide, "Comparison operators for use in event patterns".
fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(name, inner)| matches(inner, &event[name])),
        Value::Array(choices) => choices.iter().any(|choice| is_chosen(choice, event)),
        other => panic!("{other} is no pattern"),
    }
}

fn is_chosen(choice: &Value, value: &Value) -> bool {
    let Some(except) = choice.get("anything-but") else { return choice == value };
    let Some(text) = value.as_str() else { return false };
    match except {
        Value::Array(texts) => !texts.contains(value),
        Value::Object(of) => {
            let [(name, wildcard)] = &of.iter().collect::<Vec<_>>()[..] else { panic!("one operator") };
            assert_eq!(*name, "wildcard");
            !has_form(wildcard.as_str().unwrap(), text)
        }
        other => panic!("{other} is not known here"),
    }
}

/// Whether a text has a form with stars, each for any number of any characters.
fn has_form(form: &str, text: &str) -> bool {
    match form.split_once('*') {
        None => form == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            (0..=text.len()).any(|n| text.is_char_boundary(n) && has_form(rest, &text[n..]))
        }),
    }
}

/// S3's event of a deletion. Source: S3 user guide, "EventBridge event message structure".
fn deletion(bucket: &Value, key: &str, reason: &str, deletion_type: &str) -> Value {
    json!({
        "version": "0",
        "detail-type": "Object Deleted",
        "source": "aws.s3",
        "detail": {
            "version": "0",
            "bucket": { "name": bucket },
            "object": { "key": key, "version-id": "1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF", "sequencer": "00617F08299329D189" },
            "reason": reason,
            "deletion-type": deletion_type,
        },
    })
}

const TENANT: &str = "t/a1b2c3d4-0000-1111-2222-333344445555";

#[test]
fn whoever_deletes_a_blob_or_a_signed_head_one_by_one_or_a_thousand_at_once_is_heard() {
    let template = Template::read();
    let pattern = &template.get("BlobsDeleted").properties["EventPattern"];
    let vault = json!({ "Fn::If": ["HasRestoredVault", reference("RestoredVault"), reference("Vault")] });
    let (marker, gone) = ("Delete Marker Created", "Permanently Deleted");
    // A request that deletes a thousand keys is an event for each of them, with the same reason.
    for (bucket, key) in [
        (&vault, format!("{TENANT}/leaves/aa/00ff")),
        (&vault, format!("{TENANT}/indexes/aa/00ff")),
        (&vault, format!("{TENANT}/manifests/snp_01")),
        (&vault, format!("{TENANT}/plans/rst_01")),
        (&reference("Anchors"), "heads/installation/2026-11-29-1".to_owned()),
    ] {
        for how in [marker, gone] {
            assert!(matches(pattern, &deletion(bucket, &key, "DeleteObject", how)), "{bucket} {key} {how}");
        }
    }
    let leaf = format!("{TENANT}/leaves/aa/00ff");
    // What nobody asked for, or is swept each hour: it would be heard always, and so never.
    let parked = format!("{TENANT}/parked/aa/00ff");
    assert!(!matches(pattern, &deletion(&vault, &parked, "DeleteObject", marker)), "swept");
    assert!(
        !matches(pattern, &deletion(&vault, &leaf, "Lifecycle Expiration", gone)),
        "it was heard 30 days ago"
    );
    assert!(!matches(pattern, &deletion(&json!("another"), &leaf, "DeleteObject", marker)), "not ours");
    let mut created = deletion(&vault, &leaf, "DeleteObject", marker);
    created["detail-type"] = json!("Object Created");
    assert!(!matches(pattern, &created));
}

#[test]
fn each_bucket_whose_deletions_are_heard_sends_its_events() {
    let template = Template::read();
    for bucket in ["Vault", "Anchors"] {
        let sends = &template.get(bucket).properties["NotificationConfiguration"]["EventBridgeConfiguration"];
        assert_eq!(*sends, json!({ "EventBridgeEnabled": true }), "{bucket}");
        // Why not S3's count of requests: with a filter it leaves out requests for many keys, and those count as one without.
        // Source: S3 user guide, "Creating a metrics configuration that filters by prefix".
        assert_eq!(template.get(bucket).properties.get("MetricsConfigurations"), None, "{bucket}");
    }
}

#[test]
fn one_deletion_is_enough_for_the_alarm_and_it_is_written_down_apart_from_who_deletes() {
    let template = Template::read();
    let alarm = template.get("BlobsDeletedAlarm").properties;
    assert_eq!((&alarm["Namespace"], &alarm["MetricName"]), (&json!("AWS/Events"), &json!("MatchedEvents")));
    // The default bus: metrics of its rules have no other dimension.
    let rule = template.get("BlobsDeleted").properties;
    assert_eq!(rule.get("EventBusName"), None);
    assert_eq!(alarm["Dimensions"], json!([{ "Name": "RuleName", "Value": reference("BlobsDeleted") }]));
    assert_eq!((&alarm["Statistic"], &alarm["EvaluationPeriods"]), (&json!("Sum"), &json!(1)));
    assert_eq!(alarm["ComparisonOperator"], "GreaterThanThreshold");
    assert_eq!(alarm["Threshold"], reference("BlobDeletionsPerHour"));
    assert_eq!(alarm["Period"], 3_600);
    // A leaf that all snapshots of a tenant name is one blob.
    assert_eq!(template.parameters()["BlobDeletionsPerHour"]["Default"], 0);

    assert_eq!(rule["Targets"], json!([{ "Id": "log", "Arn": attribute("BlobsDeletedLogs", "Arn") }]));
    let policy =
        template.get("BlobsDeletedLogsPolicy").properties["PolicyDocument"]["Fn::Sub"].as_str().unwrap();
    let policy: Value = serde_json::from_str(policy).unwrap();
    let [create, put] = &policy["Statement"].as_array().unwrap()[..] else { panic!("two") };
    assert_eq!(
        (&create["Action"], &put["Action"]),
        (&json!("logs:CreateLogStream"), &json!("logs:PutLogEvents"))
    );
    assert_eq!(put["Condition"], json!({ "ArnEquals": { "aws:SourceArn": "${BlobsDeleted.Arn}" } }));
    for statement in [create, put] {
        let services = json!({ "Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"] });
        assert_eq!(statement["Principal"], services);
        assert_eq!(statement["Resource"], "${BlobsDeletedLogs.Arn}");
    }
}
