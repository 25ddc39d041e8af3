//! Whether a process can be attached to and, if not, why and what to do: before trying, as far as /proc tells, and after
//! the kernel's refusal. ptrace(2), "Ptrace access mode checking".

use std::path::{Path, PathBuf};

use super::here::{self, Here, Tracer};
use super::{Finding, Mark, causes};
use crate::capture::find::shown_name;
use crate::capture::status::Status;
use crate::capture::wake::SLEEPER_NAME;

/// What is known of ourselves and the system, for questions about many processes.
#[derive(Debug)]
pub struct Prospect {
    proc: PathBuf,
    here: Here,
    me: i32,
    /// The processes that we run under, our parent first.
    above: Vec<i32>,
}

/// What is known of a process that somebody wants to attach to.
#[derive(Debug, Default)]
struct Target {
    pid: i32,
    /// None: there is no such process.
    status: Option<Status>,
    kin: Kin,
    tracer: Option<Tracer>,
    /// PID and escaped name.
    parent: (i32, String),
    /// Its memory may be looked at by its user. PR_SET_DUMPABLE in prctl(2).
    dumpable: bool,
}

/// What it is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kin {
    #[default]
    Stranger,
    Ourselves,
    /// We run under it.
    Above,
}

impl Prospect {
    /// `proc` is where the process file system is mounted.
    pub fn read(proc: &Path) -> Prospect {
        let me = i32::try_from(std::process::id()).unwrap_or(0);
        let mut above = Vec::new();
        let mut parent = Status::read(proc, me).map_or(0, |status| status.parent);
        while parent != 0 && !above.contains(&parent) {
            above.push(parent);
            parent = Status::read(proc, parent).map_or(0, |status| status.parent);
        }
        Prospect { proc: proc.to_owned(), here: Here::read(None), me, above }
    }

    /// Why the process cannot be attached to: a clause with its remedy. Without a refusal only what is certain; after one
    /// (an errno) always something.
    pub fn hindrance(&self, pid: i32, refused: Option<i32>) -> Option<String> {
        self.look_at(pid).hindrance(&self.here, refused).map(|finding| finding.clause())
    }

    /// Why attaching must not even be tried, whatever the kernel would allow.
    pub fn forbidden(&self, pid: i32) -> Option<String> {
        self.look_at(pid).pointless().map(|finding| finding.clause())
    }

    pub fn is_pointless(&self, pid: i32) -> bool {
        self.forbidden(pid).is_some()
    }

    fn look_at(&self, pid: i32) -> Target {
        let status = Status::read(&self.proc, pid);
        let process = status.as_ref().map_or(pid, |status| status.tgid);
        let parent = status.as_ref().map_or(0, |status| status.parent);
        let kin = if process == self.me || (parent == self.me && shown_name(&self.proc, pid) == SLEEPER_NAME) {
            Kin::Ourselves
        } else if self.above.contains(&process) {
            Kin::Above
        } else {
            Kin::Stranger
        };
        // What may not be dumped belongs to root in /proc, whoever runs it.
        let owner = std::fs::metadata(self.proc.join(pid.to_string())).ok();
        let owner = owner.map(|meta| std::os::unix::fs::MetadataExt::uid(&meta));
        Target {
            pid,
            kin,
            tracer: here::tracer_of(pid),
            parent: (parent, shown_name(&self.proc, parent)),
            dumpable: status.as_ref().is_none_or(|status| owner == Some(status.uids[1])),
            status,
        }
    }
}

const SUBJECT: &str = "process";

impl Target {
    fn sudo(&self) -> String {
        format!("sudo sysview -p {}", self.pid)
    }

    /// What no permission changes.
    fn pointless(&self) -> Option<Finding> {
        let fails = |fact: &str| Finding::fails(SUBJECT, fact);
        let Some(status) = &self.status else {
            return Some(fails("there is no such process").remedy("`ps -e` lists those there are"));
        };
        match self.kin {
            Kin::Ourselves => return Some(fails("it is sysview itself").remedy("choose another process")),
            Kin::Above => {
                return Some(
                    fails("sysview runs under it, and each would wait for the other for ever")
                        .remedy("run sysview from another terminal, one that does not depend on it"),
                );
            }
            Kin::Stranger => {}
        }
        if status.kernel {
            return Some(fails("it is a thread of the kernel, which makes no system calls").remedy("choose a program"));
        }
        if status.is_over() {
            let (pid, name) = &self.parent;
            return Some(
                fails("it has ended already")
                    .remedy(format!("it disappears when its parent, process {pid} ({name}), takes notice")),
            );
        }
        None
    }

    fn hindrance(&self, here: &Here, refused: Option<i32>) -> Option<Finding> {
        if let Some(finding) = self.pointless() {
            return Some(finding);
        }
        if refused == Some(libc::ESRCH) {
            return Some(Finding::fails(SUBJECT, "it has ended").remedy("`ps -e` lists those there are"));
        }
        let status = self.status.as_ref()?;
        if let Some(Tracer { pid, name }) = &self.tracer {
            return Some(
                Finding::fails(
                    SUBJECT,
                    format!("{name} (process {pid}) traces it already, and a process has one tracer only"),
                )
                .remedy("end that one first"),
            );
        }
        self.permission(status, here).or_else(|| {
            let errno = refused?;
            let known = causes::all(here, Some(errno)).into_iter().find(|finding| finding.mark == Mark::Fails);
            Some(known.unwrap_or_else(|| causes::unknown(errno)))
        })
    }

