//! `holdfast ask-tenant` against the simulated Microsoft: it sees in which position each switch is, it only reads, and
//! nothing of a customer is in what it prints.

use customer::{Administrator, Credentials, Haste};
use engine::ports::Secret;
use local::commands::AskTenantOptions;
use local::commands::ask_tenant::{Fact, QUESTIONS, Report, Way, ask};
use local::embedded::{FileSecrets, SecretSettings};
use serde_json::{Value, json};
use sim::{
    Among, COMPANY_TENANT_ID, ExpandedSettings, Licence, Nowhere, OverMaximum, READER_CLIENT_ID, Sim,
    SimConfig, SimServer, Switches, Withheld,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A tenant with one of everything that is asked about.
struct Asked {
    sim: SimServer,
    folder: tempfile::TempDir,
}

impl Asked {
    async fn new(change: impl FnOnce(&mut SimConfig)) -> Self {
        let mut config = SimConfig::company(7, 60);
        config.limits = sim::Limits::none();
        change(&mut config);
        let sim = Sim::new(config).serve(([127, 0, 0, 1], 0).into()).await.unwrap();
        sim.control().consent(COMPANY_TENANT_ID, READER_CLIENT_ID);
        let asked = Self { sim, folder: tempfile::tempdir().unwrap() };
        let admin = asked.admin().await;
        let user = admin.create_user("Maya Ortiz", "Buyer").await.unwrap();
        let hidden = json!({
            "displayName": "Works council", "mailEnabled": true, "mailNickname": "council",
            "securityEnabled": true, "groupTypes": ["Unified"], "visibility": "HiddenMembership"
        });
        let group = admin.create("groups", &hidden).await.unwrap();
        admin.link(&format!("groups/{group}/members/$ref"), &user).await.unwrap();
        asked
    }

    async fn admin(&self) -> Administrator {
        let credentials = Credentials {
            tenant: COMPANY_TENANT_ID.to_owned(),
            client_id: sim::ADMINISTRATOR_CLIENT_ID.to_owned(),
            secret: sim::ADMINISTRATOR_SECRET.to_owned(),
            domain: Some("fabrikam.example".to_owned()),
        };
        let url = self.sim.graph_url();
        Administrator::sign_in(&url, &url, &credentials, Haste::Hasty).await.unwrap()
    }

    fn switch(&self, change: impl FnOnce(&mut Switches)) {
        self.sim.control().switch(change);
    }

    fn without(&self, permission: &str) {
        let left = sim::READING.iter().filter(|one| **one != permission).map(ToString::to_string);
        self.sim.control().set_permissions(COMPANY_TENANT_ID, READER_CLIENT_ID, left.collect());
    }

    async fn report(&self) -> Report {
        let options = AskTenantOptions {
            tenant: COMPANY_TENANT_ID.parse().unwrap(),
            json: false,
            data: self.folder.path().to_owned(),
            graph_url: Some(self.sim.graph_url()),
            login_url: Some(self.sim.login_url()),
        };
        let reader = json!({ "clientId": READER_CLIENT_ID, "clientSecret": sim::READER_SECRET });
        let settings = SecretSettings::default().with("graph-reader", Secret::new(reader.to_string()));
        let secrets = FileSecrets::open(self.folder.path(), settings).unwrap();
        ask(&options, Arc::new(secrets)).await.unwrap()
    }
}

/// What was seen for a switch.
fn seen<'a>(report: &'a Report, switch: &str, fact: &str) -> &'a Fact {
    let answer = report.answers.iter().find(|answer| answer.switch == switch).unwrap();
    answer.seen.get(fact).unwrap_or_else(|| panic!("{switch}: {:?}", answer.seen))
}

fn number(report: &Report, switch: &str, fact: &str) -> u64 {
    let Fact::Count(count) = seen(report, switch, fact) else { panic!("{switch} {fact}: no number") };
    *count
}

#[test]
fn each_switch_of_the_simulator_has_a_question_or_a_reason_why_reading_does_not_answer_it() {
    let debug = format!("{:#?}", Switches::default());
    let fields = debug.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(':'));
    let switches: BTreeSet<&str> =
        fields.map(|(name, _)| name).filter(|name| !name.starts_with([' ', ')', ']'])).collect();
    let asked: BTreeSet<&str> = QUESTIONS.iter().map(|question| question.switch).collect();
    assert_eq!(asked, switches);
    assert_eq!(asked.len(), QUESTIONS.len(), "one question a switch");
    assert!(QUESTIONS.iter().filter(|question| matches!(question.way, Way::Ask(_))).count() > 14);
}

