//! What the manifests say: packages, where they stand, whom they depend on, which features they
//! have.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::problem::Problem;
use crate::tree::{Tree, folder};

/// The packages that are tested as they are built by default, said alike wherever some of their tests
/// run: cargo builds a crate anew wherever other packages ask other features of it. The others are
/// models, which are built and run with optimization.
pub(crate) const TESTED_TOGETHER: &str = "--workspace --all-features --exclude dogpile-histories \
                                          --exclude dogpile-model-tests \
                                          --exclude dogpile-mutants --exclude dogpile-stress";

/// A package of the project.
pub(crate) struct Package {
    /// Its name as a dependency.
    pub(crate) name: String,
    /// Its folder; empty for the one at the root.
    pub(crate) folder: String,
    /// Its features, `default` left out.
    pub(crate) features: Vec<String>,
    /// Whom it depends on, however.
    pub(crate) dependencies: Vec<Dependency>,
    /// Its manifest, for what is asked but once.
    pub(crate) manifest: Table,
}

/// One line under some `dependencies` table.
pub(crate) struct Dependency {
    /// The package meant, also where the manifest gives it another name.
    pub(crate) package: String,
    /// The table it stands in: `dependencies`, `dev-dependencies` or `build-dependencies`.
    pub(crate) table: &'static str,
}

const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

impl Package {
    /// Its manifest's path.
    pub(crate) fn manifest_path(&self) -> String {
        if self.folder.is_empty() {
            "Cargo.toml".to_owned()
        } else {
            format!("{}/Cargo.toml", self.folder)
        }
    }

    /// Its name as Rust spells it.
    pub(crate) fn crate_name(&self) -> String {
        self.name.replace('-', "_")
    }

    /// Whether it belongs to the main workspace.
    pub(crate) fn in_main_workspace(&self) -> bool {
        self.folder.is_empty() || !self.manifest.contains_key("workspace")
    }
}

/// Every package of the project, by its manifest's path.
pub(crate) fn packages(tree: &Tree) -> Result<Vec<Package>, Problem> {
    let renamed = renamed_in_workspace(tree)?;
    let mut packages = Vec::new();
    for (path, text) in tree.texts() {
        if path != "Cargo.toml" && !path.ends_with("/Cargo.toml") {
            continue;
        }
        let manifest = parse(path, text)?;
        let Some(package) = manifest.get("package").and_then(Value::as_table) else {
            continue;
        };
        let name = package.get("name").and_then(Value::as_str).ok_or_else(|| {
            let what = "its [package] has no name".to_owned();
            Problem::Manifest {
                path: path.to_owned(),
                what,
            }
        })?;
        packages.push(Package {
            name: name.to_owned(),
            folder: folder(path).to_owned(),
            features: features(&manifest),
            dependencies: dependencies(&manifest, &renamed),
            manifest,
        });
    }
    Ok(packages)
}

/// The Rust version that the workspace promises to build with.
pub(crate) fn rust_version(tree: &Tree) -> Result<String, Problem> {
    let path = "Cargo.toml";
    let manifest = parse(path, tree.text(path).unwrap_or_default())?;
    manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package")?.get("rust-version")?.as_str())
        .map(str::to_owned)
        .ok_or_else(|| Problem::Manifest {
            path: path.to_owned(),
            what: "its [workspace.package] has no rust-version".to_owned(),
        })
}

fn parse(path: &str, text: &str) -> Result<Table, Problem> {
    text.parse::<Table>().map_err(|error| Problem::Manifest {
        path: path.to_owned(),
        what: error.to_string(),
    })
}

/// A feature of its own name per optional dependency is left out: cargo lists it only where no
/// `dep:` names it, and this project always writes `dep:`.
fn features(manifest: &Table) -> Vec<String> {
    let table = manifest.get("features").and_then(Value::as_table);
    table.map_or_else(Vec::new, |table| {
        table
            .keys()
            .filter(|name| *name != "default")
            .cloned()
            .collect()
    })
}

fn dependencies(manifest: &Table, renamed: &BTreeMap<String, String>) -> Vec<Dependency> {
    let of_targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(|targets| targets.values().filter_map(Value::as_table));
    std::iter::once(manifest)
        .chain(of_targets)
        .flat_map(|holder| TABLES.iter().map(move |table| (holder, *table)))
        .filter_map(|(holder, table)| Some((holder.get(table)?.as_table()?, table)))
        .flat_map(|(lines, table)| {
            lines.iter().map(move |(key, value)| Dependency {
                package: meant(key, value, renamed),
                table,
            })
        })
        .collect()
}

fn meant(key: &str, value: &Value, renamed: &BTreeMap<String, String>) -> String {
    let here = value.get("package").and_then(Value::as_str);
    here.map(str::to_owned)
        .or_else(|| renamed.get(key).cloned())
        .unwrap_or_else(|| key.to_owned())
}

fn renamed_in_workspace(tree: &Tree) -> Result<BTreeMap<String, String>, Problem> {
    let manifest = parse("Cargo.toml", tree.text("Cargo.toml").unwrap_or_default())?;
    let lines = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies")?.as_table());
    Ok(lines.map_or_else(BTreeMap::new, |lines| {
        lines
            .iter()
            .filter_map(|(key, value)| {
                Some((key.clone(), value.get("package")?.as_str()?.to_owned()))
            })
            .collect()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_dependency_is_seen_under_its_real_name() {
        let tree = Tree::sample(&[
            (
                "Cargo.toml",
                "[workspace.dependencies]\nstore = { package = \"dogpile-memory\", path = \"m\" }\n",
            ),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\n[features]\ndefault = [\"x\"]\nx = []\n\
                 [target.'cfg(unix)'.dev-dependencies]\nother = { package = \"b\", path = \"b\" }\n\
                 [dependencies]\nstore.workspace = true\n",
            ),
        ]);
        let packages = packages(&tree).unwrap();
        let a = &packages[0];
        assert_eq!(a.features, ["x"]);
        let found: Vec<_> = a
            .dependencies
            .iter()
            .map(|d| (d.package.as_str(), d.table))
            .collect();
        assert_eq!(
            found,
            [
                ("dogpile-memory", "dependencies"),
                ("b", "dev-dependencies")
            ]
        );
    }

    #[test]
    fn a_manifest_that_is_not_toml_is_named() {
        let tree = Tree::sample(&[("a/Cargo.toml", "[package\n")]);
        let problem = packages(&tree)
            .err()
            .map(|p| p.to_string())
            .unwrap_or_default();
        assert!(problem.starts_with("a/Cargo.toml: "), "{problem}");
    }
}
