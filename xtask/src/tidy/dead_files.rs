//! Every file is reached: code by a `mod`, a document by a link, any other file by its name.

use std::collections::BTreeSet;

use super::Finding;
use super::modules::reached;
use super::references::references;
use crate::packages::packages;
use crate::problem::Problem;
use crate::tree::{Tree, folder, has_extension, join};

/// Files that tools and people look for under these names.
const KNOWN: &[&str] = &[
    ".gitignore",
    ".gitattributes",
    "Cargo.toml",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "NOTICE",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
    ".cargo/config.toml",
    ".config/nextest.toml",
    ".ci/run",
];

/// Named by their content; a test replays the folder whole.
const SEEDS: &str = "fuzz/seeds/";

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>, Problem> {
    let reached = reached(tree, &packages(tree)?);
    let linked = linked(tree);
    let mut findings = Vec::new();
    for path in tree
        .paths()
        .filter(|path| !KNOWN.contains(path) && !path.starts_with(SEEDS))
    {
        let dead = if has_extension(path, "rs") {
            let what = "no `mod` reaches it and no file names it";
            (!reached.contains(path) && !is_named(tree, path)).then_some(what)
        } else if has_extension(path, "md") {
            (!linked.contains(path)).then_some("no other document links to it, no code includes it")
        } else if KNOWN.contains(&file_name(path)) {
            None
        } else {
            (!is_named(tree, path)).then_some("no other file names it")
        };
        findings.extend(dead.map(|what| Finding::new(path, 0, what)));
    }
    Ok(findings)
}

/// The documents that other documents point at, and those that code includes.
fn linked(tree: &Tree) -> BTreeSet<String> {
    let mut linked = BTreeSet::new();
    for (path, text) in tree.documents() {
        let all = references(tree, path, text)
            .into_iter()
            .flat_map(|reference| reference.meant);
        linked.extend(all.filter(|target| target != path));
    }
    for source in tree.rust() {
        let included = source.text.split("include_str!(\"").skip(1);
        let files = included.filter_map(|rest| rest.split_once('"'));
        linked.extend(files.filter_map(|(file, _)| join(folder(&source.path), file)));
    }
    linked
}

/// Whether another text of the project spells the file's name, or for a Rust file that a test
/// compiles by itself, its folder and a star.
fn is_named(tree: &Tree, path: &str) -> bool {
    let name = file_name(path);
    let gathered = format!("{}/*.rs", file_name(folder(path)));
    tree.texts().any(|(other, text)| {
        let gathers = has_extension(path, "rs") && text.contains(&gathered);
        let names = !has_extension(path, "rs") && spells(text, name);
        other != path && !other.ends_with("Cargo.lock") && (gathers || names)
    })
}

/// Whether `text` holds `name` as a whole, not as the end of a longer name.
fn spells(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_dead_file_is_found_and_living_ones_are_not() {
        let tree = Tree::sample(&[
            ("Cargo.toml", "[package]\nname = \"a\"\n"),
            ("README.md", "see [the guide](docs/guide.md)"),
            (
                "docs/guide.md",
                "the scenario `run.toml`; itself: [me](alone.md)",
            ),
            ("docs/alone.md", "[me](alone.md)"),
            ("docs/lonely.md", "see [lonely](lonely.md)"),
            (
                "src/lib.rs",
                "#![doc = include_str!(\"protocol.md\")]\nmod used;",
            ),
            ("src/protocol.md", ""),
            ("src/used.rs", "fn f() { t.fail(\"tests/ui/*.rs\"); }"),
            ("src/unused.rs", ""),
            ("tests/ui/bad.rs", ""),
            ("scenarios/run.toml", ""),
            ("scenarios/dry-run.toml", ""),
            ("scenarios/n.toml", ""),
        ]);
        let found = check(&tree).expect("the manifest parses");
        let paths: Vec<_> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "docs/lonely.md",
                "scenarios/dry-run.toml",
                "scenarios/n.toml",
                "src/unused.rs"
            ]
        );
    }
}
