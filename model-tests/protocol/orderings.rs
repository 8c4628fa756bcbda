//! The orderings, as `core/src/slot/order.rs` has them.

use crate::text;

/// One site.
pub(crate) struct Site {
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) ordering: String,
    partner: String,
    visible: String,
}

/// The sites, from their constants and what is written above them.
pub(crate) fn sites() -> Vec<Site> {
    let source = text("core/src/slot/order.rs");
    let mut sites = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in source.lines() {
        if let Some(comment) = line.strip_prefix("///") {
            words.push(comment.trim());
        } else if line.contains(": Order = site(") {
            sites.push(site(line, &words.join(" ")));
            words.clear();
        } else {
            words.clear();
        }
    }
    sites
}

/// A comment is `LABEL: partner A and B; what becomes visible.`, or `LABEL: no partner. Why.`
fn site(line: &str, comment: &str) -> Site {
    let parts = || {
        let (_, constant) = line.split_once("const ")?;
        let (label, constant) = constant.split_once(": Order = site(\"")?;
        let (name, ordering) = constant.split_once("\", Ordering::")?;
        let (named, comment) = comment.split_once(": ")?;
        let (partner, visible) = match comment.strip_prefix("no partner. ") {
            Some(why) => ("none", why),
            None => comment.strip_prefix("partner ")?.split_once("; ")?,
        };
        (named.trim_matches('`') == label).then(|| Site {
            label: label.to_owned(),
            name: name.to_owned(),
            ordering: ordering.trim_end_matches(");").to_owned(),
            partner: partner.to_owned(),
            visible: visible.trim_end_matches('.').to_owned(),
        })
    };
    match parts() {
        Some(site) => site,
        None => panic!("order.rs: not a site with its partner: {line:?}, {comment:?}"),
    }
}

pub(crate) fn table() -> String {
    let mut rows = vec![
        "| site | ordering | partner | what becomes visible, or why nothing has to |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for site in sites() {
        rows.push(format!(
            "| `{}` `{}` | {} | {} | {} |",
            site.label, site.name, site.ordering, site.partner, site.visible
        ));
    }
    rows.join("\n") + "\n"
}

#[test]
fn an_ordering_that_orders_has_a_partner_that_names_it() {
    let sites = sites();
    let names = |partner: &str, label: &str| {
        let words = partner.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.into_iter().any(|word| word == label)
    };
    for site in &sites {
        let partners: Vec<_> = sites
            .iter()
            .filter(|other| names(&site.partner, &other.label))
            .collect();
        assert_eq!(
            partners.is_empty(),
            site.ordering == "Relaxed",
            "{}",
            site.label
        );
        for partner in partners {
            assert!(names(&partner.partner, &site.label), "{}", partner.label);
            assert_ne!(
                partner.ordering, site.ordering,
                "one acquires, one releases"
            );
        }
    }
}

/// The modules' own tables name the same orderings.
#[test]
fn the_tables_in_the_code_name_the_same() {
    let sites = sites();
    for path in ["core/src/slot.rs", "core/src/published.rs"] {
        let source = text(path);
        let rows = source
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "));
        let mut compared = 0;
        for row in rows {
            let cells: Vec<_> = row.split(" | ").collect();
            if let Some(site) = sites.iter().find(|site| site.label == cells[0]) {
                assert_eq!(cells[1], site.ordering, "{path}, {}", site.label);
                compared += 1;
            }
        }
        assert!(compared > 0, "{path} has a table of orderings");
    }
}

/// Each site of the core is used by its code.
#[test]
fn every_site_is_used() {
    let code = ["slot.rs", "published.rs", "epochs.rs", "tag_epochs.rs"]
        .map(|name| text(&format!("core/src/{name}")));
    for Site { label, .. } in sites() {
        let used = code.iter().any(|source| source.contains(&label));
        assert!(used, "{label} is not used");
    }
}
