//! The floors of the house: each crate knows only those below it.
//!
//! Read from the manifests and from the code: a dev-dependency that looks upwards makes a circle
//! as a dependency does, and a path in code can use what a manifest hid behind another name.

use syn::visit::{self, Visit};

use super::Finding;
use crate::packages::{Package, packages};
use crate::problem::Problem;
use crate::tree::Tree;

/// Where a package stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// On a numbered floor.
    Floor(u8),
    /// Beside the house: whoever stands on floor 3 or above may use it, and it uses no one.
    Beside,
    /// Beside the house: starts servers for tests and measurements, and knows no one.
    Servers,
    /// A tool for those who build the house; neither side knows the other.
    Tool,
}

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>, Problem> {
    let packages = packages(tree)?;
    let mut findings = Vec::new();
    for package in &packages {
        let Some(place) = place(&package.folder) else {
            let what = format!(
                "`{}` stands on no floor: say in xtask which",
                package.folder
            );
            findings.push(Finding::new(&package.manifest_path(), 0, what));
            continue;
        };
        manifest(package, place, &packages, &mut findings);
    }
    for source in tree.rust() {
        if let (Some(owner), Ok(syntax)) = (owner(&source.path, &packages), &source.syntax) {
            let mut paths = Paths {
                path: &source.path,
                owner,
                packages: &packages,
                findings: &mut findings,
            };
            paths.visit_file(syntax);
        }
    }
    Ok(findings)
}

fn place(folder: &str) -> Option<Place> {
    match folder {
        "core" => Some(Place::Floor(0)),
        "backends/port" => Some(Place::Floor(1)),
        "" => Some(Place::Floor(3)),
        "model-tests"
        | "model-tests/histories"
        | "model-tests/proptest"
        | "model-tests/regions"
        | "model-tests/stress"
        | "model-tests/vectors"
        | "fuzz"
        | "tests/interop"
        | "tests/macro_errors"
        | "tests/memcached"
        | "tests/redis" => Some(Place::Floor(4)),
        // It hunts with the other models.
        "model-tests/mutants" => Some(Place::Floor(5)),
        "macros" | "model-tests/proof" => Some(Place::Beside),
        "tests/servers" => Some(Place::Servers),
        "xtask" => Some(Place::Tool),
        _ if folder.starts_with("backends/") => Some(Place::Floor(2)),
        _ if ["benches/", "examples/"]
            .iter()
            .any(|room| folder.starts_with(room)) =>
        {
            Some(Place::Floor(4))
        }
        _ => None,
    }
}

fn may_know(who: Place, whom: Place) -> bool {
    match (who, whom) {
        (Place::Floor(who), Place::Floor(whom)) => whom < who,
        (Place::Floor(who), Place::Beside) => who >= 3,
        (Place::Floor(who), Place::Servers) => who >= 2,
        (Place::Floor(_), Place::Tool) | (Place::Beside | Place::Servers | Place::Tool, _) => false,
    }
}

/// What users get starts no servers; its tests may, and so may what stands above it.
fn may_start_servers(who: Place, table: &str) -> bool {
    matches!(who, Place::Floor(4..)) || table == "dev-dependencies"
}

fn manifest(package: &Package, place_of: Place, all: &[Package], findings: &mut Vec<Finding>) {
    let path = package.manifest_path();
    for dependency in &package.dependencies {
        let found = all.iter().find(|other| other.name == dependency.package);
        let whom = found.and_then(|other| place(&other.folder));
        if place_of == Place::Floor(0) && dependency.table != "dev-dependencies" {
            let what = format!("core has no dependencies; `{}` is one", dependency.package);
            findings.push(Finding::new(&path, 0, what));
        } else if whom == Some(Place::Servers) && !may_start_servers(place_of, dependency.table) {
            let what = format!(
                "`{}` ({place_of:?}) may not start servers in its {}: only tests and measurements do",
                package.name, dependency.table
            );
            findings.push(Finding::new(&path, 0, what));
        } else if whom
            .is_some_and(|whom| !may_know(place_of, whom) && dependency.package != package.name)
        {
            let what = format!(
                "`{}` ({place_of:?}) may not know `{}` ({whom:?}), named in its {}",
                package.name, dependency.package, dependency.table
            );
            findings.push(Finding::new(&path, 0, what));
        }
    }
}

/// The package a file belongs to: the one whose folder is the longest that holds it.
fn owner<'a>(path: &str, packages: &'a [Package]) -> Option<&'a Package> {
    packages
        .iter()
        .filter(|package| {
            package.folder.is_empty() || path.starts_with(&format!("{}/", package.folder))
        })
        .max_by_key(|package| package.folder.len())
}

struct Paths<'a> {
    path: &'a str,
    owner: &'a Package,
    packages: &'a [Package],
    findings: &'a mut Vec<Finding>,
}

