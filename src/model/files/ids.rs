//! As whom a task acts: user and group IDs and capabilities, known from its last execve and the calls after. credentials(7),
//! capabilities(7).
//!
//! What follows from a change of IDs is what the kernel does, by the securebits that prctl(2) set; the next execve tells
//! again. Left out: supplementary groups.

use super::Files;
use super::calls::Made;
use crate::model::TaskId;
use crate::model::event::{Ids, OpenDescriptor, Standing};

/// SECBIT_KEEP_CAPS, SECBIT_NO_SETUID_FIXUP of linux/securebits.h.
pub(super) const KEEP_CAPS: u32 = 1 << 4;
const NO_SETUID_FIXUP: u32 = 1 << 2;
/// Capabilities that go and come with the ID of the file system: CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
/// CAP_FOWNER, CAP_FSETID, CAP_LINUX_IMMUTABLE, CAP_MKNOD, CAP_MAC_OVERRIDE.
const OF_FILES: u64 = 0x1f | 1 << 9 | 1 << 27 | 1 << 32;
const CAP_SETGID: u64 = 1 << 6;
const CAP_SETUID: u64 = 1 << 7;
/// Capabilities that a new user namespace gives: all.
const EVERY: u64 = u64::MAX;
const CLONE_NEWNS: u64 = 0x20000;
const CLONE_NEWUSER: u64 = 0x1000_0000;

impl Files {
    /// As whom a task acts, if it is known.
    pub fn ids(&self, task: TaskId, end_ns: u64) -> Option<&Ids> {
        super::since(&self.holders.get(task.0 as usize)?.ids, end_ns).map(|(_, ids)| ids)
    }

    /// Inode number of the task's mount namespace; None if it is not known, as of one that was made since.
    pub fn mount_namespace(&self, task: TaskId, end_ns: u64) -> Option<u64> {
        super::since(&self.holders.get(task.0 as usize)?.mounts, end_ns).and_then(|(_, inode)| *inode)
    }

    /// /proc was asked about a task.
    pub(super) fn stands(&mut self, task: TaskId, t_ns: u64, standing: &Standing) {
        let Some(holder) = self.holders.get_mut(task.0 as usize) else { return };
        holder.ids.push((t_ns, standing.ids));
        holder.mounts.push((t_ns, standing.mount_ns));
        if let Some(place) = self.place_id(task, t_ns + 1) {
            let place = &mut self.places[place];
            place.cwd.push((t_ns, Some(standing.cwd.clone())));
            place.root.push((t_ns, Some(standing.root.clone())));
        }
        for OpenDescriptor { fd, link, cloexec } in &standing.descriptors {
            if self.descriptor(task, *fd, t_ns + 1).is_none()
                && let Some(table) = self.table(task, t_ns + 1)
            {
                let description = self.describe(super::What::Link(link.clone()), None);
                self.tables.open(table, *fd, t_ns, description, *cloexec, None);
            }
        }
    }

