//! Verdicts on random profiles against the programs that libseccomp makes of them, in the classes that are called exact:
//! `tests/policy/libseccomp/kept` has the programs that libseccomp 2.5.4 made of the first profiles, and where that is
//! installed it makes new ones of many more.
//!
//! `SYSVIEW_REDRAW=1` writes the kept programs; `SYSVIEW_PROFILES=20000` asks for more profiles. Left out: what a runtime
//! adds (`policy_runtimes`), and profiles whose rules libseccomp is known to translate wrongly, of which only the exact
//! verdicts are compared.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sysview::abi::{self, Arch, X32_BIT};
use sysview::policy::bpf::{Data, Program};
use sysview::policy::{Certainty, Context, Form, Judge, Profile, Runtime};

const KEPT: u64 = 24;
const MADE: u64 = 600;
/// The version that the classes were found with, whose bugs are its own.
const VERSION: &str = "2.5.";

/// Plain calls, calls that i386 multiplexes, and calls that some architecture does not have.
const CALLS: [&str; 26] = [
    "read",
    "lseek",
    "mincore",
    "personality",
    "clone",
    "clone3",
    "ioctl",
    "fcntl",
    "keyctl",
    "prctl",
    "mprotect",
    "openat2",
    "statx",
    "pidfd_open",
    "socket",
    "socketpair",
    "bind",
    "accept4",
    "sendmmsg",
    "msgget",
    "semop",
    "shmat",
    "waitpid",
    "readv",
    "arch_prctl",
    "time",
];
/// Values at which comparisons of 32 and of 64 bits tip over.
const VALUES: [u64; 13] =
    [0, 1, 2, 5, 8, 38, 40, 0x7fff_ffff, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0005, 1 << 63, u64::MAX];
const MULTIPLEXERS: [&str; 2] = ["socketcall", "ipc"];

#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    profiles: u64,
    refused: u64,
    refused_in_doubt: u64,
    refused_here_alone: u64,
    hung: u64,
    exact: u64,
    doubtful: u64,
    different_in_doubt: u64,
}

#[test]
fn kept_programs_answer_as_the_judge_says() {
    let text = fs::read_to_string(kept()).expect("the kept programs");
    let mut sums = Sums::default();
    for (seed, line) in (0..).zip(text.lines()) {
        compare(seed, line, &mut sums);
    }
    assert!(sums.profiles == KEPT && sums.exact > 10_000, "{sums:?}");
    eprintln!("kept: {sums:?}");
}

#[test]
fn programs_made_now_answer_as_the_judge_says() {
    let redraw = std::env::var_os("SYSVIEW_REDRAW").is_some();
    let count = std::env::var("SYSVIEW_PROFILES").map_or(MADE, |word| word.parse().expect("a number of profiles"));
    let mut command = Command::new("python3");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/libseccomp.py"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
    let mut input = BufWriter::new(child.stdin.take().expect("a pipe"));
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("its word"));
    let version = lines.next().unwrap_or_default();
    if !version.starts_with(VERSION) {
        assert!(!redraw, "libseccomp {VERSION} has to be here, not {version:?}");
        eprintln!("libseccomp {VERSION} is not here ({version:?}): its programs are compared as they were kept");
        drop(input);
        child.wait().expect("it ends");
        return;
    }
    let mut sums = Sums::default();
    let mut programs = String::new();
    for seed in 0..count {
        writeln!(input, "{}", random(seed)).and_then(|()| input.flush()).expect("python3 listens");
        let line = lines.next().unwrap_or_else(|| panic!("no answer about\n{}", random(seed)));
        compare(seed, &line, &mut sums);
        if seed < KEPT {
            writeln!(programs, "{line}").expect("room");
        }
    }
    drop(input);
    assert!(child.wait().expect("it ends").success());
    eprintln!("libseccomp {version}: {sums:?}");
    assert!(sums.exact > count * 200 && sums.refused < count / 2, "{sums:?}");
    assert!(sums.refused_here_alone <= 1 + count / 200, "{sums:?}");
    if redraw {
        fs::write(kept(), programs).expect("written");
    }
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/libseccomp/kept")
}

fn judge(text: &str) -> Option<Judge> {
    let context = Context { runtime: Some(Runtime::Kernel), ..Context::docker("6.18", "x86_64") };
    let profile = Profile::parse_as(text.as_bytes(), "random", Form::Oci).expect("a profile made of valid words");
    profile.resolve(&context).ok()
}

