//! Every call of x86-64 and of i386, made in many ways, and its line: the fixture makes each with arguments of one kind
//! and the tracer answers in the kernel's place, so nothing runs and every run is the same for every user.
//!
//! What is kept in `tests/every_call` are the lines for bad pointers, an error, success, all flags and small numbers.
//! Where strace 6.1 is installed, all ways are compared with what it prints, line by line; `NEWER` says which calls may
//! differ because strace 6.1 is older than the kernel that they are of.
//! `SYSVIEW_REDRAW=1` writes the files anew, from lines that were just compared.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sysview::abi::Arch;
use sysview::decode;

const SYSVIEW: &str = env!("CARGO_BIN_EXE_sysview");

/// Calls whose lines are not strace 6.1's: it does not know constants or fields that newer kernels have, and its
/// successors name them.
const NEWER: [&str; 59] = [
    "dup3",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "fallocate",
    "fanotify_init",
    "fanotify_mark",
    "fsmount",
    "futex_waitv",
    "get_mempolicy",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "kexec_file_load",
    "kexec_load",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "mbind",
    "memfd_create",
    "mmap",
    "mmap2",
    "move_mount",
    "move_pages",
    "mq_open",
    "name_to_handle_at",
    "open",
    "open_by_handle_at",
    "open_tree",
    "openat",
    "openat2",
    "pidfd_open",
    "pidfd_send_signal",
    "pipe2",
    "pkey_alloc",
    "preadv2",
    "pwritev2",
    "reboot",
    "recvfrom",
    "recvmmsg",
    "recvmmsg_time64",
    "recvmsg",
    "remap_file_pages",
    "renameat2",
    "rseq",
    "sched_getattr",
    "sched_getparam",
    "sched_getscheduler",
    "sched_setattr",
    "sched_setparam",
    "sched_setscheduler",
    "seccomp",
    "sendfile",
    "sendfile64",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "set_tid_address",
    "statx",
];

/// Calls that the fixture does not make: why, and which ends they have among the cases of `tests/decode`, as these write
/// them. 14 is EFAULT.
const NOT_MADE: [(&str, &[&str], &[&str]); 5] = [
    ("a task begins with it", &["clone3"], &["ret ", "err 22", "err 14"]),
    ("a task begins with it; its pointers are not read before", &["clone", "fork", "vfork"], &["ret ", "err "]),
    ("a task ends with it", &["exit", "exit_group"], &["never"]),
    ("the program would become another", &["execve", "execveat"], &["ret ", "err 2", "err 14"]),
    ("without arguments it tells of an earlier call", &["restart_syscall", "rt_sigreturn", "sigreturn"], &[""]),
];

/// The kinds of arguments that the fixture has, with the tracer's answers.
const KEPT: [(&str, &str, &str); 5] = [
    ("bad-pointers", "b", "error=EFAULT"),
    ("error", "t", "error=ENOENT"),
    ("success", "t", "retval=1"),
    ("all-flags", "m", "error=EINVAL"),
    ("numbers", "n", "error=EPERM"),
];
const COMPARED: [(&str, &str); 7] = [
    ("0", "error=EBADF"),
    ("0", "retval=0"),
    ("n", "retval=3"),
    ("f", "error=EAGAIN"),
    ("z", "retval=1"),
    ("b", "retval=0"),
    ("t", "retval=0"),
];

fn fixture() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("every");
        // Another run may be using the file of that name: put the new one in its place in one step.
        let fresh = made.with_extension(std::process::id().to_string());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/every.c");
        let flags =
            ["-O1", "-static", "-nostdlib", "-no-pie", "-fno-stack-protector", "-Wl,-Ttext-segment=0x400000", "-o"];
        let status = Command::new("cc").args(flags).args([&fresh, &source]).status();
        assert!(status.expect("cc is there, Rust needs it to link").success(), "tests/fixtures/every.c");
        fs::rename(&fresh, &made).expect("rename");
        made
    })
}

/// The lines of all calls under a tracer that answers to them.
fn lines(tracer: &str, own: &[&str], abi: &str, kind: &str, answer: &str) -> Vec<String> {
    static LOGS: AtomicU32 = AtomicU32::new(0);
    let number = LOGS.fetch_add(1, Ordering::Relaxed);
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("every-{}-{number}", std::process::id()));
    let mut command = Command::new(tracer);
    command.args(own).arg("-o").arg(&out).args(["-a0", "-e", "quiet=attach,personality,exit"]);
    command.args(["-e", "trace=!execve,exit_group", "-e", &format!("inject=!execve,exit_group:{answer}"), "--"]);
    command.arg(fixture()).args([abi, kind]).args((tracer != SYSVIEW).then_some("known"));
    let run = command.env_clear().env("PATH", "/usr/bin:/bin").stdin(Stdio::null()).output().expect("it runs");
    let text = fs::read_to_string(&out);
    assert!(run.status.success(), "{tracer}: {run:?}\n{text:?}");
    let text = text.unwrap_or_else(|error| panic!("{error}: {command:?} {run:?}"));
    fs::remove_file(&out).expect("removed");
    text.lines().map(str::to_owned).collect()
}

