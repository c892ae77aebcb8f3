//! What a list costs: so many questions to the catalog for a part, however few of the rows are wanted, and all parts
//! together give each row once.
use domain::plans::ProductType;
use domain::rights::Role;
use domain::subscriptions::RequestState;
use domain::{DowngradeId, OrganisationId, PlanId};
use engine::Listed;
use engine::ports::Page;
use engine::records::{
    CredentialStatus, DowngradeRequest, Organisation, OrganisationState, Plan, SubscriptionChange,
};
use partners::commands::downgrades::Downgrades;
use partners::commands::organisations::{Organisations, Wanted};
use partners::commands::plans::Plans;
use partners::commands::usage::Usage;
use partners::commands::{Caller, Gate, Member};
use std::collections::BTreeSet;
use support::office::{DISTRIBUTOR, Office, PARTNER, SIBLING, at, partner};

/// A part of a list may ask the catalog this often, the gate's questions included.
const MOST_CALLS: usize = 10;
const ROWS: u32 = 2_000;

fn ulid(n: u32) -> String {
    format!("01J{n:023}")
}

fn organisation_row(n: u32) -> Organisation {
    Organisation {
        id: OrganisationId::from_ulid(&ulid(n)),
        partner: partner(PARTNER),
        name: format!("Customer {n}"),
        email: "it@contoso.example".to_owned(),
        details: String::new(),
        state: OrganisationState::Active,
        plan: PlanId::from_ulid(&ulid(1)),
        seats: 10,
        features: Vec::new(),
        tenant: None,
        not_protected: Vec::new(),
        writer_consented_at: None,
        created_at: at(support::office::START),
        ending: None,
        former_partners: Vec::new(),
        connecting: None,
        waited_for: Vec::new(),
    }
}

async fn with_organisations() -> Office {
    let office = Office::new().await;
    for n in 0..ROWS {
        office.records().put_new(&organisation_row(n)).await.unwrap();
    }
    office.faults.take_log();
    office
}

fn caller(n: u32, role: Role, organisations: Option<Vec<OrganisationId>>) -> Caller {
    Caller::Member(Member::of_token(partner(n), role, organisations, "hft_12345678"))
}

fn gate(office: &Office) -> Gate {
    Gate { records: office.records() }
}

fn organisations(office: &Office) -> Organisations {
    Organisations { gate: gate(office), clock: office.clock(), ids: office.ids() }
}

fn first(limit: usize) -> Page {
    Page::first(limit)
}

/// The calls of the catalog since the last asking.
fn calls(office: &Office) -> usize {
    office.faults.take_log().count_of_port("catalog")
}

#[tokio::test]
async fn a_search_that_finds_nothing_costs_the_same_whatever_its_limit() {
    let office = with_organisations().await;
    let plan = Plan {
        id: PlanId::from_ulid(&ulid(1)),
        partner: partner(PARTNER),
        terms: domain::plans::Terms {
            product: ProductType::BackupEntra,
            name: "Entra".to_owned(),
            periodicity: domain::plans::Periodicity::Monthly,
            price: domain::plans::Price { amount_minor: 0, currency: "EUR".parse().unwrap() },
            visible: true,
        },
        created_at: at(support::office::START),
        not_for_resale: false,
        former_prices: Vec::new(),
    };
    office.records().put_new(&plan).await.unwrap();
    office.faults.take_log();
    let none = || Wanted { search: Some("zzzz".to_owned()), ..Wanted::default() };
    let others = [
        Wanted { state: Some(OrganisationState::Suspended), ..Wanted::default() },
        Wanted { product: Some(ProductType::Archive), ..Wanted::default() },
        Wanted { credentials: Some(CredentialStatus::Waiting), ..none() },
    ];
    let own = OrganisationId::from_ulid(&ulid(ROWS - 1));
    for (who, wanted) in [
        (caller(PARTNER, Role::Owner, None), none()),
        (caller(PARTNER, Role::EndCustomer, Some(vec![own])), none()),
        (caller(PARTNER, Role::Owner, None), others[0].clone()),
        (caller(PARTNER, Role::Owner, None), others[1].clone()),
        (caller(PARTNER, Role::Owner, None), others[2].clone()),
    ] {
        for limit in [1, 200] {
            let found = organisations(&office).list(&who, None, &wanted, first(limit)).await.unwrap();
            assert_eq!(found.items.len(), 0);
            let calls = calls(&office);
            assert!(calls <= MOST_CALLS, "{calls} calls for a part of {limit} of {wanted:?}");
        }
    }
}

#[tokio::test]
async fn where_tenants_are_looked_up_a_part_is_shorter_and_says_where_to_go_on() {
    let office = with_organisations().await;
    let wanted = Wanted { credentials: Some(CredentialStatus::Connected), ..Wanted::default() };
    let owner = caller(PARTNER, Role::Owner, None);
    let found = organisations(&office).list(&owner, None, &wanted, first(1)).await.unwrap();
    assert_eq!((found.items.len(), found.next.is_some()), (0, true));
    assert!(calls(&office) <= 200 + MOST_CALLS);
}

