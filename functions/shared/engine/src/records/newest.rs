//! What the newest sealed snapshot of a tenant holds, in short, as the tenant's row says it: whoever looks over many tenants
//! reads no row of a snapshot. The snapshot's own row, and its manifest, say it whole.

use super::snapshot::{NotCovered, Snapshot};
use domain::Timestamp;
use domain::stored::MissingCause;
use serde::{Deserialize, Serialize};

/// A kind, or a part of one, that the newest snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The name of the kind or the part, such as `users` or `users.faxNumber`.
    pub source: String,
    /// Why it is not held: the name of a [`MissingCause`].
    pub cause: String,
}

impl Gap {
    /// Whether a permission would have given it: that is told of the credentials.
    pub fn is_denied(&self) -> bool {
        self.cause == MissingCause::Denied.name()
    }
}

/// The newest sealed snapshot of a tenant, in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Newest {
    /// When it was sealed.
    pub sealed_at: Timestamp,
    /// The kinds and parts that it does not hold, by name, [`Self::MOST_GAPS`] of them at the most. What a consent may still
    /// bring is not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// How many more kinds and parts it does not hold.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_gaps: u64,
    /// How many single objects it does not hold, of kinds that it does.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub objects: u64,
    /// Since when these very kinds and parts are missing: the sealing of the first of the snapshots in a row that lack them.
    pub gaps_since: Timestamp,
    /// The permissions that nothing needs, by name, the worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excess: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Newest {
    /// How many kinds and parts are named. Why a bound: a row holds 300 KB, and a page of rows a megabyte.
    pub const MOST_GAPS: usize = 40;

    /// That of a snapshot that was sealed then, and lacks these; `before` is that of the snapshot before.
    pub fn of(
        sealed_at: Timestamp,
        lacks: &[NotCovered],
        excess: Vec<String>,
        before: Option<&Self>,
    ) -> Self {
        let (objects, parts): (Vec<_>, Vec<_>) = lacks.iter().partition(|gap| gap.source.contains('/'));
        let gap = |part: &NotCovered| Gap { source: part.source.clone(), cause: part.cause.clone() };
        let mut gaps: Vec<Gap> = parts.into_iter().map(gap).collect();
        gaps.sort();
        let more_gaps = gaps.len().saturating_sub(Self::MOST_GAPS) as u64;
        gaps.truncate(Self::MOST_GAPS);
        let as_before = before.filter(|before| before.gaps == gaps && before.more_gaps == more_gaps);
        let gaps_since = as_before.map_or(sealed_at, |before| before.gaps_since);
        Self { sealed_at, gaps, more_gaps, objects: objects.len() as u64, gaps_since, excess }
    }

    /// That of a tenant whose row does not say it, by the row of its newest snapshot; none where that is not sealed.
    pub fn of_row(row: &Snapshot) -> Option<Self> {
        let is_final = |gap: &&NotCovered| !(row.provisional && gap.cause == MissingCause::Denied.name());
        let lacks: Vec<NotCovered> = row.not_covered.iter().filter(is_final).cloned().collect();
        row.sealed_at.map(|at| Self::of(at, &lacks, Vec::new(), None))
    }

    /// Whether it holds everything.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty() && self.more_gaps == 0 && self.objects == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacks(source: &str) -> NotCovered {
        NotCovered { source: source.to_owned(), cause: "unlicensed".to_owned(), why: "for people".to_owned() }
    }

    #[test]
    fn the_same_gaps_in_a_row_are_of_the_first_snapshot_that_has_them_and_others_begin_anew() {
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        let first = Newest::of(at(1), &[lacks("users"), lacks("users/1"), lacks("groups")], vec![], None);
        assert_eq!((first.gaps.len(), first.objects, first.is_complete()), (2, 1, false));
        let second = Newest::of(at(2), &[lacks("groups"), lacks("users")], vec![], Some(&first));
        assert_eq!((second.gaps_since, second.sealed_at, second.objects), (at(1), at(2), 0));
        let third = Newest::of(at(3), &[lacks("groups")], vec![], Some(&second));
        assert_eq!(third.gaps_since, at(3));
        let whole = Newest::of(at(4), &[], vec![], Some(&third));
        assert!(whole.is_complete());
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Newest>(&text).unwrap(), whole);
    }

    #[test]
    fn more_gaps_than_a_row_names_are_counted() {
        let many: Vec<_> = (0..100).map(|n| lacks(&format!("users.p{n:03}"))).collect();
        let newest = Newest::of(Timestamp::UNIX_EPOCH, &many, vec![], None);
        assert_eq!((newest.gaps.len(), newest.more_gaps), (Newest::MOST_GAPS, 60));
    }
}
