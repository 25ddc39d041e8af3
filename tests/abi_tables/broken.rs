//! Tables with one mistake each: the error names the place and says what is wrong.

use super::compiler::numbers::Numbers;
use super::compiler::{Assets, Source, compile};

const FLAGS: &str = "set open O_??? asm-generic/fcntl.h\n  O_CREAT = 0x40\n  O_DIRECT = 0x4000, aarch64 0x10000\n";
const STRUCTS: &str = "struct timespec\n  tv_sec: klong\n  tv_nsec: klong\n";

fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.into() }
}

/// Numbers for calls named in a test; the rest of the machine is left out.
fn numbers(names: &[&str]) -> Numbers {
    let table: Vec<(u16, String)> = names.iter().enumerate().map(|(i, name)| (i as u16, name.to_string())).collect();
    Numbers { tables: [table.clone(), table.clone(), table.clone(), table] }
}

fn outcome(flags: &str, structs: &str, calls: &str, names: &[&str]) -> Result<String, String> {
    let assets = Assets {
        syscalls: vec![source("assets/syscalls/t.sys", calls)],
        flags: vec![source("assets/flags/t", flags)],
        structs: vec![source("assets/structs/t", structs)],
        netlink: Vec::new(),
        errno: source("assets/errno.txt", "1 EPERM Operation not permitted\n"),
    };
    compile(&assets, &numbers(names)).map_err(|e| e.to_string())
}

#[track_caller]
fn broken_call(line: &str, expected: &str) {
    let calls = format!("# a comment\n\n{line}\n");
    let found = outcome(FLAGS, STRUCTS, &calls, &["f"]).expect_err("the line is broken");
    assert_eq!(found, format!("assets/syscalls/t.sys:3: {expected}"));
}

#[test]
fn a_whole_table_compiles() {
    let calls =
        "f(path: path, flags: flags[open], mode: mode if flags & O_CREAT, t: in timespec[2]) -> fd+  #file #desc\n";
    let code = outcome(FLAGS, STRUCTS, calls, &["f"]).expect("the table is whole");
    assert!(code.contains("Cond::AnyBit { arg: 1, mask: 0x40 }"), "{code}");
    assert!(code.contains("source: \"assets/syscalls/t.sys:1\""));
}

#[test]
fn lengths_conditions_and_aliases_reach_the_code() {
    let calls = "f(buf: out bytes[*len], len: inout int, x: unused, cmd: O_CREAT)\nf$V(buf: in bytes[8], cmd: O_CREAT)\ng = f  #ipc\n";
    let code = outcome(FLAGS, STRUCTS, calls, &["f", "g"]).expect("the table is whole");
    assert!(code.contains("Type::Bytes { dir: Dir::Out, len: Len::Deref(1) }"), "{code}");
    assert!(code.contains("Type::Bytes { dir: Dir::In, len: Len::Const(8) }"));
    // What is unused has a condition that never holds.
    assert!(code.contains("name: \"x\", ty: Type::Num { width: Width::Word, meaning: Meaning::Hex }, when: Some(Cond::AnyBit { arg: 0, mask: 0x0 })"));
    assert!(code.contains("static CALL_G: Call = Call { name: \"g\""));
}

#[test]
fn calls_without_types_are_names_only() {
    let code = outcome(FLAGS, STRUCTS, "f(a, b)\n", &["f"]).expect("the table is whole");
    assert!(code.contains("described: false"));
    broken_call("f(a, b: int)", "either all arguments have a type or none");
}

