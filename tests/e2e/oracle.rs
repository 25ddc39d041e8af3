//! What strace prints is what `sysview log` prints, byte by byte but for numbers that change from run to run.
//!
//! What strace 6.1 printed is kept in `tests/e2e/strace`, so the tests need no strace; where that version is installed,
//! it is asked again. `SYSVIEW_REDRAW=1` writes the files anew from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::pty::SYSVIEW;

/// The fixture program, compiled once per test run.
pub fn lines() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lines");
        // Another run may be using the file of that name: put the new one in its place in one step.
        let fresh = made.with_extension(std::process::id().to_string());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lines.c");
        let status = Command::new("cc").args(["-O1", "-pthread", "-o"]).args([&fresh, &source]).status();
        assert!(status.expect("cc is there, Rust needs it to link").success(), "tests/fixtures/lines.c");
        fs::rename(&fresh, &made).expect("rename");
        made
    })
}

/// The version that the kept files are from.
const VERSION: &str = "6.1";

fn strace_is_here() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(|| {
        let said = Command::new("strace").arg("-V").output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&said).starts_with(&format!("strace -- version {VERSION}\n"))
    })
}

/// Comparisons: a behaviour of the fixture under options that both understand.
pub struct Oracle<'a> {
    /// Of the kept file.
    pub name: &'a str,
    pub behaviour: &'a str,
    /// strace does not follow unless told, sysview does unless told.
    pub follow: bool,
    /// Options of one run each, separated by spaces.
    pub runs: &'a [&'a str],
}

impl Oracle<'_> {
    fn output(&self, tracer: &str, own: &[&str], options: &str) -> String {
        comparable(&run(tracer, &[own, &options.split(' ').collect::<Vec<_>>()].concat(), self.behaviour))
    }

    /// Panics with both texts if they differ.
    #[track_caller]
    pub fn check(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/strace").join(self.name);
        let redraw = std::env::var_os("SYSVIEW_REDRAW").is_some();
        let mut texts = String::new();
        for options in self.runs {
            let ours = self.output(SYSVIEW, if self.follow { &["log"] } else { &["log", "--no-follow"] }, options);
            if strace_is_here() {
                let theirs = self.output(&strace(), if self.follow { &["-f"] } else { &[] }, options);
                self.compare("strace", options, &as_newer(&theirs), &ours);
            }
            texts.push_str(&format!("$ {options}\n{ours}"));
        }
        if redraw && strace_is_here() {
            fs::write(&path, &texts).expect("written");
        }
        let kept = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        self.compare("the kept text", "", &kept, &texts);
    }

    #[track_caller]
    fn compare(&self, whose: &str, options: &str, expected: &str, ours: &str) {
        assert!(expected == ours, "{}: {options}\n{whose}:\n{expected}\nsysview:\n{ours}", self.name);
    }
}

/// What strace 6.1 prints, as strace 7 does: the data of an epoll event as one number.
fn as_newer(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, union)) = rest.split_once("data={u32=") {
        let (members, after) = union.split_once('}').expect("the end of the union");
        let (_, whole) = members.split_once(", u64=").expect("its second member");
        let whole: u64 = whole.parse().expect("a number");
        out.push_str(&format!("{before}data={whole:#x}"));
        rest = after;
    }
    out + rest
}

/// A behaviour of the fixture under a tracer.
fn run(tracer: &str, options: &[&str], behaviour: &str) -> Output {
    let mut command = Command::new(tracer);
    command.args(options).arg("--").arg(lines()).arg(behaviour);
    // The number of variables is on the line of the execve.
    command.env_clear().env("PATH", "/bin").current_dir("/").stdin(Stdio::null());
    command.output().expect("it runs")
}

/// What sysview says first to an ordinary user who asked for some calls only.
pub const NOT_ROOT: &str = "sysview: Unwanted calls pass at full speed, and for that the program has no_new_privs set: \
    set-user-ID programs gain no privileges in it. As root, or with --no-call-filter, it does without.\n";

/// By its full name, because the programs under it get a PATH of their own.
fn strace() -> String {
    let output = Command::new("sh").args(["-c", "command -v strace"]).output().expect("sh runs");
    String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
}

/// What was printed from `begin` on, without what differs between runs: numbers of tasks, addresses, times.
fn comparable(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).expect("ASCII");
    let text = text.trim_start_matches(NOT_ROOT);
    let begin = text.lines().position(|line| line.contains("personality(0xffffffff)"));
    text.lines().skip(begin.map_or(0, |line| line + 1)).map(|line| without_numbers(line) + "\n").collect()
}

