//! Who connects a tenant over HTTP, case by case: what is refused writes nothing and leaves the link good, where it was
//! good before.

use crate::common::{Slow, TENANT};
use crate::consent_sign_in::{ADMINISTRATOR, OTHER, PLAIN, Story, story};
use domain::ErrorKind;
use domain::organisations::MAY_CONSENT;
use engine::ports::Clock;
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::faulty::Mode;

/// Somebody who holds no role and whom the directory does not hold either, as in delegated administration.
const DELEGATED: &str = "0a000000-0000-4000-8000-000000000009";

/// Comes back from the sign-in, is refused with that status and nothing is written; what the page says.
async fn refused(story: &Story, state: &str, status: StatusCode) -> String {
    let before = story.plane.kept();
    let answer = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!((story.tenant().await, story.plane.kept()), (Value::Null, before));
    answer.text
}

/// The link is followed again, and connects the tenant once its administrator signs in: a code is good once, so that no
/// sign-in that was refused goes on.
async fn connects(story: &Story, link: &str) {
    let state = story.follow(link).await;
    signs_in(story, &state).await;
}

/// The sign-in of that state is that of the tenant's administrator, and connects it.
async fn signs_in(story: &Story, state: &str) {
    TENANT.clone_into(&mut story.login.of.lock().unwrap());
    *story.login.user.lock().unwrap() = Some(ADMINISTRATOR);
    signed_in(story, state).await;
}

/// The sign-in of that state connects the tenant.
async fn signed_in(story: &Story, state: &str) {
    let answer = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!((answer.status, &story.tenant().await["id"]), (StatusCode::OK, &json!(TENANT)), "{answer:?}");
}

#[tokio::test]
async fn a_user_without_a_role_is_refused_and_the_link_stays_good() {
    let story = story(TENANT).await;
    let (link, state) = story.link_and_sign_in().await;
    *story.login.user.lock().unwrap() = Some(PLAIN);
    refused(&story, &state, StatusCode::FORBIDDEN).await;
    connects(&story, &link).await;
}

#[tokio::test]
async fn a_user_of_another_tenant_is_refused_and_the_link_stays_good() {
    let story = story(OTHER).await;
    let (link, state) = story.link_and_sign_in().await;
    *story.login.user.lock().unwrap() = Some(PLAIN);
    refused(&story, &state, StatusCode::FORBIDDEN).await;
    connects(&story, &link).await;
}

#[tokio::test]
async fn an_administrator_of_another_tenant_is_refused_and_the_link_stays_good() {
    let story = story(OTHER).await;
    let (link, state) = story.link_and_sign_in().await;
    *story.login.wids.lock().unwrap() = MAY_CONSENT.to_vec();
    let page = refused(&story, &state, StatusCode::FORBIDDEN).await;
    assert!(page.contains("of another tenant"), "{page}");
    connects(&story, &link).await;
}

#[tokio::test]
async fn whoever_works_through_delegated_administration_is_told_a_way_on() {
    let story = story(TENANT).await;
    let (link, state) = story.link_and_sign_in().await;
    *story.login.user.lock().unwrap() = Some(DELEGATED);
    let page = refused(&story, &state, StatusCode::FORBIDDEN).await;
    assert!(page.contains("delegated administration") && page.contains("invited as a guest"), "{page}");
    assert!(page.contains("Follow the link again"), "{page}");
    connects(&story, &link).await;
}

#[tokio::test]
async fn a_state_that_was_used_is_refused_and_changes_nothing() {
    let story = story(TENANT).await;
    let state = story.sent_to_sign_in().await;
    signed_in(&story, &state).await;
    let before = story.plane.kept();
    let again = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((story.plane.kept(), *story.login.redeemed.lock().unwrap()), (before, 1));
}

