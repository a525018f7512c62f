//! Entity tags and the conditions on them (RFC 9110 §8.8, §13.1.1, §13.1.2).
//!
//! A tag is `"<version>.<digest>"`. The version counts the changes that people make, and is what `If-Match` compares: nobody
//! overwrites what they have not seen. The digest is that of the answer, so that `If-None-Match` also notices what changes
//! by itself or elsewhere, and another choice of `fields`.

mod tags;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tenancy::FieldError;
use utoipa::IntoParams;

use self::tags::Tags;
use crate::body::invalid;
use crate::problem::Problem;

/// An answer in JSON with its entity tag, which is strong.
#[derive(Debug)]
pub(crate) struct Versioned {
    tag: String,
    body: Vec<u8>,
}

impl Versioned {
    /// What is shown of something that is at this version.
    pub(crate) fn new<V: Serialize>(version: i64, view: &V) -> Result<Self, Problem> {
        // By way of a value, as answers with a choice of fields: equal answers are then equal to the byte.
        let body =
            serde_json::to_value(view).and_then(|value| serde_json::to_vec(&value)).map_err(|error| {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
            })?;
        let digest = Sha256::digest(&body);
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { tag: format!("{version}.{digest}"), body })
    }
}

impl IntoResponse for Versioned {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        tagged(&self.tag, (json, self.body).into_response())
    }
}

fn tagged(tag: &str, mut response: Response) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// `If-Match`: the change is wanted of these versions only. What is no list of tags is 422.
#[derive(Debug, IntoParams)]
#[into_params(names("If-Match"), parameter_in = Header)]
pub(crate) struct IfMatch(
    /// The `ETag` of what you have seen: if it was changed since, nothing is done and the answer is 412.
    #[param(value_type = Option<String>, example = "\"3.9f86d081884c7d65\"")]
    Option<Tags>,
);

impl IfMatch {
    /// To be asked in the transaction that changes it, once nobody else can change the version.
    ///
    /// # Errors
    /// 412 `precondition_failed` if the caller has not seen this version. Weak tags are never what is meant.
    pub(crate) fn check(&self, version: i64) -> Result<(), Problem> {
        let version = version.to_string();
        let is_meant = self.0.as_ref().is_none_or(|tags| {
            tags.has(|tag| {
                let seen = tag.opaque.split(|byte| *byte == b'.').next();
                !tag.is_weak && seen == Some(version.as_bytes())
            })
        });
        let detail = "it was changed meanwhile; look at it again";
        if is_meant {
            Ok(())
        } else {
            Err(Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        given(parts, header::IF_MATCH, "If-Match").map(Self)
    }
}

/// `If-None-Match`: the answer is wanted unless it is one of these. What is no list of tags is 422.
#[derive(Debug, IntoParams)]
#[into_params(names("If-None-Match"), parameter_in = Header)]
pub(crate) struct IfNoneMatch(
    /// The `ETag` of what you have: if it is still the same, the answer is 304 without a body.
    #[param(value_type = Option<String>, example = "\"3.9f86d081884c7d65\"")]
    Option<Tags>,
);

impl IfNoneMatch {
    /// The answer, or 304 if the caller has it.
    pub(crate) fn answer(&self, current: Versioned) -> Response {
        let is_known = |tags: &Tags| tags.has(|tag| tag.opaque == current.tag.as_bytes());
        if self.0.as_ref().is_some_and(is_known) {
            tagged(&current.tag, StatusCode::NOT_MODIFIED.into_response())
        } else {
            current.into_response()
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        given(parts, header::IF_NONE_MATCH, "If-None-Match").map(Self)
    }
}

/// The tags in a header. Several lines are one list (RFC 9110 §5.3).
fn given(parts: &Parts, name: HeaderName, field: &str) -> Result<Option<Tags>, Response> {
    let lines: Vec<&[u8]> = parts.headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let message = "* or a list of entity tags, each in double quotes".to_owned();
    let wrong = || invalid(FieldError { field: field.to_owned(), message }).into_response();
    Tags::parse(&lines.join(&b", "[..])).map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts(name: HeaderName, lines: &[&str]) -> Parts {
        let request = lines.iter().fold(axum::http::Request::builder(), |request, line| {
            request.header(name.clone(), HeaderValue::from_bytes(line.as_bytes()).unwrap())
        });
        request.body(()).unwrap().into_parts().0
    }

    async fn if_match(lines: &[&str]) -> Result<IfMatch, StatusCode> {
        let mut parts = parts(header::IF_MATCH, lines);
        IfMatch::from_request_parts(&mut parts, &()).await.map_err(|refused| refused.status())
    }

    async fn if_none_match(line: &str) -> IfNoneMatch {
        IfNoneMatch::from_request_parts(&mut parts(header::IF_NONE_MATCH, &[line]), &()).await.unwrap()
    }

    // proves API-5
    #[tokio::test]
    async fn a_change_is_made_to_the_version_that_was_seen_and_to_no_other() {
        for lines in [
            &[][..],
            &["*"],
            &["\"3\""],
            &["\"3.0123456789abcdef\""],
            &["\"2.00\", \"3.00\""],
            &["\"2\"", "\"3\""],
            &[",\"3\" ,"],
        ] {
            assert!(if_match(lines).await.unwrap().check(3).is_ok(), "{lines:?}");
        }
        for lines in [&["\"2\""][..], &["\"33\""], &["W/\"3\""], &["\"\""], &["\".3\""], &["\"2,3\""]] {
            let refused = if_match(lines).await.unwrap().check(3).unwrap_err().into_response();
            assert_eq!(refused.status(), StatusCode::PRECONDITION_FAILED, "{lines:?}");
        }
    }

    // proves API-5, API-2
    #[tokio::test]
    async fn what_is_no_list_of_tags_is_422() {
        for line in ["", ",", "3", "\"3", "3\"", "\"3\" \"4\"", "*, \"3\"", "**", "w/\"3\"", "W/", "\"a b\""]
        {
            assert_eq!(if_match(&[line]).await.unwrap_err(), StatusCode::UNPROCESSABLE_ENTITY, "{line:?}");
        }
    }

    // proves API-5
    #[tokio::test]
    async fn what_the_caller_has_is_not_sent_again_and_anything_else_is() {
        let current = || Versioned::new(3, &json!({ "status": "active" })).unwrap();
        let tag = current().into_response().headers()[header::ETAG].to_str().unwrap().to_owned();
        for line in ["*".to_owned(), tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let answer = if_none_match(&line).await.answer(current());
            assert_eq!(
                (answer.status(), answer.headers()[header::ETAG].to_str().unwrap()),
                (StatusCode::NOT_MODIFIED, &*tag)
            );
        }
        // The same version, and other facts.
        let other = Versioned::new(3, &json!({ "status": "expired" })).unwrap();
        let answer = if_none_match(&tag).await.answer(other);
        assert_eq!(answer.status(), StatusCode::OK);
        assert_ne!(answer.headers()[header::ETAG], *tag);
        let answer = IfNoneMatch(None).answer(current());
        assert_eq!(
            (answer.status(), answer.headers()[header::ETAG].to_str().unwrap()),
            (StatusCode::OK, &*tag)
        );
    }
}
