//! The loop that empties the outbox.

use super::notices;
use super::sender::SendError;
use super::template::Template;
use crate::app::App;
use crate::auth::OneTimeToken;
use crate::metrics;
use crate::settings::SignInSettings;
use futures::future::join_all;
use groundwork_domain::UserId;
use groundwork_store::links::{self, Purpose};
use groundwork_store::outbox::{self, Claimed};
use groundwork_store::{StoreError, Tx};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Between two looks for what is over.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// What became of a mail.
enum Outcome {
    Sent,
    /// Nobody has the address, or what it says is no longer so.
    Needless,
    Failed(SendError),
}

/// Until the process ends: sends what is due, and takes away what is over. A mail that is cut off is due again after its lease.
pub(crate) async fn send(app: App, shutdown: CancellationToken) {
    shutdown.run_until_cancelled(send_on(&app)).await;
}

async fn send_on(app: &App) {
    let look_every = Duration::from_millis(app.settings.mail.look_every_ms);
    let mut swept: Option<Instant> = None;
    loop {
        if swept.is_none_or(|at| at.elapsed() > SWEEP_EVERY) {
            if let Err(error) = outbox::sweep(&app.store).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "mails that are over stay for now");
            }
            if let Err(error) = notices::sweep(app).await {
                tracing::debug!(error = &error as &dyn std::error::Error, "old news stays for now");
            }
            swept = Some(Instant::now());
        }
        if app.mailer.is_on() {
            notices::leave_due(app).await;
        }
        let sent = if app.mailer.is_on() { send_due(app).await } else { 0 };
        if sent == 0 {
            // Whichever comes first; an error is only told, since the next look finds the same rows.
            let _ = tokio::time::timeout(look_every, app.mailer.wake.notified()).await;
        }
    }
}

/// Sends what is due now; returns how many mails that were.
async fn send_due(app: &App) -> usize {
    let settings = &app.settings.mail;
    let claimed = match outbox::claim(&app.store, settings.at_once_max, settings.lease()).await {
        Ok(claimed) => claimed,
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "the outbox cannot be read");
            return 0;
        }
    };
    join_all(claimed.iter().map(|mail| settle(app, mail))).await;
    claimed.len()
}

async fn settle(app: &App, mail: &Claimed) {
    let outcome = match deliver(app, mail).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome::Failed(SendError::NotNow(error.to_string())),
    };
    let settings = &app.settings.mail;
    let (word, failure, again) = match outcome {
        Outcome::Sent => ("sent", None, None),
        Outcome::Needless => ("needless", None, None),
        Outcome::Failed(error @ SendError::Never(_)) => ("refused", Some(error), None),
        Outcome::Failed(error) if mail.tries >= settings.tries_max => ("given_up", Some(error), None),
        Outcome::Failed(error) => ("failed", Some(error), Some(settings.pause(mail.tries))),
    };
    // The row's words become labels and log fields only where they are ours.
    let template = Template::parse(&mail.template).map_or("unknown", Template::as_str);
    metrics::mail(template, word);
    match &failure {
        None => tracing::info!(mail_id = %mail.id, template, outcome = word, "a mail is done with"),
        Some(error) => {
            tracing::warn!(mail_id = %mail.id, template, outcome = word, tries = mail.tries, %error, "a mail failed");
        }
    }
    let words = failure.map(|error| error.to_string());
    if let Err(error) = outbox::settle(&app.store, mail.id, words.as_deref(), again).await {
        tracing::warn!(mail_id = %mail.id, error = &error as &dyn std::error::Error, "it will be sent again");
    }
}

async fn deliver(app: &App, mail: &Claimed) -> Result<Outcome, StoreError> {
    // A newer replica may know it: until then it waits.
    let Some(template) = Template::parse(&mail.template) else {
        return Ok(Outcome::Failed(SendError::NotNow("this build does not know the text".to_owned())));
    };
    let web = app.settings.web_url();
    let mut params = mail.params.clone();
    params["installation"] = web.as_str().into();
    let mut url = None;
    if let Some(link) = template.link() {
        let Some((mut tx, user)) = receiver(app, mail, link.purpose).await? else {
            return Ok(Outcome::Needless);
        };
        let token = OneTimeToken::random();
        let lives_s = lives_s(&app.settings.sign_in, link.purpose);
        links::create(&mut tx, &token.digest(), user, link.purpose, &mail.recipient, lives_s).await?;
        tx.commit().await?;
        params["lifetime"] = words_of(lives_s).into();
        // Behind the #, so that it stands in no server's log and no Referer.
        url = Some(format!("{web}{}#token={}", link.page, token.expose()));
    }
    let rendered = template.render(&params, url.as_deref());
    Ok(match app.mailer.send(mail.id, &mail.recipient, rendered).await {
        Ok(()) => Outcome::Sent,
        Err(error) => Outcome::Failed(error),
    })
}

/// Who gets the link, with a transaction that runs as them; none where it would be for nothing.
async fn receiver(app: &App, mail: &Claimed, purpose: Purpose) -> Result<Option<(Tx, UserId)>, StoreError> {
    let mut tx = app.store.nobody().await?;
    let holder = links::account_with_email(&mut tx, &mail.recipient).await?;
    let receiver = match (purpose, holder, mail.user) {
        // The address must still be free.
        (Purpose::ChangeEmail, None, user) => user,
        (Purpose::ChangeEmail, Some(_), _) => None,
        (Purpose::VerifyEmail, Some((_, true)), _) => None,
        (_, Some((holder, _)), None) => Some(holder),
        (_, Some((holder, _)), Some(user)) => Some(user).filter(|user| *user == holder),
        (_, None, _) => None,
    };
    let Some(user) = receiver else { return Ok(None) };
    tx.enter(groundwork_store::workspaces::personal(user), user).await?;
    Ok(Some((tx, user)))
}

fn lives_s(settings: &SignInSettings, purpose: Purpose) -> u32 {
    match purpose {
        Purpose::VerifyEmail => settings.verify_email_s,
        Purpose::ResetPassword => settings.reset_password_s,
        Purpose::MagicLink => settings.magic_link_s,
        Purpose::ChangeEmail => settings.change_email_s,
        Purpose::Exchange => settings.exchange_s,
    }
}

/// A time as people say it.
fn words_of(seconds: u32) -> String {
    let (count, unit) = match seconds {
        s if s >= 7_200 && s % 3_600 == 0 => (s / 3_600, "hours"),
        3_600 => return "one hour".to_owned(),
        s if s >= 120 => (s / 60, "minutes"),
        s => (s, "seconds"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let said: Vec<_> = [86_400, 3_600, 900, 90].into_iter().map(words_of).collect();
        assert_eq!(said, ["24 hours", "one hour", "15 minutes", "90 seconds"]);
    }
}