    /// A call is over that may have changed as whom its task acts.
    pub(super) fn changed_ids(&mut self, task: TaskId, t_ns: u64, made: &Made<'_>) {
        if made.name == "unshare" || made.name == "setns" {
            let kinds = if made.name == "unshare" { made.args[0] } else { made.args[1] };
            if let Some(holder) = self.holders.get_mut(task.0 as usize).filter(|_| kinds & CLONE_NEWNS != 0) {
                holder.mounts.push((t_ns, None));
            }
            if kinds & CLONE_NEWUSER == 0 {
                return;
            }
        }
        if made.name == "prctl" {
            return self.controlled(task, t_ns, made);
        }
        let secure = self.holders.get(task.0 as usize).map_or(0, |holder| holder.secure);
        let Some(mut ids) = self.ids(task, t_ns + 1).copied() else { return };
        let args = made.args.map(|arg| arg as u32);
        let before = ids.uids;
        match made.name.trim_end_matches("32") {
            "setuid" => set(&mut ids.uids, args[0], ids.effective & CAP_SETUID != 0),
            "setgid" => set(&mut ids.gids, args[0], ids.effective & CAP_SETGID != 0),
            "setreuid" => set_two(&mut ids.uids, args[0], args[1]),
            "setregid" => set_two(&mut ids.gids, args[0], args[1]),
            "setresuid" => set_three(&mut ids.uids, [args[0], args[1], args[2]]),
            "setresgid" => set_three(&mut ids.gids, [args[0], args[1], args[2]]),
            "setfsuid" => {
                let privileged = ids.effective & CAP_SETUID != 0;
                set_files(&mut ids.uids, args[0], privileged);
            }
            "setfsgid" => {
                let privileged = ids.effective & CAP_SETGID != 0;
                set_files(&mut ids.gids, args[0], privileged);
            }
            "capset" => {
                let Some(data) = made.entry.exact(made.address(1), 24) else { return };
                let set = |at: usize| {
                    let half =
                        |at: usize| u64::from(u32::from_le_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]));
                    half(at) | half(at + 12) << 32
                };
                (ids.effective, ids.permitted, ids.inheritable) = (set(0), set(4), set(8));
                ids.ambient &= ids.permitted & ids.inheritable;
            }
            "unshare" | "setns" => {
                (ids.effective, ids.permitted, ids.bounding) = (EVERY, EVERY, EVERY);
                (ids.inheritable, ids.ambient) = (0, 0);
            }
            _ => return,
        }
        if secure & NO_SETUID_FIXUP == 0 {
            follow(&mut ids, before, secure & KEEP_CAPS != 0);
        }
        if let Some(holder) = self.holders.get_mut(task.0 as usize) {
            holder.ids.push((t_ns, ids));
        }
    }

    /// prctl(2): sets of capabilities, and what a change of IDs does to them.
    fn controlled(&mut self, task: TaskId, t_ns: u64, made: &Made<'_>) {
        const SET_KEEPCAPS: u64 = 8;
        const CAPBSET_DROP: u64 = 24;
        const SET_SECUREBITS: u64 = 28;
        const CAP_AMBIENT: u64 = 47;
        let known = self.ids(task, t_ns + 1).copied();
        let Some(holder) = self.holders.get_mut(task.0 as usize) else { return };
        let bit = |number: u64| u32::try_from(number).ok().and_then(|number| 1u64.checked_shl(number)).unwrap_or(0);
        match made.args[0] & 0xffff_ffff {
            SET_KEEPCAPS => {
                let keeps = if made.args[1] != 0 { KEEP_CAPS } else { 0 };
                holder.secure = holder.secure & !KEEP_CAPS | keeps;
            }
            SET_SECUREBITS => holder.secure = made.args[1] as u32,
            CAPBSET_DROP => {
                let dropped = known.map(|ids| Ids { bounding: ids.bounding & !bit(made.args[1]), ..ids });
                holder.ids.extend(dropped.map(|ids| (t_ns, ids)));
            }
            CAP_AMBIENT => {
                let changed = known.and_then(|ids| {
                    let ambient = match made.args[1] & 0xffff_ffff {
                        2 => ids.ambient | bit(made.args[2]),
                        3 => ids.ambient & !bit(made.args[2]),
                        4 => 0,
                        _ => return None,
                    };
                    Some(Ids { ambient, ..ids })
                });
                holder.ids.extend(changed.map(|ids| (t_ns, ids)));
            }
            _ => {}
        }
    }
}

/// setfsuid(2) does not tell whether it did what it was asked for.
fn set_files(ids: &mut [u32; 4], id: u32, privileged: bool) {
    if privileged || ids.contains(&id) {
        ids[3] = id;
    }
}

/// Real, effective, saved and that of the file system: setuid(2).
fn set(ids: &mut [u32; 4], id: u32, privileged: bool) {
    *ids = if privileged { [id; 4] } else { [ids[0], id, ids[2], id] };
}

/// setreuid(2).
fn set_two(ids: &mut [u32; 4], real: u32, effective: u32) {
    let [old, ..] = *ids;
    let kept = |new: u32, old: u32| if new == u32::MAX { old } else { new };
    (ids[0], ids[1]) = (kept(real, ids[0]), kept(effective, ids[1]));
    if real != u32::MAX || (effective != u32::MAX && effective != old) {
        ids[2] = ids[1];
    }
    ids[3] = ids[1];
}

/// setresuid(2).
fn set_three(ids: &mut [u32; 4], new: [u32; 3]) {
    for (id, new) in ids.iter_mut().zip(new).filter(|(_, new)| *new != u32::MAX) {
        *id = new;
    }
    ids[3] = ids[1];
}

/// capabilities(7), "Effect of user ID changes on capabilities".
fn follow(ids: &mut Ids, before: [u32; 4], keep: bool) {
    let has_root = |uids: [u32; 4]| uids[..3].contains(&0);
    if has_root(before) && !has_root(ids.uids) {
        ids.permitted = if keep { ids.permitted } else { 0 };
        (ids.effective, ids.ambient) = (0, 0);
    } else if before[1] == 0 && ids.uids[1] != 0 {
        ids.effective = 0;
    } else if before[1] != 0 && ids.uids[1] == 0 {
        ids.effective = ids.permitted;
    }
    if before[1] == ids.uids[1] && before[3] == 0 && ids.uids[3] != 0 {
        ids.effective &= !OF_FILES;
    } else if before[1] == ids.uids[1] && before[3] != 0 && ids.uids[3] == 0 {
        ids.effective |= ids.permitted & OF_FILES;
    }
}
