//! The value of all programs.

use crate::dice::Dice;
use crate::history::Call;

/// A value that shows whether it was published whole: every part follows from the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    by: Call,
    is_declined: bool,
    parts: [u64; 6],
}

impl Whole {
    pub(crate) fn new(by: Call, is_declined: bool) -> Self {
        Self {
            by,
            is_declined,
            parts: Self::parts(by),
        }
    }

    fn parts(by: Call) -> [u64; 6] {
        let mut dice = Dice::new(by.into());
        std::array::from_fn(|_| dice.next())
    }

    pub(crate) const fn is_declined(&self) -> bool {
        self.is_declined
    }

    /// Whose value this is.
    pub(crate) fn read(&self) -> Call {
        assert_eq!(
            self.parts,
            Self::parts(self.by),
            "a torn value of #{}",
            self.by
        );
        self.by
    }
}
