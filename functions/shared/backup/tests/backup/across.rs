//! One question over many tenants: what it costs, who is accounted for, and that parts together are the whole.

use crate::many::{GLOBAL_ADMINISTRATOR, Many, given, organisation, tenant, titled};
use backup::commands::across::{
    Account, AskedAcross, Gathered, Mark, Standing, Subject, Uncompared, Unknown,
};
use domain::changes::{Chosen, Happened};
use domain::{OrganisationId, kinds};
use engine::ports::Clock;
use engine::records::{JobState, Tenant};
use serde_json::Value;
use std::collections::BTreeMap;

fn subjects(of: impl Iterator<Item = u32>) -> Vec<Subject> {
    of.map(|n| Subject { organisation: organisation(n), tenant: Ok(tenant(n)) }).collect()
}

fn asked(many: &Many, chosen: Chosen) -> AskedAcross {
    AskedAcross { since: many.ago(24), chosen, actor: None }
}

fn got(role: &str) -> Chosen {
    let kind = Some(kinds::get("admins").unwrap());
    Chosen { kind, what: Some(Happened::Created), role: Some(role.to_owned()), ..Chosen::default() }
}

/// What was found, as organisation and key, and what is known of each, over all parts; and how many parts there were.
type Answer = (Vec<(OrganisationId, String)>, BTreeMap<OrganisationId, Account>, usize);

async fn answer(many: &Many, asked: &AskedAcross, subjects: &[Subject], limit: usize) -> Answer {
    let (mut found, mut known, mut mark, mut parts) = (Vec::new(), BTreeMap::new(), None::<Mark>, 0);
    loop {
        let rest = match &mark {
            None => subjects,
            Some(mark) => {
                let at = subjects.iter().position(|of| of.organisation == mark.organisation).unwrap();
                &subjects[at + usize::from(mark.is_behind())..]
            }
        };
        let mut gathered = Gathered::of(limit, many.world.clock.now());
        mark = many.diffs().across(asked, rest, mark.as_ref(), &mut gathered).await.unwrap();
        parts += 1;
        assert!(gathered.items.len() <= limit);
        found.extend(gathered.items.into_iter().map(|item| (item.organisation, item.authored.change.key)));
        for (id, account) in gathered.accounts {
            assert_eq!(known.insert(id, account), None, "each is accounted for once");
        }
        // As a cursor it leads to the same place.
        mark = mark.map(|mark| Mark::of(&mark.cursor("b"), "b").unwrap());
        if mark.is_none() {
            return (found, known, parts);
        }
    }
}

fn standings(known: &BTreeMap<OrganisationId, Account>) -> Vec<(Standing, Option<Unknown>)> {
    known.values().map(|account| (account.standing, account.cause)).collect()
}

#[tokio::test]
async fn who_got_a_role_in_a_thousand_tenants_costs_blobs_of_those_alone_in_which_somebody_did() {
    let many = Many::new();
    for n in 0..1_000 {
        // Without a blob: whoever looked for one would find that it is missing.
        let pages = if n % 50 == 7 {
            let pages = vec![vec![given("u1", GLOBAL_ADMINISTRATOR), titled("u1", "Boss")]];
            many.store(n, &pages, "ann").await;
            pages
        } else {
            vec![vec![titled("u1", "Boss")]]
        };
        many.tenant(n, &pages, |_| {}).await;
    }
    many.faults.take_log();
    let subjects = subjects(0..1_000);
    let (found, known, _) = answer(&many, &asked(&many, got(GLOBAL_ADMINISTRATOR)), &subjects, 200).await;
    let log = many.faults.take_log();
    let hits: Vec<OrganisationId> = (0..20).map(|n| organisation(n * 50 + 7)).collect();
    assert_eq!(found.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), hits);
    assert_eq!(standings(&known), vec![(Standing::Complete, None); 1_000]);
    assert!(log.count_of_port("vault") <= 200, "{} reads", log.count_of_port("vault"));
    assert!(
        log.count_of_port("catalog") <= 2_200,
        "{} questions to the catalog",
        log.count_of_port("catalog")
    );
}

