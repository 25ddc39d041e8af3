//! What each filter finds in a small made-up run, how wrong ones are refused, and the round trip of reading and writing.

use proptest::prelude::*;

use super::*;
use crate::abi::{self, Arch};
use crate::model::{EventKind, Ids, Marks, Outcome, Standing, Warning};
use crate::policy::{Action, Certainty};
use made::{CWD, Run, store};
use random::{expr, run};

mod made;
mod random;

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn judged(action: Action, rule: Option<usize>) -> Option<policy::Verdict> {
    Some(policy::Verdict { action, rule, certainty: Certainty::Exact })
}

fn found(filter: &str) -> Vec<u64> {
    let store = store();
    let verdict = |seq| match seq {
        1 => judged(Action::Errno(1), None),
        3 => judged(Action::KillProcess, Some(4)),
        7 => judged(Action::Log, Some(4)),
        _ => judged(Action::Allow, Some(0)),
    };
    let context = Context { verdict: Some(&verdict), ..Context::new(&store) };
    let filter = parse(filter);
    (0..store.len()).filter(|&seq| filter.matches(&context, seq)).collect()
}

#[test]
fn each_test_finds_its_rows() {
    for (filter, rows) in [
        ("", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9][..]),
        ("openat", &[1, 2]),
        ("open*", &[1, 2]),
        ("call:?rite", &[7]),
        ("call:read,write", &[3, 7]),
        ("syscall_0x270f", &[9]),
        ("!openat", &[0, 3, 4, 5, 6, 7, 8, 9]),
        ("%file", &[1, 2]),
        ("%desc !%file", &[3, 7, 8]),
        ("err", &[2, 3]),
        ("err=ENOENT", &[2]),
        ("err=ENOENT,EAGAIN", &[2, 3]),
        ("err!=ENOENT", &[3]),
        ("err=ERESTARTSYS", &[7]),
        ("ret<0", &[2, 3]),
        ("ret=3", &[1]),
        ("ret!=3", &[2, 3]),
        ("ret=0x3", &[1]),
        ("dur>1ms", &[2]),
        ("dur<=1ms", &[1, 3, 7]),
        ("dur>=4.5ms", &[2]),
        ("pid:200", &[4, 5, 7, 8]),
        ("tid:100 err", &[2, 3]),
        ("tree:100", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("tree:200", &[4, 5, 7, 8]),
        // The name that the task had when the row was made: it began as sh.
        ("task:cat", &[5, 7, 8]),
        ("task:sh", &[0, 1, 2, 3, 4, 6, 9]),
        ("task:CAT", &[]),
        ("fd:3", &[1, 3, 8]),
        ("fd:AT_FDCWD", &[1, 2]),
        // The descriptor is inherited by the child.
        ("path:/etc/**", &[1, 3, 8]),
        ("path:passwd", &[1, 3, 8]),
        ("path~\"^/etc/(passwd|group)$\"", &[1, 3, 8]),
        ("path~^/etc/(passwd|group)$", &[1, 3, 8]),
        ("(path~\\.so$)", &[2]),
        ("text~\"= -1 E(NOENT|AGAIN)\"", &[2, 3]),
        ("task~^c", &[5, 7, 8]),
        ("fd:3#1", &[1, 3, 8]),
        ("fd:3#2", &[]),
        ("opened:1", &[1, 3, 8]),
        ("row:2..4", &[2, 3, 4]),
        ("row:8..", &[8, 9]),
        ("row!=1..9", &[0]),
        ("row=..1", &[0, 1]),
        ("t>=0.016", &[8, 9]),
        ("t=2ms..4ms", &[1, 2]),
        ("bytes>=0", &[]),
        ("vdso or injected or delayed or filtered", &[]),
        ("path:*.so", &[2]),
        ("path:cat", &[5]),
        ("arg.count=77", &[3]),
        ("arg.count>76 arg.count<78", &[3]),
        ("arg.fd=1", &[7]),
        ("arg.dirfd=AT_FDCWD", &[1, 2]),
        ("arg.dirfd<0", &[1, 2]),
        ("arg.flags&O_CREAT", &[2]),
        ("arg.flags&O_CREAT|O_APPEND", &[2]),
        ("arg.flags&0x40", &[2]),
        ("arg.flags=O_RDONLY", &[1]),
        ("arg.flags!=O_RDONLY", &[2]),
        ("signal", &[6]),
        ("signal=SIGCHLD", &[6]),
        ("signal=INT", &[]),
        ("exec", &[5]),
        ("unfinished", &[8, 9]),
        ("blocked", &[1, 3]),
        ("blocked=ERRNO", &[1]),
        ("blocked=EPERM", &[1]),
        ("blocked=EACCES", &[]),
        ("blocked=KILL", &[3]),
        ("blocked=LOG", &[7]),
        ("rule=5", &[3, 7]),
        ("rule=default", &[1]),
        ("openat or read", &[1, 2, 3]),
        ("openat || read && err", &[1, 2, 3]),
        ("(openat or read) err", &[2, 3]),
        ("openat and not err", &[1]),
        ("not (openat or signal) %desc", &[3, 7, 8]),
    ] {
        assert_eq!(found(filter), rows, "{filter}");
    }
}

