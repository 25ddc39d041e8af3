//! Generated profiles: they allow what was recorded and nothing else, in every form; and the program that was recorded
//! runs as before under its own one, installed in the kernel.
//!
//! Left out: container runtimes, whose own calls are added by list and not looked at here.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use sysview::abi;
use sysview::model::{Enter, EventKind};
use sysview::policy::{Action, Context, Form, Judge, Profile, bpf};
use sysview::session::{Item, Reader};

const SYSVIEW: &str = env!("CARGO_BIN_EXE_sysview");

/// Programs that do one thing, several processes, threads of an interpreter.
const PROGRAMS: [&[&str]; 6] = [
    &["true"],
    &["ls", "-l", "/usr"],
    &["cat", "/etc/passwd", "/no/such/file"],
    &["sh", "-c", "ls / | sort | head -3; exit 3"],
    &["python3", "-c", "import threading; t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()"],
    &[
        "python3",
        "-c",
        "import socket, os; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1), os.path.exists('/'))",
    ],
];

/// A file that is gone when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        Scratch(std::env::temp_dir().join(format!("sysview-generate-{}-{name}", std::process::id())))
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Tests that fail early have not written it.
        let _ = fs::remove_file(&self.0);
    }
}

fn run(program: &str, args: &[&str]) -> Output {
    Command::new(program).args(args).stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{program}: {e}"))
}

fn generate(args: &[&str]) -> Output {
    run(SYSVIEW, &[&["profile", "generate"], args].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn native() -> Context {
    let machine = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
    Context::docker("6.18", machine)
}

fn judge(file: &Scratch, form: Form) -> Judge {
    let bytes = fs::read(&file.0).expect("a generated profile");
    let profile = Profile::parse_as(&bytes, file.path(), form).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(profile.warnings(), [], "{form:?}");
    profile.resolve(&native()).unwrap_or_else(|e| panic!("{e}"))
}

/// Every call of a recording.
fn calls(file: &Scratch) -> Vec<Enter> {
    let mut reader = Reader::open(File::open(&file.0).expect("a recording"), file.path()).expect("a recording");
    let mut calls = Vec::new();
    while let Some(items) = reader.read().expect("a whole recording") {
        for item in items {
            let Item::Batch(batch) = item else { continue };
            calls.extend(batch.events.into_iter().filter_map(|event| match event.kind {
                EventKind::Enter(enter) => Some(enter),
                _ => None,
            }));
        }
    }
    calls
}

fn record(name: &str, command: &[&str]) -> Scratch {
    let file = Scratch::new(name);
    let output = run(SYSVIEW, &[&["record", "-o", file.path(), "--"], command].concat());
    assert!(output.status.code().is_some_and(|code| code < 125), "{}", text(&output.stderr));
    file
}

#[test]
fn every_form_allows_what_was_recorded_and_not_what_was_not() {
    let recordings = [record("ls", PROGRAMS[1]), record("python", PROGRAMS[5])];
    let calls: Vec<Enter> = recordings.iter().flat_map(calls).collect();
    assert!(calls.len() > 100, "{} calls", calls.len());
    for form in Form::ALL {
        let profile = Scratch::new(form.name());
        let paths: Vec<&str> = recordings.iter().map(Scratch::path).collect();
        let output = generate(&[&["--format", form.name(), "-o", profile.path()], paths.as_slice()].concat());
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), ""), "{}", text(&output.stderr));
        let judge = judge(&profile, form);
        let program = bpf::compile(&judge).expect("a program");
        program.check().expect("a program that the kernel takes");
        let answer = |arch, nr, args: &[u64; 6]| {
            let (ret, _) = program.run(&bpf::Data::of(arch, nr, args)).expect("an answer");
            let verdict = judge.verdict(arch, nr, args);
            assert_eq!(ret, verdict.to_ret(), "{form:?}: the interpreter and the judge about {nr}");
            verdict.action
        };
        for call in &calls {
            assert_eq!(answer(call.arch, call.nr, &call.args), Action::Allow, "{form:?}: {call:?}");
        }
        let arch = native().arch;
        for name in ["mount", "ptrace", "bpf", "init_module", "listen", "mq_open"] {
            let nr = abi::number(arch, name).expect("a call");
            assert!(answer(arch, nr, &[0; 6]).blocks(), "{form:?}: {name}");
        }
        // The default action is for every other number; only a container runtime answers ENOSYS to those that it does not know.
        let errno = match form {
            Form::Minijail => None,
            Form::Bpf | Form::Podman | Form::Systemd | Form::Seccompiler => Some(1),
            _ => Some(38),
        };
        assert_eq!(answer(arch, 9999, &[0; 6]).errno(), errno, "{form:?}");
        // Another family of sockets is another argument, where the form can say so.
        let pair = abi::number(arch, "socketpair").expect("a call");
        assert_eq!(answer(arch, pair, &[10, 1, 0, 0, 0, 0]).blocks(), form != Form::Systemd, "{form:?}");
    }
}

