//! What a write is over HTTP: method, address and body of each call of the port. Pure but for the base.

use crate::{
    GraphClient,
    call::Ask,
    passes::passes_of,
    pim,
    select::{encoded, one},
};
use domain::{
    Error, Result,
    kinds::{ApiVersion, Kind, LinkType, LinkWrite, Update},
};
use engine::ports::{BIND, DirectoryWrite};
use http::Method;
use serde_json::{Map, Value, json};

/// Which refusals of a write mean that the tenant is already as the write would make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoAlready {
    Never,
    /// A refusal because what should be removed is not there.
    WhenGone,
    /// A refusal because the same link or fact is there already.
    WhenThere,
}

/// A write, ready to be sent.
pub(crate) struct Planned {
    pub(crate) ask: Ask,
    pub(crate) so_already: SoAlready,
    /// Where the answer has the new object's id.
    pub(crate) new_id: Option<&'static str>,
    /// Whether the answer has a Temporary Access Pass.
    pub(crate) issues_pass: bool,
}

impl Planned {
    /// The same under our own id of the request.
    pub(crate) fn under(mut self, request: Option<&str>) -> Self {
        self.ask.client_request_id = request.map(str::to_owned);
        self
    }
}

/// Graph's own limit for links in one PATCH.
pub(crate) const LINKS_AT_ONCE: usize = 20;

impl GraphClient {
    /// The one request of a call; links are added elsewhere.
    pub(crate) fn plan(&self, call: &DirectoryWrite) -> Result<Planned> {
        match call {
            DirectoryWrite::Undelete { kind, id, new_name, frees_addresses } => {
                let below = format!("directory/deletedItems/{}/restore", encoded(id));
                self.planned(kind, Method::POST, &below, undelete(new_name.as_deref(), *frees_addresses))
            }
            DirectoryWrite::Create { kind, body } => self.create(kind, body),
            DirectoryWrite::Update { kind, id, body } => {
                let method = match kind.writing.update {
                    Update::Patch => Method::PATCH,
                    Update::Put => Method::PUT,
                    Update::Never => {
                        return Err(Error::invalid(format!("{} are given anew, not changed", kind.name)));
                    }
                };
                self.planned(kind, method, &one(kind, id), Some(Value::Object(body.clone())))
            }
            DirectoryWrite::Act { kind, id, path, body } => {
                let below = format!("{}/{path}", one(kind, id));
                self.planned(kind, Method::POST, &below, Some(Value::Object(body.clone())))
            }
            DirectoryWrite::Delete { kind, id, object } => {
                let planned = match kind.writing.requests {
                    Some(requests) => {
                        self.planned(kind, Method::POST, requests, Some(pim::remove(object)))?
                    }
                    None => self.planned(kind, Method::DELETE, &one(kind, id), None)?,
                };
                Ok(Planned { so_already: SoAlready::WhenGone, ..planned })
            }
            DirectoryWrite::RemoveLink { link, from, to } => self.remove_link(link, from, to),
            DirectoryWrite::Assign { link, from, assignments } => {
                let kind = start_of(link)?;
                let assignments: Vec<Value> = assignments.iter().map(assignment).collect::<Result<_>>()?;
                let below = format!("{}/assign", one(kind, from));
                self.planned(kind, Method::POST, &below, Some(json!({ "assignments": assignments })))
            }
            DirectoryWrite::AssignLicences { kind, id, add, remove } => {
                let body = json!({"addLicenses": add, "removeLicenses": remove});
                self.planned(kind, Method::POST, &format!("{}/assignLicense", one(kind, id)), Some(body))
            }
            DirectoryWrite::IssuePass { kind, id, lifetime_in_minutes, is_usable_once } => {
                let mut body = json!({ "isUsableOnce": is_usable_once });
                if let Some(minutes) = lifetime_in_minutes {
                    body["lifetimeInMinutes"] = json!(minutes);
                }
                let planned = self.planned(kind, Method::POST, &passes_of(kind, id)?, Some(body))?;
                Ok(Planned { new_id: Some("id"), issues_pass: true, ..planned })
            }
            DirectoryWrite::RevokePass { kind, id, pass } => {
                let below = format!("{}/{}", passes_of(kind, id)?, encoded(pass));
                let planned = self.planned(kind, Method::DELETE, &below, None)?;
                Ok(Planned { so_already: SoAlready::WhenGone, ..planned })
            }
            DirectoryWrite::AddLinks { link, from, to } => match to.as_slice() {
                [(id, annotation)] => self.add_link(link, from, id, annotation.as_deref()),
                several => self.add_links_at_once(link, from, several),
            },
        }
    }

    fn create(&self, kind: &'static Kind, body: &Map<String, Value>) -> Result<Planned> {
        if let Some(requests) = kind.writing.requests {
            let body = pim::assign(body, self.now());
            let planned = self.planned(kind, Method::POST, requests, Some(body))?;
            return Ok(Planned {
                so_already: SoAlready::WhenThere,
                new_id: Some("targetScheduleId"),
                ..planned
            });
        }
        let planned =
            self.planned(kind, Method::POST, kind.path, Some(Value::Object(self.bound(kind, body))))?;
        // Why: a fact that is there already is the fact that was asked for; an object of the same name is not.
        let is_fact = matches!(kind.identity, domain::kinds::Identity::Natural(_));
        let so_already = if is_fact { SoAlready::WhenThere } else { SoAlready::Never };
        Ok(Planned { so_already, new_id: Some("id"), ..planned })
    }

