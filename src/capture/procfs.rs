//! What /proc tells of a task. Everything here may be gone at any moment: answers are options, never errors.

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use super::status::Status;
use crate::model::{Mapping, OpenDescriptor};

/// /proc/TID/comm: at most 15 bytes, not always UTF-8.
pub fn comm(tid: i32) -> Option<Vec<u8>> {
    let mut comm = fs::read(format!("/proc/{tid}/comm")).ok()?;
    if comm.last() == Some(&b'\n') {
        comm.pop();
    }
    Some(comm)
}

/// Where a link leads.
pub fn link(path: &str) -> Option<Vec<u8>> {
    fs::read_link(path).ok().map(|target| target.into_os_string().into_vec())
}

/// The descriptors of a task, in order.
pub fn open_descriptors(tid: i32) -> Vec<OpenDescriptor> {
    const O_CLOEXEC: u32 = libc::O_CLOEXEC as u32;
    let entries = fs::read_dir(format!("/proc/{tid}/fd")).into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let look = |fd: i32| {
        let info = fs::read_to_string(format!("/proc/{tid}/fdinfo/{fd}")).ok()?;
        let flags = info.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok())?;
        Some(OpenDescriptor { fd, link: link(&format!("/proc/{tid}/fd/{fd}"))?, cloexec: flags & O_CLOEXEC != 0 })
    };
    let mut found: Vec<OpenDescriptor> = numbers.filter_map(look).collect();
    found.sort_unstable_by_key(|open| open.fd);
    found
}

/// A number from /proc/TID/status: `Tgid`, `PPid`, `TracerPid`, `Seccomp`.
pub fn status_field(task: &str, field: &str) -> Option<i32> {
    let status = fs::read(format!("/proc/{task}/status")).ok()?;
    let line = status
        .split(|&b| b == b'\n')
        .find(|line| line.strip_prefix(field.as_bytes()).is_some_and(|rest| rest.first() == Some(&b':')))?;
    std::str::from_utf8(&line[field.len() + 1..]).ok()?.trim().parse().ok()
}

/// Whether a capability is in the task's effective set.
pub fn has_capability(task: &str, number: u32) -> bool {
    capabilities(task).is_some_and(|set| set >> number & 1 != 0)
}

/// The task's effective set, number N at bit N.
pub fn capabilities(task: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{task}/status")).ok()?;
    status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok())
}

