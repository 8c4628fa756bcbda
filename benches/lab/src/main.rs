//! `cargo lab`; see the library.

fn main() -> std::process::ExitCode {
    dogpile_lab::main()
}
