//! The partner itself: what it may sell, and the ways to what is decided and managed for it.

use super::selling;
use crate::asked::{Answer, Asked, Page, may};
use crate::json::Fields;
use crate::view::{facts, name};
use maud::html;
use tokio::try_join;

/// The lists that are reached from here, each with the right without which there is nothing on it.
const WAYS: [(&str, &str); 8] = [
    ("jobs", "readPartner"),
    ("rights", "readPartner"),
    ("notifications", "readPartner"),
    ("invitations", "managePeople"),
    ("partners", "readPartner"),
    ("transfers", "endOrganisation"),
    ("downgrade-requests", "readPartner"),
    ("sessions", "readPartner"),
];

/// The cause of Today that is about the installation's own secret, and leads here.
const SECRET_ENDS: &str = "own-secret-ends";

pub(super) async fn page(asked: Asked) -> Answer {
    let l = asked.language;
    let needed = asked.at(&["attention"])?.with("cause", SECRET_ENDS).with("limit", "1");
    let (me, partner, needed) =
        try_join!(asked.me(), asked.get(asked.at(&["partner"])?), asked.find_list(needed))?;
    let needed = needed.map(|list| list.items).unwrap_or_default();
    let ends = needed.iter().find(|item| item.text("cause") == SECRET_ENDS);
    let is_active = partner.is("entraSkuActive");
    let body = html! {
        (facts(&[
            (l.say("head-name"), name(partner.text("name"))),
            (l.say("head-id"), html! { code { (partner.text("id")) } }),
            (l.say("head-sku"), html! { (l.say(if is_active { "value-yes" } else { "value-no" })) }),
            (l.say("organisation-made"), asked.times().at(partner.text("createdAt"))),
        ]))
        @if let Some(ends) = ends {
            p.warning { (l.say("partner-secret-ends")) " " (asked.times().on(ends.text("until"))) ". " (l.say("partner-secret-who")) }
        }
        ul { @for (at, _) in WAYS.iter().filter(|(_, right)| may(&me, right)) {
            li { a href={ "/" (at) } { (l.say(&format!("page-{at}"))) } }
        } }
        @if may(&me, "managePlans") { (selling::own_licence(&asked, is_active)) }
    };
    Ok(asked.show(&me, &Page::new(&l.say("page-partner"), body)))
}
