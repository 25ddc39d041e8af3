//! What requests to devices lead to beyond one structure: ranges and lists behind a header, strings, attributes whose
//! length they say themselves.

use super::super::plan::{Walk, le_word};
use super::super::{Fetch, limits};
use super::take;
use crate::abi::Arch;

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
/// `struct ptrace_syscall_info` of linux/ptrace.h, bytes.
const SYSCALL_INFO: usize = 88;
/// Of a mount's description with the strings behind it, bytes.
const STATMOUNT: usize = 8192;
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
        "bpf_attr" => bpf(walk, addr),
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
        "bridge_name" | "memfd_name" | "mq_name" | "new_comm" | "reboot_argument" => {
            walk.c_string(addr, limits::STRING)
        }
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
        "ldt_entry" => walk.keep(addr, 16),
        "ptp_extts_request" => walk.keep(addr, 16),
        "ptp_perout_request" => walk.keep(addr, 56),
        "ptp_pin_desc" => walk.keep(addr, 96),
        "ptp_sys_offset_precise" => walk.keep(addr, 64),
        // The extended one is the longest: 25 times three readings.
        "ptp_sys_offset" => walk.keep(addr, 16 + 25 * 3 * 16),
        "listmount_req" | "statmount_req" => walk.keep(addr, 40),
        "statmount" => {
            let size = walk.read_u32(addr).unwrap_or(0) as usize;
            walk.keep(addr, size.clamp(8, STATMOUNT));
        }
        "ptrace_syscall_info" => walk.keep(addr, SYSCALL_INFO),
        "xfeatures" => walk.keep(addr, 8),
        "lsm_context" => {
            let size = walk.count(2) as usize;
            walk.keep(addr, size);
        }
        // Before the call the number of a module may stand there.
        "lsm_contexts" if walk.ret.is_none() => walk.keep(addr, 8),
        "lsm_contexts" => {
            let at = walk.pointer(2);
            let size = walk.read_u32(at).unwrap_or(0) as usize;
            walk.keep(addr, size);
        }
        // Shown from the register alone.
        "color_map" => walk.bytes(addr, 48),
        "console_font" => walk.bytes(addr, 8192),
        "screen_map" => walk.bytes(addr, 256),
        "death_signal" | "kd_port" | "kd_signal" | "kd_sound" | "kd_tone" | "pid_type" | "sme_vector"
        | "sve_vector" | "tagged_address" | "user_offset" | "xfeature_number" => {}
        "rtc_param" | "uffdio_api" => walk.keep(addr, 24),
        "sched_state" => {
            let room = walk.count(2) as usize;
            walk.keep(addr, room.min(SCHED_ATTR.1));
        }
        "sched_attr" => {
            let size = walk.read_u32(addr).unwrap_or(0) as usize;
            walk.keep(addr, if size == 0 { SCHED_ATTR.0 } else { size.min(SCHED_ATTR.1) });
        }
        "seccomp_metadata" => {
            walk.keep(addr, 8);
            if walk.ret.is_some() {
                walk.keep(addr.wrapping_add(8), 8);
            }
        }
        "registers" => walk.keep(addr, if walk.arch == Arch::I386 { 68 } else { 216 }),
        "float_registers" => walk.keep(addr, if walk.arch == Arch::I386 { 108 } else { 512 }),
        "siginfos" => {
            let count = walk.filled();
            walk.keep_elements(addr, count, 128);
        }
        "seccomp_notif" => walk.keep(addr, 80),
        "ubi_rnvol_req" => walk.keep(addr, UBI_RENAME),
        _ => return false,
    }
    true
}

/// The structure of bpf(2), whose size is the last argument, and what its command leads to.
fn bpf<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    const PAGE: u64 = 4096;
    const INSTRUCTIONS: u64 = 4096;
    // linux/bpf.h
    const PROG_LOAD: u64 = 5;
    const OBJ_PIN: u64 = 6;
    const OBJ_GET: u64 = 7;
    const PROG_QUERY: u64 = 16;
    const RAW_TRACEPOINT_OPEN: u64 = 17;
    const BTF_LOAD: u64 = 18;
    const TASK_FD_QUERY: u64 = 20;
    const LINK_CREATE: u64 = 28;
    let (command, size) = (walk.count(0), walk.count(2));
    if size > PAGE {
        return;
    }
    let bytes = walk.object(addr, size as usize).to_vec();
    let field = |at: usize, len: usize| le_word(take(&bytes, at, len));
    match (command, walk.ret.is_some()) {
        (PROG_LOAD, false) => {
            walk.c_string(field(16, 8), limits::STRING);
            walk.keep_elements(field(8, 8), field(4, 4).min(INSTRUCTIONS), 8);
        }
        (PROG_LOAD, true) => walk.bytes(field(32, 8), field(28, 4)),
        (OBJ_PIN | OBJ_GET, false) => walk.c_string(field(0, 8), limits::PATH),
        (RAW_TRACEPOINT_OPEN, false) => walk.c_string(field(0, 8), limits::STRING),
        (BTF_LOAD, false) => walk.bytes(field(0, 8), field(16, 4)),
        (PROG_QUERY, true) => walk.keep_elements(field(16, 8), field(24, 4), 4),
        (TASK_FD_QUERY, true) => walk.bytes(field(16, 8), field(12, 4)),
        (LINK_CREATE, false) => bpf_link(walk, field(8, 4), field(16, 8), field(20, 4), &bytes),
        _ => {}
    }
}

fn bpf_link<F: Fetch>(walk: &mut Walk<'_, F>, kind: u64, first: u64, count: u64, bytes: &[u8]) {
    const TRACE_ITER: u64 = 28;
    const TRACE_KPROBE_MULTI: u64 = 42;
    const TRACE_UPROBE_MULTI: u64 = 48;
    let field = |at: usize, len: usize| le_word(take(bytes, at, len));
    match kind {
        TRACE_ITER => walk.keep_elements(first, field(24, 4), 4),
        TRACE_KPROBE_MULTI => {
            let word = walk.arch.word();
            let names: Vec<u64> = walk.elements(field(24, 8), count, word).chunks_exact(word).map(le_word).collect();
            for name in names {
                walk.c_string(name, limits::STRING);
            }
            walk.keep_elements(field(32, 8), count, 8);
            walk.keep_elements(field(40, 8), count, 8);
        }
        TRACE_UPROBE_MULTI => {
            let count = field(48, 4);
            walk.c_string(first, limits::STRING);
            for list in [24, 32, 40] {
                walk.keep_elements(field(list, 8), count, 8);
            }
        }
        _ => {}
    }
}

/// PTRACE_GETREGSET, PTRACE_SETREGSET: a place and a length, and the registers there.
pub fn register_set<F: Fetch>(walk: &mut Walk<'_, F>, addr: u64) {
    /// Of the longest set that is shown, bytes.
    const REGISTERS: u64 = 512;
    let word = walk.arch.word();
    let given = walk.object(addr, 2 * word);
    let (base, len) = (le_word(take(given, 0, word)), le_word(take(given, word, word)));
    walk.keep(base, len.min(REGISTERS) as usize);
}
