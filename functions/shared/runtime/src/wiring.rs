//! The ports on AWS and Microsoft Graph, made once per process from the settings.
//!
//! A function takes from here what its role allows; what it does not take is never connected to.

use crate::settings::{FUNCTION_NAME, LOG, Settings};
use crate::system::{SystemClock, SystemIds};
use crate::{logs, metrics};
use aws::{
    AwsClients, AwsNames, DynamoCatalog, KmsKeyRing, KmsSigner, SecretsManagerSecrets, SesMailer, SqsQueue,
    SqsReturns,
};
use domain::Result;
use engine::limit_shares::LimitShares;
use engine::ports::{
    Catalog, Clock, Directory, DirectoryWriter, Ids, KeyRing, Mailer, Queue, Returns, Secrets, SignIns,
    Signer,
};
use engine::records::{OwnApplication, Records};
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphSignIns, GraphWriter};
use partners::commands::Gate;
use std::sync::Arc;

/// Connections to AWS and Microsoft Graph, and the names of what is there.
pub struct Wiring {
    /// The settings of the environment.
    pub settings: Settings,
    /// The clock of the machine.
    pub clock: Arc<dyn Clock>,
    /// New ids and tokens, by chance.
    pub ids: Arc<dyn Ids>,
    clients: AwsClients,
    names: AwsNames,
}

impl Wiring {
    /// Begins logging and reads the environment.
    ///
    /// # Errors
    /// `Invalid`, naming every setting that is missing.
    pub fn from_env() -> Result<Self> {
        let settings = Settings::from_env();
        logs::begin(settings.find(LOG).as_deref());
        if let Some(function) = settings.find(FUNCTION_NAME) {
            metrics::begin(&function);
        }
        let variables = settings.clone();
        Ok(Self {
            names: AwsNames::from_env(|name| settings.find(name))?,
            clients: AwsClients::of_a_function(move |name| variables.find(name)),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds::default()),
            settings,
        })
    }

    /// The catalog, on DynamoDB.
    pub fn catalog(&self) -> Arc<dyn Catalog> {
        Arc::new(DynamoCatalog::new(self.clients.dynamodb().clone(), &self.names.table))
    }
    /// The rows of the catalog, each of its type.
    pub fn records(&self) -> Records {
        Records::new(self.catalog(), self.clock.clone())
    }
    /// The door to partners and organisations.
    pub fn gate(&self) -> Gate {
        Gate { records: self.records() }
    }
    /// Connections, for the vault: it is not named here, so that only a function that names `aws-vault` has one.
    pub fn clients(&self) -> &AwsClients {
        &self.clients
    }
    /// The name of the vault's bucket.
    pub fn bucket(&self) -> &str {
        &self.names.bucket
    }
    /// The queues of jobs, on SQS.
    pub fn queue(&self) -> Arc<dyn Queue> {
        Arc::new(SqsQueue::new(self.clients.sqs().clone(), self.names.queue_urls.clone()))
    }
    /// When messages of the queues come back.
    pub fn returns(&self) -> Arc<dyn Returns> {
        Arc::new(SqsReturns::new(self.clients.sqs().clone(), self.names.queue_urls.clone()))
    }
    /// The key ring of tenants' data keys, under KMS.
    pub fn keys(&self) -> Arc<dyn KeyRing> {
        Arc::new(KmsKeyRing::new(self.clients.kms().clone(), &self.names.kms_key_id))
    }
    /// Signatures of the installation.
    pub fn signer(&self) -> Arc<dyn Signer> {
        Arc::new(KmsSigner::new(self.clients.kms().clone(), &self.names.signing_key_id))
    }
    /// The mailer, on SES.
    pub fn mailer(&self) -> Arc<dyn Mailer> {
        Arc::new(SesMailer::new(self.clients.ses().clone(), &self.names.sender))
    }
    /// Reads tenants, by the reading application's credential, as much as Microsoft allows: the function may write the rows in
    /// which its limits are leased.
    ///
    /// # Errors
    /// `Invalid` when Graph's addresses or shares are wrong.
    pub fn directory(&self) -> Result<Arc<dyn Directory>> {
        let settings = self.settings.graph_for_reading()?;
        let client = self.graph(settings, GraphDirectory::SECRET)?;
        Ok(Arc::new(GraphDirectory::new(client.leasing(self.shares(OwnApplication::Reader)))))
    }
    /// The same for a few calls: it has its even part of the application's limits and leases nothing.
    ///
    /// # Errors
    /// As [`Self::directory`].
    pub fn directory_for_few(&self) -> Result<Arc<dyn Directory>> {
        let settings = self.settings.graph_for_reading()?;
        Ok(Arc::new(GraphDirectory::new(self.graph(settings, GraphDirectory::SECRET)?)))
    }
    /// Signs in administrators who consent; none where the installation does without.
    ///
    /// # Errors
    /// As [`Self::directory`].
    pub fn sign_ins(&self) -> Result<Option<Arc<dyn SignIns>>> {
        if !self.settings.asks_sign_in()? {
            return Ok(None);
        }
        let settings = self.settings.graph_for_reading()?;
        Ok(Some(Arc::new(GraphSignIns::new(self.graph(settings, GraphDirectory::SECRET)?))))
    }
    /// Writes tenants, by the writing application's credential.
    ///
    /// # Errors
    /// `Invalid` when Graph's addresses or shares are wrong.
    pub fn writer(&self) -> Result<Arc<dyn DirectoryWriter>> {
        let settings = self.settings.graph_for_writing()?;
        let client = self.graph(settings, GraphWriter::SECRET)?;
        Ok(Arc::new(GraphWriter::new(client.leasing(self.shares(OwnApplication::Writer)))))
    }

    fn shares(&self, application: OwnApplication) -> LimitShares {
        LimitShares::new(self.records(), application, &*self.ids)
    }

    fn graph(&self, settings: GraphSettings, secret: &str) -> Result<GraphClient> {
        let secrets = SecretsManagerSecrets::new(self.clients.secrets().clone(), &self.names.secret_prefix);
        let secrets: Arc<dyn Secrets> = Arc::new(secrets);
        GraphClient::new(settings, secrets, secret, self.clock.clone(), self.ids.clone())
    }
}
