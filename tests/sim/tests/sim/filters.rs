//! `$filter`, `$search`, `$orderby` and `$count` as OData defines them and as Microsoft supports them of directory objects.

use crate::common::*;
use serde_json::{Value, json};
use sim::*;

const EVENTUAL: &[(&str, &str)] = &[("consistencylevel", "eventual")];

/// Four people and three groups whose names are what filters stumble over.
async fn told() -> (Sim, Client) {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    for (name, more) in [
        ("ada", json!({"department": "Research and Development", "jobTitle": "Lead", "city": "O'Fallon"})),
        ("ben", json!({"department": "Sales", "jobTitle": "Lead"})),
        ("cem", json!({"department": "Sales", "jobTitle": "Clerk", "accountEnabled": false})),
        ("dee", json!({"jobTitle": "Clerk"})),
    ] {
        let mut body = user(name);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(client.post("/v1.0/users", body).await.status, 201);
    }
    for (nick, name) in
        [("rnd", "Research and Development"), ("aorb", "A or B (x)"), ("it", "It's, not 'in'")]
    {
        let body =
            json!({"displayName": name, "mailNickname": nick, "mailEnabled": false, "securityEnabled": true});
        assert_eq!(client.post("/v1.0/groups", body).await.status, 201);
    }
    (sim, client)
}

fn names(seen: &Seen, property: &str) -> Vec<String> {
    assert_eq!(seen.status, 200, "{seen:?}");
    let mut names: Vec<String> =
        seen.list().iter().map(|one| one[property].as_str().unwrap_or_default().to_owned()).collect();
    names.sort();
    names
}

async fn users(client: &Client, filter: &str) -> Vec<String> {
    let filter: String = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect();
    let url = format!("/v1.0/users?$count=true&$filter={filter}&$select=displayName");
    names(&client.call("GET", &url, EVENTUAL, None).await, "displayName")
}

#[tokio::test]
async fn a_name_may_hold_the_words_and_signs_of_the_language() {
    let (_sim, client) = told().await;
    for name in ["Research and Development", "A or B (x)", "It's, not 'in'"] {
        let url = format!("/v1.0/groups?$filter=displayName eq '{}'", name.replace('\'', "''"));
        assert_eq!(names(&client.get(&url).await, "displayName"), [name]);
    }
    assert_eq!(users(&client, "city eq 'O''Fallon'").await, ["ada"]);
}

#[tokio::test]
async fn not_binds_before_and_and_and_before_or() {
    let (_sim, client) = told().await;
    let told: &[(&str, &[&str])] = &[
        ("department eq 'Sales' or displayName eq 'ada' and jobTitle eq 'Clerk'", &["ben", "cem"]),
        ("(department eq 'Sales' or displayName eq 'ada') and jobTitle eq 'Lead'", &["ada", "ben"]),
        ("not(jobTitle eq 'Lead') and accountEnabled eq true", &["dee"]),
        ("not(jobTitle eq 'Lead' and department eq 'Sales')", &["ada", "cem", "dee"]),
        ("NOT startsWith(department, 'Res') and jobTitle ne null", &["ben", "cem", "dee"]),
        ("department ne 'Sales'", &["ada", "dee"]),
        ("department eq null", &["dee"]),
        ("displayName in ('ADA', 'dee')", &["ada", "dee"]),
        ("startswith(jobTitle,'cl') eq true", &["cem", "dee"]),
        ("endsWith(userPrincipalName,'E@fabrikam.example')", &["dee"]),
        ("accountEnabled eq false", &["cem"]),
        ("createdDateTime ge 2020-01-01T00:00:00Z", &["ada", "ben", "cem", "dee"]),
        ("createdDateTime le 2020-01-01", &[]),
        ("otherMails/$count eq 0 and displayName eq 'ben'", &["ben"]),
    ];
    for (filter, expected) in told {
        assert_eq!(users(&client, filter).await, *expected, "{filter}");
    }
}

#[tokio::test]
async fn a_lambda_asks_of_the_items_of_a_collection() {
    let (_sim, client) = told().await;
    let body = json!({"displayName": "Crew", "mailNickname": "crew", "mailEnabled": true, "securityEnabled": false,
        "groupTypes": ["Unified"]});
    assert_eq!(client.post("/v1.0/groups", body).await.status, 201);
    for filter in [
        "groupTypes/any(c:c eq 'Unified')",
        "groupTypes/any(c: c eq 'unified') and mailEnabled eq true",
        "proxyAddresses/any(p:p eq 'SMTP:crew@fabrikam.example')",
        "proxyAddresses/any (p:startswith(p,'smtp:crew'))",
    ] {
        let seen = client.get(&format!("/v1.0/groups?$filter={filter}")).await;
        assert_eq!(names(&seen, "displayName"), ["Crew"], "{filter}");
    }
    let url = "/v1.0/groups?$count=true&$filter=not(groupTypes/any(c:c eq 'Unified'))";
    let seen = client.call("GET", url, EVENTUAL, None).await;
    assert_eq!((seen.list().len(), &seen.body["@odata.count"]), (3, &json!(3)));
}

