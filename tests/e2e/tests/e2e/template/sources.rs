//! What calls the functions: queues, ticks, routes.

use super::{Template, attribute, function_names, pascal, reference, root};
use engine::ports::JobQueue;
use runtime::openapi::Operation;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

/// The functions that tick.
const TICKS: [&str; 3] = ["purge-data", "schedule-snapshots", "send-digests"];

fn timeout_s(template: &Template, function: &str) -> u64 {
    let own = &template.function(function).properties["Timeout"];
    own.as_u64().or_else(|| template.globals()["Timeout"].as_u64()).unwrap()
}

#[test]
fn every_job_has_a_fifo_queue_with_dead_letters_and_a_mapping_with_partial_replies() {
    let template = Template::read();
    for job in JobQueue::ALL.map(JobQueue::name) {
        let (queue, dead) = (format!("{}Queue", pascal(job)), format!("{}DeadLetters", pascal(job)));
        let properties = template.get(&queue).properties;
        let name = json!({ "Fn::Sub": format!("${{AWS::StackName}}-{job}.fifo") });
        assert_eq!((&properties["QueueName"], &properties["FifoQueue"]), (&name, &json!(true)));
        let redrive = json!({ "deadLetterTargetArn": attribute(&dead, "Arn"), "maxReceiveCount": 5 });
        assert_eq!(properties["RedrivePolicy"], redrive);
        assert_eq!(template.get(&dead).properties["FifoQueue"], true);

        let hidden_s = properties["VisibilityTimeout"].as_u64().unwrap();
        assert!(
            hidden_s >= 6 * timeout_s(&template, job),
            "{job}: a message comes back while it is worked on"
        );

        let mapping = template.get(&format!("{}Mapping", pascal(job))).properties;
        assert_eq!(mapping["EventSourceArn"], attribute(&queue, "Arn"));
        assert_eq!(mapping["FunctionName"], reference(&format!("{}Function", pascal(job))));
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        assert!(mapping["BatchSize"].as_u64().is_some_and(|n| (1..=10).contains(&n)), "SQS's limit for FIFO");
    }
    let mappings = template.of_kind("AWS::Lambda::EventSourceMapping").count();
    let queues = template.of_kind("AWS::SQS::Queue").count();
    // Besides: what SES tells of mail, and where ticks end that failed.
    assert_eq!((mappings, queues), (JobQueue::ALL.len() + 1, 2 * JobQueue::ALL.len() + 3));
}

#[test]
fn what_ses_tells_of_mail_comes_to_the_function_that_sends_it() {
    let template = Template::read();
    let queue = template.get("MailEventsQueue").properties;
    assert_eq!(queue["QueueName"], json!({ "Fn::Sub": "${AWS::StackName}-mail-events" }));
    assert_eq!(queue.get("FifoQueue"), None, "SNS puts nothing into a FIFO queue without a group");
    assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"], attribute("MailEventsDeadLetters", "Arn"));
    assert!(queue["VisibilityTimeout"].as_u64().unwrap() >= 6 * timeout_s(&template, "send-digests"));
    let mapping = template.get("MailEventsMapping").properties;
    assert_eq!(mapping["EventSourceArn"], attribute("MailEventsQueue", "Arn"));
    assert_eq!(mapping["FunctionName"], reference("SendDigestsFunction"));
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
}

#[test]
fn a_function_has_time_to_work_before_it_puts_its_work_down() {
    let template = Template::read();
    for function in JobQueue::ALL.map(JobQueue::name).into_iter().chain(TICKS) {
        let margin_s = u64::try_from(runtime::call::MARGIN_MS / 1000).unwrap();
        assert!(timeout_s(&template, function) >= 2 * margin_s, "{function}");
    }
    for function in ["plan-api", "snapshot-api", "serve-portal"] {
        let waits_ms =
            &template.get(&format!("{}Integration", pascal(function))).properties["TimeoutInMillis"];
        assert!(timeout_s(&template, function) * 1000 < waits_ms.as_u64().unwrap(), "{function}");
    }
}

#[test]
fn every_ticking_function_has_a_schedule_that_parses_and_a_place_for_dead_letters() {
    let template = Template::read();
    for function in TICKS {
        let tick = template.get(&format!("{}Tick", pascal(function))).properties;
        let expression = tick["ScheduleExpression"].as_str().unwrap();
        check_schedule(expression).unwrap_or_else(|why| panic!("{expression}: {why}"));
        assert_eq!(tick["Target"]["Arn"], attribute(&format!("{}Function", pascal(function)), "Arn"));
        assert_eq!(tick["Target"]["DeadLetterConfig"]["Arn"], attribute("TickDeadLetters", "Arn"));
        let name = json!({ "Fn::Sub": format!("${{AWS::StackName}}-{function}") });
        assert_eq!(tick["Name"], name, "two installations in one account do not collide");
    }
    assert_eq!(template.of_kind("AWS::Scheduler::Schedule").count(), TICKS.len());
    for function in TICKS {
        let failed = &template.function(function).properties["EventInvokeConfig"]["DestinationConfig"];
        assert_eq!(failed["OnFailure"]["Destination"], attribute("TickDeadLetters", "Arn"), "{function}");
    }
    let dead = template.get("TickDeadLetters").properties;
    assert_eq!(dead.get("FifoQueue"), None, "Scheduler takes no FIFO queue for dead letters");
}

