//! The architect: writes `spec.md` from idea and answers, and rewrites one section of it.

use super::elicitor::TOPICS;
use super::mend;
use super::phrase::{capital, first_sentence, plain, slug};
use super::product::Product;
use super::request::{Answered, Request};
use super::stack::Stack;
use std::fmt::Write as _;

/// A requirement before it has its id.
struct Draft {
    title: String,
    sentence: String,
    source: String,
    criteria: Vec<String>,
}

/// The specification, or the one section that a refinement asks for.
pub(super) fn reply(request: &Request<'_>) -> String {
    match request.task.kind() {
        "refine-section" | "mend-section" => {
            mend::section(request.task.data("target"), request.task.data("request"))
        }
        _ => specification(request),
    }
}

pub(super) fn specification(request: &Request<'_>) -> String {
    let product = Product::of(request.idea);
    let answers: Vec<&str> = request.answers.iter().map(|answered| answered.answer.as_str()).collect();
    let stack = Stack::choose(&format!("{} {}", request.idea, answers.join(" ")), product.hash);
    let mut text = String::with_capacity(12 * 1024);
    overview(&mut text, request, &product);
    requirements(&mut text, &drafts(request, &product));
    qualities(&mut text, &product);
    data_model(&mut text, &product);
    interfaces(&mut text, &product);
    technology(&mut text, stack);
    ending(&mut text, request, &product);
    text
}

fn overview(text: &mut String, request: &Request<'_>, product: &Product) {
    let idea = plain(first_sentence(request.idea), 240);
    let idea = if idea.is_empty() { "nothing was said".to_owned() } else { idea };
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        text,
        "## Overview\n**{}.** The idea, in the words of its author: '{idea}'. {}\n\n\
         Simulated: this specification was written by Groundwork's simulator and by no model.\n\n\
         ## Users and goals\n",
        product.title(),
        product.fill("What is built keeps {many} with their {seconds}, shows them to the people concerned, and holds one rule without exception: ")
            + &product.limit
            + ".",
    );
    let _ = writeln!(text, "{}", product.fill("- **{Role}**: wants to have {a one} without asking anybody, and to see at once what became of it."));
    let _ = writeln!(
        text,
        "{}",
        product.fill("- **{Staff}**: wants to see all {many} and {seconds}, and to correct what went wrong.")
    );
}

fn drafts(request: &Request<'_>, product: &Product) -> Vec<Draft> {
    let fields = product.fields.iter().map(|field| field.replace('_', " ")).collect::<Vec<_>>().join(", ");
    let fill = |templates: &[&str]| templates.iter().map(|template| product.fill(template)).collect();
    let draft = |title: &str, sentence: &str, criteria: &[&str]| Draft {
        title: capital(&product.fill(title)),
        sentence: capital(&product.fill(sentence)),
        source: "idea".to_owned(),
        criteria: fill(criteria),
    };
    let mut drafts = vec![
        draft(
            "Create {a one}",
            &format!("{{A role}} can create {{a one}} with {fields}."),
            &[
                "{a role} who is signed in, when they send the form with all fields, then the {one} is stored and shown.",
                "{a role} who leaves a required field empty, when they send the form, then nothing is stored and the field is marked.",
            ],
        ),
        draft(
            "See {many}",
            "{A role} sees their {many}, the newest first, twenty to a page.",
            &[
                "25 {many}, when the list is opened, then 20 are shown and the next page has 5.",
                "no {many}, when the list is opened, then it says so and offers to create one.",
            ],
        ),
        draft(
            "Change or withdraw {a one}",
            "{A role} can change or withdraw their own {one}; {a staff} can do so with any.",
            &[
                "{a one} of one's own, when it is withdrawn, then it disappears from the list and the {staff} sees that it was.",
                "{a one} of somebody else, when {a role} tries to change it, then it stays as it is and the reason is shown.",
            ],
        ),
        draft(
            "Look after {seconds}",
            "{A staff} can add, change and close {seconds}; {many} that belong to one stay readable.",
            &[
                "{a second} with {many}, when it is closed, then no new {one} can name it and the old ones still show it.",
            ],
        ),
    ];
    drafts[3].criteria.push(format!("any state, when two requests come at once, then {}.", product.limit));
    for deed in &product.deeds {
        drafts.push(draft(deed.title, deed.sentence, deed.criteria));
    }
    drafts.extend(
        request
            .answers
            .iter()
            .filter(|answered| !answered.answer.is_empty())
            .map(|answered| decided(answered, product)),
    );
    drafts
}

