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

/// How long an assertion is valid; Microsoft recommends 5 to 10 minutes.
const ASSERTION_SECONDS: i64 = 600;
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An app registration and its proof.
pub(crate) struct Credential {
    client_id: String,
    ends_at: Option<Timestamp>,
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
    /// When the client secret ends; a certificate says it itself.
    expires_at: Option<Timestamp>,
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
        let mut ends_at = stored.expires_at;
        let proof = match (stored.certificate_pem, stored.private_key_pem, stored.client_secret) {
            (Some(certificate), Some(key), _) => {
                let der = der(&certificate)
                    .ok_or_else(|| Error::invalid(format!("the certificatePem of {name} is not one")))?;
                ends_at = not_after(&der).or(ends_at);
                Proof::Certificate {
                    thumbprint: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(der)),
                    key: EncodingKey::from_rsa_pem(key.as_bytes()).map_err(|_| {
                        Error::invalid(format!("the privateKeyPem of {name} is not an RSA key"))
                    })?,
                }
            }
            (_, _, Some(secret)) => Proof::Secret(secret.into()),
            _ => {
                return Err(Error::invalid(format!(
                    "the secret {name} has neither certificatePem with privateKeyPem nor clientSecret"
                )));
            }
        };
        Ok(Self { client_id: stored.client_id, ends_at, proof })
    }

    /// The id of the application (client) in Microsoft Entra.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// When it ends, where that is known.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        self.ends_at
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

/// The first certificate in the text.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.split_whitespace().collect();
    BASE64_STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}

/// The end of a certificate; none where it cannot be read: the login judges the certificate, we only warn of its end.
fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn the_end_of_a_certificate_is_its_own_and_that_of_a_secret_what_is_kept_beside_it() {
        let key =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let mut wanted = rcgen::CertificateParams::new(vec![]).unwrap();
        wanted.not_after = rcgen::date_time_ymd(2027, 3, 1);
        let certificate = wanted.self_signed(&key).unwrap();
        let both = serde_json::json!({"clientId": "app", "expiresAt": "2026-01-01T00:00:00Z",
            "certificatePem": certificate.pem(), "privateKeyPem": key.serialize_pem()});
        let ends = |json: &str| Credential::parse("s", json).unwrap().ends_at().map(|at| at.to_string());
        assert_eq!(ends(&both.to_string()).as_deref(), Some("2027-03-01T00:00:00Z"));
        let secret = r#"{"clientId":"app","clientSecret":"s","expiresAt":"2026-12-01T10:00:00Z"}"#;
        assert_eq!(ends(secret).as_deref(), Some("2026-12-01T10:00:00Z"));
        assert_eq!(ends(r#"{"clientId":"app","clientSecret":"s"}"#), None);
    }

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
