//! Law 10: types of one's own as parts of keys.

use dogpile::KeyPart;
use dogpile::key::bytes_of;

#[derive(KeyPart)]
struct Point<T> {
    x: T,
    y: T,
    #[key(skip)]
    _label: &'static str,
}

#[derive(KeyPart)]
struct Wrapped(u8);

#[derive(KeyPart)]
struct Nothing;

#[derive(KeyPart)]
enum Never {}

#[derive(KeyPart)]
enum Page {
    Home,
    Article { id: u64 },
    Search(String, u8),
}

#[test]
fn law_10_a_derived_key_part_writes_what_the_page_says() {
    let point = |x, y, label| {
        bytes_of(&Point {
            x,
            y,
            _label: label,
        })
    };
    assert_eq!(point(1, 2, "a"), bytes_of(&(1, 2)));
    assert_eq!(point(1, 2, "a"), point(1, 2, "b"));
    assert_ne!(point(1, 2, "a"), point(2, 1, "a"));
    assert_eq!(bytes_of(&Wrapped(7)), bytes_of(&(7,)));
    assert_eq!(bytes_of(&Nothing), bytes_of(&()));
    assert_eq!(bytes_of(&None::<Never>), b"n");
    assert_eq!(bytes_of(&Page::Home), b"e\x01\x04Home(\0");
    let article = bytes_of(&Page::Article { id: 5 });
    assert_eq!(article, b"e\x01\x07Article(\x01\x01+\x01\x05");
    let search = bytes_of(&Page::Search("a".into(), 0));
    assert_eq!(search, b"e\x01\x06Search(\x01\x02s\x01\x01a+\0");
}
