//! Many conversations on one connection: each round sends what all of them ask, and reads all replies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use crate::connection::Connection;
use crate::job::{Job, Talk};
use crate::mail::wake;
use crate::pool::Line;
use crate::trouble::Trouble;
use crate::voice::{Round, Turn};

/// Has all of these to their ends, and takes out those that have come to theirs. Those that are left when
/// something broke have not been answered.
pub(crate) fn in_rounds(
    connection: &mut Connection,
    line: Line,
    jobs: &mut Vec<Box<dyn Job>>,
) -> Result<(), Trouble> {
    let round = Round::new(connection.server(), jobs.len());
    let mut talks: Vec<Option<Talk<Option<Waker>>>> = Vec::with_capacity(jobs.len());
    for (number, job) in jobs.iter().enumerate() {
        talks.push(Some(job.talk(Turn::new(&round, line, number))));
    }
    let mut at_work = AtWork {
        jobs: std::mem::take(jobs).into_iter().map(Some).collect(),
        talks,
    };
    let mut heard: Vec<usize> = (0..at_work.jobs.len()).collect();
    let end = loop {
        if let Err(broken) = at_work.go_on(&heard) {
            break Err(broken);
        }
        let questions = round.borrow_mut().take_questions();
        if questions.is_empty() {
            break Ok(());
        }
        let asked = connection.ask_in_turn(&questions, |question, answer| {
            round.borrow_mut().answer(question.number, answer);
        });
        let numbers = questions.iter().map(|question| question.number);
        heard = numbers
            .filter(|number| round.borrow().is_answered(*number))
            .collect();
        if let Err(broken) = asked {
            // What was answered before counts.
            break at_work.go_on(&heard).and(Err(broken));
        }
    };
    jobs.extend(at_work.jobs.into_iter().flatten());
    end
}

struct AtWork {
    /// Those that have not come to their ends.
    jobs: Vec<Option<Box<dyn Job>>>,
    talks: Vec<Option<Talk<Option<Waker>>>>,
}

impl AtWork {
    /// Goes on with those that were answered. Callers are woken when all answers are there: those of a
    /// batch then go on together.
    fn go_on(&mut self, heard: &[usize]) -> Result<(), Trouble> {
        let (mut broken, mut wakers) = (Ok(()), Vec::with_capacity(heard.len()));
        for number in heard {
            let Poll::Ready(end) = self.poll(*number) else {
                continue;
            };
            self.talks[*number] = None;
            let job = self.jobs[*number].take();
            match (end, job) {
                (Ok(waker), _) => wakers.extend(waker),
                (Err(trouble), Some(job)) => {
                    if trouble.breaks_connection() {
                        broken = Err(trouble.clone());
                    }
                    job.end(Some(trouble));
                }
                (Err(_), None) => unreachable!("a conversation ends once"),
            }
        }
        wakers.into_iter().for_each(wake);
        broken
    }

    fn poll(&mut self, number: usize) -> Poll<Result<Option<Waker>, Trouble>> {
        let Some(talk) = &mut self.talks[number] else {
            return Poll::Pending;
        };
        // They wait for answers alone, and are looked at when those are there.
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| talk.as_mut().poll(&mut context)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(Trouble::panicked(&*panic))))
    }
}
