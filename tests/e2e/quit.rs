//! Every way out: kill, hand over, stay, signals to sysview itself. The terminal is restored on each.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::pty::Session;

fn running() -> Session {
    let mut session = Session::start(&["--", "sleep", "1000"]);
    session.until_shows("nanosleep(");
    session
}

#[test]
fn q_asks_and_stay_stays() {
    let mut session = running();
    session.keys("q");
    session.until_shows("hand over");
    session.keys("s");
    session.until("the dialog gone", |s| !s.contains("hand over"));
    session.until_shows("nanosleep(");
    session.keys("qk");
    assert_eq!(session.end(), Some(128 + 9));
    session.assert_restored();
}

#[test]
fn handing_over_leaves_a_plain_terminal_until_the_program_ends() {
    let mut session = Session::start(&["--", "bash", "--norc"]);
    session.until_shows("prompt>");
    session.keys("qh");
    session.until("the screen given up", |s| !s.contains("hand over") && !s.contains("vDSO:"));
    session.keys("echo over-$((20 + 3))\r");
    session.until_shows("over-23");
    session.keys("exit 4\r");
    assert_eq!(session.end(), Some(4));
    session.assert_restored();
}

/// A shell that has ended, and the number of the job that it left behind.
fn outlived() -> (Session, i32) {
    // The job would end with its terminal.
    let script = "trap '' HUP; sleep 1000 & echo \"job $! left\"; exit 3";
    let mut session = Session::start(&["--", "sh", "-c", script]);
    session.until_shows("exited 3, 1 task runs on");
    // On the trace the output is an argument, in quotes.
    let screen = session.until("the job's number", |s| s.contains("│job "));
    let (_, after) = screen.split_once("│job ").expect("the line");
    let number = after.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number");
    (session, number)
}

#[test]
fn what_a_shell_leaves_behind_is_named_and_can_be_killed() {
    let (mut session, job) = outlived();
    session.keys("q");
    session.until_shows("is over (exited 3), but 1 task runs on");
    session.keys("k");
    assert_eq!(session.end(), Some(3));
    session.assert_restored();
    assert_gone(&[job]);
}

#[test]
fn what_a_shell_leaves_behind_can_be_let_go() {
    let (mut session, job) = outlived();
    session.keys("q");
    session.until_shows("what still runs goes on");
    session.keys("h");
    // There is no program to wait for any more.
    assert_eq!(session.end(), Some(3));
    session.assert_restored();
    kill(Pid::from_raw(job), Signal::SIGKILL).expect("it runs on");
}

#[test]
fn termination_and_hangup_restore_the_terminal() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut session = running();
        let tracees = descendants(session.pid());
        kill(Pid::from_raw(session.pid()), signal).expect("sent");
        assert_eq!(session.end(), Some(128 + signal as i32));
        session.assert_restored();
        assert_gone(&tracees);
    }
}

#[test]
fn kill_9_leaves_nothing_behind() {
    let mut session = running();
    let tracees = descendants(session.pid());
    assert!(!tracees.is_empty());
    kill(Pid::from_raw(session.pid()), Signal::SIGKILL).expect("sent");
    assert_eq!(session.end(), None);
    assert_gone(&tracees);
}

/// Processes started by `pid`, directly or not.
fn descendants(pid: i32) -> Vec<i32> {
    let mut found = vec![pid];
    let mut index = 0;
    while let Some(&parent) = found.get(index) {
        for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(child) = entry.file_name().to_str().and_then(|n| n.parse::<i32>().ok()) else { continue };
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // After the name in parentheses: state, then the parent.
            let ppid = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
            if ppid == Some(parent) {
                found.push(child);
            }
        }
        index += 1;
    }
    found.split_off(1)
}

#[track_caller]
fn assert_gone(pids: &[i32]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    for pid in pids {
        loop {
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let zombie = state.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'));
            if state.is_empty() || zombie {
                break;
            }
            assert!(Instant::now() < deadline, "process {pid} is still there: {state}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
