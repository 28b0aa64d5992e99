//! Accounts by a text that no two accounts share.

use domain::{User, Username};

use crate::handle::Handle;
use crate::index::{Index, TextHash};
use crate::record::Record;
use crate::records::Records;

/// The number of shards: one of a million accounts has about 250.
const SHARDS: usize = 4096;

type TextOf = fn(&User) -> Option<&str>;

/// The handles of accounts by one of their texts, which is read from the records.
pub(crate) struct AccountIndex {
    handles: Index<Handle>,
    text_of: TextOf,
}

impl AccountIndex {
    pub(crate) fn by_id() -> Self {
        Self::new(|user| Some(user.id.as_str()))
    }

    pub(crate) fn by_email() -> Self {
        Self::new(|user| Some(user.email.as_str()))
    }

    pub(crate) fn by_username() -> Self {
        Self::new(|user| user.username.as_ref().map(Username::as_str))
    }

    fn new(text_of: TextOf) -> Self {
        Self { handles: Index::new(SHARDS), text_of }
    }

    pub(crate) fn find<R: Record>(&self, text: &str, records: &Records<R>) -> Option<Handle> {
        let has_text = |handle: &Handle| {
            let record = records.get(*handle);
            record.is_some_and(|record| (self.text_of)(record.user()) == Some(text))
        };
        self.handles.find(text, has_text).copied()
    }

    /// Makes room for this many more accounts.
    pub(crate) fn reserve<R: Record>(&mut self, additional: usize, records: &Records<R>) {
        self.handles.reserve(additional, hash_of(self.text_of, records));
    }

    /// The first step of a change, in which the records are as before.
    pub(crate) fn begin_change(
        &mut self,
        handle: Handle,
        before: Option<&User>,
        after: Option<&User>,
    ) {
        let (old, new) = (before.and_then(self.text_of), after.and_then(self.text_of));
        if let Some(old) = old.filter(|_| old != new) {
            self.handles.remove(old, |other| *other == handle);
        }
    }

    /// The second step of a change, in which the records are as after.
    pub(crate) fn end_change<R: Record>(
        &mut self,
        handle: Handle,
        before: Option<&User>,
        after: Option<&User>,
        records: &Records<R>,
    ) {
        let (old, new) = (before.and_then(self.text_of), after.and_then(self.text_of));
        if let Some(new) = new.filter(|_| old != new) {
            self.handles.insert(new, handle, hash_of(self.text_of, records));
        }
    }
}

/// Returns the function that computes the hash of the text of a handle's user.
fn hash_of<R: Record>(
    text_of: TextOf,
    records: &Records<R>,
) -> impl Fn(&Handle, TextHash<'_>) -> u64 {
    move |handle, hash| {
        let user = records.get(*handle).map(Record::user);
        user.and_then(|user| text_of(user)).map_or(0, |text| hash.of(text))
    }
}
