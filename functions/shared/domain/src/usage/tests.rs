//! Days, months and years of subscriptions, by example and by property.

use super::*;
use jiff::civil::date;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
fn month(text: &str) -> Month {
    text.parse().unwrap()
}
fn plan(i: usize) -> PlanId {
    PlanId::from_ulid(
        ["01JAAAAAAAAAAAAAAAAAAAAAAA", "01JBBBBBBBBBBBBBBBBBBBBBBB", "01JCCCCCCCCCCCCCCCCCCCCCCC"][i],
    )
}
fn prices(periodicity: Periodicity, amount_minor: u64, currency: &str) -> Prices {
    Prices { periodicity, currency: currency.parse().unwrap(), amount_minor, former: Vec::new() }
}
fn history(since: &[(&str, Option<(usize, u32)>)]) -> History {
    History {
        organisation: OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
        name: "Contoso".to_owned(),
        since: since
            .iter()
            .map(|(when, is)| Since { at: at(when), is: is.map(|(p, seats)| (plan(p), seats)) })
            .collect(),
    }
}
fn of(text: &str, history: &History, prices: &[Prices]) -> Vec<Line> {
    let prices = prices.iter().cloned().enumerate().map(|(i, p)| (plan(i), p)).collect();
    lines(month(text), None, std::slice::from_ref(history), &prices).unwrap()
}

#[test]
fn a_whole_month_costs_seats_times_price_whatever_its_length() {
    let history = history(&[("2023-12-31T23:59:59Z", Some((0, 7)))]);
    for text in ["2024-01", "2024-02", "2025-02", "2026-04"] {
        let lines = of(text, &history, &[prices(Periodicity::Monthly, 333, "EUR")]);
        assert_eq!((lines.len(), lines[0].amount_minor, lines[0].parts.len()), (1, 7 * 333, 1), "{text}");
        assert_eq!(lines[0].seat_days, 7 * u64::from(month(text).days()));
    }
}

#[test]
fn a_day_counts_as_it_last_stood_and_who_ends_on_it_pays_for_it() {
    let history = history(&[
        ("2026-10-10T09:00:00Z", Some((0, 5))),
        ("2026-10-12T08:00:00Z", Some((0, 50))),
        ("2026-10-12T08:01:00Z", Some((0, 6))),
        ("2026-10-20T23:59:59Z", None),
        ("2026-10-25T00:00:00Z", Some((0, 4))),
        ("2026-10-25T00:00:01Z", None),
        ("2026-10-28T12:00:00Z", Some((0, 2))),
        ("2026-10-30T00:00:00Z", None),
    ]);
    let lines = of("2026-10", &history, &[prices(Periodicity::Monthly, 3_100, "EUR")]);
    let parts: Vec<_> = lines[0].parts.iter().map(|p| (p.from.day(), p.to.day(), p.days, p.seats)).collect();
    assert_eq!(parts, [(10, 11, 2, 5), (12, 20, 9, 6), (25, 25, 1, 4), (28, 29, 2, 2)]);
    assert_eq!(lines[0].amount_minor, (2 * 5 + 9 * 6 + 4 + 2 * 2) * 100);
    assert!(of("2026-11", &history, &[prices(Periodicity::Monthly, 3_100, "EUR")]).is_empty());
    assert!(of("2026-09", &history, &[prices(Periodicity::Monthly, 3_100, "EUR")]).is_empty());
}

#[test]
fn a_move_to_another_plan_is_two_lines_of_which_each_has_its_days() {
    let history =
        history(&[("2026-09-01T00:00:00Z", Some((0, 10))), ("2026-09-16T10:00:00Z", Some((1, 10)))]);
    let two = [prices(Periodicity::Monthly, 300, "EUR"), prices(Periodicity::Monthly, 4, "JPY")];
    let lines = of("2026-09", &history, &two);
    assert_eq!(lines.iter().map(|l| l.amount_minor).collect::<Vec<_>>(), [1_500, 20]);
    assert_eq!(totals(&lines), BTreeMap::from([("EUR", 1_500), ("JPY", 20)]));
}

