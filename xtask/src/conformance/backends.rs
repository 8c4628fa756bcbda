//! On which backends a test runs, as far as its code says so.
//!
//! What a test calls is followed through its own file and the modules that it names of its test program, by the
//! names of functions; a backend counts where this code names its type, or opens it by a helper that does. A check
//! of the conformance suite runs on each backend whose own tests run the suite. Nothing is known of what stands
//! behind a macro or a method, so a backend may be missing here; none is listed that the test's code does not name.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::conformance::SUITE;
use crate::tidy::tokens::{Token, begins, tokens};
use crate::tree::{Tree, folder};

/// The types by which tests name a backend.
const TYPES: &[(&str, &str)] = &[
    ("Memory", "memory"),
    ("File", "file"),
    ("Sled", "sled"),
    ("Redis", "redis"),
    ("RedisSettings", "redis"),
    ("Memcached", "memcached"),
    ("MemcachedSettings", "memcached"),
];

/// The backends of a test that is written `path/to/file.rs::function`.
pub(super) fn of(tree: &Tree, name: &str) -> BTreeSet<String> {
    let Some((path, function)) = name.split_once("::") else {
        return BTreeSet::new();
    };
    if path.starts_with(SUITE.1) {
        return with_the_suite(tree);
    }
    let mut backends = BTreeSet::new();
    // What stands in a backend's own crate is about that one.
    if let Some(owner) = owner(path) {
        backends.insert(owner.to_owned());
    }
    let files = files(tree, path);
    let mut functions = BTreeMap::<String, Vec<String>>::new();
    for file in files {
        bodies(&tokens(tree.text(file).unwrap_or_default()), &mut functions);
    }
    let (mut known, mut open) = (BTreeSet::new(), vec![function.to_owned()]);
    while let Some(next) = open.pop() {
        let Some(body) = functions.get(&next) else {
            continue;
        };
        if known.insert(next) {
            backends.extend(named(body));
            open.extend(called(body, &functions));
        }
    }
    backends
}

/// The backend in whose crate a file stands.
fn owner(path: &str) -> Option<&str> {
    let (owner, _) = path.strip_prefix("backends/")?.split_once('/')?;
    (owner != "port").then_some(owner)
}

/// The backends whose tests run the conformance suite.
fn with_the_suite(tree: &Tree) -> BTreeSet<String> {
    let runs = |path: &&str| {
        let text = tree.text(path).unwrap_or_default();
        let row = tokens(text);
        (0..row.len()).any(|at| begins(&row, at, &["conformance_tests", "!"]))
    };
    let own = tree.rust().iter().map(|source| source.path.as_str());
    let own = own.filter(|path| owner(path).is_some());
    own.filter(runs)
        .filter_map(owner)
        .map(str::to_owned)
        .collect()
}

/// The files that a test may call into: those of its folder where that is a package, and else itself and what it names
/// of the modules in `tests/`, as its own or as its program's. Its program's other tests have functions of the same names.
fn files<'a>(tree: &'a Tree, path: &'a str) -> Vec<&'a str> {
    let all = tree.rust().iter().map(|source| source.path.as_str());
    let folder = folder(path);
    if folder.starts_with("tests/") && tree.has_file(&format!("{folder}/Cargo.toml")) {
        return all.filter(|other| other.starts_with(folder)).collect();
    }
    let row = tokens(tree.text(path).unwrap_or_default());
    let is_named = |at: &usize| {
        let own = begins(&row, at - 1, &["mod"]) && begins(&row, at + 1, &[";"]);
        own || *at > 2 && begins(&row, at - 3, &["crate", ":", ":"])
    };
    let named = (1..row.len()).filter(is_named);
    let modules: Vec<String> = named.map(|at| format!("tests/{}/", row[at].text)).collect();
    let is_called = |other: &&str| {
        let is_shared = || modules.iter().any(|module| other.starts_with(module));
        *other == path || path.starts_with("tests/") && is_shared()
    };
    all.filter(is_called).collect()
}

/// Adds the body of each function, words and signs; functions of one name are one.
fn bodies(row: &[Token], functions: &mut BTreeMap<String, Vec<String>>) {
    let text = |at: usize| row.get(at).map_or("", |token| token.text.as_str());
    for at in 1..row.len() {
        if text(at - 1) != "fn" || text(at) == "(" {
            continue;
        }
        let Some(open) = body(row, at) else {
            continue;
        };
        let mut depth = 0_usize;
        let body = row[open..].iter().take_while(|token| {
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > 0
        });
        let known = functions.entry(text(at).to_owned()).or_default();
        known.extend(body.map(|token| token.text.clone()));
    }
}

