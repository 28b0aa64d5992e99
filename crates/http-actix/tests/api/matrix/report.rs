//! The matrix as texts to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::callers::callers;
use super::runner::{Cell, Matrix, Table};
use super::users::TargetUser;

const ANSWERS: &str = "\
What every operation answers to every kind of caller, about every kind of tenant and user.
Written by `make generate`; tests/api/matrix compares it with what the service answers now.

The operations, and the requests to them, come from docs/openapi.json.
Each call finds everybody as they were at the beginning.
";

const COSTS: &str = "\
What every call of matrix.txt comes to at Auth0: its requests, in their order.
Written by `make generate`; tests/api/matrix compares it with what the adapter asks for now.

  .  none
  o  the caller's own account, by id: what a person may do is looked up with each call
  r  an account by id
  e  accounts by e-mail address
  s  a search
  l  a log-in, to check a password
  w  a change, or one that Auth0 refuses because an address is taken
Requests for Usher's own access token are left out.
";

const LEGEND: &str = "
The callers
  acme            a token of acme's with every permission; its own role is unknown
  acme: read      the same with the permissions to read alone, and so on
  acme+globex     a token whose claim names both
  no tenant       a token whose claim names none
  acme, claims …  a token of acme's issuer; what it claims besides does not count
  acme/claims …   a token of an issuer for acme that names tenants by a claim; only acme counts
  olga, adam, …   a person's own token with every permission; the role in the tenant counts too
  adam, for …     the same, of an issuer that speaks for globex alone
  operator        a token for every tenant
The tenants
  acme, globex    have people
  initech         has none
  ACME            cannot be a tenant
The users, by id, or by e-mail address where they are created
  mia             member of acme, at home there
  adam            admin of acme, at home there, also viewer of globex
  olga            the last owner of acme who is not blocked
  oscar           owner of acme, blocked
  gus             member of acme, at home in globex, whose admin he is
  hal             member of acme, at home nowhere
  kim             at home in acme, with a role there that the catalogue does not know
  emma            at home in acme, attached to globex alone
  dora            at home in acme, attached to nothing
  gina            the last owner of globex, at home there
  ivy             at home nowhere, attached to nothing
  malformed       a text that cannot name anybody
  self            the caller, if a person
Everybody has a password, and it is the one that is offered as the current one.
";

/// What every call is answered.
pub(crate) fn answers(matrix: &Matrix) -> String {
    let outcomes: BTreeSet<_> = cells(matrix).map(|cell| cell.outcome.as_str()).collect();
    let mut legend = String::from("The answers\n");
    let mut short: BTreeMap<String, &str> = BTreeMap::new();
    for outcome in outcomes.into_iter().filter(|outcome| outcome.contains(' ')) {
        let other = short.insert(abbreviate(outcome), outcome);
        assert_eq!(other, None, "the same abbreviation as {outcome}");
        writeln!(legend, "  {:<8} {outcome}", abbreviate(outcome)).unwrap();
    }
    format!("{ANSWERS}{LEGEND}{legend}{}", tables(matrix, |cell| abbreviate(&cell.outcome)))
}

/// What every call costs at Auth0, if that is behind.
pub(crate) fn costs(matrix: &Matrix) -> Option<String> {
    cells(matrix).next()?.cost.as_ref()?;
    let cost = |cell: &Cell| match cell.cost.as_deref().unwrap() {
        "" => ".".to_owned(),
        cost => cost.to_owned(),
    };
    Some(format!("{COSTS}{}", tables(matrix, cost)))
}

/// The status and the code's initials: `403 tenant_forbidden` is `403tf`.
fn abbreviate(outcome: &str) -> String {
    let (status, code) = outcome.split_once(' ').unwrap_or((outcome, ""));
    let initials = code.split('_').filter_map(|word| word.chars().next());
    status.chars().chain(initials).collect()
}

fn cells(matrix: &Matrix) -> impl Iterator<Item = &Cell> {
    matrix.tables.iter().flat_map(|table| table.cells.values())
}

fn tables(matrix: &Matrix, cell: impl Fn(&Cell) -> String) -> String {
    let mut text = String::new();
    for table in &matrix.tables {
        let name = table.operation.name();
        let tenants = Table::tenants(&table.operation);
        // Tenants are columns, or sections if there are users too.
        let sections: Vec<(String, Vec<Column>)> = if table.operation.names_user {
            let section = |tenant: Option<&'static str>| {
                let title = tenant.map(|tenant| format!(" in {tenant}")).unwrap_or_default();
                let users = Table::users(&table.operation, tenant).into_iter();
                (title, users.map(|user| (tenant, user)).collect())
            };
            tenants.into_iter().map(section).collect()
        } else {
            vec![(String::new(), tenants.into_iter().map(|tenant| (tenant, None)).collect())]
        };
        for (title, columns) in sections {
            write!(text, "\n\n{name}{title}\n\n").unwrap();
            text.push_str(&section(table, &columns, &cell));
        }
    }
    text
}

/// The tenant and the user of a column.
type Column = (Option<&'static str>, Option<TargetUser>);

fn section(table: &Table, columns: &[Column], cell: impl Fn(&Cell) -> String) -> String {
    let title = |(tenant, user): &Column| match (user, tenant) {
        (Some(user), _) => user.title(),
        (None, Some(tenant)) => *tenant,
        (None, None) => "",
    };
    let mut lines = vec![("", columns.iter().map(|column| title(column).to_owned()).collect())];
    for caller in callers() {
        let text = |(tenant, user): &Column| {
            let cell_of = table.cells.get(&(caller.title, *tenant, *user));
            cell_of.map_or_else(|| "-".to_owned(), &cell)
        };
        let cells: Vec<_> = columns.iter().map(text).collect();
        let mut distinct: Vec<_> = cells.iter().filter(|text| *text != "-").collect();
        distinct.dedup();
        let cells = match distinct.as_slice() {
            [only] if columns.len() > 1 => vec![format!("all {only}")],
            _ => cells,
        };
        lines.push((caller.title, cells));
    }
    let first = lines.iter().map(|(name, _)| name.len()).max().unwrap();
    let widest = |column: usize| {
        let full = lines.iter().filter(|(_, cells)| cells.len() == columns.len());
        full.map(|(_, cells)| cells[column].len()).max().unwrap()
    };
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let mut text = String::new();
    for (name, cells) in &lines {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("  {cell:<width$}"));
        let line = format!("  {name:<first$}{}", padded.collect::<String>());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
