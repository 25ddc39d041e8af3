//! Packs segments: the way into `packed`. One packer serves all of them, so that its tables are made once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::memory::Memory;
use super::numbers::{Quick, put, put_signed};
use super::packed::{CALL, HEADER, Packed, arg, kind, region};
use super::recent::{Recent, Stored};
use super::row::{CallRow, RowKind};
use crate::abi::Arch;
use crate::model::event::*;

/// Shorter pieces of memory are not looked for among those before: a place takes as many bytes.
const SHORT: usize = 6;

type Table<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

#[derive(Debug, Default)]
pub(super) struct Packer {
    values: Vec<u64>,
    places: Table<u64, u16>,
    calls: Vec<(Arch, u64)>,
    call_places: Table<(Arch, u64), u32>,
    /// Where each row begins in `rows`.
    starts: Vec<u32>,
    rows: Vec<u8>,
    arena: Vec<u8>,
    /// Pieces of the arena by their hash.
    pieces: Table<u64, (u32, u32)>,
}

impl Packer {
    pub fn pack(&mut self, segment: &Recent) -> Packed {
        self.values.clear();
        self.places.clear();
        self.calls.clear();
        self.call_places.clear();
        self.starts.clear();
        self.rows.clear();
        self.arena.clear();
        self.pieces.clear();
        let base_ns = segment.rows.first().map_or(0, |stored| stored.row.t_ns);
        for stored in &segment.rows {
            self.starts.push(self.rows.len() as u32);
            self.row(segment, stored, base_ns);
        }
        self.finish(base_ns)
    }

    fn finish(&self, base_ns: u64) -> Packed {
        let tables = HEADER + 4 * self.starts.len() + 8 * self.values.len() + CALL * self.calls.len();
        let mut all = Vec::with_capacity(tables + self.rows.len() + self.arena.len());
        for count in [self.starts.len(), self.values.len(), self.calls.len(), self.arena.len()] {
            all.extend((count as u32).to_le_bytes());
        }
        all.extend(base_ns.to_le_bytes());
        for start in &self.starts {
            all.extend((start + tables as u32).to_le_bytes());
        }
        for value in &self.values {
            all.extend(value.to_le_bytes());
        }
        for (arch, nr) in &self.calls {
            all.push(*arch as u8);
            all.extend(nr.to_le_bytes());
        }
        all.extend_from_slice(&self.rows);
        all.extend_from_slice(&self.arena);
        Packed::new(all).expect("what was packed just now")
    }

    fn row(&mut self, segment: &Recent, stored: &Stored, base_ns: u64) {
        let row = &stored.row;
        let head = match &row.kind {
            RowKind::Call(call) => {
                let flag = |is: bool, flag: u8| if is { flag } else { 0 };
                kind::CALL
                    | flag(call.marks != Marks::NONE, kind::MARKS)
                    | flag(!stored.entry.is_empty(), kind::ENTRY)
                    | flag(!stored.exit.is_empty(), kind::EXIT)
            }
            RowKind::Exec(_) | RowKind::NewTask(_) => kind::KEPT,
            RowKind::Signal(_) => kind::SIGNAL,
            RowKind::GroupStop { .. } => kind::GROUP_STOP,
            RowKind::TaskEnd(_) => kind::TASK_END,
            RowKind::Warning(_) => kind::WARNING,
        };
        self.rows.push(head);
        put(&mut self.rows, row.task.0.into());
        put_signed(&mut self.rows, row.t_ns.wrapping_sub(base_ns) as i64);
        match &row.kind {
            RowKind::Call(call) => {
                self.call(call, row.t_ns);
                let mut last = 0;
                for range in [&stored.entry, &stored.exit] {
                    if !range.is_empty() {
                        self.regions(segment.memory(range), &call.args, &mut last);
                    }
                }
            }
            RowKind::Exec(_) | RowKind::NewTask(_) => {}
            RowKind::Signal(signal) => put_signal(&mut self.rows, signal),
            RowKind::GroupStop { signal } => self.rows.push(*signal),
            RowKind::TaskEnd(end) => put_end(&mut self.rows, *end),
            RowKind::Warning(warning) => match *warning {
                Warning::PrivilegesDropped(Dropped::Traced) => self.rows.push(0),
                Warning::PrivilegesDropped(Dropped::NoNewPrivs) => self.rows.push(1),
                Warning::HeldTooLong { held_ns } => {
                    self.rows.push(2);
                    put(&mut self.rows, held_ns);
                }
                Warning::VdsoUnlogged { nr, count } => {
                    self.rows.push(3);
                    put(&mut self.rows, nr);
                    put(&mut self.rows, count);
                }
                Warning::VdsoSwitched { mode, error_ns } => {
                    self.rows.extend([4, mode as u8]);
                    put(&mut self.rows, error_ns);
                }
            },
        }
    }

