//! Fragments of templates: rendered once, escaped once, and like any other value of a region.

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use dogpile::templates::Fragments;
use dogpile::{Config, ManualClock, Memory, Region};
use minijinja::{Environment, Error, ErrorKind, Value};

/// Templates with fragments that count how often each is rendered: `rendered("name")` counts, and writes the name.
struct Site {
    templates: Environment<'static>,
    fragments: Fragments,
    region: Region<String>,
    clock: Arc<ManualClock>,
    rendered: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn of(pages: &[(&'static str, &'static str)]) -> Self {
        let clock = Arc::new(ManualClock::new());
        let region = Region::new("fragments");
        let config = Config::new(Memory::unbounded()).clock(clock.clone());
        let config = config
            .fresh_for(Duration::from_secs(1_000))
            .stale_for(Duration::ZERO)
            .statistics(true);
        region.configure(config).unwrap();
        let fragments = Fragments::new(region.clone());
        let mut templates = Environment::new();
        fragments.add_to(&mut templates);
        let rendered: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&rendered);
        templates.add_function("rendered", move |name: String| {
            seen.lock().unwrap().push(name.clone());
            name
        });
        templates.add_function("fails", || -> Result<Value, Error> {
            Err(Error::new(
                ErrorKind::BadSerialization,
                "the price is missing",
            ))
        });
        for (name, source) in pages {
            templates.add_template(name, source).unwrap();
        }
        Self {
            templates,
            fragments,
            region,
            clock,
            rendered,
        }
    }

    fn page(source: &'static str) -> Self {
        Self::of(&[("page.html", source)])
    }

    fn try_render(&self, page: &str, what: &str) -> Result<String, Error> {
        let page = self.templates.get_template(page).unwrap();
        page.render(Value::from_pairs([("what", what)]))
    }

    fn render(&self, what: &str) -> String {
        self.try_render("page.html", what).unwrap()
    }

    fn times(&self) -> usize {
        self.rendered.lock().unwrap().len()
    }
}

#[test]
fn a_block_is_rendered_once_and_its_text_is_given_to_all() {
    let site = Site::page(
        "{{ what }}: {% call cached('a') %}{{ rendered('first') }}{% endcall %}, \
         {% call cached('b') %}{{ rendered('second') }}{% endcall %}",
    );
    assert_eq!(site.render("1"), "1: first, second");
    assert_eq!(site.render("2"), "2: first, second");
    assert_eq!(site.times(), 2);
}

#[test]
fn a_template_says_itself_how_long_a_fragment_is_fresh() {
    for call in [
        "cached('a', 10)",
        "cached('a', timeout=10)",
        "cached('a', 10.0)",
    ] {
        let source = format!("{{% call {call} %}}{{{{ rendered(what) }}}}{{% endcall %}}");
        let site = Site::page(source.leak());
        assert_eq!(site.render("old"), "old", "{call}");
        site.clock.advance(Duration::from_secs(9));
        assert_eq!(site.render("new"), "old", "{call}");
        site.clock.advance(Duration::from_secs(2));
        assert_eq!(site.render("new"), "new", "{call}");
    }
    let site = Site::page("{% call cached('a', none) %}{{ rendered(what) }}{% endcall %}");
    site.render("old");
    site.clock.advance(Duration::from_secs(999));
    assert_eq!(site.render("new"), "old", "the region's own freshness");
    site.clock.advance(Duration::from_secs(2));
    assert_eq!(site.render("new"), "new");
}

#[test]
fn a_key_may_be_put_together_and_each_has_its_own_fragment() {
    let site = Site::page("{% call cached('user:' ~ what) %}{{ rendered(what) }}{% endcall %}");
    assert_eq!(site.render("42"), "42");
    assert_eq!(site.render("43"), "43");
    assert_eq!(site.fragments.get("user:42").unwrap().unwrap(), "42");
    let site = Site::page("{% call cached(7) %}seven{% endcall %}");
    site.render("");
    assert_eq!(site.fragments.get(7).unwrap().unwrap(), "seven");
}

#[test]
fn law_10_a_number_and_its_digits_are_two_keys_and_text_keeps_its_own() {
    let site = Site::of(&[
        ("page.html", "{% call cached(1) %}number{% endcall %}"),
        ("text.html", "{% call cached('1') %}text{% endcall %}"),
        (
            "like.html",
            "{% call cached('html-number:1') %}like{% endcall %}",
        ),
        (
            "large.html",
            "{% call cached(18446744073709551615) %}large{% endcall %}",
        ),
    ]);
    for _ in 0..2 {
        for (page, what) in [
            ("page.html", "number"),
            ("text.html", "text"),
            ("like.html", "like"),
        ] {
            assert_eq!(site.try_render(page, "").unwrap(), what, "{page}");
        }
    }
    site.try_render("large.html", "").unwrap();
    assert!(site.fragments.get(u64::MAX).unwrap().is_some());
    site.fragments.invalidate(1_u8).unwrap();
    assert_eq!(site.fragments.get(1_i64).unwrap(), None);
    assert_eq!(site.fragments.get("1").unwrap().unwrap(), "text");
    let stored = site.region.get("html:1").unwrap();
    assert_eq!(stored.unwrap(), "text", "as it always was");
}

