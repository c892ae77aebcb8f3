//! The contract of `Signer`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use engine::ports::Signer;
use engine::signed;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use std::sync::Arc;

/// Asserts the contract of `Signer`: what it signs is a JSON Web Signature for whoever reads those.
pub async fn signer(signer: Arc<dyn Signer>) {
    let key = signer.public_key().await.unwrap();
    assert_eq!(signer.public_key().await.unwrap(), key, "one key");
    // Why so many: an integer that is short, which DER writes in fewer bytes, is one signature in 128.
    for number in 0..300 {
        let statement = json!({ "number": number });
        let text = signed::sign(&*signer, "test+jwt", &statement).await.unwrap();
        assert_eq!(read(&*signer, &text).await, Some(statement));
    }
    let large = json!({ "text": "x".repeat(10_000) });
    let text = signed::sign(&*signer, "test+jwt", &large).await.unwrap();
    assert_eq!(read(&*signer, &text).await, Some(large), "a statement may be long");
    let mut parts: Vec<&str> = text.split('.').collect();
    let other = BASE64_URL_SAFE_NO_PAD.encode(json!({ "text": "y" }).to_string());
    parts[1] = &other;
    assert_eq!(read(&*signer, &parts.join(".")).await, None, "another statement is not signed by it");
}

/// The statement of a signature, where one of the installation's keys made it.
pub async fn read(signer: &dyn Signer, text: &str) -> Option<Value> {
    let header = decode_header(text).ok()?;
    let keys = signed::key_set(signer).await.unwrap();
    let key = keys.keys.iter().find(|key| Some(&key.kid) == header.kid.as_ref())?;
    let key = DecodingKey::from_ec_components(&key.x, &key.y).ok()?;
    let mut rules = Validation::new(Algorithm::ES256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    decode::<Value>(text, &key, &rules).ok().map(|read| read.claims)
}
