//! The connections to one server, and when it is left alone.
//!
//! Each connection has a seat, and each seat a lock: whoever holds it has the connection alone, so
//! that no reply can reach another caller. A lease names the seat and the number of the connection that
//! granted it. A connection that is gone has taken its number with it: what the server counted may
//! begin again, and nothing that was granted before is used after.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use dogpile_backend::{Clock, Span, SystemClock, Time};

use crate::connection::{Connection, Reach};
use crate::ejection::{Ejection, May};
use crate::job::Job;
use crate::protocol::{Answer, Code, Request};
use crate::rounds::in_rounds;
use crate::trouble::Trouble;

/// After this much silence a connection is asked whether anybody is there, before what must not be
/// said twice is said on it.
const SILENCE: Span = Span::from_secs(1);

pub(crate) struct Pool {
    reach: Reach,
    seats: Box<[Mutex<Seat>]>,
    state: Mutex<State>,
}

struct State {
    /// How many connections there have been: their numbers.
    connected: u64,
    /// How many were found closed. The others most likely went with each: they are asked first.
    closed: u64,
    ejection: Ejection,
    /// The seat that was last found when all were taken.
    turn: usize,
}

#[derive(Default)]
struct Seat {
    connection: Option<(Connection, u64)>,
    used: Time,
    /// What `State::closed` was when it last answered.
    closed: u64,
}

/// Which connection something was heard on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which of several servers; [`Servers`](crate::servers::Servers) says.
    pub(crate) server: usize,
    seat: usize,
    number: u64,
}

impl Line {
    fn is(&self, number: Option<u64>) -> bool {
        number == Some(self.number)
    }
}

/// What is done on a connection.
pub(crate) trait Talk<T>: FnMut(&mut Connection) -> Result<T, Trouble> {}

impl<T, F: FnMut(&mut Connection) -> Result<T, Trouble>> Talk<T> for F {}

/// Whether something may be said again, when nobody knows what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Harmless,
    Never,
}

impl Seat {
    /// The number of the connection that there is.
    fn number(&self) -> Option<u64> {
        self.connection.as_ref().map(|(_, number)| *number)
    }
}

/// Ends all of these: by this trouble, or because their connection is no more.
fn end_all(jobs: impl IntoIterator<Item = Box<dyn Job>>, trouble: Option<&Trouble>) {
    for job in jobs {
        job.end(trouble.cloned());
    }
}

impl Pool {
    pub(crate) fn new(reach: Reach, connections: usize, retry_after: Duration) -> Self {
        let state = State {
            connected: 0,
            closed: 0,
            ejection: Ejection::new(retry_after, reach.timeout),
            turn: 0,
        };
        Self {
            reach,
            seats: (0..connections).map(|_| Mutex::default()).collect(),
            state: Mutex::new(state),
        }
    }

    /// Talks on any connection, and says on which it was. A talk that may be repeated is, once, on a
    /// new connection where an old one turns out to be gone.
    pub(crate) fn talk<T>(
        &self,
        again: Again,
        mut talk: impl Talk<T>,
    ) -> Result<(T, Line), Trouble> {
        let mut may = self.may_ask(May::Ask)?;
        let (at, mut seat) = self.seat();
        // It may have waited for its seat, and much may have happened since.
        may = self.may_ask(may)?;
        self.greet(&mut seat, again);
        let was_there = seat.connection.is_some();
        let mut talk = |connection: &mut Connection, _| talk(connection);
        match self.talk_on(&mut seat, may, &mut talk) {
            Err(trouble) if trouble.is_gone() && was_there && again == Again::Harmless => {
                self.talk_on(&mut seat, may, &mut talk)
            }
            end => end,
        }
        .map(|(answer, number)| {
            let (server, seat) = (0, at);
            let line = Line {
                server,
                seat,
                number,
            };
            (answer, line)
        })
    }

    /// Talks on this very connection; `None` if it is no more.
    pub(crate) fn talk_on_line<T>(
        &self,
        line: Line,
        mut talk: impl Talk<T>,
    ) -> Result<Option<T>, Trouble> {
        let Some(seat) = self.seats.get(line.seat) else {
            return Ok(None);
        };
        let mut seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
        if !line.is(seat.number()) {
            return Ok(None);
        }
        let talked = self.talk_on(&mut seat, May::Ask, &mut |connection, _| talk(connection));
        talked.map(|(answer, _)| Some(answer))
    }

    /// Has all of these talk, those that may on one connection, in rounds. `server` is this one's number.
    pub(crate) fn talk_all(&self, server: usize, jobs: Vec<Box<dyn Job>>) {
        let mut anywhere = Vec::new();
        let mut by_seat: BTreeMap<usize, Vec<Box<dyn Job>>> = BTreeMap::new();
        for job in jobs.into_iter().filter(|job| job.is_wanted()) {
            match job.line() {
                Some(line) => by_seat.entry(line.seat).or_default().push(job),
                None => anywhere.push(job),
            }
        }
        let may = match anywhere.is_empty() {
            true => Ok(May::Ask),
            false => self.may_ask(May::Ask),
        };
        let may = may.unwrap_or_else(|trouble| {
            end_all(anywhere.drain(..), Some(&trouble));
            May::Ask
        });
        for (at, mut bound) in by_seat {
            let Some(seat) = self.seats.get(at) else {
                end_all(bound, None);
                continue;
            };
            // Those that may talk anywhere talk with the first: leases were granted a round ago.
            bound.append(&mut anywhere);
            let seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
            self.talk_in(seat, (server, at), may, bound);
        }
        if !anywhere.is_empty() {
            let (at, seat) = self.seat();
            self.talk_in(seat, (server, at), may, anywhere);
        }
    }

