//! LEB128, the length prefix of records and index entries.

use crate::{Error, Result};

pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    out.push(low_bits(value));
}

fn low_bits(value: u64) -> u8 {
    (value & 0x7f) as u8
}

pub(super) fn take(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or_else(cut_short)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Error::corrupt("a length in the stored form is too long"))
}

pub(super) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8]> {
    let length = usize::try_from(take(bytes)?).map_err(|_| cut_short())?;
    if length > bytes.len() {
        return Err(cut_short());
    }
    let (part, rest) = bytes.split_at(length);
    *bytes = rest;
    Ok(part)
}

fn cut_short() -> Error {
    Error::corrupt("stored bytes end too early")
}
