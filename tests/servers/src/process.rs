//! One child: killed, ended, frozen, thawed, and never left behind.

use std::io;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::nursery;

/// A running child: a server, or another program that a test kills and freezes. Dropped, it is
/// killed, and so it is when this process ends, however that comes.
///
/// Its id is its own until it is waited for, which only this value does: no signal goes astray.
#[derive(Debug)]
pub struct Process {
    child: Child,
    frozen: bool,
}

impl Process {
    /// Starts a program.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn start(command: Command) -> io::Result<Self> {
        let child = nursery::spawn(command)?;
        Ok(Self {
            child,
            frozen: false,
        })
    }

    /// Our ends of the pipes that its command asked for; they are given away once.
    pub fn pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>) {
        (self.child.stdin.take(), self.child.stdout.take())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is neither frozen nor ended.
    pub(crate) fn is_up(&mut self) -> bool {
        !self.frozen && matches!(self.ended(), Ok(None))
    }

    /// Whether it ended by itself, and how.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Kills it, and returns when it is no more.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Asks it to end in its own way; [`Self::ended`] tells when it did.
    pub(crate) fn ask_to_end(&mut self) -> io::Result<()> {
        self.thaw()?;
        self.signal(Signal::TERM)
    }

    /// Asks it to end in its own way, and returns when it has.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        self.ask_to_end()?;
        self.child.wait()
    }

    /// Stops it where it stands, and returns when it does stand still.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn freeze(&mut self) -> io::Result<()> {
        self.signal(Signal::STOP)?;
        let still = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(Pid::from_child(&self.child)), still)?;
        self.frozen = true;
        Ok(())
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn thaw(&mut self) -> io::Result<()> {
        self.signal(Signal::CONT)?;
        self.frozen = false;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody can be told; the kernel kills it at the latest when this process ends.
        let _ = self.kill();
    }
}
