//! How a call is made, step by step: from the program's code over registers and one instruction into the kernel, and back.
//! Left out: who called the library (`stack`).

use super::call::vdso_symbol;
use super::page::Page;
use crate::abi::Arch;
use crate::decode;
use crate::model::{CallView, Marks, Outcome, TaskId};
use crate::tui::format;
use crate::tui::theme::Role;

pub fn write(page: &mut Page<'_>, seq: u64, task: TaskId, view: &CallView<'_>) {
    let name = decode::call_name(view.arch, view.nr);
    if view.marks.has(Marks::VDSO) {
        return answered(page, seq, task, view);
    }
    head(page, "1 the program's code");
    page.text(super::stack::caller(page.app, seq, task, view).as_str(), Role::Text);
    head(page, "2 the code that makes the call");
    let place = match page.app.session.locate(seq, task, view.ip) {
        _ if view.ip == 0 && view.is_from_text() => "an address that is not told".to_owned(),
        Some(location) => format!("{location}, of {}", location.image),
        None => format!("{:#x}, of nothing that is known to be mapped", view.ip),
    };
    page.text(&place, Role::Text);
    head(page, "3 registers, as the kernel wants them");
    let [number, result, ip, sp] = view.arch.special_registers();
    page.value(number, &format!("{}: {name}", view.nr), Role::Text, &format!("{:#x}", view.nr));
    let detail = decode::detail(view, &decode::Options::default());
    for line in detail.iter().filter(|line| line.depth == 0) {
        if let (Some(register), Some(raw)) =
            (line.register.filter(|&r| r != result || line.label != "result"), line.raw)
        {
            page.value(
                register,
                &format!("{}: {}", line.label, format::cut(&line.text, 200)),
                Role::Text,
                &format!("{raw:#x}"),
            );
        }
    }
    head(page, "4 the instruction");
    let (bytes, length) = match view.arch {
        Arch::I386 => ("cd 80", 2),
        Arch::X86_64 | Arch::X32 => ("0f 05", 2),
        _ => ("01 00 00 d4", 4),
    };
    let at = view.ip.wrapping_sub(length);
    page.value("code", &format!("{bytes}   {}   at {at:#x}", view.arch.instruction()), Role::Text, "");
    let after = match view.arch {
        Arch::X86_64 | Arch::X32 => {
            "It puts the address of the next instruction into rcx and the flags into r11, and the processor goes on in the kernel."
        }
        _ => "The processor goes on in the kernel.",
    };
    page.text(after, Role::Dim);
    page.entry(ip, &format!("{:#x}, where it comes back to", view.ip), Role::Text);
    page.entry(sp, &format!("{:#x}, the program's stack", view.sp), Role::Text);
    head(page, "5 the kernel");
    page.text(
        &format!("It takes entry {} of its table of calls ({} ABI): {name}.", view.nr & 0x3fff_ffff, view.arch.name()),
        Role::Text,
    );
    head(page, "6 the result");
    back(page, view, result);
}

/// How the vDSO answers: no instruction enters the kernel, so there are fewer steps.
fn answered(page: &mut Page<'_>, seq: u64, task: TaskId, view: &CallView<'_>) {
    let name = decode::call_name(view.arch, view.nr);
    page.text(
        "No system call: code that the kernel gave the program answered, without entering the kernel.",
        Role::Text,
    );
    head(page, "1 the program's code");
    let place = match page.app.session.locate(seq, task, view.ip) {
        Some(location) => format!("{location}, of {}", location.image),
        None => format!("{:#x}, of nothing that is known to be mapped", view.ip),
    };
    page.text(&format!("It calls a function, as it calls any other, and goes on at {place}."), Role::Text);
    head(page, "2 the function");
    page.text(
        &format!("{} of the vDSO, a library that the kernel maps into every program. vdso(7)", vdso_symbol(&name)),
        Role::Text,
    );
    let [_, result, ..] = view.arch.special_registers();
    for line in decode::detail(view, &decode::Options::default()).iter().filter(|line| line.depth == 0) {
        if let (Some(register), Some(raw)) = (line.register.filter(|_| line.label != "result"), line.raw) {
            let text = format!("{}: {}", line.label, format::cut(&line.text, 200));
            page.value(register, &text, Role::Text, &format!("{raw:#x}"));
        }
    }
    head(page, "3 the answer");
    let how = match &*name {
        "getcpu" => "It reads a register of the processor, in which the kernel keeps the number of the CPU.",
        "getrandom" => "It makes the bytes itself, from a key that the kernel renews.",
        _ => "It reads memory that the kernel keeps up to date and, for exact clocks, the processor's counter of time.",
    };
    page.text(how, Role::Text);
    if let Some(text) = decode::result_text(view, &decode::Options::default()) {
        page.value(result, &text, Role::Text, "");
    }
    page.text(
        "Only sysview's logger, to which it is led, sees it; switched off, the same question is a call.",
        Role::Dim,
    );
}

fn head(page: &mut Page<'_>, text: &str) {
    page.text(text, Role::Column);
}

/// What stands in the result register, and what the C library makes of it.
fn back(page: &mut Page<'_>, view: &CallView<'_>, register: &str) {
    match view.outcome {
        None => page.entry(register, "nothing yet: the call goes on", Role::Unfinished),
        Some(Outcome::Failed(errno)) => {
            let name = decode::errno_name(errno).map_or_else(|| errno.to_string(), |(name, _)| name.to_owned());
            page.value(register, &format!("-{errno}"), Role::Error, &format!("{:#x}", -i64::from(errno)));
            if (512..=516).contains(&errno) {
                page.text(
                    "A code of the kernel's own: the call is made again or broken off, and the program never sees it.",
                    Role::Text,
                );
            } else {
                let words =
                    format!("-1 to -4095 are errors: the C library puts {errno} ({name}) into errno and returns -1.");
                page.text(&words, Role::Text);
            }
        }
        Some(Outcome::Returned(value)) => {
            let text = decode::result_text(view, &decode::Options::default()).unwrap_or_else(|| value.to_string());
            page.value(register, &text, Role::Text, &format!("{value:#x}"));
            page.text("The C library returns it as it is.", Role::Dim);
        }
        Some(Outcome::NeverReturned) => page.entry(register, "none: the call does not come back", Role::Text),
        Some(Outcome::KilledBySeccomp) => page.entry(register, "none: a filter ended the program", Role::Error),
        Some(Outcome::Detached) => page.entry(register, "not seen: the task was let go", Role::Text),
    }
}
