//! What an installation costs a month before it has a tenant: what the template keeps, and what the clock does.

use super::month::EmptyTicks;
use crate::metered::Usage;
use crate::prices::Meter;
use crate::template::{MONTH_DAYS, Template};
use engine::metrics;

/// How many pollers a mapping has at an idle queue, and how often each asks in a minute: it waits 20 s for a message.
/// Remembered of the Lambda developer guide, "Using Lambda with Amazon SQS".
const IDLE_POLLERS: i128 = 5;
const POLLS_A_MINUTE: i128 = 3;
/// How often DynamoDB asks for the table's key in a month: once in five minutes for each role that is at work. An
/// assumption.
const TABLE_KEY_CALLS: i128 = MONTH_DAYS * 24 * 12;
/// Metrics that every queue's function counts, each under its own name.
const OF_EVERY_QUEUE: [metrics::Metric; 2] = [metrics::MESSAGES_PARKED, metrics::MESSAGES_LATER];

/// What an installation uses in a month, each with what it is for.
pub fn fixed(template: &Template, empty: &EmptyTicks) -> Result<Vec<(String, Usage)>, String> {
    let mut all = Vec::new();
    let mut add = |what: String, usage: Usage| all.push((what, usage));
    for (job, times) in template.schedules()? {
        let tick = empty.get(job.as_str()).ok_or_else(|| format!("the tick of {job} was not measured"))?;
        let mut usage = Usage::default();
        usage.add_all(tick, times);
        usage.add(Meter::ScheduledCalls, times);
        if times > TABLE_KEY_CALLS {
            usage.add(Meter::KmsCalls, TABLE_KEY_CALLS);
        }
        add(format!("{times} ticks of {job}"), usage);
    }
    let mappings = template.count("AWS::Lambda::EventSourceMapping");
    let polls = mappings * IDLE_POLLERS * POLLS_A_MINUTE * MONTH_DAYS * 24 * 60;
    add(format!("{polls} empty polls of {mappings} queues"), one(Meter::FifoCalls, polls));
    let keys = template.count("AWS::KMS::Key");
    add(format!("{keys} keys"), one(Meter::KmsKeys, keys));
    let secrets = template.count("AWS::SecretsManager::Secret");
    add(format!("{secrets} secrets"), one(Meter::Secrets, secrets));
    let (alarms, looked_at) = (template.count("AWS::CloudWatch::Alarm"), template.alarm_metrics());
    add(format!("{alarms} alarms on {looked_at} metrics"), one(Meter::AlarmMetrics, looked_at));
    let dashboards = template.count("AWS::CloudWatch::Dashboard");
    add(format!("{dashboards} dashboard"), one(Meter::Dashboards, dashboards));
    let own = own_metrics(mappings);
    add(format!("{own} metrics of our own"), one(Meter::CustomMetrics, own));
    Ok(all)
}

/// How many metrics of our own are paid for: one for each name and function, as if each were written in every hour.
fn own_metrics(queues: i128) -> i128 {
    let (all, shared) = (metrics::ALL.len(), OF_EVERY_QUEUE.len());
    let count = |n: usize| i128::try_from(n).unwrap_or(i128::MAX);
    count(all - shared) + count(shared) * queues
}

fn one(meter: Meter, count: i128) -> Usage {
    let mut usage = Usage::default();
    usage.add(meter, count);
    usage
}
