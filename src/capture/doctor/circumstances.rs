//! What does not forbid tracing but changes what it shows or may do.

use super::Finding;
use super::here::{Here, has_ptrace};

/// `uid_map` of the user namespace that the system booted with.
const FIRST: &str = "0 0 4294967295";

pub fn all(here: &Here) -> Vec<Finding> {
    vec![
        no_new_privs(here),
        capabilities(here),
        user_namespace(here),
        container(here),
        vdso(here),
        clock(here),
        proc(&here.mountinfo),
    ]
}

fn no_new_privs(here: &Here) -> Finding {
    if here.no_new_privs {
        Finding::note("no_new_privs", "set: sudo and other set-user-ID programs gain no privileges here, traced or not")
    } else if has_ptrace(here.cap_effective) {
        Finding::ok("no_new_privs", "not set, and with CAP_SYS_PTRACE set-user-ID programs gain privileges as untraced")
    } else if here.uid == 0 {
        // execve(2) asks for the capability, not for root.
        Finding::note(
            "no_new_privs",
            "not set, but without CAP_SYS_PTRACE set-user-ID programs gain no privileges here",
        )
        .remedy("give it to this root; with Docker: docker run --cap-add=SYS_PTRACE")
    } else {
        Finding::note("no_new_privs", "not set, but under a tracer of yours set-user-ID programs gain no privileges")
            .remedy("to see sudo at work: sudo sysview -u $USER -- sudo COMMAND")
    }
}

fn capabilities(here: &Here) -> Finding {
    const SUBJECT: &str = "capabilities";
    match (has_ptrace(here.cap_effective), has_ptrace(here.cap_bounding)) {
        (true, _) if here.uid_map != FIRST => {
            Finding::ok(SUBJECT, "CAP_SYS_PTRACE in this user namespace: you may trace programs of all its users")
        }
        (true, _) => Finding::ok(SUBJECT, "CAP_SYS_PTRACE: you may trace programs of every user"),
        (false, true) => {
            Finding::ok(SUBJECT, "no CAP_SYS_PTRACE: you may trace programs of yours; -p for others needs sudo")
        }
        (false, false) => {
            Finding::note(SUBJECT, "CAP_SYS_PTRACE is out of reach here: you may trace what you start yourself")
                .remedy("only if you need more, with Docker: docker run --cap-add=SYS_PTRACE")
        }
    }
}

fn user_namespace(here: &Here) -> Finding {
    const SUBJECT: &str = "user namespace";
    match here.uid_map.as_str() {
        FIRST => Finding::ok(SUBJECT, "the first one"),
        "" => Finding::note(SUBJECT, "/proc/self/uid_map cannot be read or is empty"),
        map => Finding::note(SUBJECT, format!("one of its own (uid_map {map}): root here is not root outside")),
    }
}

fn container(here: &Here) -> Finding {
    match here.container {
        Some((kind, sign)) => {
            Finding::note("container", format!("{kind} ({sign}); processes have other numbers outside"))
        }
        None => Finding::ok("container", "no sign of one"),
    }
}

fn vdso(here: &Here) -> Finding {
    match here.vdso.as_deref() {
        Some([]) | None => Finding::note("vDSO", "none: every reading of the clock is a system call and is seen"),
        Some(functions) => {
            let short = |name: &String| name.trim_start_matches("__vdso_").trim_start_matches("__kernel_").to_owned();
            let names: Vec<String> = functions.iter().map(short).collect();
            Finding::ok("vDSO", format!("{}; --vdso absent makes calls of them visible", names.join(" ")))
        }
    }
}

fn clock(here: &Here) -> Finding {
    match here.clock.as_str() {
        "" => Finding::note("clock", "its source cannot be read in /sys"),
        // Read over a bus, and never by the vDSO.
        slow @ ("hpet" | "acpi_pm" | "jiffies" | "refined-jiffies") => {
            Finding::note("clock", format!("{slow}, which is slow or coarse: so are the times of calls"))
                .remedy("if the processor's own clock is stable, boot with clocksource=tsc")
        }
        fast => Finding::ok("clock", fast),
    }
}

/// proc(5), "Mount options"; proc_pid_mountinfo(5): the options of the file system stand last.
fn proc(mountinfo: &str) -> Finding {
    const SUBJECT: &str = "/proc";
    let line = mountinfo.lines().rfind(|line| line.split(' ').nth(4) == Some("/proc"));
    let Some(options) = line.and_then(|line| line.rsplit(' ').next()) else {
        return Finding::note(SUBJECT, "not mounted: names, libraries and the vDSO of programs stay unknown")
            .remedy("mount -t proc proc /proc");
    };
    match options.split(',').find_map(|option| option.strip_prefix("hidepid=")) {
        None | Some("0" | "off") => Finding::ok(SUBJECT, "mounted; no process is hidden"),
        Some(how) => Finding::note(
            SUBJECT,
            format!("mounted with hidepid={how}: processes of others are hidden, what you start yourself is not"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mark;
    use super::*;

    #[test]
    fn hidden_processes_are_told_from_the_mount() {
        let line = |options: &str| format!("22 1 0:21 / /proc rw,nosuid shared:5 - proc proc {options}\n");
        assert_eq!(proc(&line("rw")).mark, Mark::Ok);
        assert_eq!(proc(&line("rw,hidepid=invisible,gid=4")).mark, Mark::Note);
        assert!(proc(&line("rw,hidepid=2")).fact.contains("hidepid=2"));
        assert!(proc("21 1 0:20 / /sys rw - sysfs sysfs rw\n").remedy.is_some());
    }

    #[test]
    fn a_namespace_or_a_missing_capability_is_a_note() {
        let mut here = Here { uid_map: "0 1000 1".into(), cap_bounding: u64::MAX, ..Here::default() };
        assert_eq!(user_namespace(&here).mark, Mark::Note);
        assert_eq!(capabilities(&here).mark, Mark::Ok);
        here.cap_bounding = 0;
        assert_eq!(capabilities(&here).mark, Mark::Note);
        // Root of a container without the capability.
        assert!(no_new_privs(&here).clause().contains("--cap-add=SYS_PTRACE"));
        here.uid = 1000;
        assert!(no_new_privs(&here).clause().contains("sudo sysview -u"));
        here.cap_effective = 1 << 19;
        assert_eq!(no_new_privs(&here).mark, Mark::Ok);
        here.no_new_privs = true;
        assert!(no_new_privs(&here).fact.starts_with("set:"));
        here.uid_map = FIRST.into();
        assert_eq!(user_namespace(&here).mark, Mark::Ok);
    }

    #[test]
    fn what_hides_clock_calls_is_named() {
        let mut here =
            Here { vdso: Some(vec!["__vdso_clock_gettime".into()]), clock: "hpet".into(), ..Here::default() };
        assert!(vdso(&here).fact.starts_with("clock_gettime;"));
        assert_eq!(clock(&here).mark, Mark::Note);
        here.vdso = None;
        assert_eq!(vdso(&here).mark, Mark::Note);
    }
}
