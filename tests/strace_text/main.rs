//! Text that strace wrote, read and printed again: the same lines, in the same order.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use regex::Regex;
use sysview::decode::{self, Constants, HexStrings, Options};
use sysview::model::{Marks, Origin, Outcome, RowKind, Store};
use sysview::session::strace::{Import, Text};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/strace_text")
}

fn file(name: &str) -> Import {
    Import::new(Text::read(&folder().join(name)).expect("a text that is kept")).expect("text of strace")
}

fn import(bytes: &[u8]) -> Import {
    let text = Text { name: "text".into(), pid: None, bytes: bytes.to_vec() };
    Import::new(vec![text]).expect("text of strace")
}

fn store(import: &mut Import) -> Store {
    let mut store = Store::new();
    while let Some(batch) = import.next_batch() {
        store.append(&batch);
    }
    store
}

/// The lines of a text without what stands before them and behind them, interrupted ones whole where they began.
fn printed(text: &str) -> Vec<String> {
    let start = Regex::new(
        r"^(\[pid +(?P<a>\d+)(<[^>]*>)?\] |(?P<b>\d+)(<[^>]*>)? +)?( *[0-9:]+(\.\d+)? |  *\d+\.\d+ )?(\[ *\d+\] )?(\[[0-9a-f?]{8,16}\] )?",
    )
    .expect("a pattern");
    let space = Regex::new(r"\) += ").expect("a pattern");
    let time = Regex::new(r" <\d+\.\d+>$").expect("a pattern");
    let sender = Regex::new(r"(si_pid=\d+)<[^>]*>").expect("a pattern");
    let mut lines: Vec<String> = Vec::new();
    let mut open: HashMap<String, usize> = HashMap::new();
    let remark = Regex::new(r"(?m)strace: Process \d+ attached\n").expect("a pattern");
    for line in remark.replace_all(text, "").lines() {
        if line.starts_with(" > ")
            || line.starts_with(" | ")
            || line.starts_with("strace: ")
            || line.starts_with("[ Pro")
        {
            continue;
        }
        if line.starts_with("% time") {
            break;
        }
        let found = start.captures(line).expect("it may match nothing");
        let pid = found.name("a").or(found.name("b")).map_or("", |pid| pid.as_str()).to_string();
        let body = &line[found[0].len()..];
        // What a sender is called is told by its task.
        let body = sender.replace(body, "$1");
        let body = time.replace(&body, "");
        let body = space.replace_all(&body, ") = ");
        match (body.strip_suffix(" <unfinished ...>"), body.split_once(" resumed>")) {
            (Some(before), _) => {
                open.insert(pid, lines.len());
                lines.push(before.to_string());
            }
            (None, Some((_, rest))) if body.starts_with("<... ") => {
                // Lines have numbers only while there are two tasks.
                let other = open.keys().next().cloned().unwrap_or_default();
                let begun = open.remove(&pid).or_else(|| open.remove(&other)).expect("it began");
                lines[begun].push_str(rest);
                lines[begun] = space.replace_all(&lines[begun], ") = ").into_owned();
            }
            _ => lines.push(body.into_owned()),
        }
    }
    lines
}

/// The rows that strace has lines for.
fn shown(store: &Store, options: &Options) -> Vec<String> {
    let space = Regex::new(r"\) += ").expect("a pattern");
    let is_line = |seq: &u64| {
        let row = store.row(*seq).expect("a row");
        !matches!(row.kind, RowKind::Exec(_) | RowKind::NewTask(_))
    };
    let line = |seq: u64| space.replace_all(&decode::row_text(store, seq, options), ") = ").into_owned();
    (0..store.len()).filter(is_line).map(line).collect()
}

fn same(name: &str, options: &Options) -> Store {
    let text = std::fs::read_to_string(folder().join(name)).expect("a text that is kept");
    let mut import = file(name);
    let store = store(&mut import);
    let complaints: Vec<String> = import.complaints().collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let (wanted, got) = (printed(&text), shown(&store, options));
    for (wanted, got) in wanted.iter().zip(&got) {
        // Interrupted calls that never came back end in words of ours.
        let got = got.strip_suffix(" <unfinished ...>").unwrap_or(got);
        assert_eq!(got, wanted, "in {name}");
    }
    assert_eq!(got.len(), wanted.len(), "in {name}");
    store
}

