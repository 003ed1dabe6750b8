//! Answering questions: at the keyboard, from a file, by flags, or by taking the recommendations.

use super::show::questions;
use super::{open, project_id, read_text};
use crate::args::AnswerArguments;
use crate::client::Client;
use crate::client::shapes::Question;
use crate::failure::{Exit, Failure, Result};
use crate::output::{Output, ask, is_interactive};
use groundwork_domain::document::{Answer, QuestionFormat};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Words of one's own are longer than this.
const WORD_BYTES_MIN: usize = 2;

/// `groundwork answer`
pub(crate) async fn answer(arguments: &AnswerArguments) -> Result<()> {
    let (client, output) = open(&arguments.connection)?;
    let id = project_id(&client, &arguments.project).await?;
    let questions = open_questions(&client, id).await?;
    let mut answers = Vec::new();
    for line in &arguments.set {
        answers.push(parse(line, &questions)?);
    }
    if let Some(path) = &arguments.file {
        let text = read_text(path)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            answers.push(parse(line, &questions)?);
        }
    }
    let by_hand = answers.is_empty() && !arguments.recommended;
    if by_hand {
        if !is_interactive() || output == Output::Json {
            return Err(
                Failure::usage("no terminal to ask on").next("--recommended, --set Q1=A or --file ANSWERS")
            );
        }
        answers = interview(output, &questions)?;
    }
    // Enter, at the keyboard, means: take the recommendation.
    let recommendations_for_rest = arguments.recommended || by_hand;
    let reply = respond(&client, id, &answers, recommendations_for_rest).await?;
    output.result(&reply, || format!("answered; next: groundwork watch {id}"));
    Ok(())
}

/// Sends answers.
pub(crate) async fn respond(
    client: &Client,
    id: Uuid,
    answers: &[Answer],
    recommendations_for_rest: bool,
) -> Result<Value> {
    let body = json!({ "answers": answers, "recommendations_for_rest": recommendations_for_rest });
    client.change(Method::PATCH, &format!("/projects/{id}/respond"), &body).await
}

/// The questions that wait for an answer; that none does is a refusal.
pub(crate) async fn open_questions(client: &Client, id: Uuid) -> Result<Vec<Question>> {
    let open: Vec<Question> = questions(client, id).await?.into_iter().filter(Question::is_open).collect();
    if open.is_empty() {
        return Err(Failure::new(Exit::Refused, "not_waiting", format!("{id} asks nothing now"))
            .next(format!("groundwork show {id}")));
    }
    Ok(open)
}

/// Shows a question as it is asked.
pub(crate) fn describe(question: &Question) -> String {
    let mut text =
        format!("{} ({}) {}\n   {}\n", question.id, question.category, question.text, question.why);
    for option in &question.options {
        let mark = if option.recommended { "  (recommended)" } else { "" };
        text.push_str(&format!("   {}: {}{mark}\n", option.key, option.label));
    }
    text
}

/// Asks every question at the keyboard. An empty line leaves a question to its recommendation.
pub(crate) fn interview(output: Output, questions: &[Question]) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for question in questions {
        output.line(describe(question).trim_end());
        let how = match (question.format, question.recommended()) {
            (QuestionFormat::Text, _) => "   in words",
            (QuestionFormat::Radio, Some(_)) => "   letter or words, Enter for the recommended one",
            (QuestionFormat::Radio, None) => "   letter or words",
            (QuestionFormat::Checkbox, Some(_)) => "   letters or words, Enter for the recommended one",
            (QuestionFormat::Checkbox, None) => "   letters or words",
        };
        loop {
            let Some(line) = ask(&format!("{how}> "))? else {
                return Err(Failure::new(
                    Exit::Interrupted,
                    "interrupted",
                    "the input ended; nothing was sent",
                ));
            };
            if line.is_empty() && question.recommended().is_some() {
                break;
            }
            match read(question, &line) {
                Some(answer) => {
                    answers.push(answer);
                    break;
                }
                None => output.note("   please answer this one"),
            }
        }
    }
    Ok(answers)
}

