//! Users: a tree of managers, guests, synchronised and disabled ones, licences, security attributes.

use serde_json::{Value, json};

use super::names::{DEPARTMENTS, GIVEN, PLACES, SURNAMES, TITLES};
use super::{Company, SKUS};
use crate::graph::{licence_state, settle_licences};
use crate::schema;
use crate::state::{Kind, Relation, RowBuilder};

/// How many people report to one manager.
const REPORTS: usize = 8;

struct Person<'a> {
    row: RowBuilder,
    schema: &'a schema::Schema,
}

impl Person<'_> {
    fn text(&mut self, name: &str, text: &str) {
        self.row.push(self.schema.at(name), format!("\"{text}\"").as_bytes());
    }

    fn value(&mut self, name: &str, value: &Value) {
        self.row.push_value(self.schema.at(name), value);
    }
}

/// Makes the users, each with a manager and most with a licence.
///
/// Why most of it follows from the number and not from the seed: a test can then say how many guests, or how many
/// synchronised users, there are.
pub(super) fn seed(c: &mut Company<'_>, users: usize) {
    let schema = schema::of(Kind::User);
    let domain = c.d.domain.clone();
    for number in 0..users {
        let mut p = Person { row: RowBuilder::default(), schema };
        let (given, surname) = (c.pick(GIVEN), c.pick(SURNAMES));
        let department = DEPARTMENTS[number % DEPARTMENTS.len()];
        let place = c.pick(PLACES);
        let guest = number % 15 == 14;
        let synced = number % 12 == 5;
        let local = format!("u{number}");
        // Why guests look so: Entra makes a guest's name of the address at home, which is of another domain.
        let upn = if guest {
            format!("{local}_partner.example#EXT#@{domain}")
        } else {
            format!("{local}@{domain}")
        };
        let mail = if guest { format!("{local}@partner.example") } else { upn.clone() };
        p.text("displayName", &format!("{given} {surname}"));
        p.text("givenName", given);
        p.text("surname", surname);
        p.text("userPrincipalName", &upn);
        p.text("mailNickname", &local);
        p.text("mail", &mail);
        p.value("proxyAddresses", &json!([format!("SMTP:{mail}"), format!("smtp:{local}@alias.{domain}")]));
        // Some accounts are disabled: they are objects like the others, and count as no seat.
        p.value("accountEnabled", &json!(number % 20 != 19));
        p.text("userType", if guest { "Guest" } else { "Member" });
        let created = c.past();
        p.text("createdDateTime", &created);
        p.text("signInSessionsValidFromDateTime", &created);
        p.value(
            "identities",
            &json!([{"signInType": "userPrincipalName", "issuer": domain, "issuerAssignedId": upn}]),
        );
        // Why guests have so little: what an organisation knows of its own people it does not know of others'.
        if guest {
            p.text("creationType", "Invitation");
            p.text(
                "externalUserState",
                if number.is_multiple_of(2) { "Accepted" } else { "PendingAcceptance" },
            );
            p.text("externalUserStateChangeDateTime", &created);
        } else {
            p.text("department", department);
            let title = c.pick(TITLES);
            p.text("jobTitle", title);
            p.text("companyName", "Fabrikam");
            p.text("city", place.0);
            p.text("country", place.1);
            p.text("usageLocation", place.2);
            p.text("preferredLanguage", place.3);
            p.text("employeeId", &format!("{number:06}"));
            p.text("officeLocation", &format!("{}/{}", 1 + number % 30, 1000 + number % 997));
            p.value("businessPhones", &json!([format!("+1 425 555 {:04}", number % 10_000)]));
            // Why not everybody has everything: a property that is missing must be read as missing, and not as empty.
            if number.is_multiple_of(3) {
                p.text("mobilePhone", &format!("+1 206 555 {:04}", number % 10_000));
                p.value(
                    "employeeOrgData",
                    &json!({"costCenter": format!("{}", 100 + number % 40), "division": department}),
                );
            }
            if number.is_multiple_of(4) {
                let hired = c.past();
                p.text("employeeHireDate", &hired);
                p.text("employeeType", "Employee");
            }
            if number % 25 == 3 {
                p.value("otherMails", &json!([format!("{local}@home.example")]));
                p.text("aboutMe", "Likes long walks.");
            }
        }
        // Synchronised users are mastered on premises: Graph refuses to write most of what they have.
        if synced {
            p.value("onPremisesSyncEnabled", &json!(true));
            p.text("onPremisesImmutableId", &format!("{number:022}=="));
            p.text("onPremisesSamAccountName", &local);
            p.text("onPremisesDomainName", "corp.fabrikam.example");
            p.value("onPremisesExtensionAttributes", &json!({"extensionAttribute1": "synchronised"}));
        }
        if number % 20 == 7 && !guest {
            p.value("customSecurityAttributes", &attributes(number));
        }
        let id = c.d.new_id();
        let index = c.d.add(Kind::User, id, p.row.build());
        c.d.claim_names(index);
        c.users.push(index);
        if number > 0 && !guest {
            // Why guests are skipped: they manage nobody.
            let mut above = (number - 1) / REPORTS;
            while above > 0 && above % 15 == 14 {
                above -= 1;
            }
            let manager = c.users[above];
            c.d.link_quietly(index, Relation::Manager, manager);
        }
        // Why some of these have a plan disabled: a restore has to keep which plans are off.
        if !guest && number % 5 < 3 {
            let disabled = if number.is_multiple_of(10) { json!([SKUS[0].2[2].0]) } else { json!([]) };
            let state = licence_state(SKUS[0].0, &disabled, None, crate::clock::START_SECOND - 90_000);
            settle_licences(c.d, index, vec![state]);
        }
    }
}

fn attributes(number: usize) -> Value {
    const TYPE: &str = "#Microsoft.DirectoryServices.CustomSecurityAttributeValue";
    let mut value = json!({
        "Engineering": {"@odata.type": TYPE, "Project@odata.type": "#Collection(String)",
            "Project": ["Baker", "Cascade"], "Certification": true},
    });
    if number % 40 == 7 {
        value["Engineering"]["NumVendors@odata.type"] = json!("#Int32");
        value["Engineering"]["NumVendors"] = json!(number % 9);
        value["HumanResources"] = json!({"@odata.type": TYPE, "CostCenter@odata.type": "#Collection(Int32)",
            "CostCenter": [1001, 1003], "Level": "Internal"});
    }
    value
}
