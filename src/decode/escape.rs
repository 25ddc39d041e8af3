//! Bytes of the tracee as printable ASCII, in strace's way: C escapes, octal as short as the next byte allows.
//!
//! Left out: limits (`walk` cuts what is copied into the tree) and the `...` of a cut string (`print`).

/// Appends `"…"`.
pub fn quoted(out: &mut String, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push('"');
    escaped(out, bytes);
    out.push('"');
}

/// Appends the bytes without quotes.
pub fn escaped(out: &mut String, bytes: &[u8]) {
    escaped_with(out, bytes, b"");
}

/// As `escaped`, and the `also` in octal.
pub fn escaped_with(out: &mut String, bytes: &[u8], also: &[u8]) {
    for (i, &byte) in bytes.iter().enumerate() {
        let full = matches!(bytes.get(i + 1), Some(b'0'..=b'7'));
        match byte {
            _ if also.contains(&byte) => octal(out, byte, full),
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            0x0b => out.push_str("\\v"),
            0x0c => out.push_str("\\f"),
            0x20..=0x7e => out.push(byte as char),
            _ => octal(out, byte, full),
        }
    }
}

/// Appends `"\x5f\x78"`.
pub fn hex_quoted(out: &mut String, bytes: &[u8]) {
    out.reserve(bytes.len() * 4 + 2);
    out.push('"');
    hex_escaped(out, bytes);
    out.push('"');
}

/// Appends `\x5f\x78`.
pub fn hex_escaped(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push_str("\\x");
        out.push(DIGITS[(byte >> 4) as usize] as char);
        out.push(DIGITS[(byte & 15) as usize] as char);
    }
}

/// A digit after the escape would be read as part of it, so then all three digits are written.
fn octal(out: &mut String, byte: u8, full: bool) {
    out.push('\\');
    if full || byte >= 0o100 {
        out.push((b'0' + (byte >> 6)) as char);
    }
    if full || byte >= 0o10 {
        out.push((b'0' + (byte >> 3 & 7)) as char);
    }
    out.push((b'0' + (byte & 7)) as char);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> String {
        let mut out = String::new();
        quoted(&mut out, bytes);
        out
    }

    #[test]
    fn escapes_are_as_short_as_the_next_byte_allows() {
        assert_eq!(
            text(b"hello\0world\n\x7f2\x1b[0m\r\t\x0b\x0c\"\\ \xff"),
            r#""hello\0world\n\1772\33[0m\r\t\v\f\"\\ \377""#
        );
        assert_eq!(text(b"\x0012"), r#""\00012""#);
        assert_eq!(text(b"\x019"), r#""\19""#);
        assert_eq!(text(b"\0a"), r#""\0a""#);
        assert_eq!(text(b""), r#""""#);
    }

    #[test]
    fn all_bytes_become_printable_ascii() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(text(&all).bytes().all(|b| (0x20..0x7f).contains(&b)));
        let mut hex = String::new();
        hex_quoted(&mut hex, b"\x5f\x00\xff");
        assert_eq!(hex, r#""\x5f\x00\xff""#);
    }
}
