//! How long one call to a node may take, as a pure function (cluster-controller.md §4.4).

use std::time::Duration;

/// Most seconds an operation means to spend on all of its calls together.
pub const OPERATION: i64 = 60;
/// Most seconds for one call.
pub const PER_NODE: i64 = 20;
/// Least seconds for one call.
pub const MINIMUM: i64 = 5;

/// The budget f(e, M, n, i) of a call: an equal share of what is left of `maximum` after `elapsed` seconds,
/// between [`MINIMUM`] and [`PER_NODE`].
///
/// `calls` is the number of calls planned, `index` the absolute index of the node in the node list: for the
/// host node of a cached instance it may exceed `calls`.
pub fn budget(elapsed: i64, maximum: i64, calls: usize, index: usize) -> Duration {
    let left = calls.saturating_sub(index).max(1);
    let share = maximum.saturating_sub(elapsed) / i64::try_from(left).unwrap_or(i64::MAX);
    Duration::from_secs(share.clamp(MINIMUM, PER_NODE).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_call_gets_its_share_of_the_time_left_between_5_and_20_seconds() {
        for (row, elapsed, maximum, calls, index, expected) in [
            ("cc_t001", 0, 60, 1, 0, 20),
            ("cc_t002", 0, 60, 1, 7, 20),
            ("cc_t003", 0, 60, 4, 0, 15),
            ("cc_t004", 30, 60, 4, 2, 15),
            ("cc_t005", 0, 60, 10, 0, 6),
            ("cc_t006", 0, 60, 10, 5, 12),
            ("cc_t007", 0, 60, 10, 9, 20),
            ("cc_t008", 0, 60, 13, 0, 5),
            ("cc_t009", 65, 60, 20, 13, 5),
            ("cc_t010", 0, 0, 1, 0, 5),
            ("cc_t011", 0, 60, 0, 0, 20),
            ("cc_t012", 58, 60, 1, 0, 5),
            // The rest of §4.4's examples.
            ("2 nodes, second", 20, 60, 2, 1, 20),
            ("5 nodes", 0, 60, 5, 0, 12),
            ("10 nodes, index 7", 0, 60, 10, 7, 20),
            ("overdue", 100, 60, 1, 0, 5),
            ("power-down", 0, 60, 1, 1, 20),
        ] {
            assert_eq!(budget(elapsed, maximum, calls, index), Duration::from_secs(expected), "{row}");
        }
    }

    proptest! {
        #[test]
        fn a_budget_is_never_outside_its_bounds(e: i64, m: i64, n: usize, i: usize) {
            let seconds = budget(e, m, n, i).as_secs();
            prop_assert!((5..=20).contains(&seconds));
        }

        #[test]
        fn calls_that_all_use_their_budget_end_near_the_maximum(n in 1usize..200) {
            let mut elapsed = 0;
            for index in 0..n {
                elapsed += i64::try_from(budget(elapsed, OPERATION, n, index).as_secs()).unwrap();
            }
            let bound = OPERATION.max(MINIMUM * i64::try_from(n).unwrap());
            prop_assert!(elapsed <= bound, "{elapsed} s for {n} nodes, bound {bound} s");
        }
    }
}
