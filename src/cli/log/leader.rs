//! What stands at the start of a line: the task, the time, the call's number, where the call was made from.
//!
//! Left out: which lines there are (`printer`).

use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::precision::{Precision, Timestamps};
use crate::abi::Arch;
use crate::capture;
use crate::model::Enter;

/// Which lines carry the task's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tasks {
    /// None: every task has a file of its own.
    Never,
    /// `[pid  1234] ` while there are several tasks.
    Several,
    /// `1234  ` always: a file that several tasks share.
    Always,
}

/// Which time of day a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    None,
    /// `20:39:39.477879`, local time.
    Time,
    /// `1795466379.477879`, since the epoch.
    Epoch,
}

/// What the lines begin with.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    pub tasks: Tasks,
    pub stamps: Timestamps,
    /// Seconds since the line before.
    pub relative: Option<Precision>,
    /// The number of the task's last call.
    pub number: bool,
    /// The instruction pointer of the call.
    pub ip: bool,
}

/// What one line is about.
#[derive(Debug, Clone)]
pub struct Subject {
    pub tid: i32,
    /// The number in the task's container, if that is to be told.
    pub inner: Option<i32>,
    /// The task's name in its brackets, `<sh>`; empty if it is not wanted.
    pub comm: String,
    /// More than one task lives.
    pub several: bool,
    pub t_ns: u64,
    /// The task's last call; its address is told only on lines of that call, for elsewhere nobody looked at it.
    pub last: Option<LastCall>,
    pub in_call: bool,
}

/// What is remembered of a task's last call.
#[derive(Debug, Clone, Copy)]
pub struct LastCall {
    pub arch: Arch,
    pub nr: u64,
    ip: u64,
}

impl LastCall {
    pub fn of(enter: &Enter) -> LastCall {
        LastCall { arch: enter.arch, nr: enter.nr, ip: enter.ip }
    }

    /// The same number, seen from where another call is made.
    pub fn at(self, enter: &Enter) -> LastCall {
        LastCall { arch: enter.arch, ip: enter.ip, ..self }
    }

    /// Hexadecimal digits of an address.
    fn digits(self) -> usize {
        self.arch.word() * 2
    }
}

/// Writes the starts of lines.
#[derive(Debug)]
pub struct Leader {
    columns: Columns,
    /// Wall clock at `t_ns == 0`.
    began: SystemTime,
    previous_ns: Option<u64>,
}

impl Leader {
    pub fn new(columns: Columns) -> Leader {
        Leader { columns, began: UNIX_EPOCH, previous_ns: None }
    }

    pub fn began(&mut self, at: SystemTime) {
        self.began = at;
    }

