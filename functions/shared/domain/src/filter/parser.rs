//! Tokens into a tree, by descent. The grammar is in the head of [`super`].

use super::derived::Derived;
use super::lexer::{self, Placed, Token};
use super::tree::{Compare, Literal, Match, Node, Path, Root, Term};
use super::{Fault, Filter, MOST_BYTES, MOST_DEPTH, MOST_TERMS};
use crate::kinds::Kind;
use crate::stored::fold;
use std::collections::BTreeSet;

type Parsed<T> = Result<T, Fault>;

/// The filter of a text.
pub(super) fn parse(kind: &Kind, text: &str) -> Parsed<Filter> {
    if text.len() > MOST_BYTES {
        return Err(Fault { at: 1, what: "the filter is longer than 2048 bytes" });
    }
    let tokens = lexer::tokens(text)?;
    let end = text.chars().count() + 1;
    let mut parser = Parser {
        kind,
        tokens,
        next: 0,
        end,
        depth: 0,
        counted: 0,
        variables: Vec::new(),
        properties: BTreeSet::new(),
        derived: Vec::new(),
        named: Vec::new(),
        terms: Vec::new(),
    };
    let node = parser.either()?;
    if parser.peek().is_some() {
        return parser.fails("here the filter could end, or go on with `and` or `or`");
    }
    let Parser { properties, derived, named, terms, .. } = parser;
    Ok(Filter { node, properties, derived, named, terms })
}

struct Parser<'a> {
    kind: &'a Kind,
    tokens: Vec<Placed<'a>>,
    next: usize,
    /// The place behind the last character.
    end: usize,
    depth: usize,
    /// How many terms there are, items of lists among them.
    counted: usize,
    /// The variables that may be used here, the innermost last.
    variables: Vec<Variable<'a>>,
    properties: BTreeSet<String>,
    derived: Vec<Derived>,
    /// Those of which `displayName` of an item is asked about.
    named: Vec<Derived>,
    terms: Vec<Term>,
}

/// What stands for the item of an `any`.
struct Variable<'a> {
    name: &'a str,
    /// What the items follow from, where it is no property that they are of.
    derived: Option<Derived>,
    /// The path of the collection, from the object.
    path: String,
}

