//! Signals: names, sets, and the description of one that is delivered, sigaction(2).

use super::num::{id, signal_name_or_number};
use super::value::Value;
use super::{Options, constants, pids};
use crate::abi::{self, Arch};
use crate::model::{Signal, SignalDetail};
use std::borrow::Cow;

type Fields = Vec<(Cow<'static, str>, Value)>;

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

/// A mask of the 32 signals that there once were.
pub fn old_set(mask: u64) -> Value {
    // Shown by what is missing if that is shorter: then nothing is missing of the others.
    let mostly = mask.count_ones() >= 32 * 2 / 3;
    set(if mostly { mask | u64::from(u32::MAX) << 32 } else { mask })
}

fn short_name(number: u8) -> Cow<'static, str> {
    match signal_name(number) {
        Cow::Borrowed(name) => name.strip_prefix("SIG").unwrap_or(name).into(),
        Cow::Owned(name) => name.into(),
    }
}

/// `--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, …} ---`.
pub fn signal_line(signal: &Signal, options: &Options) -> String {
    signal_line_with(signal, options, &|_| None)
}

/// The same, with the names of the processes that `comm` knows; strace's `-Y`.
pub fn signal_line_with(signal: &Signal, options: &Options, comm: &dyn Fn(i32) -> Option<Vec<u8>>) -> String {
    let mut info = description(i32::from(signal.number), signal.code, signal.errno, &signal.detail);
    constants::value(&mut info, Arch::X86_64, options.constants);
    pids::name(&mut info, comm);
    format!("--- {} {} ---", signal_name(signal.number), info.text())
}

/// What `signal_line` has in its braces.
pub fn signal_value(signal: &Signal) -> Value {
    description(i32::from(signal.number), signal.code, signal.errno, &signal.detail)
}

/// `{si_signo=SIGCHLD, si_code=CLD_EXITED, …}`: siginfo_t of sigaction(2).
pub fn description(number: i32, code: i32, errno: i32, detail: &SignalDetail) -> Value {
    let name = match u8::try_from(number) {
        Ok(1..=64) => signal_name_or_number(number),
        _ => (number as u32).to_string().into(),
    };
    let mut fields: Fields =
        vec![("si_signo".into(), Value::Named(name)), ("si_code".into(), self::code(number, code))];
    if errno != 0 {
        let value = match u16::try_from(errno).ok().and_then(abi::errno) {
            Some((name, _)) => Value::Named(name.into()),
            None => Value::Unsigned(u64::from(errno as u32)),
        };
        fields.push(("si_errno".into(), value));
    }
    let mut push = |name: &'static str, value: Value| fields.push((name.into(), value));
    match *detail {
        SignalDetail::None => {}
        SignalDetail::Sender { pid, uid, value } => {
            push("si_pid", Value::Pid(pid.into()));
            push("si_uid", id(uid.into(), 32));
            if let Some(value) = value {
                sigval(&mut push, value);
            }
        }
        SignalDetail::Child { pid, uid, status, utime, stime } => {
            push("si_pid", Value::Pid(pid.into()));
            push("si_uid", id(uid.into(), 32));
            push("si_status", child_status(code, status));
            push("si_utime", ticks(utime as u64));
            push("si_stime", ticks(stime as u64));
        }
        SignalDetail::Fault { addr } => push("si_addr", Value::address(addr)),
        SignalDetail::Timer { id, overrun, value } => {
            push("si_timerid", Value::Hex(u64::from(id as u32)));
            push("si_overrun", Value::Signed(overrun.into()));
            sigval(&mut push, value);
        }
        SignalDetail::Poll { band, fd } => {
            push("si_band", Value::Signed(band));
            push("si_fd", Value::Fd(fd));
        }
        SignalDetail::Syscall { addr, nr, audit_arch } => {
            push("si_call_addr", Value::address(addr));
            let nr = nr as u32 as u64;
            let call = Arch::from_audit(audit_arch, nr).and_then(|arch| abi::lookup(arch, nr));
            push(
                "si_syscall",
                call.map_or(Value::Unsigned(nr), |call| Value::Named(format!("__NR_{}", call.name).into())),
            );
            let raw = u64::from(audit_arch);
            let arch = named("audit_arch", raw).map(|name| Value::Named(name.into()));
            push("si_arch", arch.unwrap_or(Value::Unknown { raw, comment: "AUDIT_ARCH_???" }));
        }
    }
    Value::structure("siginfo", fields)
}

/// `CLD_EXITED` comes with an exit status, the other codes of a child with a signal.
fn child_status(code: i32, status: i32) -> Value {
    match u8::try_from(status) {
        Ok(signal @ 1..=64) if code != 1 => Value::Named(signal_name(signal)),
        _ => Value::Signed(status.into()),
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
fn sigval(push: &mut impl FnMut(&'static str, Value), value: u64) {
    push("si_int", Value::Signed(i64::from(value as i32)));
    push("si_ptr", Value::address(value));
}

/// `si_code`: some codes hold for every signal, the others by signal.
fn code(signal: i32, code: i32) -> Value {
    let by_signal = match signal {
        4 => "sigill_code",
        5 => "sigtrap_code",
        7 => "sigbus_code",
        8 => "sigfpe_code",
        11 => "sigsegv_code",
        17 => "sigchld_code",
        29 => "sigpoll_code",
        31 => "sigsys_code",
        _ => "si_code",
    };
    let raw = u64::from(code as u32);
    match named("si_code", raw).or_else(|| named(by_signal, raw)) {
        Some(name) => Value::Named(name.into()),
        None => Value::Hex(raw),
    }
}

/// A constant of a set that is the same on every ABI.
fn named(set: &str, value: u64) -> Option<&'static str> {
    abi::flag_set(set)?.name_of(Arch::X86_64, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u8, code: i32, detail: SignalDetail) -> String {
        signal_line(&Signal { number, code, errno: 0, detail }, &Options::default())
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
        let timer = SignalDetail::Timer { id: 0, overrun: 0, value: 0 };
        assert_eq!(
            line(14, -2, timer),
            "--- SIGALRM {si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=0, si_overrun=0, si_int=0, si_ptr=NULL} ---"
        );
        let trapped = SignalDetail::Syscall { addr: 0x1000, nr: 39, audit_arch: 0xc000_003e };
        assert_eq!(
            line(31, 1, trapped),
            "--- SIGSYS {si_signo=SIGSYS, si_code=SYS_SECCOMP, si_call_addr=0x1000, si_syscall=__NR_getpid, \
             si_arch=AUDIT_ARCH_X86_64} ---"
        );
    }

    #[test]
    fn codes_are_those_of_the_signal() {
        let text = |signal, number| code(signal, number).text();
        assert_eq!(text(11, 2), "SEGV_ACCERR");
        assert_eq!(text(17, 6), "CLD_CONTINUED");
        assert_eq!(text(15, -6), "SI_TKILL");
        assert_eq!(text(5, 0x80), "SI_KERNEL");
        assert_eq!(text(15, 77), "0x4d");
        assert_eq!(text(15, -77), "0xffffffb3");
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
