//! What we prove ourselves with: the app registration's certificate, or its client secret.
//!
//! From the secret's JSON to the form fields of a token request. Source for the assertion:
//! learn.microsoft.com/entra/identity-platform/certificate-credentials.

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use domain::{Error, Result, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// An assertion lives so long. Microsoft: 5 to 10 minutes.
const ASSERTION_SECONDS: i64 = 600;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An app registration and its proof.
pub(crate) struct Credential {
    client_id: String,
    proof: Proof,
}

enum Proof {
    Certificate { thumbprint: String, key: EncodingKey },
    Secret(SecretString),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    client_id: String,
    client_secret: Option<String>,
    certificate_pem: Option<String>,
    private_key_pem: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: &'a str,
    nbf: i64,
    iat: i64,
    exp: i64,
}

impl Credential {
    /// Reads a secret. The certificate is taken where there are both.
    ///
    /// # Errors
    /// `Invalid`, naming the secret and what is wrong with it, never what is in it.
    pub(crate) fn parse(name: &str, json: &str) -> Result<Self> {
        // Why: serde's message may quote the text, so the cause is left out.
        let stored: Stored = serde_json::from_str(json)
            .map_err(|_| Error::invalid(format!("the secret {name} is not JSON with a clientId")))?;
        let proof = match (stored.certificate_pem, stored.private_key_pem, stored.client_secret) {
            (Some(certificate), Some(key), _) => Proof::Certificate {
                thumbprint: thumbprint(&certificate)
                    .ok_or_else(|| Error::invalid(format!("the certificatePem of {name} is not one")))?,
                key: EncodingKey::from_rsa_pem(key.as_bytes())
                    .map_err(|_| Error::invalid(format!("the privateKeyPem of {name} is not an RSA key")))?,
            },
            (_, _, Some(secret)) => Proof::Secret(secret.into()),
            _ => {
                return Err(Error::invalid(format!(
                    "the secret {name} has neither certificatePem with privateKeyPem nor clientSecret"
                )));
            }
        };
        Ok(Self { client_id: stored.client_id, proof })
    }

    /// The application.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The form of a token request. `assertion_id` is a new GUID.
    pub(crate) fn form(
        &self,
        token_url: &str,
        scope: &str,
        now: Timestamp,
        assertion_id: &str,
    ) -> Result<Vec<(&'static str, SecretString)>> {
        let mut form = vec![
            ("grant_type", SecretString::from("client_credentials")),
            ("client_id", self.client_id.as_str().into()),
            ("scope", scope.into()),
        ];
        match &self.proof {
            Proof::Secret(secret) => form.push(("client_secret", secret.clone())),
            Proof::Certificate { thumbprint, key } => {
                let mut header = Header::new(Algorithm::PS256);
                header.x5t_s256 = Some(thumbprint.clone());
                let seconds = now.as_second();
                let claims = Claims {
                    aud: token_url,
                    iss: &self.client_id,
                    sub: &self.client_id,
                    jti: assertion_id,
                    nbf: seconds,
                    iat: seconds,
                    exp: seconds + ASSERTION_SECONDS,
                };
                let assertion = jsonwebtoken::encode(&header, &claims, key)
                    .map_err(|_| Error::invalid("the app registration's private key cannot sign"))?;
                form.push(("client_assertion_type", ASSERTION_TYPE.into()));
                form.push(("client_assertion", assertion.into()));
            }
        }
        Ok(form)
    }
}

/// SHA-256 of the first certificate in the text, as a JWT's `x5t#S256` has it.
fn thumbprint(pem: &str) -> Option<String> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.split_whitespace().collect();
    let der = BASE64_STANDARD.decode(body).ok().filter(|der| !der.is_empty())?;
    Some(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_that_is_wrong_is_named_and_not_shown() {
        for json in [
            r#"{"clientId":"app"}"#,
            r#"{"clientId":"app","certificatePem":"hunter2","privateKeyPem":"hunter2"}"#,
            r#"{"clientId":1,"clientSecret":"hunter2"}"#,
            "hunter2",
        ] {
            let error = Credential::parse("graph-reader", json).err().expect("refused");
            assert!(error.to_string().contains("graph-reader"), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_client_secret_goes_as_it_is() {
        let credential = Credential::parse("s", r#"{"clientId":"app","clientSecret":"s3"}"#).unwrap();
        let form = credential.form("https://t", "scope", Timestamp::UNIX_EPOCH, "id").unwrap();
        let (name, value) = form.last().unwrap();
        assert_eq!((*name, value.expose_secret()), ("client_secret", "s3"));
    }
}
