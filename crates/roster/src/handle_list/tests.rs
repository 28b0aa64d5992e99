use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

fn handles(list: &HandleList) -> Vec<Handle> {
    list.iter_from(0).collect()
}

/// Asserts that no node is empty or too long, and that all lengths are right.
fn assert_valid(list: &HandleList) {
    let mut len = 0;
    for group in list.groups.iter() {
        assert!((1..=GROUP).contains(&group.leaves.len()));
        assert!(group.leaves.iter().all(|leaf| (1..=LEAF).contains(&leaf.len())));
        assert_eq!(group.len, group.leaves.iter().map(|leaf| leaf.len()).sum::<usize>());
        len += group.len;
    }
    assert_eq!(list.len(), len);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(Index, usize),
    Append(usize),
    Remove(Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (any::<Index>(), 0..1000_usize).prop_map(|(index, number)| Step::Insert(index, number)),
        1 => (0..1000_usize).prop_map(Step::Append),
        3 => any::<Index>().prop_map(Step::Remove),
    ];
    vec(step, 0..300)
}

proptest! {
    #[test]
    fn list_equals_a_vector_after_any_changes(start in 0..200_usize, steps in steps()) {
        let mut expected: Vec<_> = (0..start).map(Handle::new).collect();
        let mut list = HandleList::from_ordered(&expected);
        for step in steps {
            let (copy, before) = (list.clone(), expected.clone());
            match step {
                Step::Insert(index, number) => {
                    let position = index.index(expected.len() + 1);
                    expected.insert(position, Handle::new(number));
                    list.insert(position, Handle::new(number));
                }
                Step::Append(number) => {
                    expected.push(Handle::new(number));
                    list.insert(list.len(), Handle::new(number));
                }
                Step::Remove(index) if !expected.is_empty() => {
                    let position = index.index(expected.len());
                    expected.remove(position);
                    list.remove(position);
                }
                Step::Remove(_) => list.remove(0),
            }
            assert_valid(&list);
            prop_assert_eq!(handles(&list), expected.clone());
            prop_assert_eq!(handles(&copy), before);
        }
        for position in 0..=expected.len() {
            prop_assert_eq!(list.get(position), expected.get(position).copied());
            let rest: Vec<_> = list.iter_from(position).collect();
            prop_assert_eq!(&rest[..], &expected[position..]);
        }
    }

    #[test]
    fn partition_point_equals_that_of_a_slice(len in 0..300_usize, bound in 0..300_usize) {
        let ordered: Vec<_> = (0..len).map(Handle::new).collect();
        let list = HandleList::from_ordered(&ordered);
        prop_assert_eq!(
            list.partition_point(|handle| handle.number() < bound),
            ordered.partition_point(|handle| handle.number() < bound),
        );
    }
}

#[test]
fn appending_fills_leaves() {
    let mut list = HandleList::default();
    for number in 0..100 {
        list.insert(number, Handle::new(number));
    }
    let leaves = list.groups.iter().map(|group| group.leaves.len()).sum::<usize>();
    assert_eq!(leaves, 100_usize.div_ceil(LEAF));
}

#[test]
fn removing_all_handles_leaves_no_node() {
    let mut list = HandleList::from_ordered(&(0..100).map(Handle::new).collect::<Vec<_>>());
    for _ in 0..100 {
        list.remove(list.len() / 2);
        assert_valid(&list);
    }
    assert!(list.groups.is_empty());
}
