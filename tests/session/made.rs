//! Made-up runs: any batch that an engine could hand over, and a long plain one.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use sysview::abi::Arch;
use sysview::model::*;
use sysview::source::VdsoMode;

/// An event with the memory that it copied, before it stands in a batch.
pub type Loose = (Event, Vec<(u64, u64, Vec<u8>, bool)>);

/// Puts events into a batch as the engine does: memory in the order of the events.
pub fn batch(loose: Vec<Loose>) -> Batch {
    let mut batch = Batch::default();
    for (mut event, memory) in loose {
        let first = batch.regions.len() as u32;
        for (addr, true_len, bytes, fault) in memory {
            let start = batch.bytes.len() as u32;
            batch.bytes.extend(&bytes);
            batch.regions.push(Region { addr, true_len, start, len: bytes.len() as u32, fault });
        }
        let range = first..batch.regions.len() as u32;
        match &mut event.kind {
            EventKind::Enter(enter) => enter.regions = range,
            EventKind::Exit(exit) => exit.regions = range,
            _ => {}
        }
        batch.events.push(event);
    }
    batch
}

/// Several batches as one, for comparison: where a hand-over ends is not kept.
pub fn joined<'a>(batches: impl IntoIterator<Item = &'a Batch>) -> Batch {
    let mut loose = Vec::new();
    for batch in batches {
        for event in &batch.events {
            let range = match &event.kind {
                EventKind::Enter(enter) => enter.regions.clone(),
                EventKind::Exit(exit) => exit.regions.clone(),
                _ => 0..0,
            };
            let memory = &batch.regions[range.start as usize..range.end as usize];
            let memory = memory.iter().map(|r| (r.addr, r.true_len, batch.region_bytes(r).to_vec(), r.fault));
            loose.push((event.clone(), memory.collect()));
        }
    }
    self::batch(loose)
}

pub fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..max)
}

pub fn task() -> impl Strategy<Value = TaskId> {
    (0u32..6).prop_map(TaskId)
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        any::<i64>().prop_map(Outcome::Returned),
        any::<u16>().prop_map(Outcome::Failed),
        Just(Outcome::NeverReturned),
        Just(Outcome::KilledBySeccomp),
        Just(Outcome::Detached),
    ]
}

pub fn detail() -> impl Strategy<Value = SignalDetail> {
    prop_oneof![
        Just(SignalDetail::None),
        (any::<i32>(), any::<u32>(), any::<Option<u64>>()).prop_map(|(pid, uid, value)| SignalDetail::Sender {
            pid,
            uid,
            value
        }),
        (any::<i32>(), any::<u32>(), any::<i32>(), any::<i64>(), any::<i64>())
            .prop_map(|(pid, uid, status, utime, stime)| SignalDetail::Child { pid, uid, status, utime, stime }),
        any::<u64>().prop_map(|addr| SignalDetail::Fault { addr }),
        (any::<i32>(), any::<i32>(), any::<u64>()).prop_map(|(id, overrun, value)| SignalDetail::Timer {
            id,
            overrun,
            value
        }),
        (any::<i64>(), any::<i32>()).prop_map(|(band, fd)| SignalDetail::Poll { band, fd }),
        (any::<u64>(), any::<i32>(), any::<u32>()).prop_map(|(addr, nr, audit_arch)| SignalDetail::Syscall {
            addr,
            nr,
            audit_arch
        }),
    ]
}

pub fn vdso() -> impl Strategy<Value = VdsoState> {
    let symbol =
        (".{0,12}", any::<u64>(), any::<u64>()).prop_map(|(name, offset, size)| VdsoSymbol { name, offset, size });
    let image = (any::<u64>(), any::<u64>(), vec(symbol, 0..4))
        .prop_map(|(base, size, symbols)| Arc::new(VdsoImage { base, size, symbols }));
    let image = image.boxed();
    prop_oneof![
        Just(VdsoState::Unknown),
        Just(VdsoState::None),
        image.clone().prop_map(VdsoState::Present),
        image.prop_map(VdsoState::Removed),
    ]
}

