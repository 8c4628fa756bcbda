//! Laws 11 and 12 for tags in stores of files: what was invalidated by tag stays so when the folder is opened
//! anew.

use std::path::Path;
use std::time::{Duration, Instant};

use dogpile::{Config, File, Invalidation, JsonCodec, Region, Sled, Terms, Verdict};

fn in_files(folder: &Path) -> Config<u64> {
    Config::new(File::open(folder).unwrap().encoded(JsonCodec::new()))
}

fn on_sled(folder: &Path) -> Config<u64> {
    Config::new(Sled::open(folder).unwrap().encoded(JsonCodec::new()))
}

fn region(config: Config<u64>) -> Region<u64> {
    let region = Region::new("pages");
    region.configure(config).unwrap();
    region
}

fn set(region: &Region<u64>, key: &str, tag: &str) {
    let terms = Terms::NONE.with_tag(tag).unwrap();
    region.set_with(key, 1, terms).unwrap();
}

/// Only a test that fails waits for long.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "never: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn law_11_all_who_have_opened_a_folder_see_an_invalidation_by_tag() {
    for open in [in_files, on_sled] {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = [(); 2].map(|()| region(open(folder.path())));
        set(&a, "key", "t");
        set(&a, "other", "u");
        assert_eq!(b.get_many(&["key", "other"]).unwrap(), [Some(1); 2]);
        for _ in 0..3 {
            a.invalidate_tag("t", Invalidation::Hard).unwrap();
            until("it is seen", || b.get("key").unwrap().is_none());
            assert_eq!(b.get("other").unwrap(), Some(1));
            set(&b, "key", "t");
            assert_eq!(a.get("key").unwrap(), Some(1));
        }
    }
}

#[test]
fn law_12_what_was_invalidated_by_tag_stays_so_when_all_have_gone() {
    for open in [in_files, on_sled] {
        let folder = tempfile::tempdir().unwrap();
        let before = region(open(folder.path()));
        set(&before, "hard", "t");
        set(&before, "soft", "u");
        set(&before, "other", "v");
        before.invalidate_tag("t", Invalidation::Hard).unwrap();
        before.invalidate_tag("u", Invalidation::Soft).unwrap();
        drop(before);
        let after = region(open(folder.path()));
        let verdict = |key| after.metadata(key).unwrap().unwrap().verdict;
        let verdicts = ["hard", "soft", "other"].map(verdict);
        assert_eq!(verdicts, [Verdict::Miss, Verdict::Stale, Verdict::Fresh]);
        set(&after, "hard", "t");
        assert_eq!(after.get("hard").unwrap(), Some(1));
    }
}
