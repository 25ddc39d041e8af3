//! Runs the real sysview with fewer rights than the tests have: what an ordinary user, or root in a container, sees.

use std::process::Command;

use nix::unistd::Uid;

/// Options of setpriv(1) that make root an ordinary user.
pub const NOBODY: &[&str] = &["--reuid", "65534", "--regid", "65534", "--clear-groups"];
/// Options that leave it root, but as in a container that may not trace.
pub const NO_PTRACE: &[&str] = &["--bounding-set", "-sys_ptrace"];

/// What `sysview log` with these options and command writes to standard error, and the command's output. Without root
/// there are no rights to give up: then the tests' own are as few.
pub fn log(rights: &[&str], words_of_log: &[&str]) -> (String, String) {
    // Opened here: the directories above the program may be closed to nobody.
    const SCRIPT: &str = r#"exec 9<"$1"; shift; exec "$@""#;
    let mut words = vec!["-c", SCRIPT, "sh", env!("CARGO_BIN_EXE_sysview")];
    if Uid::effective().is_root() {
        words.push("setpriv");
        words.extend(rights);
    }
    words.extend(["/proc/self/fd/9", "log"]);
    words.extend(words_of_log);
    let output = Command::new("/bin/sh").args(&words).output().expect("sh and setpriv of util-linux run");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {log}");
    (log, String::from_utf8_lossy(&output.stdout).into_owned())
}
