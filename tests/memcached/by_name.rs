//! The store by its name.

use dogpile::Config;
use dogpile::named::SettingsError;
use dogpile_test_servers::Memcached as Server;

use crate::{process, server};

#[test]
fn the_store_is_had_by_its_name() {
    let server = server();
    let url = server.url();
    let words = [
        ("cache.backend", "memcached"),
        ("cache.arguments.url", &url),
        ("cache.arguments.prefix", "named"),
        ("cache.arguments.timeout", "10"),
        ("cache.arguments.retry_after", "0.5"),
        ("cache.arguments.connections", "4"),
        ("cache.arguments.time_to_live", "1h"),
    ];
    let region = process(Config::from_map(words, "cache.").unwrap());
    assert_eq!(region.get_or_create("key", || 7).unwrap(), 7);
    assert_eq!(region.get_or_create("key", || 8).unwrap(), 7);
    let item = server.ask("mg named:v:key t").unwrap();
    let left = item.trim_end().strip_prefix("HD t").unwrap();
    assert!((3_500..=3_601).contains(&left.parse().unwrap()), "{item}");
}

#[test]
fn several_servers_are_named_with_commas() {
    let servers = [server(), server()];
    let list = format!("{}, {}", servers[0].url(), servers[1].url());
    let words = [("backend", "memcached"), ("arguments.servers", &*list)];
    let region = process(Config::from_map(words, "").unwrap());
    for number in 0..50 {
        region.set(number.to_string(), number).unwrap();
    }
    for server in servers {
        let items = server.count("curr_items").unwrap();
        assert!((5..=45).contains(&items), "{items}: each has its share");
    }
}

#[test]
fn half_a_login_and_a_wrong_address_are_refused() {
    let refused = |words: &[(&str, &str)]| {
        let server = [("backend", "memcached"), ("arguments.url", "cache:1")];
        let words = server.iter().chain(words).copied();
        match Config::<u64>::from_map(words, "") {
            Ok(_) => panic!("it must be refused"),
            Err(error) => error,
        }
    };
    let half = refused(&[("arguments.username", "me")]);
    assert!(matches!(half, SettingsError::Together { .. }), "{half}");
    let address = refused(&[("arguments.url", "redis://cache")]);
    assert!(matches!(address, SettingsError::Store { .. }), "{address}");
}

#[test]
fn what_cannot_be_meant_is_refused_by_its_key() {
    let refused = |words: &[(&str, &str)]| {
        let words = [("cache.backend", "memcached")].iter().chain(words);
        match Config::<u64>::from_map(words.copied(), "cache.") {
            Ok(_) => panic!("it must be refused"),
            Err(error) => error.to_string(),
        }
    };
    let place = ("cache.arguments.url", "cache:1");
    for (key, word) in [
        ("cache.arguments.prefix", "two words"),
        ("cache.arguments.timeout", "0"),
        ("cache.arguments.connections", "0"),
        ("cache.arguments.root_certificate", "/no/such/file"),
    ] {
        let told = refused(&[place, (key, word)]);
        assert!(told.contains(&format!("`{key}`")), "{told}");
    }
    for place in [
        ("cache.arguments.url", "redis://cache"),
        ("cache.arguments.servers", "cache:1,cache:0"),
    ] {
        let told = refused(&[place]);
        assert!(told.contains(&format!("`{}`", place.0)), "{told}");
    }
    for (key, name, password) in [
        ("cache.arguments.username", "two words", "x"),
        ("cache.arguments.password", "me", "two words"),
    ] {
        let login = [
            ("cache.arguments.username", name),
            ("cache.arguments.password", password),
        ];
        let told = refused(&[place, login[0], login[1]]);
        assert!(told.contains(&format!("`{key}`")), "{told}");
    }
    let told = refused(&[("cache.arguments.url", "a:1,b:2")]);
    assert!(
        told.contains("`cache.arguments.servers` names several"),
        "{told}"
    );
}

#[test]
fn a_list_in_toml_holds_texts_alone() {
    let toml = |list| format!("backend = 'memcached'\n[arguments]\nservers = {list}\n");
    assert!(Config::<u64>::from_toml(&toml("['a:1', 'b:2']")).is_ok());
    for list in ["['a:1', 2]", "[true]", "['a:1', 1.5]", "[['a:1']]"] {
        let Err(error) = Config::<u64>::from_toml(&toml(list)) else {
            panic!("{list} must be refused");
        };
        assert!(matches!(error, SettingsError::Word { .. }), "{error}");
        assert!(error.to_string().contains("`arguments.servers`"), "{error}");
    }
}

#[test]
fn a_server_is_spoken_to_by_tls_that_a_file_vouches_for() {
    let server = Server::encrypted().unwrap();
    let tls = server.tls().unwrap();
    let file = std::env::temp_dir().join(format!("dogpile-authority-{}.pem", std::process::id()));
    std::fs::write(&file, tls.authority_pem()).unwrap();
    let url = format!("memcacheds://{}", tls.address());
    let words = [
        ("backend", "memcached"),
        ("arguments.url", &url),
        ("arguments.root_certificate", file.to_str().unwrap()),
    ];
    let config = Config::from_map(words, "");
    std::fs::remove_file(&file).unwrap();
    let region = process(config.unwrap());
    region.set("key", 7_u64).unwrap();
    assert_eq!(region.get("key").unwrap(), Some(7));
}
