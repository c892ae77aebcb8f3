//! A client's proof by certificate: a JWT signed with the certificate's key.
//!
//! Source: "Microsoft identity platform application authentication certificate credentials".

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::Digest;

use crate::clock::START_SECOND;

#[derive(Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
    jti: String,
}

/// What an assertion is checked against.
pub(super) struct Expected<'a> {
    pub certificate_pem: &'a str,
    pub client_id: &'a str,
    /// The addresses of the token endpoint that the assertion may name: as the client called it, or as published.
    pub audiences: &'a [String],
    /// The instants that count as now, in seconds since 1970: one for each clock that a client may use.
    pub clocks: &'a [i64],
}

fn certificate_der(pem: &str) -> Option<Vec<u8>> {
    let start = pem.find("-----BEGIN CERTIFICATE-----")?;
    let body = pem[start..].lines().skip(1).take_while(|line| !line.starts_with("-----"));
    STANDARD.decode(body.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect::<String>()).ok()
}

/// The `jti` of a good assertion, or what is wrong with it.
pub(super) fn check(assertion: &str, expected: &Expected<'_>) -> Result<String, String> {
    let header =
        jsonwebtoken::decode_header(assertion).map_err(|_| "The assertion is not a JWT.".to_owned())?;
    if !matches!(header.alg, Algorithm::PS256 | Algorithm::RS256) {
        return Err("The assertion must be signed with PS256 or RS256.".into());
    }
    let der = certificate_der(expected.certificate_pem).ok_or("The registered certificate is unreadable.")?;
    let sha256 = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&der));
    let sha1 = URL_SAFE_NO_PAD.encode(sha1::Sha1::digest(&der));
    let strip = |text: &str| text.trim_end_matches('=').to_owned();
    let known = match (&header.x5t_s256, &header.x5t) {
        (Some(thumbprint), _) => strip(thumbprint) == sha256,
        (None, Some(thumbprint)) => strip(thumbprint) == sha1,
        (None, None) => false,
    };
    if !known {
        return Err("The certificate with the identifier used to sign the client assertion is not registered on application.".into());
    }
    let key = DecodingKey::from_rsa_pem(expected.certificate_pem.as_bytes())
        .map_err(|_| "The registered certificate holds no RSA key.".to_owned())?;
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(assertion, &key, &validation)
        .map_err(|_| "The assertion's signature does not fit the certificate.".to_owned())?
        .claims;
    if claims.iss != expected.client_id || claims.sub != expected.client_id {
        return Err("Issuer and subject must be the client id.".into());
    }
    if !expected.audiences.contains(&claims.aud) {
        return Err("The audience is not the token endpoint.".into());
    }
    // Why 300: the service allows five minutes between its clock and the client's.
    let valid =
        |now: &i64| claims.nbf <= now + 300 && now - 300 < claims.exp && claims.exp > START_SECOND / 2;
    if !expected.clocks.iter().any(valid) {
        return Err("The assertion is not within its valid time range.".into());
    }
    if claims.jti.is_empty() { Err("The assertion has no jti.".into()) } else { Ok(claims.jti) }
}
