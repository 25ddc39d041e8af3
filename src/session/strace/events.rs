//! The lines of texts as events in the order of time: tasks that appear and end, calls, signals.
//!
//! A call that one line tells ends as long after its beginning as `-T` says; without that nobody knows, and the call is
//! marked so. Lines of several files (`-ff`) are put in order by their times.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, SystemTime};

use super::call::Manners;
use super::line::{self, Body, Line, Stamp, Whole};
use super::memory::Room;
use super::tasks::{Survey, Whose};
use super::{Text, Unread, signal};
use crate::abi::Arch;
use crate::decode::printed::{pieces, unquote};
use crate::model::{Batch, EventKind, Marks, Outcome, TaskEnd, TaskId};
use crate::source::{Machine, Started, VdsoMode};

const BATCH_EVENTS: usize = 4096;
const DAY_NS: u64 = 86_400_000_000_000;
/// A batch with more bytes than this is handed over.
const BATCH_BYTES: usize = 16 << 20;
/// The longest line that is read, in bytes; strace's own are shorter by far.
const MAX_LINE: usize = 16 << 20;

/// Where a line is.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: u32,
    start: usize,
    end: usize,
    /// From 1.
    line: u32,
}

#[derive(Debug, Default)]
pub(super) struct TaskState {
    pub id: u32,
    pub tgid: i32,
    pub arch: Option<Arch>,
    pub comm: Vec<u8>,
    /// In a call whose end is not in the heap of ends.
    pub open: bool,
    /// How that call will end, if a later line tells.
    pub pending: Option<Due>,
    /// When the call in the heap ends.
    pub due_ns: Option<u64>,
    /// Whose number it took over in an execve that goes on.
    pub former: Option<TaskId>,
    pub ended: bool,
}

/// An exit that is due.
#[derive(Debug)]
pub(super) struct Due {
    pub t_ns: u64,
    pub order: u64,
    pub pid: i32,
    pub outcome: Outcome,
    pub marks: Marks,
    pub exit: Room,
    /// The program that it started.
    pub exec: Option<Vec<u8>>,
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.order == other.order
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.t_ns, self.order).cmp(&(other.t_ns, other.order))
    }
}

/// The state of the import.
#[derive(Debug)]
pub struct Events {
    places: Vec<Place>,
    pub(super) next: usize,
    pub(super) survey: Survey,
    pub(super) whose: Whose,
    pub(super) tasks: HashMap<i32, TaskState>,
    pub(super) count: u32,
    pub(super) default_arch: Arch,
    clock: Clock,
    /// Of the newest event.
    pub(super) now_ns: u64,
    pub(super) due: BinaryHeap<Reverse<Due>>,
    pub(super) order: u64,
    pub(super) manners: Manners,
    pub(super) unread: Vec<Unread>,
    pub(super) batch: Batch,
    pub(super) in_table: bool,
    pub(super) tables: usize,
    pub(super) asides: usize,
    pub(super) timed: bool,
    /// Times tell more than seconds.
    pub(super) fine: bool,
    /// The first call is the execve of a command.
    pub(super) launched: bool,
}

/// Times since the first line.
#[derive(Debug, Default, Clone)]
struct Clock {
    first_ns: Option<u64>,
    days: u64,
    last_ns: u64,
    since_ns: u64,
}

impl Clock {
    /// The time of a line.
    fn at(&mut self, stamp: Stamp) -> u64 {
        let absolute = match stamp {
            Stamp::Since(ns) => {
                self.since_ns = self.since_ns.saturating_add(ns);
                return self.since_ns;
            }
            Stamp::Epoch(ns) => ns,
            Stamp::Clock { ns, .. } => {
                // Midnight, not a clock that was put back a little.
                if ns + DAY_NS / 2 < self.last_ns {
                    self.days += 1;
                }
                self.last_ns = ns;
                ns.saturating_add(self.days * DAY_NS)
            }
        };
        absolute.saturating_sub(*self.first_ns.get_or_insert(absolute))
    }
}

