//! What documents point at exists.

use super::Finding;
use super::references::references;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.documents()
        .flat_map(|(path, text)| {
            references(tree, path, text)
                .into_iter()
                .filter(|reference| !reference.exists(tree))
                .map(move |reference| {
                    let what = format!("`{}` does not exist", reference.written);
                    Finding::new(path, reference.line, what)
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_nowhere_is_found_on_its_line() {
        let tree = Tree::sample(&[
            ("core/src/lib.rs", ""),
            (
                "docs/page.md",
                "see `core/src/lib.rs`\nand `core/src/slot.rs`,\n[here](other.md)",
            ),
        ]);
        let lines: Vec<_> = check(&tree).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 3]);
    }
}
