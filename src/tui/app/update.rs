//! What each action does, and when it can be done.

use crossterm::event::KeyCode;

use super::{App, CopyWhat};
use crate::source::Command;
use crate::stats::SortKey;
use crate::tui::actions::Id;
use crate::tui::key::Key;
use crate::tui::layout::Pane;
use crate::tui::state::breakdown::By;
use crate::tui::state::form::Form;
use crate::tui::state::layer::{Chooser, Help, Layer, Places};
use crate::tui::state::narrow::{Narrow, RowFilter};
use crate::tui::state::points::List;
use crate::tui::state::session::Phase;
use crate::tui::view;

/// How long a killed program may take to end, or the source to let go, before the view is left all the same, in
/// milliseconds.
const PATIENCE_MS: u64 = 3_000;

/// Filters that can be gone back to.
const FILTERS_KEPT: usize = 100;

/// How the view is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    Quit,
    /// The program goes on in this terminal.
    HandOver,
}

/// What the user chose for the running program, until the source has done it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tui) enum Leaving {
    Killing {
        since_ms: u64,
    },
    HandingOver,
    /// Nothing was launched that lives: what was attached to is let go, without a question.
    Detaching {
        since_ms: u64,
    },
}

impl App {
    /// Whether an action can be done now; the key bar shows no others.
    pub(in crate::tui) fn enabled(&self, id: Id) -> bool {
        match id {
            Id::ClearFilter => self.trace.narrow.is_some() || self.trace.search.is_some(),
            Id::UndoFilter => !self.filters.is_empty(),
            Id::CopyLine => self.selected().is_some(),
            Id::FocusProgram => self.session.has_terminal(),
            Id::Hide => self.focus != Pane::Trace,
            Id::Compare => self.options.compare.is_some(),
            Id::Record => self.session.started.is_some(),
            Id::FirstBlocked => !self.dividers().is_empty(),
            Id::NextProfile | Id::PreviousProfile => self.overlays.all().len() > 1,
            Id::PolicyContext | Id::Rules | Id::CompareProfiles => self.overlays.active().is_some(),
            Id::Enforce => self.overlays.active().is_some() && self.session.traced(),
            Id::Narrow if self.focus == Pane::Histogram => self.session.histogram.calls() > 0,
            Id::Hold | Id::Step | Id::CatchPoints | Id::CatchCall | Id::Tampering => self.session.traced(),
            Id::Attach => self.session.traced() && self.options.processes.is_some(),
            Id::Answer => self.answerable().is_some(),
            Id::NextHeld => !self.session.holds.is_empty(),
            Id::Manual => self.manual_page().is_some(),
            Id::OpenCall | Id::Bookmark => self.selected().is_some(),
            Id::NextMatch | Id::PreviousMatch => self.selected().is_some(),
            Id::NextOfTask | Id::PreviousOfTask => self.selected().is_some(),
            Id::Origin | Id::NextUse | Id::PreviousUse | Id::Instead => self.selected().is_some(),
            Id::FoldOne => self.trace.fold.is_some(),
            _ => true,
        }
    }

    /// The selected row.
    pub fn selected(&self) -> Option<u64> {
        self.trace.selected(self.session.store.len())
    }

