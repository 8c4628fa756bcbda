//! Proxies before the store, by words.

use dogpile_backend::proxy::{CircuitBreaker, KeyPrefix, ReadOnly, RetryDelete};

use super::SettingsError;
use super::words::Words;
use crate::region::Config;

/// Puts on those that are asked for, always in the same order: keys are changed first of all, and what is
/// logged is what the store is asked in the end.
pub(super) fn put_on<V: Clone + Send + Sync + 'static>(
    config: Config<V>,
    words: &mut Words,
) -> Result<Config<V>, SettingsError> {
    let mut config = logged(config, words)?;
    let failures = words.number("proxies.circuit_breaker.failures")?;
    let rest = words.duration("proxies.circuit_breaker.rest")?;
    config = match (failures, rest) {
        (None, None) => config,
        (Some(failures), Some(rest)) => config.wrap(CircuitBreaker::new(failures, rest)),
        _ => {
            let [failures, rest] = ["failures", "rest"]
                .map(|key| words.full(&format!("proxies.circuit_breaker.{key}")));
            return Err(SettingsError::Together {
                what: format!(
                    "`{failures}` says after how many failures the store is left alone, `{rest}` for \
                     how long: both have to be there, or neither"
                ),
            });
        }
    };
    if let Some(tries) = words.number("proxies.retry_delete")? {
        config = config.wrap(RetryDelete::new(tries));
    }
    if words.flag("proxies.read_only")? == Some(true) {
        config = config.wrap(ReadOnly);
    }
    if let Some(prefix) = words.text("proxies.key_prefix") {
        config = config.wrap(KeyPrefix::new(prefix));
    }
    Ok(config)
}

#[cfg(feature = "tracing")]
fn logged<V: Clone + Send + Sync + 'static>(
    config: Config<V>,
    words: &mut Words,
) -> Result<Config<V>, SettingsError> {
    use dogpile_backend::proxy::{Logging, Observed};
    match words.flag("proxies.logging")? {
        Some(true) => Ok(config.wrap(Observed::by(Logging))),
        _ => Ok(config),
    }
}

#[cfg(not(feature = "tracing"))]
fn logged<V>(config: Config<V>, words: &mut Words) -> Result<Config<V>, SettingsError> {
    match words.flag("proxies.logging")? {
        Some(true) => Err(SettingsError::Together {
            what: format!(
                "`{}` is not built in; turn on the feature `tracing` of dogpile",
                words.full("proxies.logging")
            ),
        }),
        _ => Ok(config),
    }
}
