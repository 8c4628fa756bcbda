//! The table of stages.
//!
//! Everything builds in one target folder with one set of flags, so that stages share what they
//! build. A stage that talks to servers adds its own [`Need`]; the laws are asked of one Redis in
//! every size, the suite on each kind of server in the full one.

mod builds;
mod fuzz;

use crate::interop;
use crate::packages::{Package, TESTED_TOGETHER};
use crate::stage::machine::Machine;
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
    let before = [
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
    ];
    let at_servers = at_servers(packages, rust_version, machine, target);
    let after = [
        (Size::Full, stage("proof", &[PYTHON], proof(size))),
        (Size::Nightly, stage("crashes", &[CC], run(CRASHES))),
        (
            Size::Nightly,
            stage("fuzz", &[CXX], fuzz::minutes(packages, host, target)),
        ),
    ];
    let at_servers = at_servers.map(|stage| (Size::Full, stage));
    let table = before.into_iter().chain(at_servers).chain(after);
    let wanted = table.filter(|(smallest, _)| *smallest <= size);
    wanted.map(|(_, stage)| stage).collect()
}

/// What waits for servers more than it works, and at its side what only builds: it takes no core from it.
fn at_servers(
    packages: &[Package],
    rust_version: &str,
    machine: &Machine,
    target: &str,
) -> [Stage; 8] {
    let has_fuzz = packages.iter().any(|package| package.folder == "fuzz");
    [
        stage("servers", FOR_SERVERS, servers(machine)).beside(),
        stage("features", &[], run(builds::features(packages))).behind(),
        interop::stage(target).beside(),
        stage("region lints", &[CLIPPY], builds::region_lints(target)).behind(),
        stage("docs", &[CC], builds::docs()).behind(),
        stage("msrv", &[CC], builds::msrv(rust_version, machine)).behind(),
        stage("deny", &[], builds::deny(machine)).behind(),
        stage("fuzz targets", &[], fuzz::targets(has_fuzz, target)).behind(),
    ]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(size: Size) -> Vec<&'static str> {
        let stages = stages(&[], "1.95", &Machine::sample("1.95.0", &[]), "target", size);
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
        let machine = Machine::sample("1.95.0", &[]);
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
}