impl Events {
    /// Looks at all lines once.
    pub fn new(texts: &[Text]) -> (Events, Started) {
        let mut places = Vec::new();
        let mut survey = Survey::default();
        for (file, text) in texts.iter().enumerate() {
            let mut start = 0;
            for (number, bytes) in text.bytes.split(|&byte| byte == b'\n').enumerate() {
                places.push(Place { file: file as u32, start, end: start + bytes.len(), line: number as u32 + 1 });
                start += bytes.len() + 1;
            }
        }
        // What follows the last line break is no line.
        places.retain(|place| place.start < place.end);
        if texts.len() > 1 {
            in_order(texts, &mut places);
        }
        let mut argv = Vec::new();
        let mut began = SystemTime::UNIX_EPOCH;
        let (mut stamped, mut fine) = (false, false);
        for (number, place) in places.iter().enumerate() {
            let Some(text) = text_of(texts, place) else { continue };
            let line = line::read(text);
            if let Some(Stamp::Epoch(ns)) = line.stamp.filter(|_| !stamped) {
                began = SystemTime::UNIX_EPOCH + Duration::from_nanos(ns);
            }
            stamped |= line.stamp.is_some();
            fine |= line.stamp.is_some_and(|stamp| !matches!(stamp, Stamp::Clock { fine: false, .. }));
            if let Body::Call(Whole { name: "execve", args, .. }) = line.body
                && argv.is_empty()
            {
                argv = words(args);
            }
            survey.read(number, &line, texts[place.file as usize].pid);
        }
        survey.finish();
        let launched = !argv.is_empty();
        let started = Started {
            argv,
            machine: Machine { machine: Arch::X86_64.name().into(), ..Machine::default() },
            began,
            vdso: VdsoMode::Natural,
            live: false,
            has_terminal: false,
            attached: false,
            only: None,
            floor: None,
        };
        let events = Events {
            places,
            next: 0,
            survey,
            whose: Whose::default(),
            tasks: HashMap::new(),
            count: 0,
            default_arch: Arch::X86_64,
            clock: Clock::default(),
            now_ns: 0,
            due: BinaryHeap::new(),
            order: 0,
            manners: Manners::default(),
            unread: Vec::new(),
            batch: Batch::default(),
            in_table: false,
            tables: 0,
            asides: 0,
            timed: stamped,
            fine,
            launched,
        };
        (events, started)
    }

    pub fn unread(&self) -> &[Unread] {
        &self.unread
    }

    pub fn lines(&self) -> usize {
        self.places.len()
    }

