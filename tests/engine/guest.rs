//! Programs that run before sysview looks at them, as children of a shell: nobody here is their parent or their tracer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sysview::capture::{Attach, LaunchError, Tracing, attach};
use sysview::model::{CallRow, RowKind, TaskId};
use sysview::source::Source;

use crate::fixtures;
use crate::harness::Watch;

/// Nothing here takes longer, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Guest {
    shell: Child,
    pub pid: i32,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    over: bool,
}

impl Guest {
    /// One behaviour of the fixture `tests/fixtures/attach.c`, at the point where it says that it is ready.
    pub fn start(words: &[&str]) -> Guest {
        let program = fixture();
        let mut guest = Guest::command(&[&[program.as_str()], words].concat());
        assert_eq!(guest.line(), "ready");
        guest
    }

    pub fn command(words: &[&str]) -> Guest {
        // The inner shell becomes the program, so that the PID is told before anything that the program says.
        const SCRIPT: &str =
            "exec 3<&0 </dev/null; sh -c 'echo $$; exec \"$@\"' sh \"$@\" <&3 3<&- & exec 3<&- 2>&-; wait $!";
        let mut shell = Command::new("/bin/sh")
            .args([&["-c", SCRIPT, "sh"], words].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = shell.stdin.take();
        let output = BufReader::new(shell.stdout.take().expect("its output"));
        let mut guest = Guest { shell, pid: 0, input, output, over: false };
        guest.pid = guest.line().parse().expect("a PID");
        guest
    }

    /// Its next line of output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("output");
        line.trim_end().to_owned()
    }

    /// Its next byte of output.
    pub fn byte(&mut self) -> u8 {
        let Some(&byte) = self.output.fill_buf().expect("output").first() else {
            panic!("it has ended with {:?}", self.shell.wait());
        };
        self.output.consume(1);
        byte
    }

    /// Gives it the line that it waits for.
    pub fn tell(&mut self) {
        self.input.as_mut().expect("an input").write_all(b"go\n").expect("it listens");
    }

    pub fn close_input(&mut self) {
        self.input = None;
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid), signal).expect("it lives");
    }

    /// Waits for its end; the status that a shell gives it.
    pub fn end(mut self) -> Option<i32> {
        let status = self.shell.wait().expect("the shell ends");
        self.over = true;
        status.code()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if !self.over {
            // A failed test leaves it running, perhaps stopped; the shell ends with it. 0 would be everybody here.
            if self.pid > 0 {
                let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
            }
            let _ = self.shell.wait();
        }
    }
}

/// `tests/fixtures/attach.c`, compiled.
pub fn fixture() -> String {
    fixtures::fixture("attach")
}

pub fn plan(pids: &[i32]) -> Attach {
    Attach { pids: pids.to_vec(), container: None, tracing: Tracing::default() }
}

/// Attaches; the session's first rows are there when this returns.
pub fn attached(pids: &[i32]) -> Watch {
    let mut watch = Watch::new(attach(plan(pids)).expect("attached"));
    watch.until(|watch| !watch.store.is_empty());
    assert!(watch.started.as_ref().is_some_and(|started| started.attached && started.live && !started.has_terminal));
    watch
}

pub fn refused(pids: &[i32]) -> String {
    let refused: Result<Source, LaunchError> = attach(plan(pids));
    refused.err().expect("attaching fails").to_string()
}

/// Rows of calls of this name, whatever their ABI.
pub fn calls(watch: &Watch, name: &str) -> Vec<(TaskId, CallRow)> {
    let named = |call: &CallRow| sysview::abi::lookup(call.arch, call.nr).is_some_and(|known| known.name == name);
    watch
        .rows()
        .filter_map(|row| match row.kind {
            RowKind::Call(call) if named(&call) => Some((row.task, call)),
            _ => None,
        })
        .collect()
}

/// The value of a line of /proc/PID/status; empty if there is no such process.
pub fn status_of(pid: i32, field: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.unwrap_or_default().trim().to_owned()
}

#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until nobody traces any thread of the process.
#[track_caller]
pub fn until_untraced(pid: i32) {
    wait_until("the end of tracing", || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it lives").flatten();
        threads
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .all(|tid| status_of(tid, "TracerPid") == "0")
    });
}

/// A file in which a busy guest counts, gone at the end of the test.
pub struct Counter {
    path: std::path::PathBuf,
}

impl Counter {
    pub fn new(test: &str) -> Counter {
        Counter { path: std::env::temp_dir().join(format!("sysview-counter-{}-{test}", std::process::id())) }
    }

    pub fn path(&self) -> &str {
        self.path.to_str().expect("a UTF-8 path")
    }

    pub fn value(&self) -> u64 {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        bytes.try_into().map_or(0, u64::from_ne_bytes)
    }

    /// Waits until it has counted on by so many.
    #[track_caller]
    pub fn until_more(&self, more: u64) {
        let from = self.value();
        wait_until("progress", || self.value() >= from + more);
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
