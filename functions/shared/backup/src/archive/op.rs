//! What is to be done to one record, and how two operations on one key become a single one.

use domain::{Error, Result, canonical};
use serde_json::{Map, Value};

/// What is to be done to one key of a run. Objects are canonical JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op<'a> {
    /// The object is exactly this, in every property that was asked for.
    Complete(&'a [u8]),
    /// The object is exactly this, unless another operation on its key says what it is.
    Unless(&'a [u8]),
    /// The object has these properties now; its other properties stay as they are.
    Overlay(&'a [u8]),
    /// The object is begun afresh with these properties: whatever it was before no longer counts, and a property that
    /// neither this nor another operation of the same reading names is empty. A reading of everything says this of
    /// each object, in one piece or in several.
    Renew(&'a [u8]),
    /// The record is this, whatever it was.
    Put(&'a [u8]),
    /// There is no such record.
    Remove,
}

impl<'a> Op<'a> {
    /// The parked form: the first byte, which tells the variants apart, and the rest.
    pub(super) fn parts(self) -> (u8, &'a [u8]) {
        match self {
            Op::Complete(object) => (b'w', object),
            Op::Unless(object) => (b'u', object),
            Op::Overlay(object) => (b'o', object),
            Op::Renew(object) => (b'n', object),
            Op::Put(value) => (b'p', value),
            Op::Remove => (b'x', b""),
        }
    }

    /// The operation of parked bytes, as [`Op::parts`] gave them, one after the other.
    ///
    /// # Errors
    /// `Corrupt` when the bytes are no operation.
    pub(super) fn from_bytes(bytes: &'a [u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((b'w', object)) => Ok(Op::Complete(object)),
            Some((b'u', object)) => Ok(Op::Unless(object)),
            Some((b'o', object)) => Ok(Op::Overlay(object)),
            Some((b'n', object)) => Ok(Op::Renew(object)),
            Some((b'p', value)) => Ok(Op::Put(value)),
            Some((b'x', [])) => Ok(Op::Remove),
            _ => Err(Error::corrupt("a parked record cannot be read")),
        }
    }
}

/// Replaces `earlier` by the one operation that does what `earlier` and then `later` do to the same key. Both are in
/// their parked form.
///
/// # Errors
/// `Corrupt` when one of them is no operation, or when an object follows a link on one key.
pub(super) fn combine(earlier: &mut Vec<u8>, later: &[u8]) -> Result<()> {
    let (new, renews) = match Op::from_bytes(later)? {
        Op::Overlay(new) => (new, false),
        Op::Renew(new) => (new, true),
        Op::Unless(_) if !matches!(Op::from_bytes(earlier)?, Op::Unless(_) | Op::Remove) => return Ok(()),
        // These say everything about the record: what came before no longer matters.
        Op::Complete(_) | Op::Unless(_) | Op::Put(_) | Op::Remove => {
            earlier.clear();
            earlier.extend_from_slice(later);
            return Ok(());
        }
    };
    let (tag, object) = match Op::from_bytes(earlier)? {
        Op::Complete(old) | Op::Unless(old) => (b'w', overlaid(old, new)?),
        // Why both: a piece of an object of which everything is read may come before or after a change to it.
        Op::Overlay(old) => (if renews { b'n' } else { b'o' }, overlaid(old, new)?),
        Op::Renew(old) => (b'n', overlaid(old, new)?),
        // The object was removed and is there again: what the base has of it must not show through.
        Op::Remove => (b'n', new.to_vec()),
        Op::Put(_) => return Err(Error::corrupt("an object among links")),
    };
    earlier.clear();
    earlier.push(tag);
    earlier.extend_from_slice(&object);
    Ok(())
}

/// An object with the properties of another laid over it, as canonical text.
///
/// # Errors
/// `Corrupt` when one of them is not a JSON object.
pub(crate) fn overlaid(old: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let read = |bytes: &[u8]| -> Result<Map<String, Value>> {
        serde_json::from_slice(bytes)
            .map_err(|e| Error::corrupt("a parked object cannot be read").caused_by(e))
    };
    let mut object = read(old)?;
    object.extend(read(new)?);
    Ok(canonical::text(&Value::Object(object)).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parked(op: Op<'_>) -> Vec<u8> {
        let (tag, rest) = op.parts();
        [&[tag], rest].concat()
    }

    #[test]
    fn a_later_operation_follows_an_earlier_one() {
        let (a, b, both) = (br#"{"a":1}"#, br#"{"b":2}"#, br#"{"a":1,"b":2}"#);
        let cases: [(Op<'_>, Op<'_>, Op<'_>); 15] = [
            (Op::Unless(a), Op::Complete(b), Op::Complete(b)),
            (Op::Complete(a), Op::Unless(b), Op::Complete(a)),
            (Op::Unless(a), Op::Unless(b), Op::Unless(b)),
            (Op::Remove, Op::Unless(a), Op::Unless(a)),
            (Op::Complete(a), Op::Overlay(b), Op::Complete(both)),
            (Op::Overlay(a), Op::Overlay(b), Op::Overlay(both)),
            (Op::Remove, Op::Overlay(b), Op::Renew(b)),
            (Op::Renew(a), Op::Overlay(b), Op::Renew(both)),
            (Op::Renew(a), Op::Renew(b), Op::Renew(both)),
            (Op::Overlay(a), Op::Renew(b), Op::Renew(both)),
            (Op::Complete(a), Op::Renew(b), Op::Complete(both)),
            (Op::Remove, Op::Renew(b), Op::Renew(b)),
            (Op::Overlay(a), Op::Remove, Op::Remove),
            (Op::Remove, Op::Complete(b), Op::Complete(b)),
            (Op::Put(b"1"), Op::Put(b"2"), Op::Put(b"2")),
        ];
        for (earlier, later, expected) in cases {
            let mut one = parked(earlier);
            combine(&mut one, &parked(later)).unwrap();
            assert_eq!(Op::from_bytes(&one).unwrap(), expected, "{earlier:?} then {later:?}");
        }
        assert!(combine(&mut parked(Op::Put(b"1")), &parked(Op::Overlay(b))).is_err());
        assert!(
            Op::from_bytes(b"").is_err() && Op::from_bytes(b"xx").is_err() && Op::from_bytes(b"?").is_err()
        );
    }
}
