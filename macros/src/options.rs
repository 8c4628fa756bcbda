//! What stands in the brackets of an attribute.

use proc_macro2::Span;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Token, parenthesized};

/// The options of `cache_on_arguments` and `cache_many_on_arguments`.
pub(crate) struct Options {
    pub(crate) region: Expr,
    pub(crate) namespace: Option<Expr>,
    pub(crate) fresh_for: Option<Expr>,
    pub(crate) should_cache: Option<Expr>,
    pub(crate) key: Option<Expr>,
    pub(crate) raw_key: Option<Expr>,
    /// Which argument has an element for each key.
    pub(crate) each: Option<Ident>,
    pub(crate) skip: Vec<Ident>,
    /// It stands in an `impl`, which nothing in its signature says.
    pub(crate) associated: bool,
}

const KNOWN: &str = "`region = ..`, `namespace = ..`, `fresh_for = ..`, `should_cache = ..`, `key = ..`, \
                     `raw_key = ..`, `each = ..` (of many), `skip(..)` and `associated`";

#[derive(Default)]
struct Found {
    region: Option<Expr>,
    namespace: Option<Expr>,
    fresh_for: Option<Expr>,
    should_cache: Option<Expr>,
    key: Option<Expr>,
    raw_key: Option<Expr>,
    each: Option<Ident>,
    skip: Option<Vec<Ident>>,
    associated: Option<()>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut found = Found::default();
        while !input.is_empty() {
            found.option(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if let (Some(_), Some(raw)) = (&found.key, &found.raw_key) {
            let what = "`key` makes a part of the key and `raw_key` all of it: say one of them";
            return Err(Error::new_spanned(raw, what));
        }
        let missing = || {
            let what = "say which region keeps the values: `region = USERS`";
            Error::new(Span::call_site(), what)
        };
        Ok(Self {
            region: found.region.ok_or_else(missing)?,
            namespace: found.namespace,
            fresh_for: found.fresh_for,
            should_cache: found.should_cache,
            key: found.key,
            raw_key: found.raw_key,
            each: found.each,
            skip: found.skip.unwrap_or_default(),
            associated: found.associated.is_some(),
        })
    }
}

impl Found {
    fn option(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let name: Ident = input.parse()?;
        match name.to_string().as_str() {
            "region" => once(&name, &mut self.region, value(input)?),
            "namespace" => once(&name, &mut self.namespace, value(input)?),
            "fresh_for" => once(&name, &mut self.fresh_for, value(input)?),
            "should_cache" => once(&name, &mut self.should_cache, value(input)?),
            "key" => once(&name, &mut self.key, value(input)?),
            "raw_key" => once(&name, &mut self.raw_key, value(input)?),
            "each" => once(&name, &mut self.each, value(input)?),
            "associated" => once(&name, &mut self.associated, ()),
            "skip" => {
                let names;
                parenthesized!(names in input);
                let names = Punctuated::<Ident, Token![,]>::parse_terminated(&names)?;
                once(&name, &mut self.skip, names.into_iter().collect())
            }
            _ => {
                let what = format!("there is no option `{name}`; there are {KNOWN}");
                Err(Error::new(name.span(), what))
            }
        }
    }
}

fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn once<T>(name: &Ident, slot: &mut Option<T>, value: T) -> syn::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::new(name.span(), format!("`{name}` is said twice"))),
    }
}
