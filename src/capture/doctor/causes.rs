//! What can forbid tracing, each as a finding. `refused` is the errno of a refusal; without one nothing fails.

use super::here::{Here, Tracer};
use super::{Finding, Trial};
use crate::capture::error::errno_text;

const DENIED: [i32; 2] = [libc::EPERM, libc::EACCES];

/// The causes in the order in which they explain a refusal. At most one of them is marked as failing for certain; a
/// cause after it may be one as well.
pub fn all(here: &Here, refused: Option<i32>) -> Vec<Finding> {
    let denied = refused.is_some_and(|errno| DENIED.contains(&errno));
    let traced = denied && here.childs_tracer.is_some();
    let yama = denied && !traced && matches!(here.yama, Some(2 | 3));
    let filtered = denied && !traced && !yama && here.seccomp == Some(2);
    vec![
        kernel(here, refused),
        emulator(here, refused),
        tracer(here, refused),
        self::yama(here.yama, yama),
        seccomp(here, filtered),
        security_module(here, denied && !traced && !yama && !filtered),
    ]
}

/// Where nothing that is known explains it.
pub fn unknown(errno: i32) -> Finding {
    if DENIED.contains(&errno) {
        Finding::fails(
            "tracing",
            "the kernel, a security module or a tracer outside of this container forbids ptrace here",
        )
        .remedy("run sysview as root or outside of the sandbox, and see `sysview doctor`")
    } else {
        Finding::fails("tracing", errno_text(errno)).remedy("see `sysview doctor`")
    }
}

pub fn trial(trial: &Trial) -> Finding {
    match (&trial.refused, trial.memory) {
        (Some(refused), _) => Finding::fails("trial", format!("{}: {}", refused.step, errno_text(refused.errno))),
        (None, None) => Finding::ok("trial", "a child was traced: a call seen at entry and exit, its memory read"),
        (None, Some(errno)) => Finding::note(
            "trial",
            format!(
                "a child was traced, but process_vm_readv is refused ({}): memory is read slowly",
                errno_text(errno)
            ),
        )
        .remedy("allow process_vm_readv in the sandbox; with Docker: docker run --cap-add=SYS_PTRACE"),
    }
}

fn kernel(here: &Here, refused: Option<i32>) -> Finding {
    const SUBJECT: &str = "kernel";
    // How a kernel answers a ptrace request that it does not know.
    const UNKNOWN_REQUEST: [i32; 2] = [libc::EIO, libc::EINVAL];
    let lacks = format!("Linux {} cannot tell a tracer about system calls (PTRACE_GET_SYSCALL_INFO)", here.kernel);
    let remedy = if here.kernel.ends_with("-Microsoft") {
        "this is WSL 1: change to WSL 2 with `wsl --set-version`"
    } else {
        "sysview needs Linux 5.3 or later"
    };
    match version(&here.kernel) {
        _ if refused.is_some_and(|errno| UNKNOWN_REQUEST.contains(&errno)) => {
            Finding::fails(SUBJECT, lacks).remedy(remedy)
        }
        Some(found) if found < (5, 3) => Finding::note(SUBJECT, lacks).remedy(remedy),
        Some(_) => Finding::ok(SUBJECT, format!("Linux {}; 5.3 or later is needed", here.kernel)),
        None => Finding::note(SUBJECT, "its version cannot be read from /proc/sys/kernel/osrelease"),
    }
}

/// `6.1.0-13-amd64` is (6, 1).
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn emulator(here: &Here, refused: Option<i32>) -> Finding {
    const REMEDY: &str = "run sysview on a real Linux kernel of this architecture, or a build for the machine's own";
    match (refused, here.rosetta) {
        (Some(libc::ENOSYS), true) => {
            Finding::fails("emulation", "Rosetta translates this program and has no ptrace").remedy(REMEDY)
        }
        (Some(libc::ENOSYS), false) => {
            Finding::fails("emulation", "this system has no ptrace (an emulator such as qemu-user)").remedy(REMEDY)
        }
        (_, true) => Finding::note("emulation", "Rosetta translates this program").remedy(REMEDY),
        (_, false) => Finding::ok("emulation", "none"),
    }
}

fn tracer(here: &Here, refused: Option<i32>) -> Finding {
    let by = |tracer: &Tracer| match tracer.name.as_str() {
        "" => format!("process {}", tracer.pid),
        name => format!("{name} (process {})", tracer.pid),
    };
    match (&here.childs_tracer, &here.own_tracer, refused) {
        (Some(tracer), _, Some(errno)) if DENIED.contains(&errno) => Finding::fails(
            "tracer",
            format!(
                "sysview is traced itself, with all that it starts, by {}, and a process has one tracer only",
                by(tracer)
            ),
        )
        .remedy("run sysview outside of it"),
        (_, Some(tracer), _) => {
            Finding::note("tracer", format!("sysview is traced itself, by {}, which slows it down", by(tracer)))
                .remedy("run sysview outside of it")
        }
        _ => Finding::ok("tracer", "nobody traces sysview"),
    }
}

