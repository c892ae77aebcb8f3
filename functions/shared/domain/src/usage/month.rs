//! A month of the calendar.

use crate::{Error, Result};
use jiff::civil::Date;
use std::{fmt, str::FromStr};

/// A month, written `2026-10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Date);

impl Month {
    /// The month of a day.
    pub fn of(day: Date) -> Self {
        Self(day.first_of_month())
    }
    /// The first day of the month.
    pub fn first(self) -> Date {
        self.0
    }
    /// The last day of the month.
    pub fn last(self) -> Date {
        self.0.last_of_month()
    }
    /// How many days it has.
    pub fn days(self) -> u32 {
        u32::from(self.0.days_in_month().unsigned_abs())
    }
}

impl FromStr for Month {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::invalid("a month is a year from 2000 and a month of it, such as 2026-10");
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |part: &str, len| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) || year < "2000" {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        Date::new(year, month, 1).map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}
