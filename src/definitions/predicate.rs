//! Conditions on rows, in a small subset of SQL, compiled to Polars expressions.
//!
//! Comparison of a column with a literal, `IN`, `IS NULL`, `AND`, `OR`, `NOT`,
//! `TRUE`. Everything else is refused when definitions are read, because engines
//! silently disagree on the rest.

use std::collections::BTreeSet;

use polars::prelude::{Expr, col, lit};
use serde::{Deserialize, Serialize};
use sqlparser::ast;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

/// A checked condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicate {
    Always,
    Compare { column: String, comparison: Comparison, literal: Literal },
    OneOf { column: String, literals: Vec<Literal>, negated: bool },
    Missing { column: String, negated: bool },
    All(Vec<Predicate>),
    Any(Vec<Predicate>),
    Not(Box<Predicate>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

/// Parses a condition.
///
/// # Errors
/// A sentence on what is not understood.
pub fn parse(text: &str) -> Result<Predicate, String> {
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect).try_with_sql(text).map_err(|error| error.to_string())?;
    let expression = parser.parse_expr().map_err(|error| error.to_string())?;
    let rest = parser.peek_token();
    if rest.token != sqlparser::tokenizer::Token::EOF {
        return Err(format!("unexpected `{rest}` after the condition"));
    }
    from_sql(&expression)
}

fn from_sql(expression: &ast::Expr) -> Result<Predicate, String> {
    use ast::{BinaryOperator as Op, Expr, UnaryOperator};
    match expression {
        Expr::Nested(inner) => from_sql(inner),
        Expr::Value(value) => match literal_of(value)? {
            Literal::Boolean(true) => Ok(Predicate::Always),
            _ => Err(format!("`{value}` is not a condition")),
        },
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(Predicate::Not(Box::new(from_sql(expr)?))),
        Expr::BinaryOp { left, op: Op::And, right } => {
            Ok(Predicate::All(vec![from_sql(left)?, from_sql(right)?]))
        }
        Expr::BinaryOp { left, op: Op::Or, right } => {
            Ok(Predicate::Any(vec![from_sql(left)?, from_sql(right)?]))
        }
        Expr::BinaryOp { left, op, right } => Ok(Predicate::Compare {
            column: column(left)?,
            comparison: comparison(op)?,
            literal: literal(right)?,
        }),
        Expr::In { expr, target: ast::InTarget::List(list), negated, global: false } => {
            Ok(Predicate::OneOf {
                column: column(expr)?,
                literals: list.iter().map(literal).collect::<Result<_, _>>()?,
                negated: *negated,
            })
        }
        Expr::IsNull(expr) => Ok(Predicate::Missing { column: column(expr)?, negated: false }),
        Expr::IsNotNull(expr) => Ok(Predicate::Missing { column: column(expr)?, negated: true }),
        other => Err(format!("`{other}` is outside the conditions understood here")),
    }
}

fn comparison(op: &ast::BinaryOperator) -> Result<Comparison, String> {
    use ast::BinaryOperator as Op;
    Ok(match op {
        Op::Eq => Comparison::Equal,
        Op::NotEq => Comparison::NotEqual,
        Op::Lt => Comparison::Less,
        Op::LtEq => Comparison::LessOrEqual,
        Op::Gt => Comparison::Greater,
        Op::GtEq => Comparison::GreaterOrEqual,
        other => return Err(format!("operator `{other}` is not understood")),
    })
}

fn column(expression: &ast::Expr) -> Result<String, String> {
    match expression {
        ast::Expr::Identifier(name) => Ok(name.value.clone()),
        other => Err(format!("`{other}` is where a column name must be")),
    }
}

fn literal(expression: &ast::Expr) -> Result<Literal, String> {
    match expression {
        ast::Expr::Value(value) => literal_of(value),
        other => Err(format!("`{other}` is where a literal must be")),
    }
}

fn literal_of(value: &ast::ValueWithSpan) -> Result<Literal, String> {
    match &value.value {
        ast::Value::SingleQuotedString(text) => Ok(Literal::Text(text.clone())),
        ast::Value::Boolean(value) => Ok(Literal::Boolean(*value)),
        ast::Value::Number(digits, _) => {
            digits.parse().map(Literal::Integer).map_err(|_| format!("`{digits}` is not a whole number"))
        }
        other => Err(format!("`{other}` is neither a text, a whole number nor a boolean")),
    }
}

/// A condition of a definition: as written, and as parsed. Definitions with one that does not parse are
/// refused, so that it is never applied to rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "String", into = "String")]
pub struct Condition {
    text: String,
    read: Result<Predicate, String>,
}