#[test]
fn a_tick_that_may_come_later_ends_before_the_next_one() {
    let template = Template::read();
    for function in TICKS {
        let tick = template.get(&format!("{}Tick", pascal(function))).properties;
        let window = &tick["FlexibleTimeWindow"];
        match tick["ScheduleExpression"].as_str().unwrap() {
            // Why: the shortest window is a minute.
            "rate(1 minute)" => assert_eq!(window["Mode"], "OFF", "{function}"),
            "cron(17 * * * ? *)" => {
                let later_min = window["MaximumWindowInMinutes"].as_u64().unwrap();
                assert!(later_min * 60 + timeout_s(&template, function) < 3600, "{function}");
            }
            other => panic!("{function}: how often is {other}?"),
        }
    }
}

#[test]
fn every_function_is_called_by_something() {
    let mut called: BTreeSet<&str> = JobQueue::ALL.map(JobQueue::name).into();
    called.extend(TICKS);
    called.extend(["authorize-request", "plan-api", "snapshot-api", "serve-portal"]);
    assert_eq!(called.into_iter().collect::<Vec<_>>(), function_names());
}

/// Source: EventBridge Scheduler user guide, "Schedule types".
fn check_schedule(expression: &str) -> Result<(), &'static str> {
    let inside = |kind: &str| expression.strip_prefix(kind)?.strip_suffix(')');
    if let Some(rate) = inside("rate(") {
        let (number, unit) = rate.split_once(' ').ok_or("a rate is a number and a unit")?;
        let number: u32 = number.parse().map_err(|_| "not a number")?;
        let units = if number == 1 { ["minute", "hour", "day"] } else { ["minutes", "hours", "days"] };
        return if number >= 1 && units.contains(&unit) { Ok(()) } else { Err("not a unit for that number") };
    }
    let cron = inside("cron(").ok_or("neither a rate nor a cron")?;
    let fields: Vec<&str> = cron.split(' ').collect();
    let [minute, hour, day, month, weekday, year] = fields[..] else { return Err("a cron has six fields") };
    let in_range = |text: &str, from: u32, to: u32| {
        text == "*" || text.parse().is_ok_and(|n: u32| (from..=to).contains(&n))
    };
    let days = (day == "?" && in_range(weekday, 1, 7)) || (weekday == "?" && in_range(day, 1, 31));
    let rest = in_range(minute, 0, 59) && in_range(hour, 0, 23) && in_range(month, 1, 12);
    if days && rest && in_range(year, 1970, 2199) { Ok(()) } else { Err("a field is out of its range") }
}

#[test]
fn a_schedule_that_aws_would_refuse_does_not_parse() {
    for fine in ["rate(1 minute)", "rate(5 minutes)", "cron(17 3 * * ? *)", "cron(0 0 1 * ? 2027)"] {
        assert_eq!(check_schedule(fine), Ok(()), "{fine}");
    }
    for wrong in [
        "rate(1 minutes)",
        "rate(1 hours)",
        "rate(2 hour)",
        "rate(0 minutes)",
        "rate(0 days)",
        "rate(-1 minutes)",
        "rate(1.5 hours)",
        "rate(30 seconds)",
        "rate(5)",
        "cron(* * * * *)",
        "cron(17 3 * * * *)",
        "cron(17 3 ? * ? *)",
        "cron(60 3 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 0 0 * ? *)",
        "cron(0 0 ? * 0 *)",
        "cron(0 0 * 13 ? *)",
        "cron(0 0 * * ? 1969)",
        "cron(17 3 * * ? *",
        "1m",
    ] {
        assert!(check_schedule(wrong).is_err(), "{wrong}");
    }
}

/// The route keys of a table of routes, as API Gateway writes them.
fn route_keys(operations: &[Operation]) -> BTreeSet<String> {
    operations.iter().map(|operation| operation.key().replace("{key}", "{key+}")).collect()
}