/// `#` for every decimal number of four digits or more, every address, and what a signal tells of its sender.
fn without_numbers(line: &str) -> String {
    let mut out = String::new();
    let changes =
        ["si_pid=", "kill(", "getpid() = ", "PID=", "si_uid=", "si_utime=", "si_stime=", "pipe:[", "socket:["];
    let mut rest = line;
    if let Some((_, after)) = line.strip_prefix("[pid ").and_then(|task| task.split_once(']')) {
        out.push_str("[pid #]");
        rest = after;
    }
    while let Some(at) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = &rest[..end];
        let plain = word.len() > 8 && word.bytes().all(|b| b.is_ascii_hexdigit()) && out.ends_with('[');
        let address = plain || word.strip_prefix("0x").is_some_and(|digits| digits.len() > 8);
        let number = word.len() >= 4 && word.bytes().all(|b| b.is_ascii_digit());
        let told = changes.iter().any(|field| out.ends_with(field));
        out.push_str(if address || number || told { "#" } else { word });
        rest = &rest[end..];
    }
    out + rest
}

#[test]
fn only_the_first_task_is_shown_where_nobody_is_followed() {
    // When the thread's end is told depends on the weather.
    let runs = &["-e trace=umask,getpriority,sched_yield,exit_group -qq"];
    Oracle { name: "alone", behaviour: "family", follow: false, runs }.check();
    Oracle { name: "family", behaviour: "family", follow: true, runs }.check();
}

#[test]
fn what_is_read_and_written_is_dumped() {
    let runs = &["-e read=all -e write=all", "-e r=6 -e writes=!4,5 -e trace=recvmsg,write,pwrite64"];
    Oracle { name: "dumps", behaviour: "dumps", follow: false, runs }.check();
}

#[test]
fn calls_are_tampered_with() {
    let runs = &[
        "-e trace=/priority -e inject=sched_get_priority_max:error=EPERM",
        "-e trace=/priority -e inject=getpriority:error=4095:when=2",
        "-e trace=/priority -e inject=getpriority,sched_get_priority_max:error=enoent:when=2..3",
        "-e trace=/priority -e inject=all:error=EIO:when=1+2",
        "-e trace=/priority -e inject=/priority:error=EIO:when=3+",
        "-e trace=/priority -e inject=!sched_get_priority_max,exit_group,exit:retval=7",
        "-e trace=/priority -e inject=sched_get_priority_max:retval=0x7fff:when=1..3+2",
        "-e trace=/priority -e fault=getpriority -e inject=sched_get_priority_max:retval=0",
        "-e trace=sched_get_priority_max -e inject=getpriority:error=1",
        "-e trace=/priority -e inject=sched_get_priority_max:retval=3:syscall=getppid",
        "-e trace=/priority -e inject=sched_get_priority_max:delay_enter=1:delay_exit=2us:when=2",
        "-e trace=/priority -e inject=sched_get_priority_max:retval=5:delay_exit=10ns",
        "-e trace=/priority -e inject=sched_get_priority_max:signal=USR1:when=2",
        "-e trace=/priority -e inject=getpriority:signal=10:error=EBADF:when=1",
        "-e trace=/priority -e inject=getpriority:signal=SIGKILL:when=3",
        "-e trace=/priority -e inject=getpriority,sched_get_priority_max:error=EIO -e inject=sched_get_priority_max:error=EBADF",
        "-e trace=personality,sched_get_priority_max,exit_group -e inject=exit_group:error=EIO:when=1",
        "-e trace=exit_group -e fault=all:when=900",
    ];
    Oracle { name: "inject", behaviour: "steady", follow: false, runs }.check();
}

#[test]
fn calls_can_be_shown_raw_abbreviated_or_not_followed() {
    let runs = &[
        "-a0 -e raw=all -e trace=!openat,fcntl",
        "-e raw=/^read,umask -e status=all",
        "-e x=%desc -e trace=!openat,fcntl,umask",
        "-e verbose=none",
        "-e verbose=!poll -e trace=poll,writev",
        "-e abbrev=!execve -e trace=personality,execve,writev",
        "-v -e trace=personality,execve",
        "-xx -e v=execve -e trace=personality,execve,read,poll,rt_sigprocmask",
    ];
    Oracle { name: "kinds", behaviour: "kinds", follow: false, runs }.check();
}

