//! What watches: alarms, the dashboard, what comes of mail; and whether `infra/README.md` says what to do about it.

use super::{Resource, Template, attribute, function_names, pascal, reference, root};
use engine::metrics;
use engine::ports::JobQueue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

fn readme() -> String {
    fs::read_to_string(root().join("infra/README.md")).unwrap()
}

/// The name of an alarm behind the stack's.
fn name<'a>(alarm: &Resource<'a>) -> &'a str {
    let name = alarm.properties["AlarmName"]["Fn::Sub"].as_str().unwrap();
    name.strip_prefix("${AWS::StackName}-").unwrap_or_else(|| panic!("{name} is not the stack's own"))
}

#[test]
fn every_alarm_is_heard_and_has_a_runbook() {
    let template = Template::read();
    let readme = readme();
    let mut runbooks: BTreeSet<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let known = runbooks.clone();
    for alarm in template.of_kind("AWS::CloudWatch::Alarm") {
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm.properties[actions], json!([reference("AlarmTopic")]), "{}", alarm.id);
        }
        let name = name(&alarm);
        let job = JobQueue::ALL.map(JobQueue::name).into_iter().find_map(|job| name.strip_prefix(job));
        let heading = job.map_or_else(|| name.to_owned(), |what| format!("<job>{what}"));
        assert!(known.contains(heading.as_str()), "{name} has no runbook: {known:?}");
        runbooks.remove(heading.as_str());
    }
    assert_eq!(runbooks, BTreeSet::new(), "runbooks for which there is no alarm");
}

#[test]
fn every_parameter_is_explained() {
    let readme = readme();
    for parameter in Template::read().parameters().keys() {
        let name = format!("`{parameter}`");
        let rows = readme.lines().filter(|line| line.starts_with("| `"));
        let mut names = rows.map(|line| line.split(" | ").next().unwrap());
        assert!(names.any(|cell| cell.contains(&name)), "{parameter} is not in infra/README.md");
    }
}

/// The function whose alarm is one of its own, since an alarm takes ten metrics.
const PAGES: &str = "serve-portal";

#[test]
fn errors_and_throttles_are_watched_of_every_function() {
    let template = Template::read();
    for (alarm, own, metric) in [
        ("FunctionsFailingAlarm", "FailingAlarm", "Errors"),
        ("FunctionsThrottledAlarm", "ThrottledAlarm", "Throttles"),
    ] {
        let metrics = template.get(alarm).properties["Metrics"].as_array().unwrap();
        let (watched, read): (Vec<&Value>, Vec<&Value>) =
            metrics.iter().partition(|m| m.get("MetricStat").is_none());
        let [watched] = watched[..] else { panic!("one sum") };
        assert_eq!((&watched["Expression"], watched.get("ReturnData")), (&json!("SUM(METRICS())"), None));
        // Source: CloudWatch API reference, MetricDataQuery.
        assert!(read.len() <= 10, "an alarm takes ten metrics");
        assert!(read.iter().all(|m| m["ReturnData"] == false), "{alarm}");
        // What has no room there has an alarm of its own.
        let of_one = template.of_kind("AWS::CloudWatch::Alarm");
        let of_one = of_one
            .filter(|one| one.id != alarm && one.id.ends_with(own) && one.properties["MetricName"] == metric);
        let all =
            read.into_iter().map(|m| &m["MetricStat"]["Metric"]).chain(of_one.map(|one| one.properties));
        let functions: BTreeSet<String> = all
            .map(|of| {
                assert_eq!((&of["Namespace"], &of["MetricName"]), (&json!("AWS/Lambda"), &json!(metric)));
                of["Dimensions"][0]["Value"]["Ref"].as_str().unwrap().to_owned()
            })
            .collect();
        let all = function_names().into_iter().filter(|f| f != PAGES);
        assert_eq!(functions, all.map(|f| format!("{}Function", pascal(&f))).collect(), "{alarm}");
    }
    let metrics = template.get("PagesFailingAlarm").properties["Metrics"].as_array().unwrap();
    let read: BTreeSet<_> = metrics
        .iter()
        .filter_map(|m| m.get("MetricStat"))
        .map(|m| &m["Metric"])
        .map(|of| {
            assert_eq!(of["Dimensions"][0]["Value"], reference("ServePortalFunction"));
            of["MetricName"].as_str().unwrap()
        })
        .collect();
    assert_eq!(read, BTreeSet::from(["Errors", "Throttles"]));
}

#[test]
fn the_dashboard_shows_every_function_and_every_queue() {
    let template = Template::read();
    let body = template.get("Dashboard").properties["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let mut shown = BTreeSet::new();
    let mut places = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        assert!(places.insert((widget["x"].as_u64(), widget["y"].as_u64())), "{widget} lies over another");
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            shown.insert(metric[3].as_str().unwrap().to_owned());
        }
    }
    for function in template.of_kind("AWS::Serverless::Function") {
        assert!(shown.contains(&format!("${{{}}}", function.id)), "{}", function.id);
    }
    for queue in template.of_kind("AWS::SQS::Queue") {
        assert!(shown.contains(&format!("${{{}.QueueName}}", queue.id)), "{}", queue.id);
    }
}

