//! Mail that waits to be sent. Asked for in the transaction that wants it; sent outside of any request.

use crate::{Store, StoreError};
use groundwork_domain::UserId;
use serde_json::Value;
use sqlx::PgConnection;
use std::net::IpAddr;
use std::time::Duration;
use uuid::Uuid;

/// A mail that somebody or something wants sent.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Which text.
    pub template: &'a str,
    /// To which address; lower-case, at most 255 characters.
    pub recipient: &'a str,
    /// Whom it is for; none: whoever has the address when it is sent.
    pub user: Option<UserId>,
    /// What the text names: addresses and words of ours, never a secret.
    pub params: Value,
    /// Who asked for it; none where it follows from something else.
    pub ip: Option<IpAddr>,
}

/// How often mail may be asked for within so much time; 0: as often as one likes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowance {
    /// The same text to one address.
    pub address_max: u32,
    /// Any text, from one IP address.
    pub place_max: u32,
    /// Within so many seconds.
    pub within_s: u32,
}

/// A mail that was handed to this process to send.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which; the same when it is tried again.
    pub id: Uuid,
    /// Which text.
    pub template: String,
    /// To which address.
    pub recipient: String,
    /// Whom it is for, where that is known.
    pub user: Option<UserId>,
    /// What the text names.
    pub params: Value,
    /// How often it was tried, with this time.
    pub tries: u32,
}

/// Leaves a mail to be sent once the transaction is committed; false: the allowance is used up, and it is not sent.
///
/// # Errors
/// Postgres's own.
pub async fn want(
    conn: &mut PgConnection,
    mail: &Wanted<'_>,
    allowance: Allowance,
) -> Result<bool, StoreError> {
    let taken = sqlx::query_scalar!(
        r#"select mail_wanted($1, $2, $3, $4, $5, $6::text::inet, $7, $8, $9) as "taken!""#,
        Uuid::now_v7(),
        mail.template,
        mail.recipient,
        mail.user.map(|user| user.0),
        mail.params,
        mail.ip.map(|ip| ip.to_string()),
        crate::clean::int(allowance.address_max),
        crate::clean::int(allowance.place_max),
        crate::clean::int(allowance.within_s),
    )
    .fetch_one(conn)
    .await?;
    Ok(taken)
}

/// Hands so many mails that are due to the caller; the same ones are due again after `lease`, unless they are settled by then.
///
/// # Errors
/// Postgres's own.
pub async fn claim(store: &Store, at_most: u32, lease: Duration) -> Result<Vec<Claimed>, StoreError> {
    let rows = sqlx::query!(
        r#"select mail_id as "id!", mail_template as "template!", mail_recipient as "recipient!",
                  mail_user_id, mail_params as "params!", mail_tries as "tries!"
           from mail_claimed($1, $2)"#,
        crate::clean::int(at_most),
        millis(lease),
    )
    .fetch_all(store.pool())
    .await?;
    let claimed = rows.into_iter().map(|row| Claimed {
        id: row.id,
        template: row.template,
        recipient: row.recipient,
        user: row.mail_user_id.map(UserId),
        params: row.params,
        tries: crate::clean::count(row.tries),
    });
    Ok(claimed.collect())
}

/// Notes what became of a mail. Without `again_after` it is done with: sent, or given up where there is a failure.
///
/// # Errors
/// Postgres's own.
pub async fn settle(
    store: &Store,
    mail: Uuid,
    failure: Option<&str>,
    again_after: Option<Duration>,
) -> Result<(), StoreError> {
    sqlx::query!("select mail_settled($1, $2, $3)", mail, failure, again_after.map(millis))
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Takes away mails, links and sign-ins that are over; returns how many rows.
///
/// # Errors
/// Postgres's own.
pub async fn sweep(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"select links_swept() as "swept!""#).fetch_one(store.pool()).await?)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
