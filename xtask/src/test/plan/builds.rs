//! What is built, or looked at, and not run.

use crate::packages::Package;
use crate::stage::machine::{Machine, is_version};
use crate::stage::{Line, Work};

/// The models of whole regions, and the door to shuttle in `src`, which nothing else builds.
pub(super) fn region_lints(target: &str) -> Work {
    let line = Line::new("cargo clippy --locked --profile models --all-targets --manifest-path")
        .and("model-tests/regions/Cargo.toml")
        .and("--target-dir")
        .and(format!("{target}/regions"))
        .and("--")
        .and("-Dwarnings")
        .with("RUSTFLAGS", "--cfg dogpile_shuttle");
    Work::Run(vec![line])
}

pub(super) fn docs() -> Work {
    let line = Line::new("cargo doc --no-deps --workspace --all-features");
    Work::Run(vec![line.with("RUSTDOCFLAGS", "-Dwarnings")])
}

/// Each feature of each package by itself, and none at all.
pub(super) fn features(packages: &[Package]) -> Vec<String> {
    let mut lines = Vec::new();
    for package in packages
        .iter()
        .filter(|package| package.in_main_workspace())
    {
        if package.features.is_empty() {
            continue;
        }
        let bare = format!("cargo check -p {} --no-default-features", package.name);
        lines.push(bare.clone());
        let alone = package
            .features
            .iter()
            .map(|name| format!("{bare} --features {name}"));
        lines.extend(alone);
    }
    lines
}

/// The oldest Rust that the manifest promises.
pub(super) fn msrv(promised: &str, machine: &Machine) -> Work {
    if is_version(&machine.rustc, promised) {
        let rustc = &machine.rustc;
        return Work::Settled(format!("rustc {rustc} is it: the stages above tested it"));
    }
    match machine.toolchain(promised) {
        Some(name) => {
            let line = format!("rustup run {name} cargo check --workspace --all-features");
            Work::Run(vec![Line::new(&line)])
        }
        None => Work::Skip(format!(
            "NOT TESTED that Rust {promised} builds this: rustc is {} and rustup has no {promised}; \
             `rustup toolchain install {promised}` brings it",
            machine.rustc
        )),
    }
}

pub(super) fn deny(machine: &Machine) -> Work {
    if machine.deny {
        return Work::Run(vec![Line::new("cargo deny --all-features check")]);
    }
    let reason = "NOT TESTED: licences, advisories, bans, sources; `cargo install cargo-deny` \
                  brings the tool";
    Work::Skip(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::packages;
    use crate::tree::Tree;

    #[test]
    fn the_promised_rust_is_tested_or_its_absence_is_told() {
        assert!(matches!(
            msrv("1.95", &Machine::sample("1.95.1", &[])),
            Work::Settled(_)
        ));
        let Work::Run(lines) = msrv("1.95", &Machine::sample("1.97.0", &["1.95.0-x86_64"])) else {
            panic!("the toolchain is there");
        };
        assert!(
            lines[0]
                .shown()
                .starts_with("rustup run 1.95.0-x86_64 cargo check")
        );
        let Work::Skip(reason) = msrv("1.95", &Machine::sample("1.97.0", &["1.97.0-x"])) else {
            panic!("nothing to test it with");
        };
        assert!(reason.starts_with("NOT TESTED that Rust 1.95"), "{reason}");
    }

    #[test]
    fn each_feature_is_built_alone_and_so_is_none() {
        let tree = Tree::sample(&[
            (
                "Cargo.toml",
                "[package]\nname = \"a\"\n[features]\ndefault = [\"x\"]\nx = []\ny = []\n",
            ),
            ("b/Cargo.toml", "[package]\nname = \"b\"\n"),
        ]);
        let lines = features(&packages(&tree).expect("the manifests parse"));
        let bare = "cargo check -p a --no-default-features";
        assert_eq!(
            lines,
            [
                bare.to_owned(),
                format!("{bare} --features x"),
                format!("{bare} --features y")
            ]
        );
    }
}
