//! (being built)
pub mod program;
pub mod terminal;
