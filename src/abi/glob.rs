//! Patterns for paths and names: `/etc/*.conf`, `**/lib*.so*`, `open*`.
//!
//! `?` is one byte and `*` any number of bytes, neither a slash; `**` is anything. `**/` where a component begins is any
//! number of whole components, none included, so that `**/.git` fits `.git` too. Everything else stands for itself.
//! Left out: character classes, braces and escapes, which paths of system calls hardly need.

/// Whether the whole text fits the pattern. Takes time in proportion to the product of the two lengths at worst.
pub fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after a mismatch: behind the last `*` and the last `**`, and how far in the text they reach so
    // far. Only the last of each has to be tried again: whatever an earlier one could do, the later one can do too.
    let mut star: Option<(usize, usize)> = None;
    let mut any: Option<Any> = None;
    loop {
        if let Some(found) = Any::at(pattern, p, t) {
            p = found.after;
            any = Some(found);
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
                } else if let Some(longer) = any.and_then(|any| any.longer(text)) {
                    any = Some(longer);
                    star = None;
                    (p, t) = (longer.after, longer.reach);
                } else {
                    return false;
                }
            }
        }
    }
}

/// A `**` of the pattern and how far it reaches.
#[derive(Clone, Copy)]
struct Any {
    /// Index in the pattern behind it.
    after: usize,
    /// Index in the text behind what it stands for.
    reach: usize,
    /// It is a whole component with its slash, so it stands for whole components.
    components: bool,
}

impl Any {
    fn at(pattern: &[u8], p: usize, t: usize) -> Option<Any> {
        let begins = p == 0 || pattern[p - 1] == b'/';
        if begins && pattern[p..].starts_with(b"**/") {
            return Some(Any { after: p + 3, reach: t, components: true });
        }
        pattern[p..].starts_with(b"**").then_some(Any { after: p + 2, reach: t, components: false })
    }

    fn longer(self, text: &[u8]) -> Option<Any> {
        let rest = text.get(self.reach..)?;
        let step = if self.components { rest.iter().position(|&b| b == b'/')? } else { 0 };
        (!rest.is_empty()).then_some(Any { reach: self.reach + step + 1, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, word for word; exponential. `begins`: a component of the pattern begins here.
    fn naive(pattern: &[u8], text: &[u8], begins: bool) -> bool {
        if begins && let Some(rest) = pattern.strip_prefix(b"**/") {
            let slashes = text.iter().enumerate().filter(|(_, b)| **b == b'/');
            return naive(rest, text, true) || slashes.into_iter().any(|(i, _)| naive(rest, &text[i + 1..], true));
        }
        if let Some(rest) = pattern.strip_prefix(b"**") {
            return (0..=text.len()).any(|i| naive(rest, &text[i..], false));
        }
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => {
                let end = text.iter().position(|&b| b == b'/').unwrap_or(text.len());
                (0..=end).any(|i| naive(rest, &text[i..], false))
            }
            ([b'?', p @ ..], [byte, t @ ..]) => *byte != b'/' && naive(p, t, false),
            ([wanted, p @ ..], [byte, t @ ..]) => wanted == byte && naive(p, t, *wanted == b'/'),
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
            ("**/.git/**", ".git/HEAD", true),
            ("**/.git", "/src/.git", true),
            ("**/.git", "/src/x.git", false),
            ("/a/**/b", "/a/b", true),
            ("/a/**/b", "/a/x/y/b", true),
            ("/a/**/b", "/a/xb", false),
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
        fn equals_the_naive_definition(pattern in "([ab/*?]|\\*\\*/){0,7}", text in "[ab/?]{0,9}") {
            prop_assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), naive(pattern.as_bytes(), text.as_bytes(), true));
        }
    }
}
