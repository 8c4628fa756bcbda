//! What a call says itself.

use std::time::Duration;

use dogpile_backend::{Policy, Span};

use crate::region::active::Active;
use crate::region::call::Conditions;
use crate::region::config::OnStoreFailure;
use crate::region::due::{Ahead, Said};

/// The rest is the region's.
#[derive(Clone, Copy)]
pub(in crate::region) struct Own {
    pub(super) fresh_for: Option<Duration>,
    pub(super) stale_for: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) soft_timeout: Option<Duration>,
    pub(super) creation_limit: Option<Duration>,
    pub(super) stale_if_error: Option<bool>,
    pub(super) on_store_failure: Option<OnStoreFailure>,
}

impl Own {
    pub(in crate::region) const NOTHING: Self = Self {
        fresh_for: None,
        stale_for: None,
        deadline: None,
        soft_timeout: None,
        creation_limit: None,
        stale_if_error: None,
        on_store_failure: None,
    };

    /// The policy of a call that says this.
    pub(in crate::region) fn policy<V: Send + Sync + 'static>(&self, active: &Active<V>) -> Policy {
        let mut policy = active.policy;
        if let Some(span) = self.fresh_for {
            policy.fresh_for = span.into();
        }
        if let Some(span) = self.stale_for {
            policy.stale_for = span.into();
        }
        policy
    }

    /// What it goes by.
    pub(in crate::region) fn conditions<V: Send + Sync + 'static>(
        &self,
        active: &Active<V>,
    ) -> Conditions {
        let (settings, own) = (&active.settings, self);
        Conditions {
            policy: own.policy(active),
            said: Said::new(own.fresh_for, own.stale_for),
            ahead: Ahead::NONE,
            deadline: own.deadline.map_or(settings.deadline, Into::into),
            soft_timeout: own.soft_timeout.map_or(settings.soft_timeout, Into::into),
            creation_limit: own.creation_limit.map_or(settings.creation_limit, |span| {
                Span::from_duration(span).max(Span::from_millis(1))
            }),
            stale_if_error: own.stale_if_error.unwrap_or(settings.stale_if_error),
            on_store_failure: own.on_store_failure.unwrap_or(settings.on_store_failure),
        }
    }
}
