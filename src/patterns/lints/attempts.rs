//! Connections that are tried at several addresses: a name with IPv6 and IPv4 addresses (Happy Eyeballs, RFC 8305), several name
//! servers, and what looks like it: datagram sockets that are connected only to learn which address would be used.
//! Also the name service cache that is not running.

use super::super::finding::{Finding, Severity};
use super::super::memory::{Found, Program, Recent, mix};
use super::super::seen::{Seen, Wants};
use super::super::words::{Words, many, printable};
use super::{Lint, errno};
use crate::abi::Call;
use crate::decode;
use crate::model::{Store, What};

/// Attempts later than this are for something else, in nanoseconds.
const WINDOW_NS: u64 = 10_000_000_000;
/// Addresses that are kept of one search.
const MOST: usize = 16;
const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const SOCK_STREAM: u32 = 1;
const SOCK_DGRAM: u32 = 2;
const SOCK_TYPE_MASK: u32 = 0xf;
const DNS_PORT: u16 = 53;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Stream,
    NameServer,
    Which,
    Cache,
}

/// Attempts of a process at a port.
#[derive(Debug, Default)]
struct Tried {
    last_ns: u64,
    addresses: Vec<Vec<u8>>,
    rows: Vec<u64>,
    failed: u64,
    told: bool,
}

#[derive(Debug, Default)]
pub struct Attempts {
    attempts: Recent<(i32, u16, Kind), Tried>,
    found: Found<(Program, Kind, u64)>,
}

impl Lint for Attempts {
    fn about(&self) -> (&'static str, &'static str) {
        ("attempts", "connections tried at several addresses")
    }

    fn wants(&self, call: &Call) -> Wants {
        if call.name == "connect" { Wants::All } else { Wants::Nothing }
    }

    fn call(&mut self, seen: &Seen<'_>) {
        let Some(memory) = seen.memory() else { return };
        let view = memory.view();
        let Some(piece) = view.entry.at(seen.row.args[1]) else { return };
        let address = &piece.bytes[..piece.bytes.len().min(seen.row.args[2] as u32 as usize)];
        let Some(family) = address.first_chunk().map(|bytes| u16::from_le_bytes(*bytes)) else { return };
        if family == AF_UNIX {
            let nscd = address.windows(5).any(|part| part == b"nscd/");
            if nscd && matches!(seen.failed(), Some(errno::ENOENT | errno::ECONNREFUSED)) {
                self.found.add((seen.program(), Kind::Cache, 0), seen.task, seen.seq);
            }
            return;
        }
        if !matches!(family, AF_INET | AF_INET6) || address.len() < 8 {
            return;
        }
        let port = u16::from_be_bytes([address[2], address[3]]);
        let kind = match seen.descriptor(seen.fd(0)).map(|found| found.what.clone()) {
            Some(What::Socket { kind, .. }) => kind & SOCK_TYPE_MASK,
            _ => return,
        };
        let kind = match (kind, port) {
            (SOCK_STREAM, _) => Kind::Stream,
            (SOCK_DGRAM, DNS_PORT) => Kind::NameServer,
            (SOCK_DGRAM, _) => Kind::Which,
            _ => return,
        };
        let attempts = self.attempts.entry((seen.process(), port, kind));
        if seen.t_ns.saturating_sub(attempts.last_ns) > WINDOW_NS {
            *attempts = Tried::default();
        }
        attempts.last_ns = seen.t_ns;
        if attempts.addresses.iter().any(|known| known == address) || attempts.addresses.len() == MOST {
            return;
        }
        attempts.addresses.push(address.to_vec());
        attempts.rows.push(seen.seq);
        attempts.failed += u64::from(seen.failed().is_some_and(|errno| errno != errno::EINPROGRESS));
        if attempts.addresses.len() < 2 {
            return;
        }
        let key = (seen.program(), kind, mix(u64::from(port), u64::from(seen.process() as u32)));
        let Some(tally) = self.found.tally(key, seen.task) else { return };
        let told = std::mem::replace(&mut attempts.told, true);
        attempts.rows.iter().skip(if told { attempts.rows.len() - 1 } else { 0 }).for_each(|&row| tally.add(row));
        tally.other = attempts.failed;
        let texts: Vec<String> = attempts.addresses.iter().filter_map(|one| decode::address_text(one)).collect();
        tally.subject = texts.join(", ").into_bytes();
    }

    fn findings(&self, _: &Store, out: &mut Vec<Finding>) {
        for (&(program, kind, _), tally) in self.found.iter() {
            let addresses = printable(&tally.subject);
            let (severity, title, why, advice) = match kind {
                Kind::Stream => (
                    if tally.other > 0 { Severity::Remark } else { Severity::Note },
                    match tally.other {
                        0 => format!("tries to connect at {}: {addresses}", many(tally.count, "address", "addresses")),
                        n => format!(
                            "tries to connect at {}, {n} of them in vain: {addresses}",
                            many(tally.count, "address", "addresses")
                        ),
                    },
                    "A name can have several addresses, often of IPv6 and of IPv4; each that does not answer costs time before the \
                     next is tried.",
                    "Look at the result of each attempt. If one family never works here, the server or the name's records should \
                     not offer it.",
                ),
                Kind::NameServer => (
                    Severity::Note,
                    format!("asks {} in turn: {addresses}", many(tally.count, "name server", "name servers")),
                    "The next one is asked when the one before does not answer in time, which takes seconds.",
                    "Look at how long passed between them; order or remove servers in resolv.conf(5).",
                ),
                Kind::Which => (
                    Severity::Note,
                    format!("connects datagram sockets to {addresses}"),
                    "Nothing is sent: getaddrinfo(3) asks the kernel which of its own addresses it would use for each, to sort them.",
                    "Nothing; this is no traffic.",
                ),
                Kind::Cache => (
                    Severity::Note,
                    "asks the name service cache (nscd), which is not running".into(),
                    "The C library tries its socket before it reads the files or asks the servers itself.",
                    "Nothing; most systems run none.",
                ),
            };
            out.push(Words { lint: "attempts", severity, title, why: why.into(), advice }.of(program, tally));
        }
    }
}