fn standing() -> impl Strategy<Value = Standing> {
    let open =
        (any::<i32>(), bytes(20), any::<bool>()).prop_map(|(fd, link, cloexec)| OpenDescriptor { fd, link, cloexec });
    let ids = (any::<[u32; 4]>(), any::<[u32; 4]>(), any::<[u64; 5]>()).prop_map(|(uids, gids, sets)| {
        let [inheritable, permitted, effective, bounding, ambient] = sets;
        Ids { uids, gids, inheritable, permitted, effective, bounding, ambient }
    });
    (bytes(20), bytes(20), any::<Option<u64>>(), ids, vec(open, 0..4))
        .prop_map(|(cwd, root, mount_ns, ids, descriptors)| Standing { cwd, root, mount_ns, ids, descriptors })
}

pub fn kind() -> impl Strategy<Value = EventKind> {
    let arch = proptest::sample::select(Arch::ALL.to_vec());
    let enter = (arch, prop_oneof![0u64..500, any::<u64>()], any::<[u64; 6]>(), any::<u64>(), any::<u64>())
        .prop_map(|(arch, nr, args, ip, sp)| EventKind::Enter(Enter { arch, nr, args, ip, sp, regions: 0..0 }));
    let exit = (outcome(), any::<u8>())
        .prop_map(|(outcome, marks)| EventKind::Exit(Exit { outcome, marks: Marks(marks), regions: 0..0 }));
    let signal = (any::<u8>(), any::<i32>(), any::<i32>(), detail())
        .prop_map(|(number, code, errno, detail)| EventKind::Signal(Signal { number, code, errno, detail }));
    let mapping = (any::<u64>(), any::<u64>(), any::<u64>(), bytes(20))
        .prop_map(|(start, end, offset, name)| Mapping { start, end, offset, name });
    let standing = proptest::option::of(standing().prop_map(Box::new));
    let image = (bytes(30), bytes(16), vdso(), vec(mapping, 0..4), proptest::option::of(task()), standing)
        .prop_map(|(path, comm, vdso, maps, former, standing)| {
            Box::new(Exec { path, comm, vdso, maps, former, standing })
        })
        .boxed();
    let exec = image.clone().prop_map(EventKind::Exec);
    let origin = proptest::sample::select(vec![
        Origin::Launch,
        Origin::Fork,
        Origin::Vfork,
        Origin::Clone,
        Origin::Thread,
        Origin::Attach,
    ]);
    let ns = (any::<u64>(), vec(any::<i32>(), 0..4)).prop_map(|(inode, tids)| PidNamespace { inode, tids });
    let who = (any::<i32>(), any::<i32>(), proptest::option::of(task()));
    let new = (who, origin, bytes(16), ns, proptest::option::of(image)).prop_map(
        |((tid, tgid, parent), origin, comm, ns, image)| {
            EventKind::NewTask(Box::new(NewTask { tid, tgid, parent, origin, comm, ns, image }))
        },
    );
    let end = prop_oneof![
        any::<i32>().prop_map(|status| TaskEnd::Exited { status }),
        (any::<u8>(), any::<bool>()).prop_map(|(signal, core)| TaskEnd::Killed { signal, core }),
        task().prop_map(|by| TaskEnd::SupersededByExec { by }),
        Just(TaskEnd::Detached),
    ]
    .prop_map(EventKind::TaskEnd);
    let warning = prop_oneof![
        Just(Warning::PrivilegesDropped(Dropped::Traced)),
        Just(Warning::PrivilegesDropped(Dropped::NoNewPrivs)),
        any::<u64>().prop_map(|held_ns| Warning::HeldTooLong { held_ns }),
        any::<u64>().prop_map(|error_ns| Warning::VdsoSwitched { mode: VdsoMode::Shown, error_ns }),
        (any::<u64>(), any::<u64>()).prop_map(|(nr, count)| Warning::VdsoUnlogged { nr, count }),
    ]
    .prop_map(EventKind::Warning);
    prop_oneof![
        6 => enter,
        6 => exit,
        1 => signal,
        1 => any::<u8>().prop_map(|signal| EventKind::GroupStop { signal }),
        1 => exec,
        1 => new,
        1 => end,
        1 => warning,
    ]
}

