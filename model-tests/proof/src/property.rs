//! What is to be shown: the twenty properties, by number and name. Nothing here depends on
//! anything, so that `cargo xtask verify` reads this very file.

macro_rules! properties {
    ($($variant:ident, $number:literal, $name:literal, $sentence:literal;)*) => {
        /// One property of the lock, its waiters and its leases.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Property {
            $(#[doc = $sentence] $variant = $number,)*
        }

        impl Property {
            /// All of them, by number.
            pub const ALL: [Self; 20] = [$(Self::$variant),*];

            /// Its number, from 1 to 20.
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// Its name in records and tables.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it says.
            pub const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$variant => $sentence,)*
                }
            }
        }
    };
}

properties! {
    OneCreator, 1, "one-creator",
        "At any time at most one live creator works on the next version.";
    WholeValues, 2, "whole-values",
        "A value that is read was fully published before.";
    CreatorsInOrder, 3, "creators-in-order",
        "A creator sees all that the creator before it did.";
    VersionsNeverGoBack, 4, "versions-never-go-back",
        "Who has seen a version never sees an older one, and what was deleted stays so.";
    SupersededNeverPublishes, 5, "superseded-never-publishes",
        "A creator that was superseded never publishes its value.";
    StaleOnlyWhereAllowed, 6, "stale-only-where-allowed",
        "A stale value is served only where policy allows it.";
    NoFreedWaiterTouched, 7, "no-freed-waiter-touched",
        "No waiter is touched after it has been freed.";
    OneOutcomePerWaiter, 8, "one-outcome-per-waiter",
        "Each waiter gets exactly one outcome.";
    ValuesDroppedOnce, 9, "values-dropped-once",
        "Each value is dropped exactly once, and never while it is read.";
    NeverLeftBusy, 10, "never-left-busy",
        "No failure, panic or cancellation leaves the word busy.";
    NoLostWakeUp, 11, "no-lost-wake-up",
        "Nobody sleeps through what it waits for.";
    FailureReachesWaiters, 12, "failure-reaches-waiters",
        "When a creator fails, each waiter gets the error or a new election.";
    CancelledWakePassedOn, 13, "cancelled-wake-passed-on",
        "A waiter that goes away passes on what it was given.";
    InvalidationTerminates, 14, "invalidation-terminates",
        "However often a creation is invalidated, calls end, after two creations that began at most.";
    OldValueNeverBlocks, 15, "old-value-never-blocks",
        "Who may use the old value takes a bounded number of steps and never waits.";
    TokensNeverRepeat, 16, "tokens-never-repeat",
        "The tokens of leases and claims never repeat.";
    VoidLeaseNeverCommits, 17, "void-lease-never-commits",
        "The store rejects a commit whose lease is void.";
    OnlyTheOwnersLease, 18, "only-the-owners-lease",
        "Release and renewal touch only the lease of who asks.";
    CrashedLeaseReturns, 19, "crashed-lease-returns",
        "After a crash the lease can be had again within its time.";
    BadRepliesBreakNothing, 20, "bad-replies-break-nothing",
        "Lost, doubled and late replies and paused clients break none of the rules of leases.";
}

/// What shows a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tool {
    /// What it refuses to build.
    Compiler,
    /// Every execution that the memory model permits, within a bound.
    Loom,
    /// Schedules drawn at random or enumerated, sequentially consistent.
    Shuttle,
    /// Loom's outcomes compared with shuttle's.
    Oracle,
    /// Every state of the production flow over a modelled store.
    Walk,
    /// A search for cycles that are fair and make no progress, over the walk's graph.
    Liveness,
    /// Recorded runs compared with the sequential specification.
    Histories,
    /// Programs drawn at random and shrunk.
    Proptest,
    /// Vectors that any port replays.
    Vectors,
    /// Inputs that grow with the coverage they bring.
    Fuzz,
    /// Real threads over values that check and count themselves.
    Stress,
    /// The same under a sanitizer.
    Sanitizer,
}

impl Tool {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Compiler,
        Self::Loom,
        Self::Shuttle,
        Self::Oracle,
        Self::Walk,
        Self::Liveness,
        Self::Histories,
        Self::Proptest,
        Self::Vectors,
        Self::Fuzz,
        Self::Stress,
        Self::Sanitizer,
    ];

    /// Its name in records and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compiler => "compiler",
            Self::Loom => "loom",
            Self::Shuttle => "shuttle",
            Self::Oracle => "oracle",
            Self::Walk => "walk",
            Self::Liveness => "liveness",
            Self::Histories => "histories",
            Self::Proptest => "proptest",
            Self::Vectors => "vectors",
            Self::Fuzz => "fuzz",
            Self::Stress => "stress",
            Self::Sanitizer => "sanitizer",
        }
    }
}