#[tokio::test]
async fn each_position_of_a_switch_that_can_be_asked_about_is_seen() {
    let asked = Asked::new(|_| {}).await;
    let usual = asked.report().await;
    let is = |report: &Report, switch: &str, fact: &str| seen(report, switch, fact) == &Fact::Is(true);

    assert_eq!(number(&usual, "expanded_settings", "short of settings"), 0);
    asked.switch(|switches| switches.expanded_settings = ExpandedSettings::SilentlyAt(1));
    let report = asked.report().await;
    assert!(number(&report, "expanded_settings", "short of settings") > 0);
    assert_eq!(number(&report, "expanded_settings", "short of settings with a link"), 0);
    asked.switch(|switches| switches.expanded_settings = ExpandedSettings::WithNextLink(1));
    assert!(number(&asked.report().await, "expanded_settings", "short of settings with a link") > 0);

    let (switch, fact) = ("delta_reports_security_attributes", "in the round's first page with attributes");
    assert!(number(&usual, switch, "listed with attributes") > 0);
    assert_eq!(number(&usual, switch, fact), 0);
    asked.switch(|switches| switches.delta_reports_security_attributes = true);
    assert!(number(&asked.report().await, switch, fact) > 0);

    assert_eq!(number(&usual, "top_over_maximum", "status"), 400);
    asked.switch(|switches| switches.top_over_maximum = OverMaximum::Clamp);
    assert_eq!(number(&asked.report().await, "top_over_maximum", "status"), 200);

    assert!(!is(&usual, "page_limit", "more follow"));
    let objects = number(&usual, "page_limit", "objects");
    assert_eq!(number(&usual, "delta_page_size", "objects"), objects);
    asked.switch(|switches| {
        (switches.page_limit, switches.delta_page_size, switches.delta_link_entries) = (20, 4, 2);
    });
    let report = asked.report().await;
    assert_eq!(
        (number(&report, "page_limit", "objects"), is(&report, "page_limit", "more follow")),
        (20, true)
    );
    assert_eq!(number(&report, "delta_page_size", "objects"), 4);
    let most = |report: &Report| number(report, "delta_link_entries", "most members in a page");
    assert!(most(&usual) > 2 && most(&report) <= 2, "{} {}", most(&usual), most(&report));
    asked.switch(|switches| {
        let usual = Switches::default();
        switches.page_limit = usual.page_limit;
        switches.delta_page_size = usual.delta_page_size;
        switches.delta_link_entries = usual.delta_link_entries;
    });

    assert!(is(&usual, "rounds_lead_nowhere", "ended"));
    asked.switch(|switches| switches.rounds_lead_nowhere = Some(("groups/delta", Nowhere::Ring)));
    let report = asked.report().await;
    assert!(!is(&report, "rounds_lead_nowhere", "ended"));
    assert!(number(&report, "rounds_lead_nowhere", "links that came twice") > 0);
    asked.switch(|switches| switches.rounds_lead_nowhere = None);

    assert_eq!(number(&usual, "first_rounds_leave_out_empty", "absent"), 0);
    asked.switch(|switches| switches.first_rounds_leave_out_empty = true);
    assert!(number(&asked.report().await, "first_rounds_leave_out_empty", "absent") > 0);

    assert_eq!(number(&usual, "unknown_extensions_refused", "status"), 400);
    asked.switch(|switches| switches.unknown_extensions_refused = false);
    assert_eq!(number(&asked.report().await, "unknown_extensions_refused", "status"), 200);

    assert!(is(&usual, "shuffle", "same order"));
    assert!(is(&usual, "delta_refused_with", "gives a link"));
}

#[tokio::test]
async fn what_a_token_without_its_permission_is_told_is_seen() {
    let asked = Asked::new(|_| {}).await;
    asked.without("User-LifeCycleInfo.Read.All");
    for (how, status, shape) in
        [(Withheld::Null, 200, "empty"), (Withheld::Absent, 200, "absent"), (Withheld::Refused, 403, "")]
    {
        asked.switch(|switches| switches.leave_date_withheld = how);
        let report = asked.report().await;
        assert_eq!(seen(&report, "leave_date_withheld", "permitted"), &Fact::Is(false));
        assert_eq!(number(&report, "leave_date_withheld", "status"), status, "{how:?}");
        assert!(shape.is_empty() || number(&report, "leave_date_withheld", shape) > 0, "{how:?}");
    }
    asked.without("Member.Read.Hidden");
    for (refused, status) in [(false, 200), (true, 403)] {
        asked.switch(|switches| switches.hidden_members_refused = refused);
        let report = asked.report().await;
        assert_eq!(number(&report, "hidden_members_refused", "groups with hidden members"), 1);
        assert_eq!(number(&report, "hidden_members_refused", "status"), status);
        assert_eq!(seen(&report, "hidden_members_refused", "shows members"), &Fact::Is(false));
    }
}

