//! From tokens to an expression whose fields and values have been checked.

use super::error::UnsupportedQuery;
use super::field::{Field, Kind, Place};
use super::lexer::{Bound, Part, Token, Wanted, tokens};
use super::period::{self, Period};
use crate::clock::iso;

/// How deep groups may lie inside each other.
pub(crate) const MAX_DEPTH: usize = 50;
/// How many literal characters a wildcard needs that is not at the end of a prefix. Documented.
const MIN_LITERAL: usize = 3;

/// What a query says.
#[derive(Debug)]
pub(crate) enum Expr {
    Everybody,
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Has(Field, Test),
}

/// What is asked of a field.
#[derive(Debug)]
pub(crate) enum Test {
    /// It has a value.
    Exists,
    Equals(Literal),
    /// It matches a pattern with wildcards, case folded if the field folds it.
    Like(Vec<Part>),
    /// Text from, to.
    Between(Limit<String>, Limit<String>),
    NumberBetween(Limit<f64>, Limit<f64>),
    /// Moments as profiles have them, both inclusive; such texts order as the moments do.
    TimeBetween(Option<String>, Option<String>),
}

/// A value that is asked for, in each form that a field may compare.
#[derive(Debug)]
pub(crate) struct Literal {
    /// As it is compared: folded if the field folds.
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) number: Option<f64>,
    pub(crate) period: Option<Period>,
}

/// One end of a range.
#[derive(Debug)]
pub(crate) struct Limit<T> {
    /// `None` is open.
    pub(crate) value: Option<T>,
    pub(crate) inclusive: bool,
}

/// Reads a query.
pub(crate) fn parse(query: &str) -> Result<Expr, UnsupportedQuery> {
    let tokens = tokens(query)?;
    if tokens.is_empty() {
        return Ok(Expr::Everybody);
    }
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), depth: 0 };
    let expr = parser.either(None)?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(_) => unsupported("a parenthesis is closed that was not opened"),
    }
}

