//! Socket addresses of the families that few programs use: Bluetooth, virtual machines, the kernel's ciphers, CAN, X.25,
//! IPX, amateur radio and others. Layouts are those of the kernel's headers by the same name.

use super::names::Set;
use super::sockaddr::{Fields, interface, port};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, le, take};

const HCI_CHANNEL: Set = super::names::HCI_CHANNEL;

/// Appends the fields of an address of that family; false if the family or the length is not known.
pub fn fields(ctx: &Ctx<'_>, fields: &mut Fields, family: u64, data: &[u8]) -> bool {
    let number = |at: usize, len: usize| le(take(data.get(at..).unwrap_or_default(), len));
    let mut add = |name: &'static str, value: Value| fields.push((name.into(), value));
    match family {
        // AF_AX25, linux/ax25.h: the call sign of a station and how many relays follow.
        3 if data.len() >= 14 => radio(fields, data),
        // AF_IPX, linux/ipx.h.
        4 if data.len() >= 14 => {
            add("sipx_port", port(data));
            let network = u32::from_be_bytes([data[2], data[3], data[4], data[5]]);
            add("sipx_network", Value::Call { function: "htonl", args: vec![Value::Hex(network.into())] });
            add("sipx_node", bytes_in_hex(&data[6..12]));
            add("sipx_type", Value::Text(format!("{:#04x}", data[12]).into()));
            if data[13] != 0 {
                add("sipx_zero", Value::Hex(data[13].into()));
            }
        }
        // AF_X25, linux/x25.h: digits.
        9 if data.len() >= 16 => {
            let (digits, ended) = digits(&data[..16]);
            let digits = Value::Str { true_len: digits.len() as u64, bytes: digits.to_vec(), terminated: ended };
            add("sx25_addr", Value::structure("x25_address", vec![("x25_addr".into(), digits)]));
        }
        // AF_CAN, linux/can.h.
        29 if data.len() >= 6 => {
            add("can_ifindex", interface(number(2, 4)));
            if data.len() >= 14 {
                add("can_addr", bytes_in_hex(&data[6..14]));
            }
        }
        // AF_TIPC, linux/tipc.h.
        30 if data.len() >= 14 => {
            add("addrtype", Value::Unsigned(data[0].into()));
            add("scope", Value::Signed((data[1] as i8).into()));
            add("addr", bytes_in_hex(&data[2..14]));
        }
        // AF_BLUETOOTH: the length says whose address it is.
        31 => return bluetooth(ctx, fields, data),
        // AF_ALG, linux/if_alg.h.
        38 if data.len() >= 22 => {
            add("salg_type", text(&data[..14]));
            add("salg_feat", Value::Hex(number(14, 4)));
            add("salg_mask", Value::Hex(number(18, 4)));
            add("salg_name", text(&data[22..]));
        }
        // AF_NFC, linux/nfc.h.
        39 if data.len() >= 14 => {
            add("dev_idx", Value::Unsigned(number(2, 4)));
            add("target_idx", Value::Unsigned(number(6, 4)));
            add("nfc_protocol", Value::Unsigned(number(10, 4)));
        }
        // AF_VSOCK, linux/vm_sockets.h.
        40 if data.len() >= 10 => {
            add("svm_cid", machine(number(6, 4)));
            add("svm_port", Value::Hex(number(2, 4)));
        }
        // AF_QIPCRTR, linux/qrtr.h.
        42 if data.len() >= 10 => {
            add("sq_node", Value::Unsigned(number(2, 4)));
            add("sq_port", Value::Unsigned(number(6, 4)));
        }
        // AF_XDP, linux/if_xdp.h.
        44 if data.len() >= 14 => {
            add("sxdp_flags", super::names::XDP.flags(ctx.arch(), number(0, 2), 16));
            add("sxdp_ifindex", interface(number(2, 4)));
            add("sxdp_queue_id", Value::Unsigned(number(6, 4)));
            add("sxdp_shared_umem_fd", Value::Fd(number(10, 4) as i32));
        }
        // AF_MCTP, linux/mctp.h.
        45 if data.len() >= 10 => {
            add("smctp_network", Value::Unsigned(number(2, 4)));
            add("smctp_addr", Value::Hex(number(6, 1)));
            add("smctp_type", Value::Hex(number(7, 1)));
            add("smctp_tag", Value::Hex(number(8, 1)));
        }
        _ => return false,
    }
    true
}

/// The kernel's and the C library's names of the host's ends, vsock(7).
fn machine(cid: u64) -> Value {
    match cid {
        0 => Value::Named("VMADDR_CID_HYPERVISOR".into()),
        1 => Value::Named("VMADDR_CID_LOCAL".into()),
        2 => Value::Named("VMADDR_CID_HOST".into()),
        0xffff_ffff => Value::Named("VMADDR_CID_ANY".into()),
        _ => Value::Hex(cid),
    }
}