    fn call(&mut self, call: &CallRow, t_ns: u64) {
        let next = self.calls.len() as u32;
        let place = *self.call_places.entry((call.arch, call.nr)).or_insert(next);
        if place == next {
            self.calls.push((call.arch, call.nr));
        }
        put(&mut self.rows, place.into());
        if call.marks != Marks::NONE {
            self.rows.push(call.marks.0);
        }
        self.value(call.ip);
        self.value(call.sp);
        self.args(call);
        match call.outcome {
            None => self.rows.push(0),
            // An address, as mmap(2) gives out: it comes again as an argument.
            Some(Outcome::Returned(value)) if value > u32::MAX.into() => {
                self.rows.push(6);
                self.value(value as u64);
            }
            Some(Outcome::Returned(value)) => {
                self.rows.push(1);
                put_signed(&mut self.rows, value);
            }
            Some(Outcome::Failed(errno)) => {
                self.rows.push(2);
                put(&mut self.rows, errno.into());
            }
            Some(Outcome::NeverReturned) => self.rows.push(3),
            Some(Outcome::KilledBySeccomp) => self.rows.push(4),
            Some(Outcome::Detached) => self.rows.push(5),
        }
        if call.outcome.is_some() {
            put_signed(&mut self.rows, call.t_exit_ns.wrapping_sub(t_ns) as i64);
        }
    }

    fn args(&mut self, call: &CallRow) {
        let tags = self.rows.len();
        self.rows.extend([0; 3]);
        for (index, &value) in call.args.iter().enumerate() {
            let from_stack = value.wrapping_sub(call.sp) as i64;
            let tag = match value {
                0 => 0,
                arg::CWD_32 => arg::CWD,
                u64::MAX => arg::MAX,
                0xffff_ffff => arg::MAX_32,
                _ if value >> 32 == 0 => self.plain(value),
                _ if i16::try_from(from_stack).is_ok() => {
                    self.rows.extend((from_stack as i16).to_le_bytes());
                    arg::STACK
                }
                _ => match self.place(value) {
                    Some(place) if place < 256 => {
                        self.rows.push(place as u8);
                        arg::VALUE_8
                    }
                    Some(place) => {
                        self.rows.extend(place.to_le_bytes());
                        arg::VALUE_16
                    }
                    None => self.plain(value),
                },
            };
            self.rows[tags + index / 2] |= tag << (4 * (index % 2));
        }
    }

    /// As many bytes as it needs; how many.
    fn plain(&mut self, value: u64) -> u8 {
        let len = 8 - value.leading_zeros() / 8;
        self.rows.extend_from_slice(&value.to_le_bytes()[..len as usize]);
        len as u8
    }

