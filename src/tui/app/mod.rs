//! The whole state of the view and what happens to it: messages, keys, time. Drawing (`view`) only reads it.
//!
//! No terminal, no clock and no source in here: time comes in as an argument and commands wait in the outbox, so a test
//! is state, keys, state. Left out: the loop that feeds it (`run`).

mod arrange;
mod attach;
mod bookmarks;
mod columns;
mod copy;
mod counts;
mod enforcing;
mod export;
mod form;
mod goto;
mod histogram;
mod hold;
mod judging;
mod keys;
mod mouse;
mod overlay;
mod pages;
mod palette;
mod patterns;
mod points;
mod popups;
mod record;
mod room;
mod selection;
mod shell;
mod tables;
mod tabs;
mod tour;
mod update;
mod vdso;

pub use copy::What as CopyWhat;
pub use overlay::{MOST_PROFILES, Overlay, Overlays};
pub use selection::Drag;
pub use update::Leave;

use update::Leaving;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Options;
use super::layout::{Arrangement, Layout, Pane};
use super::program::ProgramPane;
use super::state::breakdown::By;
use super::state::export::Export;
use super::state::files::FilesState;
use super::state::growing::Growing;
use super::state::layer::Layer;
use super::state::narrow::{Narrow, RowFilter, Rows};
use super::state::outbox::Outbox;
use super::state::points::Points;
use super::state::recording::Recording;
use super::state::session::{Phase, Session};
use super::state::tab::Tab;
use super::state::table::TableState;
use super::state::tour::Tours;
use super::state::trace::TraceState;
use super::state::tree::Tree;
use super::theme::Theme;
use super::view;
use crate::policy::Explanation;
use crate::source::Message;
use crate::stats::CallStats;

/// Rows that one slice of background work looks at; several slices fit in a frame.
const SLICE_ROWS: u64 = 1_024;
/// Chunks in which one slice finds runs of calls, and in which more do that is done while nothing else is.
const SLICE_CHUNKS: usize = 1;
const BATCH_CHUNKS: usize = 4;
/// How long a notice stays, in milliseconds.
const NOTICE_MS: u64 = 6_000;

/// Everything that the view knows.
pub struct App {
    pub(super) options: Options,
    pub(super) theme: Theme,
    /// The name under which the settings keep it.
    theme_name: String,
    /// The filters before the one that is on, oldest first; None: all rows were shown.
    filters: Vec<Option<RowFilter>>,
    /// What waits to be sent to the clipboard.
    clipboard: Option<String>,
    /// What the mouse holds.
    pub(super) drag: Option<Drag>,
    /// The view is to give way to the shell.
    suspend: bool,
    pub(super) session: Session,
    pub(super) trace: TraceState,
    pub(super) table: TableState,
    pub(super) tree: Tree,
    pub(super) files: FilesState,
    /// What calls were about, once somebody asks.
    pub(super) growing: Growing,
    /// What the call pane shows of the call.
    pub(super) tab: Tab,
    /// The manual page that was asked for: name and section.
    manual: Option<(String, String)>,
    /// First line in view of the call detail.
    pub(super) detail_top: u16,
    pub(super) program: ProgramPane,
    pub(super) overlays: Overlays,
    /// Why the selected row got its verdict; by `seq`.
    pub(super) explained: Option<(u64, Explanation)>,
    pub(super) points: Points,
    /// What is being written.
    pub(super) export: Option<Export>,
    pub(super) layers: Vec<Layer>,
    pub(super) tours: Tours,
    pub(super) focus: Pane,
    pub(super) side: Pane,
    pub(super) zoom: bool,
    pub(super) arrangement: Arrangement,
    pub(super) cols: u16,
    pub(super) rows: u16,
    pub(super) layout: Layout,
    /// A sentence on the last line and when it goes away, in milliseconds.
    pub(super) notice: Option<(String, u64)>,
    pub(super) outbox: Outbox,
    pub(super) leave: Option<Leave>,
    pub(super) leaving: Option<Leaving>,
    /// Why rows could not be read back, as was said.
    lost: Option<String>,
    pub(super) recording: Option<Recording>,
    /// Before there is a source: the processes that were chosen to attach to.
    pub(super) picked: Option<Vec<i32>>,
    /// The escape key was just pressed in the program's pane; a second press sends it.
    escaped: bool,
    pub(super) now_ms: u64,
    dirty: bool,
    redraw: bool,
}

