//! Real programs on the screen: their calls as rows, their own terminal as a pane, their exit status as sysview's.

use std::path::PathBuf;
use std::process::Command;

use crate::pty::Session;

/// Leaves after the program's end and returns sysview's exit code.
#[track_caller]
fn quit(session: &mut Session) -> Option<i32> {
    session.keys("q");
    let code = session.end();
    session.assert_restored();
    code
}

#[test]
fn ls_is_traced_and_its_output_is_in_its_pane() {
    let mut session = Session::start(&["--", "ls", "-d", "/", "/etc"]);
    session.until_shows("ended (0)");
    session.until("its output in its pane", |s| s.lines().any(|l| l.contains("││/  /etc")));
    session.until_shows("exit_group(0)");
    session.until_shows("+++ exited with 0 +++");
    assert_eq!(quit(&mut session), Some(0));
}

#[test]
fn the_exit_status_is_the_programs() {
    let mut session = Session::start(&["--", "sh", "-c", "exit 7"]);
    session.until_shows("ended (7)");
    assert_eq!(quit(&mut session), Some(7));
}

#[test]
fn a_pipeline_is_three_tasks() {
    let mut session = Session::start(&["--", "sh", "-c", "ls / | wc -l"]);
    session.until_shows("ended (0)");
    session.keys("/execve\r");
    session.until("the execve of each program", |s| {
        ["/usr/bin/sh", "/usr/bin/ls", "/usr/bin/wc"].iter().all(|name| s.contains(name))
    });
    assert_eq!(quit(&mut session), Some(0));
}

#[test]
fn a_python_one_liner() {
    let mut session = Session::start(&["--", "python3", "-c", "print(6 * 7)"]);
    session.until_shows("ended (0)");
    session.until("the answer in the pane", |s| s.contains("42"));
    assert_eq!(quit(&mut session), Some(0));
}

#[test]
fn threads_are_followed() {
    let program = compile(
        "threads",
        "#include <pthread.h>\n#include <unistd.h>\n#include <stdio.h>\n\
         static void *work(void *p) { for (int i = 0; i < 50; i++) getppid(); return p; }\n\
         int main(void) { pthread_t t[4]; for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, work, 0);\n\
         for (int i = 0; i < 4; i++) pthread_join(t[i], 0); puts(\"joined\"); return 3; }\n",
    );
    let mut session = Session::start(&["--", program.to_str().expect("UTF-8")]);
    session.until_shows("ended (3)");
    session.until("200 calls of getppid in the histogram", |s| {
        s.lines().any(|l| l.contains("getppid") && l.contains("200"))
    });
    assert_eq!(quit(&mut session), Some(3));
    std::fs::remove_file(program).expect("removed");
}

#[test]
fn a_program_killed_by_a_signal() {
    let mut session = Session::start(&["--", "sh", "-c", "kill -SEGV $$"]);
    session.until_shows("killed (SIGSEGV");
    assert_eq!(quit(&mut session), Some(128 + 11));
}

#[test]
fn bash_is_usable_inside() {
    let mut session = Session::start(&["--", "bash", "--norc"]);
    session.until_shows("prompt>");
    // A blocked call shows while it blocks.
    session.until_shows("<unfinished ...>");
    session.keys("t");
    session.until_shows("Ctrl-]");
    session.keys("echo $((40 + 2))-yes\r");
    session.until_shows("42-yes");
    // Ctrl-C reaches the program, not sysview.
    session.keys("sleep 1000\r");
    session.until_still("sleep blocking", sleeping);
    session.keys("\x03");
    session.keys("echo still-$((1 + 1))\r");
    session.until_shows("still-2");
    // Ctrl-Z stops a job of the shell, which goes on.
    session.keys("sleep 1000\r");
    session.until_still("a second sleep", sleeping);
    session.keys("\x1a");
    session.until_shows("Stopped");
    // The second exit leaves the stopped job behind; the kernel hangs up and continues its orphaned group.
    session.keys("exit 5\r");
    session.until_shows("There are stopped jobs.");
    session.keys("exit 5\r");
    session.until_shows("ended (5)");
    session.keys("\x1d");
    assert_eq!(quit(&mut session), Some(5));
}

#[test]
fn a_small_screen_shows_the_shell_from_the_start() {
    let mut session = Session::sized(&["--", "bash", "--norc"], 24, 80);
    session.until_shows("prompt>");
    session.keys("t");
    session.keys("echo \"$LINES by $COLUMNS\" $((40 + 2))\r");
    // It had the size of its pane before it started.
    session.until_shows("7 by 78 42");
    session.keys("exit\r");
    session.until_shows("ended (0)");
    session.keys("\x1d");
    assert_eq!(quit(&mut session), Some(0));
}

#[test]
fn vim_draws_edits_and_follows_a_new_size() {
    let file = std::env::temp_dir().join(format!("sysview-vim-{}", std::process::id()));
    let mut session = Session::start(&["--", "vim", "-u", "NONE", "-N", file.to_str().expect("UTF-8")]);
    session.until_shows("[New]");
    session.keys("t");
    session.keys("ihello from vim\x1b");
    session.until_shows("hello from vim");
    session.resize(50, 160);
    session.until_shows("hello from vim");
    session.keys(":wq\r");
    session.until_shows("ended (0)");
    session.keys("\x1d");
    assert_eq!(quit(&mut session), Some(0));
    assert_eq!(std::fs::read_to_string(&file).expect("written"), "hello from vim\n");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn every_size_has_a_screen() {
    let mut session = Session::sized(&["--", "sleep", "1000"], 24, 80);
    session.until_shows("nanosleep(");
    for (rows, cols) in [(1, 1), (2, 5), (5, 20), (24, 80), (60, 200), (3, 200), (60, 2), (24, 80)] {
        session.resize(rows, cols);
    }
    session.until("the screen of the last size", |s| s.contains("sleep 1000") && s.contains("quit"));
    session.keys("q");
    session.until_shows("hand over");
    session.keys("k");
    assert_eq!(session.end(), Some(128 + 9));
}

#[test]
fn hostile_output_stays_in_its_pane() {
    // A title, a screen reset and mouse reporting, written by the program to its terminal.
    let script = "printf '\\033c\\033]0;pwned\\007\\033[?1003hdone-writing'; sleep 1000";
    let mut session = Session::start(&["--", "sh", "-c", script]);
    session.until_shows("done-writing");
    let raw = String::from_utf8_lossy(&session.raw).into_owned();
    assert!(!raw.contains("\x1b]0;pwned"), "the title escaped");
    assert!(!raw.contains("\x1bc"), "a reset escaped");
    session.keys("qk");
    assert_eq!(session.end(), Some(128 + 9));
}

/// A sleep is going on: the one before has its result.
fn sleeping(screen: &str) -> bool {
    screen.lines().any(|l| l.contains("nanosleep(") && l.contains("<unfinished"))
}

/// A C program made for one test.
fn compile(name: &str, source: &str) -> PathBuf {
    let base = std::env::temp_dir().join(format!("sysview-{name}-{}", std::process::id()));
    let file = base.with_extension("c");
    std::fs::write(&file, source).expect("source");
    let status = Command::new("cc").args(["-pthread", "-o"]).arg(&base).arg(&file).status().expect("cc runs");
    assert!(status.success(), "cc failed");
    std::fs::remove_file(&file).expect("removed");
    base
}
