//! Fragments of [`MiniJinja`](minijinja) templates, cached through a region (feature `minijinja`).
//!
//! [`Fragments::add_to`] gives templates a function, `cached(key, timeout)`, for blocks that call: what stands in the
//! block is rendered by one caller at a time, and everybody else is given its text. `timeout` is in seconds, and
//! may be left out: then the region's own freshness counts. The program reaches the same fragments by their keys.
//!
//! ```
//! use dogpile::templates::Fragments;
//! use dogpile::{Config, Memory, Region};
//! use minijinja::{Environment, Value};
//!
//! let region = Region::new("fragments");
//! region.configure(Config::new(Memory::bounded(1_000)))?;
//! let fragments = Fragments::new(region);
//! let mut templates = Environment::new();
//! fragments.add_to(&mut templates);
//! templates.add_template("page.html", r#"{% call cached("greeting", 600) %}Hello {{ name }}{% endcall %}"#)?;
//!
//! let page = templates.get_template("page.html")?;
//! let render = |name| page.render(Value::from_pairs([("name", name)]));
//! assert_eq!(render("<Ann>")?, "Hello &lt;Ann&gt;");
//! assert_eq!(render("Bob")?, "Hello &lt;Ann&gt;", "of the cache");
//! fragments.invalidate("greeting")?;
//! assert_eq!(render("Bob")?, "Hello Bob");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - **Keys** are the program's: two templates that name the same key share a fragment, so whatever a fragment depends
//!   on belongs in its key: `cached("user:" ~ user.id)`. Text or a whole number, and these are never the same: the
//!   program reaches the fragment of `cached(1)` by `1`, and that of `cached("1")` by `"1"`.
//! - **Escaping**: a fragment is stored as it was escaped, and is not escaped again. What a template without escaping
//!   renders is another fragment than what one with HTML's renders under the same key, so neither gets into the other.
//! - **Errors** of a block are the template's, as if it were not cached, and are not stored. Where a fragment is only stale,
//!   that one is served instead, unless [`Config::stale_if_error`](crate::Config::stale_if_error) says otherwise.
//! - **Nesting**: a cached block may hold others under other keys. Its own key within itself is an error, not a hang.
//! - Rendering blocks its thread, and so does waiting for another who renders the same fragment.

mod function;
mod key;

use minijinja::Environment;

pub use key::FragmentKey;

use crate::{Error, Partial, Region};

/// The name by which templates call the function.
const NAME: &str = "cached";

/// Fragments of templates in a region of text, by their keys. A clone is the same fragments.
#[derive(Clone, Debug)]
pub struct Fragments {
    region: Region<String>,
}

/// How the text of a fragment was escaped; part of what it is stored under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Html,
    /// Not at all.
    Plain,
}

impl Form {
    const ALL: [Self; 2] = [Self::Html, Self::Plain];

    /// What a fragment of this form is stored under: of another form or another key, it is another.
    fn key(self, key: &FragmentKey<'_>) -> String {
        let form = match self {
            Self::Html => "html",
            Self::Plain => "plain",
        };
        // Up to the first colon stands what no key can say.
        match key.is_number() {
            false => format!("{form}:{key}"),
            true => format!("{form}-number:{key}"),
        }
    }
}

impl Fragments {
    /// Fragments in this region, which may be configured later. Nothing else should be in it: fragments are stored
    /// under their keys with `html:` or `plain:` before text, and `html-number:` or `plain-number:` before a number.
    pub fn new(region: Region<String>) -> Self {
        Self { region }
    }

    /// Gives the templates of `environment` the function `cached`, in place of whatever has that name.
    pub fn add_to(&self, environment: &mut Environment<'_>) {
        environment.add_global(NAME, function::function(self.region.clone()));
    }

    /// The fresh HTML of a fragment, if it is there. Never renders, and never waits for somebody who does.
    ///
    /// ```
    /// # use dogpile::{templates::Fragments, Config, Memory, Region};
    /// # let region = Region::new("fragments");
    /// # region.configure(Config::new(Memory::unbounded()))?;
    /// let fragments = Fragments::new(region);
    /// assert_eq!(fragments.get("menu")?, None);
    /// fragments.set("menu", "<ul></ul>")?;
    /// assert_eq!(fragments.get("menu")?.as_deref(), Some("<ul></ul>"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Region::get`].
    pub fn get<'k>(&self, key: impl Into<FragmentKey<'k>>) -> Result<Option<String>, Error> {
        self.region.get(Form::Html.key(&key.into()))
    }

    /// The HTML of a fragment, made by `creator` if need be: what a cached block does, for HTML that does not come
    /// from one. It is put into pages as it is, so `creator` has to escape what it was given.
    ///
    /// ```
    /// # use dogpile::{templates::Fragments, Config, Memory, Region};
    /// # let region = Region::new("fragments");
    /// # region.configure(Config::new(Memory::unbounded()))?;
    /// let fragments = Fragments::new(region);
    /// assert_eq!(fragments.get_or_create("menu", || "<ul></ul>".into())?, "<ul></ul>");
    /// assert_eq!(fragments.get_or_create("menu", || unreachable!("it is there"))?, "<ul></ul>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`Region::get_or_create`].
    ///
    /// # Panics
    /// When `creator` does.
    pub fn get_or_create<'k>(
        &self,
        key: impl Into<FragmentKey<'k>>,
        creator: impl FnOnce() -> String,
    ) -> Result<String, Error> {
        self.region
            .get_or_create(Form::Html.key(&key.into()), creator)
    }

    /// Stores this HTML as the fragment; it is put into pages as it is.
    ///
    /// # Errors
    /// As [`Region::set`].
    pub fn set<'k>(
        &self,
        key: impl Into<FragmentKey<'k>>,
        html: impl Into<String>,
    ) -> Result<(), Error> {
        self.region.set(Form::Html.key(&key.into()), html.into())
    }

    /// Removes a fragment, however it was escaped: whoever renders its block next, renders it anew.
    ///
    /// # Errors
    /// As [`Region::delete_many`]: what is left of the fragment may still be served.
    pub fn invalidate<'k>(&self, key: impl Into<FragmentKey<'k>>) -> Result<(), Partial<()>> {
        let key = key.into();
        self.region
            .delete_many(&Form::ALL.map(|form| form.key(&key)))
    }
}
