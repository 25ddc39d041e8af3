//! The panes of processes and of descriptors, and which panes are to be seen.

use sysview::model::*;
use sysview::stats::Cpu;
use sysview::tui::{App, Options};

use super::scene::{self, OPENAT, READ};
use super::{docker, lacks, press, print, shows};

const CLONE: u64 = 56;
const EXECVE: u64 = 59;
const SOCKET: u64 = 41;
const CONNECT: u64 = 42;

/// A shell that starts two programs, of which one is killed and one reads from a socket and a file.
fn shell() -> sysview::source::Message {
    let mut r = scene::Recorder::new();
    r.task(0, 500, None, Origin::Launch, "sysview").after(40);
    executes(&mut r, 0, "/usr/bin/bash", &["bash", "-c", "make; it's all"], &["HOME=/root", "LANG=C", "PATH=/bin"]);
    for (task, tid) in [(1, 501), (2, 502)] {
        r.after(50).enter(0, CLONE, [0x0120_0011, 0, 0, 0, 0, 0], &[]).after(90);
        r.task(task, tid, Some(0), Origin::Fork, "bash").exit(0, Outcome::Returned(tid.into()), &[]);
    }
    executes(&mut r, 1, "/usr/bin/make", &["make", "-j2"], &["HOME=/root", "MAKELEVEL=1", "PATH=/bin:/usr/bin"]);
    r.after(5).enter(1, OPENAT, [scene::AT_FDCWD, 0x3000, 0o2000000, 0, 0, 0], &[(0x3000, b"Makefile\0")]);
    r.after(4).exit(1, Outcome::Returned(3), &[]);
    r.after(5).enter(1, READ, [3, 0x9000, 4_096, 0, 0, 0], &[]).after(8).exit(1, Outcome::Returned(2_048), &[]);
    r.after(5).enter(1, READ, [3, 0x9000, 4_096, 0, 0, 0], &[]).after(8).exit(1, Outcome::Failed(4), &[]);
    r.after(5).enter(1, SOCKET, [2, 1, 0, 0, 0, 0], &[]).after(8).exit(1, Outcome::Returned(4), &[]);
    let address = [2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    r.after(5).enter(1, CONNECT, [4, 0x4000, 16, 0, 0, 0], &[(0x4000, &address)]).after(8);
    r.exit(1, Outcome::Returned(0), &[]);
    r.after(5).enter(1, READ, [4, 0x9000, 4_096, 0, 0, 0], &[]);
    r.after(9).event(2, EventKind::TaskEnd(TaskEnd::Killed { signal: 11, core: true }));
    let child = SignalDetail::Child { pid: 502, uid: 0, status: 11, utime: 12, stime: 3 };
    r.event(0, EventKind::Signal(Signal { number: 17, code: 3, errno: 0, detail: child })).after(1_500_000);
    r.enter(0, 61, [u64::MAX, 0, 0, 0, 0, 0], &[]);
    r.take()
}

/// An execve with everything that it is given.
fn executes(r: &mut scene::Recorder, task: u32, path: &str, argv: &[&str], envp: &[&str]) {
    let mut memory: Vec<(u64, Vec<u8>)> = vec![(0x1000, format!("{path}\0").into_bytes())];
    for (at, list) in [(0x10_000, argv), (0x20_000, envp)] {
        let mut pointers = Vec::new();
        for (i, text) in list.iter().enumerate() {
            let addr = at + 0x1000 + 0x100 * i as u64;
            memory.push((addr, format!("{text}\0").into_bytes()));
            pointers.extend(addr.to_le_bytes());
        }
        pointers.extend([0; 8]);
        memory.push((at, pointers));
    }
    let memory: Vec<(u64, &[u8])> = memory.iter().map(|(addr, bytes)| (*addr, bytes.as_slice())).collect();
    r.after(20).enter(task, EXECVE, [0x1000, 0x10_000, 0x20_000, 0, 0, 0], &memory).after(300);
    let comm = path.rsplit('/').next().unwrap().as_bytes().to_vec();
    let path = path.as_bytes().to_vec();
    let exec = Exec { path, comm, vdso: VdsoState::None, maps: vec![], former: None, standing: None };
    r.event(task, EventKind::Exec(Box::new(exec))).exit(task, Outcome::Returned(0), &[]);
}

fn app(options: Options, cols: u16, rows: u16) -> App {
    let mut app = App::new(options);
    app.resize(cols, rows);
    app.tick(1_000);
    app.message(scene::started(true));
    app.message(shell());
    app.tick(8_000);
    app
}

/// Presses keys, then time passes until everything is counted.
fn after(app: &mut App, keys: &str) {
    press(app, keys);
    app.work(|| false);
    app.tick(9_000);
    app.work(|| false);
}

#[test]
fn both_panes_at_three_sizes() {
    for (cols, rows) in [(80, 24), (120, 40), (200, 60)] {
        for (keys, name) in [("p Down Down", "processes"), ("f Down Down", "files"), ("f a Down z", "files_ever")] {
            let mut app = app(docker(), cols, rows);
            after(&mut app, keys);
            insta::assert_snapshot!(format!("{name}_{cols}x{rows}"), print::styled(&app, cols, rows));
        }
    }
}

#[test]
fn the_processes_tell_what_became_of_them() {
    let mut app = app(docker(), 120, 40);
    after(&mut app, "p z");
    for wanted in ["└ make -j2", "└ bash", "SIGSEGV", "read", "wait4", "150 ms", "bash -c 'make; it'\\''s all'"] {
        shows(&app, wanted);
    }
    after(&mut app, "Down Down");
    for wanted in
        ["by fork of 500 (bash) at row", "+         MAKELEVEL=1", "-         LANG", "PATH: /bin → /bin:/usr/bin"]
    {
        shows(&app, wanted);
    }
    after(&mut app, "Down");
    shows(&app, "killed by SIGSEGV");
    after(&mut app, "a");
    lacks(&app, "SIGSEGV");
    after(&mut app, "Home Down Enter z");
    shows(&app, "filter: pid:501");
    after(&mut app, "Home d");
    shows(&app, "filter: tree:500");
}

#[test]
fn the_processes_are_asked_for_their_cpu_time_while_they_run() {
    let cpu = |pid| (pid == 501).then_some(Cpu { user_ns: 1_230_000_000, system_ns: 0 });
    let mut app = app(Options { cpu: Some(cpu), ..docker() }, 120, 40);
    after(&mut app, "p z");
    app.tick(12_000);
    shows(&app, "1.23 s");
}

#[test]
fn one_goes_from_a_process_to_the_call_that_made_it() {
    let mut app = app(docker(), 120, 40);
    after(&mut app, "p Down Down r");
    let screen = print::text(&app, 120, 40);
    assert!(screen.contains("●Trace"), "{screen}");
    let row = app.selected().and_then(|seq| app.session().store.row(seq)).expect("a row");
    assert!(matches!(row.kind, RowKind::Call(call) if call.nr == CLONE), "{row:?}");
}

#[test]
fn the_files_tell_who_opened_what() {
    let mut app = app(docker(), 120, 40);
    after(&mut app, "f z");
    for wanted in ["make 501", "/Makefile", "2.0 KiB", "AF_INET SOCK_STREAM socket to 127.0.0.1:8080"] {
        shows(&app, wanted.trim_start_matches('/'));
    }
    shows(&app, "2 open now, sort: task");
    after(&mut app, "6 Down");
    shows(&app, "by make (501) at row");
    after(&mut app, "Enter z");
    let row = app.session().store.len();
    let filter = (0..row).find(|seq| print::text(&app, 120, 40).contains(&format!("filter: opened:{seq}")));
    after(&mut app, "r");
    assert_eq!(filter, app.selected(), "the trace stands at the row that opened it");
}

#[test]
fn a_pane_can_be_hidden_until_it_is_asked_for() {
    let mut app = app(docker(), 120, 40);
    press(&mut app, "F3 _");
    lacks(&app, "Histogram");
    shows(&app, "The pane \"histogram\" is hidden; F3 shows it again.");
    press(&mut app, "F6 _");
    lacks(&app, "arguments");
    press(&mut app, "Tab");
    shows(&app, "●Processes");
    press(&mut app, "Tab Tab");
    shows(&app, "●Program");
    press(&mut app, "Ctrl-] _");
    shows(&app, "●Trace");
    press(&mut app, "F3");
    shows(&app, "●Histogram");
    lacks(&app, "Processes ");
}

#[test]
fn each_lower_pane_gets_more_columns_when_one_asks() {
    let mut app = app(docker(), 120, 40);
    let border = |app: &App| print::text(app, 120, 40).lines().nth(30).unwrap().find("││");
    let before = border(&app);
    press(&mut app, "F6 }");
    assert!(border(&app) > before);
    press(&mut app, "{ {");
    assert!(border(&app) < before);
}
