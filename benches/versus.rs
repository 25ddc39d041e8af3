//! sysview against strace and against no tracer at all, whole process against whole process, with the targets that hold.
//!
//! `cargo bench --bench versus [-- [--pairs N] [ROW...]]`. Runs take turns (A B C A B C ...), ratios are those of medians,
//! and beside them stands the range of the ratios of each turn. Exits with 1 if a target is missed. What other programs
//! did meanwhile is told; against an strace that is not pinned nothing is judged then, because its stops are slow only
//! where CPUs are idle.

use std::ffi::OsStr;
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// What sysview is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rival {
    StraceOnOneCpu,
    Strace,
    Untraced,
}

struct Row {
    name: &'static str,
    /// Options of `sysview log`.
    options: &'static [&'static str],
    command: &'static [&'static str],
    targets: &'static [(Rival, f64)],
}

/// The fixture tests/fixtures/load.c.
const LOAD: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/load-bench");
/// A call that no program here makes.
const ABSENT: &[&str] = &["-e", "trace=swapoff"];
const STRACE: [Rival; 2] = [Rival::StraceOnOneCpu, Rival::Strace];

const ROWS: &[Row] = &[
    Row {
        name: "getppid",
        options: &[],
        command: &[LOAD, "getppid", "200000"],
        targets: &[(STRACE[0], 0.9), (STRACE[1], 0.25)],
    },
    Row {
        name: "find",
        options: &[],
        command: &["find", "/usr", "-name", "*.h"],
        targets: &[(STRACE[0], 0.9), (STRACE[1], 0.25)],
    },
    Row {
        name: "processes",
        options: &[],
        command: &[LOAD, "procs", "4", "20000", "300"],
        targets: &[(STRACE[0], 0.95), (STRACE[1], 0.75)],
    },
    Row {
        name: "threads",
        options: &[],
        command: &[LOAD, "threads", "4", "20000", "300"],
        targets: &[(STRACE[0], 0.95), (STRACE[1], 0.75)],
    },
    Row { name: "true", options: &[], command: &["true"], targets: &[(STRACE[0], 1.5), (STRACE[1], 1.5)] },
    Row {
        name: "find-filtered",
        options: ABSENT,
        command: &["find", "/usr", "-name", "*.h"],
        targets: &[(Rival::Untraced, 1.2)],
    },
    Row {
        name: "getppid-filtered",
        options: ABSENT,
        command: &[LOAD, "getppid", "2000000"],
        targets: &[(Rival::Untraced, 1.4)],
    },
    Row {
        name: "forked-filtered",
        options: ABSENT,
        command: &[LOAD, "forked", "2000000"],
        targets: &[(Rival::Untraced, 1.4)],
    },
];

fn main() -> ExitCode {
    let (pairs, names) = match arguments() {
        Ok(arguments) => arguments,
        Err(sentence) => return failure(&sentence),
    };
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/load.c");
    if !run(Command::new("cc").args(["-O1", "-pthread", "-o", LOAD, source])).1 {
        return failure("cc cannot compile tests/fixtures/load.c");
    }
    if !run(Command::new("strace").arg("-V")).1 {
        return failure("strace is not installed");
    }
    let idle = idle_share(Duration::from_millis(500));
    println!("{} CPUs, {:.0} % idle before; medians of {pairs}", cpus().len(), idle * 100.0);
    println!(
        "{:17} {:>10}  {:18} {:>10} {:>7} {:>15} {:>7}",
        "", "sysview ms", "against", "ms", "ratio", "range", "target"
    );
    let mut missed = 0;
    for row in ROWS.iter().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)) {
        missed += measure(row, pairs);
    }
    if missed > 0 { failure(&format!("{missed} targets are missed")) } else { ExitCode::SUCCESS }
}

/// The number of pairs and the names of rows.
fn arguments() -> Result<(usize, Vec<String>), String> {
    let (mut pairs, mut names) = (5, Vec::new());
    // `cargo bench` adds `--bench`.
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        match word.as_str() {
            "--pairs" => {
                let number = words.next().and_then(|number| number.parse().ok()).filter(|&number| number > 0);
                pairs = number.ok_or("--pairs needs a number")?;
            }
            name if ROWS.iter().any(|row| row.name == name) => names.push(word),
            _ => {
                let rows: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
                return Err(format!("{word} is no row; rows are {}", rows.join(", ")));
            }
        }
    }
    Ok((pairs, names))
}

fn failure(sentence: &str) -> ExitCode {
    eprintln!("versus: {sentence}");
    ExitCode::FAILURE
}

