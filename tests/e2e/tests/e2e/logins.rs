//! What the login refuses, code by code of its table: whose cause it is, who hears of it, what the tenant's credentials
//! are called, and what is tried again when.

use super::rig::{Rig, Setting};
use domain::SnapshotId;
use domain::login::{LOGIN_CODES, LOGIN_ERRORS, LoginCause};
use engine::ports::Clock;
use engine::records::{Cause, CredentialStatus, JobState, Snapshot};
use jiff::SignedDuration;
use serde_json::json;
use sim::READER_CLIENT_ID;

/// The mails that were sent since: subject and text.
fn mails(rig: &Rig) -> Vec<(String, String)> {
    rig.world.mailer.take_sent().into_iter().map(|mail| (mail.subject, mail.text)).collect()
}

/// Lets hours go by, in steps of five minutes.
async fn pass(rig: &Rig, hours: i64) {
    for _ in 0..hours * 12 {
        rig.clock.advance(SignedDuration::from_mins(5));
        rig.tick().await;
        while rig.work_once().await {}
    }
}

async fn row(rig: &Rig, id: &SnapshotId) -> Snapshot {
    rig.snapshot_row(rig.tenant(), id).await
}

/// A snapshot that is asked for while the login answers that; two hours after one that was sealed.
async fn asked_while(rig: &Rig, error: &str, code: u32) -> SnapshotId {
    rig.control.set_login_refusal(rig.tenant().as_str(), Some((error, code)));
    rig.clock.advance(SignedDuration::from_hours(2));
    mails(rig);
    let id = rig.ask_snapshot(rig.tenant()).await;
    while rig.work_once().await {}
    id
}

/// The login serves the tenant again: what waited goes on, and the next snapshot is sealed.
async fn served_again(rig: &Rig, case: &str) {
    rig.control.set_login_refusal(rig.tenant().as_str(), None);
    pass(rig, 1).await;
    rig.snapshot().await;
    let tenant = rig.tenant_row(rig.tenant()).await;
    assert_eq!((tenant.credentials, tenant.refused), (CredentialStatus::Connected, None), "{case}");
    assert_eq!(rig.dead_letters(), [""; 0], "{case}");
}

/// Walks one row of the table, from the login's answer to who hears of it.
async fn walk(rig: &Rig, (error, code): (&str, u32), cause: LoginCause) {
    let case = format!("{error} {code}");
    let before = rig.tenant_row(rig.tenant()).await;
    let id = asked_while(rig, error, code).await;
    let now = row(rig, &id).await;
    let tenant = rig.tenant_row(rig.tenant()).await;
    match cause {
        LoginCause::Tenant(refusal) => {
            assert_eq!((now.state, now.course.failed), (JobState::Failed, Some(Cause::Denied)), "{case}");
            assert_eq!(tenant.credentials, CredentialStatus::of_refusal(refusal), "{case}");
            assert_eq!((tenant.refused, tenant.open_snapshot), (Some(refusal), None), "{case}");
            let told = mails(rig);
            assert_eq!(told.len(), 2, "{case}: the failure and the credentials: {told:?}");
            let (subject, text) = told.iter().find(|(s, _)| s.contains(refusal.title())).expect(&case);
            assert!(!subject.contains("withdrawn"), "{case}: {subject}");
            let advice = &refusal.advice()[1..];
            assert!(told.iter().any(|(_, text)| unwrapped(text).contains(advice)), "{case}: {text}");
            let asks = told.iter().any(|(_, text)| unwrapped(text).contains("consent again"));
            assert_eq!(asks, refusal.is_about_consent(), "{case}");
            pass(rig, 1).await;
            assert_eq!(mails(rig), vec![], "{case}: told once");
        }
        LoginCause::Own(_) | LoginCause::Unwell => {
            let waits = now.course.held_up.expect(&case);
            let expected = match cause {
                LoginCause::Own(_) => Cause::Operator,
                _ => Cause::Unavailable,
            };
            assert_eq!((now.state, waits.cause), (JobState::Running, expected), "{case}");
            assert_eq!(mails(rig), vec![], "{case}: no partner hears of it");
            assert_eq!((tenant.credentials, tenant.refused), (before.credentials, None), "{case}");
        }
        LoginCause::Throttled => {
            // It is waited for inside the call for as long as there is time, and then by the row.
            let waits = now.course.held_up.expect(&case);
            assert_eq!((now.state, waits.cause), (JobState::Running, Cause::Throttled), "{case}");
            assert_eq!((mails(rig), tenant.credentials), (vec![], before.credentials), "{case}");
        }
    }
    served_again(rig, &case).await;
    if !matches!(cause, LoginCause::Tenant(_)) {
        assert_eq!(row(rig, &id).await.state, JobState::Done, "{case}: it went on");
    }
    mails(rig);
}

