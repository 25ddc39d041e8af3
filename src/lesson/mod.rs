//! Guided tours: steps with something to read, something to try and a check on what then happens in the trace.
//!
//! The tours stand in `assets/lessons/*.toml`. A check is a filter and a number of rows, so a tour can ask for anything
//! that a filter can find. [`Progress`] is fed with every append and knows when a step is done; it never moves by itself.
//! Pure. Left out: how a step looks on the screen, and where progress is kept between runs.

mod progress;
mod tour;

pub use progress::Progress;
pub use tour::{Check, Step, Tour, tour, tours};
