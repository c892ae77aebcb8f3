//! Groups of every sort with ten memberships a user, and administrative units.

use rand::Rng;
use serde_json::json;

use super::names::DEPARTMENTS;
use super::{Company, SKUS};
use crate::graph::{licence_state, licence_states, settle_licences};
use crate::schema;
use crate::state::{Index, Kind, Relation, RowBuilder};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Security,
    Unified,
    HiddenUnified,
    Dynamic,
    Synced,
    Exchange,
    Roles,
}

fn sort(number: usize) -> Sort {
    match number {
        0 => Sort::Security,
        n if n % 50 == 6 => Sort::Roles,
        n if n % 100 == 12 => Sort::HiddenUnified,
        n => match n % 10 {
            0..=2 => Sort::Unified,
            7 => Sort::Exchange,
            8 => Sort::Synced,
            9 => Sort::Dynamic,
            _ => Sort::Security,
        },
    }
}

pub(super) fn seed(c: &mut Company<'_>, users: usize) {
    let count = (users / 5).max(10);
    for number in 0..count {
        let index = group(c, number);
        c.groups.push(index);
    }
    memberships(c, count);
    owners(c, count);
    licences(c);
    units(c, users);
}

fn group(c: &mut Company<'_>, number: usize) -> Index {
    let schema = schema::of(Kind::Group);
    let sort = sort(number);
    let mut row = RowBuilder::default();
    let mut put = |name: &str, value: serde_json::Value| row.push_value(schema.at(name), &value);
    let department = DEPARTMENTS[number % DEPARTMENTS.len()];
    let name = if number == 0 { "All employees".to_owned() } else { format!("{department} {number}") };
    // Why addresses for these two alone: only Microsoft 365 and Exchange groups receive mail.
    let unified = matches!(sort, Sort::Unified | Sort::HiddenUnified);
    let mail = unified || sort == Sort::Exchange;
    put("displayName", json!(name));
    put("mailNickname", json!(format!("g{number}")));
    put("mailEnabled", json!(mail));
    put("securityEnabled", json!(!unified));
    let created = c.past();
    put("createdDateTime", json!(created));
    put("renewedDateTime", json!(created));
    put("securityIdentifier", json!(format!("S-1-12-1-{number}-1-1-1")));
    if number.is_multiple_of(3) {
        put("description", json!(format!("People of {department}")));
    }
    if mail {
        let address = format!("g{number}@{}", c.d.domain);
        put("proxyAddresses", json!([format!("SMTP:{address}"), format!("SPO:SPO_{number}")]));
        put("mail", json!(address));
    }
    // What makes a group one of its sort: each is refused something that the others are not.
    match sort {
        Sort::Unified => {
            put("groupTypes", json!(["Unified"]));
            put("visibility", json!(if number.is_multiple_of(4) { "Private" } else { "Public" }));
        }
        Sort::HiddenUnified => {
            put("groupTypes", json!(["Unified"]));
            put("visibility", json!("HiddenMembership"));
        }
        Sort::Dynamic => {
            put("groupTypes", json!(["DynamicMembership"]));
            put("membershipRule", json!(format!("(user.department -eq \"{department}\")")));
            put("membershipRuleProcessingState", json!("On"));
        }
        Sort::Synced => {
            put("onPremisesSyncEnabled", json!(true));
            put("onPremisesSamAccountName", json!(format!("g{number}")));
            put("onPremisesDomainName", json!("corp.fabrikam.example"));
        }
        Sort::Roles => put("isAssignableToRole", json!(true)),
        Sort::Security | Sort::Exchange => {}
    }
    let id = c.d.new_id();
    let index = c.d.add(Kind::Group, id, row.build());
    c.d.claim_names(index);
    index
}

/// Puts everybody into the first group and into nine others, of which early groups get the most.
fn memberships(c: &mut Company<'_>, count: usize) {
    for at in 0..c.users.len() {
        let user = c.users[at];
        c.d.link_quietly(c.groups[0], Relation::Members, user);
        let (mut placed, mut tries) = (0, 0);
        while placed < 9 && tries < 40 {
            tries += 1;
            let skew: f64 = c.random.random();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let number = 1 + (skew * skew * (count - 1) as f64) as usize;
            if number < count
                && sort(number) != Sort::Roles
                && c.d.link_quietly(c.groups[number], Relation::Members, user)
            {
                placed += 1;
            }
        }
    }
    for number in 1..count {
        if sort(number) == Sort::Roles {
            for _ in 0..3 {
                let high = (c.users.len() / 20).max(3).min(c.users.len());
                let user = c.any_user(high);
                c.d.link_quietly(c.groups[number], Relation::Members, user);
            }
        }
        // Why: nested groups are what a reader that only expects users stumbles over.
        if sort(number) == Sort::Security && number % 20 == 13 {
            let inner = c.any_group(number);
            c.d.link_quietly(c.groups[number], Relation::Members, inner);
        }
    }
}

fn owners(c: &mut Company<'_>, count: usize) {
    for number in 1..count {
        if sort(number) == Sort::Synced {
            continue;
        }
        let high = if sort(number) == Sort::Roles { (c.users.len() / 20).max(3) } else { c.users.len() };
        for _ in 0..=number % 3 {
            let owner = c.any_user(high);
            c.d.link_quietly(c.groups[number], Relation::Owners, owner);
        }
    }
}

/// Lets one security group hand out a licence.
fn licences(c: &mut Company<'_>) {
    let group = c.groups[4];
    let schema = schema::of(Kind::Group);
    let assigned = json!([{"skuId": SKUS[1].0, "disabledPlans": []}]).to_string();
    c.d.set(group, &[(schema.at("assignedLicenses"), Some(assigned))]);
    let id = c.id(group);
    let members: Vec<Index> = c.d.object(group).links(Relation::Members).iter().collect();
    for member in members {
        if c.d.object(member).kind == Kind::User {
            let mut states = licence_states(c.d, member);
            states.push(licence_state(SKUS[1].0, &json!([]), Some(&id), crate::clock::START_SECOND - 80_000));
            settle_licences(c.d, member, states);
        }
    }
}

fn units(c: &mut Company<'_>, users: usize) {
    let schema = schema::of(Kind::Unit);
    for number in 0..(users / 2000).max(5) {
        let mut row = RowBuilder::default();
        row.push_value(schema.at("displayName"), &json!(format!("Unit {number}")));
        row.push_value(schema.at("description"), &json!(format!("Branch {number}")));
        match number {
            1 => {
                row.push_value(schema.at("membershipType"), &json!("Dynamic"));
                row.push_value(schema.at("membershipRule"), &json!("(user.country -eq \"Norway\")"));
                row.push_value(schema.at("membershipRuleProcessingState"), &json!("On"));
            }
            2 => row.push_value(schema.at("isMemberManagementRestricted"), &json!(true)),
            3 => row.push_value(schema.at("visibility"), &json!("HiddenMembership")),
            _ => {}
        }
        let id = c.d.new_id();
        let unit = c.d.add(Kind::Unit, id, row.build());
        // Why few: users in the restricted unit cannot be changed by most, and tests need many who can.
        let (members, high) = if number == 2 { (2, (users / 20).max(3)) } else { (40.min(users), users) };
        for _ in 0..members {
            let member = c.any_user(high);
            c.d.link_quietly(unit, Relation::Members, member);
        }
        if number == 0 {
            c.d.link_quietly(unit, Relation::Members, c.groups[3]);
        }
    }
}
