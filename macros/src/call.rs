//! The expression that every expansion ends in: one call of a memoized function.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Type};

use crate::function::Function;
use crate::options::Options;

/// Makes the region and the terms of a call.
pub(crate) struct Call<'f> {
    pub(crate) function: &'f Function,
    pub(crate) options: &'f Options,
    /// What is kept.
    pub(crate) value: &'f TokenStream,
}

impl Call<'_> {
    /// The function's [`Name`] in its keys.
    fn name(&self) -> TokenStream {
        let function = self.function.name().to_string();
        let function = function.trim_start_matches("r#");
        let name =
            |namespace: TokenStream| own!(::dogpile::memoize::Name::new(#namespace, #function));
        if let Some(namespace) = &self.options.namespace {
            return name(own!(::core::convert::AsRef::<str>::as_ref(&#namespace)));
        }
        let name = if self.function.in_impl {
            name(quote!(::core::any::type_name::<Self>()))
        } else {
            // The enum of its companions stands where the function does.
            let item = self.function.name();
            let item = own!(::core::any::type_name::<#item>());
            own!(::dogpile::memoize::Name::of_item(#item, ::core::module_path!(), #function))
        };
        let generics = self.function.kept_generics();
        let types: Vec<_> = generics.type_params().map(|found| &found.ident).collect();
        if types.is_empty() {
            return name;
        }
        own! {
            #name.of_types(::core::any::type_name::<(#(::core::marker::PhantomData<#types>,)*)>())
        }
    }

    /// Binds the region, whose values have the type of the function's.
    fn region(&self) -> TokenStream {
        let (region, value) = (&self.options.region, self.value);
        // A region of other values is what is wrong, and not the attribute.
        let here = Span::mixed_site().located_at(region.span());
        let taken = quote_spanned!(here=> &#region);
        own!(let region: &::dogpile::Region<#value> = #taken;)
    }

    /// A call with one key: statements, and then the memo.
    pub(crate) fn one(&self) -> TokenStream {
        let (region, name) = (self.region(), self.name());
        let arguments = self.function.kept().map(|argument| &argument.name);
        let memo = match (&self.options.key, &self.options.raw_key) {
            (_, Some(raw)) => own!(region.memo_raw(#raw)),
            (Some(key), None) => own!(region.memo(#name, &(#key))),
            (None, None) => own!(region.memo(#name, &(#(&#arguments,)*))),
        };
        own!(#region let memo = #memo;)
    }

    /// A call with a key for each of `elements`: statements, and then the memo.
    pub(crate) fn many(&self, elements: &Ident, element: &Type) -> TokenStream {
        let write = self.write(elements, element);
        own!(#write let memo = region.memo_many(#elements, write);)
    }

    /// What makes the key of an element.
    pub(crate) fn write(&self, elements: &Ident, element: &Type) -> TokenStream {
        let (region, name) = (self.region(), self.name());
        let write_name = own!(::dogpile::KeyPart::write_key(&#name, key););
        let arguments = self.function.kept().map(|argument| &argument.name);
        let parts = arguments.map(|name| match name == elements {
            true => own!(element),
            false => own!(&#name),
        });
        let made = |make: &syn::Expr| own!(::dogpile::memoize::made_of(#make, element));
        let body = match (&self.options.key, &self.options.raw_key) {
            (_, Some(raw)) => {
                let made = made(raw);
                own!(key.push(::core::convert::AsRef::<[u8]>::as_ref(&#made));)
            }
            (Some(make), None) => {
                let made = made(make);
                own!(#write_name ::dogpile::KeyPart::write_key(&#made, key);)
            }
            (None, None) => {
                own!(#write_name ::dogpile::KeyPart::write_key(&(#(#parts,)*), key);)
            }
        };
        own! {
            #region
            let write = |element: &#element, key: &mut ::dogpile::key::KeyBuffer| { #body };
        }
    }

    /// How long a value is fresh, where that is said.
    pub(crate) fn fresh_for(&self) -> TokenStream {
        match &self.options.fresh_for {
            Some(span) => own!(let memo = memo.fresh_for(#span);),
            None => TokenStream::new(),
        }
    }

    /// The memo with its judge, which has to live as long as the call.
    pub(crate) fn judged(&self) -> TokenStream {
        match &self.options.should_cache {
            Some(judge) => own!(memo.should_cache(&#judge)),
            None => own!(memo),
        }
    }

    /// The path of the function itself.
    pub(crate) fn original(&self) -> TokenStream {
        let (name, turbofish) = (self.function.name(), self.function.turbofish());
        if self.function.in_impl {
            let name = crate::companions::sibling(name, "original");
            return match self.function.receiver {
                Some(_) => quote!(self.#name #turbofish),
                None => quote!(Self::#name #turbofish),
            };
        }
        quote!(#name::original #turbofish)
    }
}
