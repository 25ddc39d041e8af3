//! The vDSO: what its image exports, where a program is told about it, and how its functions can be made to call the
//! kernel. Pure: bytes in, facts and code out. vdso(7).
//!
//! Left out: reading the bytes from a process and writing to it (`capture`).

mod auxv;
mod calls;
mod displace;
mod fallback;
mod image;
mod logger;
mod patch;

pub use auxv::{Auxv, AuxvEntry, find_auxv};
pub use calls::call_of;
pub use displace::{JUMP, JUMP_OPCODE, Refusal};
pub use fallback::{always_calls, reason};
pub use image::parse_image;
pub use logger::{Logger, RECORD, Record, Ring, SLOTS, logger, room};
pub use patch::{Entry, Function, Patch, Plan, file_end, is_wide, plan};