impl From<String> for Condition {
    fn from(text: String) -> Self {
        Condition { read: parse(&text), text }
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.text
    }
}

impl Condition {
    /// The condition that holds for every row.
    #[must_use]
    pub fn always() -> Self {
        Condition { text: "TRUE".to_owned(), read: Ok(Predicate::Always) }
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// # Errors
    /// A sentence on what is not understood.
    pub fn predicate(&self) -> Result<&Predicate, &str> {
        self.read.as_ref().map_err(String::as_str)
    }

    /// The columns it uses.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<String> {
        self.sound().columns().into_iter().map(str::to_owned).collect()
    }

    /// The expression; never null.
    pub fn expression(&self) -> Expr {
        self.sound().expression()
    }

    fn sound(&self) -> &Predicate {
        match &self.read {
            Ok(predicate) => predicate,
            Err(error) => unreachable!("definitions with the condition `{}` are refused: {error}", self.text),
        }
    }
}

impl Predicate {
    /// All columns it names.
    #[must_use]
    pub fn columns(&self) -> BTreeSet<&str> {
        match self {
            Predicate::Always => BTreeSet::new(),
            Predicate::Compare { column, .. }
            | Predicate::OneOf { column, .. }
            | Predicate::Missing { column, .. } => BTreeSet::from([column.as_str()]),
            Predicate::All(parts) | Predicate::Any(parts) => {
                parts.iter().flat_map(Predicate::columns).collect()
            }
            Predicate::Not(part) => part.columns(),
        }
    }

    /// The expression; never null: a comparison with a missing value is false.
    pub fn expression(&self) -> Expr {
        match self {
            Predicate::Always => lit(true),
            Predicate::Compare { column, comparison, literal } => {
                compare(col(column.as_str()), *comparison, literal).fill_null(lit(false))
            }
            Predicate::OneOf { column, literals, negated } => {
                let any = literals
                    .iter()
                    .map(|literal| compare(col(column.as_str()), Comparison::Equal, literal))
                    .reduce(Expr::or)
                    .unwrap_or_else(|| lit(false));
                let any = if *negated { any.not() } else { any };
                any.fill_null(lit(false))
            }
            Predicate::Missing { column, negated: false } => col(column.as_str()).is_null(),
            Predicate::Missing { column, negated: true } => col(column.as_str()).is_not_null(),
            Predicate::All(parts) => {
                parts.iter().map(Predicate::expression).reduce(Expr::and).unwrap_or_else(|| lit(true))
            }
            Predicate::Any(parts) => {
                parts.iter().map(Predicate::expression).reduce(Expr::or).unwrap_or_else(|| lit(false))
            }
            Predicate::Not(part) => part.expression().not(),
        }
    }
}

fn compare(column: Expr, comparison: Comparison, literal: &Literal) -> Expr {
    let value = match literal {
        Literal::Text(text) => lit(text.clone()),
        Literal::Integer(number) => lit(*number),
        Literal::Boolean(value) => lit(*value),
    };
    match comparison {
        Comparison::Equal => column.eq(value),
        Comparison::NotEqual => column.neq(value),
        Comparison::Less => column.lt(value),
        Comparison::LessOrEqual => column.lt_eq(value),
        Comparison::Greater => column.gt(value),
        Comparison::GreaterOrEqual => column.gt_eq(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subset_of_sql_is_read() {
        let predicate = parse("status = '01' AND (grade IN (1, 2) OR NOT boarder IS NULL)").unwrap();
        assert_eq!(predicate.columns().into_iter().collect::<Vec<_>>(), ["boarder", "grade", "status"]);
        assert_eq!(parse("TRUE"), Ok(Predicate::Always));
    }

    #[test]
    fn a_condition_keeps_its_text_and_its_fault() {
        let sound = Condition::from("status = '01'".to_owned());
        assert_eq!(
            (sound.text(), sound.columns().len(), sound.predicate().is_ok()),
            ("status = '01'", 1, true)
        );
        let unsound = Condition::from("status LIKE '0%'".to_owned());
        assert!(unsound.predicate().unwrap_err().contains("outside the conditions"));
    }

    #[test]
    #[should_panic(expected = "are refused")]
    fn a_condition_that_does_not_parse_is_refused() {
        let _ = Condition::from("status LIKE '0%'".to_owned()).expression();
    }

    #[test]
    fn the_rest_of_sql_is_refused() {
        for text in
            ["a + 1 = 2", "f(a) = 1", "a LIKE 'x%'", "a = b", "a = 1.5", "1 = a", "a", "a = 1 b", "a = 1; x"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
