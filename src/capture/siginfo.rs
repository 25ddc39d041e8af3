//! The kernel's siginfo, taken apart as its signal number and code say. Pure. sigaction(2), "The siginfo_t argument".

use crate::model::{Signal, SignalDetail};

const SI_USER: i32 = 0;
const SI_KERNEL: i32 = 0x80;
const SI_QUEUE: i32 = -1;
const SI_TIMER: i32 = -2;
const SI_MESGQ: i32 = -3;
const SI_ASYNCIO: i32 = -4;
const SI_SIGIO: i32 = -5;
const SI_TKILL: i32 = -6;

/// `raw` has the 64-bit layout, which is what a 64-bit tracer is given for 32-bit tracees too.
pub fn parse(signal: i32, raw: &[u8; 128]) -> Signal {
    let (errno, code) = (int(raw, 4), int(raw, 8));
    let detail = match (signal, code) {
        (_, SI_USER | SI_TKILL) => SignalDetail::Sender { pid: int(raw, 16), uid: int(raw, 20) as u32, value: None },
        (_, SI_QUEUE | SI_MESGQ | SI_ASYNCIO) => {
            SignalDetail::Sender { pid: int(raw, 16), uid: int(raw, 20) as u32, value: Some(long(raw, 24)) }
        }
        (_, SI_TIMER) => SignalDetail::Timer { id: int(raw, 16), overrun: int(raw, 20), value: long(raw, 24) },
        (_, SI_SIGIO) => SignalDetail::Poll { band: long(raw, 16) as i64, fd: int(raw, 24) },
        // A fault of which the kernel tells no more: its address is there, and 0.
        (libc::SIGILL | libc::SIGFPE | libc::SIGSEGV | libc::SIGBUS | libc::SIGTRAP, SI_KERNEL) => {
            SignalDetail::Fault { addr: long(raw, 16) }
        }
        (_, SI_KERNEL) => SignalDetail::None,
        (libc::SIGCHLD, 1..=6) => SignalDetail::Child {
            pid: int(raw, 16),
            uid: int(raw, 20) as u32,
            status: int(raw, 24),
            utime: long(raw, 32) as i64,
            stime: long(raw, 40) as i64,
        },
        (libc::SIGILL | libc::SIGFPE | libc::SIGSEGV | libc::SIGBUS | libc::SIGTRAP, 1..) => {
            SignalDetail::Fault { addr: long(raw, 16) }
        }
        (libc::SIGPOLL, 1..=6) => SignalDetail::Poll { band: long(raw, 16) as i64, fd: int(raw, 24) },
        // SYS_SECCOMP and SYS_USER_DISPATCH
        (libc::SIGSYS, 1 | 2) => {
            SignalDetail::Syscall { addr: long(raw, 16), nr: int(raw, 24), audit_arch: int(raw, 28) as u32 }
        }
        (_, ..0) => SignalDetail::Sender { pid: int(raw, 16), uid: int(raw, 20) as u32, value: Some(long(raw, 24)) },
        // A code that means nothing for this signal: what a program sent may still say who it was.
        (_, 1..) if (int(raw, 16), int(raw, 20)) != (0, 0) => SignalDetail::Sender {
            pid: int(raw, 16),
            uid: int(raw, 20) as u32,
            value: Some(long(raw, 24)).filter(|&value| value != 0),
        },
        _ => SignalDetail::None,
    };
    Signal { number: signal as u8, code, errno, detail }
}

/// What there is to say of a signal whose siginfo is not to be had, too.
pub fn describe(signal: i32, raw: Option<[u8; 128]>) -> Signal {
    let unknown = Signal { number: signal as u8, code: 0, errno: 0, detail: SignalDetail::None };
    raw.map_or(unknown, |raw| parse(signal, &raw))
}

/// The siginfo of a filter's trap: `SYS_SECCOMP`, the address behind the instruction, the number and the architecture.
pub fn of_trap(ip: u64, nr: u64, audit_arch: u32) -> [u8; 128] {
    const SYS_SECCOMP: i32 = 1;
    let mut raw = [0; 128];
    let mut put = |at: usize, bytes: &[u8]| raw[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &libc::SIGSYS.to_ne_bytes());
    put(8, &SYS_SECCOMP.to_ne_bytes());
    put(16, &ip.to_ne_bytes());
    put(24, &(nr as i32).to_ne_bytes());
    put(28, &audit_arch.to_ne_bytes());
    raw
}

fn int(raw: &[u8; 128], at: usize) -> i32 {
    i32::from_ne_bytes([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]])
}

fn long(raw: &[u8; 128], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&raw[at..at + 8]);
    u64::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(fields: &[(usize, u32)]) -> [u8; 128] {
        let mut raw = [0; 128];
        for (at, value) in fields {
            raw[*at..*at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        raw
    }

    #[test]
    fn the_code_decides_what_the_fields_mean() {
        let child = parse(libc::SIGCHLD, &raw(&[(8, 1), (16, 42), (20, 1000), (24, 7)]));
        assert_eq!(child.detail, SignalDetail::Child { pid: 42, uid: 1000, status: 7, utime: 0, stime: 0 });
        let sent = parse(libc::SIGCHLD, &raw(&[(8, 0), (16, 42), (20, 1000)]));
        assert_eq!(sent.detail, SignalDetail::Sender { pid: 42, uid: 1000, value: None });
        let fault = parse(libc::SIGSEGV, &raw(&[(8, 1), (16, 0x10), (20, 0)]));
        assert_eq!((fault.code, fault.detail), (1, SignalDetail::Fault { addr: 0x10 }));
        let trap = parse(libc::SIGSYS, &raw(&[(8, 1), (16, 5), (24, 110), (28, 0xc000_003e)]));
        assert_eq!(trap.detail, SignalDetail::Syscall { addr: 5, nr: 110, audit_arch: 0xc000_003e });
        let ours = parse(libc::SIGSYS, &of_trap(5, 110, 0xc000_003e));
        assert_eq!((ours.code, ours.errno, ours.detail), (trap.code, trap.errno, trap.detail));
        let queued = parse(34, &raw(&[(8, -1i32 as u32), (16, 1), (20, 2), (24, 3)]));
        assert_eq!(queued.detail, SignalDetail::Sender { pid: 1, uid: 2, value: Some(3) });
        assert_eq!(parse(libc::SIGSEGV, &raw(&[(8, 0x80)])).detail, SignalDetail::Fault { addr: 0 });
        let odd = parse(libc::SIGUSR2, &raw(&[(8, 2), (16, 5), (24, 9)]));
        assert_eq!(odd.detail, SignalDetail::Sender { pid: 5, uid: 0, value: Some(9) });
        assert_eq!(parse(libc::SIGALRM, &raw(&[(8, 0x80)])).detail, SignalDetail::None);
    }
}
