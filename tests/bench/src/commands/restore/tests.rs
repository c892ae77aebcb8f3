//! What must not get worse, at a small size: requests, refusals, and what waits for what, in simulated time.

use super::{Options, What, figures};
use serde_json::{Map, Value};

fn options(what: What, number: usize) -> Options {
    Options { what, number, tenants: 1, users: 0, plans: 0, latency_ms: 100, replication_s: 0, json: true }
}

fn number(figures: &Map<String, Value>, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or_else(|| panic!("{name} is no number in {figures:?}"))
}

/// The figures, of a restore of which all was done and nothing refused for a limit's sake.
async fn of_all_done(options: &Options) -> Map<String, Value> {
    let figures = figures(options).await.unwrap();
    assert_eq!(
        (&figures["steps_done"], figures["refused"].as_u64()),
        (&figures["steps"], Some(0)),
        "{figures:?}"
    );
    assert!(number(&figures, "steps") >= 1.0);
    figures
}

#[tokio::test]
async fn attributes_of_several_tenants_begin_at_once_and_end_together() {
    let figures = of_all_done(&Options { tenants: 3, ..options(What::Attributes, 40) }).await;
    assert_eq!(figures["writes"].as_u64(), Some(120));
    assert!(number(&figures, "requests") <= 5.0 * 120.0 + 30.0, "{figures:?}");
    assert!(number(&figures, "first_write_after_s") <= 1.0 && number(&figures, "last_to_first") <= 1.1);
}

#[tokio::test]
async fn members_who_came_cost_less_than_two_requests_each() {
    let figures = of_all_done(&options(What::NewMembers, 100)).await;
    assert_eq!(figures["writes"].as_u64(), Some(100));
    assert!(number(&figures, "requests") <= 2.0 * 100.0, "{figures:?}");
}

#[tokio::test]
async fn members_cost_less_than_two_requests_each() {
    let figures = of_all_done(&options(What::Members, 100)).await;
    assert!(number(&figures, "requests") <= 2.0 * 100.0, "{figures:?}");
}
