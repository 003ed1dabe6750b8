//! The simulated person: answers from the brief, takes the recommendation where the brief says nothing. It is no model,
//! so that two runs differ only by what the agents did.

use crate::case::{Case, Fact};
use groundwork_domain::document::{Answer, Question};

/// Answers with the number of questions that the idea had answered already.
pub(crate) struct Answered {
    pub(crate) answers: Vec<Answer>,
    /// Ids of the assumptions that were made.
    pub(crate) assumptions: Vec<String>,
    pub(crate) needless: usize,
}

pub(crate) fn answer(case: &Case, questions: &[Question]) -> Answered {
    let mut answered = Answered { answers: Vec::new(), assumptions: Vec::new(), needless: 0 };
    for question in questions {
        let fact = best(case, question);
        answered.needless += usize::from(fact.is_some_and(|fact| fact.said));
        let recommended = question.options.iter().find(|option| option.recommended);
        let mut answer =
            Answer { question_id: question.id.clone(), options: Vec::new(), text: None, assumption: None };
        match (fact, recommended) {
            (Some(fact), _) => answer.text = Some(fact.text.clone()),
            (None, Some(option)) => {
                let id = format!("A{}", answered.assumptions.len() + 1);
                answer.options.push(option.key.clone());
                answer.assumption = Some(id.clone());
                answered.assumptions.push(id);
            }
            (None, None) => answer.text = Some("No preference.".to_owned()),
        }
        answered.answers.push(answer);
    }
    answered
}

/// The fact of which the question and its category share the most words.
fn best<'a>(case: &'a Case, question: &Question) -> Option<&'a Fact> {
    let text = format!("{} {}", question.text, question.category).to_lowercase();
    let words: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric()).collect();
    let shared = |fact: &Fact| fact.words.iter().filter(|word| words.contains(&word.as_str())).count();
    case.facts.iter().filter(|fact| shared(fact) > 0).max_by_key(|fact| shared(fact))
}
