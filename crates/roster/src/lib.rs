//! Users in memory, and the lists of each tenant in every sort order.
//!
//! A page of a list costs the same wherever it is and however long the list is: a list knows each
//! position. A list is built when it is first asked for, beside the service, and every change keeps
//! it from then on. A list snapshot is the list at one moment, made in constant time.
//!
//! # Example
//!
//! ```
//! use std::num::NonZero;
//! use std::sync::Arc;
//!
//! use domain::{AccountRules, RoleCatalogue, SortField, TenantId, User};
//! use roster::{BuildOutcome, ListOrder, Range, Roster};
//!
//! let acme: TenantId = "acme".parse()?;
//! let member = RoleCatalogue::standard().default_role().clone();
//! let mut roster: Roster<Arc<User>> = Roster::default();
//! for name in ["cy", "ada", "bob"] {
//!     let user = User::builder(name.parse()?, format!("{name}@acme.example").parse()?);
//!     roster.put(&Arc::new(user.membership(acme.clone(), member.clone()).build()));
//! }
//!
//! let order = ListOrder::new(acme, SortField::Email, AccountRules::default());
//! let mut build = roster.begin_build(order.clone());
//! build.advance(NonZero::<usize>::MIN);
//! let BuildOutcome::Finished(snapshot) = roster.finish_build(build) else { panic!() };
//! assert_eq!(snapshot.len(), 3);
//!
//! let first_two = Range { start: 0, len: 2, descending: true };
//! let part = roster.list_part(&order, first_two).ok_or("not built")?;
//! let ids: Vec<_> = part.users.iter().map(|user| user.id.as_str()).collect();
//! assert_eq!((ids, part.total), (vec!["cy", "bob"], 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Contents
//!
//! - [`Roster`]: the records with their indexes. It has no lock: its owner decides who waits.
//! - [`ListOrder`], [`Range`]: which list, and which part of it. What a tenant may not see of an
//!   account does not decide the order, so that a list depends on the [rules](domain::AccountRules).
//! - [`Build`]: a list that is built while changes go on.
//! - [`ListSnapshot`], [`AccountSnapshot`]: a list, or all accounts, at one moment.
//!
//! Records have 32-bit handles. A list is a sequence of handles in chunks with counts; records are
//! in a tree. Copies of both share their nodes until one of them changes.

mod account_index;
mod build;
mod bulk_sort;
mod handle;
mod handle_list;
mod index;
mod order;
mod record;
mod records;
mod roster;
mod snapshot;
mod sorted_list;
mod tenant;

pub use build::Build;
pub use order::ListOrder;
pub use record::Record;
pub use roster::{BuildOutcome, ListPart, Roster};
pub use snapshot::{AccountSnapshot, ListSnapshot};
pub use sorted_list::Range;
