use super::*;
use std::task::Wake;

impl Gates {
    pub(crate) fn keys_remembered(&self) -> usize {
        self.stripes.iter().map(|one| lock(one).keys.len()).sum()
    }
}

/// A waker that counts.
#[derive(Default)]
struct Count(Mutex<usize>);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
}

struct Waiter<'a> {
    entering: Entering<'a>,
    woken: Arc<Count>,
}

impl<'a> Waiter<'a> {
    fn at(gates: &'a Gates) -> Self {
        Self {
            entering: gates.enter(b"key"),
            woken: Arc::default(),
        }
    }

    fn poll(&mut self) -> Option<Inside<'a>> {
        let waker = Waker::from(Arc::clone(&self.woken));
        match Pin::new(&mut self.entering).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(inside) => Some(inside),
            Poll::Pending => None,
        }
    }

    fn woken(&self) -> usize {
        *self.woken.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[test]
fn one_at_a_time_is_inside_and_the_first_waiter_is_woken() {
    let gates = Gates::new();
    let inside = gates.try_enter(b"key").expect("open");
    assert!(gates.try_enter(b"key").is_none());
    assert!(gates.try_enter(b"other").is_some());
    let (mut first, mut second) = (Waiter::at(&gates), Waiter::at(&gates));
    assert!(first.poll().is_none());
    assert!(second.poll().is_none());
    drop(inside);
    assert_eq!((first.woken(), second.woken()), (1, 0));
    let inside = first.poll().expect("open now");
    assert!(second.poll().is_none());
    drop(inside);
    assert_eq!(second.woken(), 1);
    drop(second.poll().expect("open again"));
    assert_eq!(gates.keys_remembered(), 0);
}

#[test]
fn law_7_a_dropped_waiter_passes_its_wake_up_on() {
    let gates = Gates::new();
    let inside = gates.try_enter(b"key").expect("open");
    let (mut first, mut second) = (Waiter::at(&gates), Waiter::at(&gates));
    assert!(first.poll().is_none());
    assert!(second.poll().is_none());
    drop(inside);
    drop(first);
    assert_eq!(second.woken(), 1, "the wake-up must not be lost");
    drop(second);
    assert_eq!(
        gates.keys_remembered(),
        0,
        "nothing stays of those who gave up"
    );
}

#[test]
fn whoever_was_overtaken_keeps_its_place() {
    let gates = Gates::new();
    let inside = gates.try_enter(b"key").expect("open");
    let (mut first, mut second) = (Waiter::at(&gates), Waiter::at(&gates));
    assert!(first.poll().is_none());
    assert!(second.poll().is_none());
    drop(inside);
    let overtaker = gates
        .try_enter(b"key")
        .expect("open to whoever comes first");
    assert!(first.poll().is_none());
    drop(overtaker);
    assert_eq!((first.woken(), second.woken()), (2, 0));
}

#[test]
fn a_write_that_is_cut_short_voids_the_claim() {
    let gates = Gates::new();
    let mut inside = gates.try_enter(b"key").expect("open");
    let stamp = inside.make_claim();
    drop(inside);
    assert_eq!(gates.claim(b"key"), Some(stamp));
    inside = gates.try_enter(b"key").expect("open");
    assert!(inside.begin_writing(None));
    drop(inside);
    assert_eq!(gates.claim(b"key"), None);
    assert_eq!(gates.keys_remembered(), 0);
}

#[test]
fn a_claim_that_a_write_is_using_up_is_used_once() {
    let gates = Gates::new();
    let mut inside = gates.try_enter(b"key").expect("open");
    let stamp = inside.make_claim();
    assert!(!inside.begin_writing(Some(Stamp::NONE)), "not that claim");
    assert!(gates.is_claimed(b"key", stamp));
    assert!(inside.begin_writing(Some(stamp)));
    assert!(!gates.is_claimed(b"key", stamp));
    assert!(!gates.end_claim(b"key", stamp));
    inside.stop_writing();
    assert!(gates.is_claimed(b"key", stamp), "nothing was written");
    assert!(gates.end_claim(b"key", stamp));
    drop(inside);
    assert_eq!(gates.keys_remembered(), 0);
}

#[test]
fn claims_differ_between_keys_too() {
    let gates = Gates::new();
    let mut seen = std::collections::HashSet::new();
    for key in 0..1_000_u32 {
        let key = key.to_be_bytes();
        assert!(seen.insert(gates.try_enter(&key).expect("open").make_claim()));
    }
    assert!(!seen.contains(&Stamp::NONE));
}
