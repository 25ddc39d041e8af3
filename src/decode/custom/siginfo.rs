//! A signal's description in the tracee's memory, sigaction(2): waitid, rt_sigtimedwait, rt_sigqueueinfo.

use crate::abi::Dir;
use crate::decode::signal;
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le};

/// SI_MAX_SIZE of asm-generic/siginfo.h, bytes: all of it must be there.
const PART: usize = 128;

/// `{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=…, …}`.
pub fn decode(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    let Some(bytes) = ctx.side(dir).and_then(|side| ctx.read(side, addr, PART)) else { return Value::address(addr) };
    let int = |at: usize| le(&bytes[at..at + 4]) as i32;
    let id = |at: usize| Value::text(&super::super::num::id(le(&bytes[at..at + 4]), 32));
    let (number, errno, code) = (int(0), int(4), int(8));
    if number == 0 {
        return Value::Text("{}".into());
    }
    let name = match u8::try_from(number) {
        Ok(1..=64) => crate::decode::num::signal_name_or_number(number),
        _ => (number as u32).to_string().into(),
    };
    let mut out = format!("{{si_signo={name}, si_code=");
    signal::code(&mut out, number as u8, code);
    if errno != 0 {
        out.push_str(", si_errno=");
        match u16::try_from(errno).ok().and_then(crate::decode::errno_name) {
            Some((name, _)) => out.push_str(name),
            None => out.push_str(&(errno as u32).to_string()),
        }
    }
    // The union starts at the alignment of a pointer.
    let word = ctx.word();
    let base = if word == 8 { 16 } else { 12 };
    let long = |at: usize| le(&bytes[at..at + word]);
    match (number, code) {
        (17, 1..) => {
            out.push_str(&format!(", si_pid={}, si_uid={}, si_status=", int(base), id(base + 4)));
            signal::child_status(&mut out, code, int(base + 8));
            let times = base + 8 + word;
            for (name, at) in [(", si_utime=", times), (", si_stime=", times + word)] {
                out.push_str(name);
                signal::ticks(long(at)).write(&mut out);
            }
        }
        (4 | 5 | 7 | 8 | 11, 1..) => {
            out.push_str(", si_addr=");
            Value::address(long(base)).write(&mut out);
        }
        (_, -2) => {
            out.push_str(", si_timerid=");
            Value::Hex(u64::from(int(base) as u32)).write(&mut out);
            out.push_str(&format!(", si_overrun={}", int(base + 4)));
            signal::sigval(&mut out, long(base + 8));
        }
        (_, 0 | -6) => out.push_str(&format!(", si_pid={}, si_uid={}", int(base), id(base + 4))),
        (_, ..0) => {
            out.push_str(&format!(", si_pid={}, si_uid={}", int(base), id(base + 4)));
            signal::sigval(&mut out, long(base + 8));
        }
        _ => {}
    }
    out.push('}');
    Value::Text(out.into())
}
