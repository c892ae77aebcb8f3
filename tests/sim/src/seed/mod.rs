//! A plausible company, made from a seed: the same seed makes the same directory.

mod groups;
mod names;
mod people;
mod policies;
mod privileges;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::clock::{START_SECOND, iso, iso_with_fraction};
use crate::graph::BUILT_IN;
use crate::state::{Directory, Index};

/// A SKU: its id, its name, and its service plans with id and name.
type Sku = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The two SKUs that the company subscribes to.
const SKUS: &[Sku] = &[
    (
        "05e9a617-0261-4cee-bb44-138d3ef5d965",
        "SPE_E3",
        &[
            ("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE"),
            ("c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A"),
            ("57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1"),
        ],
    ),
    (
        "84a661c4-e949-4bd2-a560-ed7766fcaf2b",
        "AAD_PREMIUM_P2",
        &[("eec0eb4f-6444-4f95-aba0-50c24d67f998", "AAD_PREMIUM_P2")],
    ),
];

/// The licence that most people have.
pub(crate) const MAIN_SKU: &str = SKUS[0].0;

/// What the parts of the seed share.
struct Company<'a> {
    d: &'a mut Directory,
    random: SmallRng,
    users: Vec<Index>,
    groups: Vec<Index>,
}

impl Company<'_> {
    fn below(&mut self, n: usize) -> usize {
        self.random.random_range(0..n.max(1))
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// One of the first `high` users.
    fn any_user(&mut self, high: usize) -> Index {
        let at = self.below(high.min(self.users.len()));
        self.users[at]
    }

    /// One of the first `high` groups.
    fn any_group(&mut self, high: usize) -> Index {
        let at = self.below(high.min(self.groups.len()));
        self.groups[at]
    }

    /// An instant within the five years before the simulator's clock starts.
    fn past(&mut self) -> String {
        let second = START_SECOND - self.random.random_range(86_400..5 * 365 * 86_400);
        let variety = self.random.random();
        iso_with_fraction(second, variety)
    }

    fn id(&self, index: Index) -> String {
        self.d.object(index).id.to_string()
    }
}

pub(crate) fn fill(d: &mut Directory, seed: u64, (users, service_plans): (usize, usize)) {
    let random = SmallRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ d.id.as_u64_pair().1);
    organization(d, users, service_plans);
    roles(d);
    let tag = json!({"id": "0", "displayName": "Default", "description": "Default role scope tag.", "isBuiltIn": true});
    d.docs_mut("deviceManagement/roleScopeTags").insert("0", tag);
    attribute_definitions(d);
    if users == 0 {
        return;
    }
    let mut company = Company { d, random, users: Vec::new(), groups: Vec::new() };
    people::seed(&mut company, users);
    groups::seed(&mut company, users);
    privileges::seed(&mut company, users);
    if company.d.intune {
        policies::seed(&mut company, users);
    }
}

fn organization(d: &mut Directory, users: usize, service_plans: usize) {
    let id = d.id.to_string();
    let one = json!({
        "id": id, "displayName": d.name, "tenantType": "AAD", "createdDateTime": "2019-03-11T09:41:22Z",
        "countryLetterCode": "NL", "preferredLanguage": "en", "onPremisesSyncEnabled": true,
        "onPremisesLastSyncDateTime": iso(START_SECOND - 1200),
        "marketingNotificationEmails": [], "technicalNotificationMails": [format!("it@{}", d.domain)],
        "securityComplianceNotificationMails": [], "securityComplianceNotificationPhones": [],
        "businessPhones": ["+31 30 555 0100"], "city": "Utrecht", "country": null, "state": null, "street": null,
        "postalCode": null, "privacyProfile": null, "assignedPlans": [], "provisionedPlans": [],
        "verifiedDomains": [{"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true,
            "isInitial": false, "name": d.domain, "type": "Managed"}],
    });
    d.docs_mut("organization").insert(&id, one);
    for (sku, name, plans) in SKUS {
        let mut plans: Vec<Value> = plans.iter().map(|(id, name)| service_plan(id, name)).collect();
        if *sku == SKUS[0].0 {
            // Why as many plans as are asked for: Microsoft's own licences have up to a hundred.
            let more = plans.len()..service_plans;
            plans.extend(more.map(|n| service_plan(&further_plan(n), &format!("PLAN_{n}"))));
        }
        let entry = format!("{id}_{sku}");
        let value = json!({
            "id": entry, "skuId": sku, "skuPartNumber": name, "appliesTo": "User", "capabilityStatus": "Enabled",
            "accountId": id, "accountName": d.name, "subscriptionIds": [],
            "prepaidUnits": {"enabled": users + users / 10 + 10, "suspended": 0, "warning": 0, "lockedOut": 0},
            "servicePlans": plans,
        });
        d.docs_mut("subscribedSkus").insert(&entry, value);
    }
}

/// A service plan as a subscribed SKU lists it. Source: "servicePlanInfo resource type".
pub(crate) fn service_plan(id: &str, name: &str) -> Value {
    json!({"servicePlanId": id, "servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"})
}

/// The id of a service plan that has no name of Microsoft's.
pub(crate) fn further_plan(number: usize) -> String {
    format!("9f000000-0000-4000-8000-{number:012}")
}

fn roles(d: &mut Directory) {
    for (id, name, ..) in BUILT_IN {
        let role = json!({
            "id": id, "templateId": id, "displayName": name, "description": format!("The role {name}."),
            "isBuiltIn": true, "isEnabled": true, "version": "1", "resourceScopes": ["/"],
            "rolePermissions": [{"allowedResourceActions": ["microsoft.directory/users/standard/read"], "condition": null}],
        });
        d.docs_mut("roleDefinitions").insert(id, role);
    }
}

fn attribute_definitions(d: &mut Directory) {
    for (set, description) in
        [("Engineering", "Attributes of engineering"), ("HumanResources", "Attributes of staff")]
    {
        let one = json!({"id": set, "description": description, "maxAttributesPerSet": 25});
        d.docs_mut("attributeSets").insert(set, one);
    }
    let rows: &[(&str, &str, &str, bool, &[&str])] = &[
        ("Engineering", "Project", "String", true, &["Alpine", "Baker", "Cascade"]),
        ("Engineering", "Certification", "Boolean", false, &[]),
        ("Engineering", "NumVendors", "Integer", false, &[]),
        ("HumanResources", "CostCenter", "Integer", true, &[]),
        ("HumanResources", "Level", "String", false, &["Public", "Internal", "Confidential"]),
    ];
    for (set, name, kind, collection, allowed) in rows {
        let id = format!("{set}_{name}");
        let values: Vec<Value> = allowed.iter().map(|v| json!({"id": v, "isActive": true})).collect();
        let one = json!({
            "id": id, "attributeSet": set, "name": name, "type": kind, "isCollection": collection,
            "description": format!("{name} of {set}"), "isSearchable": true, "status": "Available",
            "usePreDefinedValuesOnly": !values.is_empty(), "allowedValues": values,
        });
        d.docs_mut("customSecurityAttributeDefinitions").insert(&id, one);
    }
}
