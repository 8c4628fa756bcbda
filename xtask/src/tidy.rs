//! `cargo xtask tidy`: the checks that no compiler makes.
//!
//! One check, one file; each is a pure function from the project's files to what it found, and
//! each has a test that shows it a bad sample.

pub(crate) mod conformance;
mod dead_files;
mod doc_paths;
mod floors;
mod leftovers;
mod lengths;
mod machine_paths;
mod modules;
mod orderings;
mod readable;
mod references;
pub(crate) mod tokens;

use std::fmt;
use std::path::Path;

use serde_json::json;

use crate::problem::Problem;
use crate::tree::Tree;

/// How to report.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Options {
    /// Print one line of JSON on standard output, and nothing else there.
    #[arg(long)]
    json: bool,
}

/// Something a check objects to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file.
    path: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    line: usize,
    /// What is wrong, and what to do.
    what: String,
}

impl Finding {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

struct Check {
    name: &'static str,
    about: &'static str,
    run: fn(&Tree) -> Result<Vec<Finding>, Problem>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "readable",
        about: "every Rust file parses",
        run: |tree| Ok(readable::check(tree)),
    },
    Check {
        name: "floors",
        about: "each crate knows only lower floors, and core nobody",
        run: floors::check,
    },
    Check {
        name: "orderings",
        about: "atomic orderings stand only in the rooms that argue for them",
        run: |tree| Ok(orderings::check(tree)),
    },
    Check {
        name: "lengths",
        about: "no file over 400 lines, no function over 60",
        run: |tree| Ok(lengths::check(tree)),
    },
    Check {
        name: "dead files",
        about: "every file is reached: by a mod, a link or its name",
        run: dead_files::check,
    },
    Check {
        name: "doc paths",
        about: "what documents point at exists",
        run: |tree| Ok(doc_paths::check(tree)),
    },
    Check {
        name: "conformance",
        about: "each behaviour promised names a test that exists",
        run: |tree| Ok(conformance::check(tree)),
    },
    Check {
        name: "leftovers",
        about: "nothing left open, nothing switched off",
        run: |tree| Ok(leftovers::check(tree)),
    },
    Check {
        name: "machine paths",
        about: "no path of one machine",
        run: |tree| Ok(machine_paths::check(tree)),
    },
];

/// Runs every check on the checkout at `root`; true if none objects.
pub(crate) fn run(root: &Path, options: Options) -> Result<bool, Problem> {
    let tree = Tree::read(root)?;
    let results = all(&tree)?;
    let count: usize = results.iter().map(|(_, findings)| findings.len()).sum();
    if options.json {
        println!("{}", as_json(&results, count));
    } else {
        print(&results, count);
    }
    Ok(count == 0)
}

fn all(tree: &Tree) -> Result<Vec<(&'static Check, Vec<Finding>)>, Problem> {
    CHECKS
        .iter()
        .map(|check| Ok((check, (check.run)(tree)?)))
        .collect()
}

fn print(results: &[(&Check, Vec<Finding>)], count: usize) {
    for (check, findings) in results {
        let verdict = if findings.is_empty() { "ok" } else { "RED" };
        println!("{:14} {verdict:3}  {}", check.name, check.about);
        for finding in findings {
            println!("    {finding}");
        }
    }
    println!("{} checks, {count} findings", results.len());
}

fn as_json(results: &[(&Check, Vec<Finding>)], count: usize) -> serde_json::Value {
    let checks: Vec<_> = results
        .iter()
        .map(|(check, findings)| {
            let findings: Vec<_> = findings
                .iter()
                .map(|f| json!({ "path": f.path, "line": f.line, "what": f.what }))
                .collect();
            json!({ "check": check.name, "findings": findings })
        })
        .collect();
    json!({ "checks": checks, "findings": count })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checkout this test was built in obeys every check: tidiness is a test like any other.
    #[test]
    fn this_project_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("xtask stands in the workspace");
        let tree = Tree::read(root).expect("the checkout can be read");
        let results = all(&tree).expect("its manifests can be read");
        let findings: Vec<_> = results
            .iter()
            .flat_map(|(check, findings)| findings.iter().map(move |f| (check.name, f)))
            .collect();
        assert!(findings.is_empty(), "{findings:#?}");
    }

    #[test]
    fn the_json_says_where_and_what() {
        let findings = vec![Finding::new("a.rs", 3, "bad")];
        let text = as_json(&[(&CHECKS[0], findings)], 1).to_string();
        assert_eq!(
            text,
            r#"{"checks":[{"check":"readable","findings":[{"line":3,"path":"a.rs","what":"bad"}]}],"findings":1}"#
        );
    }
}
