//! What the user can do: one list that feeds the keymap, the help popup, the key bar and the README.
//! An action is a word; what it does stands in `app::update`, and whether it can be done now in `app::enabled`.

use crossterm::event::KeyCode;

use super::key::Key;

/// Where an action applies. The first of the contexts that are active and has the key wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere but in popups and while typing to the program.
    Global,
    Trace,
    Histogram,
    Call,
    /// The program's terminal, while it has the focus and no program takes the keys.
    Program,
    /// While a tour runs, before the panes.
    Tour,
    /// The lists of catchpoints and of changes.
    Points,
    /// What a profile is judged under.
    Judging,
    /// The processes to attach to.
    Picker,
    /// Where one types a catchpoint, a change or an answer.
    Form,
    /// Every popup.
    Popup,
    /// The dialog that asks what becomes of a running program.
    QuitDialog,
}

impl Context {
    pub const ALL: [Context; 12] = [
        Context::Global,
        Context::Trace,
        Context::Histogram,
        Context::Call,
        Context::Program,
        Context::Tour,
        Context::Points,
        Context::Judging,
        Context::Picker,
        Context::Form,
        Context::Popup,
        Context::QuitDialog,
    ];

    /// What settings call it: `[keys.catch-list]`.
    pub fn name(self) -> String {
        kebab(self.title())
    }

    pub fn title(self) -> &'static str {
        match self {
            Context::Global => "Everywhere",
            Context::Trace => "Trace",
            Context::Histogram => "Histogram",
            Context::Call => "Call",
            Context::Program => "Program",
            Context::Tour => "Tour",
            Context::Points => "Catch list",
            Context::Judging => "Circumstances",
            Context::Picker => "Process list",
            Context::Form => "Forms",
            Context::Popup => "Popups",
            Context::QuitDialog => "Quit dialog",
        }
    }
}

/// What an action is called in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Id {
    Help,
    Filter,
    ClearFilter,
    Seccomp,
    ChooseProfile,
    PolicyContext,
    Enforce,
    Vdso,
    VdsoPage,
    Patterns,
    Export,
    Compare,
    FocusProgram,
    Freeze,
    Hold,
    Step,
    Answer,
    NextHeld,
    CatchPoints,
    CatchCall,
    Tampering,
    Attach,
    Refresh,
    NextPane,
    PreviousPane,
    Zoom,
    Taller,
    Shorter,
    Wider,
    Narrower,
    Tours,
    NextStep,
    StepBack,
    Record,
    Redraw,
    Quit,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    End,
    Left,
    Right,
    Follow,
    OpenCall,
    NextMatch,
    PreviousMatch,
    FirstBlocked,
    SortNext,
    SortPrevious,
    SortColumn,
    Narrow,
    Confirm,
    Add,
    Toggle,
    Delete,
    OtherList,
    NextField,
    PreviousField,
    Save,
    Close,
    Kill,
    HandOver,
    Stay,
}

/// One thing that the user can do.
#[derive(Debug)]
pub struct Action {
    pub id: Id,
    pub context: Context,
    /// The keys that do it; the first is the one that help and bar show.
    pub keys: &'static [Key],
    /// A word for the key bar; empty: not shown there.
    pub label: &'static str,
    /// One sentence.
    pub help: &'static str,
}

const fn action(id: Id, context: Context, keys: &'static [Key], label: &'static str, help: &'static str) -> Action {
    Action { id, context, keys, label, help }
}

const UP: &[Key] = &[Key::code(KeyCode::Up), Key::char('k')];
const DOWN: &[Key] = &[Key::code(KeyCode::Down), Key::char('j')];
const LEFT: &[Key] = &[Key::code(KeyCode::Left), Key::char('h')];
const RIGHT: &[Key] = &[Key::code(KeyCode::Right), Key::char('l')];
const PAGE_UP: &[Key] = &[Key::code(KeyCode::PageUp), Key::ctrl('b')];
const PAGE_DOWN: &[Key] = &[Key::code(KeyCode::PageDown), Key::ctrl('f')];
const HOME: &[Key] = &[Key::code(KeyCode::Home), Key::char('g')];
const END: &[Key] = &[Key::code(KeyCode::End), Key::char('G')];
const ENTER: &[Key] = &[Key::code(KeyCode::Enter)];

