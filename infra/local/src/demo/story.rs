//! The story: the round trip from a first snapshot to a verified restore, told step by step.
//!
//! Two parties speak over HTTP only: the customer's administrator with Graph, the partner with Holdfast's API.
//! What runs beneath is the wiring's business, so the same story passes on any Graph and any cloud.

use super::partner::{self, Partner};
use super::place::Place;
use super::telling::{self, Teller, bytes};
use super::verify;
use crate::config::CloudConfig;
use customer::{Administrator, Cast, Credentials, Happened, Happening, Haste, Stage, happen};
use domain::changes::{Change, Class};
use domain::{Error, Result};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long to wait for a mail: one leaves within a minute of what it is about.
const MAIL_WITHIN: Duration = Duration::from_mins(1);

/// Tells the story on a cloud that is running; gives what was not as it should be, one sentence for each.
pub(super) async fn story(
    place: &Place,
    config: &CloudConfig,
    admin: &Credentials,
    teller: &mut Teller,
) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    // Why a name of its own for each run: the tenant may be one that an earlier run left its objects in.
    let run = format!("{:04x}", std::process::id() & 0xffff);

    let step = teller.begin("customer", "The customer's tenant is prepared");
    let customer = Administrator::sign_in(&config.graph_url, &config.login_url, admin, Haste::Patient)
        .await?
        .naming(&run);
    let stage = Stage::set_up(&customer, &Cast::COMPANY).await?;
    teller.end(
        step,
        &format!("The customer {} has a tenant with people, groups and policies", customer.domain()),
        json!({}),
    );

    let step = teller.begin("sign-up", "A partner signs up");
    let (partner, organisation) = sign_up(place).await?;
    teller.end(
        step,
        "A partner signed up, activated Entra, made the plan Backup + Entra and an organisation",
        json!({}),
    );

    // Both apps are consented to before anything is read: the second needs the tenant that the first connected, and
    // nobody has to come back to it in the middle of the story.
    let at = format!("/v1/organisations/{organisation}");
    let step = teller.begin("consent", "The customer's administrator consents");
    for app in ["reader", "writer"] {
        let link = partner.post(&format!("{at}/consent-link"), &json!({ "app": app })).await?;
        let url = link.get("url").and_then(Value::as_str).unwrap_or_default();
        partner::consent(place, url, &admin.tenant).await?;
    }
    teller.end(step, "The customer's administrator consented to reading and to writing", json!({}));

    // Why by the tick and not by a request: that a new tenant is backed up without anybody asking is the promise.
    let step = teller.begin("full-snapshot", "The tick takes a full snapshot");
    place.tick("schedule-snapshots").await?;
    let first = first_snapshot(&partner, &at, place.tick_within()).await?;
    tell_snapshot(teller, step, "The tick took a full snapshot", &first);
    expect(&mut faults, first.get("mode") == Some(&json!("full")), "the first snapshot is not a full one");

    // What happens is known exactly, so the comparison further down can be held against it, thing by thing.
    let step = teller.begin("weekend", "A weekend passes");
    let happened = happen(&customer, &stage, &Happening::WEEKEND).await?;
    teller.end(
        step,
        &format!("A weekend passed: {} things happened to the tenant", happened.len()),
        json!({ "happenings": happened.len() }),
    );
    for thing in &happened {
        teller.line(&format!("- {}", thing.description));
    }

    let step = teller.begin("incremental-snapshot", "A second, incremental snapshot");
    let asked = partner.post(&format!("{at}/snapshots"), &json!({})).await?;
    let second = partner.follow(&format!("{at}/snapshots/{}", id(&asked)?), &["done"]).await?;
    tell_snapshot(teller, step, "A second snapshot was taken, incrementally", &second);
    let incremental = second.get("mode") == Some(&json!("incremental"));
    expect(&mut faults, incremental, "the second snapshot is not an incremental one");

    // The heart of it: neither a change that is missed nor one that never happened passes here.
    let step = teller.begin("comparison", "The two snapshots are compared");
    let (first_id, second_id) = (id(&first)?, id(&second)?);
    let changes = compare(&partner, &at, &first_id, &second_id).await?;
    let sentence = format!("The comparison names {} changes", changes.1.len());
    teller.end(step, &sentence, json!({ "changes": changes.1.len() }));
    let told = changes
        .1
        .iter()
        .zip(&changes.2)
        .map(|(change, who)| [verify::row(change), vec![who.clone()]].concat());
    teller.table(&["kind", "object", "", "what", "who"], told.collect());
    faults.extend(verify::faults(&happened, &changes.1));

    // Why this mail: a change of a privileged role is sent at once, and does not wait for the next digest.
    if let Some(outbox) = place.outbox() {
        let step = teller.begin("mail", "An immediate mail leaves");
        let mail = wait_for_mail(&outbox, "Noah Fischer").await?;
        teller.end(step, &format!("A mail about the privileged role lies in {}", mail.display()), json!({}));
    }

    // Everything is taken back, what was created too: only then can the live tenant be compared with the first
    // snapshot.
    let step = teller.begin("preview", "A restore is previewed");
    let body = json!({
        "comparison": changes.0, "attributes": "overwrite", "links": "rollback", "deleteCreated": true
    });
    let restore = partner.post(&format!("{at}/restores"), &body).await?;
    let path = format!("{at}/restores/{}", id(&restore)?);
    let previewed = partner.follow(&path, &["previewed"]).await?;
    let steps = partner.list(&path).await?;
    let impossible = previewed.get("impossible").and_then(Value::as_array).cloned().unwrap_or_default();
    let sentence = format!("The preview lists {} steps, {} impossible", steps.len(), impossible.len());
    teller.end(step, &sentence, json!({ "restoreSteps": steps.len(), "impossible": impossible.len() }));
    teller.table(&["", "kind", "object", "step"], steps.iter().map(step_row).collect());
    for nothing in &impossible {
        teller
            .line(&format!("impossible: {}", nothing.get("why").and_then(Value::as_str).unwrap_or_default()));
    }

    // Each step is looked at by itself: a restore may end although some of its steps failed or were skipped.
    let step = teller.begin("restore", "The restore runs");
    partner.post(&format!("{path}/run"), &json!({})).await?;
    let ended = partner.follow(&path, &["done"]).await?;
    let outcomes = partner.list(&path).await?;
    tell_restore(teller, step, &ended);
    for outcome in &outcomes {
        let state = outcome.pointer("/outcome/type").and_then(Value::as_str).unwrap_or("untouched");
        if !["done", "alreadySo"].contains(&state) {
            faults.push(format!("step {}: {}", step_row(outcome).join(" "), outcome["outcome"]));
        }
    }

    // Why a comparison and not the restore's own report: what the product says it did is proved by what the tenant
    // holds. What the preview declared impossible may differ; anything else is a fault.
    let step = teller.begin("live-comparison", "The live tenant is compared with the first snapshot");
    let (_, left, _) = compare(&partner, &at, &first_id, "live").await?;
    let declared = |change: &Change| {
        impossible
            .iter()
            .any(|i| i.get("kind") == Some(&json!(change.kind)) && i.get("key") == Some(&json!(change.key)))
    };
    let unexpected: Vec<_> = left.iter().filter(|c| !declared(c)).collect();
    let sentence = format!("The live tenant differs from the first snapshot in {} objects", left.len());
    teller.end(
        step,
        &sentence,
        json!({ "changesLeft": left.len(), "declaredImpossible": left.len() - unexpected.len() }),
    );
    teller.table(&["kind", "object", "", "what"], left.iter().map(verify::row).collect());
    faults.extend(unexpected.iter().map(|c| format!("still different: {}", verify::row(c).join(" "))));

    // Why at the end: a job that failed on the way and was not needed would otherwise go unseen.
    let dead = place.dead_letters().await?.unwrap_or(0);
    expect(&mut faults, dead == 0, "there are dead letters");
    tell_figures(teller, &first, &second, &happened, &changes.1, &left);
    Ok(faults)
}

