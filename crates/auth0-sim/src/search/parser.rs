//! The parser: builds an expression with validated fields and values from tokens.

use super::error::UnsupportedQuery;
use super::field::{Field, FieldSource, Kind};
use super::lexer::{Bound, Operand, Part, Token, tokens};
use super::period::{self, Period};
use crate::clock::iso_timestamp;

/// The maximum nesting of groups.
pub(crate) const MAX_DEPTH: usize = 50;
/// The minimum length of literals next to wildcards, except for a prefix. Documented.
const MIN_LITERAL: usize = 3;

/// A parsed query.
#[derive(Debug)]
pub(crate) enum Expr {
    All,
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Field(Field, Condition),
}

/// A condition on the value of a field.
#[derive(Debug)]
pub(crate) enum Condition {
    /// The field has a value.
    Exists,
    Equals(Literal),
    /// The value matches a pattern, which is in lower case if the field is case-insensitive.
    Pattern(Vec<Part>),
    /// Text from, to.
    Between(Limit<String>, Limit<String>),
    NumberBetween(Limit<f64>, Limit<f64>),
    /// Times in the format of profiles, both inclusive. Such texts sort in the order of time.
    TimeBetween(Option<String>, Option<String>),
}

/// A value in each form that a field may compare.
#[derive(Debug)]
pub(crate) struct Literal {
    /// The text, in lower case if the field is case-insensitive.
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) number: Option<f64>,
    pub(crate) period: Option<Period>,
}

/// One end of a range.
#[derive(Debug)]
pub(crate) struct Limit<T> {
    /// The value; `None` is an open end.
    pub(crate) value: Option<T>,
    pub(crate) inclusive: bool,
}

/// Parses a query.
pub(crate) fn parse(query: &str) -> Result<Expr, UnsupportedQuery> {
    let tokens = tokens(query)?;
    if tokens.is_empty() {
        return Ok(Expr::All);
    }
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), depth: 0 };
    let expr = parser.parse_or(None)?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(_) => unsupported("a parenthesis is closed that was not opened"),
    }
}

