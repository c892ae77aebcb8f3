//! The contract of `KeyRing`.

use super::{Allowance, Allowances, Subjects, refused};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::ErrorKind;
use engine::ports::{KeyRing, WrappedKey};
use std::sync::Arc;

/// Asserts the contract of `KeyRing`.
pub async fn key_ring(ring: Arc<dyn KeyRing>, subjects: &Subjects, allowances: &Allowances) {
    let (key, wrapped) = ring.generate(&subjects.tenant).await.unwrap();
    let (next_key, next_wrapped) = ring.generate(&subjects.tenant).await.unwrap();
    assert_ne!(key.expose(), next_key.expose(), "every key is new");
    assert_ne!(wrapped.ciphertext, next_wrapped.ciphertext);
    assert!(key.expose().iter().any(|byte| *byte != key.expose()[0]), "a key is random");

    for _ in 0..2 {
        let unwrapped = ring.unwrap(&subjects.tenant, &wrapped).await.unwrap();
        assert!(unwrapped.expose() == key.expose(), "the key that was wrapped comes back");
    }
    let bytes = BASE64_STANDARD.decode(&wrapped.ciphertext).expect("the wrapped bytes are base64");
    assert!(!bytes.windows(32).any(|part| part == key.expose()), "the wrapped key is not the plain one");
    assert!(!format!("{key:?}").contains(&format!("{:?}", key.expose()[0])), "a key cannot be printed");

    if !allowances.has(Allowance::TenantIsNotBound) {
        refused(ring.unwrap(&subjects.other, &wrapped).await, ErrorKind::Denied, "another tenant's key");
    }
    let tampered_kind =
        if allowances.has(Allowance::TamperingIsDenied) { ErrorKind::Denied } else { ErrorKind::Corrupt };
    let mut flipped = bytes.clone();
    if let Some(last) = flipped.last_mut() {
        *last ^= 1;
    }
    for (what, bytes) in [("a flipped bit", flipped), ("half of it", bytes[..bytes.len() / 2].to_vec())] {
        let tampered = WrappedKey { ciphertext: BASE64_STANDARD.encode(bytes), ..wrapped.clone() };
        refused(ring.unwrap(&subjects.tenant, &tampered).await, tampered_kind, what);
    }
    for nonsense in ["", "not base64!"] {
        let tampered = WrappedKey { ciphertext: nonsense.to_owned(), ..wrapped.clone() };
        refused(ring.unwrap(&subjects.tenant, &tampered).await, ErrorKind::Corrupt, "no wrapped key at all");
    }
    let unwrapped = ring.unwrap(&subjects.tenant, &next_wrapped).await.unwrap();
    assert!(unwrapped.expose() == next_key.expose(), "after all that, the ring still works");
}
