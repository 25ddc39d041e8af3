//! Verdicts against the filters that runc and crun install: `tests/policy/installed` keeps profiles in OCI's form beside the
//! programs that Debian 12's runc 1.1.5 and crun 1.8.1 made of them with libseccomp 2.5.4, and where root can run
//! the runtimes, they make them anew.
//!
//! `SYSVIEW_REDRAW=1` writes the random profiles and the programs, from what the runtimes just installed. Left out: which
//! rule decided (`policy_cases`), and what calls do under a filter (`policy_kernel`).

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sysview::abi::{self, Arch, X32_BIT};
use sysview::policy::bpf::{Data, Program};
use sysview::policy::{Certainty, Context, Form, Judge, Profile, Runtime};

const SYSVIEW: &str = env!("CARGO_BIN_EXE_sysview");
const PROFILES: [&str; 3] = ["docker-default", "one-action", "several-actions"];
const RUNTIMES: [Runtime; 2] = [Runtime::Runc, Runtime::Crun];

/// What libseccomp 2.5.4 has no number for, on some architecture at least: runtimes pass rules on it over, and runc's answer
/// ENOSYS begins before it.
const UNKNOWN_TO_LIBSECCOMP: [&str; 19] = [
    "uretprobe",
    "uprobe",
    "map_shadow_stack",
    "statmount",
    "listmount",
    "lsm_get_self_attr",
    "lsm_set_self_attr",
    "lsm_list_modules",
    "mseal",
    "setxattrat",
    "getxattrat",
    "listxattrat",
    "removexattrat",
    "open_tree_attr",
    "file_getattr",
    "file_setattr",
    "listns",
    "rseq_slice_yield",
    "riscv_hwprobe",
];

/// Calls that neither runtimes nor the held program make, so that rules on them can be anything.
const VICTIMS: [&str; 40] = [
    "acct",
    "add_key",
    "adjtimex",
    "bpf",
    "chroot",
    "clock_adjtime",
    "delete_module",
    "fanotify_init",
    "finit_module",
    "get_mempolicy",
    "getpriority",
    "init_module",
    "kcmp",
    "kexec_load",
    "keyctl",
    "mbind",
    "migrate_pages",
    "mincore",
    "mlock",
    "mlockall",
    "mq_open",
    "msgctl",
    "msgget",
    "munlock",
    "name_to_handle_at",
    "perf_event_open",
    "personality",
    "pkey_alloc",
    "process_vm_readv",
    "ptrace",
    "quotactl",
    "reboot",
    "request_key",
    "set_mempolicy",
    "settimeofday",
    "socketpair",
    "splice",
    "swapon",
    "tee",
    "userfaultfd",
];

#[test]
fn kept_filters_answer_as_the_judge_says() {
    for name in PROFILES {
        for runtime in RUNTIMES {
            let program = Program::from_bytes(&fs::read(kept(&file(name, runtime))).expect("a kept program"));
            compare(name, runtime, &program.expect("whole instructions"));
        }
    }
}

#[test]
fn filters_installed_now_answer_as_the_judge_says() {
    let redraw = std::env::var_os("SYSVIEW_REDRAW").is_some();
    if redraw {
        for (name, actions) in [("one-action", 1), ("several-actions", 3)] {
            fs::write(kept(&format!("{name}.json")), random_profile(actions)).expect("a profile");
        }
    }
    for runtime in RUNTIMES {
        let bundle = Bundle::new(runtime);
        // Without a profile first: whether this machine lets the runtime run at all.
        if let Err(why) = bundle.installed(None) {
            assert!(!redraw, "{} has to run: {why}", runtime.name());
            eprintln!("{} does not run here, its filters are compared as they were kept: {why}", runtime.name());
            continue;
        }
        for name in PROFILES {
            let bytes = bundle.installed(Some(&kept(&format!("{name}.json")))).expect("its filter");
            if redraw {
                fs::write(kept(&file(name, runtime)), &bytes).expect("written");
            }
            compare(name, runtime, &Program::from_bytes(&bytes).expect("whole instructions"));
        }
    }
}

fn kept(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/installed").join(file)
}

fn file(name: &str, runtime: Runtime) -> String {
    format!("{name}.{}.bpf", runtime.name())
}

