//! One file of vectors: rendered with a case to a line, compared, or written.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

/// The version of the layout; it changes when a port's runner has to.
const VERSION: u32 = 1;

/// The variable that asks for the files to be written rather than compared.
const WRITE: &str = "DOGPILE_VECTORS";

pub(crate) struct File {
    name: &'static str,
    about: &'static str,
    parts: Vec<(&'static str, Vec<Value>)>,
}

impl File {
    pub(crate) const fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            parts: Vec::new(),
        }
    }

    /// A list of cases.
    pub(crate) fn with(mut self, part: &'static str, cases: Vec<Value>) -> Self {
        assert!(!cases.is_empty(), "{}: no {part}", self.name);
        self.parts.push((part, cases));
        self
    }

    /// Compares with the committed file, or writes it.
    pub(crate) fn check(&self) {
        let text = self.render();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("{}.json", self.name));
        let shown = path.display();
        let cases: usize = self.parts.iter().map(|(_, cases)| cases.len()).sum();
        println!("{}.json: {cases} cases, {} bytes", self.name, text.len());
        if std::env::var(WRITE).is_ok_and(|said| said == "write") {
            std::fs::write(&path, text).unwrap_or_else(|cause| panic!("{shown}: {cause}"));
            return;
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some((line, is, was)) = difference(&text, &committed) {
            panic!(
                "{shown}:{line} says\n  {was}\nand the code says\n  {is}\nIf the code is right: \
                 {WRITE}=write cargo test -p dogpile-vectors --test vectors"
            );
        }
    }

    fn render(&self) -> String {
        let mut lines = vec![
            format!("  \"vectors\": {}", json!(self.name)),
            format!("  \"version\": {VERSION}"),
            format!("  \"about\": {}", json!(self.about)),
        ];
        for (part, cases) in &self.parts {
            let cases: Vec<String> = cases.iter().map(|case| format!("    {case}")).collect();
            lines.push(format!("  \"{part}\": [\n{}\n  ]", cases.join(",\n")));
        }
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }
}

/// The first line that differs, with what it is and what it was.
fn difference(is: &str, was: &str) -> Option<(usize, String, String)> {
    let (mut is, mut was) = (is.split('\n'), was.split('\n'));
    for line in 1.. {
        match (is.next(), was.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => {
                let text = |line: Option<&str>| line.unwrap_or("(nothing)").to_owned();
                return Some((line, text(a), text(b)));
            }
        }
    }
    None
}

/// A whole number as text: many languages read JSON's numbers as floats, which end at 53 bits.
pub(crate) fn number(number: impl Into<u128>) -> Value {
    number.into().to_string().into()
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> Value {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat().into()
}

/// A name as core spells it, with parentheses throughout: `Won(fresh_seen: true)`.
pub(crate) fn spelled(item: &impl std::fmt::Debug) -> String {
    let text = format!("{item:?}");
    text.replace(" { ", "(").replace(" }", ")")
}

/// An object that leaves out what is null.
pub(crate) fn object<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    let said = pairs.into_iter().filter(|(_, value)| !value.is_null());
    let map: Map<String, Value> = said.map(|(key, value)| (key.to_owned(), value)).collect();
    map.into()
}
