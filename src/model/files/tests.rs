//! What descriptors are after lists of events.

mod given;

use super::*;
use crate::abi::{Arch, number};
use crate::model::{
    Batch, Enter, Event, EventKind, Exec, Exit, Marks, OpenDescriptor, Origin, Outcome, PidNamespace, Region, Standing,
    Store, VdsoState,
};

/// Events one after another, a nanosecond apart, in a store.
#[derive(Default)]
struct Made {
    store: Store,
    t_ns: u64,
}

type Copies<'a> = &'a [(u64, &'a [u8])];

impl Made {
    fn new() -> Made {
        let mut made = Made::default();
        made.begin(0, None, Origin::Launch);
        made
    }

    fn add(&mut self, task: u32, kind: EventKind, copies: Copies<'_>) {
        self.t_ns += 1;
        let mut batch = Batch::default();
        for (addr, bytes) in copies {
            let (start, len) = (batch.bytes.len() as u32, bytes.len() as u32);
            batch.bytes.extend_from_slice(bytes);
            batch.regions.push(Region { addr: *addr, true_len: u64::from(len), start, len, fault: false });
        }
        batch.events.push(Event { task: TaskId(task), t_ns: self.t_ns, kind });
        self.store.append(&batch);
    }

    fn begin(&mut self, id: u32, parent: Option<u32>, origin: Origin) {
        let new = NewTask {
            tid: 100 + id as i32,
            tgid: 100 + id as i32,
            parent: parent.map(TaskId),
            origin,
            comm: Vec::new(),
            ns: PidNamespace::default(),
            image: None,
        };
        self.add(id, EventKind::NewTask(Box::new(new)), &[]);
    }

    fn enter(&mut self, task: u32, name: &str, args: [u64; 6], copies: Copies<'_>) -> u64 {
        self.enter_on(Arch::X86_64, task, name, args, copies)
    }

    fn enter_on(&mut self, arch: Arch, task: u32, name: &str, args: [u64; 6], copies: Copies<'_>) -> u64 {
        let nr = number(arch, name).expect(name);
        let enter = Enter { arch, nr, args, ip: 0, sp: 0, regions: 0..copies.len() as u32 };
        self.add(task, EventKind::Enter(enter), copies);
        self.store.len() - 1
    }

    fn exit(&mut self, task: u32, outcome: Outcome, copies: Copies<'_>) {
        let exit = Exit { outcome, marks: Marks::NONE, regions: 0..copies.len() as u32 };
        self.add(task, EventKind::Exit(exit), copies);
    }

    /// A call from begin to end; the row.
    fn call(&mut self, task: u32, name: &str, args: [u64; 6], entry: Copies<'_>, result: i64, exit: Copies<'_>) -> u64 {
        let row = self.enter(task, name, args, entry);
        self.exit(task, Outcome::Returned(result), exit);
        row
    }

    fn open(&mut self, task: u32, path: &str, flags: u64, fd: i64) -> u64 {
        let path = [path.as_bytes(), &[0]].concat();
        self.call(task, "openat", [-100i64 as u64, 0x1000, flags, 0, 0, 0], &[(0x1000, &path)], fd, &[])
    }

    fn exec(&mut self, task: u32) {
        self.exec_standing(task, None);
    }

    fn exec_standing(&mut self, task: u32, standing: Option<Standing>) {
        let standing = standing.map(Box::new);
        let (path, comm, maps) = (Vec::new(), Vec::new(), Vec::new());
        self.add(
            task,
            EventKind::Exec(Box::new(Exec { path, comm, vdso: VdsoState::Unknown, maps, former: None, standing })),
            &[],
        );
    }

    fn fd(&self, task: u32, fd: i32) -> Option<Descriptor<'_>> {
        self.store.files().descriptor(TaskId(task), fd, self.t_ns + 1)
    }

    fn path(&self, task: u32, fd: i32) -> Option<String> {
        match self.fd(task, fd)?.what {
            What::File(path) | What::Link(path) => Some(String::from_utf8(path.clone()).expect("UTF-8")),
            other => panic!("{other:?}"),
        }
    }
}

const CLOEXEC: u64 = 0o2000000;

#[test]
fn a_descriptor_remembers_the_row_that_gave_it_out() {
    let mut made = Made::new();
    let first = made.open(0, "/a", 0, 3);
    assert_eq!(made.fd(0, 3).map(|fd| (fd.row, fd.generation, fd.made)), Some((Some(first), 1, None)));
    made.call(0, "close", [3, 0, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!(made.fd(0, 3), None);
    let second = made.open(0, "/b", CLOEXEC, 3);
    let dup = made.call(0, "dup2", [3, 9, 0, 0, 0, 0], &[], 9, &[]);
    let fd = made.fd(0, 3).expect("open");
    assert_eq!((fd.row, fd.generation, fd.cloexec), (Some(second), 2, true));
    let fd = made.fd(0, 9).expect("open");
    assert_eq!((fd.row, fd.made, fd.cloexec), (Some(dup), Some(second), false));
    assert_eq!(made.path(0, 9).as_deref(), Some("/b"));
    // As it was at the first row's end.
    let files = made.store.files();
    assert_eq!(files.descriptor(TaskId(0), 3, 4).map(|fd| fd.what), Some(&What::File(b"/a".to_vec())));
}

#[test]
fn failed_calls_open_nothing() {
    let mut made = Made::new();
    made.enter(0, "dup", [7, 0, 0, 0, 0, 0], &[]);
    made.exit(0, Outcome::Failed(9), &[]);
    assert_eq!(made.fd(0, 9), None);
    made.call(0, "dup", [7, 0, 0, 0, 0, 0], &[], 8, &[]);
    assert_eq!(made.fd(0, 8), None, "nothing is known of 7");
}

#[test]
fn a_number_that_is_closed_is_free_before_the_call_is_over() {
    let mut made = Made::new();
    made.open(0, "/a", 0, 3);
    made.enter(0, "clone", [0x10f00, 0, 0, 0, 0, 0], &[]);
    made.begin(1, Some(0), Origin::Thread);
    made.exit(0, Outcome::Returned(101), &[]);
    made.enter(0, "close", [3, 0, 0, 0, 0, 0], &[]);
    made.open(1, "/b", 0, 3);
    made.exit(0, Outcome::Returned(0), &[]);
    assert_eq!((made.path(0, 3), made.path(1, 3)), (Some("/b".into()), Some("/b".into())));
}

#[test]
fn processes_have_copies_and_execve_closes() {
    let mut made = Made::new();
    made.open(0, "/a", CLOEXEC, 3);
    made.open(0, "/b", 0, 4);
    made.enter(0, "clone", [17, 0, 0, 0, 0, 0], &[]);
    made.begin(1, Some(0), Origin::Fork);
    made.exit(0, Outcome::Returned(101), &[]);
    made.call(1, "close", [4, 0, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!((made.path(0, 4), made.path(1, 4), made.path(1, 3)), (Some("/b".into()), None, Some("/a".into())));
    made.exec(1);
    assert_eq!((made.path(0, 3), made.path(1, 3)), (Some("/a".into()), None));
    made.call(0, "fcntl", [3, 2, 0, 0, 0, 0], &[], 0, &[]);
    made.exec(0);
    assert_eq!(made.path(0, 3).as_deref(), Some("/a"), "close-on-exec was taken off");
}

#[test]
fn ranges_are_closed_and_tables_are_unshared() {
    let mut made = Made::new();
    for fd in 3..6 {
        made.open(0, "/x", 0, fd);
    }
    made.enter(0, "clone", [0x400, 0, 0, 0, 0, 0], &[]);
    made.begin(1, Some(0), Origin::Clone);
    made.exit(0, Outcome::Returned(101), &[]);
    made.call(1, "close_range", [4, u64::from(u32::MAX), 2, 0, 0, 0], &[], 0, &[]);
    assert_eq!([3, 4, 5].map(|fd| made.fd(1, fd).is_some()), [true, false, false]);
    assert_eq!([3, 4, 5].map(|fd| made.fd(0, fd).is_some()), [true; 3]);
    made.call(0, "close_range", [3, 4, 4, 0, 0, 0], &[], 0, &[]);
    assert_eq!([3, 4, 5].map(|fd| made.fd(0, fd).is_some_and(|fd| fd.cloexec)), [true, true, false]);
    made.call(0, "close_range", [5, 5, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!(made.fd(0, 5), None);
}

#[test]
fn pipes_sockets_and_what_others_make() {
    let mut made = Made::new();
    made.call(0, "pipe2", [0x2000, CLOEXEC, 0, 0, 0, 0], &[], 0, &[(0x2000, &[3, 0, 0, 0, 4, 0, 0, 0])]);
    assert_eq!(made.fd(0, 3).map(|fd| (fd.what, fd.cloexec)), Some((&What::PipeEnd { writes: false }, true)));
    assert_eq!(made.fd(0, 4).map(|fd| fd.what), Some(&What::PipeEnd { writes: true }));
    made.call(0, "socket", [2, 1 | CLOEXEC, 6, 0, 0, 0], &[], 5, &[]);
    let address = [2, 0, 0, 80, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    made.call(0, "bind", [5, 0x3000, 16, 0, 0, 0], &[(0x3000, &address)], 0, &[]);
    let exit: Copies<'_> = &[(0x4000, &[2, 0, 1, 2, 10, 0, 0, 1]), (0x5000, &[8, 0, 0, 0])];
    made.call(0, "accept4", [5, 0x4000, 0x5000, 0, 0, 0], &[], 6, exit);
    let fd = made.fd(0, 6).expect("accepted");
    assert_eq!(fd.what, &What::Socket { family: 2, kind: 1, protocol: 6 });
    assert_eq!((fd.local, fd.peer), (Some(&address[..]), Some(&[2, 0, 1, 2, 10, 0, 0, 1][..])));
    made.call(0, "memfd_create", [0x1000, 1, 0, 0, 0, 0], &[(0x1000, b"buf\0")], 7, &[]);
    let fd = made.fd(0, 7).expect("made");
    assert_eq!((fd.what, fd.cloexec), (&What::Other { call: "memfd_create", name: b"buf".to_vec() }, true));
}

#[test]
fn messages_and_other_processes_bring_descriptors() {
    let mut made = Made::new();
    let mut header = [0; 56];
    header[33] = 0x60;
    header[40] = 24;
    let mut control = [0; 24];
    (control[0], control[8], control[12], control[16], control[20]) = (24, 1, 1, 11, 12);
    let exit: Copies<'_> = &[(0x5000, &header), (0x6000, &control)];
    made.call(0, "recvmsg", [4, 0x5000, 0x4000_0000, 0, 0, 0], &[], 1, exit);
    assert_eq!([11, 12].map(|fd| made.fd(0, fd).map(|fd| (fd.what, fd.cloexec))), [Some((&What::Received, true)); 2]);
    made.open(0, "/theirs", 0, 3);
    made.begin(1, Some(0), Origin::Fork);
    made.call(1, "close", [3, 0, 0, 0, 0, 0], &[], 0, &[]);
    made.call(1, "pidfd_open", [100, 0, 0, 0, 0, 0], &[], 3, &[]);
    assert_eq!(made.fd(1, 3).map(|fd| fd.what), Some(&What::Pidfd(100)));
    made.call(1, "pidfd_getfd", [3, 3, 0, 0, 0, 0], &[], 4, &[]);
    assert_eq!(made.path(1, 4).as_deref(), Some("/theirs"));
}

#[test]
fn paths_are_put_together_where_their_directory_is_known() {
    let mut made = Made::new();
    made.open(0, "x", 0, 3);
    assert_eq!(made.path(0, 3).as_deref(), Some("x"), "nobody told where the task is");
    let at = |made: &mut Made, name: &str, path: &[u8]| {
        made.call(0, name, [0x1000, 0, 0, 0, 0, 0], &[(0x1000, path)], 0, &[])
    };
    at(&mut made, "chdir", b"/home\0");
    at(&mut made, "chdir", b"me\0");
    assert_eq!(made.store.files().cwd(TaskId(0), 99), Some(&b"/home/me"[..]));
    made.open(0, "./x", 0, 4);
    assert_eq!(made.path(0, 4).as_deref(), Some("/home/me/x"));
    made.open(0, "/dir", 0, 5);
    made.call(0, "openat", [5, 0x1000, 0, 0, 0, 0], &[(0x1000, b"y\0")], 6, &[]);
    assert_eq!(made.path(0, 6).as_deref(), Some("/dir/y"));
    made.begin(1, Some(0), Origin::Fork);
    made.call(1, "fchdir", [5, 0, 0, 0, 0, 0], &[], 0, &[]);
    let files = made.store.files();
    assert_eq!((files.cwd(TaskId(0), 99), files.cwd(TaskId(1), 99)), (Some(&b"/home/me"[..]), Some(&b"/dir"[..])));
}

#[test]
fn what_was_open_before_can_be_told() {
    let mut made = Made::new();
    let mut standing = standing();
    standing.descriptors = vec![OpenDescriptor { fd: 0, link: b"/dev/pts/1".to_vec(), cloexec: false }];
    made.exec_standing(0, Some(standing));
    made.open(0, "x", 0, 3);
    assert_eq!(made.path(0, 3).as_deref(), Some("/home/x"));
    assert_eq!(made.fd(0, 0).map(|fd| (fd.row, fd.generation)), Some((None, 0)));
    assert_eq!(made.path(0, 0).as_deref(), Some("/dev/pts/1"));
    made.call(0, "close", [0; 6], &[], 0, &[]);
    assert_eq!(made.fd(0, 0), None);
}

fn standing() -> Standing {
    let ids = Ids {
        uids: [0; 4],
        gids: [0; 4],
        inheritable: 0,
        permitted: 0x1ff_ffff_ffff,
        effective: 0x1ff_ffff_ffff,
        bounding: 0x1ff_ffff_ffff,
        ambient: 0,
    };
    Standing {
        cwd: b"/home".to_vec(),
        root: b"/".to_vec(),
        mount_ns: Some(4_026_531_841),
        ids,
        descriptors: Vec::new(),
    }
}

#[test]
fn whom_a_task_acts_as_follows_its_calls() {
    let mut made = Made::new();
    assert_eq!(made.store.files().ids(TaskId(0), 99), None);
    made.exec_standing(0, Some(standing()));
    made.begin(1, Some(0), Origin::Fork);
    let ids = |made: &Made, task| *made.store.files().ids(TaskId(task), made.t_ns + 1).expect("known");
    // The child becomes another user for a while, then for good.
    made.call(1, "setresuid", [u64::MAX, 1000, u64::MAX, 0, 0, 0], &[], 0, &[]);
    assert_eq!((ids(&made, 1).uids, ids(&made, 1).effective), ([0, 1000, 0, 1000], 0));
    made.call(1, "setreuid", [u64::MAX, 0, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!((ids(&made, 1).uids[1], ids(&made, 1).effective), (0, 0x1ff_ffff_ffff));
    made.call(1, "setgid", [100, 0, 0, 0, 0, 0], &[], 0, &[]);
    made.call(1, "setuid", [1000, 0, 0, 0, 0, 0], &[], 0, &[]);
    let now = ids(&made, 1);
    assert_eq!((now.uids, now.gids, now.permitted, now.effective), ([1000; 4], [100; 4], 0, 0));
    assert_eq!(ids(&made, 0), standing().ids);
    // Capabilities by hand, low words first.
    let mut data = [0; 24];
    (data[0], data[4], data[12]) = (0x20, 0xff, 1);
    made.call(0, "capset", [0, 0x1000, 0, 0, 0, 0], &[(0x1000, &data)], 0, &[]);
    assert_eq!((ids(&made, 0).effective, ids(&made, 0).permitted), (0x1_0000_0020, 0xff));
}

#[test]
fn capabilities_follow_prctl_and_the_id_of_the_file_system() {
    const FILES: u64 = 0x1f | 1 << 9 | 1 << 27 | 1 << 32;
    let mut made = Made::new();
    made.exec_standing(0, Some(standing()));
    let ids = |made: &Made| *made.store.files().ids(TaskId(0), made.t_ns + 1).expect("known");
    made.call(0, "setfsuid", [1000, 0, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!((ids(&made).uids, ids(&made).effective), ([0, 0, 0, 1000], 0x1ff_ffff_ffff & !FILES));
    made.call(0, "setfsuid", [0; 6], &[], 1000, &[]);
    assert_eq!((ids(&made).uids, ids(&made).effective), ([0; 4], 0x1ff_ffff_ffff));
    made.call(0, "setfsgid", [7, 0, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!(ids(&made).gids, [0, 0, 0, 7]);
    // PR_CAP_AMBIENT: raise, raise, lower. PR_CAPBSET_DROP.
    for (operation, number) in [(2, 5), (2, 7), (3, 5)] {
        made.call(0, "prctl", [47, operation, number, 0, 0, 0], &[], 0, &[]);
    }
    made.call(0, "prctl", [24, 3, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!((ids(&made).ambient, ids(&made).bounding), (1 << 7, 0x1ff_ffff_ffff & !8));
    // PR_SET_KEEPCAPS: the permitted ones stay with an ordinary user.
    made.call(0, "prctl", [8, 1, 0, 0, 0, 0], &[], 0, &[]);
    made.call(0, "setuid", [1000, 0, 0, 0, 0, 0], &[], 0, &[]);
    let now = ids(&made);
    assert_eq!((now.uids, now.permitted, now.effective, now.ambient), ([1000; 4], 0x1ff_ffff_ffff, 0, 0));
}

#[test]
fn a_pivoted_root_moves_the_directory_of_the_task() {
    let mut made = Made::new();
    made.exec_standing(0, Some(standing()));
    let path = |made: &mut Made, text: &'static [u8]| made.call(0, "chdir", [0x1000; 6], &[(0x1000, text)], 0, &[]);
    path(&mut made, b"/srv/image/etc\0");
    let given: [(u64, &[u8]); 2] = [(0x1000, b"/srv/image\0"), (0x2000, b"/srv/image/old\0")];
    made.call(0, "pivot_root", [0x1000, 0x2000, 0, 0, 0, 0], &given, 0, &[]);
    let stands = |made: &Made| {
        let files = made.store.files();
        let cwd = files.cwd(TaskId(0), made.t_ns + 1).map(<[u8]>::to_vec);
        (cwd, files.root(TaskId(0), made.t_ns + 1).map(<[u8]>::to_vec))
    };
    assert_eq!(stands(&made), (Some(b"/etc".to_vec()), Some(b"/".to_vec())));
    path(&mut made, b"/home\0");
    let given: [(u64, &[u8]); 2] = [(0x1000, b"/old/root\0"), (0x2000, b"/old/root/mnt\0")];
    made.call(0, "pivot_root", [0x1000, 0x2000, 0, 0, 0, 0], &given, 0, &[]);
    assert_eq!(stands(&made).0, Some(b"/mnt/home".to_vec()));
}

#[test]
fn namespaces_of_its_own_have_no_number_yet() {
    let mut made = Made::new();
    made.exec_standing(0, Some(standing()));
    let mounts = |made: &Made| made.store.files().mount_namespace(TaskId(0), made.t_ns + 1);
    assert_eq!(mounts(&made), Some(4_026_531_841));
    made.call(0, "unshare", [0x1002_0000, 0, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!(mounts(&made), None);
    assert_eq!(made.store.files().ids(TaskId(0), 99).map(|ids| ids.permitted), Some(u64::MAX));
    assert_eq!(made.store.files().root(TaskId(0), 99), Some(&b"/"[..]));
}
