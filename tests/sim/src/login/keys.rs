//! The key that signs access tokens, made once in a process.

use std::sync::LazyLock;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

const KEY_ID: &str = "simulated-signing-key";

static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .expect("an RSA key can be made");
    EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).expect("the key was just written")
});

pub(super) fn sign(claims: &Value) -> String {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(KEY_ID.to_owned());
    jsonwebtoken::encode(&header, claims, &KEY).expect("claims are plain JSON")
}

pub(super) fn published() -> Value {
    let mut key = Jwk::from_encoding_key(&KEY, Algorithm::RS256).expect("the key is an RSA key");
    key.common.key_id = Some(KEY_ID.to_owned());
    key.common.public_key_use = Some(jsonwebtoken::jwk::PublicKeyUse::Signature);
    json!({ "keys": [key] })
}
