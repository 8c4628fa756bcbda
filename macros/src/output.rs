//! What a function returns: a value, or a result that holds one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, GenericArgument, PathArguments, PathSegment, ReturnType, Signature, Type};

/// What a function returns, taken apart.
pub(crate) struct Output {
    /// All of it.
    pub(crate) whole: Type,
    /// What is kept.
    pub(crate) value: TokenStream,
    /// What it fails with, if it can.
    pub(crate) error: Option<TokenStream>,
}

impl Output {
    pub(crate) fn of(signature: &Signature) -> Result<Self, Error> {
        let ReturnType::Type(_, whole) = &signature.output else {
            let what = "this function returns nothing that could be kept";
            return Err(Error::new(signature.ident.span(), what));
        };
        let whole = (**whole).clone();
        let Some(segment) = last_segment(&whole).filter(|last| last.ident == "Result") else {
            let value = quote!(#whole);
            let error = None;
            return Ok(Self {
                whole,
                value,
                error,
            });
        };
        let (value, error) = match types(segment)[..] {
            [value, error] => (quote!(#value), quote!(#error)),
            // An alias with an error of its own.
            _ => (
                quote!(<#whole as ::dogpile::memoize::Fallible>::Value),
                quote!(<#whole as ::dogpile::memoize::Fallible>::Error),
            ),
        };
        Ok(Self {
            value,
            error: Some(error),
            whole,
        })
    }

    /// What each element's value is, where all of them are a `Vec` or a map.
    pub(crate) fn element(&self) -> Result<Type, Error> {
        let what = "a function of many elements returns a `Vec` with a value for each, or a `HashMap` or \
                    `BTreeMap` by the elements, or a `Result` of one of these";
        let wrong = || Error::new_spanned(&self.whole, what);
        let mut shape = &self.whole;
        if self.error.is_some() {
            let inner = last_segment(shape).map(types).unwrap_or_default();
            shape = inner.first().ok_or_else(wrong)?;
        }
        let segment = last_segment(shape).ok_or_else(wrong)?;
        let place = match segment.ident.to_string().as_str() {
            "Vec" => 0,
            "HashMap" | "BTreeMap" => 1,
            _ => return Err(wrong()),
        };
        let value = types(segment).get(place).copied().cloned();
        value.ok_or_else(wrong)
    }
}

fn last_segment(kind: &Type) -> Option<&PathSegment> {
    match kind {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// The types between the angle brackets.
fn types(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return Vec::new();
    };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    });
    types.collect()
}
