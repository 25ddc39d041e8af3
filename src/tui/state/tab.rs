//! The tabs of the call pane: one question about the selected call each.

/// In the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    /// What was asked, in words.
    #[default]
    Arguments,
    /// How a call is made: from the program's code to the kernel and back.
    Anatomy,
    /// The bytes that were copied.
    Memory,
    /// What the call is for, and its errors.
    Explain,
    /// What the profile says.
    Policy,
    /// Who called.
    Stack,
}

impl Tab {
    pub const ALL: [Tab; 6] = [Tab::Arguments, Tab::Anatomy, Tab::Memory, Tab::Explain, Tab::Policy, Tab::Stack];

    pub fn name(self) -> &'static str {
        match self {
            Tab::Arguments => "Arguments",
            Tab::Anatomy => "Anatomy",
            Tab::Memory => "Memory",
            Tab::Explain => "Explain",
            Tab::Policy => "Policy",
            Tab::Stack => "Stack",
        }
    }

    /// The tab so many places further, from the last to the first.
    pub fn step(self, by: usize) -> Tab {
        Tab::ALL[(self as usize + by) % Tab::ALL.len()]
    }
}