fn judge(name: &str, runtime: Runtime) -> Judge {
    let text = fs::read(kept(&format!("{name}.json"))).expect("a kept profile");
    let context = Context { runtime: Some(runtime), ..Context::docker("6.18", "x86_64") };
    Profile::parse_as(&text, name, Form::Oci).expect("a profile").resolve(&context).expect("it resolves")
}

/// Every number on every architecture, with the values that the profile's rules compare and their neighbours.
fn compare(name: &str, runtime: Runtime, program: &Program) {
    let judge = judge(name, runtime);
    let mut dice = Dice(7);
    let (mut exact, mut all) = (0u64, 0u64);
    let mut wrong = Vec::new();
    for (arch, base) in [(Arch::X86_64, 0), (Arch::I386, 0), (Arch::X32, X32_BIT)] {
        // x32 has x86-64's numbers, but for a few from 512 on.
        let numbers = if arch == Arch::X32 { Arch::X86_64 } else { arch };
        let unknown: Vec<u64> = UNKNOWN_TO_LIBSECCOMP.iter().filter_map(|name| abi::number(numbers, name)).collect();
        for nr in (0..1000).filter(|nr| !unknown.contains(nr)) {
            let name = abi::lookup(numbers, nr).map(|call| call.name);
            let compared: Vec<u64> = judge
                .profile()
                .rules()
                .iter()
                .filter(|rule| name.is_some_and(|name| rule.names.iter().any(|n| n == name)))
                .flat_map(|rule| rule.args.iter().flat_map(|c| [c.value, c.value_two]))
                .flat_map(|v| [v, v.wrapping_add(1), v.wrapping_sub(1), v | 1 << 33])
                .chain([0, 1, u64::from(u32::MAX), u64::MAX])
                .collect();
            for _ in 0..if compared.len() > 4 { 300 } else { 3 } {
                let args = std::array::from_fn(|_| compared[dice.below(compared.len() as u64) as usize]);
                let verdict = judge.verdict(arch, nr | base, &args);
                all += 1;
                if verdict.certainty != Certainty::Exact {
                    continue;
                }
                exact += 1;
                // The filter sees x32 as x86-64 with bit 30.
                let (ret, _) = program.run(&Data::of(arch, nr | base, &args)).expect("a checked program");
                if ret != verdict.to_ret() {
                    wrong.push(format!("{} {nr} {args:x?}: {ret:#x}, not {verdict:?}", arch.name()));
                }
            }
        }
    }
    let name = format!("{name} under {}", runtime.name());
    assert!(
        wrong.is_empty(),
        "{name}: {} of {exact} points differ\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    eprintln!("{name}: {exact} points equal, {} of {all} depend on libseccomp", all - exact);
    assert!(exact > 8000 && exact * 2 > all, "{name}: {exact} of {all} points are exact");
}

/// A container that holds, once a run.
struct Bundle {
    runtime: Runtime,
    folder: PathBuf,
}

impl Bundle {
    fn new(runtime: Runtime) -> Bundle {
        let unique = format!("bundle-{}-{}", runtime.name(), std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        for place in ["proc", "dev"] {
            fs::create_dir_all(folder.join("rootfs").join(place)).expect("a bundle");
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/hold.c");
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-Wall", "-Wextra", "-static", "-o"]).arg(folder.join("rootfs/hold")).arg(source);
        assert!(cc.status().expect("cc, which Rust links with").success());
        Bundle { runtime, folder }
    }

    /// The filter that the runtime installs for a profile. `Err`: why it does not run.
    fn installed(&self, profile: Option<&Path>) -> Result<Vec<u8>, String> {
        let seccomp = profile.map_or("null".into(), |path| fs::read_to_string(path).expect("a kept profile"));
        let config = format!(
            r#"{{"ociVersion": "1.0.2", "process": {{"user": {{"uid": 0, "gid": 0}}, "args": ["/hold"], "cwd": "/",
                "noNewPrivileges": true, "capabilities": {{"bounding": [], "effective": [], "permitted": []}}}},
                "root": {{"path": "rootfs", "readonly": true}},
                "mounts": [{{"destination": "/proc", "type": "proc", "source": "proc"}}],
                "linux": {{"namespaces": [{{"type": "mount"}}, {{"type": "pid"}}], "seccomp": {seccomp}}}}}"#
        );
        fs::write(self.folder.join("config.json"), config).expect("written");
        // Of the run before.
        let _ = fs::remove_file(self.folder.join("pid"));
        let name = format!("sv-{}-{}", self.runtime.name(), std::process::id());
        // crun takes no mixed hierarchy of control groups, so it gets a plain one to itself.
        let script = match self.runtime {
            Runtime::Crun => {
                "umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && \
                 exec crun --root ./state --cgroup-manager=disabled run --pid-file ./pid \"$0\""
            }
            _ => "exec runc --root ./state run --pid-file ./pid \"$0\"",
        };
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut child = Command::new("unshare")
            .args(["-m", "sh", "-c", script, &name])
            .current_dir(&self.folder)
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("unshare: {e}"))?;
        let input = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).map_err(|e| e.to_string())?;
        let found = match (line.as_str(), profile) {
            ("up\n", None) => Ok(Vec::new()),
            ("up\n", Some(_)) => {
                let spec = format!("pid:{}", self.pid());
                let out = Command::new(SYSVIEW).args(["profile", "convert", &spec, "--to", "bpf"]).output();
                let out = out.expect("sysview");
                assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
                Ok(out.stdout)
            }
            _ => Err("it does not start".to_owned()),
        };
        // The held program ends with its input.
        drop(input);
        let out = child.wait_with_output().expect("it ends");
        found.map_err(|why| format!("{why}: {}", String::from_utf8_lossy(&out.stderr).trim()))
    }
}