/// Where the body begins of the function whose name stands here, if it has one.
fn body(row: &[Token], name: usize) -> Option<usize> {
    let mut depth = 0_i32;
    (name..row.len()).find(|&at| {
        match row[at].text.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            _ => {}
        }
        depth == 0 && matches!(row[at].text.as_str(), "{" | ";")
    })
}

/// The backends that a body names: by their types, to call something of them, or by their names in a
/// configuration.
fn named(body: &[String]) -> impl Iterator<Item = String> {
    body.windows(3).filter_map(|row| {
        let by_type = row[1] == ":" && row[2] == ":";
        let by_name = row[0].ends_with("backend\"") && row[1] == ",";
        let found = TYPES.iter().find(|(name, backend)| {
            by_type && *name == row[0] || by_name && row[2] == format!("{backend:?}")
        });
        found.map(|(_, backend)| (*backend).to_owned())
    })
}

/// The functions of the test's program that a body mentions: no methods, and nothing that belongs to a type.
fn called<'a>(
    body: &'a [String],
    functions: &'a BTreeMap<String, Vec<String>>,
) -> impl Iterator<Item = String> + 'a {
    let is_of_a_type = |at: usize| {
        at >= 3
            && body[at - 1] == ":"
            && body[at - 3].starts_with(|first: char| first.is_uppercase())
    };
    let mentioned = (0..body.len()).filter(move |&at| {
        let is_method = at > 0 && body[at - 1] == ".";
        functions.contains_key(&body[at]) && !is_method && !is_of_a_type(at)
    });
    mentioned.map(|at| body[at].clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::sample(&[
            (
                "tests/laws.rs",
                "mod support;
                 #[test] fn all() { support::each(|config| drop(config)); }
                 #[test] fn one() { let kept = || Memory::unbounded(); kept().on_disk(); }
                 #[test] fn by_name() { words(&[(\"my.backend\", \"sled\"), (\"x\", \"file\")]); }
                 #[test] fn none() { let stores = 3; Plain::in_file(); }",
            ),
            (
                "tests/support/mod.rs",
                "fn each(f: fn()) { for c in kinds() { f(c) } } fn kinds() -> [u8; 2] { [Memory::new(), in_file()] }",
            ),
            (
                "tests/support/disk.rs",
                "fn in_file() { File::open() } fn on_disk() { Sled::open() }",
            ),
            (
                "tests/regions/waits.rs",
                "use crate::support; #[test] fn waits() { support::in_file(); open(); } fn open() {}",
            ),
            ("tests/regions/sled.rs", "fn open() { Sled::open() }"),
            ("tests/redis/Cargo.toml", ""),
            (
                "tests/redis/redis.rs",
                "mod laws; fn on() { RedisSettings::url() }",
            ),
            ("tests/redis/laws.rs", "#[test] fn law() { crate::on(); }"),
            (
                "backends/sled/tests/suite.rs",
                "conformance_tests!(u64, open);",
            ),
            (
                "backends/port/tests/suite.rs",
                "conformance_tests!(u64, open);",
            ),
            ("backends/file/tests/other.rs", "#[test] fn own() {}"),
        ])
    }

    fn found(name: &str) -> Vec<String> {
        of(&tree(), name).into_iter().collect()
    }

    #[test]
    fn helpers_are_followed_and_methods_are_not() {
        assert_eq!(found("tests/laws.rs::all"), ["file", "memory"]);
        assert_eq!(found("tests/laws.rs::one"), ["memory"]);
        assert_eq!(found("tests/laws.rs::by_name"), ["sled"]);
        assert_eq!(found("tests/laws.rs::none"), [""; 0]);
        assert_eq!(found("tests/regions/waits.rs::waits"), ["file"]);
        assert_eq!(found("tests/redis/laws.rs::law"), ["redis"]);
    }

    #[test]
    fn a_check_of_the_suite_runs_where_the_suite_does() {
        let check = "backends/port/src/conformance/values.rs::found";
        assert_eq!(found(check), ["sled"]);
        assert_eq!(found("backends/file/tests/other.rs::own"), ["file"]);
    }
}
