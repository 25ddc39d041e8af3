//! The vDSO: what its image exports, where a program is told about it, and how its functions can be made to call the
//! kernel. Pure: bytes in, facts and code out. vdso(7).
//!
//! Left out: reading the bytes from a process and writing to it (`capture`).

/// Why one question is seen in no mode. rseq(2)
pub const RSEQ: &str = "sched_getcpu(3) of glibc 2.35 and later reads the CPU's number from memory that the kernel keeps up to \
    date (rseq): no call and no function of the vDSO, so no mode of sysview's shows it.";
/// Where the oldest way is seen.
pub const VSYSCALL: &str = "time, gettimeofday and getcpu at the fixed address 0xffffffffff600000, for programs older than the \
    vDSO: a tracer's stops do not see them. A seccomp filter does, so sysview shows them, \
    without what they answered, where its own filter is at work (log -e trace=time,gettimeofday,getcpu); otherwise they are \
    invisible.";

/// Whether a call came from there.
pub fn is_vsyscall(ip: u64) -> bool {
    (0xffff_ffff_ff60_0000..0xffff_ffff_ff60_1000).contains(&ip)
}

/// What stays in a program that was shown.
pub const LOG_STAYS: &str = "The log of a program that is shown is a mapping of 48 MB of addresses, of which only what was written \
    takes memory. It stays when the vDSO is natural again, or the program is let go, until the program executes another or ends: a \
    thread can be on its way out of a wrapper there at any time later (in a signal handler that interrupted it), and nobody can tell.";

mod auxv;
mod calls;
mod displace;
mod fallback;
mod image;
mod listing;
mod logger;
mod patch;
mod record;
mod reporter;

pub use auxv::{Auxv, AuxvEntry, find_auxv};
pub use calls::{AARCH64, call_of};
pub use displace::{JUMP, JUMP_OPCODE, Refusal};
pub use fallback::{always_calls, reason};
pub use image::parse_image;
pub use listing::{Line, Syntax, disassemble, versions};
pub use logger::{Logged, Logger, ROOM, logger};
pub use patch::{Entry, Function, Patch, Plan, file_end, is_wide, plan};
pub use record::{FUNCTIONS, HEAD, Head, RECORD, RINGS, Record, SLOTS};
pub use reporter::{REPORT, REPORT_ARGS, REPORT_NR, Report, report};
