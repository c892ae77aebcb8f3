//! The frame of every page: title, ways to other pages, whose session it is, and the organisation at hand.

use super::words::{Times, badge, name, one_line};
use crate::assets;
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::{KEY, Posted};
use crate::texts::Language;
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;
use url::form_urlencoded;

/// What the frame is made with.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The language of the page.
    pub language: Language,
    /// Who reads it, as the API knows them.
    pub me: &'a Value,
    /// The address of the page.
    pub address: &'a str,
    /// Whether it can be asked for once more: what a form answered is there once.
    pub is_read: bool,
    /// The time that it is made at.
    pub now: Timestamp,
}

/// A page in its frame.
#[derive(Debug)]
pub struct Page<'a> {
    /// What it is called; behind the organisation's name, where it is about one.
    pub title: String,
    /// The organisation that it is about.
    pub of: Option<&'a Value>,
    /// Whether it is one of the organisation's own portal.
    pub inside: bool,
    /// How many seconds until it is looked at again while something is under way.
    pub polls: bool,
    /// What is on it.
    pub body: Markup,
}

impl<'a> Page<'a> {
    /// A page of the partner's portal.
    pub fn new(title: &str, body: Markup) -> Self {
        Self { title: title.to_owned(), of: None, inside: false, polls: false, body }
    }

    /// A page of the partner's portal about an organisation.
    pub fn about(organisation: &'a Value, title: &str, body: Markup) -> Self {
        Self { of: Some(organisation), ..Self::new(title, body) }
    }

    /// A page of an organisation's own portal.
    pub fn inside(organisation: &'a Value, title: &str, body: Markup) -> Self {
        Self { inside: true, ..Self::about(organisation, title, body) }
    }
}

/// Whether the person may do that, by the API's own table; where that depends on the organisation, the API says.
pub fn may(me: &Value, action: &str) -> bool {
    me.items("may").iter().any(|right| right.text("action") == action)
}

/// Whether the person may do that of the partner as a whole, and not only of single organisations.
pub fn may_of_partner(me: &Value, action: &str) -> bool {
    let of_all = |right: &Value| right.text("condition") != "ownOrganisation";
    me.items("may").iter().any(|right| right.text("action") == action && of_all(right))
}

/// Whether the person may do that of top partners alone.
pub fn needs_top_partner(me: &Value, action: &str) -> bool {
    let at_top = |right: &Value| right.text("condition") == "topPartner";
    me.items("may").iter().any(|right| right.text("action") == action && at_top(right))
}

/// An address with parameters; those without a value are left out.
pub fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The address at which somebody signs in, and then comes back.
pub fn sign_in(to: &str, fresh: bool) -> String {
    address("/sign-in", &[("to", if to == "/" { "" } else { to }), ("fresh", if fresh { "1" } else { "" })])
}

/// A page of somebody who is signed in.
pub fn page(frame: &Frame<'_>, page: &Page<'_>) -> Markup {
    let l = frame.language;
    let title = match page.of {
        Some(organisation) => format!("{}: {}", one_line(organisation.text("name")), one_line(&page.title)),
        None => one_line(&page.title),
    };
    let body = html! {
        @if frame.me.text("shown") == "portal" { p.banner role="status" { (l.say("frame-by-link")) " "
            (Times { language: l, now: frame.now }.on(frame.me.text("sessionExpiresAt"))) } }
        @if let Some(organisation) = page.of.filter(|_| page.inside) { (inside(frame, organisation)) }
        main id="main" data-polls[page.polls] {
            h1 { @if let Some(of) = page.of { (name(of.text("name"))) ": " } (name(&page.title)) }
            (page.body)
        }
    };
    document(
        l,
        &title,
        &html! { (header(frame)) (body) (footer(l, Some(frame.address).filter(|_| frame.is_read))) },
    )
}

/// A page of nobody yet.
pub fn bare(l: Language, title: &str, body: &Markup) -> Markup {
    let inner = html! {
        header.top { nav aria-label=(l.say("frame-main")) { a.home href="/" { "Holdfast" } } }
        main id="main" { (body) }
        (footer(l, Some("/")))
    };
    document(l, title, &inner)
}