fn ours(abi: &str, kind: &str, answer: &str) -> Vec<String> {
    lines(SYSVIEW, &["log", "--no-follow"], abi, kind, answer)
}

fn strace_is_here() -> bool {
    let said = Command::new("strace").arg("-V").output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).starts_with("strace -- version 6.1\n")
}

fn name(line: &str) -> &str {
    line.split('(').next().unwrap_or(line)
}

/// The calls whose lines differ from strace's.
fn differing(abi: &str, kind: &str, answer: &str, ours: &[String]) -> Vec<(String, String)> {
    let theirs = lines("strace", &[], abi, kind, answer);
    // Calls that are younger than it are made for us only.
    let known: BTreeSet<&str> = theirs.iter().map(|line| name(line)).collect();
    let ours: Vec<&String> = ours.iter().filter(|line| known.contains(name(line))).collect();
    assert_eq!(ours.len(), theirs.len(), "{abi} {kind} {answer}: not one line for each call");
    let pairs = theirs.iter().zip(ours);
    pairs.filter(|(theirs, ours)| theirs != ours).map(|(theirs, ours)| (theirs.clone(), ours.clone())).collect()
}

fn kept(abi: &str, what: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/every_call").join(format!("{what}.{abi}"))
}

#[test]
fn every_call_has_its_line_for_bad_pointers_for_an_error_and_for_success() {
    for abi in ["64", "32"] {
        for (what, kind, answer) in KEPT {
            let found = ours(abi, kind, answer).join("\n") + "\n";
            if std::env::var_os("SYSVIEW_REDRAW").is_some() {
                fs::write(kept(abi, what), &found).expect("written");
            }
            let expected = fs::read_to_string(kept(abi, what)).expect("a kept file");
            for (expected, found) in expected.lines().zip(found.lines()) {
                assert_eq!(expected, found, "{what}, {abi} bits");
            }
            assert_eq!(expected.lines().count(), found.lines().count(), "{what}, {abi} bits");
        }
    }
}

#[test]
fn the_lines_are_straces_where_it_is_installed() {
    if !strace_is_here() {
        return;
    }
    let allowed = BTreeSet::from(NEWER);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    let ways = KEPT.iter().map(|&(_, kind, answer)| (kind, answer)).chain(COMPARED);
    for (abi, (kind, answer)) in ways.flat_map(|way| ["64", "32"].map(|abi| (abi, way))) {
        for (theirs, ours) in differing(abi, kind, answer, &ours(abi, kind, answer)) {
            if !allowed.contains(name(&theirs)) || name(&theirs) != name(&ours) {
                wrong.push(format!("{abi} bits, {kind} {answer}\n  strace  {theirs}\n  sysview {ours}"));
            }
            seen.insert(name(&theirs).to_owned());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let idle: Vec<_> = allowed.iter().filter(|name| !seen.contains(**name)).collect();
    assert!(idle.is_empty(), "{idle:?} are strace 6.1's now");
}

#[test]
fn no_call_is_left_out() {
    let mut cases = String::new();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decode")).expect("cases") {
        cases += &(fs::read_to_string(file.expect("entry").path()).expect("a case file") + "\n\n");
    }
    let of = |name: &str| {
        let heads = ["x86_64", "i386"].map(|abi| format!("{abi} {name}"));
        let is_of = move |case: &&str| {
            case.lines().any(|line| {
                heads.iter().any(|head| {
                    line.strip_prefix(head)
                        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
                })
            })
        };
        cases.split("\n\n").filter(is_of).collect::<Vec<_>>()
    };
    for (_, names, ends) in NOT_MADE {
        for (name, end) in names.iter().flat_map(|name| ends.iter().map(move |end| (name, end))) {
            let has = of(name).iter().any(|case| case.lines().any(|line| line.starts_with(end)));
            assert!(has, "no case of {name} ends with `{end}`");
        }
    }
    let not_made: BTreeSet<&str> = NOT_MADE.iter().flat_map(|(_, names, _)| names.iter().copied()).collect();
    for (abi, arch) in [("64", Arch::X86_64), ("32", Arch::I386)] {
        // The bad pointers, the error and the success. Small numbers choose the calls that stand behind ipc(2).
        for (what, ..) in &KEPT[..3] {
            let text = fs::read_to_string(kept(abi, what)).expect("a kept file");
            let made: BTreeSet<&str> = text.lines().map(name).collect();
            let missing: Vec<_> = (0..600)
                .filter(|nr| sysview::abi::lookup(arch, *nr).is_some())
                .map(|nr| decode::call_name(arch, nr))
                .filter(|name| !made.contains(&**name) && !not_made.contains(&**name))
                .collect();
            assert!(missing.is_empty(), "{what}: {missing:?} of {abi} bits: make them in tests/fixtures/every.c");
        }
    }
}