/// The requirement that an answer becomes: every answer is found again in the specification.
fn decided(answered: &Answered<'_>, product: &Product) -> Draft {
    let answer = plain(&answered.answer, 300);
    let answer = answer.trim_end_matches('.');
    let topic = TOPICS.iter().find(|topic| topic.question(product) == answered.question);
    let question = plain(answered.question, 200);
    // The answer goes in last: a person's text is never read as a template.
    let fill = |template: &str| {
        let (before, after) = template.split_once("{answer}").unwrap_or((template, ""));
        format!("{}{answer}{}", product.fill(before), product.fill(after))
    };
    let (title, sentence, criterion) = match topic {
        Some(topic) => (product.fill(topic.title), fill(topic.sentence), fill(topic.criterion)),
        None => (
            format!("Settle: {}", plain(&question, 60).trim_end_matches('?')),
            format!("It was asked '{question}' and decided: {answer}."),
            fill(
                "{a role} who uses {many}, when this decision matters, then what they see and may do follows it: {answer}.",
            ),
        ),
    };
    Draft {
        title: capital(&title),
        sentence: capital(&sentence),
        source: answered.assumption.unwrap_or(answered.id).to_owned(),
        criteria: vec![criterion],
    }
}

fn requirements(text: &mut String, drafts: &[Draft]) {
    text.push_str("\n## Requirements\n");
    for (index, draft) in drafts.iter().enumerate() {
        let _ =
            writeln!(text, "### FR-{:03} {}\n{} ({})", index + 1, draft.title, draft.sentence, draft.source);
        for criterion in &draft.criteria {
            let _ = writeln!(text, "- Given {criterion}");
        }
        text.push('\n');
    }
}

fn qualities(text: &mut String, product: &Product) {
    text.push_str("## Qualities\n");
    let lines = [
        "- NFR-001 Speed: the list of {many} answers within 300 ms at the 95th percentile with 10,000 {many} stored.",
        "- NFR-002 Privacy: no page, address or log shows {a role}'s contact data to anybody but the {staffs}: yes or no.",
        "- NFR-003 Access: every page can be used with the keyboard alone and passes WCAG 2.2 AA: yes or no.",
        "- NFR-004 Safety: the database is saved once a day and a restore is tried once a month within 30 minutes.",
    ];
    for line in lines {
        let _ = writeln!(text, "{}", product.fill(line));
    }
}

fn data_model(text: &mut String, product: &Product) {
    text.push_str("\n## Data model\n| table | column | type | rule |\n|---|---|---|---|\n");
    for (name, fields) in [(&product.many, &product.fields), (&product.seconds, &product.second_fields)] {
        let table = slug(name, '_');
        let _ = writeln!(text, "| {table} | id | uuid | primary key |");
        for field in fields {
            let kind = column_type(field);
            let _ = writeln!(text, "| {table} | {field} | {kind} | not null |");
        }
        let _ = writeln!(text, "| {table} | created_at | timestamptz | not null, default now |");
    }
    let (many, seconds) = (slug(&product.many, '_'), slug(&product.seconds, '_'));
    let _ = writeln!(
        text,
        "| {many} | {}_id | uuid | references {seconds}, may be null |",
        slug(&product.second, '_')
    );
    let _ = writeln!(
        text,
        "| people | id | uuid | primary key |\n| people | email | text | unique, lower case |\n| people | role | text | one of {}, {} |",
        product.role, product.staff
    );
}

