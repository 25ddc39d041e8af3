//! One statement of a policy of minijail: which calls, and what happens to them. An expression is alternatives (`||`) of
//! comparisons (`&&`) of an argument with a constant. Left out: directives and files (`minijail`).

use crate::abi::{self, Arch};
use crate::policy::error::Fault;
use crate::policy::profile::Selector;
use crate::policy::words::{self, nearest, not_among};
use crate::policy::{Action, Condition, Op};

/// A comparison with several bits stands for as many alternatives; more than this are refused.
const MAX_ALTERNATIVES: usize = 256;
const MAX_DEPTH: usize = 32;
const ACTIONS: [&str; 9] =
    ["allow", "kill", "kill-process", "kill-thread", "log", "return", "trace", "trap", "user-notify"];
const OPERATORS: [&str; 8] = ["==", "!=", "<", "<=", ">", ">=", "&", "in"];
/// minijail's words for machines, and Docker's, by which rules are chosen.
const MACHINES: [(&str, &str); 5] =
    [("x86_64", "amd64"), ("i386", "386"), ("x86", "386"), ("arm64", "arm64"), ("arm", "arm")];

/// A word or a sign, and the byte at which it stands.
#[derive(Debug, Clone)]
pub struct Token {
    pub at: usize,
    pub text: String,
}

pub struct Statement {
    pub calls: Vec<Call>,
    /// The first that holds decides.
    pub clauses: Vec<Clause>,
}

pub struct Call {
    pub at: usize,
    pub name: String,
    /// `[arch=x86_64]`.
    pub only: Selector,
}

pub struct Clause {
    pub action: Action,
    pub args: Vec<Condition>,
}

/// The tokens of a line up to its comment.
pub fn tokens(line: &str, at: usize) -> Result<Vec<Token>, Fault> {
    let mut out = Vec::new();
    let mut from = 0;
    while let Some(first) = line[from..].chars().next() {
        let rest = &line[from..];
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '.' | '/');
        let length = match first {
            '#' => break,
            c if c.is_whitespace() => {
                from += c.len_utf8();
                continue;
            }
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ if ["||", "&&", "==", "!=", "<=", ">="].iter().any(|sign| rest.starts_with(sign)) => 2,
            ':' | ';' | ',' | '~' | '(' | ')' | '{' | '}' | '[' | ']' | '|' | '&' | '<' | '>' | '=' => 1,
            c => return Err(Fault::new(at + from, format!("{c:?} has no meaning in a policy"))),
        };
        out.push(Token { at: at + from, text: rest[..length].to_owned() });
        from += length;
    }
    Ok(out)
}

