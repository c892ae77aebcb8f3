//! The writing port over Graph: each call makes one change, and its answer says what became of it.
//!
//! Invariant: what Graph may have done is never done again without looking; the error says that it is not
//! known, and the caller reads before it goes on.

use crate::{
    GraphClient,
    call::Reply,
    passes::issued,
    write::{Planned, SoAlready},
};
use async_trait::async_trait;
use domain::{
    Error, Result, TenantId, Timestamp,
    kinds::{Kind, LinkType, LinkWrite},
};
use engine::ports::{Access, Applied, DirectoryWrite, DirectoryWriter, HeldPass, Spent};
use serde_json::Value;
use std::sync::Arc;

/// Writes directories over Graph; its client's secret is `graph-writer`.
#[derive(Clone)]
pub struct GraphWriter {
    client: GraphClient,
}

impl GraphWriter {
    /// The name of the writing credential.
    pub const SECRET: &'static str = "graph-writer";

    /// A writer over that client.
    pub fn new(client: GraphClient) -> Self {
        Self { client }
    }
    /// The same for work that ends at `deadline`: see [`GraphClient::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, deadline: Timestamp) -> Self {
        Self { client: self.client.with_deadline(deadline) }
    }

    async fn send(&self, tenant: &TenantId, planned: &Planned) -> Result<Applied> {
        let reply = self.client.ask(tenant, &planned.ask).await?;
        if !reply.is_success() {
            return refused(planned, reply);
        }
        let id = planned.new_id.and_then(|name| reply.body.get(name)).and_then(Value::as_str);
        if planned.new_id == Some("id") && id.is_none() {
            return Err(Error::unavailable(format!(
                "{}: Graph made the object and did not say its id",
                planned.ask.what
            )));
        }
        let pass = if planned.issues_pass { Some(issued(&reply.body, &planned.ask.what)?) } else { None };
        Ok(Applied {
            status: reply.status,
            id: id.map(str::to_owned),
            request_id: reply.request_id,
            was_so: false,
            pass,
        })
    }

    /// Makes a write, under our own id of the request where there is one.
    async fn make(&self, tenant: &TenantId, call: &DirectoryWrite, request: Option<&str>) -> Result<Applied> {
        match call {
            DirectoryWrite::AddLinks { link, from, to } => {
                self.add_links(tenant, link, from, to, (call, request)).await
            }
            other => self.send(tenant, &self.client.plan(other)?.under(request)).await,
        }
    }

    async fn add_links(
        &self,
        tenant: &TenantId,
        link: &'static LinkType,
        from: &str,
        to: &[(String, Option<String>)],
        (call, request): (&DirectoryWrite, Option<&str>),
    ) -> Result<Applied> {
        if to.is_empty() || link.write == LinkWrite::Collection {
            let planned = self.client.plan(call)?.under(request);
            let reply = self.client.ask(tenant, &planned.ask).await?;
            // Why: Graph adds all or none; one that is there already must not keep the others out.
            let is_partly_so = to.len() > 1 && !reply.is_success() && reply.error_answer().is_already_there();
            if reply.is_success() {
                return Ok(Applied {
                    status: reply.status,
                    request_id: reply.request_id,
                    ..Applied::default()
                });
            }
            if !is_partly_so {
                return refused(&planned, reply);
            }
        }
        let mut all = Applied { was_so: true, ..Applied::default() };
        for (id, annotation) in to {
            let planned = self.client.add_link(link, from, id, annotation.as_deref())?.under(request);
            let one = self.send(tenant, &planned).await?;
            all = Applied { was_so: all.was_so && one.was_so, ..one };
        }
        Ok(all)
    }
}

/// The answer to a refused write: a success where the tenant already is as the write would make it, else an error.
fn refused(planned: &Planned, reply: Reply) -> Result<Applied> {
    let refusal = reply.error_answer();
    let so = match planned.so_already {
        SoAlready::Never => false,
        SoAlready::WhenGone => refusal.is_schedule_gone(),
        SoAlready::WhenThere => refusal.is_already_there() || refusal.is_duplicate_fact(),
    };
    if so {
        return Ok(Applied {
            status: reply.status,
            request_id: reply.request_id,
            was_so: true,
            ..Applied::default()
        });
    }
    Err(refusal.into_error(&planned.ask.what))
}

#[async_trait]
impl DirectoryWriter for GraphWriter {
    fn with_deadline(&self, deadline: Timestamp) -> Option<Arc<dyn DirectoryWriter>> {
        Some(Arc::new(GraphWriter::with_deadline(self, deadline)))
    }
    async fn access(&self, tenant: &TenantId) -> Result<Access> {
        self.client.access(tenant).await
    }

    async fn apply(&self, tenant: &TenantId, call: &DirectoryWrite) -> Result<Applied> {
        self.make(tenant, call, None).await
    }
    async fn apply_as(&self, tenant: &TenantId, call: &DirectoryWrite, request: &str) -> Result<Applied> {
        self.make(tenant, call, Some(request)).await
    }

    async fn list_passes(&self, tenant: &TenantId, kind: &'static Kind, id: &str) -> Result<Vec<HeldPass>> {
        self.client.list_passes(tenant, kind, id).await
    }

    fn take_spent(&self, tenant: &TenantId) -> Spent {
        self.client.take_spent(tenant)
    }
    async fn give_back(&self) {
        self.client.give_back().await;
    }
}
