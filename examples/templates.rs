//! A shop's page whose fragments are cached: the menu for ten minutes, each visitor's basket for one.
//!
//! `cargo run --example templates --features minijinja`

use dogpile::templates::Fragments;
use dogpile::{Config, Memory, Region};
use minijinja::{Environment, Error, Value};

const PAGE: &str = r#"{% call cached("menu", 600) %}
<nav>{% for name in shelves() %}<a>{{ name }}</a>{% endfor %}</nav>
{%- endcall %}
{% call cached("basket:" ~ visitor, timeout=60) %}
<p>{{ visitor }} has {{ basket(visitor) }} things in the basket.</p>
{%- endcall %}
"#;

static FRAGMENTS: Region<String> = Region::new("fragments");

/// The templates, and their fragments for whoever changes what they show. The functions stand for queries.
fn shop() -> Result<(Environment<'static>, Fragments), Error> {
    let fragments = Fragments::new(FRAGMENTS.clone());
    let mut templates = Environment::new();
    fragments.add_to(&mut templates);
    templates.add_function("shelves", || {
        println!("  (asks the database for the shelves)");
        vec!["Tea", "Salt & pepper"]
    });
    templates.add_function("basket", |visitor: String| {
        println!("  (asks the database for the basket of {visitor})");
        visitor.len()
    });
    templates.add_template("page.html", PAGE)?;
    Ok((templates, fragments))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    FRAGMENTS.configure(Config::new(Memory::bounded(10_000)))?;
    let (templates, fragments) = shop()?;
    let page = templates.get_template("page.html")?;
    for visitor in ["Ann", "Bob", "Ann"] {
        println!("{visitor} comes:");
        println!(
            "{}",
            page.render(Value::from_pairs([("visitor", visitor)]))?
        );
    }
    println!("Ann buys something, so her basket is another:");
    fragments.invalidate("basket:Ann")?;
    println!("{}", page.render(Value::from_pairs([("visitor", "Ann")]))?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_put_together_from_fragments() -> Result<(), Box<dyn std::error::Error>> {
        FRAGMENTS.configure(Config::new(Memory::bounded(10)))?;
        let (templates, fragments) = shop()?;
        let page = templates.get_template("page.html")?;
        let shown = page.render(Value::from_pairs([("visitor", "Ann")]))?;
        assert!(shown.contains("<a>Salt &amp; pepper</a>"), "{shown}");
        assert!(shown.contains("Ann has 3 things"), "{shown}");
        assert!(fragments.get("menu")?.is_some());
        assert!(fragments.get("basket:Ann")?.is_some());
        assert_eq!(fragments.get("basket:Bob")?, None);
        Ok(())
    }
}
