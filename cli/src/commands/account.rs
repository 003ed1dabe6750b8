//! Signing up, in and out.

use super::server;
use crate::args::{Connection, LoginArguments, SignupArguments};
use crate::client::Client;
use crate::client::shapes::SignIn;
use crate::client::tokens::Bearer;
use crate::credentials::Credentials;
use crate::failure::{Failure, Result};
use crate::output::{Output, ask, ask_secretly, is_interactive};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

/// `groundwork signup`
pub(crate) async fn signup(arguments: &SignupArguments) -> Result<()> {
    let email = email(&arguments.login)?;
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => email.split('@').next().unwrap_or_default().to_owned(),
    };
    let password = password(&arguments.login)?;
    let body = json!({ "email": email, "name": name, "password": password.expose_secret() });
    enter(&arguments.login, "/auth/signup", &email, &body).await
}

/// `groundwork login`
pub(crate) async fn login(arguments: &LoginArguments) -> Result<()> {
    let email = email(arguments)?;
    let password = password(arguments)?;
    let body = json!({ "email": email, "password": password.expose_secret() });
    enter(arguments, "/auth/login", &email, &body).await
}

/// `groundwork logout`
pub(crate) async fn logout(connection: &Connection) -> Result<()> {
    let (server, output) = (server(connection), Output::new(connection.json));
    let credentials = Credentials::find()?;
    if let Ok(bearer) = credentials.bearer(&server) {
        let client = Client::new(&server, bearer)?;
        // The file is cleared in any case: an unreachable server must not keep a token here.
        if let Err(failure) = client.change_quietly(Method::POST, "/auth/logout").await {
            output.note(format!("the server did not end the session: {}", failure.message));
        }
    }
    let email = credentials.forget(&server)?;
    output.result(&json!({ "server": server, "email": email }), || match &email {
        Some(email) => format!("{email} is signed out of {server}"),
        None => format!("nobody was signed in to {server}"),
    });
    Ok(())
}

async fn enter(arguments: &LoginArguments, path: &str, email: &str, body: &serde_json::Value) -> Result<()> {
    let connection = &arguments.connection;
    let (server, output) = (server(connection), Output::new(connection.json));
    let client = Client::new(&server, Bearer::Nobody)?;
    let tokens = match client.change(Method::POST, path, body).await? {
        SignIn::SignedIn(tokens) => tokens,
        SignIn::SecondFactor { challenge } => {
            let body = json!({ "challenge": challenge.expose_secret(), "code": code(arguments)? });
            client.change(Method::POST, "/auth/2fa/verify", &body).await?
        }
        SignIn::AwaitsVerification { next } => {
            output.result(&json!({ "server": server, "email": email, "next": next }), || {
                format!("signed up; follow the link that was mailed to {email}\nnext: groundwork login --email {email}")
            });
            return Ok(());
        }
    };
    Credentials::find()?.keep(&server, email, &tokens)?;
    output.result(&json!({ "server": server, "email": email }), || {
        format!("signed in to {server} as {email}\nnext: groundwork new --idea \"…\"")
    });
    Ok(())
}

/// The second factor's code, or a recovery code.
fn code(arguments: &LoginArguments) -> Result<String> {
    if let Some(code) = &arguments.code {
        return Ok(code.clone());
    }
    let answer =
        if is_interactive() { ask("code of your authenticator, or a recovery code: ")? } else { None };
    answer
        .filter(|code| !code.is_empty())
        .ok_or_else(|| Failure::usage("--code is needed: a second factor is on"))
}

fn email(arguments: &LoginArguments) -> Result<String> {
    if let Some(email) = &arguments.email {
        return Ok(email.clone());
    }
    let answer = if is_interactive() { ask("e-mail: ")? } else { None };
    answer.filter(|email| !email.is_empty()).ok_or_else(|| Failure::usage("--email is needed"))
}

fn password(arguments: &LoginArguments) -> Result<SecretString> {
    if arguments.password_stdin {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).into());
    }
    if let Ok(password) = std::env::var("GROUNDWORK_PASSWORD") {
        return Ok(password.into());
    }
    let answer = if is_interactive() { ask_secretly("password: ")? } else { None };
    answer.map(SecretString::from).ok_or_else(|| {
        Failure::usage("no terminal to ask for a password").next("--password-stdin or GROUNDWORK_PASSWORD")
    })
}
