//! Calls after whose ENOSYS a C library goes another way to the same end, so that a profile that answers ENOSYS only makes a
//! detour. As glibc 2.41 and musl 1.2.5 do it; a program that makes such a call by itself may know no other way.

/// What is called instead.
const WAYS: [(&str, &str); 17] = [
    ("clone3", "clone"),
    ("faccessat2", "faccessat and fstatat"),
    ("fchmodat2", "fchmodat, or chmod of /proc/self/fd/N"),
    ("statx", "newfstatat"),
    ("close_range", "close of each descriptor"),
    ("copy_file_range", "read and write, in most programs"),
    ("getrandom", "reading /dev/urandom"),
    ("rseq", "nothing: sched_getcpu becomes slower"),
    ("set_robust_list", "nothing: robust mutexes are not there"),
    ("epoll_pwait2", "epoll_pwait"),
    ("prlimit64", "getrlimit and setrlimit"),
    ("membarrier", "nothing: the program takes a slower way"),
    ("mseal", "nothing: the memory stays changeable"),
    ("clock_gettime64", "clock_gettime"),
    ("clock_nanosleep_time64", "clock_nanosleep"),
    ("futex_time64", "futex"),
    ("ppoll_time64", "ppoll"),
];

/// What a C library calls instead of a call that fails with ENOSYS; None if it gives up.
pub fn detour(call: &str) -> Option<&'static str> {
    WAYS.iter().find(|(name, _)| *name == call).map(|(_, instead)| *instead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi;

    #[test]
    fn every_way_is_from_a_call() {
        assert!(WAYS.iter().all(|(name, _)| abi::by_name(name).is_some()));
        assert_eq!((detour("clone3"), detour("openat")), (Some("clone"), None));
    }
}
