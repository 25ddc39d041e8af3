//! A recording as a source: the messages of the run, as fast as the view takes them.

use std::io::{BufReader, Read};
use std::thread;

use tokio::sync::mpsc;

use super::{Item, Marker, Reader, SessionError};
use crate::source::{Command, Control, End, MESSAGE_QUEUE, Message, Refused, Source};

/// Opens a recording; `name` is what messages call it, and `size` its length in bytes, if it is known: then the way to its
/// end is told as `Message::Progress`. Errors: the file is no recording, of another version, cut before
/// its first event or unreadable. What is found broken later ends the replay with `Message::Failed`; a file that was
/// cut short ends with a `Message::Notice`. Reading has a thread of its own, which ends when the receiver is dropped.
pub fn replay(file: impl Read + Send + 'static, name: &str, size: Option<u64>) -> Result<Source, SessionError> {
    let reader = Reader::open(BufReader::with_capacity(256 << 10, file), name)?;
    let (sender, messages) = mpsc::channel(MESSAGE_QUEUE);
    let name = name.to_string();
    thread::Builder::new()
        .name("replay".into())
        .spawn(move || send_all(reader, &name, size, &sender))
        .map_err(SessionError::Thread)?;
    Ok(Source { messages, control: Box::new(Nothing) })
}

fn send_all<R: Read>(mut reader: Reader<R>, name: &str, size: Option<u64>, sender: &mpsc::Sender<Message>) {
    // A refused message means that nobody looks any more.
    let send = |message| sender.blocking_send(message).is_ok();
    if !send(Message::Started(Box::new(reader.started().clone()))) {
        return;
    }
    let mut end = None;
    loop {
        let items = match reader.read() {
            Ok(Some(items)) => items,
            Ok(None) => break,
            Err(error) => {
                send(Message::Failed(error.to_string()));
                return;
            }
        };
        for item in items {
            let sent = match item {
                Item::Batch(batch) => send(Message::Batch(batch)),
                Item::Output(bytes) => send(Message::Output(bytes)),
                Item::Marker(Marker::Notice(sentence)) => send(Message::Notice(sentence)),
                Item::Marker(Marker::Vdso(mode)) => send(Message::Vdso(mode)),
                Item::Marker(Marker::Begun) => true,
                Item::Ended(how) => {
                    end = Some(how);
                    true
                }
            };
            if !sent {
                return;
            }
        }
        // The whole of a short file is there at once.
        if let Some(size) = size.filter(|size| *size > reader.offset())
            && !send(Message::Progress { read: reader.offset(), size })
        {
            return;
        }
    }
    if let Some(offset) = reader.cut() {
        let what = "the recorder was killed or the disk was full; all events before that are here";
        send(Message::Notice(format!("{name}: the recording breaks off at byte {offset}: {what}")));
    }
    send(Message::Ended(end.unwrap_or(End::Replayed)));
}

/// There is no program to type to, to kill or to hold.
struct Nothing;

impl Control for Nothing {
    fn send(&self, _command: Command) -> Result<(), Refused> {
        Err(Refused::Gone)
    }
}
