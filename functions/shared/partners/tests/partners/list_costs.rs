//! What a list costs: so many questions to the catalog for a part, however few of the rows are wanted, and all parts
//! together give each row once.
use domain::plans::ProductType;
use domain::rights::Role;
use domain::subscriptions::RequestState;
use domain::usage::Month;
use domain::{DowngradeId, OrganisationId, PlanId, Timestamp};
use engine::Listed;
use engine::ports::Page;
use engine::records::{
    CredentialStatus, DowngradeRequest, Organisation, OrganisationState, Plan, SubscriptionChange,
};
use partners::commands::downgrades::Downgrades;
use partners::commands::organisations::{Organisations, Wanted};
use partners::commands::plans::Plans;
use partners::commands::usage::{MonthOfUse, Usage};
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
        approvals: domain::organisations::ApprovalRule::Off,
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

fn monthly_plan() -> Plan {
    Plan {
        id: PlanId::from_ulid(&ulid(1)),
        partner: partner(PARTNER),
        terms: domain::plans::Terms {
            product: ProductType::BackupEntra,
            name: "Entra".to_owned(),
            periodicity: domain::plans::Periodicity::Monthly,
            price: domain::plans::Price { amount_minor: 101, currency: "EUR".parse().unwrap() },
            visible: true,
        },
        created_at: at(support::office::START),
        not_for_resale: false,
        former_prices: Vec::new(),
    }
}

/// A change of an organisation's seats, at that moment.
async fn change_seats(office: &Office, n: u32, (was, is): (u32, u32), version: u64, at: Timestamp) {
    let of = |seats| Organisation { seats, ..organisation_row(n) };
    let change = SubscriptionChange::between(Some(&of(was)), &of(is), version, at).unwrap();
    office.records().put_new(&change).await.unwrap();
}

fn this_month(office: &Office) -> Month {
    office.clock().now().to_string()[..7].parse().unwrap()
}

/// All parts of a month, and the most calls that one of them cost.
async fn month_in_parts(office: &Office, month: Month, limit: usize) -> (Vec<MonthOfUse>, usize) {
    let usage = Usage { gate: gate(office), clock: office.clock() };
    let owner = caller(PARTNER, Role::Owner, None);
    let (mut parts, mut most, mut after) = (Vec::new(), 0, None);
    loop {
        let page = Page { after, ..first(limit) };
        let part = usage.of_month(&owner, None, month, page).await.unwrap();
        most = most.max(calls(office));
        let organisations: BTreeSet<_> = part.lines.iter().map(|l| l.line.organisation.clone()).collect();
        assert!(organisations.len() <= limit);
        let next = part.next.clone();
        parts.push(part);
        if next.is_none() {
            return (parts, most);
        }
        after = next;
    }
}

/// Two lists of at most eight pages each, the plan, and the gate.
const MOST_CALLS_OF_A_MONTH: usize = 16 + 4 + MOST_CALLS;

#[tokio::test]
async fn a_month_comes_in_parts_of_a_bounded_cost_whatever_their_size_and_together_they_are_all_of_it() {
    let office = with_organisations().await;
    office.records().put_new(&monthly_plan()).await.unwrap();
    for n in 0..4_000 {
        let (of, round) = (n % ROWS, n / ROWS);
        let now = office.clock().now();
        change_seats(&office, of, (10 + round, 11 + round), 2 + u64::from(round), now).await;
    }
    office.faults.take_log();
    let month = this_month(&office);
    let mut whole = None;
    for limit in [37, 200] {
        let (parts, most) = month_in_parts(&office, month, limit).await;
        assert!(most <= MOST_CALLS_OF_A_MONTH, "{most} calls for a part of {limit}");
        assert!(parts.len() >= usize::try_from(ROWS).unwrap() / limit);
        let lines: Vec<_> = parts.iter().flat_map(|part| &part.lines).map(|l| l.line.clone()).collect();
        let found: BTreeSet<_> = lines.iter().map(|line| line.organisation.clone()).collect();
        assert_eq!((lines.len(), found.len()), (2_000, 2_000), "each once");
        let sum: u64 = parts.iter().filter_map(|part| part.totals.get("EUR")).sum();
        assert_eq!(sum, lines.iter().map(|line| line.amount_minor).sum::<u64>());
        assert_eq!(*whole.get_or_insert((lines.clone(), sum)), (lines, sum), "limit {limit}");
    }
}

