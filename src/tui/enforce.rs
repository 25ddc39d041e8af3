//! A profile made to hold: as changes of calls that the source makes at their entry, so that one sees how the program copes.
//!
//! An errno is returned without the call running. What would end a thread or the process ends the process by SIGKILL, for
//! a SIGSYS of ours could be caught. A trap is a SIGSYS as from a filter; a task that ignores or blocks SIGSYS is not
//! killed by it, as it would be by the kernel. Left out: the data that a trap of a raw program carries (si_errno is 0), and
//! the kernel's own way (`capture`), which installs the filter at the program's start.

use std::sync::Arc;

use crate::policy::{Action, Judge};
use crate::source::{CallTest, Change, Forced, Tamper, When};

/// The same on every architecture that sysview traces. signal(7).
const SIGKILL: i32 = 9;
const ENOSYS: u16 = 38;

/// One change for each answer that the profile has, which do not overlap.
pub fn tampers(judge: &Arc<Judge>) -> Vec<Tamper> {
    let of = |action: Action| {
        let judge = Arc::clone(judge);
        let test = CallTest(Arc::new(move |moment| {
            let enter = moment.enter;
            judge.verdict(enter.arch, enter.nr, &enter.args).action == action
        }));
        Some(Tamper { test, when: When::ALWAYS, change: change(action)? })
    };
    judge.answers().into_iter().filter_map(of).collect()
}

/// None: the call runs.
fn change(action: Action) -> Option<Change> {
    let errno = |errno: u16| match errno {
        0 => Forced::Value(0),
        errno => Forced::Errno(errno),
    };
    let (result, signal) = match action {
        Action::Allow | Action::Log => return None,
        Action::Errno(number) => (errno(number), None),
        // Nobody listens.
        Action::Notify | Action::Trace(_) => (errno(ENOSYS), None),
        Action::Trap => (Forced::Trap, None),
        Action::KillThread | Action::KillProcess => (errno(ENOSYS), Some(SIGKILL)),
    };
    Some(Change { result: Some(result), signal, ..Change::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Arch;
    use crate::model::{Enter, Memory, TaskId};
    use crate::policy::{Context, builtin};
    use crate::source::Moment;

    fn change_of(tampers: &[Tamper], arch: Arch, nr: u64, args: [u64; 6]) -> Option<Change> {
        let enter = Enter { arch, nr, args, ip: 0, sp: 0, regions: 0..0 };
        let moment = Moment {
            task: TaskId(0),
            tid: 1,
            tgid: 1,
            comm: b"x",
            ancestors: &[],
            t_ns: 0,
            enter: &enter,
            exit: None,
            entry_memory: Memory::default(),
            exit_memory: Memory::default(),
        };
        let fitting: Vec<_> = tampers.iter().filter(|t| (t.test.0)(&moment)).collect();
        assert!(fitting.len() <= 1, "several changes of one call");
        fitting.first().map(|t| t.change)
    }

    #[test]
    fn every_verdict_becomes_what_the_program_would_see() {
        let judge = |name: &str| {
            let profile = builtin(name).expect("built in");
            Arc::new(profile.resolve(&Context::docker("6.18.1", "x86_64")).expect("it resolves"))
        };
        let docker = tampers(&judge("docker-default"));
        let read = [0; 6];
        assert_eq!(change_of(&docker, Arch::X86_64, 0, read), None);
        let errno = |number| Some(Change { result: Some(Forced::Errno(number)), ..Change::default() });
        assert_eq!(change_of(&docker, Arch::X86_64, 272, [0x1000_0000, 0, 0, 0, 0, 0]), errno(1), "unshare");
        assert_eq!(change_of(&docker, Arch::X86_64, 435, [0; 6]), errno(38), "clone3");
        assert_eq!(change_of(&docker, Arch::X86_64, 9999, [0; 6]), errno(38), "above");
        let killed = change_of(&docker, Arch::Aarch64, 63, [0; 6]).expect("another architecture");
        assert_eq!((killed.signal, killed.result), (Some(SIGKILL), Some(Forced::Errno(ENOSYS))));
    }
}