    pub(super) fn act(&mut self, id: Id, key: Key) {
        match id {
            Id::Help => self.layers.push(Layer::Help(Help::default())),
            Id::Palette => self.open_palette(),
            Id::Filter => {
                let text = self.trace.narrow.as_ref().map(|n| n.filter.text().to_owned()).unwrap_or_default();
                self.open_form(Form::filter(text));
            }
            Id::ClearFilter if self.trace.search.is_some() => self.trace.search = None,
            Id::ClearFilter => self.change_filter(None),
            Id::UndoFilter => self.undo_filter(),
            Id::Search => self.ask_search(),
            Id::Columns => self.layers.push(Layer::Columns { line: 0 }),
            Id::Fold => self.fold(),
            Id::FoldOne => self.fold_one(),
            Id::NextOfTask => self.same_task(true),
            Id::PreviousOfTask => self.same_task(false),
            Id::Origin => self.origin(),
            Id::NextUse => self.use_of_descriptor(true),
            Id::PreviousUse => self.use_of_descriptor(false),
            Id::Instead => self.instead(),
            Id::Bookmark => self.toggle_bookmark(),
            Id::Bookmarks => self.list_bookmarks(),
            Id::NextBookmark => self.next_bookmark(true),
            Id::PreviousBookmark => self.next_bookmark(false),
            Id::Seccomp => self.toggle_seccomp(),
            Id::ChooseProfile => self.layers.push(Layer::Chooser(Chooser::default())),
            Id::PolicyContext => self.layers.push(Layer::Policy { line: 0 }),
            Id::Enforce => self.switch_enforcing(),
            Id::NextProfile | Id::PreviousProfile => self.switch_profile(id == Id::NextProfile),
            Id::CompareProfiles => self.layers.push(Layer::Profiles { line: 0 }),
            Id::Rules => self.layers.push(Layer::Rules { line: 0 }),
            Id::Places => self.layers.push(Layer::Places(Places::default())),
            Id::Vdso => self.switch_vdso(),
            Id::Export => self.ask_export(),
            Id::Compare => self.layers.push(Layer::Compare { scroll: 0 }),
            Id::Patterns => self.show_patterns(),
            Id::VdsoPage => self.layers.push(Layer::Vdso { scroll: 0 }),
            Id::FocusTrace => self.focus_on(Pane::Trace),
            Id::FocusHistogram => self.focus_on(Pane::Histogram),
            Id::FocusProcesses => self.focus_on(Pane::Processes),
            Id::FocusFiles => self.focus_on(Pane::Files),
            Id::FocusCall => self.focus_on(Pane::Call),
            Id::FocusProgram => self.focus_on(Pane::Program),
            Id::Hide => self.hide(),
            Id::Hold => self.hold_or_resume(),
            Id::Step => self.step(),
            Id::Answer => self.answer(),
            Id::NextHeld => self.next_held(),
            Id::CatchPoints => self.layers.push(Layer::Points { list: List::Catches, line: 0 }),
            Id::Tampering => self.layers.push(Layer::Points { list: List::Tampers, line: 0 }),
            Id::Attach => self.pick_processes(),
            Id::CatchCall => self.catch_selected_call(),
            Id::Freeze => self.trace.toggle_freeze(self.session.store.len()),
            Id::NextPane => self.step_pane(1),
            Id::PreviousPane => self.step_pane(-1),
            Id::Zoom => {
                self.zoom = !self.zoom;
                self.relayout();
            }
            Id::Taller | Id::Shorter | Id::Wider | Id::Narrower => self.move_borders(id),
            Id::Tours => self.list_tours(),
            Id::NextStep => self.tour_on(),
            Id::StepBack => self.tour_back(),
            Id::Record => self.record(),
            Id::CopyLine => self.copy(CopyWhat::Line),
            Id::Copy => self.ask_copy(),
            Id::NextTheme => self.next_theme(),
            Id::SaveScreen => self.save_screen(),
            Id::Suspend => self.suspend = true,
            Id::Redraw => self.redraw(),
            Id::Quit => self.quit(),
            Id::Follow => self.trace.set_follow(!self.trace.follow),
            Id::OpenCall if self.selected().is_some_and(|seq| self.trace.folded(seq).is_some()) => self.fold_one(),
            Id::OpenCall => {
                self.detail_top = 0;
                self.focus_on(Pane::Call);
            }
            Id::NextMatch => self.match_(true),
            Id::PreviousMatch => self.match_(false),
            Id::FirstBlocked => self.first_blocked(),
            Id::SortNext | Id::SortPrevious | Id::SortColumn if self.focus == Pane::Files => self.sort_files(id, key),
            Id::SortNext => self.table.sort_next(self.judging()),
            Id::SortPrevious => self.table.sort_previous(self.judging()),
            Id::SortColumn => self.sort_column(key),
            Id::Narrow if self.focus == Pane::Histogram => self.narrow_to_entry(),
            Id::Narrow | Id::NarrowTree => self.narrow_to_line(id),
            Id::GoToRow => self.go_to_line_row(),
            Id::ShowEnded => self.show_ended(),
            Id::Tab | Id::NextTab | Id::PreviousTab => self.turn_tab(id, key),
            Id::Manual => self.ask_manual(),
            Id::FootUp | Id::FootDown => self.scroll_foot(id),
            Id::CountBy => self.count_by_next(),
            Id::BarsBy => self.table.by_time = !self.table.by_time,
            Id::Picture => self.table.picture = self.table.picture.next(),
            Id::Up | Id::Down | Id::PageUp | Id::PageDown | Id::Top | Id::End | Id::Left | Id::Right => self.move_(id),
            Id::Close => self.focus_on(Pane::Trace),
            Id::Kill => self.kill(),
            Id::HandOver => self.hand_over(),
            // Popups have these to themselves.
            Id::Stay
            | Id::Confirm
            | Id::Add
            | Id::Rename
            | Id::MoveUp
            | Id::MoveDown
            | Id::Reset
            | Id::Toggle
            | Id::Delete
            | Id::OtherList
            | Id::Refresh
            | Id::Find
            | Id::NextField
            | Id::PreviousField
            | Id::Save => {}
        }
    }