impl Paths<'_> {
    fn used(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.first(&path.ident),
            syn::UseTree::Name(name) => self.first(&name.ident),
            syn::UseTree::Rename(rename) => self.first(&rename.ident),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.used(tree)),
            syn::UseTree::Glob(_) => {}
        }
    }

    fn first(&mut self, ident: &syn::Ident) {
        let Some(other) = self
            .packages
            .iter()
            .find(|package| ident == &package.crate_name())
        else {
            return;
        };
        let both = place(&self.owner.folder).zip(place(&other.folder));
        if both.is_some_and(|(who, whom)| other.name != self.owner.name && !may_know(who, whom)) {
            let what = format!("`{}` may not know `{ident}`", self.owner.name);
            self.findings
                .push(Finding::new(self.path, ident.span().start().line, what));
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.used(&item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        // One segment alone names something in scope, not a crate.
        if let (Some(first), true) = (path.segments.first(), path.segments.len() > 1) {
            self.first(&first.ident);
        }
        visit::visit_path(self, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, rest: &str) -> String {
        format!("[package]\nname = \"{name}\"\n{rest}")
    }

    fn whats(files: &[(&str, &str)]) -> Vec<String> {
        let found = check(&Tree::sample(files)).expect("manifests parse");
        found.into_iter().map(|finding| finding.what).collect()
    }

    /// The house with one line added to one manifest.
    fn house(folder: &str, line: &str) -> Vec<String> {
        let rooms = [
            ("core", "dogpile-core"),
            ("backends/port", "dogpile-backend"),
            ("backends/memory", "dogpile-memory"),
            ("backends/file", "dogpile-file"),
            ("", "dogpile"),
            ("macros", "dogpile-macros"),
            ("benches/lab", "dogpile-lab"),
            ("tests/servers", "dogpile-test-servers"),
            ("xtask", "xtask"),
        ];
        let files: Vec<_> = rooms
            .iter()
            .map(|(room, name)| {
                let path = if room.is_empty() {
                    "Cargo.toml".to_owned()
                } else {
                    format!("{room}/Cargo.toml")
                };
                (path, package(name, if *room == folder { line } else { "" }))
            })
            .collect();
        let files: Vec<_> = files
            .iter()
            .map(|(p, t)| (p.as_str(), t.as_str()))
            .collect();
        whats(&files)
    }

    #[test]
    fn downwards_is_allowed() {
        assert_eq!(
            house("benches/lab", "[dependencies]\ndogpile = \"1\""),
            [""; 0]
        );
        assert_eq!(
            house(
                "",
                "[dependencies]\ndogpile-memory = \"1\"\ndogpile-macros = \"1\""
            ),
            [""; 0]
        );
        assert_eq!(
            house("backends/memory", "[dependencies]\ndogpile-core = \"1\""),
            [""; 0]
        );
        assert_eq!(
            house(
                "backends/port",
                "[dev-dependencies]\ndogpile-backend = \"1\""
            ),
            [""; 0]
        );
        assert_eq!(
            house("core", "[dev-dependencies]\nproptest = \"1\""),
            [""; 0]
        );
        for (folder, table) in [
            ("backends/file", "dev-dependencies"),
            ("", "dev-dependencies"),
            ("benches/lab", "dependencies"),
        ] {
            let line = format!("[{table}]\ndogpile-test-servers.path = \"x\"");
            assert_eq!(house(folder, &line), [""; 0], "{folder}");
        }
    }

    #[test]
    fn upwards_and_sideways_are_found_in_every_table() {
        for (folder, line) in [
            ("core", "[dependencies]\nlibc = \"1\""),
            ("core", "[dev-dependencies]\ndogpile = \"1\""),
            (
                "backends/port",
                "[dev-dependencies]\ndogpile-memory = \"1\"",
            ),
            (
                "backends/memory",
                "[build-dependencies]\ndogpile-file = \"1\"",
            ),
            (
                "backends/memory",
                "[target.x.dependencies]\nd = { package = \"dogpile\" }",
            ),
            ("", "[dev-dependencies]\ndogpile-lab = \"1\""),
            ("macros", "[dependencies]\ndogpile-core = \"1\""),
            ("benches/lab", "[dependencies]\nxtask = \"1\""),
            (
                "backends/file",
                "[dependencies]\ndogpile-test-servers = \"1\"",
            ),
            (
                "backends/port",
                "[dev-dependencies]\ndogpile-test-servers = \"1\"",
            ),
            (
                "tests/servers",
                "[dev-dependencies]\ndogpile-backend = \"1\"",
            ),
        ] {
            assert_eq!(house(folder, line).len(), 1, "{folder}: {line}");
        }
    }

    #[test]
    fn a_path_in_code_is_found_like_a_dependency() {
        let port = package("dogpile-backend", "");
        let memory = package("dogpile-memory", "");
        let root = package("dogpile", "");
        let with = |code: &str| {
            whats(&[
                ("backends/port/Cargo.toml", &port),
                ("backends/memory/Cargo.toml", &memory),
                ("Cargo.toml", &root),
                ("backends/port/src/lib.rs", code),
            ])
        };
        assert_eq!(with("use dogpile_memory::Memory;").len(), 1);
        assert_eq!(with("use {std::fmt, dogpile_memory as store};").len(), 1);
        assert_eq!(with("fn f() { dogpile::get(); }").len(), 1);
        assert_eq!(
            with("use std::fmt; fn f(dogpile: u8) { dogpile + 1; }").len(),
            0
        );
    }

    #[test]
    fn a_package_on_no_floor_is_found() {
        assert_eq!(
            whats(&[("attic/Cargo.toml", &package("attic", ""))]).len(),
            1
        );
    }
}