/// A mail's text without its line ends.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn each_code_of_the_login_is_told_to_whom_it_concerns_and_what_can_pass_is_tried_again() {
    let rig = Rig::new().await;
    rig.snapshot().await;
    // Why one row of each cause by default: the rows of a cause differ in the table alone, and are read off it there.
    let is_all = std::env::var("HOLDFAST_LOGINS").is_ok_and(|wanted| wanted == "all");
    let mut walked = Vec::new();
    let codes = LOGIN_CODES.iter().map(|(code, cause)| ("invalid_request", *code, *cause));
    let errors = LOGIN_ERRORS.iter().map(|(error, cause)| (*error, 5_999_999, *cause));
    for (error, code, cause) in codes.chain(errors) {
        if is_all || !walked.contains(&cause) {
            walk(&rig, (error, u32::try_from(code).unwrap()), cause).await;
            walked.push(cause);
        }
    }
    let unknown = LoginCause::Tenant(domain::Refusal::Unknown);
    walk(&rig, ("invalid_grant", 5_999_999), unknown).await;
}

#[tokio::test]
async fn our_own_secret_fails_no_snapshot_tells_no_partner_and_tells_the_operator_once() {
    let rig = Rig::with(Setting { two_tenants: true, ..Setting::default() }).await;
    let tenants = rig.tenants.clone();
    let wrong = json!({ "clientId": READER_CLIENT_ID, "clientSecret": "not the one" }).to_string();
    let right = json!({ "clientId": READER_CLIENT_ID, "clientSecret": sim::READER_SECRET }).to_string();
    for (stored, expired, fault) in [
        (wrong.as_str(), false, "secret-wrong"),
        (right.as_str(), true, "secret-expired"),
        ("no credential", false, "no-credential"),
    ] {
        rig.world.secrets.put("graph-reader", stored.to_owned());
        rig.control.set_secret_expired(READER_CLIENT_ID, expired);
        rig.restart();
        mails(&rig);
        let from = rig.log.lines().len();
        let mut asked = Vec::new();
        for tenant in &tenants {
            asked.push((tenant, rig.ask_snapshot(tenant).await));
        }
        // Longer than work is tried in vain that somebody else does not answer.
        pass(&rig, 10).await;
        for (tenant, id) in &asked {
            let row = rig.snapshot_row(tenant, id).await;
            let waits = row.course.held_up.expect(fault);
            assert_eq!((row.state, waits.cause), (JobState::Running, Cause::Operator), "{fault}");
            let tenant = rig.tenant_row(tenant).await;
            assert_eq!((tenant.credentials, tenant.refused), (CredentialStatus::Connected, None), "{fault}");
        }
        assert_eq!(mails(&rig), vec![], "{fault}: it is no partner's");
        let lines = rig.log.lines();
        let told = lines[from..].iter().filter(|line| line["level"] == "ERROR" && line["fault"] == fault);
        assert_eq!(told.count(), 1, "{fault}: once, of two tenants and many tries");

        // The operator mends it.
        rig.world.secrets.put("graph-reader", right.clone());
        rig.control.set_secret_expired(READER_CLIENT_ID, false);
        pass(&rig, 1).await;
        for (tenant, id) in &asked {
            assert_eq!(rig.snapshot_row(tenant, id).await.state, JobState::Done, "{fault}");
        }
        assert_eq!(mails(&rig), vec![], "{fault}");
        assert_eq!(rig.dead_letters(), [""; 0], "{fault}");
    }
}

#[tokio::test]
async fn a_secret_that_ends_soon_is_no_tenants_status() {
    let rig = Rig::new().await;
    rig.snapshot().await;
    mails(&rig);
    let ends = rig.clock.now() + SignedDuration::from_hours(5 * 24);
    let secret = json!({"clientId": READER_CLIENT_ID, "clientSecret": sim::READER_SECRET, "expiresAt": ends});
    rig.world.secrets.put("graph-reader", secret.to_string());
    rig.restart();
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.snapshot().await;
    let status = rig.tenant_row(rig.tenant()).await.credentials;
    assert_eq!((status, mails(&rig)), (CredentialStatus::Connected, vec![]));
}

#[tokio::test]
async fn a_login_that_refuses_in_the_middle_of_a_reading_fails_the_snapshot_and_no_kind() {
    let rig = Rig::with(Setting { users: 60, ..Setting::default() }).await;
    rig.control.switch(|switches| (switches.page_limit, switches.delta_page_size) = (20, 4));
    // Graph refuses the token in the middle, and there is no other.
    rig.control.fail_next(sim::FaultRule {
        path_contains: "groups/delta?$skiptoken".into(),
        status: 401,
        times: 1,
        ..sim::FaultRule::default()
    });
    let id = rig.ask_snapshot(rig.tenant()).await;
    let (control, tenant) = (rig.control.clone(), rig.tenant().as_str().to_owned());
    rig.control.observe(Box::new(move |exchange| {
        if exchange.status == 401 {
            control.set_login_refusal(&tenant, Some(("unauthorized_client", 7_000_112)));
        }
    }));
    while rig.work_once().await {}
    let failed = row(&rig, &id).await;
    assert_eq!((failed.state, failed.not_covered), (JobState::Failed, vec![]));
    let tenant = rig.tenant_row(rig.tenant()).await;
    assert_eq!(tenant.refused, Some(domain::Refusal::ApplicationDisabled));
}
