//! One sentence on how much of the printed times is the tracing itself.

use crate::source::Floor;

/// To be said once, where times were printed.
pub fn sentence(floor: Floor) -> String {
    let (least, most) = (micros(floor.least_ns()), micros(floor.most_ns()));
    let range = if least == most { format!("about {least}") } else { format!("{least} to {most}") };
    format!("of the time of each call, {range} us are the tracing itself")
}

fn micros(ns: u64) -> String {
    if ns < 9_950 { format!("{:.1}", ns as f64 / 1e3) } else { format!("{}", (ns + 500) / 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_told_where_there_is_one() {
        let floor = |apart_ns, together_ns| sentence(Floor { apart_ns, together_ns });
        assert_eq!(floor(95_400, 4_660), "of the time of each call, 4.7 to 95 us are the tracing itself");
        assert_eq!(floor(4_660, 4_690), "of the time of each call, about 4.7 us are the tracing itself");
        assert_eq!(floor(9_940, 9_960), "of the time of each call, 9.9 to 10 us are the tracing itself");
    }
}