fn unsupported<T>(reason: impl Into<String>) -> Result<T, UnsupportedQuery> {
    Err(UnsupportedQuery(reason.into()))
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    /// Parses `a OR b c`: alternatives.
    fn parse_or(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        let mut alternatives = vec![self.parse_and(field)?];
        loop {
            match self.tokens.peek() {
                None | Some(Token::CloseParen) => break,
                Some(Token::Or) => {
                    self.tokens.next();
                }
                Some(_) => {}
            }
            alternatives.push(self.parse_and(field)?);
        }
        Ok(combine(alternatives, Expr::Or))
    }

    /// Parses `a AND b`: a conjunction.
    fn parse_and(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        let mut operands = vec![self.parse_not(field)?];
        loop {
            match self.tokens.peek() {
                Some(Token::And) => {
                    self.tokens.next();
                }
                // "a NOT b" excludes b, as in Lucene.
                Some(Token::Not) => {}
                _ => break,
            }
            operands.push(self.parse_not(field)?);
        }
        Ok(combine(operands, Expr::And))
    }

    fn parse_not(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        let mut negate = false;
        while self.tokens.next_if_eq(&Token::Not).is_some() {
            negate = !negate;
        }
        let expr = self.parse_clause(field)?;
        Ok(if negate { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn parse_clause(&mut self, field: Option<&str>) -> Result<Expr, UnsupportedQuery> {
        match self.tokens.next() {
            Some(Token::Field(name)) => match self.tokens.peek() {
                Some(Token::OpenParen | Token::Operand(_)) => self.parse_clause(Some(&name)),
                Some(Token::Field(_) | Token::CloseParen | Token::And | Token::Or | Token::Not)
                | None => unsupported(format!("field '{name}' has no value")),
            },
            Some(Token::OpenParen) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return unsupported("too many groups inside each other");
                }
                let expr = self.parse_or(field)?;
                self.depth -= 1;
                match self.tokens.next() {
                    Some(Token::CloseParen) => Ok(expr),
                    _ => unsupported("a parenthesis is not closed"),
                }
            }
            Some(Token::Operand(operand)) => field_expr(field, operand),
            Some(Token::And | Token::Or | Token::Not | Token::CloseParen) => {
                unsupported("an operator or a parenthesis stands where a term is needed")
            }
            None => unsupported("the query ends where a term is needed"),
        }
    }
}

fn combine(mut exprs: Vec<Expr>, many: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match (exprs.len(), exprs.pop()) {
        (1, Some(expr)) => expr,
        (_, Some(last)) => {
            exprs.push(last);
            many(exprs)
        }
        (_, None) => Expr::All,
    }
}

/// Builds the expression for one term, phrase or range of a field, or of the default fields.
fn field_expr(field: Option<&str>, operand: Operand) -> Result<Expr, UnsupportedQuery> {
    match (field, operand) {
        (Some("_exists_"), Operand::Phrase(name)) => exists_expr(&name),
        (Some("_exists_"), Operand::Term(parts)) => match parts.as_slice() {
            [Part::Text(name)] => exists_expr(name),
            _ => unsupported("_exists_ needs the name of a field"),
        },
        (Some("_exists_"), Operand::Range(..)) => unsupported("_exists_ needs the name of a field"),
        (Some(name), operand) => {
            let field = Field::named(name)?;
            let condition = parse_condition(name, &field, operand)?;
            Ok(Expr::Field(field, condition))
        }
        (None, Operand::Range(..)) => unsupported("a range needs a field"),
        (None, Operand::Term(parts)) if parts == [Part::Any] => Ok(Expr::All),
        (None, operand) => {
            let alternatives = Field::defaults().into_iter().map(|field| {
                let condition = parse_condition("", &field, operand.clone())?;
                Ok(Expr::Field(field, condition))
            });
            Ok(Expr::Or(alternatives.collect::<Result<_, _>>()?))
        }
    }
}

fn exists_expr(name: &str) -> Result<Expr, UnsupportedQuery> {
    let field = Field::named(name)?;
    if field.source == FieldSource::Organization {
        return unsupported(format!("_exists_ is not supported on field '{name}'"));
    }
    Ok(Expr::Field(field, Condition::Exists))
}

fn parse_condition(
    name: &str,
    field: &Field,
    operand: Operand,
) -> Result<Condition, UnsupportedQuery> {
    let parts = match operand {
        Operand::Range(lower, upper) => return parse_range(name, field, lower, upper),
        Operand::Phrase(text) => {
            return parse_literal(name, field, text, true).map(Condition::Equals);
        }
        Operand::Term(parts) => parts,
    };
    match parts.as_slice() {
        [Part::Text(text)] => {
            let text = text.clone();
            return parse_literal(name, field, text, false).map(Condition::Equals);
        }
        [Part::Any] if field.existence => return Ok(Condition::Exists),
        _ => {}
    }
    if !field.wildcards || !field.has_values {
        return unsupported(format!("wildcards are not supported on field '{name}'"));
    }
    let is_prefix = matches!(parts.as_slice(), [Part::Text(_), Part::Any]);
    let has_short_literal = parts.iter().any(|part| match part {
        Part::Text(text) => text.chars().count() < MIN_LITERAL,
        Part::Any => false,
    });
    if !is_prefix && has_short_literal {
        return unsupported(format!("wildcards need literals of {MIN_LITERAL} characters or more"));
    }
    Ok(Condition::Pattern(parts.into_iter().map(|part| normalized_part(field, part)).collect()))
}

fn normalized_part(field: &Field, part: Part) -> Part {
    match part {
        Part::Text(text) => Part::Text(normalized(field, text)),
        Part::Any => Part::Any,
    }
}

/// Returns the text in the form that the field compares.
fn normalized(field: &Field, text: String) -> String {
    match field.kind {
        Kind::Name | Kind::Email => text.to_lowercase(),
        Kind::Exact | Kind::Flag | Kind::Number | Kind::Date | Kind::Json => text,
    }
}

fn parse_literal(
    name: &str,
    field: &Field,
    text: String,
    quoted: bool,
) -> Result<Literal, UnsupportedQuery> {
    if !field.has_values {
        return unsupported(format!("field '{name}' holds no value of its own"));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let period = period::parse_period(&text);
    let is_valid = match field.kind {
        Kind::Number => number.is_some(),
        Kind::Date => period.is_some(),
        Kind::Flag => matches!(text.as_str(), "true" | "false"),
        Kind::Name | Kind::Email | Kind::Exact | Kind::Json => true,
    };
    if !is_valid {
        return unsupported(format!("field '{name}' does not take such a value"));
    }
    Ok(Literal { text: normalized(field, text), quoted, number, period })
}

fn parse_range(
    name: &str,
    field: &Field,
    lower: Bound,
    upper: Bound,
) -> Result<Condition, UnsupportedQuery> {
    if !field.ranges {
        // The first of these texts was observed; the others follow its pattern.
        let operator = match (&upper.value, &lower.value) {
            (Some(_), _) if upper.inclusive => "less or equal",
            (Some(_), _) => "less than",
            (None, _) if lower.inclusive => "greater or equal",
            (None, _) => "greater than",
        };
        return unsupported(format!("operator '{operator}' is not supported"));
    }
    let invalid_range = || UnsupportedQuery(format!("field '{name}' does not take such a range"));
    match field.kind {
        Kind::Number => {
            let to_limit = |bound: Bound| -> Result<Limit<f64>, UnsupportedQuery> {
                let value = bound
                    .value
                    .map(|text| text.parse::<f64>().ok().filter(|n| n.is_finite()))
                    .map_or(Ok(None), |number| number.map(Some).ok_or_else(invalid_range))?;
                Ok(Limit { value, inclusive: bound.inclusive })
            };
            Ok(Condition::NumberBetween(to_limit(lower)?, to_limit(upper)?))
        }
        Kind::Date => {
            let period = |text: &str| period::parse_period(text).ok_or_else(invalid_range);
            let from = lower.value.as_deref().map(period).transpose()?.map(|period| {
                if lower.inclusive { period.first } else { period.last.saturating_add(1) }
            });
            let to = upper.value.as_deref().map(period).transpose()?.map(|period| {
                if upper.inclusive { period.last } else { period.first.saturating_sub(1) }
            });
            let text = |millis: i64| iso_timestamp(millis.min(period::LAST));
            Ok(Condition::TimeBetween(from.map(text), to.map(text)))
        }
        Kind::Name | Kind::Email | Kind::Exact | Kind::Flag | Kind::Json => {
            let to_limit = |bound: Bound| Limit {
                value: bound.value.map(|text| normalized(field, text)),
                inclusive: bound.inclusive,
            };
            Ok(Condition::Between(to_limit(lower), to_limit(upper)))
        }
    }
}
