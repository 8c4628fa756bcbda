//! Many calls that one thread polls in one pass, and stores that would send what these ask together.

use std::cell::RefCell;

type Step = Box<dyn FnOnce()>;

thread_local! {
    /// What is to be done after each of the passes that this thread is in, the innermost last.
    static AFTER: RefCell<Vec<Vec<Step>>> = const { RefCell::new(Vec::new()) };
}

/// Polls many calls one after the other: `pass` does. A store to which they all leave what they ask may
/// wait for the last of them before it sends the first, which saves round trips.
///
/// It is a hint. A pass that lasts long, for it runs code of others, must not keep a store from sending
/// what it has.
///
/// ```
/// use dogpile_backend::{after_the_pass, in_one_pass};
/// use std::sync::mpsc::channel;
/// let (over, is_over) = channel();
/// in_one_pass(|| {
///     let over = over.clone();
///     assert!(after_the_pass(move || over.send(()).expect("somebody listens")));
///     assert!(is_over.try_recv().is_err());
/// });
/// assert!(is_over.try_recv().is_ok());
/// assert!(!after_the_pass(|| unreachable!("this thread is in no pass")));
/// ```
pub fn in_one_pass<T>(pass: impl FnOnce() -> T) -> T {
    let _over = Over::begin();
    pass()
}

/// Has `step` run when the pass is over that this thread is in, however it ends. `false`, and nothing is
/// run, where it is in none.
pub fn after_the_pass(step: impl FnOnce() + 'static) -> bool {
    AFTER.with_borrow_mut(|passes| {
        let Some(steps) = passes.last_mut() else {
            return false;
        };
        steps.push(Box::new(step));
        true
    })
}

/// Ends the innermost pass.
struct Over;

impl Over {
    fn begin() -> Self {
        AFTER.with_borrow_mut(|passes| passes.push(Vec::new()));
        Self
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        // The steps are a store's: they run when nothing is borrowed.
        let steps = AFTER.with_borrow_mut(Vec::pop);
        for step in steps.into_iter().flatten() {
            step();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::sync::mpsc::channel;

    #[test]
    fn a_pass_within_a_pass_is_over_first() {
        let (said, heard) = channel();
        let say = |what: &'static str| {
            let said = said.clone();
            assert!(after_the_pass(move || said.send(what).expect("heard")));
        };
        in_one_pass(|| {
            say("outer");
            in_one_pass(|| say("inner"));
            assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["inner"]);
            say("outer again");
        });
        assert_eq!(
            heard.try_iter().collect::<Vec<_>>(),
            ["outer", "outer again"]
        );
    }

    #[test]
    fn a_pass_that_panics_is_over_too() {
        let (said, heard) = channel();
        let panicked = catch_unwind(move || {
            in_one_pass(|| {
                after_the_pass(move || said.send(()).expect("heard"));
                panic!("on purpose");
            });
        });
        assert!(panicked.is_err() && heard.try_recv().is_ok());
        assert!(!after_the_pass(|| {}), "this thread is in no pass");
    }
}