    /// The body with the addresses of what its links lead to, in place of their ids.
    fn bound(&self, kind: &Kind, body: &Map<String, Value>) -> Map<String, Value> {
        let mut body = body.clone();
        for link in kind.links.iter().filter(|link| link.comes_with_new) {
            if let Some(Value::Array(ends)) = body.get_mut(&format!("{}{BIND}", link.relation)) {
                for end in ends {
                    *end = self.object(end.as_str().unwrap_or_default()).into();
                }
            }
        }
        body
    }

    /// The request that adds one link; `annotation` is the type of the far object, where it is known.
    pub(crate) fn add_link(
        &self,
        link: &'static LinkType,
        from: &str,
        to: &str,
        annotation: Option<&str>,
    ) -> Result<Planned> {
        let kind = start_of(link)?;
        let below = format!("{}/{}/$ref", one(kind, from), link.relation);
        let (method, target) = match link.write {
            LinkWrite::Collection | LinkWrite::OneByOne => (Method::POST, self.object(to)),
            // Why: Graph documents a manager's reference by its own collection only.
            LinkWrite::Single => match link.only_end().filter(|end| annotation.is_none_or(|t| is_of(end, t)))
            {
                Some(end) => (Method::PUT, format!("{}/{}", self.base(ApiVersion::V1), one(end, to))),
                None => (Method::PUT, self.object(to)),
            },
            LinkWrite::AssignAll => return Err(all_at_once(link)),
        };
        let planned = self.planned(kind, method, &below, Some(json!({ "@odata.id": target })))?;
        Ok(Planned { so_already: SoAlready::WhenThere, ..planned })
    }

    fn add_links_at_once(
        &self,
        link: &'static LinkType,
        from: &str,
        to: &[(String, Option<String>)],
    ) -> Result<Planned> {
        if link.write != LinkWrite::Collection || to.is_empty() || to.len() > LINKS_AT_ONCE {
            return Err(Error::invalid(format!("{}: {} links cannot be added at once", link.name, to.len())));
        }
        let targets: Vec<String> = to.iter().map(|(id, _)| self.object(id)).collect();
        let mut body = Map::new();
        body.insert(format!("{}{BIND}", link.relation), targets.into());
        let kind = start_of(link)?;
        self.planned(kind, Method::PATCH, &one(kind, from), Some(Value::Object(body)))
    }

    fn remove_link(&self, link: &'static LinkType, from: &str, to: &str) -> Result<Planned> {
        let kind = start_of(link)?;
        let below = match link.write {
            LinkWrite::Collection | LinkWrite::OneByOne => {
                format!("{}/{}/{}/$ref", one(kind, from), link.relation, encoded(to))
            }
            LinkWrite::Single => format!("{}/{}/$ref", one(kind, from), link.relation),
            LinkWrite::AssignAll => return Err(all_at_once(link)),
        };
        let planned = self.planned(kind, Method::DELETE, &below, None)?;
        Ok(Planned { so_already: SoAlready::WhenGone, ..planned })
    }

    fn planned(&self, kind: &Kind, method: Method, below: &str, body: Option<Value>) -> Result<Planned> {
        let what = format!("{method} {}", without_ids(below));
        let ask = Ask::write(method, self.address(kind.version, below)?, body, what);
        Ok(Planned { ask, so_already: SoAlready::Never, new_id: None, issues_pass: false })
    }

    fn object(&self, id: &str) -> String {
        format!("{}/directoryObjects/{}", self.base(ApiVersion::V1), encoded(id))
    }
}

/// What is sent along with a return from the recycle bin, where it is not to be as it was: both are for users alone.
/// Source: learn.microsoft.com/graph/api/directory-deleteditems-restore.
fn undelete(new_name: Option<&str>, frees_addresses: bool) -> Option<Value> {
    let name = new_name.map(|name| ("newUserPrincipalName".to_owned(), Value::from(name)));
    let frees = frees_addresses.then(|| ("autoReconcileProxyConflict".to_owned(), Value::Bool(true)));
    let body: Map<String, Value> = name.into_iter().chain(frees).collect();
    (!body.is_empty()).then_some(Value::Object(body))
}

/// Whether Graph gives objects of the kind that `@odata.type`, however it is written.
fn is_of(kind: &Kind, odata_type: &str) -> bool {
    kind.odata_type.is_some_and(|of| of.trim_start_matches('#') == odata_type.trim_start_matches('#'))
}

fn start_of(link: &LinkType) -> Result<&'static Kind> {
    link.from.row()
}

fn all_at_once(link: &LinkType) -> Error {
    Error::invalid(format!("{} are written all at once", link.name))
}

/// What an assignment says, without what the service adds to it.
fn assignment(given: &Map<String, Value>) -> Result<Value> {
    let Some(target) = given.get("target").filter(|t| t.is_object()) else {
        return Err(Error::invalid("an assignment has no target"));
    };
    let mut kept = Map::from_iter([("target".to_owned(), target.clone())]);
    if let Some(annotation) = given.get("@odata.type") {
        kept.insert("@odata.type".to_owned(), annotation.clone());
    }
    Ok(Value::Object(kept))
}

/// The path for an error: what is not a word of Graph's is an id.
fn without_ids(below: &str) -> String {
    let word = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'$');
    below.split('/').map(|part| if word(part) { part } else { "{id}" }).collect::<Vec<_>>().join("/")
}
