//! No path of one machine: what only its author can open helps nobody else.

use super::Finding;
use crate::tree::Tree;

/// Where people's own folders stand. Spelled in halves, or this list would find itself.
const HOMES: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("C:\\Us", "ers\\"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let here = format!("{}/", tree.root().display());
    let mut findings = Vec::new();
    for (path, text) in tree.texts() {
        for (number, line) in text.lines().enumerate() {
            let forbidden = HOMES.iter().copied().chain([here.as_str()]);
            if let Some(found) = forbidden
                .into_iter()
                .find(|place| begins_a_path(line, place))
            {
                let what = format!("`{found}...` is a path of one machine");
                findings.push(Finding::new(path, number + 1, what));
            }
        }
    }
    findings
}

/// Whether `place` stands in `line` at the beginning of a path, not amid one (a folder of the
/// project may well be called `home`).
fn begins_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-./".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_and_the_checkout_itself_are_found() {
        let home = format!("see {}ada/notes", HOMES[0]);
        let tree = Tree::sample(&[
            ("a.md", home.as_str()),
            ("b.toml", "x = 1\npath = \"/nowhere/sample/src\""),
        ]);
        let found: Vec<_> = check(&tree)
            .iter()
            .map(|f| (f.path.clone(), f.line))
            .collect();
        assert_eq!(found, [("a.md".to_owned(), 1), ("b.toml".to_owned(), 2)]);
    }

    #[test]
    fn a_folder_of_the_project_may_be_called_so() {
        let text = format!("docs{}page.md", HOMES[0]);
        assert!(check(&Tree::sample(&[("a.md", text.as_str())])).is_empty());
    }
}