#[test]
fn every_route_of_the_code_is_a_route_of_the_api_and_leads_to_its_function() {
    let template = Template::read();
    for (function, operations) in
        [("plan-api", plan_api::operations()), ("snapshot-api", snapshot_api::operations())]
    {
        let target = json!({ "Fn::Sub": format!("integrations/${{{}Integration}}", pascal(function)) });
        let deployed: BTreeSet<String> = template
            .of_kind("AWS::ApiGatewayV2::Route")
            .filter(|r| r.properties["Target"] == target)
            .map(|r| r.properties["RouteKey"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(deployed, route_keys(&operations), "{function}");
        let integration = template.get(&format!("{}Integration", pascal(function))).properties;
        let arn = attribute(&format!("{}Function", pascal(function)), "Arn");
        assert_eq!(
            (&integration["IntegrationUri"], &integration["PayloadFormatVersion"]),
            (&arn, &json!("2.0"))
        );
    }
}

#[test]
fn what_is_no_route_of_the_api_is_a_page_or_a_form_of_the_portal() {
    let template = Template::read();
    let target = json!({ "Fn::Sub": "integrations/${ServePortalIntegration}" });
    let routes = template.of_kind("AWS::ApiGatewayV2::Route").filter(|r| r.properties["Target"] == target);
    let keys: BTreeSet<_> = routes.map(|r| r.properties["RouteKey"].as_str().unwrap()).collect();
    assert_eq!(keys, BTreeSet::from(["GET /", "GET /{proxy+}", "POST /{proxy+}"]));
    let integration = template.get("ServePortalIntegration").properties;
    assert_eq!(integration["IntegrationUri"], attribute("ServePortalFunction", "Arn"));
}

/// The names of all headers that the API's document speaks of, small: asked for, answered with.
fn headers_of_the_document() -> (BTreeSet<String>, BTreeSet<String>) {
    fn collect(value: &Value, asked: &mut BTreeSet<String>, answered: &mut BTreeSet<String>) {
        if value["in"] == "header" {
            asked.insert(value["name"].as_str().unwrap().to_lowercase());
        }
        if let Some(headers) = value["headers"].as_object() {
            answered.extend(headers.keys().map(|name| name.to_lowercase()));
        }
        let inner: Vec<&Value> = match value {
            Value::Object(fields) => fields.values().collect(),
            Value::Array(items) => items.iter().collect(),
            _ => vec![],
        };
        for v in inner {
            collect(v, asked, answered);
        }
    }
    let text = fs::read_to_string(root().join("functions/plan-api/openapi.json")).unwrap();
    let (mut asked, mut answered) = (BTreeSet::new(), BTreeSet::new());
    collect(&serde_json::from_str(&text).unwrap(), &mut asked, &mut answered);
    (asked, answered)
}

#[test]
fn a_page_that_may_call_the_api_can_send_and_read_every_header_of_its_document() {
    let template = Template::read();
    let cors = &template.get("HttpApi").properties["CorsConfiguration"]["Fn::If"];
    assert_eq!((&cors[0], &cors[2]), (&json!("HasCorsOrigins"), &reference("AWS::NoValue")));
    assert_eq!(template.parameters()["CorsOrigins"]["Default"], "", "no page may unless it is named");
    assert_eq!(cors[1]["AllowOrigins"], reference("CorsOrigins"));
    assert_eq!(cors[1].get("AllowCredentials"), None, "no cookie is a proof");
    let list = |of: &str| -> BTreeSet<String> {
        cors[1][of].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
    };
    let (mut asked, answered) = headers_of_the_document();
    asked.extend(["authorization", "content-type"].map(str::to_owned));
    assert_eq!((list("AllowHeaders"), list("ExposeHeaders")), (asked, answered));
    let methods = template.of_kind("AWS::ApiGatewayV2::Route").map(|r| {
        let key = r.properties["RouteKey"].as_str().unwrap();
        key.split_once(' ').unwrap().0.to_owned()
    });
    assert_eq!(list("AllowMethods"), methods.collect());
}

#[test]
fn only_what_needs_no_caller_is_answered_without_the_authorizer() {
    let template = Template::read();
    let open: BTreeSet<String> = template
        .of_kind("AWS::ApiGatewayV2::Route")
        .filter(|r| {
            let asks = r.properties["AuthorizationType"] == "CUSTOM";
            !asks || r.properties["AuthorizerId"] != reference("HttpAuthorizer")
        })
        .map(|r| r.properties["RouteKey"].as_str().unwrap().to_owned())
        .collect();
    let told = [
        "GET /v1/consent/callback",
        "POST /v1/access",
        "GET /",
        "GET /{proxy+}",
        "POST /{proxy+}",
        "GET /v1/signing-keys",
        "GET /v1/openapi.json",
    ];
    assert_eq!(open, told.map(str::to_owned).into());
    let authorizer = template.get("HttpAuthorizer").properties;
    assert_eq!(authorizer["AuthorizerPayloadFormatVersion"], "2.0");
    assert_eq!(authorizer["EnableSimpleResponses"], true);
    assert_eq!(authorizer["IdentitySource"], json!(["$request.header.Authorization"]));
    assert!(
        authorizer["AuthorizerResultTtlInSeconds"].as_u64().unwrap() <= 60,
        "how long a revoked token works"
    );
}
