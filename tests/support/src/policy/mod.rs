//! The template's policies, evaluated as AWS does: each function's catalog and vault behind its own role, and the bucket's
//! policy. A story that runs on them fails where the template gives too little.
//!
//! What is evaluated is what DynamoDB and S3 ask IAM for: the action, the resource, and the keys of the request that a
//! condition may name. A condition that is not known here is a panic, never a yes.

mod evaluate;
mod guarded;
mod template;

pub use evaluate::{Ask, Statement};
pub use guarded::{Guarded, GuardedKeeper, Refusals};
pub use template::{Choices, long_form, read_template};

use engine::ports::{Catalog, Clock, Vault, VaultKeeper, VaultSweeper};
use engine::records::rights::Function;
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// The account that everything is in here.
pub const ACCOUNT: &str = "111122223333";
/// The ARN of the table that functions use here.
pub const TABLE: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/catalog";
/// The ARN of the bucket that functions use here.
pub const BUCKET: &str = "arn:aws:s3:::vault";

/// What is deployed: the roles of the functions, and the bucket's policy.
#[derive(Clone, Debug)]
pub struct Deployed {
    template: Arc<Value>,
    choices: Choices,
    removed: Vec<(Function, String)>,
}

impl Deployed {
    /// As the template says, for an installation that uses its own table and bucket.
    pub fn read() -> Self {
        static TEMPLATE: OnceLock<Arc<Value>> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| Arc::new(read_template())).clone();
        Self { template, choices: Choices::default(), removed: Vec::new() }
    }

    /// The same, with a table and a bucket that take the place of the stack's own. Their ARNs are the same here.
    #[must_use]
    pub fn restored(mut self) -> Self {
        self.choices = Choices { is_restored: true };
        self
    }

    /// The same, without one statement of one role: what it alone allows is then refused.
    ///
    /// # Panics
    /// When the role has no statement of that name.
    #[must_use]
    pub fn without(mut self, function: Function, sid: &str) -> Self {
        assert!(
            self.role(function).statements.iter().any(|s| s.sid == sid),
            "{} has no {sid}",
            function.name()
        );
        self.removed.push((function, sid.to_owned()));
        self
    }

    /// The role of a function.
    pub fn role(&self, function: Function) -> Role {
        let id = format!("{}Role", template::pascal(function.name()));
        let policies = self.template["Resources"][&id]["Properties"]["Policies"].as_array();
        let documents = policies.into_iter().flatten().map(|policy| &policy["PolicyDocument"]);
        let mut statements: Vec<_> = documents.flat_map(|d| self.statements(d)).collect();
        assert!(!statements.is_empty(), "{id} is in the template");
        statements.retain(|s| !self.removed.iter().any(|(of, sid)| *of == function && *sid == s.sid));
        Role { function, statements, bucket: self.bucket_policy() }
    }

    /// The statements of the bucket's own policy.
    pub fn bucket_policy(&self) -> Vec<Statement> {
        self.statements(&self.template["Resources"]["VaultPolicy"]["Properties"]["PolicyDocument"])
    }

    fn statements(&self, document: &Value) -> Vec<Statement> {
        let all = document["Statement"].as_array().into_iter().flatten();
        all.map(|statement| Statement::of(&self.choices.resolve(statement))).collect()
    }

    /// A function's catalog behind its role.
    pub fn catalog(
        &self,
        function: Function,
        inner: Arc<dyn Catalog>,
        refusals: &Refusals,
    ) -> Arc<dyn Catalog> {
        Guarded::new(inner, self.role(function), refusals)
    }

    /// A function's vault behind its role and the bucket's policy.
    pub fn vault(&self, function: Function, inner: Arc<dyn Vault>, refusals: &Refusals) -> Arc<dyn Vault> {
        Guarded::new(inner, self.role(function), refusals)
    }

    /// What locks blobs for a function, behind its role.
    pub fn keeper(
        &self,
        function: Function,
        inner: Arc<dyn VaultKeeper>,
        clock: Arc<dyn Clock>,
        refusals: &Refusals,
    ) -> Arc<dyn VaultKeeper> {
        GuardedKeeper::new(inner, clock, self.role(function), refusals)
    }

    /// The vault of the function that sweeps it, behind its role and the bucket's policy.
    pub fn sweeper(
        &self,
        function: Function,
        inner: Arc<dyn VaultSweeper>,
        refusals: &Refusals,
    ) -> Arc<dyn VaultSweeper> {
        Guarded::new(inner, self.role(function), refusals)
    }
}

/// What one function may do.
#[derive(Clone, Debug)]
pub struct Role {
    /// Whose role it is.
    pub function: Function,
    /// The statements of its policies.
    pub statements: Vec<Statement>,
    /// The statements of the bucket's own policy, which count as well.
    pub bucket: Vec<Statement>,
}

impl Role {
    /// Whether that may be done: something allows it, and nothing denies it.
    pub fn may(&self, ask: &Ask) -> bool {
        let all = || self.statements.iter().chain(&self.bucket).filter(|s| s.is_about(ask));
        all().any(|s| s.allows) && all().all(|s| s.allows)
    }
}
