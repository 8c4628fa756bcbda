//! What stands beside a memoized function, and the function itself, put together.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Generics;

use crate::function::Function;

/// One function beside the memoized one.
pub(crate) struct Companion {
    pub(crate) name: &'static str,
    pub(crate) about: String,
    pub(crate) generics: Generics,
    /// Its arguments, but for the receiver.
    pub(crate) inputs: Vec<TokenStream>,
    pub(crate) output: TokenStream,
    pub(crate) body: TokenStream,
}

/// What a companion is called in an `impl`.
pub(crate) fn sibling(function: &Ident, name: &str) -> Ident {
    format_ident!("{function}_{name}", span = function.span())
}

/// The function that is called, its companions, and the function as it was written.
pub(crate) fn assemble(
    function: &Function,
    about: &str,
    output: &TokenStream,
    body: &TokenStream,
    companions: Vec<Companion>,
) -> TokenStream {
    let (called, _, all) = function.attributes();
    let (visibility, signature) = (&function.item.vis, &function.item.sig);
    let (asyncness, name) = (signature.asyncness, &signature.ident);
    let (generics, receiver) = (&signature.generics, function.receiver.iter());
    let bounds = &generics.where_clause;
    let inputs = function
        .called_with()
        .map(crate::function::Argument::declared);
    let inputs = receiver.map(|found| quote!(#found)).chain(inputs);
    let beside = companions
        .into_iter()
        .map(|companion| companion.written(function));
    let beside = quote!(#(#beside)*);
    let original = original(function);
    let main = quote! {
        #(#called)* #(#all)*
        #[allow(clippy::used_underscore_binding)]
        #[doc = ""]
        #[doc = #about]
        #visibility #asyncness fn #name #generics (#(#inputs),*) -> #output #bounds {
            #body
        }
    };
    if function.in_impl {
        return quote!(#main #beside #original);
    }
    let what = format!("What stands beside the memoized function `{name}`.");
    let cfgs: Vec<_> = all
        .iter()
        .filter(|found| found.path().is_ident("cfg"))
        .collect();
    quote! {
        #main
        #(#cfgs)*
        #[doc = #what]
        #[allow(non_camel_case_types)]
        #visibility enum #name {}
        #(#cfgs)*
        impl #name { #beside #original }
    }
}

/// What nobody who uses the attribute is to be warned of.
fn quiet() -> TokenStream {
    quote!(#[allow(dead_code, unused_variables, unreachable_pub, clippy::all, clippy::pedantic)])
}

impl Companion {
    fn written(&self, function: &Function) -> TokenStream {
        let (_, _, all) = function.attributes();
        let (visibility, asyncness) = (&function.item.vis, &function.item.sig.asyncness);
        let name = match function.in_impl {
            true => sibling(function.name(), self.name),
            false => Ident::new(self.name, function.name().span()),
        };
        let (generics, bounds) = (&self.generics, &self.generics.where_clause);
        let receiver = function.receiver.iter().map(|found| quote!(#found));
        let inputs = receiver.chain(self.inputs.iter().cloned());
        let (about, output, body, quiet) = (&self.about, &self.output, &self.body, quiet());
        quote! {
            #(#all)*
            #quiet
            #[doc = #about]
            #visibility #asyncness fn #name #generics (#(#inputs),*) -> #output #bounds {
                #body
            }
        }
    }
}

/// The function as it was written, under another name.
fn original(function: &Function) -> TokenStream {
    let (_, runs, all) = function.attributes();
    let (visibility, block) = (&function.item.vis, &function.item.block);
    let mut signature = function.item.sig.clone();
    let name = function.name();
    signature.ident = match function.in_impl {
        true => sibling(name, "original"),
        false => Ident::new("original", name.span()),
    };
    let about = format!("`{name}` itself, without its cache.");
    quote! {
        #(#runs)* #(#all)*
        #[allow(dead_code, unreachable_pub, clippy::must_use_candidate)]
        #[doc = #about]
        #visibility #signature #block
    }
}
