//! What requests to devices lead to beyond one structure: ranges and lists behind a header, strings, attributes whose
//! length they say themselves.

use super::super::plan::{Walk, le_word};
use super::super::{Fetch, limits};
use super::take;

/// FSLABEL_MAX of linux/fs.h, bytes.
const LABEL: usize = 256;
/// `struct blkpg_partition` of linux/blkpg.h, bytes.
const PARTITION: usize = 152;
/// The longest attributes of a perf event that the decoder knows, bytes.
const PERF_ATTRIBUTES: usize = 144;
/// `struct fs_quota_statv` of linux/dqblk_xfs.h, bytes.
const QUOTA: usize = 160;
/// The first and the last known size of `struct sched_attr` of linux/sched/types.h, bytes.
const SCHED_ATTR: (usize, usize) = (48, 56);
/// `struct ubi_rnvol_req` of mtd/ubi-user.h, bytes.
const UBI_RENAME: usize = 4368;

/// Reads what lies behind the type; false if it is none of these.
pub fn fetch<F: Fetch>(walk: &mut Walk<'_, F>, name: &str, addr: u64) -> bool {
    match name {
        "blkpg" => {
            let word = walk.arch.word();
            let at = 12usize.next_multiple_of(word);
            let data = le_word(take(walk.object(addr, at + word), at, word));
            walk.keep(data, PARTITION);
        }
        "fiemap" => {
            let mapped = le_word(take(walk.object(addr, 32), 20, 4));
            if walk.ret.is_some() {
                walk.keep_elements(addr.wrapping_add(32), mapped, 56);
            }
        }
        "file_dedupe_range" => {
            let count = le_word(take(walk.object(addr, 24), 16, 2));
            walk.keep_elements(addr.wrapping_add(24), count, 32);
        }
        "fs_label" => walk.c_string(addr, LABEL),
        "hdio_drive_cmd" | "sg_scsi_reset" => walk.keep(addr, 4),
        "perf_event_attr" => {
            let size = walk.read_u32(addr.wrapping_add(4)).unwrap_or(0) as usize;
            walk.keep(addr, size.clamp(64, PERF_ATTRIBUTES));
        }
        "perf_query_bpf" => {
            let room = u64::from(walk.read_u32(addr).unwrap_or(0));
            if walk.ret.is_some() {
                let count = walk.read_u32(addr.wrapping_add(4)).map_or(0, u64::from);
                walk.keep_elements(addr.wrapping_add(8), count.min(room).min(limits::ELEMENTS), 4);
            }
        }
        "memfd_name" | "mq_name" | "reboot_argument" => walk.c_string(addr, limits::STRING),
        // What quotactl(2) carries: a path, or the largest of its structures.
        "quota" if walk.ret.is_none() => {
            walk.c_string(addr, limits::PATH);
            walk.keep(addr, QUOTA);
        }
        "quota" => walk.keep(addr, QUOTA),
        "rand_pool_info" => {
            let len = le_word(take(walk.object(addr, 8), 4, 4)) as i32;
            walk.bytes(addr.wrapping_add(8), len.max(0) as u64);
        }
        "rtc_param" | "uffdio_api" => walk.keep(addr, 24),
        "sched_attr" => {
            let size = walk.read_u32(addr).unwrap_or(0) as usize;
            walk.keep(addr, if size == 0 { SCHED_ATTR.0 } else { size.min(SCHED_ATTR.1) });
        }
        "seccomp_notif" => walk.keep(addr, 80),
        "ubi_rnvol_req" => walk.keep(addr, UBI_RENAME),
        _ => return false,
    }
    true
}
