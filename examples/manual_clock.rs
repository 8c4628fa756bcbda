//! How a service that caches is tested: with a region of the test's own, and a clock that moves when the test says so.
//!
//! `cargo test --example manual_clock`

use std::time::Duration;

use dogpile::{Config, ConfigError, Memory, Region};

/// Where rates come from: the bank in production, a test's own source in tests.
trait Source {
    fn rate(&self, currency: &str) -> Result<f64, SourceDown>;
}

#[derive(Debug)]
struct SourceDown;

/// A service that converts money by rates that are a minute old at most, or an hour while the bank is away.
struct Converter<S> {
    source: S,
    rates: Region<f64>,
}

impl<S: Source> Converter<S> {
    /// `store` says where rates are cached, and by which clock they age.
    fn new(source: S, store: Config<f64>) -> Result<Self, ConfigError> {
        let rates = Region::new("rates");
        let minute = Duration::from_secs(60);
        rates.configure(store.fresh_for(minute).stale_for(minute * 59))?;
        Ok(Self { source, rates })
    }

    fn convert(&self, amount: f64, currency: &str) -> Option<f64> {
        let query = || self.source.rate(currency);
        let rate = self.rates.get_or_try_create(currency, query).ok()?;
        Some(amount * rate)
    }
}

struct Bank;

impl Source for Bank {
    fn rate(&self, currency: &str) -> Result<f64, SourceDown> {
        println!("asking the bank for {currency}");
        match currency {
            "EUR" => Ok(1.5),
            _ => Err(SourceDown),
        }
    }
}

fn main() -> Result<(), ConfigError> {
    let converter = Converter::new(Bank, Config::new(Memory::bounded(1_000)))?;
    for (amount, currency) in [(10.0, "EUR"), (20.0, "EUR"), (1.0, "XXX")] {
        println!(
            "{amount} {currency}: {:?}",
            converter.convert(amount, currency)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dogpile::ManualClock;
    use std::cell::Cell;
    use std::sync::Arc;

    /// A bank whose answer the test decides, and which counts how often it was asked.
    #[derive(Default)]
    struct Desk {
        rate: Cell<Option<f64>>,
        asked: Cell<u32>,
    }

    impl Source for &Desk {
        fn rate(&self, _currency: &str) -> Result<f64, SourceDown> {
            self.asked.set(self.asked.get() + 1);
            self.rate.get().ok_or(SourceDown)
        }
    }

    /// Nothing is shared between tests: region, store and clock are each test's own.
    fn service(desk: &Desk) -> Result<(Converter<&Desk>, Arc<ManualClock>), ConfigError> {
        let clock = Arc::new(ManualClock::new());
        let store = Config::new(Memory::unbounded()).clock(clock.clone());
        Ok((Converter::new(desk, store)?, clock))
    }

    #[test]
    fn the_bank_is_asked_once_a_minute() -> Result<(), ConfigError> {
        let desk = Desk::default();
        let (converter, clock) = service(&desk)?;
        desk.rate.set(Some(2.0));
        assert_eq!(converter.convert(10.0, "EUR"), Some(20.0));
        clock.advance(Duration::from_secs(59));
        desk.rate.set(Some(3.0));
        assert_eq!(converter.convert(10.0, "EUR"), Some(20.0));
        assert_eq!(desk.asked.get(), 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(converter.convert(10.0, "EUR"), Some(30.0));
        assert_eq!(desk.asked.get(), 2);
        Ok(())
    }

    #[test]
    fn while_the_bank_is_away_the_last_rate_serves_for_an_hour() -> Result<(), ConfigError> {
        let desk = Desk::default();
        let (converter, clock) = service(&desk)?;
        desk.rate.set(Some(2.0));
        converter.convert(1.0, "EUR");
        desk.rate.set(None);
        clock.advance(Duration::from_secs(59 * 60));
        assert_eq!(converter.convert(10.0, "EUR"), Some(20.0));
        clock.advance(Duration::from_secs(60));
        assert_eq!(converter.convert(10.0, "EUR"), None);
        Ok(())
    }
}
