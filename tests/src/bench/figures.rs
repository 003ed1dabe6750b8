//! What a round of a measure says, with the aims of issue 3.

use super::Measure;
use super::load::Load;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Less than this.
    Under(f64),
}

impl Aim {
    /// Whether a value reaches it.
    #[must_use]
    pub fn is_reached(self, value: f64) -> bool {
        match self {
            Self::AtLeast(aim) => value >= aim,
            Self::AtMost(aim) => value <= aim,
            Self::Under(aim) => value < aim,
        }
    }
}

impl Display for Aim {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(aim) => write!(f, "≥ {aim}"),
            Self::AtMost(aim) => write!(f, "≤ {aim}"),
            Self::Under(aim) => write!(f, "< {aim}"),
        }
    }
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What it is, in words that do not change.
    pub name: String,
    /// `ms`, `projects/s`, …; empty for a ratio.
    pub unit: &'static str,
    /// It.
    pub value: f64,
    /// What is aimed at, where something is.
    pub aim: Option<Aim>,
}

impl Reading {
    /// A figure without an aim.
    #[must_use]
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), unit, value, aim: None }
    }

    /// The same with an aim.
    #[must_use]
    pub fn aim(self, aim: Aim) -> Self {
        Self { aim: Some(aim), ..self }
    }
}

/// One round of a measure.
#[derive(Clone, Debug)]
pub struct Round {
    /// Of what.
    pub measure: Measure,
    /// What came out.
    pub readings: Vec<Reading>,
    /// Who used the processors meanwhile.
    pub load: Load,
}

impl Display for Round {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for reading in &self.readings {
            write!(f, "{} {}{}; ", reading.name, number(reading.value), suffix(reading.unit))?;
        }
        write!(f, "{}", self.load)
    }
}

/// A unit after its number.
#[must_use]
pub fn suffix(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

/// With as many decimals as say something.
#[must_use]
pub fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// The middle one; of an even number the lower of the two in the middle, so that it was measured.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value at or below which so many percent lie (nearest rank); 0 where there are none.
#[must_use]
pub fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Milliseconds with fractions.
#[must_use]
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// A count as a number to reckon with; exact below 2^53.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "nothing here is counted to 2^53")]
pub fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles_were_measured() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.0);
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!((percentile(&values, 95), percentile(&values, 100)), (19.0, 20.0));
        assert_eq!(percentile(&[], 50), 0.0);
    }

    #[test]
    fn an_aim_says_on_which_side_of_it_one_must_be() {
        assert!(Aim::AtLeast(0.6).is_reached(0.6) && !Aim::AtLeast(0.6).is_reached(0.59));
        assert!(Aim::AtMost(1.03).is_reached(1.03) && !Aim::Under(40.0).is_reached(40.0));
    }
}
