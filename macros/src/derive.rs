//! `#[derive(KeyPart)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Generics, Ident, parse_quote};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream, Error> {
    let name = &input.ident;
    let (body, kept) = match &input.data {
        Data::Struct(data) => {
            let part = Part::of(&data.fields)?;
            let (pattern, write) = (&part.pattern, part.write());
            (quote!(let Self #pattern = self; #write), part.kept)
        }
        Data::Enum(data) => {
            let (mut arms, mut kept) = (Vec::new(), Vec::new());
            for variant in &data.variants {
                let part = Part::of(&variant.fields)?;
                let (ident, pattern, write) = (&variant.ident, &part.pattern, part.write());
                let said = ident.to_string();
                let said = said.trim_start_matches("r#");
                arms.push(quote!(Self::#ident #pattern => {
                    ::dogpile::key::write_variant(#said, key);
                    #write
                }));
                kept.extend(part.kept);
            }
            // An enum without variants has no values; a reference to one needs an arm all the same.
            let value = if arms.is_empty() {
                quote!(*self)
            } else {
                quote!(self)
            };
            (quote!(match #value { #(#arms)* }), kept)
        }
        Data::Union(_) => {
            let what = "a union cannot be part of a key: nobody knows which of its fields it holds";
            return Err(Error::new(name.span(), what));
        }
    };
    let generics = bounded(input.generics.clone(), &kept);
    let (of, types, bounds) = generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #of ::dogpile::KeyPart for #name #types #bounds {
            #[allow(unused_variables, clippy::uninhabited_references)]
            fn write_key(&self, key: &mut ::dogpile::key::KeyBuffer) {
                #body
            }
        }
    })
}

/// The fields of a struct or of a variant.
struct Part {
    /// Binds those that are kept.
    pattern: TokenStream,
    names: Vec<Ident>,
    kept: Vec<Field>,
}

impl Part {
    fn of(fields: &Fields) -> Result<Self, Error> {
        let (mut bindings, mut names, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        for (number, field) in fields.iter().enumerate() {
            let binding = format_ident!("field_{number}");
            let skipped = is_skipped(&field.attrs)?;
            bindings.push(match (&field.ident, skipped) {
                (Some(ident), false) => quote!(#ident: #binding),
                (Some(ident), true) => quote!(#ident: _),
                (None, false) => quote!(#binding),
                (None, true) => quote!(_),
            });
            if !skipped {
                names.push(binding);
                kept.push(field.clone());
            }
        }
        let pattern = match fields {
            Fields::Named(_) => quote!({ #(#bindings,)* }),
            Fields::Unnamed(_) => quote!((#(#bindings,)*)),
            Fields::Unit => quote!(),
        };
        Ok(Self {
            pattern,
            names,
            kept,
        })
    }

    /// Writes them as a tuple, however many they are.
    fn write(&self) -> TokenStream {
        let (count, names) = (self.names.len(), &self.names);
        quote! {
            ::dogpile::key::write_tuple(#count, key);
            #(::dogpile::KeyPart::write_key(#names, key);)*
        }
    }
}

fn is_skipped(attributes: &[Attribute]) -> Result<bool, Error> {
    let mut skipped = false;
    for attribute in attributes
        .iter()
        .filter(|found| found.path().is_ident("key"))
    {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("skip") {
                return Err(
                    meta.error("there is `#[key(skip)]`, which leaves a field out, and no other")
                );
            }
            skipped = true;
            Ok(())
        })?;
    }
    Ok(skipped)
}

/// Asks of the types of all kept fields that name a parameter that they are parts of keys.
fn bounded(mut generics: Generics, kept: &[Field]) -> Generics {
    let parameters: Vec<Ident> = generics
        .type_params()
        .map(|found| found.ident.clone())
        .collect();
    for field in kept {
        let kind = &field.ty;
        if parameters
            .iter()
            .any(|name| crate::words::says(quote!(#kind), name))
        {
            let bounds = generics.make_where_clause();
            bounds
                .predicates
                .push(parse_quote!(#kind: ::dogpile::KeyPart));
        }
    }
    generics
}
