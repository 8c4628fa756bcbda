//! The connections to one server, and when it is left alone.
//!
//! Each connection has a [seat](Seats), and whoever has the seat has the connection alone, so that no reply can reach
//! another caller. A lease names the seat and the number of the connection that granted it. A connection that
//! is gone has taken its number with it: what the server counted may begin again, and nothing that was granted
//! before is used after. Unless there is another connection that was there already when it was granted: no
//! connection outlives the process at its other end, so it is the same server that counts still.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dogpile_backend::{Clock, Span, SystemClock};

use crate::connection::{Connection, Reach};
use crate::ejection::{Ejection, May};
use crate::job::Job;
use crate::protocol::{Answer, Code, Request};
use crate::rounds::in_rounds;
use crate::seats::{Seat, Seats, Taken};
use crate::trouble::Trouble;

/// After this much silence a connection is asked whether anybody is there, before what must not be
/// said twice is said on it.
const SILENCE: Span = Span::from_secs(1);

pub(crate) struct Pool {
    reach: Reach,
    seats: Seats,
    state: Mutex<State>,
}

struct State {
    /// How many connections there have been: their numbers.
    connected: u64,
    /// How many were found closed. The others most likely went with each: they are asked first.
    closed: u64,
    ejection: Ejection,
}

/// Which connection something was heard on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which of several servers; [`Servers`](crate::servers::Servers) says.
    pub(crate) server: usize,
    seat: usize,
    /// How many connections there had been by then: this one, and others that were there already.
    connected: u64,
}

impl Line {
    /// Whether what was heard means the same on the connection of this number.
    fn is_known_to(&self, number: Option<u64>) -> bool {
        number.is_some_and(|number| number <= self.connected)
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
        };
        Self {
            reach,
            seats: Seats::new(connections),
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
        let mut seat = self.any_seat()?;
        if seat.waited {
            // Much may have happened since.
            may = self.may_ask(may)?;
        }
        self.greet(&mut seat, again);
        let was_there = seat.connection.is_some();
        let at = seat.at;
        let mut talk = |connection: &mut Connection, connected| {
            let (server, seat) = (0, at);
            let line = Line {
                server,
                seat,
                connected,
            };
            talk(connection).map(|answer| (answer, line))
        };
        match self.talk_on(&mut seat, may, &mut talk) {
            Err(trouble) if trouble.is_gone() && was_there && again == Again::Harmless => {
                self.talk_on(&mut seat, may, &mut talk)
            }
            end => end,
        }
    }

    /// Talks on this very connection, or on one that was there when this was heard; `None` if none is any more.
    pub(crate) fn talk_on_line<T>(
        &self,
        line: Line,
        mut talk: impl Talk<T>,
    ) -> Result<Option<T>, Trouble> {
        let mut seat = self.certain_seat(self.seat_of(line))?;
        if !line.is_known_to(seat.number()) {
            return Ok(None);
        }
        let talked = self.talk_on(&mut seat, May::Ask, &mut |connection, _| talk(connection));
        talked.map(Some)
    }

