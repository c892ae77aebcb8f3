//! Several reads in one call (`$batch`), each judged by itself.
//!
//! Source: learn.microsoft.com/graph/json-batching: at most 20, replies in any order, no transaction; each
//! part is throttled alone, with a Retry-After of its own. A part without a reply is an error, and so is, of that part
//! alone, a reply that cannot be read.

use crate::{
    GraphClient,
    call::{ATTEMPTS, Ask, Reply},
    lenient::Listing,
    limits::Lane,
    throttle::is_of_application,
    waits::{least_ms, retry_after_ms},
};
use domain::{
    Error, Result, TenantId,
    kinds::{ApiVersion, id_of},
};
use engine::ports::Spent;
use http::Method;
use serde_json::{Value, json};

/// The most requests that Graph takes in one batch: its own limit.
const BATCH_SIZE: usize = 20;

/// One read of a batch.
pub(crate) struct Part {
    /// Path and query below the version segment.
    pub(crate) below: String,
    pub(crate) units: u64,
    pub(crate) what: String,
}

impl GraphClient {
    /// The replies to the parts, in their order; a part that Graph refused is among them, and the error of one that failed
    /// again and again while others did not.
    pub(crate) async fn get_many(
        &self,
        tenant: &TenantId,
        version: ApiVersion,
        parts: &[Part],
    ) -> Result<Vec<Result<Reply>>> {
        // A batch of one would cost a call of its own, and a plain call is repeated and throttled by itself.
        if let [part] = parts {
            let ask = Ask::get(self.address(version, &part.below)?, part.units, part.what.clone());
            return Ok(vec![Ok(self.ask(tenant, &ask).await?)]);
        }
        let mut replies: Vec<Option<Result<Reply>>> = parts.iter().map(|_| None).collect();
        let mut failures = vec![0; parts.len()];
        let (mut refused, mut renewed) = (0, false);
        loop {
            // Only parts without a reply are sent again: those that Graph answered are not asked for twice.
            let open: Vec<usize> =
                (0..parts.len()).filter(|i| replies[*i].is_none()).take(BATCH_SIZE).collect();
            if open.is_empty() {
                return Ok(replies.into_iter().flatten().collect());
            }
            // One lane serves all: the parts of a call are about one kind, so the same limits count them.
            let lane = Lane::of(&parts[open[0]].below);
            let answers = self.ask_batch(tenant, version, lane, parts, &open).await?;
            // The longest wait that was named for the tenant's limit, and for that of the application.
            let (mut tenants_ms, mut applications_ms, mut is_limited) = (None::<u64>, None::<u64>, false);
            let mut failed: Vec<(usize, Error)> = Vec::new();
            // The token may have ended while the batch was under way, for every part that came after. A 401 to a part
            // that was asked with the new one is a reply like any other.
            let has_old_token = !renewed && answers.iter().any(|(_, answer)| answer.status() == Some(401));
            if has_old_token {
                renewed = true;
                self.renew_token(tenant).await?;
            }
            for (i, answer) in answers {
                let Answer { reply, wait_ms, application, .. } = answer;
                let reply = match reply {
                    Ok(reply) => reply,
                    Err(error) => {
                        failed.push((i, error));
                        continue;
                    }
                };
                let status = reply.status;
                match status {
                    // Each part may name a wait of its own. The longest counts, since the open parts go together
                    // again.
                    429 | 503 if status == 429 || wait_ms.is_some() => {
                        // A wait of 0, named again and again, must not become a tight loop.
                        let wait_ms = wait_ms.map_or_else(
                            || self.backoff_ms(refused),
                            |asked_ms| asked_ms.max(least_ms(refused)),
                        );
                        if application {
                            applications_ms = applications_ms.max(Some(wait_ms));
                        } else {
                            is_limited |= status == 429;
                            tenants_ms = tenants_ms.max(Some(wait_ms));
                        }
                    }
                    401 if has_old_token => {}
                    500.. => failed.push((i, reply.error_answer().into_error(&parts[i].what))),
                    _ => replies[i] = Some(Ok(reply)),
                }
            }
            // Graph refused without looking, so this does not use up an attempt; the wait is taken before the next
            // call.
            refused += u32::from(tenants_ms.or(applications_ms).is_some());
            if is_limited {
                self.hear_refusal(tenant, lane);
            }
            for (wait_ms, application) in [(tenants_ms, false), (applications_ms, true)] {
                if let Some(wait_ms) = wait_ms {
                    self.hold_back(tenant, lane, wait_ms, application);
                }
            }
            // A failure of Graph's passes or does not: it is tried a few times, as a single call would be.
            let Some(most) = failed.iter().map(|(i, _)| failures[*i]).max() else { continue };
            let wait_ms = self.backoff_ms(most);
            // Where all parts fail it is Graph's fault, and the read fails as a whole. One that is left alone says so
            // only if none was answered before; else the fault is its own, and its error becomes its reply.
            let is_answered = replies.iter().any(|reply| matches!(reply, Some(Ok(_))));
            let is_graphs = failed.len() == open.len() && (open.len() > 1 || !is_answered);
            let (mut is_again, is_too_long) = (false, self.is_too_long(wait_ms));
            for (i, error) in failed {
                failures[i] += 1;
                let is_last = failures[i] >= ATTEMPTS;
                // No wait goes beyond the deadline: the caller hears of the failure at once, and tries again later.
                if is_too_long || is_last && is_graphs {
                    return Err(error);
                }
                if is_last {
                    replies[i] = Some(Err(error));
                }
                is_again |= !is_last;
            }
            if is_again {
                self.sleep_ms(wait_ms).await;
            }
        }
    }