static ACTIONS: &[Action] = &[
    action(Id::Help, Context::Global, &[Key::char('?'), Key::code(KeyCode::F(1))], "help", "Show every key."),
    action(Id::Filter, Context::Global, &[Key::char('/')], "filter", "Show only the rows that match a filter."),
    action(Id::ClearFilter, Context::Global, &[Key::code(KeyCode::Esc)], "all rows", "Show every row again."),
    action(
        Id::Seccomp,
        Context::Global,
        &[Key::char('s')],
        "seccomp",
        "Mark the calls that the profile would block, or stop marking them; without a profile, choose one.",
    ),
    action(Id::ChooseProfile, Context::Global, &[Key::char('S')], "", "Choose another seccomp profile."),
    action(
        Id::PolicyContext,
        Context::Global,
        &[Key::char('c')],
        "",
        "Show and change the runtime, the capabilities and the kernel that the profile is judged for.",
    ),
    action(
        Id::Enforce,
        Context::Global,
        &[Key::char('E')],
        "",
        "Make the profile hold, so that blocked calls fail or end the program; or only mark them again.",
    ),
    action(
        Id::Vdso,
        Context::Global,
        &[Key::char('v')],
        "vDSO",
        "Show what the vDSO answers; then switch it off, so that these are calls; then leave it alone again.",
    ),
    action(Id::VdsoPage, Context::Global, &[Key::char('V')], "", "Show what the vDSO of each program offers."),
    action(
        Id::Patterns,
        Context::Global,
        &[Key::char('!')],
        "",
        "Show what is remarkable: searches, polling, errors ignored.",
    ),
    action(
        Id::Export,
        Context::Global,
        &[Key::char('w')],
        "",
        "Write what is shown, or all, to a file: JSON, CSV, Parquet, text, a trace, a report.",
    ),
    action(Id::Compare, Context::Global, &[Key::char('D')], "compare", "Show how the other run differs (--compare)."),
    action(Id::FocusProgram, Context::Global, &[Key::char('t')], "terminal", "Type to the program's own terminal."),
    action(
        Id::Freeze,
        Context::Global,
        &[Key::char(' ')],
        "freeze",
        "Stop the view or let it go on; the program runs on and nothing is lost.",
    ),
    action(
        Id::Hold,
        Context::Global,
        &[Key::char('P')],
        "hold",
        "Hold every task where it is, or let all that are held go on.",
    ),
    action(
        Id::Step,
        Context::Global,
        &[Key::char('.')],
        "step",
        "Let the selected row's task go on to its next entry or exit of a call, and hold it there.",
    ),
    action(
        Id::Answer,
        Context::Global,
        &[Key::char('e')],
        "answer",
        "Decide what becomes of the call at whose entry the task is held.",
    ),
    action(Id::NextHeld, Context::Global, &[Key::char('H')], "", "Go to the row of the next task that is held."),
    action(
        Id::CatchPoints,
        Context::Global,
        &[Key::char('b')],
        "catch",
        "List the catchpoints, which hold a task at a call: add, switch off, delete.",
    ),
    action(
        Id::CatchCall,
        Context::Global,
        &[Key::char('B')],
        "",
        "Catch the selected call from now on; again: no longer.",
    ),
    action(
        Id::Tampering,
        Context::Global,
        &[Key::char('i')],
        "",
        "List the changes of calls: make them fail, return something else, send a signal, wait.",
    ),
    action(Id::Attach, Context::Global, &[Key::char('A')], "", "Choose running processes to trace too."),
    action(Id::NextPane, Context::Global, &[Key::code(KeyCode::Tab)], "pane", "Go to the next pane."),
    action(Id::PreviousPane, Context::Global, &[Key::code(KeyCode::BackTab)], "", "Go to the pane before."),
    action(Id::Zoom, Context::Global, &[Key::char('z')], "zoom", "Give the whole screen to the pane, or back."),
    action(Id::Taller, Context::Global, &[Key::char('+')], "", "Give the trace more lines."),
    action(Id::Shorter, Context::Global, &[Key::char('-')], "", "Give the trace fewer lines."),
    action(Id::Wider, Context::Global, &[Key::char(']')], "", "Give the trace more columns."),
    action(Id::Narrower, Context::Global, &[Key::char('[')], "", "Give the trace fewer columns."),
    action(Id::Tours, Context::Global, &[Key::char('L')], "tours", "List the guided tours: start one, or end it."),
    action(
        Id::Record,
        Context::Global,
        &[Key::char('R')],
        "",
        "Record into a file, with what was seen so far; again: end the recording.",
    ),
    action(Id::Redraw, Context::Global, &[Key::ctrl('l')], "", "Draw the whole screen anew."),
    action(
        Id::Quit,
        Context::Global,
        &[Key::char('q'), Key::ctrl('c')],
        "quit",
        "Leave; while the program runs, ask what becomes of it.",
    ),
    action(Id::Up, Context::Trace, UP, "", "Go one row up."),
    action(Id::Down, Context::Trace, DOWN, "", "Go one row down."),
    action(Id::PageUp, Context::Trace, PAGE_UP, "", "Go one page up."),
    action(Id::PageDown, Context::Trace, PAGE_DOWN, "", "Go one page down."),
    action(Id::Top, Context::Trace, HOME, "", "Go to the first row."),
    action(Id::End, Context::Trace, END, "", "Go to the last row and follow new ones."),
    action(Id::Left, Context::Trace, LEFT, "", "Scroll the calls left."),
    action(Id::Right, Context::Trace, RIGHT, "", "Scroll the calls right."),
    action(Id::Follow, Context::Trace, &[Key::char('F')], "follow", "Follow new rows, or stop following."),
    action(Id::OpenCall, Context::Trace, ENTER, "call", "Look at the selected call."),
    action(Id::NextMatch, Context::Trace, &[Key::char('n')], "", "Go to the next row of the same call."),
    action(Id::PreviousMatch, Context::Trace, &[Key::char('N')], "", "Go to the row of the same call before."),
    action(Id::FirstBlocked, Context::Trace, &[Key::char('x')], "", "Go to the first call that would be blocked."),
    action(Id::Up, Context::Histogram, UP, "", "Go one call up."),
    action(Id::Down, Context::Histogram, DOWN, "", "Go one call down."),
    action(Id::PageUp, Context::Histogram, PAGE_UP, "", "Go one page up."),
    action(Id::PageDown, Context::Histogram, PAGE_DOWN, "", "Go one page down."),
    action(Id::Top, Context::Histogram, HOME, "", "Go to the first call of the table."),
    action(Id::End, Context::Histogram, END, "", "Go to the last call of the table."),
    action(Id::Narrow, Context::Histogram, ENTER, "only this call", "Show only rows of this call in the trace."),
    action(
        Id::SortNext,
        Context::Histogram,
        &[Key::char('o'), Key::char('>'), Key::code(KeyCode::Right)],
        "sort",
        "Sort by the next column.",
    ),
    action(
        Id::SortPrevious,
        Context::Histogram,
        &[Key::char('<'), Key::code(KeyCode::Left)],
        "",
        "Sort by the column before.",
    ),
    action(
        Id::SortColumn,
        Context::Histogram,
        &[
            Key::char('1'),
            Key::char('2'),
            Key::char('3'),
            Key::char('4'),
            Key::char('5'),
            Key::char('6'),
            Key::char('7'),
        ],
        "",
        "Sort by the column of that number: calls, errors, total, mean, max, name, blocked.",
    ),
    action(Id::Up, Context::Call, UP, "", "Scroll up."),
    action(Id::Down, Context::Call, DOWN, "", "Scroll down."),
    action(Id::PageUp, Context::Call, PAGE_UP, "", "Scroll one page up."),
    action(Id::PageDown, Context::Call, PAGE_DOWN, "", "Scroll one page down."),
    action(Id::Top, Context::Call, HOME, "", "Scroll to the top."),
    action(Id::End, Context::Call, END, "", "Scroll to the end."),
    action(Id::Left, Context::Call, LEFT, "", "Look at the row before."),
    action(Id::Right, Context::Call, RIGHT, "", "Look at the row after."),
    action(Id::Close, Context::Call, &[Key::code(KeyCode::Enter)], "trace", "Go back to the trace."),
    action(
        Id::PageUp,
        Context::Program,
        &[Key::shift(KeyCode::PageUp), Key::code(KeyCode::PageUp)],
        "",
        "Scroll back in what the program wrote; with Shift also while typing.",
    ),
    action(
        Id::PageDown,
        Context::Program,
        &[Key::shift(KeyCode::PageDown), Key::code(KeyCode::PageDown)],
        "",
        "Scroll forward in what the program wrote; with Shift also while typing.",
    ),
    action(
        Id::NextStep,
        Context::Tour,
        &[Key::char(']')],
        "next step",
        "While a tour runs: go to the rest of the text, or to the next step.",
    ),
    action(Id::StepBack, Context::Tour, &[Key::char('[')], "", "While a tour runs: go back."),
    action(Id::Add, Context::Points, &[Key::char('a'), Key::code(KeyCode::Insert)], "add", "Add one."),
    action(Id::Confirm, Context::Points, ENTER, "edit", "Edit the selected one; in an empty list, add one."),
    action(Id::Toggle, Context::Points, &[Key::char(' ')], "on/off", "Switch the selected one off or on."),
    action(
        Id::Delete,
        Context::Points,
        &[Key::char('d'), Key::code(KeyCode::Delete)],
        "delete",
        "Delete the selected one.",
    ),
    action(
        Id::OtherList,
        Context::Points,
        &[Key::code(KeyCode::Tab), Key::code(KeyCode::BackTab)],
        "other list",
        "Go from the catchpoints to the changes, or back.",
    ),
    action(
        Id::Toggle,
        Context::Judging,
        &[Key::char(' '), Key::code(KeyCode::Enter)],
        "change",
        "Give or take the selected capability, or go to the next runtime; verdicts change at once.",
    ),
    action(Id::Right, Context::Judging, &[Key::code(KeyCode::Right)], "", "The next runtime."),
    action(Id::Left, Context::Judging, &[Key::code(KeyCode::Left)], "", "The runtime before."),
    action(Id::Confirm, Context::Picker, ENTER, "attach", "Trace what is marked, or else what is selected."),
    action(Id::Toggle, Context::Picker, &[Key::char(' ')], "mark", "Mark a process, or no longer."),
    action(Id::Refresh, Context::Picker, &[Key::ctrl('r')], "look again", "Look at the processes again."),
    action(
        Id::NextField,
        Context::Form,
        &[Key::code(KeyCode::Tab)],
        "next",
        "Take what is highlighted, or go to the next line; where there is one line only, complete it.",
    ),
    action(Id::PreviousField, Context::Form, &[Key::code(KeyCode::BackTab)], "", "Go to the line before."),
    action(
        Id::Save,
        Context::Form,
        &[Key::ctrl('s')],
        "",
        "Save the filter that is typed under a name: @name stands for it in any other.",
    ),
    action(Id::Up, Context::Popup, &[Key::code(KeyCode::Up)], "", "Go one line up."),
    action(Id::Down, Context::Popup, &[Key::code(KeyCode::Down)], "", "Go one line down."),
    action(Id::PageUp, Context::Popup, &[Key::code(KeyCode::PageUp)], "", "Go one page up."),
    action(Id::PageDown, Context::Popup, &[Key::code(KeyCode::PageDown)], "", "Go one page down."),
    action(Id::Confirm, Context::Popup, ENTER, "take it", "Take what is selected or typed."),
    action(
        Id::Close,
        Context::Popup,
        &[Key::code(KeyCode::Esc), Key::char('q'), Key::char('?'), Key::ctrl('c')],
        "close",
        "Close the popup.",
    ),
    action(Id::Kill, Context::QuitDialog, &[Key::char('k')], "kill", "Kill the program and leave."),
    action(
        Id::HandOver,
        Context::QuitDialog,
        &[Key::char('h')],
        "hand over",
        "Stop tracing and let the program go on in this terminal, without the panes.",
    ),
    action(
        Id::Stay,
        Context::QuitDialog,
        &[Key::char('s'), Key::code(KeyCode::Esc), Key::char('q'), Key::ctrl('c')],
        "stay",
        "Do not leave.",
    ),
];