#[test]
fn programs_run_as_before_under_their_own_profile() {
    let under = Scratch::new("under");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/under.c");
    let status = Command::new("cc").args(["-O1", "-Wall", "-Wextra", "-o", under.path()]).arg(source).status();
    assert!(status.expect("cc, which Rust links with").success());
    for (at, command) in PROGRAMS.iter().enumerate() {
        let filter = Scratch::new(&format!("filter-{at}"));
        let plain = run(command[0], &command[1..]);
        let traced = generate(&[&["--format", "bpf", "-o", filter.path(), "--"], *command].concat());
        assert_eq!(
            (traced.status.code(), text(&traced.stdout)),
            (plain.status.code(), text(&plain.stdout)),
            "{command:?}"
        );
        let filtered = run(under.path(), &[&[filter.path()], *command].concat());
        let shown = |output: &Output| (output.status.code(), text(&output.stdout), text(&output.stderr));
        assert_eq!(shown(&filtered), shown(&plain), "{command:?}");
    }
    // What the first one never did fails under its profile.
    let (filter, never) = (Scratch::new("filter-true"), Scratch::new("never"));
    generate(&["--format", "bpf", "-o", filter.path(), "--", "true"]);
    let denied = run(under.path(), &[filter.path(), "mkdir", never.path()]);
    assert!(!denied.status.success() && !never.0.exists(), "{denied:?}");
}

#[test]
fn each_rule_says_why_it_is_there() {
    let profile = Scratch::new("why");
    let output = generate(&["-o", profile.path(), "--portable", "--", "true"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("calls that docker-default allows"), "{}", text(&output.stderr));
    let written = fs::read_to_string(&profile.0).expect("a profile");
    for part in [
        "recorded once, by true (",
        "added for libc and the kernel: returns from a signal handler",
        "added for the container runtime: drops capabilities",
        "added for other libcs, kernels and architectures: stands for openat, which is recorded",
        "(since Linux 5.6",
        "not on aarch64",
    ] {
        assert!(written.contains(part), "{part}:\n{written}");
    }
    // Siblings of what was seen are in, families of which nothing was seen are not.
    let judge = judge(&profile, Form::Docker);
    for (name, runs) in [("open", true), ("openat2", true), ("statx", true), ("clone3", false), ("rename", false)] {
        // Not every machine has the old ones.
        let Some(nr) = abi::number(native().arch, name) else { continue };
        assert_eq!(!judge.verdict(native().arch, nr, &[0; 6]).action.blocks(), runs, "{name}");
    }
}

#[test]
fn what_cannot_be_made_is_told() {
    for (args, words) in [
        (vec![], "nothing to make a profile of"),
        (vec!["--format", "dockr", "--", "true"], "did you mean docker?"),
        (vec!["--default", "EPREM", "--", "true"], "write an error's name"),
        (vec!["/no/such/recording"], "/no/such/recording: cannot be read"),
        (vec!["/etc/passwd"], "/etc/passwd"),
    ] {
        let output = generate(&args);
        assert!(!output.status.success(), "{args:?}");
        assert!(text(&output.stderr).contains(words), "{args:?}: {}", text(&output.stderr));
    }
}
