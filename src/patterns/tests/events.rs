//! Processes and threads that come and go, and what they leave open.

use super::*;

const O_CLOEXEC: u64 = 0o2000000;
const DONE: TaskEnd = TaskEnd::Exited { status: 0 };

#[test]
fn a_storm_is_many_processes_that_live_for_a_moment() {
    let mut story = Story::new();
    let child = |story: &mut Story, origin: Origin, us: u64| {
        let child = story.task(Some(0), origin);
        story.wait(us);
        story.end(child, DONE);
    };
    (0..30).for_each(|_| child(&mut story, Origin::Fork, 100_000));
    (0..49).for_each(|_| child(&mut story, Origin::Thread, 9_000));
    (0..19).for_each(|_| child(&mut story, Origin::Vfork, 50_000));
    assert_eq!(story.found(), []);
    child(&mut story, Origin::Fork, 50_000);
    assert_eq!(story.found(), [("fork-storm", Severity::Note, 20)]);
    let finding = story.findings().remove(0);
    assert_eq!((finding.title.as_str(), finding.unit), ("started processes that lived 50 ms on average", "processes"));
    child(&mut story, Origin::Thread, 9_000);
    assert_eq!(story.found().len(), 2);
}

#[test]
fn a_crash_is_shown_by_its_signal() {
    let mut story = Story::new();
    let thread = story.task(Some(0), Origin::Thread);
    story.signal(0, 11);
    for task in [thread, 0] {
        story.end(task, TaskEnd::Killed { signal: 11, core: false });
    }
    assert_eq!(story.found(), [("killed", Severity::Fault, 1)]);
    assert_eq!(story.findings()[0].rows, [2], "the row of the signal");
    let mut piped = Story::new();
    piped.end(0, TaskEnd::Killed { signal: 13, core: false });
    assert_eq!(piped.found(), [("killed", Severity::Note, 1)]);
    let mut good = Story::new();
    good.signal(0, 17);
    good.end(0, DONE);
    assert_eq!(good.found(), []);
}

/// A process that opens three files, starts another program and lets that do something.
fn starts(flags: u64, then: impl FnOnce(&mut Story, u32)) -> Story {
    let mut story = Story::new();
    story.open_by(0, "/secret", flags, returned(3));
    let child = story.task(Some(0), Origin::Fork);
    story.wait(10);
    story.exec(child, "child");
    story.wait(10);
    then(&mut story, child);
    story.wait(10);
    story.end(child, DONE);
    story
}

#[test]
fn what_a_new_program_never_uses_should_have_been_closed() {
    let story = starts(0, |_, _| {});
    assert_eq!(story.found(), [("inherited", Severity::Note, 1)]);
    let finding = story.findings().remove(0);
    assert_eq!(
        (finding.program.as_str(), finding.title.as_str()),
        ("prog", "starts programs with /secret left open, which they never use")
    );
    assert_eq!(starts(O_CLOEXEC, |_, _| {}).found(), []);
    let used = |story: &mut Story, child: u32| {
        story.by(child, "read", &[3, 0, 9], returned(9));
    };
    assert_eq!(starts(0, used).found(), []);
    // It closed it itself, so it knew.
    let closed = |story: &mut Story, child: u32| {
        story.by(child, "close", &[3], returned(0));
    };
    assert_eq!(starts(0, closed).found(), []);
    let passed_on = |story: &mut Story, child: u32| {
        let grandchild = story.task(Some(child), Origin::Fork);
        story.by(grandchild, "write", &[3, 0, 9], returned(9));
    };
    assert_eq!(starts(0, passed_on).found(), []);
}

#[test]
fn nothing_is_said_of_what_was_not_done_when_not_all_is_traced() {
    let story = starts(0, |_, _| {});
    let (mut store, mut patterns) = (Store::new(), Patterns::default());
    let changes = store.append(&story.batch);
    patterns.update(&store, &changes);
    assert_eq!((patterns.findings(&store, false), patterns.findings(&store, true).len()), (vec![], 1));
}

#[test]
fn a_leak_is_the_same_file_open_many_times_at_the_end() {
    let mut story = Story::new();
    for fd in 3..10 {
        story.open("/log", returned(fd));
        story.open(&format!("/other/{fd}"), returned(fd + 10));
    }
    let leaves = |mut story: Story| {
        story.end(0, DONE);
        story.found()
    };
    assert_eq!(leaves(Story { batch: story.batch.clone(), ..story }), []);
    story.open("/log", returned(30));
    assert_eq!(leaves(story), [("leak", Severity::Remark, 8)]);
}
