//! This client beside another one, crate `memcache`, on one real server: whatever one of them does, both
//! see the same. That one speaks the binary protocol, so they share no line of a request.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use dogpile_test_servers::Memcached as Server;
use memcache::{Client, CommandError, MemcacheError, Stream, ToMemcacheValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;

use crate::connection::{Connection, Reach};
use crate::keys::{Key, Keys, Room};
use crate::lookup::Lookup;
use crate::protocol::{Answer, Code, Item, Mode, Request, Said};

/// Larger than the server takes.
const TOO_LARGE: usize = 1_100_000;

/// Values that a careless reader takes for something else.
const WORDS: &[&str] = &["", "\r\n", "END\r\n", "HD\r\nVA 2 f0\r\n", "\0", "|"];

/// A value and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    body: Vec<u8>,
    flags: u32,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    We,
    They,
}

#[derive(Clone, Debug)]
enum Deed {
    Set(Stored, u32),
    Add(Stored, u32),
    /// Replaces the version that stands there, or the one before it.
    Replace(Stored, u32, Version),
    Delete,
    /// It lives for so long from now. We never do that to what we have not written; they can.
    Touch(u32),
    /// All keys at once.
    ReadAll,
    SetTooLarge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Current,
    Former,
}

/// What came of a deed, in words that both know.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Done,
    NotDone,
    Refused,
}

/// Both clients and one key.
struct Both<'b> {
    ours: &'b mut Connection,
    theirs: &'b Client,
    place: &'b Key<'static>,
}

impl ToMemcacheValue<Stream> for &Stored {
    fn get_flags(&self) -> u32 {
        self.flags
    }

    fn get_length(&self) -> usize {
        self.body.len()
    }

    fn write_to(&self, stream: &mut Stream) -> std::io::Result<()> {
        std::io::Write::write_all(stream, &self.body)
    }
}

fn text<'k>(place: &'k Key<'static>) -> &'k str {
    str::from_utf8(place.bytes()).expect("every key here is text")
}

/// What their answers mean.
fn theirs(answer: Result<bool, MemcacheError>) -> Came {
    match answer {
        Ok(true) => Came::Done,
        Ok(false)
        | Err(MemcacheError::CommandError(CommandError::KeyExists | CommandError::KeyNotFound)) => {
            Came::NotDone
        }
        Err(MemcacheError::CommandError(CommandError::ValueTooLarge)) => Came::Refused,
        Err(other) => panic!("the other client: {other}"),
    }
}

/// What our answers mean.
fn ours(answer: Answer) -> Came {
    match answer {
        Answer::Code(Code::Done, _) => Came::Done,
        Answer::Code(Code::NotStored | Code::Exists | Code::NotFound, _) => Came::NotDone,
        Answer::Error(Said::Server(text)) if text.contains("too large") => Came::Refused,
        other => panic!("our client: {other:?}"),
    }
}

impl Both<'_> {
    fn store(&mut self, who: Who, stored: &Stored, seconds: u32, mode: Mode) -> Came {
        let key = text(self.place);
        match (who, mode) {
            (Who::We, mode) => {
                let (body, flags) = (&stored.body, stored.flags);
                let request = Request::store(self.place, body, flags, seconds, mode);
                ours(self.ours.ask(request).expect("it answers"))
            }
            (Who::They, Mode::Always) => {
                theirs(self.theirs.set(key, stored, seconds).map(|()| true))
            }
            (Who::They, Mode::Absent) => {
                theirs(self.theirs.add(key, stored, seconds).map(|()| true))
            }
            (Who::They, Mode::Exactly(version)) => {
                theirs(self.theirs.cas(key, stored, seconds, version))
            }
        }
    }

    fn delete(&mut self, who: Who) -> Came {
        match who {
            Who::We => {
                let asked = self.ours.ask(Request::delete(self.place));
                ours(asked.expect("it answers"))
            }
            Who::They => theirs(self.theirs.delete(text(self.place))),
        }
    }

    /// What both see; they must see the same.
    fn read(&mut self) -> Option<(Stored, u64, Option<u32>)> {
        let request = Request::get(self.place).flag(b"c").flag(b"t");
        let ours = item(self.ours.ask(request).expect("it answers"));
        let theirs: Option<Theirs> = self.theirs.get(text(self.place)).expect("it answers");
        assert_eq!(ours.as_ref().map(seen), theirs.map(seen_by_them));
        let looked = self.ours.ask(Request::look(self.place));
        match (looked.expect("it answers"), &ours) {
            (Answer::Code(Code::Absent, _), None) => {}
            (Answer::Code(Code::Done, look), Some(item)) => {
                assert_eq!(look.size, u64::try_from(item.body.len()).ok());
                assert_eq!((look.client_flags, look.cas), (item.client_flags, item.cas));
            }
            (look, item) => panic!("{look:?} is not what {item:?} looks like"),
        }
        let item = ours?;
        let (stored, version) = seen(&item);
        Some((stored, version, item.seconds_left))
    }
}

