//! Everything that is declared is printed: each field of each structure, each constant of each set, and what no constant
//! names in hexadecimal.
//!
//! The tables say which calls and messages lead to what; so many ways are tried, with memory of several fillings. What only
//! decoders know is searched for in turns of the calls that they belong to, then in the lines that other tests keep
//! (`tests/decode`, `tests/every_call`). What is not found must be in the lists of `left_out`, which say why; an entry that is no
//! longer needed is an error. Whether values and layouts are the kernel's is checked in `abi_tables`.

#[path = "everything_declared/left_out.rs"]
mod left_out;
#[path = "everything_declared/netlink.rs"]
mod netlink;
#[path = "everything_declared/scene.rs"]
mod scene;
#[path = "everything_declared/turns.rs"]
mod turns;
#[path = "everything_declared/ways.rs"]
mod ways;

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use left_out::{List, NOT_IN_HEX, OWN_FORM, UNNAMED};
use netlink::Messages;
use scene::{fields, has_name, words};
use sysview::abi::{self, Arch, Constant, FlagSet};
use turns::Seen;
use ways::{Place, Ways, shown};

/// So many calls that lead to the same are tried.
const TRIED: usize = 8;

/// The entries of a list against what was found to be missing.
fn compare(what: &str, list: List, missing: &BTreeSet<(String, String)>) {
    let entries: Vec<(&str, &str)> = list.iter().flat_map(|(_, entries)| entries.iter().copied()).collect();
    let covers = |entry: &(&str, &str), found: &(String, String)| {
        entry.0 == found.0 && (entry.1 == "*" || entry.1.split(' ').any(|name| name == found.1))
    };
    let open: Vec<_> = missing.iter().filter(|found| !entries.iter().any(|entry| covers(entry, found))).collect();
    assert!(open.is_empty(), "{what}: {} are not printed: {open:#?}", open.len());
    let spare: Vec<(&str, &str)> = entries
        .iter()
        .flat_map(|entry| entry.1.split(' ').map(|name| (entry.0, name)))
        .filter(|entry| !missing.iter().any(|found| covers(entry, found)))
        .collect();
    assert!(spare.is_empty(), "{what}: no longer needed in the list: {spare:#?}");
}

/// What other tests keep of what is printed.
fn kept_lines() -> String {
    let mut kept = String::new();
    for folder in ["tests/decode", "tests/every_call"] {
        for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("kept lines") {
            let text = fs::read_to_string(file.expect("an entry").path()).expect("a file of lines");
            let cases = folder == "tests/decode";
            for line in text.lines().filter(|line| !cases || line.starts_with('=')) {
                kept.push_str(line);
                kept.push('\n');
            }
        }
    }
    kept
}

/// What all tests look into.
struct World {
    messages: Messages,
    ways: [Ways; 4],
    seen: Seen,
    /// Sets of which the tables do not say where their numbers stand.
    untold: Vec<&'static FlagSet>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let messages = Messages::new();
        let ways = Arch::ALL.map(|arch| Ways::new(arch, &messages));
        let told = |set: &&FlagSet| ways.iter().any(|ways| ways.places.contains_key(set.name));
        let untold: Vec<_> = abi::flag_sets().filter(|set| !told(set)).collect();
        let seen = turns::see(&turns::turns(&messages), &untold);
        World { messages, ways, seen, untold }
    })
}

#[test]
fn every_field_is_printed() {
    let World { messages, ways: all, seen, .. } = world();
    let kept: HashSet<String> = {
        let text = kept_lines();
        text.split('=').filter_map(|before| words(before).last().map(str::to_owned)).collect()
    };
    let mut missing = BTreeSet::new();
    let (mut told, mut searched, mut by_lines) = (0, 0, 0);
    for structure in abi::structures() {
        let mut reached = false;
        for (arch, ways) in Arch::ALL.into_iter().zip(all) {
            let Some(places) = ways.structures.get(structure.name) else { continue };
            reached = true;
            let mut open: BTreeSet<&str> = structure.layout(arch).fields.iter().map(|f| f.name).collect();
            told += open.len();
            for at in places.iter().take(TRIED) {
                let _all = shown(at, None, messages, &mut |turn| {
                    fields(&turn.show(), &mut |name, label, _| {
                        if name == structure.name {
                            open.remove(label);
                        }
                    });
                    open.is_empty()
                });
            }
            told -= open.len();
            missing.extend(open.iter().map(|field| (structure.name.to_owned(), (*field).to_owned())));
        }
        if reached {
            continue;
        }
        for field in structure.layout(Arch::X86_64).fields {
            // The requests of bpf(2) are parts of one union.
            let name = if structure.name.starts_with("bpf_") { "bpf_attr" } else { structure.name };
            let shows = |name| seen.fields.get(name).is_some_and(|fields| fields.contains(field.name));
            let found = shows(structure.name) || shows(name);
            if found {
                searched += 1;
            } else if kept.contains(field.name) {
                by_lines += 1;
            } else {
                missing.insert((structure.name.to_owned(), field.name.to_owned()));
            }
        }
    }
    println!(
        "fields: {told} by the tables, {searched} searched for, {by_lines} in kept lines, {} in the list",
        missing.len()
    );
    compare("fields", OWN_FORM, &missing);
}

