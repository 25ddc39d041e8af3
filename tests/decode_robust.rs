//! Decoding cannot fail: whatever the number, the arguments, the memory and the outcome, the text is printable ASCII,
//! the JSON is JSON, and what a line holds is bounded.

use proptest::prelude::*;
use sysview::abi::{self, Arch};
use sysview::decode::{self, Constants, HexStrings, Manner, Options, json};
use sysview::model::{CallView, Memory, Outcome, Region};

/// Addresses that arguments and pointers in memory are likely to meet.
const BASE: u64 = 0x1000;

#[derive(Debug, Clone)]
struct Copied {
    regions: Vec<Region>,
    bytes: Vec<u8>,
}

fn word() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => (0u64..64).prop_map(|n| BASE + n * 8),
        3 => 0u64..40,
        1 => (0u32..64).prop_map(|bit| 1 << bit),
        1 => any::<u32>().prop_map(u64::from),
        1 => any::<u64>(),
        1 => Just(u64::MAX),
        1 => Just(u64::MAX - 99),
    ]
}

/// Overlapping, cut and faulting copies; half of their words are pointers back into them.
fn copied() -> impl Strategy<Value = Copied> {
    let words = prop::collection::vec(word(), 1..64);
    let regions = prop::collection::vec((0u64..80, 0usize..600, 0usize..512, any::<bool>(), any::<u16>()), 0..8);
    (words, regions).prop_map(|(words, parts)| {
        let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        let regions = parts.into_iter().map(|(slot, len, start, fault, more)| {
            let start = start.min(bytes.len());
            let len = len.min(bytes.len() - start);
            let true_len = len as u64 + u64::from(more % 3) * u64::from(more);
            Region { addr: BASE + slot * 4, true_len, start: start as u32, len: len as u32, fault }
        });
        Copied { regions: regions.collect(), bytes }
    })
}

fn outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        4 => prop_oneof![-2i64..100, any::<i64>()].prop_map(|n| Some(Outcome::Returned(n))),
        2 => prop_oneof![1u16..140, 510u16..600, any::<u16>()].prop_map(|n| Some(Outcome::Failed(n))),
        1 => Just(Some(Outcome::NeverReturned)),
        1 => Just(Some(Outcome::KilledBySeccomp)),
        1 => Just(Some(Outcome::Detached)),
        1 => Just(None),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let hex = prop_oneof![Just(HexStrings::Never), Just(HexStrings::NotText), Just(HexStrings::All)];
    let constants = prop_oneof![3 => Just(Constants::Names), 1 => Just(Constants::Numbers), 1 => Just(Constants::Both)];
    let manner = prop_oneof![3 => Just(Manner::Decoded), 1 => Just(Manner::Pointers), 1 => Just(Manner::Raw)];
    (prop_oneof![Just(32usize), Just(0), 0usize..5000], any::<bool>(), hex, manner, any::<(bool, bool)>(), constants)
        .prop_map(|(string_limit, verbose, hex, manner, (names, descriptors), constants)| Options {
            vdso: names,
            string_limit,
            verbose,
            hex,
            manner,
            names,
            constants,
            descriptors,
        })
}

fn printable(what: &str, text: &str) {
    assert!(text.bytes().all(|b| (0x20..0x7f).contains(&b)), "{what} is not printable ASCII: {text:?}");
    assert!(text.len() < 4 << 20, "{what} has {} bytes", text.len());
}

/// The line as the tree of values has it. A plain call's is written without one.
fn from_tree(view: &CallView<'_>, options: &Options) -> String {
    let call = decode::call(view, options);
    let named = options.names || call.name == "clone";
    let arg = |arg: &decode::DecodedArg| {
        if named { format!("{}={}", arg.name, arg.value.text()) } else { arg.value.text() }
    };
    let args: Vec<String> = call.args.iter().map(arg).collect();
    format!("{}({})", call.name, args.join(", "))
}

