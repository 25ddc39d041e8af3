//! Rows that say what tracing, a change or a filter did, and processes that have other numbers inside.

use crate::*;
use sysview::model::{
    Dropped, EventKind, Exec, Ids, Marks, NewTask, PidNamespace, Standing, TaskId, VdsoState, Warning,
};

/// A view of four calls with marks, three warnings and a process in namespaces of its own.
fn remarkable(options: Options, cols: u16, rows: u16) -> App {
    let mut app = App::new(options);
    app.resize(cols, rows);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sh");
    let path: &[(u64, &[u8])] = &[(0x2000, b"/etc/hosts\0")];
    for (outcome, marks) in [
        (Outcome::Failed(2), Marks::INJECTED),
        (Outcome::Returned(0), Marks::INJECTED),
        (Outcome::Returned(3), Marks::DELAYED),
        (Outcome::Failed(1), Marks::FILTERED),
        (Outcome::KilledBySeccomp, Marks::NONE),
    ] {
        r.after(10).enter(0, scene::OPENAT, [scene::AT_FDCWD, 0x2000, 0, 0, 0, 0], path);
        r.after(700_000).exit_marked(0, outcome, marks);
    }
    for warning in [
        Warning::PrivilegesDropped(Dropped::Traced),
        Warning::PrivilegesDropped(Dropped::NoNewPrivs),
        Warning::HeldTooLong { held_ns: 5_200_000_000 },
    ] {
        r.after(10).event(0, EventKind::Warning(warning));
    }
    let ns = PidNamespace { inode: 4_026_532_456, tids: vec![4_313, 12, 7] };
    let comm = b"inner".to_vec();
    let new =
        NewTask { tid: 4_313, tgid: 4_313, parent: Some(TaskId(0)), origin: Origin::Clone, comm, ns, image: None };
    r.after(5).event(1, EventKind::NewTask(Box::new(new))).after(5).enter(1, 39, [0; 6], &[]);
    app.message(r.take());
    app.tick(1_000);
    app
}

#[test]
fn every_mark_has_its_symbol() {
    let app = remarkable(Options::default(), 120, 40);
    let screen = print::text(&app, 120, 40);
    let symbols: String = screen.lines().skip(4).take(11).filter_map(|line| line.chars().nth(2)).collect();
    assert_eq!(symbols, "+iidff???+~", "{screen}");
    insta::assert_snapshot!("remarks", print::styled(&app, 120, 40));
    let app = remarkable(Options { colour: false, ..Options::default() }, 80, 24);
    insta::assert_snapshot!("remarks_no_color", print::styled(&app, 80, 24));
}

#[test]
fn the_call_pane_says_what_happened_and_what_to_do() {
    for (row, words) in [
        (1, "INJECTED: sysview changed this call or its result, as it was told to;"),
        (3, "DELAYED: sysview made this call wait, as it was told to."),
        (3, "not known: of the 700 ms from its entry to its exit sysview made it wait, as it was told to"),
        (4, "A seccomp filter that the program installed gave this result; the kernel never ran the"),
        (5, "A seccomp filter killed the task at this call, which never ran. seccomp(2)"),
        (6, "Trace as root, and start the program as its user: sudo sysview -u USER -- COMMAND."),
        (7, "start it without a set of calls (-e trace=), or as root."),
        (8, "was held for 5.2 s because its events were not taken"),
        (8, "Attach to it again (A)."),
        (9, "pid 7 in its own PID namespace (pid:[4026532456]), 12 in between"),
        (10, "pid 7 in its own PID namespace (pid:[4026532456]), 12 in between"),
    ] {
        let mut app = remarkable(Options::default(), 120, 40);
        press(&mut app, &format!("Home {} Enter z", "Down ".repeat(row)));
        shows(&app, words);
    }
}

#[test]
fn a_pid_is_tied_to_the_task_that_it_means_where_it_is_said() {
    let mut app = remarkable(Options::default(), 120, 40);
    let mut r = scene::Recorder::new();
    // getpid inside gives 7; kill(4313) outside means the same process.
    r.after(5_000_000).exit(1, Outcome::Returned(7), &[]);
    r.after(5).enter(0, 62, [4_313, 9, 0, 0, 0, 0], &[]).after(5).exit(0, Outcome::Returned(0), &[]);
    app.message(r.take());
    for (row, words) in [(10, "process 4313 here, inner"), (11, "process inner")] {
        press(&mut app, &format!("Home {} Enter z", "Down ".repeat(row)));
        shows(&app, words);
        press(&mut app, "z Enter");
    }
}

#[test]
fn a_delay_that_was_asked_for_is_no_time_of_the_call() {
    let app = remarkable(Options::default(), 200, 40);
    assert_eq!(app.session().histogram.rows().map(|row| row.untimed).sum::<u64>(), 1);
    let screen = print::text(&app, 200, 40);
    assert!(screen.lines().any(|line| line.contains(" delayed│")), "{screen}");
}

#[test]
fn the_call_pane_says_as_whom_the_task_acts() {
    let mut app = App::new(Options::default());
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sh");
    let all = 0x1ff_ffff_ffff;
    let ids = Ids {
        uids: [0; 4],
        gids: [0; 4],
        inheritable: 0,
        permitted: all,
        effective: all & !0x20_0000,
        bounding: all,
        ambient: 0,
    };
    let (cwd, root) = (b"/".to_vec(), b"/".to_vec());
    let standing = Some(Box::new(Standing { cwd, root, mount_ns: None, ids, descriptors: Vec::new() }));
    let (path, comm, maps) = (b"/bin/sh".to_vec(), b"sh".to_vec(), Vec::new());
    let exec = Exec { path, comm, vdso: VdsoState::Unknown, maps, former: None, standing };
    r.after(5).event(0, EventKind::Exec(Box::new(exec)));
    // setgid(2), setuid(2).
    for (nr, id) in [(106, 100), (105, 1_000)] {
        r.after(5).enter(0, nr, [id, 0, 0, 0, 0, 0], &[]).after(5).exit(0, Outcome::Returned(0), &[]);
    }
    app.message(r.take());
    app.tick(1_000);
    for (row, words) in [
        (1, ["uid 0, gid 0", "capabilities: all but CAP_SYS_ADMIN; could turn on CAP_SYS_ADMIN"]),
        (2, ["uid 0, gid 100", "capabilities: all but CAP_SYS_ADMIN"]),
        (3, ["uid 1000, gid 100", "capabilities: none"]),
    ] {
        press(&mut app, &format!("Home {} Enter z", "Down ".repeat(row)));
        words.into_iter().for_each(|words| shows(&app, words));
        press(&mut app, "z Enter");
    }
}
