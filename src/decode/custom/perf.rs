//! What perf_event_open(2) is to count: its attributes, of which the program says how many bytes it knows.

use std::borrow::Cow;

use super::names::{
    CLOCK, HW_BREAKPOINT, PERF_BRANCH, PERF_CACHE, PERF_CACHE_OP, PERF_CACHE_RESULT, PERF_FORMAT, PERF_HARDWARE,
    PERF_SAMPLE, PERF_SIZE, PERF_SOFTWARE, PERF_TYPE, Set,
};
use crate::decode::value::Value;
use crate::decode::walk::{Ctx, Side, le, take};

type Fields = Vec<(Cow<'static, str>, Value)>;

/// PERF_ATTR_SIZE_VER0: no program asks for less.
const FIRST: u64 = 64;
/// All that is known here, up to `config4`.
const KNOWN: u64 = 144;
/// Up to `wakeup_events`: what a short view reads.
const SHORT: u64 = 48;

// linux/perf_event.h
const HARDWARE: u64 = 0;
const SOFTWARE: u64 = 1;
const TRACEPOINT: u64 = 2;
const CACHE: u64 = 3;
const BREAKPOINT: u64 = 5;
const SAMPLE_BRANCH_STACK: u64 = 1 << 11;
const SAMPLE_STACK_USER: u64 = 1 << 13;
const E2BIG: u16 = 7;

/// The one-bit fields, from bit 0; "" for the two bits of `precise_ip`.
const BITS: [&str; 38] = [
    "disabled",
    "inherit",
    "pinned",
    "exclusive",
    "exclude_user",
    "exclude_kernel",
    "exclude_hv",
    "exclude_idle",
    "mmap",
    "comm",
    "freq",
    "inherit_stat",
    "enable_on_exec",
    "task",
    "watermark",
    "",
    "",
    "mmap_data",
    "sample_id_all",
    "exclude_host",
    "exclude_guest",
    "exclude_callchain_kernel",
    "exclude_callchain_user",
    "mmap2",
    "comm_exec",
    "use_clockid",
    "context_switch",
    "write_backward",
    "namespaces",
    "ksymbol",
    "bpf_event",
    "aux_output",
    "cgroup",
    "text_poke",
    "build_id",
    "inherit_thread",
    "remove_on_exec",
    "sigtrap",
];
const SKID: [&str; 4] = ["arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid"];

/// The attributes at argument `index`.
pub fn attributes(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(own) = ctx.uint(Side::Entry, addr.wrapping_add(4), 4) else { return Value::address(addr) };
    let mut size = if own == 0 { FIRST } else { own.min(KNOWN) };
    if size < FIRST {
        return Value::address(addr);
    }
    if !ctx.options.verbose {
        size = SHORT;
    }
    let Some(bytes) = ctx.read(Side::Entry, addr, size as usize) else { return Value::address(addr) };
    let attr = Attributes { ctx, bytes };
    let mut fields = attr.head(addr, own);
    attr.bits(&mut fields);
    if ctx.options.verbose {
        attr.rest(&mut fields);
    }
    Value::Struct { name: "perf_event_attr", fields, elided: own.max(if own == 0 { FIRST } else { 0 }) > size }
}

struct Attributes<'a> {
    ctx: &'a Ctx<'a>,
    bytes: &'a [u8],
}

