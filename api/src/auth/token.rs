//! Access tokens: EdDSA JWTs that name a session. The key is derived from the installation's secret; its public half is served
//! as a JWKS, so that others can verify tokens without sharing a secret.

use super::secrets::derived;
use groundwork_domain::UserId;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::io::{self, Write as _};
use std::path::Path;
use uuid::Uuid;

const ISSUER: &str = "groundwork";
/// Clocks of replicas differ by so many seconds at most.
const LEEWAY_S: u64 = 5;
/// What stands before the 32 bytes of an Ed25519 seed in PKCS#8 (RFC 8410).
const PKCS8_ED25519: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    /// The person.
    pub(crate) sub: Uuid,
    /// The session.
    pub(crate) sid: Uuid,
    iat: i64,
    /// Seconds since 1970.
    pub(crate) exp: i64,
}

impl Claims {
    pub(crate) fn user(&self) -> UserId {
        UserId(self.sub)
    }
}

/// Signs and verifies tokens.
pub(crate) struct Tokens {
    sign: EncodingKey,
    header: Header,
    keys: JwkSet,
    verify: DecodingKey,
    validation: Validation,
}

impl Tokens {
    /// The same secret gives the same key in every replica.
    pub(crate) fn new(secret: &SecretString) -> Result<Self, SecretError> {
        let secret = secret.expose_secret();
        if secret.len() < 32 {
            return Err(SecretError::TooShort);
        }
        let seed = derived("groundwork access tokens, ed25519, 1", secret);
        let der: Vec<u8> = PKCS8_ED25519.into_iter().chain(seed).collect();
        let sign = EncodingKey::from_ed_der(&der);
        let mut key = Jwk::from_encoding_key(&sign, Algorithm::EdDSA).map_err(SecretError::Key)?;
        let AlgorithmParameters::OctetKeyPair(public) = &key.algorithm else {
            return Err(SecretError::TooShort);
        };
        let verify = DecodingKey::from_ed_components(&public.x).map_err(SecretError::Key)?;
        let id = key.thumbprint(ThumbprintHash::SHA256).map_err(SecretError::Key)?;
        key.common.key_id = Some(id.clone());
        key.common.public_key_use = Some(PublicKeyUse::Signature);
        let header = Header { kid: Some(id), ..Header::new(Algorithm::EdDSA) };
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY_S;
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        Ok(Self { sign, header, keys: JwkSet { keys: vec![key] }, verify, validation })
    }

    pub(crate) fn issue(
        &self,
        user: UserId,
        session: Uuid,
        now: chrono::DateTime<chrono::Utc>,
        expires_at: chrono::DateTime<chrono::Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user.0,
            sid: session,
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.sign)
    }

    /// The public key, named as in the tokens' headers.
    pub(crate) fn keys(&self) -> &JwkSet {
        &self.keys
    }

    /// None for anything but a token of ours that has not expired.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        jsonwebtoken::decode(token, &self.verify, &self.validation).ok().map(|token| token.claims)
    }
}

/// A secret that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Anybody could guess it.
    #[error("the secret key (SECRET_KEY) must have at least 32 bytes; `openssl rand -hex 32` makes one")]
    TooShort,
    /// No key came of it.
    #[error("no signing key could be made of the secret key")]
    Key(#[source] jsonwebtoken::errors::Error),
}

/// Reads an installation's secret from a file; makes one where the file is not there. Only the owner can read it.
///
/// # Errors
/// The file system's own.
pub fn secret_from_file(path: &Path) -> io::Result<SecretString> {
    match std::fs::read_to_string(path) {
        Ok(secret) => return Ok(secret.trim().to_owned().into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let secret: String = rand::random::<[u8; 32]>().iter().map(|byte| format!("{byte:02x}")).collect();
    // Written beside it and linked into place: of two processes that start at once, both end with the first one's secret.
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => Ok(secret.into()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(std::fs::read_to_string(path)?.trim().to_owned().into())
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use chrono::{Duration, Utc};

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(&secret.to_owned().into()).unwrap()
    }

    #[test]
    fn a_token_is_read_by_who_has_the_secret_until_it_expires() {
        let ours = tokens("0123456789abcdef0123456789abcdef");
        let (user, session) = (UserId(Uuid::new_v4()), Uuid::new_v4());
        let now = Utc::now();
        let token = ours.issue(user, session, now, now + Duration::hours(1)).unwrap();
        let claims = ours.verify(&token).unwrap();
        assert_eq!((claims.user(), claims.sid), (user, session));
        assert!(tokens("0123456789abcdef0123456789abcdeX").verify(&token).is_none());
        let old = ours.issue(user, session, now - Duration::hours(2), now - Duration::hours(1)).unwrap();
        assert!(ours.verify(&old).is_none());
    }

    #[test]
    fn an_unsigned_token_is_nothing() {
        let ours = tokens("0123456789abcdef0123456789abcdef");
        // {"alg":"none"}.{"sub":…}
        assert!(ours.verify("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.").is_none());
        assert!(ours.verify("").is_none());
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(matches!(Tokens::new(&"short".to_owned().into()), Err(SecretError::TooShort)));
    }

    #[test]
    fn a_secret_file_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/secret_key");
        let first = secret_from_file(&path).unwrap();
        assert_eq!(first.expose_secret(), secret_from_file(&path).unwrap().expose_secret());
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
