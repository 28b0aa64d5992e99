//! Paging, sorting and query parameters of the lists of both contracts.

mod links;
mod order;
mod parameters;

use serde_json::Value;

use crate::support::{Answer, App, Client};

/// The user list of contract A or B.
#[derive(Debug, Clone, Copy)]
enum List {
    A,
    B,
}

const BOTH: [List; 2] = [List::A, List::B];

impl List {
    /// The path of a tenant's list, with these further parameters.
    fn path(self, tenant: &str, parameters: &str) -> String {
        match self {
            Self::A => format!("/api/{tenant}/admin/users?{parameters}"),
            Self::B => format!("/api/v1/users?filter[tenant]={tenant}&{parameters}"),
        }
    }

    async fn get(self, app: &App, parameters: &str) -> Answer {
        app.tenant("acme").get(&self.path("acme", parameters)).await
    }

    /// The names of the users on a page, in order.
    fn names(self, page: &Answer) -> Vec<String> {
        let page = page.json();
        let users = match self {
            Self::A => &page,
            Self::B => &page["data"],
        };
        let ids = users.as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap());
        ids.map(|id| id.strip_prefix("auth0|").unwrap().to_owned()).collect()
    }

    /// The links of a page, as pairs of relation and address.
    fn links(self, page: &Answer) -> Vec<(String, String)> {
        match self {
            Self::A => {
                let header = page.header("link").unwrap();
                let parse = |link: &str| {
                    let (href, rel) = link.split_once("; rel=").unwrap();
                    let href = href.strip_prefix('<').unwrap().strip_suffix('>').unwrap();
                    (rel.trim_matches('"').to_owned(), href.to_owned())
                };
                header.split(", ").map(parse).collect()
            }
            Self::B => {
                let page = page.json();
                let links = page["links"].as_object().unwrap().iter();
                links.map(|(rel, link)| (rel.clone(), text(&link["href"]))).collect()
            }
        }
    }

    /// The address of one link, relative to the service.
    fn link(self, page: &Answer, rel: &str) -> Option<String> {
        let (_, href) = self.links(page).into_iter().find(|(name, _)| name == rel)?;
        Some(href.strip_prefix("https://usher.example.com").unwrap().to_owned())
    }

    /// The names of the users on this page and all following pages.
    async fn follow(self, client: &Client<'_>, path: String) -> Vec<String> {
        let mut users = Vec::new();
        let mut next = Some(path);
        while let Some(path) = next {
            let page = client.get(&path).await;
            users.extend(self.names(&page));
            next = self.link(&page, "next");
        }
        users
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Parameters and codes that an error reports, such as `sort malformed_request`.
fn parameter_errors(response: &Answer) -> Vec<String> {
    let body = response.json();
    let name = |entry: &Value| {
        let parameter = entry.get("field").or_else(|| entry.pointer("/meta/parameter"));
        format!("{} {}", text(parameter.unwrap()), text(&entry["code"]))
    };
    body["errors"].as_array().unwrap().iter().map(name).collect()
}