/// Whether the table alone keeps a constant from being named: others before it take its bits, or its value.
fn shadowed(all: &[Constant], index: usize, flags: bool) -> bool {
    let constant = &all[index];
    if !flags {
        return all[..index].iter().any(|c| c.value == constant.value);
    }
    let taken = |c: &Constant| match c.mask {
        Some(mask) if constant.value & mask == c.value => mask,
        None if constant.value & c.value == c.value => c.value,
        _ => 0,
    };
    match constant.mask {
        // Nothing at all has a name only where no field has one for it.
        None if constant.value == 0 => {
            all.iter().enumerate().any(|(i, c)| c.value == 0 && (c.mask.is_some() || i < index))
        }
        mask => all[..index].iter().fold(0, |bits, c| bits | taken(c)) & mask.unwrap_or(constant.value) != 0,
    }
}

/// Whether the constant is named where it is put.
fn is_named(place: &Place, all: &[Constant], constant: &Constant, messages: &Messages) -> bool {
    let named = |value: u64| {
        shown(&place.at, Some((value, place.bits)), messages, &mut |turn| has_name(&place.text(turn), constant.name))
    };
    // Some flags are shown only beside one that says that they are there.
    let others = all.iter().filter(|c| c.name != constant.name && c.mask.is_none() && c.value.count_ones() == 1);
    named(constant.value) || place.flags && others.into_iter().any(|c| named(constant.value | c.value))
}

#[test]
fn every_constant_is_printed() {
    let World { messages, ways, seen, untold } = world();
    let mut missing = BTreeSet::new();
    let (mut told, mut hidden, mut placed, mut in_turns, mut by_lines) = (0, 0, 0, 0, 0);
    let mut done = HashSet::new();
    for (arch, ways) in Arch::ALL.into_iter().zip(ways) {
        for (name, places) in &ways.places {
            let set = abi::flag_set(name).expect("a set");
            let all = set.constants(arch);
            if !done.insert((*name, all.as_ptr())) {
                continue;
            }
            for (index, constant) in all.iter().enumerate() {
                let fits = places.iter().filter(|place| place.holds(constant)).take(TRIED);
                if places.iter().all(|place| shadowed(all, index, place.flags)) {
                    hidden += 1;
                } else if fits.into_iter().any(|place| is_named(place, all, constant, messages)) {
                    told += 1;
                } else {
                    missing.insert(((*name).to_owned(), constant.name.to_owned()));
                }
            }
        }
    }
    let kept = kept_lines();
    println!("{} sets by the tables, {} searched for", abi::flag_sets().count() - untold.len(), untold.len());
    for set in untold {
        let named = turns::named(set, seen.turns.get(set.name).map_or(&[], Vec::as_slice));
        let all = set.constants(Arch::X86_64);
        for (index, constant) in all.iter().enumerate() {
            if named.contains(constant.name) {
                placed += 1;
            } else if seen.names.contains(constant.name) {
                in_turns += 1;
            } else if has_name(&kept, constant.name) {
                by_lines += 1;
            } else if shadowed(all, index, false) {
                hidden += 1;
            } else {
                missing.insert((set.name.to_owned(), constant.name.to_owned()));
            }
        }
    }
    println!(
        "constants: {told} by the tables, {placed} placed by search, {in_turns} in turns, {by_lines} in kept lines, \
         {hidden} behind others, {} in the list",
        missing.len()
    );
    compare("constants", UNNAMED, &missing);
}

#[test]
fn what_has_no_name_is_in_hexadecimal() {
    let World { messages, ways: [ways, ..], .. } = world();
    let mut missing = BTreeSet::new();
    let mut checked = 0;
    for (name, places) in &ways.places {
        let all = abi::flag_set(name).expect("a set").constants(Arch::X86_64);
        let unnamed = |place: &Place| {
            let cut = |value: u64| if place.bits == 64 { value } else { value & ((1 << place.bits) - 1) };
            let taken = all.iter().fold(0, |bits, c| bits | c.value | c.mask.unwrap_or(0));
            match place.flags {
                true => (0..place.bits).rev().map(|bit| 1 << bit).find(|bit| taken & bit == 0),
                false => (0..255)
                    .map(|less| cut(0x7a7a_7a7a_7a7a_7a7a) - less)
                    .find(|v| all.iter().all(|c| cut(c.value) != *v)),
            }
        };
        let with: Vec<(&Place, u64)> =
            places.iter().filter_map(|place| Some((place, unnamed(place)?))).take(TRIED).collect();
        if with.is_empty() {
            continue;
        }
        checked += 1;
        let shows = |(place, value): &(&Place, u64)| {
            let text = format!("{value:#x}");
            shown(&place.at, Some((*value, place.bits)), messages, &mut |turn| has_name(&place.text(turn), &text))
        };
        if !with.iter().any(shows) {
            missing.insert(((*name).to_owned(), String::from("?")));
        }
    }
    println!("{checked} sets have numbers without a name");
    assert!(checked > 200, "only {checked} sets were checked");
    compare("numbers without a name", NOT_IN_HEX, &missing);
}
