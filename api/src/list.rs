//! Lists: which page is wanted, and which fields.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenancy::{FieldError, Page, PageInfo, Paged};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// Which part of a list, and which fields of each item.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The page, from 1.
    #[serde(default = "first")]
    #[param(minimum = 1, default = 1)]
    page: u32,
    /// Most items of a page.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

/// Which fields of the answer.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FieldsQuery {
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

/// Where a page lies in its list.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for `tenancy::PageInfo`
pub(crate) struct PageView {
    /// Items in the whole list.
    total: i64,
    /// This page, from 1.
    page: u32,
    /// Most items of a page.
    page_size: u32,
    /// Pages of the list.
    total_pages: i64,
    /// Whether there is a page after this one.
    has_next: bool,
    /// Whether there is a page before this one.
    has_previous: bool,
}

pub(crate) fn first() -> u32 {
    1
}

pub(crate) fn twenty() -> u32 {
    20
}

impl ListQuery {
    /// For routes whose query says more: flattened fields would all be texts.
    pub(crate) fn new(page: u32, limit: u32, fields: Option<String>) -> Self {
        Self { page, limit, fields }
    }

    pub(crate) fn page(&self) -> Result<Page, Problem> {
        Page::new(self.page, self.limit).ok_or_else(|| {
            let message = format!("page is at least 1, limit 1 to {}", Page::MAX);
            wrong("query", message)
        })
    }

    /// The page as JSON: the items under their plural, then where they lie.
    pub(crate) fn json<T: Serialize>(
        &self,
        plural: &str,
        paged: Paged<T>,
    ) -> Result<axum::Json<Value>, Problem> {
        let items: Result<Vec<Value>, Problem> =
            paged.items.into_iter().map(|item| narrow(item, self.fields.as_deref())).collect();
        let mut body = object(&paged.info)?;
        body.insert(plural.to_owned(), Value::Array(items?));
        Ok(axum::Json(Value::Object(body)))
    }
}

impl FieldsQuery {
    pub(crate) fn json<T: Serialize>(&self, item: T) -> Result<axum::Json<Value>, Problem> {
        narrow(item, self.fields.as_deref()).map(axum::Json)
    }
}

fn object(info: &PageInfo) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(info) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a page that is no object")),
    }
}

/// Only the named fields of an item.
pub(crate) fn narrow<T: Serialize>(item: T, fields: Option<&str>) -> Result<Value, Problem> {
    let mut value = serde_json::to_value(item)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string()))?;
    if let (Some(fields), Value::Object(object)) = (fields, &mut value) {
        let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
        if let Some(unknown) = wanted.iter().find(|name| !object.contains_key(**name)) {
            let known = object.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(wrong("fields", format!("no field {unknown:?}; there are {known}")));
        }
        object.retain(|name, _| wanted.contains(&name.as_str()));
    }
    Ok(value)
}

fn wrong(field: &str, message: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message.clone())
        .with_fields(vec![FieldError { field: field.to_owned(), message }])
}
