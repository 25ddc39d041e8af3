//! Signals: names, sets, and the description of one that is delivered, sigaction(2).

use std::borrow::Cow;
use std::fmt::Write;

use super::print::{hex, signed, unsigned};
use super::value::Value;
use crate::abi::{self, Arch};
use crate::model::{Signal, SignalDetail};

/// Signals of a set.
const SIGNALS: u32 = 64;

/// `SIGINT`, `SIGRT_3`; `SIG_99` for what is none.
pub fn signal_name(number: u8) -> Cow<'static, str> {
    match abi::signal_name(u64::from(number)) {
        Some(name) => name.into(),
        None => format!("SIG_{number}").into(),
    }
}

/// The members of a set, `[INT CHLD]`; a set that lacks few is shown by what it lacks, `~[RTMIN RT_1]`.
pub fn set(mask: u64) -> Value {
    let inverted = mask.count_ones() >= SIGNALS * 2 / 3;
    let shown = if inverted { !mask } else { mask };
    let items = (0..SIGNALS).filter(|bit| shown >> bit & 1 == 1).map(|bit| short_name(bit as u8 + 1)).collect();
    Value::Set { items, inverted }
}

fn short_name(number: u8) -> Cow<'static, str> {
    match signal_name(number) {
        Cow::Borrowed(name) => name.strip_prefix("SIG").unwrap_or(name).into(),
        Cow::Owned(name) => name.into(),
    }
}

/// `--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, …} ---`.
pub fn signal_line(signal: &Signal) -> String {
    let mut out = String::with_capacity(128);
    out.push_str("--- ");
    out.push_str(&signal_name(signal.number));
    out.push_str(" {si_signo=");
    out.push_str(&signal_name(signal.number));
    out.push_str(", si_code=");
    code(&mut out, signal.number, signal.code);
    if signal.errno != 0 {
        out.push_str(", si_errno=");
        match u16::try_from(signal.errno).ok().and_then(abi::errno) {
            Some((name, _)) => out.push_str(name),
            None => signed(&mut out, i64::from(signal.errno)),
        }
    }
    detail(&mut out, signal);
    out.push_str("} ---");
    out
}

fn detail(out: &mut String, signal: &Signal) {
    // Writing to a String cannot fail.
    match signal.detail {
        SignalDetail::None => {}
        SignalDetail::Sender { pid, uid, value } => {
            let _ = write!(out, ", si_pid={pid}, si_uid={uid}");
            if let Some(value) = value {
                sigval(out, value);
            }
        }
        SignalDetail::Child { pid, uid, status, utime, stime } => {
            let _ = write!(out, ", si_pid={pid}, si_uid={uid}, si_status=");
            child_status(out, signal.code, status);
            out.push_str(", si_utime=");
            ticks(utime as u64).write(out);
            out.push_str(", si_stime=");
            ticks(stime as u64).write(out);
        }
        SignalDetail::Fault { addr } => {
            out.push_str(", si_addr=");
            Value::address(addr).write(out);
        }
        SignalDetail::Timer { id, overrun, value } => {
            let _ = write!(out, ", si_timerid={id:#x}, si_overrun={overrun}");
            sigval(out, value);
        }
        SignalDetail::Poll { band, fd } => {
            let _ = write!(out, ", si_band={band}, si_fd={fd}");
        }
        SignalDetail::Syscall { addr, nr, audit_arch } => {
            out.push_str(", si_call_addr=");
            Value::address(addr).write(out);
            out.push_str(", si_syscall=");
            let nr = nr as u32 as u64;
            match Arch::from_audit(audit_arch, nr).and_then(|arch| abi::lookup(arch, nr)) {
                Some(call) => {
                    out.push_str("__NR_");
                    out.push_str(call.name);
                }
                None => unsigned(out, nr),
            }
            out.push_str(", si_arch=");
            match audit_name(audit_arch) {
                Some(name) => out.push_str(name),
                None => {
                    hex(out, u64::from(audit_arch));
                    out.push_str(" /* AUDIT_ARCH_??? */");
                }
            }
        }
    }
}

/// `CLD_EXITED` comes with an exit status, the other codes of a child with a signal.
pub fn child_status(out: &mut String, code: i32, status: i32) {
    match u8::try_from(status) {
        Ok(signal @ 1..=64) if code != 1 => out.push_str(&signal_name(signal)),
        _ => signed(out, i64::from(status)),
    }
}

/// Clock ticks, times(2): a hundred make a second on every ABI known here. `1 /* 0.01 s */`.
pub fn ticks(count: u64) -> Value {
    match count {
        0 => Value::Unsigned(0),
        _ => Value::Unsigned(count).commented(format!("{}.{:02} s", count / 100, count % 100)),
    }
}

/// A value that sigqueue(3) or a timer carries: the same bytes as a number and as a pointer.
pub fn sigval(out: &mut String, value: u64) {
    out.push_str(", si_int=");
    signed(out, i64::from(value as i32));
    out.push_str(", si_ptr=");
    Value::address(value).write(out);
}

