//! What was found.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use serde_json::{Map, Value, json};

/// One thing that is to hold.
pub(crate) struct Check {
    name: String,
    wanted: &'static str,
    measured: Vec<(String, Value)>,
    wrong: Vec<String>,
}

impl Check {
    pub(crate) fn new(name: impl Into<String>, wanted: &'static str) -> Self {
        Self {
            name: name.into(),
            wanted,
            measured: Vec::new(),
            wrong: Vec::new(),
        }
    }

    pub(crate) fn measured(&mut self, what: impl Into<String>, number: impl Into<Value>) {
        self.measured.push((what.into(), number.into()));
    }

    /// It does not hold where this does not.
    pub(crate) fn ensure(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(otherwise());
        }
    }

    pub(crate) fn holds(&self) -> bool {
        self.wrong.is_empty()
    }

    fn json(&self) -> Value {
        let measured: Map<_, _> = self.measured.iter().cloned().collect();
        json!({
            "check": self.name,
            "wanted": self.wanted,
            "holds": self.holds(),
            "measured": measured,
            "wrong": self.wrong,
        })
    }
}

/// Numbers by what they are of.
#[derive(Default)]
pub(crate) struct Figures(BTreeMap<String, Vec<f64>>);

impl Figures {
    pub(crate) fn add(&mut self, what: impl Into<String>, number: f64) {
        self.0.entry(what.into()).or_default().push(number);
    }

    /// Of each the median and the highest, with one decimal.
    pub(crate) fn into(self, check: &mut Check) {
        for (what, mut numbers) in self.0 {
            numbers.sort_by(f64::total_cmp);
            let rounded = |number: f64| (number * 10.0).round() / 10.0;
            check.measured(
                format!("{what}_median"),
                rounded(numbers[numbers.len() / 2]),
            );
            check.measured(format!("{what}_max"), rounded(numbers[numbers.len() - 1]));
        }
    }

    /// `None` where there are none.
    pub(crate) fn median(&self, what: &str) -> Option<f64> {
        let mut numbers = self.0.get(what)?.clone();
        numbers.sort_by(f64::total_cmp);
        numbers.get(numbers.len() / 2).copied()
    }
}

/// What was found on one server.
pub(crate) struct Report {
    pub(crate) store: &'static str,
    /// Who was there.
    pub(crate) fleet: Value,
    pub(crate) seconds: f64,
    pub(crate) checks: Vec<Check>,
}

impl Report {
    pub(crate) fn holds(&self) -> bool {
        self.checks.iter().all(Check::holds)
    }

    fn json(&self) -> Value {
        let checks: Vec<_> = self.checks.iter().map(Check::json).collect();
        json!({
            "store": self.store,
            "fleet": self.fleet,
            "seconds": self.seconds.round(),
            "checks": checks,
        })
    }
}

/// All in one line.
pub(crate) fn line(reports: &[Report]) -> String {
    let stores: Vec<_> = reports.iter().map(Report::json).collect();
    let seconds: f64 = reports.iter().map(|report| report.seconds).sum();
    json!({
        "holds": reports.iter().all(Report::holds),
        "seconds": seconds.round(),
        "stores": stores,
    })
    .to_string()
}

/// One as a table, and below it what does not hold.
pub(crate) fn table(report: &Report) -> String {
    let checks = &report.checks;
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([report.store, "wanted", "measured", "holds"]);
    for check in checks {
        let measured: Vec<_> = check
            .measured
            .iter()
            .map(|(what, number)| format!("{what} {number}"))
            .collect();
        let holds = if check.holds() { "yes" } else { "NO" };
        table.add_row([&check.name, check.wanted, &measured.join("\n"), holds]);
    }
    let wrong = checks.iter().flat_map(|check| {
        check
            .wrong
            .iter()
            .map(|what| format!("\n{}: {what}", check.name))
    });
    format!("{table}{}", wrong.collect::<String>())
}
