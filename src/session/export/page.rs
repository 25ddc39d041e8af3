//! Tables as one HTML page that stands alone: no file and no address from elsewhere, legible without JavaScript, light or
//! dark as the reader's system is. A click on a heading sorts, by a few lines of script.
//!
//! Every text that comes in is escaped on its way out. Left out: what the tables are about (`html`).

use std::io::{self, Write};

/// A table with a heading.
pub struct Section {
    pub id: &'static str,
    pub title: &'static str,
    /// A sentence under the heading, or nothing.
    pub remark: String,
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<Cell>>,
}

pub enum Cell {
    Text(String),
    /// In a typewriter's letters.
    Code(String),
    Number(u64),
    /// Nanoseconds.
    Time(u64),
    /// A number with a bar, and the number for which the bar is full.
    Bar(u64, u64),
    None,
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--paper:#fff;--line:#d8dee4;--bar:#9ec5f4;--head:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#8b949e;--paper:#0d1117;--line:#30363d;--bar:#1f4b7d;--head:#161b22}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:75rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem;margin:.5rem 0;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .3rem}
p,dt{color:var(--dim)}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0}dd{margin:0;overflow-wrap:anywhere}
nav a{margin-right:1rem}a{color:inherit}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}
th{position:sticky;top:0;background:var(--head);text-align:left;white-space:nowrap;cursor:pointer}
th,td{padding:.15rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th[aria-sort=ascending]::after{content:' \\2191'}th[aria-sort=descending]::after{content:' \\2193'}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.n div{background:linear-gradient(var(--bar),var(--bar)) right/var(--w) 100% no-repeat}
code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}h1 code{font-size:inherit}
@media print{th{position:static}}
";

/// A click on a heading sorts its table by it: numbers down first, words up; a second click turns it round.
const SCRIPT: &str = "\
for(const h of document.querySelectorAll('th'))h.onclick=()=>{
const t=h.closest('table'),i=h.cellIndex,n=h.classList.contains('n');
const was=h.getAttribute('aria-sort'),down=was?was=='ascending':n;
for(const o of h.parentNode.cells)o.removeAttribute('aria-sort');
h.setAttribute('aria-sort',down?'descending':'ascending');
const k=r=>{const c=r.cells[i];return n?+(c.dataset.v??-1):c.textContent};
const rows=[...t.tBodies[0].rows].sort((a,b)=>{const x=k(a),y=k(b);return n?x-y:x<y?-1:x>y?1:0});
if(down)rows.reverse();t.tBodies[0].append(...rows)};
";

/// The whole page. Facts without a text are left out.
pub fn write(out: &mut dyn Write, title: &str, facts: &[(&str, String)], sections: &[Section]) -> io::Result<()> {
    let title = escaped(title);
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">")?;
    // Nothing is loaded and nothing is run but what stands here, even if a text were to get through unescaped.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")?;
    writeln!(out, "<title>{title} - sysview</title>\n<style>\n{STYLE}</style>\n</head>\n<body>")?;
    writeln!(out, "<h1><code>{title}</code></h1>\n<dl>")?;
    for (name, text) in facts.iter().filter(|(_, text)| !text.is_empty()) {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escaped(text))?;
    }
    writeln!(out, "</dl>\n<nav>")?;
    for section in sections {
        let (id, title, rows) = (section.id, section.title, section.rows.len());
        writeln!(out, "<a href=\"#{id}\">{title} ({rows})</a>")?;
    }
    writeln!(out, "</nav>")?;
    sections.iter().try_for_each(|section| table(out, section))?;
    writeln!(out, "<p>Made by sysview {}.</p>", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "<script>\n{SCRIPT}</script>\n</body>\n</html>")
}

fn table(out: &mut dyn Write, section: &Section) -> io::Result<()> {
    writeln!(out, "<h2 id=\"{}\">{}</h2>", section.id, section.title)?;
    if !section.remark.is_empty() {
        writeln!(out, "<p>{}</p>", escaped(&section.remark))?;
    }
    let Some(first) = section.rows.first() else { return writeln!(out, "<p>None.</p>") };
    write!(out, "<div class=\"wide\"><table><thead><tr>")?;
    for (index, name) in section.columns.iter().enumerate() {
        // A column is one of numbers if any of its cells is one.
        let numbers = is_number(&first[index]) || section.rows.iter().any(|row| is_number(&row[index]));
        write!(out, "<th scope=\"col\"{}>{name}</th>", if numbers { " class=\"n\"" } else { "" })?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in &section.rows {
        write!(out, "<tr>")?;
        row.iter().try_for_each(|cell| self::cell(out, cell))?;
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

fn is_number(cell: &Cell) -> bool {
    matches!(cell, Cell::Number(_) | Cell::Time(_) | Cell::Bar(..))
}

fn cell(out: &mut dyn Write, cell: &Cell) -> io::Result<()> {
    match cell {
        Cell::Text(text) => write!(out, "<td>{}</td>", escaped(text)),
        Cell::Code(text) => write!(out, "<td><code>{}</code></td>", escaped(text)),
        Cell::Number(n) => write!(out, "<td class=\"n\" data-v=\"{n}\">{}</td>", grouped(*n)),
        Cell::Time(ns) => write!(out, "<td class=\"n\" data-v=\"{ns}\">{}</td>", time(*ns)),
        Cell::Bar(n, most) => {
            let percent = n.saturating_mul(100) / (*most).max(1);
            write!(out, "<td class=\"n\" data-v=\"{n}\"><div style=\"--w:{percent}%\">{}</div></td>", grouped(*n))
        }
        Cell::None => write!(out, "<td class=\"n\"></td>"),
    }
}

/// `1,234,567`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1.234 ms`, in the unit that fits.
pub fn time(ns: u64) -> String {
    match ns {
        0..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{:.1} µs", ns as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.2} ms", ns as f64 / 1e6),
        _ => format!("{:.2} s", ns as f64 / 1e9),
    }
}

/// A text that means nothing to a browser: as content and in quotes. Characters that turn the direction of writing, or are
/// no characters, are shown as numbers.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push_str(&format!("\\u{{{:x}}}", c as u32));
            }
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_means_anything_to_a_browser() {
        assert_eq!(escaped("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
        assert_eq!(escaped("a\u{202e}b\u{7}é"), "a\\u{202e}b\\u{7}é");
    }

    #[test]
    fn numbers_are_grouped_and_times_have_a_unit() {
        assert_eq!([grouped(0), grouped(999), grouped(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!([time(999), time(1_500), time(2_340_000)], ["999 ns", "1.5 µs", "2.34 ms"]);
    }
}
