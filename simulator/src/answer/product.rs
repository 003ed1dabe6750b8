//! What an idea is about: the things that are kept, the people who use them, what they do. Derived, never asked.

use super::lexicon::{DEEDS, DOMAINS, Deed, Domain, ROLES};
use super::phrase::{capital, plural, singular, with_article, words};
use crate::exchange::hash_of;

/// Deeds of an idea that become requirements.
const DEEDS_MAX: usize = 4;
/// Longest noun that is taken from an idea, in characters.
const NOUN_CHARS_MAX: usize = 28;

/// Words that are never what an idea is about.
const EMPTY: &[&str] = &[
    "about",
    "after",
    "again",
    "all",
    "also",
    "always",
    "and",
    "any",
    "anyone",
    "app",
    "application",
    "are",
    "because",
    "before",
    "browser",
    "build",
    "can",
    "could",
    "create",
    "day",
    "each",
    "easily",
    "easy",
    "every",
    "everybody",
    "everyone",
    "everything",
    "fast",
    "few",
    "for",
    "from",
    "get",
    "give",
    "good",
    "have",
    "help",
    "helps",
    "how",
    "idea",
    "ignore",
    "into",
    "its",
    "just",
    "keep",
    "let",
    "lets",
    "like",
    "little",
    "look",
    "make",
    "many",
    "mobile",
    "more",
    "most",
    "much",
    "must",
    "need",
    "needs",
    "new",
    "nice",
    "not",
    "one",
    "online",
    "only",
    "our",
    "out",
    "page",
    "people",
    "person",
    "platform",
    "please",
    "previous",
    "program",
    "should",
    "show",
    "simple",
    "site",
    "small",
    "software",
    "some",
    "someone",
    "something",
    "system",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "they",
    "thing",
    "things",
    "this",
    "time",
    "tool",
    "use",
    "used",
    "user",
    "users",
    "using",
    "very",
    "want",
    "wants",
    "way",
    "web",
    "website",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "will",
    "with",
    "without",
    "work",
    "would",
    "year",
    "you",
    "your",
    "und",
    "oder",
    "für",
    "mit",
    "eine",
    "einen",
    "einer",
    "ein",
    "der",
    "die",
    "das",
    "den",
    "dem",
    "ich",
    "wir",
    "soll",
    "sollen",
    "können",
    "kann",
    "app",
    "une",
    "pour",
    "les",
    "des",
    "avec",
    "dans",
    "qui",
    "que",
    "para",
    "los",
    "las",
    "una",
    "con",
    "por",
    "del",
];

/// Verbs after which the thing follows that an idea is about.
const KEEPING: &[&str] = &[
    "track",
    "manage",
    "organise",
    "organize",
    "collect",
    "log",
    "store",
    "record",
    "sell",
    "lend",
    "plan",
    "schedule",
    "catalogue",
    "catalog",
    "monitor",
    "compare",
    "publish",
    "tracks",
    "manages",
    "tracking",
    "managing",
    "of",
];

/// What an idea is about.
#[derive(Debug)]
pub(super) struct Product {
    /// The main thing, in the singular: `booking`.
    pub(super) one: String,
    pub(super) many: String,
    pub(super) fields: Vec<&'static str>,
    /// What belongs to it: `class`.
    pub(super) second: String,
    pub(super) seconds: String,
    pub(super) second_fields: Vec<&'static str>,
    /// Who uses it, who looks after it.
    pub(super) role: String,
    pub(super) staff: String,
    /// A rule that must always hold.
    pub(super) limit: String,
    pub(super) deeds: Vec<&'static Deed>,
    /// Of the idea: decides what nothing else decides.
    pub(super) hash: u64,
}

impl Product {
    pub(super) fn of(idea: &str) -> Self {
        let words = words(idea);
        let domain = domain(&words);
        let nouns = nouns(&words);
        let mut found = ROLES.iter().filter(|role| words.iter().any(|word| is(word, role)));
        let (default_role, default_staff) = domain.map_or(("person", "administrator"), |domain| domain.roles);
        let role = found.next().map_or(default_role, |role| *role);
        let staff = found.find(|other| **other != role).copied().filter(|_| domain.is_none());
        let staff = staff.unwrap_or(if default_staff == role { default_role } else { default_staff });
        let mut nouns = nouns.into_iter().filter(|noun| noun != role && noun != staff);
        let (one, fields) = match domain {
            Some(domain) => (domain.main.0.to_owned(), domain.main.1),
            None => (
                nouns.next().unwrap_or_else(|| "entry".to_owned()),
                &["title", "owner", "state", "changed_at"][..],
            ),
        };
        let (second, second_fields) = match domain {
            Some(domain) => (domain.second.0.to_owned(), domain.second.1),
            None => (
                nouns.find(|noun| *noun != one).unwrap_or_else(|| "remark".to_owned()),
                &["name", "text", "author", "written_at"][..],
            ),
        };
        let limit = domain
            .map_or("what one person changes is never overwritten unseen by another", |domain| domain.limit);
        Self {
            many: plural(&one),
            seconds: plural(&second),
            one,
            fields: fields.to_vec(),
            second,
            second_fields: second_fields.to_vec(),
            role: role.to_owned(),
            staff: staff.to_owned(),
            limit: limit.to_owned(),
            deeds: deeds(&words),
            hash: hash_of(&words),
        }
    }