fn audit_name(audit_arch: u32) -> Option<&'static str> {
    match audit_arch {
        0xc000_003e => Some("AUDIT_ARCH_X86_64"),
        0x4000_0003 => Some("AUDIT_ARCH_I386"),
        0xc000_00b7 => Some("AUDIT_ARCH_AARCH64"),
        _ => None,
    }
}

/// `si_code`: the codes at or below 0 and `SI_KERNEL` hold for every signal, the others by signal.
pub fn code(out: &mut String, signal: u8, code: i32) {
    const SIGILL: &[&str] = &[
        "ILL_ILLOPC",
        "ILL_ILLOPN",
        "ILL_ILLADR",
        "ILL_ILLTRP",
        "ILL_PRVOPC",
        "ILL_PRVREG",
        "ILL_COPROC",
        "ILL_BADSTK",
    ];
    const SIGTRAP: &[&str] = &["TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT", "TRAP_UNK", "TRAP_PERF"];
    const SIGBUS: &[&str] = &["BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"];
    const SIGFPE: &[&str] = &[
        "FPE_INTDIV",
        "FPE_INTOVF",
        "FPE_FLTDIV",
        "FPE_FLTOVF",
        "FPE_FLTUND",
        "FPE_FLTRES",
        "FPE_FLTINV",
        "FPE_FLTSUB",
    ];
    const SIGSEGV: &[&str] = &[
        "SEGV_MAPERR",
        "SEGV_ACCERR",
        "SEGV_BNDERR",
        "SEGV_PKUERR",
        "SEGV_ACCADI",
        "SEGV_ADIDERR",
        "SEGV_ADIPERR",
        "SEGV_MTEAERR",
        "SEGV_MTESERR",
    ];
    const SIGCHLD: &[&str] = &["CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED", "CLD_CONTINUED"];
    const SIGPOLL: &[&str] = &["POLL_IN", "POLL_OUT", "POLL_MSG", "POLL_ERR", "POLL_PRI", "POLL_HUP"];
    const SIGSYS: &[&str] = &["SYS_SECCOMP", "SYS_USER_DISPATCH"];
    let general = match code {
        0 => Some("SI_USER"),
        0x80 => Some("SI_KERNEL"),
        -1 => Some("SI_QUEUE"),
        -2 => Some("SI_TIMER"),
        -3 => Some("SI_MESGQ"),
        -4 => Some("SI_ASYNCIO"),
        -5 => Some("SI_SIGIO"),
        -6 => Some("SI_TKILL"),
        -7 => Some("SI_DETHREAD"),
        -60 => Some("SI_ASYNCNL"),
        _ => None,
    };
    let own = match signal {
        4 => SIGILL,
        5 => SIGTRAP,
        7 => SIGBUS,
        8 => SIGFPE,
        11 => SIGSEGV,
        17 => SIGCHLD,
        29 => SIGPOLL,
        31 => SIGSYS,
        _ => &[],
    };
    let by_signal = || own.get(usize::try_from(code).ok()?.checked_sub(1)?).copied();
    match general.or_else(by_signal) {
        Some(name) => out.push_str(name),
        None => {
            hex(out, code as u32 as u64);
            out.push_str(" /* SI_??? */");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u8, code: i32, detail: SignalDetail) -> String {
        signal_line(&Signal { number, code, errno: 0, detail })
    }

    #[test]
    fn signals_are_described_by_what_their_code_means() {
        let child = SignalDetail::Child { pid: 10, uid: 0, status: 3, utime: 0, stime: 1 };
        assert_eq!(
            line(17, 1, child),
            "--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=10, si_uid=0, si_status=3, si_utime=0, si_stime=1 /* 0.01 s */} ---"
        );
        let killed = SignalDetail::Child { pid: 10, uid: 0, status: 9, utime: 0, stime: 0 };
        assert!(line(17, 2, killed).contains("si_code=CLD_KILLED, si_pid=10, si_uid=0, si_status=SIGKILL,"));
        assert_eq!(
            line(11, 1, SignalDetail::Fault { addr: 0x10 }),
            "--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---"
        );
        assert_eq!(line(14, 0x80, SignalDetail::None), "--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---");
        let queued = SignalDetail::Sender { pid: 1, uid: 2, value: Some(42) };
        assert_eq!(
            line(23, -1, queued),
            "--- SIGURG {si_signo=SIGURG, si_code=SI_QUEUE, si_pid=1, si_uid=2, si_int=42, si_ptr=0x2a} ---"
        );
        let trapped = SignalDetail::Syscall { addr: 0x1000, nr: 39, audit_arch: 0xc000_003e };
        assert_eq!(
            line(31, 1, trapped),
            "--- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x1000, si_syscall=__NR_getpid, \
             si_arch=AUDIT_ARCH_X86_64} ---"
        );
    }

    #[test]
    fn full_sets_are_shown_by_what_they_lack() {
        assert_eq!(set(0).text(), "[]");
        assert_eq!(set(1 << 1 | 1 << 16 | 1 << 33 | 1 << 63).text(), "[INT CHLD RT_2 RT_32]");
        assert_eq!(set(u64::MAX).text(), "~[]");
        assert_eq!(set(!(3 << 31)).text(), "~[RTMIN RT_1]");
        assert_eq!(set(!6).text(), "~[INT QUIT]");
    }
}