fn decode_all(view: &CallView<'_>, options: &Options) {
    printable("call_text", &decode::call_text(view, options));
    if matches!(view.outcome, Some(Outcome::Returned(_) | Outcome::Failed(_))) {
        assert_eq!(decode::call_text(view, options), from_tree(view, options), "the two ways to a line differ");
    }
    printable("unfinished_text", &decode::unfinished_text(view, options));
    printable("resumed_text", &decode::resumed_text(view, options));
    printable("result_text", &decode::result_text(view, options).unwrap_or_default());
    let lines = decode::detail(view, options);
    assert!(lines.len() < 1000, "{} detail lines", lines.len());
    lines.iter().for_each(|line| printable("detail", &line.text));
    lines.iter().for_each(|line| printable("label", &line.label));
    let mut text = String::from("[");
    json::args(&mut text, view.arch, &decode::call(view, options), &json::Nothing);
    text.push(',');
    json::result(&mut text, view.outcome, view.marks, true, &json::Nothing);
    text.push(']');
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&text) {
        panic!("{error} in {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_call_with_any_memory_becomes_text(
        arch in prop::sample::select(Arch::ALL.to_vec()),
        nr in prop_oneof![9 => 0u64..470, 1 => any::<u64>()],
        args in prop::array::uniform6(word()),
        entry in copied(),
        exit in copied(),
        outcome in outcome(),
        options in options(),
    ) {
        let view = CallView {
            arch,
            nr,
            args: &args,
            ip: 0,
            sp: BASE,
            outcome,
            marks: Default::default(),
            restarts: None,
            entry: Memory { regions: &entry.regions, bytes: &entry.bytes },
            exit: Memory { regions: &exit.regions, bytes: &exit.bytes },
        };
        decode_all(&view, &options);
    }
}

/// Every number of every ABI with the same few hostile memories: full of ones, of zeros, of pointers to itself.
#[test]
fn every_call_of_every_abi_takes_hostile_memory() {
    let fills: [Vec<u8>; 3] = [vec![0xff; 4096], vec![0; 4096], (0..512u64).flat_map(|_| BASE.to_le_bytes()).collect()];
    let outcomes = [None, Some(Outcome::Returned(4096)), Some(Outcome::Failed(14))];
    for arch in Arch::ALL {
        for nr in (0..470).filter(|nr| abi::lookup(arch, *nr).is_some()) {
            for bytes in &fills {
                for len in [4096u32, 61] {
                    let region = Region { addr: BASE, true_len: 4096, start: 0, len, fault: len == 61 };
                    let regions = [region];
                    let memory = Memory { regions: &regions, bytes };
                    for outcome in outcomes {
                        let args = [BASE; 6];
                        let view = CallView {
                            arch,
                            nr,
                            args: &args,
                            ip: 0,
                            sp: BASE,
                            outcome,
                            marks: Default::default(),
                            restarts: Some(nr),
                            entry: memory,
                            exit: memory,
                        };
                        decode_all(&view, &Options { verbose: len == 7, ..Options::default() });
                    }
                }
            }
        }
    }
}

/// Every pointer of every call leads to the last bytes of a page: what can be read ends after so many.
#[test]
fn every_call_of_every_abi_takes_pointers_to_the_end_of_a_page() {
    const PAGE_END: u64 = 0x2000;
    let fills: [Vec<u8>; 2] = [vec![b'a'; 64], (0..16).flat_map(|n: u32| n.to_le_bytes()).collect()];
    let outcomes = [Some(Outcome::Returned(3)), Some(Outcome::Failed(14))];
    for arch in Arch::ALL {
        for nr in (0..470).filter(|nr| abi::lookup(arch, *nr).is_some()) {
            for (bytes, outcome) in fills.iter().zip(outcomes) {
                for left in (0..=17).chain([31, 33, 64]) {
                    let addr = PAGE_END - left;
                    let region = Region { addr, true_len: 4096, start: 0, len: left as u32, fault: true };
                    let regions = [region];
                    let memory = Memory { regions: &regions, bytes };
                    let args = [addr; 6];
                    let view = CallView {
                        arch,
                        nr,
                        args: &args,
                        ip: 0,
                        sp: addr,
                        outcome,
                        marks: Default::default(),
                        restarts: None,
                        entry: memory,
                        exit: memory,
                    };
                    let text = decode::call_text(&view, &Options::default());
                    printable("call_text", &text);
                    assert!(text.starts_with(&*decode::shown_name(&view)), "{text} is not of call {nr}");
                    assert_eq!(text, from_tree(&view, &Options::default()));
                }
            }
        }
    }
}
