//! Lists: which items are wanted, which page of them, and which fields of each.

#[cfg(test)]
mod tests;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tenancy::{FieldError, Page};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::body::{invalid, query};
use crate::problem::Problem;

/// Declares what a page of a list looks like: the items under their plural, then where they lie.
macro_rules! page {
    ($(#[$doc:meta])* $name:ident { $plural:ident: $item:ident }) => {
        $(#[$doc])*
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(crate) struct $name {
            $plural: Vec<$item>,
            #[serde(flatten)]
            page: tenancy::PageInfo,
        }

        impl From<tenancy::Paged<$item>> for $name {
            fn from(paged: tenancy::Paged<$item>) -> Self {
                Self { $plural: paged.items, page: paged.info }
            }
        }
    };
}
pub(crate) use page;

/// The query of a list: which items are wanted, which page of them, and which fields of each. Errors are 422.
#[derive(Debug)]
pub(crate) struct Listing<F = Everything> {
    pub(crate) filter: F,
    pub(crate) page: Page,
    fields: Fields,
}

/// No filter.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Everything {}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Window {
    /// The page, from 1.
    #[param(minimum = 1, default = 1)]
    page: u32,
    /// Most items of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

impl Default for Window {
    fn default() -> Self {
        Self { page: 1, limit: 20, fields: None }
    }
}

impl Window {
    fn page(&self) -> Result<Page, Problem> {
        let message = || format!("page is at least 1, limit 1 to {}", Page::MAX);
        Page::new(self.page, self.limit).ok_or_else(|| wrong("query", message()))
    }
}

/// The query of something single: which of its fields are wanted.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Fields {
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

impl<F: DeserializeOwned + IntoParams> Listing<F> {
    /// Reads a raw query. Flattened into one struct, the values would all be texts: so each part gets what is its own.
    fn read(raw: &str) -> Result<(F, Window), FieldError> {
        let (window, rest): (Vec<&str>, Vec<&str>) = raw.split('&').partition(|pair| is_of_window(pair));
        let filter = query(&rest.join("&")).map_err(Self::among_all)?;
        Ok((filter, query(&window.join("&"))?))
    }

    /// A name that the filter does not know is told the other names too.
    fn among_all(wrong: FieldError) -> FieldError {
        let names: Vec<String> = Self::into_params(|| None).into_iter().map(|known| known.name).collect();
        if !wrong.message.starts_with("unknown field") || names.contains(&wrong.field) {
            return wrong;
        }
        let message = format!("unknown field `{}`, expected one of `{}`", wrong.field, names.join("`, `"));
        FieldError { message, ..wrong }
    }
}

fn is_of_window(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    matches!(&*percent_decode_str(name).decode_utf8_lossy(), "page" | "limit" | "fields")
}

impl<S: Send + Sync, F: DeserializeOwned + IntoParams> FromRequestParts<S> for Listing<F> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let read = Self::read(parts.uri.query().unwrap_or_default());
        let (filter, window) = read.map_err(|field| invalid(field).into_response())?;
        let page = window.page().map_err(Problem::into_response)?;
        Ok(Self { filter, page, fields: Fields { fields: window.fields } })
    }
}

impl<F: IntoParams> IntoParams for Listing<F> {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = F::into_params(&place);
        parameters.extend(Window::into_params(place));
        parameters
    }
}

impl<F> Listing<F> {
    /// A page as JSON, with the wanted fields of each item.
    pub(crate) fn json(&self, page: impl Serialize) -> Result<axum::Json<Value>, Problem> {
        self.fields.page(page)
    }
}

impl Fields {
    /// Those that are named, separated by commas.
    pub(crate) fn named(fields: Option<String>) -> Self {
        Self { fields }
    }

    /// Something single as JSON, with its wanted fields.
    pub(crate) fn json(&self, item: impl Serialize) -> Result<axum::Json<Value>, Problem> {
        let mut item = value(item)?;
        self.narrow(&mut item)?;
        Ok(axum::Json(item))
    }

    /// A page as JSON, with the wanted fields of the items in its one list.
    pub(crate) fn page(&self, page: impl Serialize) -> Result<axum::Json<Value>, Problem> {
        let mut page = value(page)?;
        let members = page.as_object_mut().into_iter().flat_map(Map::values_mut);
        for item in members.filter_map(Value::as_array_mut).flatten() {
            self.narrow(item)?;
        }
        Ok(axum::Json(page))
    }

    fn narrow(&self, item: &mut Value) -> Result<(), Problem> {
        if let (Some(fields), Value::Object(object)) = (&self.fields, item) {
            let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
            if let Some(unknown) = wanted.iter().find(|name| !object.contains_key(**name)) {
                let known = object.keys().cloned().collect::<Vec<_>>().join(", ");
                let message = format!("no field {unknown:?}; there are {known}");
                return Err(wrong("fields", message));
            }
            object.retain(|name, _| wanted.contains(&name.as_str()));
        }
        Ok(())
    }
}

fn value(view: impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(view)
        .map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string()))
}

fn wrong(field: &str, message: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message.clone())
        .with_fields(vec![FieldError { field: field.to_owned(), message }])
}
