//! The stress tests under `AddressSanitizer`, which also looks for leaks.

use crate::stage::Line;
use crate::stage::machine::Machine;

/// Real threads over regions and single values, with each access to memory checked. Only nightly
/// compilers have sanitizers. The flags differ, so it builds in a folder of its own; naming the
/// target keeps them off what runs during the build.
///
/// The threads are not checked for races: the sanitizer for that takes the standard library, which
/// is not built with it, for a culprit.
pub(super) fn stress(machine: &Machine, target: &str) -> Result<Line, String> {
    let mut names = machine.toolchains.iter();
    let Some(nightly) = names.find(|name| name.starts_with("nightly")) else {
        return Err(
            "NOT TESTED: memory under AddressSanitizer, and leaks; `rustup toolchain install \
             nightly` brings the compiler"
                .to_owned(),
        );
    };
    let line = Line::new(&format!(
        "rustup run {nightly} cargo test --profile models -p dogpile-stress \
         --test stress-region --test stress-single --target {}",
        machine.host
    ));
    let line = line
        .and("--target-dir")
        .and(format!("{target}/sanitizer"))
        .and("--")
        .and("--nocapture")
        .with("RUSTFLAGS", "-Zsanitizer=address")
        .with("DOGPILE_SANITIZER", "address");
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(toolchains: &[&str]) -> Machine {
        Machine {
            rustc: "1.95.0".to_owned(),
            toolchains: toolchains.iter().map(|&name| name.to_owned()).collect(),
            nextest: false,
            deny: false,
            host: "host".to_owned(),
        }
    }

    #[test]
    fn memory_is_checked_or_it_is_told_that_it_was_not() {
        let Ok(line) = stress(&machine(&["stable-x", "nightly-x"]), "target") else {
            panic!("the toolchain is there");
        };
        let shown = line.shown();
        assert!(shown.contains("RUSTFLAGS=-Zsanitizer=address"), "{shown}");
        assert!(shown.contains("rustup run nightly-x cargo test"), "{shown}");
        let Err(reason) = stress(&machine(&["stable-x"]), "target") else {
            panic!("nothing to test it with");
        };
        assert!(reason.starts_with("NOT TESTED: memory"), "{reason}");
    }
}
