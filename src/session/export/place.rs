//! The file that a call is about: the first path among its arguments, made absolute where the directory is known, or what
//! is behind its first descriptor.
//!
//! Left out: links and `..` on the way, which only the kernel could follow.

use crate::abi::{self, Meaning, Type};
use crate::model::{CallView, Files, TaskId, What};
use crate::query;

const AT_FDCWD: i32 = -100;

pub fn path(view: &CallView<'_>, files: &Files, task: TaskId, t_ns: u64) -> Option<Vec<u8>> {
    let call = abi::lookup(view.arch, view.nr)?.select(view.args);
    let numbers = call.args.iter().zip(view.args).filter(|(arg, _)| arg.when.is_none_or(|when| when.holds(view.args)));
    let mut descriptors = numbers.filter_map(|(arg, raw)| match arg.ty {
        Type::Num { meaning: Meaning::Fd { .. } | Meaning::DirFd, .. } => Some(*raw as i32),
        _ => None,
    });
    let behind = |fd: i32| match files.descriptor(task, fd, t_ns)?.what {
        What::File(path) => Some(path.clone()),
        What::Link(link) if link.first() == Some(&b'/') => Some(link.clone()),
        _ => None,
    };
    let Some(named) = query::paths(view).next() else { return behind(descriptors.next()?) };
    if named.first() == Some(&b'/') {
        return Some(named.to_vec());
    }
    let directory = match descriptors.next() {
        None | Some(AT_FDCWD) => files.cwd(task, t_ns).map(<[u8]>::to_vec),
        Some(fd) => behind(fd),
    };
    let Some(mut whole) = directory else { return Some(named.to_vec()) };
    if !named.is_empty() {
        if whole.last() != Some(&b'/') {
            whole.push(b'/');
        }
        whole.extend_from_slice(named);
    }
    Some(whole)
}

/// A path of the file system /proc without the number of the process, which differs from run to run. proc(5).
pub fn without_pid(path: &[u8]) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"/proc/") else { return path.to_vec() };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits) {
        None | Some(b'/') if digits > 0 => [b"/proc/PID", &rest[digits..]].concat(),
        _ => path.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_pid;

    #[test]
    fn numbers_of_processes_do_not_tell_runs_apart() {
        assert_eq!(without_pid(b"/proc/4711/maps"), b"/proc/PID/maps");
        assert_eq!(without_pid(b"/proc/4711"), b"/proc/PID");
        for other in ["/proc/self/maps", "/proc/4711x", "/proc/", "/tmp/4711"] {
            assert_eq!(without_pid(other.as_bytes()), other.as_bytes(), "{other}");
        }
    }
}
