//! Seccomp profiles against the verdicts they must give, as data: each file under `tests/policy` holds cases, and each case
//! a profile and lines about it. What a line may say stands at [`Case::check`].
//!
//! Left out: the kernel's own opinion (`policy_kernel`).

use std::fs;
use std::path::Path;

use sysview::abi::{self, Arch, X32_BIT};
use sysview::policy::{Certainty, Context, Form, Judge, Profile, Runtime, builtin};

struct Case<'a> {
    /// `file: title`, for complaints.
    title: String,
    profile: String,
    lines: Vec<&'a str>,
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy");
    let mut files: Vec<_> = fs::read_dir(folder).expect("tests/policy").map(|e| e.expect("an entry").path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "cases"));
    files.sort();
    let (mut cases, mut lines) = (0, 0);
    for file in &files {
        let text = fs::read_to_string(file).expect("a case file");
        let name = file.file_name().expect("a name").to_string_lossy();
        for case in split(&text, &name) {
            cases += 1;
            lines += case.lines.len();
            case.check();
        }
    }
    assert!(cases > 40 && lines > 150, "{cases} cases with {lines} lines in {files:?}");
}

/// `== title`, then the lines of the profile (or `builtin NAME`; a first line `form NAME` says in which form it is), then
/// `--`, then the lines about it.
fn split<'a>(text: &'a str, file: &str) -> Vec<Case<'a>> {
    let mut cases: Vec<Case> = Vec::new();
    let mut in_profile = false;
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("== ") {
            cases.push(Case { title: format!("{file}: {title}"), profile: String::new(), lines: Vec::new() });
            in_profile = true;
        } else if let Some(case) = cases.last_mut() {
            match line.trim() {
                "--" => in_profile = false,
                _ if in_profile => case.profile += &format!("{line}\n"),
                "" => {}
                trimmed if !trimmed.starts_with('#') => case.lines.push(trimmed),
                _ => {}
            }
        }
    }
    cases
}

impl Case<'_> {
    /// Lines are:
    /// * `context [ARCH] [KERNEL] [RUNTIME] [+CAP_X] [-CAP_X]`: from here on; the start is Docker's on Linux 6.18, x86_64.
    /// * `ARCH CALL ARGS… = VERDICT`: `CALL` is a name or a number; the verdict is an action and by which rule (from 0),
    ///   `by default`, or `doubtful` if it depends on libseccomp.
    /// * `change ARCH CALL ARGS… = WHAT -> ACTION; …`: all that would lead to another verdict, but for the runtime.
    /// * `under ARCH CALL ARGS… = under RUNTIME -> ACTION; …`: the runtimes that would.
    /// * `why ARCH CALL ARGS… = HEADLINE`.
    /// * `note ARCH CALL ARGS… = TEXT`: a note that contains the text.
    /// * `error TEXT` and `refused TEXT`: what parsing and resolving complain of.
    /// * `warning TEXT`: one of the warnings; `no warnings`.
    fn check(&self) {
        let parsed = match self.profile.trim().strip_prefix("builtin ") {
            Some(name) => Ok(builtin(name).expect("a built-in profile")),
            None => match self.profile.strip_prefix("form ").and_then(|rest| rest.split_once('\n')) {
                Some((form, text)) => {
                    Profile::parse_as(text.as_bytes(), "p.json", Form::from_name(form).expect("a form"))
                }
                None => Profile::parse(&self.profile, "p.json"),
            },
        };
        let mut context = Context::docker("6.18.1-test", "x86_64");
        for line in &self.lines {
            let complain = format!("{}: {line}", self.title);
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "context" => change(&mut context, rest),
                "error" => assert_eq!(parsed.as_ref().expect_err(&complain).to_string(), rest, "{complain}"),
                "refused" => {
                    let profile = parsed.as_ref().expect(&complain);
                    let error = profile.resolve(&context).expect_err(&complain);
                    assert_eq!(error.to_string(), rest, "{complain}");
                }
                "warning" => {
                    let warnings = parsed.as_ref().expect(&complain).warnings();
                    let found = warnings.iter().any(|w| w.to_string() == rest);
                    assert!(found, "{complain}: {warnings:#?}");
                }
                "no" => assert_eq!(parsed.as_ref().expect(&complain).warnings(), [], "{complain}"),
                _ => {
                    let judge = parsed.as_ref().expect(&complain).resolve(&context).expect(&complain);
                    about_call(&judge, line, &complain);
                }
            }
        }
    }
}

fn change(context: &mut Context, words: &str) {
    for word in words.split_whitespace() {
        if let Some(cap) = word.strip_prefix('+') {
            context.capabilities.push(cap.to_owned());
        } else if let Some(cap) = word.strip_prefix('-') {
            context.capabilities.retain(|c| c != cap);
        } else if let Some(arch) = Arch::from_name(word) {
            context.arch = arch;
        } else if let Ok(runtime) = Runtime::from_name(word) {
            context.runtime = Some(runtime);
        } else {
            let (version, revision) = word.split_once('.').expect("a kernel version");
            context.kernel = (version.parse().expect("a number"), revision.parse().expect("a number"));
        }
    }
}

fn about_call(judge: &Judge, line: &str, complain: &str) {
    let (call, expected) = line.split_once(" = ").unwrap_or_else(|| panic!("{complain}: no ="));
    let (kind, call) = match call.split_once(' ') {
        Some((kind @ ("change" | "under" | "note" | "why"), call)) => (kind, call),
        _ => ("verdict", call),
    };
    let mut words = call.split_whitespace();
    let arch = words.next().and_then(Arch::from_name).unwrap_or_else(|| panic!("{complain}: no architecture"));
    let nr = number(arch, words.next().unwrap_or_default()).unwrap_or_else(|| panic!("{complain}: no call"));
    let mut args = [0; 6];
    for (arg, word) in args.iter_mut().zip(words) {
        *arg = value(word).unwrap_or_else(|| panic!("{complain}: {word}"));
    }
    let explanation = judge.explain(arch, nr, &args);
    let verdict = judge.verdict(arch, nr, &args);
    assert_eq!(explanation.verdict, verdict, "{complain}");
    match kind {
        "change" | "under" => {
            let mut changes: Vec<_> =
                explanation.changes.iter().map(|c| format!("{} -> {}", c.what, c.action)).collect();
            changes.retain(|change| change.starts_with("under ") == (kind == "under"));
            assert_eq!(changes.join("; "), expected, "{complain}");
        }
        "why" => assert_eq!(explanation.headline(), expected, "{complain}"),
        "note" => {
            let found = explanation.notes.iter().any(|note| note.contains(expected));
            assert!(found, "{complain}: {:#?}", explanation.notes);
        }
        _ => {
            let by = verdict.rule.map_or("default".to_owned(), |rule| rule.to_string());
            let doubt = if verdict.certainty == Certainty::Exact { "" } else { " doubtful" };
            assert_eq!(format!("{} by {by}{doubt}", verdict.action), expected, "{complain}");
        }
    }
}

/// A call's number as the register holds it.
fn number(arch: Arch, word: &str) -> Option<u64> {
    let nr = value(word).or_else(|| abi::number(arch, word))?;
    Some(if arch == Arch::X32 { nr | X32_BIT } else { nr })
}

fn value(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if word == "-1" => Some(u64::MAX),
        None => word.parse().ok(),
    }
}
