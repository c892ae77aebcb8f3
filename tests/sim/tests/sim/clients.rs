//! What programs of others ask that ours does not: forms of paths, of batches, of refusals, and TLS.

use crate::common::*;
use serde_json::{Value, json};
use sim::*;

#[tokio::test]
async fn functions_and_types_may_be_named_in_each_of_their_forms() {
    let client = Client::administrator(&company(0)).await;
    let ada = client.new_user("ada").await;
    for url in ["delta", "delta()", "microsoft.graph.delta", "microsoft.graph.delta()"] {
        let (seen, link, _) = client.all(&format!("/v1.0/users/{url}?$select=displayName")).await;
        assert_eq!((seen.len(), link.is_some()), (1, true), "{url}");
        assert!(client.all(&format!("/v1.0/groups/{url}")).await.1.is_some(), "{url}");
    }
    client.delete(&format!("/v1.0/users/{ada}")).await;
    for cast in ["graph.user", "microsoft.graph.user", "microsoft.graph.User"] {
        let seen = client.get(&format!("/v1.0/directory/deletedItems/{cast}")).await;
        assert_eq!(seen.list()[0]["id"], json!(ada), "{cast}");
    }
    assert_eq!(client.get("/v1.0/directory/deletedItems/graph.thing").await.status, 400);
    let seen = client.post("/v1.0/directoryObjects/microsoft.graph.getByIds", json!({"ids": [ada]})).await;
    assert_eq!((seen.status, seen.list().len()), (200, 0));
}

#[tokio::test]
async fn an_object_of_any_type_says_which_it_is() {
    let client = Client::administrator(&company(0)).await;
    let ada = client.new_user("ada").await;
    let group = client.new_group("crew", json!({})).await;
    for (id, kind) in [(&ada, "#microsoft.graph.user"), (&group, "#microsoft.graph.group")] {
        let seen = client.get(&format!("/v1.0/directoryObjects/{id}")).await;
        assert_eq!((&seen.body["@odata.type"], &seen.body["id"]), (&json!(kind), &json!(id)));
    }
    assert_eq!(client.get(&format!("/v1.0/users/{ada}")).await.body.get("@odata.type"), None);
}

#[tokio::test]
async fn memberships_are_told_through_groups_in_groups() {
    let client = Client::administrator(&company(0)).await;
    let ada = client.new_user("ada").await;
    let inner = client.new_group("inner", json!({})).await;
    let outer = client.new_group("outer", json!({})).await;
    let other = client.new_group("other", json!({})).await;
    client.post(&format!("/v1.0/groups/{inner}/members/$ref"), reference(&ada)).await;
    client.post(&format!("/v1.0/groups/{outer}/members/$ref"), reference(&inner)).await;
    let url = format!("/v1.0/users/{ada}");
    assert_eq!(client.get(&format!("{url}/memberOf")).await.list().len(), 1);
    let above = client.get(&format!("{url}/transitiveMemberOf/microsoft.graph.group")).await;
    assert_eq!(above.list().len(), 2);
    let below = client.get(&format!("/v1.0/groups/{outer}/transitiveMembers")).await;
    assert_eq!(below.list().len(), 2, "the inner group and who is in it");

    let body = json!({"groupIds": [outer, other]});
    let seen = client.post(&format!("{url}/checkMemberGroups"), body).await;
    assert_eq!((seen.status, seen.list()), (200, &[json!(outer)][..]));
    let seen = client.post(&format!("{url}/getMemberGroups"), json!({"securityEnabledOnly": true})).await;
    assert_eq!(seen.list().len(), 2);
    let seen = client.post(&format!("{url}/microsoft.graph.getMemberObjects"), json!({})).await;
    assert_eq!(seen.status, 400, "securityEnabledOnly is not optional");
    let many: Vec<Value> = (0..21).map(|_| json!(outer)).collect();
    assert_eq!(client.post(&format!("{url}/checkMemberGroups"), json!({"groupIds": many})).await.status, 400);
}

