//! One made-up run with everything in it that a recording can hold.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use sysview::abi::Arch;
use sysview::model::*;
use sysview::source::{Floor, Machine, Started, VdsoMode};

use crate::made::*;

pub fn started() -> Started {
    Started {
        argv: vec![b"ls".to_vec(), b"caf\xe9".to_vec(), "café \"x\"".into()],
        machine: Machine {
            kernel_release: "6.18.1".into(),
            machine: "x86_64".into(),
            hostname: "host".into(),
            capabilities: Some(0x1ff),
            vdso_symbols: vec!["__vdso_time".into()],
        },
        began: UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789),
        vdso: VdsoMode::Absent,
        live: true,
        has_terminal: true,
        attached: false,
        only: None,
        floor: Some(Floor { apart_ns: 90_000, together_ns: 18_000 }),
    }
}

/// One event of every kind, with every detail, mark and end that there is; what kept files of every version hold.
pub fn every_kind() -> Batch {
    let at = |task: u32, t_ns: u64, kind: EventKind| (Event { task: TaskId(task), t_ns, kind }, Vec::new());
    let image = Arc::new(VdsoImage {
        base: 0x7ffc_0000_1000,
        size: 0x2000,
        symbols: vec![VdsoSymbol { name: "__vdso_time".into(), offset: 0x9c0, size: 0x25 }],
    });
    let standing = Standing {
        cwd: b"/home/ann".to_vec(),
        root: b"/".to_vec(),
        mount_ns: Some(4_026_531_841),
        ids: Ids {
            uids: [1000, 1000, 1000, 1000],
            gids: [100, 100, 100, 100],
            inheritable: 0,
            permitted: 1 << 10,
            effective: 1 << 10,
            bounding: (1 << 41) - 1,
            ambient: 0,
        },
        descriptors: vec![OpenDescriptor { fd: 5, link: b"/var/log/\xff".to_vec(), cloexec: true }],
    };
    let exec = Exec {
        path: b"/usr/bin/caf\xe9".to_vec(),
        comm: b"caf\xe9".to_vec(),
        vdso: VdsoState::Present(image.clone()),
        maps: vec![Mapping {
            start: 0x5500_0000,
            end: 0x5501_0000,
            offset: 0x1000,
            name: b"/usr/bin/caf\xe9".to_vec(),
        }],
        former: None,
        standing: Some(Box::new(standing)),
    };
    let new = |id: i32, origin: Origin, image: Option<&Exec>| {
        EventKind::NewTask(Box::new(NewTask {
            tid: 100 + id,
            tgid: 100 + id,
            parent: (id > 0).then_some(TaskId(0)),
            origin,
            comm: b"demo".to_vec(),
            ns: PidNamespace { inode: 4_026_531_836, tids: vec![100 + id, 1 + id] },
            image: image.map(|image| Box::new(image.clone())),
        }))
    };
    let call = |arch: Arch, nr: u64, regions: Range<u32>| {
        let args = [3, 0x7ffd_5500, 832, 0x5000, 0, u64::MAX];
        EventKind::Enter(Enter { arch, nr, args, ip: 0x7f00_147f, sp: 0x7ffd_5000, regions })
    };
    let over = |outcome: Outcome, marks: Marks| EventKind::Exit(Exit { outcome, marks, regions: 0..0 });
    let signal =
        |number: u8, code: i32, detail: SignalDetail| EventKind::Signal(Signal { number, code, errno: 0, detail });
    let mut loose = vec![
        at(0, 0, new(0, Origin::Launch, None)),
        at(0, 10, EventKind::Exec(Box::new(exec.clone()))),
        at(1, 20, new(1, Origin::Attach, Some(&Exec { vdso: VdsoState::Removed(image), ..exec.clone() }))),
    ];
    let origins = [Origin::Fork, Origin::Vfork, Origin::Clone, Origin::Thread];
    loose.extend((2..).zip(origins).map(|(id, origin)| at(id as u32, 30, new(id, origin, None))));
    let outcomes = [
        Outcome::Returned(832),
        Outcome::Failed(2),
        Outcome::NeverReturned,
        Outcome::KilledBySeccomp,
        Outcome::Detached,
    ];
    for (arch, outcome) in Arch::ALL.into_iter().cycle().zip(outcomes) {
        let mut enter = at(0, 40, call(arch, 0, 0..0));
        enter.1 = vec![(0x7ffd_5500, 900, b"/etc/\xff".to_vec(), false), (0x6000, 8, b"12".to_vec(), true)];
        loose.push(enter);
        let mut exit = at(0, 45, over(outcome, Marks(31)));
        exit.1 = vec![(0x9000, 4, b"abcd".to_vec(), false)];
        loose.push(exit);
    }
    // Interleaved, and one that does not come back.
    loose.push(at(1, 50, call(Arch::X86_64, 9999, 0..0)));
    loose.push(at(2, 51, call(Arch::X86_64, u64::MAX, 0..0)));
    loose.push(at(1, 52, over(Outcome::Failed(38), Marks::NONE)));
    let details = [
        SignalDetail::None,
        SignalDetail::Sender { pid: 7, uid: 8, value: None },
        SignalDetail::Sender { pid: 7, uid: 8, value: Some(9) },
        SignalDetail::Child { pid: 7, uid: 8, status: 9, utime: 10, stime: 11 },
        SignalDetail::Fault { addr: 0xdead },
        SignalDetail::Timer { id: 1, overrun: 2, value: 3 },
        SignalDetail::Poll { band: 65, fd: 4 },
        SignalDetail::Syscall { addr: 0xbeef, nr: 5, audit_arch: 0xc000_003e },
    ];
    loose.extend((1..).zip(details).map(|(number, detail)| at(0, 60, signal(number, -6, detail))));
    loose.push(at(0, 70, EventKind::GroupStop { signal: 19 }));
    let warnings = [
        Warning::PrivilegesDropped(Dropped::Traced),
        Warning::PrivilegesDropped(Dropped::NoNewPrivs),
        Warning::HeldTooLong { held_ns: 5_000_000_000 },
    ];
    loose.extend(warnings.map(|warning| at(0, 80, EventKind::Warning(warning))));
    let ends = [
        TaskEnd::Exited { status: 3 },
        TaskEnd::Killed { signal: 11, core: true },
        TaskEnd::SupersededByExec { by: TaskId(0) },
        TaskEnd::Detached,
    ];
    loose.extend((1..).zip(ends).map(|(task, end)| at(task, 90, EventKind::TaskEnd(end))));
    batch(loose)
}
