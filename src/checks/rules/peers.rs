//! The usual value among peers.

use crate::checks::exact::Rational;

/// Number of peers needed to judge a change.
pub const PEERS_MIN: usize = 5;

/// The middle value, or the mean of the middle two.
pub fn median(values: &mut [Rational]) -> Option<Rational> {
    values.sort();
    let half = values.len() / 2;
    match values.len() % 2 {
        1 => values.get(half).copied(),
        _ => values.get(half)?.plus(*values.get(half.checked_sub(1)?)?)?.over(Rational::int(2)),
    }
}
