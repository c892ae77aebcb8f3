//! Amounts of money, as people write and read them.

use iso_currency::Currency;

/// The most digits before the point: more is no price.
const MOST_DIGITS: usize = 9;

/// How many digits the currency has behind the point; none where there is no such currency.
fn digits(currency: &str) -> Option<usize> {
    Currency::from_code(currency)?.exponent().map(usize::from)
}

/// An amount in the currency's smallest unit, as people write it: `2.90` or `2,90` with EUR is 290.
pub fn minor(text: &str, currency: &str) -> Option<i64> {
    let digits = digits(currency)?;
    let (whole, part) = text.trim().split_once(['.', ',']).unwrap_or((text.trim(), ""));
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > MOST_DIGITS
        || part.len() > digits
        || !is_number(whole)
        || !is_number(part)
    {
        return None;
    }
    format!("{whole}{part:0<digits$}").parse().ok()
}

/// An amount of the currency's smallest unit, as people read it.
pub fn shown(amount_minor: i64, currency: &str) -> String {
    let Some(digits) = digits(currency).filter(|digits| *digits > 0) else {
        return format!("{amount_minor} {currency}");
    };
    let sign = if amount_minor < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", amount_minor.unsigned_abs(), width = digits + 1);
    let (whole, part) = text.split_at(text.len() - digits);
    format!("{sign}{whole}.{part} {currency}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_smallest_unit_of_its_currency_or_not_at_all() {
        let read = [("2.90", "EUR"), ("2,9", "EUR"), ("3", "EUR"), ("290", "JPY"), ("0.005", "KWD")];
        assert_eq!(
            read.map(|(text, of)| minor(text, of)),
            [Some(290), Some(290), Some(300), Some(290), Some(5)]
        );
        for (wrong, of) in
            [("2.905", "EUR"), ("2.9", "JPY"), ("-1", "EUR"), ("1e3", "EUR"), ("", "EUR"), ("1", "XYZ")]
        {
            assert_eq!(minor(wrong, of), None, "{wrong} {of}");
        }
    }

    #[test]
    fn an_amount_is_shown_with_the_digits_of_its_currency() {
        let all = [(290, "EUR"), (5, "EUR"), (-1290, "USD"), (290, "JPY"), (5, "KWD")];
        let told = all.map(|(amount, of)| shown(amount, of));
        assert_eq!(told, ["2.90 EUR", "0.05 EUR", "-12.90 USD", "290 JPY", "0.005 KWD"]);
    }
}
