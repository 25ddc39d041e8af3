//! The state of the view, apart from how it is drawn and from what keys do to it.

pub mod blocked;
pub mod divergence;
pub mod enforced;
pub mod export;
pub mod files;
pub mod form;
pub mod growing;
pub mod hits;
pub mod hold;
pub mod layer;
pub mod list;
pub mod modes;
pub mod narrow;
pub mod outbox;
pub mod palette;
pub mod picker;
pub mod points;
pub mod recording;
pub mod session;
pub mod tab;
pub mod table;
pub mod tour;
pub mod trace;
pub mod tree;