impl Bundle {
    /// Written when the program may already run.
    fn pid(&self) -> String {
        let begun = Instant::now();
        loop {
            match fs::read_to_string(self.folder.join("pid")) {
                Ok(pid) if !pid.is_empty() => return pid.trim().to_owned(),
                other => assert!(begun.elapsed() < Duration::from_secs(60), "no number: {other:?}"),
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Numbers that are the same in every run. The generator is Marsaglia's xorshift.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// Up to four rules on each victim, of at most two comparisons each.
fn random_profile(actions: u64) -> String {
    const OPS: [&str; 7] = ["EQ", "NE", "MASKED_EQ", "LT", "LE", "GT", "GE"];
    let mut dice = Dice(0x5eed + actions);
    let mut rules = Vec::new();
    // A call that i386 multiplexes loses its first comparison there, so that rules with several actions clash.
    let multiplexed = ["msgctl", "msgget", "socketpair"];
    for name in VICTIMS.into_iter().filter(|name| actions == 1 || !multiplexed.contains(name)) {
        // One kind of rules a call, as in the classes that are exact and in those that are not.
        let kind = dice.below(5);
        let mut seen = Vec::new();
        for _ in 0..=dice.below(4) {
            let errno = 7 + dice.below(actions);
            let count = if matches!(kind, 1 | 4) { 2 } else { 1 };
            let first = if kind == 2 { 0 } else { dice.below(3) };
            let args: Vec<String> = (0..count)
                .map(|at| {
                    let op = match kind {
                        0 | 3 => OPS[dice.below(3) as usize],
                        1 => OPS[2 * dice.below(2) as usize],
                        _ => OPS[dice.below(7) as usize],
                    };
                    let (value, two) = (dice.below(9), dice.below(9));
                    let value = if kind == 3 { value | dice.below(3) << 32 } else { value };
                    format!(
                        r#"{{"index": {}, "op": "SCMP_CMP_{op}", "value": {value}, "valueTwo": {two}}}"#,
                        first + at
                    )
                })
                .collect();
            let args = args.join(", ");
            // Doubles with another action are refused.
            if !seen.contains(&args) {
                rules.push(format!(
                    r#"  {{"names": ["{name}"], "action": "SCMP_ACT_ERRNO", "errnoRet": {errno}, "args": [{args}]}}"#
                ));
                seen.push(args);
            }
        }
    }
    format!(
        "{{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n \"architectures\": [\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \
         \"SCMP_ARCH_X32\"],\n \"syscalls\": [\n{}]}}\n",
        rules.join(",\n")
    )
}
