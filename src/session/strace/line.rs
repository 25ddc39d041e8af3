//! One line of strace's output, taken apart: who, when, what. strace(1).
//!
//! Left out: what arguments mean (`call`), which task a line without a number is of (`tasks`).

use crate::decode::printed::{end_of_angles, end_of_piece};

/// When, as the line tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// `-t`, `-tt`: nanoseconds since midnight.
    Clock { ns: u64, fine: bool },
    /// `-ttt`: nanoseconds since the epoch.
    Epoch(u64),
    /// `-r`: nanoseconds since the line before.
    Since(u64),
}

/// A line without what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body<'a> {
    Call(Whole<'a>),
    /// `read(0,  <unfinished ...>`: up to where it broke off.
    Unfinished {
        name: &'a str,
        before: &'a str,
        detached: bool,
    },
    /// `<... read resumed>"abc", 3) = 3`.
    Resumed {
        name: &'a str,
        rest: Whole<'a>,
    },
    /// What stands in the braces of `--- SIGCHLD {…} ---`, with them.
    Signal {
        name: &'a str,
        info: &'a str,
    },
    Stopped {
        signal: &'a str,
    },
    Exited {
        status: i32,
    },
    Killed {
        signal: &'a str,
        core: bool,
    },
    Superseded {
        by: i32,
    },
    /// `Process 12 attached`.
    Attached(i32),
    Detached(i32),
    /// `[ Process PID=12 runs in 32 bit mode. ]`.
    Mode {
        pid: i32,
        words: &'a str,
    },
    /// A sentence of the tracer's about itself, and empty lines.
    Remark,
    /// A line of a dump (`-e read=`) or of a stack (`-k`).
    Aside,
    /// The head of a table (`-c`).
    Table,
    Unreadable(&'static str),
}

/// A call, or the rest of one, with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<'a> {
    /// Empty for the rest of a call.
    pub name: &'a str,
    /// Between the parentheses.
    pub args: &'a str,
    /// Behind the `=`, without the time.
    pub result: &'a str,
    /// `<0.000012>`, in nanoseconds.
    pub took_ns: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    pub pid: Option<i32>,
    /// `-Y`: the name beside the number.
    pub comm: Option<&'a str>,
    pub stamp: Option<Stamp>,
    /// `-n`.
    pub nr: Option<u64>,
    /// `-i`.
    pub ip: Option<u64>,
    pub body: Body<'a>,
}

/// Takes a line apart. Whatever it is, the answer says.
pub fn read(line: &str) -> Line<'_> {
    let nothing = Line { pid: None, comm: None, stamp: None, nr: None, ip: None, body: Body::Remark };
    if line.trim().is_empty() {
        return nothing;
    }
    if line.starts_with(" > ") || line.starts_with(" | ") {
        return Line { body: Body::Aside, ..nothing };
    }
    for tracer in ["strace: ", "sysview: "] {
        if let Some(sentence) = line.strip_prefix(tracer) {
            return Line { body: remark(sentence), ..nothing };
        }
    }
    if line.starts_with("[ Process PID=") {
        return Line { body: remark(line), ..nothing };
    }
    if line.trim_start().starts_with("% time ") {
        return Line { body: Body::Table, ..nothing };
    }
    let (pid, comm, rest) = task(line);
    let (stamp, rest) = stamp(rest);
    let (nr, rest) = bracketed(rest, 10, |text| text.len() <= 5);
    let (ip, rest) = bracketed(rest, 16, |text| text.len() >= 8);
    Line { pid, comm, stamp, nr, ip, body: body(rest) }
}