#[test]
fn html_is_escaped_once_and_plain_text_never() {
    let block = "{% call cached('a') %}<b>{{ what }}</b>{% endcall %}";
    let site = Site::of(&[("page.html", block), ("page.txt", block)]);
    let plain = site.try_render("page.txt", "<i>").unwrap();
    assert_eq!(plain, "<b><i></b>");
    // What was not escaped must not come into HTML, nor the other way round.
    for _ in 0..2 {
        assert_eq!(site.render("<i>"), "<b>&lt;i&gt;</b>");
        assert_eq!(site.try_render("page.txt", "<i>").unwrap(), "<b><i></b>");
    }
}

#[test]
fn the_program_reaches_fragments_by_their_keys() {
    let block = "{% call cached('a') %}{{ rendered(what) }}{% endcall %}";
    let site = Site::of(&[("page.html", block), ("page.txt", block)]);
    assert_eq!(site.fragments.get("a").unwrap(), None);
    site.fragments.set("a", "<hr>").unwrap();
    assert_eq!(site.render("new"), "<hr>");
    site.try_render("page.txt", "old").unwrap();
    site.fragments.invalidate("a").unwrap();
    assert_eq!(site.fragments.get("a").unwrap(), None);
    assert_eq!(site.render("new"), "new");
    assert_eq!(site.try_render("page.txt", "new").unwrap(), "new");
    let kept = site
        .fragments
        .get_or_create("a", || unreachable!("there is one"));
    assert_eq!(kept.unwrap(), "new");
}

#[test]
fn an_error_of_a_block_is_the_template_s_and_is_not_stored() {
    let site = Site::page(
        "{% call cached('a') %}{{ rendered('a') }}{% if what == 'bad' %}{{ fails() }}{% endif %}{% endcall %}",
    );
    for _ in 0..2 {
        let error = site.try_render("page.html", "bad").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadSerialization);
        assert_eq!(error.detail(), Some("the price is missing"));
    }
    assert_eq!(site.times(), 2, "rendered anew");
    assert_eq!(site.render("good"), "a");
}

#[test]
fn law_5_an_error_of_a_block_is_that_of_all_who_waited_for_it() {
    let mut site = Site::page(
        "{% call cached('a') %}{{ rendered('a') }}{{ fails_in_company() }}{% endcall %}",
    );
    let region = site.region.clone();
    site.templates
        .add_function("fails_in_company", move || -> Result<Value, Error> {
            while region.statistics().unwrap().waiting == 0 {
                thread::yield_now();
            }
            Err(Error::new(
                ErrorKind::BadSerialization,
                "the price is missing",
            ))
        });
    let errors: Vec<Error> = thread::scope(|scope| {
        let render = |_| scope.spawn(|| site.try_render("page.html", "").unwrap_err());
        let both: Vec<_> = (0..2).map(render).collect();
        both.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(site.times(), 1);
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::BadSerialization);
        let detail = error.detail().unwrap();
        assert!(detail.ends_with("the price is missing"), "{detail}");
    }
}

#[test]
fn blocks_nest_under_other_keys() {
    let site = Site::page(
        "{% call cached('outer') %}[{{ rendered('o') }}\
         {% call cached('inner') %}<{{ rendered(what) }}>{% endcall %}]{% endcall %}",
    );
    assert_eq!(site.render("&"), "[o<&amp;>]");
    site.fragments.invalidate("outer").unwrap();
    assert_eq!(site.render("other"), "[o<&amp;>]", "the inner one is kept");
    assert_eq!(site.times(), 3);
}

#[test]
fn law_8_a_block_within_itself_is_an_error_and_not_a_hang() {
    let site = Site::page(
        "{% call cached('a') %}{% call cached('a') %}{{ what }}{% endcall %}{% endcall %}",
    );
    let (tell, told) = channel();
    thread::spawn(move || tell.send(site.try_render("page.html", "").unwrap_err()));
    let error = told.recv_timeout(Duration::from_secs(20)).unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidOperation);
    let detail = error.detail().unwrap();
    assert!(
        detail.contains("`a`") && detail.contains("circle"),
        "{detail}"
    );
}

#[test]
fn law_1_of_many_who_render_at_once_one_does_and_all_have_its_text() {
    let site = Site::page("{% call cached('a') %}{{ rendered(what) }}{% endcall %}");
    let start = Barrier::new(8);
    let pages: Vec<String> = thread::scope(|scope| {
        let render = |number: usize| {
            let (site, start) = (&site, &start);
            scope.spawn(move || {
                start.wait();
                site.render(&number.to_string())
            })
        };
        let all: Vec<_> = (0..8).map(render).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(site.times(), 1);
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
}

#[test]
fn what_cannot_be_meant_so_is_told() {
    for (call, told) in [
        ("cached()", "missing argument"),
        ("cached(missing)", "undefined"),
        ("cached(1.5)", "whole number"),
        ("cached('a', -1)", "seconds"),
        ("cached('a', 'soon')", "seconds"),
        ("cached('a', tiemout=1)", "tiemout"),
    ] {
        let site = Site::page(format!("{{% call {call} %}}x{{% endcall %}}").leak());
        let error = site.try_render("page.html", "").unwrap_err().to_string();
        assert!(error.contains(told), "{call}: {error}");
    }
    let error = Site::page("{{ cached('a') }}").try_render("page.html", "");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("{% call cached(..) %}"), "{error}");
}