/// Words of the language are taken in either case, as Graph does.
fn is_word(token: Option<&Token<'_>>, word: &str) -> bool {
    matches!(token, Some(Token::Word(is)) if is.eq_ignore_ascii_case(word))
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    /// The character at which the next token begins.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |placed| placed.at)
    }

    fn fails<T>(&self, what: &'static str) -> Parsed<T> {
        Err(Fault { at: self.at(), what })
    }

    /// Takes the word where it stands next.
    fn takes(&mut self, word: &str) -> bool {
        let is = is_word(self.peek(), word);
        self.next += usize::from(is);
        is
    }

    fn takes_mark(&mut self, mark: char) -> bool {
        let is = matches!(self.peek(), Some(Token::Mark(is)) if *is == mark);
        self.next += usize::from(is);
        is
    }

    fn wants(&mut self, mark: char, what: &'static str) -> Parsed<()> {
        if self.takes_mark(mark) { Ok(()) } else { self.fails(what) }
    }

    /// One level deeper, and out of it again.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MOST_DEPTH {
            return self.fails("the filter is more than 8 deep");
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn counts_term(&mut self) -> Parsed<()> {
        self.counted += 1;
        if self.counted > MOST_TERMS { self.fails("the filter has more than 100 terms") } else { Ok(()) }
    }

    fn either(&mut self) -> Parsed<Node> {
        let mut nodes = vec![self.both()?];
        while self.takes("or") {
            nodes.push(self.both()?);
        }
        Ok(one_or(nodes, Node::Or))
    }

    fn both(&mut self) -> Parsed<Node> {
        let mut nodes = vec![self.one()?];
        while self.takes("and") {
            nodes.push(self.one()?);
        }
        Ok(one_or(nodes, Node::And))
    }

    fn one(&mut self) -> Parsed<Node> {
        if self.takes("not") {
            return self.deeper(Self::one).map(|node| Node::Not(Box::new(node)));
        }
        if self.takes_mark('(') {
            let node = self.deeper(Self::either)?;
            self.wants(')', "a closing parenthesis is missing")?;
            return Ok(node);
        }
        self.counts_term()?;
        let is_call = matches!(self.tokens.get(self.next + 1).map(|p| &p.token), Some(Token::Mark('(')));
        if is_call { self.matched() } else { self.about_path() }
    }

    /// A function of a path and a text.
    fn matched(&mut self) -> Parsed<Node> {
        let function = if self.takes("startswith") {
            Match::Starts
        } else if self.takes("endswith") {
            Match::Ends
        } else if self.takes("contains") {
            Match::Contains
        } else {
            return self.fails("there are no functions but startswith, endswith and contains");
        };
        self.wants('(', "an opening parenthesis is missing")?;
        let at = self.at();
        let (path, is_any) = self.path()?;
        if is_any {
            return self.fails("`any` stands for itself");
        }
        self.wants_value(&path, at)?;
        self.wants_item_name(&path, at)?;
        self.wants(',', "a comma is missing, and the text to look for")?;
        let Some(Token::Text(text)) = self.peek() else {
            return self.fails("a text between quotes is missing");
        };
        let text = fold::without_case(text).into_owned();
        self.next += 1;
        self.wants(')', "a closing parenthesis is missing")?;
        Ok(Node::Matched(function, path, text))
    }

    /// A path, and what is asked of it.
    fn about_path(&mut self) -> Parsed<Node> {
        let at = self.at();
        let (path, is_any) = self.path()?;
        if is_any {
            return self.some(path);
        }
        self.wants_value(&path, at)?;
        self.wants_item_name(&path, at)?;
        if self.takes("in") {
            return Ok(Node::Listed(path, self.list()?));
        }
        for (word, compare) in [
            ("eq", Compare::Eq),
            ("ne", Compare::Ne),
            ("gt", Compare::Gt),
            ("ge", Compare::Ge),
            ("lt", Compare::Lt),
            ("le", Compare::Le),
        ] {
            if self.takes(word) {
                let has_order = !matches!(compare, Compare::Eq | Compare::Ne);
                if has_order && matches!(self.peek(), Some(Token::Text(text)) if lexer::is_duration(text)) {
                    return self.fails("a duration has no order here: it is compared by eq, ne and in alone");
                }
                return Ok(Node::Compared(path, compare, self.literal()?));
            }
        }
        self.fails("one of eq, ne, gt, ge, lt, le, in is missing")
    }

    fn list(&mut self) -> Parsed<Vec<Literal>> {
        self.wants('(', "a list in parentheses is missing")?;
        let mut literals = Vec::new();
        loop {
            self.counts_term()?;
            literals.push(self.literal()?);
            if !self.takes_mark(',') {
                break;
            }
        }
        self.wants(')', "a closing parenthesis is missing")?;
        Ok(literals)
    }

    /// The condition of an `any`, which begins at its parenthesis.
    fn some(&mut self, path: Path) -> Parsed<Node> {
        self.wants('(', "an opening parenthesis is missing")?;
        if self.takes_mark(')') {
            return Ok(Node::Some(path, None));
        }
        let Some(&Token::Word(variable)) = self.peek() else { return self.fails("a variable is missing") };
        if self.variables.iter().any(|known| known.name == variable) {
            return self.fails("the variable stands for something else already");
        }
        self.next += 1;
        self.wants(':', "a colon is missing")?;
        let derived = match (path.root, path.names.as_slice()) {
            (Root::Object, [collection]) => Derived::find(self.kind, collection),
            _ => None,
        };
        let of = self.terms[path.term].path.clone();
        self.variables.push(Variable { name: variable, derived, path: of });
        let condition = self.deeper(Self::either)?;
        self.variables.pop();
        self.wants(')', "a closing parenthesis is missing")?;
        Ok(Node::Some(path, Some(Box::new(condition))))
    }

    /// A path, and whether `any` follows it.
    fn path(&mut self) -> Parsed<(Path, bool)> {
        let at = self.at();
        let Some(&Token::Word(first)) = self.peek() else {
            return self.fails("the name of a property is missing");
        };
        self.next += 1;
        let item = self.variables.iter().position(|variable| variable.name == first);
        let (root, mut names) = match item {
            Some(item) if self.variables[item].derived.is_some() => (Root::Derived(item), Vec::new()),
            Some(item) => (Root::Item(item), Vec::new()),
            None => (Root::Object, vec![first.to_owned()]),
        };
        if root == Root::Object {
            self.checks(first).map_err(|what| Fault { at, what })?;
            self.properties.insert(first.to_owned());
            self.derived.extend(Derived::find(self.kind, first));
        }
        while self.takes_mark('/') {
            let Some(&Token::Word(name)) = self.peek() else { return self.fails("a name is missing") };
            let calls = matches!(self.tokens.get(self.next + 1).map(|p| &p.token), Some(Token::Mark('(')));
            if calls && !name.eq_ignore_ascii_case("any") {
                return self.fails("behind a path there is no function but any");
            }
            if calls && !self.variables.is_empty() && item != Some(self.variables.len() - 1) {
                return Err(Fault { at, what: "inside `any` another one goes over the innermost variable" });
            }
            self.next += 1;
            if calls {
                let path = self.term(root, names, true);
                self.wants_collection(&path, at)?;
                return Ok((path, true));
            }
            names.push(name.to_owned());
        }
        Ok((self.term(root, names, false), false))
    }

    /// The path of the next term.
    fn term(&mut self, root: Root, names: Vec<String>, is_any: bool) -> Path {
        let from = match root {
            Root::Object => None,
            Root::Item(item) | Root::Derived(item) => Some(self.variables[item].path.as_str()),
        };
        let path = from.into_iter().chain(names.iter().map(String::as_str)).collect::<Vec<_>>().join("/");
        self.terms.push(Term { path, is_any });
        Path { term: self.terms.len() - 1, root, names }
    }

    /// Refuses what an item that follows from links and grants does not have: it would be nobody's.
    fn wants_item_name(&mut self, path: &Path, at: usize) -> Parsed<()> {
        let Root::Derived(item) = path.root else { return Ok(()) };
        let Some(derived) = self.variables[item].derived else { return Ok(()) };
        match path.names.as_slice() {
            [name] if derived.item_names().contains(&name.as_str()) => {
                if name == "displayName" {
                    self.named.push(derived);
                }
                Ok(())
            }
            _ => Err(Fault { at, what: item_has(derived) }),
        }
    }

    /// Refuses `any` over what is known to be no collection, and over a path through one.
    fn wants_collection(&self, path: &Path, at: usize) -> Parsed<()> {
        if let Root::Derived(item) = path.root {
            let what = self.variables[item].derived.map_or("this is no collection", item_has);
            return Err(Fault { at, what });
        }
        let (Root::Object, [first, rest @ ..]) = (path.root, path.names.as_slice()) else { return Ok(()) };
        if !rest.is_empty() {
            return self.wants_value(path, at);
        }
        let may_be = self.is_collection(first)
            || self.kind.keeps_all()
            || first.contains('@')
            || self.kind.is_extension(first)
            || self.kind.facets().any(|facet| facet == first);
        if may_be {
            Ok(())
        } else {
            Err(Fault { at, what: "this is no collection: ask about it without any" })
        }
    }

    fn is_collection(&self, property: &str) -> bool {
        self.kind.is_collection(property) || Derived::find(self.kind, property).is_some()
    }

    /// Refuses a path to or through what is known to be a collection: no item of it would be meant, and the answer would look
    /// like a plain no. `at` is where the path begins.
    fn wants_value(&self, path: &Path, at: usize) -> Parsed<()> {
        let is_collection =
            path.root == Root::Object && path.names.first().is_some_and(|first| self.is_collection(first));
        if is_collection {
            return Err(Fault { at, what: "this is a collection: ask about its items by any" });
        }
        Ok(())
    }

    /// Whether objects of the kind have that property.
    fn checks(&self, property: &str) -> Result<(), &'static str> {
        if Derived::find(self.kind, property).is_some() {
            return Ok(());
        }
        if self.kind.is_relation(property) {
            return Err("this leads to other objects, and is no property");
        }
        if self.kind.reads(property) { Ok(()) } else { Err("no such property is read of this kind") }
    }

    fn literal(&mut self) -> Parsed<Literal> {
        let literal = match self.peek() {
            Some(Token::Text(text)) => Literal::Text(fold::without_case(text).into_owned()),
            Some(Token::Number(number)) => Literal::Number(number.clone()),
            Some(Token::Time(time)) => Literal::Time(*time),
            token if is_word(token, "null") => Literal::Null,
            token if is_word(token, "true") => Literal::Flag(true),
            token if is_word(token, "false") => Literal::Flag(false),
            Some(Token::Word(_)) => return self.fails("a value is missing; text stands between quotes"),
            _ => return self.fails("a value is missing"),
        };
        self.next += 1;
        Ok(literal)
    }
}

/// What an item has, for whoever asked for something else.
fn item_has(derived: Derived) -> &'static str {
    match derived {
        Derived::MemberOf => "an item of memberOf has id and displayName, to ask by",
        Derived::TransitiveMemberOf => "an item of transitiveMemberOf has id and displayName, to ask by",
        Derived::RolesHeld => {
            "an item of rolesHeld has id, displayName, directoryScopeId, isEligible and through, to ask by"
        }
    }
}

fn one_or(mut nodes: Vec<Node>, many: impl Fn(Vec<Node>) -> Node) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { many(nodes) }
}