/// Any events whatever within half a second, so that the writer has no reason to write them in two goes.
pub fn any_batch(events: usize) -> impl Strategy<Value = Batch> {
    let memory = vec((any::<u64>(), any::<u64>(), bytes(40), any::<bool>()), 0..3);
    let event = (task(), 0u64..500_000_000, kind(), memory).prop_map(|(task, t_ns, kind, memory)| {
        let memory = if matches!(kind, EventKind::Enter(_) | EventKind::Exit(_)) { memory } else { Vec::new() };
        (Event { task, t_ns, kind }, memory)
    });
    vec(event, 0..events).prop_map(batch)
}

/// Calls of two tasks, some of them interleaved, with strings and buffers, as real programs make them.
pub fn plain_run(calls: u32) -> Batch {
    let mut loose: Vec<Loose> = Vec::new();
    for id in 0..2 {
        let new = NewTask {
            tid: 100 + id,
            tgid: 100,
            parent: (id > 0).then_some(TaskId(0)),
            origin: if id > 0 { Origin::Thread } else { Origin::Launch },
            comm: b"demo".to_vec(),
            ns: PidNamespace { inode: 4_026_531_836, tids: vec![100 + id, 1 + id] },
            image: None,
        };
        let kind = EventKind::NewTask(Box::new(new));
        loose.push((Event { task: TaskId(id as u32), t_ns: 0, kind }, Vec::new()));
    }
    for call in 0..calls {
        let task = TaskId(call % 2);
        // Times and values that jump about as real ones do.
        let noise = u64::from(call).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50;
        let t_ns = u64::from(call) * 25_000 + noise;
        let path = format!("/usr/lib/x86_64-linux-gnu/lib{}.so.6", call % 97).into_bytes();
        let (nr, args, entry, exit, result) = match call % 5 {
            0 => (257, [u64::MAX - 99, 0x7f00_1234, 0x80000, 0, 0, 0], Some(path), None, 3),
            1 => (0, [3, 0x7ffd_5500, 832, 0, 0, 0], None, Some(vec![noise as u8; 64]), 832),
            2 => (3, [3, 0, 0, 0, 0, 0], None, None, 0),
            3 => (262, [3, 0x7f00_1234, 0x7ffd_5400, 0x1000, 0, 0], Some(Vec::new()), Some(vec![7; 144]), 0),
            _ => (9, [0, 4096 * noise, 3, 0x22, u64::MAX, 0], None, None, 0x7f12_0000_0000 + 4096 * noise as i64),
        };
        let copied = |bytes: Option<Vec<u8>>| bytes.map(|b| (args[1], b.len() as u64, b, false)).into_iter().collect();
        let ip = 0x7f00_0001_147f + u64::from(call % 5) * 0x40;
        let enter = Enter { arch: Arch::X86_64, nr, args, ip, sp: 0x7ffd_5000, regions: 0..0 };
        let returned = Exit { outcome: Outcome::Returned(result), marks: Marks::NONE, regions: 0..0 };
        loose.push((Event { task, t_ns, kind: EventKind::Enter(enter) }, copied(entry)));
        let t_exit_ns = t_ns + 900 + noise % 300;
        loose.push((Event { task, t_ns: t_exit_ns, kind: EventKind::Exit(returned) }, copied(exit)));
        if call % 7 == 6 {
            // The call before comes back only after this one has begun.
            let last = loose.len();
            loose.swap(last - 2, last - 3);
        }
    }
    batch(loose)
}
