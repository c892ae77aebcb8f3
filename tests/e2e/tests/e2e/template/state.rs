//! What the functions are told and what they keep things in: settings, table, bucket, alarms.
//! Over 400 lines: one test for each part of the template that holds state, and nothing else.

use super::{Template, attribute, function_names, pascal, reference, rights};
use aws::{AwsClients, AwsNames, provision_table};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::types::{KeySchemaElement, TableDescription};
use graph::GraphSettings;
use http::Method;
use local::embedded::EmbeddedDynamo;
use partners::commands::connect::LOOK_UP_SECONDS;
use runtime::http::RateLimit;
use runtime::settings::{
    ANCHORS_BUCKET, BOOTSTRAP_SHA256, CONSENT_SIGN_IN, EXPORTS_BUCKET, FORWARDED_KEY, LOG, OIDC_AUDIENCE,
    OIDC_ISSUER, PUBLIC_URL, RATE_BURST, RATE_PER_MINUTE, READER_CLIENT_ID, VAULT_LOCK_DAYS, VAULT_LOCK_MODE,
    WRITER_CLIENT_ID,
};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// What is read by whoever reads Graph.
const READING: &[&str] = &[
    GraphSettings::GRAPH_URL,
    GraphSettings::LOGIN_URL,
    GraphSettings::READER_INSTANCES,
    GraphSettings::READER_PERMILLE,
];

/// The names that every function asks for at its start.
fn names_read_by_all() -> BTreeSet<String> {
    let asked = RefCell::new(BTreeSet::from([LOG.to_owned()]));
    AwsNames::from_env(|name| {
        asked.borrow_mut().insert(name.to_owned());
        Some("x".to_owned())
    })
    .unwrap();
    asked.into_inner()
}

#[test]
fn every_function_is_given_exactly_the_settings_that_it_reads() {
    let template = Template::read();
    for function in function_names() {
        let mut read = names_read_by_all();
        let own: &[&str] = match function.as_str() {
            "authorize-request" => &[BOOTSTRAP_SHA256, OIDC_ISSUER, OIDC_AUDIENCE],
            "plan-api" => &[
                PUBLIC_URL,
                READER_CLIENT_ID,
                WRITER_CLIENT_ID,
                GraphSettings::GRAPH_URL,
                GraphSettings::LOGIN_URL,
                GraphSettings::READER_INSTANCES,
                GraphSettings::READER_PERMILLE,
                CONSENT_SIGN_IN,
                OIDC_ISSUER,
                RATE_PER_MINUTE,
                RATE_BURST,
                FORWARDED_KEY,
            ],
            "snapshot-api" => &[RATE_PER_MINUTE, RATE_BURST, EXPORTS_BUCKET, FORWARDED_KEY],
            "export-data" => &[EXPORTS_BUCKET],
            "take-snapshot" => &[READING, &[VAULT_LOCK_DAYS, VAULT_LOCK_MODE]].concat(),
            "diff-snapshots" | "preview-restore" => READING,
            "run-restore" => &[READING, &[GraphSettings::WRITER_INSTANCES]].concat(),
            "send-digests" => &[PUBLIC_URL],
            "serve-portal" => &[PUBLIC_URL, OIDC_ISSUER, OIDC_AUDIENCE, FORWARDED_KEY],
            "purge-data" => &[ANCHORS_BUCKET],
            _ => &[],
        };
        read.extend(own.iter().map(|name| (*name).to_owned()));
        let given: BTreeSet<String> =
            template.variables(&function).into_iter().map(|(name, _)| name).collect();
        assert_eq!(given, read, "{function}");
    }
    let names = template.variables("take-snapshot");
    for (name, queue) in names.iter().filter(|(name, _)| name.starts_with("HOLDFAST_QUEUE_")) {
        let job = name.trim_start_matches("HOLDFAST_QUEUE_").to_lowercase().replace('_', "-");
        assert_eq!(*queue, reference(&format!("{}Queue", pascal(&job))), "{name}");
    }
    for secret in ["reader", "writer"] {
        let name = &template.get(&format!("Graph{}Secret", pascal(secret))).properties["Name"];
        assert_eq!(*name, json!({ "Fn::Sub": format!("${{AWS::StackName}}/graph-{secret}") }));
    }
    assert_eq!(names["HOLDFAST_SECRET_PREFIX"], reference("AWS::StackName"));
}

