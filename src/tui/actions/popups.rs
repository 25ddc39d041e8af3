//! What can be done in popups.

use crossterm::event::KeyCode;

use super::{Action, Context, ENTER, Id, action};
use crate::tui::key::Key;

pub(super) const LIST: &[Action] = &[
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
    action(Id::Find, Context::Keys, &[Key::char('/')], "find", "Look for a word in the list of keys."),
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
