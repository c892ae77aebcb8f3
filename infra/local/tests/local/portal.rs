//! The portal over the whole product on this machine: Ada signs in, finds what changed, and puts one attribute back.

use crate::browser::Browser;
use customer::{Administrator, Cast, Credentials, Haste, Stage};
use engine::ports::Secret;
use forwarded::Key;
use local::embedded::SecretSettings;
use local::{Cloud, CloudConfig, Data};
use reqwest::Method;
use serde_json::{Value, json};
use sim::{Sim, SimConfig, SimServer};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The product, Microsoft, and a customer that is connected and backed up.
struct World {
    cloud: Cloud,
    microsoft: SimServer,
    admin: Administrator,
    stage: Stage,
}

async fn api(cloud: &Cloud, token: &str, method: Method, path: &str, body: Value) -> Value {
    let url = format!("{}{path}", cloud.api_url());
    let answer =
        reqwest::Client::new().request(method, url).bearer_auth(token).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    answer.json().await.unwrap()
}

impl World {
    async fn new() -> Self {
        let microsoft = Sim::new(SimConfig::company(1, 20).with_partner())
            .serve(([127, 0, 0, 1], 0).into())
            .await
            .unwrap();
        let secret = |id: &str, secret: &str| {
            Secret::new(json!({ "clientId": id, "clientSecret": secret }).to_string())
        };
        let secrets = SecretSettings::default()
            .with("graph-reader", secret(sim::READER_CLIENT_ID, sim::READER_SECRET))
            .with("graph-writer", secret(sim::WRITER_CLIENT_ID, sim::WRITER_SECRET));
        let login = microsoft.login_url();
        let cloud = Cloud::start(CloudConfig {
            data: Data::Memory,
            graph_url: microsoft.graph_url(),
            login_url: login.clone(),
            sign_in: Some((
                format!("{login}/{}/v2.0", sim::PARTNER_TENANT_ID),
                sim::PORTAL_CLIENT_ID.to_owned(),
            )),
            consent_sign_in: false,
            secrets,
            ..CloudConfig::default()
        });
        let cloud = cloud.await.unwrap();
        let credentials = Credentials {
            tenant: sim::COMPANY_TENANT_ID.to_owned(),
            client_id: sim::ADMINISTRATOR_CLIENT_ID.to_owned(),
            secret: sim::ADMINISTRATOR_SECRET.to_owned(),
            domain: None,
        };
        let admin = Administrator::sign_in(&microsoft.graph_url(), &login, &credentials, Haste::Patient)
            .await
            .unwrap();
        let stage = Stage::set_up(&admin, &Cast::FEW).await.unwrap();
        Self { cloud, microsoft, admin, stage }
    }

    /// A partner of Ada's, whom a mail invites; its customer is connected and has a snapshot.
    async fn sign_up(&self) -> String {
        let bootstrap = self.cloud.bootstrap_token().unwrap().expose().to_owned();
        let owner = json!({ "name": "Ada Berg", "email": "ada.berg@northwind.example" });
        let made = json!({ "name": "Northwind IT", "owner": owner });
        let made = api(&self.cloud, &bootstrap, Method::POST, "/v1/partners", made).await;
        let token = made["ownerToken"].as_str().unwrap().to_owned();
        let post = |path: &'static str, body: Value| api(&self.cloud, &token, Method::POST, path, body);
        post("/v1/partner/sku", json!({ "sku": "Entra" })).await;
        let price = json!({ "currency": "EUR", "amountMinor": 290 });
        let plan =
            json!({ "product": "BackupEntra", "name": "Entra", "periodicity": "monthly", "price": price });
        let plan = post("/v1/plans", plan).await;
        let organisation =
            json!({ "name": "Fabrikam", "email": "it@fabrikam.example", "plan": plan["id"], "seats": 50 });
        let organisation = post("/v1/organisations", organisation).await["id"].as_str().unwrap().to_owned();
        for app in ["reader", "writer"] {
            let path = format!("/v1/organisations/{organisation}/consent-link");
            let link = api(&self.cloud, &token, Method::POST, &path, json!({ "app": app })).await;
            assert_eq!(Browser::open(link["url"].as_str().unwrap()).await.status, 200);
        }
        self.cloud.tick("schedule-snapshots").await.unwrap();
        self.cloud.tick("send-digests").await.unwrap();
        self.cloud.settle().await.unwrap();
        organisation
    }

