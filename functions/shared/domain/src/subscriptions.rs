//! Subscriptions: which product may follow which, and how many seats there may be. One table, one question,
//! [`step`].
//!
//! A move is allowed at once, waits for an approval, or is refused with a reason for a person. Seats are
//! raised and lowered, never below what the last snapshot counted; being over is told ([`over_use`]) and
//! stops nothing.

use crate::plans::{Price, ProductType, Terms};
use crate::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the table says of a move between two products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It takes effect at once.
    AtOnce,
    /// It is asked for, and takes effect when the top partner approves it.
    Approved,
    /// It is not made; why, for a person.
    Refused(&'static str),
}

const NEVER: Move = Move::Refused(
    "a subscription with Entra never becomes one without: unsubscribe the organisation instead",
);
const NOT_SIDEWAYS: Move = Move::Refused("Backup does not become Archive: move to BackupEntra first");
const NOT_BACK: Move = Move::Refused("Archive does not become Backup");
const TO_BACKUP_ENTRA: Move =
    Move::Refused("Archive moves to ArchiverEntra, from where BackupEntra is a downgrade to ask for");
const IN_TWO: Move = Move::Refused("Backup moves to BackupEntra first, and from there to ArchiverEntra");

use Move::{Approved, AtOnce};

/// The table: a row for the product that is, a column for the one that is wanted, both in the order of
/// [`ProductType::ALL`]. On the diagonal only the plan changes, not what it protects.
#[rustfmt::skip]
pub const MOVES: [(ProductType, [Move; 4]); 4] = [
    //                            Backup     Archive       BackupEntra      ArchiverEntra
    (ProductType::Backup,        [AtOnce,    NOT_SIDEWAYS, AtOnce,          IN_TWO]),
    (ProductType::Archive,       [NOT_BACK,  AtOnce,       TO_BACKUP_ENTRA, AtOnce]),
    (ProductType::BackupEntra,   [NEVER,     NEVER,        AtOnce,          AtOnce]),
    (ProductType::ArchiverEntra, [NEVER,     NEVER,        Approved,        AtOnce]),
];

/// What the table says of the move of a subscription from one product to another.
pub fn step(from: ProductType, to: ProductType) -> Move {
    let row = MOVES.iter().find(|(product, _)| *product == from);
    let column = ProductType::ALL.iter().position(|product| *product == to);
    // Why: both are there, as a test shows; what is not in the table would be no move.
    row.zip(column).map_or(NEVER, |((_, cells), column)| cells[column])
}

/// Seats of a licence that is not for resale: enough to try every feature on a tenant of one's own, as many
/// as a Microsoft 365 developer tenant has; too few to run a customer on it.
pub const NOT_FOR_RESALE_SEATS: u32 = 25;

/// The most seats that a subscription may have: more than any tenant has users, and their products with the
/// greatest price stay within 64 bits.
pub const MAX_SEATS: u32 = 1_000_000;

/// Whether a subscription may have `seats` seats. `in_use` is how many the last snapshot counted; none when no
/// snapshot has counted yet.
///
/// # Errors
/// `Invalid` naming `seats`.
pub fn check_seats(seats: u32, in_use: Option<u64>, not_for_resale: bool) -> Result<()> {
    let most = if not_for_resale { NOT_FOR_RESALE_SEATS } else { MAX_SEATS };
    let why = match in_use {
        _ if seats == 0 => "must be at least 1".to_owned(),
        _ if seats > most && not_for_resale => format!("a licence not for resale has at most {most} seats"),
        _ if seats > most => format!("must be at most {most}"),
        Some(in_use) if u64::from(seats) < in_use => format!("{in_use} are in use: seats cannot be fewer"),
        _ => return Ok(()),
    };
    Err(Error::invalid_field("seats", why))
}

/// Whether seats may change from `before` to `after`: raising is always possible, also when that is not yet
/// enough for what is in use.
///
/// # Errors
/// As [`check_seats`].
pub fn check_seat_change(before: u32, after: u32, in_use: Option<u64>, not_for_resale: bool) -> Result<()> {
    check_seats(after, if after < before { in_use } else { None }, not_for_resale)
}

