//! Codes of authenticators and recovery codes: how they are made and how one is taken, once.

use crate::app::App;
use crate::problem::{ApiResult, internal};
use groundwork_domain::{Digest, UserId};
use groundwork_store::{Tx, second_factors};
use totp_rs::{Builder, Secret, Totp, TotpError};

/// What authenticators show as the name of the service.
const ISSUER: &str = "Groundwork";
const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code: five bits each, so 80.
const RECOVERY_CHARS: usize = 16;
/// No l and o, which look like digits.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A secret that is offered.
pub(crate) struct Offer {
    /// In Base32.
    pub(crate) secret: String,
    /// For a QR code.
    pub(crate) uri: String,
    /// What is stored.
    pub(crate) sealed: Vec<u8>,
}

/// What proved the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// The code of a time step.
    Code,
    /// A recovery code, which is used up now.
    RecoveryCode,
}

/// A new secret for a person's authenticator.
pub(crate) fn offer(app: &App, user: UserId, email: &str) -> ApiResult<Offer> {
    let bytes: [u8; 20] = rand::random();
    // A colon would end the name of the service in the URI.
    let name = email.replace(':', "_");
    let uri = totp(&bytes, &name).and_then(|totp| totp.to_url());
    Ok(Offer {
        secret: Secret::from(bytes).to_base32(),
        uri: uri.map_err(|error| internal("a second factor", &error))?,
        sealed: app.secrets.seal(user, &bytes).map_err(|error| internal("a second factor", &error))?,
    })
}

/// Takes a code: that of a time step which was not taken before, or a recovery code that was not used. None: it is neither.
pub(crate) async fn take(app: &App, tx: &mut Tx, user: UserId, code: &str) -> ApiResult<Option<Proof>> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let taken = second_factors::take_recovery_code(tx, user, &recovery_digest(code)).await?;
        return Ok(taken.then_some(Proof::RecoveryCode));
    }
    let Some(found) = second_factors::find(tx, user).await? else { return Ok(None) };
    let opened =
        app.secrets.open(user, &found.sealed).map_err(|error| internal("a second factor", &error))?;
    let totp = totp(&opened, "").map_err(|error| internal("a second factor", &error))?;
    let Some(step) = totp.check_current(&digits).and_then(|step| i64::try_from(step).ok()) else {
        return Ok(None);
    };
    Ok(second_factors::take_step(tx, user, step).await?.then_some(Proof::Code))
}

/// SHA-1, six digits, 30 seconds, one step of skew: what all authenticators know.
fn totp(secret: &[u8], name: &str) -> Result<Totp, TotpError> {
    Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(name).build()
}

pub(crate) fn new_recovery_codes() -> Vec<String> {
    let code = || {
        let letters: Vec<u8> = rand::random::<[u8; RECOVERY_CHARS]>()
            .iter()
            .map(|byte| ALPHABET[usize::from(byte & 31)])
            .collect();
        letters.chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// What is stored of a recovery code, however it was typed.
pub(crate) fn recovery_digest(code: &str) -> Digest {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    Digest::of(plain.to_ascii_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn recovery_codes_differ_and_read_however_they_are_typed() {
        let codes: BTreeSet<_> = new_recovery_codes().into_iter().collect();
        assert_eq!(codes.len(), RECOVERY_CODES);
        for code in codes {
            assert_eq!(code.len(), RECOVERY_CHARS + 3);
            assert_eq!(recovery_digest(&code), recovery_digest(&code.to_uppercase().replace('-', " ")));
        }
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: its eight digits end with these six.
        let totp = totp(b"12345678901234567890", "ada@example.org").expect("a secret of 20 bytes");
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(totp.check(code, time), Some(time / 30));
        }
        let url = totp.to_url().expect("a name");
        assert!(url.starts_with("otpauth://totp/Groundwork:ada%40example.org?secret="), "{url}");
    }
}
