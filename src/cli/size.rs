//! Sizes on the command line: of screens (`120x40`, columns by rows), of memory (`512M`).

use super::error::CliError;

/// Columns and rows, each from 1 to 1000.
pub fn parse(text: &str, option: &str) -> Result<(u16, u16), CliError> {
    let number = |s: &str| s.parse::<u16>().ok().filter(|n| (1..=1000).contains(n));
    text.split_once('x').and_then(|(cols, rows)| Some((number(cols)?, number(rows)?))).ok_or_else(|| {
        CliError::usage(format!("{option} {text}: not a size; write columns and rows, each 1 to 1000, as in 120x40"))
    })
}

/// A number of bytes, or of KiB, MiB or GiB with the letter `K`, `M` or `G` behind it.
pub fn bytes(text: &str, option: &str) -> Result<u64, CliError> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().trim_end_matches("IB").trim_end_matches('B') {
        "" => Some(0),
        "K" => Some(10),
        "M" => Some(20),
        "G" => Some(30),
        _ => None,
    };
    let size = digits.parse::<u64>().ok().zip(shift).and_then(|(number, shift)| number.checked_mul(1 << shift));
    size.ok_or_else(|| {
        CliError::usage(format!("{option} {text}: not a size; write a number with K, M or G behind it, as in 512M"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_columns_by_rows() {
        assert_eq!(parse("120x40", "--size").unwrap(), (120, 40));
        for bad in ["", "120", "x", "0x40", "120x", "1001x1", "80x-1"] {
            let error = parse(bad, "--size").expect_err(bad).to_string();
            assert!(error.contains("as in 120x40"), "{error}");
        }
    }

    #[test]
    fn memory_is_a_number_with_a_letter() {
        let sizes = ["0", "100", "100B", "1k", "512M", "512MiB", "2GB"].map(|text| bytes(text, "--memory").unwrap());
        assert_eq!(sizes, [0, 100, 100, 1024, 512 << 20, 512 << 20, 2 << 30]);
        for bad in ["", "M", "-1", "1.5G", "1T", "99999999999G", "1 M", "\u{b2}"] {
            let error = bytes(bad, "--memory").expect_err(bad).to_string();
            assert!(error.contains("as in 512M"), "{error}");
        }
    }
}