    /// The seat of that connection; if it is closed, of one that was there already, where there is one.
    fn seat_of(&self, line: Line) -> usize {
        let is_good = |seat: Taken<'_>| {
            let closed = seat.connection.as_ref().map(|(one, _)| one.is_closed());
            closed == Some(false) && line.is_known_to(seat.number())
        };
        // Whoever has it finds out.
        if self.seats.free(line.seat).is_none_or(is_good) {
            return line.seat;
        }
        let mut others = 0..self.seats.count();
        let other = others.find(|at| self.seats.free(*at).is_some_and(is_good));
        other.unwrap_or(line.seat)
    }

    /// Has all of these talk, those that may on one connection, in rounds. `server` is this one's number.
    pub(crate) fn talk_all(&self, server: usize, jobs: Vec<Box<dyn Job>>) {
        let mut anywhere = Vec::new();
        let mut by_seat: BTreeMap<usize, Vec<Box<dyn Job>>> = BTreeMap::new();
        for job in jobs.into_iter().filter(|job| job.is_wanted()) {
            match job.line() {
                Some(line) => by_seat.entry(self.seat_of(line)).or_default().push(job),
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
            match self.certain_seat(at) {
                Ok(seat) => {
                    // Those that may talk anywhere talk with the first: leases were granted a round ago.
                    bound.append(&mut anywhere);
                    self.talk_in(seat, server, may, bound);
                }
                Err(trouble) => end_all(bound, Some(&trouble)),
            }
        }
        if !anywhere.is_empty() {
            match self.any_seat() {
                Ok(seat) => self.talk_in(seat, server, may, anywhere),
                Err(trouble) => end_all(anywhere, Some(&trouble)),
            }
        }
    }

    fn talk_in(&self, mut seat: Taken<'_>, server: usize, may: May, jobs: Vec<Box<dyn Job>>) {
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
            .partition(|job| job.line().is_none_or(|line| line.is_known_to(known)));
        end_all(void, None);
        if jobs.is_empty() {
            return;
        }
        let mut talked = self.rounds_in(&mut seat, server, may, &mut jobs);
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
                talked = self.rounds_in(&mut seat, server, may, &mut jobs);
            }
        }
        drop(seat);
        end_all(jobs, talked.err().as_ref());
    }

    fn rounds_in(
        &self,
        seat: &mut Taken<'_>,
        server: usize,
        may: May,
        jobs: &mut Vec<Box<dyn Job>>,
    ) -> Result<(), Trouble> {
        let at = seat.at;
        let mut talk = |connection: &mut Connection, connected| {
            let line = Line {
                server,
                seat: at,
                connected,
            };
            in_rounds(connection, line, jobs)
        };
        self.talk_on(seat, may, &mut talk)
    }

    /// The server, as people call it.
    pub(crate) fn name(&self) -> &str {
        &self.reach.server
    }

    /// Talks on the connection of this seat; what is said there knows how many there have been by then.
    fn talk_on<T>(
        &self,
        seat: &mut Seat,
        may: May,
        talk: &mut impl FnMut(&mut Connection, u64) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
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
        let connected = self.state().connected;
        let answer = talk(&mut connection, connected);
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
        answer
    }

    #[cold]
    fn connect(&self) -> Result<(Box<Connection>, u64), Trouble> {
        let connection = Box::new(self.reach.connect()?);
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

    fn any_seat(&self) -> Result<Taken<'_>, Trouble> {
        self.seats
            .any(self.reach.timeout)
            .ok_or_else(|| self.busy())
    }

    fn certain_seat(&self, at: usize) -> Result<Taken<'_>, Trouble> {
        let seat = self.seats.certain(at, self.reach.timeout);
        seat.ok_or_else(|| self.busy())
    }

    #[cold]
    fn busy(&self) -> Trouble {
        Trouble::Busy {
            server: self.reach.server.clone(),
            connections: self.seats.count(),
            waited: self.reach.timeout,
        }
    }

    /// Whether the server may be asked now, by a call that was told so before.
    fn may_ask(&self, before: May) -> Result<May, Trouble> {
        if before == May::AskAlone {
            return Ok(before);
        }
        let ejection = &mut self.state().ejection;
        // The clock is looked at only where it matters.
        if ejection.is_trusted() {
            return Ok(before);
        }
        match ejection.may_ask(Instant::now()) {
            May::Not => Err(self.ejected()),
            may => Ok(may),
        }
    }

    /// Why the server is not to be asked now, for who would have to wait behind the one that asks whether it is back.
    pub(crate) fn left_alone(&self) -> Result<(), Trouble> {
        match self.state().ejection.is_left_alone(Instant::now()) {
            true => Err(self.ejected()),
            false => Ok(()),
        }
    }

    #[cold]
    fn ejected(&self) -> Trouble {
        let server = self.reach.server.clone();
        Trouble::Ejected { server }
    }

    #[cold]
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

#[cfg(test)]
mod tests;
