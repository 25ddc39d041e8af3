//! Programs that run already: attached to by number and by name, from the command line and from the list on the screen,
//! and let go again as they were.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::oracle::lines;
use crate::pty::{SYSVIEW, Session};

const PATIENCE: Duration = Duration::from_secs(60);

/// A program with a name of its own, which is ended with the test.
struct Guest {
    child: Child,
    name: String,
    link: PathBuf,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Guest {
    /// `letter` tells apart the guests of this run of the tests.
    fn start(letter: char, behaviour: &str) -> Guest {
        let name = format!("gst{}{letter}", std::process::id());
        let link = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{behaviour}")).with_file_name(&name);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(lines(), &link).expect("a link");
        let mut command = Command::new(&link);
        let mut child =
            command.arg(behaviour).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the fixture starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Guest { child, name, link, input, output }
    }

    fn answering(letter: char) -> Guest {
        let mut guest = Guest::start(letter, "answers");
        assert_eq!(guest.line(), "ready");
        guest
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("UTF-8");
        line.trim_end().to_owned()
    }

    fn ask(&mut self, words: &str) -> String {
        // One line is one write.
        let line = format!("{words}\n");
        self.input.as_mut().expect("its input").write_all(line.as_bytes()).expect("it reads");
        self.line()
    }

    fn tracer(&self) -> i32 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let field = status.lines().find_map(|line| line.strip_prefix("TracerPid:")).expect("the field");
        field.trim().parse().expect("a number")
    }

    /// It sleeps in a call.
    fn waits(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('S'))
    }

    /// It is as it was, and ends as it would have.
    fn goes_on_as_before(mut self) {
        until("nobody to trace it", || self.tracer() == 0);
        assert_eq!(self.ask("still there?"), "answer to still there?");
        drop(self.input.take());
        assert_eq!(self.child.wait().expect("its status").code(), Some(7));
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.link);
    }
}

#[track_caller]
fn until(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn log(args: &[&str]) -> Child {
    let mut command = Command::new(SYSVIEW);
    command.arg("log").args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("sysview starts")
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("it runs");
}

#[test]
fn a_log_of_a_process_that_runs_ends_with_the_signal_and_leaves_it_as_it_was() {
    let mut guest = Guest::answering('a');
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.log", guest.name));
    // An earlier run of that number may have failed.
    let _ = fs::remove_file(&path);
    let tracer = log(&["-o", path.to_str().expect("UTF-8"), "-p", &guest.pid()]);
    let written = || fs::read_to_string(&path).unwrap_or_default();
    // The first answers may be given before it is stopped for the first time.
    let end = Instant::now() + PATIENCE;
    while !written().contains("read(0, \"hello\\n\", ") {
        assert!(Instant::now() < end, "{}", written());
        assert_eq!(guest.ask("hello"), "answer to hello");
    }
    until("the next read", || guest.waits());
    interrupt(&tracer);
    let output = tracer.wait_with_output().expect("its output");
    // As with strace: 128 and the number of the signal.
    assert_eq!(output.status.code(), Some(128 + 2), "{}", output.status);
    let text = written();
    assert!(text.contains("write(1, \"answer to hello\\n\", 16)"), "{text}");
    assert!(text.ends_with("read(0,  <detached ...>\n"), "{text}");
    assert!(output.stderr.is_empty(), "with -o nothing else is said: {:?}", String::from_utf8_lossy(&output.stderr));
    fs::remove_file(&path).expect("removed");
    guest.goes_on_as_before();
}

#[test]
fn a_log_ends_with_the_last_process_that_it_was_attached_to() {
    let (mut one, mut two) = (Guest::answering('b'), Guest::answering('c'));
    let tracer = log(&["-q", "-p", &one.pid(), "-p", &two.name, "-e", "exit_group"]);
    until("the tracer", || one.tracer() != 0 && two.tracer() != 0);
    drop((one.input.take(), two.input.take()));
    let output = tracer.wait_with_output().expect("its output");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stderr).expect("ASCII");
    assert_eq!(text.matches("+++ exited with 7 +++").count(), 2, "{text}");
}