/// `CALLS: FILTERS`; there is at least one token.
pub fn statement(tokens: &[Token]) -> Result<Statement, Fault> {
    let mut parser = Parser { tokens, next: 0, made: 0 };
    let calls = match parser.take("{") {
        Some(_) => parser.listed(Parser::call, "calls")?,
        None => vec![parser.call()?],
    };
    if parser.take(":").is_none() {
        return Err(Fault::new(parser.at(), "a line must be NAME: EXPRESSION, as in read: 1"));
    }
    let clauses = match parser.take("{") {
        Some(_) => parser.listed(Parser::filter, "filters")?.into_iter().flatten().collect(),
        None => parser.single()?,
    };
    if let Some(extra) = parser.peek() {
        return Err(Fault::new(parser.at(), format!("{extra:?} stands after the end of the statement")));
    }
    // Only the last can be without conditions.
    let mut plain = clauses.iter().enumerate().filter(|(_, clause): &(usize, &Clause)| clause.args.is_empty());
    if plain.next().is_some_and(|(index, _)| index + 1 < clauses.len()) {
        return Err(Fault::new(
            tokens[0].at,
            "nothing can follow an action without conditions; the rest never applies",
        ));
    }
    Ok(Statement { calls, clauses })
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    /// Alternatives so far.
    made: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.next).map(|token| token.text.as_str())
    }

    /// Where the next token stands, or where it is missing.
    fn at(&self) -> usize {
        match (self.tokens.get(self.next), self.tokens.last()) {
            (Some(token), _) => token.at,
            (None, last) => last.map_or(0, |last| last.at + last.text.len()),
        }
    }

    fn take(&mut self, text: &str) -> Option<usize> {
        let at = self.at();
        (self.peek() == Some(text)).then(|| {
            self.next += 1;
            at
        })
    }

    fn word(&mut self, what: &str) -> Result<(usize, &'a str), Fault> {
        let at = self.at();
        match self.peek() {
            Some(word)
                if word
                    .starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '.' | '/')) =>
            {
                self.next += 1;
                Ok((at, word))
            }
            Some(other) => Err(Fault::new(at, format!("{other:?} stands where {what} should follow"))),
            None => Err(Fault::new(at, format!("the line ends where {what} should follow"))),
        }
    }

    /// What follows an opening brace, up to its closing one.
    fn listed<T>(&mut self, one: fn(&mut Self) -> Result<T, Fault>, what: &str) -> Result<Vec<T>, Fault> {
        let opening = self.tokens[self.next - 1].at;
        let mut out = vec![one(self)?];
        while self.take(",").is_some() {
            out.push(one(self)?);
        }
        match self.take("}") {
            Some(_) => Ok(out),
            None if self.peek().is_none() => Err(Fault::new(opening, format!("this list of {what} has no closing }}"))),
            None => Err(Fault::new(self.at(), format!("a comma or }} should stand here, in the list of {what}"))),
        }
    }

    fn call(&mut self) -> Result<Call, Fault> {
        let (at, name) = self.word("the name of a call")?;
        let mut only = Selector::default();
        if self.take("[").is_some() {
            let (place, key) = self.word("arch")?;
            if key != "arch" {
                return Err(Fault::new(place, not_among(key, "condition on a call", &["arch"])));
            }
            if self.take("=").is_none() {
                return Err(Fault::new(self.at(), "= should follow, as in [arch=x86_64]"));
            }
            loop {
                let (place, word) = self.word("a machine")?;
                match MACHINES.iter().find(|(name, _)| *name == word) {
                    Some((_, docker)) => only.arches.push((*docker).to_owned()),
                    None => return Err(Fault::new(place, not_among(word, "machine", &MACHINES.map(|m| m.0)))),
                }
                if self.take(",").is_none() {
                    break;
                }
            }
            if self.take("]").is_none() {
                return Err(Fault::new(self.at(), "] should follow, as in [arch=x86_64]"));
            }
        }
        Ok(Call { at, name: name.to_owned(), only })
    }

    /// In braces, as minijail's compiler reads it: `EXPRESSION; ACTION` is the action if the expression holds.
    fn filter(&mut self) -> Result<Vec<Clause>, Fault> {
        if let Some(action) = self.action()? {
            return Ok(vec![Clause { action, args: Vec::new() }]);
        }
        let alternatives = self.alternatives()?;
        let action = match self.take(";") {
            Some(_) => self.needed_action()?,
            None => Action::Allow,
        };
        Ok(alternatives.into_iter().map(|args| Clause { action, args }).collect())
    }

    /// Alone, as minijail0(5) says it: the call runs if the expression holds, else follows the action.
    fn single(&mut self) -> Result<Vec<Clause>, Fault> {
        if let Some(action) = self.action()? {
            if let Some(at) = self.take(";") {
                return Err(Fault::new(at, "nothing can follow an action"));
            }
            return Ok(vec![Clause { action, args: Vec::new() }]);
        }
        let alternatives = self.alternatives()?;
        let mut out: Vec<Clause> =
            alternatives.into_iter().map(|args| Clause { action: Action::Allow, args }).collect();
        if self.take(";").is_some() {
            out.push(Clause { action: self.needed_action()?, args: Vec::new() });
        }
        Ok(out)
    }

    fn needed_action(&mut self) -> Result<Action, Fault> {
        let at = self.at();
        self.action()?.ok_or_else(|| Fault::new(at, "an action should follow, as in return EPERM"))
    }

    /// `None`: this is an expression about arguments.
    fn action(&mut self) -> Result<Option<Action>, Fault> {
        if self.peek().is_some_and(|word| word.starts_with("arg")) {
            return Ok(None);
        }
        let (at, word) = self.word("an action or an expression")?;
        Ok(Some(match word {
            "1" | "allow" => Action::Allow,
            "kill" | "kill-process" => Action::KillProcess,
            "kill-thread" => Action::KillThread,
            "trap" => Action::Trap,
            "log" => Action::Log,
            "trace" => Action::Trace(0),
            "user-notify" => Action::Notify,
            "return" => {
                let (place, word) = self.word("an error")?;
                let number = u16::try_from(words::errno(word, place)?).ok().filter(|n| *n <= 4095);
                Action::Errno(number.ok_or_else(|| Fault::new(place, "an errno is at most 4095"))?)
            }
            _ => return Err(Fault::new(at, not_among(word, "action or argument (arg0 to arg5)", &ACTIONS))),
        }))
    }

    fn alternatives(&mut self) -> Result<Vec<Vec<Condition>>, Fault> {
        let mut out: Vec<Vec<Condition>> = Vec::new();
        loop {
            let mut all: Vec<Vec<Condition>> = vec![Vec::new()];
            loop {
                let at = self.at();
                let choices = self.comparison()?;
                let crossed = all.iter().flat_map(|a| choices.iter().map(|c| [a.as_slice(), &[*c]].concat()));
                all = crossed.take(MAX_ALTERNATIVES + 1).collect();
                if self.made + all.len() > MAX_ALTERNATIVES {
                    return Err(Fault::new(at, format!("this stands for more than {MAX_ALTERNATIVES} alternatives")));
                }
                if self.take("&&").is_none() {
                    break;
                }
            }
            self.made += all.len();
            out.extend(all);
            if self.take("||").is_none() {
                return Ok(out);
            }
        }
    }

    /// One comparison; several conditions if any of them is enough.
    fn comparison(&mut self) -> Result<Vec<Condition>, Fault> {
        let (at, argument) = self.word("argN OPERATOR CONSTANT, as in arg0 == 1,")?;
        let Some(index) = argument.strip_prefix("arg").and_then(|n| n.parse().ok()).filter(|n| *n <= 5u8) else {
            return Err(Fault::new(at, format!("{argument:?} is no argument; there are arg0 to arg5")));
        };
        let op_at = self.at();
        let Some(op) = self.peek() else {
            return Err(Fault::new(op_at, "a comparison must be argN OPERATOR CONSTANT, as in arg0 == 1"));
        };
        if !OPERATORS.contains(&op) {
            return Err(Fault::new(op_at, not_among(op, "operator", &OPERATORS)));
        }
        self.next += 1;
        let value = self.constant(0)?;
        let one = |op, value, value_two| vec![Condition { index, op, value, value_two }];
        Ok(match op {
            "==" => one(Op::Eq, value, 0),
            "!=" => one(Op::Ne, value, 0),
            "<" => one(Op::Lt, value, 0),
            "<=" => one(Op::Le, value, 0),
            ">" => one(Op::Gt, value, 0),
            ">=" => one(Op::Ge, value, 0),
            // Only these bits.
            "in" => one(Op::MaskedEq, !value, 0),
            // Any of these bits. Without bits it can never hold, which no empty list of conditions says.
            _ if value == 0 => one(Op::Lt, 0, 0),
            _ => {
                let bits = (0..64).map(|bit| 1u64 << bit).filter(|bit| value & bit != 0);
                bits.map(|bit| Condition { index, op: Op::MaskedEq, value: bit, value_two: bit }).collect()
            }
        })
    }

    /// Numbers and names of constants, joined by `|`; `~` inverts, parentheses hold together.
    fn constant(&mut self, depth: usize) -> Result<u64, Fault> {
        let mut all = 0;
        loop {
            let inverted = self.take("~").is_some();
            let value = match self.take("(") {
                Some(at) if depth >= MAX_DEPTH => {
                    return Err(Fault::new(at, format!("parentheses nest deeper than {MAX_DEPTH} levels")));
                }
                Some(at) => {
                    let value = self.constant(depth + 1)?;
                    self.take(")").ok_or_else(|| Fault::new(at, "this parenthesis is not closed"))?;
                    value
                }
                None => {
                    let (at, word) = self.word("a constant")?;
                    number(word).or_else(|| named(word)).ok_or_else(|| unknown(word, at))?
                }
            };
            all |= if inverted { !value } else { value };
            if self.take("|").is_none() {
                return Ok(all);
            }
        }
    }
}

/// Decimal, `0x` hexadecimal, octal with `0` or `0o`, each also negative.
fn number(word: &str) -> Option<u64> {
    let (digits, negative) = word.strip_prefix('-').map_or((word, false), |rest| (rest, true));
    let value = match (digits.get(..2).map(str::to_ascii_lowercase).as_deref(), digits) {
        (Some("0x"), _) => u64::from_str_radix(&digits[2..], 16).ok()?,
        (Some("0o"), _) => u64::from_str_radix(&digits[2..], 8).ok()?,
        (Some(_), digits) if digits.starts_with('0') => u64::from_str_radix(digits, 8).ok()?,
        (_, digits) => digits.parse().ok()?,
    };
    Some(if negative { value.wrapping_neg() } else { value })
}

fn named(name: &str) -> Option<u64> {
    abi::flag_sets().find_map(|set| set.value(Arch::X86_64, name))
}

fn unknown(word: &str, at: usize) -> Fault {
    let near = nearest(word, abi::flag_sets().flat_map(|s| s.constants(Arch::X86_64)).map(|c| c.name));
    let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
    Fault::new(at, format!("{word:?} is no number and no known constant{near}"))
}