/// CPU time that a process has used so far, in user mode and in the kernel, in nanoseconds. proc_pid_stat(5).
pub fn cpu_ns(pid: i32) -> Option<(u64, u64)> {
    cpu_of_line(&fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// `utime` and `stime`, the 14th and 15th word. The second is a name in parentheses, in which anything can stand.
fn cpu_of_line(line: &[u8]) -> Option<(u64, u64)> {
    /// USER_HZ is 100 on every architecture that is traced.
    const TICK_NS: u64 = 10_000_000;
    let after = line.iter().rposition(|&byte| byte == b')')? + 1;
    let mut words = std::str::from_utf8(&line[after..]).ok()?.split_whitespace().skip(11);
    let mut next = || words.next()?.parse::<u64>().ok().map(|ticks| ticks.saturating_mul(TICK_NS));
    Some((next()?, next()?))
}

/// Status of a task. proc_pid_status(5).
pub fn status(tid: i32) -> Option<Status> {
    Status::read(Path::new("/proc"), tid)
}

/// Whether a task sleeps where nothing wakes it but what it waits for.
pub fn is_uninterruptible(tid: i32) -> bool {
    status(tid).is_some_and(|status| status.state == b'D')
}

/// The threads of a process, as far as they are alive.
pub fn threads(tgid: i32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{tgid}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The call that a task waits in, as its registers held it when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub nr: u64,
    pub args: [u64; 6],
    pub sp: u64,
    pub ip: u64,
}

/// What /proc/TID/syscall says; None if the task runs, or waits for something else than a call. proc_pid_syscall(5).
pub fn waiting(tid: i32) -> Option<Waiting> {
    waiting_line(&fs::read_to_string(format!("/proc/{tid}/syscall")).ok()?)
}

/// `0 0x3 0x7ffd… 0x400 0x0 0x0 0x0 0x7ffd… 0x7f12…`; `-1 0x7ffd… 0x7f12…` outside of a call, `running`.
fn waiting_line(line: &str) -> Option<Waiting> {
    let mut words = line.split_whitespace();
    let nr = words.next()?.parse::<i64>().ok().and_then(|nr| u64::try_from(nr).ok())?;
    let mut hex = words.map_while(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    let mut args = [0; 6];
    for arg in &mut args {
        *arg = hex.next()?;
    }
    Some(Waiting { nr, args, sp: hex.next()?, ip: hex.next()? })
}

/// One line of /proc/TID/maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapsLine {
    pub mapping: Mapping,
    pub executable: bool,
}

pub fn maps(tid: i32) -> Vec<MapsLine> {
    let text = fs::read(format!("/proc/{tid}/maps")).unwrap_or_default();
    text.split(|&b| b == b'\n').filter_map(maps_line).collect()
}

/// `7f1234560000-7f1234562000 r-xp 00001000 fe:00 1234    /usr/lib/libc.so.6`. proc_pid_maps(5).
fn maps_line(line: &[u8]) -> Option<MapsLine> {
    let mut rest = line;
    let mut word = || {
        let start = rest.iter().position(|&b| b != b' ')?;
        let end = rest[start..].iter().position(|&b| b == b' ').map_or(rest.len(), |n| start + n);
        let word = &rest[start..end];
        rest = &rest[end..];
        Some(word)
    };
    let (range, permissions, offset, _device, _inode) = (word()?, word()?, word()?, word()?, word()?);
    let name_at = rest.iter().position(|&b| b != b' ').unwrap_or(rest.len());
    let dash = range.iter().position(|&b| b == b'-')?;
    let mapping = Mapping {
        start: hex(&range[..dash])?,
        end: hex(&range[dash + 1..])?,
        offset: hex(offset)?,
        name: rest[name_at..].to_vec(),
    };
    Some(MapsLine { mapping, executable: permissions.get(2) == Some(&b'x') })
}

fn hex(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_maps_line_is_read_with_spaces_in_its_name() {
        let line = maps_line(b"7f00a000-7f00c000 r-xp 00001000 fe:00 1234     /tmp/a b (deleted)").unwrap();
        assert!(line.executable);
        assert_eq!(line.mapping.name, b"/tmp/a b (deleted)");
        assert_eq!((line.mapping.start, line.mapping.end, line.mapping.offset), (0x7f00a000, 0x7f00c000, 0x1000));
        let anonymous = maps_line(b"10000-20000 rw-p 00000000 00:00 0 ").unwrap();
        assert!(!anonymous.executable);
        assert_eq!(anonymous.mapping.name, b"");
        assert_eq!(maps_line(b""), None);
        assert_eq!(maps_line(b"nonsense"), None);
    }

    #[test]
    fn the_call_that_a_task_waits_in_is_read() {
        let waiting = waiting_line("202 0x10 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd00 0x7f12ab\n").unwrap();
        assert_eq!((waiting.nr, waiting.args), (202, [0x10, 0x189, 0, 0, 0, 0xffff_ffff]));
        assert_eq!((waiting.sp, waiting.ip), (0x7f_fd00, 0x7f_12ab));
        for none in ["running\n", "-1 0x7ffd00 0x7f12ab\n", "", "1 0x2\n"] {
            assert_eq!(waiting_line(none), None, "{none}");
        }
    }

    #[test]
    fn threads_of_this_process_are_listed() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(threads(me).contains(&me));
    }

    #[test]
    fn cpu_time_stands_after_a_name_with_parentheses() {
        let line = b"7 (a) b (c) S 1 7 7 0 -1 4194560 100 0 0 0 25 3 0 0 20 0 1 0 55 0 0\n";
        assert_eq!(cpu_of_line(line), Some((250_000_000, 30_000_000)));
        assert_eq!(cpu_of_line(b"7 (a) S 1"), None);
        assert!(cpu_ns(std::process::id() as i32).is_some());
    }

    #[test]
    fn status_fields_are_whole_words() {
        let me = std::process::id().to_string();
        assert_eq!(status_field(&me, "Tgid").map(|n| n.to_string()), Some(me.clone()));
        assert_eq!(status_field(&me, "Tg"), None);
        assert_eq!(status_field("0", "Tgid"), None);
    }
}
