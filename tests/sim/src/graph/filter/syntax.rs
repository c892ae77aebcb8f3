//! The grammar: `or` below `and` below `not` below comparisons, functions, lambdas and parentheses.

use jiff::Timestamp;

use crate::graph::error::{Failure, malformed};

/// How many words and signs a filter may have: OData's libraries limit it too, and delta needs 50 ids.
const LONGEST: usize = 400;
/// How deep parentheses and lambdas may be nested. OData's libraries have such a limit too; it keeps the stack small.
const DEEPEST: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    AtLeast,
    Less,
    AtMost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    StartsWith,
    EndsWith,
    Contains,
}

#[derive(Clone, Debug)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Moment(Timestamp),
    Guid(String),
}

/// What stands at the left: a path from the object, or from the variable of a lambda around it.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub variable: Option<String>,
    /// The names with `/` between them; empty for the variable itself.
    pub path: String,
    /// Whether it is how many the collection has (`/$count`).
    pub count: bool,
}

impl Operand {
    pub fn is_property(&self, name: &str) -> bool {
        self.variable.is_none() && !self.count && self.path == name
    }
}

#[derive(Debug)]
pub(super) enum Expr {
    Either(Box<Expr>, Box<Expr>),
    Both(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare { left: Operand, operator: Operator, right: Literal },
    In { left: Operand, values: Vec<Literal> },
    Call { function: Function, left: Operand, text: String },
    Lambda { all: bool, of: Operand, variable: String, inner: Option<Box<Expr>> },
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Open,
    Close,
    Comma,
}

struct Parser<'a> {
    whole: &'a str,
    tokens: std::vec::IntoIter<Token>,
    /// A token that was looked at and put back, the last one first.
    back: Vec<Token>,
    variables: Vec<String>,
    depth: usize,
}

pub(super) fn parse(text: &str) -> Result<Expr, Failure> {
    let tokens = tokens(text).ok_or_else(|| wrong(text))?;
    if tokens.len() > LONGEST {
        return Err(too_much());
    }
    let mut parser =
        Parser { whole: text, tokens: tokens.into_iter(), back: Vec::new(), variables: Vec::new(), depth: 0 };
    let expr = parser.either()?;
    if parser.next().is_some() { Err(wrong(text)) } else { Ok(expr) }
}

fn wrong(text: &str) -> Failure {
    malformed(format!("Invalid filter clause: Syntax error in '{text}'."))
}

fn too_much() -> Failure {
    malformed("Invalid filter clause: the node count limit has been exceeded.")
}

