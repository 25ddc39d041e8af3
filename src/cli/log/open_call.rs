//! A call that was entered and is not over, and the memory that its entry brought.

use std::ops::Range;

use crate::model::{Batch, CallView, Enter, Event, EventKind, Exit, Memory, Outcome, Region};

#[derive(Debug)]
pub struct OpenCall {
    /// Its entry record with the memory of the batch that brought it; `None` while that batch is being read.
    kept: Option<Kept>,
    /// Index of the entry in the current batch, if it came with it.
    event: usize,
    pub t_ns: u64,
    /// CPU time in the kernel that its process had spent by then, if that is counted.
    pub system_ns: u64,
    /// What restart_syscall(2) restarts.
    restarts: Option<u64>,
    /// The line was interrupted by another one, so the rest goes to a `<... resumed>` line.
    pub interrupted: bool,
    /// Nothing of its line is written before its end tells whether it is wanted.
    pub staged: bool,
    /// The start of such a line.
    pub leader: String,
}

#[derive(Debug)]
struct Kept {
    enter: Enter,
    regions: Vec<Region>,
    bytes: Vec<u8>,
}

impl OpenCall {
    pub fn new(event: usize, t_ns: u64, restarts: Option<u64>) -> OpenCall {
        OpenCall {
            kept: None,
            event,
            t_ns,
            system_ns: 0,
            restarts,
            interrupted: false,
            staged: false,
            leader: String::new(),
        }
    }

    /// Copies what the call needs of a batch that goes away.
    pub fn keep(&mut self, batch: &Batch) {
        if self.kept.is_none()
            && let Some(Event { kind: EventKind::Enter(enter), .. }) = batch.events.get(self.event)
        {
            self.kept = Some(Kept::copy(batch, enter));
        }
    }

    /// The call as `decode` reads it, with what its exit brought.
    pub fn view<'a>(&'a self, batch: &'a Batch, exit: Option<&Exit>) -> CallView<'a> {
        let (enter, entry) = match &self.kept {
            Some(kept) => (&kept.enter, Memory { regions: &kept.regions, bytes: &kept.bytes }),
            None => match batch.events.get(self.event) {
                Some(Event { kind: EventKind::Enter(enter), .. }) => (enter, memory(batch, &enter.regions)),
                _ => unreachable!("an open call without a copy was entered in this batch"),
            },
        };
        CallView {
            arch: enter.arch,
            nr: enter.nr,
            args: &enter.args,
            ip: enter.ip,
            sp: enter.sp,
            outcome: exit.map(|e| -> Outcome { e.outcome }),
            marks: exit.map(|e| e.marks).unwrap_or_default(),
            restarts: self.restarts,
            entry,
            exit: exit.map(|e| memory(batch, &e.regions)).unwrap_or_default(),
        }
    }
}

impl Kept {
    fn copy(batch: &Batch, enter: &Enter) -> Kept {
        let mut kept = Kept { enter: enter.clone(), regions: Vec::new(), bytes: Vec::new() };
        let regions = batch.regions.get(enter.regions.start as usize..enter.regions.end as usize).unwrap_or_default();
        for region in regions {
            let start = kept.bytes.len() as u32;
            kept.bytes.extend_from_slice(batch.region_bytes(region));
            kept.regions.push(Region { start, ..*region });
        }
        kept
    }
}

pub fn memory<'a>(batch: &'a Batch, range: &Range<u32>) -> Memory<'a> {
    Memory {
        regions: batch.regions.get(range.start as usize..range.end as usize).unwrap_or_default(),
        bytes: &batch.bytes,
    }
}