/// One profile against libseccomp's word on it.
fn compare(seed: u64, line: &str, sums: &mut Sums) {
    let text = random(seed);
    sums.profiles += 1;
    let judge = match (line, judge(&text)) {
        ("hangs", _) => {
            sums.hung += 1;
            return;
        }
        ("refused", None) => {
            sums.refused += 1;
            return;
        }
        ("refused", Some(judge)) => {
            // It stumbles over rules of the kinds that it translates wrongly, and nothing exact is lost.
            assert!(is_doubtful(&judge, seed), "profile {seed}: only libseccomp refuses\n{text}");
            sums.refused_in_doubt += 1;
            return;
        }
        (_, Some(judge)) => judge,
        (_, None) => {
            // Clashing rules that libseccomp overlooks, because ranges on the same argument stand in its tree before them.
            assert!(
                ["LT", "LE", "GT", "GE"].iter().any(|op| text.contains(op)),
                "profile {seed}: only we refuse\n{text}"
            );
            sums.refused_here_alone += 1;
            return;
        }
    };
    let bytes: Vec<u8> =
        (0..line.len() / 2).map(|at| u8::from_str_radix(&line[2 * at..2 * at + 2], 16).expect("digits")).collect();
    let program = Program::from_bytes(&bytes).expect("whole instructions");
    let mut dice = Dice::new(!seed);
    let names: Vec<&str> = CALLS.into_iter().filter(|name| text.contains(&format!("\"{name}\""))).collect();
    for (arch, bit) in [(Arch::X86_64, 0), (Arch::I386, 0), (Arch::X32, X32_BIT)] {
        let multiplexed: &[&str] = if arch == Arch::I386 { &MULTIPLEXERS } else { &[] };
        let named = names.iter().chain(multiplexed).filter_map(|name| abi::number(arch, name));
        // Some that no rule names, and some that no call has.
        let numbers = named.chain([39, 257, 9999, u64::from(u32::MAX)]).map(|nr| nr | bit);
        for nr in numbers {
            for _ in 0..40 {
                let args = std::array::from_fn(|_| {
                    let value = VALUES[dice.below(VALUES.len() as u64) as usize];
                    [value, value.wrapping_add(1), value.wrapping_sub(1)][dice.below(3) as usize]
                });
                let verdict = judge.verdict(arch, nr, &args);
                let (ret, _) = program.run(&Data::of(arch, nr, &args)).expect("a checked program");
                match (verdict.certainty, ret == verdict.to_ret()) {
                    (Certainty::Exact, true) => sums.exact += 1,
                    (Certainty::Exact, false) => {
                        panic!("profile {seed}: {} {nr:#x} {args:x?}: {ret:#x}, not {verdict:?}\n{text}", arch.name())
                    }
                    (_, same) => {
                        sums.doubtful += 1;
                        sums.different_in_doubt += u64::from(!same);
                    }
                }
            }
        }
    }
}

/// Whether some verdict of a profile depends on libseccomp.
fn is_doubtful(judge: &Judge, seed: u64) -> bool {
    let mut dice = Dice::new(seed);
    let numbers: Vec<(Arch, u64)> = [(Arch::X86_64, 0), (Arch::I386, 0), (Arch::X32, X32_BIT)]
        .into_iter()
        .flat_map(|(arch, bit)| CALLS.into_iter().filter_map(move |name| Some((arch, abi::number(arch, name)? | bit))))
        .collect();
    numbers.into_iter().any(|(arch, nr)| {
        (0..200).any(|_| {
            let args = std::array::from_fn(|_| VALUES[dice.below(VALUES.len() as u64) as usize]);
            judge.verdict(arch, nr, &args).certainty != Certainty::Exact
        })
    })
}

/// A profile of a few calls with up to five rules each.
fn random(seed: u64) -> String {
    const OPS: [&str; 7] = ["EQ", "NE", "MASKED_EQ", "LT", "LE", "GT", "GE"];
    const ANSWERS: [&str; 5] = [
        r#""SCMP_ACT_ERRNO", "errnoRet": 7"#,
        r#""SCMP_ACT_ERRNO", "errnoRet": 9"#,
        r#""SCMP_ACT_ALLOW""#,
        r#""SCMP_ACT_TRAP""#,
        r#""SCMP_ACT_KILL_PROCESS""#,
    ];
    const DEFAULTS: [&str; 5] = [
        r#""SCMP_ACT_ALLOW""#,
        r#""SCMP_ACT_ERRNO""#,
        r#""SCMP_ACT_KILL""#,
        r#""SCMP_ACT_LOG""#,
        r#""SCMP_ACT_TRACE""#,
    ];
    let mut dice = Dice::new(seed);
    let mut pick = |words: &[&'static str]| words[dice.below(words.len() as u64) as usize];
    let default = pick(&DEFAULTS);
    let architectures = pick(&[
        "[]",
        r#"["SCMP_ARCH_X86"]"#,
        r#"["SCMP_ARCH_X32"]"#,
        r#"["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]"#,
    ]);
    let mut rules = Vec::new();
    for _ in 0..=dice.below(5) {
        let name = CALLS[dice.below(CALLS.len() as u64) as usize];
        // Mostly the kinds of rules that libseccomp is known to translate well, and some of all others.
        let kind = dice.below(6);
        let several = dice.below(4) == 0;
        let first = dice.below(ANSWERS.len() as u64);
        for _ in 0..=dice.below(5) {
            let answer = if several { dice.below(ANSWERS.len() as u64) } else { first };
            let count = match kind {
                1 | 5 => 2,
                _ if dice.below(12) == 0 => 0,
                _ => 1,
            };
            let at = if kind == 2 { 0 } else { dice.below(4) };
            let args: Vec<String> = (0..count)
                .map(|more| {
                    let op = match kind {
                        0 | 3 => OPS[dice.below(3) as usize],
                        1 => OPS[2 * dice.below(2) as usize],
                        _ => OPS[dice.below(7) as usize],
                    };
                    let mut value = VALUES[dice.below(VALUES.len() as u64) as usize];
                    if matches!(kind, 2 | 4) {
                        value &= u64::from(u32::MAX);
                    }
                    let two = VALUES[dice.below(VALUES.len() as u64) as usize];
                    // Now and then the same argument twice.
                    let index = if dice.below(12) == 0 { at } else { at + more };
                    format!(r#"{{"index": {index}, "op": "SCMP_CMP_{op}", "value": {value}, "valueTwo": {two}}}"#)
                })
                .collect();
            rules.push(format!(
                r#"{{"names": ["{name}"], "action": {}, "args": [{}]}}"#,
                ANSWERS[answer as usize],
                args.join(", ")
            ));
        }
    }
    format!(r#"{{"defaultAction": {default}, "architectures": {architectures}, "syscalls": [{}]}}"#, rules.join(", "))
}

/// Numbers that are the same in every run. The generator is Marsaglia's xorshift, started by a multiplicative hash.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}
