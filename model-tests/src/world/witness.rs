//! That the states in which a promise could have been broken were reached, and how often.

macro_rules! witnesses {
    ($($variant:ident: $text:literal;)*) => {
        /// An interesting thing that happens on an edge of the graph.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Witness {
            $(#[doc = $text] $variant,)*
        }

        impl Witness {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What happened.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

witnesses! {
    SecondLookFindsFresh: "the second look finds a fresh value";
    LeaseLost: "another holds the lease";
    LeaseTakenOver: "a lease is taken over";
    CommitRefused: "a commit under a void lease is refused";
    LateCommitRefused: "a late commit under a void lease is refused";
    LateCommitStored: "a late commit under a current lease is stored";
    ReleaseRefused: "somebody releases a lease that is not its own";
    RenewalRefused: "somebody renews a lease that is not its own";
    WriteVoidsLease: "a write from outside voids a lease";
    Joined: "a call joins a flight";
    WaitsForProcess: "a call waits for another process";
    CreatesBesideSuperseded: "a creator works beside one that was superseded";
    LateSettle: "a superseded creator ends its flight";
    WaiterTold: "a waiter is told the value";
    WaiterToldFailure: "a waiter is told of a failure";
    WaiterToldSuperseded: "a waiter is told that the creation was superseded";
    PatientStays: "a patient waiter stays through a write";
    HeirNamed: "a waiter inherits";
    HeirPassedOn: "an heir that goes away passes on";
    Relieved: "a creator past its limit is relieved";
    WaitedTwice: "a call has waited for two creations";
    StaleServed: "a stale value is served";
    StaleRefused: "a value that is too old is a miss";
    AnswerAfterWrite: "a call that began after a write gets an answer";
    AnswerAfterHard: "a call that began after a hard invalidation gets an answer";
    OldNotHeard: "a value from before an invalidation is not taken from another call";
    LateEpochRefused: "a commit from before an invalidation is refused or useless";
    CreatedWithoutStore: "a value is created without the store";
    StoreFailureServed: "a store fails while a value is at hand, which is served";
    CancelledBusy: "a call that holds something is cancelled";
    EndedWithFailure: "a creator fails";
    CrashedHolder: "the process that holds the lease dies";
    OrphanExpired: "the lease of nobody runs out";
    PausedExpired: "the lease of a paused client runs out";
    AskedAfterCrash: "a lease is given after its holder died";
    BadReply: "a reply is lost, late or doubled";
    Given: "a creation is given to a runner as it begins";
    GiverServed: "a caller gets the value of the creation that it gave away";
    GiverDropped: "a creation that was given away comes to nothing";
    StaleAfterWait: "a stale value is served after waiting for the next";
    Answered: "a call gets its answer";
    AllOver: "all calls are over";
}

/// How often each happened.
#[derive(Clone, Debug)]
pub struct Counts([usize; Witness::ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; Witness::ALL.len()])
    }
}

impl Counts {
    pub(crate) fn saw(&mut self, witness: Witness) {
        self.0[witness as usize] += 1;
    }

    /// How often it happened.
    pub fn of(&self, witness: Witness) -> usize {
        self.0[witness as usize]
    }

    /// Adds what another walk saw.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}
