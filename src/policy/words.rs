//! The words that a profile may use, and the nearest valid one to a word that is not among them.

use super::error::Fault;
use crate::abi;

/// Capabilities of `linux/capability.h` up to Linux 6.18; capabilities(7).
pub(super) const CAPABILITIES: [&str; 41] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
];

/// Docker's default capabilities of a container.
pub(super) const DOCKER_CAPABILITIES: [&str; 14] = [
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
];

pub(super) const ACTIONS: [&str; 9] = [
    "SCMP_ACT_ALLOW",
    "SCMP_ACT_ERRNO",
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_LOG",
    "SCMP_ACT_NOTIFY",
    "SCMP_ACT_TRACE",
    "SCMP_ACT_TRAP",
];

pub(super) const OPERATORS: [&str; 7] =
    ["SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_GT", "SCMP_CMP_GE", "SCMP_CMP_MASKED_EQ"];

/// Architectures as `architectures` and `archMap` name them: the constants of the OCI runtime specification.
pub(super) const ARCHITECTURES: [&str; 23] = [
    "SCMP_ARCH_X86",
    "SCMP_ARCH_X86_64",
    "SCMP_ARCH_X32",
    "SCMP_ARCH_ARM",
    "SCMP_ARCH_AARCH64",
    "SCMP_ARCH_LOONGARCH64",
    "SCMP_ARCH_M68K",
    "SCMP_ARCH_MIPS",
    "SCMP_ARCH_MIPS64",
    "SCMP_ARCH_MIPS64N32",
    "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64",
    "SCMP_ARCH_MIPSEL64N32",
    "SCMP_ARCH_PARISC",
    "SCMP_ARCH_PARISC64",
    "SCMP_ARCH_PPC",
    "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",
    "SCMP_ARCH_RISCV64",
    "SCMP_ARCH_S390",
    "SCMP_ARCH_S390X",
    "SCMP_ARCH_SH",
    "SCMP_ARCH_SHEB",
];

/// Architectures as `includes.arches` and `excludes.arches` name them: Docker's own words for machines.
pub(super) const MACHINES: [&str; 18] = [
    "386",
    "amd64",
    "arm",
    "arm64",
    "loong64",
    "loongarch64",
    "mips",
    "mips64",
    "mips64n32",
    "mipsel",
    "mipsel64",
    "mipsel64n32",
    "ppc64le",
    "riscv64",
    "s390",
    "s390x",
    "x32",
    "x86",
];

/// The valid word nearest to `word` by edit distance, case apart; none if nothing is near.
pub fn nearest<'a>(word: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower: Vec<char> = word.to_lowercase().chars().take(64).collect();
    let near = |candidate: &str| {
        let candidate: Vec<char> = candidate.to_lowercase().chars().collect();
        // A word without its prefix (`ALLOW`, `sys_admin`) is as good as the word.
        if lower.len() >= 3 && candidate.len() > lower.len() && candidate.ends_with(&lower) {
            return 1;
        }
        distance(&lower, &candidate)
    };
    let (steps, found) = valid.into_iter().map(|v| (near(v), v)).min()?;
    (steps <= (found.len() / 3).max(2) && steps * 2 <= found.len()).then_some(found)
}

/// Words that mean the same in different forms, far as they are from each other.
const SYNONYMS: [&[&str]; 10] = [
    &["amd64", "x86_64", "x86-64", "SCMP_ARCH_X86_64"],
    &["arm64", "aarch64", "SCMP_ARCH_AARCH64"],
    &["386", "i386", "i686", "x86", "SCMP_ARCH_X86"],
    &["=", "==", "EQ", "SCMP_CMP_EQ"],
    &["!=", "NE", "SCMP_CMP_NE"],
    &["<", "LT", "SCMP_CMP_LT"],
    &["<=", "LE", "SCMP_CMP_LE"],
    &[">", "GT", "SCMP_CMP_GT"],
    &[">=", "GE", "SCMP_CMP_GE"],
    &["deny", "block", "SCMP_ACT_ERRNO", "EPERM"],
];

/// The valid word that means what this one means elsewhere.
fn synonym<'a>(word: &str, valid: &[&'a str]) -> Option<&'a str> {
    let group = SYNONYMS.iter().find(|group| group.iter().any(|other| other.eq_ignore_ascii_case(word)))?;
    valid.iter().copied().find(|valid| group.contains(valid))
}

/// Levenshtein distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// An errno by name or decimal, as Podman, systemd and minijail take it.
pub(super) fn errno(word: &str, at: usize) -> Result<u64, Fault> {
    if let Some(number) = abi::errno_number(word) {
        return Ok(number.into());
    }
    word.parse().map_err(|_| {
        let names: Vec<&str> = abi::all_errors().filter_map(|number| Some(abi::errno(number)?.0)).collect();
        let near = synonym(word, &names).or_else(|| nearest(word, names));
        let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
        Fault::new(at, format!("{word:?} is no error of errno(3){near}"))
    })
}

/// "`word` is no …; …": names the nearest valid word, or all of them.
pub(super) fn not_among(word: &str, what: &str, valid: &[&str]) -> String {
    match synonym(word, valid).or_else(|| nearest(word, valid.iter().copied())) {
        Some(near) => format!("{word:?} is no {what}; the nearest valid one is {near:?}"),
        None => format!("{word:?} is no {what}; valid are {}", valid.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_valid_word() {
        assert_eq!(nearest("SCMP_ACT_ALOW", ACTIONS), Some("SCMP_ACT_ALLOW"));
        assert_eq!(nearest("allow", ACTIONS), Some("SCMP_ACT_ALLOW"));
        assert_eq!(nearest("sys_admin", CAPABILITIES), Some("CAP_SYS_ADMIN"));
        assert_eq!(nearest("x86_64", ARCHITECTURES), Some("SCMP_ARCH_X86_64"));
        assert_eq!(nearest("something else", ACTIONS), None);
        assert_eq!(nearest("", ACTIONS), None);
        assert_eq!(synonym("AMD64", &ARCHITECTURES), Some("SCMP_ARCH_X86_64"));
        assert_eq!(synonym("x86_64", &MACHINES), Some("amd64"));
        assert_eq!(synonym("something", &MACHINES), None);
        assert_eq!(distance(&['a', 'b'], &['b']), 1);
    }

    #[test]
    fn dockers_capabilities_are_capabilities() {
        assert!(DOCKER_CAPABILITIES.iter().all(|c| CAPABILITIES.contains(c)));
    }
}
