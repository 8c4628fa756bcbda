//! A Rust file as a flat row of tokens.
//!
//! The syntax tree stops at macro calls; a row of tokens sees into them, and leaves out comments
//! and the insides of strings.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One token: a word, a sign, a bracket; literals stand as they are written.
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// The tokens of a text; none if it is not Rust at all (another check says so).
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut row = Vec::new();
    if let Ok(stream) = text.parse::<TokenStream>() {
        flatten(stream, &mut row);
    }
    row
}

fn flatten(stream: TokenStream, row: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let last = group.span_close().start().line;
                row.push(Token {
                    text: open.to_owned(),
                    line,
                });
                flatten(group.stream(), row);
                row.push(Token {
                    text: close.to_owned(),
                    line: last,
                });
            }
            other => row.push(Token {
                text: other.to_string(),
                line,
            }),
        }
    }
}

/// Whether the row, from `at` on, begins with these tokens.
pub(crate) fn begins(row: &[Token], at: usize, with: &[&str]) -> bool {
    with.iter().enumerate().all(|(offset, text)| {
        row.get(at + offset)
            .is_some_and(|token| token.text == *text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_are_seen_into_and_comments_are_not() {
        let row = tokens("// a::b\nfn f() {\n    m!(a::b, \"c::d\");\n}");
        let at = (0..row.len()).find(|at| begins(&row, *at, &["a", ":", ":", "b"]));
        assert_eq!(at.map(|at| row[at].line), Some(3));
        assert!(!row.iter().any(|token| token.text == "c"));
    }
}
