//! One call with hostile memory: the line, its halves, the result, the detail tree and the JSON are made of it, and what
//! it does to descriptors is followed.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sysview::abi::Arch;
use sysview::decode::{self, Constants, HexStrings, Manner, Options, json};
use sysview::model::{
    Batch, CallView, Enter, Event, EventKind, Exit, Marks, Memory, NewTask, Origin, Outcome, PidNamespace, Region, Store,
    TaskId,
};

/// Where the memory stands that arguments and pointers are likely to meet.
const BASE: u64 = 0x1000;

#[derive(Arbitrary, Debug)]
enum Word {
    Pointer(u8),
    Small(u8),
    Short(u16),
    Half(u32),
    Whole(u64),
    Bit(u8),
    Negative(u8),
}

impl Word {
    fn value(&self) -> u64 {
        match *self {
            Word::Pointer(slot) => BASE + u64::from(slot) * 8,
            Word::Small(n) => n.into(),
            Word::Short(n) => n.into(),
            Word::Half(n) => n.into(),
            Word::Whole(n) => n,
            Word::Bit(n) => 1 << (n % 64),
            Word::Negative(n) => u64::from(n).wrapping_neg(),
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Copy {
    slot: u8,
    start: u16,
    len: u16,
    more: u8,
    fault: bool,
}

#[derive(Arbitrary, Debug)]
struct Image {
    copies: Vec<Copy>,
    words: Vec<Word>,
}

#[derive(Arbitrary, Debug)]
enum End {
    Open,
    Returned(Word),
    Failed(u16),
    Never,
    Killed,
    Detached,
}

#[derive(Arbitrary, Debug)]
struct Call {
    arch: u8,
    nr: u16,
    args: [Word; 6],
    end: End,
    limit: u8,
    verbose: bool,
    names: bool,
    hex: u8,
    manner: u8,
    marks: u8,
    entry: Image,
    exit: Image,
}

fn image(image: &Image) -> (Vec<Region>, Vec<u8>) {
    let bytes: Vec<u8> = image.words.iter().flat_map(|word| word.value().to_le_bytes()).collect();
    let region = |copy: &Copy| {
        let start = usize::from(copy.start).min(bytes.len());
        let len = usize::from(copy.len).min(bytes.len() - start);
        Region {
            addr: BASE + u64::from(copy.slot) * 4,
            true_len: len as u64 + u64::from(copy.more),
            start: start as u32,
            len: len as u32,
            fault: copy.fault,
        }
    };
    (image.copies.iter().map(region).collect(), bytes)
}

fn printable(text: &str) {
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "not printable ASCII: {text:?}");
    assert!(text.len() < 4 << 20, "{} bytes of text", text.len());
}

/// The same call in a store, twice, so that it meets what it made itself.
fn stored(view: &CallView<'_>, entry: &(Vec<Region>, Vec<u8>), exit: &(Vec<Region>, Vec<u8>)) {
    let task = TaskId(0);
    let new = NewTask {
        tid: 1,
        tgid: 1,
        parent: None,
        origin: Origin::Launch,
        comm: Vec::new(),
        ns: PidNamespace::default(),
        image: None,
    };
    let mut store = Store::new();
    let first = Event { task, t_ns: 0, kind: EventKind::NewTask(Box::new(new)) };
    store.append(&Batch { events: vec![first], ..Batch::default() });
    for t_ns in [1, 3] {
        let append = |store: &mut Store, t_ns: u64, kind: EventKind, copies: &(Vec<Region>, Vec<u8>)| {
            let events = vec![Event { task, t_ns, kind }];
            store.append(&Batch { events, regions: copies.0.clone(), bytes: copies.1.clone(), system_ns: Vec::new() });
        };
        let regions = 0..entry.0.len() as u32;
        let enter = Enter { arch: view.arch, nr: view.nr, args: *view.args, ip: view.ip, sp: view.sp, regions };
        append(&mut store, t_ns, EventKind::Enter(enter), entry);
        if let Some(outcome) = view.outcome {
            let exit_event = Exit { outcome, marks: view.marks, regions: 0..exit.0.len() as u32 };
            append(&mut store, t_ns + 1, EventKind::Exit(exit_event), exit);
        }
    }
    for fd in -1..64 {
        if let Some(descriptor) = store.files().descriptor(task, fd, 9) {
            printable(&decode::descriptor_text(&descriptor));
        }
    }
}

fuzz_target!(|call: Call| {
    let arch = Arch::ALL[usize::from(call.arch) % Arch::ALL.len()];
    let args = std::array::from_fn(|i| call.args[i].value());
    let (entry, exit) = (image(&call.entry), image(&call.exit));
    let view = CallView {
        arch,
        nr: call.nr.into(),
        args: &args,
        ip: 0,
        sp: BASE,
        outcome: match &call.end {
            End::Open => None,
            End::Returned(word) => Some(Outcome::Returned(word.value() as i64)),
            End::Failed(errno) => Some(Outcome::Failed(*errno)),
            End::Never => Some(Outcome::NeverReturned),
            End::Killed => Some(Outcome::KilledBySeccomp),
            End::Detached => Some(Outcome::Detached),
        },
        marks: Marks(call.marks),
        restarts: Some(args[0]),
        entry: Memory { regions: &entry.0, bytes: &entry.1 },
        exit: Memory { regions: &exit.0, bytes: &exit.1 },
    };
    let options = Options {
        string_limit: usize::from(call.limit),
        verbose: call.verbose,
        hex: [HexStrings::Never, HexStrings::NotText, HexStrings::All][usize::from(call.hex % 3)],
        manner: [Manner::Decoded, Manner::Pointers, Manner::Raw][usize::from(call.manner % 3)],
        names: call.names,
        constants: [Constants::Names, Constants::Numbers, Constants::Both][usize::from(call.hex / 3 % 3)],
        descriptors: true,
        vdso: call.hex >= 128,
    };
    printable(&decode::call_text(&view, &options));
    printable(&decode::unfinished_text(&view, &options));
    printable(&decode::resumed_text(&view, &options));
    printable(&decode::result_text(&view, &options).unwrap_or_default());
    decode::detail(&view, &options).iter().for_each(|line| printable(&line.text));
    let mut text = String::new();
    json::args(&mut text, arch, &decode::call(&view, &options).args, &json::Nothing);
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "no JSON: {text}");
    text.clear();
    let descriptor = decode::new_descriptor(&view).is_some();
    json::result(&mut text, view.outcome, view.marks, descriptor, &json::Nothing);
    assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "no JSON: {text}");
    stored(&view, &entry, &exit);
});