#[tokio::test]
async fn what_became_of_deleted_groups_and_of_roles_for_a_time_is_seen() {
    for kept in [true, false] {
        let asked = Asked::new(|_| {}).await;
        asked.switch(|switches| {
            switches.security_groups_soft_delete = kept;
            switches.schedules_among_assignments = if kept { Among::All } else { Among::Lasting };
        });
        let admin = asked.admin().await;
        let group = admin.create_group("Night shift", "Made by hand").await.unwrap();
        admin.delete(&format!("groups/{group}")).await.unwrap();
        let user = admin.create_user("Noah Fischer", "Technician").await.unwrap();
        let role = json!({
            "action": "adminAssign", "principalId": user, "directoryScopeId": "/", "justification": "A test",
            "roleDefinitionId": domain::organisations::MAY_CONSENT[1],
            "scheduleInfo": { "startDateTime": "2020-01-01T00:00:00Z",
                "expiration": { "type": "afterDateTime", "endDateTime": "2099-01-01T00:00:00Z" } },
        });
        admin.create("roleManagement/directory/roleAssignmentScheduleRequests", &role).await.unwrap();
        let other = domain::organisations::MAY_CONSENT[0];
        asked.sim.control().activate_role(COMPANY_TENANT_ID, &user, other);
        let report = asked.report().await;
        let deleted = number(&report, "security_groups_soft_delete", "of these security groups");
        assert_eq!(deleted, u64::from(kept));
        let switch = "schedules_among_assignments";
        for (of, what) in [
            ("until a date", "of these among the assignments"),
            ("activated", "of the activated among the assignments"),
        ] {
            let in_force = number(&report, switch, of);
            assert!(in_force > 0, "{of}");
            assert_eq!(number(&report, switch, what), if kept { in_force } else { 0 }, "{of}");
        }
    }
}

#[tokio::test]
async fn what_a_tenant_without_licences_or_change_tracking_answers_is_seen() {
    let asked = Asked::new(|config| config.tenants[0].tracks_changes = false).await;
    for status in [400, 404, 405, 501] {
        asked.switch(|switches| switches.delta_refused_with = status);
        let report = asked.report().await;
        assert_eq!(number(&report, "delta_refused_with", "status"), u64::from(status));
        assert_eq!(seen(&report, "delta_refused_with", "gives a link"), &Fact::Is(false));
    }
    let control = asked.sim.control();
    for licence in [Licence::Intune, Licence::PremiumP1, Licence::PremiumP2] {
        control.set_licence(COMPANY_TENANT_ID, licence, false);
    }
    for (empty, status) in [(false, 400), (true, 200)] {
        asked.switch(|switches| switches.lapsed_lists_are_empty = empty);
        let report = asked.report().await;
        for (licensed, of) in [("licensed for Intune", "policies"), ("licensed for P2", "schedules")] {
            assert_eq!(seen(&report, "lapsed_lists_are_empty", licensed), &Fact::Is(false));
            let found = number(&report, "lapsed_lists_are_empty", &format!("status of {of}"));
            assert_eq!((found, number(&report, "lapsed_lists_are_empty", of)), (status, 0));
        }
    }
    for (parts, statuses) in [(&[][..], (200, 200)), (&["administrativeUnits"], (403, 200))] {
        asked.switch(|switches| switches.premium_parts = parts);
        let report = asked.report().await;
        let of = |what| number(&report, "premium_parts", what);
        assert_eq!((of("status of administrative units"), of("status of security attributes")), statuses);
    }
}

/// What says who somebody or something is, in a dump of the tenant.
fn names(of: &Value, found: &mut BTreeSet<String>) {
    const SAY: [&str; 11] = [
        "id",
        "displayName",
        "userPrincipalName",
        "mail",
        "mailNickname",
        "givenName",
        "surname",
        "jobTitle",
        "department",
        "description",
        "name",
    ];
    match of {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(members) => {
            for (key, value) in members {
                let text = value.as_str().filter(|text| SAY.contains(&key.as_str()) && text.len() > 3);
                found.extend(text.map(str::to_lowercase));
                names(value, found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn nothing_is_written_and_nothing_of_the_customer_is_printed() {
    let asked = Asked::new(|_| {}).await;
    asked.sim.control().clear();
    let report = asked.report().await;
    let seen = asked.sim.control().requests(COMPANY_TENANT_ID);
    assert_eq!(seen.len() as u64, report.requests);
    assert!(seen.len() < 60, "a person waits: {} requests", seen.len());
    assert!(seen.iter().all(|request| request.method == "GET" && !request.is_write), "{seen:?}");
    let mut private = BTreeSet::from([COMPANY_TENANT_ID.to_owned(), "fabrikam".to_owned()]);
    names(&asked.sim.control().dump(COMPANY_TENANT_ID), &mut private);
    assert!(private.len() > 200, "{}", private.len());
    let printed = [report.to_text(), serde_json::to_string(&report).unwrap()];
    for text in printed.map(|text| text.to_lowercase()) {
        assert!(text.len() > 1_000, "there is something to look through");
        let words: BTreeSet<&str> = text.split(|letter: char| !letter.is_alphabetic()).collect();
        for name in &private {
            let is_word = name.chars().all(char::is_alphabetic);
            let is_printed = if is_word { words.contains(name.as_str()) } else { text.contains(name) };
            assert!(!is_printed, "{name} is printed");
        }
    }
}
