//! Constants by name: a name of the C headers has one value on an ABI.
//!
//! Left out: errors and signals by name, which `tables` finds.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Arch, flag_sets};

/// Every constant of every set, for each ABI of `Arch::ALL`; where a name is in several sets, the first.
static BY_NAME: LazyLock<[HashMap<&'static str, u64>; 4]> = LazyLock::new(|| {
    Arch::ALL.map(|arch| {
        let mut all = HashMap::new();
        for constant in flag_sets().flat_map(|set| set.constants(arch)) {
            all.entry(constant.name).or_insert(constant.value);
        }
        all
    })
});

/// The value of a constant of C; None for a name that is in no set.
pub fn constant(arch: Arch, name: &str) -> Option<u64> {
    BY_NAME[arch as usize].get(name).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_value() {
        let mut bad = Vec::new();
        for arch in Arch::ALL {
            for set in flag_sets() {
                for found in set.constants(arch) {
                    if constant(arch, found.name) != Some(found.value) {
                        bad.push(format!(
                            "{arch:?} {} of {}: {:#x}, not {:#x?}",
                            found.name,
                            set.name,
                            found.value,
                            constant(arch, found.name)
                        ));
                    }
                }
            }
        }
        assert!(bad.is_empty(), "{}", bad.join("\n"));
    }
}
