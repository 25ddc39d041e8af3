//! As whom a task acts and what it may do by that, in words. credentials(7), capabilities(7).
//!
//! Left out: where a task stands in the file system, which the arguments of calls tell.

use crate::abi;
use crate::model::Ids;

/// `uid 1000, gid 100`, with what differs from the real ones: `uid 1000 (effective 0, saved 0)`.
pub(super) fn user(ids: &Ids) -> String {
    let one = |name: &str, [real, effective, saved, file_system]: [u32; 4]| {
        let mut others = Vec::new();
        if effective != real {
            others.push(format!("effective {effective}"));
        }
        if saved != real {
            others.push(format!("saved {saved}"));
        }
        // It follows the effective one unless setfsuid(2) is called.
        if file_system != effective {
            others.push(format!("for files {file_system}"));
        }
        let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        format!("{name} {real}{others}")
    };
    format!("{}, {}", one("uid", ids.uids), one("gid", ids.gids))
}

/// The effective capabilities by name, and those that it could still turn on.
pub(super) fn rights(ids: &Ids) -> String {
    let mut out = format!("capabilities: {}", set(ids.effective));
    let dormant = ids.permitted & !ids.effective & known();
    if dormant != 0 {
        out.push_str(&format!("; could turn on {}", set(dormant)));
    }
    out
}

/// All capabilities that have a name.
fn known() -> u64 {
    (0..64).filter(|&number| abi::capability_name(number).is_some()).fold(0, |all, number| all | 1 << number)
}

fn set(bits: u64) -> String {
    let names = |bits: u64| {
        let names = (0..64).filter(|number| bits >> number & 1 != 0).filter_map(abi::capability_name);
        names.collect::<Vec<_>>().join(" ")
    };
    let (had, lacking) = (bits & known(), !bits & known());
    match (had, lacking) {
        (0, _) => "none".into(),
        (_, 0) => "all".into(),
        // The shorter list says it better.
        _ if lacking.count_ones() < had.count_ones() => format!("all but {}", names(lacking)),
        _ => names(had),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Ids = Ids {
        uids: [0; 4],
        gids: [0; 4],
        inheritable: 0,
        permitted: 0x1ff_ffff_ffff,
        effective: 0x1ff_ffff_ffff,
        bounding: 0x1ff_ffff_ffff,
        ambient: 0,
    };

    #[test]
    fn what_differs_from_the_real_ids_is_said() {
        assert_eq!(user(&ROOT), "uid 0, gid 0");
        let ids = Ids { uids: [1000, 0, 0, 0], gids: [100, 100, 100, 5], ..ROOT };
        assert_eq!(user(&ids), "uid 1000 (effective 0, saved 0), gid 100 (for files 5)");
    }

    #[test]
    fn capabilities_are_listed_by_the_shorter_list() {
        assert_eq!(rights(&ROOT), "capabilities: all");
        // A new user namespace gives those, too, that have no name yet.
        assert_eq!(rights(&Ids { effective: u64::MAX, permitted: u64::MAX, ..ROOT }), "capabilities: all");
        let ids = Ids { effective: 0, permitted: 0x2000, ..ROOT };
        assert_eq!(rights(&ids), "capabilities: none; could turn on CAP_NET_RAW");
        let ids = Ids { effective: ROOT.effective & !0x20_0000, permitted: ROOT.effective & !0x20_0000, ..ROOT };
        assert_eq!(rights(&ids), "capabilities: all but CAP_SYS_ADMIN");
        assert_eq!(rights(&Ids { effective: 0x21, permitted: 0x21, ..ROOT }), "capabilities: CAP_CHOWN CAP_KILL");
    }
}
