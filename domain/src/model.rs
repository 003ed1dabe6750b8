//! Models and what they cost, as data: `models.toml`, or a file of the same form that settings name.

mod file;

use crate::ids::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

const SHIPPED: &str = include_str!("../models.toml");
/// Prices are written per so many tokens.
const PRICE_UNIT_TOKENS: u64 = 1_000_000;

/// The five counters that providers bill, normalised: `input` excludes what was read from or written to a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Read, not cached.
    pub input: u64,
    /// Written to a cache that lives five minutes.
    pub cache_write_5m: u64,
    /// Written to a cache that lives an hour.
    pub cache_write_1h: u64,
    /// Read from a cache.
    pub cache_read: u64,
    /// Written by the model.
    pub output: u64,
}

impl Tokens {
    /// Everything that the model read: the prompt's length in tokens.
    #[must_use]
    pub fn prompt(&self) -> u64 {
        self.input + self.cache_write_5m + self.cache_write_1h + self.cache_read
    }
}

/// Who runs a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderId {
    /// Anthropic, or what speaks its Messages protocol.
    Anthropic,
    /// OpenAI, or what speaks its Chat Completions protocol.
    OpenAi,
}

impl ProviderId {
    /// All providers.
    pub const ALL: [Self; 2] = [Self::Anthropic, Self::OpenAi];

    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
        }
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much a model must be able to do (requirements P-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Quick and cheap.
    Small,
    /// Writes documents.
    Standard,
    /// The best there is.
    Large,
    /// Reviews what a writer of another vendor wrote.
    Critic,
}

impl Tier {
    /// All tiers; a file of models must fill each.
    pub const ALL: [Self; 4] = [Self::Small, Self::Standard, Self::Large, Self::Critic];

    /// The word in files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Standard => "standard",
            Self::Large => "large",
            Self::Critic => "critic",
        }
    }
}

/// Under which name a model takes the cap of its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputParameter {
    /// Anthropic's models and most local servers.
    MaxTokens,
    /// OpenAI's models that think.
    MaxCompletionTokens,
}

/// What a million tokens cost, in US dollars, from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// The first instant (midnight UTC) at which it holds.
    pub valid_from: Timestamp,
    /// It holds for prompts of more than so many tokens; 0 is the ordinary row.
    pub above_prompt_tokens: u64,
    /// Read, not cached.
    pub input: Decimal,
    /// Written to the cache of five minutes.
    pub cache_write_5m: Decimal,
    /// Written to the cache of an hour.
    pub cache_write_1h: Decimal,
    /// Read from the cache.
    pub cache_read: Decimal,
    /// Written by the model.
    pub output: Decimal,
}

impl Price {
    /// US dollars for these tokens at this price.
    #[must_use]
    pub fn of(&self, tokens: &Tokens) -> Decimal {
        let lines = [
            (self.input, tokens.input),
            (self.cache_write_5m, tokens.cache_write_5m),
            (self.cache_write_1h, tokens.cache_write_1h),
            (self.cache_read, tokens.cache_read),
            (self.output, tokens.output),
        ];
        let sum: Decimal = lines.iter().map(|(price, count)| *price * Decimal::from(*count)).sum();
        (sum / Decimal::from(PRICE_UNIT_TOKENS)).normalize()
    }

    /// The dearest way to read a token at this price.
    fn dearest_read(&self) -> Decimal {
        self.input.max(self.cache_write_5m).max(self.cache_write_1h).max(self.cache_read)
    }
}

/// One model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What its provider calls it.
    pub id: String,
    /// Who runs it.
    pub provider: ProviderId,
    /// Tokens that prompt and answer may have together.
    pub context_window_tokens: u64,
    /// Tokens that one answer may have.
    pub output_tokens_max: u32,
    /// Under which name it takes the cap of its output.
    pub output_parameter: OutputParameter,
    /// True where it takes an effort.
    pub effort: bool,
    /// In the order of `valid_from`, then `above_prompt_tokens`; empty for an unpriced model.
    pub prices: Vec<Price>,
}

