//! What is taken out of calls, and what stays.

use super::*;
use crate::model::{Event, Exit, Marks, Standing, VdsoState};

/// A copy of `bytes` at `addr`.
type Copy<'a> = (u64, &'a [u8]);

/// One call of a task with what was copied at its entry and its exit.
fn call(name: &str, args: [u64; 6], entry: &[Copy<'_>], outcome: Outcome, exit: &[Copy<'_>]) -> Batch {
    let nr = (0..600).find(|nr| abi::lookup(Arch::X86_64, *nr).is_some_and(|call| call.name == name));
    let mut batch = Batch::default();
    let regions = [entry, exit].map(|copies| {
        let first = batch.regions.len() as u32;
        for (addr, bytes) in copies {
            let (start, len) = (batch.bytes.len() as u32, bytes.len() as u32);
            batch.bytes.extend_from_slice(bytes);
            batch.regions.push(Region { addr: *addr, true_len: len.into(), start, len, fault: false });
        }
        first..batch.regions.len() as u32
    });
    let [entry, exit] = regions;
    let enter = Enter { arch: Arch::X86_64, nr: nr.expect("a call"), args, ip: 0, sp: 0, regions: entry };
    let exit = Exit { outcome, marks: Marks::NONE, regions: exit };
    for kind in [EventKind::Enter(enter), EventKind::Exit(exit)] {
        batch.events.push(Event { task: TaskId(0), t_ns: 0, kind });
    }
    batch
}

