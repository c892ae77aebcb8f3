//! How much of what there is to tell fits into a mail: the worst first, and what does not fit is counted.
//!
//! The bound is that of what readers see whole: mail programs cut a longer mail, and mail services refuse one that is much
//! longer. What takes how much is measured on the templates themselves.

use super::render::{MAX_HTML_BYTES, Templates};
use super::views::{Room, view};
use domain::Result;
use domain::notices::Zone;
use engine::records::Notice;
use minijinja::context;
use minijinja::value::Serde;

/// What a mail needs besides its notices: headings, the reader's name, the link.
const FRAME_BYTES: usize = 8_000;
/// How much of a mail the beginnings of its notices may take; the rest is for the changes of the worst.
const BEGINNINGS_BYTES: usize = 50_000;
/// How long the beginning of one notice among others may be.
const ONE_BEGINNING_BYTES: usize = 6_000;

impl Templates {
    /// How much of each notice there is room for, of notices with the worst first; the list ends before the first of which
    /// there is room for nothing.
    pub(super) fn fit(&self, notices: &[Notice], zone: &Zone) -> Result<Vec<Room>> {
        let (mut rooms, mut begun) = (Vec::new(), 0);
        for notice in notices {
            let lines = |lines| Room { lines, changes: 0 };
            let bound = if notices.len() == 1 { BEGINNINGS_BYTES } else { ONE_BEGINNING_BYTES };
            let room =
                lines(most(
                    notice.lines.len(),
                    |count| Ok(self.bytes(notice, zone, lines(count))? <= bound),
                )?);
            let bytes = self.bytes(notice, zone, room)?;
            if begun + bytes > BEGINNINGS_BYTES {
                break;
            }
            begun += bytes;
            rooms.push(room);
        }
        let mut left = MAX_HTML_BYTES - FRAME_BYTES - begun;
        for (notice, room) in notices.iter().zip(&mut rooms) {
            let beginning = self.bytes(notice, zone, *room)?;
            let with = |changes| Room { changes, ..*room };
            room.changes = most(notice.changes.len(), |count| {
                Ok(self.bytes(notice, zone, with(count))? <= beginning + left)
            })?;
            left -= (self.bytes(notice, zone, *room)?).saturating_sub(beginning).min(left);
        }
        Ok(rooms)
    }

    /// How long that much of a notice is as HTML.
    fn bytes(&self, notice: &Notice, zone: &Zone, room: Room) -> Result<usize> {
        let context = context! { n => minijinja::Value::from(Serde(view(notice, zone, room))) };
        Ok(self.render("measure.html", &context)?.len())
    }
}

/// The greatest number up to `all` for which it fits, where less fits if more does; all is asked first.
fn most(all: usize, fits: impl Fn(usize) -> Result<bool>) -> Result<usize> {
    if fits(all)? {
        return Ok(all);
    }
    let (mut fine, mut too_many) = (0, all);
    while too_many - fine > 1 {
        let middle = fine + (too_many - fine) / 2;
        if fits(middle)? { fine = middle } else { too_many = middle }
    }
    Ok(fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_fits_is_found() {
        for all in 0..20 {
            for limit in 0..25 {
                assert_eq!(most(all, |count| Ok(count <= limit)).unwrap(), all.min(limit));
            }
        }
    }
}
