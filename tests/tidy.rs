//! The tree keeps its own rules: dependency arrows between rooms, where `unsafe` may stand, file sizes, file headers,
//! nothing left over, no machine-specific paths.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room with the rooms it may use. Rooms may always use themselves.
const ARROWS: &[(&str, &[&str])] = &[
    ("abi", &[]),
    ("model", &["abi"]),
    ("decode", &["abi", "model"]),
    ("source", &["model"]),
    ("vdso", &["abi", "model"]),
    ("symbols", &["abi", "model"]),
    ("policy", &["abi", "model"]),
    ("stats", &["abi", "model"]),
    ("patterns", &["abi", "model", "decode", "stats"]),
    ("query", &["abi", "model", "decode", "source", "policy", "stats"]),
    ("config", &["policy", "query"]),
    ("capture", &["abi", "model", "source", "vdso", "policy"]),
    ("session", &["abi", "model", "decode", "source", "policy", "stats", "query"]),
    ("lesson", &["abi", "model", "query", "stats", "policy"]),
    (
        "tui",
        &[
            "abi", "model", "decode", "source", "vdso", "symbols", "policy", "stats", "patterns", "query", "config",
            "session", "lesson",
        ],
    ),
    (
        "cli",
        &[
            "abi", "model", "decode", "source", "vdso", "symbols", "policy", "stats", "patterns", "query", "config",
            "capture", "session", "lesson", "tui",
        ],
    ),
];

/// Rooms that read no clock, no file, no environment.
const PURE: &[&str] = &["abi", "model", "decode", "vdso", "symbols", "policy", "stats", "patterns", "query", "lesson"];

const MAX_LINES: usize = 500;
/// The one file of raw calls: unsafe code is not split, so that it can be read at once.
const MAX_LINES_OF_RAW_CALLS: usize = 900;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(under: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![root().join(under)];
    while let Some(dir) = dirs.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                // The fuzz targets are built where they are.
                if !path.ends_with("target") {
                    dirs.push(path);
                }
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("under the root").display().to_string()
}

fn room_of(path: &Path) -> String {
    let rest = path.strip_prefix(root().join("src")).expect("under src");
    let first = rest.components().next().expect("a component").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// A line without its comment, good enough for searching words.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

/// The lines of a file before its unit tests; none of a file of tests.
fn product_lines<'a>(path: &Path, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let tests = path.ends_with("tests.rs") || path.components().any(|c| c.as_os_str() == "tests");
    let text = if tests { "" } else { text };
    text.lines().enumerate().take_while(|(_, l)| !l.starts_with("#[cfg(test)]")).map(|(n, l)| (n + 1, l))
}

fn report(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn arrows_point_the_way_the_architecture_says() {
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut problems = Vec::new();
    let mut seen = 0;
    for path in files("src", "rs") {
        let room = room_of(&path);
        if room == "lib" || room == "main" {
            continue;
        }
        let Some(may) = allowed.get(room.as_str()) else {
            problems.push(format!("{}: the room {room} is not on the map", relative(&path)));
            continue;
        };
        let text = fs::read_to_string(&path).expect("readable source");
        for (number, line) in product_lines(&path, &text) {
            for other in ARROWS.iter().map(|a| a.0) {
                let uses = code(line).contains(&format!("crate::{other}"));
                seen += usize::from(uses);
                if uses && other != room && !may.contains(&other) {
                    problems.push(format!("{}:{number}: {room} must not use {other}", relative(&path)));
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} uses found: the search is broken");
    report(problems);
}

#[test]
fn unsafe_stands_in_one_file_and_says_why() {
    let mut problems = Vec::new();
    let mut blocks = 0;
    for path in files("src", "rs") {
        let name = relative(&path);
        let text = fs::read_to_string(&path).expect("readable source");
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let opens = code(line).contains("unsafe {")
                || code(line).contains("unsafe fn")
                || code(line).contains("unsafe impl");
            if !opens {
                continue;
            }
            blocks += 1;
            if name != "src/capture/sys.rs" {
                problems.push(format!("{name}:{}: unsafe outside src/capture/sys.rs", index + 1));
            }
            let said =
                lines[index.saturating_sub(6)..=index].iter().any(|l| l.contains("SAFETY:") || l.contains("# Safety"));
            if !said {
                problems.push(format!("{name}:{}: unsafe without its SAFETY sentence", index + 1));
            }
        }
    }
    assert!(blocks > 0, "no unsafe found: the search is broken");
    report(problems);
}

#[test]
fn only_capture_knows_the_operating_system_crates() {
    let mut problems = Vec::new();
    for path in files("src", "rs") {
        let room = room_of(&path);
        let text = fs::read_to_string(&path).expect("readable source");
        for (number, line) in product_lines(&path, &text) {
            let line = code(line);
            // The view may ask nix for terminal facts; ptrace and raw libc are the engine's.
            let signals_only = line.replace("libc::SIG", "");
            if room != "capture" && (signals_only.contains("libc::") || line.contains("nix::sys::ptrace")) {
                problems.push(format!("{}:{number}: libc and ptrace belong to capture", relative(&path)));
            }
            if PURE.contains(&room.as_str()) {
                for word in [
                    "std::fs",
                    "std::env::",
                    "Instant::now",
                    "SystemTime::now",
                    "std::net::Tcp",
                    "std::net::Udp",
                    "std::process",
                ] {
                    if line.contains(word) {
                        problems.push(format!("{}:{number}: {room} is pure, {word} is not", relative(&path)));
                    }
                }
            }
        }
    }
    report(problems);
}

#[test]
fn files_are_small_and_say_what_they_are_for() {
    let mut problems = Vec::new();
    let all = ["src", "tests", "benches"].into_iter().flat_map(|d| files(d, "rs"));
    for path in all.chain([root().join("build.rs")]) {
        let text = fs::read_to_string(&path).expect("readable source");
        let lines = text.lines().count();
        let limit = if path.ends_with("capture/sys.rs") { MAX_LINES_OF_RAW_CALLS } else { MAX_LINES };
        if lines > limit {
            problems.push(format!("{}: {lines} lines; split it by subject (limit {limit})", relative(&path)));
        }
        if !text.starts_with("//!") {
            problems.push(format!("{}: does not begin by saying what it is for", relative(&path)));
        }
    }
    report(problems);
}

#[test]
fn nothing_is_left_over() {
    let words = ["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "allow(dead_code", "FIXME", "being built"];
    let mut problems = Vec::new();
    for path in ["src", "tests", "benches"].into_iter().flat_map(|d| files(d, "rs")) {
        if path.ends_with("tests/tidy.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable source");
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = words.iter().find(|w| line.contains(*w)) {
                problems.push(format!("{}:{}: {word} is left over", relative(&path), number + 1));
            }
        }
    }
    report(problems);
}

#[test]
fn no_path_of_the_building_machine_is_in_the_tree() {
    let here = root().display().to_string();
    let mut problems = Vec::new();
    let texts = [
        ("src", "rs"),
        ("tests", "rs"),
        ("benches", "rs"),
        ("build", "rs"),
        ("assets", "toml"),
        ("assets", "sys"),
        ("screenshots", "svg"),
    ];
    for path in texts
        .into_iter()
        .flat_map(|(d, e)| files(d, e))
        .chain(["README.md", "CHANGELOG.md", "Cargo.toml"].map(|f| root().join(f)))
    {
        // A file that cannot be read is another test's business.
        let text = fs::read_to_string(&path).unwrap_or_default();
        if text.contains(&here) {
            problems.push(format!("{}: names {here}", relative(&path)));
        }
    }
    report(problems);
}
