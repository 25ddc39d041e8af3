//! `sysview export` and `sysview diff` on a made-up run whose paths are full of what other formats could trip over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use sysview::abi::{Arch, number};
use sysview::model::*;
use sysview::session::Writer;
use sysview::source::End;

use crate::made::{Loose, batch};
use crate::schema::Schema;
use crate::started;

/// What a program can call a file.
const HOSTILE: &[u8] = b"/tmp/<script>alert('x')</script>,\"&amp;\"\r\n\x1b[2J\xff";

/// A file of the test, gone with it.
struct Temp(PathBuf);

impl Temp {
    fn new(name: &str) -> Temp {
        Temp(std::env::temp_dir().join(format!("sysview-export-{}-{name}", std::process::id())))
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        // Not every test writes its file.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn sysview(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sysview")).args(args).stdin(Stdio::null()).output().expect("sysview runs")
}

fn at(task: u32, t_ns: u64, kind: EventKind) -> Loose {
    (Event { task: TaskId(task), t_ns, kind }, Vec::new())
}

fn begin(task: u32, t_ns: u64, call: &str, args: [u64; 6], memory: &[u8]) -> Loose {
    let nr = number(Arch::X86_64, call).expect("a call of x86-64");
    let kind = EventKind::Enter(Enter { arch: Arch::X86_64, nr, args, ip: 0x401000, sp: 0x7ffe_0000, regions: 0..0 });
    let memory = if memory.is_empty() { vec![] } else { vec![(args[1], memory.len() as u64, memory.to_vec(), false)] };
    (Event { task: TaskId(task), t_ns, kind }, memory)
}

fn over(task: u32, t_ns: u64, outcome: Outcome, memory: Option<(u64, &[u8])>) -> Loose {
    let kind = EventKind::Exit(Exit { outcome, marks: Marks::NONE, regions: 0..0 });
    let memory = memory.into_iter().map(|(addr, bytes)| (addr, bytes.len() as u64, bytes.to_vec(), false));
    (Event { task: TaskId(task), t_ns, kind }, memory.collect())
}

fn task(task: u32, t_ns: u64, tid: i32, origin: Origin) -> Loose {
    let new = NewTask {
        tid,
        tgid: tid,
        parent: (task > 0).then_some(TaskId(0)),
        origin,
        comm: b"sh".to_vec(),
        ns: PidNamespace::default(),
        image: None,
    };
    at(task, t_ns, EventKind::NewTask(Box::new(new)))
}

fn exec(task: u32, t_ns: u64, path: &[u8], comm: &[u8]) -> Loose {
    let (path, comm) = (path.to_vec(), comm.to_vec());
    let exec = Exec { path, comm, vdso: VdsoState::None, maps: vec![], former: None, standing: None };
    at(task, t_ns, EventKind::Exec(Box::new(exec)))
}

/// Two processes whose calls overlap; the first is killed in a call. `more` is made before the end.
fn run(first_tid: i32, more: Vec<Loose>) -> Vec<u8> {
    const CWD: u64 = -100_i64 as u64;
    let path = [HOSTILE, b"\0"].concat();
    let mut loose = vec![
        task(0, 0, first_tid, Origin::Launch),
        begin(0, 1_000, "execve", [0x1000, 0, 0, 0, 0, 0], b""),
        exec(0, 2_000, b"/bin/sh", b"sh"),
        over(0, 3_000, Outcome::Returned(0), None),
        begin(0, 4_000, "openat", [CWD, 0x2000, 0, 0, 0, 0], &path),
        over(0, 5_000, Outcome::Failed(2), None),
        begin(0, 6_000, "openat", [CWD, 0x2000, 0, 0, 0, 0], b"/etc/hosts\0"),
        over(0, 7_000, Outcome::Returned(3), None),
        begin(0, 8_000, "fork", [0; 6], b""),
        task(1, 8_500, first_tid + 1, Origin::Fork),
        over(0, 9_000, Outcome::Returned(i64::from(first_tid) + 1), None),
        exec(1, 9_500, b"/bin/ca<t", b"ca<t"),
        begin(0, 10_000, "wait4", [u64::MAX, 0, 0, 0, 0, 0], b""),
        begin(1, 10_100, "read", [3, 0x3000, 16, 0, 0, 0], b""),
        over(1, 11_234, Outcome::Returned(4), Some((0x3000, b"a,b\n"))),
        begin(1, 12_000, "unshare", [0x1000_0000, 0, 0, 0, 0, 0], b""),
        over(1, 12_500, Outcome::Failed(1), None),
    ];
    loose.extend(more);
    loose.extend([
        begin(1, 13_000, "exit_group", [0; 6], b""),
        over(1, 13_500, Outcome::NeverReturned, None),
        at(1, 14_000, EventKind::TaskEnd(TaskEnd::Exited { status: 0 })),
        at(0, 15_000, EventKind::TaskEnd(TaskEnd::Killed { signal: 9, core: false })),
    ]);
    let mut writer = Writer::new(Vec::new(), &started()).expect("written");
    writer.batch(&batch(loose)).expect("written");
    writer.end(End::Killed { signal: 9, core: false }).expect("written");
    writer.finish().expect("written")
}

fn recording(name: &str) -> Temp {
    let temp = Temp::new(name);
    std::fs::write(&temp.0, run(100, vec![])).expect("written");
    temp
}

/// What an export of the run writes to standard output.
#[track_caller]
fn export(recording: &Temp, options: &[&str]) -> Vec<u8> {
    let output = sysview(&[&["export", recording.text()], options].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{options:?}: {said}");
    output.stdout
}

/// As text, with what differs from run to run and from version to version taken out.
fn kept(recording: &Temp, options: &[&str]) -> String {
    let text = String::from_utf8(export(recording, options)).expect("UTF-8");
    text.replace(recording.text(), "RUN").replace(env!("CARGO_PKG_VERSION"), "VERSION").replace('\r', "<CR>")
}

#[test]
fn every_form_is_as_it_was() {
    let recording = recording("golden");
    for format in ["jsonl", "csv", "strace", "perfetto", "html"] {
        let text = kept(&recording, &["--format", format, "--seccomp", "docker-default"]);
        insta::assert_snapshot!(format!("export_{format}"), text);
    }
}

#[test]
fn objects_are_as_the_schema_says() {
    let recording = recording("schema");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema/log.schema.json");
    let schema = Schema::new(&std::fs::read_to_string(schema).expect("the schema"));
    let demo = format!("{}/assets/demo/python.sysview", env!("CARGO_MANIFEST_DIR"));
    for file in [recording.text(), &demo] {
        let output = sysview(&["export", "--format", "jsonl", file]);
        let text = String::from_utf8(output.stdout).expect("ASCII");
        let mut rows = Vec::new();
        for line in text.lines() {
            let object: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
            schema.check(&object).unwrap_or_else(|wrong| panic!("{wrong}\nin {line}"));
            rows.extend(object["row"].as_u64());
        }
        rows.sort_unstable();
        assert_eq!(rows, (0..rows.len() as u64).collect::<Vec<_>>(), "{file}: each row once");
        assert!(rows.len() >= 14, "{file}: {}", rows.len());
    }
}

/// Fields by RFC 4180.
fn parse_csv(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => assert_eq!(chars.peek(), Some(&'\n')),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    assert!(!quoted && field.is_empty() && row.is_empty(), "the last line ends");
    rows
}

/// A cell as CSV has it; times are left out.
fn cell(batch: &RecordBatch, column: usize, row: usize) -> String {
    let array = batch.column(column);
    if array.is_null(row) {
        return String::new();
    }
    match batch.schema().field(column).data_type().to_string().as_str() {
        "UInt64" => array.as_primitive::<UInt64Type>().value(row).to_string(),
        "Int32" => array.as_primitive::<Int32Type>().value(row).to_string(),
        "Int64" => array.as_primitive::<Int64Type>().value(row).to_string(),
        "Utf8" => array.as_string::<i32>().value(row).to_owned(),
        other => panic!("a column of type {other}"),
    }
}

#[test]
fn parquet_and_csv_hold_the_same_table() {
    let recording = recording("table");
    let demo = format!("{}/assets/demo/shell.sysview", env!("CARGO_MANIFEST_DIR"));
    for file in [recording.text(), &demo] {
        let out = Temp::new("table.parquet");
        let options = ["--seccomp", "docker-default"];
        // The name tells the form.
        let run = sysview(&[&["export", file, "-o", out.text()][..], &options].concat());
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let csv = sysview(&[&["export", file, "--format", "csv", "-o", "-"][..], &options].concat());
        let csv = parse_csv(&String::from_utf8(csv.stdout).expect("UTF-8"));
        let bytes = std::fs::File::open(&out.0).expect("the file");
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).expect("Parquet").build().expect("Parquet");
        let mut lines = csv.iter();
        let names = lines.next().expect("a line of names");
        for batch in reader {
            let batch = batch.expect("rows");
            let columns: Vec<String> = batch.schema().fields().iter().map(|field| field.name().clone()).collect();
            assert_eq!(&columns, names);
            for row in 0..batch.num_rows() {
                let line = lines.next().expect("as many lines");
                for (column, name) in columns.iter().enumerate().filter(|(_, name)| *name != "time") {
                    assert_eq!(cell(&batch, column, row), line[column], "{file}: {name} of {line:?}");
                }
            }
        }
        assert_eq!(lines.next(), None, "{file}");
    }
}

#[test]
fn slices_of_a_track_follow_one_another() {
    let recording = recording("slices");
    let demo = format!("{}/assets/demo/python.sysview", env!("CARGO_MANIFEST_DIR"));
    for file in [recording.text(), &demo] {
        let output = sysview(&["export", "--format", "perfetto", file]);
        let trace: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let mut tracks: BTreeMap<(i64, i64), Vec<(u64, u64)>> = BTreeMap::new();
        let mut named = BTreeMap::new();
        for event in trace["traceEvents"].as_array().expect("events") {
            let track = (event["pid"].as_i64().expect("a pid"), event["tid"].as_i64().expect("a tid"));
            let ns = |name: &str| (event[name].as_f64().expect("a time") * 1_000.0).round() as u64;
            match event["ph"].as_str().expect("a phase") {
                "X" => tracks.entry(track).or_default().push((ns("ts"), ns("ts") + ns("dur"))),
                "M" if event["name"] == "thread_name" => drop(named.insert(track, event["args"]["name"].clone())),
                "M" => assert_eq!(event["name"], "process_name"),
                "i" => assert!(event["ts"].is_number() && event["s"] == "t"),
                other => panic!("a phase {other}"),
            }
        }
        assert!(tracks.len() >= 2, "{file}");
        for (track, mut slices) in tracks {
            assert!(named.contains_key(&track), "{file}: {track:?} has no name");
            slices.sort_unstable();
            for pair in slices.windows(2) {
                assert!(pair[0].1 <= pair[1].0, "{file}: {pair:?} of {track:?} overlap");
            }
        }
    }
    // wait4 was never over: it reaches to the end of its task.
    let trace: Value = serde_json::from_slice(&export(&recording, &["--format", "perfetto"])).expect("JSON");
    let waits = trace["traceEvents"].as_array().expect("events").iter().find(|event| event["name"] == "wait4");
    assert_eq!(waits.expect("the call")["dur"], 5.0);
}

#[test]
fn nothing_of_the_program_is_markup_on_the_page() {
    let recording = recording("page");
    let page =
        String::from_utf8(export(&recording, &["--format", "html", "--seccomp", "docker-default"])).expect("UTF-8");
    assert_eq!(page.matches("<script>").count(), 1, "only our own");
    assert!(!page.contains("ca<t") && page.contains("ca&lt;t"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(") && !page.contains('\x1b') && !page.contains('\r'));
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "the page asks for something from elsewhere: {outside}");
    }
    for section in ["calls", "errors", "blocked", "files", "tasks"] {
        assert!(page.contains(&format!("<h2 id=\"{section}\">")), "{section}");
    }
    assert!(page.contains("unshare"), "what is blocked is named");
}

#[test]
fn a_filter_says_which_rows_in_every_form() {
    let recording = recording("filter");
    let filtered =
        |format| String::from_utf8(export(&recording, &["--format", format, "--filter", "err"])).expect("UTF-8");
    assert_eq!(parse_csv(&filtered("csv")).len(), 3);
    assert_eq!(filtered("jsonl").lines().count(), 3);
    assert_eq!(filtered("strace").lines().count(), 2, "{}", filtered("strace"));
    let verdict = ["--format", "csv", "--filter", "blocked", "--seccomp", "docker-default"];
    let blocked = parse_csv(&String::from_utf8(export(&recording, &verdict)).expect("UTF-8"));
    assert_eq!((blocked.len(), blocked[1][8].as_str()), (2, "unshare"));
}

#[test]
fn contents_can_be_masked() {
    let recording = recording("redact");
    let text = |options: &[&str]| String::from_utf8(export(&recording, options)).expect("UTF-8");
    assert!(text(&["--format", "strace"]).contains("\"a,b\\n\""));
    let masked = text(&["--format", "strace", "--redact"]);
    assert!(masked.contains("\"****\"") && !masked.contains("a,b"), "{masked}");
}

#[test]
fn mistakes_are_told_in_one_sentence_with_their_status() {
    let recording = recording("mistakes");
    let file = recording.text();
    let missing = Temp::new("missing");
    for (args, status, said) in [
        (&["export", file][..], 2, "--format"),
        (&["export", file, "--format", "xml"], 2, "no such form"),
        (&["export", file, "--format", "csv", "--filter", "err="], 2, "--filter"),
        (&["export", file, "--format", "csv", "--filter", "blocked"], 2, "--seccomp"),
        (&["export", file, "--format", "csv", "-o", file], 2, "the recording itself"),
        (&["export", missing.text(), "--format", "csv"], 1, "cannot be read"),
        (&["export", file, "--format", "csv", "-o", "/dev/full"], 1, "cannot write /dev/full"),
        (&["diff", file], 2, "--filter-a"),
        (&["diff", file, missing.text()], 2, "cannot be read"),
        (&["diff", file, file, "--fail-on", "new-moons"], 2, "no such threshold"),
        (&["diff", file, file, "--filter", "blocked"], 2, "no profile"),
    ] {
        let output = sysview(args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{args:?}: {text}");
        // A filter is shown again, with a caret under what is wrong.
        let lines = if args.contains(&"err=") { 3 } else { 1 };
        assert!(text.contains(said) && text.lines().count() == lines, "{args:?}: {text}");
    }
    assert_eq!(std::fs::read(&recording.0).expect("still there"), run(100, vec![]));
}

#[test]
fn a_recording_that_breaks_off_is_exported_up_to_there() {
    let mut whole = run(100, vec![]);
    // Without its end, and the mark of a whole file.
    whole.truncate(whole.len() - 12);
    let cut = Temp::new("cut");
    std::fs::write(&cut.0, whole).expect("written");
    let output = sysview(&["export", cut.text(), "--format", "csv"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("breaks off at byte"), "{said}");
    assert!(output.stdout.starts_with(b"row,kind,"));
}

#[test]
fn runs_are_compared_by_what_they_do_and_not_by_their_numbers() {
    let a = recording("diff-a");
    let same = Temp::new("diff-same");
    std::fs::write(&same.0, run(4711, vec![])).expect("written");
    let output = sysview(&["diff", a.text(), same.text(), "--fail-on", "new-calls,new-paths,calls+0,errors+0%"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("The same calls"), "{text}");
    let other = Temp::new("diff-other");
    let more = vec![begin(1, 12_600, "getpid", [0; 6], b""), over(1, 12_700, Outcome::Returned(101), None)];
    std::fs::write(&other.0, run(100, more)).expect("written");
    let output = sysview(&["diff", a.text(), other.text(), "--fail-on", "new-calls", "--fail-on", "new-errors"]);
    let (text, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(said, "sysview: new-calls is passed: getpid\n");
    assert!(text.lines().any(|line| line.starts_with("+ getpid")), "{text}");
    assert!(text.lines().any(|line| line.starts_with("~   ca<t")), "{text}");
    let output = sysview(&["diff", "--format", "json", a.text(), "--filter-a", "tid:100", "--filter-b", "tid:101"]);
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0));
    let calls = all["calls"].as_array().expect("calls");
    assert!(calls.iter().any(|call| call["name"] == "unshare" && call["a"].is_null()), "{all}");
}
