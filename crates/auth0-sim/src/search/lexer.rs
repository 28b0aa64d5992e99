//! The lexer: splits the text of a query into tokens.

use super::error::UnsupportedQuery;

/// A part of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Literal characters.
    Text(String),
    /// `*`: any number of any characters.
    Any,
}

/// One end of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bound {
    /// The value; `None` is `*`, an open end.
    pub(crate) value: Option<String>,
    /// Whether the value itself is included.
    pub(crate) inclusive: bool,
}

/// A token of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A field name and its colon.
    Field(String),
    Operand(Operand),
    OpenParen,
    CloseParen,
    And,
    Or,
    Not,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    /// An unquoted term: literals and wildcards.
    Term(Vec<Part>),
    /// A quoted text.
    Phrase(String),
    /// `[a TO b]`, with an inclusive or exclusive bracket at each end.
    Range(Bound, Bound),
}

/// Returns the tokens of a query.
pub(crate) fn tokens(query: &str) -> Result<Vec<Token>, UnsupportedQuery> {
    let mut lexer = Lexer { rest: query.chars().collect::<Vec<_>>().into_iter() };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

fn unsupported<T>(reason: impl Into<String>) -> Result<T, UnsupportedQuery> {
    Err(UnsupportedQuery(reason.into()))
}

struct Lexer {
    rest: std::vec::IntoIter<char>,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.rest.as_slice().first().copied()
    }

    fn second(&self) -> Option<char> {
        self.rest.as_slice().get(1).copied()
    }

    fn skip_whitespace(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.rest.next();
        }
    }

    fn next_token(&mut self) -> Result<Option<Token>, UnsupportedQuery> {
        self.skip_whitespace();
        let Some(first) = self.peek() else { return Ok(None) };
        let is_doubled = self.second() == Some(first);
        let token = match first {
            '(' => self.take_single(Token::OpenParen),
            ')' => self.take_single(Token::CloseParen),
            '!' => self.take_single(Token::Not),
            '&' if is_doubled => self.take_double(Token::And),
            '|' if is_doubled => self.take_double(Token::Or),
            '"' => Token::Operand(Operand::Phrase(self.read_phrase()?)),
            '[' | '{' => self.read_range()?,
            '+' | '-' | '<' | '>' | ':' | ']' | '}' => {
                return unsupported(format!("unexpected '{first}'"));
            }
            _ => self.read_word()?,
        };
        Ok(Some(token))
    }

    fn take_single(&mut self, token: Token) -> Token {
        self.rest.next();
        token
    }

    fn take_double(&mut self, token: Token) -> Token {
        self.rest.next();
        self.take_single(token)
    }

    /// Reads a quoted text. A backslash escapes the next character.
    fn read_phrase(&mut self) -> Result<String, UnsupportedQuery> {
        self.rest.next();
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => return unsupported("a quote is not closed"),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.read_escaped()?),
                Some(other) => text.push(other),
            }
        }
    }

    fn read_escaped(&mut self) -> Result<char, UnsupportedQuery> {
        match self.rest.next() {
            Some(character) => Ok(character),
            None => unsupported("the query ends with a backslash"),
        }
    }

    /// Reads a field name with its colon, an operator, or a term.
    fn read_word(&mut self) -> Result<Token, UnsupportedQuery> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut is_plain = true;
        while let Some(next) = self.peek() {
            match next {
                '(' | ')' | '"' | '[' | ']' | '{' | '}' | ':' | '!' => break,
                _ if next.is_whitespace() => break,
                '?' | '~' | '^' | '/' => {
                    return unsupported(format!("'{next}' is not supported"));
                }
                '*' => {
                    self.rest.next();
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    if parts.last() != Some(&Part::Any) {
                        parts.push(Part::Any);
                    }
                    is_plain = false;
                }
                '\\' => {
                    self.rest.next();
                    text.push(self.read_escaped()?);
                    is_plain = false;
                }
                _ => {
                    self.rest.next();
                    text.push(next);
                }
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        if self.peek() == Some(':') {
            self.rest.next();
            return match parts.as_slice() {
                [Part::Text(name)] => Ok(Token::Field(name.clone())),
                _ => unsupported("wildcards are not supported in field names"),
            };
        }
        match parts.as_slice() {
            [Part::Text(word)] if is_plain => match word.as_str() {
                "AND" => return Ok(Token::And),
                "OR" => return Ok(Token::Or),
                "NOT" => return Ok(Token::Not),
                _ => {}
            },
            [] => return unsupported("a term is empty"),
            _ => {}
        }
        Ok(Token::Operand(Operand::Term(parts)))
    }

    fn read_range(&mut self) -> Result<Token, UnsupportedQuery> {
        let lower_inclusive = self.rest.next() == Some('[');
        let lower = self.read_bound()?;
        let to = self.read_bound()?;
        if to.as_deref() != Some("TO") {
            return unsupported("a range needs TO");
        }
        let upper = self.read_bound()?;
        self.skip_whitespace();
        let upper_inclusive = match self.rest.next() {
            Some(']') => true,
            Some('}') => false,
            _ => return unsupported("a range is not closed"),
        };
        Ok(Token::Operand(Operand::Range(
            Bound { value: lower, inclusive: lower_inclusive },
            Bound { value: upper, inclusive: upper_inclusive },
        )))
    }

    /// Reads a word or a phrase inside a range; `None` is `*`.
    fn read_bound(&mut self) -> Result<Option<String>, UnsupportedQuery> {
        self.skip_whitespace();
        if self.peek() == Some('"') {
            return self.read_phrase().map(Some);
        }
        let mut text = String::new();
        let mut is_open = false;
        while let Some(next) = self.peek() {
            match next {
                ']' | '}' => break,
                _ if next.is_whitespace() => break,
                '[' | '{' | '(' | ')' | '"' => return unsupported("a range is not closed"),
                '*' if text.is_empty() && !is_open => {
                    self.rest.next();
                    is_open = true;
                }
                '*' | '?' => return unsupported("wildcards are not supported in ranges"),
                '\\' => {
                    self.rest.next();
                    text.push(self.read_escaped()?);
                }
                _ => {
                    self.rest.next();
                    text.push(next);
                }
            }
        }
        match (is_open, text.is_empty()) {
            (true, true) => Ok(None),
            (true, false) => unsupported("wildcards are not supported in ranges"),
            (false, true) => unsupported("a range has no bound"),
            (false, false) => Ok(Some(text)),
        }
    }
}
