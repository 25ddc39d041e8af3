//! Searches, repeated paths, tiny transfers.

use super::*;

#[test]
fn a_search_is_the_same_name_in_several_directories() {
    let mut story = Story::new();
    story.open("/a/libx.so", ENOENT).open("/b/libx.so", ENOENT).open("/c/libx.so", returned(3));
    assert_eq!(story.found(), [], "two tries are nothing");
    story
        .open("/a/liby.so", ENOENT)
        .open("/b/liby.so", ENOENT)
        .open("/c/liby.so", ENOENT)
        .open("/d/liby.so", returned(3));
    assert_eq!(story.found(), [("search", Severity::Note, 5)]);
    let finding = story.findings().remove(0);
    assert!(finding.title.contains("shared library") && finding.title.ends_with("2 searches"), "{}", finding.title);
    assert_eq!(finding.times(), "5 failed tries");
}

#[test]
fn what_misses_here_and_there_is_no_search() {
    let mut story = Story::new();
    for directory in 0..50 {
        story.open(&format!("/repo/{directory}/.gitignore"), ENOENT).stat(&format!("/repo/{directory}"), returned(0));
    }
    // The same file twice, and other names.
    for _ in 0..9 {
        story.open("/a/x", ENOENT);
    }
    story.open("/b/y", ENOENT).open("/b/z", ENOENT);
    assert_eq!(story.found(), []);
}

#[test]
fn a_path_is_repeated_for_one_program_in_one_process() {
    let mut story = Story::new();
    for _ in 0..9 {
        story.open("/etc/hosts", returned(3)).call("close", &[3], returned(0));
    }
    assert_eq!(story.found(), []);
    // The next program in the same process counts anew, and so does another process.
    story.exec(0, "other");
    let child = story.task(Some(0), Origin::Fork);
    for _ in 0..9 {
        story.open("/etc/hosts", returned(3)).call("close", &[3], returned(0));
        story.open_by(child, "/etc/hosts", 0, returned(3)).by(child, "close", &[3], returned(0));
    }
    assert_eq!(story.found(), []);
    story.open("/etc/hosts", returned(3));
    assert_eq!(story.found(), [("repeated-path", Severity::Note, 10)]);
    assert_eq!(story.findings()[0].title, "opens /etc/hosts again and again");
}

#[test]
fn relative_paths_are_told_apart_by_their_directories() {
    let mut story = Story::new();
    for directory in 0..30u64 {
        story.open(&format!("/dir{directory}"), returned(3));
        story.full(0, "newfstatat", &[3, 0x1000, 0x2000], &[(0x1000, b"file\0")], returned(0), 10);
        story.call("close", &[3], returned(0));
    }
    assert_eq!(story.found(), []);
    story.open("/dir", returned(3));
    for _ in 0..20 {
        story.full(0, "newfstatat", &[3, 0x1000, 0x2000], &[(0x1000, b"file\0")], returned(0), 10);
    }
    assert_eq!(story.found(), [("repeated-path", Severity::Note, 20)]);
    assert_eq!(story.findings()[0].title, "asks about /dir/file again and again");
}

#[test]
fn tiny_transfers_are_many_close_to_each_other() {
    let mut story = Story::new();
    let read = |story: &mut Story, times: usize, bytes: i64| {
        for _ in 0..times {
            story.call("read", &[3, 0, 16], returned(bytes));
        }
    };
    story.open("/etc/services", returned(3));
    read(&mut story, 49, 1);
    read(&mut story, 1, 17);
    read(&mut story, 49, 16);
    story.wait(30_000);
    read(&mut story, 49, 1);
    read(&mut story, 1, 0);
    assert_eq!(story.found(), [], "never fifty in a row");
    read(&mut story, 1, 1);
    assert_eq!(story.found(), [("tiny-io", Severity::Remark, 50)]);
    assert_eq!(story.findings()[0].title, "reads at most 16 bytes at a time from /etc/services");
}

#[test]
fn keys_and_counters_come_in_few_bytes_by_nature() {
    let mut story = Story::new();
    story.open("/dev/tty", returned(3)).call("eventfd2", &[0, 0], returned(4)).call("socket", &[1, 2, 0], returned(5));
    for _ in 0..60 {
        for fd in [3, 4, 5] {
            story.call("read", &[fd, 0, 16], returned(8));
        }
    }
    assert_eq!(story.found(), []);
}
