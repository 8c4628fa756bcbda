//! Nothing left open in code, nothing switched off.

use super::Finding;
use crate::tree::Tree;

/// What may not stand in code. Spelled in two halves, or this list would find itself.
const LEFT: &[(&str, &str)] = &[
    (concat!("to", "do!("), "write it"),
    (concat!("unimple", "mented!("), "write it"),
    (concat!("db", "g!("), "take it out"),
    (concat!("#[ig", "nore"), "a test runs, or it goes"),
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "mend it, or open an issue"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.rust() {
        for (number, line) in source.text.lines().enumerate() {
            let hits = LEFT.iter().filter(|(word, _)| stands_alone(line, word));
            findings.extend(hits.map(|(word, advice)| {
                Finding::new(&source.path, number + 1, format!("`{word}`: {advice}"))
            }));
        }
    }
    findings
}

/// Whether `word` stands in `line` without a letter of a longer word on either side.
fn stands_alone(line: &str, word: &str) -> bool {
    let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(of_a_word);
        let after = line[at + word.len()..]
            .chars()
            .next()
            .is_some_and(of_a_word);
        let goes_on =
            (word.starts_with(of_a_word) && before) || (word.ends_with(of_a_word) && after);
        !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&Tree::sample(&[("a.rs", text)])).len()
    }

    #[test]
    fn each_of_them_is_found() {
        for (word, _) in LEFT {
            assert_eq!(count(&format!("fn a() {{\n    {word} x\n}}")), 1, "{word}");
        }
        assert_eq!(
            count(&format!(
                "{}ore = \"slow\"]",
                LEFT[3].0.trim_end_matches("ore")
            )),
            1
        );
    }

    #[test]
    fn longer_words_are_left_alone() {
        assert_eq!(count(&format!("let MASTO{}N = 1;", "DO")), 0);
        assert_eq!(count(&format!("my{}x)", LEFT[0].0)), 0);
    }
}
