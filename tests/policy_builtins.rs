//! Built-in profiles against what they are written after: `tests/policy/builtin` keeps, for each, every verdict over all
//! calls of all architectures, classes of arguments, kernels and sets of capabilities, made from the reference itself.
//!
//! `SYSVIEW_REFERENCES=FOLDER` compares with the references there (`docker-default.json`, `podman-seccomp.json`,
//! `systemd-252-syscall-filter-sets.txt`), and with `SYSVIEW_REDRAW=1` writes the kept tables from them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sysview::abi::{self, Arch, X32_BIT};
use sysview::policy::{Action, Context, Form, Profile, builtin, capabilities};

const BUILTINS: [(&str, &str); 3] = [
    ("docker-default", "docker-default.json"),
    ("podman-default", "podman-seccomp.json"),
    ("system-service", "systemd-252-syscall-filter-sets.txt"),
];
/// Both sides of every comparison that the profiles make.
const VALUES: [u64; 22] = [
    0,
    1,
    2,
    8,
    9,
    16,
    37,
    38,
    39,
    40,
    41,
    0x1200011,
    0x20000,
    0x20008,
    0x40000,
    0x02000000,
    0x10000000,
    0x7e020000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0026,
    u64::MAX,
];

#[test]
fn builtins_answer_as_what_they_are_written_after() {
    let references = std::env::var_os("SYSVIEW_REFERENCES").map(PathBuf::from);
    let redraw = std::env::var_os("SYSVIEW_REDRAW").is_some();
    for (name, file) in BUILTINS {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/builtin").join(format!("{name}.table"));
        if let Some(folder) = &references {
            let text = fs::read_to_string(folder.join(file)).expect("a reference");
            let (table, points) = table(&reference(name, &text));
            if redraw {
                fs::write(&kept, &table).expect("written");
            }
            same(name, &table, &fs::read_to_string(&kept).expect("a kept table"));
            eprintln!("{name}: {points} points of the reference");
        }
        let (table, points) = table(&builtin(name).expect("built in"));
        same(name, &table, &fs::read_to_string(&kept).expect("a kept table"));
        eprintln!("{name}: {points} points, all as kept");
        assert!(points > 1_000_000, "{name}: {points} points");
    }
}

fn same(name: &str, ours: &str, kept: &str) {
    let differs = ours.lines().zip(kept.lines()).find(|(ours, kept)| ours != kept);
    assert!(differs.is_none() && ours.len() == kept.len(), "{name}: {differs:#?}");
}

fn reference(name: &str, text: &str) -> Profile {
    let parse = |text: &str, form| Profile::parse_as(text.as_bytes(), name, form).unwrap_or_else(|e| panic!("{e}"));
    match name {
        "docker-default" => parse(text, Form::Docker),
        "podman-default" => parse(text, Form::Podman),
        _ => {
            // What systemd's own list of sets makes of @system-service, with the words that every list allows.
            let mut calls = Vec::new();
            members(text, "@system-service", &mut calls);
            members(text, "@default", &mut calls);
            let names: Vec<String> = calls.iter().map(|call| format!("{call:?}")).collect();
            let text = format!(
                r#"{{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "archMap": [
                    {{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": {}}},
                    {{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}}],
                    "syscalls": [{{"names": [{}], "action": "SCMP_ACT_ALLOW"}}]}}"#,
                if builtin_is_native() { "[]" } else { r#"["SCMP_ARCH_X86", "SCMP_ARCH_X32"]"# },
                names.join(", ")
            );
            parse(&text, Form::Docker)
        }
    }
}

/// The example of systemd.exec(5) is for the machine's own calls only.
fn builtin_is_native() -> bool {
    builtin("system-service").expect("built in").text().contains("SystemCallArchitectures=native")
}

/// The calls of a set in the list that `systemd-analyze syscall-filter` prints.
fn members(text: &str, set: &str, calls: &mut Vec<String>) {
    let lines = text.lines().skip_while(|line| *line != set).skip(1).take_while(|line| line.starts_with(' '));
    for word in lines.map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match word.strip_prefix('@') {
            Some(_) => members(text, word, calls),
            None => calls.push(word.to_owned()),
        }
    }
}