#[tokio::test]
async fn one_history_of_thousands_of_changes_costs_no_more_than_its_days_and_holds_up_no_other() {
    let office = Office::new().await;
    for n in 0..3 {
        office.records().put_new(&organisation_row(n)).await.unwrap();
    }
    office.records().put_new(&monthly_plan()).await.unwrap();
    // 300 changes on each of fourteen days, of which five are in December; what a day ends with is what counts.
    let day = |n: u32| office.clock().now() + jiff::SignedDuration::from_hours(24 * i64::from(n));
    for n in 0..14 * 300_u32 {
        let at = day(n / 300) + jiff::SignedDuration::from_secs(i64::from(n % 300));
        change_seats(&office, 1, (10 + n, 11 + n), 2 + u64::from(n), at).await;
    }
    let end = day(13);
    office.world.clock.advance_to(end);
    office.faults.take_log();
    let month = this_month(&office);
    let (parts, most) = month_in_parts(&office, month, 200).await;
    assert!(most <= MOST_CALLS_OF_A_MONTH + 14 * 2, "{most} calls");
    let lines: Vec<_> = parts.iter().flat_map(|part| &part.lines).map(|l| &l.line).collect();
    assert_eq!(lines.len(), 3, "each organisation once, in {} parts", parts.len());
    let seats: Vec<_> = lines[1].parts.iter().map(|part| (part.days, part.seats)).collect();
    assert_eq!(seats, (10..=14).map(|day| (1, 10 + 300 * day)).collect::<Vec<_>>());
    // Of a month before all changes it is said how the organisation began, and not how it is now: it was made in November.
    let (parts, _) = month_in_parts(&office, "2026-10".parse().unwrap(), 200).await;
    assert_eq!(parts.iter().map(|part| part.lines.len()).sum::<usize>(), 0);
    // Of the first month, what it was before the first change counts from its beginning on.
    let (parts, _) = month_in_parts(&office, "2026-11".parse().unwrap(), 200).await;
    let lines: Vec<_> = parts.iter().flat_map(|part| &part.lines).map(|l| &l.line).collect();
    let seats: Vec<_> = lines[1].parts.iter().map(|part| (part.days, part.seats)).collect();
    assert_eq!(seats, (1..=9).map(|day| (1, 10 + 300 * day)).collect::<Vec<_>>());
}

/// An organisation that came from another partner, and whose seats were changed more often since than a request may read.
#[tokio::test]
async fn months_before_a_transfer_are_not_counted_however_long_the_history_is_since() {
    let office = Office::new().await;
    let made_at = office.clock().now();
    office.records().put_new(&organisation_row(1)).await.unwrap();
    office.records().put_new(&monthly_plan()).await.unwrap();
    let day = |n: i64| made_at + jiff::SignedDuration::from_hours(24 * n);
    let came = SubscriptionChange::between(None, &organisation_row(1), 2, day(30)).unwrap();
    office.records().put_new(&came).await.unwrap();
    for n in 0..2_100_u32 {
        let at = day(31) + jiff::SignedDuration::from_secs(i64::from(n));
        change_seats(&office, 1, (10 + n, 11 + n), 3 + u64::from(n), at).await;
    }
    office.world.clock.advance_to(day(60));
    for month in ["2026-11", "2026-12"] {
        let (parts, _) = month_in_parts(&office, month.parse().unwrap(), 200).await;
        let lines: Vec<_> = parts.iter().flat_map(|part| &part.lines).map(|l| &l.line).collect();
        let days: u32 = lines.iter().flat_map(|line| &line.parts).map(|part| part.days).sum();
        assert_eq!(days, if month == "2026-11" { 0 } else { 10 }, "{month}: it came on 22 December");
    }
}
