//! Other ABIs than the program's own, and numbers that no ABI has.

use sysview::abi::{Arch, X32_BIT};
use sysview::model::{Marks, Outcome, RowKind};
use sysview::source::End;

use crate::fixtures::{fixture, fixture_i386, hard};
use crate::harness::*;

const NATIVE: Arch = if cfg!(target_arch = "aarch64") { Arch::Aarch64 } else { Arch::X86_64 };
const ENOSYS: Option<Outcome> = Some(Outcome::Failed(libc::ENOSYS as u16));

#[test]
fn numbers_of_no_call_are_rows_with_their_arguments() {
    let run = hard("numbers", &["none"]);
    assert_eq!(run.end, End::Exited(0));
    // 0xffffffff is -1 to the kernel, which takes the lower half for a number with a sign.
    for (number, times) in [(9999, 1), (-1, 2), (-2, 1), (-4096, 1), (i64::from(i32::MIN), 1)] {
        let calls = run.calls_numbered(NATIVE, number as u64);
        assert_eq!(calls.len(), times, "{number}");
        for call in calls {
            assert_eq!((call.args, call.outcome), ([1, 2, 3, 4, 5, 6], ENOSYS), "{number}");
        }
    }
    // The kernel looks at the lower half only, and so does whoever looks the number up.
    assert_eq!(run.outcomes("getppid").len(), 2);
}

#[test]
fn x32_calls_are_told_by_their_numbers() {
    let run = hard("numbers", &["x32"]);
    assert_eq!(run.end, End::Exited(0));
    if NATIVE == Arch::X86_64 {
        let getppid = run.calls_numbered(Arch::X32, X32_BIT | 110);
        assert_eq!(getppid.len(), 1);
        assert_eq!(getppid[0].outcome == ENOSYS, run.text() == "no x32\n");
        assert_eq!(run.calls_numbered(Arch::X32, X32_BIT | 9999)[0].outcome, ENOSYS);
    }
}

#[test]
fn a_32_bit_program_is_followed_through_signals_restarts_and_filters() {
    let Some(program) = fixture_i386("abi32") else { return };
    let run = run(&[&program]);
    assert_eq!((run.end, run.text()), (End::Exited(0), "32 bits\n".into()));
    assert!(run.calls().skip(1).all(|(_, call)| call.arch == Arch::I386));
    assert_eq!(run.calls_numbered(Arch::I386, 9999)[0].args, [1, 2, 3, 4, 5, 6]);
    assert_eq!(run.signals_numbered(libc::SIGUSR1).len(), 1);
    assert_eq!(run.outcomes("sigreturn").len(), 1);
    assert_eq!(run.calls_numbered(Arch::I386, 0)[0].outcome, Some(Outcome::Returned(0)), "restart_syscall");
    assert_eq!(run.rows().filter(|row| matches!(row.kind, RowKind::GroupStop { .. })).count(), 1);
    let filtered = run.calls_numbered(Arch::I386, 64)[0];
    assert_eq!((filtered.outcome, filtered.marks), (Some(Outcome::Failed(libc::EACCES as u16)), Marks::FILTERED));
    let opened: Vec<_> = (0..run.store.len())
        .map(|seq| sysview::decode::row_text(&run.store, seq, &sysview::decode::Options::default()))
        .filter(|text| text.starts_with("open("))
        .collect();
    assert_eq!(opened.len(), 2);
    assert!(opened[1].starts_with("open(\"/no/such/file\""), "{opened:?}");
}

#[test]
fn a_64_bit_program_executes_a_32_bit_one_and_comes_back() {
    let Some(narrow) = fixture_i386("abi32") else { return };
    let wide = fixture("numbers");
    let run = run(&[&wide, "there-and-back", &narrow]);
    assert_eq!(run.end, End::Exited(5));
    let archs: Vec<_> = run.calls_named("getppid").iter().map(|(_, call)| call.arch).collect();
    // The last program asks twice: once by the C library.
    assert_eq!(archs, [Arch::X86_64, Arch::I386, Arch::X86_64, Arch::X86_64]);
    let executes: Vec<_> = run.calls_named("execve").iter().map(|(_, call)| (call.arch, call.outcome)).collect();
    let done = Some(Outcome::Returned(0));
    assert_eq!(executes, [(Arch::X86_64, done), (Arch::X86_64, done), (Arch::I386, done)]);
    let paths: Vec<_> = run.execs().iter().map(|(_, exec)| String::from_utf8_lossy(&exec.path).into_owned()).collect();
    assert_eq!(paths, [&*wide, &*narrow, &*wide]);
}
