//! A comparison as lines of text: tables of what differs, then how much is the same.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Both, Comparison, Count};
use crate::abi;

/// Lines of each list; the rest is counted. JSON has all of them.
const LISTED: usize = 40;

/// The comparison of two runs, which are called `a` and `b`.
pub fn text(runs: &Comparison, a: &str, b: &str) -> String {
    let mut out = format!("A  {a}\nB  {b}\n\n");
    let total = [Row { mark: ' ', name: "all calls".into(), both: runs.total }];
    table(&mut out, "", &total);
    if runs.is_same() {
        out.push_str("\nThe same calls, errors, paths and processes in both.\n");
        return out;
    }
    calls(&mut out, runs);
    errors(&mut out, runs);
    paths(&mut out, runs);
    processes(&mut out, runs);
    out
}

/// `ENOENT`, or the number of an error without a name.
pub fn errno_name(errno: u16) -> Cow<'static, str> {
    abi::errno(errno).map_or_else(|| errno.to_string().into(), |(name, _)| name.into())
}

/// `1.234 ms`: three digits after the point at most, in the unit that fits.
pub fn time(ns: u64) -> String {
    let (size, unit) = match ns {
        0..1_000 => return format!("{ns} ns"),
        1_000..1_000_000 => (1e3, "us"),
        1_000_000..1_000_000_000 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{:.1} {unit}", ns as f64 / size)
}

struct Row {
    mark: char,
    name: String,
    both: Both<Count>,
}

/// `+` new, `-` gone, `~` in both and different, a space for the same; times are not asked.
fn mark(both: &Both<Count>) -> char {
    match (both.a, both.b) {
        (None, _) => '+',
        (_, None) => '-',
        (Some(a), Some(b)) if a.without_time() == b.without_time() => ' ',
        _ => '~',
    }
}

fn calls(out: &mut String, runs: &Comparison) {
    let row = |(name, both): &(String, Both<Count>)| Row { mark: mark(both), name: name.clone(), both: *both };
    let mut rows: Vec<Row> = runs.calls.iter().map(row).filter(|row| row.mark != ' ').collect();
    let same = runs.calls.len() - rows.len();
    let count = |count: Option<Count>| count.unwrap_or_default().calls;
    rows.sort_by_key(|row| std::cmp::Reverse(count(row.both.a).abs_diff(count(row.both.b))));
    table(out, "Calls", &rows);
    if same > 0 {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "  {}", counted(same, "call made as often in both", "calls made as often in both"));
    }
}

fn table(out: &mut String, title: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    if !title.is_empty() {
        let _ = writeln!(out, "\n{title}");
    }
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).clamp(16, 40);
    let _ = writeln!(
        out,
        "  {:width$} {:>10} {:>10} {:>8} {:>8} {:>10} {:>10}",
        "", "calls A", "B", "errors A", "B", "time A", "B"
    );
    for Row { mark, name, both } in rows.iter().take(LISTED) {
        let cell = |count: Option<Count>, of: fn(Count) -> String| count.map_or("-".into(), of);
        let _ = writeln!(
            out,
            "{mark} {name:width$} {:>10} {:>10} {:>8} {:>8} {:>10} {:>10}",
            cell(both.a, |c| c.calls.to_string()),
            cell(both.b, |c| c.calls.to_string()),
            cell(both.a, |c| c.errors.to_string()),
            cell(both.b, |c| c.errors.to_string()),
            cell(both.a, |c| time(c.time_ns)),
            cell(both.b, |c| time(c.time_ns)),
        );
    }
    more(out, rows.len());
}

fn errors(out: &mut String, runs: &Comparison) {
    let differing: Vec<_> = runs.errors.iter().filter(|(_, both)| both.a != both.b).collect();
    if differing.is_empty() {
        return;
    }
    out.push_str("\nErrors\n");
    for ((call, errno), both) in differing.iter().take(LISTED) {
        let mark = if both.is_new() {
            '+'
        } else if both.is_gone() {
            '-'
        } else {
            '~'
        };
        let name = format!("{call} {}", errno_name(*errno));
        let _ = writeln!(out, "{mark} {name:32} {:>10} {:>10}", cell(both.a), cell(both.b));
    }
    more(out, differing.len());
}

fn cell(n: Option<u64>) -> String {
    n.map_or("-".into(), |n| n.to_string())
}

fn paths(out: &mut String, runs: &Comparison) {
    for (title, sign, wanted) in [
        ("Paths only in A", '-', Both::is_gone as fn(&Both<u64>) -> bool),
        ("Paths only in B", '+', Both::is_new as fn(&Both<u64>) -> bool),
    ] {
        let found: Vec<_> = runs.paths.iter().filter(|(_, both)| wanted(both)).collect();
        if found.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n{title}");
        for (path, both) in found.iter().take(LISTED) {
            let times = both.a.or(both.b).unwrap_or(0);
            let times = if times == 1 { String::new() } else { format!("  ({times} times)") };
            let _ = writeln!(out, "{sign} {}{times}", path.escape_ascii());
        }
        more(out, found.len());
    }
}

fn processes(out: &mut String, runs: &Comparison) {
    let row = |pair: &super::Pair| {
        let ordinal = if pair.ordinal > 1 { format!(" #{}", pair.ordinal) } else { String::new() };
        // A tree that is deep is not pushed out of the page.
        let name = format!("{:1$}{2}{ordinal}", "", pair.depth.min(10) * 2, pair.comm.escape_ascii());
        let unseen = pair.count.a.is_none() && pair.count.b.is_none();
        Row { mark: if unseen { ' ' } else { mark(&pair.count) }, name, both: pair.count }
    };
    let rows: Vec<Row> = runs.processes.iter().map(row).collect();
    if rows.iter().any(|row| row.mark != ' ') {
        table(out, "Processes", &rows);
    }
}

fn more(out: &mut String, all: usize) {
    if all > LISTED {
        let _ = writeln!(out, "  and {} more; `sysview diff --format json` has them", all - LISTED);
    }
}

fn counted(n: usize, one: &str, several: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {several}") }
}