impl App {
    /// A view of 80x24 that has heard nothing yet.
    pub fn new(options: Options) -> App {
        let theme = if options.colour { options.theme.clone() } else { Theme::new(false) };
        let theme_name = options.theme_name.clone();
        let arrangement = options.arrangement;
        let session = Session::within(options.memory);
        let mut program = ProgramPane::new(24, 80);
        program.set_colours(options.colour);
        let mut app = App {
            options,
            theme,
            theme_name,
            filters: Vec::new(),
            clipboard: None,
            drag: None,
            suspend: false,
            session,
            trace: TraceState::new(),
            table: TableState::default(),
            tree: Tree::default(),
            files: FilesState::default(),
            growing: Growing::default(),
            tab: Tab::default(),
            manual: None,
            detail_top: 0,
            program,
            overlays: Overlays::default(),
            explained: None,
            points: Points::default(),
            export: None,
            layers: Vec::new(),
            tours: Tours::default(),
            focus: Pane::Trace,
            // Of a recording; a program's own terminal takes its place when it starts.
            side: Pane::Histogram,
            zoom: false,
            arrangement,
            cols: 0,
            rows: 0,
            layout: Layout::default(),
            notice: None,
            outbox: Outbox::default(),
            leave: None,
            leaving: None,
            lost: None,
            recording: None,
            picked: None,
            escaped: false,
            now_ms: 0,
            dirty: true,
            redraw: false,
        };
        app.resize(80, 24);
        app.adopt_points();
        if let Some((filter, text)) = app.options.filter.take() {
            app.set_filter(filter, text);
        }
        if let Some(tour) = app.options.tour {
            app.start_tour(tour);
        }
        app
    }

    /// A view without a source, for choosing what to attach to: it is left with the choice, or without.
    pub fn picking(options: Options) -> App {
        let mut app = App::new(options);
        app.pick_processes();
        app
    }

    /// What was chosen.
    pub fn picked(&self) -> Option<&[i32]> {
        self.picked.as_deref()
    }

    /// Takes one message of the source.
    pub fn message(&mut self, message: Message) {
        self.dirty = true;
        match message {
            Message::Started(started) => {
                self.session.start(*started, self.now_ms);
                // On a screen with room for one pane beside the trace, a program that one can type to is the one to see.
                if self.session.live() && self.session.has_terminal() && self.focus == Pane::Trace {
                    self.side = Pane::Program;
                }
                self.judge_from_start();
                self.relayout();
                self.tell_size();
            }
            Message::Batch(batch) => {
                if let Some(recording) = &mut self.recording {
                    recording.batch(&self.session.store, &batch);
                }
                let changes = self.session.append(&batch);
                for narrow in [&mut self.trace.narrow, &mut self.trace.search].into_iter().flatten() {
                    narrow.revise(&changes);
                }
                self.growing.update(&self.session.store, &changes);
                self.revise_survey(&changes);
                self.compare_with_kernel(&changes);
                self.revise_tour(&changes);
            }
            Message::Output(bytes) => {
                self.recording.iter_mut().for_each(|recording| recording.output(&bytes));
                self.program.feed(&bytes);
                let replies = self.program.take_replies();
                self.send_input(&replies);
            }
            Message::Held(held) => self.held(held),
            Message::Released(task) => self.session.holds.release(task),
            Message::Vdso(mode) => {
                self.recording.iter_mut().for_each(|recording| recording.vdso(mode));
                self.session.vdso = mode;
            }
            Message::Progress { read, size } => self.session.progress = Some((read, size)),
            Message::Notice(sentence) => {
                self.recording.iter_mut().for_each(|recording| recording.notice(&sentence));
                self.say(sentence);
            }
            Message::Detached => {
                self.session.leave_phase(Phase::Detached, self.now_ms);
                self.detached();
            }
            Message::Ended(end) => {
                self.session.leave_phase(Phase::Ended(end), self.now_ms);
                self.end_recording(end);
                self.ended();
            }
            Message::Failed(sentence) => self.fail(sentence),
        }
        self.work_slice();
        self.settle();
    }

