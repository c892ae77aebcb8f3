//! Requests for downgrades, which the top partner decides.

use super::not_blank;
use domain::plans::ProductType;
use domain::subscriptions::RequestState;
use domain::{DowngradeId, OrganisationId, PartnerId, PlanId, Timestamp};
use engine::ports::Page;
use engine::records::DowngradeRequest;
use garde::Validate;
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A request for a downgrade.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DowngradeOut {
    /// The id of the request.
    pub id: DowngradeId,
    /// The partner whose customer the organisation is.
    pub partner: PartnerId,
    /// The organisation that is to pay for less.
    pub organisation: OrganisationId,
    /// The plan that it pays for now.
    pub from: PlanId,
    /// The product that it has now.
    pub from_product: ProductType,
    /// The plan that it is to pay for.
    pub to: PlanId,
    /// The product that it is to have.
    pub to_product: ProductType,
    /// Whether it is decided, and how.
    pub state: RequestState,
    /// When the downgrade was asked for.
    pub asked_at: Timestamp,
    /// Who asked for it: a person's id, or the first characters of a token.
    pub asked_by: String,
    /// When it was decided; null while it is not.
    pub decided_at: Option<Timestamp>,
    /// Who decided it; null while nobody has.
    pub decided_by: Option<String>,
    /// Why it was refused, for a person; null unless it was.
    pub reason: Option<String>,
}

impl From<DowngradeRequest> for DowngradeOut {
    fn from(request: DowngradeRequest) -> Self {
        Self {
            id: request.id,
            partner: request.partner,
            organisation: request.organisation,
            from: request.from,
            from_product: request.from_product,
            to: request.to,
            to_product: request.to_product,
            state: request.state,
            asked_at: request.asked_at,
            asked_by: request.asked_by,
            decided_at: request.decided_at,
            decided_by: request.decided_by,
            reason: request.reason,
        }
    }
}

/// Which requests are wanted, and which part of their list.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DowngradesIn {
    /// Only those in that state.
    #[garde(skip)]
    pub state: Option<RequestState>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl DowngradesIn {
    /// The page of that cursor and limit, in the form of `engine::ports::Page`.
    pub fn page(self) -> Page {
        PageIn { cursor: self.cursor, limit: self.limit }.page()
    }
}

/// Why a downgrade is refused.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefuseIn {
    /// Why it is refused, for whoever asked.
    #[garde(length(chars, max = 1_000), custom(not_blank))]
    pub reason: String,
}
