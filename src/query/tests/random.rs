//! Filters and runs made at random.

use proptest::prelude::*;

use super::made::Run;
use crate::model::{Batch, Marks, Outcome};
use crate::query::*;

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
    let subject = prop::sample::select(vec![Subject::Path, Subject::Cwd, Subject::Task, Subject::Text]);
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
        prop::option::of(prop_oneof![any::<u16>(), Just(2), Just(11), Just(512)]).prop_map(Test::Failed),
        (compare.clone(), any::<i64>()).prop_map(|(c, v)| Test::Result(c, v)),
        (compare.clone(), prop_oneof![any::<u64>(), (0..100u64).prop_map(|ms| ms * 1_000_000)])
            .prop_map(|(c, v)| Test::Duration(c, v)),
        (compare.clone(), any::<u64>()).prop_map(|(c, v)| Test::Bytes(c, v)),
        (compare.clone(), (0..20u64).prop_map(|ms| ms * 1_000_000)).prop_map(|(c, v)| Test::Time(c, v)),
        (compare, 0..12u64).prop_map(|(c, v)| Test::Row(c, v)),
        prop_oneof![any::<i32>(), 99..104].prop_map(Test::Pid),
        prop_oneof![any::<i32>(), 99..104].prop_map(Test::Tid),
        prop_oneof![any::<i32>(), 99..104].prop_map(Test::Tree),
        argument().prop_map(Test::Argument),
        prop_oneof![any::<i32>(), 0..6].prop_map(Test::Fd),
        prop_oneof!["\\PC{0,8}", Just("sh".to_owned()), Just("cat".to_owned())].prop_map(Test::Task),
        "[a-z/*?()\" \\\\,=:~!]{0,12}".prop_map(Test::Path),
        "[a-z/*]{0,6}".prop_map(Test::Cwd),
        (0..5, 0..3u32).prop_map(|(fd, generation)| Test::FdUse(fd, generation)),
        (0..12u64).prop_map(Test::Opened),
        (subject, "[a-z/.()\" ]{0,8}").prop_map(|(subject, text)| {
            Test::Fits(subject, Pattern::new(&text).unwrap_or_else(|_| Pattern::literal(&text, false)))
        }),
        prop::sample::select(Mark::ALL.to_vec()).prop_map(Test::Marked),
        prop::option::of(any::<u8>()).prop_map(Test::Signal),
        Just(Test::Exec),
        Just(Test::Unfinished),
        prop::option::of(answer).prop_map(Test::Blocked),
        any::<String>().prop_map(Test::Text),
    ]
}

pub fn expr() -> impl Strategy<Value = Expr> {
    test().prop_map(Expr::Test).prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::all),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::any),
            inner.prop_map(Expr::negate),
        ]
    })
}

/// A run of a few tasks in several batches, so that calls come back after others have begun.
pub fn run() -> impl Strategy<Value = Vec<Batch>> {
    let calls = vec!["openat", "read", "write", "close", "dup", "pipe2", "exit_group", "clock_gettime", "mmap"];
    let outcome = prop_oneof![
        (0..6i64).prop_map(Outcome::Returned),
        prop::sample::select(vec![2u16, 11, 512]).prop_map(Outcome::Failed),
        Just(Outcome::NeverReturned),
    ];
    let step = (0..3u32, prop::sample::select(calls), 0..6u64, outcome, 0..8u8);
    prop::collection::vec(step, 0..120).prop_map(|steps| {
        let mut runs = vec![Run::default()];
        for task in 0..3 {
            runs[0].task(task, 100 + task as i32, task.checked_sub(1), ["sh", "cat", "sh"][task as usize]);
        }
        for (task, name, fd, outcome, what) in steps {
            let Some(run) = runs.last_mut() else { continue };
            match what {
                0..4 => run.enter(task, name, [fd, 0x1000, 0x40, 0, 0, 0], Some((0x1000, "/etc/passwd\0"))),
                4..6 => run.exit(task, outcome),
                6 => run.marked(task, name, Marks(fd as u8)),
                _ => runs.push(Run::default()),
            }
        }
        runs.into_iter().map(|run| run.batch).collect()
    })
}