    pub(in crate::tui) fn judging(&self) -> bool {
        self.overlays.shown().is_some()
    }

    fn move_(&mut self, id: Id) {
        match self.focus {
            Pane::Trace => self.move_in_trace(id),
            Pane::Call if id == Id::Left => self.move_in_trace(Id::Up),
            Pane::Call if id == Id::Right => self.move_in_trace(Id::Down),
            Pane::Histogram => self.move_in_table(id),
            Pane::Processes | Pane::Files => self.move_in_list(self.focus, id),
            Pane::Call => self.scroll_detail(id),
            Pane::Program => {
                let page = i32::from(self.layout.inner(Pane::Program).height.max(2)) - 1;
                self.program.scroll(if id == Id::PageUp { page } else { -page });
            }
        }
    }

    fn move_in_trace(&mut self, id: Id) {
        let stored = self.session.store.len();
        let page = i64::from(self.trace_rows().max(2)) - 1;
        match id {
            Id::Up => self.trace.move_by(-1, stored),
            Id::Down => self.trace.move_by(1, stored),
            Id::PageUp => self.trace.move_by(-page, stored),
            Id::PageDown => self.trace.move_by(page, stored),
            Id::Top => self.trace.go_to(0),
            Id::End => self.trace.set_follow(true),
            Id::Left => self.trace.sideways = self.trace.sideways.saturating_sub(8),
            Id::Right => self.trace.sideways = (self.trace.sideways + 8).min(4_096),
            _ => {}
        }
        self.detail_top = 0;
    }

    pub(super) fn move_in_table(&mut self, id: Id) {
        if self.table.by != By::Call {
            return self.move_in_entries(id);
        }
        let page = i64::from(view::histogram::rows_in(self, self.layout.inner(Pane::Histogram)).max(2)) - 1;
        let (counts, blocked) = super::counts::shown(&self.session, &self.trace, &self.overlays);
        let rows = self.table.ordered(counts, blocked);
        // Nothing is selected at first; any move begins at the top.
        let lines = match id {
            _ if self.table.selected.is_none() => 0,
            Id::Up => -1,
            Id::Down => 1,
            Id::PageUp => -page,
            Id::PageDown => page,
            Id::Top => i64::from(i32::MIN),
            Id::End => i64::from(i32::MAX),
            _ => 0,
        };
        self.table.move_by(&rows, lines);
    }

    pub(super) fn scroll_detail(&mut self, id: Id) {
        let height = self.layout.inner(Pane::Call).height;
        let most = view::call::height(self).saturating_sub(height);
        self.detail_top = scrolled(self.detail_top, id, height).min(most);
    }

    fn sort_column(&mut self, key: Key) {
        let column = match key.event().code {
            KeyCode::Char(c) => c.to_digit(10).and_then(|d| SortKey::ALL.get((d as usize).checked_sub(1)?)),
            _ => None,
        };
        match column {
            Some(SortKey::Blocked) if !self.judging() => {
                let key = self.options.keymap.word(Id::Seccomp);
                self.say(format!("Nothing is judged; {key} switches the seccomp overlay on."))
            }
            Some(&column) => self.table.sort = column,
            None => {}
        }
    }

    /// Shows only the rows that match; they are found slice by slice.
    pub(super) fn narrow_to(&mut self, filter: RowFilter) {
        self.change_filter(Some(filter));
    }