    /// The kernel's own order: who one is, then the modules of security.
    fn permission(&self, status: &Status, here: &Here) -> Option<Finding> {
        let fails = |fact: String| Some(Finding::fails(SUBJECT, fact));
        let sudo = self.sudo();
        if here.yama == Some(3) {
            return Some(causes::yama(here.yama, true));
        }
        if here.has_ptrace() {
            return None;
        }
        let [real, effective, saved, _] = status.uids;
        if [real, effective, saved].iter().any(|&uid| uid != here.real_uid) {
            return fails("it runs as another user".into()).map(|f| f.remedy(format!("run sysview as root: {sudo}")));
        }
        let gained = status.gids[..3].iter().any(|&gid| gid != here.real_gid)
            || status.cap_permitted & !here.cap_permitted != 0
            || !self.dumpable;
        if gained {
            return fails("it has privileges or secrets to protect (it is not dumpable, or has groups or capabilities that you have not)".into())
                .map(|f| f.remedy(format!("run sysview as root: {sudo}")));
        }
        match here.yama {
            Some(1) => {
                fails("you may only trace what you start yourself (kernel.yama.ptrace_scope is 1)".into()).map(|f| {
                    f.remedy(format!("{sudo}, or for all programs of yours: sudo sysctl kernel.yama.ptrace_scope=0"))
                })
            }
            Some(2) => Some(causes::yama(here.yama, true)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: u32 = 1000;

    fn mine() -> Target {
        let status = Status { tgid: 7, parent: 1, state: b'S', uids: [ME; 4], gids: [ME; 4], ..Status::default() };
        Target { pid: 7, status: Some(status), dumpable: true, ..Target::default() }
    }

    fn here() -> Here {
        Here { real_uid: ME, real_gid: ME, yama: Some(0), seccomp: Some(0), kernel: "6.1".into(), ..Here::default() }
    }

    fn with(change: impl FnOnce(&mut Status)) -> Target {
        let mut target = mine();
        change(target.status.as_mut().unwrap());
        target
    }

    fn said(target: &Target, here: &Here) -> String {
        target.hindrance(here, None).map(|finding| finding.clause()).unwrap_or_default()
    }

    #[test]
    fn what_no_permission_changes_comes_first() {
        let root = Here { cap_effective: u64::MAX, ..here() };
        let gone = Target { status: None, ..mine() };
        assert!(said(&gone, &root).contains("no such process"));
        assert!(said(&Target { kin: Kin::Ourselves, ..mine() }, &root).contains("sysview itself"));
        assert!(said(&Target { kin: Kin::Above, ..mine() }, &root).contains("another terminal"));
        assert!(said(&with(|status| status.kernel = true), &root).contains("of the kernel"));
        let zombie = Target { parent: (3, "sh".into()), ..with(|status| status.state = b'Z') };
        assert!(said(&zombie, &root).contains("process 3 (sh)"));
        let traced = Target { tracer: Some(Tracer { pid: 9, name: "gdb".into() }), ..mine() };
        assert!(said(&traced, &root).contains("gdb (process 9) traces it already"));
        assert_eq!(said(&mine(), &root), "");
    }

    #[test]
    fn permission_is_the_kernels_order_of_checks() {
        assert_eq!(said(&mine(), &here()), "");
        let others = with(|status| status.uids[2] = 0);
        assert!(
            said(&others, &here()).contains("another user") && said(&others, &here()).contains("sudo sysview -p 7")
        );
        for gained in [
            with(|status| status.gids[1] = 4),
            with(|status| status.cap_permitted = 1),
            Target { dumpable: false, ..mine() },
        ] {
            assert!(said(&gained, &here()).contains("privileges or secrets"), "{gained:?}");
            assert_eq!(said(&gained, &Here { cap_effective: 1 << 19, ..here() }), "");
        }
        let scope = |yama| said(&mine(), &Here { yama: Some(yama), ..here() });
        assert!(scope(1).contains("sudo sysview -p 7, or") && scope(1).contains("ptrace_scope=0"));
        assert!(scope(2).contains("only root") && scope(3).contains("boot again"));
        let root = Here { yama: Some(1), cap_effective: u64::MAX, ..here() };
        assert_eq!(said(&mine(), &root), "");
    }

    #[test]
    fn a_refusal_is_always_explained() {
        let why = |errno, here: &Here| mine().hindrance(here, Some(errno)).unwrap().clause();
        assert!(why(libc::ESRCH, &here()).contains("it has ended"));
        assert!(why(libc::EPERM, &here()).contains("sysview doctor"));
        assert!(why(libc::EPERM, &Here { seccomp: Some(2), ..here() }).contains("--cap-add=SYS_PTRACE"));
        assert!(why(libc::EACCES, &Here { selinux_denies: true, ..here() }).contains("setsebool"));
    }

    #[test]
    fn this_process_and_those_above_are_forbidden() {
        let prospect = Prospect::read(Path::new("/proc"));
        assert!(prospect.forbidden(prospect.me).is_some_and(|why| why.contains("itself")));
        let parent = prospect.above[0];
        assert!(prospect.forbidden(parent).is_some_and(|why| why.contains("runs under it")), "{parent}");
        assert!(prospect.forbidden(i32::MAX).is_some_and(|why| why.contains("no such process")));
    }
}
