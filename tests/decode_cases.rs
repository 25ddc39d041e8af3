//! Calls as data, and what becomes of them where their memory ends too early: each file of `tests/decode` holds calls
//! with their memory and the line that they must become.
//!
//! ```text
//! # why the case is there
//! x86_64 openat -100 0x1000 0x80000
//! < 0x1000 "/etc/passwd"                 memory copied at entry; > at exit
//! ret 3                                  or: err 2, never, killed, detached; none of them: the call goes on
//! = openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
//! ```
//!
//! Memory is made of `"text"` (Rust's escapes), `u8:N u16:N u32:N u64:N`, `zero:COUNT`, `fill:BYTE*COUNT`; after it may stand
//! `true=LENGTH` (the object was longer than the copy) and `fault` (memory ended). `nr:9999` is a number without a name.
//! Further expectations: `unfinished TEXT` and `resumed TEXT`, the halves of a line that another task interrupts, with
//! what stands at their ends between bars; `sp ADDRESS` is the stack pointer and `restarts NAME` the call that
//! restart_syscall restarts; `verbose` and `limit N` set the options for the case.

use std::path::Path;

use sysview::abi::{self, Arch};
use sysview::decode::{self, Options};
use sysview::model::{CallView, Memory, Outcome, Region};

#[derive(Default)]
struct Copied {
    regions: Vec<Region>,
    bytes: Vec<u8>,
}

impl Copied {
    fn memory(&self) -> Memory<'_> {
        Memory { regions: &self.regions, bytes: &self.bytes }
    }
}

struct Case {
    place: String,
    arch: Arch,
    nr: u64,
    args: [u64; 6],
    entry: Copied,
    exit: Copied,
    outcome: Option<Outcome>,
    sp: u64,
    restarts: Option<u64>,
    options: Options,
    line: Option<String>,
    unfinished: Option<String>,
    resumed: Option<String>,
}

impl Case {
    fn view(&self) -> CallView<'_> {
        CallView {
            arch: self.arch,
            nr: self.nr,
            args: &self.args,
            ip: 0,
            sp: self.sp,
            outcome: self.outcome,
            marks: Default::default(),
            restarts: self.restarts,
            entry: self.entry.memory(),
            exit: self.exit.memory(),
        }
    }

    fn side(&mut self, at_exit: bool) -> &mut Copied {
        if at_exit { &mut self.exit } else { &mut self.entry }
    }
}

#[test]
fn every_case_becomes_its_line() {
    let cases = all_cases();
    let (count, mut failures) = (cases.len(), Vec::new());
    cases.iter().for_each(|case| check(case, &mut failures));
    assert!(failures.is_empty(), "{} of {count} cases differ:\n\n{}", failures.len(), failures.join("\n\n"));
    assert!(count >= 60, "only {count} cases were found");
}

fn all_cases() -> Vec<Case> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode");
    let mut files: Vec<_> =
        std::fs::read_dir(&directory).expect("tests/decode").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    let cases = files.iter().flat_map(|file| {
        let text = std::fs::read_to_string(file).expect("a case file is UTF-8");
        parse(&file.file_name().unwrap_or_default().to_string_lossy(), &text)
    });
    cases.collect()
}

fn check(case: &Case, failures: &mut Vec<String>) {
    let view = case.view();
    let mut line = decode::call_text(&view, &case.options);
    if let Some(result) = decode::result_text(&view, &case.options) {
        line = format!("{line} = {result}");
    }
    let mut compare = |what: &str, expected: &Option<String>, found: String| {
        if let Some(expected) = expected
            && *expected != found
        {
            failures.push(format!("{}: {what}\n  expected {expected}\n  found    {found}", case.place));
        }
    };
    compare("line", &case.line, line);
    compare("unfinished", &case.unfinished, decode::unfinished_text(&view, &case.options));
    compare("resumed", &case.resumed, decode::resumed_text(&view, &case.options));
}

