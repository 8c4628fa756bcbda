//! The twenty properties, with the models that show them and their pinned executions.

use std::collections::BTreeMap;
use std::path::Path;

use dogpile_model_tests::pins::{Pins, pins};
use dogpile_model_tests::proof::Property;

use crate::{root, text};

/// The rooms of single scenes.
const SCENES: [&str; 4] = ["word.rs", "slot.rs", "waiters.rs", "value_cell.rs"];

/// The executions of a scene, by how far they go: both kits together.
fn executions(pins: &Pins, is_it: impl Fn(&str) -> bool) -> String {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for ((name, reach), count) in pins {
        if is_it(name.strip_suffix(", stale reads").unwrap_or(name)) {
            *sums
                .entry(reach.split(' ').next().unwrap_or(reach))
                .or_default() += count;
        }
    }
    let sums = sums.iter().map(|(reach, sum)| match *reach {
        "unbounded" => sum.to_string(),
        bound => format!("{sum} at {bound}"),
    });
    let mut sums: Vec<_> = sums.collect();
    sums.reverse();
    sums.join(", ")
}

/// The scenes in whose tests a property is shown, each with its executions.
fn scenes(pins: &Pins, property: Property) -> Vec<String> {
    let mut shown = Vec::new();
    for room in SCENES {
        let source = text(&format!("model-tests/loom/{room}"));
        for test in source.split("#[test]").skip(1) {
            if !test.contains(&format!(".shows({property:?}, ")) {
                continue;
            }
            let quoted = test.split('"').skip(1).step_by(2);
            let is_scene = |text: &&str| pins.keys().any(|(name, _)| name == text);
            for scene in quoted.filter(is_scene) {
                let counts = executions(pins, |name| name == scene);
                shown.push(format!("{scene} ({counts})"));
            }
        }
    }
    shown
}

/// The rooms of many programs: the name that a program's name begins with, and what they are.
const MANY: [(&str, &str, &str); 2] = [
    (
        "pairs",
        "pairs from ",
        "each of the operations with each other, from each start",
    ),
    (
        "flights",
        "flight [",
        "each errand for one key with each other",
    ),
];

pub(crate) fn many() -> String {
    let pins = pins();
    let mut rows = vec![
        "| | programs | executions |".to_owned(),
        "|---|---|---|".to_owned(),
    ];
    for (room, prefix, what) in MANY {
        let counts = executions(&pins, |name| name.starts_with(prefix));
        rows.push(format!("| **{room}** | {what} | {counts} |"));
    }
    rows.join("\n") + "\n"
}

/// The rooms of many programs in which a property is shown.
fn of_many(property: Property) -> Vec<String> {
    let rooms = MANY.into_iter().filter(|(room, ..)| {
        let source = text(&format!("model-tests/loom/{room}.rs"));
        source.contains(&format!("Property::{property:?},"))
    });
    rooms.map(|(room, ..)| format!("**{room}**")).collect()
}

/// The other rooms that ask for a property.
fn elsewhere(property: Property) -> String {
    let Ok(rooms) = std::fs::read_dir(root().join("model-tests")) else {
        panic!("the rooms are folders of model-tests");
    };
    let rooms = rooms.flatten().filter(|room| room.path().is_dir());
    let mut found: Vec<_> = rooms
        .filter_map(|room| room.file_name().into_string().ok())
        .filter(|room| !["loom", "src", "protocol", "proof"].contains(&room.as_str()))
        .filter(|room| names(&root().join("model-tests").join(room), property))
        .collect();
    found.sort();
    found.join(", ")
}

/// Whether some file under `path` says that it shows `property`.
fn names(path: &Path, property: Property) -> bool {
    let Ok(files) = std::fs::read_dir(path) else {
        return false;
    };
    files.flatten().map(|file| file.path()).any(|file| {
        let source = std::fs::read_to_string(&file).unwrap_or_default();
        let words = |c: char| !c.is_alphanumeric();
        let named = source
            .split(words)
            .any(|word| word == format!("{property:?}"));
        file.is_dir() && names(&file, property) || named && source.contains("shown")
    })
}

pub(crate) fn table() -> String {
    let pins = pins();
    let mut rows = vec![
        "| | property | loom's models and their executions | other rooms |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for property in Property::ALL {
        let mut models = of_many(property);
        models.extend(scenes(&pins, property));
        rows.push(format!(
            "| {} | **{}**: {} | {} | {} |",
            property.number(),
            property.name(),
            property.sentence(),
            models.join(", "),
            elsewhere(property),
        ));
    }
    rows.join("\n") + "\n"
}
