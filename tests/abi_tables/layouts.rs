//! Structures of the tables beside the kernel's, as `linux-raw-sys` lays them out for the machine that builds.
//! `ifreq` is left out: the crate's has 144 bytes where the C compiler's has 40.

use std::mem::{offset_of, size_of};

use linux_raw_sys::{general, if_packet, io_uring, landlock, net, netlink, ptrace, system};

/// Our name, the kernel's size, and the offsets of the fields that both name.
pub type Layout = (&'static str, usize, Vec<(&'static str, usize)>);

macro_rules! layout {
    ($ours:literal, $theirs:ty: $($field:ident)*) => {
        ($ours, size_of::<$theirs>(), vec![$((stringify!($field), offset_of!($theirs, $field))),*])
    };
}

pub fn all() -> Vec<Layout> {
    let mut all = vec![
        layout!("timespec", general::timespec: tv_sec tv_nsec),
        layout!("timespec64", general::__kernel_timespec: tv_sec tv_nsec),
        layout!("itimerspec", general::itimerspec: it_interval it_value),
        layout!("itimerspec64", general::__kernel_itimerspec: it_interval it_value),
        layout!("timeval", general::timeval: tv_sec tv_usec),
        layout!("timezone", general::timezone: tz_minuteswest tz_dsttime),
        layout!("itimerval", general::itimerval: it_interval it_value),
        layout!("stat", general::stat: st_dev st_ino st_nlink st_mode st_uid st_gid st_rdev st_size st_blksize st_blocks
            st_atime st_atime_nsec st_mtime st_mtime_nsec st_ctime st_ctime_nsec),
        layout!("statx", general::statx: stx_mask stx_blksize stx_attributes stx_nlink stx_uid stx_gid stx_mode stx_ino
            stx_size stx_blocks stx_attributes_mask stx_atime stx_btime stx_ctime stx_mtime stx_rdev_major stx_rdev_minor
            stx_dev_major stx_dev_minor stx_mnt_id stx_dio_mem_align stx_dio_offset_align stx_subvol
            stx_atomic_write_unit_min stx_atomic_write_unit_max stx_atomic_write_segments_max),
        layout!("statx_timestamp", general::statx_timestamp: tv_sec tv_nsec),
        layout!("statfs", general::statfs: f_type f_bsize f_blocks f_bfree f_bavail f_files f_ffree f_fsid f_namelen
            f_frsize f_flags),
        layout!("statfs64", general::statfs64: f_type f_bsize f_blocks f_bfree f_bavail f_files f_ffree f_fsid f_namelen
            f_frsize f_flags),
        layout!("flock", general::flock: l_type l_whence l_start l_len l_pid),
        layout!("flock64", general::flock64: l_type l_whence l_start l_len l_pid),
        layout!("open_how", general::open_how: flags mode resolve),
        layout!("mount_attr", general::mount_attr: attr_set attr_clr propagation userns_fd),
        layout!("iovec", general::iovec: iov_base iov_len),
        layout!("pollfd", general::pollfd: fd events revents),
        layout!("epoll_event", general::epoll_event: events data),
        layout!("winsize", general::winsize: ws_row ws_col ws_xpixel ws_ypixel),
        layout!("termios", general::termios: c_iflag c_oflag c_cflag c_lflag c_line c_cc),
        layout!("termios2", general::termios2: c_iflag c_oflag c_cflag c_lflag c_line c_cc c_ispeed c_ospeed),
        layout!("rlimit", general::rlimit: rlim_cur rlim_max),
        layout!("rlimit64", general::rlimit64: rlim_cur rlim_max),
        layout!("rusage", general::rusage: ru_utime ru_stime ru_maxrss ru_ixrss ru_idrss ru_isrss ru_minflt ru_majflt
            ru_nswap ru_inblock ru_oublock ru_msgsnd ru_msgrcv ru_nsignals ru_nvcsw ru_nivcsw),
        layout!("clone_args", general::clone_args: flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid
            set_tid_size cgroup),
        layout!("cap_header", general::__user_cap_header_struct: version pid),
        layout!("cap_data", general::__user_cap_data_struct: effective permitted inheritable),
        layout!("futex_waitv", general::futex_waitv: val uaddr flags __reserved),
        layout!("sigaction", general::kernel_sigaction: sa_flags sa_restorer sa_mask),
        layout!("stack_t", general::stack_t: ss_sp ss_flags ss_size),
        layout!("siginfo", general::siginfo:),
        layout!("sigevent", general::sigevent: sigev_value sigev_signo sigev_notify),
        layout!("io_sqring_offsets", io_uring::io_sqring_offsets: head tail ring_mask ring_entries flags dropped array),
        layout!("io_cqring_offsets", io_uring::io_cqring_offsets: head tail ring_mask ring_entries overflow cqes flags),
        layout!("io_uring_params", io_uring::io_uring_params: sq_entries cq_entries flags sq_thread_cpu sq_thread_idle
            features wq_fd sq_off cq_off),
        layout!("sysinfo", system::sysinfo: uptime loads totalram freeram sharedram bufferram totalswap freeswap procs
            totalhigh freehigh mem_unit),
        layout!("utsname", system::new_utsname: sysname nodename release version machine domainname),
        layout!("sock_filter", ptrace::sock_filter: code jt jf k),
        layout!("sock_fprog", ptrace::sock_fprog: len filter),
        layout!("landlock_path_beneath_attr", landlock::landlock_path_beneath_attr: allowed_access parent_fd),
        layout!("landlock_net_port_attr", landlock::landlock_net_port_attr: allowed_access port),
        layout!("msghdr", net::msghdr: msg_name msg_namelen msg_iov msg_iovlen msg_control msg_controllen msg_flags),
        layout!("mmsghdr", net::mmsghdr: msg_hdr msg_len),
        layout!("cmsghdr", net::cmsghdr: cmsg_len cmsg_level cmsg_type),
        layout!("sockaddr_in", net::sockaddr_in: sin_family sin_port sin_addr),
        layout!("sockaddr_in6", net::sockaddr_in6: sin6_family sin6_port sin6_flowinfo sin6_addr sin6_scope_id),
        layout!("sockaddr_un", net::sockaddr_un: sun_family sun_path),
        layout!("sockaddr_nl", netlink::sockaddr_nl: nl_family nl_pid nl_groups),
        layout!("sockaddr_ll", if_packet::sockaddr_ll: sll_family sll_protocol sll_ifindex sll_hatype sll_pkttype sll_halen
            sll_addr),
        layout!("linger", net::linger: l_onoff l_linger),
        layout!("ucred", net::ucred: pid uid gid),
        layout!("nlmsghdr", netlink::nlmsghdr: nlmsg_len nlmsg_type nlmsg_flags nlmsg_seq nlmsg_pid),
        layout!("ifconf", net::ifconf: ifc_len),
    ];
    // The field's C name is a keyword in Rust.
    all.push((
        "f_owner_ex",
        size_of::<general::f_owner_ex>(),
        vec![("type", offset_of!(general::f_owner_ex, type_)), ("pid", offset_of!(general::f_owner_ex, pid))],
    ));
    all
}
