//! A file that says it is a recording: it is read to its end or refused, and what was read can be shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sysview::decode::{self, Options};
use sysview::model::Store;
use sysview::session::{Item, Reader};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::open(bytes, "file") else { return };
    let mut store = Store::new();
    let mut shown = 0;
    while let Ok(Some(items)) = reader.read() {
        for item in items {
            if let Item::Batch(batch) = item {
                store.append(&batch);
            }
        }
        // The first rows of a batch say as much as all of them.
        for seq in (shown..store.len()).take(200) {
            let text = decode::row_text(&store, seq, &Options::default());
            assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "not printable ASCII: {text:?}");
        }
        shown = store.len();
    }
});
