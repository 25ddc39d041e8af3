//! The tables against the kernel: constants and layouts as `linux-raw-sys` has them, calls as the `syscalls` crate has them,
//! and the compiler of the tables against broken ones.

#[path = "abi_tables/broken.rs"]
mod broken;
#[path = "../src/abi/compile/mod.rs"]
mod compiler;
#[path = "abi_tables/constants.rs"]
mod constants;
#[path = "abi_tables/layouts.rs"]
mod layouts;
#[path = "abi_tables/requests.rs"]
mod requests;

use std::collections::{BTreeMap, BTreeSet};

use sysview::abi::{self, Arch, Call, Type};

/// The ABI whose constants `linux-raw-sys` shows on this machine.
const HOST: Arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };

fn every_call() -> impl Iterator<Item = &'static Call> {
    let of_one_abi = Arch::ALL.into_iter().flat_map(|arch| (0..1024).filter_map(move |nr| abi::lookup(arch, nr)));
    abi::calls().chain(of_one_abi).flat_map(|call| std::iter::once(call).chain(call.variants))
}

/// Every set by name: what the calls and structures use, and what decoders ask for by name.
fn constants_of_the_tables() -> BTreeMap<&'static str, BTreeSet<u64>> {
    let mut found: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for set in abi::flag_sets() {
        for constant in set.constants(HOST) {
            found.entry(constant.name).or_default().insert(constant.value);
        }
    }
    found
}

#[test]
fn constants_are_those_of_the_kernel() {
    let ours = constants_of_the_tables();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (name, value) in constants::all() {
        let Some(values) = ours.get(name) else {
            wrong.push(format!("{name} is in no set of assets/flags"));
            continue;
        };
        checked += 1;
        // A negative int is kept in 32 bits.
        if !values.iter().all(|v| *v == value || *v == value & 0xffff_ffff) {
            wrong.push(format!("{name}: {values:x?} in assets/flags, {value:#x} in the kernel"));
        }
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 1500, "only {checked} constants were checked");
}