/// What the page of a failure is made of.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    /// The language of the page.
    pub language: Language,
    /// What failed.
    pub failure: &'a Failure,
    /// The address that was asked for.
    pub address: &'a str,
    /// The form that was posted; none where a page was asked for.
    pub posted: Option<&'a Posted>,
}

/// The page of a failure: what is wrong, whether anything was changed, and where to go on.
pub fn failed(failed: &Failed<'_>) -> Markup {
    let Failed { language: l, failure, address: at, posted } = *failed;
    let key = key_of(failure);
    let title = l.say(&format!("failure-{key}-title"));
    let body = html! {
        h1 { (title) }
        div.problem role="alert" tabindex="-1" id="problem" {
            @match failure {
                Failure::Problem(problem) => {
                    p { (problem.detail) }
                    @if !problem.fields.is_empty() {
                        ul { @for fault in &problem.fields { li { strong { (fault.field) } ": " (fault.message) } } }
                    }
                }
                Failure::Field(field) => p { (l.tell("failure-field-text", &[("field", field)])) },
                Failure::SignInFailed(why) => p { (l.say(&format!("sign-in-failed-{why}"))) },
                _ => p { (l.say(&format!("failure-{key}-text"))) },
            }
            @if posted.is_some() {
                p { (l.say(if failure.is_refusal() { "failure-nothing-changed" } else { "failure-unknown" })) }
            }
        }
        @if let Some(posted) = posted.filter(|_| !failure.is_refusal()) { (send_again(l, at, posted)) }
        @match failure {
            Failure::SignIn => p { a.button href="/sign-in" { (l.say("sign-in-button")) } },
            Failure::SignInAgain => p { a.button href=(sign_in(page_of_form(at), true)) { (l.say("sign-in-button")) } },
            Failure::SignInFailed(_) => p {
                a.button href="/sign-in" { (l.say("failure-again")) } " "
                a href="/invitation" { (l.say("sign-in-invited")) }
            },
            Failure::NotFound => p { a href="/organisations" { (l.say("failure-search")) } },
            _ => p { a href="/" { (l.say("failure-home")) } },
        }
        @if let Failure::Problem(problem) = failure {
            @if !problem.request.is_empty() {
                p.quiet { (l.say("failure-request")) " " code { (problem.request) } }
            }
        }
    };
    bare(l, &title, &body)
}

/// The same form once more, under the key that it had: what was done meanwhile is not done again. What has no key is not
/// offered: nothing would keep it from being done twice.
fn send_again(l: Language, at: &str, posted: &Posted) -> Markup {
    html! {
        @if posted.ticked(KEY) {
            form.stack method="post" action=(at) {
                @for (name, value) in posted.fields() { input type="hidden" name=(name) value=(value); }
                p { button type="submit" { (l.say("failure-send-again")) } }
            }
        }
    }
}

/// The page on which a form stands. Of one thing's page, what the form does is the last part of its address; a list is one
/// page with the forms of all its rows.
fn page_of_form(at: &str) -> &str {
    let path = at.split('?').next().unwrap_or_default();
    let is_of_one = path.starts_with("/e/") || path.starts_with("/organisations/");
    if is_of_one {
        return path.rsplit_once('/').map_or("/", |(before, _)| before);
    }
    let end = path.char_indices().skip(1).find(|(_, c)| *c == '/').map_or(path.len(), |(at, _)| at);
    &path[..end]
}

fn key_of(failure: &Failure) -> &'static str {
    match failure {
        Failure::SignIn => "sign-in",
        Failure::SignInAgain => "sign-in-again",
        Failure::NotFound => "not-found",
        Failure::CrossSite => "cross-site",
        Failure::Field(_) => "field",
        Failure::Problem(problem) => match problem.status {
            403 => "denied",
            409 => "conflict",
            412 => "stale",
            429 => "busy",
            400 | 422 => "field",
            _ => "problem",
        },
        Failure::Busy => "busy",
        Failure::NoAnswer => "no-answer",
        Failure::TooLarge => "too-large",
        Failure::NoIssuer => "no-issuer",
        Failure::SignInFailed(_) => "sign-in-failed",
    }
}

