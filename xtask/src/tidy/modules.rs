//! Which Rust files a build reaches: from each crate root down along `mod`.

use std::collections::BTreeSet;

use syn::visit::{self, Visit};
use toml::Value;

use crate::packages::Package;
use crate::tree::{Tree, folder, has_extension, join};

/// Every file that some crate root reaches, roots included.
pub(super) fn reached(tree: &Tree, packages: &[Package]) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<(String, bool)> = packages
        .iter()
        .flat_map(|package| roots(tree, package))
        .map(|root| (root, true))
        .collect();
    while let Some((path, is_root)) = next.pop() {
        if !reached.insert(path.clone()) {
            continue;
        }
        let source = tree.rust().iter().find(|source| source.path == path);
        if let Some(Ok(syntax)) = source.map(|source| &source.syntax) {
            let mut children = Children::new(&path, is_root);
            children.visit_file(syntax);
            let found = children.found.into_iter().flatten();
            next.extend(
                found
                    .filter(|child| tree.has_file(child))
                    .map(|child| (child, false)),
            );
        }
    }
    reached
}

/// The crate roots of a package: where cargo looks by itself, and where the manifest points.
fn roots(tree: &Tree, package: &Package) -> Vec<String> {
    let place = |relative: &str| join(&package.folder, relative).unwrap_or_default();
    let mut roots: Vec<String> = ["build.rs", "src/lib.rs", "src/main.rs"]
        .iter()
        .map(|root| place(root))
        .collect();
    for gathered in ["src/bin", "tests", "examples", "benches"] {
        let within = place(gathered) + "/";
        let files = tree.paths().filter(|path| has_extension(path, "rs"));
        roots.extend(
            files
                .filter(|path| is_gathered(path, &within))
                .map(str::to_owned),
        );
    }
    for table in ["lib", "bin", "test", "bench", "example"] {
        let entries = match package.manifest.get(table) {
            Some(Value::Array(entries)) => entries.clone(),
            Some(entry) => vec![entry.clone()],
            None => Vec::new(),
        };
        let named = entries
            .iter()
            .filter_map(|entry| entry.get("path")?.as_str().map(&place));
        roots.extend(named);
    }
    roots.retain(|root| tree.has_file(root));
    roots
}

/// `within` holds crate roots as files and, one folder deeper, as `main.rs`.
fn is_gathered(path: &str, within: &str) -> bool {
    path.strip_prefix(within)
        .is_some_and(|rest| match rest.split_once('/') {
            None => true,
            Some((_, inner)) => inner == "main.rs",
        })
}

/// The files that one file's `mod` and `include!` lines may mean.
struct Children {
    own_folder: String,
    modules: String,
    found: Vec<Option<String>>,
}

impl Children {
    fn new(path: &str, is_root: bool) -> Self {
        let own_folder = folder(path).to_owned();
        let keeps_folder = is_root || path.ends_with("/mod.rs");
        let modules = if keeps_folder {
            own_folder.clone()
        } else {
            path.trim_end_matches(".rs").to_owned()
        };
        Self {
            own_folder,
            modules,
            found: Vec::new(),
        }
    }
}

impl<'ast> Visit<'ast> for Children {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let name = module.ident.to_string();
        let name = name.trim_start_matches("r#");
        if module.content.is_some() {
            let outer = self.modules.clone();
            self.modules = join(&outer, name).unwrap_or_default();
            visit::visit_item_mod(self, module);
            self.modules = outer;
        } else if let Some(path) = path_attribute(&module.attrs) {
            self.found.push(join(&self.own_folder, &path));
        } else {
            self.found.push(join(&self.modules, &format!("{name}.rs")));
            self.found
                .push(join(&self.modules, &format!("{name}/mod.rs")));
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.is_ident("include")
            && let Ok(file) = call.parse_body::<syn::LitStr>()
        {
            self.found.push(join(&self.own_folder, &file.value()));
        }
    }
}

fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("path"))?;
    let pair = attribute.meta.require_name_value().ok()?;
    match &pair.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::packages;

    #[test]
    fn files_are_reached_the_way_cargo_reaches_them() {
        let tree = Tree::sample(&[
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\n[[bench]]\nname = \"b\"\npath = \"odd/b.rs\"\n",
            ),
            (
                "a/src/lib.rs",
                "mod one; mod inline { mod deep; } #[path = \"far.rs\"] mod near;",
            ),
            ("a/src/one.rs", "mod two; include!(\"text.rs\");"),
            ("a/src/one/two.rs", ""),
            ("a/src/text.rs", ""),
            ("a/src/inline/deep/mod.rs", "mod below;"),
            ("a/src/inline/deep/below.rs", ""),
            ("a/src/far.rs", ""),
            ("a/odd/b.rs", ""),
            ("a/tests/t.rs", "mod common;"),
            ("a/tests/common/mod.rs", ""),
            ("a/examples/big/main.rs", ""),
            ("a/src/lost.rs", ""),
            ("a/src/two.rs", ""),
            ("a/tests/deep/lost.rs", ""),
        ]);
        let packages = packages(&tree).expect("the manifest parses");
        let reached = reached(&tree, &packages);
        let lost: Vec<_> = tree
            .paths()
            .filter(|path| has_extension(path, "rs") && !reached.contains(*path))
            .collect();
        assert_eq!(
            lost,
            ["a/src/lost.rs", "a/src/two.rs", "a/tests/deep/lost.rs"]
        );
    }
}
