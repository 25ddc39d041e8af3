//! The table at the end of a log (`-c`, `-C`): how often each call was made, how often it failed, how long it took.
//!
//! Counted are calls that came back; restart codes count as errors, as in strace. Times are wall times, entry to exit,
//! because nobody measures here what CPU time a call took. One row a call and ABI, however long the run.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write;

use clap::ValueEnum;

use crate::abi::Arch;
use crate::decode;

/// The order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    #[value(aliases = ["time-total", "total-time", "time-percent"])]
    Time,
    #[value(aliases = ["time-min", "shortest"])]
    MinTime,
    #[value(aliases = ["time-max", "longest"])]
    MaxTime,
    #[value(alias = "time-avg")]
    AvgTime,
    #[value(alias = "count")]
    Calls,
    #[value(alias = "error")]
    Errors,
    #[value(aliases = ["syscall", "syscall-name"])]
    Name,
    /// By the call's number.
    #[value(alias = "none")]
    Nothing,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    calls: u64,
    errors: u64,
    total_ns: u64,
    /// Of the shortest and the longest one.
    min_ns: u64,
    max_ns: u64,
}

#[derive(Debug, Default)]
pub struct Summary {
    counts: HashMap<(Arch, u64), Count>,
}

impl Summary {
    /// A call came back.
    pub fn count(&mut self, arch: Arch, nr: u64, failed: bool, ns: u64) {
        let count = self.counts.entry((arch, nr)).or_insert(Count { min_ns: u64::MAX, ..Count::default() });
        count.calls += 1;
        count.errors += u64::from(failed);
        count.total_ns += ns;
        count.min_ns = count.min_ns.min(ns);
        count.max_ns = count.max_ns.max(ns);
    }

    /// A table for each ABI of which calls came back; that of 64-bit calls has no title.
    pub fn text(&self, order: Order) -> String {
        let mut out = String::new();
        for arch in Arch::ALL {
            let mut rows: Vec<(u64, Count)> =
                self.counts.iter().filter(|((a, _), _)| *a == arch).map(|((_, nr), count)| (*nr, *count)).collect();
            if rows.is_empty() {
                continue;
            }
            let mode = match arch {
                Arch::X86_64 | Arch::Aarch64 => "",
                Arch::I386 => "32 bit",
                Arch::X32 => "x32",
            };
            if !mode.is_empty() {
                // Writing to a String cannot fail, here and below.
                let _ = writeln!(out, "System call usage summary for {mode} mode:");
            }
            rows.sort_by_key(|(nr, _)| *nr);
            sort(&mut rows, arch, order);
            table(&mut out, arch, &rows);
        }
        out
    }
}

fn sort(rows: &mut [(u64, Count)], arch: Arch, order: Order) {
    match order {
        Order::Time => rows.sort_by_key(|(_, c)| Reverse(c.total_ns)),
        Order::MinTime => rows.sort_by_key(|(_, c)| Reverse(c.min_ns)),
        Order::MaxTime => rows.sort_by_key(|(_, c)| Reverse(c.max_ns)),
        Order::AvgTime => rows.sort_by_key(|(_, c)| Reverse(c.total_ns / c.calls.max(1))),
        Order::Calls => rows.sort_by_key(|(_, c)| Reverse(c.calls)),
        Order::Errors => rows.sort_by_key(|(_, c)| Reverse(c.errors)),
        Order::Name => rows.sort_by_key(|(nr, _)| decode::call_name(arch, *nr)),
        Order::Nothing => {}
    }
}

fn table(out: &mut String, arch: Arch, rows: &[(u64, Count)]) {
    let mut sum = Count::default();
    for (_, count) in rows {
        sum.calls += count.calls;
        sum.errors += count.errors;
        sum.total_ns += count.total_ns;
    }
    let name_width = rows.iter().map(|(nr, _)| decode::call_name(arch, *nr).len()).max().unwrap_or(0).max(16);
    let rule = format!("------ ----------- ----------- --------- --------- {:-<name_width$}", "");
    let _ = writeln!(out, "% time     seconds  usecs/call     calls    errors syscall\n{rule}");
    for (nr, count) in rows {
        let percent = if sum.total_ns == 0 { 0.0 } else { count.total_ns as f64 * 100.0 / sum.total_ns as f64 };
        row(out, percent, count, &decode::call_name(arch, *nr));
    }
    let _ = writeln!(out, "{rule}");
    row(out, 100.0, &sum, "total");
}

fn row(out: &mut String, percent: f64, count: &Count, name: &str) {
    let seconds = count.total_ns as f64 / 1e9;
    let each_us = count.total_ns / count.calls.max(1) / 1000;
    let errors = if count.errors == 0 { String::new() } else { count.errors.to_string() };
    let _ = writeln!(out, "{percent:>6.2} {seconds:>11.6} {each_us:>11} {:>9} {errors:>9} {name}", count.calls);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi;

    fn summary() -> Summary {
        let mut summary = Summary::default();
        for (arch, name, failed, ns) in [
            (Arch::X86_64, "openat", true, 3_000),
            (Arch::X86_64, "openat", false, 2_999),
            (Arch::X86_64, "sched_getaffinity", false, 18_000_000),
            (Arch::I386, "getpid", false, 0),
        ] {
            summary.count(arch, abi::number(arch, name).expect(name), failed, ns);
        }
        summary
    }

    #[test]
    fn tables_are_straces() {
        assert_eq!(
            summary().text(Order::Time),
            "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- -----------------
 99.97    0.018000       18000         1           sched_getaffinity
  0.03    0.000006           2         2         1 openat
------ ----------- ----------- --------- --------- -----------------
100.00    0.018006        6001         3         1 total
System call usage summary for 32 bit mode:
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
  0.00    0.000000           0         1           getpid
------ ----------- ----------- --------- --------- ----------------
100.00    0.000000           0         1           total
"
        );
        assert_eq!(Summary::default().text(Order::Time), "");
    }

    #[test]
    fn rows_are_sorted_as_asked() {
        let first = |order| summary().text(order).lines().nth(2).and_then(|l| l.rsplit(' ').next()).map(str::to_owned);
        for (order, name) in [
            (Order::Time, "sched_getaffinity"),
            (Order::MinTime, "sched_getaffinity"),
            (Order::MaxTime, "sched_getaffinity"),
            (Order::AvgTime, "sched_getaffinity"),
            (Order::Calls, "openat"),
            (Order::Errors, "openat"),
            (Order::Name, "openat"),
            (Order::Nothing, "sched_getaffinity"),
        ] {
            assert_eq!(first(order).as_deref(), Some(name), "{order:?}");
        }
    }
}