#[test]
fn the_key_by_which_the_portal_tells_where_people_are_is_made_by_the_deployment_and_read_by_no_role() {
    let template = Template::read();
    let of = json!({ "Fn::Sub": "{{resolve:secretsmanager:${ForwardedKey}:SecretString}}" });
    for function in ["serve-portal", "plan-api", "snapshot-api"] {
        assert_eq!(template.variables(function)[FORWARDED_KEY], of, "{function}");
    }
    let made = &template.get("ForwardedKey").properties["GenerateSecretString"];
    assert!(made["PasswordLength"].as_u64().unwrap() >= 32, "{made}");
    let roles = template.of_kind("AWS::IAM::Role");
    for role in roles {
        assert!(!role.properties.to_string().contains("ForwardedKey"), "{}", role.id);
    }
}

/// The table as the adapter makes it for itself.
async fn made_by_the_adapter() -> (TableDescription, String) {
    const TABLE: &str = "catalog";
    let dynamo = EmbeddedDynamo::start(None).await.unwrap();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .endpoint_url(dynamo.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("k", "s", None, None, "test")))
        .build();
    let clients = AwsClients::new(config);
    provision_table(&clients, TABLE).await.unwrap();
    let described = clients.dynamodb().describe_table().table_name(TABLE).send().await.unwrap();
    let expiry = clients.dynamodb().describe_time_to_live().table_name(TABLE).send().await.unwrap();
    let expiry = expiry.time_to_live_description.unwrap().attribute_name.unwrap();
    dynamo.stop().await;
    (described.table.unwrap(), expiry)
}

fn schema(keys: &[KeySchemaElement]) -> Value {
    keys.iter()
        .map(|k| json!({ "AttributeName": k.attribute_name(), "KeyType": k.key_type().as_str() }))
        .collect()
}

#[tokio::test]
async fn the_table_has_the_keys_the_index_and_the_expiry_that_the_adapter_uses() {
    let template = Template::read();
    let table = template.get("Catalog").properties;
    let (made, expiry) = made_by_the_adapter().await;
    assert_eq!(table["KeySchema"], schema(made.key_schema()));
    let [index] = made.global_secondary_indexes() else { panic!("one index") };
    assert_eq!(
        table["GlobalSecondaryIndexes"],
        json!([{
            "IndexName": index.index_name(),
            "KeySchema": schema(index.key_schema()),
            "Projection": { "ProjectionType": "ALL" },
        }])
    );
    let types = |list: &Value| -> BTreeSet<String> {
        list.as_array().unwrap().iter().map(ToString::to_string).collect()
    };
    let made_types: Value = made
        .attribute_definitions()
        .iter()
        .map(|a| json!({ "AttributeName": a.attribute_name(), "AttributeType": a.attribute_type().as_str() }))
        .collect();
    assert_eq!(types(&table["AttributeDefinitions"]), types(&made_types));
    assert_eq!(table["TimeToLiveSpecification"], json!({ "AttributeName": expiry, "Enabled": true }));
}

#[test]
fn work_may_go_on_in_a_new_message_to_its_own_queue() {
    let template = Template::read();
    for function in function_names() {
        let own = format!("{}Queue", pascal(&function));
        let sends_to_itself = rights::grants(&template, &function).into_iter().any(|grant| {
            let sends = grant.actions.iter().any(|action| action == "sqs:SendMessage");
            sends && grant.resources.contains(&attribute(&own, "Arn"))
        });
        let allowed = template.function(&function).properties.get("RecursiveLoop");
        assert_eq!(allowed, sends_to_itself.then_some(&json!("Allow")), "{function}");
    }
}

#[test]
fn everything_stops_while_it_is_paused() {
    let template = Template::read();
    let paused = |yes: Value, no: Value| json!({ "Fn::If": ["IsPaused", yes, no] });
    for mapping in template.of_kind("AWS::Lambda::EventSourceMapping") {
        assert_eq!(mapping.properties["Enabled"], paused(json!(false), json!(true)), "{}", mapping.id);
    }
    for schedule in template.of_kind("AWS::Scheduler::Schedule") {
        assert_eq!(
            schedule.properties["State"],
            paused(json!("DISABLED"), json!("ENABLED")),
            "{}",
            schedule.id
        );
    }
    let stage = template.get("HttpStage").properties;
    let of_routes = stage["RouteSettings"].as_object().unwrap().values();
    for settings in of_routes.chain([&stage["DefaultRouteSettings"]]) {
        for limit in ["ThrottlingBurstLimit", "ThrottlingRateLimit"] {
            let set = &settings[limit]["Fn::If"];
            assert_eq!((&set[0], &set[1]), (&json!("IsPaused"), &json!(0)), "{limit}");
        }
    }
}

