//! The programs in `tests/fixtures`, each a C file with its behaviours, compiled when first used.

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::harness::{Run, plan, refused, run};

const PLAIN: &[&str] = &["-O1", "-pthread"];
const STATIC: &[&str] = &["-O1", "-pthread", "-static"];
/// 32-bit, without a C library: it need not be installed.
const I386: &[&str] =
    &["-m32", "-O1", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector", "-fno-builtin"];

/// The fixture of this name, compiled once per test run.
pub fn fixture(name: &str) -> String {
    compiled(name, PLAIN)
}

/// The same as a program without a dynamic linker; None where the C library has no static form.
pub fn fixture_static(name: &str) -> Option<String> {
    let probe = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("probe-{}", std::process::id()));
    let mut cc = Command::new("cc")
        .args(["-static", "-x", "c", "-o"])
        .arg(&probe)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("cc is there");
    cc.stdin.take().expect("its input").write_all(b"int main(void) { return 0; }").expect("it reads");
    let linked = cc.wait().expect("it ends").success();
    // It is there only if it was linked.
    let _ = std::fs::remove_file(&probe);
    linked.then(|| compiled(name, STATIC))
}

/// A fixture as a static program of musl; None where there is no compiler for it, which is said.
pub fn fixture_musl(name: &str) -> Option<String> {
    // The kernel's headers, which musl has none of.
    const FLAGS: [&str; 7] =
        ["-O1", "-pthread", "-static", "-idirafter", "/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu"];
    made_by("musl-gcc", &FLAGS, &format!("{name}.c"), &format!("{name}-musl"))
}

/// A fixture in Go, likewise.
pub fn fixture_go(name: &str) -> Option<String> {
    made_by("go", &["build"], &format!("{name}.go"), &format!("{name}-go"))
}

fn made_by(compiler: &str, flags: &[&str], source: &str, name: &str) -> Option<String> {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let fresh = place.join(format!("{name}.{}", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(source);
    let made = Command::new(compiler)
        .args(flags)
        .arg("-o")
        .args([&fresh, &source])
        .env("GOCACHE", place.join("go"))
        .env("GOFLAGS", "-mod=mod")
        .env("HOME", &place)
        .status();
    match made {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: {compiler} is not installed, so {name} is not made");
            return None;
        }
        made => assert!(made.expect("the compiler runs").success(), "{source:?} does not compile"),
    }
    let target = place.join(name);
    std::fs::rename(&fresh, &target).expect("rename");
    Some(target.to_str().expect("a UTF-8 path").to_owned())
}

/// A fixture that is a 32-bit program for x86, or None where there is no such thing: on other machines, and under a kernel
/// without it, which refuses to execute the program with and without sysview.
pub fn fixture_i386(name: &str) -> Option<String> {
    if !cfg!(target_arch = "x86_64") {
        return None;
    }
    let program = compiled(name, I386);
    if let Err(error) = Command::new(&program).output() {
        assert_eq!(error.raw_os_error(), Some(libc::ENOEXEC), "{error}");
        assert_eq!(refused(plan(&[&program])).exit_code(), 126);
        return None;
    }
    Some(program)
}

fn compiled(name: &str, flags: &[&str]) -> String {
    static MADE: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);
    // A test that failed here leaves the table as it was.
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let paths = made.get_or_insert_default();
    let made_name = if flags == STATIC { format!("{name}-static") } else { name.to_owned() };
    if let Some(path) = paths.get(&made_name) {
        return path.clone();
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&made_name);
    // Another run may be using the file of that name: put the new one in its place in one step.
    let fresh = target.with_extension(std::process::id().to_string());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/{name}.c"));
    let status = Command::new("cc")
        .args(flags)
        .arg("-o")
        .args([&fresh, &source])
        .status()
        .expect("cc is there, Rust needs it to link");
    assert!(status.success(), "{source:?} does not compile");
    std::fs::rename(&fresh, &target).expect("rename");
    let path = target.to_str().expect("a UTF-8 path").to_owned();
    paths.insert(made_name, path.clone());
    path
}

/// One behaviour of a fixture, run to its end.
pub fn hard(name: &str, words: &[&str]) -> Run {
    let program = fixture(name);
    run(&[&[program.as_str()], words].concat())
}
