//! The table of stages.
//!
//! Everything builds in one target folder with one set of flags, so that stages share what they
//! build. A stage that talks to servers adds its own [`Need`]; the laws are asked of one Redis in
//! every size, the suite on each kind of server in the full one.

mod fuzz;

use crate::interop;
use crate::packages::{Package, TESTED_TOGETHER};
use crate::stage::machine::{Machine, is_version};
use crate::stage::need::{CC, CLIPPY, CXX, MEMCACHED, Need, OPENSSL, PIP, PYTHON, REDIS, RUSTFMT};
use crate::stage::{Line, Stage, Work};
use crate::verify::rooms::document_tests;

/// How much to run; a stage runs in its own size and in every larger one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Size {
    /// The inner loop.
    Quick,
    /// What a change has to pass.
    Full,
    /// What takes long.
    Nightly,
}

/// These are rooms of the proof, which has a stage of its own.
const PROVED: &[&str] = &["dogpile-proptest", "dogpile-vectors"];

/// What brings the servers.
const SERVERS: &str = "dogpile-test-servers";

/// Whose tests start servers; the inner loop does without them.
const SERVED: &[&str] = &[
    SERVERS,
    "dogpile-memcached",
    "dogpile-memcached-tests",
    "dogpile-redis-tests",
    "dogpile-lab",
    "dogpile-peers",
    "dogpile-example-service",
];

/// It starts servers too.
const REDIS_BACKEND: &str = "dogpile-redis";

/// Its checks share a server of each kind, so they run in one process.
const REDIS_SUITE: &str = "redis_suite";

/// They wait for servers twice as long as they work: more of them at a time than there are cores.
const SIDE_BY_SIDE: &str = "--test-threads 4";

/// What the stage of servers needs.
const FOR_SERVERS: &[Need] = &[CC, REDIS, MEMCACHED, PYTHON, PIP, OPENSSL];

/// The stages of a size, in the order in which they run: what fails soonest comes first. `target`
/// is the folder that cargo builds in.
pub(super) fn stages(
    packages: &[Package],
    rust_version: &str,
    machine: &Machine,
    target: &str,
    size: Size,
) -> Vec<Stage> {
    let has_fuzz = packages.iter().any(|package| package.folder == "fuzz");
    let host = &machine.host;
    let table = [
        (Size::Quick, stage("fmt", &[RUSTFMT], run(fmt(has_fuzz)))),
        (Size::Quick, stage("tidy", &[], run([TIDY]))),
        (
            Size::Quick,
            stage("clippy", &[CLIPPY, CC], clippy(has_fuzz, target)),
        ),
        (Size::Quick, stage("tests", &[CC], tests(machine, size))),
        (
            Size::Quick,
            stage(
                "doc tests",
                &[CC],
                Work::Run(vec![Line::new(DOC_TESTS).words(TESTED_TOGETHER)]),
            ),
        ),
        (Size::Full, stage("servers", FOR_SERVERS, servers(machine))),
        (Size::Full, interop::stage(target)),
        (Size::Full, stage("proof", &[PYTHON], proof(size))),
        (
            Size::Full,
            stage(
                "region lints",
                &[CLIPPY],
                Work::Run(vec![region_lints(target)]),
            ),
        ),
        (Size::Full, stage("docs", &[CC], docs())),
        (Size::Full, stage("features", &[], run(features(packages)))),
        (
            Size::Full,
            stage("msrv", &[CC], msrv(rust_version, machine)),
        ),
        (Size::Full, stage("deny", &[], deny(machine))),
        (
            Size::Full,
            stage("fuzz targets", &[], fuzz::targets(has_fuzz, target)),
        ),
        (Size::Nightly, stage("crashes", &[CC], run(CRASHES))),
        (
            Size::Nightly,
            stage("fuzz", &[CXX], fuzz::minutes(packages, host, target)),
        ),
    ];
    let wanted = table.into_iter().filter(|(smallest, _)| *smallest <= size);
    wanted.map(|(_, stage)| stage).collect()
}

const TIDY: &str = "cargo run --quiet --package xtask -- tidy";