/// What must be refused, and with which code, though an answer of everything would be easier.
#[tokio::test]
async fn what_graph_does_not_support_is_refused_and_never_answered_with_everything() {
    let (_sim, client) = told().await;
    for (query, code) in [
        ("$filter=displayName eq 'ada", "BadRequest"),
        ("$filter=displayName eq 'ada')", "BadRequest"),
        ("$filter=(displayName eq 'ada'", "BadRequest"),
        ("$filter=displayName eq", "BadRequest"),
        ("$filter=displayName is 'ada'", "BadRequest"),
        ("$filter=displayName", "BadRequest"),
        ("$filter=", "BadRequest"),
        ("$filter=tolower(displayName) eq 'ada'", "BadRequest"),
        ("$filter=not displayName eq 'ada'", "BadRequest"),
        ("$filter=nickname eq 'ada'", "BadRequest"),
        ("$filter=accountEnabled eq 'true'", "BadRequest"),
        ("$filter=displayName eq 7", "BadRequest"),
        ("$filter=createdDateTime ge '2020-01-01'", "BadRequest"),
        ("$filter=aboutMe eq 'x'", "Request_UnsupportedQuery"),
        ("$filter=contains(displayName,'a')", "Request_UnsupportedQuery"),
        ("$filter=displayName gt 'a'", "Request_UnsupportedQuery"),
        ("$filter=proxyAddresses/all(p:p eq 'a')", "Request_UnsupportedQuery"),
        ("$filter=otherMails/$count eq 1", "Request_UnsupportedQuery"),
        ("$orderby=city", "Request_UnsupportedQuery"),
        ("$orderby=displayName up", "Request_UnsupportedQuery"),
        ("$search=displayName:ada", "BadRequest"),
        ("$search=\"ada\"", "BadRequest"),
        ("$search=\"displayName:ada\" OR", "BadRequest"),
        ("$search=\"accountEnabled:true\"", "Request_UnsupportedQuery"),
        ("$skip=5", "Request_BadRequest"),
    ] {
        let encoded = query.replace('"', "%22");
        let url = format!("/v1.0/users?$count=true&{encoded}");
        let seen = client.call("GET", &url, EVENTUAL, None).await;
        assert_eq!((seen.status, seen.code()), (400, code), "{query}: {seen:?}");
        assert!(seen.body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    let many: Vec<String> = (0..16).map(|n| format!("displayName eq 'u{n}'")).collect();
    let seen = client.get(&format!("/v1.0/users?$filter={}", many.join(" or "))).await;
    assert_eq!((seen.status, seen.code()), (400, "Request_UnsupportedQuery"), "15 alternatives are the most");
    let deep = format!("{}displayName eq 'a'{}", "(".repeat(3000), ")".repeat(3000));
    assert_eq!(client.get(&format!("/v1.0/users?$filter={deep}")).await.status, 400);
}

#[tokio::test]
async fn an_advanced_query_needs_the_header_and_the_count() {
    let (_sim, client) = told().await;
    for query in [
        "$filter=accountEnabled ne true",
        "$filter=not(accountEnabled eq true)",
        "$filter=endsWith(mail,'x')",
        "$filter=department eq null",
        "$filter=companyName eq 'x'",
        "$filter=startsWith(displayName,'a')&$orderby=displayName",
        "$orderby=createdDateTime",
    ] {
        let with = format!("/v1.0/users?{query}&$count=true");
        assert_eq!(client.call("GET", &with, EVENTUAL, None).await.status, 200, "{query}");
        for seen in [
            client.get(&with).await,
            client.call("GET", &format!("/v1.0/users?{query}"), EVENTUAL, None).await,
        ] {
            assert_eq!((seen.status, seen.code()), (400, "Request_UnsupportedQuery"), "{query}");
        }
    }
    let seen = client.get("/v1.0/users?$search=%22displayName:ada%22").await;
    assert_eq!((seen.status, seen.code()), (400, "Request_UnsupportedQuery"));
    let seen = client.get("/v1.0/users?$count=true").await;
    assert_eq!((seen.status, seen.body.get("@odata.count")), (200, None), "passed over without the header");
    let seen = client.get("/v1.0/users/$count").await;
    assert_eq!((seen.status, seen.code()), (400, "Request_BadRequest"));
    let expanded = "/v1.0/users?$count=true&$filter=accountEnabled ne true&$expand=manager";
    assert_eq!(client.call("GET", expanded, EVENTUAL, None).await.status, 400);
}

#[tokio::test]
async fn what_is_counted_searched_and_sorted_is_so_over_all_pages() {
    let (sim, client) = told().await;
    let seen = client.call("GET", "/v1.0/users?$count=true&$top=3", EVENTUAL, None).await;
    assert_eq!((&seen.body["@odata.count"], seen.list().len()), (&json!(4), 3));
    let next = seen.body["@odata.nextLink"].as_str().unwrap();
    let seen = client.call("GET", next, EVENTUAL, None).await;
    assert_eq!((seen.body.get("@odata.count"), seen.list().len()), (None, 1), "on the first page alone");

    let seen = client.call("GET", "/v1.0/users/$count", EVENTUAL, None).await;
    assert_eq!((seen.body, seen.headers["content-type"].to_str().unwrap()), (json!(4), "text/plain"));
    let url = "/v1.0/users/$count?$filter=department eq 'Sales'";
    assert_eq!(client.call("GET", url, EVENTUAL, None).await.body, json!(2));

    let told: &[(&str, &[&str])] = &[
        ("%22displayName:dev%22", &["Research and Development"]),
        ("%22displayName:research dev%22", &["Research and Development"]),
        ("%22displayName:esearch%22", &[]),
        ("%22displayName:it%22 OR %22displayName:b%22", &["A or B (x)", "It's, not 'in'"]),
        ("%22displayName:a%22 AND %22mailNickname:aorb%22", &["A or B (x)"]),
    ];
    for (search, expected) in told {
        let seen = client.call("GET", &format!("/v1.0/groups?$search={search}"), EVENTUAL, None).await;
        assert_eq!(names(&seen, "displayName"), *expected, "{search}");
    }
    sim.control().switch(|switches| switches.search_finds_whole_words = true);
    for (search, expected) in [("dev", 0), ("development", 1)] {
        let url = format!("/v1.0/groups?$search=%22displayName:{search}%22");
        assert_eq!(client.call("GET", &url, EVENTUAL, None).await.list().len(), expected, "{search}");
    }

    let (sorted, ..) = client.all("/v1.0/users?$orderby=displayName desc&$top=3&$select=displayName").await;
    let sorted: Vec<&str> = sorted.iter().filter_map(|one| one["displayName"].as_str()).collect();
    assert_eq!(sorted, ["dee", "cem", "ben", "ada"]);
}

#[tokio::test]
async fn linked_objects_and_the_bin_are_filtered_as_lists_are() {
    let (_sim, client) = told().await;
    let group = client.new_group("crew", json!({})).await;
    let mut ids = Vec::new();
    for one in client.get("/v1.0/users?$select=id,displayName").await.list() {
        let id = one["id"].as_str().unwrap().to_owned();
        client.post(&format!("/v1.0/groups/{group}/members/$ref"), reference(&id)).await;
        ids.push(id);
    }
    let members = format!("/v1.0/groups/{group}/members");
    let url = format!("{members}/microsoft.graph.user?$count=true&$filter=startswith(displayName,'a')");
    let seen = client.call("GET", &url, EVENTUAL, None).await;
    assert_eq!((names(&seen, "displayName"), &seen.body["@odata.count"]), (vec!["ada".into()], &json!(1)));
    assert_eq!(client.get(&format!("{members}?$filter=displayName eq 'ada'")).await.status, 400);
    for id in &ids {
        client.delete(&format!("/v1.0/users/{id}")).await;
    }
    let bin = "/v1.0/directory/deletedItems/microsoft.graph.user";
    let seen = client.get(&format!("{bin}?$filter=startswith(displayName,'b')")).await;
    assert_eq!(names(&seen, "displayName"), ["ben"]);
    let url = format!("{bin}?$count=true&$orderby=deletedDateTime desc&$top=1");
    let seen = client.call("GET", &url, EVENTUAL, None).await;
    assert_eq!((seen.list().len(), &seen.body["@odata.count"]), (1, &json!(4)));
}

#[tokio::test]
async fn small_collections_refuse_what_they_would_otherwise_pass_over() {
    let (_sim, client) = told().await;
    let roles = "/v1.0/roleManagement/directory/roleDefinitions";
    let seen =
        client.get(&format!("{roles}?$filter=isBuiltIn eq true and startswith(displayName,'User')")).await;
    assert_eq!(names(&seen, "displayName"), ["User Administrator"]);
    for query in ["$filter=color eq 'red'", "$orderby=displayName", "$search=%22displayName:user%22"] {
        assert_eq!(client.get(&format!("{roles}?{query}")).await.status, 400, "{query}");
    }
    let none: &[Value] = &[];
    let seen = client.get("/beta/deviceManagement/configurationPolicies?$filter=name eq 'A and B'").await;
    assert_eq!((seen.status, seen.list()), (200, none));
}
