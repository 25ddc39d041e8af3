//! Recordings through the public door: what goes in comes out, whatever happens to the file in between.

mod export;
mod made;
#[path = "../e2e/schema.rs"]
mod schema;
mod versions;
mod whole;

use std::io::{Cursor, Read, Write};
use std::time::Duration;

use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use made::*;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use sysview::capture::{self, Launch, Terminal, Tracing};
use sysview::model::*;
use sysview::session::{Item, Marker, Reader, SessionError, Writer, replay};
use sysview::source::{Command, End, Message, Refused, VdsoMode};
use sysview::symbols::Spaces;
use whole::*;

fn write_run(batches: &[Batch]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &started()).unwrap();
    for batch in batches {
        writer.batch(batch).unwrap();
    }
    writer.end(End::Exited(3)).unwrap();
    writer.finish().unwrap()
}

fn read_all(file: &[u8]) -> Result<(Vec<Item>, Option<u64>), SessionError> {
    let mut reader = Reader::open(file, "run.sysview")?;
    let mut items = Vec::new();
    while let Some(more) = reader.read()? {
        items.extend(more);
    }
    Ok((items, reader.cut()))
}

fn batches(items: &[Item]) -> Vec<&Batch> {
    items.iter().filter_map(|item| if let Item::Batch(batch) = item { Some(batch) } else { None }).collect()
}

