//! Calls with arguments that only a decoder understands (`custom[…]`), each in many turns: with every command that another
//! argument's set has, every filling, every end. In what they show, the place of a set's number is searched for.
//!
//! Left out: what the tables tell themselves (`ways`).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::netlink::Messages;
use super::scene::{CHOICES, Site, Turn, fields, fillings, full_of, has_name, sites, words};
use sysview::abi::{self, Arch, FlagSet, Meaning, Type};
use sysview::decode::Decoded;

/// More turns than this are tried with one filling.
const MANY: usize = 200;
/// So far in a page places are searched for, in bytes.
const REACH: usize = 128;

/// Numbers that are put together in a way of their own: the call, the argument, the numbers.
fn packed() -> Vec<(&'static str, usize, Vec<u64>)> {
    // quotactl(2): a request above the kind.
    let quota: Vec<u64> = (0x80_0001..=0x80_0009).chain(0x5801..=0x5809).map(|request: u64| request << 8).collect();
    // linux/input.h: EVIOCGPROP to EVIOCGSW, EVIOCGBIT of each kind of event, EVIOCGABS and EVIOCSABS of the first axis.
    let input = (0x09..=0x3f).map(|own| 0x8060_4500 | own).chain([0x8018_4540, 0x4018_45c0]).collect();
    vec![
        ("quotactl", 0, quota.clone()),
        ("quotactl_fd", 1, quota),
        ("ioctl", 1, input),
        // keyctl(2): the task's own keyrings.
        ("add_key", 4, (1..=8u64).map(u64::wrapping_neg).collect()),
        ("getsockopt", 2, (0..=82).collect()),
        ("setsockopt", 2, (0..=82).collect()),
    ]
}

/// The registers of a call in each of its turns.
fn registers(site: &Site, plain: u64) -> Vec<[u64; 6]> {
    let mut all = vec![site.args(plain)];
    let mut multiply = |index: usize, values: &[u64]| {
        let base = all.clone();
        for value in values {
            all.extend(base.iter().map(|args| {
                let mut args = *args;
                args[index] = *value;
                args
            }));
        }
    };
    for (index, arg) in site.call.args.iter().enumerate().take(6) {
        if let Type::Num { meaning: Meaning::Enum(set), .. } = arg.ty
            && set.constants(site.arch).len() <= abi::LARGE_SET
        {
            multiply(index, &set.constants(site.arch).iter().map(|c| c.value).collect::<Vec<_>>());
        }
    }
    for (_, index, values) in
        packed().iter().filter(|(name, ..)| *name == site.call.name && site.call.variant.is_empty())
    {
        multiply(*index, values);
    }
    all
}

pub fn turns(messages: &Messages) -> Vec<Turn> {
    let mut turns = messages.turns();
    let pages = fillings().map(Arc::new);
    // What a structure begins with often says what it is: a signal, a family, a type, a letter.
    let mut led = Vec::new();
    for filling in [full_of(1, 4), full_of(0, 4), full_of(64, 4)] {
        for first in (1..=32).chain([44, u32::from(b'Q'), u32::from(b'S')]) {
            let mut page = filling.clone();
            page[..4].copy_from_slice(&first.to_le_bytes());
            led.push(Arc::new(page));
        }
    }
    let video = video_pages();
    for site in sites(Arch::X86_64) {
        if !site.call.args.iter().any(|arg| matches!(arg.ty, Type::Custom { .. })) {
            // Arguments that are shown in the call's own way.
            turns.extend(CHOICES[..2].iter().map(|&(plain, outcome)| Turn {
                site,
                args: site.args(plain),
                outcome,
                page: pages[1].clone(),
                protocol: None,
            }));
            continue;
        }
        for (plain, outcome) in CHOICES {
            let all = registers(&site, plain);
            // Of calls with very many turns not each is tried with everything.
            let pages = if all.len() > MANY { &pages[1..2] } else { &pages[..] };
            if all.len() == 1 && plain == CHOICES[0].0 {
                let own = if site.call.variant.starts_with("VIDIOC_") { &video[..] } else { &[] };
                turns.extend(led.iter().chain(own).map(|page| Turn {
                    site,
                    args: all[0],
                    outcome,
                    page: page.clone(),
                    protocol: None,
                }));
            }
            for (args, page) in all.iter().flat_map(|args| pages.iter().map(move |page| (*args, page))) {
                turns.push(Turn { site, args, outcome, page: page.clone(), protocol: None });
            }
        }
    }
    turns
}