/// Prints a line for each target of a row; returns how many are missed.
fn measure(row: &Row, pairs: usize) -> usize {
    let mut sysview = Command::new(env!("CARGO_BIN_EXE_sysview"));
    sysview.args(["log", "-o", "/dev/null"]).args(row.options).arg("--").args(row.command);
    let mut rivals: Vec<(Rival, f64, Vec<f64>)> =
        row.targets.iter().map(|&(rival, target)| (rival, target, Vec::new())).collect();
    let mut own = Vec::new();
    let before = Busy::now();
    for _ in 0..pairs {
        own.push(time_ms(&mut sysview));
        for (rival, _, times) in &mut rivals {
            times.push(rival.time_ms(row.command));
        }
    }
    let foreign = before.foreign_share();
    let quiet = foreign < 0.05;
    let mut missed = 0;
    for (index, (rival, target, times)) in rivals.iter().enumerate() {
        let ratio = median(&own) / median(times);
        let each = own.iter().zip(times).map(|(a, b)| a / b);
        let (least, most) = each.fold((f64::MAX, 0.0), |(least, most): (f64, f64), r| (least.min(r), most.max(r)));
        let judged = quiet || *rival != Rival::Strace;
        let verdict = match (judged, ratio <= *target) {
            (false, _) => "not judged, CPUs were busy",
            (true, true) => "",
            (true, false) => "MISSED",
        };
        missed += usize::from(verdict == "MISSED");
        let (name, ms) = if index == 0 { (row.name, format!("{:.1}", median(&own))) } else { ("", String::new()) };
        println!(
            "{name:17} {ms:>10}  {:18} {:>10.1} {ratio:>7.3} {least:>7.3}-{most:<7.3} {target:>7} {verdict}",
            rival.name(),
            median(times),
        );
    }
    if !quiet {
        println!("{:17} other programs used {:.0} % of all CPUs meanwhile", "", foreign * 100.0);
    }
    missed
}

impl Rival {
    fn name(self) -> &'static str {
        match self {
            Rival::StraceOnOneCpu => "strace on one CPU",
            Rival::Strace => "strace",
            Rival::Untraced => "untraced",
        }
    }

    fn time_ms(self, command: &[&str]) -> f64 {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-o", "/dev/null"]).args(command);
        match self {
            Rival::Strace => time_ms(&mut strace),
            Rival::Untraced => time_ms(Command::new(command[0]).args(&command[1..])),
            Rival::StraceOnOneCpu => {
                // Inherited: no process more than otherwise.
                let all = affinity();
                let mut one = CpuSet::new();
                one.set(cpus().pop().expect("a CPU")).expect("in the set");
                sched_setaffinity(Pid::from_raw(0), &one).expect("a thread may confine itself");
                let ms = time_ms(&mut strace);
                sched_setaffinity(Pid::from_raw(0), &all).expect("what was allowed before");
                ms
            }
        }
    }
}

fn affinity() -> CpuSet {
    sched_getaffinity(Pid::from_raw(0)).expect("a thread may ask for its CPUs")
}

fn cpus() -> Vec<usize> {
    let set = affinity();
    (0..CpuSet::count()).filter(|&cpu| set.is_set(cpu) == Ok(true)).collect()
}

/// How long it ran, and whether it succeeded.
fn run(command: &mut Command) -> (Duration, bool) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status();
    (begun.elapsed(), status.is_ok_and(|status| status.success()))
}

fn time_ms(command: &mut Command) -> f64 {
    let (took, fine) = run(command);
    assert!(fine, "{:?} {:?} failed", command.get_program(), command.get_args().collect::<Vec<&OsStr>>());
    took.as_secs_f64() * 1e3
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Clock ticks of all CPUs and of our own descendants so far.
struct Busy {
    all: u64,
    idle: u64,
    own: u64,
}

impl Busy {
    fn now() -> Busy {
        let stat = fs::read_to_string("/proc/stat").expect("/proc is mounted");
        let all: Vec<u64> = numbers(stat.lines().next().unwrap_or_default());
        let own = fs::read_to_string("/proc/self/stat").expect("/proc is mounted");
        // After the name in parentheses: utime, stime, cutime and cstime are fields 14 to 17.
        let own = numbers(own.rsplit(')').next().unwrap_or_default());
        // The first eight; time of guests is counted in user time already.
        Busy { all: all.iter().take(8).sum(), idle: all[3] + all[4], own: own[10..14].iter().sum() }
    }

    /// The share of all CPUs that other programs used since.
    fn foreign_share(&self) -> f64 {
        let now = Busy::now();
        let all = (now.all - self.all).max(1);
        let busy = all.saturating_sub(now.idle - self.idle);
        busy.saturating_sub(now.own - self.own) as f64 / all as f64
    }
}

fn idle_share(wait: Duration) -> f64 {
    let before = Busy::now();
    std::thread::sleep(wait);
    let now = Busy::now();
    (now.idle - before.idle) as f64 / (now.all - before.all).max(1) as f64
}

fn numbers(line: &str) -> Vec<u64> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
