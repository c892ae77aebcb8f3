//! Which tokens let whom in.

use authorize_request::{Answer, Strangers, authorize};
use aws_lambda_events::apigw::ApiGatewayV2CustomAuthorizerV2Request;
use domain::PartnerId;
use domain::rights::Role;
use engine::ports::Clock;
use engine::records::rights::Function;
use engine::records::{ApiToken, Found, Records};
use jiff::SignedDuration;
use partners::commands::sign_in::{FindCaller, bootstrap_sha256};
use partners::commands::tokens::{TOKEN_LIFE_HOURS, new_token};
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;
use support::policy::{Deployed, Refusals};

const EVENT: &str = include_str!("../../../../events/authorize-request/bearer.json");
const BOOTSTRAP: &str = "a bootstrap token of more than 32 characters";

fn find(world: &World) -> FindCaller {
    FindCaller {
        records: Records::new(world.catalog.clone(), world.clock.clone()),
        clock: world.clock.clone(),
        bootstrap_sha256: Some(bootstrap_sha256(BOOTSTRAP)),
    }
}

async fn with_header(world: &World, header: &str) -> Answer {
    let mut request: ApiGatewayV2CustomAuthorizerV2Request = serde_json::from_str(EVENT).unwrap();
    request.headers.insert("authorization", header.parse().unwrap());
    let refusals = Refusals::default();
    let catalog = Deployed::read().catalog(Function::AuthorizeRequest, world.catalog.clone(), &refusals);
    let behind = FindCaller { records: Records::new(catalog, world.clock.clone()), ..find(world) };
    authorize(&request, &behind, None, &Strangers::default()).await.unwrap()
}

async fn token(world: &World) -> String {
    let partner = PartnerId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
    let (text, row) = new_token(world.ids.as_ref(), world.clock.now(), (partner, Role::Owner), "Owner", None);
    find(world).records.put_new(&row).await.unwrap();
    text
}

#[tokio::test]
async fn a_good_token_is_told_as_its_partner_and_role_and_never_as_itself() {
    let world = World::new(1);
    let token = token(&world).await;
    for scheme in ["Bearer", "bearer"] {
        let answer = with_header(&world, &format!("{scheme} {token}")).await;
        assert!(answer.is_authorized);
        assert_eq!(answer.context["partner"], "prt_01jaaaaaaaaaaaaaaaaaaaaaaa");
        assert_eq!(answer.context["role"], "owner");
        assert!(!serde_json::to_string(&answer).unwrap().contains(&token));
    }
}

#[tokio::test]
async fn the_bootstrap_token_is_the_operators() {
    let answer = with_header(&World::new(1), &format!("Bearer {BOOTSTRAP}")).await;
    assert_eq!(answer.context["caller"], "operator");
}

#[tokio::test]
async fn an_unknown_token_or_no_token_lets_nobody_in() {
    let world = World::new(1);
    let token = token(&world).await;
    let wrong = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Basic {token}"),
        token.clone(),
        format!("Bearer {}", &token[..token.len() - 1]),
        format!("Bearer {token}0"),
        format!("Bearer {}", ApiToken::hash(&token)),
        format!("Bearer {}", "x".repeat(4_000)),
    ];
    for header in wrong {
        let answer = with_header(&world, &header).await;
        assert!(!answer.is_authorized && answer.context.is_empty(), "{header}");
    }
    let as_it_is: ApiGatewayV2CustomAuthorizerV2Request = serde_json::from_str(EVENT).unwrap();
    assert!(!authorize(&as_it_is, &find(&world), None, &Strangers::default()).await.unwrap().is_authorized);
}

#[tokio::test]
async fn a_wrong_token_is_looked_up_once_in_half_a_minute_and_what_cannot_be_ours_never() {
    let (world, faults, strangers) = (World::new(1), FaultPlan::new(), Strangers::default());
    let catalog = Faulty::new(world.catalog.clone(), &faults);
    let find = FindCaller { records: Records::new(catalog, world.clock.clone()), ..find(&world) };
    let show = async |token: &str| {
        let mut request: ApiGatewayV2CustomAuthorizerV2Request = serde_json::from_str(EVENT).unwrap();
        request.headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        let answer = authorize(&request, &find, None, &strangers).await.unwrap();
        (answer.is_authorized, faults.take_log().len())
    };
    let good = token(&world).await;
    let wrong = format!("hft_{}", "0".repeat(64));
    assert_eq!(show(&wrong).await, (false, 1));
    for _ in 0..100 {
        assert_eq!(show(&wrong).await, (false, 0));
    }
    assert!(show(&good).await.0, "and whoever is known is let in beside it");
    world.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(show(&wrong).await, (false, 1));
    for never in ["a.jwt.of-nobody", &"x".repeat(4_000)] {
        assert_eq!(show(never).await, (false, 0));
    }
}

#[tokio::test]
async fn a_token_ends_when_it_expires_or_is_revoked() {
    let world = World::new(1);
    let (kept, revoked) = (token(&world).await, token(&world).await);
    let find = find(&world);
    let Found { mut value, version } =
        find.records.get(&ApiToken::at(&ApiToken::hash(&revoked))).await.unwrap();
    value.revoked_at = Some(world.clock.now());
    find.records.replace(&value, version).await.unwrap();
    assert!(!with_header(&world, &format!("Bearer {revoked}")).await.is_authorized);
    world.clock.advance(SignedDuration::from_hours(TOKEN_LIFE_HOURS) - SignedDuration::from_secs(1));
    assert!(with_header(&world, &format!("Bearer {kept}")).await.is_authorized);
    world.clock.advance(SignedDuration::from_secs(1));
    assert!(!with_header(&world, &format!("Bearer {kept}")).await.is_authorized);
}
