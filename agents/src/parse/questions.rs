//! The elicitor's grammar: `## Q1: text`, then `category:`, `why:`, `format:` and, unless the format is text, options.

use super::ParseErrors;
use super::lines::{Errors, Line, body, body_lines, check_size};
use groundwork_domain::document::{Question, QuestionFormat, QuestionOption};

const OPTIONS_MIN: usize = 3;
const OPTIONS_MAX: usize = 4;
/// The whole reply where nothing needs asking.
const NONE: &str = "No questions.";
const FIELDS: [&str; 3] = ["category", "why", "format"];

pub(super) fn parse(text: &str, questions_max: usize) -> Result<Vec<Question>, ParseErrors> {
    check_size(text)?;
    let mut errors = Errors::default();
    if text[body(text)].trim_end_matches('.').eq_ignore_ascii_case(NONE.trim_end_matches('.')) {
        return Ok(Vec::new());
    }
    let lines = body_lines(text);
    let starts: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].heading().is_some()).collect();
    let first = starts.first().copied().unwrap_or(lines.len());
    for line in lines[..first].iter().filter(|line| !line.text.trim().is_empty()) {
        errors.at(line.number, format!("the reply is `{NONE}` or begins with `## Q1: …`"), line.text);
    }
    if starts.is_empty() && errors.is_empty() {
        errors.at(0, format!("the reply is `{NONE}` or begins with `## Q1: …`"), "");
    }
    if starts.len() > questions_max {
        let line = lines[starts[questions_max]].number;
        errors.at(
            line,
            format!("at most {questions_max} questions may be asked"),
            format!("{} questions", starts.len()),
        );
    }
    let mut questions = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(lines.len());
        questions.extend(question(&lines[*start..end], index, &mut errors));
    }
    errors.finish(questions)
}

fn question(lines: &[Line<'_>], index: usize, errors: &mut Errors) -> Option<Question> {
    let (head, rest) = lines.split_first()?;
    let expected = format!("Q{}", index + 1);
    let title = head.heading().filter(|(level, _)| *level == 2).and_then(|(_, title)| title.split_once(':'));
    let (id, text) = match title {
        Some((id, text)) if id.trim() == expected && !text.trim().is_empty() => (id.trim(), text.trim()),
        _ => {
            errors.at(
                head.number,
                format!("a question begins with `## {expected}: the question`"),
                head.text,
            );
            return None;
        }
    };
    let mut fields = [None, None, None];
    let mut options = Vec::new();
    for line in rest.iter().filter(|line| !line.text.trim().is_empty()) {
        let text = line.text.trim();
        if let Some(item) = text.strip_prefix("- ") {
            options.extend(option(line, item, options.len(), errors));
        } else if let Some((place, value)) = field(text) {
            if fields[place].replace((line.number, value)).is_some() {
                errors.at(line.number, format!("`{}:` stands once in a question", FIELDS[place]), text);
            }
        } else {
            errors.at(
                line.number,
                "a question has only `category:`, `why:`, `format:` and options `- A: …`",
                text,
            );
        }
    }
    for (name, value) in FIELDS.iter().zip(&fields) {
        if value.is_none_or(|(_, value)| value.is_empty()) {
            errors.at(head.number, format!("{id} needs a line `{name}: …`"), head.text);
        }
    }
    let [category, why, format] = fields.map(|field| field.unwrap_or((head.number, "")));
    let format = read_format(format, errors)?;
    check_options(head, format, &options, errors);
    Some(Question {
        id: id.to_owned(),
        text: text.to_owned(),
        category: category.1.to_owned(),
        why: why.1.to_owned(),
        format,
        options,
    })
}

fn field(text: &str) -> Option<(usize, &str)> {
    let (name, value) = text.split_once(':')?;
    let place = FIELDS.iter().position(|field| name.trim() == *field)?;
    Some((place, value.trim()))
}

fn read_format((line, word): (usize, &str), errors: &mut Errors) -> Option<QuestionFormat> {
    match word {
        "radio" => Some(QuestionFormat::Radio),
        "checkbox" => Some(QuestionFormat::Checkbox),
        "text" => Some(QuestionFormat::Text),
        "" => None,
        other => {
            errors.at(line, "`format:` is radio, checkbox or text", other);
            None
        }
    }
}

fn option(line: &Line<'_>, item: &str, index: usize, errors: &mut Errors) -> Option<QuestionOption> {
    let expected = char::from(b'A' + u8::try_from(index.min(25)).unwrap_or(25)).to_string();
    let Some((key, label)) = item.split_once(':').filter(|(key, _)| key.trim() == expected) else {
        errors.at(line.number, format!("the next option is `- {expected}: …`"), line.text);
        return None;
    };
    let label = label.trim();
    let (label, recommended) = match label.strip_suffix("(recommended)") {
        Some(label) => (label.trim(), true),
        None => (label, false),
    };
    if label.is_empty() {
        errors.at(line.number, "an option says what choosing it means", line.text);
        return None;
    }
    Some(QuestionOption { key: key.trim().to_owned(), label: label.to_owned(), recommended })
}

fn check_options(head: &Line<'_>, format: QuestionFormat, options: &[QuestionOption], errors: &mut Errors) {
    let found = format!("{} options", options.len());
    match format {
        QuestionFormat::Text if options.is_empty() => {}
        QuestionFormat::Text => errors.at(head.number, "a question of format text has no options", found),
        QuestionFormat::Radio | QuestionFormat::Checkbox => {
            if !(OPTIONS_MIN..=OPTIONS_MAX).contains(&options.len()) {
                errors.at(
                    head.number,
                    format!("a question has {OPTIONS_MIN} or {OPTIONS_MAX} options"),
                    found,
                );
            }
            let recommended = options.iter().filter(|option| option.recommended).count();
            if recommended != 1 {
                let found = format!("{recommended} recommended options");
                errors.at(head.number, "exactly one option ends with `(recommended)`", found);
            }
        }
    }
}
