//! The way out: events gather in a batch, batches go to the view through a bounded channel.
//!
//! A batch goes when it has 4,096 events or 4 MiB, when it is 14 ms old at a stop, or when the ticker notices after
//! 16 ms that the worker is blocked. A full channel makes the worker wait (which holds the program); no event is lost.

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::mpsc;

use super::wake::{Mailbox, Ticker};
use crate::model::{Batch, Event, EventKind, TaskId};
use crate::source::Message;

const BATCH_EVENTS: usize = 4096;
const BATCH_BYTES: usize = 4 << 20;
/// Age at which the worker hands a batch over by itself.
const BATCH_AGE_NS: u64 = 14_000_000;
/// Age at which the ticker wakes a blocked worker; later, so that a busy worker is not kicked at all.
const TICK: Duration = Duration::from_millis(16);

pub struct Out {
    pub batch: Batch,
    /// Goes with the events of the stop that is being dealt with; None if nobody asked for it.
    pub system_ns: Option<u64>,
    /// Time of the first event in `batch`.
    since_ns: u64,
    /// Time of the newest event of each task, by its number: a stop that was noticed first may be told last, after one
    /// that a command brought about in between, and no row is earlier than the one before it.
    newest_ns: Vec<u64>,
    /// Messages that are complete and in order, but not yet in the channel.
    queue: VecDeque<Message>,
    sender: mpsc::Sender<Message>,
    /// Fires the mailbox's waker when the view drops its end; None once it has.
    closed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    ticker: Ticker,
    waker: Waker,
}

/// What came of an attempt to hand everything over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    All,
    /// The channel is full; the rest is kept.
    Partly,
}

impl Out {
    pub fn new(sender: mpsc::Sender<Message>, mailbox: &Arc<Mailbox>) -> io::Result<Out> {
        let watched = sender.clone();
        let mut out = Out {
            batch: Batch::default(),
            system_ns: None,
            since_ns: 0,
            newest_ns: Vec::new(),
            queue: VecDeque::new(),
            sender,
            closed: Some(Box::pin(async move { watched.closed().await })),
            ticker: Ticker::start(mailbox)?,
            waker: Waker::from(Arc::clone(mailbox)),
        };
        out.is_closed();
        Ok(out)
    }

    pub fn event(&mut self, task: TaskId, t_ns: u64, kind: EventKind) {
        let index = task.0 as usize;
        if self.newest_ns.len() <= index {
            self.newest_ns.resize(index + 1, 0);
        }
        let t_ns = t_ns.max(self.newest_ns[index]);
        self.newest_ns[index] = t_ns;
        if self.batch.events.is_empty() {
            self.since_ns = t_ns;
            self.ticker.arm(TICK);
        }
        self.batch.events.push(Event { task, t_ns, kind });
        self.batch.system_ns.extend(self.system_ns);
    }

    /// Queues a message behind all events so far.
    pub fn message(&mut self, message: Message) {
        self.seal();
        self.queue.push_back(message);
    }

    /// Makes sure that the worker looks around within a tick.
    pub fn arm(&self) {
        self.ticker.arm(TICK);
    }

    /// Makes sure that the worker looks around after `delay` at the latest.
    pub fn arm_within(&self, delay: Duration) {
        self.ticker.arm_before(delay);
    }

    pub fn is_due(&self, now_ns: u64) -> bool {
        !self.queue.is_empty()
            || !self.batch.is_empty()
                && (self.batch.events.len() >= BATCH_EVENTS
                    || self.batch.bytes.len() >= BATCH_BYTES
                    || now_ns.saturating_sub(self.since_ns) >= BATCH_AGE_NS)
    }

    /// Whether the view dropped its end. From then on everything is thrown away.
    pub fn is_closed(&mut self) -> bool {
        if let Some(closed) = &mut self.closed {
            // Polling also renews the waker's registration.
            if closed.as_mut().poll(&mut Context::from_waker(&self.waker)).is_ready() {
                self.closed = None;
            }
        }
        self.closed.is_none()
    }

    /// A stop makes a few events, but what was read from a log can be many: none of its batches is larger than others.
    pub fn seal_if_full(&mut self) {
        if self.batch.events.len() >= BATCH_EVENTS || self.batch.bytes.len() >= BATCH_BYTES {
            self.seal();
        }
    }

    fn seal(&mut self) {
        if !self.batch.is_empty() {
            // The next one is likely to be as large: made so at once, it does not grow event by event.
            let next = Batch::with_room_of(&self.batch);
            self.queue.push_back(Message::Batch(std::mem::replace(&mut self.batch, next)));
            self.ticker.disarm();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.batch.is_empty() && self.queue.is_empty()
    }

    /// Hands over what there is without waiting.
    pub fn try_deliver(&mut self) -> Delivered {
        self.seal();
        while let Some(message) = self.queue.pop_front() {
            match self.sender.try_send(message) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(message)) => {
                    self.queue.push_front(message);
                    return Delivered::Partly;
                }
                Err(mpsc::error::TrySendError::Closed(_)) => self.queue.clear(),
            }
        }
        Delivered::All
    }

    /// Hands everything over, however long the view takes.
    pub fn deliver_all(&mut self) {
        while self.try_deliver() == Delivered::Partly {
            if self.is_closed() {
                self.discard();
            } else {
                self.wait_for_room(None);
            }
        }
    }

    /// Sleeps until the channel has room, the mailbox is kicked, or the time is over.
    pub fn wait_for_room(&mut self, most: Option<Duration>) {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Unpark>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut reserve = pin!(self.sender.reserve());
        // The permit is given back at once; `try_deliver` then takes the room, or this waits again.
        if reserve.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            match most {
                Some(most) => thread::park_timeout(most),
                None => thread::park(),
            }
        }
    }

    /// Nobody reads any more.
    pub fn discard(&mut self) {
        self.batch = Batch::default();
        self.queue.clear();
        self.ticker.disarm();
    }
}
