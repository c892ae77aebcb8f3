//! A secret that the API just answered: shown this once.

use crate::texts::Language;
use maud::{Markup, html};

/// The secret in a field from which it is copied, and the way back.
pub fn secret_page(l: Language, secret: &str, back: &str) -> Markup {
    html! {
        p role="status" { (l.say("once-text")) }
        p.field {
            label for="once" { (l.say("once-secret")) }
            input id="once" type="text" readonly value=(secret);
        }
        p { a href=(back) { (l.say("once-back")) } }
    }
}
