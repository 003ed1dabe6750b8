//! Reading `models.toml`.

use super::{Alias, Model, Models, ModelsError, OutputParameter, Price, ProviderId, Tier};
use crate::ids::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tiers: BTreeMap<Tier, Vec<Spanned<String>>>,
    #[serde(default)]
    model: Vec<RawModel>,
    #[serde(default)]
    alias: Vec<RawAlias>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    id: Spanned<String>,
    provider: ProviderId,
    context_window_tokens: u64,
    output_tokens_max: Spanned<u32>,
    output_parameter: OutputParameter,
    #[serde(default)]
    effort: bool,
    #[serde(default)]
    price: Vec<RawPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrice {
    valid_from: Spanned<String>,
    #[serde(default)]
    above_prompt_tokens: u64,
    input: Spanned<String>,
    cache_write_5m: Spanned<String>,
    cache_write_1h: Spanned<String>,
    cache_read: Spanned<String>,
    output: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAlias {
    name: Spanned<String>,
    model: Spanned<String>,
    #[serde(default)]
    retired: bool,
}

pub(super) fn parse(source: &str) -> Result<Models, ModelsError> {
    let reader = Reader { source };
    let file: File = toml::from_str(source).map_err(|error| ModelsError {
        line: error.span().map_or(1, |span| reader.line(span.start)),
        reason: error.message().trim().to_owned(),
    })?;
    let models = reader.models(file.model)?;
    let aliases = reader.aliases(file.alias, &models)?;
    let tiers = reader.tiers(file.tiers, &models)?;
    Ok(Models { models, aliases, tiers })
}

struct Reader<'a> {
    source: &'a str,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.source.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn fail<T>(&self, at: &Spanned<T>, reason: String) -> ModelsError {
        ModelsError { line: self.line(at.span().start), reason }
    }

    fn models(&self, raw: Vec<RawModel>) -> Result<BTreeMap<String, Model>, ModelsError> {
        let mut models = BTreeMap::new();
        for raw in raw {
            let id = raw.id.get_ref().clone();
            if id.is_empty() || id != id.to_ascii_lowercase() {
                return Err(self.fail(&raw.id, format!("a model's id is in lower case: `{id}`")));
            }
            let output = *raw.output_tokens_max.get_ref();
            if output == 0 || u64::from(output) >= raw.context_window_tokens {
                let reason =
                    format!("`{id}` writes {output} tokens into a window of {}", raw.context_window_tokens);
                return Err(self.fail(&raw.output_tokens_max, reason));
            }
            let model = Model {
                id: id.clone(),
                provider: raw.provider,
                context_window_tokens: raw.context_window_tokens,
                output_tokens_max: output,
                output_parameter: raw.output_parameter,
                effort: raw.effort,
                prices: self.prices(&raw.price)?,
            };
            if models.insert(id.clone(), model).is_some() {
                return Err(self.fail(&raw.id, format!("two models are called `{id}`")));
            }
        }
        Ok(models)
    }

    fn prices(&self, raw: &[RawPrice]) -> Result<Vec<Price>, ModelsError> {
        let mut prices = Vec::with_capacity(raw.len());
        for price in raw {
            prices.push(Price {
                valid_from: self.day(&price.valid_from)?,
                above_prompt_tokens: price.above_prompt_tokens,
                input: self.dollars(&price.input)?,
                cache_write_5m: self.dollars(&price.cache_write_5m)?,
                cache_write_1h: self.dollars(&price.cache_write_1h)?,
                cache_read: self.dollars(&price.cache_read)?,
                output: self.dollars(&price.output)?,
            });
        }
        prices.sort_by_key(|price| (price.valid_from, price.above_prompt_tokens));
        for (price, raw) in prices.iter().zip(raw) {
            let rows = prices.iter().filter(|other| other.valid_from == price.valid_from);
            if rows.clone().filter(|other| other.above_prompt_tokens == 0).count() != 1 {
                let reason = "each date needs exactly one row without `above_prompt_tokens`".to_owned();
                return Err(self.fail(&raw.valid_from, reason));
            }
        }
        Ok(prices)
    }

    fn dollars(&self, text: &Spanned<String>) -> Result<Decimal, ModelsError> {
        text.get_ref().parse::<Decimal>().ok().filter(|price| !price.is_sign_negative()).ok_or_else(|| {
            self.fail(text, format!("a price is a decimal such as \"2.50\": `{}`", text.get_ref()))
        })
    }

    fn day(&self, text: &Spanned<String>) -> Result<Timestamp, ModelsError> {
        midnight(text.get_ref())
            .ok_or_else(|| self.fail(text, format!("a date is such as \"2026-10-07\": `{}`", text.get_ref())))
    }

    fn aliases(
        &self,
        raw: Vec<RawAlias>,
        models: &BTreeMap<String, Model>,
    ) -> Result<BTreeMap<String, Alias>, ModelsError> {
        let mut aliases = BTreeMap::new();
        for raw in raw {
            self.known(&raw.model, models, "the alias means")?;
            let name = raw.name.get_ref().to_ascii_lowercase();
            if models.contains_key(&name) || aliases.contains_key(&name) {
                return Err(self.fail(&raw.name, format!("`{name}` has a meaning already")));
            }
            aliases.insert(name, Alias { model: raw.model.into_inner(), retired: raw.retired });
        }
        Ok(aliases)
    }

    fn tiers(
        &self,
        raw: BTreeMap<Tier, Vec<Spanned<String>>>,
        models: &BTreeMap<String, Model>,
    ) -> Result<BTreeMap<Tier, Vec<String>>, ModelsError> {
        let mut tiers = BTreeMap::new();
        for (tier, names) in raw {
            for name in &names {
                self.known(name, models, &format!("tiers.{} names", tier.as_str()))?;
            }
            tiers.insert(tier, names.into_iter().map(Spanned::into_inner).collect::<Vec<_>>());
        }
        for tier in Tier::ALL {
            if tiers.get(&tier).is_none_or(Vec::is_empty) {
                let line =
                    self.source.lines().position(|line| line.trim() == "[tiers]").map_or(1, |at| at + 1);
                return Err(ModelsError { line, reason: format!("tiers.{} names no model", tier.as_str()) });
            }
        }
        Ok(tiers)
    }

    fn known(
        &self,
        id: &Spanned<String>,
        models: &BTreeMap<String, Model>,
        what: &str,
    ) -> Result<(), ModelsError> {
        if models.contains_key(id.get_ref()) {
            return Ok(());
        }
        Err(self
            .fail(id, format!("{what} the model `{}`, and there is no [[model]] of that id", id.get_ref())))
    }
}

