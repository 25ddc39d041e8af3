//! What a resolved profile says about each call number of one architecture.

use super::{Action, Certainty, Condition, Op, Verdict};

/// The calls of one architecture.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    /// The filter covers this architecture; calls of others are killed.
    pub listed: bool,
    /// By call number, without x32's bit 30; calls beyond the end have no rule.
    pub entries: Vec<Entry>,
    /// A rule that takes part names a call that exists elsewhere.
    pub names_absent_calls: bool,
    /// runc answers ENOSYS above this number. `None`: it does not.
    pub highest: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(super) enum Entry {
    #[default]
    Default,
    /// Whatever the arguments are.
    Fixed {
        action: Action,
        rule: usize,
    },
    Conditional(Box<Conditional>),
}

/// Rules that look at arguments. The first that applies decides; none: the default action.
#[derive(Debug, Clone, Default)]
pub(super) struct Conditional {
    pub clauses: Vec<Clause>,
    /// libseccomp is known to translate such a mix of conditions wrongly for some arguments.
    pub doubtful: bool,
    /// The clauses are not all of one action.
    pub mixed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub rule: usize,
    pub action: Action,
    /// All must hold; one per argument, in the order of the arguments.
    pub conditions: Vec<Condition>,
}

impl Clause {
    pub fn holds(&self, args: &[u64; 6]) -> bool {
        self.conditions.iter().all(|c| c.holds(args))
    }

    /// Whether every call that the other one applies to has this one's conditions too, for they are among its own.
    fn includes(&self, other: &Clause) -> bool {
        self.conditions.iter().all(|c| other.conditions.contains(c))
    }

    /// Whether libseccomp, which looks at the last argument first, meets all of these conditions before the others.
    fn begins(&self, other: &Clause) -> bool {
        other.conditions.ends_with(&self.conditions)
    }
}

impl Conditional {
    pub fn verdict(&self, args: &[u64; 6], default: Action) -> Verdict {
        let mut matching = self.clauses.iter().filter(|c| c.holds(args));
        let first = matching.next();
        let conflict = self.mixed && first.is_some_and(|first| matching.any(|other| other.action != first.action));
        let certainty = if self.doubtful || conflict { Certainty::DependsOnLibseccomp } else { Certainty::Exact };
        match first {
            Some(clause) => Verdict { action: clause.action, rule: Some(clause.rule), certainty },
            None => Verdict { action: default, rule: None, certainty },
        }
    }

    /// To be called when all clauses are there: puts conflicting clauses into libseccomp's order and looks whether it can
    /// be trusted with them.
    fn settle(&mut self) {
        self.mixed = self.clauses.windows(2).any(|pair| pair[0].action != pair[1].action);
        self.doubtful = !translates_exactly(&self.clauses);
        if self.mixed {
            self.clauses.sort_by_cached_key(|clause| {
                let mut ranks: Vec<_> = clause.conditions.iter().map(Condition::rank).collect();
                ranks.sort_unstable();
                ranks
            });
        }
    }
}

/// Whether libseccomp's program for these clauses is the union of the clauses. Found by comparing many programs of
/// libseccomp 2.5.4 and 2.6.1 with the rules that they were made from.
fn translates_exactly(clauses: &[Clause]) -> bool {
    let conditions = || clauses.iter().flat_map(|c| &c.conditions);
    let equalities = |ne: bool| conditions().all(|c| matches!(c.op, Op::Eq | Op::MaskedEq) || (ne && c.op == Op::Ne));
    match clauses.iter().map(|c| c.conditions.len()).max() {
        _ if clauses.len() < 2 => true,
        Some(0 | 1) => equalities(true) || conditions().all(|c| c.value <= u64::from(u32::MAX)),
        Some(2) => equalities(false),
        _ => false,
    }
}

impl Table {
    pub fn entry(&self, nr: u64) -> &Entry {
        const NOTHING: &Entry = &Entry::Default;
        usize::try_from(nr).ok().and_then(|nr| self.entries.get(nr)).unwrap_or(NOTHING)
    }

    /// Adds a rule as libseccomp does: without conditions beats with, and of two without the first stays. The wider of two
    /// rules beats the narrower one, whose conditions are more of the same; but if the narrower one comes first and has
    /// another action, libseccomp refuses the wider one, unless it is the beginning of the narrower in libseccomp's order.
    /// `Err`: the rule in the profile that the new one cannot stand beside.
    pub fn add(&mut self, nr: u64, clause: Clause) -> Result<(), usize> {
        let Ok(nr) = usize::try_from(nr) else { return Ok(()) };
        if self.entries.len() <= nr {
            self.entries.resize(nr + 1, Entry::Default);
        }
        let entry = &mut self.entries[nr];
        match entry {
            Entry::Fixed { .. } => {}
            _ if clause.conditions.is_empty() => *entry = Entry::Fixed { action: clause.action, rule: clause.rule },
            Entry::Default => {
                let clauses = vec![clause];
                *entry = Entry::Conditional(Box::new(Conditional { clauses, ..Conditional::default() }));
            }
            Entry::Conditional(conditional) => {
                if let Some(wider) = conditional.clauses.iter().find(|c| c.includes(&clause)) {
                    let same = wider.conditions.len() == clause.conditions.len();
                    return if same && wider.action != clause.action { Err(wider.rule) } else { Ok(()) };
                }
                let refused = |c: &&Clause| clause.includes(c) && c.action != clause.action && !clause.begins(c);
                if let Some(narrower) = conditional.clauses.iter().find(refused) {
                    return Err(narrower.rule);
                }
                conditional.clauses.retain(|c| !clause.includes(c));
                conditional.clauses.push(clause);
            }
        }
        Ok(())
    }

    /// Adds a rule where the first that applies decides, and nothing is sorted.
    pub fn add_in_order(&mut self, nr: u64, clause: Clause) {
        let Ok(nr) = usize::try_from(nr) else { return };
        if self.entries.len() <= nr {
            self.entries.resize(nr + 1, Entry::Default);
        }
        let entry = &mut self.entries[nr];
        match entry {
            Entry::Fixed { .. } => {}
            Entry::Default if clause.conditions.is_empty() => {
                *entry = Entry::Fixed { action: clause.action, rule: clause.rule };
            }
            Entry::Default => {
                let clauses = vec![clause];
                *entry = Entry::Conditional(Box::new(Conditional { clauses, ..Conditional::default() }));
            }
            Entry::Conditional(conditional) => conditional.clauses.push(clause),
        }
    }

    /// The rules that apply whatever the arguments are.
    pub fn fixed_by(&self) -> impl Iterator<Item = usize> + '_ {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Fixed { rule, .. } => Some(*rule),
            _ => None,
        })
    }

    /// Marks what every rule says as doubtful.
    pub fn doubt(&mut self) {
        for entry in &mut self.entries {
            if let Entry::Fixed { action, rule } = *entry {
                let clauses = vec![Clause { rule, action, conditions: Vec::new() }];
                *entry = Entry::Conditional(Box::new(Conditional { clauses, ..Conditional::default() }));
            }
            if let Entry::Conditional(conditional) = entry {
                conditional.doubtful = true;
            }
        }
    }

    pub fn settle(&mut self) {
        for entry in &mut self.entries {
            if let Entry::Conditional(conditional) = entry {
                conditional.settle();
            }
        }
    }
}
