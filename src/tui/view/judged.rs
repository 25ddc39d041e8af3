//! How the circumstances look under which the profile is judged: what it is, the runtime, the capabilities, its mistakes.

use ratatui::text::Line;

use super::popup::{Content, text};
use crate::policy::capabilities;
use crate::tui::actions::Id;
use crate::tui::app::App;
use crate::tui::format::{count, cut, fit};
use crate::tui::theme::Role;

/// What is passed over in silence can be as long as the profile; the list of capabilities is what the popup is for.
const MOST_WARNINGS: usize = 3;

pub(super) fn content(app: &App, selected: usize, width: usize) -> Content {
    let title = "Seccomp profile".to_owned();
    let Some(overlay) = app.overlays.active() else {
        return Content {
            title,
            lines: text(&format!("No profile is loaded; {} chooses one.", app.options.keymap.word(Id::Seccomp)), width),
            scroll: 0,
            cursor: None,
        };
    };
    let (context, profile) = (&overlay.context, &overlay.profile);
    let blocked = count(overlay.blocked.total());
    let mut head = text(
        &format!(
            "Profile {}, {} rules. Calls without a rule: {}.",
            profile.name(),
            profile.rules().len(),
            profile.default_action()
        ),
        width,
    );
    head.extend(text(&format!("It would block {blocked} of the calls so far."), width));
    let (version, revision) = context.kernel;
    head.extend(text(
        &format!(
            "Judged for kernel {version}.{revision}, {}, with {} of {} capabilities in the bounding set.",
            context.arch.name(),
            context.capabilities.len(),
            capabilities().len()
        ),
        width,
    ));
    let warnings = overlay.judge.profile().warnings();
    for warning in warnings.iter().take(MOST_WARNINGS) {
        head.push(Line::from(cut(&format!("Passed over: line {warning}"), width)));
    }
    if warnings.len() > MOST_WARNINGS {
        let more = count((warnings.len() - MOST_WARNINGS) as u64);
        head.push(Line::from(cut(&format!("And {more} more: sysview profile check {}", profile.name()), width)));
    }
    head.push(Line::default());
    let runtime = context.runtime_for(profile.form());
    let mut lines = Vec::new();
    let mut entry = |text: String, on: bool| {
        let here = lines.len() == selected;
        let role = match (here, on) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Dim,
        };
        let arrow = if here { ">" } else { " " };
        lines.push(Line::styled(fit(&cut(&format!("{arrow} {text}"), width), width), app.theme.style(role)));
    };
    entry(format!("under < {} >: {}", runtime.name(), runtime.about()), true);
    for capability in capabilities() {
        let has = context.has(capability);
        entry(format!("{} {capability}", if has { "[x]" } else { "[ ]" }), has);
    }
    let mut foot = vec![Line::default()];
    foot.push(Line::styled(
        cut("Space changes it, Left and Right the runtime, Esc closes", width),
        app.theme.style(Role::Dim),
    ));
    // The selected line stays in view; what is below it is more of the list.
    let room = usize::from(app.rows).saturating_sub(2 + head.len() + foot.len()).max(1);
    let first = (selected + 1).saturating_sub(room);
    head.extend(lines.into_iter().skip(first).take(room));
    head.extend(foot);
    Content { title, lines: head, scroll: 0, cursor: None }
}
