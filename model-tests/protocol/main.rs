//! The page that describes the protocol, `core/README.md`, against the code: its tables are drawn
//! from the transition table, the orderings and the pinned counts, and must stand there as drawn.
//!
//! `DOGPILE_PINS=rewrite cargo test --profile models -p dogpile-model-tests --test protocol` puts
//! them there.

mod orderings;
mod properties;
mod safety;
mod transitions;

use std::path::PathBuf;

use dogpile_model_tests::pins::REWRITE;

/// What stands between `<!-- name -->` and `<!-- end -->`.
fn block<'p>(page: &'p str, name: &str) -> &'p str {
    let begin = format!("<!-- {name} -->\n");
    let found = page.split_once(&begin);
    let block = found.and_then(|(_, rest)| rest.split_once("<!-- end -->"));
    match block {
        Some((block, _)) => block,
        None => panic!("core/README.md has no place for {name}"),
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

/// All tables of the page, by name.
fn tables() -> [(&'static str, String); 6] {
    [
        ("transitions", transitions::table()),
        ("marks", transitions::marks()),
        ("diagram", transitions::diagram()),
        ("orderings", orderings::table()),
        ("many", properties::many()),
        ("properties", properties::table()),
    ]
}

#[test]
fn the_page_says_what_the_code_does() {
    let mut page = text("core/README.md");
    if std::env::var(REWRITE).is_ok_and(|asked| asked == "rewrite") {
        for (name, table) in tables() {
            let old = block(&page, name).to_owned();
            let (begin, end) = (format!("<!-- {name} -->\n"), "<!-- end -->");
            page = page.replace(
                &format!("{begin}{old}{end}"),
                &format!("{begin}{table}{end}"),
            );
        }
        let written = std::fs::write(root().join("core/README.md"), page);
        assert!(written.is_ok(), "{written:?}");
        return;
    }
    for (name, table) in tables() {
        let there = block(&page, name);
        assert!(
            there == table,
            "the {name} in core/README.md are\n{there}\nand not what the code does:\n{table}\n\
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