/// Memory for requests to cameras: formats are four letters, and controls have high numbers.
fn video_pages() -> Vec<Arc<Vec<u8>>> {
    const USER_CONTROL: u32 = 0x98_0900;
    let letters = [*b"YUYV", *b"UVCH", *b"CU08"].map(u32::from_le_bytes);
    let mut pages = Vec::new();
    for filling in letters.into_iter().chain([USER_CONTROL, 0x98_0000]) {
        for first in (0..=16).chain([USER_CONTROL, USER_CONTROL | 1 << 31]) {
            for second in [filling, first] {
                let mut page = full_of(filling.into(), 4);
                page[..4].copy_from_slice(&first.to_le_bytes());
                page[4..8].copy_from_slice(&second.to_le_bytes());
                pages.push(Arc::new(page));
            }
        }
    }
    pages
}

/// What all turns show together.
pub struct Seen {
    /// Structures and fields.
    pub fields: HashMap<&'static str, HashSet<String>>,
    /// Constants of the sets that were asked for.
    pub names: HashSet<&'static str>,
    /// By set: some turns in which one of its constants is named.
    pub turns: BTreeMap<&'static str, Vec<Turn>>,
}

/// Shows every turn, and finds those that name constants of these sets.
pub fn see(turns: &[Turn], sets: &[&'static FlagSet]) -> Seen {
    let mut owners: HashMap<&str, Vec<(&'static str, &'static str)>> = HashMap::new();
    for set in sets {
        for constant in set.constants(Arch::X86_64) {
            // Some names are expressions: the longest of their words leads to them.
            let word = words(constant.name).max_by_key(|word| word.len()).expect("a word");
            owners.entry(word).or_default().push((set.name, constant.name));
        }
    }
    let mut seen = Seen { fields: HashMap::new(), names: HashSet::new(), turns: BTreeMap::new() };
    for turn in turns {
        let call = turn.show();
        fields(&call, &mut |name, label, _| {
            let known = seen.fields.entry(name).or_default();
            if !known.contains(label) {
                known.insert(label.to_owned());
            }
        });
        let text = text(turn, &call);
        for &(set, name) in words(&text).filter_map(|word| owners.get(word)).flatten() {
            if !has_name(&text, name) {
                continue;
            }
            seen.names.insert(name);
            let found = seen.turns.entry(set).or_default();
            let other = |known: &Turn| !std::ptr::eq(known.site.call, turn.site.call) || known.args != turn.args;
            if found.len() < 3 && found.iter().all(other) {
                found.push(turn.clone());
            }
        }
    }
    seen
}

/// Where a number of a set stands in a turn.
#[derive(Debug, Clone, Copy)]
enum Spot {
    Register { index: usize, shift: u32 },
    Memory { offset: usize, width: usize },
}

impl Spot {
    fn all() -> impl Iterator<Item = Spot> {
        let memory = [1, 2, 4, 8]
            .into_iter()
            .flat_map(|width| (0..REACH).step_by(width.min(4)).map(move |offset| Spot::Memory { offset, width }));
        let registers = (0..6).flat_map(|index| [0, 8, 13].map(|shift| Spot::Register { index, shift }));
        registers.chain(memory)
    }

    fn with(self, turn: &Turn, value: u64) -> Turn {
        let mut turn = turn.clone();
        match self {
            Spot::Register { index, shift } => turn.args[index] = value << shift,
            Spot::Memory { offset, width } => {
                let mut page = turn.page.to_vec();
                page[offset..offset + width].copy_from_slice(&value.to_le_bytes()[..width]);
                turn.page = Arc::new(page);
            }
        }
        turn
    }
}

/// Which constants of a set are named in any turn when they are put where one of the set's numbers stands.
pub fn named(set: &'static FlagSet, turns: &[Turn]) -> BTreeSet<&'static str> {
    let all = set.constants(Arch::X86_64);
    let mut found = BTreeSet::new();
    for turn in turns {
        let shows = |turn: &Turn, name: &str| has_name(&text(turn, &turn.show()), name);
        let before = text(turn, &turn.show());
        // What is not there already shows where the place is.
        let witnesses: Vec<_> = all.iter().filter(|c| !has_name(&before, c.name)).take(2).collect();
        for spot in Spot::all() {
            if found.len() == all.len() {
                return found;
            }
            if witnesses.iter().any(|c| shows(&spot.with(turn, c.value), c.name)) {
                found.extend(all.iter().filter(|c| shows(&spot.with(turn, c.value), c.name)).map(|c| c.name));
            }
        }
    }
    found
}

/// All arguments and the result.
fn text(turn: &Turn, call: &Decoded) -> String {
    let mut text = turn.result();
    for arg in &call.args {
        text.push(' ');
        arg.value.write(&mut text);
    }
    text
}
