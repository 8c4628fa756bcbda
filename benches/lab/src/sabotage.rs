//! Faults built into dogpile on purpose, to see that the figures notice.
//!
//! They are compiled only with the feature `sabotage`: what users build cannot hold them. A laboratory built
//! without it builds itself anew with it, and hands the same arguments on.

use std::process::ExitCode;

use crate::error::LabError;

/// A fault of dogpile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Fault {
    /// A claim is won although another caller holds it.
    DoubleClaim,
    /// The winner of a claim does not look into the store again.
    NoRelook,
    /// Waiters are not woken.
    LoseWake,
}

impl Fault {
    /// Its name on the command line.
    pub(crate) fn name(self) -> Option<String> {
        let value = clap::ValueEnum::to_possible_value(&self)?;
        Some(value.get_name().to_owned())
    }
}

/// Arms the fault; gives nothing, for this program is the one to go on.
///
/// # Errors
/// Another fault is armed already.
#[cfg(feature = "sabotage")]
pub(crate) fn arm(fault: Fault) -> Result<Option<ExitCode>, LabError> {
    let fault = match fault {
        Fault::DoubleClaim => dogpile::sabotage::Fault::DoubleClaim,
        Fault::NoRelook => dogpile::sabotage::Fault::NoRelook,
        Fault::LoseWake => dogpile::sabotage::Fault::LoseWake,
    };
    let armed = dogpile::sabotage::arm(fault).map(|()| None);
    armed.map_err(|before| LabError::Contender {
        name: "dogpile",
        message: format!("it has the fault {before:?} already"),
    })
}

/// Builds and runs the laboratory that can hold the fault; gives its exit code.
///
/// # Errors
/// Cargo cannot be started.
#[cfg(not(feature = "sabotage"))]
pub(crate) fn arm(fault: Fault) -> Result<Option<ExitCode>, LabError> {
    use std::process::Command;

    eprintln!("{fault:?} is not in this build: building one with the feature `sabotage`");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--bin", "dogpile-lab-sabotaged"]);
    command.args(["--features", "sabotage", "--manifest-path"]);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let status = command.arg("--").args(std::env::args_os().skip(1)).status();
    let status = status.map_err(|source| LabError::Start {
        what: "cargo",
        source,
    })?;
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(2);
    Ok(Some(ExitCode::from(code)))
}