    /// What the texts do not tell, and what was passed over.
    pub fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if !self.timed {
            notices
                .push("the text tells no times of day, so calls stand in its order; strace -ttt -T tells times".into());
        }
        if self.tables > 0 {
            notices.push("the table of strace -c at the end was passed over; `sysview stats` counts the calls".into());
        }
        if self.asides > 0 {
            notices.push(format!("{} lines of dumps and stacks were passed over", self.asides));
        }
        notices
    }

    /// The next events; None after the last.
    pub fn next_batch(&mut self, texts: &[Text]) -> Option<Batch> {
        while self.batch.events.len() < BATCH_EVENTS
            && self.batch.bytes.len() < BATCH_BYTES
            && self.next < self.places.len()
        {
            let number = self.next;
            self.next += 1;
            self.line(texts, number);
        }
        if self.next == self.places.len() {
            self.flush(u64::MAX);
        }
        (!self.batch.is_empty()).then(|| std::mem::take(&mut self.batch))
    }

    pub(super) fn complain(&mut self, number: usize, why: &'static str) {
        let place = self.places[number];
        self.unread.push(Unread { file: place.file as usize, line: place.line as usize, why });
    }

    fn line(&mut self, texts: &[Text], number: usize) {
        let place = self.places[number];
        let Some(text) = text_of(texts, &place) else { return self.complain(number, "not in plain characters") };
        let line = line::read(text);
        if self.in_table {
            // A table goes on to a line that is no part of one.
            if matches!(line.body, Body::Unreadable(_) | Body::Table | Body::Remark) {
                return;
            }
            self.in_table = false;
        }
        match line.body {
            Body::Table => {
                (self.in_table, self.tables) = (true, self.tables + 1);
                return;
            }
            Body::Aside => return self.asides += 1,
            Body::Mode { pid, words } => return self.mode(pid, words),
            Body::Remark | Body::Attached(_) | Body::Detached(_) => return,
            Body::Unreadable(why) => return self.complain(number, why),
            _ => {}
        }
        let line = Line { pid: line.pid.or(texts[place.file as usize].pid), ..line };
        let pid = self.whose.of(&line, self.survey.first);
        if let Some(stamp) = line.stamp {
            let t_ns = self.clock.at(stamp);
            self.flush(t_ns);
            self.now_ns = self.now_ns.max(t_ns);
        }
        let is_rest = self.survey.is_rest(number);
        if !is_rest {
            // A task does one thing at a time: what it did before is over.
            self.settle(pid);
        }
        self.task(pid, line.comm);
        match line.body {
            Body::Call(call) => self.call(number, pid, &line, call.name, &call),
            Body::Unfinished { name, before, detached } => {
                let rest = self.survey.joins.get(&number).copied();
                let rest = rest.and_then(|rest| text_of(texts, &self.places[rest])).map(line::read);
                let rest = rest.and_then(|line| match line.body {
                    Body::Resumed { rest, .. } => Some(rest),
                    _ => None,
                });
                self.begun(number, pid, &line, name, (before, detached), rest.as_ref());
            }
            Body::Resumed { .. } if is_rest => self.resumed(pid),
            // Its beginning is not in the text.
            Body::Resumed { name, rest } => self.call(number, pid, &line, name, &rest),
            Body::Signal { name, info } => match signal::read(name, info) {
                Some((signal, same)) => {
                    if !same {
                        self.complain(number, "not all of the signal's description was understood");
                    }
                    self.push(pid, EventKind::Signal(signal));
                }
                None => self.complain(number, "a signal of an unknown name"),
            },
            Body::Stopped { signal } => match signal::number(signal) {
                Some(signal) => self.push(pid, EventKind::GroupStop { signal }),
                None => self.complain(number, "a signal of an unknown name"),
            },
            Body::Exited { status } => self.ended(pid, TaskEnd::Exited { status }),
            Body::Killed { signal, core } => match signal::number(signal) {
                Some(signal) => self.ended(pid, TaskEnd::Killed { signal, core }),
                None => self.complain(number, "a signal of an unknown name"),
            },
            Body::Superseded { by } => self.superseded(pid, by),
            _ => {}
        }
    }
}

/// A line; None if it is not text or longer than any.
fn text_of<'a>(texts: &'a [Text], place: &Place) -> Option<&'a str> {
    let bytes = texts.get(place.file as usize)?.bytes.get(place.start..place.end)?;
    if bytes.len() > MAX_LINE {
        return None;
    }
    std::str::from_utf8(bytes).ok().map(|text| text.strip_suffix('\r').unwrap_or(text))
}

/// Puts lines of several files in the order of their times. Lines without one stay behind the line before.
fn in_order(texts: &[Text], places: &mut [Place]) {
    let (mut clock, mut file, mut t_ns) = (Clock::default(), u32::MAX, 0);
    let key = |place: &Place| {
        if place.file != file {
            (clock, file, t_ns) = (Clock { first_ns: Some(0), ..Clock::default() }, place.file, 0);
        }
        match text_of(texts, place).and_then(|text| line::read(text).stamp) {
            // Each file has its own beginning.
            None | Some(Stamp::Since(_)) => {}
            Some(stamp) => t_ns = clock.at(stamp),
        }
        t_ns
    };
    let mut keyed: Vec<(u64, Place)> = places.iter().map(key).zip(places.iter().copied()).collect();
    keyed.sort_by_key(|(t_ns, _)| *t_ns);
    places.iter_mut().zip(keyed).for_each(|(place, (_, sorted))| *place = sorted);
}

/// The command line in the arguments of an execve.
fn words(args: &str) -> Vec<Vec<u8>> {
    let list = pieces(args).get(1).and_then(|list| list.strip_prefix('[')?.strip_suffix(']'));
    pieces(list.unwrap_or_default()).into_iter().filter_map(|word| Some(unquote(word)?.0)).collect()
}