#[test]
fn names_of_arguments_are_those_of_the_manual_pages() {
    let output = run(SYSVIEW, &["log", "-qN", "-e", "openat,writev,umask"], "kinds");
    let text = String::from_utf8(output.stderr).expect("ASCII");
    for line in [
        "openat(dirfd=AT_FDCWD, path=\"/dev/null\", flags=O_WRONLY|O_CLOEXEC) = 3\n",
        "writev(fd=5, iov=[{iov_base=\"abc\", iov_len=3}], iovcnt=1) = 3\n",
        "umask(mask=022)                         = 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn descriptors_are_shown_with_what_is_behind_them() {
    let runs = &[
        "-y",
        "-y -e trace=personality,dup2,poll",
        "-y -xx -e trace=personality,openat,fchdir",
        "-y -x -e trace=personality,ftruncate",
        "-yy -e trace=personality,openat,newfstatat,dup2",
    ];
    Oracle { name: "descriptors", behaviour: "descriptors", follow: false, runs }.check();
}

#[test]
fn calls_are_chosen_by_what_they_are_about() {
    let runs = &[
        "-P /dev/null",
        "-q -P /dev -P /no/such/file -e trace=!mmap",
        "-y -P /dev/null -e trace=%desc -e inject=dup2:error=EIO",
        "-P null -e trace=%file",
    ];
    Oracle { name: "about", behaviour: "descriptors", follow: false, runs }.check();
}

#[test]
fn calls_are_chosen_by_the_descriptors_they_are_given() {
    let output = run(SYSVIEW, &["log", "-q", "-a0", "--trace-fds", "6,20"], "descriptors");
    let text = String::from_utf8(output.stderr).expect("ASCII");
    for line in [
        "dup2(3, 20) = 20\n",
        "close(20) = 0\n",
        "poll([{fd=6, events=POLLOUT}, {fd=-1}], 2, 0) = 1 ([{fd=6, revents=POLLOUT}])\n",
        "select(7, NULL, [4 6], NULL, {tv_sec=0, tv_usec=0}) = ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("openat(") && !text.contains("fchdir("), "{text}");
}

#[test]
fn a_change_of_abi_is_announced() {
    let runs = &[
        "-e quiet=attach",
        "-q -e trace=personality,umask",
        "-n -i -a90 -e trace=personality,umask -e quiet=attach,exit",
        "-e status=successful -e trace=personality,umask -e quiet=attach",
        "-e quiet=personality,attach -e trace=personality,umask",
    ];
    Oracle { name: "abis", behaviour: "abis", follow: false, runs }.check();
}

#[test]
fn constants_are_shown_by_name_by_number_or_both() {
    // Whose keys and queues there are is the machine's business.
    let runs = &["-X raw", "-X verbose", "-X abbrev", "-X verbose -y -e trace=%file,personality"]
        .map(|options| format!("{options} -e inject=msgget,kcmp,quotactl:error=EPERM -a0"));
    let runs: Vec<&str> = runs.iter().map(String::as_str).collect();
    Oracle { name: "constants", behaviour: "constants", follow: false, runs: &runs }.check();
    let runs = &["-X raw -e trace=umask,exit_group -qq", "-X verbose -e trace=umask,exit_group -qq"];
    Oracle { name: "constants-of-signals", behaviour: "family", follow: false, runs }.check();
}

#[test]
fn processes_have_their_names_beside_their_numbers() {
    let output = run(SYSVIEW, &["log", "-qqY", "-e", "kill,waitid,exit_group"], "relatives");
    let text: String = String::from_utf8(output.stderr).expect("ASCII").lines().map(plain).collect();
    // A child that ended and is still there has a name, one that is gone has none.
    for line in [
        "kill(#<a\\74child\\76>, 0) = 0\n",
        "kill(#<lines>, 0) = 0\n",
        "kill(#, 0) = -1 ESRCH (No such process)\n",
        "exit_group(7) = ?\n",
        "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=#<a\\74child\\76>, ",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(text.contains("waitid(P_PID, #<"), "{text}");
    assert!(text.contains("waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=#, "), "{text}");
}

/// A line without its task, numbers of tasks and the blanks before the result.
fn plain(line: &str) -> String {
    let line = line.split_once("] ").filter(|(start, _)| start.starts_with("[pid ")).map_or(line, |(_, rest)| rest);
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let line = words.join(" ");
    let mut out = String::new();
    let mut digits = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let told = ["(", "si_pid=", "si_uid="].iter().any(|field| out.ends_with(field)) && digits.len() > 1;
        out.push_str(if told || out.ends_with("P_PID, ") || digits.len() > 3 { "#" } else { &digits });
        digits.clear();
        out.push(c);
    }
    out
}
