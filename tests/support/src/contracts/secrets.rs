//! The contract of `Secrets`.

use super::refused;
use domain::ErrorKind;
use engine::ports::Secrets;
use std::sync::Arc;

/// Asserts the contract of `Secrets`, in a target that holds `value` under `name`.
pub async fn secrets(secrets: Arc<dyn Secrets>, name: &str, value: &str) {
    for _ in 0..2 {
        let secret = secrets.get(name).await.unwrap();
        assert!(secret.expose() == value, "the secret is what was put there");
        assert!(!format!("{secret:?}").contains(value), "a secret cannot be printed");
    }
    let absent = secrets.get("contract-absent").await;
    if let Err(error) = &absent {
        assert!(!error.to_string().contains(value));
    }
    refused(absent, ErrorKind::NotFound, "a secret that is not there");
    refused(secrets.get("../contract").await.map_err(not_told_apart), ErrorKind::NotFound, "a wrong name");
}

/// A service may call a wrong name invalid instead of absent: the caller does the same on both.
fn not_told_apart(error: domain::Error) -> domain::Error {
    if error.kind() == ErrorKind::Invalid { domain::Error::not_found(error.summary()) } else { error }
}
