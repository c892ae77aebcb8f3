//! The control plane's routes, for the OpenAPI document. A new route is a row here.

use crate::wire::audit::{AuditEntryOut, AuditIn, ExportIn, VerifiedOut, VerifyIn};
use crate::wire::life::{
    AcceptIn, CertificateIn, CertificateOut, DeletionIn, FeaturesIn, OfferIn, OfferOut, OfferedOut,
    OrganisationEditIn,
};
use crate::wire::people::{
    AcceptIn as AcceptInvitationIn, InvitationOut, NewInvitationIn, PersonChangeIn, PersonOut,
};
use crate::wire::plans::{OwnLicenceIn, PlanEditIn, PlanViewOut};
use crate::wire::subscriptions::{
    AccessIn, AccessLinkOut, DowngradeOut, DowngradesIn, RefuseIn, SessionOut, SubscriptionEditIn,
    SubscriptionOut,
};
use crate::wire::tokens::{NewTokenIn, TokenOut};
use crate::wire::usage::{InvoiceIn, UsageIn, UsageOut};
use crate::wire::{
    ConsentLinkIn, ConsentLinkOut, NewOrganisationIn, NewPartnerIn, NewPartnerOut, NewPlanIn,
    OrganisationOut, PageIn, PartnerOut, PlanOut, SearchIn, SkuIn,
};
use domain::rights::Action;
use engine::Listed;
use engine::signed::KeySet;
use runtime::openapi::Route;

