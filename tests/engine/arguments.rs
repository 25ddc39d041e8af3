//! Argument vectors at the kernel's limit and beyond it, long paths, pointers that lead nowhere: the program gets what it
//! would, and the tracer's memory stays bounded.

use std::process::Command;

use sysview::decode::{self, Options};
use sysview::model::Outcome;
use sysview::source::End;

use crate::fixtures::{fixture, hard};

/// The most that a tracer of its own may use for such programs, in kB. A debug build is larger than it will be.
const PEAK_KB: u64 = 64 << 10;

/// What the fixture prints under a sysview of its own, whose peak it looks at: the tests' process has other work.
fn apart(words: &[&str]) -> (String, u64) {
    let program = fixture("arguments");
    let output = Command::new(env!("CARGO_BIN_EXE_sysview"))
        .args(["log", "-o", "/dev/null", "--", &program])
        .args(words)
        .output()
        .expect("sysview runs");
    assert!(output.status.success(), "{words:?}: {:?}", output.status);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let peak = text.lines().find_map(|line| line.strip_prefix("peak ")?.parse().ok()).expect("a number");
    (text.lines().next().unwrap_or_default().to_owned(), peak)
}

fn native(words: &[&str]) -> String {
    let output = Command::new(fixture("arguments")).args(words).output().expect("the fixture runs");
    assert!(output.status.success(), "{words:?}: {:?}", output.status);
    String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_longest_argument_vectors_arrive_whole() {
    // Long words, the longest words that there can be, and 110,000 words of one letter.
    for (length, most) in [("100000", "70"), ("131071", "60"), ("1", "110000")] {
        let words = ["limit", length, most];
        let (traced, peak) = apart(&words);
        assert_eq!(traced, native(&words));
        assert!(peak < PEAK_KB, "{peak} kB for {words:?}");
    }
    assert_eq!(native(&["limit", "1", "110000"]), "110000 words, 220000 bytes");
}

#[test]
fn what_is_too_long_is_refused_without_being_copied() {
    let (_, peak) = apart(&["huge"]);
    assert!(peak < PEAK_KB, "{peak} kB");
    let run = hard("arguments", &["huge"]);
    assert_eq!(run.end, End::Exited(0));
    let refused = run.outcomes("execve").into_iter().filter(|o| *o == Outcome::Failed(libc::E2BIG as u16)).count();
    assert_eq!(refused, 4);
    let copied: usize = run.batches.iter().map(|batch| batch.bytes.len()).sum();
    assert!(copied < 4 << 20, "{copied} bytes of 256 MiB");
}

#[test]
fn paths_of_any_length_are_what_they_are() {
    let run = hard("arguments", &["paths"]);
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    let too_long = Outcome::Failed(libc::ENAMETOOLONG as u16);
    let opened = run.outcomes("openat");
    assert_eq!(opened.iter().filter(|outcome| **outcome == too_long).count(), 2);
    let (_, exec) = &run.execs()[1];
    assert_eq!(exec.path.len(), 4095);
    assert!(exec.path.ends_with(b"/arguments"));
}

#[test]
fn pointers_that_lead_nowhere_harm_nobody() {
    let run = hard("arguments", &["nowhere"]);
    assert_eq!(run.end, End::Exited(0), "{}", run.text());
    assert_eq!(native(&["nowhere"]), "");
    let texts: Vec<String> =
        (0..run.store.len()).map(|seq| decode::row_text(&run.store, seq, &Options::default())).collect();
    assert_eq!(texts.iter().filter(|text| text.starts_with("execve(0x1, 0x1, 0x1) = -1 EFAULT")).count(), 1);
    // A path that ends with the memory is read to its end; one that would go on is no path.
    assert!(texts.iter().any(|text| text.contains("\"/no/such/\"")));
    assert!(!texts.iter().any(|text| text.contains("\"/no/such/x\"")));
    assert!(texts.iter().any(|text| text.starts_with("writev(") && text.contains("\"xyz\"") && text.ends_with("= 3")));
}