    /// Shows what another filter matches, or all rows, and remembers what was shown before.
    pub(super) fn change_filter(&mut self, filter: Option<RowFilter>) {
        let before = self.trace.narrow.as_ref().map(|narrow| narrow.filter.clone());
        // Typing the same again is no change.
        if before.as_ref().map(RowFilter::text) != filter.as_ref().map(RowFilter::text) {
            if self.filters.len() == FILTERS_KEPT {
                self.filters.remove(0);
            }
            self.filters.push(before);
        }
        self.show_filtered(filter);
    }

    fn undo_filter(&mut self) {
        let Some(filter) = self.filters.pop() else { return };
        let words = match &filter {
            Some(filter) => format!("The filter is {} again.", filter.text()),
            None => "Every row is shown again.".to_owned(),
        };
        self.show_filtered(filter);
        self.say(words);
    }

    fn show_filtered(&mut self, filter: Option<RowFilter>) {
        self.trace.set_narrow(filter.map(Narrow::new), self.session.store.len());
        self.survey_again();
        self.work_slice();
    }

    /// Starts the filter anew after its rows may have changed.
    pub(super) fn narrow_again(&mut self) {
        if let Some(narrow) = &self.trace.narrow {
            let filter = Some(narrow.filter.clone());
            self.show_filtered(filter);
        }
    }

    fn first_blocked(&mut self) {
        let selected = self.selected().filter(|_| !self.trace.follow).unwrap_or(u64::MAX);
        let next = self.overlays.active().and_then(|o| o.blocked.divergence().next(selected));
        if let Some(seq) = next {
            self.trace.go_to(self.trace.position_of(seq));
        }
    }

    fn toggle_seccomp(&mut self) {
        match self.overlays.active() {
            Some(_) => {
                self.overlays.show(!self.overlays.on());
                if !self.overlays.on() && self.table.sort == SortKey::Blocked {
                    self.table.sort = SortKey::default();
                }
            }
            None => self.layers.push(Layer::Chooser(Chooser::default())),
        }
    }

    fn quit(&mut self) {
        if !self.session.running() {
            self.leave = Some(Leave::Quit);
            return;
        }
        let families = self.session.families();
        if families.launched > 0 || (families.attached == 0 && !self.session.attached()) {
            self.layers.push(Layer::Quit);
        } else if self.session.phase == Phase::Detached {
            self.leave = Some(Leave::Quit);
        } else {
            self.outbox.control(Command::Detach);
            self.leaving = Some(Leaving::Detaching { since_ms: self.now_ms });
            self.say("Letting go of what was attached to.");
        }
    }

    fn kill(&mut self) {
        self.outbox.control(Command::Kill);
        self.leaving = Some(Leaving::Killing { since_ms: self.now_ms });
        self.say("Killing the program.");
    }

    fn hand_over(&mut self) {
        if self.session.phase == Phase::Detached {
            self.leave = Some(Leave::HandOver);
            return;
        }
        self.outbox.control(Command::Detach);
        self.leaving = Some(Leaving::HandingOver);
        self.say("Letting go of the program.");
    }

    /// The source let go of the program.
    pub(super) fn detached(&mut self) {
        match self.leaving {
            Some(Leaving::HandingOver) => self.leave = Some(Leave::HandOver),
            Some(Leaving::Detaching { .. }) => self.leave = Some(Leave::Quit),
            Some(Leaving::Killing { .. }) | None => {}
        }
    }

    /// The program, or what told about it, is over.
    pub(super) fn ended(&mut self) {
        if self.leaving.is_some() {
            self.leave = Some(Leave::Quit);
        }
        if self.layers.contains(&Layer::Quit) {
            self.layers.retain(|layer| *layer != Layer::Quit);
            self.say("The program ended by itself; q leaves.");
        }
        self.settle();
    }

    pub(super) fn leave_if_late(&mut self) {
        if let Some(Leaving::Killing { since_ms } | Leaving::Detaching { since_ms }) = self.leaving
            && self.now_ms >= since_ms + PATIENCE_MS
        {
            self.leave = Some(Leave::Quit);
        }
    }
}

/// A scroll position after a movement, not yet limited at the end.
pub(super) fn scrolled(top: u16, id: Id, height: u16) -> u16 {
    match id {
        Id::Up => top.saturating_sub(1),
        Id::Down => top.saturating_add(1),
        Id::PageUp => top.saturating_sub(height.max(2) - 1),
        Id::PageDown => top.saturating_add(height.max(2) - 1),
        Id::Top => 0,
        Id::End => u16::MAX,
        _ => top,
    }
}
