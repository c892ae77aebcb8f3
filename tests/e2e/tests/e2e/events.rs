//! Every event of `events/<function>/<case>.json` is what its function takes, and every function has one.

use crate::template::{function_names, root};
use aws_lambda_events::apigw::{ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest};
use aws_lambda_events::sqs::SqsEvent;
use engine::ports::JobQueue;
use serde_json::Value;
use std::fs;

/// The events of a function: the case, and its text.
fn events(function: &str) -> Vec<(String, String)> {
    let folder = root().join("events").join(function);
    let files = fs::read_dir(&folder).unwrap_or_else(|_| panic!("{function} has no events"));
    let mut cases: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let case = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (format!("{function}/{case}"), fs::read_to_string(path).unwrap())
        })
        .collect();
    cases.sort();
    cases
}

fn read<T: serde::de::DeserializeOwned>(case: &str, text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{case}: {e}"))
}

fn is_batch(text: &str) -> bool {
    read::<Value>("", text).get("Records").is_some()
}

#[test]
fn every_function_has_an_event_and_every_event_a_function() {
    for function in function_names() {
        assert!(!events(&function).is_empty(), "{function} has no events");
    }
    for folder in fs::read_dir(root().join("events")).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        assert!(function_names().contains(&name), "events of {name}, which is no function");
    }
}

#[test]
fn requests_to_the_authorizer_are_such() {
    for (case, text) in events("authorize-request") {
        let event: ApiGatewayV2CustomAuthorizerV2Request = read(&case, &text);
        assert_eq!(event.version.as_deref(), Some("2.0"), "{case}");
        assert!(event.raw_path.is_some_and(|path| path.starts_with("/v1/")), "{case}");
    }
}

#[test]
fn requests_to_the_api_are_such() {
    for (case, text) in events("plan-api").into_iter().chain(events("snapshot-api")) {
        let event: ApiGatewayV2httpRequest = read(&case, &text);
        assert_eq!(event.version.as_deref(), Some("2.0"), "{case}");
        assert!(event.raw_path.is_some_and(|path| path.starts_with("/v1/")), "{case}");
    }
}

#[test]
fn requests_to_the_portal_are_such_and_none_is_to_the_api() {
    for (case, text) in events("serve-portal") {
        let event: ApiGatewayV2httpRequest = read(&case, &text);
        assert_eq!(event.version.as_deref(), Some("2.0"), "{case}");
        assert!(event.raw_path.is_some_and(|path| !path.starts_with("/v1/")), "{case}");
    }
}

#[test]
fn batches_of_a_queue_are_such_and_every_job_has_one() {
    for job in JobQueue::ALL.map(JobQueue::name) {
        let batches: Vec<_> = events(job).into_iter().filter(|(_, text)| is_batch(text)).collect();
        assert!(!batches.is_empty(), "{job} has no batch");
        for (case, text) in batches {
            let event: SqsEvent = read(&case, &text);
            for message in event.records {
                let queue = message.event_source_arn.clone().unwrap_or_default();
                if job == "send-digests" && queue.ends_with("-mail-events") {
                    let body = message.body.unwrap_or_default();
                    assert!(
                        aws::read_mail_event(&body).unwrap().is_some(),
                        "{case}: what SES tells of a mail"
                    );
                    assert!(message.attributes.contains_key("ApproximateReceiveCount"), "{case}");
                    continue;
                }
                assert!(
                    message.message_id.is_some_and(|id| !id.is_empty()),
                    "{case}: a reply names messages"
                );
                let group = message.attributes.get("MessageGroupId");
                assert!(group.is_some_and(|g| !g.is_empty()), "{case}: a FIFO message has a group");
                assert!(message.attributes.contains_key("ApproximateReceiveCount"), "{case}");
                let queue = message.event_source_arn.unwrap_or_default();
                assert!(queue.ends_with(&format!("{job}.fifo")), "{case}: {queue}");
            }
        }
    }
}

#[test]
fn ticks_are_such() {
    for function in ["schedule-snapshots", "send-digests", "purge-data"] {
        let ticks: Vec<_> = events(function).into_iter().filter(|(_, text)| !is_batch(text)).collect();
        assert!(!ticks.is_empty(), "{function} has no tick");
        for (case, text) in ticks {
            let tick: Value = read(&case, &text);
            let said = (&tick["source"], &tick["detail-type"]);
            assert_eq!(said, (&Value::from("aws.scheduler"), &Value::from("Scheduled Event")), "{case}");
        }
    }
}
