//! The bytes that were copied of a call, as a dump as wide as the pane allows.

use super::page::Page;
use crate::abi::{self, fetch};
use crate::decode::hex;
use crate::model::{CallView, Memory, Region};
use crate::tui::format;
use crate::tui::theme::Role;

/// Bytes of a region, and lines of all, that are shown.
const BYTES: usize = 1_024;
const LINES: usize = 400;

pub fn write(page: &mut Page<'_>, view: &CallView<'_>) {
    let call = abi::lookup(view.arch, view.nr).map(|call| call.select(view.args));
    let mut any = false;
    for (when, memory) in [("at entry", view.entry), ("at exit", view.exit)] {
        for region in memory.regions.iter().filter(|region| !fetch::is_no_memory(region.addr)) {
            if page.lines.len() > LINES {
                return page.text("More was copied than is shown here.", Role::Dim);
            }
            any = true;
            let argument = view.args.iter().position(|&arg| arg == region.addr && arg != 0);
            let argument = argument.and_then(|index| Some(call?.args.get(index)?.name));
            let whose = argument.map_or_else(String::new, |name| format!("{name}, "));
            let cut = if region.true_len > u64::from(region.len) {
                format!(" of {}", format::count(region.true_len))
            } else {
                String::new()
            };
            let fault = if region.fault { ", then unreadable" } else { "" };
            let text =
                format!("{when}: {whose}{:#x}, {}{cut} bytes{fault}", region.addr, format::count(region.len.into()));
            page.text(&text, Role::Column);
            dump(page, memory, region);
        }
    }
    if !any {
        page.text("No memory was copied: every argument stands in its register.", Role::Dim);
    }
}

fn dump(page: &mut Page<'_>, memory: Memory<'_>, region: &Region) {
    let (start, len) = (region.start as usize, region.len as usize);
    let bytes = memory.bytes.get(start..start + len).unwrap_or_default();
    let shown = &bytes[..bytes.len().min(BYTES)];
    for line in hex::dump_within(shown, region.addr, page.width().saturating_sub(1)) {
        page.raw(line, Role::Text);
    }
    if shown.len() < bytes.len() {
        page.text(&format!("and {} more bytes", format::count((bytes.len() - shown.len()) as u64)), Role::Dim);
    }
}
