//! Each arm of the flow going another way.

use dogpile_model_tests::mutant::{Detour, Mutant, Seen};

use crate::suspect::{Kind, Suspect, What};

/// Those that these doors lead to.
pub(crate) fn suspects(seen: &Seen) -> Vec<Suspect> {
    let suspect = |detour: &Detour| {
        let Detour { arm, instead } = *detour;
        let answer = arm
            .answer
            .map_or("as remembered".to_owned(), |answer| format!("{answer:?}"));
        let instead = instead.map_or("a misuse".to_owned(), |event| format!("as {event:?}"));
        let name = format!("{}, {:?}: {answer} -> {instead}", arm.state, arm.event);
        Suspect::new(Kind::Arm, &name, What::Mutant(Mutant::Arm(*detour)))
    };
    seen.arms.iter().map(suspect).collect()
}
