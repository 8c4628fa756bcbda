//! Laws 1 to 3 for creations that were given to a runner and came late to it: whoever took their place is at
//! work, and neither loses its lease to them nor has company.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use dogpile::backend::proxy::{Beneath, Proxy};
use dogpile::backend::{Ask, CachedValue, Leased, Local, Reply};
use dogpile::{Answer, Config, Error, Invalidation, Job, ManualClock, Memory, Region};

use crate::stores::{Hand, Stage};

const FRESH: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(5);

fn stage() -> Stage {
    let times = |config: Config<u64>| config.fresh_for(FRESH).stale_for(FRESH * 10);
    Stage::new(|config| times(config).creation_limit(LIMIT))
}

/// A creation that is given away, and counts itself.
fn detached<'s>(
    stage: &'s Stage,
    created: &Arc<AtomicUsize>,
    made: u64,
) -> Hand<'s, Result<Answer<u64>, Error<String>>> {
    let created = Arc::clone(created);
    let at = stage.region.at("key");
    Hand::new(at.try_create_detached_async(async move || {
        created.fetch_add(1, Ordering::Relaxed);
        Ok(made)
    }))
}

#[test]
fn law_1_a_late_refresh_leaves_its_successor_the_lease() {
    let stage = stage();
    let region = &stage.region;
    region.set("key", 1).unwrap();
    stage.clock.advance(FRESH);
    let never = || -> Result<u64, String> { unreachable!("another has its place") };
    assert_eq!(region.get_or_refresh("key", never).unwrap(), 1);
    let late = Mutex::new(Some(stage.jobs.recv().unwrap()));
    stage.clock.advance(LIMIT);
    let made = move || {
        let late = late.lock().unwrap().take();
        let runs = thread::spawn(|| late.unwrap().run());
        runs.join().map_err(|_| "the late job ran".to_owned())?;
        Ok::<_, String>(2)
    };
    assert_eq!(region.get_or_refresh("key", made).unwrap(), 1);
    stage.jobs.recv().unwrap().run();
    assert_eq!(region.get("key").unwrap(), Some(2), "it was stored");
    assert!(!region.is_being_created("key"));
}

#[test]
fn law_1_of_detached_creations_whose_places_were_taken_none_runs() {
    let (stage, created) = (stage(), Arc::default());
    let mut calls = Vec::new();
    for made in 0..4 {
        let mut call = detached(&stage, &created, made);
        assert!(call.poll().is_pending());
        calls.push(call);
        stage.clock.advance(LIMIT);
    }
    let jobs: Vec<_> = stage.jobs.try_iter().collect();
    assert!(jobs.len() > 1, "a creation that is overdue is taken over");
    jobs.into_iter().for_each(Job::run);
    assert_eq!(created.load(Ordering::Relaxed), 1);
    let last = stage.region.get("key").unwrap();
    for call in calls {
        assert_eq!(Some(call.finish().unwrap().value), last);
    }
}

#[test]
fn law_2_what_was_set_before_the_job_began_is_not_created() {
    let (stage, created) = (stage(), Arc::default());
    let mut call = detached(&stage, &created, 2);
    assert!(call.poll().is_pending());
    stage.region.set("key", 1).unwrap();
    assert_eq!(call.finish().unwrap().value, 1);
    stage.jobs.recv().unwrap().run();
    assert_eq!(created.load(Ordering::Relaxed), 0);
}

type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Does something once, between a call's look and its lease.
struct Between(Meanwhile);

impl Proxy<u64> for Between {
    fn look_local(
        &self,
        beneath: Beneath<'_, u64>,
        key: &[u8],
        look: &mut dyn FnMut(CachedValue<&u64>),
    ) -> Local {
        beneath.look_local(key, look)
    }

    fn lease<'a>(
        &'a self,
        beneath: Beneath<'a, u64>,
        key: &'a [u8],
        ask: Ask<'a>,
    ) -> Reply<'a, Leased<u64>> {
        if let Some(act) = self.0.lock().unwrap().take() {
            act();
        }
        beneath.lease(key, ask)
    }
}

#[test]
fn law_3_a_creator_is_not_shown_what_was_deleted_before_it_began() {
    let acts: [fn(&Region<u64>); 2] = [
        |region| region.delete("key").unwrap(),
        |region| region.invalidate(Invalidation::Hard).unwrap(),
    ];
    for act in acts {
        let (clock, meanwhile) = (Arc::new(ManualClock::new()), Meanwhile::default());
        let region = Region::new("region");
        let config = Config::new(Memory::unbounded())
            .clock(clock.clone())
            .fresh_for(FRESH)
            .stale_for(FRESH * 10)
            .wrap(Between(Arc::clone(&meanwhile)));
        region.configure(config).unwrap();
        region.set("key", 1).unwrap();
        clock.advance(FRESH);
        let other = region.clone();
        *meanwhile.lock().unwrap() = Some(Box::new(move || act(&other)));
        let made = region.at("key").try_create_with(|creation| {
            // As one that asks its origin whether there is anything newer.
            Ok::<_, String>(creation.stale().copied().unwrap_or(2))
        });
        assert_eq!(made.unwrap().value, 2);
    }
}
