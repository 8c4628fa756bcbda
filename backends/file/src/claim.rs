//! A claim's bytes: whose lease is out, until when.

use dogpile_backend::{Span, Stamp, Time};

use crate::uptime;

/// The record of a lease that is out. That it is there is what a commit is checked against; whether
/// its holder still lives and is in time says whether another may replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) stamp: Stamp,
    /// When it runs out, by this machine's own clock, which nobody sets.
    pub(crate) until: Time,
    /// Since which start of the machine that clock counts.
    pub(crate) boot: u64,
    /// Whether the holder has a lock that the kernel frees when it dies.
    pub(crate) locked: bool,
    /// Nobody has it: its last holder's creator failed.
    pub(crate) shut: bool,
}

const LENGTH: usize = 33;
const LOCKED: u8 = 1;
const SHUT: u8 = 2;

impl Claim {
    /// A lease of `time` from now.
    pub(crate) fn new(stamp: Stamp, time: Span, locked: bool) -> Self {
        Self {
            stamp,
            until: uptime::now().after(time),
            boot: uptime::boot(),
            locked,
            shut: false,
        }
    }

    /// A lease that nobody may have for `time` from now.
    pub(crate) fn shut(stamp: Stamp, time: Span) -> Self {
        Self {
            shut: true,
            ..Self::new(stamp, time, false)
        }
    }

    /// How long it lasts, if it does; a lease from before the machine's last start does not.
    pub(crate) fn remaining(&self) -> Option<Span> {
        let remaining = self.until.since(uptime::now());
        (self.boot == uptime::boot() && remaining > Span::ZERO).then_some(remaining)
    }

    pub(crate) fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..16].copy_from_slice(&self.stamp.number().to_le_bytes());
        bytes[16..24].copy_from_slice(&self.until.as_nanos().to_le_bytes());
        bytes[24..32].copy_from_slice(&self.boot.to_le_bytes());
        bytes[32] = (LOCKED * u8::from(self.locked)) | (SHUT * u8::from(self.shut));
        bytes
    }

    /// The claim in `bytes`. What cannot be read is no claim: nobody can commit by it.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let eight = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]));
        Some(Self {
            stamp: Stamp::new(u128::from_le_bytes(std::array::from_fn(|byte| bytes[byte]))),
            until: Time::from_nanos(eight(16)),
            boot: eight(24),
            locked: bytes[32] & LOCKED != 0,
            shut: bytes[32] & SHUT != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_read_as_written_and_rubbish_is_none() {
        let claim = Claim::new(Stamp::new(1 << 90 | 7), Span::from_secs(5), true);
        assert_eq!(Claim::decode(&claim.encode()), Some(claim));
        let shut = Claim::shut(Stamp::new(8), Span::from_secs(5));
        assert_eq!(Claim::decode(&shut.encode()), Some(shut));
        assert_eq!(Claim::decode(&[0; 32]), None);
        assert!(
            claim
                .remaining()
                .is_some_and(|left| left <= Span::from_secs(5))
        );
    }

    #[test]
    fn a_claim_of_another_start_or_past_its_time_lasts_no_longer() {
        let claim = Claim::new(Stamp::new(7), Span::from_secs(5), true);
        let boot = claim.boot.wrapping_add(1);
        assert_eq!(Claim { boot, ..claim }.remaining(), None);
        let until = Time::from_nanos(1);
        assert_eq!(Claim { until, ..claim }.remaining(), None);
    }
}