/// Whether a user takes a seat, from its canonical text: one that is enabled and a member.
///
/// # Errors
/// `Corrupt` when it is not an object.
pub fn takes_seat(user: &[u8]) -> Result<bool> {
    // Why values: whatever Graph gives for these two is kept, and only the one answer counts.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct User {
        #[serde(default)]
        account_enabled: Value,
        #[serde(default)]
        user_type: Value,
    }
    let user: User = serde_json::from_slice(user)
        .map_err(|e| Error::corrupt("a stored user cannot be read").caused_by(e))?;
    Ok(user.account_enabled == true && user.user_type == "Member")
}

/// How many more seats are in use than are paid for. People are notified of it; backups go on.
pub fn over_use(seats: u32, in_use: Option<u64>) -> Option<u64> {
    in_use.map(|in_use| in_use.saturating_sub(u64::from(seats)))
}

/// Where a request for a downgrade stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RequestState {
    /// Nobody has decided on it yet.
    Open,
    /// It has taken effect.
    Approved,
    /// It was refused, and never takes effect.
    Refused,
}

impl RequestState {
    /// The state after a decision.
    ///
    /// # Errors
    /// `Conflict` when it was decided before.
    pub fn decide(self, approve: bool) -> Result<Self> {
        match self {
            Self::Open if approve => Ok(Self::Approved),
            Self::Open => Ok(Self::Refused),
            Self::Approved => Err(Error::conflict("the downgrade is already approved")),
            Self::Refused => Err(Error::conflict("the downgrade is already refused")),
        }
    }
}

