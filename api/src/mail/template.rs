//! What mails say. Each is a text file whose first line is the subject; the HTML beside it is made of the same text.
//!
//! Subjects and all other headers are words of ours: nothing that a person wrote ever stands in one.

use groundwork_store::links::Purpose;
use serde_json::Value;

/// Every mail that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    VerifyEmail,
    ResetPassword,
    MagicLink,
    ChangeEmail,
    EmailChanged,
    PasswordChanged,
    IdentityLinked,
    Invitation,
    SignUpAgain,
    /// Something waits for them.
    Needed,
    /// Something ended.
    News,
}

/// What a link needs: what it is for, and the page of the web application that it opens.
pub(crate) struct Link {
    pub(crate) purpose: Purpose,
    pub(crate) page: &'static str,
}

/// A mail, ready but for its addresses.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Template {
    pub(crate) const ALL: [Self; 11] = [
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::MagicLink,
        Self::ChangeEmail,
        Self::EmailChanged,
        Self::PasswordChanged,
        Self::IdentityLinked,
        Self::Invitation,
        Self::SignUpAgain,
        Self::Needed,
        Self::News,
    ];

    /// As it waits in the outbox.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::MagicLink => "magic_link",
            Self::ChangeEmail => "change_email",
            Self::EmailChanged => "email_changed",
            Self::PasswordChanged => "password_changed",
            Self::IdentityLinked => "identity_linked",
            Self::Invitation => "invitation",
            Self::SignUpAgain => "sign_up_again",
            Self::Needed => "needed",
            Self::News => "news",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == word)
    }

    /// The link that it carries; none for a mail that only tells.
    pub(crate) const fn link(self) -> Option<Link> {
        let (purpose, page) = match self {
            Self::VerifyEmail => (Purpose::VerifyEmail, "/auth/verify-email"),
            Self::ResetPassword => (Purpose::ResetPassword, "/auth/reset-password"),
            Self::MagicLink => (Purpose::MagicLink, "/auth/magic-link"),
            Self::ChangeEmail => (Purpose::ChangeEmail, "/auth/change-email"),
            Self::EmailChanged
            | Self::PasswordChanged
            | Self::IdentityLinked
            | Self::Invitation
            | Self::SignUpAgain
            | Self::Needed
            | Self::News => {
                return None;
            }
        };
        Some(Link { purpose, page })
    }

    const fn source(self) -> &'static str {
        match self {
            Self::VerifyEmail => include_str!("templates/verify_email.txt"),
            Self::ResetPassword => include_str!("templates/reset_password.txt"),
            Self::MagicLink => include_str!("templates/magic_link.txt"),
            Self::ChangeEmail => include_str!("templates/change_email.txt"),
            Self::EmailChanged => include_str!("templates/email_changed.txt"),
            Self::PasswordChanged => include_str!("templates/password_changed.txt"),
            Self::IdentityLinked => include_str!("templates/identity_linked.txt"),
            Self::Invitation => include_str!("templates/invitation.txt"),
            Self::SignUpAgain => include_str!("templates/sign_up_again.txt"),
            Self::Needed => include_str!("templates/needed.txt"),
            Self::News => include_str!("templates/news.txt"),
        }
    }

    /// The mail with its blanks filled; `params` are texts by name, `link` the one in it.
    pub(crate) fn render(self, params: &Value, link: Option<&str>) -> Rendered {
        let (subject, body) = self.source().split_once('\n').unwrap_or_default();
        let fill = |name: &str| match (name, link) {
            ("link", Some(link)) => link.to_owned(),
            (name, _) => params[name].as_str().unwrap_or_default().to_owned(),
        };
        let text = filled(body.trim(), fill);
        let html = html(&text, link, params["installation"].as_str());
        Rendered {
            subject: subject.trim_start_matches("Subject:").trim().to_owned(),
            text: text + "\n",
            html,
        }
    }
}

/// Replaces each `{name}` once; what stands in a value is not looked at again.
fn filled(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, next)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&value(name));
        rest = next;
    }
    out + rest
}

/// Paragraphs, escaped; the link, and a project's page, can be clicked where they are a paragraph of their own.
fn html(text: &str, link: Option<&str>, installation: Option<&str>) -> String {
    let is_page = |paragraph: &str| {
        let path = installation.and_then(|installation| paragraph.strip_prefix(installation));
        let id = path.and_then(|path| path.strip_prefix("/projects/"));
        id.is_some_and(|id| id.chars().all(|c| c.is_ascii_hexdigit() || c == '-'))
    };
    let mut out = String::from("<!doctype html>\n<html lang=\"en\"><body>\n");
    for paragraph in text.split("\n\n") {
        let escaped = escaped(paragraph);
        if Some(paragraph) == link || is_page(paragraph) {
            out.push_str(&format!("<p><a href=\"{escaped}\">{escaped}</a></p>\n"));
        } else {
            out.push_str(&format!("<p>{}</p>\n", escaped.replace('\n', "<br>\n")));
        }
    }
    out + "</body></html>\n"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_mail_is_whole() {
        let params = json!({"new_email": "n@example.org", "provider": "GitHub", "lifetime": "15 minutes",
            "workspace": "Hiking club", "role": "editor", "until": "2026-12-01", "items": "\"Gym\" is complete.",
            "installation": "https://g.example.org"});
        for template in Template::ALL {
            let link = template.link().map(|_| "https://g.example.org/x#token=t");
            let mail = template.render(&params, link);
            assert_eq!(Template::parse(template.as_str()), Some(template));
            assert!(template.source().starts_with("Subject: "), "{template:?}");
            assert!(!mail.subject.is_empty() && mail.subject.len() < 70, "{template:?}");
            assert!(!mail.text.contains(['{', '}']), "{template:?}: {}", mail.text);
            assert!(mail.text.contains("https://g.example.org"), "{template:?}");
            assert_eq!(mail.html.contains("<a href="), link.is_some(), "{template:?}");
            // A blank that is unknown would leave a hole.
            for blank in template.source().split('{').skip(1) {
                let name = blank.split('}').next().unwrap_or_default();
                assert!(name == "link" || params[name].is_string(), "{template:?}: {name}");
            }
        }
    }

    #[test]
    fn pages_of_projects_can_be_clicked_and_nothing_else() {
        let page = "https://g.example.org/projects/5f1d0a3e-6f0b-4c55-9a51-7d1c4b0e2a77";
        for (items, is_linked) in [
            (page.to_owned(), true),
            (format!("\"{page}\" is complete."), false),
            ("https://g.example.org/projects/../auth/x".to_owned(), false),
            ("https://evil.example/projects/5f1d".to_owned(), false),
        ] {
            let params = json!({"installation": "https://g.example.org", "items": items});
            let mail = Template::News.render(&params, None);
            assert_eq!(mail.html.contains("<a href="), is_linked, "{}", mail.html);
        }
    }

    #[test]
    fn what_people_write_stays_text() {
        let params = json!({"new_email": "\"<script>{link}&'\"@example.org"});
        let mail = Template::EmailChanged.render(&params, None);
        assert!(mail.text.contains("<script>{link}&'"));
        assert!(!mail.html.contains("<script"), "{}", mail.html);
        assert!(mail.html.contains("&lt;script&gt;{link}&amp;&#39;&quot;@example.org"), "{}", mail.html);
    }
}
