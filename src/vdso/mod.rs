//! The vDSO: what its image exports, and where a program is told about it. Pure: bytes in, facts out. vdso(7).
//!
//! Left out: reading the bytes from a process (`capture`), and which call a symbol stands for (`abi`).

mod auxv;
mod image;

pub use auxv::{Auxv, AuxvEntry, find_auxv};
pub use image::parse_image;