/// The table.
#[rustfmt::skip]
pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/partners", "createPartner", "Makes a partner, its Owner and the Owner's token.")
            .right(Action::ManagePeople).body::<NewPartnerIn>().answers::<NewPartnerOut>(201),
        Route::get("/v1/partners", "listPartnersBelow", "The partners directly below the caller's.")
            .right(Action::ReadPartner).query::<PageIn>().answers::<Listed<PartnerOut>>(200),
        Route::get("/v1/people", "listPeople", "The people of the caller's partner.")
            .right(Action::ManagePeople).query::<PageIn>().answers::<Listed<PersonOut>>(200),
        Route::get("/v1/people/{per}", "readPerson", "A person.")
            .right(Action::ManagePeople).answers::<PersonOut>(200).versioned(),
        Route::patch("/v1/people/{per}", "changePerson", "Changes a person's name, time zone, role or limitation.")
            .right(Action::ManagePeople).body::<PersonChangeIn>().answers::<PersonOut>(200).edits(),
        Route::delete("/v1/people/{per}", "removePerson", "The person leaves; the last Owner cannot.")
            .right(Action::ManagePeople).answers_nothing(),
        Route::post("/v1/invitations", "invite", "Invites a person by mail.")
            .right(Action::ManagePeople).body::<NewInvitationIn>().answers::<InvitationOut>(201).located(),
        Route::get("/v1/invitations", "listInvitations", "Invitations that are open.")
            .right(Action::ManagePeople).query::<PageIn>().answers::<Listed<InvitationOut>>(200),
        Route::delete("/v1/invitations/{inv}", "withdrawInvitation", "Takes an invitation back.")
            .right(Action::ManagePeople).answers_nothing(),
        Route::post("/v1/invitations/accept", "acceptInvitation", "Whoever is signed in becomes the person that was invited.")
            .body::<AcceptInvitationIn>().answers::<PersonOut>(201).located(),
        Route::post("/v1/tokens", "createToken", "Makes an API token, shown this once.")
            .right(Action::ManageTokens).body::<NewTokenIn>().answers::<TokenOut>(201).located(),
        Route::get("/v1/tokens", "listTokens", "The API tokens of the caller's partner.")
            .right(Action::ManageTokens).query::<PageIn>().answers::<Listed<TokenOut>>(200),
        Route::get("/v1/tokens/{tok}", "readToken", "An API token: its beginning, role, creation and last use.")
            .right(Action::ManageTokens).answers::<TokenOut>(200),
        Route::delete("/v1/tokens/{tok}", "revokeToken", "The token is no longer good.")
            .right(Action::ManageTokens).answers_nothing(),
        Route::post("/v1/tokens/{tok}/rotate", "rotateToken", "A new token in the place of this one.")
            .right(Action::ManageTokens).answers::<TokenOut>(201).located(),
        Route::get("/v1/organisations/{org}/token", "readOrganisationToken", "The organisation's own token.")
            .right(Action::ManageTokens).answers::<TokenOut>(200),
        Route::post("/v1/organisations/{org}/token", "renewOrganisationToken", "Makes the organisation's own token anew.")
            .right(Action::ManageTokens).answers::<TokenOut>(201).located(),
        Route::delete("/v1/organisations/{org}/token", "revokeOrganisationToken", "The organisation's own token is no longer good.")
            .right(Action::ManageTokens).answers_nothing(),
        Route::get("/v1/partner", "readPartner", "The caller's partner.")
            .right(Action::ReadPartner).answers::<PartnerOut>(200),
        Route::post("/v1/partner/sku", "activateSku", "Activates the Entra SKU.")
            .right(Action::ManagePlans).body::<SkuIn>().answers::<PartnerOut>(200),
        Route::post("/v1/plans", "createPlan", "Makes a plan.")
            .right(Action::ManagePlans).body::<NewPlanIn>().answers::<PlanOut>(201).located().versioned(),
        Route::get("/v1/plans", "listPlans", "The plans assigned to the caller's partner, newest first.")
            .right(Action::ReadPartner).query::<PageIn>().answers::<Listed<PlanOut>>(200),
        Route::post("/v1/organisations", "createOrganisation", "Makes an organisation.")
            .right(Action::ManageOrganisation).body::<NewOrganisationIn>().answers::<OrganisationOut>(201).located().versioned(),
        Route::get("/v1/organisations", "listOrganisations", "The organisations that the caller sees.")
            .right(Action::ReadPartner).query::<SearchIn>().answers::<Listed<OrganisationOut>>(200)
            .answers_text(200, "text/csv"),
        Route::get("/v1/organisations/{org}", "readOrganisation", "An organisation.")
            .right(Action::ReadPartner).answers::<OrganisationOut>(200).versioned(),
        Route::patch("/v1/organisations/{org}", "editOrganisation", "Changes an organisation's general information.")
            .right(Action::EditOrganisation).body::<OrganisationEditIn>().answers::<OrganisationOut>(200).edits(),
        Route::put("/v1/organisations/{org}/features", "setFeatures", "Switches what its end users may do.")
            .right(Action::ManageOrganisation).body::<FeaturesIn>().answers::<OrganisationOut>(200).edits(),
        Route::post("/v1/organisations/{org}/suspend", "suspendOrganisation", "Its people no longer sign in; backups go on.")
            .right(Action::ManageOrganisation).answers::<OrganisationOut>(200).edits(),
        Route::post("/v1/organisations/{org}/reactivate", "reactivateOrganisation", "Everything works again.")
            .right(Action::ManageOrganisation).answers::<OrganisationOut>(200).edits(),
        Route::post("/v1/organisations/{org}/unsubscribe", "unsubscribeOrganisation", "Backups stop; the data is kept for 45 days.")
            .right(Action::EndOrganisation).answers::<OrganisationOut>(200).edits(),
        Route::post("/v1/organisations/{org}/deletion", "deleteOrganisation", "Its data is deleted after a hold.")
            .right(Action::EndOrganisation).body::<DeletionIn>().answers::<OrganisationOut>(200).edits(),
        Route::delete("/v1/organisations/{org}/deletion", "cancelDeletion", "The deletion does not happen.")
            .right(Action::EndOrganisation).answers::<OrganisationOut>(200).edits(),
        Route::get("/v1/organisations/{org}/deletion-certificate", "readDeletionCertificate", "That its data was deleted, and when.")
            .right(Action::EndOrganisation).query::<CertificateIn>().answers::<CertificateOut>(200),
        Route::post("/v1/organisations/{org}/transfer", "offerTransfer", "Offers it to another partner.")
            .right(Action::EndOrganisation).body::<OfferIn>().answers::<OfferOut>(201).takes_version(),
        Route::delete("/v1/organisations/{org}/transfer", "withdrawTransfer", "Takes an offer back, or refuses it.")
            .right(Action::EndOrganisation).answers_nothing(),
        Route::post("/v1/organisations/{org}/transfer/accept", "acceptTransfer", "Takes what is offered, on one of the caller's plans.")
            .right(Action::EndOrganisation).body::<AcceptIn>().answers::<OrganisationOut>(200).versioned(),
        Route::get("/v1/transfers", "listTransfers", "What is offered to the caller's partner.")
            .right(Action::EndOrganisation).query::<PageIn>().answers::<Listed<OfferedOut>>(200),
        Route::get("/v1/plans/{pln}", "readPlan", "A plan, with how many organisations are on it.")
            .right(Action::ReadPartner).answers::<PlanViewOut>(200).versioned(),
        Route::patch("/v1/plans/{pln}", "editPlan", "Changes a plan's name, price or visibility.")
            .right(Action::ManagePlans).body::<PlanEditIn>().answers::<PlanViewOut>(200).edits(),
        Route::put("/v1/plans/{pln}/partners/{prt}", "assignPlan", "A partner below may sell the plan.")
            .right(Action::ManagePlans).answers_nothing(),
        Route::delete("/v1/plans/{pln}/partners/{prt}", "unassignPlan", "The partner below may no longer sell the plan.")
            .right(Action::ManagePlans).answers_nothing(),
        Route::post("/v1/partner/own-licence", "createOwnLicence", "Makes the partner's plan not for resale.")
            .right(Action::ManagePlans).body::<OwnLicenceIn>().answers::<PlanOut>(201).located().versioned(),
        Route::get("/v1/organisations/{org}/subscription", "readSubscription", "What an organisation pays for.")
            .right(Action::ReadPartner).answers::<SubscriptionOut>(200).versioned(),
        Route::patch("/v1/organisations/{org}/subscription", "changeSubscription", "Changes seats or plan; a downgrade is asked for.")
            .right(Action::ChangeSubscription).body::<SubscriptionEditIn>()
            .answers::<SubscriptionOut>(200).answers::<DowngradeOut>(202).edits(),
        Route::post("/v1/organisations/{org}/access-link", "makeAccessLink", "A link to the organisation's portal, good once.")
            .right(Action::ManageOrganisation).answers::<AccessLinkOut>(201),
        Route::post("/v1/access", "openAccess", "A session of an hour for a link's token.")
            .open().body::<AccessIn>().answers::<SessionOut>(201).problems(&[404]),
        Route::get("/portal", "openPortal", "The page behind an access link, the same for everybody.")
            .open().answers_text(200, "text/html"),
        Route::get("/v1/downgrade-requests", "listDowngrades", "Requests for downgrades.")
            .right(Action::ReadPartner).query::<DowngradesIn>().answers::<Listed<DowngradeOut>>(200),
        Route::post("/v1/downgrade-requests/{dwn}/approve", "approveDowngrade", "The downgrade takes effect.")
            .right(Action::ApproveDowngrade).answers::<DowngradeOut>(200),
        Route::post("/v1/downgrade-requests/{dwn}/refuse", "refuseDowngrade", "The downgrade does not happen.")
            .right(Action::ApproveDowngrade).body::<RefuseIn>().answers::<DowngradeOut>(200),
        Route::get("/v1/usage", "readUsage", "What the organisations of a partner used in a month.")
            .right(Action::ReadMoney).query::<UsageIn>().answers::<UsageOut>(200).answers_text(200, "text/csv"),
        Route::get("/v1/invoices/{month}", "readInvoice", "A month of the caller's partner.")
            .right(Action::ReadMoney).query::<InvoiceIn>().answers::<UsageOut>(200).answers_text(200, "text/csv"),
        Route::post("/v1/organisations/{org}/consent-link", "makeConsentLink", "A link for the administrator of the tenant.")
            .right(Action::ConnectOrganisation).body::<ConsentLinkIn>().answers::<ConsentLinkOut>(201),
        Route::get("/v1/consent/callback", "consentCallback", "Where Microsoft sends the administrator back to; answers a page.")
            .open().answers_text(200, "text/html").answers_text(202, "text/html").answers_text(302, "text/html"),
        Route::get("/v1/audit", "listAudit", "The audit log, newest first.")
            .right(Action::ReadAudit).query::<AuditIn>().answers::<Listed<AuditEntryOut>>(200),
        Route::get("/v1/audit/export", "exportAudit", "The audit log, oldest first, as lines of JSON or as CSV.")
            .right(Action::ExportAudit).query::<ExportIn>()
            .answers_text(200, "application/jsonl").answers_text(200, "text/csv"),
        Route::get("/v1/audit/verify", "verifyAudit", "Whether the audit log is whole.")
            .right(Action::ExportAudit).query::<VerifyIn>().answers::<VerifiedOut>(200),
        Route::get("/v1/signing-keys", "readSigningKeys", "The keys that certificates of deletion are signed by.")
            .open().answers::<KeySet>(200),
        Route::get("/v1/openapi.json", "readOpenApi", "This document.")
            .open().answers_text(200, "application/json"),
    ]
}