#[test]
fn mistakes_in_a_call_are_told_with_their_place() {
    broken_call("f(a: in)", "expected a type, found `)`");
    broken_call("f(a: integer)", "`integer` is no type; a structure needs `in`, `out` or `inout`");
    broken_call("f(a: in timespek)", "`timespek` is neither a type nor a structure of assets/structs");
    broken_call("f(a: flags[opne])", "there is no flag set `opne` in assets/flags");
    broken_call("f(a: int, a: int)", "the argument `a` stands twice");
    broken_call("f(a: int b: int)", "expected `,`, found `b:`");
    broken_call("f(a: out bytes[len])", "there is no argument `len`");
    broken_call("f(a: out bytes)", "`bytes` needs a length: `bytes[count]`");
    broken_call("f(a: int if flags & O_CREAT)", "there is no argument `flags`");
    broken_call("f(x: int, a: int if x & O_CRAET)", "`O_CRAET` is in no flag set");
    broken_call("f(x: int, a: int if x == O_DIRECT)", "`O_DIRECT` has several values (of 4 ABIs or in several sets)");
    broken_call("f(a: int) -> integer", "`integer` is no result type");
    broken_call(
        "f(a: int)  #fiel",
        "`fiel` is no tag; known are file, desc, network, process, signal, ipc, memory, clock, \
         creds, stat, statfs, fstat, lstat, fstatfs, pure",
    );
    broken_call("f(a: int) int", "`int` is left over at the end of the line");
    broken_call("f(a: int, b: int, c: int, d: int, e: int, g: int, h: int)", "a call has at most six arguments");
    broken_call("f@arm(a: int)", "`arm` is no ABI; known are x86_64, i386, x32, aarch64");
    broken_call("f$V(a: O_CREAT)", "`f$V` has no base declaration");
    broken_call("f = g", "`g` is not declared");
    broken_call("f(a: int", "expected `,`, found `the end of the line`");
}

#[test]
fn every_number_needs_a_line_and_every_line_a_number() {
    let missing = outcome(FLAGS, STRUCTS, "f()\n", &["f", "g"]).expect_err("g has no line");
    assert_eq!(missing, "assets/syscalls:0: `g` (x86_64 call 1) has no line in any table");
    let unknown = outcome(FLAGS, STRUCTS, "f()\ng()\n", &["f"]).expect_err("g is no call");
    assert_eq!(unknown, "assets/syscalls/t.sys:2: `g` is no call of any ABI");
    let twice = outcome(FLAGS, STRUCTS, "f()\nf()\n", &["f"]).expect_err("f stands twice");
    assert_eq!(twice, "assets/syscalls/t.sys:2: `f` is already declared at assets/syscalls/t.sys:1");
}

#[test]
fn mistakes_in_flags_are_told_with_their_place() {
    let error = |flags: &str| outcome(flags, STRUCTS, "f()\n", &["f"]).expect_err("the set is broken");
    assert_eq!(error("  A = 1\n"), "assets/flags/t:1: a constant stands before the first `set`");
    assert_eq!(
        error("set s\n  A = 1\n"),
        "assets/flags/t:1: a set needs the comment of an unknown value and its header"
    );
    assert_eq!(error("set s S_??? h.h\n  A = one\n"), "assets/flags/t:2: `one` is not a number");
    assert_eq!(error("set s S_??? h.h\n  A = 1\n  A = 2\n"), "assets/flags/t:3: `A` stands twice in its set");
    assert_eq!(error("set s S_??? h.h\n"), "assets/flags/t:1: the set `s` is empty");
    assert_eq!(
        error("set s S_??? h.h\n  A = 1\nset s S_??? h.h\n  B = 1\n"),
        "assets/flags/t:3: the set `s` is already defined at assets/flags/t:1"
    );
}

#[test]
fn mistakes_in_structures_are_told_with_their_place() {
    let error = |structs: &str| outcome(FLAGS, structs, "f()\n", &["f"]).expect_err("the structure is broken");
    assert_eq!(
        error("struct a\n  b: c\n"),
        "assets/structs/t:2: `c` is neither a type nor a structure of assets/structs"
    );
    assert_eq!(error("struct a\n  b: a\n"), "assets/structs/t:1: the structure `a` contains itself");
    assert_eq!(error("struct a\n"), "assets/structs/t:1: the structure `a` has no fields");
    assert_eq!(error("struct a\n  b: int\n  b: int\n"), "assets/structs/t:3: the field `b` stands twice");
    assert_eq!(
        error("struct a\n  b: int\nstruct a\n  b: int\n"),
        "assets/structs/t:3: the structure `a` is already defined at assets/structs/t:1"
    );
    assert_eq!(error("struct a i386\n  b: int\n"), "assets/structs:0: the structure `a` has no layout for some ABI");
}

#[test]
fn errors_must_ascend() {
    let assets = Assets {
        syscalls: vec![source("assets/syscalls/t.sys", "f()\n")],
        flags: vec![],
        structs: vec![],
        netlink: Vec::new(),
        errno: source("assets/errno.txt", "2 ENOENT No such file\n1 EPERM No\n"),
    };
    let found = compile(&assets, &numbers(&["f"])).map_err(|e| e.to_string());
    assert_eq!(found, Err("assets/errno.txt:2: the numbers must ascend".into()));
}
