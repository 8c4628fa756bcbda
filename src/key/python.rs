//! Keys as Python's dogpile.cache makes them, to share a cache with it.
//!
//! They are readable and not injective: in Python `f("a", "b")` and `f("a b")` have one key, and so
//! have `f(1)` and `f("1")`. Use them where the cache is shared with Python, nowhere else.
//!
//! ```
//! use dogpile::key::python;
//! // @region.cache_on_arguments("profile") on load_user in app/users.py
//! let key = python::function_key("app.users:load_user", Some("profile"), &[&42, &"ann"]);
//! assert_eq!(key, "app.users:load_user|profile|42 ann");
//! ```

use std::fmt::Write;

/// An argument as Python's `str` shows it.
///
/// ```
/// use dogpile::key::python::Argument;
/// let shown = |argument: &dyn Argument| {
///     let mut text = String::new();
///     argument.show(&mut text);
///     text
/// };
/// assert_eq!(shown(&true), "True");
/// assert_eq!(shown(&None::<u8>), "None");
/// assert_eq!(shown(&1e16), "1e+16");
/// ```
pub trait Argument {
    /// Appends what `str(argument)` is in Python.
    fn show(&self, text: &mut String);
}

/// The key of `function_key_generator`, Python's default: `module:function`, the namespace if there
/// is one, and the arguments in their order, without `self`.
///
/// For a function of many keys (`function_multi_key_generator`) each of its arguments is one key:
/// call this with one argument for each.
pub fn function_key(
    function: &str,
    namespace: Option<&str>,
    arguments: &[&dyn Argument],
) -> String {
    let mut key = String::from(function);
    if let Some(piece) = namespace {
        key.push('|');
        key.push_str(piece);
    }
    key.push('|');
    for (number, argument) in arguments.iter().enumerate() {
        if number > 0 {
            key.push(' ');
        }
        argument.show(&mut key);
    }
    key
}

/// The key of `kwarg_function_key_generator`: the values in the order of their arguments' names,
/// which are not part of it. Name every argument, those with a default among them.
///
/// ```
/// use dogpile::key::python::keyword_key;
/// let key = keyword_key("app:load", None, &[("user", &42), ("lang", &"en")]);
/// assert_eq!(key, "app:load|en 42");
/// ```
pub fn keyword_key(
    function: &str,
    namespace: Option<&str>,
    arguments: &[(&str, &dyn Argument)],
) -> String {
    let mut sorted = arguments.to_vec();
    // Python sorts names by code points, as UTF-8 does by bytes.
    sorted.sort_by_key(|(name, _)| *name);
    let values: Vec<_> = sorted.into_iter().map(|(_, value)| value).collect();
    function_key(function, namespace, &values)
}

macro_rules! shown_alike {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            fn show(&self, text: &mut String) {
                // A `String` takes whatever is written.
                let _ = write!(text, "{self}");
            }
        }
    )*};
}

shown_alike!(i8, i16, i32, i64, i128, isize);
shown_alike!(u8, u16, u32, u64, u128, usize);
shown_alike!(str, String, char);

impl Argument for bool {
    fn show(&self, text: &mut String) {
        text.push_str(if *self { "True" } else { "False" });
    }
}

impl<T: Argument> Argument for Option<T> {
    fn show(&self, text: &mut String) {
        match self {
            Some(value) => value.show(text),
            None => text.push_str("None"),
        }
    }
}

impl<T: Argument + ?Sized> Argument for &T {
    fn show(&self, text: &mut String) {
        (**self).show(text);
    }
}

/// The fewest digits that are read as the same number, as in Python.
impl Argument for f64 {
    fn show(&self, text: &mut String) {
        if !self.is_finite() {
            text.push_str(match (self.is_nan(), *self > 0.0) {
                (true, _) => "nan",
                (_, true) => "inf",
                (_, false) => "-inf",
            });
            return;
        }
        let scientific = format!("{self:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        // Where Python changes from one notation to the other.
        let _ = if (-4..16).contains(&exponent) {
            write!(text, "{self:?}")
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            write!(text, "{digits}e{sign}{:02}", exponent.unsigned_abs())
        };
    }
}
