//! The pages that describe the protocol against the code. The tables of `core/README.md` are drawn
//! from the transition table, the orderings and the pinned counts, that of `docs/flow.md` from the
//! flow, and must stand there as drawn; the table of orderings in `docs/porting.md` is held to name
//! what the code asks for.
//!
//! `DOGPILE_PINS=rewrite cargo test --profile models -p dogpile-model-tests --test protocol` puts
//! them there.

mod arms;
mod orderings;
mod porting;
mod properties;
mod safety;
mod transitions;
mod worlds;

use std::path::PathBuf;

use dogpile_model_tests::pins::REWRITE;

/// What stands between `<!-- name -->` and `<!-- end -->`.
fn block<'p>(path: &str, page: &'p str, name: &str) -> &'p str {
    let begin = format!("<!-- {name} -->\n");
    let found = page.split_once(&begin);
    let block = found.and_then(|(_, rest)| rest.split_once("<!-- end -->"));
    match block {
        Some((block, _)) => block,
        None => panic!("{path} has no place for {name}"),
    }
}

fn root() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), ".."].iter().collect()
}

fn text(path: &str) -> String {
    let path = root().join(path);
    match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(cause) => panic!("{}: {cause}", path.display()),
    }
}

/// The tables of a page, by name.
type Tables = Vec<(&'static str, String)>;

fn core_tables() -> Tables {
    vec![
        ("transitions", transitions::table()),
        ("marks", transitions::marks()),
        ("diagram", transitions::diagram()),
        ("orderings", orderings::table()),
        ("many", properties::many()),
        ("properties", properties::table()),
        ("worlds", worlds::table()),
    ]
}

#[test]
fn the_page_says_what_the_code_does() {
    says_what_the_code_does("core/README.md", core_tables());
}

#[test]
fn the_arms_are_those_of_the_code() {
    says_what_the_code_does("docs/flow.md", vec![("arms", arms::table())]);
}

fn says_what_the_code_does(path: &str, tables: Tables) {
    let mut page = text(path);
    if std::env::var(REWRITE).is_ok_and(|asked| asked == "rewrite") {
        for (name, table) in tables {
            let old = block(path, &page, name).to_owned();
            let (begin, end) = (format!("<!-- {name} -->\n"), "<!-- end -->");
            page = page.replace(
                &format!("{begin}{old}{end}"),
                &format!("{begin}{table}{end}"),
            );
        }
        let written = std::fs::write(root().join(path), page);
        assert!(written.is_ok(), "{written:?}");
        return;
    }
    for (name, table) in tables {
        let there = block(path, &page, name);
        assert!(
            there == table,
            "the {name} in {path} are\n{there}\nand not what the code does:\n{table}\n\
             Write them anew: {REWRITE}=rewrite cargo test --profile models \
             -p dogpile-model-tests --test protocol"
        );
    }
}

/// The documentation of the word holds the same table.
#[test]
fn the_table_in_the_code_is_the_same() {
    let code = text("core/src/state.rs");
    for row in transitions::table().lines() {
        assert!(
            code.contains(&format!("//! {row}\n")),
            "state.rs lacks {row}"
        );
    }
}