#[test]
fn free_text_is_looked_for_in_the_line_as_it_is_shown() {
    let store = store();
    let context = Context::new(&store);
    for seq in 0..store.len() {
        let line = decode::row_text(&store, seq, &context.options);
        let half: String = line.chars().take(line.len() / 2).collect();
        let whole = Filter::from(Expr::Test(Test::Text(line.clone())));
        let part = Filter::from(Expr::Test(Test::Text(half.to_lowercase())));
        assert!(whole.matches(&context, seq) && part.matches(&context, seq), "{line}");
        let more = Filter::from(Expr::Test(Test::Text(format!("{line}X"))));
        assert!(!more.matches(&context, seq), "{line}");
    }
}

#[test]
fn a_socket_that_is_a_file_has_a_path() {
    for (address, rows) in
        [("\x01\0/run/nscd/socket\0\0", 1), ("\x01\0\0/run/nscd/socket", 0), ("\x02\0/run/nscd/socket", 0), ("\x01", 0)]
    {
        let mut run = Run::default();
        run.task(0, 100, None, "sh");
        run.enter(0, "connect", [3, 0x1000, address.len() as u64, 0, 0, 0], Some((0x1000, address)));
        let mut store = Store::new();
        store.append(&run.batch);
        let (context, filter) = (Context::new(&store), parse("path:/run/**"));
        assert_eq!((0..store.len()).filter(|&seq| filter.matches(&context, seq)).count(), rows, "{address:?}");
    }
}