/// The text of each piece of memory after redaction.
fn texts(mut batch: Batch, redaction: Redaction) -> Vec<String> {
    Redactor::new(redaction).batch(&mut batch);
    let text = |region| String::from_utf8_lossy(batch.region_bytes(region)).into_owned();
    batch.regions.iter().map(text).collect()
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

const PATHS: Redaction = Redaction { payload: Fate::Kept, environment: Fate::Kept, paths: true };
const LEFT_OUT: Redaction = Redaction { payload: Fate::LeftOut, environment: Fate::LeftOut, paths: false };

#[test]
fn what_goes_through_buffers_is_masked_and_paths_stay() {
    let write = || call("write", [1, 0x1000, 6, 0, 0, 0], &[(0x1000, b"secret")], Outcome::Returned(6), &[]);
    let read = || call("read", [0, 0x1000, 64, 0, 0, 0], &[], Outcome::Returned(6), &[(0x1000, b"secret")]);
    for batch in [write, read] {
        assert_eq!(texts(batch(), Redaction::CONTENTS), ["******"]);
        assert_eq!(texts(batch(), LEFT_OUT), [""]);
        assert_eq!(texts(batch(), PATHS), ["secret"]);
        assert_eq!(texts(batch(), Redaction::default()), ["secret"]);
    }
    let open =
        || call("openat", [u64::MAX - 99, 0x1000, 0, 0, 0, 0], &[(0x1000, b"/etc/shadow")], Outcome::Returned(3), &[]);
    assert_eq!(texts(open(), Redaction::CONTENTS), ["/etc/shadow"]);
    assert_eq!(texts(open(), PATHS), ["/***/******"]);
}

#[test]
fn pieces_of_vectors_are_masked_and_the_vectors_stay() {
    let vector = words(&[0x2000, 3, 0x3000, 4]);
    let pieces: [Copy<'_>; 3] = [(0x1000, &vector), (0x2000, b"abc"), (0x3000, b"defg")];
    let batch = call("writev", [1, 0x1000, 2, 0, 0, 0], &pieces, Outcome::Returned(7), &[]);
    let kept = String::from_utf8_lossy(&vector).into_owned();
    assert_eq!(texts(batch, Redaction::CONTENTS), [kept.as_str(), "***", "****"]);
}

#[test]
fn the_length_that_was_there_is_still_known() {
    let mut batch = call("write", [1, 0x1000, 900, 0, 0, 0], &[(0x1000, b"secret")], Outcome::Returned(900), &[]);
    batch.regions[0].true_len = 900;
    Redactor::new(LEFT_OUT).batch(&mut batch);
    assert_eq!((batch.regions[0].len, batch.regions[0].true_len, batch.regions[0].fault), (0, 900, false));
}

#[test]
fn values_of_variables_are_masked_and_names_and_arguments_stay() {
    let (argv, environment) = (words(&[0x2000, 0]), words(&[0x3000, 0x4000, 0]));
    let copies: [Copy<'_>; 6] = [
        (0x1000, b"/bin/sh"),
        (0x1100, &argv),
        (0x2000, b"sh"),
        (0x1200, &environment),
        (0x3000, b"TOKEN=secret"),
        (0x4000, b"no variable"),
    ];
    let batch = || call("execve", [0x1000, 0x1100, 0x1200, 0, 0, 0], &copies, Outcome::Returned(0), &[]);
    let shown = texts(batch(), Redaction::CONTENTS);
    assert_eq!([0, 2, 4, 5].map(|at: usize| shown[at].as_str()), ["/bin/sh", "sh", "TOKEN=******", "***********"]);
    assert_eq!(texts(batch(), LEFT_OUT)[4..], ["TOKEN=", ""]);
    assert_eq!(texts(batch(), PATHS)[0], "/***/**");
}

#[test]
fn what_a_call_writes_is_known_by_what_it_was_given() {
    let link = || {
        let entry: [Copy<'_>; 1] = [(0x1000, b"/proc/self/exe")];
        call("readlink", [0x1000, 0x2000, 64, 0, 0, 0], &entry, Outcome::Returned(8), &[(0x2000, b"/bin/cat")])
    };
    assert_eq!(texts(link(), Redaction::CONTENTS), ["/proc/self/exe", "/bin/cat"]);
    assert_eq!(texts(link(), PATHS), ["/****/****/***", "/***/***"]);
    // The entry came in another batch, or in none.
    let whole = call("read", [0, 0x1000, 64, 0, 0, 0], &[], Outcome::Returned(6), &[(0x1000, b"secret")]);
    let (mut first, mut second) = (whole.clone(), whole.clone());
    first.events.truncate(1);
    second.events.remove(0);
    let mut redactor = Redactor::new(Redaction::CONTENTS);
    redactor.batch(&mut first);
    redactor.batch(&mut second);
    assert_eq!(second.region_bytes(&second.regions[0]), b"******");
    let mut orphan = whole;
    orphan.events.remove(0);
    assert_eq!(texts(orphan, Redaction::CONTENTS), ["******"]);
}

#[test]
fn names_stand_in_addresses_directories_and_images_too() {
    let address = [b"\x01\0/run/secret".as_slice(), &[0; 4]].concat();
    let connect = call("connect", [3, 0x1000, 18, 0, 0, 0], &[(0x1000, &address)], Outcome::Returned(0), &[]);
    assert_eq!(texts(connect, PATHS), ["\u{1}\0/***/******\0\0\0\0"]);
    let entry = [&[0; 16][..], &[24, 0, 8], b"name\0"].concat();
    let both = [entry.clone(), entry].concat();
    let list = call("getdents64", [3, 0x1000, 48, 0, 0, 0], &[], Outcome::Returned(48), &[(0x1000, &both)]);
    assert_eq!(texts(list, PATHS)[0].matches("****\0").count(), 2);
    let mut image = Exec {
        path: b"/usr/bin/cat".to_vec(),
        comm: b"cat".to_vec(),
        vdso: VdsoState::Unknown,
        maps: Vec::new(),
        former: None,
        standing: Some(Box::new(Standing {
            cwd: b"/home/ann".to_vec(),
            root: b"/".to_vec(),
            mount_ns: None,
            ids: crate::model::Ids {
                uids: [0; 4],
                gids: [0; 4],
                inheritable: 0,
                permitted: 0,
                effective: 0,
                bounding: 0,
                ambient: 0,
            },
            descriptors: Vec::new(),
        })),
    };
    mask_image(&mut image);
    assert_eq!(image.path, b"/***/***/***");
    assert_eq!(image.standing.map(|s| (s.cwd, s.root)), Some((b"/****/***".to_vec(), b"/".to_vec())));
}

#[test]
fn options_of_mounts_are_contents() {
    let copies: [Copy<'_>; 4] =
        [(0x1000, b"//host/share"), (0x2000, b"/mnt"), (0x3000, b"cifs"), (0x4000, b"password=x")];
    let batch = call("mount", [0x1000, 0x2000, 0x3000, 0, 0x4000, 0], &copies, Outcome::Returned(0), &[]);
    assert_eq!(texts(batch, Redaction::CONTENTS), ["//host/share", "/mnt", "cifs", "**********"]);
}

#[test]
fn lines_of_the_terminal_stay_lines() {
    let mut bytes = b"$ cat key\r\nabc\r\n".to_vec();
    Redactor::new(Redaction::CONTENTS).output(&mut bytes);
    assert_eq!(bytes, b"*********\r\n***\r\n");
    Redactor::new(LEFT_OUT).output(&mut bytes);
    assert!(bytes.is_empty());
}

#[test]
fn strings_that_another_tool_printed_are_masked() {
    let text: &[u8] = b"\x02{name=\"a\\\"b\", size=3}, \"c\"...";
    let batch = call("fstat", [3, 0x1000, 0, 0, 0, 0], &[(PRINTED_ARGUMENTS, text)], Outcome::Returned(0), &[]);
    assert_eq!(texts(batch, Redaction::CONTENTS)[0], "\x02{name=\"****\", size=3}, \"*\"...");
}
