//! Programs drawn at random and shrunk, against models that predict every answer.
//!
//! - [`regions`]: one thread on a region, against a plain map, two epochs and a clock.
//! - [`records`]: damaged records, against another reader of JSON.
//! - [`keys`]: many regions on one store, against one map for each.
//!
//! A program that failed once is kept beside its file, in `regions.proptest-regressions` and the
//! like, and runs first.

mod failing;
mod keys;
mod model;
mod records;
mod regions;

use dogpile_proof::{Size, size};
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};

/// A runner for the tests of `file` with as many cases as the size says.
fn runner(file: &'static str, short: u32) -> TestRunner {
    let times = match size() {
        Size::Short => 1,
        Size::Full => 5,
        Size::Nightly => 100,
    };
    TestRunner::new(Config {
        cases: short * times,
        source_file: Some(file),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource(
            "proptest-regressions",
        ))),
        ..Config::default()
    })
}
