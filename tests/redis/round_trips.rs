//! How many times calls wait for the server, counted on the way to it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use dogpile::Region;

use crate::{config, process, server, settings};

/// For how long nobody on the way has to say anything, to be waiting for what is held back.
const SILENCE: Duration = Duration::from_millis(100);

/// The way to a server that is very far away: its answers stay on the way until its clients have nothing
/// more to ask without them. Then all arrive, and that is one round trip.
struct LongWay {
    address: SocketAddr,
    held: Arc<(Mutex<Held>, Condvar)>,
}

#[derive(Default)]
struct Held {
    answers: Vec<(Arc<TcpStream>, Vec<u8>)>,
    last_word: Option<Instant>,
    trips: u64,
}

impl LongWay {
    fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let way = Self {
            address: listener.local_addr().unwrap(),
            held: Arc::default(),
        };
        let held = Arc::clone(&way.held);
        thread::spawn(move || arrive(&held));
        let held = Arc::clone(&way.held);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(server).unwrap();
                carry(client, server, &held);
            }
        });
        way
    }

    /// The trips since the last time.
    fn trips(&self) -> u64 {
        std::mem::take(&mut lock(&self.held.0).trips)
    }

    fn region(&self) -> Region<u64> {
        process(config(settings(&format!("redis://{}/0", self.address))))
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap()
}

/// Questions pass at once, answers are held.
fn carry(client: TcpStream, server: TcpStream, held: &Arc<(Mutex<Held>, Condvar)>) {
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (questions, answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let known = Arc::clone(held);
    thread::spawn(move || {
        each_piece(questions, |piece| {
            lock(&known.0).last_word = Some(Instant::now());
            (&server).write_all(piece).is_ok()
        });
    });
    let (client, held) = (Arc::new(client), Arc::clone(held));
    thread::spawn(move || {
        each_piece(answers, |piece| {
            let mut all = lock(&held.0);
            all.last_word = Some(Instant::now());
            all.answers.push((Arc::clone(&client), piece.to_vec()));
            held.1.notify_all();
            true
        });
    });
}

fn each_piece(mut from: TcpStream, mut take: impl FnMut(&[u8]) -> bool) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if !take(&piece[..count]) {
            return;
        }
    }
}

/// Lets answers arrive whenever both ends are silent.
fn arrive((held, come): &(Mutex<Held>, Condvar)) {
    loop {
        let mut all = come
            .wait_while(lock(held), |all| all.answers.is_empty())
            .unwrap();
        while let Some(left) = all
            .last_word
            .and_then(|word| SILENCE.checked_sub(word.elapsed()))
        {
            all = come.wait_timeout(all, left).unwrap().0;
        }
        all.trips += 1;
        for (client, piece) in std::mem::take(&mut all.answers) {
            // A client that has gone needs no answer.
            let _ = (&*client).write_all(&piece);
        }
    }
}

fn keys(first: u64) -> Vec<String> {
    (first..first + 100)
        .map(|number| format!("key:{number}"))
        .collect()
}

/// With a connection that is made and scripts that the server knows. The very first call of a process needs
/// both, and takes three more.
#[test]
fn a_cold_batch_of_100_keys_takes_at_most_6_round_trips() {
    let server = server();
    let way = LongWay::to(server.address());
    let region = way.region();
    let trips = |keys: &[String]| {
        let made = region.get_or_create_many(keys, |keys| vec![7; keys.len()]);
        assert_eq!(made.unwrap(), [7; 100]);
        way.trips()
    };
    let first = trips(&keys(0));
    let cold = trips(&keys(100));
    let hits = trips(&keys(100));
    assert!(
        cold <= 6,
        "{cold}; hits took {hits}, the first batch {first}"
    );
    assert!(hits < cold, "{hits} of {cold}");
    // One key after the other, each takes its own.
    for key in &keys(200)[..3] {
        region.get_or_create(key, || 7).unwrap();
    }
    let one_by_one = way.trips();
    assert!(one_by_one > 6, "{one_by_one}");
}
