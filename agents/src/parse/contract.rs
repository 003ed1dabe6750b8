//! The contract tester's grammar: tests `### CT-001 Title` with four fields and criteria.

use super::ParseErrors;
use super::lines::{Errors, id_number};
use super::outline::{Outline, RETIRED, criteria, fields, stored};
use super::spec::{Section, is_requirement_id};
use groundwork_domain::document::files::CodePath;
use groundwork_domain::document::plan::{ContractTest, ContractTests};

const HEADINGS: [&str; 2] = ["Approach", "Tests"];
/// Most tests.
const TESTS_MAX: usize = 300;

pub(super) fn parse(source: &str) -> Result<ContractTests, ParseErrors> {
    let text = stored(source)?;
    let mut errors = Errors::default();
    let outline = Outline::read(&text, &HEADINGS, &mut errors);
    let mut tests: Vec<ContractTest> = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    let blocks = outline.blocks("Tests", "### CT-001 Title", &mut errors);
    for block in &blocks {
        let id = block.heading.split(' ').next().unwrap_or_default();
        if id_number(id, "CT-", Some(3)).is_none() || block.heading.len() <= id.len() + 1 {
            errors.at(block.lines.start, "a test begins with `### CT-001 Title`", &block.heading);
            continue;
        }
        if ids.contains(&id) {
            errors.at(block.lines.start, "an id stands for one test", id);
        }
        ids.push(id);
        let test = test(&outline, block, id, &mut errors);
        tests.extend(test.filter(|test| !test.title.ends_with(RETIRED)));
    }
    if tests.len() > TESTS_MAX {
        errors.at(0, format!("there are at most {TESTS_MAX} tests"), format!("{} tests", tests.len()));
    }
    errors.finish(())?;
    Ok(ContractTests { text, tests })
}

fn test(outline: &Outline<'_>, block: &Section, id: &str, errors: &mut Errors) -> Option<ContractTest> {
    let head = block.lines.start;
    let keys = ["requirement", "task", "file", "name"];
    let ([requirement, task, file, name], rest) = fields(&outline.lines_of(block), head, keys, errors)?;
    if !is_requirement_id(requirement.1) {
        errors.at(requirement.0, "`requirement:` is one id such as FR-001 or NFR-001", requirement.1);
    }
    if id_number(task.1, "T", Some(3)).is_none() {
        errors.at(task.0, "`task:` is one id such as T001", task.1);
    }
    let criteria = criteria(&rest, head, id, errors);
    let path = match CodePath::parse(file.1.trim_matches('`')) {
        Ok(path) => path,
        Err(fault) => {
            errors.at(file.0, format!("`file:` is a relative path: {fault}"), file.1);
            return None;
        }
    };
    Some(ContractTest {
        id: id.to_owned(),
        title: block.heading[id.len()..].trim().to_owned(),
        requirement: requirement.1.to_owned(),
        task: task.1.to_owned(),
        file: path,
        name: name.1.trim_matches('`').to_owned(),
        criteria,
        line: head,
    })
}
