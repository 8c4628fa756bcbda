//! The worlds that are walked, with their pinned sizes.

#[path = "../walk/pins.rs"]
#[allow(dead_code)] // the walk asks for one by its name
mod pins;

use pins::PINS;

pub(crate) fn table() -> String {
    let mut rows = vec![
        "| world | states | transitions | longest way |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    let sizes = PINS
        .iter()
        .map(|(name, (states, edges, depth))| format!("| {name} | {states} | {edges} | {depth} |"));
    rows.extend(sizes);
    rows.join("\n") + "\n"
}
