//! A segment that has grown old, in few bytes: what it is in memory and on disk.
//!
//! Every row is read by itself. Numbers take the bytes that they need; values of more than four bytes that come again
//! (addresses, mostly) are kept once, as are equal pieces of copied memory. Rows of programs and tasks are not here: they
//! are few, and the store keeps them as they are. `pack` is the way in.

use super::numbers::Take;
use super::row::{CallRow, RowKind};
use crate::abi::Arch;
use crate::model::event::*;

/// Bytes before the tables: how many rows, values and calls there are, the arena's length, the time that others count from.
pub(super) const HEADER: usize = 24;
/// An architecture and a number.
pub(super) const CALL: usize = 9;

/// The kinds of row, in the low bits of a row's first byte.
pub(super) mod kind {
    pub const CALL: u8 = 0;
    pub const KEPT: u8 = 1;
    pub const SIGNAL: u8 = 2;
    pub const GROUP_STOP: u8 = 3;
    pub const TASK_END: u8 = 4;
    pub const WARNING: u8 = 5;
    pub const MASK: u8 = 7;
    /// Of a call: it has marks, memory of its entry, of its exit.
    pub const MARKS: u8 = 8;
    pub const ENTRY: u8 = 16;
    pub const EXIT: u8 = 32;
}

/// How an argument is written, in four bits: 0 is the number 0, up to 8 are so many bytes.
pub(super) mod arg {
    /// AT_FDCWD of a register whose high half is 0.
    pub const CWD: u8 = 9;
    pub const MAX: u8 = 10;
    pub const MAX_32: u8 = 11;
    /// The place in the table of values, in one byte or two.
    pub const VALUE_8: u8 = 12;
    pub const VALUE_16: u8 = 13;
    /// The distance from the stack pointer, in two bytes.
    pub const STACK: u8 = 14;
    pub const CWD_32: u64 = 0xffff_ff9c;
}

/// How a region is written.
pub(super) mod region {
    /// Where it stood: in which argument, or (`VALUE`) in the table of values.
    pub const ADDRESS: u8 = 7;
    pub const VALUE: u8 = 6;
    /// All of it was copied.
    pub const WHOLE: u8 = 8;
    pub const FAULT: u8 = 16;
    /// Its bytes stand right behind those of the region before.
    pub const BEHIND: u8 = 32;
}

/// A segment in few bytes.
#[derive(Debug)]
pub(super) struct Packed {
    all: Vec<u8>,
    rows: usize,
    values: usize,
    calls: usize,
    arena: usize,
    base_ns: u64,
}

/// A row, with the regions of a call if they were wanted.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub task: TaskId,
    pub t_ns: u64,
    /// None of one that the store keeps.
    pub kind: Option<RowKind>,
    pub entry: Vec<Region>,
    pub exit: Vec<Region>,
}

impl Packed {
    /// From the bytes that `bytes` gave; None if they are of something else.
    pub fn new(all: Vec<u8>) -> Option<Packed> {
        let mut take = Take(all.get(..HEADER)?);
        let mut number = || take.fixed(4).map(|n| n as usize);
        let (rows, values, calls, arena) = (number()?, number()?, number()?, number()?);
        let base_ns = take.fixed(8)?;
        let tables = HEADER + 4 * rows + 8 * values + CALL * calls;
        (tables + arena <= all.len()).then_some(Packed { all, rows, values, calls, arena, base_ns })
    }

    pub fn bytes(&self) -> &[u8] {
        &self.all
    }

    /// The copied memory that regions point into.
    pub fn arena(&self) -> &[u8] {
        &self.all[self.all.len() - self.arena..]
    }

    pub fn row(&self, index: usize, with_regions: bool) -> Option<Unpacked> {
        if index >= self.rows {
            return None;
        }
        let at = Take(&self.all[HEADER + 4 * index..]).fixed(4)? as usize;
        let mut take = Take(self.all.get(at..self.all.len() - self.arena)?);
        let head = take.byte()?;
        let task = TaskId(take.number()? as u32);
        let t_ns = self.base_ns.wrapping_add(take.signed()? as u64);
        let mut row = Unpacked { task, t_ns, kind: None, entry: Vec::new(), exit: Vec::new() };
        row.kind = match head & kind::MASK {
            kind::CALL => {
                let call = self.call(&mut take, head, t_ns)?;
                let args = call.args;
                row.kind = Some(RowKind::Call(call));
                let mut last = 0;
                for (mark, regions) in [(kind::ENTRY, &mut row.entry), (kind::EXIT, &mut row.exit)] {
                    if with_regions && head & mark != 0 {
                        self.regions(&mut take, &args, &mut last, regions)?;
                    }
                }
                return Some(row);
            }
            kind::KEPT => None,
            kind::SIGNAL => Some(RowKind::Signal(signal(&mut take)?)),
            kind::GROUP_STOP => Some(RowKind::GroupStop { signal: take.byte()? }),
            kind::TASK_END => Some(RowKind::TaskEnd(match take.byte()? {
                0 => TaskEnd::Exited { status: take.signed()? as i32 },
                1 => TaskEnd::Killed { signal: take.byte()?, core: take.byte()? != 0 },
                2 => TaskEnd::SupersededByExec { by: TaskId(take.number()? as u32) },
                _ => TaskEnd::Detached,
            })),
            _ => Some(RowKind::Warning(match take.byte()? {
                0 => Warning::PrivilegesDropped(Dropped::Traced),
                1 => Warning::PrivilegesDropped(Dropped::NoNewPrivs),
                2 => Warning::HeldTooLong { held_ns: take.number()? },
                3 => Warning::VdsoUnlogged { nr: take.number()?, count: take.number()? },
                _ => {
                    let mode = take.byte()?;
                    let mode = VdsoMode::ALL.into_iter().find(|known| *known as u8 == mode)?;
                    Warning::VdsoSwitched { mode, error_ns: take.number()? }
                }
            })),
        };
        Some(row)
    }

