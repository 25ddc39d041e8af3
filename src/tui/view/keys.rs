//! Help: every key of every action, the marks of the trace, what times are. It is made from the list of actions.

use ratatui::text::{Line, Span};

use super::popup::{Content, tail, text};
use crate::tui::actions::{self, Action, Context};
use crate::tui::app::App;
use crate::tui::format::{self, fit, wrap};
use crate::tui::state::layer::Help;
use crate::tui::theme::Role;

/// Columns that help gives to the keys.
const KEYS: usize = 16;

pub(super) fn content(app: &App, help: &Help, width: usize) -> Content {
    let word = help.word.text.to_lowercase();
    let mut lines = Vec::new();
    let mut cursor = None;
    if help.typing || !word.is_empty() {
        let typed = tail(&help.word.text, width.saturating_sub(2));
        cursor = help.typing.then(|| (0, 1 + format::width(typed) as u16));
        lines.push(Line::from(vec![Span::styled("/", app.theme.style(Role::Key)), Span::raw(typed.to_owned())]));
        lines.push(Line::default());
    }
    let heading = lines.len();
    lines.extend(match word.is_empty() {
        true => everything(app, width),
        false => actions_with(app, width, &word),
    });
    if lines.len() == heading {
        lines.extend(text(&format!("No action has \"{word}\" in its name, keys or words."), width));
    }
    let title = if help.typing { "Keys" } else { "Keys (/ looks for a word)" };
    Content { title: title.into(), lines, scroll: help.scroll, cursor }
}

/// The actions with a word in their name, their keys or what is said of them; with an empty word all of them.
fn actions_with(app: &App, width: usize, word: &str) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let fits = |action: &Action| {
        let name = action.name().replace('-', " ");
        let keys = app.options.keymap.text(action).to_lowercase();
        name.contains(word) || action.help.to_lowercase().contains(word) || keys.split(' ').any(|key| key == word)
    };
    for context in Context::ALL {
        let mut fitting = actions::actions().iter().filter(|a| a.context == context && fits(a)).peekable();
        if fitting.peek().is_none() {
            continue;
        }
        lines.push(Line::styled(context.title(), app.theme.style(Role::Title)));
        for action in fitting {
            let mut keys = fit(&app.options.keymap.text(action), KEYS);
            for part in wrap(action.help, width.saturating_sub(KEYS + 2).max(8)) {
                lines.push(Line::from(vec![
                    Span::raw(" "),
                    Span::styled(std::mem::replace(&mut keys, " ".repeat(KEYS)), app.theme.style(Role::Key)),
                    Span::raw(" "),
                    Span::raw(part),
                ]));
            }
        }
        lines.push(Line::default());
    }
    lines
}

fn everything(app: &App, width: usize) -> Vec<Line<'static>> {
    let mut lines = actions_with(app, width, "");
    let escape = app.options.keymap.escape;
    let typing = format!("While you type to the program, every key is the program's; {escape} leaves, twice sends it.");
    lines.extend(text(&typing, width));
    lines.push(Line::default());
    lines.push(Line::styled("Marks in the trace", app.theme.style(Role::Title)));
    for (mark, meaning) in MARKS {
        lines.push(Line::from(vec![
            Span::raw(" "),
            Span::styled(fit(mark, KEYS), app.theme.style(Role::Key)),
            Span::raw(format!(" {meaning}")),
        ]));
    }
    lines.push(Line::default());
    lines.push(Line::styled("Times", app.theme.style(Role::Title)));
    lines.extend(text(TIMES, width));
    lines
}

/// What the times of calls are, for whoever compares them with a run of its own.
const TIMES: &str = "The time of a call is what passed from its beginning to its end as the tracer saw them. The \
    tracer's own work is in it, and while many tasks make calls, so is waiting for the tracer's turn: compare calls \
    with one another rather than with a run that nobody watches. Where the tracer's own part was measured, a time that is \
    mostly the tracer's is shown as a limit (\u{2264}18 us), and its part of the histogram's picture ends at \u{250a}. A call that \
    you held at its entry, or that was made to wait, has no time.";

const MARKS: [(&str, &str); 21] = [
    ("x", "the profile would block this call"),
    ("X", "after this blocked call the process would go another way"),
    (":", "so this call is a guess: under the profile it would have been another one, or none"),
    ("K k E T", "under a profile: the process is killed, the thread is, an errno, a trap"),
    ("N t L ·", "under a profile: a supervisor is asked, a tracer is, it is logged, it runs"),
    ("!", "the call failed"),
    ("i", "sysview changed the call or its result, as it was told to"),
    ("d", "sysview made the call wait, as it was told to"),
    ("f", "a seccomp filter that the program installed answered; the call never ran"),
    ("o", "only seen because the vDSO is off, which would have answered without a call"),
    ("V", "no call: the vDSO answered it, and that was logged"),
    ("v", "vDSO fell back: it made the call itself, because it could not answer"),
    ("~", "the call is going on"),
    (">", "the task is held here, about to make this call"),
    ("<", "the task is held here, and has not seen the result"),
    ("=", "the task is held here, between calls"),
    ("-", "a signal"),
    ("*", "a new program (exec)"),
    ("+", "a new task"),
    ("#", "the end of a task"),
    ("?", "tracing makes a difference to the program here"),
];
