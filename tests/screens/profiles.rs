//! Several profiles at once: switched, side by side, rule by rule; and where calls exist.

use crate::*;
use sysview::policy::Profile;

const OPEN: u64 = 2;
const UNSHARE: u64 = 272;
const CLONE3: u64 = 435;
const NEWUSER: [u64; 6] = [0x1000_0000, 0, 0, 0, 0, 0];

/// Read and written as they are, opened with a mark in the log; all else ends the program.
const STRICT: &str = r#"{"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [
  {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"},
  {"names": ["open"], "action": "SCMP_ACT_LOG"},
  {"names": ["cachestat"], "action": "SCMP_ACT_TRAP"}]}"#;

fn profile(text: &str, name: &str) -> Profile {
    Profile::parse(text, name).unwrap_or_else(|error| panic!("{error}"))
}

fn options() -> Options {
    let docker = policy::builtin("docker-default").expect("built in");
    Options { profiles: vec![docker, profile(STRICT, "strict")], ..Options::default() }
}

/// Two trees of processes; the second begins the user namespace that Docker's profile denies.
fn two_trees(options: Options) -> App {
    let mut app = App::new(options);
    app.resize(120, 40);
    app.message(scene::started(true));
    let mut r = scene::Recorder::new();
    r.task(0, 4_312, None, Origin::Launch, "sh");
    r.task(1, 4_400, None, Origin::Attach, "make");
    r.enter(0, OPEN, [0; 6], &[]).exit(0, Outcome::Returned(3), &[]);
    r.enter(1, UNSHARE, NEWUSER, &[]).exit(1, Outcome::Returned(0), &[]);
    r.enter(0, scene::READ, [3, 0, 0, 0, 0, 0], &[]).exit(0, Outcome::Returned(0), &[]);
    r.enter(0, UNSHARE, NEWUSER, &[]).exit(0, Outcome::Returned(0), &[]);
    r.enter(0, CLONE3, [0; 6], &[]).exit(0, Outcome::Returned(4_500), &[]);
    app.message(r.take());
    app.work(|| false);
    app
}

#[test]
fn each_row_has_a_letter_for_each_profile() {
    let mut app = two_trees(options());
    shows(&app, "docker-default (1 of 2), 3 would be blocked");
    shows(&app, " 12 ");
    let row = |app: &App, call: &str| {
        let screen = print::text(app, 120, 40);
        screen
            .lines()
            .find(|line| line.contains(call))
            .map(str::to_owned)
            .unwrap_or_else(|| panic!("{call}:\n{screen}"))
    };
    assert!(row(&app, "open(").contains("·L"), "{}", row(&app, "open("));
    assert!(row(&app, "unshare(").contains("EK"), "{}", row(&app, "unshare("));
    assert!(row(&app, "read(").contains("··"), "{}", row(&app, "read("));
    lacks(&app, "LOG open(");
    press(&mut app, "]");
    shows(&app, "strict (2 of 2), 3 would be blocked");
    shows(&app, "Profile 2 of 2: strict.");
    shows(&app, "LOG open(");
    shows(&app, "KILL clone3(");
    press(&mut app, "]");
    shows(&app, "docker-default (1 of 2)");
    press(&mut app, "[");
    shows(&app, "strict (2 of 2)");
    press(&mut app, "s");
    shows(&app, "strict (2 of 2), off");
    lacks(&app, "EK");
}

#[test]
fn a_narrow_header_says_which_profile_is_meant() {
    let mut app = two_trees(options());
    app.resize(80, 24);
    let header = |app: &App| print::text(app, 80, 24).lines().next().unwrap_or_default().to_owned();
    assert!(header(&app).contains("docker-default 1/2: 3 blocked"), "{}", header(&app));
    press(&mut app, "] E");
    assert!(header(&app).contains("strict 2/2 enforced: 3 blocked"), "{}", header(&app));
}

