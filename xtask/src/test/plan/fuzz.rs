//! The fuzz targets: that they build and hold on their seeds, and a minute of each.

use crate::packages::Package;
use crate::stage::{Line, Work};

/// The fuzz targets' own workspace, without the runtime, in the folder named next.
pub(super) const WORKSPACE: &str =
    "--manifest-path fuzz/Cargo.toml --no-default-features --target-dir";

/// That the targets build and the properties hold on the seeds and the inputs worth remembering:
/// without the fuzzer's runtime, which wants a C++ compiler.
pub(super) fn targets(has_fuzz: bool, target: &str) -> Work {
    if !has_fuzz {
        return Work::Skip("there are no fuzz targets".to_owned());
    }
    let lines =
        ["check --bins", "test --lib"].map(|what| Line::new(&format!("cargo {what} {WORKSPACE}")));
    Work::Run(lines.into_iter().map(|line| line.and(target)).collect())
}

/// What cargo-fuzz would set, but for the sanitizer, which only nightly compilers have.
const INSTRUMENTED: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 \
    -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// A minute of each target. The flags differ, so it builds in a folder of its own; naming the
/// target keeps the flags off what runs during the build.
pub(super) fn minutes(packages: &[Package], host: &str, target: &str) -> Work {
    let bins = packages
        .iter()
        .filter(|package| package.folder == "fuzz")
        .filter_map(|package| package.manifest.get("bin")?.as_array())
        .flatten()
        .filter_map(|bin| bin.get("name")?.as_str());
    Work::Run(bins.flat_map(|name| minute(name, host, target)).collect())
}

/// From the seeds; what it finds beside them goes into the folder that is named first.
fn minute(name: &str, host: &str, target: &str) -> [Line; 2] {
    let corpus = format!("{target}/fuzz/corpus/{name}");
    let run = Line::new(&format!(
        "cargo run --release --manifest-path fuzz/Cargo.toml --target {host}"
    ));
    let run = run
        .and("--target-dir")
        .and(format!("{target}/fuzz"))
        .and("--bin")
        .and(name)
        .and("--")
        .and(corpus.clone())
        .and(format!("fuzz/seeds/{name}"))
        .and("-max_total_time=60")
        .with("RUSTFLAGS", INSTRUMENTED);
    [Line::new("mkdir -p").and(corpus), run]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_starts_from_its_seeds_and_keeps_them_as_they_are() {
        let [folder, run] = minute("keys", "host", "target");
        assert_eq!(folder.shown(), "mkdir -p target/fuzz/corpus/keys");
        let wanted = "--bin keys -- target/fuzz/corpus/keys fuzz/seeds/keys -max_total_time=60";
        assert!(run.shown().ends_with(wanted), "{}", run.shown());
    }
}
