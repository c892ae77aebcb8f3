//! The ports, made for a target: of this machine alone, or of AWS behind an endpoint.

use crate::config::{Data, Target};
use crate::embedded::{
    AnchorFolder, EmbeddedDynamo, ExportFolder, FileSecrets, FolderVault, KeyFile, LocalQueue, Outbox,
    QueueRules, SecretSettings, SigningFile,
};
use crate::host::{EmbeddedSource, Source, SqsSource};
use async_trait::async_trait;
use aws::{AwsClients, AwsNames, DynamoCatalog, Provision, SqsReceiver};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use domain::Result;
use engine::ports::{
    Anchors, Catalog, Clock, ExportLinks, Exports, Handed, Ids, JobQueue, KeyRing, Mail, Mailer, Queue,
    Secrets, Signer, VaultSweeper,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The name of the catalog's table in the embedded DynamoDB.
const TABLE: &str = "holdfast-catalog";

/// Every port of the product but Graph's.
#[derive(Clone)]
pub struct Ports {
    /// Holds the sealed blobs.
    pub vault: Arc<dyn VaultSweeper>,
    /// Holds the rows: partners, organisations, snapshots and the rest.
    pub catalog: Arc<dyn Catalog>,
    /// Takes messages for the jobs.
    pub queue: Arc<dyn Queue>,
    /// Makes and unwraps the data keys of tenants.
    pub keys: Arc<dyn KeyRing>,
    /// Signs certificates of deletion, and heads of audit logs.
    pub signer: Arc<dyn Signer>,
    /// Where signed heads of audit logs are kept.
    pub anchors: Arc<dyn Anchors>,
    /// Where files of downloads are made.
    pub exports: Arc<dyn Exports>,
    /// Leads to them.
    pub export_links: Arc<dyn ExportLinks>,
    /// Their folder, where this process has to answer those links itself.
    pub export_folder: Option<ExportFolder>,
    /// Sends mail, or writes it into a folder.
    pub mailer: Arc<dyn Mailer>,
    /// Holds the credentials of the two apps.
    pub secrets: Arc<dyn Secrets>,
    /// Gives the present time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and tokens.
    pub ids: Arc<dyn Ids>,
}

/// The ports and what keeps them running.
pub struct Made {
    /// The ports that functions are made of.
    pub ports: Ports,
    /// The receiving ends of the queues.
    pub sources: Vec<Arc<dyn Source>>,
    /// Where messages go that failed too often.
    pub dead: DeadLetters,
    /// The embedded DynamoDB, which has to be stopped last; none on AWS.
    pub dynamo: Option<EmbeddedDynamo>,
}

/// Where messages are that failed too often.
pub enum DeadLetters {
    /// In the local queue's file.
    Embedded(LocalQueue),
    /// In SQS queues of their own, one for each queue.
    Sqs(Vec<(JobQueue, SqsReceiver)>),
}

/// What the ports of every target are made with.
pub struct Base<'a> {
    /// Whether data outlives the process.
    pub data: &'a Data,
    /// The folder for everything that lies in files.
    pub folder: &'a Path,
    /// The credentials that settings give.
    pub secrets: SecretSettings,
    /// The address that mail is sent from.
    pub sender: &'a str,
    /// How long a message that was received stays invisible, in milliseconds.
    pub visibility_ms: u64,
    /// Gives the present time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids and tokens.
    pub ids: Arc<dyn Ids>,
}

/// Makes the ports for that target.
///
/// # Errors
/// As opening files, or setting up what is missing at AWS, fails.
pub async fn make(target: &Target, base: Base<'_>) -> Result<Made> {
    let outbox = Outbox::open(base.folder.join("outbox"), base.sender, base.clock.clone())?;
    let secrets = FileSecrets::open(base.folder.join("secrets"), base.secrets.clone())?;
    match target {
        Target::Embedded => embedded(base, outbox, secrets).await,
        Target::Aws { prefix } => on_aws(prefix, base, outbox, &secrets).await,
    }
}

