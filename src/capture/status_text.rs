//! /proc/TID/status, read once and asked for several fields. proc_pid_status(5).

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::model::PidNamespace;

/// The text of one task's file, as it was.
#[derive(Debug)]
pub struct StatusText(pub Vec<u8>);

impl StatusText {
    /// None if the task is gone. A zombie has a status.
    pub fn of(tid: i32) -> Option<StatusText> {
        StatusText::below(Path::new("/proc"), tid)
    }

    /// As `of`, where the process file system is mounted elsewhere.
    pub fn below(proc: &Path, tid: i32) -> Option<StatusText> {
        fs::read(proc.join(tid.to_string()).join("status")).ok().map(StatusText)
    }

    /// What follows the colon of a line.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        let is_it = |line: &&[u8]| line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first() == Some(&b':'));
        let line = self.0.split(|&b| b == b'\n').find(is_it)?;
        Some(line[name.len() + 1..].trim_ascii())
    }

    /// The numbers of a field: `Tgid`, `PPid`, `Uid` (real, effective, saved, of the file system).
    pub fn numbers(&self, name: &str) -> impl Iterator<Item = u32> {
        let text = self.field(name).and_then(|field| std::str::from_utf8(field).ok()).unwrap_or_default();
        text.split_ascii_whitespace().map_while(|word| word.parse().ok())
    }

    /// The first number of a field, as a PID.
    pub fn pid(&self, name: &str) -> Option<i32> {
        self.numbers(name).next().and_then(|number| i32::try_from(number).ok())
    }

    /// A set in hexadecimal: `CapEff`, `SigBlk`. None as well if the kernel knows no such field.
    pub fn set(&self, name: &str) -> Option<u64> {
        u64::from_str_radix(std::str::from_utf8(self.field(name)?).ok()?, 16).ok()
    }

    /// The task's name as in /proc/TID/comm: here newlines and backslashes are escaped, and white space at the end counts.
    pub fn comm(&self) -> Option<Vec<u8>> {
        let line = self.0.split(|&b| b == b'\n').next()?.strip_prefix(b"Name:\t")?;
        let mut comm = Vec::with_capacity(line.len());
        let mut bytes = line.iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'\\' => comm.push(if bytes.next() == Some(&b'n') { b'\n' } else { b'\\' }),
                _ => comm.push(byte),
            }
        }
        Some(comm)
    }

    /// The task's numbers in PID namespaces. Only of tasks in other namespaces than sysview's the file that names theirs
    /// is looked at.
    pub fn namespace(&self) -> PidNamespace {
        let tids: Vec<i32> = self.numbers("NSpid").filter_map(|number| i32::try_from(number).ok()).collect();
        let inode = match (tids.as_slice(), self.pid("Pid")) {
            ([_], _) => own_namespace(),
            ([_, ..], Some(tid)) => inode(&tid.to_string()).unwrap_or(0),
            _ => 0,
        };
        PidNamespace { inode, tids }
    }
}

/// The inode number of sysview's PID namespace, which it has for life.
fn own_namespace() -> u64 {
    static OWN: OnceLock<u64> = OnceLock::new();
    *OWN.get_or_init(|| inode("self").unwrap_or(0))
}

/// The inode number of a task's PID namespace: `self` or a number.
fn inode(task: &str) -> Option<u64> {
    let link = fs::read_link(format!("/proc/{task}/ns/pid")).ok()?;
    link.to_str()?.strip_prefix("pid:[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_whole_words_and_have_the_types_that_are_asked_for() {
        let status =
            StatusText(b"Name:\ta \\n\\\\b \nTgid:\t40\nPPid:\t0\nUid:\t1\t2\t4294967295\t4\nCapEff:\t00ff\n".to_vec());
        assert_eq!(status.comm().unwrap(), b"a \n\\b ");
        assert_eq!(
            (status.pid("Tgid"), status.pid("PPid"), status.pid("Tg"), status.pid("Name")),
            (Some(40), Some(0), None, None)
        );
        assert_eq!(status.numbers("Uid").collect::<Vec<_>>(), [1, 2, u32::MAX, 4]);
        assert_eq!((status.set("CapEff"), status.set("CapAmb")), (Some(0xff), None));
        assert_eq!(status.namespace(), PidNamespace::default());
    }

    #[test]
    fn this_process_is_in_its_own_namespace() {
        let me = std::process::id() as i32;
        let status = StatusText::of(me).unwrap();
        assert_eq!(status.pid("Tgid"), Some(me));
        let namespace = status.namespace();
        assert_eq!((Some(namespace.inode), namespace.tids.first()), (inode("self"), Some(&me)));
        assert!(StatusText::of(-1).is_none());
    }
}
