//! Polling, yielding, waiting for the disk, memory that comes and goes, connections.

use super::*;

#[test]
fn short_waits_in_vain_are_polling() {
    let mut story = Story::new();
    for _ in 0..9 {
        story.slow(20_000, "poll", &[0, 1, 20], returned(0));
    }
    story.slow(20_000, "poll", &[0, 1, 20], returned(1));
    for _ in 0..9 {
        story.slow(20_000, "poll", &[0, 1, 20], returned(0));
    }
    // Long waits are no polling, nor are those that are far from each other.
    for _ in 0..20 {
        story.slow(300_000, "poll", &[0, 1, 300], returned(0)).wait(300_000);
        story.slow(20_000, "poll", &[0, 1, 300], returned(0)).wait(300_000);
    }
    assert_eq!(story.found(), []);
    for _ in 0..10 {
        story.slow(20_000, "clock_nanosleep", &[1, 0, 0, 0], returned(0));
    }
    assert_eq!(story.found(), [("polling", Severity::Remark, 10)]);
    assert_eq!(story.findings()[0].title, "sleeps for about 20 ms again and again (clock_nanosleep)");
}

#[test]
fn asking_without_waiting_is_a_busy_loop_when_it_is_often() {
    let mut story = Story::new();
    for _ in 0..49 {
        story.call("epoll_wait", &[3, 0, 1, 0], returned(0));
    }
    assert_eq!(story.found(), []);
    story.call("epoll_wait", &[3, 0, 1, 0], returned(0));
    assert_eq!(story.found(), [("polling", Severity::Remark, 50)]);
}

#[test]
fn yields_count_in_a_row() {
    let mut story = Story::new();
    for _ in 0..60 {
        story.call("sched_yield", &[], returned(0)).wait(6_000);
    }
    assert_eq!(story.found(), []);
    for _ in 0..50 {
        story.call("sched_yield", &[], returned(0));
    }
    assert_eq!(story.found(), [("yield", Severity::Remark, 50)]);
}

#[test]
fn the_disk_is_worth_a_word_when_it_is_slow_or_asked_often() {
    let mut story = Story::new();
    story.open("/x", returned(3));
    for _ in 0..19 {
        story.slow(1_000, "fsync", &[3], returned(0));
    }
    assert_eq!(story.found(), []);
    story.slow(1_000, "fsync", &[3], returned(0));
    assert_eq!(story.found(), [("slow-sync", Severity::Note, 20)]);
    let mut slow = Story::new();
    slow.slow(50_000, "fdatasync", &[3], returned(0));
    assert_eq!(slow.found(), [("slow-sync", Severity::Remark, 1)]);
}

#[test]
fn memory_churns_when_the_same_piece_comes_and_goes() {
    let mut story = Story::new();
    let pair = |story: &mut Story, length: u64| {
        story.call("mmap", &[0, length, 3, 0x22, u64::MAX, 0], returned(0x7000_0000));
        story.call("munmap", &[0x7000_0000, length], returned(0));
    };
    for n in 0..60 {
        pair(&mut story, 4096 * (1 + n % 2));
    }
    for _ in 0..29 {
        pair(&mut story, 0x100000);
    }
    assert_eq!(story.found(), []);
    pair(&mut story, 0x100000);
    assert_eq!(story.found(), [("memory-churn", Severity::Remark, 30)]);
    assert_eq!(story.findings()[0].title, "maps 1024 KiB and gives them back again and again");
}

fn ipv4(last: u8, port: u8) -> Vec<u8> {
    vec![2, 0, 0, port, 10, 0, 0, last, 0, 0, 0, 0, 0, 0, 0, 0]
}

#[test]
fn several_addresses_of_a_port_are_attempts_at_one_server() {
    let refused = Outcome::Failed(111);
    let mut story = Story::new();
    story.call("socket", &[2, 1, 0], returned(3)).connect(3, &ipv4(1, 80), refused).connect(3, &ipv4(1, 80), refused);
    story.connect(3, &ipv4(2, 81), returned(0)).wait(11_000_000).connect(3, &ipv4(2, 80), returned(0));
    assert_eq!(story.found(), [], "the same one, another port, much later");
    story.connect(3, &ipv4(3, 80), returned(0));
    assert_eq!(story.found(), [("attempts", Severity::Note, 2)]);
    let mut failing = Story::new();
    failing.call("socket", &[2, 1, 0], returned(3));
    failing.connect(3, &ipv4(1, 80), refused).connect(3, &ipv4(2, 80), returned(0));
    assert_eq!(failing.found(), [("attempts", Severity::Remark, 2)]);
    assert!(failing.findings()[0].title.contains("10.0.0.1:80, 10.0.0.2:80"));
}

#[test]
fn datagram_sockets_that_are_connected_send_nothing() {
    let mut story = Story::new();
    story.call("socket", &[2, 2 | 0o2000000, 0], returned(3));
    story.connect(3, &ipv4(1, 80), returned(0)).connect(3, &ipv4(2, 80), returned(0));
    assert!(story.findings()[0].why.starts_with("Nothing is sent"));
    story.connect(3, &ipv4(1, 53), returned(0));
    assert_eq!(story.found().len(), 1, "one name server is as it should be");
    story.connect(3, &ipv4(2, 53), returned(0));
    assert!(story.findings().iter().any(|finding| finding.title.starts_with("asks 2 name servers")));
}

#[test]
fn only_the_name_service_cache_is_known_by_its_socket() {
    let mut story = Story::new();
    story.connect(3, b"\x01\x00/run/other/socket\0", ENOENT);
    assert_eq!(story.found(), []);
    story.connect(3, b"\x01\x00/var/run/nscd/socket\0", ENOENT);
    assert_eq!(story.found(), [("attempts", Severity::Note, 1)]);
}
