//! What is measured, and how it is shown.

use groundwork_agents::parse::Spec;
use groundwork_domain::document::Prompt;
use groundwork_domain::model::Tokens;
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// Words by which a prompt leans on something that its reader has not seen.
const LEANING: [&str; 6] = [
    "as discussed",
    "previous prompt",
    "see the specification",
    "prompt above",
    "mentioned earlier",
    "other prompts",
];

/// The figures of one idea.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Measures {
    pub(crate) idea: String,
    /// Why there is no package, where there is none.
    pub(crate) failure: Option<String>,
    pub(crate) questions: usize,
    /// Questions that the idea had answered already.
    pub(crate) questions_needless: usize,
    pub(crate) requirements: usize,
    /// Requirements for which no prompt names a test.
    pub(crate) requirements_untested: usize,
    pub(crate) prompts: usize,
    /// Prompts that lean on what a fresh reader has not seen.
    pub(crate) prompts_leaning: usize,
    /// Prompts that a model with nothing else before it could not follow; `None` where none was asked.
    pub(crate) prompts_not_followed: Option<usize>,
    /// Findings of the first review and of the checks before it.
    pub(crate) findings_first: usize,
    /// Findings that are left at the end.
    pub(crate) findings_left: usize,
    pub(crate) rounds: u32,
    pub(crate) repairs: u32,
    pub(crate) calls: u32,
    pub(crate) tokens: Tokens,
    /// `None` where a model is unpriced.
    pub(crate) cost_usd: Option<Decimal>,
    pub(crate) model_seconds: f64,
    pub(crate) simulated: bool,
    /// Digest of the prompt files by kind of task: figures are compared by these.
    pub(crate) prompt_digests: BTreeMap<String, String>,
    /// Models that answered, by agent.
    pub(crate) models: BTreeMap<String, String>,
}

impl Measures {
    pub(crate) const HEAD: &str = "idea            questions (needless)  FRs (untested)  prompts (leaning)  findings → left  calls  repairs  cached  cost USD   seconds";

    /// One line of the table.
    pub(crate) fn row(&self) -> String {
        if let Some(failure) = &self.failure {
            return format!("{:<15} failed: {}", self.idea, failure.lines().next().unwrap_or_default());
        }
        format!(
            "{:<15} {:>9} ({:>8})  {:>3} ({:>8})  {:>7} ({:>7})  {:>8} → {:>4}  {:>5}  {:>7}  {:>5.0}%  {:>9}  {:>8.1}",
            self.idea,
            self.questions,
            self.questions_needless,
            self.requirements,
            self.requirements_untested,
            self.prompts,
            self.prompts_leaning,
            self.findings_first,
            self.findings_left,
            self.calls,
            self.repairs,
            self.cached_share() * 100.0,
            self.cost_usd.map_or_else(|| "unpriced".to_owned(), |cost| format!("{cost:.4}")),
            self.model_seconds,
        )
    }

    /// The share of what was read that came from a cache.
    fn cached_share(&self) -> f64 {
        let all = self.tokens.prompt();
        if all == 0 { 0.0 } else { self.tokens.cache_read as f64 / all as f64 }
    }

    /// Counts what can be seen in a finished package.
    pub(crate) fn package(&mut self, spec: &Spec, prompts: &[Prompt]) {
        let ids = spec.requirement_ids();
        let names_a_test = |prompt: &&Prompt| {
            let verify = prompt.content.split("\n## Verify\n").nth(1).unwrap_or_default();
            verify.split("\n## Checklist\n").next().unwrap_or_default().contains(['→', '`'])
        };
        let tested =
            |id: &String| prompts.iter().filter(names_a_test).any(|prompt| prompt.covers.contains(id));
        self.requirements = ids.len();
        self.requirements_untested = ids.iter().filter(|id| !tested(id)).count();
        self.prompts = prompts.len();
        self.prompts_leaning = prompts
            .iter()
            .filter(|prompt| {
                let text = prompt.content.to_lowercase();
                LEANING.iter().any(|words| text.contains(words))
            })
            .count();
    }
}

/// One line under the table.
pub(crate) fn totals(all: &[Measures]) -> String {
    let done: Vec<&Measures> = all.iter().filter(|measures| measures.failure.is_none()).collect();
    let sum = |count: fn(&Measures) -> usize| done.iter().map(|measures| count(measures)).sum::<usize>();
    let first = sum(|measures| measures.findings_first);
    let cost: Decimal = all.iter().filter_map(|measures| measures.cost_usd).sum();
    let read: u64 = all.iter().map(|measures| measures.tokens.prompt()).sum();
    let cached: u64 = all.iter().map(|measures| measures.tokens.cache_read).sum();
    let followed = match all
        .iter()
        .filter_map(|measures| measures.prompts_not_followed)
        .reduce(|one, other| one + other)
    {
        Some(count) => format!("{count} prompts a fresh reader could not follow; "),
        None => String::new(),
    };
    format!(
        "{} of {} ideas became packages; {} needless questions; {} requirements untested; {followed}{} of {first} findings mended; {:.0} % of input read from caches; {cost:.4} USD{}",
        done.len(),
        all.len(),
        sum(|measures| measures.questions_needless),
        sum(|measures| measures.requirements_untested),
        first.saturating_sub(sum(|measures| measures.findings_left)),
        if read == 0 { 0.0 } else { cached as f64 * 100.0 / read as f64 },
        if all.iter().any(|measures| measures.simulated) { " (simulated)" } else { "" },
    )
}

/// The figures as JSON, for keeping beside the prompts' digests.
pub(crate) fn report(all: &[Measures]) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(all)?;
    text.push('\n');
    Ok(text)
}
