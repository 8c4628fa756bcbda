//! Tags that a region finds for all that is written: groups of related keys.

use std::collections::HashMap;

use dogpile::backend::Prefix;
use dogpile::{
    Config, Creation, Error, Invalidation, Memory, Origin, Region, Tag, Tags, Terms, TooManyTags,
};

use crate::stores::{Form, Hand, Server};

/// What stands before the colon, and whether the value is even.
#[allow(clippy::trivially_copy_pass_by_ref)] // as `Config::tags_of` asks
fn group(key: &[u8], value: &u64) -> Result<Tags, TooManyTags> {
    let group = key.split(|byte| *byte == b':').next().unwrap_or(key);
    let tags = Tags::NONE.with(Tag::named(group))?;
    match value % 2 {
        0 => tags.with(Tag::named(b"even")),
        _ => Ok(tags),
    }
}

fn each(with: impl Fn(Config<u64>) -> Config<u64>) -> Vec<Region<u64>> {
    let open = |config| {
        let region = Region::new("groups");
        region.configure(with(config)).unwrap();
        region
    };
    let memory = open(Config::new(Memory::unbounded()));
    let shared = Form::ALL.map(|form| {
        let (server, clock) = Server::by_hand();
        open(server.open("a").form(form).config(&clock))
    });
    [memory].into_iter().chain(shared).collect()
}

/// Each way to write a value, under keys of its own.
fn write(region: &Region<u64>) -> Vec<String> {
    let keys = (1..=9).map(|number| format!("a:{number}"));
    let keys: Vec<String> = keys.collect();
    region.set(&keys[0], 1).unwrap();
    region.set_many([(&keys[1], 1)]).unwrap();
    region.set_with(&keys[2], 1, Terms::NONE).unwrap();
    Hand::new(region.set_async(&keys[3], 1)).finish().unwrap();
    region.get_or_create(&keys[4], || 1).unwrap();
    let call = region.get_or_create_async(&keys[5], async || 1);
    Hand::new(call).finish().unwrap();
    region
        .get_or_create_many(&keys[6..=6], |_| vec![1])
        .unwrap();
    let created = |keys: &[&String]| HashMap::from([(keys[0].clone(), 1)]);
    region.get_or_create_map(&keys[7..=7], created).unwrap();
    region.refresh(&keys[8], || Ok::<_, String>(1)).unwrap();
    keys
}

#[test]
fn a_group_of_keys_is_invalidated_whoever_wrote_them() {
    for region in each(|config| config.tags_of(group)) {
        let keys = write(&region);
        region.set("b:1", 1).unwrap();
        region.set("b:2", 2).unwrap();
        assert_eq!(region.get_many(&keys).unwrap(), [Some(1); 9]);
        region.invalidate_tag("a", Invalidation::Hard).unwrap();
        assert_eq!(region.get_many(&keys).unwrap(), [None; 9]);
        assert_eq!(
            region.get_many(&["b:1", "b:2"]).unwrap(),
            [Some(1), Some(2)]
        );
        region.invalidate_tag("even", Invalidation::Soft).unwrap();
        assert_eq!(region.get_many(&["b:1", "b:2"]).unwrap(), [Some(1), None]);
    }
}

#[test]
fn tags_are_found_for_the_user_s_key_and_stand_beside_those_of_the_creator() {
    let mangled = |config: Config<u64>| config.tags_of(group).key_mangler(Prefix::new("x"));
    for region in each(mangled) {
        let own = |creation: &Creation<u64>| creation.tag("own").map(|()| 1);
        for tag in ["a", "own"] {
            region.at("a:1").try_create_with(own).unwrap();
            assert_eq!(region.get("a:1").unwrap(), Some(1));
            region.invalidate_tag(tag, Invalidation::Hard).unwrap();
            assert_eq!(region.get("a:1").unwrap(), None, "{tag}");
        }
    }
}

#[test]
fn a_value_that_no_tag_could_invalidate_is_not_stored_and_not_lost() {
    for region in each(|config| config.tags_of(group)) {
        let eight = |creation: &Creation<u64>| {
            (0..8_u8).try_for_each(|number| creation.tag([number]))?;
            Ok::<u64, TooManyTags>(1)
        };
        let answer = region.at("a:1").try_create_with(eight).unwrap();
        assert_eq!((answer.value, answer.origin), (1, Origin::Declined));
        let many = (0..8_u8).try_fold(Terms::NONE, |terms, number| terms.with_tag([number]));
        let refused = region.set_with("a:1", 1, many.unwrap());
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::TooManyTags { .. }), "{error}");
        assert!(error.to_string().contains("a:1"), "{error}");
        assert_eq!(region.get("a:1").unwrap(), None);
        region
            .set_with("a:1", 1, Terms::NONE.with_tag("a").unwrap())
            .unwrap();
        assert_eq!(region.get("a:1").unwrap(), Some(1), "one tag, said twice");
    }
}
