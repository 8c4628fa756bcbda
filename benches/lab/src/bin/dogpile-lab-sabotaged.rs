//! `cargo lab --sabotage`: the same laboratory around a dogpile that can hold faults. A binary of its own,
//! so that building it never replaces the sound one.

fn main() -> std::process::ExitCode {
    dogpile_lab::main()
}
