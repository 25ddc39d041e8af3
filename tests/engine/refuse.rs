//! What cannot be attached to, each in one sentence with what to do. What root may and others may not is in `e2e`.

use nix::unistd::Uid;
use sysview::capture::processes;
use sysview::source::{Command, ProcessInfo};

use crate::guest::*;
use crate::harness::Watch;

/// The sentence names the process and says why.
#[track_caller]
fn assert_refused(pid: i32, why: &str) {
    let sentence = refused(&[pid]);
    assert!(sentence.starts_with(&format!("Cannot attach to process {pid}")), "{sentence}");
    assert!(sentence.contains(why) && sentence.ends_with('.') && sentence.lines().count() == 1, "{sentence}");
}

fn me() -> i32 {
    i32::try_from(std::process::id()).expect("a PID")
}

#[test]
fn what_would_wait_for_itself_is_refused() {
    assert_refused(me(), "it is sysview itself");
    assert_refused(nix::unistd::getppid().as_raw(), "sysview runs under it");
}

#[test]
fn what_does_not_exist_or_makes_no_calls_is_refused() {
    assert_refused(i32::MAX, "there is no such process");
    assert_refused(0, "there is no such process");
    assert_refused(-1, "there is no such process");
    let all = processes();
    // In a container there are none.
    if let Some(thread) = all.iter().find(|info| info.comm == b"kthreadd" && info.argv.is_empty()) {
        assert_refused(thread.pid, "it is a thread of the kernel");
    }
}

#[test]
fn what_has_ended_is_refused() {
    let mut child = std::process::Command::new("/bin/true").spawn().expect("a child");
    let pid = i32::try_from(child.id()).expect("a PID");
    wait_until("its end", || status_of(pid, "State").starts_with('Z'));
    assert_refused(pid, &format!("it disappears when its parent, process {}", me()));
    child.wait().expect("reaped");
}

#[test]
fn what_is_traced_already_is_refused_with_its_tracer() {
    let guest = Guest::start(&["waits"]);
    let watch = attached(&[guest.pid]);
    assert_refused(guest.pid, &format!("(process {}) traces it already", me()));
    watch.source.control.send(Command::Attach(vec![guest.pid])).expect("taken");
    watch.source.control.send(Command::Kill).expect("taken");
    let run = watch.into_run();
    assert!(run.notices.iter().any(|notice| notice.contains("traced in this session already")), "{:?}", run.notices);
}

#[test]
fn our_own_helper_is_refused() {
    let guest = Guest::start(&["waits"]);
    let watch = attached(&[guest.pid]);
    // Others have theirs: ours is traced by the thread that traces the guest.
    let tracer = |pid: i32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().find_map(|line| line.strip_prefix("TracerPid:").map(str::to_owned))
    };
    let ours = |info: &ProcessInfo| info.comm == b"sysview-waker" && tracer(info.pid) == tracer(guest.pid);
    let helper = processes().into_iter().find(ours).expect("a helper");
    assert_refused(helper.pid, "it is sysview itself");
    watch.source.control.send(Command::Detach).expect("taken");
    watch.into_run();
}

#[test]
fn one_that_is_refused_does_not_keep_others_from_being_traced() {
    let mut guest = Guest::start(&["forks"]);
    let mut watch = attached(&[i32::MAX, guest.pid]);
    watch.until(|watch| !watch.notices.is_empty());
    assert!(watch.notices[0].contains("there is no such process"), "{:?}", watch.notices);
    guest.tell();
    watch.into_run();
    assert_eq!(guest.end(), Some(5));
}

#[test]
fn a_picker_knows_what_will_be_refused() {
    let guest = Guest::start(&["waits"]);
    let hindrance = |pid: i32| processes().into_iter().find(|info| info.pid == pid).expect("listed").hindrance;
    assert_eq!(hindrance(guest.pid), None);
    assert!(hindrance(me()).is_some_and(|why| why.contains("sysview itself")));
    let watch = attached(&[guest.pid]);
    assert!(hindrance(guest.pid).is_some_and(|why| why.contains("traces it already")));
    drop(watch);
    until_untraced(guest.pid);
    if !Uid::effective().is_root() {
        let others = processes().into_iter().find(|info| info.pid == 1).expect("the first process");
        assert!(others.hindrance.is_some());
    }
    let run = Watch::new(sysview::capture::attach(plan(&[guest.pid])).expect("attached"));
    run.source.control.send(Command::Kill).expect("taken");
    run.into_run();
}
