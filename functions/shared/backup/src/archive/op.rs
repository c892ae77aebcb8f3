//! What is to be done to one record, and what two such operations are as one.

use domain::{Error, Result, canonical};
use serde_json::{Map, Value};

/// What is to be done to one key of a run. Objects are canonical JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// The object is this, as far as it was asked for: nothing of it is missing.
    Whole(&'a [u8]),
    /// These properties are so; others stay as they are.
    Overlay(&'a [u8]),
    /// Whatever it was, it now has these properties, and others as far as operations beside this one say them:
    /// what none of them says is empty. A reading of everything says it of each object, in one piece or in several.
    Renew(&'a [u8]),
    /// The record is this, whatever it was.
    Put(&'a [u8]),
    /// There is no such record.
    Remove,
}

impl<'a> Op<'a> {
    /// Its first byte where it is kept, and the rest.
    pub(super) fn parts(self) -> (u8, &'a [u8]) {
        match self {
            Op::Whole(object) => (b'w', object),
            Op::Overlay(object) => (b'o', object),
            Op::Renew(object) => (b'n', object),
            Op::Put(value) => (b'p', value),
            Op::Remove => (b'x', b""),
        }
    }

    /// The operation of kept bytes.
    ///
    /// # Errors
    /// `Corrupt` when they are none.
    pub(super) fn from_bytes(bytes: &'a [u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((b'w', object)) => Ok(Op::Whole(object)),
            Some((b'o', object)) => Ok(Op::Overlay(object)),
            Some((b'n', object)) => Ok(Op::Renew(object)),
            Some((b'p', value)) => Ok(Op::Put(value)),
            Some((b'x', [])) => Ok(Op::Remove),
            _ => Err(Error::corrupt("a parked record cannot be read")),
        }
    }
}

/// Makes of an operation that is kept in `earlier` and of a later one on the same key one, in `earlier`.
pub(super) fn combine(earlier: &mut Vec<u8>, later: &[u8]) -> Result<()> {
    let (new, renews) = match Op::from_bytes(later)? {
        Op::Overlay(new) => (new, false),
        Op::Renew(new) => (new, true),
        Op::Whole(_) | Op::Put(_) | Op::Remove => {
            earlier.clear();
            earlier.extend_from_slice(later);
            return Ok(());
        }
    };
    let (tag, whole) = match Op::from_bytes(earlier)? {
        Op::Whole(old) => (b'w', overlaid(old, new)?),
        // Why both: a piece of an object that is read whole may come before or after a change to it.
        Op::Overlay(old) => (if renews { b'n' } else { b'o' }, overlaid(old, new)?),
        Op::Renew(old) => (b'n', overlaid(old, new)?),
        Op::Remove => (b'n', new.to_vec()),
        Op::Put(_) => return Err(Error::corrupt("an object among links")),
    };
    earlier.clear();
    earlier.push(tag);
    earlier.extend_from_slice(&whole);
    Ok(())
}

/// An object with the properties of another laid over it, as canonical text.
pub(crate) fn overlaid(old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let read = |bytes: &[u8]| -> Result<Map<String, Value>> {
        serde_json::from_slice(bytes)
            .map_err(|e| Error::corrupt("a parked object cannot be read").caused_by(e))
    };
    let mut whole = read(old)?;
    whole.extend(read(new)?);
    Ok(canonical::text(&Value::Object(whole)).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(op: Op<'_>) -> Vec<u8> {
        let (tag, rest) = op.parts();
        [&[tag], rest].concat()
    }

    #[test]
    fn a_later_operation_follows_an_earlier_one() {
        let (a, b, both) = (br#"{"a":1}"#, br#"{"b":2}"#, br#"{"a":1,"b":2}"#);
        let cases: [(Op<'_>, Op<'_>, Op<'_>); 11] = [
            (Op::Whole(a), Op::Overlay(b), Op::Whole(both)),
            (Op::Overlay(a), Op::Overlay(b), Op::Overlay(both)),
            (Op::Remove, Op::Overlay(b), Op::Renew(b)),
            (Op::Renew(a), Op::Overlay(b), Op::Renew(both)),
            (Op::Renew(a), Op::Renew(b), Op::Renew(both)),
            (Op::Overlay(a), Op::Renew(b), Op::Renew(both)),
            (Op::Whole(a), Op::Renew(b), Op::Whole(both)),
            (Op::Remove, Op::Renew(b), Op::Renew(b)),
            (Op::Overlay(a), Op::Remove, Op::Remove),
            (Op::Remove, Op::Whole(b), Op::Whole(b)),
            (Op::Put(b"1"), Op::Put(b"2"), Op::Put(b"2")),
        ];
        for (earlier, later, expected) in cases {
            let mut one = kept(earlier);
            combine(&mut one, &kept(later)).unwrap();
            assert_eq!(Op::from_bytes(&one).unwrap(), expected, "{earlier:?} then {later:?}");
        }
        assert!(combine(&mut kept(Op::Put(b"1")), &kept(Op::Overlay(b))).is_err());
        assert!(
            Op::from_bytes(b"").is_err() && Op::from_bytes(b"xx").is_err() && Op::from_bytes(b"?").is_err()
        );
    }
}
