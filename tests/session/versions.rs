//! Files of every version of the format that was ever written are kept in `kept/` and read as what they were. The writer
//! of each version made its own from `every_kind` and `plain_run(20)`.

use sysview::model::*;
use sysview::session::{FORMAT_VERSION, Item, Writer};
use sysview::source::End;

use crate::made::{joined, plain_run};
use crate::whole::{every_kind, started};
use crate::{batches, dump, read_all};

/// The newest version's file; `SYSVIEW_KEEP=1 cargo test --test session` writes it, once, when there is a new version.
fn newest() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &started()).unwrap();
    writer.batch(&every_kind()).unwrap();
    writer.output(b"$ \x1b[1mhello\r\n", Some(95)).unwrap();
    writer.flush().unwrap();
    writer.batch(&plain_run(20)).unwrap();
    writer.end(End::Killed { signal: 15, core: false }).unwrap();
    writer.finish().unwrap()
}

fn read(file: &[u8]) -> (Vec<Item>, Batch) {
    let (items, cut) = read_all(file).unwrap();
    assert_eq!(cut, None);
    assert!(items.iter().any(|item| matches!(item, Item::Output(bytes) if bytes == b"$ \x1b[1mhello\r\n")));
    assert!(matches!(items.last(), Some(Item::Ended(End::Killed { signal: 15, core: false }))));
    let batch = joined(batches(&items));
    (items, batch)
}

fn written() -> Batch {
    joined(&[every_kind(), plain_run(20)])
}

#[test]
fn files_of_version_1_are_read() {
    let (_, batch) = read(include_bytes!("kept/version1.sysview"));
    assert_eq!(dump(&batch), dump(&written()));
}

#[test]
fn the_first_files_of_version_1_are_read_for_what_they_say() {
    let (_, batch) = read(include_bytes!("kept/version1-first.sysview"));
    let mut expected = written();
    // These had no warnings, no marks, and knew less about tasks.
    expected.events.retain(|event| !matches!(event.kind, EventKind::Warning(_)));
    for event in &mut expected.events {
        match &mut event.kind {
            EventKind::Exit(exit) => exit.marks = Marks::NONE,
            EventKind::Exec(exec) => exec.standing = None,
            EventKind::NewTask(new) => {
                new.ns = PidNamespace::default();
                new.image.iter_mut().for_each(|image| image.standing = None);
            }
            _ => {}
        }
    }
    assert_eq!(dump(&batch), dump(&expected));
}

#[test]
fn files_of_version_2_are_read() {
    let (_, batch) = read(include_bytes!("kept/version2.sysview"));
    assert_eq!(dump(&batch), dump(&written()));
}

#[test]
fn files_of_version_3_are_read() {
    let (_, batch) = read(include_bytes!("kept/version3.sysview"));
    assert_eq!(dump(&batch), dump(&written()));
}

#[test]
fn there_is_a_file_of_the_newest_version() {
    let path = format!("{}/tests/session/kept/version{FORMAT_VERSION}.sysview", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("SYSVIEW_KEEP").is_some() {
        std::fs::write(&path, newest()).unwrap();
    }
    assert!(std::fs::exists(path).unwrap());
    let (_, batch) = read(&newest());
    assert_eq!(dump(&batch), dump(&written()));
}
