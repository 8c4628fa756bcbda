//! What the suite found.

use std::fmt;

/// How the checks talk to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// A thread waits for every reply.
    Waiting,
    /// A task awaits every reply.
    Awaiting,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Awaiting => "awaiting",
        })
    }
}

/// A promise that the store broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The check's name.
    pub check: &'static str,
    /// How it talked to the store.
    pub form: Form,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.check, self.form, self.what)
    }
}

/// What came of the checks that were run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a report says what failed only when it is read"]
pub struct Report {
    passed: usize,
    failures: Vec<Failure>,
}

impl Report {
    pub(super) fn add(&mut self, check: &'static str, form: Form, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(what) => self.failures.push(Failure { check, form, what }),
        }
    }

    /// How often a check was passed; each counts once for either form.
    pub const fn passed(&self) -> usize {
        self.passed
    }

    /// What failed.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Whether the check of this name failed in any form.
    pub fn has_failed(&self, check: &str) -> bool {
        self.failures.iter().any(|failure| failure.check == check)
    }

    /// Ends the test here unless everything was passed.
    ///
    /// # Panics
    /// When something failed, naming all of it.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.failures.is_empty(), "{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.failures.len();
        write!(f, "{} passed, {failed} failed", self.passed)?;
        for failure in &self.failures {
            write!(f, "\n  {failure}")?;
        }
        Ok(())
    }
}
