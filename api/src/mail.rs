//! Mail: texts, the way out, and the loop that sends what waits in the outbox.
//!
//! A request never sends: it leaves a row, in the transaction that wants the mail. Whichever replica claims the row makes
//! the link, so that no secret waits in the database, and hands the mail over; what fails is tried again.

mod delivery;
mod sender;
mod template;

pub(crate) use delivery::send;
pub(crate) use sender::{Mailer, MailerError};
pub(crate) use template::Template;

use crate::app::App;
use crate::problem::{ApiError, ApiResult};
use groundwork_domain::UserId;
use groundwork_store::Tx;
use groundwork_store::outbox::{self, Allowance, Wanted};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv6Addr};

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

/// Leaves a mail to whoever has an address, on somebody's wish: not more of them than one address may get.
pub(crate) async fn offer(
    app: &App,
    tx: &mut Tx,
    template: Template,
    recipient: &str,
    params: Value,
) -> ApiResult<()> {
    if !app.mailer.is_on() {
        return Ok(());
    }
    let mail = Wanted { template: template.as_str(), recipient, user: None, params, ip: None };
    outbox::want(tx, &mail, app.settings.mail.allowance()).await?;
    Ok(())
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
    if !app.mailer.is_on() {
        return Err(ApiError::unavailable(
            "mail_off",
            "This installation sends no mail. Ask its operator.",
            3_600,
        ));
    }
    let mail = Wanted { template: template.as_str(), recipient, user, params: json!({}), ip: ip.map(place) };
    if outbox::want(tx, &mail, app.settings.mail.allowance()).await? {
        return Ok(());
    }
    Err(ApiError::too_many_mails(app.settings.mail.window_s))
}

/// Who has one address of an IPv6 network has all of its /64.
fn place(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_one_place() {
        let place = |ip: &str| place(ip.parse().unwrap()).to_string();
        assert_eq!(place("203.0.113.9"), "203.0.113.9");
        assert_eq!(place("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