/// A line may be interrupted anywhere, so what was written before the exit is how the whole line begins.
#[test]
fn what_is_written_at_entry_stays_true() {
    let mut wrong = Vec::new();
    for case in all_cases() {
        if !matches!(case.outcome, Some(Outcome::Returned(_) | Outcome::Failed(_))) {
            continue;
        }
        let before = CallView { outcome: None, exit: Memory::default(), ..case.view() };
        let begun = decode::unfinished_text(&before, &case.options);
        let whole = decode::call_text(&case.view(), &case.options);
        // clone3(2) shows what it was given and what came of it.
        if !whole.starts_with(&begun) && !whole.starts_with("clone3(") {
            wrong.push(format!("{}\n  begun {begun}\n  whole {whole}", case.place));
        }
    }
    assert!(wrong.is_empty(), "{} lines change their beginning:\n{}", wrong.len(), wrong.join("\n"));
}

/// Memory that ends anywhere: every copied object of every case is cut at every byte, once as the limit of copying does
/// and once as the end of a page does. The call is never lost, and what stands behind the cut is never read: it makes no
/// difference what that is.
#[test]
fn memory_may_end_at_any_byte() {
    let mut cuts = 0;
    for mut case in all_cases() {
        let place = case.place.clone();
        for at_exit in [false, true] {
            for region in 0..case.side(at_exit).regions.len() {
                let whole = case.side(at_exit).regions[region];
                // The middle of what is long is no better place than its ends.
                let lens = (0..whole.len).filter(|len| *len < 300 || whole.len - len < 40);
                for (len, fault) in lens.flat_map(|len| [(len, false), (len, true)]) {
                    let end = (whole.start + len) as usize..(whole.start + whole.len) as usize;
                    let kept = case.side(at_exit).bytes[end.clone()].to_vec();
                    case.side(at_exit).regions[region] = Region { len, fault, ..whole };
                    let [first, second] = [0x00, 0xff].map(|poison| {
                        case.side(at_exit).bytes[end.clone()].fill(poison);
                        texts(&case)
                    });
                    let shown = format!("{place}: region {region} cut to {len} bytes");
                    assert_eq!(first, second, "{shown}: what was not copied was read");
                    let name = decode::shown_name(&case.view());
                    for text in &first[..2] {
                        assert!(text.starts_with(&*name), "{shown}: the call is lost in {text}");
                    }
                    assert!(first.iter().all(|text| text.bytes().all(|b| (b' '..=b'~').contains(&b))), "{shown}");
                    case.side(at_exit).bytes[end].copy_from_slice(&kept);
                    cuts += 1;
                }
                case.side(at_exit).regions[region] = whole;
            }
        }
    }
    assert!(cuts > 15_000, "only {cuts} cuts were made");
}

/// Whatever a view shows of a call; the line and its first half begin with the name.
fn texts(case: &Case) -> Vec<String> {
    let view = case.view();
    let detail = decode::detail(&view, &case.options);
    [decode::call_text(&view, &case.options), decode::unfinished_text(&view, &case.options)]
        .into_iter()
        .chain([decode::resumed_text(&view, &case.options)])
        .chain(decode::result_text(&view, &case.options))
        .chain(detail.into_iter().map(|line| line.text))
        .collect()
}

fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let place = format!("tests/decode/{file}:{}", number + 1);
        let line = line.trim_end();
        if line.is_empty() {
            open = false;
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        if !open {
            cases.push(head(&place, line));
            open = true;
            continue;
        }
        let case = cases.last_mut().unwrap_or_else(|| panic!("{place}: no call yet"));
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "<" => region(&mut case.entry, &place, rest),
            ">" => region(&mut case.exit, &place, rest),
            "ret" => case.outcome = Some(Outcome::Returned(integer(&place, rest) as i64)),
            "err" => case.outcome = Some(Outcome::Failed(integer(&place, rest) as u16)),
            "never" => case.outcome = Some(Outcome::NeverReturned),
            "killed" => case.outcome = Some(Outcome::KilledBySeccomp),
            "detached" => case.outcome = Some(Outcome::Detached),
            "sp" => case.sp = integer(&place, rest),
            "restarts" => case.restarts = Some(abi::number(case.arch, rest).expect("a call")),
            "verbose" => case.options.verbose = true,
            "limit" => case.options.string_limit = integer(&place, rest) as usize,
            "=" => case.line = Some(rest.into()),
            "unfinished" => case.unfinished = Some(rest.trim_matches('|').into()),
            "resumed" => case.resumed = Some(rest.trim_matches('|').into()),
            _ => panic!("{place}: `{word}` is no part of a case"),
        }
    }
    cases
}

