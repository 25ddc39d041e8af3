//! The table of hard programs: how often each of them behaves under a tracer as it does alone, with its calls seen.
//!
//! `cargo bench --bench hard` runs every program of the table 50 times under `sysview log` and under `strace -f`, if that is
//! installed, and prints how many runs were right: exit status and output as expected, the named calls in the log as
//! often as they were made, and nothing there that is not so. `cargo bench --bench hard -- 5 seccomp` runs those with
//! `seccomp` in their names 5 times. What each program does is told in `tests/fixtures`; the engine's tests hold the same.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// No program of the table takes as long under any tracer that does not hang.
const PATIENCE: Duration = Duration::from_secs(60);
const RUNS: usize = 50;

/// What makes a run right.
enum Sign {
    Status(i32),
    /// The first line that the program prints.
    Says(&'static str),
    /// It prints a number, which is no greater.
    SaysAtMost(u64),
    /// Calls of this name in the log.
    Calls(&'static str, usize),
    /// As many calls as the program says that it made, before the word `calls`.
    CallsAsSaid(&'static str),
    /// Text that stands in the log, or that must not.
    Shows(&'static str),
    Never(&'static str),
}
use Sign::{Calls, CallsAsSaid, Never, Says, SaysAtMost, Shows, Status};

/// A fixture with its arguments, and the signs; the status is 0 unless said.
type Hard = (&'static str, &'static [Sign]);

const TABLE: &[Hard] = &[
    ("signals alarmed", &[Calls("getppid", 10)]),
    ("signals storm", &[CallsAsSaid("getppid")]),
    ("signals restarted", &[Calls("restart_syscall", 4)]),
    ("signals cut-short", &[Calls("clock_nanosleep", 1)]),
    ("tracee restart", &[Calls("kill", 1)]),
    ("tracee stop", &[Calls("kill", 1), Shows("--- stopped by SIGSTOP ---")]),
    ("signals stopped-threads 150", &[Shows("--- stopped by SIGSTOP ---")]),
    ("signals stopped-in-a-call", &[]),
    ("signals stopped-often", &[Shows("--- stopped by SIGTSTP ---")]),
    ("signals orphaned", &[Shows("--- SIGHUP "), Never("--- stopped by SIGTSTP ---")]),
    ("tracee trap", &[Calls("tgkill", 2)]),
    ("signals int3", &[Shows("+++ killed by SIGTRAP")]),
    ("tracee rt", &[Calls("rt_sigqueueinfo", 1)]),
    ("signals queued", &[Calls("rt_sigqueueinfo", 20)]),
    ("signals cancelled", &[Calls("tgkill", 20)]),
    ("signals children", &[Calls("rt_sigsuspend", 20)]),
    ("signals taken", &[Never("--- SIGUSR1 ")]),
    ("signals faults", &[Shows("si_addr=0x1234")]),
    ("signals killed 60", &[Shows("+++ killed by SIGKILL +++")]),
    ("tracee threads", &[Calls("getppid", 200)]),
    ("tasks threads 200", &[Calls("getppid", 200)]),
    ("tasks children 1000", &[Calls("getppid", 1000)]),
    ("tasks loops", &[]),
    ("tracee vfork", &[Calls("execve", 4)]),
    ("tasks vfork-chain", &[Calls("getppid", 3), Calls("execve", 4)]),
    ("tasks spawns 50", &[Calls("getppid", 50)]),
    ("tracee exec-in-thread", &[Status(5), Calls("execve", 2)]),
    ("tasks exec-rounds 20", &[Status(5), Calls("execve", 21)]),
    ("tasks exec-race", &[Status(5), Calls("getppid", 1)]),
    ("tasks fork-and-exec", &[Calls("getppid", 10)]),
    ("tracee zombie-leader", &[Status(3), Calls("getppid", 5)]),
    ("tracee zombie-exec", &[Status(5), Calls("execve", 2)]),
    ("tasks leader-first", &[Status(3), Calls("getppid", 3)]),
    ("tasks exit-race", &[]),
    ("tracee orphans 60", &[]),
    ("tracee daemon", &[Status(2), Calls("getppid", 5)]),
    ("tracee clone-untraced", &[]),
    ("tracee clone-parent", &[Calls("getppid", 1)]),
    ("tracee clone-ptrace", &[Calls("getppid", 1)]),
    ("tasks clones", &[]),
    ("tasks shares", &[Calls("getppid", 2)]),
    ("tasks adopted", &[]),
    // How much busier the busiest of twelve equal processes was than the least busy one.
    ("tasks fair 12", &[SaysAtMost(30)]),
    ("numbers none", &[Calls("syscall_0x270f", 1), Calls("syscall_0xffffffffffffffff", 2)]),
    ("numbers x32", &[]),
    ("tracee int80", &[Calls("getpid", 6)]),
    ("abi32", &[Says("32 bits"), Calls("getppid", 1)]),
    ("numbers there-and-back abi32", &[Status(5), Calls("getppid", 4)]),
    ("tracee seccomp-errno", &[Calls("getppid", 1)]),
    ("tracee seccomp-trap", &[Calls("getppid", 1), Shows("si_code=SYS_SECCOMP")]),
    // 110 is the number of getppid, which the kernel leaves in the register of its result.
    ("tracee seccomp-kill", &[Status(128 + 31), Calls("getppid", 1), Never(" = 110")]),
    ("tracee seccomp-kill-thread", &[Status(8), Calls("getppid", 1), Never(" = 110")]),
    ("filters nobody", &[Calls("getppid", 1)]),
    ("filters inherited", &[Calls("getppid", 3)]),
    ("filters synchronized", &[Calls("getppid", 4)]),
    ("filters supervised", &[Calls("getpgrp", 9)]),
    ("filters supervised-child", &[Calls("getpgrp", 9)]),
    ("filters strict", &[Says("strict"), Calls("getppid", 1)]),
    ("nested child", &[Says("refused"), Calls("ptrace", 1)]),
    ("nested taken", &[Calls("ptrace", 7)]),
    ("arguments limit 100000 70", &[Says("20 words, 2000020 bytes")]),
    ("arguments limit 1 110000", &[Says("110000 words, 220000 bytes")]),
    ("arguments huge", &[Shows("= -1 E2BIG")]),
    ("arguments paths", &[Shows("= -1 ENAMETOOLONG")]),
    ("arguments nowhere", &[Calls("sendmsg", 7)]),
    ("closed dumpable", &[Shows("\"/while-open\""), Shows("\"/executed-anew\"")]),
    ("closed container", &[Shows("\"/below-the-first\""), Shows("\"/without-the-old-root\"")]),
];

fn main() {
    // cargo adds a word of its own.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let runs = words.iter().find_map(|word| word.parse().ok()).unwrap_or(RUNS);
    let wanted =
        |name: &str| words.iter().filter(|word| word.parse::<usize>().is_err()).all(|word| name.contains(&**word));
    let mut programs = Programs::default();
    let strace = Command::new("strace").arg("-V").output().ok().map(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace().nth(3).unwrap_or_default().to_owned()
    });
    let other = strace.map_or("no strace".to_owned(), |version| format!("strace {version}"));
    println!("{:<32} {:>10} {other:>12}   first thing that was wrong", "of right runs", "sysview");
    let mut totals = [0; 2];
    for (name, signs) in TABLE.iter().filter(|(name, _)| wanted(name)) {
        let words = programs.words(name);
        let mut cells = [0; 2];
        let mut wrong = Vec::new();
        for (index, tracer) in [Tracer::Sysview, Tracer::Strace].into_iter().enumerate() {
            if tracer == Tracer::Strace && other == "no strace" {
                continue;
            }
            let mut first = None;
            for _ in 0..runs {
                match run(tracer, &words, signs) {
                    Ok(()) => cells[index] += 1,
                    Err(what) => first = first.or(Some(what)),
                }
            }
            wrong.extend(first.map(|what| format!("{tracer:?}: {what}")));
            totals[index] += usize::from(cells[index] == runs);
        }
        println!("{name:<32} {:>7}/{runs} {:>9}/{runs}   {}", cells[0], cells[1], wrong.join("; "));
    }
    println!("right in every run: sysview {}, {other} {}", totals[0], totals[1]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tracer {
    Sysview,
    Strace,
}

/// Runs a program once; what was wrong, if anything.
fn run(tracer: Tracer, words: &[String], signs: &[Sign]) -> Result<(), String> {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (log, out) = (directory.join("hard.log"), directory.join("hard.out"));
    let mut command = match tracer {
        Tracer::Sysview => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_sysview"));
            command.arg("log");
            command
        }
        Tracer::Strace => {
            let mut command = Command::new("strace");
            command.arg("-f");
            command
        }
    };
    let output = File::create(&out).expect("a file for the output");
    command.arg("-o").arg(&log).arg("--").args(words).stdin(Stdio::null()).stdout(output).stderr(Stdio::null());
    let mut child = command.process_group(0).spawn().expect("the tracer starts");
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            // Not an error if it ended just now.
            let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
            child.wait().expect("a child");
            return Err("it hangs".into());
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let said = std::fs::read_to_string(&out).expect("the output");
    let log = std::fs::read(&log).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default();
    let expected = signs.iter().find_map(|sign| match sign {
        Status(status) => Some(*status),
        _ => None,
    });
    // strace ends by the signal that ended its program.
    let status = status.code().or(status.signal().map(|signal| 128 + signal));
    if status != Some(expected.unwrap_or(0)) {
        return Err(format!("status {status:?}"));
    }
    signs.iter().try_for_each(|sign| check(sign, &said, &log))
}

fn check(sign: &Sign, said: &str, log: &str) -> Result<(), String> {
    let first_line = said.lines().next().unwrap_or_default();
    let calls = |name: &str| log.lines().filter(|line| begins_call(line, name)).count();
    let counted = |name: &str, expected: usize| match calls(name) {
        count if count == expected => Ok(()),
        count => Err(format!("{count} calls of {name}, not {expected}")),
    };
    match sign {
        Status(_) => Ok(()),
        Says(text) if first_line == *text => Ok(()),
        SaysAtMost(most) if first_line.parse().is_ok_and(|said: u64| said <= *most) => Ok(()),
        Says(_) | SaysAtMost(_) => Err(format!("it says {first_line:?}")),
        Calls(name, expected) => counted(name, *expected),
        CallsAsSaid(name) => {
            let words: Vec<&str> = first_line.split_whitespace().collect();
            let number = words.windows(2).find(|pair| pair[1] == "calls").and_then(|pair| pair[0].parse().ok());
            counted(name, number.ok_or(format!("it says {first_line:?}"))?)
        }
        Shows(text) if log.contains(text) => Ok(()),
        Shows(text) => Err(format!("no {text:?}")),
        Never(text) if !log.contains(text) => Ok(()),
        Never(text) => Err(format!("a line says {text:?}")),
    }
}

/// `31792 getppid(` or `31792 getppid( <unfinished ...>`; the second half of a line counts for nothing.
fn begins_call(line: &str, name: &str) -> bool {
    let text = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    text.strip_prefix(name).is_some_and(|rest| rest.starts_with('('))
}

/// The fixtures, compiled when first asked for.
#[derive(Default)]
struct Programs(HashMap<String, String>);

impl Programs {
    fn words(&mut self, name: &str) -> Vec<String> {
        let mut words: Vec<String> = name.split(' ').map(str::to_owned).collect();
        words[0] = self.path(&words[0]);
        if let Some(last) = words.last_mut().filter(|last| *last == "abi32") {
            *last = self.path("abi32");
        }
        words
    }

    fn path(&mut self, name: &str) -> String {
        const I386: &[&str] =
            &["-m32", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector", "-fno-builtin"];
        let compile = |name: &str| {
            let made = format!("{}/bench-{name}", env!("CARGO_TARGET_TMPDIR"));
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.c"));
            let flags = if name == "abi32" { I386 } else { &["-pthread"] };
            let status = Command::new("cc").arg("-O1").args(flags).arg("-o").arg(&made).arg(&source).status();
            assert!(status.expect("cc, which Rust links with").success(), "{source:?} does not compile");
            made
        };
        self.0.entry(name.to_owned()).or_insert_with(|| compile(name)).clone()
    }
}