async fn embedded(base: Base<'_>, outbox: Outbox, secrets: FileSecrets) -> Result<Made> {
    let file = |name: &str| matches!(base.data, Data::Folder(_)).then(|| base.folder.join(name));
    let rules = QueueRules { visibility_ms: base.visibility_ms, ..QueueRules::default() };
    let queue = match file("queues.sqlite") {
        Some(path) => LocalQueue::open(&path, base.clock.clone(), base.ids.clone(), rules)?,
        None => LocalQueue::in_memory(base.clock.clone(), base.ids.clone(), rules)?,
    };
    // Why at once: the process that held messages in flight has ended, or it would still hold this folder.
    queue.release_all().await?;
    let dynamo = EmbeddedDynamo::start(file("catalog.sqlite").as_deref()).await?;
    let catalog = embedded_catalog(&dynamo).await?;
    // Why at each start: nobody else uses the folder, and a folder of an earlier release is not told from others.
    let moved = engine::upgrade::move_rows(&catalog, &*base.clock).await?;
    if moved != engine::upgrade::Report::default() {
        tracing::info!(moved.moved, moved.left, "rows of an earlier release were moved");
    }
    let exports = ExportFolder::new(base.folder.join("exports"), base.clock.clone(), base.ids.clone())?;
    let ports = Ports {
        vault: Arc::new(FolderVault::open(base.folder.join("vault"))?),
        catalog: Arc::new(catalog),
        queue: Arc::new(queue.clone()),
        keys: Arc::new(KeyFile::open(&base.folder.join("keys/master.key"), base.ids.clone()).await?),
        signer: Arc::new(SigningFile::open(&base.folder.join("keys/signing.key")).await?),
        anchors: Arc::new(AnchorFolder::new(base.folder.join("anchors"))),
        exports: Arc::new(exports.clone()),
        export_links: Arc::new(exports.clone()),
        export_folder: Some(exports),
        mailer: Arc::new(outbox.telling(Arc::new(queue.clone()))),
        secrets: Arc::new(secrets),
        clock: base.clock,
        ids: base.ids,
    };
    let source = |job| Arc::new(EmbeddedSource::new(queue.clone(), job)) as Arc<dyn Source>;
    let sources = JobQueue::ALL.into_iter().map(source).collect();
    Ok(Made { ports, sources, dead: DeadLetters::Embedded(queue), dynamo: Some(dynamo) })
}

/// The catalog in that DynamoDB; its table is made if it is not there.
pub async fn embedded_catalog(dynamo: &EmbeddedDynamo) -> Result<DynamoCatalog> {
    let credentials = Credentials::new("local", "local", None, None, "embedded");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .endpoint_url(dynamo.endpoint())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let clients = AwsClients::new(config);
    aws::provision_table(&clients, TABLE).await?;
    Ok(DynamoCatalog::new(clients.dynamodb().clone(), TABLE))
}

async fn on_aws(prefix: &str, base: Base<'_>, outbox: Outbox, secrets: &FileSecrets) -> Result<Made> {
    let clients = AwsClients::load().await;
    let mut known = BTreeMap::new();
    for name in ["graph-reader", "graph-writer"] {
        match secrets.get(name).await {
            Ok(secret) => drop(known.insert(name.to_owned(), secret)),
            Err(e) if e.kind() == domain::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    let wanted = Provision {
        prefix: prefix.to_owned(),
        sender: base.sender.to_owned(),
        secrets: known,
        visibility_timeout_s: u32::try_from(base.visibility_ms / 1000).unwrap_or(u32::MAX),
    };
    let names = aws::provision(&clients, &wanted).await?;
    aws_vault::make_bucket(&clients, &names.bucket).await?;
    let anchors = format!("{}-anchors", names.bucket);
    aws_vault::make_bucket(&clients, &anchors).await?;
    let exports = format!("{}-exports", names.bucket);
    aws_vault::make_bucket(&clients, &exports).await?;
    let ses = aws::SesMailer::new(clients.ses().clone(), &names.sender);
    let ports = Ports {
        vault: Arc::new(aws_vault::S3Vault::new(&clients, &names.bucket)),
        catalog: Arc::new(DynamoCatalog::new(clients.dynamodb().clone(), &names.table)),
        queue: Arc::new(aws::SqsQueue::new(clients.sqs().clone(), names.queue_urls.clone())),
        keys: Arc::new(aws::KmsKeyRing::new(clients.kms().clone(), &names.kms_key_id)),
        signer: Arc::new(aws::KmsSigner::new(clients.kms().clone(), &names.signing_key_id)),
        anchors: Arc::new(aws_vault::S3Anchors::new(&clients, &anchors)),
        exports: Arc::new(aws_vault::S3Exports::new(&clients, &exports)),
        export_links: Arc::new(aws_vault::S3ExportLinks::new(&clients, &exports)),
        export_folder: None,
        mailer: Arc::new(Copied { ses, outbox }),
        secrets: Arc::new(aws::SecretsManagerSecrets::new(clients.secrets().clone(), &names.secret_prefix)),
        clock: base.clock,
        ids: base.ids,
    };
    let AwsNames { queue_urls, dead_letter_urls, .. } = names;
    let receiver = |url: &String| SqsReceiver::new(clients.sqs().clone(), url);
    let source =
        |(job, url): (&JobQueue, &String)| Arc::new(SqsSource::new(receiver(url), *job)) as Arc<dyn Source>;
    let sources = queue_urls.iter().map(source).collect();
    let dead = dead_letter_urls.iter().map(|(job, url)| (*job, receiver(url))).collect();
    Ok(Made { ports, sources, dead: DeadLetters::Sqs(dead), dynamo: None })
}

/// Mail that leaves by SES, with a copy in the outbox for whoever wants to look at it.
struct Copied {
    ses: aws::SesMailer,
    outbox: Outbox,
}

#[async_trait]
impl Mailer for Copied {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        let handed = self.ses.send(mail).await?;
        if let Handed::Taken(_) = handed {
            self.outbox.send(mail).await?;
        }
        Ok(handed)
    }
}
