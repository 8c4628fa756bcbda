//! Which names a piece of code says.

use proc_macro2::{Ident, TokenStream, TokenTree};

/// Whether `tokens` say `name`, at any depth.
pub(crate) fn says(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => says(group.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
