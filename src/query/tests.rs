//! What each filter finds in a small made-up run, how wrong ones are refused, and the round trip of reading and writing.

use proptest::prelude::*;

use super::*;
use crate::abi::{self, Arch};
use crate::model::{
    Batch, Enter, Event, EventKind, Exec, Exit, Marks, NewTask, Origin, Outcome, Region, Signal, SignalDetail, TaskId,
    VdsoState,
};

/// Builds a run event by event; every event is 1 ms after the last.
#[derive(Default)]
struct Run {
    batch: Batch,
    now_ns: u64,
}

impl Run {
    fn event(&mut self, task: u32, kind: EventKind) {
        self.now_ns += 1_000_000;
        self.batch.events.push(Event { task: TaskId(task), t_ns: self.now_ns, kind });
    }

    fn task(&mut self, task: u32, tid: i32, parent: Option<u32>, comm: &str) {
        let new = NewTask {
            tid,
            tgid: tid,
            parent: parent.map(TaskId),
            origin: Origin::Fork,
            comm: comm.as_bytes().to_vec(),
            ns: Default::default(),
            image: None,
        };
        self.event(task, EventKind::NewTask(Box::new(new)));
    }

    fn enter(&mut self, task: u32, name: &str, args: [u64; 6], path: Option<(u64, &str)>) {
        let nr = abi::number(Arch::X86_64, name).unwrap_or_else(|| panic!("{name}"));
        let first = self.batch.regions.len() as u32;
        if let Some((addr, path)) = path {
            let (start, len) = (self.batch.bytes.len() as u32, path.len() as u32);
            self.batch.bytes.extend(path.bytes());
            self.batch.regions.push(Region { addr, true_len: len.into(), start, len, fault: false });
        }
        let regions = first..self.batch.regions.len() as u32;
        self.event(task, EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip: 0, sp: 0, regions }));
    }

    fn exit(&mut self, task: u32, outcome: Outcome) {
        self.event(task, EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 }));
    }
}

const CWD: u64 = -100_i64 as u64;