#[test]
fn layouts_are_those_of_the_kernel() {
    let mut wrong = Vec::new();
    for (name, size, fields) in layouts::all() {
        let Some(structure) = abi::structure(name) else {
            wrong.push(format!("{name} is not in assets/structs"));
            continue;
        };
        let layout = structure.layout(HOST);
        if layout.size as usize != size {
            wrong.push(format!("{name}: {} bytes in assets/structs, {size} in the kernel", layout.size));
        }
        for (field, offset) in fields {
            match layout.fields.iter().find(|f| f.name == field) {
                Some(ours) if ours.offset as usize == offset => {}
                Some(ours) => wrong.push(format!("{name}.{field}: at {} instead of {offset}", ours.offset)),
                None => wrong.push(format!("{name}.{field} is missing")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn layouts_differ_by_abi_where_the_kernels_do() {
    let size = |name: &str, arch| abi::structure(name).expect("a structure").layout(arch).size;
    // What a C compiler says for each ABI with the kernel's headers. x32 shares most of the 64-bit ones.
    assert_eq!(Arch::ALL.map(|a| size("stat", a)), [144, 64, 144, 128]);
    assert_eq!(size("stat64", Arch::I386), 96);
    assert_eq!(Arch::ALL.map(|a| size("timespec", a)), [16, 8, 16, 16]);
    // 64-bit fields align to 4 on i386 only.
    assert_eq!(Arch::ALL.map(|a| size("flock64", a)), [32, 24, 32, 32]);
    assert_eq!([Arch::X86_64, Arch::I386].map(|a| size("statfs64", a)), [120, 84]);
    assert_eq!(Arch::ALL.map(|a| size("ifreq", a)), [40, 32, 32, 40]);
    assert_eq!(Arch::ALL.map(|a| size("epoll_event", a)), [12, 12, 12, 16]);
    assert_eq!(Arch::ALL.map(|a| size("sigevent", a)), [64, 64, 64, 64]);
    assert_eq!(Arch::ALL.map(|a| size("msghdr", a)), [56, 28, 28, 56]);
    assert_eq!(Arch::ALL.map(|a| size("sigaction", a)), [32, 20, 20, 32]);
    assert_eq!(Arch::ALL.map(|a| size("rusage", a)), [144, 72, 144, 144]);
    assert_eq!(Arch::ALL.map(|a| size("sysinfo", a)), [112, 64, 112, 112]);
    assert_eq!(Arch::ALL.map(|a| size("timex", a)), [208, 128, 208, 208]);
    assert_eq!(Arch::ALL.map(|a| size("mq_attr", a)), [64, 32, 64, 64]);
    assert_eq!(Arch::ALL.map(|a| size("flock", a)), [32, 16, 32, 32]);
    assert_eq!(Arch::ALL.map(|a| size("stack_t", a)), [24, 12, 12, 24]);
    assert_eq!(Arch::ALL.map(|a| size("siginfo", a)), [128; 4]);
}

#[test]
fn open_flags_differ_on_aarch64() {
    let open = abi::flag_set("open").expect("the set");
    for (name, x86, aarch64) in [
        ("O_DIRECT", 0o40000, 0o200000),
        ("O_LARGEFILE", 0o100000, 0o400000),
        ("O_DIRECTORY", 0o200000, 0o40000),
        ("O_NOFOLLOW", 0o400000, 0o100000),
        ("O_CLOEXEC", 0o2000000, 0o2000000),
    ] {
        assert_eq!(open.value(Arch::X86_64, name), Some(x86), "{name}");
        assert_eq!(open.value(Arch::I386, name), Some(x86), "{name}");
        assert_eq!(open.value(Arch::Aarch64, name), Some(aarch64), "{name}");
    }
}

#[test]
fn every_number_of_the_syscalls_crate_has_its_declaration() {
    let mut names = BTreeSet::new();
    for nr in 0..1024 {
        let crates = [
            (Arch::X86_64, syscalls::x86_64::Sysno::new(nr).map(|s| s.name())),
            (Arch::I386, syscalls::x86::Sysno::new(nr).map(|s| s.name())),
            (Arch::Aarch64, syscalls::aarch64::Sysno::new(nr).map(|s| s.name())),
        ];
        for (arch, expected) in crates {
            let found = abi::lookup(arch, nr as u64);
            // What the kernel has and the crate does not yet.
            let newer = [(470, "listns"), (471, "rseq_slice_yield")];
            let newer = newer.iter().find(|(number, _)| *number == nr).map(|(_, name)| *name);
            let expected = expected.map(|name| name.trim_start_matches("r#")).or(newer);
            assert_eq!(found.map(|call| call.name), expected, "{} call {nr}", arch.name());
            if let Some(name) = expected {
                assert_eq!(abi::number(arch, name), Some(nr as u64));
                names.insert(name);
            }
        }
    }
    assert!(names.iter().all(|name| abi::by_name(name).is_some()));
    assert_eq!(abi::lookup(Arch::X86_64, 9999).map(|c| c.name), None);
    assert_eq!(abi::lookup(Arch::X86_64, u64::MAX).map(|c| c.name), None);
}

#[test]
fn every_number_that_was_compiled_is_found_again() {
    for (arch, table) in Arch::ALL.into_iter().zip(compiler::numbers::Numbers::of_the_crate().tables) {
        for (nr, name) in table {
            let call = abi::lookup(arch, u64::from(nr)).map(|call| call.name);
            assert_eq!(call, Some(name.as_str()), "{} call {nr}", arch.name());
        }
    }
}

#[test]
fn x32_has_its_own_numbers_from_512() {
    let name = |nr| abi::lookup(Arch::X32, nr).map(|call| call.name);
    assert_eq!(name(0x4000_0000), Some("read"));
    assert_eq!(name(0x4000_0000 | 520), Some("execve"));
    assert_eq!(name(0x4000_0000 | 547), Some("pwritev2"));
    assert_eq!(name(0x4000_0000 | 548), None);
    assert_eq!(abi::number(Arch::X32, "execve"), Some(0x4000_0000 | 520));
    assert_eq!(abi::number(Arch::X32, "openat"), Some(0x4000_0000 | 257));
}

#[test]
fn what_real_programs_make_is_described() {
    let described = (0..1024).filter_map(|nr| abi::lookup(Arch::X86_64, nr)).filter(|call| call.described).count();
    assert!(described >= 300, "{described} calls of x86-64 are described");
}

#[test]
fn declarations_hang_together() {
    for call in every_call() {
        let name = format!("{}${}", call.name, call.variant);
        assert!(call.args.len() <= 6, "{name}");
        let names: BTreeSet<&str> = call.args.iter().map(|arg| arg.name).collect();
        assert_eq!(names.len(), call.args.len(), "{name} has an argument twice");
        assert!(call.source.starts_with("assets/syscalls/"), "{name}");
        if !call.variant.is_empty() {
            let constant = |arg: &abi::Arg| matches!(arg.ty, Type::Num { meaning: abi::Meaning::Const { .. }, .. });
            assert!(call.args.iter().any(constant), "{name} has no constant that selects it");
            assert!(call.described, "{name}");
        }
    }
}

#[test]
fn classes_are_those_of_strace() {
    let tags = |name: &str| abi::by_name(name).expect("a call").tags;
    assert_eq!(tags("openat"), ["desc", "file"]);
    assert_eq!(tags("newfstatat"), ["desc", "file", "fstat"]);
    assert_eq!(tags("mmap"), ["desc", "memory"]);
    assert_eq!(tags("kill"), ["signal", "process"]);
    assert_eq!(tags("nanosleep"), [""; 0]);
    // A variant has the classes of its call.
    assert_eq!(abi::by_name("prctl").expect("a call").select(&[22, 2, 0, 0, 0, 0]).tags, ["creds"]);
}

#[test]
fn a_constant_selects_its_variant() {
    let select = |name: &str, args| abi::by_name(name).expect("a call").select(&args).variant;
    assert_eq!(select("fcntl", [3, 4, 0, 0, 0, 0]), "F_SETFL");
    assert_eq!(select("fcntl", [3, 9999, 0, 0, 0, 0]), "");
    assert_eq!(select("ioctl", [0, 0x5413, 0, 0, 0, 0]), "TIOCGWINSZ");
    assert_eq!(select("futex", [0, 0x189, 0, 0, 0, 0]), "FUTEX_WAIT_BITSET_PRIVATE_REALTIME");
    assert_eq!(select("prctl", [22, 2, 0, 0, 0, 0]), "PR_SET_SECCOMP_FILTER");
    assert_eq!(select("prctl", [22, 1, 0, 0, 0, 0]), "PR_SET_SECCOMP");
}

#[test]
fn errors_signals_and_capabilities_have_names() {
    assert_eq!(abi::errno(2), Some(("ENOENT", "No such file or directory")));
    assert_eq!(abi::errno(11).map(|e| e.0), Some("EAGAIN"));
    assert_eq!(abi::errno(512), Some(("ERESTARTSYS", "To be restarted if SA_RESTART is set")));
    assert_eq!(abi::errno(0), None);
    assert_eq!(abi::errno(41), None);
    assert_eq!((1..=133).filter(|n| abi::errno(*n).is_some()).count(), 131);
    assert_eq!(abi::errno_number("EPERM"), Some(1));
    assert_eq!(abi::signal_name(17), Some("SIGCHLD"));
    assert_eq!(abi::signal_name(32), Some("SIGRTMIN"));
    assert_eq!(abi::signal_name(64), Some("SIGRT_32"));
    assert_eq!(abi::signal_name(65), None);
    assert_eq!(abi::signal_number("TERM"), Some(15));
    assert_eq!(abi::capability_name(21), Some("CAP_SYS_ADMIN"));
    assert_eq!(abi::capability_name(40), Some("CAP_CHECKPOINT_RESTORE"));
}

#[test]
fn errors_of_the_syscalls_crate_have_the_same_names() {
    for number in 1..=133_u16 {
        let theirs = syscalls::Errno::new(i32::from(number)).name();
        let ours = abi::errno(number).map(|e| e.0);
        assert_eq!(ours, theirs, "error {number}");
    }
}

#[test]
fn customs_are_listed_once_and_sorted() {
    assert!(abi::CUSTOMS.is_sorted_by(|a, b| a < b));
    assert!(abi::CUSTOMS.contains(&"sockaddr"));
}
