//! The program's terminal: a session of its own, its size, its keyboard, all of its output.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::fcntl::OFlag;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use sysview::capture::{Terminal, launch};
use sysview::source::{Command, End};

use crate::harness::*;

#[test]
fn it_is_the_controlling_terminal_of_a_session_of_its_own() {
    let run = sh("tty; echo hello > /dev/tty; ps -o sid= -p $$ | tr -d ' '; echo $$; stty size");
    let text = run.text();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("/dev/pts/"), "{text}");
    assert_eq!(lines[1], "hello");
    assert_eq!(lines[2], lines[3], "the program leads its session");
    assert_eq!(lines[4], "24 80");
}

#[test]
fn all_output_comes_before_the_end() {
    let run = sh("i=0; while [ $i -lt 2000 ]; do echo line $i of the output; i=$((i+1)); done");
    assert_eq!(run.text().lines().count(), 2000);
    assert!(run.text().ends_with("line 1999 of the output\n"));
}

#[test]
fn what_is_typed_reaches_the_program_and_so_does_a_new_size() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; read line; stty size; echo got $line; exit 3"]));
    watch.until_output("ready");
    watch.source.control.send(Command::Resize { rows: 50, cols: 132 }).unwrap();
    watch.source.control.send(Command::Input(b"words\n".to_vec())).unwrap();
    assert_eq!(watch.until_end(), End::Exited(3));
    let text = String::from_utf8_lossy(&watch.output).into_owned();
    assert!(text.contains("50 132") && text.contains("got words"), "{text}");
}

#[test]
fn control_c_interrupts_the_foreground() {
    // exec: a shell that is about to vfork loses an interrupt now and then by itself.
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "echo ready; exec sleep 100"]));
    watch.until_output("ready");
    watch.source.control.send(Command::Input(vec![3])).unwrap();
    assert_eq!(watch.until_end(), End::Killed { signal: libc::SIGINT, core: false });
}

#[test]
fn redirected_descriptors_stay_and_the_terminal_is_still_controlling() {
    // The test's own standard input is inherited; what it is does not matter, only that it is the same.
    let mine = std::fs::read_link("/proc/self/fd/0").unwrap();
    let mut inherit = plan(&["/bin/sh", "-c", "readlink /proc/$$/fd/0; echo out > /dev/tty"]);
    inherit.terminal = Terminal::Pty { rows: 24, cols: 80, inherit: [true, false, false] };
    let run = collect(launch(inherit).unwrap());
    let text = run.text();
    assert_eq!(text.lines().next(), mine.to_str());
    assert!(text.ends_with("out\n"), "{text}");
}

#[test]
fn with_everything_redirected_the_terminal_is_still_there() {
    let mut inherit = plan(&["/bin/sh", "-c", "echo through the terminal > /dev/tty"]);
    inherit.terminal = Terminal::Pty { rows: 24, cols: 80, inherit: [true; 3] };
    assert_eq!(collect(launch(inherit).unwrap()).text(), "through the terminal\n");
}

#[test]
fn a_program_can_keep_the_descriptors_and_session_of_its_tracer() {
    let mut inherit = plan(&["/bin/sh", "-c", "test $(ps -o sid= -p $$) = $(ps -o sid= -p $PPID)"]);
    inherit.terminal = Terminal::Inherit;
    let run = collect(launch(inherit).unwrap());
    assert_eq!(run.end, End::Exited(0));
    assert!(!run.started.has_terminal && run.output.is_empty());
}

/// Opens a pseudo-terminal of the test's own; returns its master and the slave's path.
fn other_terminal() -> (PtyMaster, PathBuf) {
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = PathBuf::from(ptsname_r(&master).unwrap());
    (master, path)
}

fn read_up_to(master: &mut PtyMaster, text: &str) {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(text) {
        let mut buffer = [0; 1000];
        let count = master.read(&mut buffer).unwrap();
        seen.extend(&buffer[..count]);
    }
}

#[test]
fn a_program_can_run_in_another_terminal() {
    let (mut master, path) = other_terminal();
    // Held open until everything was read.
    let _slave = std::fs::File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(&path).unwrap();
    let mut other = plan(&["/bin/sh", "-c", "tty; echo mine > /dev/tty"]);
    other.terminal = Terminal::Other(path.clone());
    let run = collect(launch(other).unwrap());
    assert_eq!(run.end, End::Exited(0));
    assert!(run.notices.is_empty() && !run.started.has_terminal);
    read_up_to(&mut master, "mine");
}

#[test]
fn another_sessions_terminal_is_used_and_the_user_is_told() {
    let (mut master, path) = other_terminal();
    let mut owner = plan(&["/bin/sh", "-c", "read line"]);
    owner.terminal = Terminal::Other(path.clone());
    let owner = launch(owner).unwrap();
    let mut guest = plan(&["/bin/sh", "-c", "echo guest"]);
    guest.terminal = Terminal::Other(path);
    let run = collect(launch(guest).unwrap());
    assert_eq!(run.end, End::Exited(0));
    assert_eq!(run.notices.len(), 1);
    read_up_to(&mut master, "guest");
    owner.control.send(Command::Kill).unwrap();
    collect(owner);
}

#[test]
fn what_is_no_terminal_is_refused() {
    let mut other = plan(&["/bin/sh", "-c", "exit 0"]);
    other.terminal = Terminal::Other("/dev/null".into());
    assert!(refused(other).to_string().contains("is no terminal"));
}

#[test]
fn input_that_nobody_reads_is_refused_and_not_lost() {
    let mut watch = Watch::new(start(&["/bin/sh", "-c", "stty raw; echo ready; sleep 100"]));
    // Before that the line discipline drops what does not fit into a line.
    watch.until_output("ready");
    let mut refused = false;
    for _ in 0..2000 {
        if watch.source.control.send(Command::Input(vec![b'x'; 1000])).is_err() {
            refused = true;
            break;
        }
        std::thread::yield_now();
    }
    assert!(refused, "a queue has a bound");
    watch.source.control.send(Command::Kill).unwrap();
    assert_eq!(watch.until_end().exit_code(), 137);
}
