//! What is written about the program is true of it: README, help, manual page, pictures.

use std::fs;
use std::path::Path;
use std::process::Command;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn sysview(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sysview")).args(args).output().expect("sysview runs");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The README's table of keys, as it must be: made from the list of actions that implements them.
fn key_table() -> String {
    let mut table = String::from("| where | key | what it does |\n|---|---|---|\n");
    let contexts = sysview::tui::actions::Context::ALL;
    let of = |context| sysview::tui::actions().iter().filter(move |action| action.context == context);
    for action in contexts.into_iter().flat_map(of) {
        let keys = action.keys_text().replace('|', "\\|");
        table.push_str(&format!("| {} | `{keys}` | {} |\n", action.context.title(), action.help));
    }
    table
}

#[test]
fn the_readme_lists_every_key() {
    let readme = read("README.md");
    let between = readme
        .split_once("<!-- keys -->\n")
        .and_then(|(_, rest)| rest.split_once("<!-- end of keys -->"))
        .expect("the markers of the table")
        .0;
    if std::env::var_os("SYSVIEW_REDRAW").is_some() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        fs::write(path, readme.replacen(between, &key_table(), 1)).expect("written");
        return;
    }
    assert_eq!(between.trim(), key_table().trim(), "write it again: SYSVIEW_REDRAW=1 cargo test --test docs");
}

#[test]
fn the_readme_names_every_exit_status_and_subcommand() {
    let readme = read("README.md");
    for word in [
        "128+N",
        "126",
        "127",
        "sysview log",
        "sysview record",
        "sysview open",
        "sysview export",
        "sysview diff",
        "sysview open --check",
        "sysview stats",
        "sysview patterns",
        "sysview doctor",
        "sysview explain",
        "sysview filter explain",
        "sysview profile",
        "sysview man",
    ] {
        assert!(readme.contains(word), "{word} is not in the README");
    }
    let help = sysview(&["--help"]);
    for word in [
        "128+N",
        "126",
        "127",
        "log",
        "record",
        "open",
        "--seccomp",
        "--vdso",
        "--tty",
        "--capture",
        "--escape",
        "--tour",
        "--user",
        "--env",
        "--argv0",
        "--cwd",
        "--co-locate",
        "--hold",
        "--catch",
        "--filter",
    ] {
        assert!(help.contains(word), "{word} is not in --help");
    }
}

/// Every picture: its name, the recording that it shows, the options it is drawn with.
const PICTURES: &[(&str, &str, &[&str])] = &[
    ("overview", "python", &["--keys", "/ n o - s u c h enter home esc"]),
    ("seccomp", "python", &["--seccomp", "docker-default", "--keys", "/ u n s h a r e enter home esc"]),
    (
        "profiles",
        "python",
        &["--seccomp", "docker-default", "--seccomp", "strict-io", "--keys", "/ u n s h a r e enter home esc C"],
    ),
    ("patterns", "failing", &["--keys", "!"]),
    ("histogram", "shell", &["--keys", "tab z"]),
    ("vdso", "vdso", &["--keys", "end V"]),
    ("tour", "shell", &["--tour", "errors", "--keys", "] / e r r enter up up"]),
];

#[test]
fn pictures_are_what_the_program_draws_of_a_recorded_run() {
    let readme = read("README.md");
    let redraw = std::env::var_os("SYSVIEW_REDRAW").is_some();
    for (name, recording, options) in PICTURES {
        let picture = format!("screenshots/{name}.svg");
        assert!(readme.contains(&picture), "{picture} is not in the README");
        let drawn = std::env::temp_dir().join(format!("sysview-{name}-{}.svg", std::process::id()));
        let run = format!("{}/assets/demo/{recording}.sysview", env!("CARGO_MANIFEST_DIR"));
        let path = drawn.to_str().expect("UTF-8");
        sysview(&[&["open", &run, "--size", "120x40", "--svg", path], *options].concat());
        let svg = fs::read_to_string(&drawn).expect("the picture");
        fs::remove_file(&drawn).expect("removed");
        if redraw {
            fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&picture), &svg).expect("written");
        }
        assert!(read(&picture) == svg, "{picture} is old; draw it again: SYSVIEW_REDRAW=1 cargo test --test docs");
    }
}

#[test]
fn the_manual_page_has_its_sections_keys_and_options() {
    let page = sysview(&["man"]);
    for word in [
        ".SH NAME",
        ".SH SYNOPSIS",
        ".SH OPTIONS",
        ".SH KEYS",
        "EXIT STATUS",
        "SYSVIEW LOG",
        "SYSVIEW RECORD",
        "SYSVIEW OPEN",
        "SYSVIEW EXPORT",
        "SYSVIEW DIFF",
        "gone\\-paths",
        "SYSVIEW DOCTOR",
        "seccomp",
    ] {
        assert!(page.contains(word), "{word} is not in the manual page");
    }
    for action in sysview::tui::actions() {
        let first = action.help.split(['\'', '-', '.']).next().expect("words");
        assert!(page.contains(first), "the key {} is not in the manual page", action.keys_text());
    }
}

#[test]
fn ci_runs_the_command_that_the_readme_gives() {
    let readme = read("README.md");
    let after = readme.split_once("<!-- test command -->").expect("the marker").1;
    let command = after.lines().find(|l| l.starts_with("cargo ")).expect("a command");
    for part in ["cargo fmt --check", "cargo clippy --all-targets -- -D warnings", "cargo test"] {
        assert!(command.contains(part), "{part} is not in: {command}");
    }
    assert!(read(".ci/run").contains("<!-- test command -->"), ".ci/run does not read it from there");
}