#[tokio::test]
async fn a_sign_in_that_comes_back_in_another_browser_is_refused_before_its_code_is_redeemed() {
    let story = story(TENANT).await;
    let state = story.sent_to_sign_in().await;
    let own = story.cookies();
    assert_eq!(own.len(), 1, "{own:?}");
    let (name, value) = own[0].split_once('=').unwrap();
    assert!(value.len() >= 40, "nobody guesses it");
    let spoiled = value.replace(|c: char| c.is_ascii_alphanumeric(), "0");
    for cookies in [
        vec![],
        vec![format!("{name}={spoiled}")],
        vec![format!("{name}=")],
        vec![format!("other={value}")],
        // Whoever sends it twice wants two readers to see two different values.
        vec![own[0].clone(), format!("{name}={spoiled}")],
    ] {
        story.set_cookies(&cookies);
        let page = refused(&story, &state, StatusCode::FORBIDDEN).await;
        assert!(page.contains("another browser"), "{cookies:?}: {page}");
    }
    assert_eq!(*story.login.redeemed.lock().unwrap(), 0, "the code is not touched");
    story.set_cookies(&["other=1".to_owned(), own[0].clone(), "more=2".to_owned()]);
    signed_in(&story, &state).await;
}

#[tokio::test]
async fn the_cookie_of_one_sign_in_is_good_for_no_other() {
    let story = story(TENANT).await;
    let first = story.sent_to_sign_in().await;
    let mine = story.cookies();
    let second = story.sent_to_sign_in().await;
    let both = story.cookies();
    let (name, value) = (mine[0].split_once('=').unwrap().0, both[1].split_once('=').unwrap().1);
    assert!(mine[0] != both[1] && both.len() == 2, "{both:?}");
    for cookies in [vec![both[1].clone()], vec![format!("{name}={value}")]] {
        story.set_cookies(&cookies);
        let page = refused(&story, &first, StatusCode::FORBIDDEN).await;
        assert!(page.contains("another browser"), "{page}");
    }
    story.set_cookies(&both);
    signed_in(&story, &second).await;
}

