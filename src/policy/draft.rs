//! A profile that is being made: what generating, merging and converting work on, before it is written in some form.
//! Left out: places in a text, which a draft has none of.

use super::profile::{Architectures, Selector};
use super::{Action, Condition, Profile};

/// Rules without a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub default_action: Action,
    pub architectures: Architectures,
    pub rules: Vec<DraftRule>,
    /// Lines to stand above the rules, where the form has comments.
    pub remarks: Vec<String>,
}

/// One rule of a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftRule {
    pub names: Vec<String>,
    pub action: Action,
    pub args: Vec<Condition>,
    pub includes: Selector,
    pub excludes: Selector,
    /// Why it is there.
    pub comment: String,
}

impl DraftRule {
    /// A rule that always takes part.
    pub fn plain(name: &str, action: Action, args: Vec<Condition>, comment: String) -> DraftRule {
        let (includes, excludes) = Default::default();
        DraftRule { names: vec![name.to_owned()], action, args, includes, excludes, comment }
    }

    /// Whether it takes part under some circumstances only.
    pub fn is_selective(&self) -> bool {
        let none = Selector::default();
        self.includes != none || self.excludes != none
    }
}

impl Draft {
    /// The rules of a profile. `None`: it is a program, which has none.
    pub fn of(profile: &Profile) -> Option<Draft> {
        let rules = profile.rules().iter().map(|rule| DraftRule {
            names: rule.names.clone(),
            action: rule.action,
            args: rule.args.clone(),
            includes: rule.includes.clone(),
            excludes: rule.excludes.clone(),
            comment: rule.comment.clone(),
        });
        profile.programs().is_empty().then(|| Draft {
            default_action: profile.default_action(),
            architectures: profile.architectures().clone(),
            rules: rules.collect(),
            remarks: Vec::new(),
        })
    }
}

/// What cannot be merged.
pub type Unmergeable = String;

/// One profile that allows what any of these allows. Rules that deny stay only for calls that none of the others allows.
///
/// # Errors
/// A sentence: nothing was given, or the default actions are of two minds.
pub fn merge(drafts: &[(String, Draft)]) -> Result<Draft, Unmergeable> {
    let Some(((first, start), rest)) = drafts.split_first() else {
        return Err("nothing to merge".into());
    };
    for (name, other) in drafts {
        if !other.default_action.blocks() {
            return Err(format!(
                "{name} allows by default ({}); only lists of what is allowed can be merged",
                other.default_action
            ));
        }
        if other.default_action != start.default_action {
            return Err(format!(
                "{first} answers {} by default and {name} {}; make them the same first",
                start.default_action, other.default_action
            ));
        }
    }
    let mut merged = start.clone();
    merged.remarks = vec![format!("merged of {}", drafts.iter().map(|d| d.0.as_str()).collect::<Vec<_>>().join(", "))];
    for (_, other) in rest {
        merged.architectures = both(&merged.architectures, &other.architectures);
        for rule in &other.rules {
            if !merged.rules.iter().any(|r| DraftRule { comment: rule.comment.clone(), ..r.clone() } == *rule) {
                merged.rules.push(rule.clone());
            }
        }
    }
    // What one profile denies and another allows is allowed.
    let allowed: Vec<Vec<&str>> = drafts
        .iter()
        .map(|(_, d)| {
            let rules = d.rules.iter().filter(|r| !r.action.blocks());
            rules.flat_map(|r| r.names.iter().map(String::as_str)).collect()
        })
        .collect();
    let denied_by = |rule: &DraftRule| drafts.iter().position(|(_, d)| d.rules.contains(rule));
    let mut kept = Vec::new();
    for mut rule in std::mem::take(&mut merged.rules) {
        if rule.action.blocks() {
            let own = denied_by(&rule);
            let elsewhere = |name: &String| {
                allowed.iter().enumerate().any(|(i, names)| Some(i) != own && names.contains(&name.as_str()))
            };
            rule.names.retain(|name| !elsewhere(name));
        }
        if !rule.names.is_empty() {
            kept.push(rule);
        }
    }
    merged.rules = kept;
    Ok(merged)
}

fn both(a: &Architectures, b: &Architectures) -> Architectures {
    match (a, b) {
        (Architectures::Native, other) | (other, Architectures::Native) => other.clone(),
        (Architectures::List(a), Architectures::List(b)) => {
            let new = b.iter().filter(|arch| !a.contains(arch));
            Architectures::List(a.iter().chain(new).cloned().collect())
        }
        (Architectures::Map(map), _) | (_, Architectures::Map(map)) => Architectures::Map(map.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Draft {
        Draft::of(&Profile::parse(text, "m").expect("a profile")).expect("rules")
    }

    #[test]
    fn merging_allows_what_either_allows() {
        let a = draft(
            r#"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86"], "syscalls": [
                {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
                {"names": ["mount", "reboot"], "action": "SCMP_ACT_KILL"}]}"#,
        );
        let b = draft(
            r#"{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X32"], "syscalls": [
                {"names": ["read"], "action": "SCMP_ACT_ALLOW", "comment": "again"},
                {"names": ["mount"], "action": "SCMP_ACT_ALLOW"}]}"#,
        );
        let merged = merge(&[("a".into(), a.clone()), ("b".into(), b)]).expect("merged");
        let rules: Vec<_> = merged.rules.iter().map(|r| (r.names.join(","), r.action)).collect();
        assert_eq!(
            rules,
            [("read".into(), Action::Allow), ("reboot".into(), Action::KillThread), ("mount".into(), Action::Allow)]
        );
        assert_eq!(merged.architectures, Architectures::List(vec!["SCMP_ARCH_X86".into(), "SCMP_ARCH_X32".into()]));
        let open = draft(r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}"#);
        assert!(merge(&[("a".into(), a), ("open".into(), open)]).is_err_and(|e| e.contains("open allows by default")));
        assert!(merge(&[]).is_err());
    }
}
