//! The function under an attribute, taken apart and checked.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{
    Attribute, Error, FnArg, GenericParam, Generics, Ident, Item, ItemFn, Pat, PathArguments,
    Receiver, Safety, TraitItemFn, Type,
};

use crate::options::Options;
use crate::output::Output;
use crate::words::says;

/// The function that the attribute stands on.
pub(crate) fn read(item: proc_macro::TokenStream) -> Result<ItemFn, Error> {
    syn::parse(item.clone()).map_err(|error| {
        if let Ok(declared) = syn::parse::<TraitItemFn>(item.clone()) {
            let what = "a function that is only declared makes nothing that could be kept: the attribute stands \
                        on a function with a body, and not on a method of a trait";
            return Error::new_spanned(declared.sig, what);
        }
        match syn::parse::<Item>(item) {
            Ok(other) => Error::new_spanned(other, "the attribute stands on a function"),
            Err(_) => error,
        }
    })
}

/// One argument.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) kind: Type,
    /// It is no part of the key.
    pub(crate) skipped: bool,
    /// It is a view of the creation, or of many: no caller has it.
    pub(crate) creation: Option<Creation>,
}

/// How a function takes a view of its creation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creation {
    /// `Creation<V>`
    Owned,
    /// `&Creation<V>`
    Borrowed,
    /// `&[Creation<V>]`
    Many,
}

impl Creation {
    fn of(kind: &Type) -> Option<Self> {
        // Somebody's own type of that name is a part of the key like any other, and has no value's type.
        let is_creation = |kind: &Type| match kind {
            Type::Path(path) => path.path.segments.last().is_some_and(|last| {
                last.ident == "Creation"
                    && matches!(last.arguments, PathArguments::AngleBracketed(_))
            }),
            _ => false,
        };
        match kind {
            Type::Reference(found) if is_creation(&found.elem) => Some(Self::Borrowed),
            Type::Reference(found) => match &*found.elem {
                Type::Slice(slice) if is_creation(&slice.elem) => Some(Self::Many),
                _ => None,
            },
            _ => is_creation(kind).then_some(Self::Owned),
        }
    }
}

impl Argument {
    /// As it stands in a signature.
    pub(crate) fn declared(&self) -> TokenStream {
        let (name, kind) = (&self.name, &self.kind);
        quote!(#name: #kind)
    }
}

/// A function that is to be memoized.
pub(crate) struct Function {
    pub(crate) item: ItemFn,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: Output,
    /// Whether it stands in an `impl`.
    pub(crate) in_impl: bool,
}

impl Function {
    pub(crate) fn of(item: ItemFn, options: &Options) -> Result<Self, Error> {
        if let Safety::Unsafe(word) = &item.sig.safety {
            let what = "an unsafe function cannot be memoized: a value that is kept was made for another \
                        call, whose promises nobody knows";
            return Err(Error::new_spanned(word, what));
        }
        if let Some(word) = &item.sig.constness {
            let what = "a `const fn` cannot look into a cache: it runs before there is one";
            return Err(Error::new_spanned(word, what));
        }
        let (mut receiver, mut arguments) = (None, Vec::new());
        for input in &item.sig.inputs {
            match input {
                FnArg::Receiver(found) => receiver = Some(found.clone()),
                FnArg::Typed(typed) => {
                    is_always_there(&typed.attrs)?;
                    let name = named(&typed.pat)?;
                    let creation = Creation::of(&typed.ty);
                    arguments.push(Argument {
                        skipped: creation.is_some() || options.skip.contains(&name),
                        kind: (*typed.ty).clone(),
                        name,
                        creation,
                    });
                }
            }
        }
        for name in &options.skip {
            if arguments.iter().all(|argument| argument.name != *name) {
                let what = format!("there is no argument `{name}` to skip");
                return Err(Error::new(name.span(), what));
            }
        }
        if let Some(second) = arguments
            .iter()
            .filter(|found| found.creation.is_some())
            .nth(1)
        {
            let what = "a call has one creation: take one argument for it";
            return Err(Error::new_spanned(&second.kind, what));
        }
        let signature = &item.sig;
        let of_self = says(
            quote!(#signature),
            &Ident::new("Self", signature.ident.span()),
        );
        let function = Self {
            in_impl: options.associated || receiver.is_some() || of_self,
            output: Output::of(signature)?,
            receiver,
            arguments,
            item,
        };
        if options.namespace.is_none() && options.raw_key.is_none() {
            function.has_a_name()?;
        }
        Ok(function)
    }

    /// What the function is by itself called with must be said by its types' names, unless it has a
    /// namespace.
    fn has_a_name(&self) -> Result<(), Error> {
        for argument in self.kept() {
            if matches!(argument.kind, Type::ImplTrait(_)) {
                let what = "functions of different types need different names: name the type, as in \
                            `<T: Trait>`, or give a `namespace`, or `skip` the argument";
                return Err(Error::new_spanned(&argument.kind, what));
            }
        }
        if let Some(constant) = self.item.sig.generics.const_params().next() {
            let what = "functions of different constants need different names: give a `namespace` that \
                        says the constant, or that it makes no difference";
            return Err(Error::new_spanned(constant, what));
        }
        Ok(())
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.item.sig.ident
    }

    /// The arguments that are part of the key.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().filter(|argument| !argument.skipped)
    }

