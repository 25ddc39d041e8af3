//! The status that wait(2) stores, taken apart with the macros that take it apart in C.

use super::super::num::signal_name_or_number;
use crate::abi::Dir;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side};

/// `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`; only a wait that returned a child has stored anything.
pub fn decode(ctx: &Ctx<'_>, index: usize, _dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match ctx.returned() {
        Some(1..) => match ctx.int(Side::Exit, addr) {
            Some(status) => Value::pointee(Value::Text(format!("{{{}}}", status_text(status as u32)).into())),
            None => Value::address(addr),
        },
        _ => Value::address(addr),
    }
}

/// sys/wait.h.
fn status_text(status: u32) -> String {
    let exit = status >> 8 & 0xff;
    let signal = status & 0x7f;
    let text = match (status & 0xffff, status & 0xff) {
        (0xffff, _) => "WIFCONTINUED(s)".to_string(),
        (_, 0x7f) => format!("WIFSTOPPED(s) && WSTOPSIG(s) == {}", stop_signal(exit)),
        (_, 0) => format!("WIFEXITED(s) && WEXITSTATUS(s) == {exit}"),
        _ => {
            let core = if status & 0x80 != 0 { " && WCOREDUMP(s)" } else { "" };
            format!("WIFSIGNALED(s) && WTERMSIG(s) == {}{core}", signal_name_or_number(signal as i32))
        }
    };
    // A ptrace event stands above the 16 bits of the status, ptrace(2).
    match status >> 16 {
        0 => text,
        event => format!("{text} | {event:#x}<<16"),
    }
}

/// PTRACE_O_TRACESYSGOOD marks system-call stops with bit 7.
fn stop_signal(signal: u32) -> String {
    let name = signal_name_or_number((signal & 0x7f) as i32);
    if signal & 0x80 != 0 { format!("{name} | 0x80") } else { name.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_status_has_its_macros() {
        assert_eq!(status_text(0x300), "WIFEXITED(s) && WEXITSTATUS(s) == 3");
        assert_eq!(status_text(9), "WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL");
        assert_eq!(status_text(0x8b), "WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)");
        assert_eq!(status_text(0x137f), "WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP");
        assert_eq!(status_text(0x857f), "WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80");
        assert_eq!(status_text(0xffff), "WIFCONTINUED(s)");
    }
}