type Theirs = (Vec<u8>, u32, Option<u64>);

fn item(answer: Answer) -> Option<Item> {
    match answer {
        Answer::Item(item) => Some(item),
        Answer::Code(Code::Absent, _) => None,
        other => panic!("our client: {other:?}"),
    }
}

fn seen(item: &Item) -> (Stored, u64) {
    let (body, flags) = (item.body.clone(), item.client_flags);
    (Stored { body, flags }, item.cas.expect("it was asked for"))
}

fn seen_by_them((body, flags, version): Theirs) -> (Stored, u64) {
    (Stored { body, flags }, version.expect("it is always told"))
}

/// What ought to stand under one key.
#[derive(Clone, Debug, Default)]
struct Ought {
    stored: Option<(Stored, u32)>,
    /// The version that stands there, and one that stood there before.
    version: Option<u64>,
    former: Option<u64>,
}

impl Ought {
    fn hold(&mut self, stored: &Stored, seconds: u32) {
        self.stored = Some((stored.clone(), seconds));
    }

    /// Does it to both, and says what ought to have come of it.
    fn after(&mut self, both: &mut Both<'_>, who: Who, deed: &Deed) {
        let is_there = self.stored.is_some();
        let done_if = |is| if is { Came::Done } else { Came::NotDone };
        match deed {
            Deed::Set(stored, seconds) => {
                assert_eq!(both.store(who, stored, *seconds, Mode::Always), Came::Done);
                self.hold(stored, *seconds);
            }
            Deed::Add(stored, seconds) => {
                let came = both.store(who, stored, *seconds, Mode::Absent);
                assert_eq!(came, done_if(!is_there));
                if !is_there {
                    self.hold(stored, *seconds);
                }
            }
            Deed::Replace(stored, seconds, version) => {
                let known = match version {
                    Version::Current => self.version,
                    Version::Former => self.former,
                };
                let Some(known) = known else { return };
                let came = both.store(who, stored, *seconds, Mode::Exactly(known));
                let current = is_there && *version == Version::Current;
                assert_eq!(came, done_if(current));
                if current {
                    self.hold(stored, *seconds);
                }
            }
            Deed::Delete => {
                assert_eq!(both.delete(who), done_if(is_there));
                self.stored = None;
            }
            Deed::Touch(seconds) => {
                let touched = both.theirs.touch(text(both.place), *seconds);
                assert_eq!(theirs(touched), done_if(is_there));
                if let Some((_, lives)) = &mut self.stored {
                    *lives = *seconds;
                }
            }
            Deed::SetTooLarge => {
                let (body, flags) = (vec![b'x'; TOO_LARGE], 0);
                let stored = Stored { body, flags };
                assert_eq!(both.store(who, &stored, 0, Mode::Always), Came::Refused);
                // The old one must not be taken for what could not be stored.
                self.stored = None;
            }
            Deed::ReadAll => {}
        }
        self.look(both);
    }

