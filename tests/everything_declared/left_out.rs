//! What is declared and yet not printed, and why.

/// The reason, then structures with their fields, or sets with their constants; `*` for all.
pub type List = &'static [(&'static str, &'static [(&'static str, &'static str)])];

/// Fields that are not printed by that name.
pub const OWN_FORM: List = &[
    ("an instruction is shown by what its registers are called", &[("bpf_insn", "imm regs")]),
    (
        "only its decoder knows the way to it, and shows it by its own rules",
        &[("btrfs_ioctl_ino_lookup_args", "objectid treeid")],
    ),
    ("the union is shown by the member that the request uses", &[("ifreq", "ifr_ifru")]),
    (
        "i386's own layouts are chosen by the command and shown as an address; of the others strace leaves these out",
        &[
            ("ipc_perm", "cgid cuid gid key mode seq uid"),
            ("msqid_ds", "msg_cbytes msg_ctime msg_lrpid msg_lspid msg_perm msg_qbytes msg_qnum msg_rtime msg_stime"),
            ("semid_ds", "sem_ctime sem_nsems sem_otime sem_perm"),
            ("shmid_ds", "shm_atime shm_cpid shm_ctime shm_dtime shm_lpid shm_nattch shm_perm shm_segsz"),
        ],
    ),
    (
        "shown as the kernel's sigaction, by its decoder",
        &[("old_sigaction", "sa_flags sa_handler sa_mask sa_restorer")],
    ),
    ("what happened stands behind the result", &[("pollfd", "revents")]),
    ("shown in the order and by the names of the call's manual page", &[("pselect6_sigmask", "ss ss_len")]),
    ("only the family, and its name is shorter, as in strace", &[("rtgenmsg", "rtgen_family")]),
    ("shown as macros: BPF_STMT(...)", &[("sock_filter", "jf jt k")]),
    (
        "every address begins with sa_family",
        &[
            ("sockaddr_in", "sin_family"),
            ("sockaddr_in6", "sin6_addr sin6_family"),
            ("sockaddr_ll", "sll_family"),
            ("sockaddr_nl", "nl_family"),
            ("sockaddr_un", "sun_family"),
        ],
    ),
    ("the bits are shown one by one", &[("user_desc", "flags")]),
];

/// Constants that are not printed, or of which it is not known.
pub const UNNAMED: List = &[
    (
        "they stand in memory that is shown only if its parts fit together (versions, sizes, counts), or are bits of a map",
        &[
            ("bpf_kprobe_flags", "BPF_F_KPROBE_MULTI_RETURN"),
            ("bpf_netfilter_flags", "BPF_F_NETFILTER_IP_DEFRAG"),
            ("bpf_register", "*"),
            ("bpf_uprobe_flags", "BPF_F_UPROBE_MULTI_RETURN"),
            ("bsg_flags", "BSG_FLAG_Q_AT_HEAD BSG_FLAG_Q_AT_TAIL"),
            ("btrfs_qgroup_inherit_flags", "BTRFS_QGROUP_INHERIT_SET_LIMITS"),
            ("dm_flags", "*"),
            ("force_feedback_status", "FF_STATUS_PLAYING"),
            ("hci_channel", "*"),
            ("icmp_type", "*"),
            ("input_key", "*"),
            ("input_repeat", "REP_PERIOD"),
            ("input_switch", "SW_MACHINE_COVER SW_USB_INSERT"),
            ("iocb_flags", "IOCB_FLAG_IOPRIO IOCB_FLAG_RESFD"),
            ("ip_control", "SCM_SECURITY"),
            ("packet_membership", "*"),
            ("rtc_feature", "*"),
            ("scm", "*"),
            ("rtnetlink_type", "RTM_DELTUNNEL RTM_GETTUNNEL RTM_NEWTUNNEL RTM_SETSTATS"),
            ("sg_direction", "SG_DXFER_NONE SG_DXFER_TO_DEV SG_DXFER_TO_FROM_DEV"),
            ("tee_login", "*"),
            ("tee_origin", "TEEC_ORIGIN_API TEEC_ORIGIN_COMMS TEEC_ORIGIN_TRUSTED_APP"),
            ("tee_parameter", "*"),
            ("v4l2_control_class", "*"),
            ("xdp", "*"),
            ("xfeature_number", "*"),
        ],
    ),
    (
        "terminals have the same numbers, and who asks a descriptor that can be one asks a terminal",
        &[("ioctl", "SNDCTL_TMR_CONTINUE SNDCTL_TMR_START SNDCTL_TMR_STOP")],
    ),
];

/// Sets of which a number without a name is not shown in hexadecimal.
pub const NOT_IN_HEX: List = &[
    (
        "a result without a name is a decimal number",
        &[("adjtimex_state", "?"), ("seccomp_mode_result", "?"), ("syslog", "?")],
    ),
    ("a request without a name is taken apart: _IOC(...)", &[("ioctl", "?")]),
    ("a signal without a name is a decimal number, kill(2) takes any", &[("signal", "?")]),
    ("the highest bits are a number: 63<<MAP_HUGE_SHIFT", &[("map", "?"), ("memfd", "?")]),
    ("shown only beside ST_VALID", &[("statfs_flags", "?")]),
];
