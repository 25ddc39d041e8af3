//! The table at the end of a log (`-c`, `-C`): how often each call was made, how often it failed, how long it took.
//!
//! Counted are calls that came back; restart codes count as errors, as in strace. Times are what the caller
//! measured: CPU time in the kernel, or with `-w` wall time, entry to exit. One row a call and ABI, however long the run.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write;

use clap::ValueEnum;

use crate::abi::Arch;
use crate::decode;
use crate::policy::nearest;

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
    /// No call came back.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

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
    pub fn text(&self, order: Order, columns: &[Column]) -> String {
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
            table(&mut out, arch, &rows, columns);
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

fn table(out: &mut String, arch: Arch, rows: &[(u64, Count)], columns: &[Column]) {
    let mut sum = Count { min_ns: u64::MAX, ..Count::default() };
    for (_, count) in rows {
        sum.calls += count.calls;
        sum.errors += count.errors;
        sum.total_ns += count.total_ns;
        sum.min_ns = sum.min_ns.min(count.min_ns);
        sum.max_ns = sum.max_ns.max(count.max_ns);
    }
    let names = rows.iter().map(|(nr, _)| decode::call_name(arch, *nr).len()).max().unwrap_or(0).max(16);
    let width = |column: Column| if column == Column::Name { names } else { column.width() };
    let mut line = |cell: &dyn Fn(Column) -> String| {
        let cells: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(index, &column)| match column {
                // Nothing stands behind the last one.
                Column::Name if index + 1 == columns.len() => cell(column),
                Column::Name => format!("{:<1$}", cell(column), names),
                _ => format!("{:>1$}", cell(column), width(column)),
            })
            .collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", cells.join(" "));
    };
    line(&|column| column.title().into());
    line(&|column| "-".repeat(width(column)));
    for (nr, count) in rows {
        line(&|column| column.cell(count, &sum, &decode::call_name(arch, *nr)));
    }
    line(&|column| "-".repeat(width(column)));
    line(&|column| column.cell(&sum, &sum, "total"));
}

/// A column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    TimePercent,
    TotalTime,
    MinTime,
    MaxTime,
    AvgTime,
    Calls,
    Errors,
    Name,
}

/// strace's words for the columns.
const WORDS: [(&str, Column); 17] = [
    ("time-percent", Column::TimePercent),
    ("time", Column::TimePercent),
    ("total-time", Column::TotalTime),
    ("time-total", Column::TotalTime),
    ("min-time", Column::MinTime),
    ("shortest", Column::MinTime),
    ("time-min", Column::MinTime),
    ("max-time", Column::MaxTime),
    ("longest", Column::MaxTime),
    ("time-max", Column::MaxTime),
    ("avg-time", Column::AvgTime),
    ("time-avg", Column::AvgTime),
    ("calls", Column::Calls),
    ("count", Column::Calls),
    ("errors", Column::Errors),
    ("error", Column::Errors),
    ("name", Column::Name),
];

impl Column {
    pub const DEFAULT: [Column; 6] =
        [Column::TimePercent, Column::TotalTime, Column::AvgTime, Column::Calls, Column::Errors, Column::Name];

    /// `-U`: names joined by commas; the error is one sentence.
    pub fn parse(text: &str) -> Result<Vec<Column>, String> {
        let mut columns = Vec::new();
        for word in text.split(',') {
            let word = if matches!(word, "syscall" | "syscall-name") { "name" } else { word };
            let Some((_, column)) = WORDS.iter().find(|(known, _)| *known == word) else {
                let near = nearest(word, WORDS.map(|(word, _)| word));
                let near = near.map_or_else(
                    || "there are time, total-time, min-time, max-time, avg-time, calls, errors and name".into(),
                    |near| format!("the nearest valid word is {near}"),
                );
                return Err(format!("-U {text}: \"{word}\" is no column; {near}"));
            };
            if columns.contains(column) {
                return Err(format!("-U {text}: {word} is there twice; leave one of them out"));
            }
            columns.push(*column);
        }
        if !columns.contains(&Column::Name) {
            columns.push(Column::Name);
        }
        Ok(columns)
    }

    fn title(self) -> &'static str {
        match self {
            Column::TimePercent => "% time",
            Column::TotalTime => "seconds",
            Column::MinTime => "shortest",
            Column::MaxTime => "longest",
            Column::AvgTime => "usecs/call",
            Column::Calls => "calls",
            Column::Errors => "errors",
            Column::Name => "syscall",
        }
    }

    fn width(self) -> usize {
        match self {
            Column::TimePercent => 6,
            Column::MinTime | Column::MaxTime => 8,
            Column::Calls | Column::Errors => 9,
            Column::TotalTime | Column::AvgTime => 11,
            Column::Name => 16,
        }
    }

    fn cell(self, count: &Count, sum: &Count, name: &str) -> String {
        let seconds = |ns: u64| format!("{:.6}", ns as f64 / 1e9);
        match self {
            Column::TimePercent if std::ptr::eq(count, sum) => "100.00".into(),
            Column::TimePercent if sum.total_ns == 0 => "0.00".into(),
            Column::TimePercent => format!("{:.2}", count.total_ns as f64 * 100.0 / sum.total_ns as f64),
            Column::TotalTime => seconds(count.total_ns),
            Column::MinTime => seconds(count.min_ns),
            Column::MaxTime => seconds(count.max_ns),
            Column::AvgTime => (count.total_ns / count.calls.max(1) / 1000).to_string(),
            Column::Calls => count.calls.to_string(),
            Column::Errors if count.errors == 0 => String::new(),
            Column::Errors => count.errors.to_string(),
            Column::Name => name.into(),
        }
    }
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
            summary().text(Order::Time, &Column::DEFAULT),
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
        assert_eq!(Summary::default().text(Order::Time, &Column::DEFAULT), "");
    }

    #[test]
    fn rows_are_sorted_as_asked() {
        let first = |order| {
            summary().text(order, &Column::DEFAULT).lines().nth(2).and_then(|l| l.rsplit(' ').next()).map(str::to_owned)
        };
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

    #[test]
    fn columns_are_chosen_and_put_in_order() {
        let table = |text: &str| summary().text(Order::Name, &Column::parse(text).expect(text));
        assert!(table("errors,name,calls").starts_with(
            "   errors syscall               calls
--------- ----------------- ---------
        1 openat                    2
          sched_getaffinity         1
--------- ----------------- ---------
        1 total                     3
"
        ));
        assert!(table("longest,min-time,syscall-name").starts_with(
            " longest shortest syscall
-------- -------- -----------------
0.000003 0.000003 openat
0.018000 0.018000 sched_getaffinity
-------- -------- -----------------
0.018000 0.000003 total
"
        ));
        assert_eq!(Column::parse("time").expect("a column"), [Column::TimePercent, Column::Name]);
        for (bad, words) in [("", "there are"), ("cals", "calls"), ("calls,count", "twice"), ("calls,", "no column")] {
            assert!(Column::parse(bad).is_err_and(|error| error.contains(words)), "{bad}");
        }
    }
}
