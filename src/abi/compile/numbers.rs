//! Call numbers of each ABI, from the `syscalls` crate by name; x32 is the x86-64 table and its own numbers from 512 up
//! (`arch/x86/entry/syscalls/syscall_64.tbl`).

use super::calls::Calls;
use super::scan::{ABIS, Error};

/// Calls whose structures differ on x32, numbered from 512.
const X32_OWN: [&str; 36] = [
    "rt_sigaction",
    "rt_sigreturn",
    "ioctl",
    "readv",
    "writev",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "execve",
    "ptrace",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigqueueinfo",
    "sigaltstack",
    "timer_create",
    "mq_notify",
    "kexec_load",
    "waitid",
    "set_robust_list",
    "get_robust_list",
    "vmsplice",
    "move_pages",
    "preadv",
    "pwritev",
    "rt_tgsigqueueinfo",
    "recvmmsg",
    "sendmmsg",
    "process_vm_readv",
    "process_vm_writev",
    "setsockopt",
    "getsockopt",
    "io_setup",
    "io_submit",
    "execveat",
    "preadv2",
    "pwritev2",
];

/// Every number that the crate has a name for; its own `iter` leaves out the last one. Names that are Rust keywords
/// are raw identifiers there: `r#break`.
fn ids(name: impl Fn(usize) -> Option<&'static str>) -> Vec<(u16, String)> {
    let named = |i: u16| Some((i, name(usize::from(i))?.trim_start_matches("r#").to_string()));
    (0..1024).filter_map(named).collect()
}

/// By ABI: number and name, ascending.
pub struct Numbers {
    pub tables: [Vec<(u16, String)>; 4],
}

/// Calls that the kernel has and the crate does not yet: Linux 6.19 and 7.0, the same number on every ABI.
const NEWER: [(u16, &str); 2] = [(470, "listns"), (471, "rseq_slice_yield")];

impl Numbers {
    pub fn of_the_crate() -> Numbers {
        let newer = |mut table: Vec<(u16, String)>| {
            for (number, name) in NEWER {
                if table.iter().all(|(other, _)| *other != number) {
                    table.push((number, name.to_string()));
                }
            }
            table.sort_unstable();
            table
        };
        let x86_64 = newer(ids(|i| syscalls::x86_64::Sysno::new(i).map(|s| s.name())));
        let i386 = newer(ids(|i| syscalls::x86::Sysno::new(i).map(|s| s.name())));
        let aarch64 = newer(ids(|i| syscalls::aarch64::Sysno::new(i).map(|s| s.name())));
        let mut x32 = x86_64.clone();
        x32.retain(|(number, _)| *number < 512);
        x32.extend(X32_OWN.iter().enumerate().map(|(i, name)| (512 + i as u16, (*name).to_string())));
        Numbers { tables: [x86_64, i386, x32, aarch64] }
    }

    /// Every call has a line, and every line is a call somewhere.
    pub fn check(&self, calls: &Calls) -> Result<(), Error> {
        for (abi, table) in self.tables.iter().enumerate() {
            for (number, name) in table {
                if !calls.contains_key(&(name.clone(), None)) && !calls.contains_key(&(name.clone(), Some(abi))) {
                    let message = format!("`{name}` ({} call {number}) has no line in any table", ABIS[abi]);
                    return Err(Error { place: "assets/syscalls:0".into(), message });
                }
            }
        }
        for ((name, abi), call) in calls {
            let known = |table: &Vec<(u16, String)>| table.iter().any(|(_, n)| n == name);
            let found = match abi {
                Some(abi) => known(&self.tables[*abi]),
                None => self.tables.iter().any(known),
            };
            if !found {
                let message = format!("`{name}` is no call of {}", abi.map_or("any ABI", |abi| ABIS[abi]));
                return Err(Error { place: call.place.clone(), message });
            }
        }
        Ok(())
    }
}
