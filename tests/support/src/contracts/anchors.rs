//! The contract of `Anchors`.

use super::Subjects;
use engine::ports::{AnchorName, Anchors, Put};
use jiff::civil::date;
use std::sync::Arc;

/// Asserts the contract of `Anchors`: what is kept is kept as it was first given, for one log, day and part each.
pub async fn anchors(anchors: Arc<dyn Anchors>, subjects: &Subjects) {
    let name = |part| AnchorName::new(Some(&subjects.partner), date(2026, 11, 29), part);
    assert_eq!(anchors.find(&name(0)).await.unwrap(), None);
    assert_eq!(anchors.put_new(&name(0), "first").await.unwrap(), Put::New);
    assert_eq!(anchors.put_new(&name(0), "second").await.unwrap(), Put::AlreadyThere);
    assert_eq!(anchors.find(&name(0)).await.unwrap().as_deref(), Some("first"), "create-only");
    let large = "x".repeat(300_000);
    assert_eq!(anchors.put_new(&name(1), &large).await.unwrap(), Put::New);
    assert_eq!(anchors.find(&name(1)).await.unwrap(), Some(large));
    for other in [
        AnchorName::new(Some(&subjects.other_partner), date(2026, 11, 29), 0),
        AnchorName::new(Some(&subjects.partner), date(2026, 11, 30), 0),
        name(2),
    ] {
        assert_eq!(anchors.find(&other).await.unwrap(), None, "{other:?}");
    }
    let puts = (0..8).map(|n| {
        let (anchors, name) = (anchors.clone(), name(3));
        tokio::spawn(async move { anchors.put_new(&name, &format!("writer {n}")).await.unwrap() })
    });
    let mut new = 0;
    for put in puts.collect::<Vec<_>>() {
        new += usize::from(put.await.unwrap() == Put::New);
    }
    assert_eq!(new, 1, "one of several writers wins");
}
