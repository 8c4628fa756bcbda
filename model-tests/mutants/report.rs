//! What came of the hunt: who died, who lives, and who may.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use serde_json::json;

use crate::hunt::{Quarry, Verdict};
use crate::suspect::Kind;

/// How many of the slowest deaths are told.
const SLOWEST: usize = 5;

/// Everything that is known at the end.
pub(crate) struct Report<'a> {
    /// Who was hunted, and what became of each.
    pub(crate) hunted: Vec<(&'a Quarry, Verdict)>,
    /// The arguments for those that may live, by name.
    pub(crate) equivalents: BTreeMap<&'static str, String>,
    /// Whether all were hunted, neither a sample nor some by name; an entry without a mutant is an
    /// error then.
    pub(crate) complete: bool,
    pub(crate) took: Duration,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    total: usize,
    killed: usize,
    equivalent: usize,
    survived: usize,
}

impl Report<'_> {
    fn counts(&self, kind: Option<Kind>) -> Counts {
        let mut counts = Counts::default();
        let of_kind = |quarry: &Quarry| kind.is_none_or(|kind| kind == quarry.suspect.kind);
        for (quarry, verdict) in self.hunted.iter().filter(|(quarry, _)| of_kind(quarry)) {
            counts.total += 1;
            match &verdict.killer {
                Some(_) => counts.killed += 1,
                None if self.may_live(quarry) => counts.equivalent += 1,
                None => counts.survived += 1,
            }
        }
        counts
    }

    fn may_live(&self, quarry: &Quarry) -> bool {
        self.equivalents.contains_key(quarry.suspect.name.as_str())
    }

    /// What is wrong with the outcome, a line each.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        let mut wrongs = Vec::new();
        for (quarry, verdict) in &self.hunted {
            let name = &quarry.suspect.name;
            match &verdict.killer {
                None if !self.may_live(quarry) => wrongs.push(format!("survives: {name}")),
                Some(killer) if self.may_live(quarry) => {
                    wrongs.push(format!(
                        "listed as equivalent, but killed by {killer}: {name}"
                    ));
                }
                _ => {}
            }
        }
        let hunted = |name: &str| {
            self.hunted
                .iter()
                .any(|(quarry, _)| quarry.suspect.name == name)
        };
        if self.complete {
            let gone = self.equivalents.keys().filter(|name| !hunted(name));
            wrongs.extend(gone.map(|name| format!("listed as equivalent, but no mutant: {name}")));
        }
        wrongs
    }

    /// One line for programs.
    pub(crate) fn json(&self) -> String {
        let counts = self.counts(None);
        json!({
            "total": counts.total,
            "killed": counts.killed,
            "equivalent": counts.equivalent,
            "survived": counts.survived,
            "complete": self.complete,
        })
        .to_string()
    }

    /// A table for people.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["kind", "total", "killed", "equivalent", "survived"]);
        let rows = Kind::ALL
            .into_iter()
            .map(|kind| (kind.name(), self.counts(Some(kind))));
        let rows = rows.filter(|(_, counts)| counts.total > 0);
        for (name, counts) in rows.chain([("all", self.counts(None))]) {
            let numbers = [
                counts.total,
                counts.killed,
                counts.equivalent,
                counts.survived,
            ];
            let numbers = numbers.map(|number| number.to_string());
            table.add_row([name.to_owned()].into_iter().chain(numbers));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{table}\n\n{}\n{:.1?} in all", self.slowest(), self.took)
    }

    fn slowest(&self) -> String {
        let mut deaths: Vec<_> = self.hunted.iter().collect();
        deaths.sort_by_key(|(_, verdict)| std::cmp::Reverse(verdict.took));
        let lines = deaths.into_iter().take(SLOWEST).map(|(quarry, verdict)| {
            let killer = verdict.killer.as_deref().unwrap_or("nobody");
            format!(
                "  {:>8.2?}  {}, by {killer}\n",
                verdict.took, quarry.suspect.name
            )
        });
        ["slowest:\n".to_owned()].into_iter().chain(lines).collect()
    }

    /// Who killed whom.
    pub(crate) fn deaths(&self) -> String {
        let lines = self.hunted.iter().map(|(quarry, verdict)| {
            let name = &quarry.suspect.name;
            match &verdict.killer {
                Some(killer) => format!("{name}\n    killed by {killer} in {:.2?}\n", verdict.took),
                None => match self.equivalents.get(name.as_str()) {
                    Some(argument) => format!("{name}\n    equivalent: {argument}\n"),
                    None => format!("{name}\n    SURVIVES\n"),
                },
            }
        });
        lines.collect()
    }
}
