//! How large each world is: states, edges and depth.
//!
//! A pin may change when the flow, the transition table, the freshness policy or the modelled world
//! changes, and the change says why. A world that grows or shrinks without such a change is a
//! defect of the walk. The counts do not depend on the machine.

pub(crate) const PINS: &[(&str, (usize, usize, usize))] = &[
    (
        "a stale value and two who wait for the next, any one adversity",
        (1_455_319, 4_337_794, 42),
    ),
    (
        "two whose creators run elsewhere and a third, any one adversity",
        (879_071, 2_665_535, 42),
    ),
    ("an heir without a store", (437, 806, 17)),
    (
        "a refresh beside two callers, any one adversity",
        (2_049_318, 7_052_375, 44),
    ),
    (
        "five callers of two processes, a crash, a delete or a cancellation",
        (19_782_674, 82_198_536, 51),
    ),
    (
        "five callers of two processes, no adversity",
        (11_826, 41_276, 26),
    ),
    (
        "four callers of one process, one adversity",
        (278_626, 825_967, 40),
    ),
    (
        "four callers of two processes, any one adversity",
        (2_702_056, 9_326_657, 44),
    ),
    (
        "no stale value is allowed, any one adversity",
        (252_438, 755_517, 38),
    ),
    (
        "three callers of one process, to their ends",
        (161_811, 388_003, 33),
    ),
    (
        "three callers of one process, two adversities",
        (1_673_163, 4_758_461, 40),
    ),
    (
        "three callers of one process, two deletes",
        (894_368, 2_468_102, 40),
    ),
    (
        "three callers of two processes, to their ends",
        (13_226, 37_889, 28),
    ),
    (
        "three callers of two processes, any two adversities",
        (29_108_210, 104_068_172, 47),
    ),
    ("three callers, any one adversity", (265_624, 787_730, 38)),
    (
        "three kinds of callers and a stale value, any one adversity",
        (737_427, 2_207_875, 39),
    ),
    (
        "two callers of two processes, two adversities about leases",
        (511_776, 1_601_151, 38),
    ),
];

/// What a world's size is to be.
pub(crate) fn pin(name: &str) -> (usize, usize, usize) {
    let found = PINS.iter().find(|(world, _)| *world == name);
    found.map_or((0, 0, 0), |(_, pin)| *pin)
}
