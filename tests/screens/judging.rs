//! The circumstances under which the profile is judged, changed by keys: verdicts follow at once.

use crate::*;
use sysview::model::Marks;
use sysview::tui::state::enforced::By;

/// Calls of which docker-default blocks unshare(2) for want of CAP_SYS_ADMIN.
fn unsharing() -> App {
    let mut app = App::new(docker());
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sh");
    r.enter(0, 272, [0x1000_0000, 0, 0, 0, 0, 0], &[]);
    r.exit(0, Outcome::Returned(0), &[]);
    app.message(r.take());
    app
}

#[test]
fn a_capability_is_given_and_taken_and_the_verdict_follows() {
    let mut app = unsharing();
    shows(&app, "docker-default, 1 would be blocked");
    press(&mut app, "c");
    shows(&app, "would block 1 of the calls");
    shows(&app, "14 of 41 capabilities");
    // The runtime stands before the capabilities, CAP_SYS_ADMIN is number 21.
    for _ in 0..22 {
        press(&mut app, "Down");
    }
    shows(&app, "> [ ] CAP_SYS_ADMIN");
    press(&mut app, "Space");
    shows(&app, "> [x] CAP_SYS_ADMIN");
    shows(&app, "would block 0 of the calls");
    shows(&app, "15 of 41 capabilities");
    press(&mut app, "Space");
    shows(&app, "would block 1 of the calls");
    press(&mut app, "Esc");
    shows(&app, "docker-default, 1 would be blocked");
}

#[test]
fn another_runtime_reads_the_profile_in_its_own_way() {
    let mut app = unsharing();
    press(&mut app, "c");
    shows(&app, "under < docker >");
    press(&mut app, "Right Right");
    shows(&app, "under < containerd >");
    shows(&app, "would block 0 of the calls");
    shows(&app, "archMap is Docker's; read as kubernetes it is dropped");
    press(&mut app, "Left Left Left");
    shows(&app, "under < kernel >");
    shows(&app, "would block 1 of the calls");
}

#[test]
fn the_profile_is_made_to_hold_and_follows_what_it_is_judged_under() {
    let mut app = unsharing();
    app.outbox().drain();
    let blocks = |app: &mut App| match &app.outbox().drain()[..] {
        [Command::Tamper(list)] => list.len(),
        other => panic!("{other:?}"),
    };
    shows(&app, "the real run would have gone another way from here");
    press(&mut app, "E");
    let answers = blocks(&mut app);
    assert!(answers >= 3, "EPERM, ENOSYS and the kill of other architectures, not {answers} changes");
    shows(&app, "seccomp: docker-default enforced, 1 blocked");
    lacks(&app, "the real run would have gone another way from here");
    press(&mut app, "c Right Esc");
    assert_eq!(blocks(&mut app), answers);
    press(&mut app, "E");
    assert_eq!(blocks(&mut app), 0);
    shows(&app, "docker-default, 1 would be blocked");
}

#[test]
fn what_the_kernel_did_otherwise_is_told_as_a_mistake() {
    let mut app = App::new(Options { enforce: Some(By::Kernel), ..docker() });
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sh");
    r.enter(0, 272, [0x1000_0000, 0, 0, 0, 0, 0], &[]);
    r.exit_marked(0, Outcome::Failed(1), Marks::FILTERED);
    app.message(r.take());
    shows(&app, "enforced by kernel, 1 blocked");
    lacks(&app, "DIFFER");
    r.enter(0, 272, [0x1000_0000, 0, 0, 0, 0, 0], &[]);
    r.exit(0, Outcome::Returned(0), &[]);
    app.message(r.take());
    shows(&app, "2 blocked, 1 DIFFER");
    shows(&app, "The kernel answered row 2 otherwise than the overlay says");
    app.outbox().drain();
    press(&mut app, "E");
    shows(&app, "stays until the program's end");
}

#[test]
fn marks_that_are_off_stay_off() {
    let mut app = unsharing();
    press(&mut app, "s c Right Esc");
    shows(&app, "seccomp: docker-default, off");
}