#[test]
fn a_day_is_paid_at_the_price_that_stood_when_it_ended() {
    let history = history(&[("2026-09-01T00:00:00Z", Some((0, 1)))]);
    let mut prices = prices(Periodicity::Monthly, 600, "EUR");
    prices.former = vec![(300, at("2026-09-11T00:00:00Z"))];
    let line = of("2026-09", &history, &[prices]).remove(0);
    let parts: Vec<_> = line.parts.iter().map(|p| (p.days, p.price_minor, p.amount_minor)).collect();
    assert_eq!(parts, [(10, 300, 100), (20, 600, 400)]);
}

#[test]
fn a_month_that_goes_on_is_counted_up_to_the_day() {
    let history = history(&[("2026-09-01T00:00:00Z", Some((0, 3)))]);
    let prices = BTreeMap::from([(plan(0), prices(Periodicity::Monthly, 100, "EUR"))]);
    let through = Some(date(2026, 11, 10));
    let lines = lines(month("2026-11"), through, &[history], &prices).unwrap();
    assert_eq!((lines[0].seat_days, lines[0].amount_minor), (30, 100));
}

#[test]
fn a_history_without_its_plan_is_no_bill_of_nothing() {
    let history = history(&[("2026-09-01T00:00:00Z", Some((2, 3)))]);
    let error = lines(month("2026-09"), None, &[history], &BTreeMap::new()).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Corrupt);
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let text = |amount, currency: &str| decimal(amount, currency.parse().unwrap());
    assert_eq!(
        (text(1_250, "EUR"), text(1_250, "JPY"), text(1_250, "KWD")),
        ("12.50".to_owned(), "1250".to_owned(), "1.250".to_owned())
    );
    assert_eq!(
        (text(7, "EUR"), text(7, "KWD"), text(0, "EUR")),
        ("0.07".to_owned(), "0.007".to_owned(), "0.00".to_owned())
    );
}

#[test]
fn an_amount_is_the_nearest_whole_unit_and_half_of_one_is_one() {
    let shares = [(1, 3), (1, 2), (2, 3), (3, 2), (7, 4)];
    assert_eq!(shares.map(|(sum, days)| rounded(sum, days)), [0, 1, 1, 2, 2]);
}

#[test]
fn a_month_is_a_year_and_a_month() {
    assert_eq!(month("2026-10").to_string(), "2026-10");
    for wrong in ["2026-13", "2026-00", "2026-1", "26-10", "2026", "2026-10-01", "1999-12", "+026-10", ""] {
        assert!(wrong.parse::<Month>().is_err(), "{wrong}");
    }
}

/// Changes within two years, a leap year first, in order.
fn any_history() -> impl Strategy<Value = History> {
    let start = at("2024-01-01T00:00:00Z").as_second();
    let change = (0..731 * 86_400_i64, proptest::option::weighted(0.8, (0..3_usize, 1..2_000_u32)));
    proptest::collection::vec(change, 1..12).prop_map(move |mut changes| {
        changes.sort_by_key(|(second, _)| *second);
        let since = changes.into_iter().map(|(second, is)| Since {
            at: Timestamp::from_second(start + second).unwrap(),
            is: is.map(|(p, seats)| (plan(p), seats)),
        });
        History { since: since.collect(), ..history(&[]) }
    })
}

/// Whether yearly, how much, in which currency, and on which day it was another price before.
type AnyPrice = (bool, u64, usize, Option<(i64, u64)>);

fn any_prices() -> impl Strategy<Value = BTreeMap<PlanId, Prices>> {
    let one = (
        any::<bool>(),
        0..=crate::plans::MAX_PRICE_MINOR,
        0..3_usize,
        proptest::option::of((0..731_i64, 0..9_999_u64)),
    );
    proptest::collection::vec(one, 3).prop_map(|all| {
        let one = |(i, (yearly, amount, currency, former)): (usize, AnyPrice)| {
            let periodicity = if yearly { Periodicity::Yearly } else { Periodicity::Monthly };
            let mut prices = prices(periodicity, amount, ["EUR", "JPY", "KWD"][currency]);
            let second = |day| at("2024-01-01T00:00:00Z").as_second() + day * 86_400 + 3_600;
            prices
                .former
                .extend(former.map(|(day, was)| (was, Timestamp::from_second(second(day)).unwrap())));
            (plan(i), prices)
        };
        all.into_iter().enumerate().map(one).collect()
    })
}