pub fn yama(scope: Option<u8>, blamed: bool) -> Finding {
    const SUBJECT: &str = "Yama";
    let mark = if blamed { Finding::fails } else { Finding::note };
    match scope {
        None => Finding::ok(SUBJECT, "not in this kernel"),
        Some(0) => Finding::ok(SUBJECT, "ptrace_scope 0: you may trace every process of yours"),
        Some(1) => Finding::ok(SUBJECT, "ptrace_scope 1: you may trace what you start; to attach (-p) needs sudo"),
        Some(2) => mark(SUBJECT, "only root may trace here (kernel.yama.ptrace_scope is 2)")
            .remedy("run sysview as root or set it to 1: sudo sysctl kernel.yama.ptrace_scope=1"),
        Some(3) => mark(SUBJECT, "ptrace is switched off until the next boot (kernel.yama.ptrace_scope is 3)")
            .remedy("remove that setting from /etc/sysctl.d and boot again"),
        Some(other) => Finding::note(SUBJECT, format!("kernel.yama.ptrace_scope is {other}, which is not known")),
    }
}

fn seccomp(here: &Here, blamed: bool) -> Finding {
    const SUBJECT: &str = "seccomp";
    match here.seccomp {
        Some(2) if blamed => Finding::fails(SUBJECT, "a seccomp filter of this container or sandbox forbids ptrace")
            .remedy("allow it; with Docker: docker run --cap-add=SYS_PTRACE"),
        Some(2) => Finding::note(SUBJECT, "a filter judges every call of sysview and of what it starts"),
        Some(0) => Finding::ok(SUBJECT, "no filter"),
        Some(mode) => Finding::note(SUBJECT, format!("mode {mode}")),
        None => Finding::note(SUBJECT, "/proc/self/status does not tell").remedy("mount -t proc proc /proc"),
    }
}

/// SELinux's switch first: it forbids ptrace to everybody. A confinement by AppArmor may or may not.
fn security_module(here: &Here, unexplained: bool) -> Finding {
    const SUBJECT: &str = "LSM";
    if here.selinux_denies {
        let mark = if unexplained { Finding::fails } else { Finding::note };
        return mark(SUBJECT, "SELinux forbids ptrace (its boolean deny_ptrace is on)")
            .remedy("sudo setsebool deny_ptrace off");
    }
    match here.confinement.as_str() {
        "" | "unconfined" => Finding::ok(SUBJECT, "no security module confines sysview"),
        // SELinux writes user:role:type:level, and most types may trace.
        label if label.contains(':') => Finding::ok(SUBJECT, format!("SELinux, {label}; it does not forbid ptrace")),
        label if unexplained => {
            Finding::fails(SUBJECT, format!("AppArmor confines sysview ({label}) and may forbid ptrace"))
                .remedy("run it unconfined; with Docker: docker run --security-opt apparmor=unconfined")
        }
        label => Finding::note(SUBJECT, format!("AppArmor confines sysview ({label})")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mark;
    use super::*;

    /// The only failing finding of a refusal.
    fn blamed(here: &Here, errno: i32) -> Finding {
        let mut failing: Vec<_> = all(here, Some(errno)).into_iter().filter(|f| f.mark == Mark::Fails).collect();
        assert_eq!(failing.len(), 1, "{failing:?}");
        failing.remove(0)
    }

    fn here() -> Here {
        Here { kernel: "6.1.0-13-amd64".into(), seccomp: Some(0), yama: Some(1), ..Here::default() }
    }

    #[test]
    fn a_refusal_is_blamed_on_what_causes_it() {
        let strace = Tracer { pid: 77, name: "strace".into() };
        let mut worst = Here { yama: Some(2), seccomp: Some(2), childs_tracer: Some(strace), ..here() };
        let clause = blamed(&worst, libc::EPERM).clause();
        assert!(clause.contains("strace (process 77)") && clause.contains("outside of it"), "{clause}");
        worst.childs_tracer = None;
        assert!(blamed(&worst, libc::EPERM).clause().contains("sudo sysctl kernel.yama.ptrace_scope=1"));
        worst.yama = Some(3);
        assert!(blamed(&worst, libc::EPERM).clause().contains("boot again"));
        worst.yama = Some(1);
        assert!(blamed(&worst, libc::EPERM).clause().contains("--cap-add=SYS_PTRACE"));
        worst.seccomp = Some(0);
        worst.confinement = "docker-default (enforce)".into();
        assert!(blamed(&worst, libc::EPERM).clause().contains("apparmor=unconfined"));
        worst.selinux_denies = true;
        assert!(blamed(&worst, libc::EACCES).clause().contains("setsebool deny_ptrace off"));
        assert_eq!(blamed(&worst, libc::ENOSYS).subject, "emulation");
        worst.kernel = "4.19.0".into();
        assert!(blamed(&worst, libc::EIO).clause().contains("5.3 or later"));
        worst.kernel = "4.4.0-19041-Microsoft".into();
        assert!(blamed(&worst, libc::EINVAL).clause().contains("WSL 2"));
    }

    #[test]
    fn nothing_fails_where_nothing_was_refused() {
        let worst = Here { yama: Some(2), seccomp: Some(2), rosetta: true, kernel: "4.19.0".into(), ..here() };
        assert!(all(&worst, None).iter().all(|finding| finding.mark != Mark::Fails));
        assert!(all(&here(), None).iter().all(|finding| finding.mark == Mark::Ok));
    }

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version("6.1.0-13-amd64"), Some((6, 1)));
        assert_eq!(version("5.10+"), Some((5, 10)));
        assert!(version("5.2.0") < Some((5, 3)) && version("5.10.0") > Some((5, 3)));
        assert_eq!(version(""), None);
    }
}
