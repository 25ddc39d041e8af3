//! One comparison of an argument: seccomp(2) sees registers, never what they point to.

use std::fmt;

/// The comparisons that profiles know, `SCMP_CMP_*`. All are unsigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `(argument & value) == (value_two & value)`.
    MaskedEq,
}

/// A comparison that must hold for a rule to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Which argument, 0 to 5.
    pub index: u8,
    pub op: Op,
    /// What the argument is compared with; the mask of [`Op::MaskedEq`].
    pub value: u64,
    /// Only for [`Op::MaskedEq`]: what must remain under the mask.
    pub value_two: u64,
}

impl Condition {
    pub fn holds(&self, args: &[u64; 6]) -> bool {
        let Some(&arg) = args.get(usize::from(self.index)) else { return false };
        match self.op {
            Op::Eq => arg == self.value,
            Op::Ne => arg != self.value,
            Op::Lt => arg < self.value,
            Op::Le => arg <= self.value,
            Op::Gt => arg > self.value,
            Op::Ge => arg >= self.value,
            Op::MaskedEq => arg & self.value == self.value_two & self.value,
        }
    }

    /// Without what its operator does not look at, so that equal comparisons compare equal.
    pub(super) fn plain(self) -> Condition {
        Condition { value_two: if self.op == Op::MaskedEq { self.value_two } else { 0 }, ..self }
    }

    /// As a 32-bit architecture compares it: only the lower halves take part.
    pub(super) fn cut(self) -> Condition {
        let low = |v: u64| v & u64::from(u32::MAX);
        Condition { value: low(self.value), value_two: low(self.value_two), ..self }
    }

    /// Where libseccomp puts this condition among others of the same call.
    pub(super) fn rank(&self) -> (u8, u8, u64) {
        let kind = match self.op {
            Op::Eq | Op::Ne | Op::MaskedEq => 0,
            Op::Lt | Op::Le => 1,
            Op::Gt | Op::Ge => 2,
        };
        let datum = if self.op == Op::MaskedEq { self.value_two } else { self.value };
        let datum = if kind == 1 { datum } else { u64::MAX - datum };
        (u8::MAX - self.index, kind, datum)
    }
}

/// `arg0 == 8`, `arg0 & 0x7e020000 == 0`.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.op {
            Op::Eq => "==",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::MaskedEq => {
                let datum = self.value_two & self.value;
                return write!(f, "arg{} & {} == {}", self.index, Number(self.value), Number(datum));
            }
        };
        write!(f, "arg{} {sign} {}", self.index, Number(self.value))
    }
}

/// Small numbers in decimal, others in hexadecimal.
pub(super) struct Number(pub u64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 4096 { write!(f, "{}", self.0) } else { write!(f, "{:#x}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(op: Op, value: u64, value_two: u64) -> Condition {
        Condition { index: 1, op, value, value_two }
    }

    #[test]
    fn each_operator() {
        for (op, value, two, holds, text) in [
            (Op::Eq, 5, 0, [false, true, false], "arg1 == 5"),
            (Op::Ne, 5, 0, [true, false, true], "arg1 != 5"),
            (Op::Lt, 5, 0, [true, false, false], "arg1 < 5"),
            (Op::Le, 5, 0, [true, true, false], "arg1 <= 5"),
            (Op::Gt, 5, 0, [false, false, true], "arg1 > 5"),
            (Op::Ge, 5, 0, [false, true, true], "arg1 >= 5"),
            // 4, 5 and 6 under the mask 6 leave 4, 4 and 6; bits of the datum outside the mask do not count.
            (Op::MaskedEq, 6, 0x105, [true, true, false], "arg1 & 6 == 4"),
        ] {
            let condition = condition(op, value, two);
            assert_eq!([4, 5, 6].map(|arg| condition.holds(&[0, arg, 0, 0, 0, 0])), holds, "{text}");
            assert_eq!(condition.to_string(), text);
        }
        assert!(!condition(Op::Lt, 5, 0).holds(&[0, u64::MAX, 0, 0, 0, 0]), "unsigned");
        assert_eq!(condition(Op::Eq, 0x1_0000_0005, 0).cut().value, 5);
    }
}
