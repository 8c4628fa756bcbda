//! Questions that several callers have at once: each is put to the store once. Whoever waits for the answer and
//! is polled carries the question on, so that one who goes away, or rests, keeps nobody waiting.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use dogpile_backend::Epoch;

use crate::sync::{Mutex, MutexGuard};

/// How a question is put. It has ended when the answer is known where all find it, or there is none.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is asked. Who knows a later number of the order has another question: an answer that is on its way may
/// be older than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum About {
    Order,
    Tag { slot: u16, as_of: Epoch },
}

/// What is asked, and whether that may block who carries it on: then no task joins.
pub(super) type Topic = (About, bool);

/// The questions that are open.
pub(super) struct Questions {
    open: Mutex<BTreeMap<Topic, Arc<Question>>>,
}

struct Question {
    state: Mutex<State>,
}

struct State {
    /// Away while somebody carries it on.
    work: Option<Work>,
    has_ended: bool,
    /// It can go on since somebody began to carry it on.
    rung: bool,
    /// Those who wait, by their seats.
    waiting: BTreeMap<u64, Waker>,
    askers: usize,
    last_seat: u64,
}

/// One who waits for the answer.
pub(super) struct Asker<'q> {
    questions: &'q Questions,
    topic: Topic,
    question: Arc<Question>,
    seat: u64,
}

/// While a question is carried on; unless it is to go on, it has ended then, by a panic too.
struct Turn<'a, 'q> {
    asker: &'a Asker<'q>,
    work: Option<Work>,
}

impl Questions {
    pub(super) const fn new() -> Self {
        Self {
            open: Mutex::new(BTreeMap::new()),
        }
    }