/// `[pid 12] `, `12 `, with `-Y` `12<sh> `.
fn task(line: &str) -> (Option<i32>, Option<&str>, &str) {
    let (text, bracket) = match line.strip_prefix("[pid ") {
        Some(rest) => (rest.trim_start(), true),
        None => (line, false),
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let nobody = (None, None, line);
    let Ok(pid) = text[..digits].parse::<i32>() else { return nobody };
    let mut rest = &text[digits..];
    // With `sysview log`, the number inside of a container.
    if let Some(inner) = rest.strip_prefix(':') {
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && inner[digits..].starts_with([' ', ']', '<']) {
            rest = &inner[digits..];
        }
    }
    let mut comm = None;
    if rest.starts_with('<')
        && let Some(end) = end_of_angles(rest.as_bytes(), 0)
    {
        comm = Some(&rest[1..end]);
        rest = &rest[end + 1..];
    }
    match (bracket, rest.strip_prefix(if bracket { "] " } else { " " })) {
        (true, Some(rest)) => (Some(pid), comm, rest),
        (false, Some(rest)) => (Some(pid), comm, rest.trim_start_matches(' ')),
        (_, None) => nobody,
    }
}

fn stamp(text: &str) -> (Option<Stamp>, &str) {
    let trimmed = text.trim_start_matches(' ');
    let end = trimmed.find(' ').unwrap_or(trimmed.len());
    let (word, rest) = (&trimmed[..end], trimmed[end..].trim_start_matches(' '));
    let told = match word.split(':').collect::<Vec<_>>()[..] {
        [hours, minutes, seconds] => clock(hours, minutes, seconds),
        // The seconds since the epoch have ten digits, those since the line before seldom more than two.
        [seconds] if seconds.contains('.') => {
            fraction(seconds).map(if seconds.len() > 15 { Stamp::Epoch } else { Stamp::Since })
        }
        _ => None,
    };
    let Some(told) = told else { return (None, text) };
    // `-t` with `-r`: `15:04:05 (+     0.000123) `.
    if let Some((_, rest)) = rest.strip_prefix("(+").and_then(|rest| rest.split_once(") ")) {
        return (Some(told), rest);
    }
    (Some(told), rest)
}

fn clock(hours: &str, minutes: &str, seconds: &str) -> Option<Stamp> {
    let part = |text: &str| (text.len() == 2).then(|| text.parse::<u64>().ok())?.filter(|n| *n < 60);
    let ns = fraction(seconds).filter(|_| seconds.len() >= 2)?;
    let whole = (part(hours)? * 60 + part(minutes)?) * 60;
    Some(Stamp::Clock { ns: whole * 1_000_000_000 + ns, fine: seconds.contains('.') })
}

/// Seconds with up to nine digits behind the point, in nanoseconds.
pub fn fraction(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 9 || !part.bytes().all(|byte| byte.is_ascii_digit()) || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos = if part.is_empty() { 0 } else { part.parse::<u64>().ok()? * 10u64.pow(9 - part.len() as u32) };
    whole.parse::<u64>().ok()?.checked_mul(1_000_000_000)?.checked_add(nanos)
}

/// `[ 257] `, `[00007f0012345678] `; with question marks for what is not known.
fn bracketed(text: &str, radix: u32, fits: impl Fn(&str) -> bool) -> (Option<u64>, &str) {
    let Some((inside, rest)) = text.strip_prefix('[').and_then(|text| text.split_once("] ")) else {
        return (None, text);
    };
    let digits = inside.trim();
    if !fits(inside) || digits.is_empty() {
        return (None, text);
    }
    if digits.bytes().all(|byte| byte == b'?') {
        return (None, rest);
    }
    match u64::from_str_radix(digits, radix) {
        Ok(number) => (Some(number), rest),
        Err(_) => (None, text),
    }
}

fn remark(sentence: &str) -> Body<'_> {
    if let Some(words) = sentence.strip_prefix("[ Process PID=").and_then(|text| text.strip_suffix(" ]"))
        && let Some((pid, words)) = words.split_once(" runs in ")
        && let Ok(pid) = pid.parse()
    {
        return Body::Mode { pid, words: words.strip_suffix(" mode.").unwrap_or(words) };
    }
    let words: Vec<&str> = sentence.split(' ').collect();
    let number = |text: &str| text.split(['<', ':']).next().and_then(|digits| digits.parse().ok());
    match words[..] {
        ["Process" | "process", pid, .., "attached"] => number(pid).map_or(Body::Remark, Body::Attached),
        ["Process" | "process", pid, "detached"] => number(pid).map_or(Body::Remark, Body::Detached),
        _ => Body::Remark,
    }
}

