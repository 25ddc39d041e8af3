//! A signal's description in the tracee's memory, sigaction(2): waitid, rt_sigtimedwait, rt_sigqueueinfo.

use crate::abi::Dir;
use crate::decode::signal;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le};
use crate::model::SignalDetail;

/// SI_MAX_SIZE of asm-generic/siginfo.h, bytes: all of it must be there.
const PART: usize = 128;
const SI_KERNEL: i32 = 0x80;

/// `{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=…, …}`.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, PART)) else { return Value::address(addr) };
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
    signal::description(number, code, errno, &detail)
}
