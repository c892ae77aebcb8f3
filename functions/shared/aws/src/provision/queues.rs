//! One FIFO queue per job, each with a dead-letter queue.

use crate::error::{from_sdk, incomplete};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::types::QueueAttributeName as Name;
use domain::Result;
use engine::ports::JobQueue;
use std::collections::{BTreeMap, HashMap};

/// How often a message is delivered before SQS moves it to the dead-letter queue.
const MAX_RECEIVE_COUNT: u32 = 5;
/// How long messages stay in a dead-letter queue, in seconds: as long as SQS can keep them, 14 days.
const PARKED_FOR_S: u32 = 14 * 24 * 3600;

type Urls = BTreeMap<JobQueue, String>;

/// The queues' URLs and those of their dead-letter queues.
pub(super) async fn make_queues(client: &Client, prefix: &str, visibility_s: u32) -> Result<(Urls, Urls)> {
    let (mut urls, mut dead_urls) = (Urls::new(), Urls::new());
    for queue in JobQueue::ALL {
        let name = format!("{prefix}-{}", queue.name());
        let parked = HashMap::from([(Name::MessageRetentionPeriod, PARKED_FOR_S.to_string())]);
        let dead_url = make_queue(client, &format!("{name}-dead.fifo"), parked).await?;
        let redrive = serde_json::json!({
            "deadLetterTargetArn": arn_of(client, &dead_url).await?,
            "maxReceiveCount": MAX_RECEIVE_COUNT,
        });
        let settings = HashMap::from([
            (Name::VisibilityTimeout, visibility_s.to_string()),
            (Name::RedrivePolicy, redrive.to_string()),
        ]);
        urls.insert(queue, make_queue(client, &format!("{name}.fifo"), settings).await?);
        dead_urls.insert(queue, dead_url);
    }
    Ok((urls, dead_urls))
}

/// The URL of the FIFO queue of that name, which then has these settings.
async fn make_queue(client: &Client, name: &str, settings: HashMap<Name, String>) -> Result<String> {
    const GET: &str = "sqs.GetQueueUrl";
    const CREATE: &str = "sqs.CreateQueue";
    match client.get_queue_url().queue_name(name).send().await {
        Ok(found) => {
            let url = found.queue_url.ok_or_else(|| incomplete(GET, "queue URL"))?;
            let set = client.set_queue_attributes().queue_url(&url).set_attributes(Some(settings));
            set.send().await.map_err(|e| from_sdk("sqs.SetQueueAttributes", e))?;
            Ok(url)
        }
        Err(e) if matches!(e.as_service_error(), Some(GetQueueUrlError::QueueDoesNotExist(_))) => {
            let create = client
                .create_queue()
                .queue_name(name)
                .attributes(Name::FifoQueue, "true")
                .attributes(Name::ContentBasedDeduplication, "false");
            let create = settings.into_iter().fold(create, |c, (name, value)| c.attributes(name, value));
            let made = create.send().await.map_err(|e| from_sdk(CREATE, e))?;
            made.queue_url.ok_or_else(|| incomplete(CREATE, "queue URL"))
        }
        Err(e) => Err(from_sdk(GET, e)),
    }
}

async fn arn_of(client: &Client, url: &str) -> Result<String> {
    const CALL: &str = "sqs.GetQueueAttributes";
    let get = client.get_queue_attributes().queue_url(url).attribute_names(Name::QueueArn);
    let found = get.send().await.map_err(|e| from_sdk(CALL, e))?;
    let arn = found.attributes().and_then(|a| a.get(&Name::QueueArn)).cloned();
    arn.ok_or_else(|| incomplete(CALL, "queue ARN"))
}
