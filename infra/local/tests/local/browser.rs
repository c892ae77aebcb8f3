//! Somebody at a browser without scripts: follows links, fills in forms, and keeps cookies.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method};
use std::collections::BTreeMap;
use std::net::IpAddr;
use tl::{HTMLTag, Node, NodeHandle, Parser, VDom};
use url::Url;

/// How many redirects are followed.
const MOST_REDIRECTS: usize = 10;

/// A browser with a page open.
pub struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
    /// The address of the page.
    pub at: Url,
    /// The status that it came with.
    pub status: u16,
    /// The page.
    pub text: String,
    /// How many links and buttons were pressed.
    pub clicks: usize,
}

impl Browser {
    /// A browser that opens that address.
    pub async fn open(address: &str) -> Self {
        Self::open_from(IpAddr::from([127, 0, 0, 1]), address).await
    }

    /// The same of somebody who is at that address of this machine.
    pub async fn open_from(here: IpAddr, address: &str) -> Self {
        let http =
            Client::builder().redirect(reqwest::redirect::Policy::none()).local_address(here).no_proxy();
        let http = http.build().unwrap();
        let at = address.parse().unwrap();
        let mut browser =
            Self { http, cookies: BTreeMap::new(), at, status: 0, text: String::new(), clicks: 0 };
        browser.go(address).await;
        browser
    }

    /// Opens an address, which may be below that of the page.
    pub async fn go(&mut self, address: &str) {
        self.send(Method::GET, self.at.join(address).unwrap(), None).await;
    }

    /// Opens the page once more.
    pub async fn refresh(&mut self) {
        self.send(Method::GET, self.at.clone(), None).await;
    }

    async fn send(&mut self, method: Method, address: Url, form: Option<Vec<(String, String)>>) {
        let (mut method, mut address, mut form) = (method, address, form);
        for _ in 0..MOST_REDIRECTS {
            let mut request = self.http.request(method.clone(), address.clone());
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies.join("; "));
            }
            if let Some(form) = form.take() {
                request = request.header("sec-fetch-site", "same-origin").form(&form);
            }
            let answer = request.send().await.unwrap();
            for set in answer.headers().get_all(SET_COOKIE) {
                let (pair, attributes) = set.to_str().unwrap().split_once(';').unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                assert!(attributes.contains("HttpOnly") && attributes.contains("SameSite=Lax"), "{set:?}");
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            self.status = answer.status().as_u16();
            let Some(leads) = answer.headers().get(LOCATION).filter(|_| (300..400).contains(&self.status))
            else {
                self.at = address;
                self.text = answer.text().await.unwrap();
                return;
            };
            address = address.join(leads.to_str().unwrap()).unwrap();
            method = Method::GET;
        }
        panic!("{address} leads in a circle");
    }

    /// The addresses of the page's links.
    pub fn links(&self) -> Vec<String> {
        let dom = self.dom();
        let parser = dom.parser();
        let tags = dom.query_selector("a").unwrap().filter_map(|handle| handle.get(parser)?.as_tag());
        tags.filter_map(|tag| attribute(tag, "href")).collect()
    }

    /// Follows the link that says so.
    pub async fn click(&mut self, says: &str) {
        let address = {
            let dom = self.dom();
            let parser = dom.parser();
            let mut tags = dom.query_selector("a").unwrap().filter_map(|handle| handle.get(parser)?.as_tag());
            let tag = tags.find(|tag| tag.inner_text(parser).contains(says));
            let tag = tag.unwrap_or_else(|| panic!("no link says {says} on {}: {}", self.at, self.text));
            attribute(tag, "href").unwrap()
        };
        self.clicks += 1;
        self.go(&address).await;
    }

    /// Presses the button that says so, in a form that is filled in as it stands, with `fields` put over it. Boxes are ticked
    /// whose value contains one of `ticks`.
    pub async fn press(&mut self, says: &str, fields: &[(&str, &str)], ticks: &[&str]) {
        let (action, form) = self.form(says, fields, ticks);
        self.clicks += 1 + ticks.len();
        self.send(Method::POST, self.at.join(&action).unwrap(), Some(form)).await;
    }

    /// Presses the button that says so in a form that filters: what it asks for stands in the address.
    pub async fn press_filter(&mut self, says: &str, fields: &[(&str, &str)]) {
        let (action, form) = self.form(says, fields, &[]);
        self.clicks += 1;
        let mut address = self.at.join(&action).unwrap();
        address.query_pairs_mut().clear().extend_pairs(form);
        self.send(Method::GET, address, None).await;
    }

    fn form(&self, says: &str, fields: &[(&str, &str)], ticks: &[&str]) -> (String, Vec<(String, String)>) {
        let dom = self.dom();
        let parser = dom.parser();
        let forms = dom.query_selector("form").unwrap().filter_map(|handle| handle.get(parser)?.as_tag());
        let has = |form: &&HTMLTag<'_>| {
            of_kind(form, parser, "button").iter().any(|b| b.inner_text(parser).contains(says))
        };
        let form = forms.into_iter().find(has);
        let form = form.unwrap_or_else(|| panic!("no button says {says} on {}: {}", self.at, self.text));
        let mut filled = Vec::new();
        for input in of_kind(form, parser, "input") {
            let name = attribute(input, "name").unwrap_or_default();
            let value = attribute(input, "value").unwrap_or_default();
            let is_ticked =
                || input.attributes().contains("checked") || ticks.iter().any(|tick| value.contains(tick));
            match attribute(input, "type").as_deref() {
                Some("checkbox" | "radio") if !is_ticked() => {}
                _ => filled.push((name, value)),
            }
        }
        for select in of_kind(form, parser, "select") {
            let options = of_kind(select, parser, "option");
            let chosen =
                options.iter().find(|option| option.attributes().contains("selected")).or(options.first());
            let value = chosen.and_then(|option| attribute(option, "value")).unwrap_or_default();
            filled.push((attribute(select, "name").unwrap(), value));
        }
        for (name, value) in fields {
            filled.retain(|(known, _)| known != name);
            filled.push(((*name).to_owned(), (*value).to_owned()));
        }
        (attribute(form, "action").unwrap(), filled)
    }

    fn dom(&self) -> VDom<'_> {
        tl::parse(&self.text, tl::ParserOptions::default()).unwrap()
    }
}

/// The tags of that name inside of another.
fn of_kind<'a>(tag: &'a HTMLTag<'a>, parser: &'a Parser<'a>, name: &str) -> Vec<&'a HTMLTag<'a>> {
    let handles: Vec<NodeHandle> = tag.query_selector(parser, name).unwrap().collect();
    handles.into_iter().filter_map(|handle| handle.get(parser).and_then(Node::as_tag)).collect()
}

/// An attribute of a tag, as it was meant.
fn attribute(tag: &HTMLTag<'_>, name: &str) -> Option<String> {
    let text = tag.attributes().get(name).flatten()?.as_utf8_str().into_owned();
    Some(text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