    async fn ask_batch(
        &self,
        tenant: &TenantId,
        version: ApiVersion,
        lane: Lane,
        parts: &[Part],
        open: &[usize],
    ) -> Result<Vec<(usize, Answer)>> {
        // The id of a part is its position: replies come in any order and are matched by it.
        let requests: Vec<Value> = open
            .iter()
            .map(|i| json!({"id": i.to_string(), "method": "GET", "url": format!("/{}", parts[*i].below)}))
            .collect();
        let units = open.iter().map(|i| parts[*i].units).sum();
        // Not counted here: its parts are, below. Taken as a page, so that a reply that cannot be read costs its own
        // part and not the whole batch.
        let ask = Ask {
            method: Method::POST,
            body: Some(json!({ "requests": requests })),
            counted: false,
            parts: open.len() as u64,
            lane,
            page: true,
            ..Ask::get(self.address(version, "$batch")?, units, "a batch of reads")
        };
        let reply = self.ask(tenant, &ask).await?;
        if !reply.is_success() {
            return Err(reply.error_answer().into_error(&ask.what));
        }
        let Some(Listing { items, unreadable, .. }) = reply.page else {
            return Err(Error::unavailable("a batch was answered without its replies"));
        };
        let known = items.iter().map(|item| (id_of(item), serde_json::from_str(item.get()).ok()));
        let answers: Vec<(Option<String>, Option<Value>)> =
            known.chain(unreadable.into_iter().map(|id| (id, None))).collect();
        // Replies of which not even the part is known that they are to.
        let mut unknown = answers.iter().filter(|(id, answer)| id.is_none() && answer.is_none()).count();
        // A reply to nothing, or a second reply to one part, would put one object's data in the place of another's:
        // the batch as a whole is then not believed.
        let mut found: Vec<(usize, Answer)> = Vec::with_capacity(open.len());
        for (id, answer) in answers {
            if id.is_none() && answer.is_none() {
                continue;
            }
            let id = id.and_then(|id| id.parse::<usize>().ok());
            let Some(i) = id.filter(|i| open.contains(i) && found.iter().all(|(j, _)| j != i)) else {
                return Err(Error::unavailable(
                    "a batch was answered with a reply to nothing that was asked",
                ));
            };
            let answer = answer.and_then(|answer| self.answer(answer));
            let answer = answer.unwrap_or_else(|| Answer::unreadable(&parts[i]));
            // Counted part by part, since Graph counts the parts and not the batch.
            let said = answer.units;
            self.count(
                tenant,
                Spent {
                    requests: 1,
                    resource_units: said.unwrap_or(parts[i].units),
                    throttled: u64::from(answer.status() == Some(429)),
                },
            );
            found.push((i, answer));
        }
        // Each of those replies stands for a part that got none. It does not matter for which: no such part has an
        // answer, and all are asked again.
        for i in open.iter().filter(|i| found.iter().all(|(j, _)| j != *i)).copied().collect::<Vec<_>>() {
            if unknown > 0 {
                unknown -= 1;
                found.push((i, Answer::unreadable(&parts[i])));
            }
        }
        // A part that Graph passed over is an error: read as empty, it would be data that is lost.
        match open.iter().find(|i| found.iter().all(|(j, _)| j != *i)) {
            Some(i) => {
                Err(Error::unavailable(format!("{}: missing in the replies of a batch", parts[*i].what)))
            }
            None => Ok(found),
        }
    }

    /// A reply to one part; none where it does not say how the part went.
    fn answer(&self, mut answer: Value) -> Option<Answer> {
        let status = answer.get("status").and_then(Value::as_u64).and_then(|s| u16::try_from(s).ok())?;
        let header = |name: &str| {
            let headers = answer.get("headers").and_then(Value::as_object)?;
            let (_, value) = headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(name))?;
            value.as_str().map(str::to_owned).or_else(|| value.as_number().map(ToString::to_string))
        };
        let wait_ms = header("retry-after").and_then(|v| retry_after_ms(&v, self.now()));
        let units = header("x-ms-resource-unit").and_then(|v| v.trim().parse().ok());
        let application = is_of_application(header("x-ms-throttle-scope").as_deref());
        let request_id = header("request-id");
        let body = answer.get_mut("body").map(Value::take).unwrap_or_default();
        Some(Answer {
            reply: Ok(Reply { status, body, page: None, request_id }),
            wait_ms,
            application,
            units,
        })
    }
}

/// A reply to one part.
struct Answer {
    /// An error where it cannot be read.
    reply: Result<Reply>,
    wait_ms: Option<u64>,
    /// Whether a refusal is about the limit that the application has over all tenants.
    application: bool,
    units: Option<u64>,
}

impl Answer {
    fn unreadable(to: &Part) -> Self {
        let error = Error::unavailable(format!("{}: the reply cannot be read", to.what));
        Self { reply: Err(error), wait_ms: None, application: false, units: None }
    }
    fn status(&self) -> Option<u16> {
        self.reply.as_ref().ok().map(|reply| reply.status)
    }
}