fn body(text: &str) -> Body<'_> {
    if let Some(inside) = text.strip_prefix("--- ").and_then(|text| text.trim_end().strip_suffix(" ---")) {
        return match inside.split_once(' ') {
            Some(("stopped", by)) => Body::Stopped { signal: by.strip_prefix("by ").unwrap_or(by) },
            Some((name, info)) => Body::Signal { name, info },
            None => Body::Unreadable("a signal without a description"),
        };
    }
    if let Some(inside) = text.strip_prefix("+++ ").and_then(|text| text.trim_end().strip_suffix(" +++")) {
        return end(inside);
    }
    if let Some(rest) = text.strip_prefix("<... ") {
        let Some((name, rest)) = rest.split_once(" resumed>") else { return Body::Unreadable("no `resumed>`") };
        return match whole("", rest) {
            Ok(rest) => Body::Resumed { name, rest },
            Err(body) => body,
        };
    }
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let (name, rest) = text.split_at(length);
    match rest.strip_prefix('(') {
        Some(rest) if length > 0 => match whole(name, rest) {
            Ok(call) => Body::Call(call),
            Err(body) => body,
        },
        _ => Body::Unreadable("no call, signal or end"),
    }
}

fn end(inside: &str) -> Body<'_> {
    let core = inside.ends_with(" (core dumped)");
    let inside = inside.strip_suffix(" (core dumped)").unwrap_or(inside);
    if let Some(status) = inside.strip_prefix("exited with ").and_then(|status| status.parse().ok()) {
        return Body::Exited { status };
    }
    if let Some(signal) = inside.strip_prefix("killed by ") {
        return Body::Killed { signal, core };
    }
    match inside.strip_prefix("superseded by execve in pid ").and_then(|pid| pid.parse().ok()) {
        Some(by) => Body::Superseded { by },
        None => Body::Unreadable("an end that is not known"),
    }
}

/// What follows the parenthesis that opens.
fn whole<'a>(name: &'a str, text: &'a str) -> Result<Whole<'a>, Body<'a>> {
    let end = end_of_piece(text, b"");
    let args = &text[..end];
    let Some(rest) = text[end..].strip_prefix(')') else {
        return Err(broken(name, text));
    };
    let rest = rest.trim_start();
    let Some(result) = rest.strip_prefix("= ").map(str::trim_end) else {
        return Err(Body::Unreadable("no result behind the arguments"));
    };
    let (result, took_ns) = match result.strip_suffix('>').and_then(|text| text.rsplit_once(" <")) {
        Some((before, time)) if time.contains('.') && fraction(time).is_some() => (before, fraction(time)),
        _ => (result, None),
    };
    // `read(0,  <unfinished ...>) = ?`: it never came back.
    let args = args.strip_suffix(" <unfinished ...>").unwrap_or(args);
    Ok(Whole { name, args, result, took_ns })
}

