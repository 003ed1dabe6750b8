//! All rounds as a table for people and as JSON for machines.

use super::Measure;
use super::figures::{Reading, Round, median, number, suffix};
use super::load::{Load, processors};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A share of the processors above which they, and nothing else, are the limit.
const EXHAUSTED: f64 = 0.9;

/// What was measured, round by round.
#[derive(Clone, Debug)]
pub struct Report {
    /// In the order in which they were taken.
    pub rounds: Vec<Round>,
}

/// The median of a figure over all rounds that have it, with the values behind it.
struct Figure {
    reading: Reading,
    rounds: Vec<f64>,
}

impl Report {
    fn of(&self, measure: Measure) -> Vec<&Round> {
        self.rounds.iter().filter(|round| round.measure == measure).collect()
    }

    /// In the order in which the rounds name them first.
    fn figures(&self, measure: Measure) -> Vec<Figure> {
        let mut figures: Vec<Figure> = Vec::new();
        for reading in self.of(measure).iter().flat_map(|round| &round.readings) {
            match figures.iter_mut().find(|figure| figure.reading.name == reading.name) {
                Some(figure) => figure.rounds.push(reading.value),
                None => figures.push(Figure { reading: reading.clone(), rounds: vec![reading.value] }),
            }
        }
        for figure in &mut figures {
            figure.reading.value = median(&figure.rounds);
        }
        figures
    }

    /// True where every aim was reached.
    #[must_use]
    pub fn reaches_all(&self) -> bool {
        let figures = Measure::ALL.into_iter().flat_map(|measure| self.figures(measure));
        figures.into_iter().all(|Figure { reading, .. }| is_reached(&reading) != Some(false))
    }

    /// As a table: figure, value, aim, reached, and the rounds behind it; below each measure who used the processors.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = String::new();
        for measure in Measure::ALL {
            let rounds = self.of(measure);
            let Some(last) = rounds.last() else { continue };
            let _ = writeln!(table, "{} ({} rounds)", measure.as_str(), rounds.len());
            for Figure { reading, rounds } in self.figures(measure) {
                let value = format!("{}{}", number(reading.value), suffix(reading.unit));
                let aim = reading.aim.map(|aim| aim.to_string()).unwrap_or_default();
                let reached = match is_reached(&reading) {
                    Some(true) => "reached",
                    Some(false) => "MISSED",
                    None => "",
                };
                let rounds: Vec<_> = rounds.iter().map(|value| number(*value)).collect();
                let _ = writeln!(
                    table,
                    "  {:<44} {value:>18} {aim:>8} {reached:<7}  [{}]",
                    reading.name,
                    rounds.join(" ")
                );
            }
            let _ = writeln!(table, "  {}", limit(&last.load));
        }
        table
    }

    /// The same as JSON, each round's processors with it.
    #[must_use]
    pub fn json(&self) -> Value {
        let measures = Measure::ALL.into_iter().filter_map(|measure| {
            let rounds = self.of(measure);
            let last = rounds.last()?;
            let figures: Vec<Value> = self.figures(measure).iter().map(figure).collect();
            let cores: Vec<Value> = rounds.iter().map(|round| json!(round.load.cores)).collect();
            Some(json!({
                "measure": measure.as_str(), "figures": figures, "cores": cores, "limit": limit(&last.load),
            }))
        });
        let measures: Vec<Value> = measures.collect();
        json!({"processors": processors(), "reaches_all": self.reaches_all(), "measures": measures})
    }
}

fn is_reached(reading: &Reading) -> Option<bool> {
    reading.aim.map(|aim| aim.is_reached(reading.value))
}

fn figure(figure: &Figure) -> Value {
    let Reading { name, unit, value, aim } = &figure.reading;
    json!({
        "name": name, "value": value, "unit": unit, "aim": aim.map(|aim| aim.to_string()),
        "reached": is_reached(&figure.reading), "rounds": figure.rounds,
    })
}

/// What the processors say about a limit.
fn limit(load: &Load) -> String {
    let all = super::figures::real(u64::try_from(processors()).unwrap_or(1));
    let what =
        if load.busy() >= EXHAUSTED * all { "limited by the processors" } else { "processors are left" };
    format!("{what}: {load}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Aim;

    #[test]
    fn the_median_of_the_rounds_is_held_against_the_aim() {
        let round = |value| Round {
            measure: Measure::Reads,
            readings: vec![Reading::new("GET, p95", value, "ms").aim(Aim::Under(20.0))],
            load: Load::default(),
        };
        let report = Report { rounds: vec![round(5.0), round(90.0), round(6.0)] };
        assert!(report.reaches_all());
        let json = report.json();
        let figure = &json["measures"][0]["figures"][0];
        assert_eq!(figure["value"], 6.0);
        assert_eq!(figure["rounds"], json!([5.0, 90.0, 6.0]));
        assert!(!Report { rounds: vec![round(90.0)] }.reaches_all());
        assert!(report.table().contains("reached"), "{}", report.table());
    }
}
