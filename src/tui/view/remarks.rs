//! Where tracing made a difference, or something else than the kernel: what that means and what to do, for the call pane.

use std::borrow::Cow;

use crate::abi;
use crate::model::{CallRow, Dropped, Marks, Outcome, Task, Warning};
use crate::vdso;

/// Who had a hand in the result of a call besides the kernel.
pub(super) fn on_call(call: &CallRow) -> impl Iterator<Item = Cow<'static, str>> {
    let remarks = [
        (
            Marks::INJECTED,
            "INJECTED: sysview changed this call or its result, as it was told to; what the kernel would have answered is \
             not known.",
        ),
        (Marks::DELAYED, "DELAYED: sysview made this call wait, as it was told to."),
        (
            Marks::FILTERED,
            "A seccomp filter that the program installed gave this result; the kernel never ran the call. seccomp(2)",
        ),
        (
            Marks::UNSEEN,
            "Seen only because the vDSO is off: it would have answered without a call, about ten times faster, and no tracer \
             or filter would have known. vdso(7)",
        ),
        (
            Marks::VDSO,
            "No system call: the vDSO answered it in the program itself, and sysview's logger took note of it. No filter can \
             block it, and no other tracer sees it. vdso(7)",
        ),
    ];
    let killed = (call.outcome == Some(Outcome::KilledBySeccomp))
        .then_some("A seccomp filter killed the task at this call, which never ran. seccomp(2)");
    let fell_back = call.marks.has(Marks::FELL_BACK).then(|| {
        let name = abi::lookup(call.arch, call.nr).map_or("", |call| call.name);
        format!("vDSO fell back, and made this call itself: {}. vdso(7)", vdso::reason(name, call.args))
    });
    let legacy = vdso::is_vsyscall(call.ip).then_some(
        "Made through the legacy vsyscall page: no tracer's stops see such a call, but sysview's own seccomp filter did. What it \
         answered is not known.",
    );
    let fixed = remarks
        .into_iter()
        .filter(|(mark, _)| call.marks.has(*mark))
        .map(|(_, words)| words)
        .chain(killed)
        .chain(legacy);
    fixed.map(Cow::Borrowed).chain(fell_back.map(Cow::Owned))
}

/// What a warning means, and what to do, each with its label.
pub(super) fn on_warning(warning: Warning) -> [(&'static str, &'static str); 2] {
    match warning {
        Warning::PrivilegesDropped(Dropped::Traced) => [
            (
                "means",
                "The kernel gives a set-user-ID program, such as sudo or ping, the rights of its owner, but not while a \
                 tracer without CAP_SYS_PTRACE watches: whoever may trace a program may steer it. So this one can fail where \
                 it would not untraced. execve(2)",
            ),
            ("to do", "Trace as root, and start the program as its user: sudo sysview -u USER -- COMMAND."),
        ],
        Warning::PrivilegesDropped(Dropped::NoNewPrivs) => [
            (
                "means",
                "With no_new_privs set, no execve gives a task more rights than it has. The program set it itself, or \
                 sysview did for the filter that lets the calls pass that nobody asked for. So this one can fail where it \
                 would not untraced. prctl(2)",
            ),
            ("to do", "If sysview set it, start it without a set of calls (-e trace=), or as root."),
        ],
        Warning::VdsoSwitched { .. } => [
            (
                "means",
                "From here on the vDSO is so: natural, it answers unseen; shown, it answers and each answer is logged; off, \
                 each question is a system call. What is seen of clocks and CPUs before and after cannot be compared.",
            ),
            ("to do", "v switches on, V shows what each mode has seen."),
        ],
        Warning::VdsoUnlogged { .. } => [
            (
                "means",
                "The vDSO answered faster than the log could be read, and the log is a ring that keeps the newest. All were \
                 counted, but not all have a row: the rows are a sample.",
            ),
            ("to do", "Nothing: counts are exact. Fewer busy tasks leave the reader more time."),
        ],
        Warning::HeldTooLong { .. } => [
            (
                "means",
                "What this task did was told faster than it was taken, because the view or the disk stood still. A process \
                 that was attached to is needed by others, so it was let go rather than kept waiting; it runs on, untraced.",
            ),
            ("to do", "Attach to it again (A). A longer --max-hold waits longer, a filter of calls has less to tell."),
        ],
    }
}

/// The numbers that the task has in PID namespaces inside of ours, where there are any. pid_namespaces(7).
pub(super) fn inside(task: &Task) -> Option<String> {
    let (own, between) = task.ns.tids.get(1..)?.split_last()?;
    let what = if task.is_leader() { "pid" } else { "tid" };
    let between = match between {
        [] => String::new(),
        tids => {
            let tids: Vec<String> = tids.iter().map(i32::to_string).collect();
            format!(", {} in between", tids.join(" and "))
        }
    };
    let inode = if task.ns.inode == 0 { String::new() } else { format!(" (pid:[{}])", task.ns.inode) };
    Some(format!("{what} {own} in its own PID namespace{inode}{between}"))
}
