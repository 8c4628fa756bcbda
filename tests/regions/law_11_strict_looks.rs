//! Law 11 for the looks of a strict region: they see every invalidation that came before, whichever process made it
//! and whatever the region is just learning.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use dogpile::backend::proxy::{Beneath, Proxy};
use dogpile::backend::{CachedValue, Epochs, Local, Reply};
use dogpile::{Config, Invalidation, Region, Terms};

use crate::stores::{Form, Hand, Op, Server};

/// Keeps the first answer about a region's order on its way until it may come.
struct Slow(Mutex<Option<(Sender<()>, Receiver<()>)>>);

impl Proxy<u64> for Slow {
    fn look_local(
        &self,
        _: Beneath<'_, u64>,
        _: &[u8],
        _: &mut dyn FnMut(CachedValue<&u64>),
    ) -> Local {
        Local::Unknown
    }

    fn read_epochs<'a>(&'a self, beneath: Beneath<'a, u64>, region: &'a str) -> Reply<'a, Epochs> {
        if !region.ends_with('\0') {
            return beneath.read_epochs(region);
        }
        let answer = beneath.read_epochs(region).wait();
        if let Some((comes, may_come)) = self.0.lock().unwrap().take() {
            comes.send(()).unwrap();
            may_come.recv().unwrap();
        }
        Reply::ready(answer)
    }
}

fn configured(region: &Region<u64>, config: Config<u64>) {
    let config = config.fresh_for(Duration::from_secs(100));
    region.configure(config).unwrap();
}

#[test]
fn law_11_a_strict_look_sees_a_tag_s_invalidation_while_the_region_is_configured() {
    let (server, clock) = Server::by_hand();
    let [a, b] = ["shared"; 2].map(Region::new);
    configured(&a, server.open("a").config(&clock));
    a.invalidate_tag("another", Invalidation::Hard).unwrap();
    let tagged = Terms::NONE.with_tag("tag").unwrap();
    a.set_with("key", 1, tagged).unwrap();
    let map = server.open("b").form(Form::Later);
    let faults = map.faults();
    let (comes, has_come) = channel();
    let (let_come, may_come) = channel();
    let slow = Slow(Mutex::new(Some((comes, may_come))));
    let config = map.config(&clock).strict_invalidation(true).wrap(slow);
    thread::scope(|scope| {
        let configuring = scope.spawn(|| configured(&b, config));
        has_come.recv().unwrap();
        // What is on its way to it is older than this, and the look is not.
        a.invalidate_tag("tag", Invalidation::Hard).unwrap();
        faults.close(&[Op::Get]);
        let mut look = Hand::new(b.get_async("key"));
        assert!(look.settle().is_pending());
        let_come.send(()).unwrap();
        configuring.join().unwrap();
        faults.open();
        assert_eq!(look.finish().unwrap(), None);
    });
}
