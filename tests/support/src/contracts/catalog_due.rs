//! The contract of `Catalog::list_due`: order over all scopes, pages, leaving and moving.

use super::catalog::{in_ms, now, put};
use super::{Allowance, Allowances, Subjects};
use domain::Timestamp;
use engine::ports::{Catalog, Page, Row, Scope, Write};
use serde_json::json;
use std::time::Duration;

/// Lists are over all scopes, so their names hold the subjects: another run must not show.
pub(super) async fn watched_lists(catalog: &dyn Catalog, subjects: &Subjects, allowances: &Allowances) {
    let list = format!("contract-{}", subjects.tenant);
    let neighbour = format!("{list}-neighbour");
    let scopes = subjects.scopes();
    let mut expected = Vec::new();
    for n in 0..40_u64 {
        let scope = &scopes[usize::try_from(n % 8).expect("small")];
        // 17 has no factor in common with 40: the times come in another order than the keys.
        let at = in_ms(i64::try_from(n * 17 % 40).expect("small") * 250);
        let row = Row::new(format!("due#{n:02}"), json!({"n": n})).watched(&list, at);
        put(catalog, scope, row.clone()).await;
        expected.push((scope.clone(), Row { version: 1, ..row }));
    }
    put(catalog, &scopes[0], Row::new("due#elsewhere", json!({})).watched(&neighbour, now())).await;
    put(catalog, &scopes[0], Row::new("due#nowhere", json!({}))).await;
    expected.sort_by_key(|(_, row)| row.watch.as_ref().map(|watch| watch.at));

    let check = Check { catalog, list: &list, lags: allowances.has(Allowance::DueListsLag) };
    check.shows(in_ms(1_000_000), &expected, "all, the earliest first").await;
    check.shows(in_ms(9 * 250), &expected[..10], "what is due no later than the instant").await;
    check.shows(in_ms(9 * 250 - 1), &expected[..9], "what is due later is not shown").await;
    check.shows(in_ms(-1), &[], "nothing is due").await;
    let elsewhere = catalog.list_due(&neighbour, in_ms(1_000_000), Page::first(10)).await.unwrap();
    assert_eq!(elsewhere.rows.len(), 1, "lists never meet");

    changes_move_rows(&check, expected).await;
}

async fn changes_move_rows(check: &Check<'_>, mut expected: Vec<(Scope, Row)>) {
    let [left, deleted, moved] = [0, 1, 2].map(|n| expected[n].clone());
    let moved_row = Row { version: 2, ..moved.1.clone().watched(check.list, in_ms(999_000)) };
    let writes = vec![
        Write::Replace(left.0, Row { watch: None, ..left.1 }, 1),
        Write::Delete(deleted.0, deleted.1.key, 1),
        Write::Replace(moved.0.clone(), moved_row.clone(), 1),
    ];
    check.catalog.write(now(), writes).await.unwrap();
    expected.drain(..3);
    expected.push((moved.0, moved_row));
    check.shows(in_ms(1_000_000), &expected, "what left, went or moved").await;
}

struct Check<'a> {
    catalog: &'a dyn Catalog,
    list: &'a str,
    lags: bool,
}

impl Check<'_> {
    async fn shows(&self, until: Timestamp, expected: &[(Scope, Row)], what: &str) {
        for limit in [1000, 7] {
            let mut shown = self.all(until, limit).await;
            for _ in 0..100 {
                if shown == expected || !self.lags {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
                shown = self.all(until, limit).await;
            }
            assert_eq!(shown, expected, "{what}, by pages of {limit}");
        }
    }

    async fn all(&self, until: Timestamp, limit: usize) -> Vec<(Scope, Row)> {
        let (mut rows, mut after) = (Vec::new(), None);
        for _ in 0..1_000 {
            let page = Page { after, limit, descending: false };
            let page = self.catalog.list_due(self.list, until, page).await.unwrap();
            assert!(page.rows.len() <= limit);
            rows.extend(page.rows);
            after = page.next;
            if after.is_none() {
                return rows;
            }
        }
        panic!("the watched list has no end");
    }
}
