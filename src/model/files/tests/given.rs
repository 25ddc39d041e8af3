//! Every call of the tables that gives a descriptor, and those that give one otherwise than as their result.

use super::*;
use crate::abi::{self, Call, Meaning, Ret, Type};

const X86: Arch = Arch::X86_64;

fn of(call: &'static str) -> What {
    What::Other { call, name: Vec::new() }
}

/// Calls and variants whose declared result is a descriptor, of an architecture.
fn givers(arch: Arch) -> Vec<(&'static Call, u64)> {
    let numbers = (0..600).filter_map(|nr| Some((abi::lookup(arch, nr)?, nr)));
    let all = numbers.flat_map(|(call, nr)| std::iter::once(call).chain(call.variants).map(move |call| (call, nr)));
    all.filter(|(call, _)| matches!(call.ret, Ret::NewFd)).collect()
}

/// The number that a request or a command is chosen by.
fn selected(call: &Call) -> [u64; 6] {
    std::array::from_fn(|i| match call.args.get(i).map(|arg| arg.ty) {
        Some(Type::Num { meaning: Meaning::Const { value, .. }, .. }) => value,
        _ => 0,
    })
}

#[test]
fn every_call_whose_result_is_a_descriptor_gives_it() {
    for arch in [Arch::X86_64, Arch::I386] {
        let givers = givers(arch);
        assert!(givers.len() > 50, "{}", givers.len());
        for (call, nr) in givers {
            let mut made = Made::new();
            made.open(0, "/old", 0, 7);
            let mut args = selected(call);
            // Duplicates need what they duplicate, signalfd(2) none to change, dup2(2) another number.
            match call.name {
                "dup" | "dup2" | "dup3" | "fcntl" | "fcntl64" => args[0] = 7,
                "signalfd" | "signalfd4" => args[0] = u64::MAX,
                "socketcall" => args[1] = 0x1000,
                _ => {}
            }
            let words = [0; 64];
            let enter = Enter { arch, nr, args, ip: 0, sp: 0, regions: 0..1 };
            made.add(0, EventKind::Enter(enter), &[(0x1000, &words)]);
            let row = made.store.len() - 1;
            made.exit(0, Outcome::Returned(9), &[]);
            let fd = made.fd(0, 9).unwrap_or_else(|| panic!("{arch:?} {}${} gives nothing", call.name, call.variant));
            assert_eq!((fd.row, fd.generation), (Some(row), 1), "{} {}", call.name, call.variant);
            // Given out again it is another one.
            made.call(0, "close", [9, 0, 0, 0, 0, 0], &[], 0, &[]);
            let again = made.open(0, "/again", 0, 9);
            assert_eq!(made.fd(0, 9).map(|fd| (fd.row, fd.generation)), Some((Some(again), 2)));
        }
    }
}

#[test]
fn several_messages_bring_descriptors() {
    // struct mmsghdr: control data at word 4, its length at word 5, and what was received in word 7.
    for (arch, word, name) in [(X86, 8, "recvmmsg"), (Arch::I386, 4, "recvmmsg"), (Arch::I386, 4, "recvmmsg_time64")] {
        let mut made = Made::new();
        let mut headers = vec![0; 2 * 8 * word];
        let mut control = vec![0; word + 12];
        (control[0], control[word], control[word + 4]) = (word as u8 + 12, 1, 1);
        (control[word + 8], control[word + 9]) = (0, 0);
        let mut second = control.clone();
        control[word + 8] = 21;
        second[word + 8] = 22;
        for (i, at) in [(0, 0x60), (1, 0x70)] {
            headers[i * 8 * word + 4 * word + 1] = at;
            headers[i * 8 * word + 5 * word] = word as u8 + 12;
        }
        made.enter_on(arch, 0, name, [4, 0x5000, 2, 0, 0, 0], &[]);
        made.exit(0, Outcome::Returned(2), &[(0x5000, &headers), (0x6000, &control), (0x7000, &second)]);
        let what = [21, 22].map(|fd| made.fd(0, fd).map(|fd| (fd.what, fd.row, fd.cloexec)));
        assert_eq!(what, [Some((&What::Received, Some(1), false)); 2], "{arch:?} {name}");
    }
}

#[test]
fn a_message_may_bring_the_pidfd_of_its_sender() {
    let mut made = Made::new();
    let (mut header, mut control) = ([0; 56], [0; 24]);
    (header[33], header[40]) = (0x60, 20);
    (control[0], control[8], control[12], control[16]) = (20, 1, 4, 30);
    made.call(0, "recvmsg", [4, 0x5000, 0, 0, 0, 0], &[], 1, &[(0x5000, &header), (0x6000, &control)]);
    assert_eq!(made.fd(0, 30).map(|fd| (fd.what, fd.cloexec)), Some((&What::Received, true)));
}

