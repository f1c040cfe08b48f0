//! The ID token: who signed it, for whom, when, in answer to what (OpenID Connect Core 1.0 §3.1.3.7).

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq as _;

use super::error::TokenFault;
use crate::store::UnixMillis;

/// How far the issuer's clock and ours may be apart, seconds.
const SKEW_S: i64 = 60;

/// The longest subject, bytes (§2).
const SUBJECT_LEN_MAX: usize = 255;

/// How it says that it is signed.
pub(super) struct Signed {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
}

/// What it must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// What is used of it.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::account) struct Claims {
    pub(in crate::account) sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: Option<f64>,
    nbf: Option<f64>,
    nonce: Option<String>,
    pub(in crate::account) email: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    pub(in crate::account) email_verified: Option<bool>,
    pub(in crate::account) name: Option<String>,
}

/// What the issuer says beside it (§5.3.2); the same account, or it is not used.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct UserInfo {
    sub: String,
    email: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    email_verified: Option<bool>,
    name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// Takes from beside the token what is not in it.
    pub(super) fn complete(&mut self, beside: UserInfo) {
        if beside.sub == self.sub {
            self.email = beside.email;
            self.email_verified = beside.email_verified;
            self.name = self.name.take().or(beside.name);
        }
    }
}

/// How a token says that it is signed, if that is one of the two ways that are accepted. Nothing else of it is believed
/// yet.
pub(super) fn algorithm(token: &str) -> Result<Signed, TokenFault> {
    let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
        // An algorithm that the reader has no word for, such as `none`.
        ErrorKind::Json(_) | ErrorKind::InvalidAlgorithmName => TokenFault::Algorithm,
        _ => TokenFault::Malformed,
    })?;
    match header.alg {
        algorithm @ (Algorithm::RS256 | Algorithm::ES256) => Ok(Signed { algorithm, key_id: header.kid }),
        _ => Err(TokenFault::Algorithm),
    }
}

/// What a token says, if one of the keys signed it and it is what was expected.
pub(super) fn verify(
    token: &str,
    keys: &[Jwk],
    signed: &Signed,
    expected: &Expected<'_>,
    now: UnixMillis,
) -> Result<Claims, TokenFault> {
    let mut validation = Validation::new(signed.algorithm);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    // Below, by our own clock.
    validation.validate_exp = false;
    let mut fault = TokenFault::Signature;
    for key in keys {
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            Ok(read) => return judge(read.claims, expected, now),
            Err(error) => {
                fault = match error.kind() {
                    ErrorKind::InvalidIssuer => TokenFault::Issuer,
                    ErrorKind::InvalidAudience => TokenFault::Audience,
                    ErrorKind::InvalidSignature
                    | ErrorKind::InvalidAlgorithm
                    | ErrorKind::InvalidRsaKey(_)
                    | ErrorKind::InvalidEcdsaKey
                    | ErrorKind::InvalidKeyFormat => continue,
                    _ => TokenFault::Malformed,
                };
            }
        }
    }
    Err(fault)
}

/// Any token, any keys, and any claims as if they were signed.
#[cfg(any(fuzzing, test))]
pub(super) fn fuzz(data: &[u8], text: &str, now: UnixMillis) {
    let expected = Expected { issuer: "https://issuer.example", client_id: "us", nonce: "n" };
    let (token, keys) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(signed) = algorithm(token) {
        let keys: Vec<Jwk> = serde_json::from_str(keys).unwrap_or_default();
        assert!(verify(token, &super::keys::fitting(&keys, &signed), &signed, &expected, now).is_err());
    }
    if let Ok(claims) = serde_json::from_slice::<Claims>(data)
        && let Ok(mut claims) = judge(claims, &expected, now)
    {
        assert!(claims.sub.len() <= SUBJECT_LEN_MAX);
        if let Ok(beside) = serde_json::from_slice::<UserInfo>(data) {
            claims.complete(beside);
        }
    }
}

fn judge(claims: Claims, expected: &Expected<'_>, now: UnixMillis) -> Result<Claims, TokenFault> {
    let several = matches!(&claims.aud, Audience::Many(many) if many.len() > 1);
    let party = claims.azp.as_deref();
    if party.is_some_and(|party| party != expected.client_id) || several && party.is_none() {
        return Err(TokenFault::Audience);
    }
    if let Audience::One(one) = &claims.aud
        && one != expected.client_id
    {
        return Err(TokenFault::Audience);
    }
    // Whole seconds of this millennium are exact in 64 bits of float.
    let (now, skew) = ((now.0 / 1000) as f64, SKEW_S as f64);
    let begins = [claims.iat, claims.nbf].into_iter().flatten().fold(f64::MIN, f64::max);
    if !claims.exp.is_finite() || claims.exp + skew <= now || begins - skew > now {
        return Err(TokenFault::Time);
    }
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !bool::from(nonce.as_bytes().ct_eq(expected.nonce.as_bytes())) {
        return Err(TokenFault::Nonce);
    }
    if claims.sub.is_empty() || claims.sub.len() > SUBJECT_LEN_MAX || claims.sub.contains('\0') {
        return Err(TokenFault::Malformed);
    }
    Ok(claims)
}

/// `true`, or the word that some issuers write for it. Whatever else it is counts as nothing said.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Bool(value) => Some(value),
        serde_json::Value::String(word) if word == "true" => Some(true),
        serde_json::Value::String(word) if word == "false" => Some(false),
        _ => None,
    })
}
