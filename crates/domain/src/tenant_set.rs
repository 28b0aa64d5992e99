//! A set of tenants, of which there is usually one.

use std::collections::BTreeSet;

use crate::id::TenantId;

/// A set of tenants. Almost every caller covers one tenant, and a set of one takes no memory of its
/// own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSet(Members);

/// A set of one has one form only, so that equal sets are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Members {
    One(TenantId),
    Others(BTreeSet<TenantId>),
}

impl TenantSet {
    /// Whether the tenant is in the set.
    pub fn contains(&self, tenant: &TenantId) -> bool {
        match &self.0 {
            Members::One(only) => only == tenant,
            Members::Others(tenants) => tenants.contains(tenant),
        }
    }

    /// Returns the tenants in order.
    pub fn iter(&self) -> impl Iterator<Item = &TenantId> {
        let (only, others) = match &self.0 {
            Members::One(only) => (Some(only), None),
            Members::Others(tenants) => (None, Some(tenants)),
        };
        only.into_iter().chain(others.into_iter().flatten())
    }
}

impl<const N: usize> From<[TenantId; N]> for TenantSet {
    fn from(tenants: [TenantId; N]) -> Self {
        tenants.into_iter().collect()
    }
}

impl FromIterator<TenantId> for TenantSet {
    fn from_iter<I: IntoIterator<Item = TenantId>>(tenants: I) -> Self {
        let mut tenants = tenants.into_iter();
        let Some(first) = tenants.next() else { return Self(Members::Others(BTreeSet::new())) };
        let mut others: BTreeSet<TenantId> = tenants.filter(|tenant| *tenant != first).collect();
        if others.is_empty() {
            return Self(Members::One(first));
        }
        others.insert(first);
        Self(Members::Others(others))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> TenantSet {
        names.iter().map(|name| name.parse::<TenantId>().unwrap()).collect()
    }

    #[test]
    fn equal_sets_are_equal_however_they_were_made() {
        assert_eq!(set(&["a"]), set(&["a", "a"]));
        assert_eq!(set(&["a"]), TenantSet::from(["a".parse().unwrap()]));
        assert_eq!(set(&["b", "a", "b"]), set(&["a", "b"]));
        assert_ne!(set(&["a"]), set(&["b"]));
        assert_ne!(set(&["a"]), set(&[]));
    }

    #[test]
    fn set_contains_what_it_was_made_of_in_order() {
        for names in [&[][..], &["a"], &["a", "b"], &["a", "b", "c"]] {
            let reversed: Vec<&str> = names.iter().rev().copied().collect();
            let set = set(&reversed);
            assert!(set.iter().map(TenantId::as_str).eq(names.iter().copied()));
            for name in ["a", "b", "c", "d"] {
                let tenant = name.parse::<TenantId>().unwrap();
                assert_eq!(set.contains(&tenant), names.contains(&name), "{names:?} {name}");
            }
        }
    }
}
