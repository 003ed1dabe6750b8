//! The elicitor: asks what an idea leaves open and what changes most of the plan, at most three questions.

use super::phrase::{capital, words};
use super::product::{Product, is};
use super::request::Request;
use std::fmt::Write as _;

/// Something that an idea may leave open.
#[derive(Debug)]
pub(super) struct Topic {
    /// Asked only of ideas with one of these words; of all where empty.
    about: &'static [&'static str],
    /// An idea with one of these words has settled it.
    settled_by: &'static [&'static str],
    /// Ideas with more words than this are taken to have said it.
    words_max: usize,
    question: &'static str,
    category: &'static str,
    why: &'static str,
    format: &'static str,
    /// The first one is recommended.
    options: [&'static str; 3],
    /// The requirement that the answer becomes: title and sentence.
    pub(super) title: &'static str,
    pub(super) sentence: &'static str,
    /// How the answer is seen to be kept, after `Given`.
    pub(super) criterion: &'static str,
}

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        about: &["pay", "payment", "paid", "checkout", "subscription", "bezahl"],
        settled_by: &["stripe", "paypal", "cash", "transfer", "card", "sepa", "twint"],
        words_max: 400,
        question: "How does {a role} pay for {a one}?",
        category: "integration",
        why: "Decides whether a payment provider is connected and what happens when a payment fails.",
        format: "radio",
        options: [
            "By card through a payment provider",
            "By bank transfer, marked as paid by hand",
            "In cash, on the spot",
        ],
        title: "Take payments the chosen way",
        sentence: "{A role} pays as it was decided: {answer}.",
        criterion: "{a one} that is not paid, when its {role} comes to pay, then this way and no other is offered: {answer}.",
    },
    Topic {
        about: &["remind", "reminder", "notif", "alert", "erinner"],
        settled_by: &["email", "e-mail", "sms", "push", "whatsapp", "telegram", "mail"],
        words_max: 400,
        question: "How should reminders about {a one} reach people?",
        category: "integration",
        why: "Decides which service sends messages and which address of a person is stored.",
        format: "checkbox",
        options: ["By e-mail", "As a push message on the phone", "Only inside the application"],
        title: "Send messages over the chosen channel",
        sentence: "Messages about {many} reach people as it was decided: {answer}.",
        criterion: "{a role} with a message waiting, when it is sent, then it goes this way and the sending is recorded: {answer}.",
    },
    Topic {
        about: &[],
        settled_by: &[
            "private",
            "public",
            "permission",
            "admin",
            "everyone",
            "everybody",
            "only",
            "role",
            "roles",
            "anonymous",
            "visible",
            "myself",
            "access",
        ],
        words_max: 150,
        question: "Who can see {a role}'s {many}?",
        category: "users and permissions",
        why: "Decides the roles, the data model and what each page shows.",
        format: "radio",
        options: [
            "Only the {role} and the {staffs}",
            "Everybody who is signed in",
            "Each {role} chooses for each {one}",
        ],
        title: "Show {many} to the right people",
        sentence: "Who sees {a role}'s {many} is decided: {answer}.",
        criterion: "{a one} of somebody else, when {a role} opens its address, then it is shown or refused by this rule: {answer}.",
    },
    Topic {
        about: &[],
        settled_by: &[
            "web",
            "website",
            "browser",
            "mobile",
            "phone",
            "ios",
            "android",
            "desktop",
            "cli",
            "terminal",
            "tablet",
            "smartphone",
            "extension",
            "bot",
            "webapp",
            "handy",
        ],
        words_max: 200,
        question: "Where will {roles} use it first?",
        category: "constraints",
        why: "Decides the technology of what people see and what can be tested automatically.",
        format: "radio",
        options: [
            "In the browser, on phones and computers alike",
            "As an application on the phone",
            "On a shared screen on the spot",
        ],
        title: "Use it on the chosen devices",
        sentence: "{A role} uses it as it was decided: {answer}.",
        criterion: "a device of the decided kind, when {a role} opens the first page, then all of it can be read and used without zooming: {answer}.",
    },
    Topic {
        about: &[],
        settled_by: &[
            "delete",
            "archive",
            "history",
            "keep",
            "kept",
            "retention",
            "forever",
            "export",
            "gdpr",
        ],
        words_max: 30,
        question: "What happens to {many} that are over or no longer needed?",
        category: "data and its life",
        why: "Decides whether anything is deleted, what is kept for later and for how long.",
        format: "radio",
        options: [
            "They are archived and can be found for a year",
            "They are deleted after thirty days",
            "They stay for ever",
        ],
        title: "Keep old {many} as decided",
        sentence: "What is over is treated as it was decided: {answer}.",
        criterion: "{a one} that is over, when the nightly run has passed, then it is treated by this rule: {answer}.",
    },
];

impl Topic {
    fn is_open(&self, words: &[String]) -> bool {
        let has = |stems: &[&str]| stems.iter().any(|stem| words.iter().any(|word| is(word, stem)));
        (self.about.is_empty() || has(self.about)) && words.len() <= self.words_max && !has(self.settled_by)
    }

    pub(super) fn question(&self, product: &Product) -> String {
        capital(&product.fill(self.question))
    }
}

/// Questions in the elicitor's grammar, or `No questions.`
pub(super) fn reply(request: &Request<'_>) -> String {
    let product = Product::of(request.idea);
    let words = words(request.idea);
    let asked = request.task.attribute("questions_max").and_then(|text| text.parse().ok());
    let topics = TOPICS.iter().filter(|topic| topic.is_open(&words)).take(asked.unwrap_or(3));
    let mut reply = String::new();
    for (index, topic) in topics.enumerate() {
        // Writing to a String cannot fail.
        let _ = writeln!(reply, "## Q{}: {}", index + 1, topic.question(&product));
        let _ = writeln!(
            reply,
            "category: {}\nwhy: {} (Simulated question.)",
            topic.category,
            product.fill(topic.why)
        );
        let _ = writeln!(reply, "format: {}", topic.format);
        for (key, option) in ["A", "B", "C"].iter().zip(topic.options) {
            let recommended = if *key == "A" { " (recommended)" } else { "" };
            let _ = writeln!(reply, "- {key}: {}{recommended}", product.fill(option));
        }
        reply.push('\n');
    }
    if reply.is_empty() {
        return "No questions.".to_owned();
    }
    reply.trim_end().to_owned()
}
