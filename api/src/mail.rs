//! Mail: texts, the way out, and the loop that sends what waits in the outbox.
//!
//! A request never sends: it leaves a row, in the transaction that wants the mail. Whichever replica claims the row makes
//! the link, so that no secret waits in the database, and hands the mail over; what fails is tried again.

mod delivery;
mod notices;
mod quote;
mod sender;
mod template;

pub(crate) use delivery::send;
pub(crate) use quote::quoted;
pub(crate) use sender::{Mailer, MailerError};
pub(crate) use template::Template;

use crate::app::App;
use crate::problem::{ApiError, ApiResult};
use crate::throttle::network;
use groundwork_domain::{Digest, UserId};
use groundwork_store::outbox::{self, Allowance, Wanted};
use groundwork_store::{Tx, accounts, rates};
use serde::Serialize;
use serde_json::{Value, json};
use std::net::IpAddr;
use utoipa::ToSchema;

const DAY_S: u32 = 86_400;

/// Leaves a mail for somebody that follows from what this transaction does; nothing where this installation sends none.
pub(crate) async fn leave(
    app: &App,
    tx: &mut Tx,
    template: Template,
    user: UserId,
    recipient: &str,
    params: Value,
) -> ApiResult<()> {
    if !app.mailer.is_on() {
        return Ok(());
    }
    let mail = Wanted { template: template.as_str(), recipient, user: Some(user), params, ip: None };
    outbox::want(tx, &mail, Allowance::default()).await?;
    Ok(())
}

/// Why somebody's wish sends no mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NotMailed {
    /// This installation sends none.
    MailOff,
    /// Whoever wishes it has not shown that their own address is theirs.
    EmailUnverified,
    /// They, their place or the recipient have had their share.
    TooMany,
}

/// Leaves a mail to whoever has an address, on the wish of a person at a place; or says why not. The transaction is that person's.
pub(crate) async fn offer(
    app: &App,
    tx: &mut Tx,
    template: Template,
    recipient: &str,
    params: Value,
    (person, ip): (UserId, Option<IpAddr>),
) -> ApiResult<Option<NotMailed>> {
    if !app.mailer.is_on() {
        return Ok(Some(NotMailed::MailOff));
    }
    if accounts::proven_email(tx).await?.is_none() {
        return Ok(Some(NotMailed::EmailUnverified));
    }
    let (settings, asker) = (&app.settings.mail, person.to_string());
    let pair = [template.as_str(), recipient, &asker];
    if !share(tx, [template.as_str(), "by", &asker], settings.per_person_max, DAY_S).await?
        || !share(tx, pair, settings.per_asker_max, settings.window_s).await?
    {
        return Ok(Some(NotMailed::TooMany));
    }
    let mail = Wanted { template: template.as_str(), recipient, user: None, params, ip: ip.map(network) };
    let is_left = outbox::want(tx, &mail, settings.allowance()).await?;
    Ok((!is_left).then_some(NotMailed::TooMany))
}

/// Leaves a mail that somebody asked for by address, whether or not anybody has it: the answer and what it takes are the same.
pub(crate) async fn ask(
    app: &App,
    tx: &mut Tx,
    template: Template,
    user: Option<UserId>,
    recipient: &str,
    ip: Option<IpAddr>,
) -> ApiResult<()> {
    match tell(app, tx, template, user, recipient, ip).await? {
        None => Ok(()),
        Some(NotMailed::TooMany) => Err(ApiError::too_many_mails(app.settings.mail.window_s)),
        Some(NotMailed::MailOff | NotMailed::EmailUnverified) => {
            let words = "This installation sends no mail. Ask its operator.";
            Err(ApiError::unavailable("mail_off", words, 3_600))
        }
    }
}

/// Leaves a mail to an address because of what somebody at a place did; or says why not.
pub(crate) async fn tell(
    app: &App,
    tx: &mut Tx,
    template: Template,
    user: Option<UserId>,
    recipient: &str,
    ip: Option<IpAddr>,
) -> ApiResult<Option<NotMailed>> {
    if !app.mailer.is_on() {
        return Ok(Some(NotMailed::MailOff));
    }
    let (settings, ip) = (&app.settings.mail, ip.map(network));
    // Who asks from one place uses up their own share first, and only a part of what the address gets: so whoever asks for
    // somebody else does not keep that person's own wish from being heard.
    let asker = ip.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string());
    let pair = [template.as_str(), recipient, &asker];
    if !share(tx, pair, settings.per_asker_max, settings.window_s).await? {
        return Ok(Some(NotMailed::TooMany));
    }
    let mail = Wanted { template: template.as_str(), recipient, user, params: json!({}), ip };
    let is_left = outbox::want(tx, &mail, settings.allowance()).await?;
    Ok((!is_left).then_some(NotMailed::TooMany))
}

/// Takes one of a share, with the transaction: false where nothing is left. 0 is any number.
async fn share(tx: &mut Tx, of: [&str; 3], most: u32, window_s: u32) -> ApiResult<bool> {
    if most == 0 {
        return Ok(true);
    }
    let key = Digest::of_parts(["mail", of[0], of[1], of[2]].map(str::as_bytes));
    Ok(rates::take_within(tx, &key, 1, most, window_s).await?.granted > 0)
}
