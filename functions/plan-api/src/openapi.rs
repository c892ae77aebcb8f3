//! The control plane's routes, for the OpenAPI document. A new route is a row here.

use crate::wire::audit::{AuditEntryOut, AuditIn, ExportIn, VerifiedOut, VerifyIn};
use crate::wire::{
    ConsentLinkIn, ConsentLinkOut, NewOrganisationIn, NewPartnerIn, NewPartnerOut, NewPlanIn,
    OrganisationOut, PageIn, PartnerOut, PlanOut, SearchIn, SkuIn,
};
use domain::rights::Action;
use engine::commands::Listed;
use runtime::openapi::Route;

/// The table.
#[rustfmt::skip]
pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/partners", "createPartner", "Makes a partner, its Owner and the Owner's token.")
            .right(Action::ManagePeople).body::<NewPartnerIn>().answers::<NewPartnerOut>(201),
        Route::get("/v1/partner", "readPartner", "The caller's partner.")
            .right(Action::ReadPartner).answers::<PartnerOut>(200),
        Route::post("/v1/partner/sku", "activateSku", "Activates the Entra SKU.")
            .right(Action::ManagePlans).body::<SkuIn>().answers::<PartnerOut>(200),
        Route::post("/v1/plans", "createPlan", "Makes a plan.")
            .right(Action::ManagePlans).body::<NewPlanIn>().answers::<PlanOut>(201),
        Route::get("/v1/plans", "listPlans", "The plans assigned to the caller's partner, newest first.")
            .right(Action::ReadPartner).query::<PageIn>().answers::<Listed<PlanOut>>(200),
        Route::post("/v1/organisations", "createOrganisation", "Makes an organisation.")
            .right(Action::ManageOrganisation).body::<NewOrganisationIn>().answers::<OrganisationOut>(201).located(),
        Route::get("/v1/organisations", "listOrganisations", "The organisations that the caller sees.")
            .right(Action::ReadPartner).query::<SearchIn>().answers::<Listed<OrganisationOut>>(200),
        Route::get("/v1/organisations/{org}", "readOrganisation", "An organisation.")
            .right(Action::ReadPartner).answers::<OrganisationOut>(200),
        Route::post("/v1/organisations/{org}/consent-link", "makeConsentLink", "A link for the administrator of the tenant.")
            .right(Action::ConnectOrganisation).body::<ConsentLinkIn>().answers::<ConsentLinkOut>(201),
        Route::get("/v1/consent/callback", "consentCallback", "Where Microsoft sends the administrator back to; answers a page.")
            .open().answers_text(200, "text/html"),
        Route::get("/v1/audit", "listAudit", "The audit log, newest first.")
            .right(Action::ReadAudit).query::<AuditIn>().answers::<Listed<AuditEntryOut>>(200),
        Route::get("/v1/audit/export", "exportAudit", "The audit log, oldest first, as lines of JSON or as CSV.")
            .right(Action::ExportAudit).query::<ExportIn>()
            .answers_text(200, "application/jsonl").answers_text(200, "text/csv"),
        Route::get("/v1/audit/verify", "verifyAudit", "Whether the audit log is whole.")
            .right(Action::ExportAudit).query::<VerifyIn>().answers::<VerifiedOut>(200),
        Route::get("/v1/openapi.json", "readOpenApi", "This document.")
            .open().answers_text(200, "application/json"),
    ]
}
