//! Who else uses the same keys of a server.

/// With whom values and leases are shared, in a store that other programs can reach.
///
/// Each store that can share says in its settings what `Python` means there, and what nobody can see then. A
/// store has to decide on every one of these, so the list is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compatibility {
    /// With processes that use this project's crates. All that the laws promise holds among them.
    #[default]
    Native,
    /// Also with Python's dogpile.cache 1.5, with a distributed lock and a JSON serializer, so that a
    /// fleet can move service by service. `JsonCodec` is the codec to use.
    Python,
}
