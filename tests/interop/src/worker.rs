//! A process of the fleet that uses this cache.

use std::io::{BufRead, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dogpile::{Compatibility, Config, JsonCodec, MemcachedSettings, RedisSettings, Region};
use serde_json::{Value, json};

use crate::protocol::{Answer, Creation, Found, Order, Question, Said};

/// What a worker is told on its command line.
#[derive(Clone, clap::Args)]
pub(crate) struct Options {
    name: String,
    url: String,
    /// For how many seconds a value is fresh.
    fresh: f64,
    /// How many seconds a lease lasts.
    lease: f64,
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs_f64()
}

struct Worker {
    name: String,
    region: Region<Value>,
    numbers: Mutex<u64>,
}

/// Obeys until there are no more orders, and ends then whatever its threads still wait for.
pub(crate) fn run(options: Options) -> ! {
    let worker = Worker {
        region: open(&options),
        name: options.name,
        numbers: Mutex::new(0),
    };
    // Connects.
    let _ = worker.region.get("connects");
    say(&Said::Ready);
    for line in std::io::stdin().lock().lines() {
        let order = line.ok().and_then(|line| serde_json::from_str(&line).ok());
        let Some(order) = order else { break };
        say(&worker.obey(order));
    }
    std::process::exit(0)
}

/// As a service would that moves from dogpile.cache: fresh for as long, served stale for ever.
fn open(options: &Options) -> Region<Value> {
    let (url, python) = (&options.url, Compatibility::Python);
    let config = if url.starts_with("memcached") {
        let settings = MemcachedSettings::server(url).compatibility(python);
        let store = settings.open().unwrap_or_else(|bad| end(&bad));
        Config::new(store.encoded(JsonCodec::new()))
    } else {
        let settings = RedisSettings::url(url).compatibility(python);
        let store = settings.open().unwrap_or_else(|bad| end(&bad));
        Config::new(store.encoded(JsonCodec::new()))
    };
    let config = config
        .fresh_for(Duration::from_secs_f64(options.fresh))
        .stale_for(Duration::MAX)
        .lease_time(Duration::from_secs_f64(options.lease));
    let region = Region::new("interop");
    region.configure(config).unwrap_or_else(|bad| end(&bad));
    region
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end(error: &dyn std::error::Error) -> ! {
    eprintln!("a worker cannot begin: {error}");
    std::process::exit(2)
}

fn say(said: &Said) {
    let line = serde_json::to_string(said).unwrap_or_default();
    // Whoever does not listen any more has ended, and so does this process.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

impl Worker {
    fn obey(&self, order: Order) -> Said {
        match order {
            Order::Ask(question) => self.ask(&question),
            Order::Set { key, value } => {
                self.region.set(&key, value).unwrap_or_else(|bad| end(&bad));
                Said::Done
            }
            Order::Delete { key } => {
                self.region.delete(&key).unwrap_or_else(|bad| end(&bad));
                Said::Done
            }
            Order::Read { key } => Said::Read(self.read(&key)),
        }
    }

    fn ask(&self, question: &Question) -> Said {
        let creations = Mutex::new(Vec::new());
        let answers = thread::scope(|scope| {
            let one = |_| scope.spawn(|| self.call(question, &creations));
            let running: Vec<_> = (0..question.threads).map(one).collect();
            let ended = running.into_iter().filter_map(|thread| thread.join().ok());
            ended.collect()
        });
        Said::Answers {
            answers,
            creations: creations.into_inner().unwrap_or_default(),
        }
    }

    fn call(&self, question: &Question, creations: &Mutex<Vec<Creation>>) -> Answer {
        thread::sleep(Duration::from_secs_f64((question.at - now()).max(0.0)));
        let answer = self.region.get_or_try_create(&question.key, || {
            let begun = now();
            say(&Said::Creating);
            thread::sleep(Duration::from_secs_f64(question.creation));
            let ended = now();
            locked(creations).push(Creation { begun, ended });
            if question.fails {
                return Err("as told");
            }
            let mut numbers = locked(&self.numbers);
            *numbers += 1;
            Ok(json!({"by": self.name, "number": *numbers}))
        });
        let at = now();
        match answer {
            Ok(value) => Answer {
                value: Some(value),
                error: None,
                at,
            },
            Err(error) => Answer {
                value: None,
                error: Some(error.to_string()),
                at,
            },
        }
    }

    /// What is there, whatever its age.
    fn read(&self, key: &str) -> Found {
        let known = self.region.metadata(key).unwrap_or_else(|bad| end(&bad));
        let entry = self.region.at(key).fresh_for(Duration::MAX);
        let answer = entry.get().unwrap_or_else(|bad| end(&bad));
        let created = known.map(|known| known.metadata.created.as_nanos());
        Found {
            created: created.map(|nanos| Duration::from_nanos(nanos).as_secs_f64()),
            age: answer.as_ref().map(|answer| answer.age.as_secs_f64()),
            value: answer.map(|answer| answer.value),
        }
    }
}
