//! Errors that are ignored, repeated, or that show a mistake.

use super::*;

const EBADF: Outcome = Outcome::Failed(9);
const EAGAIN: Outcome = Outcome::Failed(11);
const EPIPE: Outcome = Outcome::Failed(32);

#[test]
fn a_bad_close_is_worst_where_there_are_threads() {
    let mut story = Story::new();
    story.call("close", &[7], EBADF);
    assert_eq!(story.found(), [("bad-close", Severity::Note, 1)]);
    story.task(Some(0), Origin::Thread);
    story.call("close", &[70], EBADF);
    assert_eq!(story.found(), [("bad-close", Severity::Fault, 1), ("bad-close", Severity::Note, 1)]);
    let mut good = Story::new();
    good.open("/x", returned(3)).call("close", &[3], returned(0)).call("close", &[3], Outcome::Failed(4));
    assert_eq!(good.found(), [("interrupted", Severity::Note, 1)]);
}

#[test]
fn a_loop_of_closes_is_one_finding() {
    let mut story = Story::new();
    for fd in 3..6 {
        story.call("close", &[fd], EBADF);
    }
    assert_eq!(story.found(), [("bad-close", Severity::Note, 3)]);
    assert!(story.findings()[0].title.contains("not open"));
    for fd in (6..100).filter(|fd| fd % 3 != 0) {
        story.call("close", &[fd], EBADF);
    }
    story.call("close", &[u32::MAX.into()], EBADF);
    let findings = story.findings();
    let words: Vec<_> = findings.iter().map(|finding| (finding.title.as_str(), finding.count)).collect();
    assert_eq!(
        words,
        [
            ("closes every number there could be, open or not", 3 + 62),
            ("closes a negative number, which is no descriptor", 1)
        ]
    );
}

#[test]
fn output_is_lost_when_a_write_follows_a_failed_one() {
    let mut story = Story::new();
    story.call("pipe", &[0x2000], returned(0)).call("write", &[4, 0, 100], EPIPE).call("write", &[5, 0, 100], EPIPE);
    story.call("write", &[1, 0, 100], returned(100));
    assert_eq!(story.found(), [], "each was the last of its descriptor");
    story.call("write", &[4, 0, 100], EPIPE);
    assert_eq!(story.found(), [("lost-output", Severity::Fault, 2)]);
    let mut full = Story::new();
    full.open("/x", returned(3)).call("write", &[3, 0, 100], Outcome::Failed(28)).call(
        "write",
        &[3, 0, 9],
        returned(9),
    );
    assert_eq!(full.found(), [("lost-output", Severity::Fault, 2)]);
    assert_eq!(full.findings()[0].title, "goes on writing to /x after ENOSPC");
}

#[test]
fn an_error_is_repeated_by_the_same_arguments() {
    let mut story = Story::new();
    for number in 0..30 {
        // Each on another descriptor; and what is a no rather than a failure.
        story.call("ftruncate", &[number, 0], Outcome::Failed(22)).call("ioctl", &[1, 0x5401, 0], Outcome::Failed(25));
        story.call("lseek", &[0, 0, 1], Outcome::Failed(29));
    }
    for _ in 0..9 {
        story.call("ftruncate", &[3, 5], Outcome::Failed(22));
    }
    assert_eq!(story.found(), []);
    story.call("ftruncate", &[3, 5], Outcome::Failed(22));
    assert_eq!(story.found(), [("repeated-error", Severity::Remark, 10)]);
    assert_eq!(story.findings()[0].title, "ftruncate fails with EINVAL again and again");
    let mut paths = Story::new();
    for _ in 0..10 {
        paths.open("/run/a", ENOENT).open("/run/b", ENOENT);
    }
    let findings = paths.findings();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].title, "openat of /run/a and 1 other fails with ENOENT again and again");
    assert_eq!((findings[0].count, findings[0].rows.len()), (20, 20));
}

#[test]
fn again_is_a_spin_without_a_wait_in_between() {
    let mut story = Story::new();
    for _ in 0..30 {
        story.call("recvfrom", &[3, 0, 9], EAGAIN).call("poll", &[0, 1, 9], returned(1));
    }
    for _ in 0..9 {
        story.call("recvfrom", &[3, 0, 9], EAGAIN);
    }
    story.call("recvfrom", &[3, 0, 9], returned(9));
    for fd in 0..30 {
        story.call("recvfrom", &[fd, 0, 9], EAGAIN);
    }
    assert_eq!(story.found(), []);
    for _ in 0..9 {
        story.call("recvfrom", &[3, 0, 9], EAGAIN);
    }
    assert_eq!(story.found(), [("spin", Severity::Remark, 10)]);
}

#[test]
fn bad_pointers_and_calls_that_are_missing_are_told_at_once() {
    let mut story = Story::new();
    story.call("process_vm_readv", &[1, 0, 0], Outcome::Failed(14)).call("clone3", &[0, 88], Outcome::Failed(38));
    assert_eq!(story.found(), [("unsupported", Severity::Note, 1)]);
    story.call("read", &[0, 0, 1], Outcome::Failed(14));
    assert_eq!(story.found()[0], ("bad-pointer", Severity::Fault, 1));
}

#[test]
fn interrupted_is_what_was_not_made_to_be() {
    let mut story = Story::new();
    story.call("rt_sigsuspend", &[0, 8], Outcome::Failed(4)).call("pause", &[], Outcome::Failed(514));
    story.call("read", &[0, 0, 1], Outcome::Failed(512)).call("read", &[0, 0, 1], Outcome::Failed(512));
    assert_eq!(story.found(), [], "the kernel goes on with them");
    story.call("read", &[0, 0, 1], Outcome::Failed(512));
    assert_eq!(story.found(), [("interrupted", Severity::Note, 3)]);
    // It gives back the register of what was interrupted.
    story.call("rt_sigreturn", &[], Outcome::Failed(4));
    assert_eq!(story.found().len(), 1);
    story.call("accept", &[3, 0, 0], Outcome::Failed(4));
    assert_eq!(story.found().len(), 2);
}

#[test]
fn no_descriptor_left_is_a_fault() {
    let mut story = Story::new();
    story.open("/x", Outcome::Failed(24));
    assert_eq!(story.found(), [("leak", Severity::Fault, 1)]);
}
