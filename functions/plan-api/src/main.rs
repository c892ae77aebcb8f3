//! Joins the control plane to API Gateway.

use partners::commands::connect::Connect;
use partners::commands::invitations::Invitations;
use partners::commands::organisations::Organisations;
use partners::commands::partners::Partners;
use partners::commands::people::People;
use partners::commands::plans::Plans;
use partners::commands::tokens::Tokens;
use plan_api::{Money, PlanApi, router};
use runtime::http::rate_limited;
use runtime::settings::OIDC_ISSUER;
use runtime::wiring::Wiring;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = Wiring::from_env()?;
    let (gate, clock, ids) = (wiring.gate(), wiring.clock.clone(), wiring.ids.clone());
    let (directory, keys, settings) = (wiring.directory()?, wiring.keys(), wiring.settings.consent()?);
    let (sign_ins, has_sign_in) = (wiring.sign_ins()?, wiring.settings.find(OIDC_ISSUER).is_some());
    let money = Money::new(&gate, &clock, &ids, &settings.redirect_url)?;
    let limit = wiring.settings.rate_limit()?;
    let routes = router(PlanApi {
        partners: Partners { gate: gate.clone(), clock: clock.clone(), ids: ids.clone(), has_sign_in },
        plans: Plans { gate: gate.clone(), clock: clock.clone(), ids: ids.clone() },
        organisations: Organisations { gate: gate.clone(), clock: clock.clone(), ids: ids.clone() },
        people: People { gate: gate.clone(), clock: clock.clone() },
        invitations: Invitations { gate: gate.clone(), clock: clock.clone(), ids: ids.clone(), has_sign_in },
        signer: wiring.signer(),
        tokens: Tokens { gate: gate.clone(), clock: clock.clone(), ids: ids.clone() },
        connect: Connect { gate, clock: clock.clone(), ids, directory, keys, sign_ins, settings },
        money,
    });
    runtime::http::run(rate_limited(routes, limit, clock)).await
}
