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

#[test]
fn what_a_shell_leaves_behind_is_named_and_can_be_killed() {
    // The job would end with its terminal.
    let mut session = Session::start(&["--", "sh", "-c", "trap '' HUP; sleep 1000 & exit 3"]);
    session.until_shows("exited 3, 1 task runs on");
    let left = descendants(session.pid());
    session.keys("q");
    session.until_shows("is over (exited 3), but 1 task runs on");
    session.keys("k");
    assert_eq!(session.end(), Some(3));
    session.assert_restored();
    assert_gone(&left);
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
