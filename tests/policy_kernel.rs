//! Verdicts against the kernel: compiled filters are installed in processes of their own (no privilege needed, they set
//! no_new_privs), harmless calls are made under them, and how each ended must be what the judge said.
//!
//! Left out: which rule decided (`policy_cases`), and x32, which kernels are seldom built with; their filters see its
//! numbers all the same.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sysview::abi::{self, Arch};
use sysview::policy::{Action, Context, Profile, bpf, builtin};

const NATIVE: Arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };

/// One call, and what the kernel made of it.
#[derive(Debug, Clone, Copy)]
struct Call {
    arch: Arch,
    nr: u64,
    args: [u64; 6],
}

/// The helper, compiled once.
fn helper() -> &'static Path {
    static HELPER: OnceLock<PathBuf> = OnceLock::new();
    HELPER.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/calls.c");
        let binary = scratch("calls");
        let status = Command::new("cc").args(["-O1", "-Wall", "-Wextra", "-o"]).arg(&binary).arg(source).status();
        assert!(status.expect("cc, which Rust links with").success());
        binary
    })
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("policy-{name}-{}", std::process::id()))
}

/// Runs the calls under filters, the first of which is installed first, and gives the helper's word for each.
fn run(filters: &[&bpf::Program], name: &str, calls: &[Call]) -> Vec<String> {
    let files: Vec<PathBuf> = (0..filters.len()).map(|at| scratch(&format!("{name}-{at}"))).collect();
    for (file, program) in files.iter().zip(filters) {
        fs::write(file, program.to_bytes()).expect("a file for the filter");
    }
    let none = filters.is_empty().then_some("-");
    let mut child = Command::new(helper())
        .args(&files)
        .args(none)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the helper");
    let list: String = calls
        .iter()
        .map(|call| {
            let abi = if call.arch == Arch::I386 { "i386" } else { "native" };
            let args: Vec<_> = call.args.iter().map(|a| format!("{a:x}")).collect();
            format!("{abi} {:x} {}\n", call.nr, args.join(" "))
        })
        .collect();
    child.stdin.take().expect("a pipe").write_all(list.as_bytes()).expect("the helper listens");
    let output = child.wait_with_output().expect("the helper ends");
    assert!(output.status.success(), "{:?}", output.status);
    for file in &files {
        fs::remove_file(file).expect("removed");
    }
    let words: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    assert_eq!(words.len(), calls.len(), "{words:?}");
    words
}

/// Calls that change nothing, whatever they answer: each with a few arguments that rules may look at.
fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    let mut add = |arch, nr: Option<u64>, args: &[u64]| {
        let mut all = [0; 6];
        all[..args.len()].copy_from_slice(args);
        calls.extend(nr.map(|nr| Call { arch, nr, args: all }));
    };
    let mut architectures = vec![NATIVE];
    if has_i386() {
        architectures.push(Arch::I386);
    }
    for arch in architectures {
        for name in ["getppid", "getuid", "gettid", "sched_yield", "uname", "mincore", "keyctl", "bpf", "clone3"] {
            add(arch, abi::number(arch, name), &[]);
        }
        for family in [0, 1, 2, 16, 37, 38, 39, 40, 41, 99, 0xffff_ffff, 0x1_0000_0026] {
            add(arch, abi::number(arch, "socket"), &[family, 1, 0]);
        }
        for persona in [0, 8, 0x20000, 0x20008, 0xffff_ffff, 0x1_0000_0000, 0x40000] {
            add(arch, abi::number(arch, "personality"), &[persona]);
        }
        // On descriptors that cannot exist.
        for (a, b) in [(0, 0), (5, 7), (u64::MAX, 7), (5, u64::MAX), (6, 0x1_0000_0007), (1 << 63, 8)] {
            add(arch, abi::number(arch, "lseek"), &[u64::MAX, a, b]);
            add(arch, abi::number(arch, "fcntl"), &[u64::MAX, a, b, a]);
        }
        for nr in [460, 9999, 0x7fff, u64::from(u32::MAX), 0x8000_0000] {
            add(arch, Some(nr), &[]);
        }
    }
    if NATIVE == Arch::X86_64 {
        for nr in [0x4000_0027, 0x4000_0202, 0x4000_270f, 0x7fff_ffff] {
            add(Arch::X32, Some(nr), &[]);
        }
    }
    // i386's socketcall and ipc with arguments that are no addresses.
    if has_i386() {
        for (nr, part) in [(102, 1), (102, 2), (102, 99), (117, 1), (117, 23), (117, 99)] {
            add(Arch::I386, Some(nr), &[part, 0, 0]);
        }
    }
    calls
}

/// Whether `int 0x80` works here: not on every kernel, and not on aarch64.
fn has_i386() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        let getpid = Call { arch: Arch::I386, nr: 20, args: [0; 6] };
        cfg!(target_arch = "x86_64") && run(&[], "probe", &[getpid]) == ["0"]
    })
}

/// The helper's word for a verdict; what happens to calls that run is what happens without a filter.
fn word(action: Action, unfiltered: &str) -> String {
    match (action, action.errno()) {
        (_, Some(errno)) => errno.to_string(),
        (Action::Trap, _) => "trap".to_owned(),
        (Action::KillProcess | Action::KillThread, _) => "SIGSYS".to_owned(),
        _ => unfiltered.to_owned(),
    }
}

