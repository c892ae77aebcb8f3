//! Plans: what is offered, for how much, and what of it may change.
//!
//! Money is a count of the currency's minor unit with its currency beside it, never a float.

use crate::rights::{Action, who_may};
use crate::{Error, FieldFault, Result};
use iso_currency::Currency as Iso;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a plan sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ProductType {
    /// The base product Backup, without the Entra add-on.
    Backup,
    /// The base product Archive, without the Entra add-on.
    Archive,
    /// Backup together with the Entra add-on.
    BackupEntra,
    /// Archive together with the Entra add-on.
    ArchiverEntra,
}

impl ProductType {
    /// Every type, in the order of the table of moves.
    pub const ALL: [Self; 4] = [Self::Backup, Self::Archive, Self::BackupEntra, Self::ArchiverEntra];

    /// Whether the Entra add-on is in it.
    pub fn is_entra(self) -> bool {
        matches!(self, Self::BackupEntra | Self::ArchiverEntra)
    }
    /// The label that lists show beside the plan, if any.
    pub fn label(self) -> Option<&'static str> {
        self.is_entra().then_some("Entra")
    }
}

/// How often it is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Periodicity {
    /// Paid for each month.
    Monthly,
    /// Paid for each year.
    Yearly,
}

/// A currency of ISO 4217, by its three letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Z]{3}$"))]
pub struct Currency(Iso);

impl Currency {
    /// The three letters of ISO 4217, such as `EUR`.
    pub fn code(self) -> &'static str {
        self.0.code()
    }
    /// How many decimals its minor unit is: 2 for the euro, 0 for the yen, 3 for the Kuwaiti dinar. Absent
    /// for what has no minor unit, such as gold.
    pub fn decimals(self) -> Option<u16> {
        self.0.exponent()
    }
}

impl FromStr for Currency {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Iso::from_code(text)
            // Why: test codes, metals and funds are in ISO 4217 too, and nobody pays seats with them.
            .filter(|c| c.exponent().is_some() && !matches!(c, Iso::XTS | Iso::XXX))
            .map(Self)
            .ok_or_else(|| Error::invalid("a currency is three capital letters of ISO 4217, such as EUR"))
    }
}
impl TryFrom<String> for Currency {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The greatest price of a seat: far above any real one, and its products stay within 64 bits.
pub const MAX_PRICE_MINOR: u64 = 100_000_000;

/// What a seat costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Price {
    /// Minor units of the currency, for each seat and period.
    pub amount_minor: u64,
    /// The currency whose minor units are counted.
    pub currency: Currency,
}

/// What a plan says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// The type of product that it sells.
    pub product: ProductType,
    /// The name that people see; two plans may have the same.
    pub name: String,
    /// How often it is paid.
    pub periodicity: Periodicity,
    /// What one seat costs for one period.
    pub price: Price,
    /// Whether it is offered.
    pub visible: bool,
}

/// Whether a partner may have a plan of these terms.
///
/// # Errors
/// `Invalid` naming each field at fault; `Conflict` when the product needs the partner's Entra SKU and that
/// is not active: the message says who can activate it.
pub fn check_new(terms: &Terms, entra_sku_active: bool) -> Result<()> {
    check_values(terms)?;
    if terms.product.is_entra() && !entra_sku_active {
        return Err(Error::conflict(format!(
            "the partner's Entra SKU must be activated before a plan with Entra can be used; {} of the \
             partner can activate it",
            who_may(Action::ManagePlans)
        )));
    }
    Ok(())
}

/// Whether a plan may change from `before` to `after`: its name, its price and its visibility may.
///
/// # Errors
/// `Invalid` naming each field that may not change, or whose new value is wrong.
pub fn check_edit(before: &Terms, after: &Terms) -> Result<()> {
    let fixed = [
        ("product", before.product != after.product),
        ("periodicity", before.periodicity != after.periodicity),
        ("price.currency", before.price.currency != after.price.currency),
    ];
    let faults: Vec<_> = fixed
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(field, _)| fault(field, "cannot change after the plan was created"))
        .collect();
    if faults.is_empty() { check_values(after) } else { Err(at_fault(faults)) }
}

fn check_values(terms: &Terms) -> Result<()> {
    let mut faults = Vec::new();
    let length = terms.name.trim().chars().count();
    if !(1..=100).contains(&length) {
        faults.push(fault("name", "must have 1 to 100 characters"));
    }
    if terms.price.amount_minor > MAX_PRICE_MINOR {
        faults.push(fault("price.amountMinor", &format!("must be at most {MAX_PRICE_MINOR}")));
    }
    if faults.is_empty() { Ok(()) } else { Err(at_fault(faults)) }
}

fn fault(field: &str, message: &str) -> FieldFault {
    FieldFault::new(field, message)
}

fn at_fault(faults: Vec<FieldFault>) -> Error {
    Error::invalid("the plan cannot be as asked").with_fields(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(product: ProductType) -> Terms {
        Terms {
            product,
            name: "Entra protected".to_owned(),
            periodicity: Periodicity::Monthly,
            price: Price { amount_minor: 250, currency: "EUR".parse().unwrap() },
            visible: true,
        }
    }

    #[test]
    fn an_entra_plan_needs_the_sku_and_the_answer_says_who_activates_it() {
        for product in [ProductType::BackupEntra, ProductType::ArchiverEntra] {
            assert!(check_new(&terms(product), true).is_ok());
            let refusal = check_new(&terms(product), false).unwrap_err();
            assert_eq!(refusal.kind(), crate::ErrorKind::Conflict);
            assert!(refusal.to_string().contains("Owner or Super Admin"), "{refusal}");
            assert_eq!(product.label(), Some("Entra"));
        }
        for product in [ProductType::Backup, ProductType::Archive] {
            assert!(check_new(&terms(product), false).is_ok());
            assert_eq!(product.label(), None);
        }
    }

    #[test]
    fn only_name_price_and_visibility_of_a_plan_can_change() {
        let before = terms(ProductType::Backup);
        let mut after = before.clone();
        after.name = "Cheaper".to_owned();
        after.price.amount_minor = 200;
        after.visible = false;
        assert!(check_edit(&before, &after).is_ok());
        after.product = ProductType::Archive;
        after.periodicity = Periodicity::Yearly;
        after.price.currency = "CHF".parse().unwrap();
        let refusal = check_edit(&before, &after).unwrap_err();
        let named: Vec<_> = refusal.fields().iter().map(|f| f.field.as_str()).collect();
        assert_eq!(named, ["product", "periodicity", "price.currency"]);
    }

    #[test]
    fn a_name_and_a_price_have_their_limits() {
        let mut wrong = terms(ProductType::Backup);
        wrong.name = "  ".to_owned();
        wrong.price.amount_minor = MAX_PRICE_MINOR + 1;
        assert_eq!(check_new(&wrong, true).unwrap_err().fields().len(), 2);
        let mut dearest = terms(ProductType::Backup);
        dearest.price.amount_minor = MAX_PRICE_MINOR;
        assert!(check_new(&dearest, true).is_ok());
    }

    #[test]
    fn a_currency_is_one_of_iso_4217_that_can_be_paid_with() {
        assert_eq!("JPY".parse::<Currency>().unwrap().decimals(), Some(0));
        assert_eq!("KWD".parse::<Currency>().unwrap().decimals(), Some(3));
        for wrong in ["eur", "EURO", "", "XXX", "XAU", "ZZZ"] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }
}