/// Whether a plan of these terms may be sold as not for resale.
///
/// # Errors
/// `Invalid` naming what is not: it costs nothing, and it is of an Entra type.
pub fn check_not_for_resale(terms: &Terms) -> Result<()> {
    let Price { amount_minor, .. } = terms.price;
    if amount_minor != 0 {
        return Err(Error::invalid_field("price.amountMinor", "a licence not for resale costs nothing"));
    }
    if !terms.product.is_entra() {
        return Err(Error::invalid_field("product", "a licence not for resale is of an Entra type"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ProductType::{Archive, ArchiverEntra, Backup, BackupEntra};
    use proptest::prelude::*;

    /// A subscription and what is waiting for it, as the commands keep it.
    #[derive(Clone, Debug)]
    struct Standing {
        product: ProductType,
        asked: Option<(ProductType, RequestState)>,
    }

    #[derive(Clone, Copy, Debug)]
    enum Act {
        Want(ProductType),
        Decide(bool),
    }

    impl Standing {
        fn act(&mut self, act: Act) {
            match act {
                Act::Want(to) => match step(self.product, to) {
                    AtOnce => self.product = to,
                    Approved => self.asked = self.asked.or(Some((to, RequestState::Open))),
                    Move::Refused(_) => {}
                },
                Act::Decide(approve) => {
                    let Some((to, state)) = self.asked.take() else { return };
                    let state = state.decide(approve).unwrap();
                    assert!(state.decide(true).is_err() && state.decide(false).is_err(), "once only");
                    if state == RequestState::Approved {
                        self.product = to;
                    }
                }
            }
        }
    }

    fn product() -> impl Strategy<Value = ProductType> {
        proptest::sample::select(ProductType::ALL.to_vec())
    }
    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![product().prop_map(Act::Want), any::<bool>().prop_map(Act::Decide)];
        proptest::collection::vec(act, 0..40)
    }

    #[test]
    fn the_moves_of_the_product_are_at_once_and_the_one_downgrade_waits() {
        for (from, to) in [(Backup, BackupEntra), (Archive, ArchiverEntra), (BackupEntra, ArchiverEntra)] {
            assert_eq!(step(from, to), AtOnce, "{from:?} {to:?}");
        }
        assert_eq!(step(ArchiverEntra, BackupEntra), Approved);
        for (from, to) in [(BackupEntra, Backup), (ArchiverEntra, Archive), (BackupEntra, Archive)] {
            let Move::Refused(why) = step(from, to) else { panic!("{from:?} {to:?}") };
            assert!(why.contains("never"), "{why}");
        }
    }

    #[test]
    fn rows_and_columns_of_the_table_stand_in_the_order_of_the_products() {
        let rows: Vec<_> = MOVES.iter().map(|(product, _)| *product).collect();
        assert_eq!(rows, ProductType::ALL);
        for (i, (product, cells)) in MOVES.iter().enumerate() {
            assert_eq!(cells[i], AtOnce, "{product:?} onto another plan of the same");
        }
    }

    #[test]
    fn only_one_cell_waits_and_every_refusal_has_a_reason() {
        let cells: Vec<_> = MOVES.iter().flat_map(|(_, cells)| cells).collect();
        assert_eq!(cells.iter().filter(|m| ***m == Approved).count(), 1);
        assert_eq!(cells.iter().filter(|m| ***m == AtOnce).count(), 4 + 3);
        assert!(cells.iter().all(|m| !matches!(m, Move::Refused(why) if why.is_empty())));
    }

    #[test]
    fn seats_go_down_to_what_is_in_use_and_up_even_when_that_is_not_enough() {
        assert!(check_seat_change(20, 12, Some(12), false).is_ok());
        let refused = check_seat_change(20, 11, Some(12), false).unwrap_err();
        assert_eq!(refused.fields()[0].field, "seats");
        assert!(check_seat_change(5, 6, Some(12), false).is_ok(), "over-use is told, not a wall");
        assert_eq!(
            (over_use(6, Some(12)), over_use(12, Some(12)), over_use(6, None)),
            (Some(6), Some(0), None)
        );
    }

    #[test]
    fn a_licence_not_for_resale_costs_nothing_and_has_few_seats() {
        assert!(check_seats(NOT_FOR_RESALE_SEATS, None, true).is_ok());
        assert!(check_seats(1, None, true).is_ok());
        assert!(check_seats(NOT_FOR_RESALE_SEATS + 1, None, true).is_err());
        assert!(check_seats(NOT_FOR_RESALE_SEATS + 1, None, false).is_ok());
        let mut terms = Terms {
            product: BackupEntra,
            name: "Own".to_owned(),
            periodicity: crate::plans::Periodicity::Monthly,
            price: Price { amount_minor: 0, currency: "EUR".parse().unwrap() },
            visible: true,
        };
        assert!(check_not_for_resale(&terms).is_ok());
        terms.price.amount_minor = 1;
        assert!(check_not_for_resale(&terms).is_err());
    }

    #[test]
    fn who_is_enabled_and_a_member_takes_a_seat() {
        for (user, takes) in [
            (r#"{"accountEnabled":true,"userType":"Member","x":{"y":[1]}}"#, true),
            (r#"{"accountEnabled":false,"userType":"Member"}"#, false),
            (r#"{"accountEnabled":true,"userType":"Guest"}"#, false),
            (r#"{"accountEnabled":null,"userType":"Member"}"#, false),
            (r#"{"accountEnabled":true}"#, false),
            ("{}", false),
        ] {
            assert_eq!(takes_seat(user.as_bytes()).unwrap(), takes, "{user}");
        }
        assert!(takes_seat(b"7").is_err() && takes_seat(b"{").is_err());
    }

    proptest! {
        #[test]
        fn no_sequence_of_moves_leads_from_entra_to_without(from in product(), acts in acts()) {
            let mut standing = Standing { product: from, asked: None };
            let mut was_entra = from.is_entra();
            for act in acts {
                standing.act(act);
                prop_assert!(standing.product.is_entra() || !was_entra, "{standing:?} after {act:?}");
                was_entra |= standing.product.is_entra();
            }
        }

        #[test]
        fn a_downgrade_never_takes_effect_unapproved(acts in acts()) {
            let mut standing = Standing { product: ArchiverEntra, asked: None };
            for act in acts {
                let before = standing.clone();
                standing.act(act);
                if before.product == ArchiverEntra && standing.product != ArchiverEntra {
                    let asked = before.asked == Some((BackupEntra, RequestState::Open));
                    prop_assert!(matches!(act, Act::Decide(true)) && asked, "{before:?} {act:?}");
                }
            }
        }

        #[test]
        fn without_a_decision_archive_with_entra_stays_what_it_is(wants in proptest::collection::vec(product(), 0..40)) {
            let mut standing = Standing { product: ArchiverEntra, asked: None };
            for to in wants {
                standing.act(Act::Want(to));
            }
            prop_assert_eq!(standing.product, ArchiverEntra);
        }

        #[test]
        fn lowered_seats_always_cover_what_is_in_use(
            before in 1..=MAX_SEATS, after in 0..=MAX_SEATS + 1, in_use in 0..2 * u64::from(MAX_SEATS),
        ) {
            if check_seat_change(before, after, Some(in_use), false).is_ok() {
                prop_assert!((1..=MAX_SEATS).contains(&after));
                prop_assert!(after >= before || over_use(after, Some(in_use)) == Some(0));
            }
        }
    }
}
