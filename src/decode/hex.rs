//! The classic dump of captured bytes: offset, sixteen bytes in hexadecimal, the same bytes as characters.

use std::fmt::Write;

/// One line for each 16 bytes: `00000010  41 42 …  |AB…|`. The offset counts from `base`.
pub fn dump(bytes: &[u8], base: u64) -> Vec<String> {
    bytes.chunks(16).zip(0u64..).map(|(row, i)| line(row, base.wrapping_add(i * 16))).collect()
}

/// A dump of as many bytes a line as fit into so many columns: sixteen, eight or four. The offset counts from `base`.
pub fn dump_within(bytes: &[u8], base: u64, columns: usize) -> Vec<String> {
    // Each byte takes three columns and one more as a character; around them stand the offset and the gaps.
    let digits = format!("{:x}", base.wrapping_add(bytes.len() as u64)).len().max(4);
    let most = [16, 8].into_iter().find(|most| digits + 5 + most * 4 <= columns).unwrap_or(4);
    let line = |(row, i): (&[u8], u64)| {
        let mut out = format!("{:0digits$x}  ", base.wrapping_add(i * most as u64));
        for i in 0..most {
            let _ = match row.get(i) {
                Some(byte) => write!(out, "{byte:02x} "),
                None => write!(out, "   "),
            };
        }
        out.push('|');
        out.extend(row.iter().map(|&b| if (0x20..0x7f).contains(&b) { b as char } else { '.' }));
        out.push('|');
        out
    };
    bytes.chunks(most).zip(0u64..).map(line).collect()
}

fn line(row: &[u8], offset: u64) -> String {
    let mut out = String::with_capacity(80);
    // Writing to a String cannot fail.
    let _ = write!(out, "{offset:08x} ");
    for i in 0..16 {
        out.push_str(if i % 8 == 0 { " " } else { "" });
        let _ = match row.get(i) {
            Some(byte) => write!(out, "{byte:02x} "),
            None => write!(out, "   "),
        };
    }
    out.push_str(" |");
    out.extend(row.iter().map(|&b| if (0x20..0x7f).contains(&b) { b as char } else { '.' }));
    out.push('|');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_fits_its_columns() {
        let bytes: Vec<u8> = (60..90).collect();
        for (columns, per_line) in [(120, 16), (85, 16), (60, 8), (38, 4)] {
            let lines = dump_within(&bytes, 0x7f00_0012_3450, columns);
            assert_eq!(lines.len(), bytes.len().div_ceil(per_line), "{columns}");
            assert!(lines.iter().all(|line| line.len() <= columns), "{columns}");
        }
        assert_eq!(dump_within(b"ab\0", 0x10, 20), ["0010  61 62 00    |ab.|"]);
    }

    #[test]
    fn rows_line_up_like_hexdump_c() {
        let lines = dump(b"0123456789abcdef\x00\xffz", 0);
        assert_eq!(lines[0], "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|");
        assert_eq!(lines[1], format!("{:<60}|..z|", "00000010  00 ff 7a"));
        assert!(dump(b"", 0).is_empty());
        assert!(dump(b"x", u64::MAX)[0].starts_with("ffffffffffffffff"));
    }
}