fn document(l: Language, title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(l.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – Holdfast" }
                link rel="icon" href="/favicon.ico";
                link rel="stylesheet" href=(assets::style());
                script src=(assets::script()) defer {}
            }
            body {
                a.skip href="#main" { (l.say("frame-skip")) }
                (body)
            }
        }
    }
}

/// The partner's pages, each with the right without which there is nothing on it.
const PAGES: [(&str, &str, &str); 8] = [
    ("/", "today", "readPartner"),
    ("/organisations", "organisations", "readPartner"),
    ("/plans", "plans", "readPartner"),
    ("/usage", "usage", "readMoney"),
    ("/people", "people", "managePeople"),
    ("/tokens", "tokens", "manageTokens"),
    ("/audit", "audit", "readAudit"),
    ("/partner", "partner", "readPartner"),
];

/// Whether somebody is of one organisation alone, whose portal is all that there is for them.
fn is_customer(me: &Value) -> bool {
    me.text("role") == "endCustomer"
}

fn header(frame: &Frame<'_>) -> Markup {
    let (l, me) = (frame.language, frame.me);
    let who = me.some("personName").unwrap_or(me.text("name"));
    html! {
        header.top {
            nav aria-label=(l.say("frame-main")) {
                a.home href="/" { "Holdfast" }
                @if !is_customer(me) {
                    @for (at, key, _) in PAGES.iter().filter(|(_, _, right)| may_of_partner(me, right)) {
                        a href=(at) aria-current=[is_at(frame.address, at).then_some("page")] {
                            (l.say(&format!("page-{key}")))
                        }
                    }
                }
            }
            div.who {
                @if !is_customer(me) {
                    form.pick method="get" action="/organisations" role="search" {
                        label.unseen for="pick" { (l.say("frame-pick")) }
                        input id="pick" name="search" type="search" placeholder=(l.say("frame-pick"));
                    }
                }
                // Why not of a link: its session is nobody's, and has no name but its id.
                span { @if me.text("shown") != "portal" { (name(who)) } @if let Some(role) = me.some("role") { " (" (l.word("role", role)) ")" } }
                form method="post" action="/sign-out" { button.link type="submit" { (l.say("frame-sign-out")) } }
            }
        }
    }
}

fn is_at(address: &str, at: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    path == at || (at != "/" && path.starts_with(&format!("{at}/")))
}

/// The bar of an organisation's own portal, with what is switched off left out.
fn inside(frame: &Frame<'_>, organisation: &Value) -> Markup {
    let (l, me, id) = (frame.language, frame.me, organisation.text("id"));
    let link = |at: &str, key: &str| {
        let to = if at.is_empty() { format!("/e/{id}") } else { format!("/e/{id}/{at}") };
        let path = frame.address.split('?').next().unwrap_or_default();
        html! { a href=(to) aria-current=[(path == to).then_some("page")] { (l.say(&format!("page-{key}"))) } }
    };
    html! {
        div.inside {
            p { strong { (name(organisation.text("name"))) } " " (badge(l, "state", organisation.text("state"))) }
            nav aria-label=(organisation.text("name")) {
                (link("", "dashboard"))
                @if may(me, "useSnapshots") { (link("snapshots", "snapshots")) (link("search", "search")) }
                @if may(me, "compare") { (link("compare", "compare")) }
                @if may(me, "previewRestore") { (link("restores", "restores")) }
                @if may(me, "download") { (link("downloads", "downloads")) }
                (link("jobs", "jobs"))
                (link("settings", "settings"))
                @if !is_customer(me) { a href={ "/organisations/" (id) } { (l.say("page-organisation")) } }
            }
        }
    }
}

/// The end of each page. Another language is offered where the page can be asked for in it: a secret is shown once.
fn footer(l: Language, at: Option<&str>) -> Markup {
    html! {
        footer {
            @if let Some(at) = at {
                form method="post" action="/language" {
                    input type="hidden" name="to" value=(at);
                    @for other in Language::ALL.into_iter().filter(|other| *other != l) {
                        button.link type="submit" name="language" value=(other.code()) lang=(other.code()) {
                            (other.own_name())
                        }
                    }
                }
            }
            p.quiet { (l.say("frame-footer")) }
        }
    }
}
