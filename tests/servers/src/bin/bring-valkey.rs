//! Sees that Valkey is here, before tests that need it run, and says where.

use std::process::ExitCode;

use dogpile_test_servers::Flavour;

fn main() -> ExitCode {
    match Flavour::Valkey.bring() {
        Ok(path) => {
            println!("{}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
