//! What keys and clicks do in the panes of processes and of descriptors, and what these panes need counted.

use crossterm::event::KeyCode;

use super::App;
use crate::query::Filter;
use crate::tui::actions::Id;
use crate::tui::key::Key;
use crate::tui::layout::Pane;
use crate::tui::state::files::FileSort;
use crate::tui::state::narrow::RowFilter;
use crate::tui::state::session::Phase;
use crate::tui::view;

/// Rows that one slice of counting looks at.
const SLICE_ROWS: u64 = 4_096;

impl App {
    /// Counts what calls were about as long as there is more; from the first time on that a pane shows it.
    pub(super) fn count_subjects(&mut self) -> bool {
        if [Pane::Processes, Pane::Files].iter().any(|&pane| self.layout.area(pane).is_some()) {
            self.growing.begin();
        }
        let before = self.growing.left(&self.session.store);
        let more = self.growing.scan(&self.session.store, SLICE_ROWS);
        self.dirty |= before > 0;
        more
    }

    /// Brings the lists that are shown up to date and into bounds.
    pub(super) fn settle_lists(&mut self) {
        if self.layout.area(Pane::Processes).is_some() {
            self.tree.update(&self.session.processes);
            let height = view::processes::rows_in(self.layout.inner(Pane::Processes));
            self.tree.settle(height);
        }
        if self.layout.area(Pane::Files).is_some()
            && let Some(subjects) = self.growing.subjects()
        {
            let store = &self.session.store;
            let scanned = store.len() - self.growing.left(store);
            self.dirty |= self.files.update(store, &self.session.processes, subjects, scanned, self.now_ms);
            let height = view::files::rows_in(self.layout.inner(Pane::Files));
            self.files.settle(height);
        }
    }

    /// Asks for the CPU time of the processes in view that run.
    pub(super) fn ask_cpu(&mut self) {
        let (Some(ask), Some(area)) = (self.options.cpu, self.layout.area(Pane::Processes)) else { return };
        if self.session.phase != Phase::Live {
            return;
        }
        let all = self.session.processes.all();
        let in_view: Vec<u32> = self.tree.view(usize::from(area.height)).map(|(place, _)| place).collect();
        for place in in_view {
            let process = &all[place as usize];
            if process.ended.is_none()
                && let Some(cpu) = ask(process.pid)
            {
                self.tree.cpu.insert(place, cpu);
            }
        }
    }

    pub(super) fn move_in_list(&mut self, pane: Pane, id: Id) {
        let inner = self.layout.inner(pane);
        let height = match pane {
            Pane::Processes => view::processes::rows_in(inner),
            _ => view::files::rows_in(inner),
        };
        let page = i64::from(height.max(2)) - 1;
        let lines = match id {
            Id::Up => -1,
            Id::Down => 1,
            Id::PageUp => -page,
            Id::PageDown => page,
            Id::Top => i64::from(i32::MIN),
            Id::End => i64::from(i32::MAX),
            _ => 0,
        };
        match pane {
            Pane::Processes => self.tree.move_by(lines),
            _ => self.files.move_by(lines),
        }
    }

    pub(super) fn click_line(&mut self, pane: Pane, line: u16, column: u16) {
        let inner = self.layout.inner(pane);
        let (heading, height) = match pane {
            Pane::Processes => (view::processes::heading_rows(inner), view::processes::rows_in(inner)),
            _ => (view::files::heading_rows(inner), view::files::rows_in(inner)),
        };
        match line.checked_sub(heading) {
            None if pane == Pane::Files => {
                if let Some(sort) = view::files::column_at(inner.width, column) {
                    self.files.sort = sort;
                    self.files.anew();
                }
            }
            Some(line) if line < height && pane == Pane::Processes => {
                self.tree.select(self.tree.list.top + usize::from(line));
            }
            Some(line) if line < height => self.files.select(self.files.list.top + usize::from(line)),
            _ => {}
        }
    }

    /// Shows only the rows of the selected process or descriptor.
    pub(super) fn narrow_to_line(&mut self, id: Id) {
        let text = match self.focus {
            Pane::Processes => {
                let Some(place) = self.tree.list.selected else {
                    return self.say("Select a process first, with the arrow keys.");
                };
                let pid = self.session.processes.all()[place as usize].pid;
                if id == Id::NarrowTree { format!("tree:{pid}") } else { format!("pid:{pid}") }
            }
            _ => {
                let Some(line) = self.files.selected() else {
                    return self.say("Select a descriptor first, with the arrow keys.");
                };
                match (line.made, self.session.store.task(line.task)) {
                    (Some(row), _) => format!("opened:{row}"),
                    // Nobody saw it opened, so all that is known of it is its number.
                    (None, Some(task)) => format!("pid:{} fd:{}", task.tgid, line.fd),
                    (None, None) => return,
                }
            }
        };
        match Filter::parse(&text) {
            Ok(filter) => self.narrow_to(RowFilter::Query { filter: Box::new(filter), text }),
            Err(error) => self.say(error.to_string()),
        }
    }

    /// Selects in the trace the call that started the process or opened the descriptor.
    pub(super) fn go_to_line_row(&mut self) {
        let row = match self.focus {
            Pane::Processes => self.tree.list.selected.map(|place| {
                let process = &self.session.processes.all()[place as usize];
                process.made.or(Some(process.row))
            }),
            _ => self.files.selected().map(|line| line.made),
        };
        match row {
            None => self.say("Select a line first, with the arrow keys."),
            Some(None) => self.say("It was open before the first event, so no row opened it."),
            Some(Some(row)) => self.go_to_seq(row),
        }
    }

    /// Selects a row in the trace; one that the filter hides cannot be.
    fn go_to_seq(&mut self, seq: u64) {
        let position = self.trace.position_of(seq);
        if self.trace.seq_at(position) != Some(seq) {
            return self.say(format!("The filter hides row {seq}; Esc in the trace shows every row again."));
        }
        self.trace.go_to(position);
        self.detail_top = 0;
        self.focus_on(Pane::Trace);
    }

    pub(super) fn show_ended(&mut self) {
        if self.focus == Pane::Processes {
            self.tree.living_only = !self.tree.living_only;
        } else {
            self.files.ever = !self.files.ever;
            self.files.anew();
        }
    }

    pub(super) fn scroll_foot(&mut self, id: Id) {
        let most = view::processes::foot_height(self, self.layout.inner(Pane::Processes));
        let top = if id == Id::FootDown { self.tree.foot_top + 1 } else { self.tree.foot_top.saturating_sub(1) };
        self.tree.foot_top = top.min(most);
    }

    pub(super) fn sort_files(&mut self, id: Id, key: Key) {
        let sort = self.files.sort;
        self.files.sort = match (id, key.event().code) {
            (Id::SortNext, _) => sort.step(1),
            (Id::SortPrevious, _) => sort.step(FileSort::ALL.len() - 1),
            (_, KeyCode::Char(c)) => {
                let place = c.to_digit(10).and_then(|digit| (digit as usize).checked_sub(1));
                place.and_then(|place| FileSort::ALL.get(place)).copied().unwrap_or(sort)
            }
            _ => sort,
        };
        self.files.anew();
    }
}
