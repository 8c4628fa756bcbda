//! `schema.json` says what a file of vectors looks like, in JSON Schema's words; here are those of
//! its words that it uses.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("a file of vectors can be read");
    serde_json::from_str(&text).expect("a file of vectors is JSON")
}

fn schema() -> Value {
    read(&folder().join("schema.json"))
}

/// Every file of vectors, by name.
fn files() -> Vec<(String, Value)> {
    let entries = fs::read_dir(folder()).expect("the vectors are there");
    let paths = entries.map(|entry| entry.expect("they can be listed").path());
    let files = paths.filter_map(|path| {
        let name = path
            .file_name()?
            .to_str()?
            .strip_suffix(".json")?
            .to_owned();
        (name != "schema").then(|| (name, read(&path)))
    });
    files.collect()
}

/// The words that allow what they were asked about, that are read with others, or rule nothing.
const WORDS: [&str; 13] = [
    "$schema",
    "$defs",
    "title",
    "description",
    "required",
    "additionalProperties",
    "const",
    "enum",
    "type",
    "pattern",
    "minItems",
    "maxItems",
    "minimum",
];

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list of rules or values")
}

/// Why `value`, which stands at `place`, is not what `rule` of `schema` says.
fn complaint(schema: &Value, rule: &Value, value: &Value, place: &str) -> Option<String> {
    let rule = rule.as_object().expect("a rule is an object");
    let told = |what: String| Some(format!("{place}: {value} {what}"));
    for (word, said) in rule {
        let wrong = match word.as_str() {
            "$ref" => complaint(schema, definition(schema, said), value, place),
            "oneOf" => {
                let fits = |rule: &&Value| complaint(schema, rule, value, place).is_none();
                match list(said).iter().filter(fits).count() {
                    1 => None,
                    count => told(format!("fits {count} of {} rules", list(said).len())),
                }
            }
            "const" if value != said => told(format!("is not {said}")),
            "enum" if !list(said).contains(value) => told(format!("is none of {said}")),
            "type" if kind(value) != said => told(format!("is no {said}")),
            "pattern" if !value.as_str().is_some_and(|text| matches(said, text)) => {
                told(format!("is not like {said}"))
            }
            "minItems" if length(value) < said.as_u64() => told("is too short".to_owned()),
            "maxItems" if length(value) > said.as_u64() => told("is too long".to_owned()),
            "minimum" if value.as_u64() < said.as_u64() => told("is too low".to_owned()),
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                let mut wrong = items.filter_map(|(at, item)| {
                    complaint(schema, said, item, &format!("{place}[{at}]"))
                });
                wrong.next()
            }
            "properties" => properties(schema, rule, value, place),
            known if WORDS.contains(&known) => None,
            other => panic!("the schema says {other:?}, which nothing here understands"),
        };
        if wrong.is_some() {
            return wrong;
        }
    }
    None
}

fn definition<'s>(schema: &'s Value, named: &Value) -> &'s Value {
    let name = named
        .as_str()
        .and_then(|named| named.strip_prefix("#/$defs/"));
    let name = name.expect("rules are defined in $defs");
    let found = schema["$defs"].get(name);
    found.unwrap_or_else(|| panic!("the schema does not define {name}"))
}

fn properties(
    schema: &Value,
    rule: &Map<String, Value>,
    value: &Value,
    place: &str,
) -> Option<String> {
    assert_eq!(
        rule["additionalProperties"],
        json!(false),
        "{place}: no others"
    );
    let (known, value) = (rule["properties"].as_object()?, value.as_object()?);
    let mut required = list(&rule["required"]).iter().filter_map(Value::as_str);
    if let Some(missing) = required.find(|key| !value.contains_key(*key)) {
        return Some(format!("{place}: there is no `{missing}`"));
    }
    let mut wrong = value
        .iter()
        .filter_map(|(key, value)| match known.get(key) {
            Some(rule) => complaint(schema, rule, value, &format!("{place}.{key}")),
            None => Some(format!("{place}: nobody knows `{key}`")),
        });
    wrong.next()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn length(value: &Value) -> Option<u64> {
    u64::try_from(value.as_array()?.len()).ok()
}

/// The two patterns that there are.
fn matches(pattern: &Value, text: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match pattern.as_str() {
        Some("^[0-9]+$") => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        Some("^([0-9a-f]{2})*$") => text.len().is_multiple_of(2) && text.bytes().all(hexadecimal),
        _ => panic!("the schema says {pattern}, which nothing here understands"),
    }
}

#[test]
fn every_file_is_as_the_schema_says() {
    let schema = schema();
    let files = files();
    for (name, file) in &files {
        assert_eq!(complaint(&schema, &schema["$defs"][name], file, name), None);
        assert_eq!(complaint(&schema, &schema, file, name), None);
    }
    assert_eq!(list(&schema["oneOf"]).len(), files.len(), "a rule for each");
}

/// Takes one thing away from each file, and puts one thing into it: the schema allows neither.
#[test]
fn a_file_that_is_not_so_is_found() {
    let schema = schema();
    for (name, file) in files() {
        let says = |file: &Value| complaint(&schema, &schema["$defs"][&name], file, &name);
        let lists = file.as_object().expect("an object").iter();
        let lists = lists
            .filter(|(_, list)| list.is_array())
            .map(|(list, _)| list);
        for list in lists {
            let mut other = file.clone();
            other[list] = json!([]);
            assert!(
                says(&other).is_some_and(|told| told.contains("too short")),
                "{list}"
            );
            other.as_object_mut().expect("an object").remove(list);
            let missing = format!("{name}: there is no `{list}`");
            assert_eq!(says(&other), Some(missing));
            let mut other = file.clone();
            other[list][0] = json!({"no": "case"});
            assert!(says(&other).is_some(), "{list}");
        }
        let mut other = file.clone();
        other["version"] = json!(2);
        assert!(says(&other).is_some(), "another version");
        let mut other = file.clone();
        other["more"] = json!([]);
        let unknown = format!("{name}: nobody knows `more`");
        assert_eq!(says(&other), Some(unknown));
    }
}