fn year(year: i16) -> Vec<Month> {
    (1..=12).map(|m| Month::of(date(year, m, 1))).collect()
}

#[test]
fn what_rounding_leaves_goes_to_the_largest_remainders() {
    // The exact shares are 4.5, 2.7 and 1.8.
    assert_eq!(allocate(9, &[5, 3, 2]), [4, 3, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))] // two years of days each

    #[test]
    fn shares_are_the_whole_and_none_is_off_by_a_unit(
        whole in 0..u64::MAX / 2, weights in proptest::collection::vec(0..1_u128 << 60, 1..20),
    ) {
        let shares = allocate(whole, &weights);
        prop_assert_eq!(shares.iter().map(|s| u128::from(*s)).sum::<u128>(), u128::from(whole));
        let total: u128 = weights.iter().sum();
        for (share, weight) in shares.iter().zip(&weights).filter(|_| total > 0) {
            prop_assert!((u128::from(*share) * total).abs_diff(u128::from(whole) * weight) < total);
        }
    }

    #[test]
    fn the_parts_of_a_line_are_the_line(history in any_history(), prices in any_prices()) {
        for month in year(2024).into_iter().chain(year(2025)) {
            let lines = lines(month, None, std::slice::from_ref(&history), &prices).unwrap();
            for line in &lines {
                prop_assert_eq!(line.parts.iter().map(|p| p.amount_minor).sum::<u64>(), line.amount_minor);
                let days: u32 = line.parts.iter().map(|p| p.days).sum();
                prop_assert!(days >= 1 && days <= month.days());
            }
            let days: u32 = lines.iter().flat_map(|l| &l.parts).map(|p| p.days).sum();
            prop_assert!(days <= month.days(), "a day is paid for once, whatever plan it was on");
            prop_assert_eq!(totals(&lines).values().sum::<u64>(), lines.iter().map(|l| l.amount_minor).sum::<u64>());
        }
    }

    #[test]
    fn twelve_months_of_a_yearly_plan_are_its_year(seats in 1..5_000_u32, amount in 0..=crate::plans::MAX_PRICE_MINOR) {
        let history = history(&[("2023-06-01T00:00:00Z", Some((0, seats)))]);
        for y in [2024, 2025] {
            let months = year(y).into_iter();
            let sum: u64 = months
                .map(|m| of(&m.to_string(), &history, &[prices(Periodicity::Yearly, amount, "EUR")])[0].amount_minor)
                .sum();
            prop_assert_eq!(sum, u64::from(seats) * amount);
        }
    }

    #[test]
    fn months_of_a_year_are_the_year_to_half_a_unit_whatever_moved(history in any_history(), prices in any_prices()) {
        for y in [2024, 2025] {
            for i in 0..3 {
                let (id, terms) = (plan(i), &prices[&plan(i)]);
                let of_plan = |m: Month| {
                    let lines = lines(m, None, std::slice::from_ref(&history), &prices).unwrap();
                    lines.into_iter().filter(|l| l.plan == id).map(|l| l.amount_minor).sum::<u64>()
                };
                let sum: u64 = year(y).into_iter().map(of_plan).sum();
                if terms.periodicity == Periodicity::Yearly {
                    let days = u32::from(date(y, 1, 1).days_in_year().unsigned_abs());
                    let exact: u128 = timeline::days(&history, date(y, 1, 1), date(y, 12, 31))
                        .filter(|d| *d.plan == id)
                        .map(|d| cost(&d, terms))
                        .sum();
                    prop_assert_eq!(sum, rounded(exact, days));
                }
            }
        }
    }

    #[test]
    fn what_changes_nothing_that_is_paid_for_costs_nothing_more(history in any_history(), prices in any_prices()) {
        // A suspension leaves a subscription as it is: the same standing, told again.
        let mut told_again = history.clone();
        told_again.since = history
            .since
            .iter()
            .flat_map(|s| [s.clone(), Since { at: s.at, is: s.is.clone() }])
            .collect();
        for month in year(2024) {
            let once = lines(month, None, std::slice::from_ref(&history), &prices).unwrap();
            let twice = lines(month, None, std::slice::from_ref(&told_again), &prices).unwrap();
            prop_assert_eq!(once, twice);
        }
    }
}
