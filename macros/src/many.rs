//! `#[cache_many_on_arguments]`: one key for each element of a slice.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Ident, ItemFn, Type};

use crate::call::Call;
use crate::companions::{Companion, assemble};
use crate::function::{Argument, Creation, Function};
use crate::options::Options;

pub(crate) fn expand(options: &Options, item: ItemFn) -> Result<TokenStream, Error> {
    let function = Function::of(item, options)?;
    let (elements, element) = elements(&function, options)?;
    if let Some((argument, Creation::Owned | Creation::Borrowed)) = function.creation() {
        let what = "here there is a creation for each element: take them as `&[Creation<..>]`";
        return Err(Error::new_spanned(&argument.kind, what));
    }
    let value = function.output.element()?;
    let many = Many {
        call: Call {
            function: &function,
            options,
            value: &quote!(#value),
        },
        value: &value,
        function: &function,
        elements,
        element,
    };
    let companions = vec![
        many.get(),
        many.set(),
        many.set_with(),
        many.invalidate(),
        many.refresh(),
    ];
    let (about, output, body) = many.called();
    Ok(assemble(&function, about, &output, &body, companions))
}

/// The argument whose elements have keys of their own, and what they are.
fn elements(function: &Function, options: &Options) -> Result<(Ident, Type), Error> {
    let slices = function.kept().filter_map(|argument| {
        let Type::Reference(reference) = &argument.kind else {
            return None;
        };
        match (&*reference.elem, &reference.mutability) {
            (Type::Slice(slice), None) => Some((argument.name.clone(), (*slice.elem).clone())),
            _ => None,
        }
    });
    let mut slices: Vec<_> = slices.collect();
    if let Some(each) = &options.each {
        slices.retain(|(name, _)| name == each);
        return slices.pop().ok_or_else(|| {
            let what = format!("`{each}` is no argument of the form `&[T]` that is not skipped");
            Error::new(each.span(), what)
        });
    }
    match (slices.pop(), slices.len()) {
        (Some(slice), 0) => Ok(slice),
        (Some(_), _) => {
            let what = "several arguments are slices: say with `each = ..` which has an element for each key";
            Err(Error::new(function.name().span(), what))
        }
        (None, _) => {
            let what = "one argument has to be a slice, `&[T]`, with an element for each key";
            Err(Error::new(function.name().span(), what))
        }
    }
}

struct Many<'f> {
    call: Call<'f>,
    function: &'f Function,
    elements: Ident,
    element: Type,
    value: &'f Type,
}

