//! The orders in which the table of calls is shown.
//! Names and blocked counts come from the caller, because this room knows neither words nor profiles.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::CallStats;

/// A column to sort by. Numbers go down, names go up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortKey {
    Count,
    Errors,
    #[default]
    Total,
    Mean,
    Max,
    Name,
    Blocked,
}

impl SortKey {
    pub const ALL: [SortKey; 7] =
        [SortKey::Count, SortKey::Errors, SortKey::Total, SortKey::Mean, SortKey::Max, SortKey::Name, SortKey::Blocked];

    /// The column's heading.
    pub fn label(self) -> &'static str {
        match self {
            SortKey::Count => "calls",
            SortKey::Errors => "errors",
            SortKey::Total => "total",
            SortKey::Mean => "mean",
            SortKey::Max => "max",
            SortKey::Name => "name",
            SortKey::Blocked => "blocked",
        }
    }

    /// The next key in the order of `ALL`, and the first after the last.
    pub fn next(self) -> SortKey {
        let at = SortKey::ALL.iter().position(|&k| k == self).unwrap_or(0);
        SortKey::ALL[(at + 1) % SortKey::ALL.len()]
    }
}

/// Sorts rows of the table. Rows that are equal under the key stand by name, then by architecture and number, so that
/// a table that is redrawn while it changes does not jump.
pub fn sort(
    rows: &mut [&CallStats],
    key: SortKey,
    name: impl Fn(&CallStats) -> Cow<'static, str>,
    blocked: impl Fn(&CallStats) -> u64,
) {
    let number = |row: &CallStats| match key {
        SortKey::Count => row.count,
        SortKey::Errors => row.errors,
        SortKey::Total => row.total_ns,
        SortKey::Mean => row.mean_ns(),
        SortKey::Max => row.max_ns,
        SortKey::Name => 0,
        SortKey::Blocked => blocked(row),
    };
    rows.sort_by_cached_key(|row| (Reverse(number(row)), name(row), row.arch, row.nr, row.vdso));
}
