//! Whoever looks for what they know from dogpile.cache finds it: `docs/from-dogpile-cache.md` names all of it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::fleet::Cradle;
use crate::problem::Problem;
use crate::report::Check;

const DOCUMENT: &str = "docs/from-dogpile-cache.md";

/// Each name and argument of the package that is installed here stands in the document, as code.
pub(crate) fn check(cradle: &Cradle, root: &Path) -> Result<Check, Problem> {
    let mut check = Check::new(
        "every name of dogpile.cache is in from-dogpile-cache.md",
        "missing 0",
    );
    let document = root.join(DOCUMENT);
    let text = fs::read_to_string(&document)
        .map_err(Problem::system(format!("read {}", document.display())))?;
    let (told, names) = (words(&text), names(cradle)?);
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !told.contains(name.as_str()))
        .collect();
    check.measured("names", names.len());
    check.measured("missing", missing.len());
    check.ensure(!names.is_empty(), || "the package has no names".to_owned());
    for name in missing {
        check.ensure(false, || format!("`{name}` is not in {DOCUMENT}"));
    }
    Ok(check)
}

/// What the package says of itself.
fn names(cradle: &Cradle) -> Result<Vec<String>, Problem> {
    let who = "names.py";
    let asked = Command::new(&cradle.python)
        .arg(cradle.scripts.join(who))
        .output()
        .map_err(Problem::system(format!("ask {who}")))?;
    serde_json::from_slice(&asked.stdout).map_err(|_| Problem::Worker {
        who: who.to_owned(),
        what: format!("failed: {}", String::from_utf8_lossy(&asked.stderr)),
    })
}

/// The words that stand as code.
fn words(text: &str) -> HashSet<&str> {
    let code = text.split('`').skip(1).step_by(2);
    code.flat_map(|code| code.split(|sign: char| !sign.is_alphanumeric() && sign != '_'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_as_code_is_told() {
        let told = words("a `b(c=, d_e)` f `g`");
        assert_eq!(
            told,
            HashSet::from(["b", "c", "d_e", "g", ""]),
            "neither `a` nor `f`"
        );
    }
}