#[tokio::test]
async fn every_tenant_is_accounted_for_by_what_is_known_of_it() {
    let many = Many::new();
    let pages = || vec![vec![given("u1", "role")]];
    many.store(0, &pages(), "ann").await;
    many.tenant(0, &pages(), |_| {}).await;
    many.tenant(1, &[], |row| (row.state, row.done_at) = (JobState::Running, None)).await;
    many.tenant(2, &[], |row| row.state = JobState::Failed).await;
    // Nothing of what its row speaks of is there.
    many.tenant(3, &pages(), |_| {}).await;
    many.tenant(4, &[], |_| {}).await;
    let edit = async |n: u32, change: &dyn Fn(&mut Tenant)| {
        let mut row = many.records.get(&Tenant::at(&tenant(n))).await.unwrap();
        change(&mut row.value);
        many.records.replace(&row.value, row.version).await.unwrap();
    };
    let long_ago = many.ago(48);
    edit(4, &|row| row.newest.as_mut().unwrap().sealed_at = long_ago).await;
    many.tenant(5, &[], |_| {}).await;
    edit(5, &|row| {
        row.newest.as_mut().unwrap().sealed_at = long_ago;
        row.refused = Some(domain::Refusal::NoConsent);
    })
    .await;
    many.tenant(6, &pages(), |_| {}).await;
    edit(6, &|row| row.organisation = organisation(0)).await;
    let (found, known, _) = answer(&many, &asked(&many, Chosen::default()), &subjects(0..8), 50).await;
    assert_eq!(found, [(organisation(0), "u1|role|/|".to_owned())]);
    let expected = [
        (Standing::Complete, None),
        (Standing::Partly, None),
        (Standing::Partly, None),
        (Standing::NotReachable, Some(Unknown::Unreadable)),
        (Standing::NotHeld, Some(Unknown::NoSnapshotSince)),
        (Standing::NotReachable, Some(Unknown::Refused)),
        (Standing::NotHeld, Some(Unknown::NotConnected)),
        (Standing::NotHeld, Some(Unknown::NotConnected)),
    ];
    assert_eq!(standings(&known), expected);
    let causes: Vec<_> = known.values().flat_map(|of| of.not_compared.iter().map(|gap| gap.cause)).collect();
    assert_eq!(causes, [Uncompared::UnderWay, Uncompared::Failed]);
}

#[tokio::test]
async fn a_tenant_whose_first_snapshot_is_younger_than_the_question_is_known_in_part() {
    let many = Many::new();
    many.tenant(0, &[], |_| {}).await;
    let far = AskedAcross { since: many.ago(60), chosen: Chosen::default(), actor: None };
    let (_, known, _) = answer(&many, &far, &subjects(0..1), 50).await;
    let account = &known[&organisation(0)];
    assert_eq!(
        (account.standing, account.not_compared[0].cause),
        (Standing::Partly, Uncompared::BeginsLater)
    );
}

#[tokio::test]
async fn parts_of_any_size_together_are_the_whole_and_whoever_did_it_is_asked_for_in_each() {
    let many = Many::new();
    for n in 0..9 {
        let users = (0..n).map(|user| titled(&format!("u{user}"), "Boss"));
        let pages: Vec<Vec<Value>> = users.collect::<Vec<_>>().chunks(2).map(<[Value]>::to_vec).collect();
        many.store(n, &pages, if n % 2 == 0 { "ann" } else { "bob" }).await;
        many.tenant(n, &pages, |_| {}).await;
    }
    let (subjects, all) = (subjects(0..9), asked(&many, Chosen::default()));
    let (whole, known, parts) = answer(&many, &all, &subjects, 200).await;
    assert_eq!((whole.len(), known.len(), parts), (36, 9, 1));
    for limit in [1, 2, 3, 7] {
        let (found, of_each, parts) = answer(&many, &all, &subjects, limit).await;
        assert_eq!((&found, &of_each), (&whole, &known), "{limit}");
        assert!(parts >= 36 / limit);
    }
    // The log names who changed `u1`, and nobody for the others.
    for (actor, organisations) in [("ANN", vec![2, 4, 6, 8]), ("bob@x.example", vec![3, 5, 7])] {
        let by = AskedAcross { actor: Some(actor.to_owned()), ..all.clone() };
        for limit in [1, 50] {
            let (found, of_each, _) = answer(&many, &by, &subjects, limit).await;
            let expected: Vec<_> =
                organisations.iter().map(|n| (organisation(*n), "u1".to_owned())).collect();
            assert_eq!((found, of_each.len()), (expected, 9), "{actor} {limit}");
            // Of all users but that one nobody knows.
            let unknown: Vec<_> = of_each.values().map(|of| (of.standing, of.author_not_known)).collect();
            for (n, (standing, unknown)) in unknown.into_iter().enumerate() {
                let expected = n as u64 - u64::from(n > 1);
                let whole = if expected == 0 { Standing::Complete } else { Standing::Partly };
                assert_eq!((standing, unknown), (whole, expected), "{actor} {limit} {n}");
            }
        }
    }
}

#[tokio::test]
async fn what_the_heaviest_change_of_a_kind_weighs_spares_reading_lighter_ones() {
    let many = Many::new();
    many.tenant(0, &[vec![titled("u1", "Boss")]], |_| {}).await;
    let heavy = Chosen { min_weight: Some(80), ..Chosen::default() };
    let (found, known, _) = answer(&many, &asked(&many, heavy.clone()), &subjects(0..1), 50).await;
    assert_eq!((found.len(), standings(&known)), (0, vec![(Standing::Complete, None)]));
    // Where a row does not say it, the blob is looked for, which is not there.
    many.tenant(1, &[vec![titled("u1", "Boss")]], |row| row.heaviest.clear()).await;
    let (_, known, _) = answer(&many, &asked(&many, heavy), &subjects(1..2), 50).await;
    assert_eq!(standings(&known), [(Standing::NotReachable, Some(Unknown::Unreadable))]);
}