/// What runs while nothing is paused.
fn at_work(value: &Value) -> u64 {
    value["Fn::If"][2].as_u64().unwrap_or_else(|| panic!("{value}"))
}

#[test]
fn each_route_that_needs_no_token_has_a_throttle_of_its_own_and_all_of_them_leave_room_for_callers() {
    let template = Template::read();
    let stage = template.get("HttpStage").properties;
    let routes = template.of_kind("AWS::ApiGatewayV2::Route");
    let open: BTreeSet<_> = routes
        .filter(|route| route.properties["AuthorizationType"] == "NONE")
        .map(|route| route.properties["RouteKey"].as_str().unwrap().to_owned())
        .collect();
    let settings = stage["RouteSettings"].as_object().unwrap();
    assert_eq!(settings.keys().cloned().collect::<BTreeSet<_>>(), open);
    let of_pages = |route: &str| !route.contains(" /v1/");
    let sum = |pages: bool| -> u64 {
        let all = settings.iter().filter(|(route, _)| of_pages(route) == pages);
        all.map(|(_, of)| at_work(&of["ThrottlingRateLimit"])).sum()
    };
    // A page takes a tenth of a second, and leaves the API to others: half of the stage's requests at the most.
    let reserved = template.function("serve-portal").properties["ReservedConcurrentExecutions"].as_u64();
    assert!(sum(true) * 100 / 1_000 <= reserved.unwrap(), "{} pages a second", sum(true));
    assert!(sum(true) * 2 <= at_work(&stage["DefaultRouteSettings"]["ThrottlingRateLimit"]));
    let rate = sum(false);
    let reserved = template.function("plan-api").properties["ReservedConcurrentExecutions"].as_u64().unwrap();
    // At a tenth of a second each, which is long for a look at what somebody shows: all of them, of strangers.
    assert!(rate * 100 / 1_000 * 4 <= reserved, "{rate} requests a second");
    assert!(rate <= 50, "{rate} requests a second");
    let of = |route: &str| at_work(&settings[route]["ThrottlingRateLimit"]);
    // Whoever signs in comes to the first page: it is kept from nobody more easily than any other.
    assert!(of("GET /") >= of("GET /{proxy+}"));
    let fixed = of("GET /v1/openapi.json").max(of("GET /v1/signing-keys"));
    assert!(
        of("GET /v1/consent/callback") >= fixed && of("POST /v1/access") >= fixed,
        "people wait for these"
    );
    assert!(rate * 4 <= at_work(&stage["DefaultRouteSettings"]["ThrottlingRateLimit"]));
}

/// A callback that shows one of our links waits for Microsoft. Its weight, as long as it may wait, is taken from what the
/// links of a tree of partners may use, so that only so many of theirs are at work at once.
#[test]
fn whoever_has_links_followed_keeps_no_more_than_a_quarter_of_the_instances_busy() {
    let template = Template::read();
    let reserved = template.function("plan-api").properties["ReservedConcurrentExecutions"].as_u64().unwrap();
    let limit = RateLimit::default();
    let weight = plan_api::weights().of(&Method::GET, "/v1/consent/callback");
    let at_once = u64::from(limit.burst / weight);
    assert!((1..=reserved / 4).contains(&at_once), "{at_once} of {reserved}");
    let in_the_long_run = u64::from(limit.per_minute) * 100 / 60_000;
    assert!(in_the_long_run <= reserved / 4, "{in_the_long_run} of {reserved}");
    // What is taken at first is about as long as the tenant is looked at; the rest is counted afterwards.
    assert!((LOOK_UP_SECONDS - 1..=LOOK_UP_SECONDS).contains(&(i64::from(weight) / 10)));
}

#[test]
fn whoever_answers_requests_has_instances_of_its_own() {
    let template = Template::read();
    let reserved = |function: &str| {
        let of = &template.function(function).properties["ReservedConcurrentExecutions"];
        of.as_u64().unwrap_or_else(|| panic!("{function} has no reservation"))
    };
    let all = ["authorize-request", "plan-api", "snapshot-api", "serve-portal"].map(reserved);
    // A new account's thousand: a hundred have to be left by AWS's rule, and the mappings' functions need theirs.
    assert!(all.iter().sum::<u64>() <= 100, "{all:?}");
    // A look-up of the authorizer takes some 10 ms; here twice that.
    let stage = &template.get("HttpStage").properties["DefaultRouteSettings"];
    assert!(at_work(&stage["ThrottlingRateLimit"]) * 20 / 1_000 <= all[0]);
}

