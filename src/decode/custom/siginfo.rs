//! A signal's description in the tracee's memory, sigaction(2): waitid, rt_sigtimedwait, rt_sigqueueinfo.

use crate::abi::Dir;
use crate::decode::signal;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le};
use crate::model::SignalDetail;

/// SI_MAX_SIZE of asm-generic/siginfo.h, bytes: all of it must be there.
const PART: usize = 128;
const SI_KERNEL: i32 = 0x80;

/// `{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=…, …}`.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    ctx.side(dir).and_then(|side| ctx.read(side, addr, PART)).map_or(Value::address(addr), |bytes| one(ctx, bytes))
}

/// As many as the result says, PTRACE_PEEKSIGINFO.
pub fn several(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    match ctx.returned() {
        Some(count) => ctx.elements(Side::Exit, addr, count.max(0) as u64, PART, |bytes| one(ctx, bytes)),
        None => Value::address(addr),
    }
}

fn one(ctx: &Ctx<'_>, bytes: &[u8]) -> Value {
    let int = |at: usize| le(&bytes[at..at + 4]) as i32;
    let (number, errno, code) = (int(0), int(4), int(8));
    if number == 0 {
        return Value::structure("siginfo", Vec::new());
    }
    // The union starts at the alignment of a pointer.
    let word = ctx.word();
    let base = if word == 8 { 16 } else { 12 };
    let long = |at: usize| le(&bytes[at..at + word]);
    let (pid, uid) = (int(base), int(base + 4) as u32);
    let detail = match (number, code) {
        (17, 1..) => {
            let times = base + 8 + word;
            let (utime, stime) = (long(times) as i64, long(times + word) as i64);
            SignalDetail::Child { pid, uid, status: int(base + 8), utime, stime }
        }
        (31, 1..) => {
            SignalDetail::Syscall { addr: long(base), nr: int(base + word), audit_arch: int(base + word + 4) as u32 }
        }
        (4 | 5 | 7 | 8 | 11, 1..) => SignalDetail::Fault { addr: long(base) },
        (29, 1..) | (_, -5) => SignalDetail::Poll { band: long(base) as i64, fd: int(base + word) },
        (_, -2) => SignalDetail::Timer { id: pid, overrun: int(base + 4), value: long(base + 8) },
        (_, 0 | -6) => SignalDetail::Sender { pid, uid, value: None },
        (_, ..0) => SignalDetail::Sender { pid, uid, value: Some(long(base + 8)) },
        (_, 1..) if code != SI_KERNEL && (pid, uid) != (0, 0) => {
            SignalDetail::Sender { pid, uid, value: Some(long(base + 8)).filter(|&value| value != 0) }
        }
        _ => SignalDetail::None,
    };
    let Value::Struct { name, mut fields, elided } = signal::description(number, code, errno, &detail) else {
        return Value::structure("siginfo", Vec::new());
    };
    // What a fault says besides its address, behind it.
    let more = base + 2 * word;
    match (number, code) {
        // SEGV_BNDERR
        (11, 3) => {
            fields.push(("si_lower".into(), Value::address(long(more))));
            fields.push(("si_upper".into(), Value::address(long(more + word))));
        }
        // SEGV_PKUERR
        (11, 4) => fields.push(("si_pkey".into(), Value::Unsigned(u64::from(int(more) as u32)))),
        // BUS_MCEERR_AR, BUS_MCEERR_AO
        (7, 4 | 5) => fields.push(("si_addr_lsb".into(), Value::Hex(u64::from(int(base + word) as u16)))),
        _ => {}
    }
    Value::Struct { name, fields, elided }
}
