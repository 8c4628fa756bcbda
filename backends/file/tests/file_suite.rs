//! The suite that every store passes, on real files.

use dogpile_backend::Payload;
use dogpile_file::{Durability, File, FileSettings};

/// One folder for all checks of this process, as one that many regions share. What is left of it is
/// small, and the system's to clean up.
fn open() -> File {
    static FOLDER: std::sync::LazyLock<tempfile::TempDir> =
        std::sync::LazyLock::new(|| tempfile::tempdir().expect("a folder"));
    File::open(FOLDER.path()).expect("the store opens")
}

mod file {
    use super::*;

    dogpile_backend::conformance_tests!(Payload, open);
}

/// Where each write waits for the disk.
mod durable {
    use super::*;

    fn open() -> File {
        static FOLDER: std::sync::LazyLock<tempfile::TempDir> =
            std::sync::LazyLock::new(|| tempfile::tempdir().expect("a folder"));
        let settings = FileSettings::path(FOLDER.path()).durability(Durability::PowerLoss);
        settings.open().expect("the store opens")
    }
    dogpile_backend::conformance_tests!(Payload, open);
}
