//! Messages of netlink(7), put together from the tables of attributes: what begins each of the kernel's messages is seen in
//! what a message full of attributes becomes, and what is in its attributes is told by the tables.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::scene::{PAGE, STRIDE, Site, Turn, fields, sites};
use sysview::abi::{self, Arch, Content};
use sysview::decode::Decoded;
use sysview::model::Outcome;

/// Bytes of `struct nlmsghdr` and of `struct nlattr`.
const HEADER: usize = 16;
const ATTRIBUTE: usize = 4;
/// More than what any message begins with.
const LONGEST: usize = 512;
/// NETLINK_ROUTE, _SOCK_DIAG (in which questions and answers differ), _SELINUX, _NETFILTER, _GENERIC, _CRYPTO.
const PROTOCOLS: [u8; 6] = [0, SOCK_DIAG, 7, 12, 16, 21];
const SOCK_DIAG: u8 = 4;
/// AF_UNSPEC, _UNIX, _INET, _BRIDGE, _INET6, _NETLINK, _PACKET, _SMC: what a message is about decides what is in it.
const FAMILIES: [u8; 8] = [0, 1, 2, 7, 10, 16, 17, 43];

/// A message up to its attributes.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    protocol: u8,
    kind: u16,
    flags: u16,
    pub family: u8,
    /// Of what stands between the header and the attributes, in bytes.
    pub size: usize,
}

