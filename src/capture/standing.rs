//! Where a task stands and as whom it acts, from /proc: asked when it is attached to and at each execve, which are slow
//! anyway. proc_pid_status(5), namespaces(7).

use super::procfs;
use super::status_text::StatusText;
use crate::model::{Ids, Standing};

/// None if the task is gone. `descriptors`: also what is open.
pub fn of(tid: i32, descriptors: bool) -> Option<Box<Standing>> {
    let status = StatusText::of(tid)?;
    let ids = |name: &str| {
        let mut ids = status.numbers(name);
        std::array::from_fn(|_| ids.next().unwrap_or(u32::MAX))
    };
    let set = |name: &str| status.set(name).unwrap_or(0);
    let inode =
        |link: Vec<u8>| std::str::from_utf8(link.strip_prefix(b"mnt:[")?.strip_suffix(b"]")?).ok()?.parse().ok();
    Some(Box::new(Standing {
        cwd: procfs::link(&format!("/proc/{tid}/cwd"))?,
        root: procfs::link(&format!("/proc/{tid}/root"))?,
        mount_ns: procfs::link(&format!("/proc/{tid}/ns/mnt")).and_then(inode),
        ids: Ids {
            uids: ids("Uid"),
            gids: ids("Gid"),
            inheritable: set("CapInh"),
            permitted: set("CapPrm"),
            effective: set("CapEff"),
            bounding: set("CapBnd"),
            ambient: set("CapAmb"),
        },
        descriptors: if descriptors { procfs::open_descriptors(tid) } else { Vec::new() },
    }))
}
