//! What a document points at: its links, and the paths in its code spans and code blocks.

use crate::tree::{Tree, folder, join};

/// One pointer of a document to something in the project.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The line it stands on, from 1.
    pub(super) line: usize,
    /// As it is written.
    pub(super) written: String,
    /// The paths it may mean, from the root.
    pub(super) meant: Vec<String>,
}

impl Reference {
    /// Whether anything it may mean is there.
    pub(super) fn exists(&self, tree: &Tree) -> bool {
        self.meant.iter().any(|path| match path.split_once('*') {
            Some((before, _)) => tree.has_prefix(before),
            None => tree.has_file(path) || tree.has_folder(path),
        })
    }
}

/// Everything `text`, the document at `path`, points at.
pub(super) fn references(tree: &Tree, path: &str, text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut in_block = false;
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let words = if in_block {
            line.split_whitespace().collect()
        } else {
            found.extend(links(line).filter_map(|link| linked(path, number, link)));
            code_spans(line)
                .flat_map(str::split_whitespace)
                .collect::<Vec<_>>()
        };
        found.extend(
            words
                .into_iter()
                .filter_map(|word| mentioned(tree, path, number, word)),
        );
    }
    found
}

/// The targets of `[..](..)` and `[..]: ..`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let inline = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let defined = line
        .trim_start()
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "))
        .map(|(_, target)| target.trim());
    inline.map(|(target, _)| target).chain(defined)
}

fn linked(path: &str, line: usize, target: &str) -> Option<Reference> {
    let target = target.split_whitespace().next()?;
    let file = target.split('#').next()?;
    if file.is_empty() || file.contains(':') {
        return None; // a heading of this document, or another protocol
    }
    Some(Reference {
        line,
        written: file.to_owned(),
        meant: join(folder(path), file).into_iter().collect(),
    })
}

/// What stands between single backticks.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// A word is a path of the project if it is spelled like one and begins like one: with a name
/// that stands at the root or beside the document. `text/plain` and `tokio/full` are not.
fn mentioned(tree: &Tree, path: &str, line: usize, word: &str) -> Option<Reference> {
    let word = word.trim_matches(|c| "\"'(),;:".contains(c));
    let word = word.split("::").next()?.trim_end_matches('.');
    let spelled = |c: char| c.is_ascii_alphanumeric() || "_-./*".contains(c);
    if word.is_empty() || !word.chars().all(spelled) || word.starts_with('/') {
        return None;
    }
    let (first, _) = word.split_once('/')?;
    let near = join(folder(path), word);
    let at_root = join("", word);
    let begins = |base: &str| {
        join(base, first).is_some_and(|start| tree.has_folder(&start) && !start.is_empty())
    };
    let relative = first == "." || first == "..";
    if !(relative || begins("") || begins(folder(path))) {
        return None;
    }
    let meant = if relative {
        vec![near]
    } else {
        vec![near, at_root]
    };
    Some(Reference {
        line,
        written: word.to_owned(),
        meant: meant.into_iter().flatten().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vec<String> {
        let tree = Tree::sample(&[("core/src/slot/word.rs", ""), ("docs/adr/0001.md", "")]);
        references(&tree, "docs/page.md", text)
            .into_iter()
            .map(|reference| reference.written)
            .collect()
    }

    #[test]
    fn links_are_found_and_addresses_are_not() {
        assert_eq!(
            written("[a](adr/0001.md#x) [b](https://a.b/c) [c](#here)"),
            ["adr/0001.md"]
        );
        assert_eq!(written("[a]: ../README.md"), ["../README.md"]);
    }

    #[test]
    fn paths_in_code_are_found_and_other_slashes_are_not() {
        assert_eq!(
            written("`core/src/slot/` and `adr/0001.md`"),
            ["core/src/slot/", "adr/0001.md"]
        );
        assert_eq!(
            written("`core/src/x.rs::name`, `cargo run core/f.toml`."),
            ["core/src/x.rs", "core/f.toml"]
        );
        assert_eq!(
            written("core/gone.rs `text/plain` `a / b` `/etc/x` `https://core/x`"),
            [""; 0]
        );
        assert_eq!(
            written("```sh\ncat core/a.txt\n```\ncore/b.txt"),
            ["core/a.txt"]
        );
    }

    #[test]
    fn a_star_stands_for_any_ending() {
        let tree = Tree::sample(&[("core/src/slot.rs", "")]);
        let found = |text| references(&tree, "a.md", text)[0].exists(&tree);
        assert!(found("`core/src/slot*`"));
        assert!(!found("`core/src/cell*`"));
    }
}