fn dump(batch: &Batch) -> String {
    format!("{batch:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_batch_comes_back_equal(original in any_batch(60)) {
        let (items, cut) = read_all(&write_run(std::slice::from_ref(&original))).unwrap();
        prop_assert_eq!(cut, None);
        prop_assert!(matches!(items.last(), Some(Item::Ended(End::Exited(3)))));
        let read = batches(&items);
        prop_assert_eq!(read.len(), usize::from(!original.is_empty()));
        for read in read {
            prop_assert_eq!(dump(read), dump(&original));
        }
    }

    #[test]
    fn order_is_kept_over_flushes_and_output(parts in vec((any_batch(20), bytes(8), any::<bool>()), 1..6)) {
        let mut writer = Writer::new(Vec::new(), &started()).unwrap();
        for (batch, output, flush) in &parts {
            writer.batch(batch).unwrap();
            writer.output(output, None).unwrap();
            if *flush {
                writer.flush().unwrap();
            }
        }
        let (items, _) = read_all(&writer.finish().unwrap()).unwrap();
        // What came between two outputs is what was written between them.
        let mut between: Vec<Vec<&Batch>> = vec![Vec::new()];
        let mut outputs = Vec::new();
        for item in &items {
            match item {
                Item::Batch(batch) => between.last_mut().unwrap().push(batch),
                Item::Output(bytes) => {
                    outputs.push(bytes.clone());
                    between.push(Vec::new());
                }
                Item::Marker(_) | Item::Ended(_) => prop_assert!(false, "nobody wrote {item:?}"),
            }
        }
        prop_assert_eq!(outputs, parts.iter().map(|p| p.1.clone()).collect::<Vec<_>>());
        for (read, (batch, ..)) in between.iter().zip(&parts) {
            prop_assert_eq!(dump(&joined(read.iter().copied())), dump(batch));
        }
    }

    #[test]
    fn a_cut_file_opens_up_to_its_last_whole_batch(cut in any::<Index>()) {
        let parts: Vec<Batch> = [50, 30, 40].map(plain_run).into();
        let mut writer = Writer::new(Vec::new(), &started()).unwrap();
        for part in &parts {
            writer.batch(part).unwrap();
            writer.flush().unwrap();
        }
        let file = writer.finish().unwrap();
        let at = cut.index(file.len());
        match read_all(&file[..at]) {
            Ok((items, cut)) => {
                prop_assert_eq!(cut, Some(at as u64));
                let read = dump(&joined(batches(&items)));
                prop_assert!((0..=parts.len()).any(|whole| dump(&joined(&parts[..whole])) == read));
            }
            Err(SessionError::CutAtStart { .. }) => {}
            Err(error) => prop_assert!(at == 0 && matches!(error, SessionError::NotARecording { .. }), "{error}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(700))]

    #[test]
    fn damaged_bytes_give_events_or_an_error(
        changes in vec((any::<Index>(), any::<u8>()), 1..6),
        compressed in any::<bool>(),
    ) {
        let mut file = small_recording(compressed).clone();
        for (index, byte) in changes {
            let at = index.index(file.len());
            file[at] = byte;
        }
        if let Err(error) = read_all(&file) {
            let text = error.to_string();
            prop_assert!(text.starts_with("run.sysview: ") && text.is_ascii() && !text.contains('\n'), "{text}");
        }
    }

    #[test]
    fn damaged_descriptions_give_events_or_an_error(
        message in any::<Index>(),
        at in any::<Index>(),
        value in prop_oneof![any::<u64>(), 0u64..1 << 20, (0u32..64).prop_map(|bit| 1 << bit)],
        compressed in any::<bool>(),
    ) {
        // Eight bytes of one message's description: lengths, offsets and counts stand there.
        let mut file = small_recording(compressed).clone();
        let headers = headers(&file);
        let header = &headers[message.index(headers.len())];
        let at = header.start + at.index(header.len() / 8) * 8;
        file[at..at + 8].copy_from_slice(&value.to_le_bytes());
        if let Err(error) = read_all(&file) {
            prop_assert!(error.to_string().starts_with("run.sysview: "), "{error}");
        }
    }

    #[test]
    fn any_bytes_are_no_recording(file in bytes(200)) {
        prop_assert!(read_all(&file).is_err());
    }
}

/// A small recording with every kind of row in it, as it is written or with its columns laid open, so that damage
/// reaches the values.
fn small_recording(compressed: bool) -> &'static Vec<u8> {
    static FILES: std::sync::OnceLock<[Vec<u8>; 2]> = std::sync::OnceLock::new();
    let files = FILES.get_or_init(|| {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut writer = Writer::new(Vec::new(), &started()).unwrap();
        for _ in 0..3 {
            writer.batch(&any_batch(40).new_tree(&mut runner).unwrap().current()).unwrap();
            writer.output(b"hello\x1b[1m", Some(5)).unwrap();
            writer.flush().unwrap();
        }
        writer.end(End::Killed { signal: 9, core: false }).unwrap();
        let file = writer.finish().unwrap();
        let batches = StreamReader::try_new(&file[..], None).unwrap();
        let mut open = StreamWriter::try_new(Vec::new(), &batches.schema()).unwrap();
        for batch in batches {
            open.write(&batch.unwrap()).unwrap();
        }
        let open = open.into_inner().unwrap();
        assert_eq!(format!("{:?}", read_all(&open).unwrap()), format!("{:?}", read_all(&file).unwrap()));
        [file, open]
    });
    &files[usize::from(!compressed)]
}

/// Where the messages' descriptions stand in a file.
fn headers(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut headers = Vec::new();
    let mut at = 0;
    loop {
        assert_eq!(file[at..at + 4], [0xff; 4]);
        let len = u32::from_le_bytes(file[at + 4..at + 8].try_into().unwrap()) as usize;
        if len == 0 {
            return headers;
        }
        let header = at + 8..at + 8 + len;
        at = header.end + arrow_ipc::root_as_message(&file[header.clone()]).unwrap().bodyLength() as usize;
        headers.push(header);
    }
}

#[test]
fn sizes_that_no_file_warrants_are_refused_before_anything_is_allocated() {
    let file = small_recording(true);
    let mut refused = 0;
    for header in headers(file) {
        let message = arrow_ipc::root_as_message(&file[header.clone()]).unwrap();
        let Some(batch) = message.header_as_record_batch() else { continue };
        for buffer in batch.buffers().unwrap().iter().filter(|b| b.length() > 8) {
            // What a compressed buffer says that it holds.
            let at = header.end + buffer.offset() as usize;
            for size in [1i64 << 33, -2] {
                let mut file = file.clone();
                file[at..at + 8].copy_from_slice(&size.to_le_bytes());
                assert!(matches!(read_all(&file), Err(SessionError::Corrupt { .. })), "{size}");
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
}

fn messages(file: Vec<u8>) -> Vec<Message> {
    let mut source = replay(Cursor::new(file), "run.sysview", None).unwrap();
    assert_eq!(source.control.send(Command::Kill), Err(Refused::Gone));
    std::iter::from_fn(|| source.messages.blocking_recv()).collect()
}

#[test]
fn the_start_comes_back() {
    let file = write_run(&[]);
    let reader = Reader::open(&file[..], "run.sysview").unwrap();
    let mut expected = started();
    expected.live = false;
    assert_eq!(format!("{:?}", reader.started()), format!("{expected:?}"));
}

#[test]
fn a_long_run_is_handed_over_in_batches_of_4096_and_stays_small() {
    let run = plain_run(50_000);
    let file = write_run(std::slice::from_ref(&run));
    let (items, _) = read_all(&file).unwrap();
    let read = batches(&items);
    assert!(read.iter().all(|batch| batch.events.len() <= 4096));
    assert!(dump(&joined(read)) == dump(&run));
    let per_event = file.len() as f64 / run.events.len() as f64;
    println!("{} events, {} bytes, {per_event:.2} an event", run.events.len(), file.len());
    assert!(per_event < 10.0, "{per_event} bytes an event");
}

#[test]
fn cpu_time_comes_back_beside_its_events() {
    let mut run = plain_run(20);
    run.system_ns = (0..run.events.len() as u64).map(|at| at * 1_000).collect();
    let (items, _) = read_all(&write_run(std::slice::from_ref(&run))).unwrap();
    let read: Vec<u64> = batches(&items).iter().flat_map(|batch| batch.system_ns.clone()).collect();
    assert_eq!(read, run.system_ns);
}

#[test]
fn words_about_the_tracing_come_back_in_their_place() {
    let mut writer = Writer::new(Vec::new(), &started()).unwrap();
    let markers = [Marker::Begun, Marker::Notice("a\x1b[2J b".into()), Marker::Vdso(VdsoMode::Off)];
    for marker in markers {
        writer.marker(marker, Some(7)).unwrap();
    }
    writer.batch(&plain_run(5)).unwrap();
    match &messages(writer.finish().unwrap())[..] {
        [
            Message::Started(_),
            Message::Notice(said),
            Message::Vdso(VdsoMode::Off),
            Message::Batch(_),
            Message::Ended(_),
        ] => {
            // What a file says goes to the screen.
            assert_eq!(said, "a [2J b");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_recording_replays_as_a_source() {
    let mut writer = Writer::new(Vec::new(), &started()).unwrap();
    let run = plain_run(50);
    writer.batch(&run).unwrap();
    writer.output(b"$ ", Some(1)).unwrap();
    writer.end(End::Killed { signal: 15, core: true }).unwrap();
    match &messages(writer.finish().unwrap())[..] {
        [Message::Started(start), Message::Batch(batch), Message::Output(output), Message::Ended(end)] => {
            assert!(!start.live);
            assert_eq!(dump(batch), dump(&run));
            assert_eq!(output, b"$ ");
            assert_eq!(*end, End::Killed { signal: 15, core: true });
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cut_recording_says_so_and_a_damaged_one_fails_after_what_is_whole() {
    let mut writer = Writer::new(Vec::new(), &started()).unwrap();
    writer.batch(&plain_run(50)).unwrap();
    writer.flush().unwrap();
    writer.batch(&plain_run(50)).unwrap();
    let file = writer.finish().unwrap();

    match &messages(file[..file.len() - 100].to_vec())[..] {
        [Message::Started(_), Message::Batch(_), Message::Notice(notice), Message::Ended(End::Replayed)] => {
            assert!(notice.contains(&format!("breaks off at byte {}", file.len() - 100)), "{notice}");
        }
        other => panic!("{other:?}"),
    }

    let mut damaged = file.clone();
    let last = headers(&file).last().unwrap().start - 8;
    damaged[last] = 0;
    match &messages(damaged)[..] {
        [Message::Started(_), Message::Batch(_), Message::Failed(error)] => {
            assert!(error.contains(&format!("damaged at byte {last}")), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn other_files_and_other_versions_are_refused_in_a_sentence() {
    let text = read_all(b"#!/bin/sh\necho hello\n").unwrap_err().to_string();
    assert!(text.contains("no recording of sysview") && text.contains("sysview record"), "{text}");

    // The metadata's value "3" as it stands in the schema: its length, the text, a NUL.
    let mut newer = write_run(&[]);
    let values: Vec<usize> = (0..newer.len()).filter(|&i| newer[i..].starts_with(b"\x01\0\0\x003\0")).collect();
    assert_eq!(values.len(), 1);
    newer[values[0] + 4] = b'7';
    let error = read_all(&newer).unwrap_err();
    assert!(matches!(error, SessionError::Version { found: 7, .. }), "{error}");
    assert!(error.to_string().contains("newer sysview"), "{error}");
}

#[test]
fn a_real_program_replays_as_it_ran_and_all_its_calls_are_located() {
    let argv: Vec<std::ffi::OsString> = ["sh", "-c", "ls / | wc; exec ls /"].map(Into::into).into();
    let program = capture::resolve(&argv[0]).unwrap();
    let terminal = Terminal::Pty { rows: 24, cols: 80, inherit: [false; 3] };
    let launch = Launch { program, argv, terminal, setup: capture::Setup::default(), tracing: Tracing::default() };
    let mut source = capture::launch(launch).unwrap();
    let (mut writer, mut store, mut spaces) = (None, Store::new(), Spaces::default());
    let (mut batches, mut output) = (Vec::new(), Vec::new());
    loop {
        match source.messages.blocking_recv().unwrap() {
            Message::Started(started) => writer = Some(Writer::new(Vec::new(), &started).unwrap()),
            Message::Batch(batch) => {
                writer.as_mut().unwrap().batch(&batch).unwrap();
                let changes = store.append(&batch);
                spaces.update(&store, &changes);
                batches.push(batch);
            }
            Message::Output(bytes) => {
                writer.as_mut().unwrap().output(&bytes, None).unwrap();
                output.extend(bytes);
            }
            Message::Ended(end) => break assert_eq!(end, End::Exited(0)),
            other => panic!("{other:?}"),
        }
    }
    let (items, cut) = read_all(&writer.unwrap().finish().unwrap()).unwrap();
    assert_eq!(cut, None);
    assert_eq!(dump(&joined(self::batches(&items))), dump(&joined(&batches)));
    let replayed = items.iter().filter_map(|i| if let Item::Output(bytes) = i { Some(&bytes[..]) } else { None });
    assert_eq!(replayed.collect::<Vec<_>>().concat(), output);

    // Before its first exec a task runs code of ours, of which nothing is known.
    let first_exec = (0..store.len()).find(|seq| matches!(store.row(*seq).unwrap().kind, RowKind::Exec(_))).unwrap();
    let mut located = 0;
    for seq in first_exec..store.len() {
        let Some(call) = store.call(seq) else { continue };
        let ip = call.view().ip;
        let place = spaces.locate_at(store.row(seq).unwrap().task, seq, ip).map(|l| l.name);
        let name = place.unwrap_or_else(|| panic!("row {seq}: nothing at {ip:#x}"));
        located += u32::from(name.contains(".so"));
    }
    assert!(located > 100, "{located}");
}

/// Takes a number of bytes and is full then.
struct SmallDisk(usize);

impl Write for SmallDisk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::Error::other("No space left on device"));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_the_callers_to_report_and_stays_reported() {
    let mut writer = Writer::new(SmallDisk(20_000), &started()).unwrap();
    let run = plain_run(2000);
    let error = (0..20).find_map(|_| writer.batch(&run).and_then(|()| writer.flush()).err()).unwrap();
    assert!(error.to_string().contains("No space left on device"), "{error}");
    assert!(writer.batch(&run).is_err());
    assert!(writer.end(End::Replayed).is_err());
    assert!(writer.finish().is_err());
}

#[test]
fn a_dropped_view_ends_the_reading() {
    /// Tells when it is dropped, which is when the reading thread ends.
    struct Guarded {
        file: Cursor<Vec<u8>>,
        _alive: std::sync::mpsc::Sender<()>,
    }
    impl Read for Guarded {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            self.file.read(buf)
        }
    }
    let (alive, gone) = std::sync::mpsc::channel();
    // More than the queue holds, so that the thread waits for the view.
    let file = Cursor::new(write_run(&[plain_run(60_000)]));
    let mut source = replay(Guarded { file, _alive: alive }, "run.sysview", None).unwrap();
    assert!(matches!(source.messages.blocking_recv(), Some(Message::Started(_))));
    assert_eq!(gone.recv_timeout(Duration::from_millis(100)), Err(std::sync::mpsc::RecvTimeoutError::Timeout));
    drop(source);
    assert_eq!(gone.recv_timeout(Duration::from_secs(20)), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}