#[test]
fn a_child_can_be_made_with_a_pidfd() {
    const CLONE_PIDFD: u64 = 0x1000;
    for arch in [X86, Arch::I386] {
        let mut made = Made::new();
        let row = made.enter_on(arch, 0, "clone", [CLONE_PIDFD | 17, 0, 0x2000, 0, 0, 0], &[]);
        made.begin(1, Some(0), Origin::Fork);
        made.exit(0, Outcome::Returned(101), &[(0x2000, &[5, 0, 0, 0])]);
        let fd = made.fd(0, 5).expect("a pidfd");
        assert_eq!((fd.what, fd.row, fd.generation, fd.cloexec), (&What::Pidfd(101), Some(row), 1, true));
        assert_eq!(made.fd(1, 5), None, "the child has none");
    }
    let mut made = Made::new();
    let mut args = [0; 64];
    (args[1], args[9]) = (0x10, 0x20);
    made.call(0, "clone3", [0x4000, 64, 0, 0, 0, 0], &[(0x4000, &args)], 101, &[(0x2000, &[6, 0, 0, 0])]);
    assert_eq!(made.fd(0, 6).map(|fd| fd.what), Some(&What::Pidfd(101)));
    // Without the flag a number of a task stands there.
    made.call(0, "clone", [0x10_0000, 0, 0x2000, 0, 0, 0], &[], 102, &[(0x2000, &[102, 0, 0, 0])]);
    assert_eq!(made.fd(0, 102), None);
}

#[test]
fn rings_are_known_and_what_they_open_is_not() {
    let mut made = Made::new();
    let mut params = [0; 120];
    let row = made.call(0, "io_uring_setup", [8, 0x2000, 0, 0, 0, 0], &[(0x2000, &params)], 3, &[]);
    let fd = made.fd(0, 3).expect("the ring");
    assert_eq!((fd.what, fd.row, fd.cloexec), (&of("io_uring_setup"), Some(row), true));
    made.call(0, "io_uring_enter", [3, 1, 1, 1, 0, 0], &[], 1, &[]);
    assert_eq!(made.fd(0, 4), None);
    // IORING_SETUP_REGISTERED_FD_ONLY: the result is an index.
    params[9] = 0x80;
    made.call(0, "io_uring_setup", [8, 0x2000, 0, 0, 0, 0], &[(0x2000, &params)], 0, &[]);
    assert_eq!(made.fd(0, 0), None);
}

