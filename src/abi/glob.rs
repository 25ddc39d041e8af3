//! Patterns for paths and names: `/etc/*.conf`, `**/lib*.so*`, `open*`.
//!
//! `?` is one byte and `*` any number of bytes, neither a slash; `**` is anything. Everything else stands for itself.
//! Left out: character classes, braces and escapes, which paths of system calls hardly need.

/// Whether the whole text fits the pattern. Takes time in proportion to the product of the two lengths at worst.
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after a mismatch: behind the last `*` and the last `**`, and how far in the text they reach so
    // far. Only the last of each has to be tried again: whatever an earlier one could do, the later one can do too.
    let mut star: Option<(usize, usize)> = None;
    let mut any: Option<(usize, usize)> = None;
    loop {
        if pattern[p..].starts_with(b"**") {
            p += 2;
            any = Some((p, t));
            star = None;
            continue;
        }
        match (pattern.get(p), text.get(t)) {
            (Some(b'*'), _) => {
                p += 1;
                star = Some((p, t));
                continue;
            }
            (None, None) => return true,
            (Some(b'?'), Some(&byte)) if byte != b'/' => (p, t) = (p + 1, t + 1),
            (Some(&wanted), Some(&byte)) if wanted == byte && wanted != b'?' => (p, t) = (p + 1, t + 1),
            _ => {
                if let Some((after, reach)) = star
                    && text.get(reach).is_some_and(|&byte| byte != b'/')
                {
                    star = Some((after, reach + 1));
                    (p, t) = (after, reach + 1);
                } else if let Some((after, reach)) = any
                    && reach < text.len()
                {
                    any = Some((after, reach + 1));
                    star = None;
                    (p, t) = (after, reach + 1);
                } else {
                    return false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, word for word; exponential.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        if let Some(rest) = pattern.strip_prefix(b"**") {
            return (0..=text.len()).any(|i| naive(rest, &text[i..]));
        }
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => {
                let end = text.iter().position(|&b| b == b'/').unwrap_or(text.len());
                (0..=end).any(|i| naive(rest, &text[i..]))
            }
            ([b'?', p @ ..], [byte, t @ ..]) => *byte != b'/' && naive(p, t),
            ([wanted, p @ ..], [byte, t @ ..]) => wanted == byte && naive(p, t),
            _ => false,
        }
    }

    #[test]
    fn stars_stop_at_slashes_and_double_stars_do_not() {
        for (pattern, text, fits) in [
            ("/etc/*", "/etc/passwd", true),
            ("/etc/*", "/etc/ssl/certs", false),
            ("/etc/**", "/etc/ssl/certs", true),
            ("**/lib*.so*", "/usr/lib/x86_64-linux-gnu/libc.so.6", true),
            ("**/lib*.so*", "/usr/lib/locale/archive", false),
            ("open*", "openat2", true),
            ("?pen", "open", true),
            ("?", "/", false),
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
        ] {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} on {text}");
        }
    }

    proptest! {
        #[test]
        fn equals_the_naive_definition(pattern in "[ab/*?]{0,8}", text in "[ab/?]{0,9}") {
            prop_assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), naive(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
