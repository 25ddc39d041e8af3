//! A seccomp profile: it is read or refused with a sentence, and what was read judges calls.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sysview::abi::Arch;
use sysview::policy::{Context, Profile};

fuzz_target!(|text: &str| {
    let profile = match Profile::parse(text, "file") {
        Ok(profile) => profile,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    for index in 0..profile.rules().len() {
        assert!(profile.rule_text(index).is_some());
    }
    let Ok(judge) = profile.resolve(&Context::docker("6.8.0-40-generic", "x86_64")) else { return };
    for arch in Arch::ALL {
        for nr in (0..500).step_by(7) {
            judge.verdict(arch, nr, &[nr, 1, 2, 3, 4, 5]);
        }
    }
});