/// Judges all calls and lets the kernel do the same.
fn check(name: &str, profile: &Profile, context: &Context) {
    let calls = calls();
    let judge = profile.resolve(context).expect("a profile that can be used");
    let program = bpf::compile(&judge).expect("a program of fair length");
    program.check().expect("a program that the kernel takes");
    let unfiltered = run(&[], name, &calls);
    let filtered = run(&[&program], name, &calls);
    let mut answers = std::collections::HashSet::new();
    for ((call, plain), kernel) in calls.iter().zip(&unfiltered).zip(&filtered) {
        let verdict = judge.verdict(call.arch, call.nr, &call.args);
        assert_eq!(*kernel, word(verdict.action, plain), "{name}: {call:x?}: {verdict:?}");
        answers.insert(verdict.action);
    }
    assert!(answers.len() > 1, "{name}: every call was answered with {answers:?}");
}

fn docker() -> Context {
    Context { arch: NATIVE, ..Context::docker("6.18", "") }
}

#[test]
fn dockers_default_is_what_the_kernel_does() {
    let profile = builtin("docker-default").expect("a built-in profile");
    check("docker", &profile, &docker());
    let mut admin = docker();
    admin.capabilities.push("CAP_SYS_ADMIN".to_owned());
    check("docker-admin", &profile, &admin);
}

#[test]
fn strict_io_is_what_the_kernel_does() {
    check("strict-io", &builtin("strict-io").expect("a built-in profile"), &docker());
}

#[test]
fn every_action_and_comparison_is_what_the_kernel_does() {
    let machine = if NATIVE == Arch::X86_64 { r#""SCMP_ARCH_X86", "SCMP_ARCH_X32""# } else { r#""SCMP_ARCH_ARM""# };
    for default in ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL"] {
        for op in ["EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ"] {
            let text = format!(
                r#"{{"defaultAction": "{default}", "defaultErrnoRet": 5, "architectures": [{machine}], "syscalls": [
                    {{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 0}},
                    {{"names": ["getuid"], "action": "SCMP_ACT_TRAP"}},
                    {{"names": ["gettid"], "action": "SCMP_ACT_KILL_PROCESS"}},
                    {{"names": ["sched_yield"], "action": "SCMP_ACT_KILL_THREAD"}},
                    {{"names": ["uname"], "action": "SCMP_ACT_TRACE", "errnoRet": 9}},
                    {{"names": ["mincore", "read"], "action": "SCMP_ACT_NOTIFY"}},
                    {{"names": ["lseek"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77, "args": [
                        {{"index": 1, "value": 5, "op": "SCMP_CMP_{op}"}},
                        {{"index": 2, "value": 4294967303, "valueTwo": 7, "op": "SCMP_CMP_{op}"}}]}},
                    {{"names": ["fcntl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 78, "args": [
                        {{"index": 1, "value": 5, "op": "SCMP_CMP_{op}"}}]}},
                    {{"names": ["fcntl"], "action": "SCMP_ACT_ALLOW", "args": [
                        {{"index": 3, "value": 9223372036854775808, "op": "SCMP_CMP_{op}"}}]}},
                    {{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 79, "args": [
                        {{"index": 0, "value": 38, "valueTwo": 38, "op": "SCMP_CMP_{op}"}}]}}
                ]}}"#
            );
            let profile = Profile::parse(&text, "kernel.json").expect("a profile");
            check(&format!("{default}-{op}"), &profile, &docker());
        }
    }
}

/// A filter that answers `getppid` with this, and lets everything else run.
fn answering(ret: u32) -> bpf::Program {
    let nr = abi::number(NATIVE, "getppid").expect("a call") as u32;
    let instruction = |code, jf, k| bpf::Instruction { code, jt: 0, jf, k };
    bpf::Program {
        instructions: vec![
            instruction(0x20, 0, 0),
            instruction(0x15, 1, nr),
            instruction(0x06, 0, ret),
            instruction(0x06, 0, Action::Allow.to_ret()),
        ],
    }
}

#[test]
fn of_several_filters_the_strictest_answers_and_of_equals_the_last() {
    let actions = [
        Action::KillProcess,
        Action::KillThread,
        Action::Trap,
        Action::Errno(5),
        Action::Errno(6),
        Action::Errno(0),
        Action::Notify,
        Action::Trace(1),
        Action::Log,
        Action::Allow,
    ];
    let call = Call { arch: NATIVE, nr: abi::number(NATIVE, "getppid").expect("a call"), args: [0; 6] };
    for first in actions {
        for second in actions {
            let programs = [answering(first.to_ret()), answering(second.to_ret())];
            // The last installed comes first, as the kernel shows them.
            let bytes: Vec<Vec<u8>> = programs.iter().rev().map(bpf::Program::to_bytes).collect();
            let profile = Profile::of_programs(&bytes, "two").expect("two programs");
            let verdict = profile.resolve(&docker()).expect("a judge").verdict(call.arch, call.nr, &call.args);
            let kernel = run(&[&programs[0], &programs[1]], "stacked", &[call]);
            assert_eq!(kernel, [word(verdict.action, "0")], "{first:?}, then {second:?}: {verdict:?}");
        }
    }
}
