//! From tokens to a tree. Precedence: `not`, then `and` (or nothing between two parts), then `or`.
//! Left out: what a single word means (`fields`).

use super::expr::{Expr, Test};
use super::lexer::{Kind, Token, tokens};
use super::saved::Saved;
use super::{QueryError, fields};

/// Parentheses and negations inside each other; deeper is refused, so that no line exhausts the stack.
const MAX_DEPTH: usize = 64;
/// Tests that one filter may have, saved ones in it included, each of which can have others in it.
const MAX_SIZE: usize = 4_096;

pub(super) fn parse(line: &str, saved: &Saved) -> Result<Expr, QueryError> {
    let tokens = tokens(line)?;
    if tokens.is_empty() {
        return Ok(Expr::Everything);
    }
    let mut parser = Parser { tokens: &tokens, at: 0, end: line.chars().count(), depth: 0, size: 0, saved };
    let expr = parser.any()?;
    match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(QueryError::new(token.column, "this parenthesis closes nothing; remove it")),
    }
}

/// The saved filters that a line mentions, each with its column; none of a line that cannot be read.
pub(super) fn mentioned(line: &str) -> Vec<(usize, String)> {
    let names = |token: Token| {
        let column = token.column;
        token.into_word().and_then(|text| saved_name(&text).map(|name| (column, name.to_owned())))
    };
    tokens(line).unwrap_or_default().into_iter().filter_map(names).collect()
}

/// `@name`; what begins like this and is no name is text, as `@/tmp/socket`.
fn saved_name(word: &str) -> Option<&str> {
    word.strip_prefix('@').filter(|name| Saved::is_name(name))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    /// Where the line ends, in characters.
    end: usize,
    depth: usize,
    /// Tests so far.
    size: usize,
    saved: &'a Saved,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn any(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.all()?];
        while matches!(self.peek(), Some(Token { kind: Kind::Or, .. })) {
            self.at += 1;
            parts.push(self.all()?);
        }
        Ok(Expr::any(parts))
    }

    fn all(&mut self) -> Result<Expr, QueryError> {
        let mut parts = vec![self.part()?];
        loop {
            match self.peek().map(|t| &t.kind) {
                None | Some(Kind::Or | Kind::Close) => return Ok(Expr::all(parts)),
                Some(Kind::And) => self.at += 1,
                Some(_) => {}
            }
            parts.push(self.part()?);
        }
    }

    fn part(&mut self) -> Result<Expr, QueryError> {
        let Some(token) = self.peek() else {
            return Err(QueryError::new(self.end, "something is missing here, such as a call's name"));
        };
        if self.depth == MAX_DEPTH {
            return Err(QueryError::new(token.column, "too many parentheses or negations inside each other"));
        }
        self.at += 1;
        let found = match &token.kind {
            Kind::Not => {
                self.depth += 1;
                let part = self.part()?;
                self.depth -= 1;
                return Ok(Expr::negate(part));
            }
            Kind::Open => {
                self.depth += 1;
                let inner = self.any()?;
                self.depth -= 1;
                match self.peek() {
                    Some(Token { kind: Kind::Close, .. }) => self.at += 1,
                    _ => {
                        return Err(QueryError::new(
                            token.column,
                            "this parenthesis is never closed; add a ) at its end",
                        ));
                    }
                }
                return Ok(inner);
            }
            Kind::Close => {
                return Err(QueryError::new(token.column, "something is missing before this parenthesis"));
            }
            Kind::And | Kind::Or => {
                return Err(QueryError::new(
                    token.column,
                    "something is missing before this word; to look for the word itself, put it in quotes",
                ));
            }
            Kind::Quoted(quoted) => Expr::Test(Test::Text(quoted.text.clone())),
            Kind::Word { text, value } => match saved_name(text).filter(|_| value.is_none()) {
                Some(name) => self.saved(token.column, name)?,
                None => fields::word(token.column, text, value.as_ref())?,
            },
        };
        self.size += found.size();
        if self.size > MAX_SIZE {
            return Err(QueryError::new(token.column, "with this the filter has too many parts"));
        }
        Ok(found)
    }

    fn saved(&self, column: usize, name: &str) -> Result<Expr, QueryError> {
        let Some(expr) = self.saved.get(name) else { return Err(QueryError::new(column, self.saved.unknown(name))) };
        if self.depth + expr.depth() > MAX_DEPTH {
            return Err(QueryError::new(column, "too many parentheses or negations inside each other"));
        }
        Ok(expr.clone())
    }
}
