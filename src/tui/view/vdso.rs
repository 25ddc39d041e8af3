//! The vDSO's page: what it offers, and what each mode has seen of it.

use ratatui::text::{Line, Span};

use super::header;
use super::popup::text;
use crate::abi::{self, Arch};
use crate::model::{VdsoImage, VdsoState};
use crate::source::VdsoMode;
use crate::tui::app::App;
use crate::tui::format::{self, count, cut};
use crate::tui::state::modes::Seen;
use crate::tui::theme::Role;
use crate::vdso::{LOG_STAYS, RSEQ, VSYSCALL, call_of};

pub(super) fn lines(app: &App, width: usize) -> Vec<Line<'static>> {
    let mut lines = text(
        "The vDSO is a small library that the kernel puts into every program. What it answers needs no system call, so no \
         tracer sees it.",
        width,
    );
    lines.push(Line::default());
    let (sentence, image) = match header::vdso(app) {
        Some(VdsoState::Present(image)) => (now(app.session.vdso), Some(image)),
        Some(VdsoState::Removed(image)) => {
            ("It is hidden from this program, so these are made as system calls and stand in the trace:", Some(image))
        }
        Some(VdsoState::None) => ("The kernel gave this program none.", None),
        _ => ("What this program has is not known.", None),
    };
    lines.extend(text(sentence, width));
    if let Some(image) = image {
        lines.extend(table(app, image, width));
        lines.extend(text(&format!("At {:#x}, {} bytes.", image.base, image.size), width));
    }
    lines.push(Line::default());
    lines.extend(contrast(app, width));
    lines.extend(policy(app).into_iter().flat_map(|sentence| text(&sentence, width)));
    if app.session.modes.were.contains(&VdsoMode::Shown) {
        lines.extend(text(LOG_STAYS, width));
    }
    lines.push(Line::default());
    lines.extend(text(RSEQ, width));
    lines.extend(text(VSYSCALL, width));
    lines
}

/// What the loaded profile does to what the vDSO answers.
fn policy(app: &App) -> Option<String> {
    let overlay = app.overlays.active()?;
    let Some(VdsoState::Present(image)) = header::vdso(app) else { return None };
    let is_blocked = |call: &&str| {
        abi::number(Arch::X86_64, call)
            .is_some_and(|nr| overlay.judge.verdict(Arch::X86_64, nr, &[0; 6]).action.blocks())
    };
    let blocked: Vec<&str> =
        image.symbols.iter().filter_map(|symbol| call_of(&symbol.name)).filter(is_blocked).collect();
    if blocked.is_empty() {
        return None;
    }
    let (name, calls) = (format::escape(overlay.profile.name().as_bytes()), blocked.join(", "));
    Some(match app.session.vdso {
        VdsoMode::Off | VdsoMode::Absent => {
            format!("The profile {name} blocks {calls}, which it can do only because these are calls now.")
        }
        _ => format!("A profile that blocks {calls}, as {name}, does nothing to this program, until the vDSO is off."),
    })
}

fn now(mode: VdsoMode) -> &'static str {
    match mode {
        VdsoMode::Natural | VdsoMode::Absent => "The program can call these unseen; v shows what they answer:",
        VdsoMode::Shown => "It is shown: what these answer is logged, until v makes calls of them:",
        VdsoMode::Off => {
            "It is switched off: these call the kernel and stand in the trace, until v switches it on again:"
        }
    }
}

/// One line a function: its call, and what was seen of that in each mode that there was.
fn table(app: &App, image: &VdsoImage, width: usize) -> Vec<Line<'static>> {
    let modes = &app.session.modes;
    let mut head = format!("  {:<24} {:>8} {:>6}", "symbol", "offset", "number");
    for mode in &modes.were {
        head.push_str(&format!(" {:>12}", mode.name()));
    }
    let mut lines = vec![Line::styled(cut(&head, width), app.theme.style(Role::Column))];
    for symbol in &image.symbols {
        let name = format::escape(symbol.name.as_bytes());
        let call = call_of(&symbol.name);
        let nr = call.and_then(|call| abi::number(Arch::X86_64, call)).map_or("-".to_owned(), |nr| nr.to_string());
        let mut line = format!("  {name:<24} {:>#8x} {nr:>6}", symbol.offset);
        for &mode in modes.were.iter().filter(|_| call.is_some()) {
            line.push_str(&format!(" {:>12}", cell(mode, modes.get(call.unwrap_or_default(), mode))));
        }
        lines.push(Line::from(Span::raw(cut(&line, width))));
    }
    lines
}

fn cell(mode: VdsoMode, seen: Seen) -> String {
    match mode {
        VdsoMode::Shown => count(seen.answers),
        _ => count(seen.calls),
    }
}

/// The same program, seen so and so.
fn contrast(app: &App, width: usize) -> Vec<Line<'static>> {
    let modes = &app.session.modes;
    let said = modes.were.iter().map(|&mode| {
        let seen = modes.total(mode);
        match mode {
            VdsoMode::Shown => format!("shown: {} answers", count(seen.answers)),
            mode if seen.fell_back > 0 && mode != VdsoMode::Off => {
                format!(
                    "{}: {} calls seen, {} of them the vDSO's own",
                    mode.name(),
                    count(seen.calls),
                    count(seen.fell_back)
                )
            }
            mode => format!("{}: {} calls seen", mode.name(), count(seen.calls)),
        }
    });
    let mut sentence = said.collect::<Vec<_>>().join("; ");
    sentence.push('.');
    if modes.error_ns > 0 {
        sentence
            .push_str(&format!(" Answers are in order within a task; against other tasks to {} ns.", modes.error_ns));
    }
    text(&sentence, width)
}
