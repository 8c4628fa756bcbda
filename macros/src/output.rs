//! What a function returns: a value, or a result that holds one.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Error, GenericArgument, Lifetime, PathArguments, PathSegment, ReturnType, Signature, Type,
};

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
        can_be_kept(&whole)?;
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

/// Refuses what the compiler would refuse in words about code that nobody has written.
fn can_be_kept(kind: &Type) -> Result<(), Error> {
    const BORROWED: &str = "a value that is kept outlives the call that made it: return an owned one, such as \
                            `String` for `&str`, or one that is `'static`";
    let borrows = |lifetime: &Lifetime| lifetime.ident != "static";
    match kind {
        Type::ImplTrait(_) => {
            let what =
                "a value that is kept has a type with a name: say which one implements the trait";
            Err(Error::new_spanned(kind, what))
        }
        Type::Never(_) => {
            let what = "this function never returns anything that could be kept";
            Err(Error::new_spanned(kind, what))
        }
        Type::Reference(found) => match &found.lifetime {
            Some(lifetime) if !borrows(lifetime) => can_be_kept(&found.elem),
            _ => Err(Error::new_spanned(kind, BORROWED)),
        },
        Type::Path(path) => {
            let arguments = path
                .path
                .segments
                .iter()
                .flat_map(|found| match &found.arguments {
                    PathArguments::AngleBracketed(found) => found.args.iter().collect(),
                    _ => Vec::new(),
                });
            for argument in arguments {
                match argument {
                    GenericArgument::Type(kind) => can_be_kept(kind)?,
                    GenericArgument::Lifetime(found) if borrows(found) => {
                        return Err(Error::new_spanned(kind, BORROWED));
                    }
                    _ => {}
                }
            }
            Ok(())
        }
        Type::Tuple(found) => found.elems.iter().try_for_each(can_be_kept),
        Type::Array(found) => can_be_kept(&found.elem),
        Type::Paren(found) => can_be_kept(&found.elem),
        Type::Group(found) => can_be_kept(&found.elem),
        _ => Ok(()),
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