    /// The arguments that its callers have.
    pub(crate) fn called_with(&self) -> impl Iterator<Item = &Argument> {
        let arguments = self.arguments.iter();
        arguments.filter(|argument| argument.creation.is_none())
    }

    /// The argument that is a view of the creation.
    pub(crate) fn creation(&self) -> Option<(&Argument, Creation)> {
        let mut arguments = self.arguments.iter();
        arguments.find_map(|argument| Some((argument, argument.creation?)))
    }

    /// The generics without those that only skipped arguments name.
    pub(crate) fn kept_generics(&self) -> Generics {
        let all = &self.item.sig.generics;
        let (kept, skipped): (Vec<_>, Vec<_>) = self
            .arguments
            .iter()
            .partition(|argument| !argument.skipped);
        let output = &self.output.whole;
        let said = |arguments: &[&Argument], name: &Ident| {
            let mut kinds = arguments.iter().map(|argument| &argument.kind);
            kinds.any(|kind| says(quote!(#kind), name))
        };
        let only_skipped = |name: &Ident| {
            said(&skipped, name) && !said(&kept, name) && !says(quote!(#output), name)
        };
        let left_out: Vec<Ident> = all
            .params
            .iter()
            .filter_map(|parameter| match parameter {
                GenericParam::Type(found) => Some(&found.ident),
                GenericParam::Const(found) => Some(&found.ident),
                GenericParam::Lifetime(_) => None,
            })
            .filter(|name| only_skipped(name))
            .cloned()
            .collect();
        let mut generics = all.clone();
        let names = |tokens: TokenStream| left_out.iter().any(|name| says(tokens.clone(), name));
        let params = all.params.iter().filter(|found| match found {
            GenericParam::Type(found) => !left_out.contains(&found.ident),
            GenericParam::Const(found) => !left_out.contains(&found.ident),
            GenericParam::Lifetime(_) => true,
        });
        generics.params = params.cloned().collect();
        if let Some(clause) = &mut generics.where_clause {
            let predicates = clause
                .predicates
                .iter()
                .filter(|found| !names(quote!(#found)));
            clause.predicates = predicates.cloned().collect();
        }
        generics
    }

    /// The types and constants to call it with, after its name.
    pub(crate) fn turbofish(&self) -> TokenStream {
        let names = self
            .item
            .sig
            .generics
            .params
            .iter()
            .filter_map(|found| match found {
                GenericParam::Type(found) => Some(&found.ident),
                GenericParam::Const(found) => Some(&found.ident),
                GenericParam::Lifetime(_) => None,
            });
        let names: Vec<_> = names.collect();
        if names.is_empty() {
            return TokenStream::new();
        }
        quote!(::<#(#names),*>)
    }

    /// Its attributes: those for what is called, for what runs, and for everything.
    pub(crate) fn attributes(&self) -> (Vec<&Attribute>, Vec<&Attribute>, Vec<&Attribute>) {
        let (mut called, mut runs, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for attribute in &self.item.attrs {
            let is = |name: &str| attribute.path().is_ident(name);
            if is("doc") || is("must_use") || is("deprecated") {
                called.push(attribute);
            } else if is("cfg") || is("allow") {
                all.push(attribute);
            } else {
                runs.push(attribute);
            }
        }
        (called, runs, all)
    }
}

/// The companions have the same arguments, and the key is made of them.
fn is_always_there(attributes: &[Attribute]) -> Result<(), Error> {
    match attributes.iter().find(|found| found.path().is_ident("cfg")) {
        None => Ok(()),
        Some(found) => {
            let what = "an argument of a memoized function is always there: put the `cfg` on the whole \
                        function, and write one for each case";
            Err(Error::new_spanned(found, what))
        }
    }
}

fn named(pattern: &Pat) -> Result<Ident, Error> {
    match pattern {
        Pat::Ident(found) if found.subpat.is_none() && found.by_ref.is_none() => {
            Ok(found.ident.clone())
        }
        _ => {
            let what = "give this argument a plain name, and take it apart in the body: the key is made \
                        of it";
            Err(Error::new_spanned(pattern, what))
        }
    }
}