/// Processes killed while they write, at length; the laboratory's tests do so in short.
const CRASHES: [&str; 4] = [
    "cargo lab crash --backend file --rounds 200",
    "cargo lab crash --backend file --durability power-loss --rounds 50",
    "cargo lab crash --backend sled --rounds 200",
    "cargo lab crash --backend sled --durability every-write --rounds 200",
];

/// But for those of the models, which are built by their own stage.
const DOC_TESTS: &str = "cargo test --doc";

fn stage(name: &'static str, needs: &[Need], work: Work) -> Stage {
    Stage::new(name, work).needing(needs)
}

fn run<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> Work {
    Work::Run(
        lines
            .into_iter()
            .map(|line| Line::new(line.as_ref()))
            .collect(),
    )
}

fn fmt(has_fuzz: bool) -> Vec<&'static str> {
    let mut lines = vec![
        "cargo fmt --all --check",
        "cargo fmt --manifest-path model-tests/regions/Cargo.toml --check",
    ];
    if has_fuzz {
        lines.push("cargo fmt --manifest-path fuzz/Cargo.toml --check");
    }
    lines
}

fn clippy(has_fuzz: bool, target: &str) -> Work {
    let deny = |line: Line| line.and("--").and("-D").and("warnings");
    let mut lines = vec![deny(Line::new(
        "cargo clippy --workspace --all-targets --all-features",
    ))];
    if has_fuzz {
        let line = Line::new(&format!("cargo clippy --all-targets {}", fuzz::WORKSPACE));
        lines.push(deny(line.and(target)));
    }
    Work::Run(lines)
}

/// What is tested here, but for servers. What is drawn at random is drawn more often in the largest
/// size.
fn tests(machine: &Machine, size: Size) -> Work {
    let line = match size {
        Size::Full | Size::Nightly if machine.nextest => {
            let proved = any_of(PROVED.iter());
            nextest()
                .and("-E")
                .and(format!("not ({} | {proved})", served()))
        }
        Size::Quick | Size::Full | Size::Nightly => {
            let all = Line::new(&format!(
                "cargo {} --no-fail-fast {TESTED_TOGETHER} --lib --bins --tests --examples",
                runner(machine)
            ));
            let packages = SERVED.iter().chain([&REDIS_BACKEND]).chain(PROVED);
            packages.fold(all, |line, package| line.and("--exclude").and(*package))
        }
    };
    Work::Run(vec![match size {
        Size::Quick | Size::Full => line,
        Size::Nightly => line.with("PROPTEST_CASES", "10000"),
    }])
}

/// What talks to real servers. Valkey is fetched before the tests, so that a failure to do so is
/// told as such.
fn servers(machine: &Machine) -> Work {
    let bring = Line::new("cargo run --quiet --bin bring-valkey --package").and(SERVERS);
    if machine.nextest {
        let apart = format!("({}) & not binary({REDIS_SUITE})", served());
        let suite = Line::new("cargo test --no-fail-fast").words(TESTED_TOGETHER);
        return Work::Run(vec![
            bring,
            nextest().words(SIDE_BY_SIDE).and("-E").and(apart),
            suite.and("--test").and(REDIS_SUITE),
        ]);
    }
    let line = Line::new("cargo test --lib --bins --tests --no-fail-fast --all-features");
    let tests = SERVED
        .iter()
        .fold(line, |line, package| line.and("--package").and(*package));
    let suite = "cargo test --no-fail-fast --all-features --lib --tests --package";
    Work::Run(vec![bring, tests, Line::new(suite).and(REDIS_BACKEND)])
}

/// The same packages for every stage that has nextest choose among their tests, each of which runs
/// in its own process: cargo builds a crate anew wherever other packages ask other features of it.
fn nextest() -> Line {
    Line::new("cargo nextest run --no-fail-fast --lib --bins --tests --examples")
        .words(TESTED_TOGETHER)
}

/// How nextest is told of the packages that start servers.
fn served() -> String {
    any_of(SERVED.iter().chain([&REDIS_BACKEND]))
}

/// How nextest is told of any of `packages`.
fn any_of<'a>(packages: impl Iterator<Item = &'a &'static str>) -> String {
    let all: Vec<_> = packages
        .map(|package| format!("package({package})"))
        .collect();
    all.join(" | ")
}

