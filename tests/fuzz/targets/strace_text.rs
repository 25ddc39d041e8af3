//! Another tool's text: whatever it is, it is read or its lines are said to be none, and nothing of it reaches a terminal
//! unescaped.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sysview::decode::{self, Options};
use sysview::model::Store;
use sysview::session::strace::{Import, Text};
use sysview::stats::{Histogram, Subjects};

fn plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fuzz_target!(|bytes: &[u8]| {
    // The first byte says where one file ends and the next begins.
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let (first, second) = bytes.split_at(bytes.len() * usize::from(*cut) / 256);
    let text = |pid, bytes: &[u8]| Text { name: "text".into(), pid, bytes: bytes.to_vec() };
    let texts = match first.is_empty() {
        true => vec![text(None, second)],
        false => vec![text(Some(10), first), text(Some(11), second)],
    };
    let Ok(mut import) = Import::new(texts) else { return };
    let mut store = Store::new();
    while let Some(batch) = import.next_batch() {
        store.append(&batch);
    }
    assert!(import.complaints().all(|line| plain(&line)));
    assert!(import.notices().iter().all(|notice| !notice.is_empty()));
    let whole = Options { string_limit: usize::MAX, verbose: true, ..Options::default() };
    let mut last = 0;
    for seq in 0..store.len() {
        let Some(row) = store.row(seq) else { panic!("row {seq} of {}", store.len()) };
        assert!(row.t_ns >= last, "time goes back at row {seq}");
        last = row.t_ns;
        for options in [Options::default(), whole] {
            assert!(plain(&decode::row_text(&store, seq, &options)));
        }
        if let Some(call) = store.call(seq) {
            assert!(decode::detail(&call.view(), &whole).iter().all(|line| plain(&line.text)));
        }
    }
    let histogram = Histogram::of(&store);
    Subjects::over(&store, 0..store.len());
    assert_eq!(histogram.calls(), store.tasks().iter().map(|task| task.calls).sum());
});
