//! Values of a layer: what a record became, or that it is no longer there. FORMAT.md section 5.

use crate::{Error, Result};

const HELD: u8 = b'+';
const REMOVED: u8 = b'-';

/// Appends the value of a record that is there.
pub fn put_held(out: &mut Vec<u8>, value: &[u8]) {
    out.push(HELD);
    out.extend_from_slice(value);
}

/// The value of a record that is no longer there.
pub const fn removed() -> &'static [u8] {
    &[REMOVED]
}

/// What a value of a layer says: the record's value, or none when it is no longer there.
///
/// # Errors
/// `Corrupt` when it says neither.
pub fn read(value: &[u8]) -> Result<Option<&[u8]>> {
    match value.split_first() {
        Some((&HELD, value)) => Ok(Some(value)),
        Some((&REMOVED, [])) => Ok(None),
        _ => Err(Error::corrupt("a value of a layer cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_there_or_removed_and_nothing_else() {
        let mut held = Vec::new();
        put_held(&mut held, b"x");
        assert_eq!(read(&held).unwrap(), Some(b"x".as_slice()));
        assert_eq!(read(removed()).unwrap(), None);
        for bad in [b"".as_slice(), b"x", b"-x"] {
            assert!(read(bad).is_err());
        }
    }
}
