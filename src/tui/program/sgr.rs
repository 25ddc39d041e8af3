//! Colours and styles in newer notations (`CSI … m` with colons, underline kinds and colours) as the older ones that the
//! screen model knows. Leaves out what a cell cannot hold: blinking, strikes, underline colours.

/// The whole sequence for a list of parameters.
pub fn rewrite(list: &[u8]) -> Vec<u8> {
    let mut out = b"\x1b[".to_vec();
    let mut params = list.split(|byte| *byte == b';');
    while let Some(param) = params.next() {
        let parts: Vec<&[u8]> = param.split(|byte| *byte == b':').collect();
        match parts.as_slice() {
            [b"4", b"0"] => push(&mut out, &[b"24"]),
            [b"4", _] | [b"21"] => push(&mut out, &[b"4"]),
            // The colour space may stand in front of the colour, or be empty, or be left out.
            [b"38" | b"48", b"2", .., r, g, b] => push(&mut out, &[parts[0], b"2", r, g, b]),
            [b"38" | b"48", b"5", index] => push(&mut out, &[parts[0], b"5", index]),
            // An underline's colour: its numbers must not be taken for styles.
            [b"58"] => match params.next() {
                Some(b"5") => drop(params.next()),
                Some(b"2") => drop(params.by_ref().take(3).count()),
                _ => {}
            },
            [b"38" | b"48"] => {
                // The numbers that follow belong to it, whatever they would mean alone.
                push(&mut out, &parts);
                let kind = params.next().unwrap_or_default();
                push(&mut out, &[kind]);
                let count = match kind {
                    b"2" => 3,
                    b"5" => 1,
                    _ => 0,
                };
                params.by_ref().take(count).for_each(|value| push(&mut out, &[value]));
            }
            [_] => push(&mut out, &parts),
            _ => {}
        }
    }
    // Nothing left means that nothing changes; an empty list would reset all.
    if out.len() == 2 {
        return Vec::new();
    }
    out.push(b'm');
    out
}

fn push(out: &mut Vec<u8>, params: &[&[u8]]) {
    for param in params {
        if out.len() > 2 {
            out.push(b';');
        }
        // An empty parameter at the start of a list must still be one.
        out.extend_from_slice(if param.is_empty() { b"0" } else { param });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_notations_become_older_ones() {
        let cases: &[(&str, &str)] = &[
            ("", "\x1b[0m"),
            ("0", "\x1b[0m"),
            (";1", "\x1b[0;1m"),
            ("1;31", "\x1b[1;31m"),
            ("4:3", "\x1b[4m"),
            ("4:0", "\x1b[24m"),
            ("21", "\x1b[4m"),
            ("38:2::1:2:3", "\x1b[38;2;1;2;3m"),
            ("38:2:1:2:3", "\x1b[38;2;1;2;3m"),
            ("48:5:7", "\x1b[48;5;7m"),
            ("38;5;21;1", "\x1b[38;5;21;1m"),
            ("38;2;58;21;4;1", "\x1b[38;2;58;21;4;1m"),
            ("58;5;1;3", "\x1b[3m"),
            ("58;2;1;2;3;3", "\x1b[3m"),
            ("58:2::1:2:3", ""),
        ];
        for (given, expected) in cases {
            assert_eq!(String::from_utf8_lossy(&rewrite(given.as_bytes())), *expected, "{given}");
        }
    }
}
