//! Which call a function of the vDSO answers. vdso(7).
//!
//! Left out on purpose: what is no call in disguise. `__kernel_vsyscall` and the sigreturn trampolines are ways into the
//! kernel already, `__vdso_sgx_enter_enclave` enters an enclave and no kernel.

/// The calls that some kernel's vDSO answers.
const CALLS: [&str; 7] =
    ["clock_getres", "clock_gettime", "clock_gettime64", "getcpu", "getrandom", "gettimeofday", "time"];

/// What an aarch64 kernel's vDSO exports, and the calls: arch/arm64/kernel/vdso/vdso.lds.S. The last is on the way into the
/// kernel already.
pub const AARCH64: [(&str, Option<&str>); 5] = [
    ("__kernel_gettimeofday", Some("gettimeofday")),
    ("__kernel_clock_gettime", Some("clock_gettime")),
    ("__kernel_clock_getres", Some("clock_getres")),
    ("__kernel_getrandom", Some("getrandom")),
    ("__kernel_rt_sigreturn", None),
];

/// The name of the call that a symbol stands for: `__vdso_time` (x86), `__kernel_clock_gettime` (aarch64), or the alias
/// without either.
pub fn call_of(symbol: &str) -> Option<&'static str> {
    let name = symbol.strip_prefix("__vdso_").or_else(|| symbol.strip_prefix("__kernel_")).unwrap_or(symbol);
    CALLS.into_iter().find(|call| *call == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_of_all_architectures_have_their_calls() {
        assert_eq!(call_of("__vdso_clock_gettime"), Some("clock_gettime"));
        assert_eq!(call_of("__vdso_clock_gettime64"), Some("clock_gettime64"));
        assert_eq!(call_of("__kernel_getrandom"), Some("getrandom"));
        assert_eq!(call_of("time"), Some("time"));
        for other in ["__vdso_sgx_enter_enclave", "__kernel_vsyscall", "__kernel_rt_sigreturn", "LINUX_2.6", ""] {
            assert_eq!(call_of(other), None, "{other}");
        }
    }
}