fn whole() -> Options {
    Options { string_limit: usize::MAX, verbose: true, ..Options::default() }
}

#[test]
fn every_usual_mix_of_options_is_read_and_printed_again() {
    let both = Options { constants: Constants::Both, hex: HexStrings::NotText, ..whole() };
    let numbers = Options { constants: Constants::Numbers, ..whole() };
    let hex = Options { hex: HexStrings::All, ..whole() };
    for (name, options) in [
        ("plain.txt", whole()),
        ("stderr.txt", whole()),
        ("follow.txt", whole()),
        ("sockets.txt", whole()),
        ("verbose.txt", both),
        ("raw.txt", numbers),
        ("relative.txt", hex),
        ("table.txt", whole()),
        ("dumps.txt", whole()),
        ("inject.txt", whole()),
        ("successful.txt", whole()),
        ("stacks.txt", whole()),
    ] {
        same(name, &options);
    }
}

#[test]
fn files_of_their_own_are_put_in_order_and_tasks_know_their_makers() {
    let mut import = file("each.txt");
    let each = store(&mut import);
    assert_eq!(import.complaints().count(), 0);
    let follow = same("follow.txt", &whole());
    for store in [&each, &follow] {
        let origins: Vec<Origin> = store.tasks().iter().map(|task| task.origin).collect();
        assert_eq!(origins, [Origin::Launch, Origin::Thread, Origin::Clone, Origin::Clone]);
        let (first, thread, last) = (&store.tasks()[0], &store.tasks()[1], &store.tasks()[3]);
        assert_eq!((thread.tgid, thread.parent), (first.tid, Some(first.id)));
        assert_eq!((first.comm.as_slice(), last.comm.as_slice()), (&b"prog"[..], &b"true"[..]));
        let times: Vec<u64> = (0..store.len()).filter_map(|seq| Some(store.row(seq)?.t_ns)).collect();
        assert!(times.is_sorted());
    }
    let calls = |store: &Store| store.tasks().iter().map(|task| (task.calls, task.errors)).collect::<Vec<_>>();
    assert_eq!(calls(&each), calls(&follow));
}

/// The row of the first call whose line contains the words.
fn call(store: &Store, words: &str) -> u64 {
    let fits = |seq: &u64| store.call(*seq).is_some() && decode::row_text(store, *seq, &whole()).contains(words);
    (0..store.len()).find(fits).expect("a call with such a line")
}

#[test]
fn what_the_text_tells_for_certain_is_known_and_nothing_else() {
    let store = same("follow.txt", &whole());
    let seq = call(&store, "connect(");
    let held = store.call(seq).expect("a call");
    let view = held.view();
    assert_eq!((view.args[0], view.args[2], view.outcome), (6, 16, Some(Outcome::Failed(111))));
    // The address of the address is not told, its content is.
    assert!(view.knows(0) && !view.knows(1) && view.knows(2) && !view.knows(3));
    assert_eq!(view.entry.at(view.args[1]).map(|piece| piece.bytes.len()), Some(16));
    let seq = call(&store, "openat(AT_FDCWD</tmp/demo>, \"/etc/hostname\"");
    let held = store.call(seq).expect("a call");
    let view = held.view();
    assert_eq!((view.args[0] as i32, view.args[2]), (-100, 0x80000));
    assert!(view.printed().is_some_and(|printed| !printed.has_text()), "registers and memory tell all of it");
    let (RowKind::Call(row), t_ns) = (&store.row(seq).expect("a row").kind, store.row(seq).expect("a row").t_ns) else {
        panic!("a call")
    };
    assert!(row.duration_ns(t_ns).is_some_and(|ns| ns % 1000 == 0 && ns > 0));
    let plain = same("plain.txt", &whole());
    let RowKind::Call(row) = &plain.row(call(&plain, "openat(")).expect("a row").kind else { panic!("a call") };
    assert!(row.marks.has(Marks::UNTIMED) && row.duration_ns(0).is_none(), "no line tells how long it took");
}