fn bluetooth(ctx: &Ctx<'_>, fields: &mut Fields, data: &[u8]) -> bool {
    let half = |at: usize| le(&data[at..at + 2]);
    let little = |at: usize| Value::Call { function: "htobs", args: vec![Value::Unsigned(half(at))] };
    let mut add = |name: &'static str, value: Value| fields.push((name.into(), value));
    match data.len() {
        4 => {
            add("hci_dev", little(0));
            add("hci_channel", HCI_CHANNEL.name(ctx.arch(), half(2), 16));
        }
        6 => add("sco_bdaddr", device(&data[..6])),
        8 => {
            add("rc_bdaddr", device(&data[..6]));
            add("rc_channel", Value::Unsigned(data[6].into()));
        }
        12 => {
            add("l2_psm", little(0));
            add("l2_bdaddr", device(&data[2..8]));
            add("l2_cid", little(8));
            add("l2_bdaddr_type", Value::Unsigned(data[10].into()));
        }
        _ => return false,
    }
    true
}

/// A Bluetooth device's address: the last byte stands first.
fn device(bytes: &[u8]) -> Value {
    let parts: Vec<String> = bytes.iter().rev().map(|b| format!("{b:02x}")).collect();
    Value::Text(parts.join(":").into())
}

/// An AX.25 address: a station, and the relays on the way to it, of which there are at most eight.
fn radio(fields: &mut Fields, data: &[u8]) {
    const STATION: usize = 14;
    const RELAY: usize = 7;
    const RELAYS: usize = 8;
    let count = le(&data[10..STATION]) as i32;
    let own =
        vec![("sax25_call".into(), call_sign(&data[..RELAY])), ("sax25_ndigis".into(), Value::Signed(count.into()))];
    if count == 0 && data.len() == STATION {
        fields.extend(own);
        return;
    }
    fields.push(("fsa_ax25".into(), Value::structure("sockaddr_ax25", own)));
    let given = ((data.len() - STATION) / RELAY).min(RELAYS);
    let wanted = (count.max(0) as usize).min(RELAYS);
    if wanted != 0 {
        let items: Vec<Value> = data[STATION..].chunks_exact(RELAY).take(given.min(wanted)).map(call_sign).collect();
        fields.push(("fsa_digipeater".into(), Value::Array { items, elided: wanted > given }));
    }
    if data.len() > STATION + given * RELAY {
        fields.push(("".into(), Value::Text("...".into())));
    }
}

/// A call sign: six characters, each shifted by one, and a number: `VALID-13`, `*` for none. What is no proper one is
/// shown byte by byte, with what it reads like as a remark if that can be read at all.
fn call_sign(bytes: &[u8]) -> Value {
    const LETTERS: usize = 6;
    let shifted: Vec<u8> = bytes[..LETTERS].iter().map(|b| b >> 1).collect();
    let last = bytes[LETTERS];
    let padded = shifted.iter().position(|&b| b == b' ').unwrap_or(LETTERS);
    let end = shifted.iter().rposition(|&b| b != b' ').map_or(0, |i| i + 1);
    let readable = shifted.iter().all(|b| (b' '..=b'~').contains(b) && !b"*/".contains(b));
    let proper = bytes[..LETTERS].iter().all(|b| b & 1 == 0)
        && shifted.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b' ')
        && end <= padded
        && last & !0x1e == 0
        && (end > 0 || last == 0);
    let name: String = shifted[..end].iter().map(|&b| b as char).collect();
    let text = match (end, last >> 1 & 0xf) {
        (0, 0) => "*".to_string(),
        (_, number) => format!("{name}-{number}"),
    };
    if proper && readable {
        return Value::Text(text.into());
    }
    let raw = Value::HexStr { bytes: bytes.to_vec(), true_len: bytes.len() as u64 };
    let raw = Value::structure("ax25_address", vec![("ax25_call".into(), raw)]);
    if readable { raw.commented(text) } else { raw }
}

fn digits(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.iter().position(|&b| b == 0) {
        Some(end) => (&bytes[..end], true),
        None => (&bytes[..bytes.len() - 1], false),
    }
}

fn text(bytes: &[u8]) -> Value {
    let own = bytes.split(|&b| b == 0).next().unwrap_or_default();
    Value::Str { bytes: own.to_vec(), true_len: own.len() as u64, terminated: true }
}

/// `[0x61, 0x62]`.
pub fn bytes_in_hex(bytes: &[u8]) -> Value {
    let items = bytes.iter().map(|b| Value::Text(format!("{b:#04x}").into())).collect();
    Value::Array { items, elided: false }
}