/// A call whose line ends before its arguments do.
fn broken<'a>(name: &'a str, text: &'a str) -> Body<'a> {
    let text = text.trim_end();
    for (end, detached) in [("<unfinished ...>", false), ("<detached ...>", true)] {
        if let Some(before) = text.strip_suffix(end) {
            return Body::Unfinished { name, before: before.strip_suffix(' ').unwrap_or(before), detached };
        }
    }
    // A thread's execve: its number becomes that of the process.
    match text.strip_suffix(" ...>").and_then(|text| text.rsplit_once("<pid changed to ")) {
        Some((before, _)) => {
            Body::Unfinished { name, before: before.strip_suffix(' ').unwrap_or(before), detached: false }
        }
        None => Body::Unreadable("the line ends before its arguments do"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_a_call_is_read_in_any_mix() {
        let call = "read(0, \"\", 4) = 0";
        for (start, pid, stamp, nr, ip) in [
            ("", None, None, None, None),
            ("[pid   123] ", Some(123), None, None, None),
            ("123   ", Some(123), None, None, None),
            ("123<sh> ", Some(123), None, None, None),
            ("[pid   123:1<a b>] ", Some(123), None, None, None),
            ("00:00:01 ", None, Some(Stamp::Clock { ns: 1_000_000_000, fine: false }), None, None),
            ("123 00:01:00.000002 ", Some(123), Some(Stamp::Clock { ns: 60_000_002_000, fine: true }), None, None),
            ("1700000000.000001 ", None, Some(Stamp::Epoch(1_700_000_000_000_001_000)), None, None),
            ("     0.000100 ", None, Some(Stamp::Since(100_000)), None, None),
            ("00:00:00 (+     0.000100) ", None, Some(Stamp::Clock { ns: 0, fine: false }), None, None),
            ("[   0] ", None, None, Some(0), None),
            ("[00007f0012345678] ", None, None, None, Some(0x7f00_1234_5678)),
            (
                "9 1700000000.000001 [ 257] [00007f0012345678] ",
                Some(9),
                Some(Stamp::Epoch(1_700_000_000_000_001_000)),
                Some(257),
                Some(0x7f00_1234_5678),
            ),
            ("[????????????????] ", None, None, None, None),
        ] {
            let line = format!("{start}{call}");
            let read = read(&line);
            assert_eq!((read.pid, read.stamp, read.nr, read.ip), (pid, stamp, nr, ip), "{line}");
            assert!(
                matches!(read.body, Body::Call(Whole { name: "read", args: "0, \"\", 4", result: "0", took_ns: None })),
                "{line}"
            );
        }
    }

    #[test]
    fn calls_break_off_and_go_on() {
        let body = |line| read(line).body;
        let unfinished = |before, detached| Body::Unfinished { name: "read", before, detached };
        assert_eq!(body("read(0,  <unfinished ...>"), unfinished("0, ", false));
        assert_eq!(body("read(0,  <detached ...>"), unfinished("0, ", true));
        assert_eq!(
            body("<... read resumed>\") = 5\", 3) = 3 <0.000010>"),
            Body::Resumed {
                name: "read",
                rest: Whole { name: "", args: "\") = 5\", 3", result: "3", took_ns: Some(10_000) }
            }
        );
        assert_eq!(
            body("pause( <unfinished ...>) = ?"),
            Body::Call(Whole { name: "pause", args: "", result: "?", took_ns: None })
        );
        assert!(matches!(body("read(0, \"ab"), Body::Unreadable(_)));
    }

    #[test]
    fn other_lines_are_what_they_are() {
        let body = |line| read(line).body;
        assert_eq!(body("+++ exited with 3 +++"), Body::Exited { status: 3 });
        assert_eq!(body("+++ killed by SIGSEGV (core dumped) +++"), Body::Killed { signal: "SIGSEGV", core: true });
        assert_eq!(body("[pid 7] +++ superseded by execve in pid 8 +++"), Body::Superseded { by: 8 });
        assert_eq!(body("--- stopped by SIGSTOP ---"), Body::Stopped { signal: "SIGSTOP" });
        assert_eq!(
            body("--- SIGINT {si_signo=SIGINT} ---"),
            Body::Signal { name: "SIGINT", info: "{si_signo=SIGINT}" }
        );
        assert_eq!(body("strace: Process 12 attached"), Body::Attached(12));
        assert_eq!(body("strace: [ Process PID=12 runs in 32 bit mode. ]"), Body::Mode { pid: 12, words: "32 bit" });
        assert_eq!(body("[ Process PID=12 runs in 64 bit mode. ]"), Body::Mode { pid: 12, words: "64 bit" });
        assert_eq!(body("strace: exit status 1"), Body::Remark);
        assert_eq!(body(" > /usr/lib/libc.so.6(read+0xd) [0x10]"), Body::Aside);
        assert_eq!(body("% time     seconds  usecs/call     calls    errors syscall"), Body::Table);
        assert!(matches!(body("hello, world"), Body::Unreadable(_)));
    }
}