impl Many<'_> {
    fn is_async(&self) -> bool {
        self.function.item.sig.asyncness.is_some()
    }

    fn ask(&self, method: &str, arguments: &TokenStream) -> TokenStream {
        if self.is_async() {
            let method = format_ident!("{method}_async");
            return own!(#method(#arguments).await);
        }
        let method = format_ident!("{method}");
        own!(#method(#arguments))
    }

    /// The function for what is missing: it may run again, so it gets copies of the other arguments.
    fn original(&self, sure: bool) -> TokenStream {
        let original = self.call.original();
        let (elements, is_async) = (&self.elements, self.is_async());
        let others = self
            .function
            .called_with()
            .filter(|found| found.name != *elements);
        let copied = |argument: &Argument| {
            let name = &argument.name;
            match &argument.kind {
                Type::Reference(found) if found.mutability.is_some() => own!(&mut *#name),
                _ => own!(::core::clone::Clone::clone(&#name)),
            }
        };
        let handed = self.function.arguments.iter().map(|argument| {
            let name = &argument.name;
            match (name == elements, argument.creation, is_async) {
                (true, _, true) => own!(&missing),
                (true, _, false) => own!(missing),
                (false, Some(_), true) => own!(&#name),
                (false, Some(_), false) | (false, None, true) => own!(#name),
                (false, None, false) => copied(argument),
            }
        });
        let mut made = own!(#original(#(#handed),*));
        if is_async {
            made = own!(#made.await);
        }
        if sure {
            made = own!(::core::result::Result::<_, ::core::convert::Infallible>::Ok(#made));
        }
        let creations = self.function.creation().map(|(found, _)| &found.name);
        if !is_async {
            let creations = creations.map(|name| own!(#name: &[_])).into_iter();
            return own!(|missing: &[_], #(#creations)*| #made);
        }
        let creations = creations
            .map(|name| own!(#name: ::std::vec::Vec<_>))
            .into_iter();
        let (names, copies): (Vec<_>, Vec<_>) =
            others.map(|found| (&found.name, copied(found))).unzip();
        own! {
            |missing: ::std::vec::Vec<_>, #(#creations)*| {
                #(let #names = #copies;)*
                async move { #made }
            }
        }
    }

    fn body(&self, method: &str, sure: bool) -> TokenStream {
        let (memo, fresh) = (self.memo(), self.call.fresh_for());
        let method = match self.function.creation() {
            Some(_) => format!("{method}_with"),
            None => method.to_owned(),
        };
        let (judged, ask) = (self.call.judged(), self.ask(&method, &self.original(sure)));
        own!(#memo #fresh #judged.#ask)
    }

    fn memo(&self) -> TokenStream {
        self.call.many(&self.elements, &self.element)
    }

    fn partial(&self) -> TokenStream {
        let (value, error) = (&self.value, &self.function.output.error);
        let error = error.clone().unwrap_or(own!(::core::convert::Infallible));
        own!(::dogpile::Partial<::core::option::Option<#value>, #error>)
    }

    /// The function that is called.
    fn called(&self) -> (&'static str, TokenStream, TokenStream) {
        let (whole, partial) = (&self.function.output.value, self.partial());
        match &self.function.output.error {
            Some(_) => (
                "Memoized: each element's value is kept by itself, and this runs for those that are \
                 missing. `Partial` says what became of each; errors are not kept.",
                own!(::core::result::Result<#whole, #partial>),
                self.body("get_or_try_create", false),
            ),
            None => (
                "Memoized: each element's value is kept by itself, and this runs for those that are \
                 missing. Where the region has no answer for one of them, it runs uncached for all.",
                own!(#whole),
                self.body("get_or_original", false),
            ),
        }
    }

    fn companion(&self, name: &'static str, about: &str) -> Companion {
        Companion {
            name,
            about: format!("{about} See `{}`.", self.function.name()),
            generics: self.function.kept_generics(),
            inputs: self.function.kept().map(Argument::declared).collect(),
            output: own!(::core::result::Result<(), ::dogpile::Partial<()>>),
            body: TokenStream::new(),
        }
    }

    fn get(&self) -> Companion {
        let kept = &self.value;
        let value = own!(::core::option::Option<#kept>);
        let (memo, fresh) = (self.memo(), self.call.fresh_for());
        let ask = self.ask("get", &own!());
        Companion {
            output: own! {
                ::core::result::Result<::std::vec::Vec<#value>, ::dogpile::Partial<#value>>
            },
            body: own!(#memo #fresh memo.#ask),
            ..self.companion("get", "The fresh values, in the order of the elements.")
        }
    }

    fn set(&self) -> Companion {
        let (element, value) = (&self.element, &self.value);
        let entries = own!(entries: ::std::vec::Vec<(#element, #value)>);
        let about = "Stores each element's value.";
        self.stores(self.companion("set", about), entries, "memo_set_many")
    }

    fn set_with(&self) -> Companion {
        let (element, value) = (&self.element, &self.value);
        let entry = own!((#element, #value, ::dogpile::Terms));
        let entries = own!(entries: ::std::vec::Vec<#entry>);
        let about = "Stores each element's value, which goes by terms of its own.";
        self.stores(
            self.companion("set_with", about),
            entries,
            "memo_set_many_with",
        )
    }

    /// The elements come with their values, in place of the slice.
    fn stores(&self, companion: Companion, entries: TokenStream, method: &str) -> Companion {
        let (element, elements) = (&self.element, &self.elements);
        let others = self.function.kept().filter(|found| found.name != *elements);
        let inputs = [entries].into_iter().chain(others.map(Argument::declared));
        let write = self.call.write(elements, element);
        let ask = self.ask(method, &own!(entries, write));
        Companion {
            inputs: inputs.collect(),
            body: own!(#write region.#ask),
            ..companion
        }
    }

    fn invalidate(&self) -> Companion {
        let (memo, ask) = (self.memo(), self.ask("invalidate", &own!()));
        Companion {
            body: own!(#memo memo.#ask),
            ..self.companion("invalidate", "Removes the values of these elements.")
        }
    }

    fn refresh(&self) -> Companion {
        let (whole, partial) = (&self.function.output.value, self.partial());
        let sure = self.function.output.error.is_none();
        let about = "Makes new values for all of these elements, whatever is there.";
        Companion {
            generics: self.function.item.sig.generics.clone(),
            inputs: self
                .function
                .called_with()
                .map(Argument::declared)
                .collect(),
            output: own!(::core::result::Result<#whole, #partial>),
            body: self.body("refresh", sure),
            ..self.companion("refresh", about)
        }
    }
}