    /// Both see what ought to be there.
    fn look(&mut self, both: &mut Both<'_>) {
        let read = both.read();
        let wanted = self.stored.as_ref().map(|(stored, _)| stored);
        assert_eq!(read.as_ref().map(|(stored, ..)| stored), wanted);
        let version = read.as_ref().map(|(_, version, _)| *version);
        if version != self.version {
            self.former = self.version.or(self.former);
        }
        self.version = version;
        if let (Some((_, seconds)), Some((.., left))) = (&self.stored, read) {
            match left {
                None => assert_eq!(*seconds, 0, "it has an end"),
                // The server's clock may have ticked some times, and a busy machine takes its time.
                Some(left) => assert!(left <= *seconds && left + 30 >= *seconds, "{left}"),
            }
        }
    }
}

fn stored() -> impl Strategy<Value = Stored> {
    let body = prop_oneof![
        4 => vec(any::<u8>(), 0..200),
        1 => select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        // Longer than what is read at once.
        1 => (16_000..70_000_usize, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]),
    ];
    (body, any::<u32>()).prop_map(|(body, flags)| Stored { body, flags })
}

fn seconds() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), 1_000..2_592_000_u32]
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![2 => Just(Version::Current), 1 => Just(Version::Former)]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        40 => (stored(), seconds()).prop_map(|(stored, seconds)| Deed::Set(stored, seconds)),
        30 => (stored(), seconds()).prop_map(|(stored, seconds)| Deed::Add(stored, seconds)),
        40 => (stored(), seconds(), version())
            .prop_map(|(stored, seconds, version)| Deed::Replace(stored, seconds, version)),
        30 => Just(Deed::Delete),
        15 => (1_000..2_592_000_u32).prop_map(Deed::Touch),
        15 => Just(Deed::ReadAll),
        1 => Just(Deed::SetTooLarge),
    ]
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![Just(Who::We), Just(Who::They)]
}

/// Names of any text: words, other bytes, and longer than the server takes.
fn names() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        "[!-~]{1,40}",
        any::<String>(),
        "[ \\r\\n\\t\\x00\u{e9}]{1,20}",
        "[a-z]{230,300}",
    ];
    vec(name, 1..5)
}

/// Everything under all keys, asked for in one go by each.
fn read_all(ours: &mut Connection, theirs: &Client, places: &[Key<'static>], ought: &[Ought]) {
    let answers = ours
        .ask_all(places.iter().map(|place| Request::get(place).flag(b"c")))
        .expect("it answers");
    let texts: Vec<&str> = places.iter().map(text).collect();
    let mut found = theirs.gets::<Theirs>(&texts).expect("it answers");
    let all = answers.into_iter().zip(ought).zip(&texts);
    for ((answer, ought), text) in all {
        let seen = item(answer).as_ref().map(seen);
        assert_eq!(seen, found.remove(*text).map(seen_by_them));
        let wanted = ought.stored.as_ref().map(|(stored, _)| stored);
        assert_eq!(seen.as_ref().map(|(stored, _)| stored), wanted);
    }
}

#[test]
fn whatever_one_client_does_the_other_sees() {
    let server = Server::start(&[]).expect("the server starts");
    let reach = Reach {
        server: server.address().to_string(),
        lookup: Lookup::default(),
        timeout: Duration::from_secs(10),
        login: None,
        #[cfg(feature = "tls")]
        tls: None,
    };
    let ours = RefCell::new(reach.connect().expect("it listens"));
    let theirs = Client::connect(format!("memcache://{}", server.address())).expect("it listens");
    let case = Cell::new(0);
    let config = ProptestConfig {
        cases: 300,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let program = (names(), vec((who(), any::<Index>(), deed()), 1..40));
    proptest!(config, |((names, deeds) in program)| {
        case.set(case.get() + 1);
        let keys = Keys::native(&format!("case-{}", case.get()));
        let ours = &mut *ours.borrow_mut();
        let mut names = names;
        names.sort_unstable();
        names.dedup();
        let places: Vec<_> = names.iter().map(|name| keys.key(Room::Value, name.as_bytes())).collect();
        let mut ought = vec![Ought::default(); places.len()];
        for (who, at, deed) in &deeds {
            let at = at.index(places.len());
            let (ours, theirs, place) = (&mut *ours, &theirs, &places[at]);
            ought[at].after(&mut Both { ours, theirs, place }, *who, deed);
            if matches!(deed, Deed::ReadAll) {
                read_all(ours, theirs, &places, &ought);
            }
        }
    });
}