fn head(place: &str, line: &str) -> Case {
    let mut words = line.split_whitespace();
    let arch = words.next().and_then(Arch::from_name).unwrap_or_else(|| panic!("{place}: expected an ABI"));
    let name = words.next().unwrap_or_else(|| panic!("{place}: expected a call"));
    let nr = match name.strip_prefix("nr:") {
        Some(number) => integer(place, number),
        None => abi::number(arch, name).unwrap_or_else(|| panic!("{place}: {} has no call {name}", arch.name())),
    };
    let mut args = [0; 6];
    for (i, word) in words.enumerate() {
        args[i] = integer(place, word);
    }
    Case {
        place: place.into(),
        arch,
        nr,
        args,
        entry: Copied::default(),
        exit: Copied::default(),
        outcome: None,
        sp: 0,
        restarts: None,
        options: Options::default(),
        line: None,
        unfinished: None,
        resumed: None,
    }
}

fn integer(place: &str, word: &str) -> u64 {
    let (negative, digits) = word.strip_prefix('-').map_or((false, word), |rest| (true, rest));
    let value = match (digits.strip_prefix("0x"), digits.strip_prefix("0o")) {
        (Some(hex), _) => u64::from_str_radix(hex, 16),
        (_, Some(octal)) => u64::from_str_radix(octal, 8),
        _ => digits.parse(),
    };
    let value = value.unwrap_or_else(|_| panic!("{place}: `{word}` is no number"));
    if negative { value.wrapping_neg() } else { value }
}

fn region(copied: &mut Copied, place: &str, line: &str) {
    let (addr, mut rest) = line.split_once(' ').unwrap_or((line, ""));
    let start = copied.bytes.len();
    let mut true_len = None;
    let mut fault = false;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        if let Some(text) = rest.strip_prefix('"') {
            rest = string(copied, place, text);
            continue;
        }
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        rest = after;
        let mut push = |number: &str, width: usize| {
            copied.bytes.extend_from_slice(&integer(place, number).to_le_bytes()[..width]);
        };
        match word.split_once([':', '=']) {
            Some(("u8", n)) => push(n, 1),
            Some(("u16", n)) => push(n, 2),
            Some(("u32", n)) => push(n, 4),
            Some(("u64", n)) => push(n, 8),
            Some(("zero", n)) => copied.bytes.resize(copied.bytes.len() + integer(place, n) as usize, 0),
            Some(("fill", spec)) => {
                let (byte, count) = spec.split_once('*').unwrap_or_else(|| panic!("{place}: fill:BYTE*COUNT"));
                let byte = integer(place, byte) as u8;
                copied.bytes.resize(copied.bytes.len() + integer(place, count) as usize, byte);
            }
            Some(("true", n)) => true_len = Some(integer(place, n)),
            None if word == "fault" => fault = true,
            _ => panic!("{place}: `{word}` is no memory"),
        }
    }
    let len = (copied.bytes.len() - start) as u32;
    copied.regions.push(Region {
        addr: integer(place, addr),
        true_len: true_len.unwrap_or(len.into()),
        start: start as u32,
        len,
        fault,
    });
}

/// Takes a string up to its quote; returns what stands behind it.
fn string<'a>(copied: &mut Copied, place: &str, text: &'a str) -> &'a str {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        let byte = match c {
            '"' => return &text[at + 1..],
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => b'\n',
                Some('t') => b'\t',
                Some('0') => 0,
                Some('x') => {
                    let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                    u8::from_str_radix(&digits, 16).unwrap_or_else(|_| panic!("{place}: \\x{digits}"))
                }
                Some(c) => c as u8,
                None => break,
            },
            _ => c as u8,
        };
        copied.bytes.push(byte);
    }
    panic!("{place}: a string has no end")
}
