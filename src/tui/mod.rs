//! (being built)
pub mod program;
pub mod relay;
pub mod svg;
pub mod terminal;
