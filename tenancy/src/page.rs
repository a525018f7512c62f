//! Pages of lists.

use serde::Serialize;
use utoipa::ToSchema;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    number: u32,
    size: u32,
}

impl Page {
    /// Largest page.
    pub const MAX: u32 = 100;

    /// Page `number` from 1, of `size` items. None if either is zero or the size is more than [`Page::MAX`].
    #[must_use]
    pub fn new(number: u32, size: u32) -> Option<Self> {
        (number >= 1 && (1..=Self::MAX).contains(&size)).then_some(Self { number, size })
    }

    pub(crate) fn limit(self) -> i64 {
        self.size.into()
    }

    pub(crate) fn offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.size)
    }

    pub(crate) fn of<T>(self, items: Vec<T>, total: i64) -> Paged<T> {
        let total_pages = (total + self.limit() - 1) / self.limit();
        Paged {
            items,
            info: PageInfo {
                total,
                page: self.number,
                page_size: self.size,
                total_pages,
                has_next: i64::from(self.number) < total_pages,
                has_previous: self.number > 1,
            },
        }
    }
}

/// Where a page lies in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct PageInfo {
    /// Items in the whole list.
    pub total: i64,
    /// This page, from 1.
    pub page: u32,
    /// Most items of a page.
    pub page_size: u32,
    /// Pages of the list.
    pub total_pages: i64,
    /// Whether there is a page after this one.
    pub has_next: bool,
    /// Whether there is a page before this one.
    pub has_previous: bool,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Paged<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where they lie in the list.
    pub info: PageInfo,
}