    fn call(&self, take: &mut Take<'_>, head: u8, t_ns: u64) -> Option<CallRow> {
        let (arch, nr) = self.called(take.number()? as usize)?;
        let marks = if head & kind::MARKS != 0 { Marks(take.byte()?) } else { Marks::NONE };
        let ip = self.value(take)?;
        let sp = self.value(take)?;
        let tags = take.bytes(3)?;
        let mut args = [0; 6];
        for (index, arg) in args.iter_mut().enumerate() {
            *arg = match tags[index / 2] >> (4 * (index % 2)) & 15 {
                len @ 0..=8 => take.fixed(len.into())?,
                arg::CWD => arg::CWD_32,
                arg::MAX => u64::MAX,
                arg::MAX_32 => u32::MAX.into(),
                arg::VALUE_8 => self.value_at(take.fixed(1)? as usize)?,
                arg::VALUE_16 => self.value_at(take.fixed(2)? as usize)?,
                _ => sp.wrapping_add(take.fixed(2)? as i16 as u64),
            };
        }
        let outcome = match take.byte()? {
            0 => None,
            1 => Some(Outcome::Returned(take.signed()?)),
            2 => Some(Outcome::Failed(take.number()? as u16)),
            3 => Some(Outcome::NeverReturned),
            4 => Some(Outcome::KilledBySeccomp),
            5 => Some(Outcome::Detached),
            _ => Some(Outcome::Returned(self.value(take)? as i64)),
        };
        let t_exit_ns = if outcome.is_some() { t_ns.wrapping_add(take.signed()? as u64) } else { 0 };
        Some(CallRow { arch, nr, args, ip, sp, outcome, marks, t_exit_ns })
    }

    fn regions(&self, take: &mut Take<'_>, args: &[u64; 6], last: &mut u32, regions: &mut Vec<Region>) -> Option<()> {
        let count = take.number()? as usize;
        regions.reserve_exact(count.min(self.all.len()));
        for _ in 0..count {
            let flags = take.byte()?;
            let addr = match flags & region::ADDRESS {
                region::VALUE => self.value(take)?,
                arg => *args.get(usize::from(arg))?,
            };
            let len = take.number()? as u32;
            let true_len = if flags & region::WHOLE != 0 { len.into() } else { take.number()? };
            let start = if flags & region::BEHIND != 0 { *last } else { take.number()? as u32 };
            *last = start + len;
            regions.push(Region { addr, true_len, start, len, fault: flags & region::FAULT != 0 });
        }
        Some(())
    }

    /// A value by the place in the table that stands next, or (0) as itself.
    fn value(&self, take: &mut Take<'_>) -> Option<u64> {
        match take.number()? {
            0 => take.number(),
            place => self.value_at(place as usize - 1),
        }
    }

    fn value_at(&self, place: usize) -> Option<u64> {
        let at = HEADER + 4 * self.rows + 8 * place;
        if place < self.values { Take(&self.all[at..]).fixed(8) } else { None }
    }

    fn called(&self, place: usize) -> Option<(Arch, u64)> {
        let at = HEADER + 4 * self.rows + 8 * self.values + CALL * place;
        if place >= self.calls {
            return None;
        }
        let mut take = Take(&self.all[at..]);
        Some((*Arch::ALL.get(usize::from(take.byte()?))?, take.fixed(8)?))
    }
}

fn signal(take: &mut Take<'_>) -> Option<Signal> {
    let (number, code, errno) = (take.byte()?, take.signed()? as i32, take.signed()? as i32);
    let detail = match take.byte()? {
        0 => SignalDetail::None,
        1 => SignalDetail::Sender { pid: take.signed()? as i32, uid: take.number()? as u32, value: None },
        2 => {
            SignalDetail::Sender { pid: take.signed()? as i32, uid: take.number()? as u32, value: Some(take.number()?) }
        }
        3 => SignalDetail::Child {
            pid: take.signed()? as i32,
            uid: take.number()? as u32,
            status: take.signed()? as i32,
            utime: take.signed()?,
            stime: take.signed()?,
        },
        4 => SignalDetail::Fault { addr: take.number()? },
        5 => SignalDetail::Timer { id: take.signed()? as i32, overrun: take.signed()? as i32, value: take.number()? },
        6 => SignalDetail::Poll { band: take.signed()?, fd: take.signed()? as i32 },
        _ => {
            SignalDetail::Syscall { addr: take.number()?, nr: take.signed()? as i32, audit_arch: take.number()? as u32 }
        }
    };
    Some(Signal { number, code, errno, detail })
}
