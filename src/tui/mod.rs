//! The view: trace, histogram, call detail and the program's own terminal on one screen, live or over a recording.
//!
//! `state` is what the view knows, `app` what happens to it (messages, keys, time), `view` how it is drawn; drawing takes
//! the state by shared reference, so it cannot change it. `actions` is the one list of what the user can do: keymap,
//! help, key bar and README come from it. `run` is the loop. Left out: where events come from (`source`).

pub mod actions;
pub mod app;
pub mod catch;
pub mod change;
pub mod clipboard;
pub mod documented;
pub mod enforce;
pub mod format;
pub mod key;
pub mod keymap;
pub mod layout;
mod manual;
pub mod profile;
pub mod program;
pub mod relay;
mod run;
pub mod settings;
pub mod state;
pub mod svg;
pub mod terminal;
pub mod theme;
mod view;

pub use actions::actions;
pub use app::{App, Leave};
pub use run::{Error, Finish, pick, run};

use crate::config::Config;
use crate::decode;
use std::sync::{Arc, OnceLock};

use crate::lesson::Tour;
use crate::policy;
use crate::query::Filter;
use crate::source::{Catchpoint, ProcessInfo, Tamper};
use crate::stats::Cpu;
use keymap::Keymap;
use layout::Arrangement;
use state::enforced::By;
use theme::Theme;

/// What the view is told before it begins.
#[derive(Debug, Clone)]
pub struct Options {
    /// The profiles to judge by, the active one first; none: the user may choose one.
    pub profiles: Vec<policy::Profile>,
    /// Under which it is judged, as far as the traced machine does not say.
    pub circumstances: policy::Circumstances,
    /// Who makes the profile hold from the start, if anybody.
    pub enforce: Option<By>,
    /// The marks are shown from the start, if there is a profile.
    pub seccomp_on: bool,
    /// Which key does what.
    pub keymap: Keymap,
    /// False: modifiers and symbols only (`NO_COLOR`).
    pub colour: bool,
    /// The styles to begin with.
    pub theme: Theme,
    /// What the settings call them.
    pub theme_name: String,
    /// How much of the screen the trace has.
    pub arrangement: Arrangement,
    /// Whether the mouse is ours rather than the terminal's.
    pub mouse: bool,
    /// The guided tour to begin with.
    pub tour: Option<&'static Tour>,
    /// How calls are written in the trace.
    pub decode: decode::Options,
    /// The catchpoints that the source has from the start, each with its filter as it was typed.
    pub catch: Vec<(String, Catchpoint)>,
    /// Asks which processes could be attached to; None: the source cannot attach.
    pub processes: Option<fn() -> Vec<ProcessInfo>>,
    /// Asks how much CPU time a running process has used; None: nothing can be asked.
    pub cpu: Option<fn(i32) -> Option<Cpu>>,
    /// How the run differs from another, as text, once that is known; None: there is no other.
    pub compare: Option<Arc<OnceLock<String>>>,
    /// The changes of calls that the source has from the start, each as it was typed.
    pub tamper: Vec<(String, Vec<Tamper>)>,
    /// Which rows are shown at first, with the text that says so; None: all.
    pub filter: Option<(Filter, String)>,
    /// The user's settings.
    pub config: Config,
    /// Bytes of rows that are kept in memory, the rest in a file; None: all are.
    pub memory: Option<u64>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            profiles: Vec::new(),
            circumstances: policy::Circumstances::default(),
            enforce: None,
            seccomp_on: true,
            keymap: Keymap::default(),
            colour: true,
            theme: Theme::default(),
            theme_name: theme::WHOLE.to_owned(),
            arrangement: Arrangement::default(),
            mouse: true,
            tour: None,
            decode: decode::Options::default(),
            catch: Vec::new(),
            processes: None,
            cpu: None,
            compare: None,
            tamper: Vec::new(),
            filter: None,
            config: Config::default(),
            memory: None,
        }
    }
}

/// Rows and columns of the program's terminal when the whole screen has this size: what a source should give it before
/// the program starts, so that it is not resized at once.
pub fn program_size(cols: u16, rows: u16, options: &Options) -> (u16, u16) {
    let shape = layout::Shape {
        cols,
        rows,
        focus: layout::Pane::Trace,
        side: layout::Pane::Program,
        zoom: false,
        program: true,
        tour: options.tour.map_or(0, |tour| view::tour::height(&options.keymap, tour, 0, cols)),
        arrangement: options.arrangement,
    };
    shape.program_size()
}