/// The attributes around a list of attributes, from the outermost. Before one may stand IFLA_INFO_KIND with that text,
/// which says what is in it; an `INDEX` stands in the attribute, before the others.
type Path = Vec<(u16, Option<&'static str>)>;

/// The number of an interface.
const INDEX: &str = "index";

/// Where the attributes of a table stand.
pub type Way = (Head, Path);

/// A kind of content, the message's family, what is said before, the type of the attribute around it, the table.
type Special = (&'static str, Option<u8>, Option<&'static str>, Option<u16>, &'static str);

/// Tables that stand where only decoders know: in the attribute of that kind of content, of messages of a family or behind
/// an attribute that says what it is; some within another attribute, whose type is a family.
const SPECIAL: [Special; 8] = [
    ("routerport", None, Some(INDEX), None, "mdba_router_pattr"),
    ("afspec", Some(7), None, None, "ifla_af_spec_bridge"),
    ("afspec", Some(0), None, Some(2), "ifla_af_spec_inet"),
    ("afspec", Some(0), None, Some(10), "ifla_af_spec_inet6"),
    ("afspec", Some(0), None, Some(45), "ifla_af_spec_mctp"),
    ("protinfo", Some(7), None, None, "ifla_brport"),
    ("linkdata", None, Some("bridge"), None, "ifla_info_data_bridge"),
    ("linkdata", None, Some("tun"), None, "ifla_info_data_tun"),
];

pub struct Messages {
    site: Site,
    pub tables: BTreeMap<&'static str, Vec<Way>>,
    /// One of each structure that a message begins with.
    pub heads: BTreeMap<&'static str, Head>,
}

impl Messages {
    pub fn new() -> Messages {
        let sendto = |site: &Site| site.call.name == "sendto" && site.call.variant.is_empty();
        let site = sites(Arch::X86_64).into_iter().find(sendto).expect("sendto(2)");
        let mut messages = Messages { site, tables: BTreeMap::new(), heads: BTreeMap::new() };
        messages.find_heads();
        messages.follow();
        messages
    }

    /// Every message with a structure of its own, and the table of its attributes.
    fn find_heads(&mut self) {
        let mut known = BTreeSet::new();
        for (protocol, kind, family) in PROTOCOLS
            .into_iter()
            .flat_map(|protocol| (1..=120).map(move |kind| (protocol, kind)))
            .flat_map(|(protocol, kind)| FAMILIES.into_iter().map(move |family| (protocol, kind, family)))
        {
            for flags in 0..=u16::from(protocol == SOCK_DIAG) {
                let mut head = Head { protocol, kind, flags, family, size: LONGEST };
                let mut names = Vec::new();
                fields(&self.show(&head, &[]), &mut |name, _, _| names.push(name));
                // The sizes of structures that only their decoder knows are tried.
                let Some(name) = names.into_iter().find(|name| *name != "nlmsghdr") else { continue };
                let sizes = match abi::structure(name) {
                    Some(layout) => vec![layout.layout(Arch::X86_64).size.next_multiple_of(4) as usize],
                    None => (0..=88).step_by(4).collect(),
                };
                for size in sizes {
                    head.size = size;
                    self.heads.entry(name).or_insert(head);
                    let Some(table) = self.first_table(&head) else { continue };
                    if known.insert((table, family)) {
                        self.tables.entry(table).or_default().push((head, Vec::new()));
                    }
                    break;
                }
            }
        }
    }

    /// The table whose names the attributes behind a head of that size have.
    fn first_table(&self, head: &Head) -> Option<&'static str> {
        let mut first = None;
        fields(&self.show(head, &attribute(1, &[])), &mut |structure, label, value| {
            if (structure, label) == ("nlattr", "nla_type") {
                first.get_or_insert_with(|| value.text());
            }
        });
        let first = first?;
        abi::attribute_tables().find(|t| t.entries.iter().any(|e| e.value == 1 && e.name == first)).map(|t| t.name)
    }

    /// Tables within tables.
    fn follow(&mut self) {
        let mut queue: VecDeque<&'static str> = self.tables.keys().copied().collect();
        while let Some(name) = queue.pop_front() {
            let ways = self.tables[name].clone();
            let longer = |way: &Way, steps: &[(u16, Option<&'static str>)]| (way.0, [way.1.as_slice(), steps].concat());
            let mut found: Vec<(&'static str, Vec<Way>)> = Vec::new();
            for entry in abi::attributes(name).expect("a table").entries {
                match &entry.content {
                    Content::Nested(inner) => {
                        found.push((inner.name, ways.iter().map(|way| longer(way, &[(entry.value, None)])).collect()));
                    }
                    Content::Special(special) => {
                        for (_, family, before, within, table) in SPECIAL.iter().filter(|s| s.0 == *special) {
                            let fits = ways.iter().filter(|way| family.is_none_or(|family| way.0.family == family));
                            let steps: Vec<_> = [Some((entry.value, *before)), within.map(|kind| (kind, None))]
                                .into_iter()
                                .flatten()
                                .collect();
                            found.push((table, fits.map(|way| longer(way, &steps)).collect()));
                        }
                    }
                    _ => {}
                }
            }
            for (table, ways) in found {
                if !ways.is_empty() && !self.tables.contains_key(table) {
                    self.tables.insert(table, ways);
                    queue.push_back(table);
                }
            }
        }
    }

    /// The message with one attribute of that table in it.
    pub fn with(&self, (head, path): &Way, kind: u16, before: Option<&str>, content: &[u8]) -> Turn {
        let inner = [before.map_or(Vec::new(), info_kind), attribute(kind, content)].concat();
        let wrapped = path.iter().rev().fold(inner, |inner, &(kind, before)| match before {
            Some(INDEX) => attribute(kind, &[[1, 0, 0, 0].as_slice(), &inner].concat()),
            _ => [before.map_or(Vec::new(), info_kind), attribute(kind, &inner)].concat(),
        });
        self.turn(head, &self.start(head), &wrapped)
    }

    fn show(&self, head: &Head, attributes: &[u8]) -> Decoded {
        self.turn(head, &self.start(head), attributes).show()
    }

    fn start(&self, head: &Head) -> Vec<u8> {
        let mut start = vec![0; head.size];
        if let Some(first) = start.first_mut() {
            *first = head.family;
        }
        start
    }

    /// The message with those bytes at its beginning, and those behind them.
    pub fn turn(&self, head: &Head, start: &[u8], attributes: &[u8]) -> Turn {
        let len = HEADER + start.len() + attributes.len();
        let mut page = Vec::with_capacity(PAGE);
        page.extend((len as u32).to_le_bytes());
        page.extend(head.kind.to_le_bytes());
        page.extend(head.flags.to_le_bytes());
        page.extend([0; 8]);
        page.extend(start);
        page.extend(attributes);
        page.resize(PAGE, 0);
        let mut args = self.site.args(0);
        args[..3].copy_from_slice(&[3, STRIDE * 2, len as u64]);
        let outcome = Outcome::Returned(len as i64);
        Turn { site: self.site, args, outcome, page: Arc::new(page), protocol: Some(head.protocol) }
    }

    /// What no table tells: types of messages of every protocol, their flags, contents that have a decoder of their own.
    pub fn turns(&self) -> Vec<Turn> {
        let mut turns = Vec::new();
        let subsystems = (0..=15).flat_map(|subsystem: u16| [subsystem << 8, subsystem << 8 | 1]);
        let kinds: Vec<u16> = subsystems.chain([2, 3, 16, 17, 18, 19, 20, 1000]).collect();
        for protocol in 0..=22 {
            // rtnetlink(7) has the most.
            let routes = if protocol == 0 { 21..=127 } else { 0..=0 };
            for (kind, flags) in kinds.iter().copied().chain(routes).flat_map(|kind| [(kind, 1), (kind, 0xffff)]) {
                let head = Head { protocol, kind, flags, family: 0, size: 0 };
                turns.push(self.turn(&head, &[], &[1; 64]));
            }
        }
        let roots = self.tables.values().flatten().filter(|(_, path)| path.is_empty()).map(|(head, _)| head);
        for head in self.heads.values().chain(roots) {
            let mut start = vec![1; head.size.max(1)];
            start[0] = head.family;
            turns.push(self.turn(head, &self.start(head), &[]));
            turns.push(self.turn(head, &start, &[]));
            // What its decoder alone knows the size of.
            start.resize(start.len().max(64), 1);
            turns.push(self.turn(head, &start, &[]));
        }
        for (name, ways) in &self.tables {
            for entry in abi::attributes(name).expect("a table").entries {
                if matches!(entry.content, Content::Special(_)) {
                    turns.extend(ways.iter().map(|way| self.with(way, entry.value, Some("can"), &[1; 480])));
                }
            }
        }
        turns
    }
}

/// IFLA_INFO_KIND of linux/if_link.h.
fn info_kind(text: &str) -> Vec<u8> {
    attribute(1, text.as_bytes())
}

fn attribute(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = ((ATTRIBUTE + content.len()) as u16).to_le_bytes().to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