fn runner(machine: &Machine) -> &'static str {
    if machine.nextest {
        "nextest run"
    } else {
        "test --lib --bins --tests"
    }
}

/// Every room of the proof, as far as every change has to go, or as far as they go.
fn proof(size: Size) -> Work {
    let how_far = match size {
        Size::Quick | Size::Full => "--short",
        Size::Nightly => "--nightly",
    };
    let rooms = Line::new("cargo run --quiet --package xtask -- verify").and(how_far);
    Work::Run(vec![rooms, document_tests()])
}

/// The models of whole regions, and the door to shuttle in `src`, which nothing else builds.
fn region_lints(target: &str) -> Line {
    Line::new("cargo clippy --locked --profile models --all-targets --manifest-path")
        .and("model-tests/regions/Cargo.toml")
        .and("--target-dir")
        .and(format!("{target}/regions"))
        .and("--")
        .and("-Dwarnings")
        .with("RUSTFLAGS", "--cfg dogpile_shuttle")
}

fn docs() -> Work {
    let line = Line::new("cargo doc --no-deps --workspace --all-features");
    Work::Run(vec![line.with("RUSTDOCFLAGS", "-Dwarnings")])
}

/// Each feature of each package by itself, and none at all.
fn features(packages: &[Package]) -> Vec<String> {
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
fn msrv(promised: &str, machine: &Machine) -> Work {
    if is_version(&machine.rustc, promised) {
        let rustc = &machine.rustc;
        return Work::Settled(format!("rustc {rustc} is it: the stages above tested it"));
    }
    match machine.toolchain(promised) {
        Some(name) => run([format!(
            "rustup run {name} cargo check --workspace --all-features"
        )]),
        None => Work::Skip(format!(
            "NOT TESTED that Rust {promised} builds this: rustc is {} and rustup has no {promised}; \
             `rustup toolchain install {promised}` brings it",
            machine.rustc
        )),
    }
}

fn deny(machine: &Machine) -> Work {
    if machine.deny {
        return run(["cargo deny --all-features check"]);
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

    fn machine(rustc: &str, toolchains: &[&str]) -> Machine {
        Machine {
            rustc: rustc.to_owned(),
            toolchains: toolchains.iter().map(|&name| name.to_owned()).collect(),
            nextest: false,
            deny: false,
            host: "x86_64-unknown-linux-gnu".to_owned(),
        }
    }

    fn names(size: Size) -> Vec<&'static str> {
        let stages = stages(&[], "1.95", &machine("1.95.0", &[]), "target", size);
        stages.into_iter().map(|stage| stage.name).collect()
    }

    #[test]
    fn each_size_holds_the_smaller_one() {
        let (quick, full, nightly) = (names(Size::Quick), names(Size::Full), names(Size::Nightly));
        assert!(full.starts_with(&quick) && full.len() > quick.len());
        assert!(full.contains(&"servers") && !quick.contains(&"servers"));
        assert!(nightly.starts_with(&full) && nightly.len() > full.len());
    }

    #[test]
    fn the_inner_loop_starts_no_servers() {
        let machine = machine("1.95.0", &[]);
        let quick = stages(&[], "1.95", &machine, "target", Size::Quick);
        assert!(quick.iter().all(|stage| !stage.needs.contains(&REDIS)));
        let tests = quick.iter().find(|stage| stage.name == "tests");
        let Some(Work::Run(lines)) = tests.map(|stage| &stage.work) else {
            panic!("the inner loop has tests");
        };
        for package in SERVED.iter().chain([&REDIS_BACKEND]) {
            let left_out = format!("--exclude {package}");
            assert!(lines[0].shown().contains(&left_out), "{package}");
        }
    }

    #[test]
    fn the_promised_rust_is_tested_or_its_absence_is_told() {
        assert!(matches!(
            msrv("1.95", &machine("1.95.1", &[])),
            Work::Settled(_)
        ));
        let Work::Run(lines) = msrv("1.95", &machine("1.97.0", &["1.95.0-x86_64"])) else {
            panic!("the toolchain is there");
        };
        assert!(
            lines[0]
                .shown()
                .starts_with("rustup run 1.95.0-x86_64 cargo check")
        );
        let Work::Skip(reason) = msrv("1.95", &machine("1.97.0", &["1.97.0-x"])) else {
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
