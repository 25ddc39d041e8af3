//! The way out of the table: types whose text no declaration can describe, one file each, named after C's structure.
//!
//! A decoder gets the argument's index, because what it needs besides (a length, a command) stands in its siblings.

pub mod aio;
mod bpf;
mod bpf_link;
mod btrfs;
mod capability;
pub mod clone;
mod cmsg;
mod console;
pub mod device;
pub mod dirents;
pub mod epoll_event;
pub mod filter;
pub mod futex;
mod gpio;
mod input;
mod interface;
pub mod ioctl;
mod iovec;
mod ipc;
mod lsm;
mod mapper;
mod mounts;
pub mod msghdr;
pub mod names;
pub mod netlink;
mod netlink_attributes;
mod netlink_diag;
mod netlink_special;
mod netlink_types;
mod options;
mod perf;
pub mod pollfd;
mod ptp;
mod ptrace;
pub mod quota;
mod record;
pub mod registers;
mod rseq;
mod scsi;
pub mod shape;
pub mod sigaction;
pub mod siginfo;
mod small;
pub mod sockaddr;
mod sockaddr_more;
pub mod sockopt;
mod tee;
pub mod times;
pub mod video;
mod video_control;
mod video_format;
pub mod wait_status;
pub mod words;

use super::value::Value;
use super::walk::{Ctx, Side};
use crate::abi::{self, Dir};

