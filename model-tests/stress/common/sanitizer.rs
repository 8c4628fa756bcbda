//! Whether a sanitizer watches, and whether it bites.

use std::hint::black_box;
use std::process::Command;
use std::sync::OnceLock;

use dogpile_proof::Tool;

/// The variable by which whoever built with a sanitizer says so.
const SANITIZER: &str = "DOGPILE_SANITIZER";
/// The variable that asks a process to misbehave.
const MISBEHAVE: &str = "DOGPILE_MISBEHAVE";

/// The sanitizer as a tool, if one watches this process. It is believed when it was seen to find a
/// use after free and a leak, each in a process that was sent there.
///
/// # Panics
/// When one is said to watch and finds nothing.
pub(crate) fn tool() -> Option<Tool> {
    static BITES: OnceLock<bool> = OnceLock::new();
    let bites = BITES.get_or_init(|| {
        let said = std::env::var(SANITIZER).unwrap_or_default();
        if said != "address" {
            println!("NOT TESTED: memory by AddressSanitizer; {SANITIZER} does not name it");
            return false;
        }
        for (fault, finding) in [
            ("use after free", "AddressSanitizer: heap-use-after-free"),
            ("leak", "LeakSanitizer: detected memory leaks"),
        ] {
            let told = misbehaving(fault);
            assert!(
                told.contains(finding),
                "no sanitizer found the {fault}:\n{told}"
            );
        }
        true
    });
    bites.then_some(Tool::Sanitizer)
}

/// What a process like this one says when it does `fault`.
fn misbehaving(fault: &str) -> String {
    let program = std::env::current_exe().expect("a process knows its program");
    let output = Command::new(program)
        .args(["--exact", "the_sanitizer_bites", "--nocapture"])
        .env(MISBEHAVE, fault)
        .output()
        .expect("it can be started again");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// To be called by the test `the_sanitizer_bites`, which is what a misbehaving process runs.
pub(crate) fn bites() {
    match std::env::var(MISBEHAVE).as_deref() {
        Ok("use after free") => {
            let value = Box::into_raw(Box::new(1_u64));
            // SAFETY: the box came from here; that it is read afterwards is the point of this.
            let read = unsafe {
                drop(Box::from_raw(value));
                value.read_volatile()
            };
            println!("{read}");
        }
        Ok("leak") => (0..100_u64).for_each(|number| std::mem::forget(black_box(Box::new(number)))),
        _ => drop(tool()),
    }
}
