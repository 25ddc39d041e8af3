//! A comparison as one JSON object; null where a run did not do a thing.

use std::fmt::Write as _;

use super::{Both, Comparison, Count};
use crate::decode::json;

/// The comparison of two runs, which are called `a` and `b`, and the thresholds that are passed, with what passes them.
pub fn json(runs: &Comparison, a: &str, b: &str, passed: &[(String, String)]) -> String {
    let mut out = String::from("{\"format\":1,\"a\":");
    json::string(&mut out, a);
    out.push_str(",\"b\":");
    json::string(&mut out, b);
    out.push_str(",\"total\":{");
    counts(&mut out, &runs.total);
    out.push_str("},\"calls\":[");
    list(&mut out, &runs.calls, |out, (name, both)| {
        out.push_str("{\"name\":");
        json::string(out, name);
        out.push(',');
        counts(out, both);
        out.push('}');
    });
    out.push_str("],\"errors\":[");
    list(&mut out, &runs.errors, |out, ((call, errno), both)| {
        out.push_str("{\"call\":");
        json::string(out, call);
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, ",\"errno\":{errno},\"error\":");
        json::string(out, &super::text::errno_name(*errno));
        out.push(',');
        numbers(out, both);
        out.push('}');
    });
    out.push_str("],\"paths\":[");
    list(&mut out, &runs.paths, |out, (path, both)| {
        out.push_str("{\"path\":");
        json::bytes(out, path);
        out.push(',');
        numbers(out, both);
        out.push('}');
    });
    out.push_str("],\"processes\":[");
    list(&mut out, &runs.processes, |out, pair| {
        let _ = write!(out, "{{\"depth\":{},\"comm\":", pair.depth);
        json::bytes(out, &pair.comm);
        let _ = write!(out, ",\"ordinal\":{},", pair.ordinal);
        counts(out, &pair.count);
        out.push('}');
    });
    out.push_str("],\"passed\":[");
    list(&mut out, passed, |out, (threshold, what)| {
        out.push_str("{\"threshold\":");
        json::string(out, threshold);
        out.push_str(",\"what\":");
        json::string(out, what);
        out.push('}');
    });
    out.push_str("]}\n");
    out
}

fn list<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        write(out, item);
    }
}

fn counts(out: &mut String, both: &Both<Count>) {
    for (name, count) in [("\"a\":", both.a), (",\"b\":", both.b)] {
        out.push_str(name);
        let _ = match count {
            Some(Count { calls, errors, time_ns }) => {
                write!(out, "{{\"calls\":{calls},\"errors\":{errors},\"time_ns\":{time_ns}}}")
            }
            None => write!(out, "null"),
        };
    }
}

fn numbers(out: &mut String, both: &Both<u64>) {
    for (name, number) in [("\"a\":", both.a), (",\"b\":", both.b)] {
        out.push_str(name);
        let _ = match number {
            Some(number) => write!(out, "{number}"),
            None => write!(out, "null"),
        };
    }
}
