//! Random profiles: the compiled program answers like the judge, explanations keep their word, and no text whatever makes
//! the parser panic.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::bpf::{self, Data};
use super::{Context, Profile, builtin, builtins, words};
use crate::abi::{Arch, X32_BIT};

const CALLS: [&str; 16] = [
    "read",
    "write",
    "getpid",
    "socket",
    "socketcall",
    "bind",
    "semop",
    "ipc",
    "personality",
    "clone",
    "clone3",
    "ioctl",
    "readv",
    "statx",
    "recv",
    "nosuchcall",
];

/// Values at which comparisons of 32 and 64 bits tip over.
const VALUES: [u64; 14] = [
    0,
    1,
    2,
    5,
    6,
    38,
    0x7fff_ffff,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0005,
    0x8000_0000_0000_0000,
    u64::MAX - 1,
    u64::MAX,
];

fn action() -> impl Strategy<Value = String> {
    (select(words::ACTIONS.to_vec()), select(vec!["0", "1", "38", "4094"]), any::<bool>()).prop_map(
        |(action, errno, given)| {
            let errno = if given { format!(r#", "errnoRet": {errno}"#) } else { String::new() };
            format!(r#""action": "{action}"{errno}"#)
        },
    )
}

fn condition() -> impl Strategy<Value = String> {
    let values = || select(VALUES.to_vec());
    (0..6_u8, select(words::OPERATORS.to_vec()), values(), values()).prop_map(|(index, op, value, two)| {
        format!(r#"{{"index": {index}, "op": "{op}", "value": {value}, "valueTwo": {two}}}"#)
    })
}

fn selector() -> impl Strategy<Value = String> {
    select(vec![
        "{}",
        r#"{"caps": ["CAP_SYS_ADMIN"]}"#,
        r#"{"caps": ["CAP_CHOWN"]}"#,
        r#"{"minKernel": "4.8"}"#,
        r#"{"arches": ["amd64", "arm64"]}"#,
    ])
    .prop_map(str::to_owned)
}

fn rule() -> impl Strategy<Value = String> {
    (vec(select(CALLS.to_vec()), 1..4), action(), vec(condition(), 0..4), selector(), selector()).prop_map(
        |(names, action, args, includes, excludes)| {
            let args = args.join(", ");
            format!(
                r#"{{"names": {names:?}, {action}, "args": [{args}], "includes": {includes}, "excludes": {excludes}}}"#
            )
        },
    )
}

fn profile() -> impl Strategy<Value = String> {
    let architectures = select(vec![
        "[]",
        r#"["SCMP_ARCH_X86"]"#,
        r#"["SCMP_ARCH_X32"]"#,
        r#"["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"]"#,
    ]);
    (select(words::ACTIONS.to_vec()), architectures, vec(rule(), 0..8)).prop_map(|(default, architectures, rules)| {
        format!(
            "{{\"defaultAction\": \"{default}\", \"architectures\": {architectures},\n\"syscalls\": [{}]}}",
            rules.join(",\n")
        )
    })
}

fn call() -> impl Strategy<Value = (Arch, u64, [u64; 6])> {
    let odd = select(vec![9999, 0x3fff_ffff, X32_BIT, X32_BIT | 9999, 0x8000_0000, 0xc000_0001, u64::from(u32::MAX)]);
    let named = (select(Arch::ALL.to_vec()), select(CALLS.to_vec()))
        .prop_map(|(arch, name)| (arch, super::names::number(arch, name).unwrap_or(7)));
    let numbered = (select(Arch::ALL.to_vec()), prop_oneof![0..500_u64, odd]);
    let arg = prop_oneof![select(VALUES.to_vec()), 0..45_u64, any::<u64>()];
    (prop_oneof![4 => named, 1 => numbered], proptest::array::uniform6(arg)).prop_map(|((arch, nr), args)| {
        let nr = if arch == Arch::X32 { nr | X32_BIT } else { nr };
        (arch, nr, args)
    })
}

fn context() -> impl Strategy<Value = Context> {
    (select(vec!["4.7", "6.18"]), select(vec!["x86_64", "aarch64", "i686"]), any::<bool>()).prop_map(
        |(release, machine, admin)| {
            let mut context = Context::docker(release, machine);
            context.capabilities.extend(admin.then(|| "CAP_SYS_ADMIN".to_owned()));
            context
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_program_answers_like_the_judge(text in profile(), context in context(), calls in vec(call(), 50)) {
        let profile = Profile::parse(&text, "random").expect("a profile made of valid words");
        // libseccomp refuses some combinations.
        let Ok(judge) = profile.resolve(&context) else { return Ok(()) };
        let program = bpf::compile(&judge).expect("few rules");
        prop_assert_eq!(program.check(), Ok(()));
        for (arch, nr, args) in calls {
            let verdict = judge.verdict(arch, nr, &args);
            let returned = program.run(&Data::of(arch, nr, &args)).map(|(ret, _)| ret);
            prop_assert_eq!(returned, Ok(verdict.to_ret()), "{:?} {:#x} {:x?}: {:?}", arch, nr, args, verdict);
        }
    }

    #[test]
    fn explanations_are_about_the_verdict(text in profile(), context in context(), calls in vec(call(), 10)) {
        let profile = Profile::parse(&text, "random").expect("a profile made of valid words");
        let Ok(judge) = profile.resolve(&context) else { return Ok(()) };
        for (arch, nr, args) in calls {
            let explanation = judge.explain(arch, nr, &args);
            let verdict = judge.verdict(arch, nr, &args);
            prop_assert_eq!(explanation.verdict, verdict);
            prop_assert_eq!(explanation.rule.map(|quote| quote.index), verdict.rule);
            prop_assert!(explanation.changes.iter().all(|change| change.action != verdict.action));
            for check in explanation.checks {
                let condition = check.condition;
                let mut args = [0; 6];
                args[usize::from(condition.index)] = check.actual;
                prop_assert_eq!(condition.holds(&args), check.held);
            }
        }
    }

    #[test]
    fn no_damage_to_a_profile_makes_the_parser_panic(
        text in prop_oneof![profile(), select(builtins()).prop_map(|b| text_of(b.name))],
        cuts in vec((any::<prop::sample::Index>(), 0..6_usize, select(vec!["", "\"", "{", "}", "[", "]", ",", ":", "null", "-1", "\\u", "ä", "1e9", "names"])), 1..6),
        call in call(),
    ) {
        let mut text: Vec<char> = text.chars().collect();
        for (at, len, insert) in cuts {
            let at = at.index(text.len() + 1);
            let end = (at + len).min(text.len());
            text.splice(at..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        match Profile::parse(&text, "damaged") {
            Ok(profile) => {
                if let Ok(judge) = profile.resolve(&Context::docker("6.18", "x86_64")) {
                    let explanation = judge.explain(call.0, call.1, &call.2);
                    prop_assert_eq!(explanation.verdict, judge.verdict(call.0, call.1, &call.2));
                }
            }
            Err(error) => {
                let lines = text.lines().count().max(1) + 1;
                prop_assert!(error.line >= 1 && error.line <= lines && error.column >= 1, "{}", error);
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = Profile::parse(&text, "noise");
    }
}

fn text_of(name: &str) -> String {
    builtin(name).map(|profile| profile.text().to_owned()).unwrap_or_default()
}

#[test]
fn dockers_default_is_one_program() {
    let context = Context::docker("6.18", "x86_64");
    let judge = builtin("docker-default").and_then(|p| p.resolve(&context).ok()).expect("a profile");
    let program = bpf::compile(&judge).expect("a program");
    assert!(program.instructions.len() < 1000, "{} instructions", program.instructions.len());
    for arch in Arch::ALL {
        for nr in (0..600).chain([9999, u64::from(u32::MAX)]) {
            let nr = if arch == Arch::X32 { nr | X32_BIT } else { nr };
            for arg in VALUES.into_iter().chain(37..42) {
                let verdict = judge.verdict(arch, nr, &[arg; 6]);
                let returned = program.run(&Data::of(arch, nr, &[arg; 6])).map(|(ret, _)| ret);
                assert_eq!(returned, Ok(verdict.to_ret()), "{arch:?} {nr:#x} {arg:#x}");
            }
        }
    }
}

#[test]
fn a_program_that_is_too_long_is_an_error() {
    let values: Vec<_> = (0..2000)
        .map(|value| format!(r#"{{"names": ["getpid"], "action": "SCMP_ACT_ALLOW", "args": [{{"index": 0, "op": "SCMP_CMP_EQ", "value": {value}}}]}}"#))
        .collect();
    let text = format!(r#"{{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{}]}}"#, values.join(","));
    let judge =
        Profile::parse(&text, "long").and_then(|p| p.resolve(&Context::docker("6.18", "x86_64"))).expect("valid");
    let error = bpf::compile(&judge).expect_err("more than 4096 instructions");
    assert!(error.to_string().contains("the kernel takes 4096"), "{error}");
}