/// Whoever connects two customers has two pages open, and signs in at one after the other.
#[tokio::test]
async fn two_sign_ins_begun_in_one_browser_both_connect() {
    let first = story(TENANT).await;
    let (_, at_first) = first.link_and_sign_in().await;
    let path = format!("/v1/organisations/{}", first.org);
    let second = first.in_another_organisation().await;
    let answer = second.consented(OTHER).await;
    let at_second = Story::state_in(&answer);
    assert_eq!(second.cookies().len(), 2);
    let back = async |of: &str, state: &str| {
        of.clone_into(&mut second.login.of.lock().unwrap());
        let answer = second.callback(&format!("code=good&state={state}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    };
    back(TENANT, &at_first).await;
    back(OTHER, &at_second).await;
    let connected = second.plane.get(&second.owner, &path).await.json();
    assert_eq!((&connected["tenant"]["id"], &second.tenant().await["id"]), (&json!(TENANT), &json!(OTHER)));
    assert_eq!(second.cookies(), Vec::<String>::new(), "nothing of them is left");
}

#[tokio::test]
async fn a_browser_keeps_the_cookies_of_eight_sign_ins_and_one_more_ends_the_oldest() {
    let story = story(TENANT).await;
    let mut states = Vec::new();
    for _ in 0..10 {
        states.push(story.sent_to_sign_in().await);
    }
    assert_eq!(story.cookies().len(), 8);
    for oldest in &states[..2] {
        refused(&story, oldest, StatusCode::FORBIDDEN).await;
    }
    signed_in(&story, &states[2]).await;
}

/// The code of a sign-in is good once: where it was redeemed, the page that it leads to can be loaded again in vain.
#[tokio::test]
async fn a_sign_in_that_ends_in_an_outage_says_to_follow_the_link_again() {
    for kind in [ErrorKind::Unavailable, ErrorKind::Throttled { retry_after_ms: None }] {
        let story = story(TENANT).await;
        let (link, state) = story.link_and_sign_in().await;
        *story.login.outage.lock().unwrap() = Some(kind);
        let answer = story.callback(&format!("code=good&state={state}")).await;
        assert!([429, 503].contains(&answer.status.as_u16()), "{answer:?}");
        says_to_follow_the_link(&answer.text);
        *story.login.outage.lock().unwrap() = None;
        refused(&story, &state, StatusCode::FORBIDDEN).await;
        connects(&story, &link).await;
    }
    // Wherever the table does not answer on the way back from the sign-in.
    let mut outages = 0;
    for call in 0..40 {
        let story = story(TENANT).await;
        let (link, state) = story.link_and_sign_in().await;
        story.plane.plan.take_log();
        story.plane.plan.fail_at(call, Mode::Before);
        let answer = story.callback(&format!("code=good&state={state}")).await;
        story.plane.plan.heal();
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            outages += 1;
            says_to_follow_the_link(&answer.text);
            connects(&story, &link).await;
        }
    }
    assert!(outages >= 5, "{outages}");
    // On the way back from the consent nothing is spent: the same page can be loaded again.
    let story = story(TENANT).await;
    let (link, _) = story.link_and_sign_in().await;
    story.plane.plan.take_log();
    story.plane.plan.fail_at(0, Mode::Before);
    let answer = story.callback(&format!("admin_consent=True&tenant={TENANT}&state={link}")).await;
    story.plane.plan.heal();
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains("Reload this page in a minute"), "{}", answer.text);
    connects(&story, &link).await;
}

fn says_to_follow_the_link(page: &str) {
    assert!(page.contains("Follow the link again in a minute") && !page.contains("Reload"), "{page}");
}

#[tokio::test]
async fn the_cookie_is_this_hosts_alone_unseen_by_scripts_and_gone_once_connected() {
    let story = story(TENANT).await;
    let answer = story.consented(TENANT).await;
    for (name, value) in
        [("strict-transport-security", "max-age=63072000"), ("cross-origin-opener-policy", "same-origin")]
    {
        assert_eq!(answer.headers[name], value);
    }
    let set = answer.headers["set-cookie"].to_str().unwrap();
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert!(pair.starts_with("__Host-"), "{set}");
    let mut attributes: Vec<_> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=900", "Path=/", "SameSite=Lax", "Secure"]);
    let value = pair.split_once('=').unwrap().1;
    assert!(!format!("{:?}", story.plane.kept()).contains(value), "only its hash is kept");
    let state = Story::state_in(&answer);
    let done = story.callback(&format!("code=good&state={state}")).await;
    let ended = done.headers["set-cookie"].to_str().unwrap();
    assert!(ended.contains("Max-Age=0") && ended.contains("Secure"), "{ended}");
}

#[tokio::test]
async fn a_sign_in_that_took_too_long_is_refused_and_the_link_is_followed_again() {
    let story = story(TENANT).await;
    let (link, state) = story.link_and_sign_in().await;
    story.plane.world.clock.advance(SignedDuration::from_mins(15));
    refused(&story, &state, StatusCode::UNPROCESSABLE_ENTITY).await;
    connects(&story, &link).await;
}

#[tokio::test]
async fn a_link_that_has_ended_is_refused_whoever_signs_in() {
    let story = story(TENANT).await;
    let (link, _) = story.link_and_sign_in().await;
    story.plane.world.clock.advance(SignedDuration::from_mins(60));
    let before = story.plane.kept();
    let late = story.callback(&format!("admin_consent=True&tenant={TENANT}&state={link}")).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((story.tenant().await, story.plane.kept()), (Value::Null, before));
}

#[tokio::test]
async fn a_consent_without_a_sign_in_connects_nothing() {
    let story = story(TENANT).await;
    let (link, state) = story.link_and_sign_in().await;
    let before = story.plane.kept();
    for query in [
        // No code, no good code, and a code with the state of the consent in place of the sign-in's.
        format!("state={state}"),
        format!("code=bad&state={state}"),
        format!("code=good&state={link}"),
    ] {
        let answer = story.callback(&query).await;
        assert!(answer.status.is_client_error(), "{query}: {answer:?}");
        assert_eq!((story.tenant().await, story.plane.kept()), (Value::Null, before.clone()), "{query}");
    }
    signed_in(&story, &state).await;
}

#[tokio::test]
async fn a_tenant_that_was_connected_before_says_so_to_the_next_who_connects_it() {
    let story = story(TENANT).await;
    let state = story.sent_to_sign_in().await;
    let first = story.callback(&format!("code=good&state={state}")).await;
    assert!(!first.text.contains("before"), "{}", first.text);
    assert!(story.tenant().await["connectedBefore"].is_null());
    story.ended_elsewhere().await;
    let again = story.in_another_organisation().await;
    let state = again.sent_to_sign_in().await;
    let page = again.callback(&format!("code=good&state={state}")).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    assert!(page.text.contains("was connected before") && page.text.contains("withdraw"), "{}", page.text);
    assert!(again.tenant().await["connectedBefore"].is_string());
}

#[tokio::test]
async fn whoever_waited_for_one_tenant_and_connected_another_leaves_no_key_when_it_is_deleted() {
    let story = story(OTHER).await;
    let named = |story: &Story| {
        let rows = story.plane.world.catalog.rows().into_iter();
        let keys = rows.filter(|(_, row)| row.key == format!("key#{}", story.org));
        keys.map(|(scope, _)| scope.text()).collect::<Vec<_>>()
    };
    story.plane.directory.0.lock().unwrap().holders = Err(ErrorKind::Unavailable);
    let state = Story::state_in(&story.consented(OTHER).await);
    let waits = story.callback(&format!("code=good&state={state}")).await;
    assert_eq!((waits.status, named(&story).len()), (StatusCode::ACCEPTED, 1), "{waits:?}");
    story.plane.directory.0.lock().unwrap().holders = Ok(vec![ADMINISTRATOR]);
    let state = story.sent_to_sign_in().await;
    signs_in(&story, &state).await;
    assert_eq!(named(&story), [format!("key/{TENANT}"), format!("key/{OTHER}")]);
    story.ended_elsewhere().await;
    assert_eq!(named(&story), [""; 0]);
}

/// Somebody who consented long ago is sent the callback of a link that they never saw: Microsoft would ask them for an
/// account, and for nothing else.
#[tokio::test]
async fn whoever_signs_in_has_seen_for_whom() {
    let story = story(TENANT).await;
    let state = story.sent_to_sign_in().await;
    story.callback(&format!("code=good&state={state}")).await;
    story.ended_elsewhere().await;
    let mallory = story.in_another_organisation().await;
    let before = mallory.plane.kept();
    let page = mallory.consented(TENANT).await;
    assert_eq!((page.status, page.headers.get("location")), (StatusCode::OK, None), "{page:?}");
    let partner = mallory.owner.member().unwrap().partner.to_string();
    for told in ["<dd>P <small>(as it calls itself)", &partner, "<dd>Fabrikam <small>", TENANT] {
        assert!(page.text.contains(told), "{told}: {}", page.text);
    }
    assert!(page.text.contains("This tenant was connected before, until "), "{}", page.text);
    assert!(
        !page.text.contains("http-equiv") && !page.text.contains("<script"),
        "it goes on by nothing but the link"
    );
    assert_eq!(mallory.tenant().await, Value::Null);
    // The state of the link and that of the sign-in.
    assert_eq!(mallory.plane.kept().len(), before.len() + 2);
    signs_in(&mallory, &Story::state_in(&page)).await;
}

#[tokio::test]
async fn what_a_partner_calls_itself_is_text_on_the_page_and_nothing_else() {
    let story = story(TENANT).await.in_organisation("<script>x</script> & <a href='/y'>").await;
    let page = story.consented(TENANT).await;
    assert!(page.text.contains("&lt;script&gt;x&lt;/script&gt; &amp; &lt;a"), "{}", page.text);
    assert!(!page.text.contains("<script>") && !page.text.contains("'/y'"), "{}", page.text);
}

#[tokio::test]
async fn a_slow_look_up_answers_waiting_within_three_seconds() {
    for slow in [Slow::Standing, Slow::Organisation] {
        let story = story(TENANT).await;
        let state = story.sent_to_sign_in().await;
        story.plane.directory.0.lock().unwrap().slow = Some(slow);
        let begun = story.plane.world.clock.now();
        let answer = story.callback(&format!("code=good&state={state}")).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        let took = story.plane.world.clock.now().duration_since(begun);
        assert!(took <= SignedDuration::from_secs(3), "{took}");
    }
}