/// None where a string is not closed.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' => out.push(Token::Open),
            ')' => out.push(Token::Close),
            ',' => out.push(Token::Comma),
            '\'' => {
                let mut inner = String::new();
                loop {
                    match chars.next()? {
                        // Why looked ahead: a doubled quote is one quote inside the string.
                        '\'' if chars.peek() == Some(&'\'') => {
                            chars.next();
                            inner.push('\'');
                        }
                        '\'' => break,
                        c => inner.push(c),
                    }
                }
                out.push(Token::Text(inner));
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !"(),'".contains(*c)) {
                    word.push(c);
                }
                out.push(Token::Word(word));
            }
        }
    }
    Some(out)
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        self.back.pop().or_else(|| self.tokens.next())
    }

    fn peek(&mut self) -> Option<Token> {
        let next = self.next();
        self.back.extend(next.clone());
        next
    }

    /// Takes the next token if it is that word, whatever its case.
    fn takes_word(&mut self, wanted: &str) -> bool {
        match self.next() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted) => true,
            other => {
                self.back.extend(other);
                false
            }
        }
    }

    fn takes(&mut self, wanted: &Token) -> bool {
        match self.next() {
            Some(token) if token == *wanted => true,
            other => {
                self.back.extend(other);
                false
            }
        }
    }

    fn wrong<T>(&self) -> Result<T, Failure> {
        Err(wrong(self.whole))
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Failure> {
        if self.takes(wanted) { Ok(()) } else { self.wrong() }
    }

    fn either(&mut self) -> Result<Expr, Failure> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_much());
        }
        let mut left = self.both()?;
        while self.takes_word("or") {
            left = Expr::Either(Box::new(left), Box::new(self.both()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn both(&mut self) -> Result<Expr, Failure> {
        let mut left = self.unary()?;
        while self.takes_word("and") {
            left = Expr::Both(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Failure> {
        if !self.takes_word("not") {
            return self.primary();
        }
        let is_group = self.takes(&Token::Open);
        if is_group {
            self.back.push(Token::Open);
        }
        match self.unary()? {
            // Why refused: `not` binds tighter than a comparison, so it would negate the property.
            Expr::Compare { .. } | Expr::In { .. } if !is_group => Err(malformed(
                "Invalid filter clause: A unary operator with an incompatible type was detected. Found operand type 'Edm.String' for operator kind 'Not'.",
            )),
            inner => Ok(Expr::Not(Box::new(inner))),
        }
    }

    fn primary(&mut self) -> Result<Expr, Failure> {
        match self.next() {
            Some(Token::Open) => {
                // A property in parentheses of its own: `(a/b) eq null`.
                if let Some(Token::Word(word)) = self.peek() {
                    self.next();
                    if self.takes(&Token::Close) {
                        let left = self.operand(&word)?;
                        return self.compared(left);
                    }
                    self.back.push(Token::Word(word));
                }
                let inner = self.either()?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Some(Token::Word(word)) => {
                if self.takes(&Token::Open) {
                    return self.called(&word);
                }
                let left = self.operand(&word)?;
                self.compared(left)
            }
            _ => self.wrong(),
        }
    }

    /// What follows a name and its opening parenthesis: a function or a lambda.
    fn called(&mut self, name: &str) -> Result<Expr, Failure> {
        if let Some((path, "any" | "all")) = name.rsplit_once('/') {
            let of = self.operand(path)?;
            return self.lambda(of, name.ends_with("/all"));
        }
        let function = match name.to_ascii_lowercase().as_str() {
            "startswith" => Function::StartsWith,
            "endswith" => Function::EndsWith,
            "contains" => Function::Contains,
            _ => {
                return Err(malformed(format!(
                    "Invalid filter clause: An unknown function with name '{name}' was found."
                )));
            }
        };
        let Some(Token::Word(path)) = self.next() else { return self.wrong() };
        let left = self.operand(&path)?;
        self.expect(&Token::Comma)?;
        let Some(Token::Text(text)) = self.next() else { return self.wrong() };
        self.expect(&Token::Close)?;
        // `startswith(a,'b') eq true` is the same: clients write it.
        if self.takes_word("eq") && !self.takes_word("true") {
            return self.wrong();
        }
        Ok(Expr::Call { function, left, text })
    }

    fn lambda(&mut self, of: Operand, all: bool) -> Result<Expr, Failure> {
        if !all && self.takes(&Token::Close) {
            return Ok(Expr::Lambda { all, of, variable: String::new(), inner: None });
        }
        let Some(Token::Word(word)) = self.next() else { return self.wrong() };
        let Some((variable, rest)) = word.split_once(':') else { return self.wrong() };
        if !is_name(variable) {
            return self.wrong();
        }
        if !rest.is_empty() {
            self.back.push(Token::Word(rest.to_owned()));
        }
        self.variables.push(variable.to_owned());
        let inner = self.either()?;
        self.variables.pop();
        self.expect(&Token::Close)?;
        Ok(Expr::Lambda { all, of, variable: variable.to_owned(), inner: Some(Box::new(inner)) })
    }

    fn operand(&self, word: &str) -> Result<Operand, Failure> {
        let (path, count) = word.strip_suffix("/$count").map_or((word, false), |path| (path, true));
        // A segment may be a cast to a type of Graph's.
        let is_segment = |part: &str| is_name(part.strip_prefix("microsoft.graph.").unwrap_or(part));
        if !path.split('/').all(is_segment) {
            return self.wrong();
        }
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let of_variable = self.variables.iter().any(|variable| variable == first);
        Ok(Operand {
            variable: of_variable.then(|| first.to_owned()),
            path: if of_variable { rest } else { path }.to_owned(),
            count,
        })
    }

    fn compared(&mut self, left: Operand) -> Result<Expr, Failure> {
        let Some(Token::Word(word)) = self.next() else { return self.wrong() };
        let operator = match word.to_ascii_lowercase().as_str() {
            "eq" => Operator::Equal,
            "ne" => Operator::NotEqual,
            "gt" => Operator::Greater,
            "ge" => Operator::AtLeast,
            "lt" => Operator::Less,
            "le" => Operator::AtMost,
            "in" => return self.one_of(left),
            _ => return self.wrong(),
        };
        let right = self.literal()?;
        Ok(Expr::Compare { left, operator, right })
    }

    fn one_of(&mut self, left: Operand) -> Result<Expr, Failure> {
        self.expect(&Token::Open)?;
        let mut values = vec![self.literal()?];
        while self.takes(&Token::Comma) {
            values.push(self.literal()?);
        }
        self.expect(&Token::Close)?;
        Ok(Expr::In { left, values })
    }

    fn literal(&mut self) -> Result<Literal, Failure> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Word(word)) => value(&word).map_or_else(|| self.wrong(), Ok),
            _ => self.wrong(),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// A value without quotes.
fn value(word: &str) -> Option<Literal> {
    Some(match word {
        "null" => Literal::Null,
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        _ if uuid::Uuid::parse_str(word).is_ok() && word.len() == 36 => Literal::Guid(word.to_lowercase()),
        _ => match word.parse::<f64>() {
            // Why finite: Rust reads `nan` and `inf` as numbers.
            Ok(number) if number.is_finite() => Literal::Number(number),
            _ => Literal::Moment(moment(word)?),
        },
    })
}

/// A moment, or the beginning of a day in UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let day = || format!("{}T00:00:00Z", text.parse::<jiff::civil::Date>().ok()?).parse().ok();
    text.parse().ok().or_else(day)
}
