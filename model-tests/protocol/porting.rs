//! `docs/porting.md` asks a port for each ordering as the code has it.

use crate::orderings::sites;
use crate::text;

/// The rows of the table below "Orderings": label, site, what is asked, and what a language with
/// acquire and release writes.
fn rows() -> Vec<[String; 4]> {
    let page = text("docs/porting.md");
    let Some((_, section)) = page.split_once("\n## Orderings\n") else {
        panic!("docs/porting.md has a section about orderings");
    };
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    // The first is the table's head.
    let rows = rows.skip(1).map(|row| {
        let cells: Vec<_> = row.trim_end_matches(" |").split(" | ").collect();
        let label = cells[0].split_once(" (`");
        match (label, &cells[..]) {
            (Some((label, site)), [_, asks, writes, _, _]) => {
                [label, site.trim_end_matches("`)"), asks, writes].map(str::to_owned)
            }
            _ => panic!("not a label with its site, and a column for each language: {row}"),
        }
    });
    rows.collect()
}

#[test]
fn a_port_is_asked_for_the_orderings_of_the_code() {
    let (rows, sites) = (rows(), sites());
    let named = rows.iter().map(|[label, site, ..]| (label, site));
    let there = sites.iter().map(|site| (&site.label, &site.name));
    assert!(named.eq(there), "each site once, in the code's order");
    for ([label, _, asks, writes], site) in rows.iter().zip(&sites) {
        let words = ["Acquire", "Release", "Relaxed"];
        let said = words.map(|word| writes.contains(&word.to_lowercase()));
        let due = words.map(|word| word == site.ordering);
        assert_eq!(
            said, due,
            "{label}: {} in the code, `{writes}` in the page",
            site.ordering
        );
        let orders = site.ordering != "Relaxed";
        assert!(
            !(orders && asks.starts_with("nothing")),
            "{label} asks for something"
        );
    }
}
