//! `--- SIGCHLD {si_signo=SIGCHLD, …} ---` as the kernel tells it: siginfo_t of sigaction(2).

use super::scalar::{plain, scalar};
use crate::abi::{self, Arch};
use crate::decode::printed::pieces;
use crate::decode::{self, Constants};
use crate::model::{Signal, SignalDetail};

/// The number of a printed signal: `SIGINT`, `SIGRT_3`, `SIG_99`.
pub fn number(name: &str) -> Option<u8> {
    let number = match name.strip_prefix("SIG_").and_then(|digits| digits.parse().ok()) {
        Some(number) => Some(number),
        None => abi::signal_number(name).filter(|_| name.starts_with("SIG")),
    };
    u8::try_from(number?).ok()
}

/// A signal, and whether it will be shown as it was printed.
pub fn read(name: &str, info: &str) -> Option<(Signal, bool)> {
    let number = number(name)?;
    let fields = pieces(info.strip_prefix('{').and_then(|info| info.strip_suffix('}')).unwrap_or_default());
    let field =
        |name: &str| -> Option<&str> { fields.iter().find_map(|field| field.strip_prefix(name)?.strip_prefix('=')) };
    let known = |name: &str| field(name).and_then(|text| scalar(Arch::X86_64, None, text.split('<').next()?));
    let int = |name: &str| known(name).map(|value| value as i32);
    let value = || known("si_ptr").or_else(|| int("si_int").map(|value| value as u32 as u64));
    let detail = if let (Some(pid), Some(uid)) = (int("si_pid"), int("si_uid")) {
        let uid = uid as u32;
        match int("si_status") {
            Some(status) => {
                let ticks = |name| known(name).unwrap_or(0) as i64;
                SignalDetail::Child { pid, uid, status, utime: ticks("si_utime"), stime: ticks("si_stime") }
            }
            None => SignalDetail::Sender { pid, uid, value: value() },
        }
    } else if let Some(addr) = known("si_addr") {
        SignalDetail::Fault { addr }
    } else if let Some(id) = int("si_timerid") {
        SignalDetail::Timer { id, overrun: int("si_overrun").unwrap_or(0), value: value().unwrap_or(0) }
    } else if let Some(band) = field("si_band").and_then(plain) {
        SignalDetail::Poll { band: band as i64, fd: int("si_fd").unwrap_or(-1) }
    } else if let Some(addr) = known("si_call_addr") {
        let audit_arch = known("si_arch").unwrap_or(0) as u32;
        SignalDetail::Syscall { addr, nr: int("si_syscall").unwrap_or(-1), audit_arch }
    } else {
        SignalDetail::None
    };
    let errno = field("si_errno").map_or(0, |name| match abi::errno_number(name) {
        Some(errno) => i32::from(errno),
        None => plain(name).unwrap_or(0) as i32,
    });
    let signal = Signal { number, code: int("si_code").unwrap_or(0), errno, detail };
    // Names of processes, which `-Y` puts beside their numbers, are those of tasks: rows have them.
    let named = field("si_pid").and_then(|pid| pid.split_once('<')).map(|(_, name)| format!("<{name}"));
    let info = named.map_or(info.to_string(), |name| info.replacen(&name, "", 1));
    let printed = format!("--- {name} {info} ---");
    let same = [Constants::Names, Constants::Both, Constants::Numbers].into_iter().any(|constants| {
        decode::signal_line(&signal, &decode::Options { constants, ..decode::Options::default() }) == printed
    });
    Some((signal, same))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strace_tells_of_a_signal_is_told_again() {
        for (name, info) in [
            (
                "SIGCHLD",
                "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=12, si_uid=0, si_status=3, si_utime=0, si_stime=1 /* 0.01 s */}",
            ),
            (
                "SIGCHLD",
                "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=12, si_uid=0, si_status=SIGTERM, si_utime=0, si_stime=0}",
            ),
            ("SIGINT", "{si_signo=SIGINT, si_code=SI_USER, si_pid=12, si_uid=1000}"),
            ("SIGRT_1", "{si_signo=SIGRT_1, si_code=SI_QUEUE, si_pid=12, si_uid=0, si_int=5, si_ptr=0x5}"),
            ("SIGSEGV", "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}"),
            ("SIGALRM", "{si_signo=SIGALRM, si_code=SI_KERNEL}"),
            (
                "SIGSYS",
                "{si_signo=SIGSYS, si_code=SYS_SECCOMP, si_errno=EPERM, si_call_addr=0x10, si_syscall=__NR_getppid, si_arch=AUDIT_ARCH_X86_64}",
            ),
        ] {
            let (_, same) = read(name, info).expect("a signal");
            assert!(same, "{info}");
        }
        assert!(read("SIGNOPE", "{}").is_none());
        assert!(read("SIGINT", "{si_pid=").is_some_and(|(_, same)| !same));
    }
}