#[test]
fn where_the_api_has_a_host_of_its_own_its_first_address_answers_nobody() {
    let template = Template::read();
    let disabled = &template.get("HttpApi").properties["DisableExecuteApiEndpoint"];
    assert_eq!(*disabled, json!({ "Fn::If": ["HasCertificate", true, false] }));
}

#[test]
fn the_table_can_be_turned_back_and_is_not_removed_by_mistake() {
    let template = Template::read();
    let table = template.get("Catalog").properties;
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["DeletionProtectionEnabled"], true);
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["SSESpecification"]["KMSMasterKeyId"], attribute("StorageKey", "Arn"));
}

#[test]
fn blobs_are_versioned_locked_private_and_reached_by_tls_only() {
    let template = Template::read();
    let vault = template.get("Vault").properties;
    assert_eq!(vault["VersioningConfiguration"]["Status"], "Enabled");
    let rule = &vault["ObjectLockConfiguration"]["Rule"]["DefaultRetention"];
    assert_eq!((&vault["ObjectLockEnabled"], &rule["Mode"]), (&json!(true), &reference("VaultLockMode")));
    let mode = &template.parameters()["VaultLockMode"];
    assert_eq!(mode["Default"], "GOVERNANCE", "what cannot be taken back is asked for by name");
    assert_eq!(mode["AllowedValues"], json!(["GOVERNANCE", "COMPLIANCE"]));
    for rule in vault["LifecycleConfiguration"]["Rules"].as_array().unwrap() {
        assert_eq!(rule.get("Expiration"), None, "only purge-data ends a blob");
        assert_eq!(rule.get("ExpirationInDays"), None, "only purge-data ends a blob");
    }
    // A blob that was locked long ago is deleted by whoever takes purge-data over, and has to outlive that being noticed.
    let [rule] = &vault["LifecycleConfiguration"]["Rules"].as_array().unwrap()[..] else {
        panic!("one rule")
    };
    assert_eq!(
        rule["NoncurrentVersionExpiration"],
        json!({ "NoncurrentDays": reference("VaultUndeleteDays") })
    );
    assert_eq!(template.parameters()["VaultUndeleteDays"]["MinValue"], 30);
    for bucket in template.of_kind("AWS::S3::Bucket") {
        let block = bucket.properties["PublicAccessBlockConfiguration"].as_object().unwrap();
        assert!(block.len() == 4 && block.values().all(|v| *v == true), "{}", bucket.id);
        let policy = template.get(&format!("{}Policy", bucket.id)).properties;
        assert_eq!(policy["Bucket"], reference(bucket.id));
        let statement = &policy["PolicyDocument"]["Statement"][0];
        assert_eq!((&statement["Effect"], &statement["Action"]), (&json!("Deny"), &json!("s3:*")));
        assert_eq!(statement["Condition"], json!({ "Bool": { "aws:SecureTransport": "false" } }));
        let arn = format!("{}.Arn", bucket.id);
        let all = json!([attribute(bucket.id, "Arn"), { "Fn::Sub": format!("${{{arn}}}/*") }]);
        assert_eq!(statement["Resource"], all, "{}", bucket.id);
    }
}

