//! The event that a mapping from an SQS FIFO queue gives to its function.
//! Source: Lambda developer guide, "Using Lambda with Amazon SQS", FIFO queue message event.

use crate::embedded::Received;
use engine::ports::JobQueue;
use serde_json::{Value, json};

/// The AWS account that events of this machine name.
pub const ACCOUNT: &str = "000000000000";
/// The AWS region that events of this machine name.
pub const REGION: &str = "eu-west-1";

/// The event's record of a message of the local queue.
pub fn record_of(message: &Received) -> Value {
    let mut attributes = json!({
        "ApproximateReceiveCount": message.receive_count.to_string(),
        "SentTimestamp": message.sent_at.as_millisecond().to_string(),
        "SequenceNumber": message.sequence,
        "MessageGroupId": message.sent.group,
        "SenderId": ACCOUNT,
        "MessageDeduplicationId": message.sent.deduplication_id,
        "ApproximateFirstReceiveTimestamp": message.first_received_at.as_millisecond().to_string(),
    });
    if let Some(trace) = &message.trace {
        attributes["AWSTraceHeader"] = json!(trace);
    }
    record(message.sent.queue, (&message.id, message.handle.receipt()), &message.sent.body, &attributes)
}

/// The event's record of a message that was received from SQS.
pub fn sqs_record(queue: JobQueue, message: &aws::Received) -> Value {
    let names = (message.message_id.as_str(), message.receipt_handle.as_str());
    record(queue, names, &message.body, &json!(message.attributes))
}

fn record(queue: JobQueue, (id, receipt): (&str, &str), body: &str, attributes: &Value) -> Value {
    json!({
        "messageId": id,
        "receiptHandle": receipt,
        "body": body,
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}.fifo", queue.name()),
        "awsRegion": REGION,
    })
}

/// The event that holds these records.
pub fn sqs_event(records: &[Value]) -> Value {
    json!({ "Records": records })
}