#[tokio::test]
async fn parts_that_end_within_a_page_give_each_organisation_once_and_then_an_end() {
    let office = with_organisations().await;
    let owner = caller(PARTNER, Role::Owner, None);
    let wanted = Wanted { search: Some("7".to_owned()), ..Wanted::default() };
    let expected: BTreeSet<_> = (0..ROWS)
        .map(organisation_row)
        .filter(|o| o.name.contains('7') || o.id.as_str().contains('7'))
        .map(|o| o.id)
        .collect();
    for limit in [1, 37, 200] {
        let (mut found, mut told, mut after) = (BTreeSet::new(), 0, None);
        loop {
            let page = Page { after, ..first(limit) };
            let Listed { items, next } =
                organisations(&office).list(&owner, None, &wanted, page).await.unwrap();
            assert!(items.len() <= limit);
            told += items.len();
            found.extend(items.into_iter().map(|o| o.id));
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((told, &found), (expected.len(), &expected), "limit {limit}");
    }
}

#[tokio::test]
async fn requests_for_downgrades_that_one_does_not_see_cost_no_more_than_those_that_one_sees() {
    let office = Office::new().await;
    for n in 0..ROWS {
        let request = DowngradeRequest {
            id: DowngradeId::from_ulid(&ulid(n)),
            top: partner(DISTRIBUTOR),
            partner: partner(PARTNER),
            above: vec![partner(DISTRIBUTOR)],
            organisation: OrganisationId::from_ulid(&ulid(n)),
            from: PlanId::from_ulid(&ulid(1)),
            from_product: ProductType::BackupEntra,
            to: PlanId::from_ulid(&ulid(2)),
            to_product: ProductType::BackupEntra,
            state: RequestState::Open,
            asked_at: at(support::office::START),
            asked_by: "hft_12345678".to_owned(),
            decided_at: None,
            decided_by: None,
            reason: None,
        };
        office.records().put_new(&request).await.unwrap();
    }
    office.faults.take_log();
    let downgrades = Downgrades { gate: gate(&office), clock: office.clock() };
    for (of, expected) in [(SIBLING, 0), (PARTNER, 1)] {
        let found = downgrades.list(&caller(of, Role::Owner, None), None, first(1)).await.unwrap();
        assert_eq!(found.items.len(), expected);
        let calls = calls(&office);
        assert!(calls <= MOST_CALLS, "{calls} calls");
    }
}

#[tokio::test]
async fn a_plans_subscriptions_are_counted_as_far_as_a_request_may_read() {
    let office = with_organisations().await;
    let plans = Plans { gate: gate(&office), clock: office.clock(), ids: office.ids() };
    let owner = caller(PARTNER, Role::Owner, None);
    let terms = domain::plans::Terms {
        product: ProductType::BackupEntra,
        name: "Entra".to_owned(),
        periodicity: domain::plans::Periodicity::Monthly,
        price: domain::plans::Price { amount_minor: 0, currency: "EUR".parse().unwrap() },
        visible: true,
    };
    let plan = plans.create(&owner, None, terms).await.unwrap();
    assert_eq!(plans.get(&owner, &plan.id).await.unwrap().subscriptions, Some(0));
    for n in ROWS..11_000 {
        office.records().put_new(&organisation_row(n)).await.unwrap();
    }
    office.faults.take_log();
    assert_eq!(plans.get(&owner, &plan.id).await.unwrap().subscriptions, None, "too many to be counted");
    assert!(calls(&office) <= 10 + MOST_CALLS);
}

/// A month is computed from the whole history each time, page after page: so many questions as there are thousands of rows.
#[tokio::test]
async fn usage_of_a_month_asks_once_for_each_thousand_organisations_and_changes() {
    let office = with_organisations().await;
    let plan = Plan {
        id: PlanId::from_ulid(&ulid(1)),
        partner: partner(PARTNER),
        terms: domain::plans::Terms {
            product: ProductType::BackupEntra,
            name: "Entra".to_owned(),
            periodicity: domain::plans::Periodicity::Monthly,
            price: domain::plans::Price { amount_minor: 100, currency: "EUR".parse().unwrap() },
            visible: true,
        },
        created_at: at(support::office::START),
        not_for_resale: false,
        former_prices: Vec::new(),
    };
    office.records().put_new(&plan).await.unwrap();
    let changes = 4_000;
    for n in 0..changes {
        let (row, seats) = (organisation_row(n % ROWS), 10 + n / ROWS);
        let before = Organisation { seats, ..row.clone() };
        let after = Organisation { seats: seats + 1, ..row };
        let change =
            SubscriptionChange::between(Some(&before), &after, 2 + u64::from(n / ROWS), office.clock().now());
        office.records().put_new(&change.unwrap()).await.unwrap();
    }
    office.faults.take_log();
    let usage = Usage { gate: gate(&office), clock: office.clock() };
    let month: domain::usage::Month = office.clock().now().to_string()[..7].parse().unwrap();
    let owner = caller(PARTNER, Role::Owner, None);
    let used = usage.of_month(&owner, None, month).await.unwrap();
    assert_eq!(used.lines.len(), usize::try_from(ROWS).unwrap());
    let pages = usize::try_from((ROWS + changes) / 1_000).unwrap();
    let calls = calls(&office);
    assert!(calls <= pages + MOST_CALLS, "{calls} calls");
}
