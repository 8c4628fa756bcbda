//! A program that takes a server's place.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Hangs up when nothing more is asked for so long: what it said last may have been half an answer, for
/// whose rest the client waits.
const PATIENCE: Duration = Duration::from_millis(2);

/// For the first request it waits as long as a client does for an answer: one that is slow to ask finds
/// what one that is quick finds.
pub(crate) const AT_FIRST: Duration = Duration::from_secs(1);

/// Answers each request with the next answer; when there are none left it hangs up.
pub(crate) struct Impostor {
    pub(crate) address: SocketAddr,
    is_over: Arc<Mutex<bool>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Impostor {
    pub(crate) fn begin(answers: Vec<Vec<u8>>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let is_over = Arc::new(Mutex::new(false));
        let over = Arc::clone(&is_over);
        let mut answers = answers.into_iter();
        let thread = thread::spawn(move || {
            for line in listener.incoming() {
                if *over.lock().unwrap_or_else(PoisonError::into_inner) {
                    return;
                }
                // A client that hangs up is the client's affair.
                let _ = line.and_then(|line| serve(line, &mut answers));
            }
        });
        Ok(Self {
            address,
            is_over,
            thread: Some(thread),
        })
    }
}

fn serve(mut line: TcpStream, answers: &mut impl Iterator<Item = Vec<u8>>) -> std::io::Result<()> {
    line.set_nodelay(true)?;
    line.set_read_timeout(Some(AT_FIRST))?;
    let mut request = [0; 4096];
    while line.read(&mut request)? > 0 {
        let Some(answer) = answers.next() else {
            return Ok(());
        };
        line.write_all(&answer)?;
        line.set_read_timeout(Some(PATIENCE))?;
    }
    Ok(())
}

impl Drop for Impostor {
    fn drop(&mut self) {
        *self.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        // It looks whether it is over when somebody comes, and is gone if another came before us.
        let _ = TcpStream::connect(self.address);
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()));
    }
}