impl Model {
    /// False where nobody knows what it costs.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        !self.prices.is_empty()
    }

    /// The price of a prompt of so many tokens at an instant. Before the first price, the first holds.
    #[must_use]
    pub fn price(&self, prompt_tokens: u64, at: Timestamp) -> Option<&Price> {
        let first = self.prices.first()?.valid_from;
        let day =
            self.prices.iter().map(|price| price.valid_from).filter(|day| *day <= at).max().unwrap_or(first);
        self.prices
            .iter()
            .filter(|price| price.valid_from == day)
            .filter(|price| price.above_prompt_tokens == 0 || prompt_tokens > price.above_prompt_tokens)
            .max_by_key(|price| price.above_prompt_tokens)
    }

    /// US dollars for these tokens at an instant; `None` for an unpriced model.
    #[must_use]
    pub fn cost(&self, tokens: &Tokens, at: Timestamp) -> Option<Decimal> {
        self.price(tokens.prompt(), at).map(|price| price.of(tokens))
    }

    /// US dollars that a call may cost at most: every token of the prompt read the dearest way, the output at its cap.
    /// What a budget reserves before the call. `None` for an unpriced model.
    #[must_use]
    pub fn cost_max(&self, prompt_tokens: u64, output_tokens_max: u32, at: Timestamp) -> Option<Decimal> {
        let price = self.price(prompt_tokens, at)?;
        let output = output_tokens_max.min(self.output_tokens_max);
        let sum = price.dearest_read() * Decimal::from(prompt_tokens) + price.output * Decimal::from(output);
        Some((sum / Decimal::from(PRICE_UNIT_TOKENS)).normalize())
    }
}

/// Another name for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The model that it means now.
    pub model: String,
    /// True for a name of a model that is gone or no longer recommended.
    pub retired: bool,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// The model.
    pub model: &'a Model,
    /// True where a retired name led to it.
    pub retired: bool,
}

/// A name that no model has. Permanent: asking again cannot help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting} names the model `{name}`, which is not known; known: {known}")]
pub struct UnknownModel {
    /// Where the name was written, for the person who must change it.
    pub setting: String,
    /// The name.
    pub name: String,
    /// Ids that would be taken, joined by commas.
    pub known: String,
}

/// A file of models that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct ModelsError {
    /// 1-based.
    pub line: usize,
    /// A sentence.
    pub reason: String,
}

/// All models, their other names, and which of them serve a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    models: BTreeMap<String, Model>,
    aliases: BTreeMap<String, Alias>,
    tiers: BTreeMap<Tier, Vec<String>>,
}

static MODELS: LazyLock<Models> =
    LazyLock::new(|| Models::parse(SHIPPED).expect("models.toml is part of this program and tested"));