fn expect(faults: &mut Vec<String>, holds: bool, otherwise: &str) {
    if !holds {
        faults.push(otherwise.to_owned());
    }
}

fn id(row: &Value) -> Result<String> {
    let id = row.get("id").and_then(Value::as_str).map(str::to_owned);
    id.ok_or_else(|| Error::unavailable("an answer has no id"))
}

async fn sign_up(place: &Place) -> Result<(Partner, String)> {
    let operator = Partner::new(place.api_url(), place.bootstrap_token()?.expose())?;
    let owner =
        json!({ "name": "Ada Berg", "email": "ada.berg@northwind.example", "timeZone": "Europe/Stockholm" });
    let made = operator.post("/v1/partners", &json!({ "name": "Northwind IT", "owner": owner })).await?;
    let owner = made.get("ownerToken").and_then(Value::as_str).unwrap_or_default();
    let partner = Partner::new(place.api_url(), owner)?;
    partner.post("/v1/partner/sku", &json!({ "sku": "Entra" })).await?;
    let plan = partner.post("/v1/plans", &partner::plan()).await?;
    let organisation = partner
        .post(
            "/v1/organisations",
            &json!({
                "name": "Fabrikam", "email": "it@fabrikam.example", "plan": id(&plan)?, "seats": 2500
            }),
        )
        .await?;
    let organisation = id(&organisation)?;
    Ok((partner, organisation))
}

async fn first_snapshot(partner: &Partner, at: &str, within: Duration) -> Result<Value> {
    let begun = Instant::now();
    let mut listed = partner.list(&format!("{at}/snapshots")).await?;
    while listed.is_empty() && begun.elapsed() < within {
        tokio::time::sleep(Duration::from_secs(1)).await;
        listed = partner.list(&format!("{at}/snapshots")).await?;
    }
    let first = listed.first().ok_or_else(|| Error::not_found("the tick started no snapshot"))?;
    partner.follow(&format!("{at}/snapshots/{}", id(first)?), &["done"]).await
}

