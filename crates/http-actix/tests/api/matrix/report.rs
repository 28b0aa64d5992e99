//! The matrix as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::callers::callers;
use super::runner::{Cell, Matrix, Table};
use super::users::TargetUser;

const ANSWERS: &str = "\
The answer of every operation to every kind of caller, for every kind of tenant and user.
Written by `make generate`; tests/api/matrix compares it with the current service.

Operations and requests are derived from docs/openapi.json.
Each call starts from the same users.
";

const COSTS: &str = "\
The Auth0 requests of every call in matrix.txt, in order.
Written by `make generate`; tests/api/matrix compares it with the current adapter.

  .  none
  o  the caller's own account, by id: a user's own roles are read on each call
  r  an account by id
  e  accounts by e-mail address
  s  a search
  l  a login, to check a password
  m  a request for a mail
  w  a write, or one that Auth0 refuses because an address is taken
Requests for Usher's own access token are omitted.
";

const LEGEND: &str = "
Callers
  acme            a token of acme with all permissions; its own role is unknown
  acme: read      the same with read permissions only, and so on
  acme+globex     a token whose claim lists both
  no tenant       a token whose claim lists none
  acme, claims …  a token of acme's issuer; its tenant claim does not count
  acme/claims …   a token of an issuer for acme that lists tenants in a claim; only acme counts
  olga, adam, …   a user's own token with all permissions; the role in the tenant counts too
  adam, for …     the same, from an issuer for globex only
  operator        a token for all tenants
Tenants
  acme, globex    have users
  initech         has no users
  ACME            is not a valid tenant name
Users, by id, or by e-mail address where they are created
  mia             member of acme, her home tenant
  adam            admin of acme, his home tenant, and viewer of globex
  olga            the last owner of acme who is not blocked
  oscar           owner of acme, blocked
  gus             member of acme, and admin of globex, his home tenant
  hal             member of acme, without a home tenant
  kim             home tenant acme, with a role there that is not in the catalogue
  emma            home tenant acme, attached to globex only
  dora            home tenant acme, without memberships
  gina            the last owner of globex, her home tenant
  ivy             without home tenant and memberships
  unknown         no such user
  malformed       not a valid id or address
  self            the caller, if it is a user
All users have a password, and requests send it as the current one.
An invitation is 202 on Auth0; the memory adapter, which sends no mail, answers 409 mail_unavailable.
";

/// Returns the table of answers.
pub(crate) fn answers(matrix: &Matrix) -> String {
    let outcomes: BTreeSet<_> = cells(matrix).map(|cell| cell.outcome.as_str()).collect();
    let mut legend = String::from("Answers\n");
    let mut short: BTreeMap<String, &str> = BTreeMap::new();
    for outcome in outcomes.into_iter().filter(|outcome| outcome.contains(' ')) {
        let other = short.insert(abbreviate(outcome), outcome);
        assert_eq!(other, None, "the same abbreviation as {outcome}");
        writeln!(legend, "  {:<8} {outcome}", abbreviate(outcome)).unwrap();
    }
    format!("{ANSWERS}{LEGEND}{legend}{}", tables(matrix, |cell| abbreviate(&cell.outcome)))
}

/// Returns the table of Auth0 requests, if the adapter under test uses Auth0.
pub(crate) fn costs(matrix: &Matrix) -> Option<String> {
    cells(matrix).next()?.cost.as_ref()?;
    let cost = |cell: &Cell| match cell.cost.as_deref().unwrap() {
        "" => ".".to_owned(),
        cost => cost.to_owned(),
    };
    Some(format!("{COSTS}{}", tables(matrix, cost)))
}

/// Abbreviates a code to its initials: `403 tenant_forbidden` becomes `403tf`.
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
        // Tenants are columns, or sections if there are user columns.
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