    /// `Bookings for members`
    pub(super) fn title(&self) -> String {
        format!("{} for {}", capital(&self.many), plural(&self.role))
    }

    /// Fills `{one}`, `{many}`, `{a one}`, `{A role}` and their kin.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut filled = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some((before, tail)) = rest.split_once('{') {
            filled.push_str(before);
            let Some((name, after)) = tail.split_once('}') else {
                rest = tail;
                break;
            };
            filled.push_str(&self.word(name));
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    fn word(&self, name: &str) -> String {
        if let Some(name) = name.strip_prefix("a ") {
            return with_article(&self.word(name));
        }
        if name.starts_with(|letter: char| letter.is_ascii_uppercase()) {
            let mut lower = name.to_owned();
            lower[..1].make_ascii_lowercase();
            return capital(&self.word(&lower));
        }
        match name {
            "one" => self.one.clone(),
            "many" => self.many.clone(),
            "second" => self.second.clone(),
            "seconds" => self.seconds.clone(),
            "role" => self.role.clone(),
            "roles" => plural(&self.role),
            "staff" => self.staff.clone(),
            "staffs" => plural(&self.staff),
            other => other.to_owned(),
        }
    }
}

/// Whether a word is this stem: the same, its plural, or longer where the stem is long enough to mean something.
pub(super) fn is(word: &str, stem: &str) -> bool {
    word.strip_prefix(stem).is_some_and(|rest| matches!(rest, "" | "s" | "es") || stem.len() >= 5)
}

fn domain(words: &[String]) -> Option<&'static Domain> {
    let score =
        |domain: &Domain| domain.words.iter().filter(|stem| words.iter().any(|word| is(word, stem))).count();
    let scored = DOMAINS.iter().map(|domain| (score(domain), domain)).filter(|(score, _)| *score > 0);
    // The first of the best: `max_by_key` would take the last.
    scored.rev().max_by_key(|(score, _)| *score).map(|(_, domain)| domain)
}

fn deeds(words: &[String]) -> Vec<&'static Deed> {
    let asked = |deed: &&Deed| deed.words.iter().any(|stem| words.iter().any(|word| is(word, stem)));
    DEEDS.iter().filter(asked).take(DEEDS_MAX).collect()
}

/// Nouns of an idea in the singular, the likeliest first: what follows a verb of keeping, what is in the plural, what
/// comes often, what comes early.
fn nouns(words: &[String]) -> Vec<String> {
    let mut scored: Vec<(usize, String)> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let length = word.chars().count();
        let is_empty = EMPTY.contains(&word.as_str()) || KEEPING.contains(&word.as_str());
        if is_empty
            || !(3..=NOUN_CHARS_MAX).contains(&length)
            || word.starts_with(|letter: char| letter.is_numeric())
        {
            continue;
        }
        let is_verb = ["ing", "ed", "ly"].iter().any(|end| word.ends_with(end));
        let follows = index > 0 && KEEPING.contains(&words[index - 1].as_str());
        let is_plural = word.ends_with('s') && !word.ends_with("ss");
        let points = 1 + 4 * usize::from(follows) + 2 * usize::from(is_plural);
        let points = if is_verb { 0 } else { points };
        let noun = singular(word);
        match scored.iter_mut().find(|(_, known)| *known == noun) {
            Some((score, _)) => *score += points,
            None => scored.push((points, noun)),
        }
    }
    // A stable sort: what comes early stays early.
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, noun)| noun).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ideas_give_things_people_and_deeds() {
        let about = |idea: &str| {
            let product = Product::of(idea);
            (product.one.clone(), product.second.clone(), product.role.clone(), product.deeds.len())
        };
        let of = |one: &str, second: &str, role: &str, deeds| {
            (one.to_owned(), second.to_owned(), role.to_owned(), deeds)
        };
        assert_eq!(
            about("Members of my gym book classes and get a reminder"),
            of("booking", "class", "member", 1)
        );
        assert_eq!(about("An app to share family recipes"), of("recipe", "ingredient", "cook", 1));
        assert_eq!(about("Ein Rezeptbuch: Rezepte kochen und teilen"), of("recipe", "ingredient", "cook", 1));
        assert_eq!(about("Track meteorites and their craters"), of("meteorite", "crater", "person", 1));
        assert_eq!(about(""), of("entry", "remark", "person", 0));
    }
}