/// Reads `Q1=A`, `Q2=A,C`, `Q3=words`, also with `:` in place of `=`.
fn parse(line: &str, questions: &[Question]) -> Result<Answer> {
    let usage = |what: String| {
        Failure::usage(what).next("write QUESTION=ANSWER, for example Q1=A or Q2=A,C or Q3=in words")
    };
    let (id, answer) =
        line.split_once(['=', ':']).ok_or_else(|| usage(format!("`{line}` is no answer to a question")))?;
    let id = id.trim();
    let question =
        questions.iter().find(|question| question.id.eq_ignore_ascii_case(id)).ok_or_else(|| {
            let open: Vec<&str> = questions.iter().map(|question| question.id.as_str()).collect();
            usage(format!("there is no open question {id}; open: {}", open.join(", ")))
        })?;
    let answer = read(question, answer.trim());
    let answer = answer.ok_or_else(|| usage(format!("the answer to {} is empty", question.id)))?;
    // So short a word is a mistyped letter, and would be bought as an answer.
    let mistyped =
        answer.text.as_deref().filter(|text| text.len() <= WORD_BYTES_MIN && !question.options.is_empty());
    if let Some(text) = mistyped {
        let keys: Vec<&str> = question.options.iter().map(|option| option.key.as_str()).collect();
        return Err(usage(format!("{} has no option `{text}`; it has {}", question.id, keys.join(", "))));
    }
    Ok(answer)
}

/// Letters that are options are options; anything else is words.
fn read(question: &Question, text: &str) -> Option<Answer> {
    if text.is_empty() {
        return None;
    }
    let keys: Option<Vec<String>> = text
        .split([',', ' '])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let option = question.options.iter().find(|option| option.key.eq_ignore_ascii_case(part))?;
            Some(option.key.clone())
        })
        .collect();
    let (options, words) = match keys {
        Some(keys) if !keys.is_empty() => (keys, None),
        Some(_) | None => (Vec::new(), Some(text.to_owned())),
    };
    Some(Answer { question_id: question.id.clone(), options, text: words, assumption: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions() -> Vec<Question> {
        let question = |id: &str, format: &str| {
            let option = |key: &str, recommended: bool| json!({ "key": key, "label": key, "recommended": recommended });
            let value = json!({
                "id": id, "text": "?", "category": "c", "why": "w", "format": format, "state": "open",
                "options": [option("A", true), option("B", false)],
            });
            serde_json::from_value(value).expect("a question")
        };
        vec![question("Q1", "radio"), question("Q2", "checkbox")]
    }

    fn check(line: &str, id: &str, options: &[&str], text: Option<&str>) {
        let answer = parse(line, &questions()).expect("an answer");
        let keys: Vec<&str> = answer.options.iter().map(String::as_str).collect();
        assert_eq!(
            (answer.question_id.as_str(), keys.as_slice(), answer.text.as_deref()),
            (id, options, text)
        );
    }

    #[test]
    fn letters_are_options_and_anything_else_is_words() {
        check("Q1=A", "Q1", &["A"], None);
        check("q2: b, a", "Q2", &["B", "A"], None);
        check("Q1=A plan of our own = better", "Q1", &[], Some("A plan of our own = better"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (line, why) in [
            ("Q9=A", "no open question Q9; open: Q1, Q2"),
            ("A", "is no answer"),
            ("Q1=", "the answer to Q1 is empty"),
            ("Q1=Z9", "Q1 has no option `Z9`; it has A, B"),
        ] {
            let failure = parse(line, &questions()).expect_err("a failure");
            assert!(failure.message.contains(why), "{}", failure.message);
            assert_eq!(failure.exit, Exit::Usage);
        }
    }
}
