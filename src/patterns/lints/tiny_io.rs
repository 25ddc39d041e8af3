//! Many reads or writes of a few bytes on the same descriptor, close after each other. Keys that are typed are none, nor
//! counters (eventfd, timerfd) and datagrams, which come in one piece.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, Streak, hash};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, descriptor, printable};
use super::Lint;
use crate::abi::Call;
use crate::model::{Descriptor, Store, TaskId, What};
use crate::stats::transfer;

/// Bytes that are few.
const FEW: i64 = 16;
/// Transfers in a row that are many.
const MANY: usize = 50;
/// What comes later belongs to no row of transfers, in nanoseconds.
const PAUSE_NS: u64 = 20_000_000;
/// socket(2).
const SOCK_STREAM: u32 = 1;
const SOCK_TYPE_MASK: u32 = 0xf;

#[derive(Debug, Default)]
pub struct TinyIo {
    streaks: Recent<(TaskId, i32, bool), Streak>,
    found: Found<(Program, u64, bool)>,
}

impl Lint for TinyIo {
    fn about(&self) -> (&'static str, &'static str) {
        ("tiny-io", "many reads or writes of a few bytes")
    }

    fn wants(&self, call: &Call) -> Wants {
        match transfer(call.name) {
            Some(moves) if moves.from.is_some() != moves.to.is_some() => Wants::Successes,
            _ => Wants::Nothing,
        }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let Some(bytes) = seen.returned().filter(|&bytes| bytes > 0) else { return };
        let Some(moves) = transfer(seen.call.name) else { return };
        let (writes, index) = (moves.to.is_some(), moves.from.or(moves.to).unwrap_or(0));
        let fd = seen.fd(index);
        let key = (seen.task, fd, writes);
        if bytes > FEW {
            // Few descriptors have a streak.
            if let Some(streak) = self.streaks.get_mut(key) {
                streak.reset();
            }
            return;
        }
        let streak = self.streaks.entry(key);
        if seen.t_ns.saturating_sub(streak.last_ns) > PAUSE_NS {
            streak.reset();
        }
        streak.last_ns = seen.end_ns();
        let found = &mut self.found;
        streak.add(seen.seq, MANY, |row| {
            let behind = seen.descriptor(fd);
            if behind.as_ref().is_some_and(|behind| in_one_piece(behind, writes)) {
                return;
            }
            let subject = descriptor(behind.as_ref(), fd);
            if let Some(tally) = found.tally((seen.program(), hash(&subject), writes), seen.task) {
                tally.add(row);
                tally.subject = subject;
            }
        });
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, _, writes), tally) in self.found.iter() {
            let (verb, direction) = if writes { ("writes", "to") } else { ("reads", "from") };
            let subject = printable(&tally.subject);
            out.push(
                Words {
                    lint: "tiny-io",
                    severity: Severity::Remark,
                    title: format!("{verb} at most {FEW} bytes at a time {direction} {subject}"),
                    why: "A call costs the same however little it moves, so most of the time goes into asking rather than moving."
                        .into(),
                    advice: match writes {
                        true => "Collect output in a buffer (stdio, BufWriter, io.BufferedWriter) and write it in pieces of some KiB.",
                        false => {
                            "Read into a buffer of some KiB and take it apart there. A shell that reads a script or a line from a pipe \
                             cannot: other programs read on where it stops."
                        }
                    },
                }
                .of(program, tally),
            );
        }
    }
}

/// What gives or takes a few bytes by its nature.
fn in_one_piece(behind: &Descriptor<'_>, writes: bool) -> bool {
    match behind.what {
        What::File(path) | What::Link(path) => {
            // Keys come one by one.
            let terminal = path.starts_with(b"/dev/pts/") || path.starts_with(b"/dev/tty");
            terminal && !writes || path.starts_with(b"anon_inode:")
        }
        What::Socket { kind, .. } => kind & SOCK_TYPE_MASK != SOCK_STREAM,
        What::Other { call, .. } => *call != "memfd_create",
        What::PipeEnd { .. } | What::Pidfd(_) | What::Received => false,
    }
}