#[test]
fn injected_and_delayed_calls_are_marked() {
    let store = same("inject.txt", &whole());
    let marks = |words| store.call(call(&store, words)).map_or(Marks::NONE, |call| call.view().marks);
    assert!(marks("getppid(").has(Marks::INJECTED) && !marks("getppid(").has(Marks::DELAYED));
    assert!(marks("getuid(").has(Marks::INJECTED) && marks("getuid(").has(Marks::DELAYED));
}

#[test]
fn lines_that_cannot_be_read_are_counted_and_told() {
    let text = "execve(\"/bin/true\", [\"true\"], 0x7ffe /* 2 vars */) = 0\nhello \x1b[2J\nread(3, \"ab\nnosuchcall(1) = 0\n\
                close(3) = what\n+++ exited with 0 +++\n";
    let mut import = import(text.as_bytes());
    let store = store(&mut import);
    let lines: Vec<usize> = import.unread().iter().map(|unread| unread.line).collect();
    assert_eq!(lines, [2, 3, 4, 5]);
    let told: Vec<String> = import.complaints().collect();
    assert!(told[0].starts_with("text:2: ") && told[0].is_ascii() && !told[0].contains('\x1b'), "{told:?}");
    let notices = import.notices();
    assert!(
        notices.iter().any(|notice| notice.contains("4 lines of 6 could not be read in full: 2, 3, 4, 5;")),
        "{notices:?}"
    );
    assert_eq!(shown(&store, &whole()).len(), 2);
}

#[test]
fn calls_that_never_come_back_end_with_their_task_and_those_without_a_beginning_are_kept() {
    let text = "10 read(0,  <unfinished ...>\n11 <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 12\n\
                11 pause( <unfinished ...>\n10 +++ killed by SIGKILL +++\n11 restart_syscall(<... resuming interrupted read ...>) = 0\n\
                11 close(3 <detached ...>\n";
    let store = store(&mut import(text.as_bytes()));
    let ends: Vec<_> = (0..store.len()).filter_map(|seq| store.call(seq).map(|call| call.view().outcome)).collect();
    let never = Some(Outcome::NeverReturned);
    assert_eq!(ends, [never, Some(Outcome::Returned(12)), never, Some(Outcome::Returned(0)), Some(Outcome::Detached)]);
    let lines = shown(&store, &whole());
    assert_eq!(lines[0], "read(0,  <unfinished ...>) = ?");
    assert_eq!(lines[1], "wait4([{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 12");
    assert_eq!(lines[4], "restart_syscall(<... resuming interrupted read ...>) = 0");
}

#[test]
fn a_change_of_abi_changes_the_numbers() {
    let text = "7 getpid() = 7\n[ Process PID=7 runs in 32 bit mode. ]\n7 getpid() = 7\n\
                strace: [ Process PID=7 runs in 64 bit mode. ]\n7 getpid() = 7\n";
    let store = store(&mut import(text.as_bytes()));
    let numbers: Vec<u64> = (0..store.len()).filter_map(|seq| store.call(seq).map(|call| call.view().nr)).collect();
    assert_eq!(numbers, [39, 20, 39]);
}

#[test]
fn cut_and_mixed_up_texts_never_panic() {
    let text: Vec<u8> = ["follow.txt", "stderr.txt", "verbose.txt", "relative.txt"]
        .iter()
        .flat_map(|name| std::fs::read(folder().join(name)).expect("a text that is kept"))
        .collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..60 {
        let start = next(text.len() - 4000);
        let mut part = text[start..start + next(4000)].to_vec();
        for _ in 0..next(30) {
            if part.is_empty() {
                break;
            }
            let at = next(part.len());
            match next(3) {
                0 => part[at] = next(256) as u8,
                1 => drop(part.remove(at)),
                _ => part.insert(at, b"\n()[]{}<>\"\\, =|0x-"[next(18)]),
            }
        }
        let text = Text { name: "text".into(), pid: None, bytes: part };
        let Ok(mut import) = Import::new(vec![text]) else { continue };
        let store = store(&mut import);
        for seq in 0..store.len() {
            assert!(decode::row_text(&store, seq, &Options::default()).bytes().all(|b| matches!(b, b' '..=b'~')));
            if let Some(call) = store.call(seq) {
                decode::detail(&call.view(), &whole());
            }
        }
    }
}
