//! The flag sets that decoders look up by name, all in one place so that a test can check that each exists.

use crate::abi::{self, Arch};
use crate::decode::num;
use crate::decode::value::Value;

/// A flag set of `assets/flags`.
#[derive(Debug, Clone, Copy)]
pub struct Set(pub &'static str);

pub const FAMILY: Set = Set("address_family");
pub const NETLINK: Set = Set("netlink_protocol");
pub const IP_PROTOCOL: Set = Set("ip_protocol");
pub const ETHERTYPE: Set = Set("eth_protocol");
pub const PACKET_TYPE: Set = Set("packet_type");
pub const HARDWARE: Set = Set("arp_hardware");
pub const SOCKET_LEVEL: Set = Set("sol");
pub const CONTROL_TYPE: Set = Set("scm");
pub const MESSAGE: Set = Set("msg");
pub const SIGACTION: Set = Set("sigaction");
pub const SOCKET_OPTION: Set = Set("so");
pub const IP: Set = Set("ip");
pub const IPV6: Set = Set("ipv6");
pub const TCP: Set = Set("tcp");
pub const UDP: Set = Set("udp");
pub const PACKET: Set = Set("packet");
pub const NETLINK_OPTION: Set = Set("netlink");
pub const NETLINK_TYPE: Set = Set("nlmsg_type");
pub const NETLINK_FLAGS: Set = Set("nlmsg_flags");
pub const NETLINK_GET_FLAGS: Set = Set("nlmsg_get_flags");
pub const ROUTE_TYPE: Set = Set("rtnetlink_type");
pub const PTRACE_EVENT: Set = Set("ptrace_event");
pub const SMC_EXTENSION: Set = Set("nl_smc_diag_extended_flags");
pub const SMC_MODE: Set = Set("nl_smc_diag_mode");
pub const SMC_STATE: Set = Set("nl_smc_states");
pub const POLL: Set = Set("poll_events");
pub const INTERFACE: Set = Set("iff");
pub const SIGEV: Set = Set("sigev");
pub const EPOLL: Set = Set("epoll_events");
pub const IOCB_COMMAND: Set = Set("iocb_cmd");
pub const KEY_SPEC: Set = Set("key_spec");
pub const CLONE: Set = Set("clone");
pub const CLONE3: Set = Set("clone3");
pub const CONTROL_CHARACTER: Set = Set("control_character");
pub const INPUT_KEY: Set = Set("input_key");
pub const INPUT_EVENT: Set = Set("input_event");
pub const INPUT_PROPERTY: Set = Set("input_property");
pub const INPUT_REL: Set = Set("input_rel");
pub const INPUT_ABS: Set = Set("input_abs");
pub const INPUT_SWITCH: Set = Set("input_switch");
pub const INPUT_MISC: Set = Set("input_misc");
pub const INPUT_LED: Set = Set("input_led");
pub const INPUT_REPEAT: Set = Set("input_repeat");
pub const INPUT_SOUND: Set = Set("input_sound");
pub const FORCE_FEEDBACK: Set = Set("force_feedback");
pub const FORCE_FEEDBACK_STATUS: Set = Set("force_feedback_status");
pub const DEVICE_MAPPER: Set = Set("dm_flags");
pub const SG_DIRECTION: Set = Set("sg_direction");
pub const SG_FLAG: Set = Set("sg_flags");
pub const SG_INFO: Set = Set("sg_info");
pub const BSG_FLAG: Set = Set("bsg_flags");
pub const BSG_PROTOCOL: Set = Set("bsg_protocol");
pub const BSG_SUBPROTOCOL: Set = Set("bsg_subprotocol");
pub const TEE_ORIGIN: Set = Set("tee_origin");
pub const TEE_PARAMETER: Set = Set("tee_parameter");
pub const TEE_LOGIN: Set = Set("tee_login");
pub const TEE_SHARED: Set = Set("tee_shm_flags");
pub const GPIO_LINE: Set = Set("gpio_flags");
pub const GPIO_HANDLE: Set = Set("gpiohandle_flags");
pub const GPIO_EVENT: Set = Set("gpioevent_flags");
pub const GPIO_V2: Set = Set("gpio_v2_flags");
pub const NETLINK_ACK_FLAGS: Set = Set("nl_ack_flags");
pub const NETLINK_NEW_FLAGS: Set = Set("nl_new_flags");
pub const NETLINK_DELETE_FLAGS: Set = Set("nl_delete_flags");
pub const ROUTE_MESSAGE: Set = Set("nl_route_types");
pub const SELINUX_MESSAGE: Set = Set("nl_selinux_types");
pub const SOCK_DIAG_MESSAGE: Set = Set("nl_sock_diag_types");
pub const CRYPTO_MESSAGE: Set = Set("nl_crypto_types");
pub const AUDIT_MESSAGE: Set = Set("nl_audit_types");
pub const XFRM_MESSAGE: Set = Set("nl_xfrm_types");
pub const NETFILTER_BATCH: Set = Set("nl_netfilter_msg_types");
pub const NETFILTER_SUBSYSTEM: Set = Set("nl_netfilter_subsys_ids");
pub const GENERIC_FAMILY: Set = Set("nl_genl_family");
pub const DIAG_EXTENSION: Set = Set("nl_inet_diag_extended_flags");
pub const DIAG_STATES: Set = Set("nl_tcp_state_flags");
pub const DIAG_STATE: Set = Set("nl_tcp_states");
/// What begins an event that udev(7) sends on, linux: systemd's monitor.
pub const KERNEL_EVENT_MAGIC: u32 = 0xfeed_cafe;
pub const LSM_ID: Set = Set("lsm_id");
pub const BTRFS_BALANCE: Set = Set("btrfs_balance_flags");
pub const BTRFS_BALANCE_ARGS: Set = Set("btrfs_balance_args");
pub const BTRFS_BALANCE_STATE: Set = Set("btrfs_balance_state");
pub const BTRFS_COMPAT_RO: Set = Set("btrfs_features_compat_ro");
pub const BTRFS_COMPRESS: Set = Set("btrfs_compress_types");
pub const BTRFS_CSUM: Set = Set("btrfs_csum_types");
pub const BTRFS_DEFRAG: Set = Set("btrfs_defrag_flags");
pub const BTRFS_FS_INFO: Set = Set("btrfs_fs_info_flags");
pub const BTRFS_INCOMPAT: Set = Set("btrfs_features_incompat");
pub const BTRFS_INHERIT: Set = Set("btrfs_qgroup_inherit_flags");
pub const BTRFS_KEY: Set = Set("btrfs_key_types");
pub const BTRFS_LIMIT: Set = Set("btrfs_qgroup_limit_flags");
pub const BTRFS_LOGICAL: Set = Set("btrfs_logical_ino_args_flags");
pub const BTRFS_OBJECT: Set = Set("btrfs_tree_objectids");
pub const BTRFS_QUOTA: Set = Set("btrfs_qgroup_ctl_cmds");
pub const BTRFS_REPLACE: Set = Set("btrfs_dev_replace_cmds");
pub const BTRFS_REPLACE_FROM: Set = Set("btrfs_cont_reading_from_srcdev_mode");
pub const BTRFS_REPLACE_RESULT: Set = Set("btrfs_dev_replace_results");
pub const BTRFS_REPLACE_STATE: Set = Set("btrfs_dev_replace_state");
pub const BTRFS_SCRUB: Set = Set("btrfs_scrub_flags");
pub const BTRFS_SEND: Set = Set("btrfs_send_flags");
pub const BTRFS_SPACE: Set = Set("btrfs_space_info_flags");
pub const BTRFS_STATS: Set = Set("btrfs_dev_stats_flags");
pub const BTRFS_SUBVOLUME: Set = Set("btrfs_subvol_flags");
pub const DEVCONF4: Set = Set("nl_devconf4");
pub const DEVCONF6: Set = Set("nl_devconf6");
pub const IP_STATISTICS: Set = Set("nl_ipstats");
pub const ICMP6_STATISTICS: Set = Set("nl_icmp6stats");
pub const V4L2_BUFFER_FLAGS: Set = Set("v4l2_buffer_flags");
pub const V4L2_BUFFER_TIME: Set = Set("v4l2_buffer_time");
pub const V4L2_BUFFER_TIME_SOURCE: Set = Set("v4l2_buffer_time_source");
pub const V4L2_CAPTURE_MODE: Set = Set("v4l2_capture_mode");
pub const V4L2_COLORSPACE: Set = Set("v4l2_colorspace");
pub const V4L2_CONTROL: Set = Set("v4l2_control");
pub const V4L2_CONTROL_CLASS: Set = Set("v4l2_control_class");
pub const V4L2_CONTROL_FLAGS: Set = Set("v4l2_control_flags");
pub const V4L2_CONTROL_NEXT: Set = Set("v4l2_control_next");
pub const V4L2_CONTROL_TYPE: Set = Set("v4l2_control_type");
pub const V4L2_FIELD: Set = Set("v4l2_field");
pub const V4L2_FORMAT_FLAGS: Set = Set("v4l2_format_flags");
pub const V4L2_FRAME_INTERVAL: Set = Set("v4l2_frame_interval");
pub const V4L2_FRAME_SIZE: Set = Set("v4l2_frame_size");
pub const V4L2_INPUT_TYPE: Set = Set("v4l2_input_type");
pub const V4L2_STANDARD: Set = Set("v4l2_standard");
pub const V4L2_INPUT_STATUS: Set = Set("v4l2_input_status");
pub const V4L2_INPUT_CAPABILITY: Set = Set("v4l2_input_capability");
pub const V4L2_MEMORY: Set = Set("v4l2_memory");
pub const V4L2_META_FORMAT: Set = Set("v4l2_meta_format");
pub const V4L2_PIXEL_FORMAT: Set = Set("v4l2_pixel_format");
pub const V4L2_RADIO_FORMAT: Set = Set("v4l2_radio_format");
pub const V4L2_SLICED_FLAGS: Set = Set("v4l2_sliced_flags");
pub const V4L2_TIME_PER_FRAME: Set = Set("v4l2_time_per_frame");
pub const V4L2_TUNER_CAPABILITY: Set = Set("v4l2_tuner_capability");
pub const V4L2_TUNER_MODE: Set = Set("v4l2_tuner_mode");
pub const V4L2_TUNER_SUB: Set = Set("v4l2_tuner_sub");
pub const V4L2_TUNER_TYPE: Set = Set("v4l2_tuner_type");
pub const V4L2_VBI_FLAGS: Set = Set("v4l2_vbi_flags");
pub const V4L2_BUFFER_TYPE: Set = Set("v4l2_buffer_type");
pub const OPEN: Set = Set("open");
pub const PTP: Set = Set("ptp_flags");
pub const PTP_PIN: Set = Set("ptp_pin");
pub const PTP_PEROUT: Set = Set("ptp_perout_flags");
pub const TUN: Set = Set("tun_flags");
pub const MTE_CHECK: Set = Set("mte_check");
pub const PR_SME: Set = Set("pr_sme");
pub const PR_SVE: Set = Set("pr_sve");
pub const XFEATURE: Set = Set("xfeature");
pub const XFEATURE_NUMBER: Set = Set("xfeature_number");
pub const SYSCALL_INFO: Set = Set("syscall_info_op");
pub const BPF_REGISTER: Set = Set("bpf_register");
pub const UPROBE: Set = Set("bpf_uprobe_flags");
pub const NETFILTER: Set = Set("bpf_netfilter_flags");
pub const KPROBE: Set = Set("bpf_kprobe_flags");
pub const IP_CONTROL: Set = Set("ip_control");
pub const TXREHASH: Set = Set("txrehash");
pub const PACKET_MEMBERSHIP: Set = Set("packet_membership");
pub const ICMP_TYPE: Set = Set("icmp_type");
pub const RAW: Set = Set("raw");
pub const HCI_CHANNEL: Set = Set("hci_channel");
pub const XDP: Set = Set("xdp");
pub const QUOTA_FORMAT: Set = Set("quota_format");
pub const XFS_QUOTA: Set = Set("xfs_quota");
pub const XFS_QUOTA_KIND: Set = Set("xfs_quota_kind");
pub const FANOTIFY_CLASS: Set = Set("fanotify_class");
pub const FANOTIFY_INIT: Set = Set("fanotify_init");
pub const KEXEC: Set = Set("kexec");
pub const KEXEC_ARCH: Set = Set("kexec_arch");
pub const SWAP: Set = Set("swap");
pub const IOCB_FLAG: Set = Set("iocb_flags");
pub const RWF: Set = Set("rwf");
pub const FIEMAP: Set = Set("fiemap_flags");
pub const RTC_BSM: Set = Set("rtc_bsm");
pub const RTC_FEATURE: Set = Set("rtc_feature");
pub const RTC_PARAM: Set = Set("rtc_param");
pub const SG_RESET: Set = Set("sg_scsi_reset");
pub const BLKPG: Set = Set("blkpg");
pub const ATA_COMMAND: Set = Set("ata_cmd");
pub const UFFD_FEATURE: Set = Set("uffd_feature");
pub const AUDIT_ARCH: Set = Set("audit_arch");
pub const SECCOMP_ACTION: Set = Set("seccomp_action");
pub const FILTER_FLAGS: Set = Set("seccomp_flags");
pub const CLOCK: Set = Set("clock");
pub const HW_BREAKPOINT: Set = Set("hw_breakpoint");
pub const PERF_BRANCH: Set = Set("perf_branch");
pub const PERF_CACHE: Set = Set("perf_cache");
pub const PERF_CACHE_OP: Set = Set("perf_cache_op");
pub const PERF_CACHE_RESULT: Set = Set("perf_cache_result");
pub const PERF_FORMAT: Set = Set("perf_format");
pub const PERF_HARDWARE: Set = Set("perf_hardware");
pub const PERF_SAMPLE: Set = Set("perf_sample");
pub const PERF_SIZE: Set = Set("perf_attr_size");
pub const PERF_SOFTWARE: Set = Set("perf_software");
pub const PERF_TYPE: Set = Set("perf_type");

impl Set {
    /// The one name of a value of `bits` bits.
    pub fn name(self, arch: Arch, value: u64, bits: usize) -> Value {
        match abi::flag_set(self.0) {
            Some(set) => num::enumerated(arch, set, value, bits),
            None => Value::Hex(value),
        }
    }

    /// The names of the bits of a value of `bits` bits.
    pub fn flags(self, arch: Arch, value: u64, bits: usize) -> Value {
        match abi::flag_set(self.0) {
            Some(set) => num::flags(arch, set, value, bits),
            None => Value::Hex(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_that_a_decoder_looks_up_exists() {
        let all = [
            FAMILY,
            NETLINK,
            NETLINK_TYPE,
            NETLINK_FLAGS,
            NETLINK_GET_FLAGS,
            ROUTE_TYPE,
            IP_PROTOCOL,
            ETHERTYPE,
            PACKET_TYPE,
            HARDWARE,
            SOCKET_LEVEL,
            CONTROL_TYPE,
            MESSAGE,
            SIGACTION,
            SOCKET_OPTION,
            IP,
            IPV6,
            TCP,
            UDP,
            PACKET,
            NETLINK_OPTION,
            POLL,
            INTERFACE,
            SIGEV,
            EPOLL,
            IOCB_COMMAND,
            KEY_SPEC,
            CLONE,
            CLONE3,
            INPUT_KEY,
            INPUT_EVENT,
            INPUT_PROPERTY,
            INPUT_REL,
            INPUT_ABS,
            INPUT_SWITCH,
            INPUT_MISC,
            INPUT_LED,
            INPUT_REPEAT,
            INPUT_SOUND,
            FORCE_FEEDBACK,
            FORCE_FEEDBACK_STATUS,
            DEVICE_MAPPER,
            SG_DIRECTION,
            SG_FLAG,
            SG_INFO,
            BSG_FLAG,
            BSG_PROTOCOL,
            BSG_SUBPROTOCOL,
            TEE_ORIGIN,
            TEE_PARAMETER,
            TEE_LOGIN,
            TEE_SHARED,
            GPIO_LINE,
            GPIO_HANDLE,
            GPIO_EVENT,
            GPIO_V2,
            NETLINK_ACK_FLAGS,
            NETLINK_NEW_FLAGS,
            NETLINK_DELETE_FLAGS,
            ROUTE_MESSAGE,
            SELINUX_MESSAGE,
            SOCK_DIAG_MESSAGE,
            CRYPTO_MESSAGE,
            AUDIT_MESSAGE,
            XFRM_MESSAGE,
            NETFILTER_BATCH,
            NETFILTER_SUBSYSTEM,
            GENERIC_FAMILY,
            DIAG_EXTENSION,
            DIAG_STATE,
            DIAG_STATES,
            LSM_ID,
            BTRFS_BALANCE,
            BTRFS_BALANCE_ARGS,
            BTRFS_BALANCE_STATE,
            BTRFS_COMPAT_RO,
            BTRFS_COMPRESS,
            BTRFS_CSUM,
            BTRFS_DEFRAG,
            BTRFS_FS_INFO,
            BTRFS_INCOMPAT,
            BTRFS_INHERIT,
            BTRFS_KEY,
            BTRFS_LIMIT,
            BTRFS_LOGICAL,
            BTRFS_OBJECT,
            BTRFS_QUOTA,
            BTRFS_REPLACE,
            BTRFS_REPLACE_FROM,
            BTRFS_REPLACE_RESULT,
            BTRFS_REPLACE_STATE,
            BTRFS_SCRUB,
            BTRFS_SEND,
            BTRFS_SPACE,
            BTRFS_STATS,
            BTRFS_SUBVOLUME,
            DEVCONF4,
            DEVCONF6,
            IP_STATISTICS,
            ICMP6_STATISTICS,
            CONTROL_CHARACTER,
            PTP,
            PTP_PIN,
            PTP_PEROUT,
            TUN,
            MTE_CHECK,
            PR_SME,
            PR_SVE,
            XFEATURE,
            XFEATURE_NUMBER,
            SYSCALL_INFO,
            BPF_REGISTER,
            KPROBE,
            IP_CONTROL,
            TXREHASH,
            PACKET_MEMBERSHIP,
            ICMP_TYPE,
            RAW,
            HCI_CHANNEL,
            XDP,
            QUOTA_FORMAT,
            XFS_QUOTA,
            XFS_QUOTA_KIND,
            FANOTIFY_CLASS,
            FANOTIFY_INIT,
            KEXEC,
            KEXEC_ARCH,
            SWAP,
            IOCB_FLAG,
            RWF,
            FIEMAP,
            RTC_BSM,
            RTC_FEATURE,
            RTC_PARAM,
            SG_RESET,
            BLKPG,
            ATA_COMMAND,
            UFFD_FEATURE,
            AUDIT_ARCH,
            SECCOMP_ACTION,
            V4L2_BUFFER_FLAGS,
            V4L2_BUFFER_TIME,
            V4L2_BUFFER_TIME_SOURCE,
            V4L2_BUFFER_TYPE,
            V4L2_CAPTURE_MODE,
            V4L2_COLORSPACE,
            V4L2_CONTROL,
            V4L2_CONTROL_CLASS,
            V4L2_CONTROL_FLAGS,
            V4L2_CONTROL_NEXT,
            V4L2_CONTROL_TYPE,
            V4L2_FIELD,
            V4L2_FORMAT_FLAGS,
            V4L2_FRAME_INTERVAL,
            V4L2_FRAME_SIZE,
            V4L2_INPUT_TYPE,
            V4L2_MEMORY,
            V4L2_META_FORMAT,
            V4L2_PIXEL_FORMAT,
            V4L2_RADIO_FORMAT,
            V4L2_SLICED_FLAGS,
            V4L2_TIME_PER_FRAME,
            V4L2_TUNER_CAPABILITY,
            V4L2_TUNER_MODE,
            V4L2_TUNER_SUB,
            V4L2_TUNER_TYPE,
            V4L2_VBI_FLAGS,
            CLOCK,
            FILTER_FLAGS,
            OPEN,
            UPROBE,
            NETFILTER,
            V4L2_STANDARD,
            V4L2_INPUT_STATUS,
            V4L2_INPUT_CAPABILITY,
            HW_BREAKPOINT,
            PERF_BRANCH,
            PERF_CACHE,
            PERF_CACHE_OP,
            PERF_CACHE_RESULT,
            PERF_FORMAT,
            PERF_HARDWARE,
            PERF_SAMPLE,
            PERF_SIZE,
            PERF_SOFTWARE,
            PERF_TYPE,
        ];
        let missing: Vec<&str> = all.iter().map(|set| set.0).filter(|name| abi::flag_set(name).is_none()).collect();
        assert!(missing.is_empty(), "no such set in assets/flags: {missing:?}");
    }
}