fn column_type(field: &str) -> &'static str {
    let ends = |ends: &[&str]| ends.iter().any(|end| field.ends_with(end));
    match field {
        _ if ends(&["_at"]) => "timestamptz",
        _ if ends(&["_on", "_day", "_date"]) => "date",
        "amount" | "total" | "price" | "unit_price" | "budget" | "rent" | "value" => "numeric(12,2)",
        "places" | "servings" | "minutes" | "quantity" | "points" | "position" | "party_size" | "size"
        | "copies" | "stock" | "people_needed" | "players" | "seats" | "uses" | "age" => "integer",
        _ => "text",
    }
}

fn interfaces(text: &mut String, product: &Product) {
    let (many, seconds) = (slug(&product.many, '-'), slug(&product.seconds, '-'));
    let _ = write!(
        text,
        "\n## Interfaces\nAn HTTP interface with JSON; errors as `application/problem+json`.\n\
         - `GET /api/{many}`, `POST /api/{many}`, `PATCH /api/{many}/:id`, `DELETE /api/{many}/:id`\n\
         - `GET /api/{seconds}`, `POST /api/{seconds}`, `PATCH /api/{seconds}/:id`\n\
         - `POST /api/session`, `DELETE /api/session`\n\n## User interface\n",
    );
    let lines = [
        "- **{Many}**: the list, with a button 'New {one}' at the top; the state of each as a word, never by colour alone.",
        "- **New {one}**: one form with the fields of the data model; what is wrong stands beside its field.",
        "- **{Seconds}**: for the {staffs} only; a table with search and a form at its side.",
        "\nCalm and plain: one accent colour, system fonts, usable at a width of 360 pixels.",
    ];
    for line in lines {
        let _ = writeln!(text, "{}", product.fill(line));
    }
}

fn technology(text: &mut String, stack: &Stack) {
    let _ = write!(
        text,
        "\n## Technology\n- Choice: {}. Versions: {}.\n- Reason: {}.\n- Rejected: {}.\n",
        stack.name, stack.versions, stack.reason, stack.rejected
    );
}

fn ending(text: &mut String, request: &Request<'_>, product: &Product) {
    text.push_str("\n## Out of scope\n");
    let _ = writeln!(text, "{}", product.fill("- Importing {many} from other products, unless a requirement above says so.\n- Native applications for phones.\n- More than one language of the pages."));
    text.push_str("\n## Assumptions\n");
    let mut assumed: Vec<&Answered<'_>> =
        request.answers.iter().filter(|answered| answered.assumption.is_some()).collect();
    assumed.sort_by_key(|answered| answered.assumption.map(|id| (id.len(), id)));
    for answered in &assumed {
        let id = answered.assumption.unwrap_or_default();
        let _ = writeln!(
            text,
            "- {id}: {} (recommendation taken for {})",
            plain(&answered.answer, 300),
            answered.id
        );
    }
    if assumed.is_empty() {
        text.push_str("None.\n");
    }
    text.push_str("\n## Open questions\n");
    let open: Vec<_> = request.answers.iter().filter(|answered| answered.answer.is_empty()).collect();
    for answered in &open {
        let _ = writeln!(text, "- {}: {}", answered.id, plain(answered.question, 200));
    }
    if open.is_empty() {
        text.push_str("None.\n");
    }
    text.push_str("\n## Glossary\n");
    let lines = [
        "- **{One}**: what {a role} creates; the main thing that is kept.",
        "- **{Second}**: what {many} belong to or are made of.",
        "- **{Role}**: a person who uses it for themselves.",
        "- **{Staff}**: a person who looks after it for others.",
    ];
    for line in lines {
        let _ = writeln!(text, "{}", product.fill(line));
    }
}
