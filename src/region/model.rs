//! What a model of whole regions sees of one that users do not.

use super::Region;

impl<V: Clone + Send + Sync + 'static> Region<V> {
    /// How many flights are in the table, ended or not.
    #[doc(hidden)]
    pub fn flights(&self) -> usize {
        let active = self.active();
        active.map_or(0, |active| active.opened.flights.len())
    }
}