fn unsupported<T>(why: impl Into<String>) -> Result<T, UnsupportedQuery> {
    Err(UnsupportedQuery(why.into()))
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    /// `a OR b c`: a series of which one is enough.
    fn either(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        let mut choices = vec![self.both(field)?];
        loop {
            match self.tokens.peek() {
                None | Some(Token::Close) => break,
                Some(Token::Or) => {
                    self.tokens.next();
                }
                Some(_) => {}
            }
            choices.push(self.both(field)?);
        }
        Ok(one_or(choices, Expr::Or))
    }

    /// `a AND b`: a series of which all are needed.
    fn both(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        let mut needed = vec![self.negated(field)?];
        loop {
            match self.tokens.peek() {
                Some(Token::And) => {
                    self.tokens.next();
                }
                // "a NOT b" excludes b, as in Lucene.
                Some(Token::Not) => {}
                _ => break,
            }
            needed.push(self.negated(field)?);
        }
        Ok(one_or(needed, Expr::And))
    }

    fn negated(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        let mut negate = false;
        while self.tokens.next_if_eq(&Token::Not).is_some() {
            negate = !negate;
        }
        let expr = self.clause(field)?;
        Ok(if negate { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn clause(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        match self.tokens.next() {
            Some(Token::Field(name)) => match self.tokens.peek() {
                Some(Token::Open | Token::Wanted(_)) => self.clause(Some(&name)),
                Some(Token::Field(_) | Token::Close | Token::And | Token::Or | Token::Not)
                | None => unsupported(format!("field '{name}' has no value")),
            },
            Some(Token::Open) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return unsupported("too many groups inside each other");
                }
                let expr = self.either(field)?;
                self.depth -= 1;
                match self.tokens.next() {
                    Some(Token::Close) => Ok(expr),
                    _ => unsupported("a parenthesis is not closed"),
                }
            }
            Some(Token::Wanted(wanted)) => has(field, wanted),
            Some(Token::And | Token::Or | Token::Not | Token::Close) => {
                unsupported("an operator or a parenthesis stands where a term is needed")
            }
            None => unsupported("the query ends where a term is needed"),
        }
    }
}

fn one_or(mut exprs: Vec<Expr>, many: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match (exprs.len(), exprs.pop()) {
        (1, Some(expr)) => expr,
        (_, Some(last)) => {
            exprs.push(last);
            many(exprs)
        }
        (_, None) => Expr::Everybody,
    }
}

/// One term, phrase or range of a field, or of the fields that stand for none.
fn has(field: Option<&str>, wanted: Wanted) -> Result<Expr, UnsupportedQuery> {
    match (field, wanted) {
        (Some("_exists_"), Wanted::Phrase(name)) => exists(&name),
        (Some("_exists_"), Wanted::Term(parts)) => match parts.as_slice() {
            [Part::Text(name)] => exists(name),
            _ => unsupported("_exists_ needs the name of a field"),
        },
        (Some("_exists_"), Wanted::Range(..)) => unsupported("_exists_ needs the name of a field"),
        (Some(name), wanted) => {
            let field = Field::named(name)?;
            let test = test(name, &field, wanted)?;
            Ok(Expr::Has(field, test))
        }
        (None, Wanted::Range(..)) => unsupported("a range needs a field"),
        (None, Wanted::Term(parts)) if parts == [Part::Any] => Ok(Expr::Everybody),
        (None, wanted) => {
            let choices = Field::defaults().into_iter().map(|field| {
                let test = test("", &field, wanted.clone())?;
                Ok(Expr::Has(field, test))
            });
            Ok(Expr::Or(choices.collect::<Result<_, _>>()?))
        }
    }
}

fn exists(name: &str) -> Result<Expr, UnsupportedQuery> {
    let field = Field::named(name)?;
    if field.place == Place::Organization {
        return unsupported(format!("_exists_ is not supported on field '{name}'"));
    }
    Ok(Expr::Has(field, Test::Exists))
}

fn test(name: &str, field: &Field, wanted: Wanted) -> Result<Test, UnsupportedQuery> {
    let parts = match wanted {
        Wanted::Range(lower, upper) => return range(name, field, lower, upper),
        Wanted::Phrase(text) => return literal(name, field, text, true).map(Test::Equals),
        Wanted::Term(parts) => parts,
    };
    match parts.as_slice() {
        [Part::Text(text)] => {
            let text = text.clone();
            return literal(name, field, text, false).map(Test::Equals);
        }
        [Part::Any] if field.stars => return Ok(Test::Exists),
        _ => {}
    }
    if !field.wildcards || !field.values {
        return unsupported(format!("wildcards are not supported on field '{name}'"));
    }
    let prefix = matches!(parts.as_slice(), [Part::Text(_), Part::Any]);
    let short = parts.iter().any(|part| match part {
        Part::Text(text) => text.chars().count() < MIN_LITERAL,
        Part::Any => false,
    });
    if !prefix && short {
        return unsupported(format!("wildcards need literals of {MIN_LITERAL} characters or more"));
    }
    Ok(Test::Like(parts.into_iter().map(|part| folded_part(field, part)).collect()))
}

fn folded_part(field: &Field, part: Part) -> Part {
    match part {
        Part::Text(text) => Part::Text(folded(field, text)),
        Part::Any => Part::Any,
    }
}

/// The text as the field compares it.
fn folded(field: &Field, text: String) -> String {
    match field.kind {
        Kind::Name | Kind::Folded => text.to_lowercase(),
        Kind::Exact | Kind::Flag | Kind::Number | Kind::Date | Kind::Dynamic => text,
    }
}

fn literal(
    name: &str,
    field: &Field,
    text: String,
    quoted: bool,
) -> Result<Literal, UnsupportedQuery> {
    if !field.values {
        return unsupported(format!("field '{name}' holds no value of its own"));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let period = period::period(&text);
    let fits = match field.kind {
        Kind::Number => number.is_some(),
        Kind::Date => period.is_some(),
        Kind::Flag => matches!(text.as_str(), "true" | "false"),
        Kind::Name | Kind::Folded | Kind::Exact | Kind::Dynamic => true,
    };
    if !fits {
        return unsupported(format!("field '{name}' does not take such a value"));
    }
    Ok(Literal { text: folded(field, text), quoted, number, period })
}

fn range(name: &str, field: &Field, lower: Bound, upper: Bound) -> Result<Test, UnsupportedQuery> {
    if !field.ranges {
        // The first of these texts was seen in the wild; the others follow it.
        let operator = match (&upper.value, &lower.value) {
            (Some(_), _) if upper.inclusive => "less or equal",
            (Some(_), _) => "less than",
            (None, _) if lower.inclusive => "greater or equal",
            (None, _) => "greater than",
        };
        return unsupported(format!("operator '{operator}' is not supported"));
    }
    let wrong = || UnsupportedQuery(format!("field '{name}' does not take such a range"));
    match field.kind {
        Kind::Number => {
            let limit = |bound: Bound| -> Result<Limit<f64>, UnsupportedQuery> {
                let value = bound
                    .value
                    .map(|text| text.parse::<f64>().ok().filter(|n| n.is_finite()))
                    .map_or(Ok(None), |number| number.map(Some).ok_or_else(wrong))?;
                Ok(Limit { value, inclusive: bound.inclusive })
            };
            Ok(Test::NumberBetween(limit(lower)?, limit(upper)?))
        }
        Kind::Date => {
            let period = |text: &str| period::period(text).ok_or_else(wrong);
            let from = lower.value.as_deref().map(period).transpose()?.map(|period| {
                if lower.inclusive { period.first } else { period.last.saturating_add(1) }
            });
            let to = upper.value.as_deref().map(period).transpose()?.map(|period| {
                if upper.inclusive { period.last } else { period.first.saturating_sub(1) }
            });
            let text = |millis: i64| iso(millis.min(period::LAST));
            Ok(Test::TimeBetween(from.map(text), to.map(text)))
        }
        Kind::Name | Kind::Folded | Kind::Exact | Kind::Flag | Kind::Dynamic => {
            let limit = |bound: Bound| Limit {
                value: bound.value.map(|text| folded(field, text)),
                inclusive: bound.inclusive,
            };
            Ok(Test::Between(limit(lower), limit(upper)))
        }
    }
}
