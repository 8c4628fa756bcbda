//! Where a server's name leads. The system says so in its own time, which is ten seconds and more where no name
//! server answers. So a thread asks it, one at a time for each server, and nobody waits for that longer than for a
//! connection.

use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dogpile_backend::Patience;

/// For how long an answer that came after all had gone is one for whoever comes next.
const GOOD_FOR: Duration = Duration::from_secs(5);

/// Where a name leads, or why that is not known.
pub(crate) type Found = Result<Vec<SocketAddr>, Arc<Error>>;

/// Asks for the addresses of one server.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    find: fn(&str) -> Found,
    /// What was asked and is no more than a moment ago answered, unless somebody has the answer.
    asked: Arc<Mutex<Option<Arc<Question>>>>,
}

#[derive(Debug, Default)]
struct Question {
    found: Mutex<Option<(Found, Instant)>>,
    answered: Condvar,
}

impl Default for Lookup {
    fn default() -> Self {
        Self::by(|server| match server.to_socket_addrs() {
            Ok(all) => Ok(all.collect()),
            Err(error) => Err(Arc::new(error)),
        })
    }
}

impl Lookup {
    pub(crate) fn by(find: fn(&str) -> Found) -> Self {
        let asked = Arc::default();
        Self { find, asked }
    }

    /// The addresses of `server`, a host and a port; that it is late, where they are not known in time.
    pub(crate) fn addresses(&self, server: &str, patience: &mut Patience) -> Found {
        if let Ok(address) = server.parse() {
            return Ok(vec![address]);
        }
        let question = self.question(server)?;
        let found = question.wait(patience).ok_or_else(|| {
            let why = "the system did not say in time where the name leads";
            Arc::new(Error::new(ErrorKind::TimedOut, why))
        })?;
        // Names move: who comes from here on asks anew.
        lock(&self.asked).take_if(|asked| Arc::ptr_eq(asked, &question));
        found
    }

    /// The question that the system has before it, or has just answered; else a new one.
    fn question(&self, server: &str) -> Result<Arc<Question>, Arc<Error>> {
        let mut asked = lock(&self.asked);
        if let Some(question) = asked.as_ref().filter(|asked| asked.is_of_use()) {
            return Ok(Arc::clone(question));
        }
        let question = Arc::new(Question::default());
        let (find, server, at_work) = (self.find, server.to_owned(), Arc::clone(&question));
        let thread = std::thread::Builder::new().name("dogpile-memcached".to_owned());
        thread.spawn(move || at_work.answer(find(&server)))?;
        *asked = Some(Arc::clone(&question));
        Ok(question)
    }
}

impl Question {
    fn is_of_use(&self) -> bool {
        let found = lock(&self.found);
        let answered = found.as_ref().map(|(_, answered)| answered.elapsed());
        answered.is_none_or(|ago| ago < GOOD_FOR)
    }

    fn answer(&self, found: Found) {
        *lock(&self.found) = Some((found, Instant::now()));
        self.answered.notify_all();
    }

    /// The answer; `None`: there was none in time.
    fn wait(&self, patience: &mut Patience) -> Option<Found> {
        let mut place = lock(&self.found);
        loop {
            if let Some((found, _)) = &*place {
                return Some(found.clone());
            }
            let stretch = patience.next(Instant::now())?;
            let waited = self.answered.wait_timeout(place, stretch);
            place = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Nothing of others' runs under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn little() -> Patience {
        Patience::new(Duration::from_millis(20), Instant::now())
    }

    fn much() -> Patience {
        Patience::new(Duration::from_secs(60), Instant::now())
    }

    /// A name server that answers when the test lets go of this.
    static SLOW: Mutex<()> = Mutex::new(());
    /// How often it was asked.
    static ASKED: Mutex<u32> = Mutex::new(0);

    fn slow(_: &str) -> Found {
        *lock(&ASKED) += 1;
        drop(lock(&SLOW));
        let found = "127.0.0.1:1".to_socket_addrs();
        found.map(Iterator::collect).map_err(Arc::new)
    }

    #[test]
    fn law_12_nobody_waits_longer_than_was_said_for_where_a_name_leads() {
        let lookup = Lookup::by(slow);
        let (held, begun) = (lock(&SLOW), Instant::now());
        for _ in 0..3 {
            let late = lookup.addresses("cache:11211", &mut little()).unwrap_err();
            assert_eq!(late.kind(), ErrorKind::TimedOut);
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(3), "{took:?}");
        // What comes late is no loss: it is the next one's.
        drop(held);
        let found = lookup.addresses("cache:11211", &mut much()).unwrap();
        assert_eq!(found.len(), 1);
        // All of them asked by one thread, and who has the answer asks anew.
        assert_eq!(*lock(&ASKED), 1);
        assert!(lookup.addresses("cache:11211", &mut much()).is_ok());
        assert_eq!(*lock(&ASKED), 2);
    }

    #[test]
    fn law_12_who_stood_still_amid_a_lookup_hears_where_the_name_leads() {
        static HELD: Mutex<()> = Mutex::new(());
        let lookup = Lookup::by(|_| {
            drop(lock(&HELD));
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], 1))])
        });
        let held = lock(&HELD);
        let minute = Duration::from_secs(60);
        // As one does that has begun to wait, and was stopped for an hour then.
        let begun = Instant::now();
        let waits = |question: Arc<Question>| {
            let mut patience = Patience::new(minute, begun);
            patience.next(begun + 60 * minute)?;
            question.wait(&mut patience)
        };
        std::thread::scope(|scope| {
            let question = lookup.question("cache:11211").unwrap();
            let waits = scope.spawn(|| waits(question));
            drop(held);
            assert!(waits.join().unwrap().is_some_and(|found| found.is_ok()));
        });
    }

    #[test]
    fn an_address_is_no_name_that_anybody_is_asked_for() {
        let lookup = Lookup::by(|_| unreachable!("it is an address"));
        for address in ["127.0.0.1:11211", "[::1]:11211"] {
            assert_eq!(lookup.addresses(address, &mut little()).unwrap().len(), 1);
        }
    }

    #[test]
    fn what_the_system_says_is_told() {
        let lookup = Lookup::default();
        assert!(lookup.addresses("localhost:1", &mut much()).is_ok());
        // No name server is asked for what is no name and port.
        let error = lookup.addresses("localhost", &mut much());
        assert_ne!(error.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
