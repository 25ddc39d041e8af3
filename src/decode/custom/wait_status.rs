//! The status that wait(2) stores, taken apart with the macros that take it apart in C.

use super::super::num::signal_name_or_number;
use super::names::PTRACE_EVENT;
use crate::abi::{Arch, Dir};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side};

/// `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`; only a wait that returned a child has stored anything.
pub fn decode(ctx: &Ctx<'_>, index: usize, _dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match ctx.returned() {
        Some(1..) => match ctx.int(Side::Exit, addr) {
            Some(status) => {
                let raw = status as u32;
                Value::pointee(Value::WaitStatus { raw, text: status_text(ctx.arch(), raw).into() })
            }
            None => Value::address(addr),
        },
        _ => Value::address(addr),
    }
}

/// What a status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Exited {
        status: u32,
    },
    Signaled {
        signal: u32,
        core: bool,
    },
    /// `syscall`: at a call, as PTRACE_O_TRACESYSGOOD marks it.
    Stopped {
        signal: u32,
        syscall: bool,
    },
    Continued,
    /// No macro of C fits.
    Unknown,
}

pub fn kind(status: u32) -> Kind {
    let (exit, signal) = (status >> 8 & 0xff, status & 0x7f);
    match status & 0xff {
        _ if status & 0xffff == 0xffff => Kind::Continued,
        0xff => Kind::Unknown,
        0x7f => Kind::Stopped { signal: exit & 0x7f, syscall: exit & 0x80 != 0 },
        0 => Kind::Exited { status: exit },
        _ => Kind::Signaled { signal, core: status & 0x80 != 0 },
    }
}

/// The event of ptrace(2) that stands above the 16 bits of the status; 0 if there is none.
pub fn event(status: u32) -> u32 {
    status >> 16
}

/// sys/wait.h; behind the macros what they do not tell.
fn status_text(arch: Arch, status: u32) -> String {
    let exit = status >> 8 & 0xff;
    let signal = status & 0x7f;
    let (text, told) = match status & 0xff {
        _ if status == 0xffff => ("WIFCONTINUED(s)".to_string(), 0xffff),
        0x7f => (format!("WIFSTOPPED(s) && WSTOPSIG(s) == {}", stop_signal(exit)), 0xffff),
        0 => (format!("WIFEXITED(s) && WEXITSTATUS(s) == {exit}"), 0xff00),
        0xff => return format!("{status:#x}"),
        _ => {
            let core = if status & 0x80 != 0 { " && WCOREDUMP(s)" } else { "" };
            (format!("WIFSIGNALED(s) && WTERMSIG(s) == {}{core}", signal_name_or_number(signal as i32)), 0xff)
        }
    };
    // A ptrace event stands above the 16 bits of the status, ptrace(2).
    let event = match status >> 16 {
        0 => String::new(),
        event => format!("|{}<<16", PTRACE_EVENT.name(arch, event.into(), 32).text()),
    };
    let rest = match status & 0xffff & !told {
        0 => String::new(),
        rest => format!("|{rest:#x}"),
    };
    format!("{{{text}}}{event}{rest}")
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
        let text = |status| status_text(Arch::X86_64, status);
        assert_eq!(text(0x300), "{WIFEXITED(s) && WEXITSTATUS(s) == 3}");
        assert_eq!(text(9), "{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}");
        assert_eq!(text(0x8b), "{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}");
        assert_eq!(text(0x640b), "{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV}|0x6400");
        assert_eq!(text(0x137f), "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}");
        assert_eq!(text(0x857f), "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80}");
        assert_eq!(text(0x6057f), "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|PTRACE_EVENT_EXIT<<16");
        assert_eq!(text(0x12_057f), "{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|0x12 /* PTRACE_EVENT_??? */<<16");
        assert_eq!(text(0xffff), "{WIFCONTINUED(s)}");
        assert_eq!(text(0x1_ffff), "0x1ffff");
    }
}