#[test]
fn files_of_downloads_end_after_a_day_and_so_do_parts_that_nobody_completed() {
    let exports = Template::read().get("Exports").properties.clone();
    let [rule] = &exports["LifecycleConfiguration"]["Rules"].as_array().unwrap()[..] else {
        panic!("one rule")
    };
    assert_eq!((&rule["Status"], &rule["ExpirationInDays"]), (&json!("Enabled"), &json!(1)));
    assert_eq!(rule["AbortIncompleteMultipartUpload"], json!({ "DaysAfterInitiation": 1 }));
    assert_eq!(rule.get("Filter"), None, "all of them");
    assert_eq!(exports.get("VersioningConfiguration"), None, "nothing of one is left");
    assert_eq!(exports.get("ObjectLockEnabled"), None);
    let by_s3 = &exports["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
    assert_eq!(by_s3["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
}

#[test]
fn signed_heads_are_locked_for_years_and_never_replaced() {
    let template = Template::read();
    let anchors = template.get("Anchors").properties;
    assert_eq!(
        (&anchors["VersioningConfiguration"]["Status"], &anchors["ObjectLockEnabled"]),
        (&json!("Enabled"), &json!(true))
    );
    let rule = &anchors["ObjectLockConfiguration"]["Rule"]["DefaultRetention"];
    assert_eq!((&rule["Mode"], &rule["Days"]), (&reference("VaultLockMode"), &reference("AnchorLockDays")));
    assert!(template.parameters()["AnchorLockDays"]["Default"].as_u64().unwrap() >= 3_650);
    assert_eq!(anchors.get("LifecycleConfiguration"), None, "nothing ends there");
    let policy = template.get("AnchorsPolicy").properties["PolicyDocument"]["Statement"].clone();
    let new = policy.as_array().unwrap().iter().find(|s| s["Sid"] == "OnlyAsNew").unwrap();
    assert_eq!(
        (&new["Effect"], &new["Principal"], &new["Action"]),
        (&json!("Deny"), &json!("*"), &json!("s3:PutObject"))
    );
    assert_eq!(new["Condition"], json!({ "Null": { "s3:if-none-match": "true" } }));
}

#[test]
fn who_asked_for_a_blob_is_written_down_where_no_function_may_write() {
    let template = Template::read();
    let kept = ["Vault", "Anchors", "Exports"];
    let prefixes = kept.map(|bucket| {
        let to = &template.get(bucket).properties["LoggingConfiguration"];
        assert_eq!(to["DestinationBucketName"], reference("VaultLogs"));
        json!({ "Fn::Sub": format!("${{VaultLogs.Arn}}/{}*", to["LogFilePrefix"].as_str().unwrap()) })
    });
    let policy = &template.get("VaultLogsPolicy").properties["PolicyDocument"]["Statement"];
    let allowed: Vec<&Value> = policy.as_array().unwrap().iter().filter(|s| s["Effect"] == "Allow").collect();
    let [allowed] = allowed[..] else { panic!("one may write") };
    assert_eq!(allowed["Principal"], json!({ "Service": "logging.s3.amazonaws.com" }));
    assert_eq!(allowed["Action"], "s3:PutObject");
    assert_eq!(allowed["Resource"], json!(prefixes));
    let sources = kept.map(|bucket| attribute(bucket, "Arn"));
    assert_eq!(allowed["Condition"]["ArnEquals"]["aws:SourceArn"], json!(sources));
    for role in template.of_kind("AWS::IAM::Role") {
        assert!(!role.properties.to_string().contains("VaultLogs"), "{}", role.id);
    }
}

/// What a statement of the storage key's policy asks of the encryption context, without the part before the name.
fn bound_to(template: &Template, sid: &str, operator: &str, name: &str, before: &str) -> Vec<String> {
    let policy = &template.get("StorageKey").properties["KeyPolicy"]["Statement"];
    let statement = policy.as_array().unwrap().iter().find(|s| s["Sid"] == sid).unwrap();
    let values = statement["Condition"][operator][name].as_array().unwrap();
    let texts = values.iter().map(|v| v["Fn::Sub"].as_str().unwrap());
    texts.map(|text| text.split_once(before).unwrap().1.to_owned()).collect()
}

#[test]
fn everything_that_keeps_something_is_encrypted_and_the_services_may_use_the_key_for_it() {
    let template = Template::read();
    let key = attribute("StorageKey", "Arn");
    assert_eq!(template.globals()["KmsKeyArn"], key);
    for secret in template.of_kind("AWS::SecretsManager::Secret") {
        assert_eq!(secret.properties["KmsKeyId"], key, "{}", secret.id);
    }
    let context = "kms:EncryptionContext:aws:logs:arn";
    let groups = bound_to(&template, "LogsAreEncrypted", "ArnLike", context, "log-group:");
    for logs in template.of_kind("AWS::Logs::LogGroup") {
        assert_eq!(logs.properties["KmsKeyId"], key, "{}", logs.id);
        let name = logs.properties["LogGroupName"]["Fn::Sub"].as_str().unwrap();
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        };
        assert!(groups.iter().any(fits), "{name} is in none of {groups:?}");
    }
    let context = "kms:EncryptionContext:aws:sns:topicArn";
    let mut named = bound_to(&template, "TopicsAreEncrypted", "StringEquals", context, "AccountId}:");
    named.sort();
    let mut topics = Vec::new();
    for topic in template.of_kind("AWS::SNS::Topic") {
        assert_eq!(topic.properties["KmsMasterKeyId"], key, "{}", topic.id);
        topics.push(topic.properties["TopicName"]["Fn::Sub"].as_str().unwrap().to_owned());
    }
    topics.sort();
    assert_eq!(named, topics);
    for queue in template.of_kind("AWS::SQS::Queue") {
        assert_eq!(queue.properties["SqsManagedSseEnabled"], true, "{}", queue.id);
    }
}

#[test]
fn keys_rotate_and_logs_end() {
    let template = Template::read();
    for key in template.of_kind("AWS::KMS::Key") {
        // KMS rotates no asymmetric key.
        let rotates = key.properties.get("KeySpec").is_none().then_some(&Value::Bool(true));
        assert_eq!(key.properties.get("EnableKeyRotation"), rotates, "{}", key.id);
    }
    for function in function_names() {
        let logs = format!("{}Logs", pascal(&function));
        assert_eq!(template.get(&logs).properties["RetentionInDays"], reference("LogRetentionDays"));
        assert_eq!(template.function(&function).properties["LoggingConfig"]["LogGroup"], reference(&logs));
    }
}

#[test]
fn every_dead_letter_raises_an_alarm_that_somebody_hears() {
    let template = Template::read();
    let dead = template.of_kind("AWS::SQS::Queue").filter(|q| q.id.ends_with("DeadLetters"));
    for queue in dead.collect::<Vec<_>>() {
        let name = attribute(queue.id, "QueueName");
        let alarm = template.of_kind("AWS::CloudWatch::Alarm").map(|a| a.properties).find(|a| {
            a["Dimensions"][0]["Value"] == name && a["MetricName"] == "ApproximateNumberOfMessagesVisible"
        });
        let alarm = alarm.unwrap_or_else(|| panic!("{} has no alarm", queue.id));
        assert_eq!(
            (&alarm["Threshold"], &alarm["AlarmActions"]),
            (&json!(0), &json!([reference("AlarmTopic")]))
        );
    }
}

#[test]
fn no_more_functions_run_at_once_than_share_the_limits_of_their_application() {
    let template = Template::read();
    let at_once = |function: &str| {
        let of = attribute(&format!("{}Queue", pascal(function)), "Arn");
        let mut mappings = template.of_kind("AWS::Lambda::EventSourceMapping");
        let mapping = mappings.find(|m| m.properties["EventSourceArn"] == of);
        let mapping = mapping.unwrap_or_else(|| panic!("no mapping for {function}"));
        mapping.properties["ScalingConfig"]["MaximumConcurrency"].as_u64().unwrap()
    };
    let number = |function: &str, name: &str| -> u64 {
        template.variables(function)[name].as_str().unwrap().parse().unwrap()
    };
    let readers = ["take-snapshot", "diff-snapshots", "preview-restore", "run-restore", "plan-api"];
    let instances = number("plan-api", GraphSettings::READER_INSTANCES);
    for reader in readers {
        assert_eq!(number(reader, GraphSettings::READER_INSTANCES), instances, "{reader}");
    }
    let of_api = template.function("plan-api").properties["ReservedConcurrentExecutions"].as_u64().unwrap();
    assert_eq!(readers[..4].iter().map(|function| at_once(function)).sum::<u64>() + of_api, instances);
    assert_eq!(at_once("run-restore"), number("run-restore", GraphSettings::WRITER_INSTANCES));
    // A queue has one message of a tenant at work, and so each function is at a tenant once.
    let of_tenant: u64 = readers.iter().map(|reader| number(reader, GraphSettings::READER_PERMILLE)).sum();
    assert_eq!(of_tenant, u64::from(GraphSettings::default().tenant_permille));
}

#[test]
fn what_the_data_plane_keeps_leaves_more_than_half_of_its_memory_to_requests() {
    let template = Template::read();
    let memory_mib = template.function("snapshot-api").properties["MemorySize"].as_u64().unwrap();
    assert!(2 * snapshot_api::KEPT_BYTES as u64 <= memory_mib << 20, "{memory_mib} MiB");
}

#[test]
fn functions_keep_nothing_on_disk_and_ask_for_the_least_of_it() {
    assert_eq!(Template::read().globals()["EphemeralStorage"], json!({ "Size": 512 }));
}