#[tokio::test]
async fn ids_of_a_batch_may_be_numbers_and_are_answered_as_texts() {
    let client = Client::administrator(&company(0)).await;
    client.new_user("ada").await;
    let eventual = json!({"ConsistencyLevel": "eventual"});
    let body = json!({"requests": [
        {"id": 1, "method": "GET", "url": "/users?$top=1"},
        {"id": 2, "method": "GET", "url": "/users/nobody", "dependsOn": [1]},
        {"id": 3, "method": "GET", "url": "/users?$top=1", "dependsOn": [2]},
        {"id": "four", "method": "GET", "url": "/users?$filter=accountEnabled ne false&$count=true", "headers": eventual},
    ]});
    let seen = client.post("/v1.0/$batch", body).await;
    let mut found: Vec<(String, u64)> = seen.body["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["id"].as_str().unwrap().to_owned(), one["status"].as_u64().unwrap()))
        .collect();
    found.sort();
    let expected = [("1", 200), ("2", 404), ("3", 424), ("four", 200)];
    assert_eq!(found, expected.map(|(id, status)| (id.to_owned(), status)));
    for wrong in [json!(null), json!(""), json!({}), json!(true)] {
        let body = json!({"requests": [{"id": wrong, "method": "GET", "url": "/users"}]});
        assert_eq!(client.post("/v1.0/$batch", body).await.status, 400);
    }
    let twice = json!({"requests": [{"id": 1, "method": "GET", "url": "/users"}, {"id": "1", "method": "GET", "url": "/users"}]});
    assert_eq!(client.post("/v1.0/$batch", twice).await.status, 400);
}

#[tokio::test]
async fn the_address_of_batches_may_be_encoded_and_batches_are_never_nested() {
    let client = Client::administrator(&company(0)).await;
    let body = |url: &str| json!({"requests": [{"id": "1", "method": "GET", "url": url}]});
    for url in ["/v1.0/$batch", "/v1.0/%24batch", "/beta/%24batch"] {
        let seen = client.post(url, body("/users")).await;
        assert_eq!((seen.status, &seen.body["responses"][0]["status"]), (200, &json!(200)), "{url}");
        for nested in ["/$batch", "/%24batch"] {
            assert_eq!(client.post(url, body(nested)).await.status, 400, "{nested}");
        }
    }
}

#[tokio::test]
async fn absolute_addresses_in_a_batch_are_refused_or_taken() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    client.new_user("ada").await;
    let url = "https://graph.microsoft.com/v1.0/users?$top=1";
    let body = json!({"requests": [{"id": "1", "method": "GET", "url": url}]});
    assert_eq!(client.post("/v1.0/$batch", body.clone()).await.status, 400);
    sim.control().switch(|switches| switches.absolute_batch_urls = true);
    let seen = client.post("/v1.0/$batch", body).await;
    assert_eq!(
        seen.body["responses"][0]["body"]["value"].as_array().map(Vec::len),
        Some(1),
        "{:?}",
        seen.body
    );
}

