//! The mutants that no model can tell from the code, each with its argument: see `equivalent.txt`.

use std::collections::BTreeMap;

const TEXT: &str = include_str!("equivalent.txt");

/// Each mutant's name, with why it is no other program.
pub(crate) fn all() -> Result<BTreeMap<&'static str, String>, String> {
    parse(TEXT)
}

/// An entry is a line with the name of a mutant; indented below it stands the argument. Lines that
/// begin with a hash are for the reader.
fn parse(text: &'static str) -> Result<BTreeMap<&'static str, String>, String> {
    let mut entries: BTreeMap<&str, String> = BTreeMap::new();
    let mut last = None;
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    for line in lines {
        if line.starts_with(' ') {
            let entry = last.and_then(|name| entries.get_mut(name));
            let Some(entry) = entry else {
                return Err(format!("an argument without a mutant: {}", line.trim()));
            };
            entry.push_str(line.trim());
            entry.push(' ');
        } else {
            if entries.insert(line.trim_end(), String::new()).is_some() {
                return Err(format!("named twice: {line}"));
            }
            last = Some(line.trim_end());
        }
    }
    let bare = entries.iter().find(|(_, argument)| argument.is_empty());
    match bare {
        Some((name, _)) => Err(format!("no argument says why it is equivalent: {name}")),
        None => Ok(entries),
    }
}
