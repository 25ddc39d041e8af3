//! The call of a row, held so that its memory stays readable: where the row is stands behind it.

use std::sync::Arc;

use super::memory::{CallView, Memory};
use super::packed::Packed;
use super::row::CallRow;
use crate::model::event::Region;

/// The call of a row; `view` shows it with its memory.
#[derive(Debug)]
pub struct Call<'a> {
    pub(super) call: CallRow,
    pub(super) restarts: Option<u64>,
    pub(super) entry: Part<'a>,
    pub(super) exit: Part<'a>,
}

/// The memory of an entry or an exit.
#[derive(Debug)]
pub(super) enum Part<'a> {
    Here(Memory<'a>),
    Packed(Vec<Region>, Arc<Packed>),
}

impl Part<'_> {
    fn memory(&self) -> Memory<'_> {
        match self {
            Part::Here(memory) => *memory,
            Part::Packed(regions, packed) => Memory { regions, bytes: packed.arena() },
        }
    }
}

impl Call<'_> {
    pub fn view(&self) -> CallView<'_> {
        CallView {
            arch: self.call.arch,
            nr: self.call.nr,
            args: &self.call.args,
            ip: self.call.ip,
            sp: self.call.sp,
            outcome: self.call.outcome,
            marks: self.call.marks,
            restarts: self.restarts,
            entry: self.entry.memory(),
            exit: self.exit.memory(),
        }
    }
}