impl Attributes<'_> {
    /// A field, with zeros for what lies behind the end of the program's structure.
    fn field(&self, at: usize, len: usize) -> u64 {
        le(take(self.bytes.get(at..).unwrap_or_default(), len))
    }

    fn bit(&self, bit: u32) -> bool {
        self.field(40, 8) >> bit & 1 == 1
    }

    fn name(&self, set: Set, value: u64, bits: usize) -> Value {
        set.name(self.ctx.arch(), value, bits)
    }

    fn head(&self, addr: u64, own: u64) -> Fields {
        let kind = self.field(0, 4);
        let size = self.name(PERF_SIZE, own, 32);
        // The one error that changes the structure: how much the kernel knows.
        let refused = matches!(self.ctx.view.outcome, Some(crate::model::Outcome::Failed(E2BIG)));
        let size = match self.ctx.uint(Side::Exit, addr.wrapping_add(4), 4).filter(|_| refused) {
            Some(known) => Value::Changed(Box::new(size), Box::new(self.name(PERF_SIZE, known, 32))),
            None => size,
        };
        let arch = self.ctx.arch();
        let period = if self.bit(10) { "sample_freq" } else { "sample_period" };
        vec![
            ("type".into(), self.name(PERF_TYPE, kind, 32)),
            ("size".into(), size),
            ("config".into(), self.event(kind)),
            (period.into(), Value::Unsigned(self.field(16, 8))),
            ("sample_type".into(), PERF_SAMPLE.flags(arch, self.field(24, 8), 64)),
            ("read_format".into(), PERF_FORMAT.flags(arch, self.field(32, 8), 64)),
        ]
    }

    /// What is counted, by the kind of event.
    fn event(&self, kind: u64) -> Value {
        let config = self.field(8, 8);
        let (unit, event) = (config >> 32, config & 0xffff_ffff);
        let unit = if unit == 0 { String::new() } else { format!("{unit:#x}<<32|") };
        match kind {
            HARDWARE => Value::Text(format!("{unit}{}", self.name(PERF_HARDWARE, event, 32).text()).into()),
            SOFTWARE => self.name(PERF_SOFTWARE, config, 64),
            TRACEPOINT => Value::Unsigned(config),
            CACHE => {
                let rest = if event >> 24 == 0 { String::new() } else { format!("{:#x}<<24|", event >> 24) };
                let part = |set: Set, shift: u32| self.name(set, event >> shift & 0xff, 8).text();
                let (result, op) = (part(PERF_CACHE_RESULT, 16), part(PERF_CACHE_OP, 8));
                Value::Text(format!("{unit}{rest}{result}<<16|{op}<<8|{}", part(PERF_CACHE, 0)).into())
            }
            _ => Value::Hex(config),
        }
    }

    /// Bits that are set, in full views all of them.
    fn bits(&self, fields: &mut Fields) {
        let skid = self.field(40, 8) >> 15 & 3;
        for (bit, name) in (0u32..).zip(BITS) {
            if bit == 15 {
                fields.push(("precise_ip".into(), Value::Unsigned(skid).commented(SKID[skid as usize])));
            } else if !name.is_empty() && (self.bit(bit) || self.ctx.options.verbose) {
                fields.push((name.into(), Value::Unsigned(self.bit(bit).into())));
            }
        }
        let reserved = self.field(40, 8) >> BITS.len();
        if reserved != 0 {
            fields.push(("__reserved_1".into(), Value::Hex(reserved).commented("Bits 63..38")));
        }
    }

    /// What only full views show, as far as the structure goes.
    fn rest(&self, fields: &mut Fields) {
        let arch = self.ctx.arch();
        let breakpoint = self.field(0, 4) == BREAKPOINT;
        let samples = self.field(24, 8);
        let wakeup = if self.bit(14) { "wakeup_watermark" } else { "wakeup_events" };
        let mut add = |at: usize, name: &'static str, value: Value| {
            if at < self.bytes.len() {
                fields.push((name.into(), value));
            }
        };
        add(48, wakeup, Value::Unsigned(self.field(48, 4)));
        if breakpoint {
            add(52, "bp_type", self.access());
            add(56, "bp_addr", Value::Hex(self.field(56, 8)));
            add(64, "bp_len", Value::Unsigned(self.field(64, 8)));
        } else {
            add(56, "config1", Value::Hex(self.field(56, 8)));
            add(64, "config2", Value::Hex(self.field(64, 8)));
        }
        if samples & SAMPLE_BRANCH_STACK != 0 {
            add(72, "branch_sample_type", PERF_BRANCH.flags(arch, self.field(72, 8), 64));
        }
        add(80, "sample_regs_user", Value::Hex(self.field(80, 8)));
        if samples & SAMPLE_STACK_USER != 0 {
            add(88, "sample_stack_user", Value::Hex(self.field(88, 4)));
        }
        if self.bit(25) {
            add(92, "clockid", self.name(CLOCK, self.field(92, 4), 32));
        }
        add(96, "sample_regs_intr", Value::Hex(self.field(96, 8)));
        add(104, "aux_watermark", Value::Unsigned(self.field(104, 4)));
        let reserved = self.field(110, 2);
        let depth = Value::Unsigned(self.field(108, 2));
        add(108, "sample_max_stack", remark(depth, "bytes 110..111", reserved));
        add(112, "aux_sample_size", Value::Unsigned(self.field(112, 4)));
        let action = self.field(116, 4);
        for (bit, name) in ["aux_start_paused", "aux_pause", "aux_resume"].into_iter().enumerate() {
            add(116, name, Value::Unsigned(action >> bit & 1));
        }
        if action >> 3 != 0 {
            add(116, "__reserved_3", Value::Hex(action >> 3).commented("Bits 931..959"));
        }
        add(120, "sig_data", Value::Hex(self.field(120, 8)));
        add(128, "config3", Value::Hex(self.field(128, 8)));
        add(136, "config4", Value::Hex(self.field(136, 8)));
    }

    /// What a breakpoint waits for; reading or writing together with executing is none.
    fn access(&self) -> Value {
        const ALL: u64 = 7;
        match self.field(52, 4) {
            raw @ 5..=ALL => Value::Unknown { raw, comment: "HW_BREAKPOINT_INVALID" },
            raw => self.name(HW_BREAKPOINT, raw, 32),
        }
    }
}

fn remark(value: Value, what: &str, reserved: u64) -> Value {
    if reserved == 0 { value } else { value.commented(format!("{what}: {reserved:#x}")) }
}

/// PERF_EVENT_IOC_QUERY_BPF: room for identifiers, and after the call the programs' own.
pub fn query_bpf(ctx: &Ctx<'_>, index: usize) -> Value {
    let addr = ctx.arg(index);
    let Some(room) = ctx.uint(Side::Entry, addr, 4) else { return Value::address(addr) };
    let mut fields: Fields = vec![("ids_len".into(), Value::Unsigned(room))];
    let Some(count) = ctx.returned().and_then(|_| ctx.uint(Side::Exit, addr.wrapping_add(4), 4)) else {
        return Value::Struct { name: "perf_event_query_bpf", fields, elided: true };
    };
    fields.push(("prog_cnt".into(), Value::Unsigned(count)));
    let ids = ctx.elements(Side::Exit, addr.wrapping_add(8), count.min(room), 4, |b| Value::Unsigned(le(b)));
    fields.push(("ids".into(), ids));
    Value::structure("perf_event_query_bpf", fields)
}
