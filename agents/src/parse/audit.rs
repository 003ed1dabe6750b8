//! Reviews of files: `verdict: PASS | FAIL`, then every item of a checklist. What cannot be read is never a pass.

use super::ParseErrors;
use super::lines::{Errors, Line, body_lines, check_size};
use super::outline::{Field, fields};
use groundwork_domain::document::Verdict;
use groundwork_domain::document::audit::{Audit, AuditItem, AuditResult};

/// Most places of one item.
const EVIDENCE_MAX: usize = 5;

/// An item that a review must have: id and title.
pub type ChecklistItem = (&'static str, &'static str);

/// OWASP ASVS 5.0 level 2, all chapters, and what files can show of the Information Security Manual's guidelines for
/// software development (Australian Signals Directorate, 2025).
pub const SECURITY_CHECKLIST: [ChecklistItem; 31] = [
    ("V1", "Encoding and Sanitization"),
    ("V2", "Validation and Business Logic"),
    ("V3", "Web Frontend Security"),
    ("V4", "API and Web Service"),
    ("V5", "File Handling"),
    ("V6", "Authentication"),
    ("V7", "Session Management"),
    ("V8", "Authorization"),
    ("V9", "Self-contained Tokens"),
    ("V10", "OAuth and OIDC"),
    ("V11", "Cryptography"),
    ("V12", "Secure Communication"),
    ("V13", "Configuration"),
    ("V14", "Data Protection"),
    ("V15", "Secure Coding and Architecture"),
    ("V16", "Security Logging and Error Handling"),
    ("V17", "WebRTC"),
    ("ISM-1240", "Input from the internet is validated and sanitised"),
    ("ISM-1241", "Output of web applications is encoded"),
    ("ISM-1276", "Database queries are parameterised"),
    ("ISM-1278", "Errors show nothing of the database's structure"),
    ("ISM-1552", "Web content is offered over HTTPS only"),
    ("ISM-1817", "API calls that read data not meant for the public are authenticated and authorised"),
    ("ISM-1818", "API calls that change data are authenticated and authorised"),
    ("ISM-2044", "There are no default credentials"),
    ("ISM-2048", "Users cannot change their own permissions"),
    ("ISM-2051", "Event logs are sufficient to detect attacks"),
    ("ISM-2052", "Event logs protect sensitive data"),
    ("ISM-2058", "Serialised input is validated before it is read"),
    ("ISM-2059", "Uploads are restricted to types and scanned"),
    ("ISM-2062", "Tests cover what must work and what must fail"),
];

/// What the code reviewer looks at.
pub const CODE_CHECKLIST: [ChecklistItem; 7] = [
    ("CR1", "Requirements"),
    ("CR2", "Correctness"),
    ("CR3", "Tests"),
    ("CR4", "Errors and limits"),
    ("CR5", "Readability"),
    ("CR6", "Plan"),
    ("CR7", "Running it"),
];

pub(super) fn parse(text: &str, checklist: &[ChecklistItem]) -> Result<Audit, ParseErrors> {
    check_size(text)?;
    let mut errors = Errors::default();
    let mut lines = body_lines(text);
    lines.retain(|line| !line.text.trim().is_empty());
    let verdict = verdict(lines.first(), &mut errors);
    let rest = lines.get(1..).unwrap_or_default();
    let starts: Vec<usize> = (0..rest.len()).filter(|at| rest[*at].text.starts_with('#')).collect();
    if let Some(line) = rest[..starts.first().copied().unwrap_or(rest.len())].first() {
        errors.at(
            line.number,
            "after the verdict come the items of the checklist and nothing else",
            line.text,
        );
    }
    let mut items = Vec::new();
    for (index, (id, title)) in checklist.iter().enumerate() {
        let Some(start) = starts.get(index) else {
            errors.at(0, format!("item {} of the checklist is `## {id} {title}`", index + 1), "nothing");
            break;
        };
        let end = starts.get(index + 1).copied().unwrap_or(rest.len());
        items.extend(item(&rest[*start..end], id, title, &mut errors));
    }
    if let Some(extra) = starts.get(checklist.len()) {
        errors.at(rest[*extra].number, "the checklist has no more items", rest[*extra].text);
    }
    let failed = items.iter().find(|item| item.result == AuditResult::Fail);
    match (verdict, failed) {
        (Some(Verdict::Pass), Some(failed)) => {
            errors.at(1, "`verdict: PASS` has no item that failed", &failed.id);
        }
        (Some(Verdict::Revise), None) if items.len() == checklist.len() => {
            errors.at(1, "`verdict: FAIL` has at least one item that failed", "none");
        }
        (Some(_) | None, _) => {}
    }
    // An unreadable verdict is an error above; `Revise` only fills the place until `finish` returns it.
    errors.finish(Audit { verdict: verdict.unwrap_or(Verdict::Revise), items })
}

fn verdict(line: Option<&Line<'_>>, errors: &mut Errors) -> Option<Verdict> {
    match line.map(|line| (line.number, line.text.trim())) {
        Some((_, "verdict: PASS")) => Some(Verdict::Pass),
        Some((_, "verdict: FAIL")) => Some(Verdict::Revise),
        other => {
            let rule = "the first line is `verdict: PASS` or `verdict: FAIL`";
            errors.at(other.map_or(0, |(number, _)| number), rule, other.map_or("", |(_, text)| text));
            None
        }
    }
}

fn item(lines: &[Line<'_>], id: &str, title: &str, errors: &mut Errors) -> Option<AuditItem> {
    let (head, rest) = lines.split_first()?;
    if head.heading() != Some((2, format!("{id} {title}").as_str())) {
        errors.at(head.number, format!("the next item is `## {id} {title}`"), head.text);
        return None;
    }
    let keys = ["result", "evidence", "reason"];
    let ([result, evidence, reason], more) = fields(rest, head.number, keys, errors)?;
    let result = match result.1 {
        "pass" => AuditResult::Pass,
        "fail" => AuditResult::Fail,
        "not applicable" => AuditResult::NotApplicable,
        other => {
            errors.at(result.0, "`result:` is pass, fail or not applicable", other);
            return None;
        }
    };
    let evidence = places(evidence, result, errors);
    let reason = more.iter().fold(reason.1.to_owned(), |text, line| text + " " + line.text.trim());
    Some(AuditItem { id: id.to_owned(), title: title.to_owned(), result, evidence, reason })
}

fn places((line, value): Field<'_>, result: AuditResult, errors: &mut Errors) -> Vec<String> {
    let places: Vec<String> = super::outline::listed(value).into_iter().map(str::to_owned).collect();
    match (result, places.len()) {
        (AuditResult::NotApplicable, 0) | (AuditResult::Pass | AuditResult::Fail, 1..=EVIDENCE_MAX) => {}
        (AuditResult::NotApplicable, _) => {
            errors.at(line, "`evidence:` of what is not applicable is none", value);
        }
        (AuditResult::Pass | AuditResult::Fail, _) => {
            errors.at(
                line,
                format!("`evidence:` names 1 to {EVIDENCE_MAX} places such as src/a.ts:12"),
                value,
            );
        }
    }
    places
}