/// Every verdict, in lines that a person can read; and how many there are.
fn table(profile: &Profile) -> (String, u64) {
    let mut out = String::new();
    let mut points = 0;
    let contexts = [("6.18", "x86_64"), ("4.7", "x86_64"), ("6.18", "aarch64")];
    for (kernel, machine) in contexts {
        let none = Context { capabilities: Vec::new(), runtime: runtime(profile), ..Context::docker(kernel, machine) };
        let base = verdicts(profile, &none, &mut points);
        writeln!(out, "== Linux {kernel} on {machine}, no capabilities").expect("room");
        out += &grouped(&base);
        let mut all = BTreeMap::new();
        for (title, set) in sets() {
            let changed = verdicts(profile, &Context { capabilities: set, ..none.clone() }, &mut points);
            if title == "all" {
                all = changed.clone();
            }
            let base = if title.starts_with("all but") { &all } else { &base };
            let lines: BTreeMap<_, _> = changed.into_iter().filter(|(key, says)| base.get(key) != Some(says)).collect();
            if !lines.is_empty() {
                writeln!(out, "-- {title}").expect("room");
                out += &grouped(&lines);
            }
        }
    }
    (out, points)
}

fn runtime(profile: &Profile) -> Option<sysview::policy::Runtime> {
    // systemd's filter is libseccomp's alone, whichever form the reference has been put into.
    (profile.name() == "system-service").then_some(sysview::policy::Runtime::Kernel)
}

/// All, Docker's, each alone, and all but each, which is told by what differs from all.
fn sets() -> Vec<(String, Vec<String>)> {
    let all: Vec<String> = capabilities().iter().map(|cap| (*cap).to_owned()).collect();
    let mut sets = vec![
        ("all".to_owned(), all.clone()),
        ("Docker's default".to_owned(), Context::docker("6.18", "x86_64").capabilities),
    ];
    for cap in &all {
        sets.push((format!("{cap} alone"), vec![cap.clone()]));
        sets.push((format!("all but {cap}"), all.iter().filter(|other| *other != cap).cloned().collect()));
    }
    sets
}

/// By architecture, number and name: the answer, or the answers by argument if they are several.
fn verdicts(profile: &Profile, context: &Context, points: &mut u64) -> BTreeMap<(usize, u64), String> {
    let judge = profile.resolve(context).expect("a profile that can be used");
    let mut out = BTreeMap::new();
    for (at, (arch, bit)) in
        [(Arch::X86_64, 0), (Arch::I386, 0), (Arch::X32, X32_BIT), (Arch::Aarch64, 0)].into_iter().enumerate()
    {
        for nr in (0..600).chain([0x7fff_ffff & !X32_BIT, 0xffff_ffff]) {
            // The first two arguments, which are all that these profiles look at.
            let actions = [0, 1].map(|index| {
                VALUES.map(|value| {
                    let mut args = [0; 6];
                    args[index] = value;
                    judge.verdict(arch, nr | bit, &args).action
                })
            });
            *points += 2 * VALUES.len() as u64;
            let first = actions[0][0];
            let says = if actions.iter().flatten().all(|action| *action == first) {
                first.to_string()
            } else {
                by_argument(&actions)
            };
            out.insert((at, nr), says);
        }
    }
    out
}

/// `ALLOW if arg0=0x1 arg0=0x2; ERRNO EPERM if arg0=0x26`.
fn by_argument(actions: &[[Action; VALUES.len()]; 2]) -> String {
    let mut answers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (index, actions) in actions.iter().enumerate() {
        for (value, action) in VALUES.iter().zip(actions) {
            answers.entry(action.to_string()).or_default().push(format!("arg{index}={value:#x}"));
        }
    }
    answers.iter().map(|(action, of)| format!("{action} if {}", of.join(" "))).collect::<Vec<_>>().join("; ")
}

/// One line an architecture and answer, with the calls that get it.
fn grouped(verdicts: &BTreeMap<(usize, u64), String>) -> String {
    let arches = [Arch::X86_64, Arch::I386, Arch::X32, Arch::Aarch64];
    let mut groups: BTreeMap<(usize, &str), Vec<String>> = BTreeMap::new();
    for ((at, nr), says) in verdicts {
        let names = if arches[*at] == Arch::X32 { Arch::X86_64 } else { arches[*at] };
        let name = abi::lookup(names, *nr).map_or_else(|| nr.to_string(), |call| call.name.to_owned());
        groups.entry((*at, says)).or_default().push(name);
    }
    let mut out = String::new();
    for ((at, says), names) in groups {
        writeln!(out, "{} {says}: {}", arches[at].name(), names.join(" ")).expect("room");
    }
    out
}