#[tokio::test]
async fn whoever_has_no_token_is_told_where_there_are_some() {
    let sim = company(0);
    for (method, url, body) in [("GET", "/v1.0/users", ""), ("POST", "/v1.0/$batch", "{\"requests\":[]}")] {
        let seen = send(&sim, method, url, &[], body.into()).await;
        assert_eq!(seen.status, 401);
        assert!(seen.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer realm="), "{url}");
    }
}

#[tokio::test]
async fn the_login_says_which_names_it_has() {
    let sim = company(0);
    let ask = async |address: &str| {
        let url = format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={address}");
        send(&sim, "GET", &url, &[], Vec::new()).await
    };
    let known = "login.microsoftonline.com";
    let seen = ask(&format!("https://{known}/{COMPANY_TENANT_ID}/oauth2/v2.0/authorize")).await;
    assert_eq!((seen.status, &seen.body["metadata"][0]["preferred_network"]), (200, &json!(known)));
    let own = ask("http://sim.test/common/oauth2/v2.0/authorize").await;
    assert_eq!(
        own.body["tenant_discovery_endpoint"],
        "http://sim.test/common/v2.0/.well-known/openid-configuration"
    );
    for unknown in ["https://login.example/common/oauth2/v2.0/authorize", "nonsense", ""] {
        let seen = ask(unknown).await;
        assert_eq!((seen.status, &seen.body["error"]), (400, &json!("invalid_instance")), "{unknown}");
    }
}

#[tokio::test]
async fn notifications_have_a_message_for_each_language() {
    let client = Client::administrator(&company(0)).await;
    let url = "/beta/deviceManagement/notificationMessageTemplates";
    let made = client.post(url, json!({"displayName": "Not compliant", "brandingOptions": "none"})).await;
    assert_eq!(made.status, 201);
    let one = format!("{url}/{}/localizedNotificationMessages", made.body["id"].as_str().unwrap());
    let message = json!({"locale": "en-us", "subject": "Hello", "messageTemplate": "Your device ...", "isDefault": true});
    assert_eq!(client.post(&one, message.clone()).await.status, 201);
    assert_eq!(client.post(&one, message).await.status, 400, "one for each locale");
    let seen = client.get(&format!("{url}?$expand=localizedNotificationMessages")).await;
    assert_eq!(seen.list()[0]["localizedNotificationMessages"][0]["subject"], "Hello");
    assert_eq!(client.get(url).await.list()[0].get("localizedNotificationMessages"), None);
}

#[tokio::test]
async fn what_a_tenant_does_not_use_of_intune_is_empty_and_has_its_own_permission() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    let none: &[Value] = &[];
    for url in ["/v1.0/deviceAppManagement/mobileApps", "/beta/deviceManagement/deviceHealthScripts"] {
        let seen = client.get(url).await;
        assert_eq!((seen.status, seen.list()), (200, none), "{url}");
    }
    assert_eq!(
        client.get("/v1.0/deviceManagement/deviceHealthScripts").await.status,
        400,
        "beta alone has it"
    );
    assert_eq!(client.get("/beta/deviceManagement/applePushNotificationCertificate").await.status, 404);
    assert_eq!(client.get("/beta/deviceAppManagement/mobileApps/7").await.status, 404);
    // As IntuneCD asks: a property behind a cast, in parentheses of its own.
    let cast = "(microsoft.graph.managedApp/appAvailability) eq null or isAssigned eq true";
    for (filter, status) in
        [(cast, 200), ("(microsoft.graph.managedApp/appAvailability) eq", 400), ("(isAssigned)", 400)]
    {
        let url = format!("/beta/deviceAppManagement/mobileApps?$filter={}", filter.replace(' ', "%20"));
        assert_eq!(client.get(&url).await.status, status, "{filter}");
    }
    let play = client.get("/beta/deviceManagement/androidManagedStoreAccountEnterpriseSettings").await;
    assert_eq!(
        (&play.body["bindStatus"], &play.body["ownerUserPrincipalName"]),
        (&json!("notBound"), &json!(""))
    );
    let config = vec!["DeviceManagementConfiguration.Read.All".to_owned()];
    sim.control().set_permissions(COMPANY_TENANT_ID, ADMINISTRATOR_CLIENT_ID, config);
    let client = Client::administrator(&sim).await;
    assert_eq!(client.get("/beta/deviceManagement/deviceHealthScripts").await.status, 200);
    assert_eq!(client.get("/v1.0/deviceAppManagement/mobileApps").await.status, 403);
}

/// A client that knows the name of Microsoft's Graph and the authority, and nothing else of the simulator.
#[tokio::test]
async fn by_tls_it_is_whom_the_authority_says_and_its_links_lead_back_by_tls() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
    use tokio_rustls::{TlsConnector, rustls};
    let sim = company(0);
    let administrator = Client::administrator(&sim).await;
    administrator.new_user("ada").await;
    administrator.new_user("ben").await;
    let server = sim.serve_tls("127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert!(server.graph_url().starts_with("https://127.0.0.1:"));
    let mut trusted = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(server.authority_pem().unwrap().as_bytes()).unwrap();
    trusted.add(authority).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let connector = TlsConnector::from(std::sync::Arc::new(config));
    let address = server.graph_url().strip_prefix("https://").unwrap().to_owned();
    // A connection that says nothing holds up nobody.
    let _silent = tokio::net::TcpStream::connect(&address).await.unwrap();
    let stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let name = ServerName::try_from("graph.microsoft.com").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let request = format!(
        "GET /v1.0/users?$top=1 HTTP/1.1\r\nhost: graph.microsoft.com\r\nauthorization: Bearer {}\r\nconnection: close\r\n\r\n",
        administrator.token
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok();
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.contains("200 OK") && answer.contains("https://graph.microsoft.com/v1.0/users?$top=1"),
        "{answer}"
    );
    let other = tokio::net::TcpStream::connect(&address).await.unwrap();
    let name = ServerName::try_from("graph.example.com").unwrap();
    assert!(connector.connect(name, other).await.is_err(), "nobody else's name");
    server.stop().await;
}