impl Models {
    /// The models of `models.toml`.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &MODELS
    }

    /// Reads and validates a file of models.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(source: &str) -> Result<Self, ModelsError> {
        file::parse(source)
    }

    /// The model of an id or another name; letters' case does not matter.
    ///
    /// # Errors
    /// No model has that name; the error says that `setting` must be changed.
    pub fn find(&self, name: &str, setting: &str) -> Result<Found<'_>, UnknownModel> {
        let wanted = name.trim().to_ascii_lowercase();
        let alias = self.aliases.get(&wanted);
        let id = alias.map_or(wanted.as_str(), |alias| alias.model.as_str());
        let unknown = || UnknownModel {
            setting: setting.to_owned(),
            name: name.chars().take(100).collect(),
            known: self.models.keys().cloned().collect::<Vec<_>>().join(", "),
        };
        let model = self.models.get(id).ok_or_else(unknown)?;
        Ok(Found { model, retired: alias.is_some_and(|alias| alias.retired) })
    }

    /// The models that may serve a tier, the first choice first.
    pub fn tier(&self, tier: Tier) -> impl Iterator<Item = &Model> {
        self.tiers.get(&tier).into_iter().flatten().filter_map(|id| self.models.get(id))
    }

    /// All models, by id.
    pub fn all(&self) -> impl Iterator<Item = &Model> {
        self.models.values()
    }

    /// US dollars for a call of the model of that name at an instant; `None` for an unknown or an unpriced model.
    #[must_use]
    pub fn cost(&self, name: &str, tokens: &Tokens, at: Timestamp) -> Option<Decimal> {
        self.find(name, "model").ok()?.model.cost(tokens, at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const NOVEMBER_2026: Timestamp = Timestamp(1_795_000_000_000);

    fn dollars(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn the_documents_names_lead_to_current_models() {
        let names =
            ["claude-3-5-haiku", "Claude-Sonnet-4", "gpt-4o-mini", "claude-sonnet-4-5", "claude-opus-4-6"];
        for name in names {
            assert!(Models::shipped().find(name, "x").unwrap().retired, "{name}");
        }
        assert!(!Models::shipped().find("claude-sonnet-5-5", "x").unwrap().retired);
    }

    #[test]
    fn every_tier_has_a_model_of_each_provider_and_the_critic_is_another_vendor() {
        for tier in Tier::ALL {
            let mut providers: Vec<_> = Models::shipped().tier(tier).map(|model| model.provider).collect();
            providers.sort();
            assert_eq!(providers, ProviderId::ALL, "{tier:?}");
        }
        let first = |tier| Models::shipped().tier(tier).next().unwrap().provider;
        assert_ne!(first(Tier::Standard), first(Tier::Critic));
    }

    #[test]
    fn cost_counts_each_counter_at_its_price() {
        let tokens = Tokens {
            input: 1_000,
            cache_write_5m: 2_000,
            cache_write_1h: 0,
            cache_read: 10_000,
            output: 3_000,
        };
        // 0.002 + 0.005 + 0.002 + 0.03
        let cost = Models::shipped().cost("claude-sonnet-5-5", &tokens, NOVEMBER_2026);
        assert_eq!(cost, Some(dollars("0.039")));
    }

    #[test]
    fn long_prompts_and_later_dates_have_their_own_rows() {
        let haiku = Models::shipped().find("claude-haiku-5-5", "x").unwrap().model;
        let short = Tokens { input: 100_000, ..Tokens::default() };
        let long = Tokens { input: 100_001, ..Tokens::default() };
        assert_eq!(haiku.cost(&short, NOVEMBER_2026), Some(dollars("0.01")));
        assert_eq!(haiku.cost(&long, NOVEMBER_2026), Some(dollars("0.0500005")));
        assert_eq!(
            haiku.cost(&short, Timestamp(0)),
            Some(dollars("0.01")),
            "before the first price, the first"
        );

        let mut model = haiku.clone();
        let mut dearer = model.prices[0].clone();
        dearer.valid_from = Timestamp(NOVEMBER_2026.0 + 1);
        dearer.input = dollars("1");
        model.prices.push(dearer);
        assert_eq!(model.cost(&short, NOVEMBER_2026), Some(dollars("0.01")));
        assert_eq!(model.cost(&short, NOVEMBER_2026.plus_ms(1)), Some(dollars("0.1")));
    }

    #[test]
    fn an_unpriced_model_costs_nobody_knows_what() {
        let model = Models::shipped().find("gpt-5.6-sol", "x").unwrap().model;
        assert!(!model.is_priced());
        assert_eq!(model.cost(&Tokens { output: 5, ..Tokens::default() }, NOVEMBER_2026), None);
        assert_eq!(model.cost_max(5, 5, NOVEMBER_2026), None);
    }

    #[test]
    fn no_call_costs_more_than_its_reservation() {
        let model = Models::shipped().find("claude-sonnet-5-5", "x").unwrap().model;
        let most = model.cost_max(10_000, 1_000, NOVEMBER_2026).unwrap();
        let tokens = Tokens { cache_write_1h: 10_000, output: 1_000, ..Tokens::default() };
        assert_eq!(most, model.cost(&tokens, NOVEMBER_2026).unwrap());
        // A cap above the model's own is the model's own.
        assert_eq!(model.cost_max(0, u32::MAX, NOVEMBER_2026), model.cost_max(0, 128_000, NOVEMBER_2026));
    }

    #[test]
    fn an_unknown_model_names_the_setting() {
        let error = Models::shipped().find("gpt-9", "retry.model").unwrap_err().to_string();
        assert!(
            error.starts_with("retry.model names the model `gpt-9`, which is not known; known: claude-"),
            "{error}"
        );
    }
}
