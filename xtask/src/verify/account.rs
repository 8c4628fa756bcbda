//! What was shown, held against what is to be shown.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::property::Property;
use crate::problem::Problem;

/// One line of the records: somebody showed a property.
struct Shown {
    tool: String,
    scope: String,
    test: String,
    executions: u64,
    witnessed: u64,
}

/// The account of one run.
pub(crate) struct Account {
    by_property: BTreeMap<Property, Vec<Shown>>,
    red: Vec<&'static str>,
    skipped: Vec<&'static str>,
}

impl Account {
    /// Reads the records of a run in which these rooms turned red, and these were left out.
    pub(crate) fn of(
        records: &str,
        red: Vec<&'static str>,
        skipped: Vec<&'static str>,
    ) -> Result<Self, Problem> {
        let mut by_property = BTreeMap::new();
        for property in Property::ALL {
            by_property.insert(property, Vec::new());
        }
        for line in records.lines() {
            let (property, shown) = read(line).ok_or_else(|| Problem::Record(line.to_owned()))?;
            by_property.entry(property).or_default().push(shown);
        }
        Ok(Self {
            by_property,
            red,
            skipped,
        })
    }

    /// Whether each of the properties holds.
    pub(crate) fn holds(&self) -> bool {
        self.by_property.values().all(|shown| self.stands(shown))
    }

    /// A test that fails does not say what it would have shown: while a room is red, all is in
    /// doubt.
    fn stands(&self, shown: &[Shown]) -> bool {
        Self::witnessed(shown) && self.red.is_empty()
    }

    fn witnessed(shown: &[Shown]) -> bool {
        !shown.is_empty() && shown.iter().all(|shown| shown.witnessed > 0)
    }

    fn executions(&self) -> u64 {
        // A test may show several properties by the same executions.
        let mut runs = BTreeMap::new();
        for shown in self.by_property.values().flatten() {
            let run = (&shown.tool, &shown.test, &shown.scope);
            let most: &mut u64 = runs.entry(run).or_default();
            *most = (*most).max(shown.executions);
        }
        runs.values().sum()
    }

    /// Prints the table, and in its place a line of JSON where that is asked for. `only`: which rooms
    /// alone were run.
    pub(crate) fn tell(&self, as_json: bool, only: Option<&str>) {
        if as_json {
            eprint!("{}", self.table());
            println!("{}", self.json(only));
        } else {
            print!("{}", self.table());
        }
    }

    fn table(&self) -> String {
        let head = format!(
            "\n{:>2}  {:28} {:10} {:>12} {:>10}  scope: test\n",
            "", "property", "tool", "executions", "witnesses"
        );
        let rows = self.by_property.iter();
        let rows: String = rows
            .map(|(property, all)| self.rows(*property, all))
            .collect();
        let holding = self.by_property.values().filter(|all| self.stands(all));
        format!(
            "{head}{rows}{} of {} properties hold, {} executions\n",
            holding.count(),
            self.by_property.len(),
            self.executions()
        )
    }

    /// A property's verdict, and below it a row for each that showed it.
    fn rows(&self, property: Property, all: &[Shown]) -> String {
        let verdict = if self.stands(all) {
            "holds"
        } else {
            "NOT SHOWN"
        };
        let (number, name) = (property.number(), property.name());
        let rows = all.iter().map(|shown| {
            format!(
                "{:32} {:10} {:>12} {:>10}  {}: {}\n",
                "", shown.tool, shown.executions, shown.witnessed, shown.scope, shown.test
            )
        });
        format!(
            "{number:>2}  {name:28} {verdict}\n{}",
            rows.collect::<String>()
        )
    }

    fn json(&self, only: Option<&str>) -> Value {
        let properties = self.by_property.iter().map(|(property, all)| {
            let shown_by = all.iter().map(|shown| {
                json!({
                    "tool": shown.tool,
                    "scope": shown.scope,
                    "test": shown.test,
                    "executions": shown.executions,
                    "witnesses": shown.witnessed,
                })
            });
            json!({
                "number": property.number(),
                "name": property.name(),
                "says": property.sentence(),
                "shown_by": shown_by.collect::<Vec<_>>(),
                "holds": self.stands(all),
                "witness": Self::witnessed(all),
            })
        });
        json!({
            "properties": properties.collect::<Vec<_>>(),
            "holds": self.holds(),
            "only": only,
            "red": self.red,
            "skipped": self.skipped,
            "executions": self.executions(),
        })
    }
}

fn read(line: &str) -> Option<(Property, Shown)> {
    let fields: Vec<_> = line.split('\t').collect();
    let [name, tool, scope, executions, witnessed, test] = fields[..] else {
        return None;
    };
    let property = Property::ALL.into_iter().find(|one| one.name() == name)?;
    let shown = Shown {
        tool: tool.to_owned(),
        scope: scope.to_owned(),
        test: test.to_owned(),
        executions: executions.parse().ok()?,
        witnessed: witnessed.parse().ok()?,
    };
    Some((property, shown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::property::Tool;

    fn record(property: Property, tool: Tool) -> String {
        let (property, tool) = (property.name(), tool.name());
        format!("{property}\t{tool}\ta scope\t3\t2\ta_test")
    }

    fn all_by(tool: Tool) -> String {
        let lines = Property::ALL.map(|property| record(property, tool));
        lines.join("\n")
    }

    fn account(records: &str, red: &[&'static str]) -> Account {
        match Account::of(records, red.to_vec(), Vec::new()) {
            Ok(account) => account,
            Err(problem) => panic!("{problem}"),
        }
    }

    #[test]
    fn what_nobody_showed_does_not_hold() {
        let all = all_by(Tool::Loom);
        assert!(account(&all, &[]).holds());
        let (_, but_one) = all.split_once('\n').expect("there are twenty lines");
        let account = account(but_one, &[]);
        assert!(!account.holds());
        let first = &account.json(None)["properties"][0];
        assert_eq!(
            (&first["holds"], &first["witness"]),
            (&json!(false), &json!(false))
        );
    }

    #[test]
    fn what_was_never_in_danger_does_not_hold() {
        let all = all_by(Tool::Loom).replacen("\t2\ta_test", "\t0\ta_test", 1);
        let account = account(&all, &[]);
        assert!(!account.holds());
        assert_eq!(account.json(None)["properties"][0]["holds"], json!(false));
    }

    #[test]
    fn while_a_room_is_red_nothing_holds() {
        let account = account(&all_by(Tool::Loom), &["walk"]);
        assert!(!account.holds());
        let json = account.json(None);
        let all = json["properties"].as_array().into_iter().flatten();
        assert!(all.clone().count() == 20 && all.clone().all(|one| one["holds"] == json!(false)));
        assert_eq!(json["red"], json!(["walk"]));
    }

    #[test]
    fn executions_that_show_several_properties_count_once() {
        let account = account(&all_by(Tool::Loom), &[]);
        assert_eq!(account.json(None)["executions"], json!(3));
    }

    #[test]
    fn a_record_that_names_no_property_is_a_problem() {
        assert!(Account::of("luck\tloom\ta scope\t3\t2\ta_test", Vec::new(), Vec::new()).is_err());
        assert!(Account::of("nonsense", Vec::new(), Vec::new()).is_err());
    }
}
