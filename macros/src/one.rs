//! `#[cache_on_arguments]`: one key for each set of arguments.

use proc_macro2::TokenStream;
use quote::format_ident;
use syn::{Error, ItemFn};

use crate::call::Call;
use crate::companions::{Companion, assemble};
use crate::function::{Argument, Creation, Function};
use crate::options::Options;

pub(crate) fn expand(options: &Options, item: ItemFn) -> Result<TokenStream, Error> {
    if let Some(each) = &options.each {
        let what = "`each` is for `cache_many_on_arguments`: here all arguments make one key";
        return Err(Error::new(each.span(), what));
    }
    let function = Function::of(item, options)?;
    if let Some((argument, Creation::Many)) = function.creation() {
        let what = "here there is one creation: take it as `&Creation<..>`";
        return Err(Error::new_spanned(&argument.kind, what));
    }
    let one = One {
        call: Call {
            function: &function,
            options,
            value: &function.output.value,
        },
        function: &function,
    };
    let companions = vec![
        one.get(),
        one.set(),
        one.set_with(),
        one.invalidate(),
        one.refresh(),
    ];
    let (about, output, body) = one.called();
    Ok(assemble(&function, about, &output, &body, companions))
}

struct One<'f> {
    call: Call<'f>,
    function: &'f Function,
}

impl One<'_> {
    /// A method of the memo, called; in its async form if the function is async.
    fn ask(&self, method: &str, argument: &TokenStream) -> TokenStream {
        if self.function.item.sig.asyncness.is_none() {
            let method = format_ident!("{method}");
            return own!(#method(#argument));
        }
        let method = format_ident!("{method}_async");
        own!(#method(#argument).await)
    }

    /// The function itself, called.
    fn called_itself(&self) -> TokenStream {
        let original = self.call.original();
        let is_async = self.function.item.sig.asyncness.is_some();
        let handed = self.function.arguments.iter().map(|argument| {
            let name = &argument.name;
            match (argument.creation, is_async) {
                (Some(Creation::Borrowed), true) => own!(&#name),
                (Some(Creation::Owned), false) => own!(::core::clone::Clone::clone(#name)),
                _ => own!(#name),
            }
        });
        own!(#original(#(#handed),*))
    }

    /// What the memo asks for a value, and by which of its methods; `done` is what becomes of the answer.
    fn asked(&self, method: &str, done: impl Fn(TokenStream) -> TokenStream) -> TokenStream {
        let original = self.called_itself();
        let is_async = self.function.item.sig.asyncness.is_some();
        let made = match is_async {
            true => done(own!(#original.await)),
            false => done(original),
        };
        let made = match is_async {
            true => own!(async move { #made }),
            false => made,
        };
        match self.function.creation() {
            None => self.ask(method, &own!(move || #made)),
            Some((creation, _)) => {
                let name = &creation.name;
                self.ask(&format!("{method}_with"), &own!(move |#name| #made))
            }
        }
    }

    fn body(&self, method: &str) -> TokenStream {
        let (memo, fresh, judged) = (self.call.one(), self.call.fresh_for(), self.call.judged());
        let ask = self.asked(method, |made| made);
        own!(#memo #fresh #judged.#ask)
    }

    /// The function that is called.
    fn called(&self) -> (&'static str, TokenStream, TokenStream) {
        let value = &self.function.output.value;
        match &self.function.output.error {
            Some(error) => (
                "Memoized: the value is kept by its arguments, an error is not. `Error::Creator` is this \
                 function's own error; the others are the region's.",
                own!(::core::result::Result<#value, ::dogpile::Error<#error>>),
                self.body("get_or_try_create"),
            ),
            None => (
                "Memoized: the value is kept by its arguments. Where the region has no answer (it is not \
                 configured, another's creation takes too long or panics), this runs uncached.",
                own!(#value),
                self.body("get_or_original"),
            ),
        }
    }

    fn companion(&self, name: &'static str, about: &str) -> Companion {
        Companion {
            name,
            about: format!("{about} See `{}`.", self.function.name()),
            generics: self.function.kept_generics(),
            inputs: self.function.kept().map(Argument::declared).collect(),
            output: TokenStream::new(),
            body: TokenStream::new(),
        }
    }

    fn get(&self) -> Companion {
        let value = &self.function.output.value;
        let (memo, fresh, ask) = (
            self.call.one(),
            self.call.fresh_for(),
            self.ask("get", &own!()),
        );
        Companion {
            output: own!(::core::result::Result<::core::option::Option<#value>, ::dogpile::Error>),
            body: own!(#memo #fresh memo.#ask),
            ..self.companion(
                "get",
                "The fresh value for these arguments, if there is one.",
            )
        }
    }

    fn set(&self) -> Companion {
        let value = &self.function.output.value;
        let (memo, ask) = (self.call.one(), self.ask("set", &own!(value)));
        let own = self.companion("set", "Stores a value for these arguments.");
        let inputs = [own!(value: #value)].into_iter().chain(own.inputs);
        Companion {
            inputs: inputs.collect(),
            output: own!(::core::result::Result<(), ::dogpile::Error>),
            body: own!(#memo memo.#ask),
            ..self.companion("set", "Stores a value for these arguments.")
        }
    }

    fn set_with(&self) -> Companion {
        let value = &self.function.output.value;
        let (memo, ask) = (self.call.one(), self.ask("set_with", &own!(value, terms)));
        let own = self.companion(
            "set_with",
            "Stores a value for these arguments that goes by terms of its own.",
        );
        let given = [own!(value: #value), own!(terms: ::dogpile::Terms)];
        Companion {
            inputs: given
                .into_iter()
                .chain(own.inputs.iter().cloned())
                .collect(),
            output: own!(::core::result::Result<(), ::dogpile::Error>),
            body: own!(#memo memo.#ask),
            ..own
        }
    }

    fn invalidate(&self) -> Companion {
        let (memo, ask) = (self.call.one(), self.ask("invalidate", &own!()));
        Companion {
            output: own!(::core::result::Result<(), ::dogpile::Error>),
            body: own!(#memo memo.#ask),
            ..self.companion("invalidate", "Removes the value for these arguments.")
        }
    }

    fn refresh(&self) -> Companion {
        let value = &self.function.output.value;
        let (error, body) = match &self.function.output.error {
            Some(error) => (own!(#error), self.body("refresh")),
            None => (own!(::core::convert::Infallible), self.sure_refresh()),
        };
        let about = "Makes a new value for these arguments, whatever is there.";
        Companion {
            generics: self.function.item.sig.generics.clone(),
            inputs: self
                .function
                .called_with()
                .map(Argument::declared)
                .collect(),
            output: own!(::core::result::Result<#value, ::dogpile::Error<#error>>),
            body,
            ..self.companion("refresh", about)
        }
    }

    /// With a function that cannot fail.
    fn sure_refresh(&self) -> TokenStream {
        let (memo, fresh, judged) = (self.call.one(), self.call.fresh_for(), self.call.judged());
        let done = own!(::core::result::Result::<_, ::core::convert::Infallible>::Ok);
        let ask = self.asked("refresh", |made| own!(#done(#made)));
        own!(#memo #fresh #judged.#ask)
    }
}
