//! Who may connect a tenant: whoever can consent in it, and nobody else.

use super::rig::{Rig, Setting};
use domain::ErrorKind;
use engine::commands::connect::Next;
use serde_json::json;

/// A tenant that is not connected.
async fn unconnected(premium_p2: bool) -> Rig {
    Rig::with(Setting { connected: false, premium_p2, ..Setting::default() }).await
}

#[tokio::test]
async fn a_user_without_a_role_and_a_guest_connect_nothing_and_the_link_stays_good() {
    let rig = unconnected(true).await;
    let tenant = rig.tenant().clone();
    let admin = rig.admin(&tenant).await;
    let plain = admin.create_user("Plain Person", "Clerk").await;
    let guest = admin.create_user("Guest Person", "Consultant").await;
    admin.patch(&format!("users/{guest}"), &json!({ "userType": "Guest" })).await;
    // It consented once, and left: consent in Entra stays.
    rig.control.consent(tenant.as_str(), sim::READER_CLIENT_ID);
    let state = rig.consent_link(&rig.organisation().await, "reader").await;
    for user in [&plain, &guest] {
        let refused = rig.come_back(&state, &tenant, user).await;
        assert_eq!(refused.map(|_| "connected").unwrap_err().kind(), ErrorKind::Denied);
    }
    assert!(rig.is_good(&state).await, "a refusal spends nothing");
    assert_eq!(rig.find_tenant_row(&tenant).await, None);
    assert_eq!(rig.organisation().await.tenant, None);
}
