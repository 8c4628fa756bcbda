//! The attributes of `dogpile`, which has their documentation's examples: use them from there.
//!
//! `#[cache_on_arguments]` and `#[cache_many_on_arguments]` expand to one call into
//! `dogpile::memoize`, and so do the companions beside it. Nothing is decided here.

/// As `quote!`, with names of its own: what it binds meets no argument that is called alike.
macro_rules! own {
    ($($tokens:tt)*) => {
        quote::quote_spanned!(proc_macro2::Span::mixed_site()=> $($tokens)*)
    };
}

mod call;
mod companions;
mod derive;
mod function;
mod many;
mod one;
mod options;
mod output;
mod words;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

#[doc = include_str!("cache_on_arguments.md")]
#[proc_macro_attribute]
pub fn cache_on_arguments(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as options::Options);
    expanded(function::read(item).and_then(|item| one::expand(&options, item)))
}

#[doc = include_str!("cache_many_on_arguments.md")]
#[proc_macro_attribute]
pub fn cache_many_on_arguments(options: TokenStream, item: TokenStream) -> TokenStream {
    let options = parse_macro_input!(options as options::Options);
    expanded(function::read(item).and_then(|item| many::expand(&options, item)))
}

#[doc = include_str!("key_part.md")]
#[proc_macro_derive(KeyPart, attributes(key))]
pub fn key_part(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expanded(derive::derive(&input))
}

fn expanded(made: Result<proc_macro2::TokenStream, syn::Error>) -> TokenStream {
    made.unwrap_or_else(|error| error.to_compile_error()).into()
}