/// Asks for a comparison, waits for it, and gives its id, its changes and who made each.
async fn compare(
    partner: &Partner,
    at: &str,
    before: &str,
    after: &str,
) -> Result<(String, Vec<Change>, Vec<String>)> {
    let asked =
        partner.post(&format!("{at}/comparisons"), &json!({ "before": before, "after": after })).await?;
    let path = format!("{at}/comparisons/{}", id(&asked)?);
    let done = partner.follow(&path, &["done"]).await?;
    let skipped = done.get("notCompared").and_then(Value::as_array).map_or(0, Vec::len);
    if skipped > 0 {
        return Err(Error::unavailable(format!(
            "{skipped} kinds could not be compared: {}",
            done["notCompared"]
        )));
    }
    let changes = partner.list(&format!("{path}/changes")).await?;
    let unreadable = |e| Error::corrupt("a change cannot be read").caused_by(e);
    let who = |c: &Value| serde_json::from_value(c["who"].clone()).map(|who| verify::who(&who));
    let mut read = Vec::new();
    for change in changes {
        let author = who(&change).map_err(unreadable)?;
        let mut change: Change = serde_json::from_value(change).map_err(unreadable)?;
        // What was only observed, such as a password that somebody changed, is no difference.
        change.attributes.retain(|a| a.class != Class::Observed);
        if change.rating.class != Class::Observed {
            read.push((change, author));
        }
    }
    let (changes, authors) = read.into_iter().unzip();
    Ok((id(&asked)?, changes, authors))
}

/// Waits for the mail about the privileged role that names the person; gives its file.
async fn wait_for_mail(outbox: &Path, person: &str) -> Result<std::path::PathBuf> {
    let begun = Instant::now();
    loop {
        for entry in std::fs::read_dir(outbox).into_iter().flatten().flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            if text.contains(person) && text.contains("Privileged Role Administrator") {
                return Ok(entry.path());
            }
        }
        if begun.elapsed() > MAIL_WITHIN {
            return Err(Error::not_found("no mail about the privileged role left within a minute"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn number(row: &Value, pointer: &str) -> u64 {
    row.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn snapshot_figures(snapshot: &Value) -> Value {
    let counts = snapshot.get("counts").and_then(Value::as_object);
    let of = |run: &str| counts.and_then(|c| c.get(run)).map_or(0, |c| number(c, "/records"));
    json!({
        "requests": number(snapshot, "/spent/requests"),
        "resourceUnits": number(snapshot, "/spent/resourceUnits"),
        "throttled": number(snapshot, "/spent/throttled"),
        "storedBytes": number(snapshot, "/storedBytes"),
        "storedBlobs": number(snapshot, "/storedBlobs"),
        "objects": domain::kinds::KINDS.iter().map(|k| of(k.run())).sum::<u64>(),
        "links": domain::kinds::links().map(|l| of(l.name)).sum::<u64>(),
        "notCovered": snapshot.get("notCovered").cloned().unwrap_or_default(),
    })
}

fn tell_snapshot(teller: &mut Teller, step: telling::Step, what: &str, snapshot: &Value) {
    let figures = snapshot_figures(snapshot);
    let sentence = format!(
        "{what}: {} objects, {} links; {} requests, {} resource units; {} new in the vault",
        figures["objects"],
        figures["links"],
        figures["requests"],
        figures["resourceUnits"],
        bytes(number(&figures, "/storedBytes")),
    );
    teller.end(step, &sentence, figures);
}

fn tell_restore(teller: &mut Teller, step: telling::Step, done: &Value) {
    let sentence = format!(
        "The restore is done: {} steps verified by reading back, {} failed, {} skipped; {} requests, {} resource units",
        number(done, "/counts/done"),
        number(done, "/counts/failed"),
        number(done, "/counts/skipped"),
        number(done, "/spent/requests"),
        number(done, "/spent/resourceUnits"),
    );
    teller.end(
        step,
        &sentence,
        json!({
            "counts": done.get("counts").cloned().unwrap_or_default(),
            "requests": number(done, "/spent/requests"),
            "resourceUnits": number(done, "/spent/resourceUnits"),
        }),
    );
}

fn step_row(step: &Value) -> Vec<String> {
    let text = |p: &str| step.pointer(p).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut action = text("/action/type");
    let more = text("/action/link");
    if !more.is_empty() {
        action = format!("{action} {more}");
    }
    if let Some(properties) = step.pointer("/action/properties").and_then(Value::as_array) {
        let names: Vec<_> = properties.iter().filter_map(Value::as_str).collect();
        action = format!("{action} {}", names.join(", "));
    }
    vec![
        step.get("number").map(ToString::to_string).unwrap_or_default(),
        text("/kind"),
        text("/name"),
        action,
    ]
}

fn tell_figures(
    teller: &mut Teller,
    first: &Value,
    second: &Value,
    happened: &[Happened],
    changes: &[Change],
    left: &[Change],
) {
    let mut put = |name: &str, value: Value| teller.figures.insert(name.to_owned(), value);
    put("fullSnapshot", snapshot_figures(first));
    put("incrementalSnapshot", snapshot_figures(second));
    put("happenings", json!(happened.len()));
    put("changes", json!(changes.len()));
    put("changesLeft", json!(left.len()));
}
