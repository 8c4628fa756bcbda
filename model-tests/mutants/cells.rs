//! Each cell of the transition table with another word in it.

use dogpile_model_tests::mutant::{Misprint, Mutant, Seen, TableCell, Twist};

use crate::suspect::{Kind, Suspect, What};

/// Those that these doors lead to.
pub(crate) fn suspects(seen: &Seen) -> Vec<Suspect> {
    let suspect = |misprint: &Misprint| {
        let Misprint { cell, twist } = *misprint;
        let name = format!("{} -> {}", place(cell), said(twist));
        Suspect::new(Kind::Cell, &name, What::Mutant(Mutant::Cell(*misprint)))
    };
    seen.cells.iter().map(suspect).collect()
}

fn place(cell: TableCell) -> String {
    let mark = if cell.stale { ", stale" } else { "" };
    let by = if cell.current { "" } else { ", superseded" };
    format!("{} on {}{mark}{by}", cell.request, cell.phase)
}

fn said(twist: Twist) -> String {
    match twist {
        Twist::Refused => "refused".to_owned(),
        Twist::Joined => "joined".to_owned(),
        Twist::Changed => "changed".to_owned(),
        Twist::Stays => "done, but the word stays".to_owned(),
        Twist::Anyway => "done all the same".to_owned(),
        Twist::Phase(phase) => format!("to {phase}"),
        Twist::OtherMark => "the other mark".to_owned(),
        Twist::OtherNumber => "the other number".to_owned(),
    }
}