    /// The code in the mail that invites Ada.
    fn code(&self) -> String {
        let mails = std::fs::read_dir(self.cloud.outbox()).unwrap().flatten();
        let texts = mails.map(|mail| std::fs::read_to_string(mail.path()).unwrap().replace("=\r\n", ""));
        let text = texts.filter(|text| text.contains("hfi_")).last().unwrap();
        let code = text.split("hfi_").nth(1).unwrap().chars().take_while(char::is_ascii_hexdigit);
        format!("hfi_{}", code.collect::<String>())
    }

    /// Ada accepts her invitation and signs in, by pages alone.
    async fn ada(&self) -> Browser {
        self.ada_from(IpAddr::from([127, 0, 0, 1])).await
    }

    /// The same at that address of this machine.
    async fn ada_from(&self, here: IpAddr) -> Browser {
        let mut browser = Browser::open_from(here, self.cloud.api_url()).await;
        browser.click("I have the code of an invitation").await;
        browser.press("Go on", &[("token", &self.code())], &[]).await;
        browser.click("Go to sign-in").await;
        browser.click("Sign in as Ada Berg").await;
        assert_eq!(browser.status, 200, "{}", browser.text);
        browser
    }

    async fn stop(self) {
        self.cloud.stop().await;
        self.microsoft.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_sign_in_to_the_receipt_of_one_attribute_it_takes_eight_clicks_at_the_most() {
    let world = World::new().await;
    world.sign_up().await;
    let mut browser = world.ada().await;
    let maya = format!("users/{}", world.stage.id("Maya"));
    let before = world.admin.get(&maya).await.unwrap()["jobTitle"].clone();
    world
        .admin
        .patch(&maya, &json!({ "jobTitle": "Contractor", "officeLocation": "Elsewhere" }))
        .await
        .unwrap();

    browser.press("Sign out", &[], &[]).await;
    browser.click("Go to sign-in").await;
    browser.clicks = 0;
    browser.click("Sign in as Ada Berg").await;
    browser.click("Organisations").await;
    browser.click("Fabrikam").await;
    browser.press("Compare with live", &[], &[]).await;
    world.cloud.settle().await.unwrap();
    browser.refresh().await;
    assert!(browser.text.contains("Contractor") && browser.text.contains("Elsewhere"), "{}", browser.text);
    browser
        .press("Preview putting back what is ticked", &[("ticket", "4711")], &["\"path\":\"jobTitle\""])
        .await;
    world.cloud.settle().await.unwrap();
    browser.refresh().await;
    browser.press("Run this 1 step", &[], &[]).await;
    world.cloud.settle().await.unwrap();
    browser.refresh().await;
    assert!(
        browser.text.contains(">verified</span>") && browser.text.contains("1 verified"),
        "{}",
        browser.text
    );
    assert!(browser.text.contains("Receipt of a restore") && browser.text.contains("4711"));
    assert!(browser.clicks <= 8, "{} clicks", browser.clicks);

    let after = world.admin.get(&maya).await.unwrap();
    assert_eq!(
        (&after["jobTitle"], &after["officeLocation"]),
        (&before, &json!("Elsewhere")),
        "what was not ticked stays"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_that_is_shown_leads_to_a_page() {
    let world = World::new().await;
    let organisation = world.sign_up().await;
    let mut browser = world.ada().await;
    browser.go(&format!("/e/{organisation}")).await;
    browser.press("Compare with live", &[], &[]).await;
    world.cloud.settle().await.unwrap();
    let (mut seen, mut shapes) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
    // Why the second: objects are reached by what somebody looks for, and by no link.
    let mut next = vec!["/".to_owned(), format!("/e/{organisation}/search?kind=users")];
    while let Some(address) = next.pop() {
        if !seen.insert(address.clone()) {
            continue;
        }
        let of_shape = shapes.entry(shape(&address)).or_default();
        *of_shape += 1;
        if *of_shape > MOST_OF_A_SHAPE {
            continue;
        }
        browser.go(&address).await;
        assert_eq!(browser.status, 200, "{address}: {}", browser.text);
        let is_page =
            !address.contains(".csv") && !["/receipt", "/file"].iter().any(|end| address.ends_with(end));
        assert_eq!(browser.text.matches("<h1").count(), usize::from(is_page), "{address}");
        assert!(!browser.text.contains("hfs_") && !browser.text.contains("hfi_"), "{address} holds a secret");
        if is_page {
            next.extend(browser.links().into_iter().filter(|link| link.starts_with('/')));
        }
    }
    for deep in [
        "/e/*/history/users/*",
        "/e/*/snapshots/*/coverage/users",
        "/e/*/comparisons/*/explain",
        "/people/*",
        "/rights",
    ] {
        assert!(shapes.contains_key(deep), "{deep} is reached by no link: {shapes:?}");
    }
    world.stop().await;
}

/// How many addresses of one sort the crawler opens: hundreds of objects have the same page.
const MOST_OF_A_SHAPE: usize = 3;

/// An address without the ids in it, and without its query.
fn shape(address: &str) -> String {
    let path = address.split('?').next().unwrap_or_default();
    let is_id = |part: &str| part.contains('_') || part.contains(|c: char| c.is_ascii_digit());
    path.split('/').map(|part| if is_id(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_of_another_partner_is_nowhere() {
    let world = World::new().await;
    let organisation = world.sign_up().await;
    let bootstrap = world.cloud.bootstrap_token().unwrap().expose().to_owned();
    let owner = json!({ "name": "Eve", "email": "eve@other.example" });
    let made = json!({ "name": "Other", "owner": owner });
    let other = api(&world.cloud, &bootstrap, Method::POST, "/v1/partners", made).await;
    let other = other["ownerToken"].as_str().unwrap();
    for part in ["", "/snapshots", "/search", "/compare", "/restores", "/jobs"] {
        let url = format!("{}/e/{organisation}{part}", world.cloud.api_url());
        let cookie = format!("holdfast-local={other}");
        let answer = reqwest::Client::new().get(url).header("cookie", cookie).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{part}");
        assert!(!answer.text().await.unwrap().contains("Fabrikam"), "{part}");
    }
    world.stop().await;
}

/// From where the newest write of that route was asked for, as the log of the partner says.
async fn written_from(cloud: &Cloud, token: &str, what: &str) -> Value {
    let log = api(cloud, token, Method::GET, "/v1/audit?limit=200", Value::Null).await;
    let entries = log["items"].as_array().unwrap();
    entries.iter().find(|entry| entry["what"] == what).unwrap_or_else(|| panic!("{what}: {log}"))["from"]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_where_the_person_is_as_the_portal_tells_and_nobody_else_can() {
    let world = World::new().await;
    let organisation = world.sign_up().await;
    let mut browser = world.ada_from(IpAddr::from([127, 0, 0, 2])).await;
    browser.go("/tokens").await;
    browser.press("Make a token", &[("name", "Ours"), ("role", "owner")], &[]).await;
    let token = browser.text.split("value=\"hft_").nth(1).unwrap().split('"').next().unwrap();
    let token = format!("hft_{token}");
    assert_eq!(written_from(&world.cloud, &token, "POST /v1/tokens").await, "127.0.0.2");
    assert_eq!(written_from(&world.cloud, &token, "POST /v1/invitations/accept").await, "127.0.0.2");
    browser.go(&format!("/e/{organisation}")).await;
    browser.press("Back up now", &[], &[]).await;
    let taken = "POST /v1/organisations/{org}/snapshots";
    assert_eq!(written_from(&world.cloud, &token, taken).await, "127.0.0.2", "the data plane, too");

    let now = jiff::Timestamp::now().as_second();
    let made_up = Key::new(&"0".repeat(64)).unwrap().sign(IpAddr::from([203, 0, 113, 7]), &token, now);
    let forged = [
        (forwarded::HEADER, made_up.as_str()),
        (forwarded::HEADER, "203.0.113.7"),
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
    ];
    for (header, value) in forged {
        let url = format!("{}/v1/organisations/{organisation}/snapshots", world.cloud.api_url());
        let asked = reqwest::Client::new().post(url).bearer_auth(&token).header(header, value);
        let answer = asked.json(&json!({})).send().await.unwrap();
        assert!(!answer.status().is_server_error(), "{header}: {}", answer.status());
        assert_eq!(written_from(&world.cloud, &token, taken).await, "127.0.0.1", "{header}: {value}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_is_found_in_the_history_explained_searched_for_and_taken_along_as_a_file() {
    let world = World::new().await;
    let organisation = world.sign_up().await;
    let mut browser = world.ada().await;
    let maya = world.stage.id("Maya");
    world.admin.patch(&format!("users/{maya}"), &json!({ "jobTitle": "Contractor" })).await.unwrap();
    browser.go(&format!("/e/{organisation}/snapshots")).await;
    browser.press("Back up now", &[], &[]).await;
    world.cloud.settle().await.unwrap();

    browser.go(&format!("/e/{organisation}/history/users/{maya}")).await;
    assert!(browser.text.contains("Contractor") && browser.text.contains("changed"), "{}", browser.text);
    browser.click("Look in the comparison").await;
    assert!(
        browser.text.contains("Contractor") && !browser.text.contains("Nothing differs"),
        "{}",
        browser.text
    );
    browser.click("why?").await;
    assert!(browser.text.contains("It is a change"), "{}", browser.text);

    let found = format!("/e/{organisation}/search?kind=users&filter=jobTitle+eq+%27Contractor%27");
    browser.go(&found).await;
    assert!(
        browser.text.contains("1 object on this page") && browser.text.contains(maya),
        "{}",
        browser.text
    );
    browser.go(&format!("/e/{organisation}/search?kind=users&filter=jobTitle+is+1")).await;
    assert_eq!(browser.status, 422);
    assert!(browser.text.contains("<mark>i</mark>s 1"), "{}", browser.text);
    browser.go(&format!("/e/{organisation}/objects/users/{maya}?asOf=2000-01-01T00:00")).await;
    assert!(browser.text.contains("There was no snapshot yet at that time."), "{}", browser.text);
    browser.press_filter("Show as of then", &[("asOf", "2100-01-01T00:00")]).await;
    assert!(browser.text.contains("Contractor"), "{}", browser.text);

    browser.go(&format!("/e/{organisation}/downloads")).await;
    browser.press("Make the file", &[("kind", "users")], &[]).await;
    world.cloud.settle().await.unwrap();
    browser.refresh().await;
    browser.click("Fetch the file").await;
    assert!(browser.status == 200 && browser.text.contains("Contractor"), "{}", browser.text);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_sets_what_people_hear_of_acts_on_several_and_saves_over_somebody_else_knowingly() {
    let world = World::new().await;
    let organisation = world.sign_up().await;
    let mut browser = world.ada().await;
    browser.go("/notifications/mine").await;
    browser.press("Save", &[("topic-seats", "weekly"), ("hour", "9")], &[]).await;
    assert_eq!(browser.status, 200, "{}", browser.text);
    browser.go("/notifications").await;
    assert!(browser.text.contains("weekly") && browser.text.contains("chosen"), "{}", browser.text);
    browser.go("/people").await;
    browser.click("Ada Berg").await;
    assert!(browser.text.contains("What this person may do"), "{}", browser.text);
    assert!(browser.text.contains("Make plans and activate Entra"), "{}", browser.text);

    browser.go("/organisations").await;
    browser.press("Do it", &[("act", "snapshot")], &[&organisation]).await;
    assert!(browser.text.contains("Done with 1 of 1."), "{}", browser.text);
    world.cloud.settle().await.unwrap();

    let page = format!("/organisations/{organisation}");
    browser.go(&page).await;
    let opened_before = browser.text.clone();
    browser.press("Save", &[("name", "Fabrikam A")], &[]).await;
    assert!(browser.text.contains("Fabrikam A"), "{}", browser.text);
    browser.text = opened_before;
    browser.press("Save", &[("name", "Fabrikam B")], &[]).await;
    assert_eq!(browser.status, 412);
    assert!(browser.text.contains("Both versions"), "{}", browser.text);
    assert!(browser.text.contains("Fabrikam A") && browser.text.contains("Fabrikam B"), "{}", browser.text);
    browser.press("Save mine over it", &[], &[]).await;
    assert_eq!(browser.status, 200);
    assert!(browser.text.contains("Fabrikam B") && !browser.text.contains("Fabrikam A"), "{}", browser.text);

    browser.go(&format!("{page}/token")).await;
    browser.press("Make anew", &[], &[]).await;
    assert!(browser.text.contains("shown this once"), "{}", browser.text);
    world.stop().await;
}