    /// Appends the start of a line. Call it in the order of the lines: `-r` tells the distance to the one before.
    pub fn write(&mut self, out: &mut String, line: &Subject) {
        let inner = line.inner.map(|inner| format!(":{inner}")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = match self.columns.tasks {
            Tasks::Always if inner.is_empty() && line.comm.is_empty() => write!(out, "{:<5} ", line.tid),
            Tasks::Always => write!(out, "{}{inner}{} ", line.tid, line.comm),
            Tasks::Several if line.several => write!(out, "[pid {:>5}{inner}{}] ", line.tid, line.comm),
            _ => Ok(()),
        };
        self.time(out, line.t_ns);
        if self.columns.number {
            let _ = match line.last {
                Some(call) => write!(out, "[{:>4}] ", call.nr),
                None => write!(out, "[   ?] "),
            };
        }
        if self.columns.ip {
            let _ = match line.last {
                Some(call) if line.in_call => write!(out, "[{:01$x}] ", call.ip, call.digits()),
                other => write!(out, "[{:?<1$}] ", "", other.map_or(16, LastCall::digits)),
            };
        }
    }

    fn time(&mut self, out: &mut String, t_ns: u64) {
        let Timestamps { clock, precision } = self.columns.stamps;
        if clock != Clock::None {
            let since = self.began.duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_nanos(t_ns);
            let _ = match clock {
                Clock::Epoch => write!(out, "{} ", precision.of(since)),
                _ => {
                    let (hour, minute, second) = capture::local_time(since.as_secs() as i64);
                    write!(out, "{hour:02}:{minute:02}:{second:02}{} ", precision.fraction(since))
                }
            };
        }
        if let Some(precision) = self.columns.relative {
            let passed = Duration::from_nanos(t_ns.saturating_sub(self.previous_ns.replace(t_ns).unwrap_or(t_ns)));
            let (seconds, fraction) = (passed.as_secs(), precision.fraction(passed));
            let _ = match clock {
                Clock::None => write!(out, "{seconds:>6}{fraction} "),
                _ => write!(out, "(+{seconds:>6}{fraction}) "),
            };
        }
    }
}

/// How a call is made, in strace's words.
pub fn mode_name(arch: Arch) -> &'static str {
    match arch {
        Arch::X86_64 | Arch::Aarch64 => "64 bit",
        Arch::I386 => "32 bit",
        Arch::X32 => "x32",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Columns = Columns {
        tasks: Tasks::Several,
        stamps: Timestamps { clock: Clock::None, precision: Precision::Seconds },
        relative: None,
        number: false,
        ip: false,
    };
    const EPOCH: Timestamps = Timestamps { clock: Clock::Epoch, precision: Precision::Micros };

    fn call(arch: Arch) -> LastCall {
        LastCall::of(&Enter { arch, nr: 257, args: [0; 6], ip: 0x7f00_1234, sp: 0, regions: 0..0 })
    }

    fn start(leader: &mut Leader, t_ns: u64) -> String {
        let mut out = String::new();
        let last = Some(call(Arch::X86_64));
        leader.write(
            &mut out,
            &Subject { tid: 42, inner: None, comm: String::new(), several: false, t_ns, last, in_call: true },
        );
        out
    }

    #[test]
    fn the_task_is_told_where_there_are_several() {
        let mut out = String::new();
        let subject =
            Subject { tid: 42, inner: None, comm: String::new(), several: true, t_ns: 0, last: None, in_call: false };
        Leader::new(PLAIN).write(&mut out, &subject);
        Leader::new(Columns { tasks: Tasks::Always, ..PLAIN }).write(&mut out, &subject);
        Leader::new(Columns { tasks: Tasks::Never, ..PLAIN }).write(&mut out, &subject);
        Leader::new(PLAIN).write(&mut out, &Subject { several: false, ..subject.clone() });
        let named = Subject { comm: "<sh>".into(), ..subject };
        Leader::new(Columns { tasks: Tasks::Always, ..PLAIN }).write(&mut out, &named);
        Leader::new(PLAIN).write(&mut out, &named);
        assert_eq!(out, "[pid    42] 42    42<sh> [pid    42<sh>] ");
        out.clear();
        let inside = Subject { inner: Some(1), comm: String::new(), ..named };
        Leader::new(PLAIN).write(&mut out, &inside);
        Leader::new(Columns { tasks: Tasks::Always, ..PLAIN }).write(&mut out, &inside);
        assert_eq!(out, "[pid    42:1] 42:1 ");
    }

    #[test]
    fn times_are_absolute_or_since_the_line_before() {
        let mut leader = Leader::new(Columns { stamps: EPOCH, ..PLAIN });
        leader.began(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        assert_eq!(start(&mut leader, 1_000_002_999), "1700000001.000002 ");
        let mut leader = Leader::new(Columns { relative: Some(Precision::Micros), ..PLAIN });
        assert_eq!(start(&mut leader, 5_000_000), "     0.000000 ");
        assert_eq!(start(&mut leader, 5_000_012_345_000), "  5000.007345 ");
        let mut leader = Leader::new(Columns { stamps: EPOCH, relative: Some(Precision::Micros), ..PLAIN });
        assert_eq!(start(&mut leader, 0), "0.000000 (+     0.000000) ");
        let stamps = Timestamps { clock: Clock::Epoch, precision: Precision::Millis };
        let mut leader = Leader::new(Columns { stamps, relative: Some(Precision::Seconds), ..PLAIN });
        assert_eq!(start(&mut leader, 1_999_000_000), "1.999 (+     0) ");
    }

    #[test]
    fn numbers_and_addresses_are_those_of_the_call() {
        let mut leader = Leader::new(Columns { number: true, ip: true, ..PLAIN });
        assert_eq!(start(&mut leader, 0), "[ 257] [000000007f001234] ");
        let mut line = |last, in_call| {
            let mut out = String::new();
            leader.write(
                &mut out,
                &Subject { tid: 1, inner: None, comm: String::new(), several: false, t_ns: 0, last, in_call },
            );
            out
        };
        assert_eq!(line(Some(call(Arch::I386)), true), "[ 257] [7f001234] ");
        assert_eq!(line(Some(call(Arch::X86_64)), false), "[ 257] [????????????????] ");
        assert_eq!(line(None, false), "[   ?] [????????????????] ");
    }
}