/// Rows: 0 task sh (100), 1 openat of /etc/passwd = 3, 2 openat of lib/x.so fails, 3 read(3) = -1 EAGAIN,
/// 4 task cat (200, of sh), 5 exec of /bin/cat, 6 SIGCHLD, 7 write(1) restarted, 8 close(3) unfinished, 9 an unknown
/// number.
fn store() -> Store {
    let mut run = Run::default();
    run.task(0, 100, None, "sh");
    run.enter(0, "openat", [CWD, 0x1000, 0, 0, 0, 0], Some((0x1000, "/etc/passwd")));
    run.exit(0, Outcome::Returned(3));
    run.enter(0, "openat", [CWD, 0x2000, 0x40, 0, 0, 0], Some((0x2000, "lib/x.so")));
    run.now_ns += 4_000_000;
    run.exit(0, Outcome::Failed(2));
    run.enter(0, "read", [3, 0, 77, 0, 0, 0], None);
    run.exit(0, Outcome::Failed(11));
    run.task(1, 200, Some(0), "sh");
    let exec = Exec {
        path: b"/bin/cat".to_vec(),
        comm: b"cat".to_vec(),
        vdso: VdsoState::Unknown,
        maps: Vec::new(),
        former: None,
        standing: None,
    };
    run.event(1, EventKind::Exec(Box::new(exec)));
    let signal = Signal { number: 17, code: 0, errno: 0, detail: SignalDetail::None };
    run.event(0, EventKind::Signal(signal));
    run.enter(1, "write", [1, 0, 0, 0, 0, 0], None);
    run.exit(1, Outcome::Failed(512));
    run.enter(1, "close", [3, 0, 0, 0, 0, 0], None);
    run.event(0, EventKind::Enter(Enter { arch: Arch::X86_64, nr: 0x270f, args: [0; 6], ip: 0, sp: 0, regions: 0..0 }));
    let mut store = Store::new();
    store.append(&run.batch);
    store
}

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn found(filter: &str) -> Vec<u64> {
    let store = store();
    let verdict = |seq| match seq {
        1 => Some(Action::Errno(1)),
        3 => Some(Action::KillProcess),
        7 => Some(Action::Log),
        _ => Some(Action::Allow),
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
        ("path:/etc/**", &[1]),
        ("path:passwd", &[1]),
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
        ("err=ENOFILE", 4, "no error is named ENOFILE; as in err=ENOENT"),
        ("read err=", 9, "a value is missing"),
        ("dur>5", 4, "ns, us, ms or s"),
        ("dur>-1ms", 4, "ns, us, ms or s"),
        ("ret>x", 4, "a number"),
        ("pid<5", 4, "only be equal"),
        ("pid:me", 4, "me is no number"),
        ("colour:red", 0, "no field colour"),
        ("path~x", 5, "not known; as in path:/etc/**"),
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
        ("\"say \\\"hi\\\" \\n\"", "\"say \\\"hi\\\" \\\\n\""),
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

fn argument() -> impl Strategy<Value = ArgTest> {
    let question = prop::sample::select(vec![
        Question::AnyBit,
        Question::Is(Compare::Less),
        Question::Is(Compare::NotEqual),
        Question::Is(Compare::Equal),
        Question::Is(Compare::GreaterOrEqual),
    ]);
    let value = prop_oneof![
        any::<i64>().prop_map(|n| ArgValue::Number(n.into())),
        any::<u64>().prop_map(|n| ArgValue::Number(n.into())),
        Just(ArgValue::Names(vec!["O_CREAT".into()])),
        Just(ArgValue::Names(vec!["O_EXCL".into(), "O_WRONLY".into()])),
    ];
    (question, value).prop_map(|(question, value)| ArgTest { name: "flags".into(), question, value })
}

fn test() -> impl Strategy<Value = Test> {
    let compare = prop::sample::select(vec![
        Compare::Less,
        Compare::LessOrEqual,
        Compare::Equal,
        Compare::NotEqual,
        Compare::GreaterOrEqual,
        Compare::Greater,
    ]);
    let call = prop::sample::select(vec!["openat", "signal", "exit", "read*", "?pen", "**", "syscall_0x2a", "_llseek"]);
    let answer = prop_oneof![
        Just(Answer::Kill),
        Just(Answer::Trap),
        Just(Answer::Notify),
        Just(Answer::Trace),
        Just(Answer::Log),
        Just(Answer::Errno(None)),
        any::<u16>().prop_map(|n| Answer::Errno(Some(n))),
    ];
    prop_oneof![
        call.prop_map(|name| Test::Call(name.into())),
        prop::sample::select(vec!["file", "network", "desc"]).prop_map(|c| Test::Class(c.into())),
        prop::option::of(any::<u16>()).prop_map(Test::Failed),
        (compare.clone(), any::<i64>()).prop_map(|(c, v)| Test::Result(c, v)),
        (compare, prop_oneof![any::<u64>(), (0..100u64).prop_map(|ms| ms * 1_000_000)])
            .prop_map(|(c, v)| Test::Duration(c, v)),
        any::<i32>().prop_map(Test::Pid),
        any::<i32>().prop_map(Test::Tid),
        any::<i32>().prop_map(Test::Tree),
        argument().prop_map(Test::Argument),
        any::<i32>().prop_map(Test::Fd),
        "\\PC{0,8}".prop_map(Test::Task),
        "[a-z/*?()\" \\\\,=:~!]{0,12}".prop_map(Test::Path),
        prop::option::of(any::<u8>()).prop_map(Test::Signal),
        Just(Test::Exec),
        Just(Test::Unfinished),
        prop::option::of(answer).prop_map(Test::Blocked),
        any::<String>().prop_map(Test::Text),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    test().prop_map(Expr::Test).prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::any),
            inner.prop_map(Expr::negate),
        ]
    })
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
