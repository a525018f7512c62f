//! `GET /api/v1/openapi.json` and `/docs/`

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::TestApp;

// proves API-6
#[tokio::test]
async fn the_document_is_openapi_3_1_and_the_one_that_the_code_makes() {
    let app =
        TestApp::setup().empty().setting("DOORWARD_PUBLIC_URL", "https://auth.example.com").start().await;
    let reply = app.get("/api/v1/openapi.json").send().await.expect(200);
    assert!(reply.header("content-type").unwrap().starts_with("application/json"));
    assert!(reply.body["openapi"].as_str().unwrap().starts_with("3.1."), "{}", reply.body["openapi"]);
    assert_eq!(reply.body, serde_json::to_value(api::document("https://auth.example.com")).unwrap());
    assert_eq!(reply.body["servers"][0]["url"], "https://auth.example.com");
    assert_eq!(reply.body["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
}

// proves API-6
#[test]
fn every_reference_of_the_document_leads_somewhere() {
    let document = serde_json::to_value(api::document("http://localhost")).unwrap();
    let mut references = vec![];
    collect(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let path = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(path).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

// proves API-6
#[test]
fn every_operation_is_described_and_its_errors_are_problems() {
    let document = serde_json::to_value(api::document("http://localhost")).unwrap();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for member in ["operationId", "summary"] {
                assert!(operation[member].is_string(), "{method} {path} has no {member}");
            }
            assert!(operation["tags"][0].is_string(), "{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str()), "{method} {path} is named as another one");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let is_problem = status.starts_with('4');
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                if is_problem {
                    assert_eq!(
                        schema, "#/components/schemas/Problem",
                        "{method} {path} {status}: {response}"
                    );
                }
            }
        }
    }
}

// proves API-6
#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let app = TestApp::setup().empty().start().await;
    let page = app.get("/docs/").send().await.expect(200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    let parts: Vec<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.text.split(attribute).skip(1))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(parts.len() >= 5, "{}", page.text);
    for part in parts {
        assert!(!part.contains("//"), "{part}");
        app.get(&format!("/docs/{}", part.trim_start_matches("./"))).send().await.expect(200);
    }
    let settings = app.get("/docs/swagger-initializer.js").send().await.expect(200).text;
    assert!(settings.contains("\"/api/v1/openapi.json\""), "{settings}");
    assert!(!settings.contains("http"), "{settings}");
    // Unless it is told not to, the page sends the address of the document to a validator at swagger.io.
    assert!(settings.contains("\"validatorUrl\": \"none\""), "{settings}");
}

// proves API-6
#[tokio::test]
async fn the_page_shows_examples_of_what_is_sent_and_answered() {
    let app = TestApp::setup().empty().start().await;
    let settings = app.get("/docs/swagger-initializer.js").send().await.expect(200).text;
    let document = settings.split('"').find(|word| word.ends_with("openapi.json")).unwrap();
    let document = app.get(document).send().await.expect(200).body;
    let operation = &document["paths"]["/api/v1/orgs/{org_id}/keys"]["post"];
    let sent = &operation["requestBody"]["content"]["application/json"]["example"];
    let answered = &operation["responses"]["201"]["content"]["application/json"]["example"];
    assert_eq!(sent["name"], "billing service");
    assert_eq!((&answered["name"], &answered["token"]), (&sent["name"], &"dw_…".into()));
    assert_eq!(operation["parameters"][0]["example"], answered["org_id"]);
}
