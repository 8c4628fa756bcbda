//! Every Rust file parses: the other checks read syntax and would pass over one that does not.

use super::Finding;
use crate::tree::Tree;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .iter()
        .filter_map(|source| {
            let error = source.syntax.as_ref().err()?;
            let line = error.span().start().line;
            Some(Finding::new(
                &source.path,
                line,
                format!("does not parse: {error}"),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_syntax_is_found_on_its_line() {
        let tree = Tree::sample(&[("good.rs", "fn a() {}"), ("bad.rs", "fn a() {}\nfn {}")]);
        let findings = check(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].path.as_str(), findings[0].line), ("bad.rs", 2));
    }
}