/// Every action, in the order in which help shows them.
pub fn actions() -> &'static [Action] {
    ACTIONS
}

impl Action {
    /// What settings call it: `next-pane`.
    pub fn name(&self) -> String {
        kebab(&format!("{:?}", self.id))
    }

    /// The keys that it has unless the settings give it others, as help prints them.
    pub fn keys_text(&self) -> String {
        super::keymap::keys_text(self.keys)
    }
}

/// `NextPane` as `next-pane`, `Catch list` as `catch-list`.
fn kebab(words: &str) -> String {
    let mut name = String::new();
    for c in words.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
        name.push(if c == ' ' { '-' } else { c.to_ascii_lowercase() });
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        let mut seen = HashSet::new();
        for action in actions() {
            for key in action.keys {
                assert!(seen.insert((action.context, *key)), "{key} twice in {:?}", action.context);
            }
        }
    }

    #[test]
    fn every_action_explains_itself_in_one_sentence() {
        for action in actions() {
            assert!(action.help.ends_with('.') && action.help.len() < 100, "{:?}: {}", action.id, action.help);
            assert!(!action.keys.is_empty());
        }
    }

    #[test]
    fn the_pane_is_asked_before_everywhere() {
        let map = crate::tui::keymap::Keymap::default();
        let lookup = |contexts: &[Context], key| map.lookup(contexts, key).map(|a| a.id);
        let enter = Key::code(KeyCode::Enter);
        assert_eq!(lookup(&[Context::Histogram, Context::Global], enter), Some(Id::Narrow));
        assert_eq!(lookup(&[Context::Trace, Context::Global], Key::char('q')), Some(Id::Quit));
        assert_eq!(lookup(&[Context::Popup], Key::char('s')), None);
        assert_eq!((kebab("NextPane"), kebab("Catch list")), ("next-pane".into(), "catch-list".into()));
    }
}