    /// Waits for the answer to the question about `topic`, which is put by way of `work` unless it is open.
    /// Those who wait while it fails have their answer: there is none. Who comes after that asks anew.
    pub(super) fn ask(&self, topic: Topic, work: impl FnOnce() -> Work) -> Asker<'_> {
        let mut open = self.open();
        let place = open.entry(topic);
        let question = place.or_insert_with(|| Arc::new(Question::new(work())));
        let seat = question.state().sit_down();
        Asker {
            questions: self,
            topic,
            question: Arc::clone(question),
            seat,
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<Topic, Arc<Question>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Question {
    fn new(work: Work) -> Self {
        Self {
            state: Mutex::new(State {
                work: Some(work),
                has_ended: false,
                rung: false,
                waiting: BTreeMap::new(),
                askers: 0,
                last_seat: 0,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sit_down(&mut self) -> u64 {
        self.askers += 1;
        self.last_seat += 1;
        self.last_seat
    }
}

/// Nobody knows which of those who wait will be polled: all are woken.
impl Wake for Question {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state();
        state.rung = true;
        let woken = std::mem::take(&mut state.waiting);
        drop(state);
        woken.into_values().for_each(Waker::wake);
    }
}

impl Asker<'_> {
    /// Nobody joins it any more. The table's lock is taken before the question's.
    fn close(&self, open: &mut BTreeMap<Topic, Arc<Question>>) {
        if let Entry::Occupied(there) = open.entry(self.topic)
            && Arc::ptr_eq(there.get(), &self.question)
        {
            there.remove();
        }
    }
}

impl Future for Asker<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let own = context.waker().clone();
        let mut state = self.question.state();
        if state.has_ended {
            return Poll::Ready(());
        }
        let before = state.waiting.insert(self.seat, own);
        let work = state.work.take();
        state.rung &= work.is_none();
        drop(state);
        drop(before); // a waker is its owner's code, which is called without our lock
        let Some(work) = work else {
            return Poll::Pending;
        };
        let mut turn = Turn {
            asker: &self,
            work: Some(work),
        };
        turn.go_on()
    }
}

impl Turn<'_, '_> {
    fn go_on(&mut self) -> Poll<()> {
        let question = &self.asker.question;
        let waker = Waker::from(Arc::clone(question));
        let Some(work) = self.work.as_mut() else {
            return Poll::Ready(());
        };
        if work
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            return Poll::Ready(());
        }
        let mut state = question.state();
        state.work = self.work.take();
        // Who was woken meanwhile found nothing to carry on.
        let woken = match state.rung {
            true => std::mem::take(&mut state.waiting),
            false => BTreeMap::new(),
        };
        drop(state);
        woken.into_values().for_each(Waker::wake);
        Poll::Pending
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else {
            return;
        };
        let mut open = self.asker.questions.open();
        self.asker.close(&mut open);
        let mut state = self.asker.question.state();
        state.has_ended = true;
        let own = state.waiting.remove(&self.asker.seat);
        let woken = std::mem::take(&mut state.waiting);
        drop((state, open));
        woken.into_values().for_each(Waker::wake);
        drop((own, work));
    }
}

impl Drop for Asker<'_> {
    /// The last one takes the question along.
    fn drop(&mut self) {
        let mut open = self.questions.open();
        let mut state = self.question.state();
        let own = state.waiting.remove(&self.seat);
        state.askers -= 1;
        let mut work = None;
        if state.askers == 0 {
            work = state.work.take();
            self.close(&mut open);
        }
        drop((state, open));
        drop((own, work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const TOPIC: Topic = (About::Order, false);

    #[derive(Default)]
    struct Woken(Mutex<bool>);

    impl Woken {
        fn there(&self) -> MutexGuard<'_, bool> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            *self.there() = true;
        }
    }

    fn poll(asker: &mut Asker<'_>, woken: &Arc<Woken>) -> Poll<()> {
        *woken.there() = false;
        let waker = Waker::from(Arc::clone(woken));
        Pin::new(asker).poll(&mut Context::from_waker(&waker))
    }

    fn never() -> Work {
        unreachable!("it is open")
    }

    #[test]
    fn law_7_who_was_woken_in_vain_while_another_carried_it_on_is_woken_again() {
        static QUESTIONS: Questions = Questions::new();
        let other: Arc<Mutex<Option<Asker<'_>>>> = Arc::default();
        let woken = Arc::new(Woken::default());
        let (inside, rings) = (Arc::clone(&other), Arc::clone(&woken));
        let mut times = 0;
        let work = poll_fn(move |context| {
            times += 1;
            context.waker().wake_by_ref();
            if times > 1 {
                return Poll::Ready(());
            }
            let mut other = inside.lock().unwrap_or_else(PoisonError::into_inner);
            let polled = other.as_mut().map(|other| poll(other, &rings));
            assert_eq!(polled, Some(Poll::Pending), "it is carried on");
            Poll::Pending
        });
        let mut one = QUESTIONS.ask(TOPIC, || Box::pin(work));
        let second = QUESTIONS.ask(TOPIC, never);
        *other.lock().unwrap_or_else(PoisonError::into_inner) = Some(second);
        assert!(poll(&mut one, &Arc::default()).is_pending());
        drop(one);
        assert!(*woken.there());
        let second = other.lock().unwrap_or_else(PoisonError::into_inner).take();
        assert_eq!(
            second.map(|mut second| poll(&mut second, &woken)),
            Some(Poll::Ready(()))
        );
        assert!(QUESTIONS.open().is_empty());
    }

    #[test]
    fn law_7_a_panic_ends_the_question_for_all() {
        let questions = Questions::new();
        let work = || -> Work { Box::pin(async { panic!("a store's own") }) };
        let mut one = questions.ask(TOPIC, work);
        let (mut second, woken) = (questions.ask(TOPIC, never), Arc::new(Woken::default()));
        let panics = catch_unwind(AssertUnwindSafe(|| poll(&mut one, &Arc::default())));
        assert!(panics.is_err() && questions.open().is_empty());
        assert!(poll(&mut second, &woken).is_ready());
    }
}