/// A metric of ours: its name, and the function whose it is.
fn ours(name: &Value, function: &str) -> (String, String) {
    let name = name.as_str().unwrap();
    let metric = metrics::ALL.iter().find(|metric| metric.name == name);
    let by = metric.unwrap_or_else(|| panic!("{name} is counted nowhere")).by;
    let counts = if by == metrics::EVERY_JOB {
        JobQueue::ALL.iter().any(|job| function == format!("{}Function", pascal(job.name())))
    } else {
        function == format!("{}Function", pascal(by))
    };
    assert!(counts, "{function} does not count {name}, {by} does");
    (name.to_owned(), function.to_owned())
}

#[test]
fn what_is_counted_is_shown_and_alarms_read_what_is_counted() {
    let template = Template::read();
    let body = template.get("Dashboard").properties["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let mut shown = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            if metric[0] == runtime::metrics::NAMESPACE {
                assert_eq!(metric[2], runtime::metrics::DIMENSION);
                let function = metric[3].as_str().unwrap().trim_matches(['$', '{', '}']);
                shown.insert(ours(&metric[1], function).0);
            }
        }
    }
    assert_eq!(shown, metrics::ALL.iter().map(|metric| metric.name.to_owned()).collect());

    let mut read = BTreeSet::new();
    for alarm in template.of_kind("AWS::CloudWatch::Alarm") {
        let several = alarm.properties["Metrics"].as_array().cloned().unwrap_or_default();
        let mut of: Vec<&Value> = several.iter().map(|query| &query["MetricStat"]["Metric"]).collect();
        of.push(alarm.properties);
        for metric in of.into_iter().filter(|m| m["Namespace"] == runtime::metrics::NAMESPACE) {
            let dimension = &metric["Dimensions"][0];
            assert_eq!(dimension["Name"], runtime::metrics::DIMENSION, "{}", alarm.id);
            read.insert(ours(&metric["MetricName"], dimension["Value"]["Ref"].as_str().unwrap()).0);
        }
    }
    let wanted = [
        "AccessRefused",
        "ConsentsRefused",
        "LocksNotRenewed",
        "LogsUnsignedDays",
        "MailsLater",
        "MailsNotTaken",
        "MailsReturned",
        "MessagesParked",
        "OwnApplicationRefused",
        "OwnCredentialDays",
        "SnapshotsLate",
        "SnapshotsRefused",
        "SnapshotsSealed",
        "SnapshotsStarted",
        "WorkGivenUp",
    ];
    assert_eq!(read, wanted.map(str::to_owned).into());
}

#[test]
fn mail_goes_through_the_set_whose_bounces_and_complaints_are_told() {
    let template = Template::read();
    let set = reference("MailSet");
    let identity = template.get("MailIdentity").properties;
    assert_eq!(identity["ConfigurationSetAttributes"]["ConfigurationSetName"], set);
    let feedback = template.get("MailFeedback").properties;
    assert_eq!(feedback["ConfigurationSetName"], set);
    let to = &feedback["EventDestination"];
    assert_eq!(to["SnsDestination"]["TopicARN"], reference("MailFeedbackTopic"));
    // Why `SEND`: it settles a mail whose answer was lost.
    for event in ["SEND", "BOUNCE", "COMPLAINT", "REJECT"] {
        assert!(to["MatchingEventTypes"].as_array().unwrap().contains(&json!(event)), "{event}");
    }
    let told = template.get("MailEventsSubscription").properties;
    assert_eq!(told["TopicArn"], reference("MailFeedbackTopic"));
    assert_eq!((&told["Protocol"], &told["RawMessageDelivery"]), (&json!("sqs"), &json!(true)));
    assert_eq!(told["Endpoint"], attribute("MailEventsQueue", "Arn"));
    let may_send = &template.get("MailEventsQueuePolicy").properties["PolicyDocument"]["Statement"][0];
    assert_eq!(may_send["Condition"]["ArnEquals"]["aws:SourceArn"], reference("MailFeedbackTopic"));
    let operator = &template.get("MailFeedbackSubscription").properties["FilterPolicy"]["eventType"];
    assert!(
        !operator.as_array().unwrap().contains(&json!("Send")),
        "the operator hears of no mail that is sent"
    );
    for alarm in ["MailBouncesAlarm", "MailComplaintsAlarm"] {
        let dimensions = json!([{ "Name": "ses:configuration-set", "Value": set }]);
        assert_eq!(template.get(alarm).properties["Dimensions"], dimensions);
    }
}

#[test]
fn a_host_of_our_own_is_the_one_that_links_lead_to() {
    let template = Template::read();
    let host = json!({ "Fn::Select": [2, { "Fn::Split": ["/", reference("PublicUrl")] }] });
    assert_eq!(template.get("HttpDomain").properties["DomainName"], host);
    let mapping = template.get("HttpDomainMapping").properties;
    assert_eq!((&mapping["ApiId"], &mapping["Stage"]), (&reference("HttpApi"), &reference("HttpStage")));
    let url = &template.variables("plan-api")["HOLDFAST_PUBLIC_URL"]["Fn::If"];
    assert_eq!((&url[0], &url[1]), (&json!("HasPublicUrl"), &reference("PublicUrl")));
    let certificate = &template.get("HttpDomain").properties["DomainNameConfigurations"][0];
    assert_eq!(certificate["SecurityPolicy"], "TLS_1_2");
    assert_eq!(certificate["CertificateArn"], reference("CertificateArn"));
}
