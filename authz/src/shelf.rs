//! Entities to be found by their uid.

use cedar_policy::EntityUid;

use crate::ready::Ready;

/// Places in a list of entities, by their hashes. For the few entities of a question this is quicker to make than a
/// map, and for many not slower to look into.
#[derive(Debug, Default)]
pub(crate) struct Order(Vec<(u64, usize)>);

impl Order {
    pub(crate) fn of(entities: &[Ready]) -> Self {
        let mut order: Vec<_> =
            entities.iter().enumerate().map(|(index, entity)| (entity.hash(), index)).collect();
        order.sort_unstable();
        Self(order)
    }

    /// The place of an entity in the list that the order was made of.
    pub(crate) fn find(&self, entities: &[Ready], uid: &EntityUid, hash: u64) -> Option<usize> {
        let start = self.0.partition_point(|(other, _)| *other < hash);
        let equal = self.0[start..].iter().take_while(|(other, _)| *other == hash);
        equal.map(|(_, index)| *index).find(|index| entities.get(*index).is_some_and(|e| e.uid() == uid))
    }

    /// An entity that is there twice and differs.
    pub(crate) fn conflict<'r>(&self, entities: &'r [Ready]) -> Option<&'r EntityUid> {
        let pairs = self.0.windows(2).filter_map(|pair| match pair {
            [(a, first), (b, second)] if a == b => Some((entities.get(*first)?, entities.get(*second)?)),
            _ => None,
        });
        let mut conflicts = pairs.filter(|(first, second)| {
            first.uid() == second.uid() && !first.entity().deep_eq(second.entity())
        });
        conflicts.next().map(|(first, _)| first.uid())
    }
}

/// What the folder itself brings to a decision: plans and actions.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    entities: Vec<Ready>,
    order: Order,
}

impl Shelf {
    pub(crate) fn new(entities: Vec<Ready>) -> Self {
        Self { order: Order::of(&entities), entities }
    }

    pub(crate) fn len(&self) -> usize {
        self.entities.len()
    }

    /// An entity with its place.
    pub(crate) fn find(&self, uid: &EntityUid, hash: u64) -> Option<(usize, &Ready)> {
        let index = self.order.find(&self.entities, uid, hash)?;
        Some((index, self.entities.get(index)?))
    }
}
