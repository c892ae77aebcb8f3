//! A replacement for the crate of this name. S3's SDK uses three of its checksums and gets forty-nine: their tables
//! are 0.66 MB of every function that reaches a bucket, they do not compress, and they would be a seventh of a zip
//! for nothing.
//!
//! The workspace's `[patch.crates-io]` puts it there. When a newer SDK asks for more of it, that does not compile.

use crc::{Algorithm, CRC_32_ISCSI, CRC_32_ISO_HDLC, Crc, Table};
use std::fmt;

/// The parameters of CRC64NVME.
/// Source: NVM Express, NVM Command Set Specification, 5.2.1.3.4, "64b CRC".
const CRC_64_NVME: Algorithm<u64> = Algorithm {
    width: 64,
    poly: 0xad93_d235_94c9_3659,
    init: u64::MAX,
    refin: true,
    refout: true,
    xorout: u64::MAX,
    check: 0xae8b_1486_0a79_9888,
    residue: 0xf310_303b_2b6f_6e42,
};

// Why a table for this one alone: blobs are written with it, so it has to be quick.
static ISCSI: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static ISO_HDLC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISO_HDLC);
static NVME: Crc<u64, Table<1>> = Crc::<u64, Table<1>>::new(&CRC_64_NVME);

/// The checksums that S3's SDK names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// The checksum that S3 calls CRC32.
    Crc32IsoHdlc,
    /// The checksum that S3 calls CRC32C.
    Crc32Iscsi,
    /// The checksum that S3 calls CRC64NVME.
    Crc64Nvme,
}

#[derive(Clone)]
enum State {
    IsoHdlc(crc::Digest<'static, u32, Table<1>>),
    Iscsi(crc::Digest<'static, u32, Table<16>>),
    Nvme(crc::Digest<'static, u64, Table<1>>),
}

/// A checksum of the bytes that were given so far.
#[derive(Clone)]
pub struct Digest(State);

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest")
    }
}

impl Digest {
    /// The checksum before any byte was given.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::IsoHdlc(ISO_HDLC.digest()),
            CrcAlgorithm::Crc32Iscsi => State::Iscsi(ISCSI.digest()),
            CrcAlgorithm::Crc64Nvme => State::Nvme(NVME.digest()),
        })
    }

    /// Adds these bytes to the checksum.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::IsoHdlc(digest) => digest.update(bytes),
            State::Iscsi(digest) => digest.update(bytes),
            State::Nvme(digest) => digest.update(bytes),
        }
    }

    /// The checksum; one of 32 bits stands in the lower half.
    pub fn finalize(&self) -> u64 {
        match self.0.clone() {
            State::IsoHdlc(digest) => digest.finalize().into(),
            State::Iscsi(digest) => digest.finalize().into(),
            State::Nvme(digest) => digest.finalize(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_what_its_catalog_says_of_nine_digits_however_they_come() {
        for (algorithm, check) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let mut digest = Digest::new(algorithm);
            for part in ["1", "", "2345", "6789"] {
                digest.update(part.as_bytes());
            }
            assert_eq!(digest.finalize(), check, "{algorithm:?}");
        }
    }
}