#[test]
fn options_commands_and_filters_give_descriptors() {
    let mut made = Made::new();
    made.call(
        0,
        "getsockopt",
        [3, 1, 77, 0x2000, 0x3000, 0],
        &[],
        0,
        &[(0x2000, &[8, 0, 0, 0]), (0x3000, &[4, 0, 0, 0])],
    );
    made.call(
        0,
        "getsockopt",
        [3, 1, 4, 0x2000, 0x3000, 0],
        &[],
        0,
        &[(0x2000, &[9, 0, 0, 0]), (0x3000, &[4, 0, 0, 0])],
    );
    assert_eq!([8, 9].map(|fd| made.fd(0, fd).is_some()), [true, false]);
    // BPF_MAP_CREATE gives one, BPF_MAP_LOOKUP_ELEM does not.
    made.call(0, "bpf", [0, 0, 0, 0, 0, 0], &[], 10, &[]);
    made.call(0, "bpf", [1, 0, 0, 0, 0, 0], &[], 11, &[]);
    assert_eq!([10, 11].map(|fd| made.fd(0, fd).is_some_and(|fd| fd.cloexec)), [true, false]);
    made.call(0, "seccomp", [1, 8, 0, 0, 0, 0], &[], 12, &[]);
    made.call(0, "seccomp", [1, 0, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!([12, 0].map(|fd| made.fd(0, fd).is_some()), [true, false]);
}

#[test]
fn requests_to_devices_give_descriptors() {
    let request = |name: &str| abi::constant(X86, name).unwrap_or_else(|| panic!("{name}"));
    let cases: [(&str, usize); 5] = [
        ("KVM_CREATE_DEVICE", 4),
        ("GPIO_GET_LINEHANDLE_IOCTL", 360),
        ("VIDIOC_EXPBUF", 16),
        ("GPIO_GET_LINEEVENT_IOCTL", 44),
        ("GPIO_V2_GET_LINE_IOCTL", 588),
    ];
    for (name, at) in cases {
        let mut made = Made::new();
        let mut structure = [0; 592];
        structure[at] = 40;
        made.call(0, "ioctl", [3, request(name), 0x2000, 0, 0, 0], &[], 0, &[(0x2000, &structure)]);
        assert_eq!(made.fd(0, 40).map(|fd| fd.cloexec), Some(true), "{name}");
    }
    for name in ["TEE_IOC_SHM_ALLOC", "USERFAULTFD_IOC_NEW", "KVM_GET_STATS_FD"] {
        let mut made = Made::new();
        made.call(0, "ioctl", [3, request(name), 0x2000, 0, 0, 0], &[], 41, &[]);
        assert_eq!(made.fd(0, 41).map(|fd| fd.row), Some(Some(1)), "{name}");
    }
}

#[test]
fn reading_notices_brings_descriptors() {
    let mut made = Made::new();
    let mut event = [0; 24];
    (event[0], event[16]) = (24, 50);
    made.call(0, "read", [3, 0x2000, 4096, 0, 0, 0], &[], 24, &[(0x2000, &event)]);
    assert_eq!(made.fd(0, 50), None, "nobody knows what 3 is");
    made.call(0, "fanotify_init", [1, 0, 0, 0, 0, 0], &[], 3, &[]);
    let mut two = [0; 48];
    two[..24].copy_from_slice(&event);
    two[24..].copy_from_slice(&event);
    two[40..44].fill(0xff);
    made.call(0, "read", [3, 0x2000, 4096, 0, 0, 0], &[], 48, &[(0x2000, &two)]);
    assert_eq!(made.fd(0, 50).map(|fd| fd.what), Some(&of("fanotify")));
    made.call(0, "userfaultfd", [0; 6], &[], 4, &[]);
    let mut message = [0; 32];
    (message[0], message[8]) = (0x13, 51);
    made.call(0, "read", [4, 0x2000, 32, 0, 0, 0], &[], 32, &[(0x2000, &message)]);
    assert_eq!(made.fd(0, 51).map(|fd| fd.what), Some(&of("userfaultfd")));
}

#[test]
fn what_execve_closes_is_what_the_call_says() {
    let mut made = Made::new();
    let cases: [(&str, [u64; 6], bool); 12] = [
        ("pidfd_open", [1, 0, 0, 0, 0, 0], true),
        ("mq_open", [0; 6], true),
        ("landlock_create_ruleset", [0; 6], true),
        ("fanotify_init", [0, CLOEXEC, 0, 0, 0, 0], false),
        ("fanotify_init", [1, 0, 0, 0, 0, 0], true),
        ("inotify_init1", [CLOEXEC, 0, 0, 0, 0, 0], true),
        ("perf_event_open", [0, 0, 0, 0, 8, 0], true),
        ("perf_event_open", [0; 6], false),
        ("memfd_create", [0, 2, 0, 0, 0, 0], false),
        ("eventfd2", [0, CLOEXEC, 0, 0, 0, 0], true),
        ("epoll_create", [8, 0, 0, 0, 0, 0], false),
        ("fsmount", [3, 1, 0, 0, 0, 0], true),
    ];
    for (name, args, closes) in cases {
        made.call(0, name, args, &[], 60, &[]);
        assert_eq!(made.fd(0, 60).map(|fd| fd.cloexec), Some(closes), "{name} {args:x?}");
    }
    // Requests to the descriptor itself.
    for (request, closes) in [(0x5451, true), (0x5450, false)] {
        made.call(0, "ioctl", [60, request, 0, 0, 0, 0], &[], 0, &[]);
        assert_eq!(made.fd(0, 60).map(|fd| fd.cloexec), Some(closes));
    }
}

#[test]
fn calls_that_never_reached_the_kernel_close_nothing() {
    let mut made = Made::new();
    let row = made.open(0, "/a", 0, 3);
    for (marks, stays) in [(Marks::FILTERED, true), (Marks::INJECTED, true), (Marks::NONE, false)] {
        made.enter(0, "close", [3, 0, 0, 0, 0, 0], &[]);
        made.add(0, EventKind::Exit(Exit { outcome: Outcome::Failed(5), marks, regions: 0..0 }), &[]);
        assert_eq!(made.fd(0, 3).map(|fd| (fd.row, fd.generation)), stays.then_some((Some(row), 1)), "{marks:?}");
    }
    made.open(0, "/b", 0, 3);
    // Flags that the kernel does not know: EINVAL.
    made.enter(0, "close_range", [3, 9, 0x100, 0, 0, 0], &[]);
    made.exit(0, Outcome::Failed(22), &[]);
    made.enter(0, "close_range", [3, 9, 4, 0, 0, 0], &[]);
    assert_eq!(made.fd(0, 3).map(|fd| fd.cloexec), Some(false));
    made.exit(0, Outcome::Returned(0), &[]);
    assert_eq!(made.fd(0, 3).map(|fd| fd.cloexec), Some(true));
}

#[test]
fn another_mount_namespace_has_another_root() {
    let mut made = Made::new();
    made.exec_standing(0, Some(standing()));
    made.call(0, "setns", [3, 0x2_0000, 0, 0, 0, 0], &[], 0, &[]);
    assert_eq!(made.store.files().cwd(TaskId(0), 99), Some(&b"/"[..]));
    assert_eq!(made.store.files().mount_namespace(TaskId(0), 99), None);
}