    fn talk_in(
        &self,
        mut seat: MutexGuard<'_, Seat>,
        (server, at): (usize, usize),
        may: May,
        jobs: Vec<Box<dyn Job>>,
    ) {
        let (mut free, mut never) = (false, false);
        for job in jobs.iter().filter(|job| job.line().is_none()) {
            free = true;
            never |= job.again() == Again::Never;
        }
        if free {
            let again = if never { Again::Never } else { Again::Harmless };
            self.greet(&mut seat, again);
        }
        let known = seat.number();
        let (mut jobs, void): (Vec<_>, Vec<_>) = jobs
            .into_iter()
            .partition(|job| job.line().is_none_or(|line| line.is(known)));
        end_all(void, None);
        if jobs.is_empty() {
            return;
        }
        let mut talked = self.rounds_in(&mut seat, (server, at), may, &mut jobs);
        if let Err(trouble) = &talked
            && trouble.is_gone()
            && known.is_some()
        {
            let (again, lost): (Vec<_>, Vec<_>) = jobs
                .into_iter()
                .partition(|job| job.line().is_none() && job.again() == Again::Harmless);
            end_all(lost, Some(trouble));
            jobs = again;
            if !jobs.is_empty() {
                talked = self.rounds_in(&mut seat, (server, at), may, &mut jobs);
            }
        }
        drop(seat);
        end_all(jobs, talked.err().as_ref());
    }

    fn rounds_in(
        &self,
        seat: &mut Seat,
        (server, at): (usize, usize),
        may: May,
        jobs: &mut Vec<Box<dyn Job>>,
    ) -> Result<(), Trouble> {
        let mut talk = |connection: &mut Connection, number| {
            let line = Line {
                server,
                seat: at,
                number,
            };
            in_rounds(connection, line, jobs)
        };
        self.talk_on(seat, may, &mut talk).map(|((), _)| ())
    }

    /// The server, as people call it.
    pub(crate) fn name(&self) -> &str {
        &self.reach.server
    }

    fn talk_on<T>(
        &self,
        seat: &mut Seat,
        may: May,
        talk: &mut impl FnMut(&mut Connection, u64) -> Result<T, Trouble>,
    ) -> Result<(T, u64), Trouble> {
        // It is out of its seat while it is in use: a panic between a request and its reply leaves the
        // seat empty.
        let (mut connection, number) = match seat.connection.take() {
            Some(there) => there,
            None => {
                let new = self
                    .connect()
                    .inspect_err(|trouble| self.judge(may, trouble))?;
                seat.closed = self.state().closed;
                new
            }
        };
        let answer = talk(&mut connection, number);
        match &answer {
            Err(trouble) if trouble.breaks_connection() => {
                self.judge(may, trouble);
            }
            _ => {
                seat.used = SystemClock.coarse();
                seat.connection = Some((connection, number));
                self.answered();
            }
        }
        answer.map(|answer| (answer, number))
    }

    fn connect(&self) -> Result<(Connection, u64), Trouble> {
        let connection = self.reach.connect()?;
        let mut state = self.state();
        state.connected += 1;
        Ok((connection, state.connected))
    }

    /// Asks whether anybody is there, where that is doubtful.
    fn greet(&self, seat: &mut Seat, again: Again) {
        let closed = self.state().closed;
        let silent = || SystemClock.coarse().since(seat.used) > SILENCE;
        let doubtful = seat.closed != closed || again == Again::Never && silent();
        if !doubtful {
            return;
        }
        let Some((connection, _)) = &mut seat.connection else {
            return;
        };
        match connection.ask(Request::nothing()) {
            Ok(Answer::Code(Code::NoOp, _)) => seat.closed = closed,
            _ => seat.connection = None,
        }
    }

    /// A free seat: one with a connection sooner than one without, for those come first.
    fn seat(&self) -> (usize, MutexGuard<'_, Seat>) {
        for (at, seat) in self.seats.iter().enumerate() {
            match seat.try_lock() {
                Ok(seat) => return (at, seat),
                Err(TryLockError::Poisoned(poisoned)) => {
                    return (at, poisoned.into_inner());
                }
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let at = {
            let mut state = self.state();
            state.turn = (state.turn + 1) % self.seats.len();
            state.turn
        };
        let seat = self.seats[at].lock();
        (at, seat.unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the server may be asked now, by a call that was told so before.
    fn may_ask(&self, before: May) -> Result<May, Trouble> {
        if before == May::AskAlone {
            return Ok(before);
        }
        match self.state().ejection.may_ask(Instant::now()) {
            May::Not => {
                let server = self.reach.server.clone();
                Err(Trouble::Ejected { server })
            }
            may => Ok(may),
        }
    }

    fn judge(&self, may: May, trouble: &Trouble) {
        let mut state = self.state();
        if trouble.is_gone() {
            state.closed += 1;
        }
        if trouble.is_late() {
            state.ejection.was_late(may, Instant::now());
        } else {
            state.ejection.was_heard();
        }
    }

    fn answered(&self) {
        self.state().ejection.was_heard();
    }

    /// Nothing of others' runs under it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
