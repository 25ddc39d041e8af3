//! Commands, back-pressure, and what is left behind: nothing.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sysview::model::{Outcome, RowKind, TaskEnd};
use sysview::source::{Command, End, Refused};

use crate::harness::*;

#[test]
fn kill_works_while_the_program_blocks() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; sleep 1000 & sleep 1000"]));
    watch.until_output("ready");
    let begun = Instant::now();
    watch.source.control.send(Command::Kill).unwrap();
    assert_eq!(watch.until_end(), End::Killed { signal: 9, core: false });
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(watch.source.control.send(Command::Kill), Err(Refused::Gone));
}

#[test]
fn a_blocked_call_is_seen_while_it_blocks() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "read line"]));
    watch.until(|watch| {
        watch.rows().any(|row| match &row.kind {
            RowKind::Call(call) => {
                call.outcome.is_none() && sysview::abi::lookup(call.arch, call.nr).is_some_and(|c| c.name == "read")
            }
            _ => false,
        })
    });
    watch.source.control.send(Command::Kill).unwrap();
    watch.until_end();
}

#[test]
fn a_view_that_does_not_read_holds_the_program_and_loses_nothing() {
    let source = start_behaviour(&["getppid", "50000"]);
    std::thread::sleep(Duration::from_millis(500));
    let run = collect(source);
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.outcomes("getppid").len(), 50_000);
}

#[test]
fn kill_works_while_the_view_does_not_read() {
    let source = start_behaviour(&["getppid", "1000000000"]);
    // Until the queue is full and the program is held; killing works before that as well.
    std::thread::sleep(Duration::from_millis(1500));
    source.control.send(Command::Kill).unwrap();
    assert_eq!(Watch::new(source).until_end(), End::Killed { signal: 9, core: false });
}

#[test]
fn a_view_that_goes_away_takes_the_program_with_it() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; sleep 1000"]));
    watch.until_output("ready");
    watch.until(|watch| !watch.store.tasks().is_empty());
    let tids: Vec<i32> = watch.store.tasks().iter().map(|task| task.tid).collect();
    drop(watch);
    for tid in tids {
        gone(tid);
    }
}

fn gone(tid: i32) {
    let begun = Instant::now();
    // A zombie is somebody else's to reap.
    let alive = || std::fs::read_to_string(format!("/proc/{tid}/status")).is_ok_and(|s| !s.contains("State:\tZ"));
    while alive() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{tid} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn tracer_of(tid: i32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{tid}/status")).expect("the task lives");
    status.lines().find_map(|line| line.strip_prefix("TracerPid:")).unwrap().trim().to_owned()
}

#[test]
fn detaching_leaves_the_program_running() {
    let mut watch = Watch::new(start_behaviour(&["survivor"]));
    watch.until_output("ready");
    watch.source.control.send(Command::Detach).unwrap();
    watch.until(|watch| watch.detached);
    for task in watch.store.tasks() {
        assert_eq!(task.ended.map(|(_, end)| end), Some(TaskEnd::Detached));
        assert_eq!(tracer_of(task.tid), "0");
    }
    assert!(watch.rows().any(|row| matches!(&row.kind, RowKind::Call(c) if c.outcome == Some(Outcome::Detached))));
    let rows = watch.store.len();
    assert_eq!(watch.until_end(), End::Exited(13));
    assert!(String::from_utf8_lossy(&watch.output).contains("survived"));
    assert_eq!(watch.store.len(), rows, "no event after Detached");
}

#[test]
fn detaching_leaves_a_stopped_process_stopped() {
    let mut watch = Watch::new(start_behaviour(&["stopped-forever"]));
    watch.until_output("stopped");
    watch.until(|watch| watch.store.tasks().len() == 2);
    let child = watch.store.tasks()[1].tid;
    watch.source.control.send(Command::Detach).unwrap();
    watch.until(|watch| watch.detached);
    // The kernel takes it from the tracer's stop to the group's, by way of a moment in which it runs.
    let stopped = || std::fs::read_to_string(format!("/proc/{child}/status")).unwrap().contains("State:\tT (stopped)");
    let begun = Instant::now();
    while !stopped() {
        assert!(begun.elapsed() < Duration::from_millis(500), "{child} runs");
    }
    assert_eq!(tracer_of(child), "0");
    assert_eq!(watch.until_end(), End::Exited(11));
}

#[test]
fn detaching_in_the_middle_of_vfork_works() {
    let mut watch = Watch::new(start_behaviour(&["slow-vfork"]));
    watch.until_output("ready");
    watch.source.control.send(Command::Detach).unwrap();
    assert_eq!(watch.until_end(), End::Exited(12));
    assert!(watch.detached);
}

#[test]
fn detaching_works_while_the_view_does_not_read() {
    let source = start_behaviour(&["getppid", "300000"]);
    std::thread::sleep(Duration::from_millis(300));
    source.control.send(Command::Detach).unwrap();
    // Untraced it is done in no time; traced it would be held for ever.
    std::thread::sleep(Duration::from_millis(300));
    let mut watch = Watch::new(source);
    assert_eq!(watch.until_end(), End::Exited(0));
    assert!(watch.detached);
}

#[test]
fn a_detached_program_can_still_be_killed() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; sleep 1000; exit 1"]));
    watch.until_output("ready");
    watch.source.control.send(Command::Detach).unwrap();
    watch.until(|watch| watch.detached);
    watch.source.control.send(Command::Kill).unwrap();
    assert_eq!(watch.until_end(), End::Killed { signal: 9, core: false });
}

