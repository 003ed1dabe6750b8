//! Words: counting them, finding placeholders, comparing questions.

use groundwork_domain::document::Question;
use std::collections::BTreeSet;

/// Words that say nothing about what a question asks.
const EMPTY_WORDS: [&str; 30] = [
    "a", "an", "and", "any", "are", "be", "can", "do", "does", "for", "have", "how", "in", "is", "it", "of",
    "on", "or", "should", "the", "there", "to", "what", "when", "which", "who", "will", "with", "you",
    "your",
];

/// How many words a text has.
pub(super) fn count(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

/// The first placeholder of a text: a word that stands where a decision should.
pub(super) fn placeholder(text: &str) -> Option<&'static str> {
    let words = ["TBD", "TODO", "FIXME", "???"];
    let phrases = ["lorem ipsum", "etc.", "and so on", "to be decided", "to be determined", "as discussed"];
    let stands_alone = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            let part =
                |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
            !part(before) && !part(after)
        })
    };
    if let Some(found) = words.into_iter().find(|word| stands_alone(word)) {
        return Some(found);
    }
    let lower = text.to_ascii_lowercase();
    phrases.into_iter().find(|phrase| lower.contains(phrase))
}

/// Pairs of questions of which at least four fifths of the words that matter are the same.
pub(super) fn duplicates(questions: &[Question]) -> Vec<(String, String)> {
    let words: Vec<BTreeSet<String>> = questions.iter().map(|question| meaning(&question.text)).collect();
    let mut pairs = Vec::new();
    for (index, first) in words.iter().enumerate() {
        for (other, second) in words.iter().enumerate().skip(index + 1) {
            let all = first.union(second).count();
            if all > 0 && first.intersection(second).count() * 5 >= all * 4 {
                pairs.push((questions[index].id.clone(), questions[other].id.clone()));
            }
        }
    }
    pairs
}

fn meaning(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !EMPTY_WORDS.contains(word))
        .map(str::to_owned)
        .collect()
}
