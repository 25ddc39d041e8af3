//! What the modes of the vDSO cost, and whether programs stand them: `cargo bench --bench vdso`.
//!
//! `cargo bench --bench vdso -- stress 32` switches at random, 500 times in each of 32 runs, while threads ask under a storm
//! of signals: programs of glibc, dynamic and static, of musl and Go, if their compilers are there, and Python.
//! A question in each mode, against the same program without a tracer; whether a million questions a second are all seen;
//! how long a switch takes while eight threads ask. Each figure comes with how it was made.

use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::Instant;

use sysview::capture::{Launch, Setup, Terminal, Tracing, launch};
use sysview::model::{EventKind, Marks, VdsoMode, Warning};
use sysview::source::{Command, End, Message, Source};

const ROUND: &str = "10000";
const PACED: u64 = 3_000_000;
const SWITCHES: usize = 600;

fn main() {
    let place = std::env::temp_dir().join(format!("sysview-bench-vdso-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a directory");
    let program = place.join("vdso").to_str().expect("UTF-8").to_owned();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vdso.c");
    let made = Process::new("gcc").args(["-O2", "-pthread", "-o", &program, source]).status().expect("gcc");
    assert!(made.success(), "the fixture is made");
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    match words.iter().position(|word| word == "stress") {
        Some(at) => stress(&place, &program, words.get(at + 1).and_then(|runs| runs.parse().ok()).unwrap_or(32)),
        None => {
            cost(&program);
            paced(&program);
            switches(&program);
        }
    }
    std::fs::remove_dir_all(&place).expect("removed");
}

fn traced(program: &str, words: &[&str], mode: VdsoMode) -> Source {
    launch(Launch {
        program: Path::new(program).to_owned(),
        argv: [&[program], words].concat().into_iter().map(Into::into).collect(),
        terminal: Terminal::Pty { rows: 24, cols: 80, inherit: [false; 3] },
        setup: Setup::default(),
        tracing: Tracing { vdso: mode, ..Tracing::default() },
    })
    .expect("launched")
}

/// The number that the program prints.
fn number(output: &[u8]) -> f64 {
    String::from_utf8_lossy(output).trim().parse::<f64>().expect("a number") / 10.0
}

fn printed(mut source: Source) -> f64 {
    let mut output = Vec::new();
    while let Some(message) = source.messages.blocking_recv() {
        if let Message::Output(bytes) = message {
            output.extend(bytes);
        }
    }
    number(&output)
}

fn cost(program: &str) {
    let mut differences = Vec::new();
    println!(
        "ns a question (medians of 21 rounds of {ROUND} at a million a second, five times): untraced, natural, shown"
    );
    for _ in 0..5 {
        let alone = Process::new(program).args(["cost", ROUND]).stdin(Stdio::null()).output().expect("it runs");
        let alone = number(&alone.stdout);
        let natural = printed(traced(program, &["cost", ROUND], VdsoMode::Natural));
        let shown = printed(traced(program, &["cost", ROUND], VdsoMode::Shown));
        println!("  {alone:5.1} {natural:5.1} {shown:5.1}");
        differences.push(shown - natural);
    }
    differences.sort_by(f64::total_cmp);
    println!("  shown costs {:.1} ns more than natural (median; target 20)", differences[2]);
}

fn paced(program: &str) {
    let mut source = traced(program, &["paced", &PACED.to_string()], VdsoMode::Shown);
    let (mut rows, mut missed) = (0u64, 0u64);
    let began = Instant::now();
    while let Some(message) = source.messages.blocking_recv() {
        let Message::Batch(batch) = message else { continue };
        for event in &batch.events {
            match &event.kind {
                EventKind::Exit(exit) if exit.marks.has(Marks::VDSO) => rows += 1,
                EventKind::Warning(Warning::VdsoUnlogged { count, .. }) => missed += count,
                _ => {}
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{PACED} questions at a million a second: {rows} rows, {missed} counted without one, in {seconds:.2} s");
    assert_eq!(rows + missed, PACED);
}

fn switches(program: &str) {
    let mut source = traced(program, &["storm", "8"], VdsoMode::Natural);
    let mut output = Vec::new();
    while !String::from_utf8_lossy(&output).contains("ready") {
        if let Message::Output(bytes) = source.messages.blocking_recv().expect("more") {
            output.extend(bytes);
        }
    }
    let modes = [VdsoMode::Shown, VdsoMode::Off, VdsoMode::Natural];
    let mut took: Vec<f64> = Vec::new();
    for mode in modes.into_iter().cycle().take(SWITCHES) {
        let began = Instant::now();
        source.control.send(Command::Vdso(mode)).expect("taken");
        while !matches!(source.messages.blocking_recv().expect("more"), Message::Vdso(_)) {}
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    source.control.send(Command::Kill).expect("taken");
    while source.messages.blocking_recv().is_some() {}
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "a switch with 8 threads and signals, {SWITCHES} times: half within {:.1} ms, 99 % within {:.1} ms, all within {:.1} ms \
         (target: 99 % within 50)",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// Threads that ask until a line comes, and look whether time goes on.
const PYTHON: &str = "
import signal, sys, threading, time
stop, wrong = False, []
def ask():
    before = time.monotonic()
    while not stop:
        now = time.monotonic()
        if now < before or time.time() < 1e9: wrong.append(1)
        before = now
signal.signal(signal.SIGALRM, lambda *_: time.time())
threads = [threading.Thread(target=ask) for _ in range(4)]
for thread in threads: thread.start()
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
print('ready', flush=True)
sys.stdin.readline()
signal.setitimer(signal.ITIMER_REAL, 0)
stop = True
for thread in threads: thread.join()
sys.exit(len(wrong) and 1)
";

fn stress(place: &Path, dynamic: &str, runs: u32) {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vdso.c");
    let made = |name: &str, command: &[&str]| {
        let to = place.join(name).to_str().expect("UTF-8").to_owned();
        let mut process = Process::new(command[0]);
        process.args(&command[1..]).args(["-o", &to]).current_dir(place).env("HOME", place).stdin(Stdio::null());
        let file =
            if command[0] == "go" { concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/clock.go") } else { source };
        process.arg(file).output().is_ok_and(|output| output.status.success()).then_some(to)
    };
    let headers = ["-idirafter", "/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu"];
    let musl = [&["musl-gcc", "-O1", "-static", "-pthread"], &headers[..]].concat();
    let storm = |program: String| vec![program, "storm".to_owned(), "4".to_owned()];
    let programs = [
        ("glibc, dynamic", Some(storm(dynamic.to_owned()))),
        ("glibc, static", made("static", &["gcc", "-O1", "-static", "-pthread"]).map(storm)),
        ("musl, static", made("musl", &musl).map(storm)),
        ("Go", made("go", &["go", "build"]).map(|program| vec![program])),
        ("Python", Some(vec!["/usr/bin/python3".to_owned(), "-c".to_owned(), PYTHON.to_owned()])),
    ];
    for (name, words) in programs {
        let Some(words) = words else {
            println!("{name:<16} not run: it cannot be made here");
            continue;
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let right = (1..=runs).filter(|&seed| stands(&words, seed)).count();
        println!("{name:<16} {right} of {runs} runs right");
    }
}

/// Whether a program is right after 500 switches.
fn stands(words: &[&str], seed: u32) -> bool {
    let mut source = traced(words[0], &words[1..], VdsoMode::Natural);
    let mut random = u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (mut output, mut asked, mut open) = (Vec::new(), 0, false);
    while let Some(message) = source.messages.blocking_recv() {
        match message {
            Message::Output(bytes) => output.extend(bytes),
            Message::Vdso(_) => open = false,
            Message::Ended(end) => {
                let right = end == End::Exited(0) && asked == 500;
                if !right {
                    println!("  {} (seed {seed}): {end:?} after {asked} switches", words[0]);
                }
                return right;
            }
            Message::Failed(sentence) => println!("  {sentence}"),
            _ => {}
        }
        if !open && asked < 500 && String::from_utf8_lossy(&output).contains("ready") {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let mode = [VdsoMode::Natural, VdsoMode::Shown, VdsoMode::Off][(random % 3) as usize];
            (asked, open) = (asked + 1, true);
            source.control.send(Command::Vdso(mode)).expect("taken");
            if asked == 500 {
                source.control.send(Command::Input(b"\n".to_vec())).expect("taken");
            }
        }
    }
    false
}
