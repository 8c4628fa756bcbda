//! What a function of many elements answers with.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

/// The answer of a function of many elements: a value for each of them in their order (`Vec`), or by
/// their names, where one that is left out has none (`HashMap`, `BTreeMap`).
pub trait Shape<T, V>: Sized {
    /// The values for `elements`, in their order, none for one that was left out. A `Vec` gives all
    /// it has, however many that are.
    fn into_values(self, elements: &[T]) -> Vec<Option<V>>;

    /// The answer that has these values.
    fn of_values(elements: &[T], values: Vec<Option<V>>) -> Self;
}

impl<T, V> Shape<T, V> for Vec<V> {
    fn into_values(self, _elements: &[T]) -> Vec<Option<V>> {
        self.into_iter().map(Some).collect()
    }

    fn of_values(_elements: &[T], values: Vec<Option<V>>) -> Self {
        values.into_iter().flatten().collect()
    }
}

impl<T: Eq + Hash + Clone, V: Clone, S: BuildHasher + Default> Shape<T, V> for HashMap<T, V, S> {
    fn into_values(self, elements: &[T]) -> Vec<Option<V>> {
        let values = elements.iter().map(|element| self.get(element).cloned());
        values.collect()
    }

    fn of_values(elements: &[T], values: Vec<Option<V>>) -> Self {
        named(elements, values).collect()
    }
}

impl<T: Ord + Clone, V: Clone> Shape<T, V> for BTreeMap<T, V> {
    fn into_values(self, elements: &[T]) -> Vec<Option<V>> {
        let values = elements.iter().map(|element| self.get(element).cloned());
        values.collect()
    }

    fn of_values(elements: &[T], values: Vec<Option<V>>) -> Self {
        named(elements, values).collect()
    }
}

fn named<T: Clone, V>(
    elements: &[T],
    values: Vec<Option<V>>,
) -> impl Iterator<Item = (T, V)> + use<'_, T, V> {
    let named = elements.iter().cloned().zip(values);
    named.filter_map(|(element, value)| Some((element, value?)))
}