/// Decodes argument `index` of a call.
type Decoder = fn(&Ctx<'_>, usize, Dir) -> Value;

/// The value of argument `index`, whose type is `custom[name]`.
pub fn decode(ctx: &Ctx<'_>, name: &str, index: usize, dir: Dir) -> Value {
    match decoder(name) {
        Some(decoder) => decoder(ctx, index, dir),
        None => plain(ctx, name, index, dir),
    }
}

fn decoder(name: &str) -> Option<Decoder> {
    Some(match name {
        "blk_user_trace_setup" => |ctx, index, _| device::trace_setup(ctx, index),
        "blkpg" => |ctx, index, _| device::blkpg(ctx, index),
        "bridge_name" => |ctx, index, _| interface::bridge(ctx, index),
        "btrfs" => |ctx, index, _| btrfs::request(ctx, index),
        "btrfs_subvol_flags" => btrfs::subvolume_flags,
        "btrfs_features" => |ctx, index, dir| btrfs::features(ctx, index, ctx.side(dir), 1),
        "btrfs_features_set" => |ctx, index, dir| btrfs::features(ctx, index, ctx.side(dir), 2),
        "btrfs_features_known" => |ctx, index, dir| btrfs::features(ctx, index, ctx.side(dir), 3),
        "bpf_attr" => |ctx, index, _| bpf::attributes(ctx, index),
        "cap_data" => capability::data,
        "cap_header" => |ctx, index, _| capability::header(ctx, index),
        "clone_args" => |ctx, index, _| clone::clone_args(ctx, index),
        "comm" => small::comm,
        "cpu_set" => cpu_set,
        "death_signal" => |ctx, index, _| options::death_signal(ctx, index),
        "new_comm" => |ctx, index, _| options::bounded_string(ctx, index, 15),
        "pid_type" => |ctx, index, _| options::pid_type(ctx, index),
        "ptrace_syscall_info" => ptrace::syscall_info,
        "sme_vector" => |ctx, index, _| options::vector_length(ctx, index, false),
        "sve_vector" => |ctx, index, _| options::vector_length(ctx, index, true),
        "tagged_address" => |ctx, index, _| options::tagged_address(ctx, index),
        "user_offset" => |ctx, index, _| ptrace::user_offset(ctx, index),
        "xfeature_number" => |ctx, index, _| options::feature(ctx, index),
        "xfeatures" => options::features,
        "dirents" => |ctx, index, _| dirents::decode(ctx, index, true),
        "dirents_old" => |ctx, index, _| dirents::decode(ctx, index, false),
        "fiemap" => |ctx, index, _| device::fiemap(ctx, index),
        "file_dedupe_range" => |ctx, index, _| device::dedupe(ctx, index),
        "fs_label" => device::label,
        "ptp_extts_request" => |ctx, index, _| ptp::external(ctx, index),
        "ptp_perout_request" => |ctx, index, _| ptp::periodic(ctx, index),
        "ptp_pin_desc" => |ctx, index, _| ptp::pin(ctx, index),
        "ptp_sys_offset" => |ctx, index, _| ptp::offsets(ctx, index),
        "ptp_sys_offset_precise" => |ctx, index, _| ptp::precise(ctx, index),
        "socket_filter" => |ctx, index, _| filter::program(ctx, ctx.arg(index), filter::Owner::Socket),
        "statmount" => |ctx, index, _| mounts::status(ctx, index),
        "statmount_req" => |ctx, index, _| mounts::request(ctx, "statmount_req", index),
        "hdio_drive_cmd" => |ctx, index, _| device::drive_command(ctx, index),
        "ifconf" => |ctx, index, _| interface::all(ctx, index),
        "mq_name" => |ctx, index, _| ctx.c_string(ctx.arg(index), super::walk::PATH_SHOWN),
        "memfd_name" => |ctx, index, _| small::memfd_name(ctx, index),
        "open_how" => |ctx, index, _| small::open_how(ctx, index),
        "directory" => |ctx, index, _| small::directory(ctx, index),
        "ipc_call" => |ctx, index, _| small::ipc_call(ctx, index),
        "rseq" => |ctx, index, _| rseq::decode(ctx, index),
        "thread_area" => |ctx, index, _| small::thread_area(ctx, index),
        "sched_attr" => |ctx, index, _| small::sched_attr(ctx, index),
        "sched_state" => |ctx, index, _| small::scheduled(ctx, index),
        "quota" => |ctx, index, _| quota::data(ctx, index),
        "reboot_argument" => |ctx, index, _| options::bounded_string(ctx, index, 255),
        "perf_event_attr" => |ctx, index, _| perf::attributes(ctx, index),
        "perf_query_bpf" => |ctx, index, _| perf::query_bpf(ctx, index),
        "rand_pool_info" => |ctx, index, _| device::rand_pool_info(ctx, index),
        "region_info_user" => |ctx, index, _| device::region_info(ctx, index),
        "rtc_param" => device::rtc_param,
        "seccomp_notif" => |ctx, index, _| filter::notification(ctx, index),
        "sg_scsi_reset" => |ctx, index, _| device::sg_reset(ctx, index),
        "sock_fprog" => |ctx, index, _| filter::program(ctx, ctx.arg(index), filter::Owner::Seccomp),
        "ubi_attach_req" => |ctx, index, _| device::answered(ctx, "ubi_attach_req", index, 0),
        "ubi_mkvol_req" => |ctx, index, _| device::answered(ctx, "ubi_mkvol_req", index, 0),
        "ubi_rnvol_req" => |ctx, index, _| device::ubi_rename(ctx, index),
        "uffdio_api" => |ctx, index, _| device::uffdio_api(ctx, index),
        "uffdio_continue" => |ctx, index, _| device::answered(ctx, "uffdio_continue", index, 1),
        "uffdio_copy" => |ctx, index, _| device::answered(ctx, "uffdio_copy", index, 1),
        "uffdio_move" => |ctx, index, _| device::answered(ctx, "uffdio_move", index, 1),
        "uffdio_poison" => |ctx, index, _| device::answered(ctx, "uffdio_poison", index, 1),
        "uffdio_register" => |ctx, index, _| device::answered(ctx, "uffdio_register", index, 1),
        "uffdio_zeropage" => |ctx, index, _| device::answered(ctx, "uffdio_zeropage", index, 1),
        "dm_ioctl" => |ctx, index, _| mapper::request(ctx, index),
        "ff_effect" => |ctx, index, _| input::effect(ctx, index),
        "input_keycode" => input::keycode,
        "input_keymap" => input::keymap,
        "ioctl_family" => |ctx, index, _| ioctl::argument(ctx, index),
        "sg_io" => |ctx, index, _| scsi::request(ctx, index),
        "tee_invoke" => |ctx, index, _| tee::request(ctx, index, tee::Command::Invoke),
        "tee_open_session" => |ctx, index, _| tee::request(ctx, index, tee::Command::OpenSession),
        "tee_receive" => |ctx, index, _| tee::request(ctx, index, tee::Command::Receive),
        "tee_send" => |ctx, index, _| tee::request(ctx, index, tee::Command::Send),
        "tee_shm_alloc" => |ctx, index, _| tee::shared(ctx, ctx.arg(index), tee::Shared::Allocated),
        "tee_shm_register" => |ctx, index, _| tee::shared(ctx, ctx.arg(index), tee::Shared::Registered),
        "gpioline_info" => |ctx, index, dir| gpio::decode(ctx, "gpioline_info", index, dir),
        "gpiohandle_request" => |ctx, index, dir| gpio::decode(ctx, "gpiohandle_request", index, dir),
        "gpioevent_request" => |ctx, index, dir| gpio::decode(ctx, "gpioevent_request", index, dir),
        "gpiohandle_data" => |ctx, index, dir| gpio::decode(ctx, "gpiohandle_data", index, dir),
        "gpiohandle_config" => |ctx, index, dir| gpio::decode(ctx, "gpiohandle_config", index, dir),
        "gpio_v2_line_info" => |ctx, index, dir| gpio::decode(ctx, "gpio_v2_line_info", index, dir),
        "gpio_v2_line_request" => |ctx, index, dir| gpio::decode(ctx, "gpio_v2_line_request", index, dir),
        "gpio_v2_line_config" => |ctx, index, dir| gpio::decode(ctx, "gpio_v2_line_config", index, dir),
        "gpio_line_values" => |ctx, index, dir| gpio::decode(ctx, "gpio_v2_line_values", index, dir),
        "epoll_event" => epoll_event::decode,
        "fd_set" => |ctx, index, _| pollfd::fd_set(ctx, Side::Entry, ctx.arg(index), ctx.arg(0) as i32),
        "file_handle" => small::file_handle,
        "ldt_entry" => |ctx, index, _| small::ldt_entry(ctx, index),
        "listmount_req" => |ctx, index, _| mounts::request(ctx, "mnt_id_req", index),
        "iocb" => |ctx, index, _| aio::cancelled(ctx, index),
        "iocbs" => |ctx, index, _| aio::submitted(ctx, index),
        "iovec" => iovec::decode,
        "iovec_addresses" => {
            |ctx, index, _| iovec::vector(ctx, ctx.arg(index), ctx.count(index + 1), Side::Entry, None)
        }
        "ipc_flags" => |ctx, index, _| small::ipc_flags(ctx, index),
        "kd_port" => |ctx, index, _| console::port(ctx, index),
        "color_map" => |ctx, index, dir| console::bytes(ctx, index, dir, 48),
        "console_font" => |ctx, index, dir| console::bytes(ctx, index, dir, 8192),
        "screen_map" => |ctx, index, dir| console::bytes(ctx, index, dir, 256),
        "kd_signal" => |ctx, index, _| console::signal(ctx, index),
        "kd_sound" => |ctx, index, _| console::sound(ctx, index),
        "kd_tone" => |ctx, index, _| console::tone(ctx, index),
        "key_description" => small::key_description,
        "key_serial" => |ctx, index, _| small::key_serial(ctx, index),
        "landlock_ruleset_attr" => |ctx, index, _| small::ruleset(ctx, index),
        "lsm_context" => |ctx, index, _| lsm::one(ctx, index),
        "lsm_contexts" => |ctx, index, _| lsm::contexts(ctx, index),
        "mmsghdr" => msghdr::decode_many,
        "mount_data" => |ctx, index, _| small::mount_data(ctx, index),
        "msqid_ds" => |ctx, index, dir| ipc::decode(ctx, "msqid_ds", index, dir),
        "msgbuf" => small::msgbuf,
        "msghdr" => msghdr::decode,
        "nodemask" => |ctx, index, dir| small::nodemask(ctx, index, dir, ctx.arg(index + 1)),
        "nodemask_before" => |ctx, index, dir| small::nodemask(ctx, index, dir, ctx.arg(1)),
        "page_states" => small::page_states,
        "pgoffset" => |ctx, index, _| Value::Hex(ctx.arg(index) << 12),
        "pollfd" => |ctx, index, _| pollfd::decode(ctx, index),
        "pselect6_sigmask" => |ctx, index, _| small::sigmask_and_size(ctx, index),
        "semid_ds" => |ctx, index, dir| ipc::decode(ctx, "semid_ds", index, dir),
        "shmid_ds" => |ctx, index, dir| ipc::decode(ctx, "shmid_ds", index, dir),
        "sigevent" => |ctx, index, _| small::sigevent(ctx, index),
        "sigaction" => sigaction::decode,
        "registers" => |ctx, index, dir| registers::all(ctx, index, dir, false),
        "float_registers" => |ctx, index, dir| registers::all(ctx, index, dir, true),
        "register_set" => registers::set,
        "siginfo" => siginfo::decode,
        "siginfos" => |ctx, index, _| siginfo::several(ctx, index),
        "seccomp_metadata" => |ctx, index, _| ptrace::metadata(ctx, index),
        "sockaddr" => sockaddr::decode,
        "socket_protocol" => |ctx, index, _| small::socket_protocol(ctx, index),
        "sockopt" => sockopt::decode,
        "sockopt_name" => |ctx, index, _| small::sockopt_name(ctx, index),
        "video" => |ctx, index, _| video::request(ctx, index),
        "wait_status" => wait_status::decode,
        _ => return None,
    })
}

/// Processor numbers; the length is the argument before, sched_setaffinity(2), or the result.
fn cpu_set(ctx: &Ctx<'_>, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match (dir, ctx.returned()) {
        (Dir::In, _) => pollfd::cpu_set(ctx, Side::Entry, addr, ctx.count(index.saturating_sub(1))),
        (_, Some(len)) => pollfd::cpu_set(ctx, Side::Exit, addr, len.max(0) as u64),
        _ => Value::address(addr),
    }
}

/// A structure of `assets/structs` by its name; the address if there is none.
fn plain(ctx: &Ctx<'_>, name: &str, index: usize, dir: Dir) -> Value {
    let addr = ctx.arg(index);
    match (abi::structure(name), ctx.side(dir)) {
        (Some(layout), Some(side)) => ctx.structure_at(side, addr, layout),
        _ => Value::address(addr),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shown by `special` as part of the whole call.
    const ELSEWHERE: [&str; 2] = ["clone_flags", "futex_wake_op"];

    #[test]
    fn every_custom_type_of_the_table_has_a_decoder() {
        let known = |name: &str| decoder(name).is_some() || abi::structure(name).is_some() || ELSEWHERE.contains(&name);
        let missing: Vec<&&str> = abi::CUSTOMS.iter().filter(|name| !known(name)).collect();
        assert!(missing.is_empty(), "no decoder for {missing:?}");
    }
}
