//! What the compiler shows: the core has no unsafe code. Who ends a creation owns the wakers that it calls,
//! and reaches its waiters in no other way; what they read is their crowd's, through a handle that is
//! counted. So nothing is touched that is freed already.

use std::path::Path;

use dogpile_model_tests::proof::{Property, Tool, shown};

/// Every file of the core's source, by path.
fn sources(folder: &Path, into: &mut Vec<String>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) => panic!("{}: {cause}", folder.display()),
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(super::text(&path.to_string_lossy()));
        }
    }
}

/// The lines that are no comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim_start);
    lines.filter(|line| !line.starts_with("//"))
}

#[test]
fn no_waiter_is_touched_after_it_is_freed() {
    let library = super::text("core/src/lib.rs");
    assert!(
        code(&library).any(|line| line == "#![forbid(unsafe_code)]"),
        "the core forbids unsafe code, and no module can allow it again"
    );
    let mut files = Vec::new();
    sources(&super::root().join("core/src"), &mut files);
    // The one door to what waiters are told: a handle, which each of them has, and the room.
    let counted = |line: &&str| line.contains("Arc<Verdict<");
    let bare = |line: &&str| line.contains("&'") && line.contains("Verdict<");
    let lines = || files.iter().flat_map(|file| code(file));
    assert_eq!(
        lines().find(bare),
        None,
        "a verdict is lent beyond its handle"
    );
    shown(
        Property::NoFreedWaiterTouched,
        Tool::Compiler,
        "no unsafe code in the core: what waiters read is reached by counted handles",
        files.len(),
        lines().filter(counted).count(),
    );
}