#[test]
fn descriptors_are_followed_through_their_numbers() {
    let mut run = Run::default();
    run.task(0, 100, None, "sh");
    let standing = Standing {
        cwd: b"/home/a".to_vec(),
        root: b"/".to_vec(),
        mount_ns: None,
        ids: Ids { uids: [0; 4], gids: [0; 4], inheritable: 0, permitted: 0, effective: 0, bounding: 0, ambient: 0 },
        descriptors: Vec::new(),
    };
    run.exec(0, "/bin/sh", standing);
    let open = |run: &mut Run, path: &str, fd| {
        run.enter(0, "openat", [CWD, 0x1000, 0, 0, 0, 0], Some((0x1000, path)));
        run.exit(0, Outcome::Returned(fd));
    };
    let call = |run: &mut Run, name: &str, args: [u64; 2], result| {
        run.enter(0, name, [args[0], args[1], 4096, 0, 0, 0], None);
        run.exit(0, Outcome::Returned(result));
    };
    open(&mut run, "notes", 3); // row 2
    call(&mut run, "dup", [3, 0], 5); // row 3
    call(&mut run, "close", [3, 0], 0); // row 4
    open(&mut run, "/etc/hosts", 3); // row 5
    call(&mut run, "read", [3, 0], 4096); // row 6
    call(&mut run, "write", [5, 0], 10); // row 7
    run.marked(0, "clock_gettime", Marks::UNSEEN); // row 8
    run.enter(0, "poll", [0x1000, 1, 0, 0, 0, 0], Some((0x1000, "\x07\0\0\0\x01\0\0\0"))); // row 9
    run.exit(0, Outcome::Returned(0));
    run.enter(0, "pselect6", [10, 0x1000, 0, 0, 0, 0], Some((0x1000, "\0\x06\0\0\0\0\0\0"))); // row 10
    run.exit(0, Outcome::Returned(0));
    let mut store = Store::new();
    store.append(&run.batch);
    let context = Context::new(&store);
    for (filter, rows) in [
        ("fd:3", &[2, 3, 4, 5, 6][..]),
        ("fd:3#1", &[2, 3, 4]),
        ("fd:3#2", &[5, 6]),
        ("fd:7", &[9]),
        ("fd:9 or fd:10", &[10]),
        ("fd:10", &[]),
        ("fd:1", &[]),
        ("opened:2", &[2, 3, 4, 7]),
        ("opened:5", &[5, 6]),
        ("path:/home/a/notes", &[2, 3, 4, 7]),
        ("path:notes", &[2, 3, 4, 7]),
        ("path:/etc/* read", &[6]),
        ("cwd:/home/**", &[2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("cwd~^/home", &[2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("bytes>10", &[6]),
        ("bytes:1..4k", &[6, 7]),
        ("vdso", &[8]),
        ("injected", &[]),
    ] {
        let filter = parse(filter);
        let found: Vec<u64> = (0..store.len()).filter(|&seq| filter.matches(&context, seq)).collect();
        assert_eq!(found, rows, "{filter}");
    }
}

#[test]
fn answers_without_rows_of_their_own_belong_to_their_call() {
    let mut run = Run::default();
    run.task(0, 100, None, "sh");
    run.marked(0, "clock_gettime", Marks::VDSO); // row 1
    run.event(0, EventKind::Warning(Warning::VdsoUnlogged { nr: 228, count: 99 })); // row 2
    run.event(0, EventKind::Warning(Warning::HeldTooLong { held_ns: 1 })); // row 3
    let mut store = Store::new();
    store.append(&run.batch);
    let context = Context::new(&store);
    for (filter, rows) in [
        ("clock_gettime", &[1, 2][..]),
        ("clock_*", &[1, 2]),
        ("vdso", &[1, 2]),
        ("not vdso", &[0, 3]),
        ("getcpu", &[]),
        ("injected", &[]),
    ] {
        let filter = parse(filter);
        let found: Vec<u64> = (0..store.len()).filter(|&seq| filter.matches(&context, seq)).collect();
        assert_eq!(found, rows, "{filter}");
        let bounds = filter.bounds(&store, 0, 0..4);
        let may: Vec<u64> = (&bounds.surely | &bounds.perhaps).iter().map(u64::from).collect();
        let sure = bounds.surely.iter().all(|row| found.contains(&u64::from(row)));
        assert!(sure && found.iter().all(|row| may.contains(row)), "{filter}: {bounds:?}");
    }
}

#[test]
fn without_a_profile_nothing_is_blocked_and_a_row_beyond_the_end_never_fits() {
    let store = store();
    let context = Context::new(&store);
    assert!((0..store.len()).all(|seq| !parse("blocked").matches(&context, seq)));
    assert!(!parse("").matches(&context, store.len()));
    assert!(parse("err or !blocked").needs_profile() && !parse("err").needs_profile());
}

#[test]
fn wrong_filters_are_refused_with_column_and_advice() {
    for (filter, column, message) in [
        ("openat (read", 7, "never closed"),
        ("openat )", 7, "closes nothing"),
        ("()", 1, "missing before this parenthesis"),
        ("openat and", 10, "something is missing"),
        ("or read", 0, "put it in quotes"),
        ("err=ENOFILE", 4, "no error is named ENOFILE; did you mean ENFILE?"),
        ("err=ENOENT,EAGIAN", 11, "did you mean EAGAIN?"),
        ("err=17x!", 4, "as in err=ENOENT"),
        ("read err=", 9, "a value is missing"),
        ("dur>5", 4, "ns, us, ms or s"),
        ("dur>-1ms", 4, "ns, us, ms or s"),
        ("ret>x", 4, "a number"),
        ("pid<5", 4, "only be equal"),
        ("pid:me", 4, "me is no number"),
        ("colour:red", 0, "no field colour"),
        ("fd~x", 3, "not known; as in fd:3"),
        ("path~a(b", 6, "unclosed"),
        ("read path~\"\\\\\\\\(b\"", 15, "unclosed"),
        ("openat tsk:sh", 7, "did you mean task?"),
        ("row:5..x", 4, "its number"),
        ("row>1..5", 4, "a range"),
        ("t=..", 2, "two ends"),
        ("bytes>1x", 6, "4096 or 4k"),
        ("fd:3#x", 3, "fd:3#2"),
        ("opened:me", 7, "no row"),
        ("signal=SIGNIT", 7, "did you mean SIGINT?"),
        ("@slow", 0, "none is saved"),
        ("%fiel", 0, "%file"),
        ("opfn*", 0, "no call is named opfn*"),
        ("signal=SIGFOO", 7, "SIGFOO"),
        ("blocked=MAYBE", 8, "none of ERRNO"),
        ("ä \"abc", 2, "never closed"),
        ("arg.flogs&1", 4, "no call has an argument named flogs"),
        ("arg.flags", 9, "a comparison"),
        ("arg.flags&", 10, "a value is missing"),
        ("arg.flags&O_CRAT", 10, "O_CRAT is no number"),
        ("path:/a\"b\"", 0, "the whole"),
    ] {
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!(error.column, column, "{filter}: {error}");
        assert!(error.message.contains(message), "{filter}: {error}");
    }
    let deep = "(".repeat(100_000);
    assert!(Filter::parse(&deep).is_err() && Filter::parse(&"!".repeat(100_000)).is_err());
}

#[test]
fn a_word_is_a_call_if_it_can_be() {
    for (text, written) in [
        ("openat", "openat"),
        ("passwd", "\"passwd\""),
        ("/etc/passwd", "\"/etc/passwd\""),
        ("st_mode=S_IFREG", "\"st_mode=S_IFREG\""),
        ("O_RDONLY|O_CLOEXEC", "\"O_RDONLY|O_CLOEXEC\""),
        ("call:signal", "call:signal"),
        ("signal", "signal"),
        ("text:openat", "\"openat\""),
        ("\"say \\\"hi\\\" \\n\"", "\"say \\\"hi\\\" \\n\""),
        ("a   b and c", "\"a\" \"b\" \"c\""),
        ("(a b) or c", "\"a\" \"b\" or \"c\""),
        ("a (b or c)", "\"a\" (\"b\" or \"c\")"),
        ("not not err", "!!err"),
        ("dur>1500us", "dur>1500us"),
        ("dur>2000ms", "dur>2s"),
        ("err!=EPERM", "err !err=EPERM"),
        ("task:\"a b\"", "task:\"a b\""),
        ("%net", "%network"),
    ] {
        assert_eq!(parse(text).to_string(), written, "{text}");
    }
}

#[test]
fn a_filter_can_be_put_into_words() {
    for (text, words) in [
        ("", "every row"),
        (
            "openat err=ENOENT",
            "rows where the call is openat and the call failed with ENOENT (No such file or directory)",
        ),
        (
            "!read (dur>1ms or err)",
            "rows where the call is not read and (the call took more than 1ms, or the call failed)",
        ),
        (
            "arg.flags&O_CREAT arg.count>=5",
            "rows where the argument flags has a bit of O_CREAT and the argument count is at least 5",
        ),
        ("not (a b)", "rows where not (the line contains \"a\" and the line contains \"b\")"),
    ] {
        assert_eq!(parse(text).explain(), words, "{text}");
    }
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_same_filter(expr in expr()) {
        let written = expr.to_string();
        match Filter::parse(&written) {
            Ok(filter) => prop_assert_eq!(filter.expr(), &expr, "{}", written),
            Err(error) => prop_assert!(false, "{}: {}", written, error),
        }
    }

    #[test]
    fn no_line_makes_the_parser_panic(line in "\\PC{0,60}") {
        if let Err(error) = Filter::parse(&line) {
            prop_assert!(error.column <= line.chars().count());
        }
    }

    #[test]
    fn lines_of_its_own_pieces_never_panic_and_what_is_read_can_be_asked(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "(", ")", "!", "not ", " or ", " and ", "\"", "\\", "err", "=", ":", "<", ">=", "!=", "~", "ENOENT", ",", "dur", "1ms",
                "path", "arg.", "flags", "&", "/etc/**", "*", "?", "%", "file", "openat ", "ret", "-1", "0x", "fd", "blocked", "signal", " ",
            ]),
            0..14,
        )
    ) {
        let line: String = pieces.concat();
        if let Ok(filter) = Filter::parse(&line) {
            let store = store();
            let context = Context::new(&store);
            let rows = (0..store.len()).filter(|&seq| filter.matches(&context, seq)).count();
            prop_assert!(rows <= store.len() as usize);
            let again = parse(&filter.to_string());
            prop_assert_eq!(again.expr(), filter.expr());
            prop_assert!(!filter.explain().is_empty());
        }
    }

    #[test]
    fn a_filter_and_its_negation_share_the_rows(expr in expr()) {
        let store = store();
        let context = Context::new(&store);
        let filter = Filter::from(expr.clone());
        let negation = Filter::from(Expr::negate(expr));
        for seq in 0..store.len() {
            prop_assert_ne!(filter.matches(&context, seq), negation.matches(&context, seq));
        }
    }

    #[test]
    fn the_index_and_a_look_at_the_rest_find_what_a_look_at_each_row_finds(
        expr in expr(),
        run in run(),
        rows in (0..200u32, 0..200u32),
    ) {
        let mut store = Store::new();
        run.iter().for_each(|batch| drop(store.append(batch)));
        let verdict = |seq| judged(if seq % 3 == 0 { Action::Errno(1) } else { Action::Allow }, Some(0));
        let context = Context { verdict: Some(&verdict), ..Context::new(&store) };
        let filter = Filter::from(expr);
        let rows = rows.0.min(store.len() as u32)..rows.1.min(store.len() as u32);
        let Bounds { surely, perhaps } = filter.bounds(&store, 0, rows.clone());
        prop_assert!(surely.is_disjoint(&perhaps));
        for row in 0..store.len() as u32 {
            let fits = rows.contains(&row) && filter.matches(&context, row.into());
            let found = surely.contains(row) || perhaps.contains(row) && filter.matches(&context, row.into());
            prop_assert_eq!(found, fits, "row {} of {}", row, filter);
        }
    }

    #[test]
    fn what_a_number_decides_is_what_the_row_says(expr in expr()) {
        let store = store();
        let context = Context::new(&store);
        let filter = Filter::from(expr);
        for seq in 0..store.len() {
            let Some(call) = store.call(seq) else { continue };
            let view = call.view();
            if let Some(fits) = filter.by_call(view.arch, view.nr) {
                prop_assert_eq!(fits, filter.matches(&context, seq), "row {}", seq);
            }
        }
    }
}

#[test]
fn names_alone_decide_and_nothing_else_does() {
    let nr = |name| abi::number(Arch::X86_64, name).expect("a call");
    for (filter, wanted) in [
        ("openat or close", [Some(true), Some(false)]),
        ("openat path:/etc", [None, Some(false)]),
        ("!openat", [Some(false), Some(true)]),
        ("openat or err", [Some(true), None]),
        ("signal", [Some(false), Some(false)]),
        ("!(openat err)", [None, Some(true)]),
        ("", [Some(true), Some(true)]),
    ] {
        let filter = parse(filter);
        assert_eq!(["openat", "read"].map(|name| filter.by_call(Arch::X86_64, nr(name))), wanted, "{filter}");
    }
}
