//! Filters made at random.

use proptest::prelude::*;

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
        prop::option::of(any::<u16>()).prop_map(Test::Failed),
        (compare.clone(), any::<i64>()).prop_map(|(c, v)| Test::Result(c, v)),
        (compare.clone(), prop_oneof![any::<u64>(), (0..100u64).prop_map(|ms| ms * 1_000_000)])
            .prop_map(|(c, v)| Test::Duration(c, v)),
        (compare.clone(), any::<u64>()).prop_map(|(c, v)| Test::Bytes(c, v)),
        (compare.clone(), (0..20u64).prop_map(|ms| ms * 1_000_000)).prop_map(|(c, v)| Test::Time(c, v)),
        (compare, 0..12u64).prop_map(|(c, v)| Test::Row(c, v)),
        any::<i32>().prop_map(Test::Pid),
        any::<i32>().prop_map(Test::Tid),
        any::<i32>().prop_map(Test::Tree),
        argument().prop_map(Test::Argument),
        any::<i32>().prop_map(Test::Fd),
        "\\PC{0,8}".prop_map(Test::Task),
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