    /// The source broke, or vanished without a word. What was stored stays to be looked at.
    pub fn fail(&mut self, sentence: String) {
        self.session.leave_phase(Phase::Failed(sentence.clone()), self.now_ms);
        self.layers.retain(|layer| *layer != Layer::Quit);
        self.layers.push(Layer::Failure(sentence));
        self.dirty = true;
        self.ended();
    }

    /// The view's clock moves on, in milliseconds since any fixed moment; one slice of background work is done.
    pub fn tick(&mut self, now_ms: u64) {
        let second = self.now_ms / 1_000 != now_ms / 1_000;
        self.now_ms = self.now_ms.max(now_ms);
        self.session.sample(self.now_ms);
        if self.notice.as_ref().is_some_and(|(_, until)| *until <= self.now_ms) {
            self.notice = None;
            self.dirty = true;
        }
        self.dirty |= second && (self.session.phase == Phase::Live || self.recording.is_some());
        if second {
            self.session.count_remarks();
            self.look_for_room();
            self.ask_cpu();
        }
        self.leave_if_late();
        self.look_at_recording();
        self.work_slice();
        self.settle();
        self.explain_selected();
    }

    /// The screen has a new size, in character cells.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        (self.cols, self.rows) = (cols, rows);
        self.relayout();
        self.settle();
    }

    /// Does background work (narrowing, judging) until it is done or `enough` says so; true if it is done.
    pub fn work(&mut self, enough: impl Fn() -> bool + Sync) -> bool {
        loop {
            self.find_rows(BATCH_CHUNKS, |narrow, rows| {
                let any = narrow.left(rows.store.len()) > 0;
                narrow.run(rows, &enough);
                any
            });
            if !self.work_slice() {
                break;
            }
            if enough() {
                self.order_entries();
                self.settle();
                return false;
            }
        }
        self.order_entries();
        self.settle();
        true
    }

    /// What filters may look at.
    fn rows_for_filters(&self) -> Rows<'_> {
        Rows {
            store: &self.session.store,
            judge: self.overlays.active().map(|o| &o.judge),
            options: &self.options.decode,
        }
    }

    /// Lets `run` find more of the rows that match, finds the runs of some chunks, and keeps selection and view on their
    /// rows; `run` says whether anything can have changed.
    fn find_rows(&mut self, chunks: usize, run: impl Fn(&mut Narrow, &Rows<'_>) -> bool) {
        let kept = self.trace.rows();
        let rows = Rows {
            store: &self.session.store,
            judge: self.overlays.active().map(|o| &o.judge),
            options: &self.options.decode,
        };
        if self.trace.work(&rows, chunks, run) {
            self.trace.put_back(kept);
            self.dirty = true;
        }
    }

    /// One slice of background work; true while there is more.
    fn work_slice(&mut self) -> bool {
        let mut more = self.scan_tour() | self.write_export();
        if let Some(recording) = &mut self.recording {
            more |= recording.work(&self.session.store, self.session.newest_ns());
        }
        self.find_rows(SLICE_CHUNKS, |narrow, rows| narrow.slice(rows));
        more |= self.count_subjects() | self.count_matches();
        let (store, height) = (&self.session.store, self.trace_rows());
        let summed = self.trace.add_up(store, height, SLICE_ROWS);
        self.dirty |= summed;
        more |= summed || self.trace.left(store.len()) > 0;
        more |= self.survey();
        let (left, judged) = self.overlays.scan(&self.session.store, SLICE_ROWS);
        self.dirty |= judged;
        more | left
    }

    /// Brings every position into bounds; after this, drawing needs no decision.
    fn settle(&mut self) {
        let stored = self.session.store.len();
        let dividers = self.dividers();
        self.trace.settle(stored, self.trace_rows(), &dividers);
        let height = view::histogram::rows_in(self, self.layout.inner(Pane::Histogram));
        if self.table.by == By::Call {
            // Of the fields apart, because the table is changed.
            let (counts, blocked) = counts::shown(&self.session, &self.trace, &self.overlays);
            let rows = self.table.ordered(counts, blocked);
            self.table.settle(&rows, height);
        } else {
            self.settle_entries(height);
        }
        self.settle_lists();
    }

    /// Lines of the trace pane that show rows.
    pub(super) fn trace_rows(&self) -> u16 {
        view::trace::rows_in(self.layout.inner(Pane::Trace))
    }

    /// The positions before which dividers stand: right after the first row of each tree of processes after which it
    /// would have gone another way.
    pub(super) fn dividers(&self) -> Vec<u64> {
        // Where the profile holds, the run went the way that it does under it.
        let Some(overlay) = self.overlays.shown().filter(|o| o.enforced.is_none()) else { return Vec::new() };
        let mut positions: Vec<u64> =
            overlay.blocked.divergence().firsts().map(|seq| self.trace.position_of(seq + 1)).collect();
        positions.dedup();
        positions
    }

    pub(super) fn say(&mut self, sentence: impl Into<String>) {
        self.notice = Some((sentence.into(), self.now_ms + NOTICE_MS));
        self.dirty = true;
    }

    /// Queues bytes for the program, or says why not.
    fn send_input(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || !self.session.running() {
            return;
        }
        if self.outbox.input(bytes).is_err() {
            self.say("The program is not reading its input; what you type now is lost.");
        }
    }

    /// Whether keys go to the program.
    pub(super) fn typing(&self) -> bool {
        self.focus == Pane::Program && self.session.running() && self.session.has_terminal()
    }

    /// What is to be drawn has changed since the last `drawn`.
    pub fn dirty(&self) -> bool {
        self.dirty
    }

    pub fn drawn(&mut self) {
        self.dirty = false;
    }

    /// Commands for the source that wait to be handed over.
    pub fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Why the view is to be left, once it is.
    pub fn leave(&self) -> Option<Leave> {
        self.leave
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The sentence of a source that broke.
    pub fn failure(&self) -> Option<String> {
        match &self.session.phase {
            Phase::Failed(sentence) => Some(sentence.clone()),
            _ => None,
        }
    }

    /// The program's screen, for the relay after hand-over.
    pub(super) fn program_mut(&mut self) -> &mut ProgramPane {
        &mut self.program
    }

    /// The source's end of the line is gone.
    pub(super) fn closed(&mut self) {
        if matches!(self.session.phase, Phase::Waiting | Phase::Live | Phase::Detached) {
            self.fail("The source of events vanished without saying how the program ended.".into());
        }
    }

    /// The calls of the histogram in the order in which they are shown.
    pub(super) fn ordered_calls(&self) -> Vec<&CallStats> {
        let (counts, blocked) = counts::shown(&self.session, &self.trace, &self.overlays);
        self.table.ordered(counts, blocked)
    }

    /// Draws everything. Changes nothing.
    pub fn render(&self, area: Rect, buf: &mut Buffer) {
        view::draw(self, area, buf);
    }

    /// Where the terminal's own cursor belongs, as column and row; None: hidden.
    pub fn cursor(&self) -> Option<(u16, u16)> {
        view::cursor(self)
    }
}