    fn regions(&mut self, memory: Memory<'_>, args: &[u64; 6], last: &mut u32) {
        put(&mut self.rows, memory.regions.len() as u64);
        for copied in memory.regions {
            let bytes = &memory.bytes[copied.start as usize..(copied.start + copied.len) as usize];
            let start = self.piece(bytes);
            let argument = args.iter().position(|arg| *arg == copied.addr);
            let address = argument.map_or(region::VALUE, |argument| argument as u8);
            let whole = u64::from(copied.len) == copied.true_len;
            let flag = |is: bool, flag: u8| if is { flag } else { 0 };
            self.rows.push(
                address
                    | flag(whole, region::WHOLE)
                    | flag(copied.fault, region::FAULT)
                    | flag(start == *last, region::BEHIND),
            );
            if address == region::VALUE {
                self.value(copied.addr);
            }
            put(&mut self.rows, copied.len.into());
            if !whole {
                put(&mut self.rows, copied.true_len);
            }
            if start != *last {
                put(&mut self.rows, start.into());
            }
            *last = start + copied.len;
        }
    }

    /// Where these bytes stand in the arena.
    fn piece(&mut self, bytes: &[u8]) -> u32 {
        let next = self.arena.len() as u32;
        if bytes.len() >= SHORT {
            let mut hash = Quick::default();
            hash.write(bytes);
            let (start, len) = *self.pieces.entry(hash.finish()).or_insert((next, bytes.len() as u32));
            if self.arena.get(start as usize..(start + len) as usize) == Some(bytes) {
                return start;
            }
        }
        self.arena.extend_from_slice(bytes);
        next
    }

    /// A value by its place in the table, or as itself.
    fn value(&mut self, value: u64) {
        match self.place(value) {
            Some(place) => put(&mut self.rows, u64::from(place) + 1),
            None => {
                put(&mut self.rows, 0);
                put(&mut self.rows, value);
            }
        }
    }

    /// The place of a value in the table; None if it is full.
    fn place(&mut self, value: u64) -> Option<u16> {
        let next = u16::try_from(self.values.len()).ok();
        match (self.places.get(&value), next) {
            (Some(place), _) => Some(*place),
            (None, Some(next)) => {
                self.places.insert(value, next);
                self.values.push(value);
                Some(next)
            }
            (None, None) => None,
        }
    }
}

fn put_end(out: &mut Vec<u8>, end: TaskEnd) {
    match end {
        TaskEnd::Exited { status } => {
            out.push(0);
            put_signed(out, status.into());
        }
        TaskEnd::Killed { signal, core } => out.extend([1, signal, core.into()]),
        TaskEnd::SupersededByExec { by } => {
            out.push(2);
            put(out, by.0.into());
        }
        TaskEnd::Detached => out.push(3),
    }
}

fn put_signal(out: &mut Vec<u8>, signal: &Signal) {
    out.push(signal.number);
    put_signed(out, signal.code.into());
    put_signed(out, signal.errno.into());
    match signal.detail {
        SignalDetail::None => out.push(0),
        SignalDetail::Sender { pid, uid, value } => {
            out.push(if value.is_some() { 2 } else { 1 });
            put_signed(out, pid.into());
            put(out, uid.into());
            if let Some(value) = value {
                put(out, value);
            }
        }
        SignalDetail::Child { pid, uid, status, utime, stime } => {
            out.push(3);
            put_signed(out, pid.into());
            put(out, uid.into());
            for number in [status.into(), utime, stime] {
                put_signed(out, number);
            }
        }
        SignalDetail::Fault { addr } => {
            out.push(4);
            put(out, addr);
        }
        SignalDetail::Timer { id, overrun, value } => {
            out.push(5);
            put_signed(out, id.into());
            put_signed(out, overrun.into());
            put(out, value);
        }
        SignalDetail::Poll { band, fd } => {
            out.push(6);
            put_signed(out, band);
            put_signed(out, fd.into());
        }
        SignalDetail::Syscall { addr, nr, audit_arch } => {
            out.push(7);
            put(out, addr);
            put_signed(out, nr.into());
            put(out, audit_arch.into());
        }
    }
}
