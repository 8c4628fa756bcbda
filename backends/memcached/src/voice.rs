//! Where the requests of a conversation are said: on a connection that it has alone, or in turn with
//! those of others.
//!
//! A conversation is a future that asks and hears, as often as it takes. Alone it never has to wait: each
//! question blocks until it is answered. Among others its question is sent with theirs, and the future
//! goes on when all have their answers.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::connection::Connection;
use crate::pool::Line;
use crate::protocol::{Answer, Request};
use crate::trouble::Trouble;

/// How much is sent before replies are read, where some of them bring values: it fits into what
/// the system keeps for a connection, so that neither side waits for the other to read.
const AT_ONCE: usize = 32 * 1_024;

/// The same where every reply is a word, which finds room beside any of our bytes.
const WORDS_AT_ONCE: usize = 1_024 * 1_024;

/// How many requests are sent before replies are read: so many words find room.
const MOST_AT_ONCE: usize = 1_000;

/// Where a conversation says its requests.
pub(crate) enum Voice<'c> {
    Alone(&'c mut Connection),
    Among(Turn),
}

impl Voice<'_> {
    pub(crate) async fn ask(&mut self, request: Request<'_>) -> Result<Answer, Trouble> {
        match self {
            Self::Alone(connection) => connection.ask(request),
            Self::Among(turn) => Ok(turn.ask(request).await),
        }
    }

    /// An error for an answer that the request never gets.
    pub(crate) fn odd(&self, answer: &Answer) -> Trouble {
        match self {
            Self::Alone(connection) => connection.odd(answer),
            Self::Among(turn) => Trouble::odd(&turn.round.borrow().server, answer),
        }
    }
}

/// Has a conversation on a connection that it has alone, and answers what it came to.
pub(crate) fn alone<T>(
    connection: &mut Connection,
    talk: impl AsyncFnOnce(&mut Voice<'_>) -> T,
) -> T {
    let mut voice = Voice::Alone(connection);
    let talk = pin!(talk(&mut voice));
    match talk.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(end) => end,
        Poll::Pending => unreachable!("who is alone is answered before anything else happens"),
    }
}

/// One conversation's place among others.
pub(crate) struct Turn {
    pub(crate) line: Line,
    number: usize,
    round: Rc<RefCell<Round>>,
}

/// What all of them ask next, and what they were answered.
pub(crate) struct Round {
    server: String,
    questions: Vec<Question>,
    answers: Vec<Option<Answer>>,
}

/// A request, and whose it is.
pub(crate) struct Question {
    pub(crate) number: usize,
    pub(crate) bytes: Vec<u8>,
    /// Its reply may be large.
    reads: bool,
}

impl Turn {
    pub(crate) fn new(round: &Rc<RefCell<Round>>, line: Line, number: usize) -> Self {
        let round = Rc::clone(round);
        Self {
            line,
            number,
            round,
        }
    }

    async fn ask(&self, request: Request<'_>) -> Answer {
        self.round.borrow_mut().questions.push(Question {
            number: self.number,
            reads: request.reads(),
            bytes: request.bytes(),
        });
        poll_fn(|_| {
            let answer = self.round.borrow_mut().answers[self.number].take();
            answer.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

impl Round {
    /// Of `count` conversations with this server.
    pub(crate) fn new(server: &str, count: usize) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            server: server.to_owned(),
            questions: Vec::new(),
            answers: (0..count).map(|_| None).collect(),
        }))
    }

    /// What is to be sent, in the order in which it was asked.
    pub(crate) fn take_questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.questions)
    }

    pub(crate) fn answer(&mut self, number: usize, answer: Answer) {
        self.answers[number] = Some(answer);
    }

    pub(crate) fn is_answered(&self, number: usize) -> bool {
        self.answers[number].is_some()
    }
}

/// How many of these are sent before their replies are read.
pub(crate) fn at_once(questions: &[Question]) -> usize {
    let (mut bytes, mut reads) = (0, false);
    let fits = |one: &&Question| {
        bytes += one.bytes.len();
        reads |= one.reads;
        bytes <= if reads { AT_ONCE } else { WORDS_AT_ONCE }
    };
    let fitting = questions.iter().take(MOST_AT_ONCE).take_while(fits).count();
    fitting.max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dogpile_test_servers::Memcached as Server;

    use super::*;
    use crate::connection::Reach;
    use crate::keys::{Keys, Room};
    use crate::lookup::Lookup;
    use crate::protocol::{Code, Mode};

    fn question(length: usize, reads: bool) -> Question {
        Question {
            number: 0,
            bytes: vec![b'x'; length],
            reads,
        }
    }

    #[test]
    fn no_more_is_sent_at_once_than_both_sides_have_room_for() {
        let all = |count: usize, length, reads| {
            let all: Vec<Question> = (0..count).map(|_| question(length, reads)).collect();
            at_once(&all)
        };
        assert_eq!(all(100, 60, true), 100, "a usual batch");
        assert_eq!(all(2_000, 60, true), AT_ONCE / 60);
        assert_eq!(all(5_000, 60, false), MOST_AT_ONCE);
        assert_eq!(all(10, 900_000, false), 1);
        assert_eq!(all(3, 2_000_000, false), 1, "however large it is");
        let mixed = [
            question(20_000, false),
            question(20_000, false),
            question(60, true),
        ];
        assert_eq!(at_once(&mixed), 2, "what was sent before the read counts");
        let mixed = [
            question(60, true),
            question(20_000, false),
            question(20_000, false),
        ];
        assert_eq!(at_once(&mixed), 2);
    }
    /// Replies of tens of megabytes come before requests of as many: whoever sent all requests before it
    /// read would wait for a server that waits for it.
    #[test]
    fn large_values_read_and_stored_at_once_keep_neither_side_waiting() {
        let server = Server::start(&["-m", "256"]).expect("the server starts");
        let reach = Reach {
            server: server.address().to_string(),
            lookup: Lookup::default(),
            timeout: Duration::from_secs(5),
            login: None,
            #[cfg(feature = "tls")]
            tls: None,
        };
        let mut connection = reach.connect().expect("it listens");
        let (keys, large) = (Keys::native("large"), vec![b'x'; 900_000]);
        let question = |number: usize, request: Request<'_>| Question {
            number,
            reads: request.reads(),
            bytes: request.bytes(),
        };
        let place = |number: usize| keys.key(Room::Value, &number.to_be_bytes());
        let sets = || {
            let set = |number| Request::store(&place(number), &large, 0, 0, Mode::Always);
            (0..40).map(move |number| question(number, set(number)))
        };
        let gets = (0..40).map(|number| question(number, Request::get(&place(number))));
        let all: Vec<_> = sets().chain(gets).chain(sets()).collect();
        let mut heard = Vec::new();
        let asked = connection.ask_in_turn(&all, |question, answer| {
            let is_whole = match answer {
                Answer::Item(item) => item.body.len() == large.len(),
                answer => matches!(answer, Answer::Code(Code::Done, _)),
            };
            assert!(is_whole, "the answer to {}", question.number);
            heard.push(question.number);
        });
        asked.expect("neither waits");
        assert!(heard.into_iter().eq(all.iter().map(|one| one.number)));
    }
}
