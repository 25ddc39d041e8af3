//! What judging costs: a verdict (100 ns), and another profile over 1,000,000 rows: its first screen (50 ms) and all counts
//! (500 ms). Run: `cargo bench --bench verdict`, with another number of rows `-- ROWS`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use sysview::abi::Arch;
use sysview::model::{Batch, Enter, Event, EventKind, Exit, Marks, NewTask, Origin, Outcome, TaskId};
use sysview::policy::{self, Context, Judge, Profile};
use sysview::source::{Machine, Message, Started, VdsoMode};
use sysview::tui::{App, Options};

const AREA: Rect = Rect { x: 0, y: 0, width: 120, height: 40 };
const VERDICT: Duration = Duration::from_nanos(100);
const FIRST_SCREEN: Duration = Duration::from_millis(50);
const ALL_COUNTS: Duration = Duration::from_millis(500);
/// Like the view between two looks at keys.
const SLICE: Duration = Duration::from_millis(4);
/// Verdicts that are timed together.
const VERDICTS: u64 = 4_000_000;

fn main() {
    let rows = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(1_000_000);
    for builtin in policy::builtins() {
        let judge = judge(policy::builtin(builtin.name).expect("built in"));
        time_verdicts(builtin.name, &judge);
        let program = policy::bpf::compile(&judge).expect("a program").to_bytes();
        let program = Profile::of_programs(&[program], builtin.name).expect("it reads");
        time_verdicts(&format!("{} as a program", builtin.name), &self::judge(program));
    }
    let began = Instant::now();
    let mut app = app(rows);
    println!("{rows} rows stored in {:.1?}", began.elapsed());
    for (place, builtin) in policy::builtins().iter().enumerate() {
        switch(&mut app, place, builtin.name);
    }
}

fn judge(profile: Profile) -> Judge {
    profile.resolve(&Context::docker("6.18.1", "x86_64")).expect("it resolves")
}

fn told(what: &str, took: Duration, target: Duration) {
    let verdict = if took <= target { "within" } else { "MISSES" };
    println!("{what:<48} {took:>10.1?} ({verdict} {target:?})");
}

/// Calls of all numbers, with arguments that rules look at.
fn time_verdicts(name: &str, judge: &Judge) {
    let began = Instant::now();
    for i in 0..VERDICTS {
        let args = [i % 41, i << 20 & 0x7e02_0000, 0, 0, 0, 0];
        black_box(judge.verdict(Arch::X86_64, i % 470, black_box(&args)));
    }
    told(&format!("a verdict of {name}"), began.elapsed() / VERDICTS as u32, VERDICT);
}

/// A view of programs that make calls which profiles answer differently.
fn app(rows: u64) -> App {
    const CALLS: [u64; 20] = [0, 1, 3, 5, 9, 257, 262, 0, 1, 41, 56, 435, 202, 12, 257, 61, 272, 10, 228, 39];
    let mut app = App::new(Options::default());
    app.resize(AREA.width, AREA.height);
    app.message(Message::Started(Box::new(Started {
        argv: vec![b"bench".to_vec()],
        machine: Machine { kernel_release: "6.18.0".into(), machine: "x86_64".into(), ..Machine::default() },
        began: std::time::UNIX_EPOCH,
        vdso: VdsoMode::Natural,
        live: false,
        has_terminal: false,
        attached: false,
        only: None,
        floor: None,
    })));
    let mut batch = Batch::default();
    for task in 0..8u32 {
        let (tid, parent) = (100 + task as i32, task.checked_sub(1).map(TaskId));
        let (comm, ns) = (b"cc1".to_vec(), Default::default());
        let new = NewTask { tid, tgid: tid, parent, origin: Origin::Fork, comm, ns, image: None };
        batch.events.push(Event { task: TaskId(task), t_ns: 0, kind: EventKind::NewTask(Box::new(new)) });
    }
    for i in 0..rows - 8 {
        let task = TaskId((i / 64 % 8) as u32);
        let args = [i % 41, 0, 12, 0, 0, 0];
        let enter = Enter { arch: Arch::X86_64, nr: CALLS[(i % 20) as usize], args, ip: 0, sp: 0, regions: 0..0 };
        batch.events.push(Event { task, t_ns: i * 1_000, kind: EventKind::Enter(enter) });
        let outcome = if i % 7 == 0 { Outcome::Failed(2) } else { Outcome::Returned(0) };
        let exit = Exit { outcome, marks: Marks::NONE, regions: 0..0 };
        batch.events.push(Event { task, t_ns: i * 1_000 + 500, kind: EventKind::Exit(exit) });
        if batch.events.len() >= 4_096 {
            app.message(Message::Batch(std::mem::take(&mut batch)));
        }
    }
    app.message(Message::Batch(batch));
    app
}

fn press(app: &mut App, code: KeyCode) {
    app.key(KeyEvent::new(code, KeyModifiers::NONE));
}

/// Loads the built-in profile at this place of the chooser, beside those that are loaded.
fn switch(app: &mut App, place: usize, name: &str) {
    let mut buffer = Buffer::empty(AREA);
    press(app, KeyCode::Char('S'));
    (0..place).for_each(|_| press(app, KeyCode::Down));
    let began = Instant::now();
    press(app, KeyCode::Enter);
    app.render(AREA, &mut buffer);
    told(&format!("first screen of {name}"), began.elapsed(), FIRST_SCREEN);
    let mut longest = Duration::ZERO;
    loop {
        let slice = Instant::now();
        let done = app.work(|| slice.elapsed() > SLICE);
        longest = longest.max(slice.elapsed());
        if done {
            break;
        }
    }
    told(&format!("all counts of {name}, longest slice {longest:.1?}"), began.elapsed(), ALL_COUNTS);
}
