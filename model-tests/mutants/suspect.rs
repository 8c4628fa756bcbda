//! A mutant with its kind and its name.

use dogpile_model_tests::mutant::Mutant;

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A memory ordering.
    Ordering,
    /// A wake-up.
    Fault,
    /// A cell of the transition table.
    Cell,
    /// An arm of the flow.
    Arm,
    /// An invariant of a model.
    Invariant,
    /// A rule of a modelled world.
    Rule,
    /// A store, for the conformance suite.
    Store,
    /// A check of the conformance suite.
    Check,
}

impl Kind {
    pub(crate) const ALL: [Self; 8] = [
        Self::Ordering,
        Self::Fault,
        Self::Cell,
        Self::Arm,
        Self::Invariant,
        Self::Rule,
        Self::Store,
        Self::Check,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ordering => "ordering",
            Self::Fault => "fault",
            Self::Cell => "cell",
            Self::Arm => "arm",
            Self::Invariant => "invariant",
            Self::Rule => "rule",
            Self::Store => "store",
            Self::Check => "check",
        }
    }
}

/// What is put to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// This mutant, before the models that pass its door.
    Mutant(Mutant),
    /// The faulty store of this number in the suite's table, or the one beside it.
    Store(usize),
    /// The suite's check of this name: some faulty store has to need it.
    Check(&'static str),
}

/// A mutant that has to die.
#[derive(Clone, Debug)]
pub(crate) struct Suspect {
    pub(crate) kind: Kind,
    /// Its name in lists and in `equivalent.txt`, the kind first.
    pub(crate) name: String,
    pub(crate) what: What,
}

impl Suspect {
    pub(crate) fn new(kind: Kind, name: &str, what: What) -> Self {
        let name = format!("{}: {name}", kind.name());
        Self { kind, name, what }
    }
}
