//! A redirected stdin, stdout or stderr belongs to the program; the screen is drawn on the terminal all the same.

use crate::pty::Session;

#[test]
fn redirected_input_reaches_the_program() {
    let mut session = Session::shell("echo from-the-pipe | \"$SYSVIEW\" -- cat");
    session.until_shows("from-the-pipe");
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    session.assert_restored();
}

#[test]
fn redirected_output_gets_the_programs_bytes_and_nothing_else() {
    let file = std::env::temp_dir().join(format!("sysview-redirect-{}", std::process::id()));
    let mut session = Session::shell(&format!("\"$SYSVIEW\" -- echo for-the-file > {}", file.display()));
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "for-the-file\n");
    std::fs::remove_file(&file).expect("removed");
}

#[test]
fn redirected_errors_get_the_programs_bytes_and_nothing_else() {
    let file = std::env::temp_dir().join(format!("sysview-stderr-{}", std::process::id()));
    let mut session =
        Session::shell(&format!("\"$SYSVIEW\" -- sh -c 'echo oops >&2; echo fine' 2> {}", file.display()));
    session.until_shows("fine");
    session.until_shows("ended (");
    session.keys("q");
    assert_eq!(session.end(), Some(0));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), "oops\n");
    std::fs::remove_file(&file).expect("removed");
}