#[test]
fn what_cannot_be_attached_to_is_a_sentence() {
    let guest = Guest::answering('d');
    let ended = |args: &[&str]| {
        let output = log(args).wait_with_output().expect("its output");
        (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
    };
    let own = std::process::id().to_string();
    for (args, status, parts) in [
        (["-p", "no-such-name-here"], 1, ["No process is named no-such-name-here", "ps -e"]),
        // Above any limit of numbers, proc_sys_kernel(5).
        (["-p", "999999999"], 1, ["999999999", "there is no such process"]),
        (["-p", ""], 2, ["-p needs a process", "sysview -p"]),
        (["--container", "no-such-one"], 1, ["No container", "docker inspect -f"]),
        // The tests are what sysview was started by.
        (["-p", &own], 1, [&own, "sysview runs under it"]),
    ] {
        let (code, text) = ended(&args);
        assert_eq!((code, text.lines().count()), (Some(status), 1), "{args:?}: {text}");
        assert!(parts.iter().all(|part| text.contains(part)), "{args:?}: {text}");
    }
    let (code, text) = ended(&["-p", &guest.pid(), "--", "true"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("leave one of them out"), "{text}");
    guest.goes_on_as_before();
}

#[test]
fn of_several_processes_of_a_name_one_is_chosen() {
    let one = Guest::answering('e');
    let mut command = Command::new(&one.link);
    let mut other = command.arg("answers").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let text = || {
        let output = log(&["-p", &one.name]).wait_with_output().expect("its output");
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    // Between fork and execve the other has the name of the tests.
    until("both", || text().contains(&format!("2 processes are named {}", one.name)));
    let text = text();
    for pid in [one.pid(), other.id().to_string()] {
        assert!(text.lines().any(|line| line.trim_start().starts_with(&pid) && line.contains(&one.name)), "{text}");
    }
    other.kill().expect("killed");
    other.wait().expect("its status");
    one.goes_on_as_before();
}

/// The disk or the reader does not follow: others need the program.
#[test]
fn a_process_is_let_go_when_the_reader_does_not_follow() {
    let mut guest = Guest::start('f', "chatters");
    let mut tracer = log(&["--max-hold", "0.2", "-o", "/dev/stdout", "-p", &guest.pid()]);
    until("the tracer", || guest.tracer() != 0);
    // Nobody reads the log; what the program writes is read, so that it waits for nothing but the tracer.
    let mut bytes = [0; 4096];
    let end = Instant::now() + PATIENCE;
    while guest.tracer() != 0 {
        assert!(Instant::now() < end, "it is still held");
        let count = guest.output.read(&mut bytes).expect("it writes");
        assert!(count > 0, "it ended");
    }
    let mut text = String::new();
    tracer.stdout.take().expect("the log").read_to_string(&mut text).expect("ASCII");
    let output = tracer.wait_with_output().expect("its output");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(text.lines().filter(|line| line.contains("getppid()")).count() > 1000, "{told}");
    assert!(told.contains("let go") || text.contains("let go"), "{told}");
    // On it goes.
    for _ in 0..50 {
        guest.output.read_exact(&mut bytes[..1]).expect("it writes");
    }
}

#[test]
fn the_list_on_the_screen_finds_a_process_and_leaves_it_as_it_was() {
    let mut guest = Guest::answering('g');
    let mut session = Session::start::<&str>(&[]);
    session.until_shows("Which process?");
    session.keys(&guest.name);
    let line = format!("{} ", guest.pid());
    session.until("one process", |screen| {
        screen.lines().filter(|row| row.contains(&guest.name)).count() == 2 && screen.contains(&line)
    });
    session.keys("\r");
    session.until_shows(&format!("attached to process {}", guest.pid()));
    session.until_shows("read(0,  <unfinished ...>");
    assert_eq!(guest.ask("hello"), "answer to hello");
    session.until_shows("write(1, \"answer to hello\\n\"");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    session.assert_restored();
    guest.goes_on_as_before();
}

#[test]
fn a_process_is_added_to_a_program_that_was_started() {
    let mut guest = Guest::answering('h');
    let mut session = Session::start(&["--", "bash", "--norc"]);
    session.until_shows("prompt>");
    session.keys("\x1dA");
    session.until_shows("Which process?");
    session.keys(&guest.name);
    session.until("one process", |screen| screen.lines().filter(|row| row.contains(&guest.name)).count() == 2);
    session.keys("\r");
    session.until_shows(&format!("attached to process {}", guest.pid()));
    assert_eq!(guest.ask("hello"), "answer to hello");
    session.until_shows("write(1, \"answer to hello\\n\"");
    // What was started ends with the view, what was attached to does not.
    session.keys("q");
    session.until_shows("hand over");
    session.keys("k");
    assert_eq!(session.end(), Some(128 + 9));
    session.assert_restored();
    guest.goes_on_as_before();
}