#[test]
fn each_tree_of_processes_has_a_line_where_it_goes_another_way() {
    let mut app = two_trees(options());
    let screen = print::text(&app, 120, 40);
    let lines = screen.lines().filter(|line| line.contains("would have gone another way from here")).count();
    assert_eq!(lines, 2, "{screen}");
    let selected = |app: &App| app.selected().expect("a row");
    press(&mut app, "x");
    let first = selected(&app);
    press(&mut app, "x");
    let second = selected(&app);
    press(&mut app, "x");
    assert!(first < second && selected(&app) == first, "{first} {second} {}", selected(&app));
}

#[test]
fn the_histogram_tells_the_strictest_answer() {
    let mut app = two_trees(options());
    shows(&app, "E2");
    press(&mut app, "]");
    shows(&app, "K2");
    shows(&app, "L1");
}

#[test]
fn profiles_are_compared_call_by_call_and_a_call_is_narrowed_to() {
    let mut app = two_trees(options());
    press(&mut app, "C");
    shows(&app, "The profiles answer differently to 3 of the 4 calls so far");
    let screen = print::text(&app, 120, 40);
    let place = |call: &str| screen.find(&format!("{call}  ")).unwrap_or_else(|| panic!("{call}\n{screen}"));
    assert!(place("≠unshare") < place("≠open") && place("≠open") < place(" read"), "{screen}");
    shows(&app, "ERRNO EPERM");
    shows(&app, "KILL");
    press(&mut app, "Enter");
    shows(&app, "2 of 7 rows, filter: unshare");
    press(&mut app, "Esc C d");
    shows(&app, "One profile is loaded; S loads another one");
    press(&mut app, "d");
    shows(&app, "No profile is loaded");
}

#[test]
fn one_more_profile_is_loaded_beside_the_others() {
    let mut app = two_trees(docker());
    lacks(&app, "of 2)");
    press(&mut app, "S Down Enter");
    shows(&app, "(2 of 2)");
    press(&mut app, "S Enter");
    shows(&app, "docker-default (1 of 2)");
}

#[test]
fn rules_tell_how_many_calls_they_decided_and_narrow_to_them() {
    let mut app = two_trees(options());
    press(&mut app, "] r");
    shows(&app, "strict (2 of 2): 3 rules, of which 1 decided none of the calls so far.");
    shows(&app, "LOG open");
    shows(&app, "every other call: KILL");
    press(&mut app, "[");
    shows(&app, "docker-default (1 of 2): 52 rules");
    press(&mut app, "] End Enter");
    shows(&app, "filter: rule=default");
    shows(&app, "3 of 7 rows");
    press(&mut app, "r Down Enter");
    shows(&app, "1 of 7 rows, filter: rule=2");
}

#[test]
fn where_calls_exist_scrolls_sideways() {
    let mut app = two_trees(options());
    app.resize(80, 24);
    press(&mut app, "W");
    let shown = |app: &App| print::text(app, 80, 24);
    assert!(shown(&app).contains("aarch64 arm loongarch64"), "{}", shown(&app));
    assert!(shown(&app).contains("needs Linux 5.3"), "{}", shown(&app));
    assert!(shown(&app).contains("uses instead of clone3: clone, fork, vfork"), "{}", shown(&app));
    press(&mut app, &"Right ".repeat(14));
    assert!(!shown(&app).contains("aarch64") && shown(&app).contains(" x32"), "{}", shown(&app));
    press(&mut app, "] Tab");
    assert!(shown(&app).contains("Of what strict allows, "), "{}", shown(&app));
}

#[test]
fn what_holds_is_moved_from_profile_to_profile() {
    let mut app = two_trees(options());
    app.outbox().drain();
    press(&mut app, "E");
    shows(&app, "docker-default (1 of 2) enforced");
    press(&mut app, "]");
    lacks(&app, "strict (2 of 2) enforced");
    press(&mut app, "E");
    shows(&app, "strict (2 of 2) enforced");
    press(&mut app, "[");
    lacks(&app, "docker-default (1 of 2) enforced");
    press(&mut app, "] C d");
    shows(&app, "This profile holds, so it stays");
}