/// Midnight UTC of a date written `YYYY-MM-DD`, by the proleptic Gregorian calendar.
fn midnight(text: &str) -> Option<Timestamp> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let month_days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=month_days).contains(&day) || year < 1970 {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let days = 365 * shifted_year + shifted_year / 4 - shifted_year / 100 + shifted_year / 400 + day_of_year
        - 719_468;
    Some(Timestamp(days * 86_400_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str) -> String {
        parse(source).map(|_| ()).map_err(|error| error.to_string()).expect_err("must be refused")
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        assert_eq!(midnight("1970-01-01"), Some(Timestamp(0)));
        assert_eq!(midnight("2026-10-07"), Some(Timestamp(1_791_331_200_000)));
        assert_eq!(midnight("2024-02-29"), Some(Timestamp(1_709_164_800_000)));
        for wrong in ["2026-02-29", "2026-13-01", "2026-1-1", "yesterday", "2026-01-01-01", "-026-01-01", ""]
        {
            assert_eq!(midnight(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn errors_name_line_and_reason() {
        let shipped = super::super::SHIPPED;
        let line = |text: &str| shipped.lines().position(|line| line == text).map_or(0, |at| at + 1);
        let small = "small = [\"claude-haiku-5-5\", \"gpt-5.6-luna\"]";
        assert_eq!(
            error(&shipped.replacen(small, "small = [\"claude-haiku-9\"]", 1)),
            format!(
                "line {}: tiers.small names the model `claude-haiku-9`, and there is no [[model]] of that id",
                line(small)
            )
        );
        assert!(error(&shipped.replacen(small, "", 1)).contains("tiers.small names no model"));
        assert!(error(&shipped.replacen("\"0.125\"", "\"cheap\"", 1)).contains("a price is a decimal"));
        assert!(error(&shipped.replacen("\"2026-10-07\"", "\"soon\"", 1)).contains("a date is such as"));
        assert!(
            error(&shipped.replacen("effort = true", "efort = true", 1)).contains("unknown field `efort`")
        );
        assert!(
            error(&format!("{shipped}\n[[alias]]\nname = \"gpt-4\"\nmodel = \"gpt-5.6-terra\""))
                .contains("has a meaning already")
        );
    }
}
