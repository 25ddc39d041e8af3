//! Programs that would run with more rights if nobody traced them say so; others do not.

use std::path::PathBuf;
use std::process::Command;

use nix::unistd::Uid;
use sysview::capture::{Identity, launch};
use sysview::model::{Dropped, RowKind, Warning};

use crate::harness::*;
use crate::less::{NO_PTRACE, NOBODY, log};

/// Programs that are set-user-ID root on Debian and its kin, one of them at least everywhere.
const SET_USER_ID: [&str; 6] =
    ["/usr/bin/su", "/bin/su", "/usr/bin/mount", "/usr/bin/passwd", "/usr/bin/chsh", "/usr/bin/newgrp"];

fn set_user_id() -> &'static str {
    let is_one = |path: &&&str| {
        std::fs::metadata(path).is_ok_and(|file| std::os::unix::fs::MetadataExt::mode(&file) & 0o4000 != 0)
    };
    SET_USER_ID.iter().find(is_one).expect("a set-user-ID program")
}

fn warnings(run: &Run) -> Vec<Warning> {
    let warning = |row: sysview::model::Row| match row.kind {
        RowKind::Warning(warning) => Some(warning),
        _ => None,
    };
    run.rows().filter_map(warning).collect()
}

/// Runs a command as an ordinary user: whoever may change its user ID keeps what a file gives even under a tracer.
fn run_as_nobody(command: &[&str]) -> Run {
    let mut launch_plan = plan(command);
    launch_plan.setup.user = Identity::of("nobody").ok();
    assert_eq!(launch_plan.setup.user.is_some(), Uid::effective().is_root());
    collect(launch(launch_plan).expect("launch"))
}

fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("the field");
    u64::from_str_radix(line.trim(), 16).expect("a number")
}

fn may_trace_all() -> bool {
    status("CapEff") & (1 << 19) != 0
}

/// What the tests' own process makes of a set-user-ID program.
fn expected() -> Vec<Warning> {
    if status("NoNewPrivs") == 1 {
        vec![Warning::PrivilegesDropped(Dropped::NoNewPrivs)]
    } else if may_trace_all() {
        Vec::new()
    } else {
        vec![Warning::PrivilegesDropped(Dropped::Traced)]
    }
}

#[test]
fn a_set_user_id_program_that_lacks_its_privileges_says_so_after_its_exec() {
    let run = run_as_nobody(&[set_user_id(), "--help"]);
    assert_eq!(warnings(&run), expected());
    if let Some(at) = run.rows().position(|row| matches!(row.kind, RowKind::Warning(_))) {
        assert!(matches!(run.rows().nth(at - 1).expect("a row").kind, RowKind::Exec(_)));
    }
}

#[test]
fn no_new_privs_is_the_reason_where_it_is_set() {
    let run = run_as_nobody(&["setpriv", "--no-new-privs", set_user_id(), "--help"]);
    assert_eq!(warnings(&run), [Warning::PrivilegesDropped(Dropped::NoNewPrivs)]);
}

#[test]
fn ordinary_programs_and_owners_say_nothing() {
    assert_eq!(warnings(&sh("ls /; exec true")), []);
    // Whoever owns the file has its user ID already.
    let own = Copy::of("own", 0o4755);
    assert_eq!(warnings(&run(&[own.path(), "-u"])), []);
}

/// A copy of id(1), where everybody can reach it.
struct Copy(PathBuf);

impl Copy {
    fn of(name: &str, mode: u32) -> Copy {
        let copy = std::env::temp_dir().join(format!("sysview-{name}-{}", std::process::id()));
        // A shell writes it, so that no other test's fork holds it open for writing when it is executed.
        let script = format!("install -m {mode:o} $(command -v id) {}", copy.display());
        assert!(Command::new("/bin/sh").args(["-c", &script]).status().expect("sh runs").success());
        Copy(copy)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    /// The user that it finds itself to be without sysview: not root where the file system is mounted nosuid.
    fn alone(&self) -> String {
        let output = Command::new("setpriv").args(NOBODY).args([self.path(), "-u"]).output().expect("setpriv runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const TRACED: &str = "because it is traced by a user without CAP_SYS_PTRACE";

#[test]
fn an_ordinary_user_is_told_even_of_a_file_that_cannot_be_read() {
    // Without root the owner of a copy is the user, and it gives nothing.
    let is_root = Uid::effective().is_root();
    for mode in [0o4755, 0o4711] {
        let copy = Copy::of(&format!("mode-{mode:o}"), mode);
        let gains = is_root && copy.alone() == "0\n" && status("NoNewPrivs") == 0;
        let (log, output) = log(NOBODY, &["--", "/bin/sh", "-c", &format!("{} -u; true", copy.path())]);
        assert_eq!(output, format!("{}\n", if is_root { 65534 } else { Uid::effective().as_raw() }));
        assert_eq!(log.contains(TRACED), gains, "{mode:o}: {log}");
    }
}

#[test]
fn root_without_the_right_to_trace_is_told_too() {
    if !Uid::effective().is_root() {
        // Then the first test has seen what there is to see.
        assert!(!may_trace_all());
        return;
    }
    let (log, _) = log(NO_PTRACE, &["-u", "nobody", "--", set_user_id(), "--help"]);
    assert!(log.contains(TRACED), "{log}");
}

#[test]
fn file_capabilities_count_like_the_set_user_id_bit() {
    let copy = Copy::of("capable", 0o755);
    // Revision 2 with CAP_NET_RAW, permitted and effective.
    let script = "import os, sys, struct\n\
                  os.setxattr(sys.argv[1], 'security.capability', struct.pack('<5I', 0x02000001, 1 << 13, 0, 0, 0))";
    let set = Command::new("python3").args(["-c", script, copy.path()]).output().expect("python3 runs");
    let capable = status("CapEff") & (1 << 31) != 0;
    assert_eq!(set.status.success(), capable, "{}", String::from_utf8_lossy(&set.stderr));
    let run = run_as_nobody(&["setpriv", "--no-new-privs", copy.path(), "-u"]);
    let lacks = capable && status("CapBnd") & (1 << 13) != 0 && !may_be_no_suid(&copy);
    let expected: &[Warning] = if lacks { &[Warning::PrivilegesDropped(Dropped::NoNewPrivs)] } else { &[] };
    assert_eq!(warnings(&run), expected);
}

fn may_be_no_suid(copy: &Copy) -> bool {
    let flags = nix::sys::statvfs::statvfs(&copy.0).expect("a file system").flags();
    flags.contains(nix::sys::statvfs::FsFlags::ST_NOSUID)
}
