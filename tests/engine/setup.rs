//! A program with another user, other variables, another directory. What needs root is, without root, a refusal.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use nix::unistd::Uid;
use sysview::capture::{Identity, Launch, launch, resolve_from};

use crate::harness::*;

/// Whoever has no rights, on every Linux.
const USER: &str = "nobody";

/// A plan with this user, or None where only root could: then the refusal was checked.
fn as_user(command: &[&str]) -> Option<Launch> {
    let identity = Identity::of(USER);
    if !Uid::effective().is_root() {
        let error = identity.expect_err("only root may");
        assert_eq!(error.exit_code(), 1);
        assert!(error.to_string().contains("sudo sysview -u nobody"), "{error}");
        return None;
    }
    let mut launch = plan(command);
    launch.setup.user = Some(identity.expect("the user exists"));
    Some(launch)
}

/// The same without sysview.
fn native(command: &[&str]) -> String {
    let output = Command::new("setpriv")
        .args(["--reuid", USER, "--regid", &gid(), "--init-groups"])
        .args(command)
        .output()
        .expect("setpriv of util-linux runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn gid() -> String {
    Identity::of(USER).expect("the user exists").gid.to_string()
}

fn may_trace_all() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("status");
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("CapEff");
    u64::from_str_radix(set.trim(), 16).expect("a mask") & (1 << 19) != 0
}

#[test]
fn a_user_comes_with_all_ids_and_groups_and_no_capabilities() {
    const SCRIPT: &str = "id; grep -E '^(Uid|Gid|Groups|Cap(Prm|Eff))' /proc/self/status";
    let Some(launch_plan) = as_user(&["/bin/sh", "-c", SCRIPT]) else { return };
    let run = collect(launch(launch_plan).expect("launch"));
    assert_eq!(run.text(), native(&["/bin/sh", "-c", SCRIPT]));
    assert!(run.text().contains("CapEff:\t0000000000000000"), "{}", run.text());
}

#[test]
fn a_user_owns_the_terminal() {
    let Some(launch_plan) = as_user(&["/bin/sh", "-c", "echo opened > $(tty)"]) else { return };
    let run = collect(launch(launch_plan).expect("launch"));
    assert_eq!(run.text(), "opened\n");
}

#[test]
fn set_user_id_programs_gain_their_privileges_as_without_a_tracer() {
    let copy = std::env::temp_dir().join(format!("sysview-set-user-id-{}", std::process::id()));
    let path = copy.to_str().expect("UTF-8");
    let Some(launch_plan) = as_user(&["/bin/sh", "-c", &format!("{path} -u")]) else { return };
    let made = Command::new("/bin/sh").args(["-c", &format!("install -m 4755 $(command -v id) {path}")]).status();
    assert!(made.expect("sh runs").success());
    let traced = collect(launch(launch_plan).expect("launch")).text();
    let alone = native(&[path, "-u"]);
    std::fs::remove_file(&copy).expect("removed");
    // execve(2) asks whether the tracer has CAP_SYS_PTRACE, which root in a container may lack.
    let expected = if may_trace_all() { alone } else { format!("{}\n", Identity::of(USER).expect("the user").uid) };
    assert_eq!(traced, expected);
}

#[test]
fn a_directory_that_the_user_may_not_enter_is_told() {
    let Some(mut launch_plan) = as_user(&["/bin/true"]) else { return };
    let closed = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("closed-{}", std::process::id()));
    std::fs::create_dir_all(&closed).expect("a directory");
    std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("closed");
    launch_plan.setup.directory = Some(closed.clone());
    let error = refused(launch_plan);
    std::fs::remove_dir(&closed).expect("removed");
    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().contains("Permission denied for user nobody"), "{error}");
}

#[test]
fn a_directory_that_went_away_is_told() {
    let mut launch_plan = plan(&["/bin/true"]);
    launch_plan.setup.directory = Some("/no/such/dir".into());
    let error = refused(launch_plan);
    assert!(error.to_string().contains("directory /no/such/dir: No such file"), "{error}");
}

#[test]
fn variables_and_the_directory_are_the_programs_own() {
    let mut launch_plan = plan(&["/bin/sh", "-c", "echo $PWD, $SYSVIEW_MADE, ${HOME-none}, $TERM, $0"]);
    let set = |name: &str, value: Option<&str>| (OsString::from(name), value.map(OsString::from));
    launch_plan.setup.variables =
        vec![set("SYSVIEW_MADE", Some("a=b")), set("HOME", None), set("PWD", None), set("TERM", Some("vt100"))];
    launch_plan.setup.directory = Some("/usr".into());
    launch_plan.argv.push("zero".into());
    let run = collect(launch(launch_plan).expect("launch"));
    assert_eq!(run.text(), "/usr, a=b, none, vt100, zero\n");
    assert!(run.calls_named("chdir").is_empty(), "the preparation is not the program's");
}

#[test]
fn a_command_is_found_as_from_the_directory() {
    let from = |directory: &str, command: &str| resolve_from(directory.as_ref(), command.as_ref());
    assert_eq!(from("/usr", "bin/env").expect("found"), PathBuf::from("bin/env"));
    assert_eq!(from("/usr/share", "bin/env").unwrap_err().exit_code(), 127);
    let mut launch_plan = plan(&["/bin/true"]);
    launch_plan.program = "bin/env".into();
    launch_plan.setup.directory = Some("/usr".into());
    assert_eq!(collect(launch(launch_plan).expect("launch")).end.exit_code(), 0);
}