#[test]
fn no_process_is_left_behind() {
    // The sleeper is a child of this process; other tests have theirs, so it is told by being new and then gone.
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; read line"]));
    watch.until_output("ready");
    let during = children();
    assert!(during.iter().any(|(_, comm)| comm == "sysview-waker"), "{during:?}");
    watch.source.control.send(Command::Input(b"\n".to_vec())).unwrap();
    watch.until_end();
    for (pid, _) in during {
        gone_or_reaped(pid);
    }
}

#[test]
fn a_killed_sysview_leaves_no_process_behind() {
    let mut sysview = std::process::Command::new(env!("CARGO_BIN_EXE_sysview"))
        .args(["log", "-o", "/dev/null", "--", "/bin/sh", "-c", "sleep 1000 & echo $$ $!; wait"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(sysview.stdout.take().unwrap()).read_line(&mut line).unwrap();
    sysview.kill().unwrap();
    sysview.wait().unwrap();
    for pid in line.split_whitespace() {
        gone(pid.parse().unwrap());
    }
}

#[test]
fn the_session_survives_the_death_of_its_sleeper() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; read line"]));
    watch.until_output("ready");
    watch.until(|watch| !watch.store.tasks().is_empty());
    let root = watch.store.tasks()[0].tid;
    // Ours is the one that is traced by the thread that traces the program.
    let (sleeper, _) = children()
        .into_iter()
        .find(|(pid, comm)| comm == "sysview-waker" && tracer_of(*pid) == tracer_of(root))
        .unwrap();
    kill(Pid::from_raw(sleeper), Signal::SIGKILL).unwrap();
    gone_or_reaped(sleeper);
    // Sent to the old one it would be lost.
    while watch.source.control.send(Command::Kill).is_err() {}
    assert_eq!(watch.until_end(), End::Killed { signal: 9, core: false });
}

/// Children of this process, zombies too.
fn children() -> Vec<(i32, String)> {
    let me = format!("PPid:\t{}\n", std::process::id());
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|s| s.contains(&me)))
        .map(|pid| (pid, std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()))
        .collect()
}

/// Not even a zombie may stay. Other tests' children go too, each in its time.
fn gone_or_reaped(pid: i32) {
    let begun = Instant::now();
    while std::fs::exists(format!("/proc/{pid}")).unwrap() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{pid} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}
