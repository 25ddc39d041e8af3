//! What can be read about this system and this process, as plain values, so that every judgement on them can be tested.

use std::fs;

use crate::capture::procfs;

/// The process that traces another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracer {
    pub pid: i32,
    /// Escaped; empty if it cannot be read.
    pub name: String,
}

/// Who traces the task `tid`. A tracer outside of our PID namespace is not told by the kernel.
pub fn tracer_of(tid: i32) -> Option<Tracer> {
    tracer_of_task(&tid.to_string())
}

fn tracer_of_task(task: &str) -> Option<Tracer> {
    let thread = procfs::status_field(task, "TracerPid").filter(|&pid| pid != 0)?;
    // It names the tracing thread; people know processes.
    let pid = procfs::status_field(&thread.to_string(), "Tgid").unwrap_or(thread);
    let name = procfs::comm(pid).unwrap_or_default();
    Some(Tracer { pid, name: String::from_utf8_lossy(&name).escape_debug().to_string() })
}

#[derive(Debug, Clone, Default)]
pub struct Here {
    /// `6.1.0-13-amd64`; empty if unknown.
    pub kernel: String,
    /// kernel.yama.ptrace_scope; None without Yama.
    pub yama: Option<u8>,
    /// Who traces the child that was to be traced.
    pub childs_tracer: Option<Tracer>,
    /// Who traces sysview.
    pub own_tracer: Option<Tracer>,
    pub no_new_privs: bool,
    /// 0 none, 1 strict, 2 filter; None if /proc does not tell.
    pub seccomp: Option<i32>,
    pub cap_effective: u64,
    pub cap_permitted: u64,
    pub cap_bounding: u64,
    pub uid: u32,
    /// These count when one asks to trace, not the effective ones.
    pub real_uid: u32,
    pub real_gid: u32,
    pub uid_map: String,
    pub rosetta: bool,
    /// SELinux's boolean deny_ptrace.
    pub selinux_denies: bool,
    /// The label that a security module gave us, escaped; empty without one.
    pub confinement: String,
    /// A container's kind and the file or variable that tells it.
    pub container: Option<(&'static str, &'static str)>,
    pub clock: String,
    pub mountinfo: String,
    /// The vDSO's functions; None without a vDSO.
    pub vdso: Option<Vec<String>>,
}

/// Bit of `CapEff`. capabilities(7).
const CAP_SYS_PTRACE: u32 = 19;

/// Whether a set of capabilities holds CAP_SYS_PTRACE.
pub fn has_ptrace(set: u64) -> bool {
    set & (1 << CAP_SYS_PTRACE) != 0
}

impl Here {
    pub fn has_ptrace(&self) -> bool {
        has_ptrace(self.cap_effective)
    }

    pub fn read(childs_tracer: Option<Tracer>) -> Here {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let status = text("/proc/self/status");
        let hex = |field: &str| u64::from_str_radix(&field_of(&status, field), 16).unwrap_or(0);
        Here {
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
            yama: text("/proc/sys/kernel/yama/ptrace_scope").trim().parse().ok(),
            childs_tracer,
            own_tracer: tracer_of_task("thread-self").or_else(|| tracer_of_task("self")),
            no_new_privs: field_of(&status, "NoNewPrivs") == "1",
            seccomp: field_of(&status, "Seccomp").parse().ok(),
            cap_effective: hex("CapEff"),
            cap_permitted: hex("CapPrm"),
            cap_bounding: hex("CapBnd"),
            real_uid: nix::unistd::getuid().as_raw(),
            real_gid: nix::unistd::getgid().as_raw(),
            uid: nix::unistd::geteuid().as_raw(),
            uid_map: text("/proc/self/uid_map").split_whitespace().collect::<Vec<_>>().join(" "),
            rosetta: text("/proc/cpuinfo").contains("VirtualApple"),
            selinux_denies: text("/sys/fs/selinux/booleans/deny_ptrace").starts_with('1'),
            confinement: text("/proc/self/attr/current").trim_matches(['\0', '\n']).escape_debug().to_string(),
            container: container(&text("/proc/self/cgroup"), &|path| fs::exists(path).unwrap_or(false)),
            clock: text("/sys/devices/system/clocksource/clocksource0/current_clocksource").trim().to_owned(),
            mountinfo: text("/proc/self/mountinfo"),
            vdso: vdso(),
        }
    }
}

/// The value of `Name:<tab>value`.
fn field_of(status: &str, field: &str) -> String {
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.unwrap_or_default().trim().to_owned()
}

fn container(cgroup: &str, exists: &dyn Fn(&str) -> bool) -> Option<(&'static str, &'static str)> {
    const FILES: [(&str, &str); 3] = [
        ("Docker", "/.dockerenv"),
        ("Podman", "/run/.containerenv"),
        ("a container of systemd's kind", "/run/systemd/container"),
    ];
    const WORDS: [(&str, &str); 5] = [
        ("kubepods", "Kubernetes"),
        ("docker", "Docker"),
        ("libpod", "Podman"),
        ("containerd", "containerd"),
        ("lxc", "LXC"),
    ];
    let by_file = FILES.into_iter().find(|(_, path)| exists(path));
    let by_cgroup = || Some((WORDS.into_iter().find(|(word, _)| cgroup.contains(word))?.1, "/proc/self/cgroup"));
    by_file.or_else(by_cgroup)
}

/// The functions of our own vDSO: every program of this kind gets the same one.
fn vdso() -> Option<Vec<String>> {
    let me = i32::try_from(std::process::id()).ok()?;
    let mapping = procfs::maps(me).into_iter().map(|line| line.mapping).find(|mapping| mapping.name == b"[vdso]")?;
    let size = usize::try_from(mapping.end.checked_sub(mapping.start)?).ok()?;
    let mut image = vec![0; size];
    let count = crate::capture::memory::read(me, mapping.start, &mut image);
    let image = crate::vdso::parse_image(mapping.start, &image[..count])?;
    Some(image.symbols.into_iter().map(|symbol| symbol.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_by_files_and_control_groups() {
        let none = |_: &str| false;
        assert_eq!(container("0::/user.slice/session-1.scope", &none), None);
        assert_eq!(container("0::/kubepods/besteffort/pod1", &none), Some(("Kubernetes", "/proc/self/cgroup")));
        assert_eq!(container("0::/", &|path| path == "/.dockerenv"), Some(("Docker", "/.dockerenv")));
    }

    #[test]
    fn this_process_is_read() {
        let here = Here::read(None);
        assert!(here.kernel.starts_with(|c: char| c.is_ascii_digit()), "{here:?}");
        assert!(here.seccomp.is_some() && !here.uid_map.is_empty() && !here.mountinfo.is_empty(), "{here:?}");
        assert_eq!(field_of("Seccomp_filters:\t3\nSeccomp:\t2\n", "Seccomp"), "2");
    }
}
