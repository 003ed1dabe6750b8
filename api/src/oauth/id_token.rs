//! ID tokens: signed by a key of the issuer's, for us, for this sign-in, now.

use super::OAuthError;
use jsonwebtoken::jwk::{Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::Value;

/// Signatures with a private key only: with a shared secret, whoever knows it could sign.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Clocks differ by so many seconds at most.
const LEEWAY_S: u64 = 60;
/// Where a provider of many tenants names the tenant in its issuer.
const TENANT: &str = "{tenantid}";

/// What an ID token says, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    azp: Option<String>,
    iat: Option<i64>,
    nonce: Option<String>,
    pub(super) email: Option<String>,
    /// Some say `"true"`.
    email_verified: Option<Value>,
    /// Microsoft's word for it.
    xms_edov: Option<Value>,
    pub(super) name: Option<String>,
    /// The Google Workspace.
    pub(super) hd: Option<String>,
    /// The Microsoft tenant.
    tid: Option<String>,
}

/// What a token must be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    /// The issuer as its document says it; may hold a blank for the tenant.
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
}

/// The head of a token, if it is one that we take at all.
pub(super) fn head(token: &str) -> Result<Header, OAuthError> {
    let header = jsonwebtoken::decode_header(token).map_err(|error| invalid(&error))?;
    if ALGORITHMS.contains(&header.alg) {
        return Ok(header);
    }
    Err(OAuthError::Invalid(format!("signed with {:?}", header.alg)))
}

/// The key that a token names, or the only one there is.
pub(super) fn key<'a>(keys: &'a JwkSet, head: &Header) -> Option<&'a Jwk> {
    let mut fitting = keys.keys.iter().filter(|key| {
        let is_named = head.kid.is_none() || key.common.key_id == head.kid;
        let alg = key.common.key_algorithm.and_then(|alg| alg.to_string().parse::<Algorithm>().ok());
        let signs = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        is_named && signs && (key.common.key_algorithm.is_none() || alg == Some(head.alg))
    });
    let found = fitting.next()?;
    // Without a name, two keys that fit are none.
    (head.kid.is_some() || fitting.next().is_none()).then_some(found)
}

/// What the token says, if all of it holds.
pub(super) fn verify(
    token: &str,
    head: &Header,
    key: &Jwk,
    expected: Expected<'_>,
) -> Result<Claims, OAuthError> {
    let key = DecodingKey::from_jwk(key).map_err(|error| invalid(&error))?;
    let mut validation = Validation::new(head.alg);
    validation.leeway = LEEWAY_S;
    validation.validate_nbf = true;
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
    let decoded = jsonwebtoken::decode::<Claims>(token, &key, &validation);
    let claims = decoded.map_err(|error| invalid(&error))?.claims;
    let refuse = |what: &str| Err(OAuthError::Invalid(what.to_owned()));
    if claims.iss != issuer(expected.issuer, claims.tid.as_deref())? {
        return refuse("another issuer");
    }
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return refuse("another nonce");
    }
    if claims.azp.as_deref().is_some_and(|azp| azp != expected.client_id) {
        return refuse("for another client");
    }
    let latest = chrono::Utc::now().timestamp().saturating_add_unsigned(LEEWAY_S);
    if claims.iat.is_none_or(|at| at > latest) {
        return refuse("not issued by now");
    }
    Ok(claims)
}

/// The issuer with its blank filled. A tenant is a UUID, so that it cannot be anything else of a URL.
fn issuer(template: &str, tenant: Option<&str>) -> Result<String, OAuthError> {
    if !template.contains(TENANT) {
        return Ok(template.to_owned());
    }
    let tenant = tenant.and_then(|tenant| tenant.parse::<uuid::Uuid>().ok());
    let tenant = tenant.ok_or_else(|| OAuthError::Invalid("no tenant".to_owned()))?;
    Ok(template.replace(TENANT, &tenant.to_string()))
}

impl Claims {
    /// Whether the issuer saw that the address is theirs.
    pub(super) fn email_is_verified(&self) -> bool {
        [&self.email_verified, &self.xms_edov].into_iter().flatten().any(is_true)
    }
}

/// Issuers say it as a boolean, as a word, or as a number.
pub(super) fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => *yes,
        Value::String(word) => word == "true" || word == "1",
        Value::Number(number) => number.as_u64() == Some(1),
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn invalid(error: &jsonwebtoken::errors::Error) -> OAuthError {
    OAuthError::Invalid(error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tenant_fills_the_blank_and_nothing_else_does() {
        let template = "https://login.example.org/{tenantid}/v2.0";
        let id = "9188040d-6c67-4c5b-b112-36a304b66dad";
        assert_eq!(issuer(template, Some(id)).unwrap(), format!("https://login.example.org/{id}/v2.0"));
        issuer(template, Some("evil/..")).unwrap_err();
        issuer(template, None).unwrap_err();
        assert_eq!(issuer("https://a", None).unwrap(), "https://a");
    }

    #[test]
    fn verified_is_said_in_several_ways() {
        for yes in [json!(true), json!("true"), json!(1), json!("1")] {
            assert!(is_true(&yes), "{yes}");
        }
        for no in [json!(false), json!("false"), json!(0), json!(null), json!("yes"), json!(["true"])] {
            assert!(!is_true(&no), "{no}");
        }
    }

    #[test]
    fn shared_secrets_and_nothing_at_all_sign_nothing() {
        // {"alg":"HS256"} and {"alg":"none"}
        for head_part in ["eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJub25lIn0"] {
            head(&format!("{head_part}.e30.e30")).unwrap_err();
        }
    }
}
