//! The lists of a partner, as one table: where each is, what its columns are, and what can be done about a row.

/// How a value of a row is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell {
    /// A name or another word of somebody's.
    Name,
    /// The same, as the way to the page below that address of what the field of that name identifies.
    Way(&'static str, &'static str),
    /// An id, or what else is copied.
    Code,
    /// A time of the API, shown by its age and by itself.
    Time,
    /// A value that the texts have a word for, of that sort.
    Word(&'static str),
    /// A field that is true or false, shown as yes or no.
    Flag,
    /// A number, set to the right.
    Number,
    /// Whatever it is, as JSON.
    Json,
}

/// How the API is asked for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// The row is taken away, by `DELETE`.
    Deletes,
    /// Something is done with the row, by `POST`.
    Posts,
}

/// What can be done about a row.
#[derive(Debug)]
pub(super) struct Act {
    /// What it is called in addresses and texts.
    pub name: &'static str,
    /// How the API is asked for it.
    pub how: How,
    /// Below the row's place in the API; empty for the row itself.
    pub path: &'static str,
    /// The field of the row that has to be empty for it; empty where it can always be done.
    pub unless: &'static str,
    /// Whether somebody says why, and in which field the API takes that.
    pub reason: &'static str,
}

/// A field of the form that makes a new row; its name is the API's, with a dot before what stands deeper.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asks {
    /// A line of text.
    Line(&'static str),
    /// An address of mail.
    Email(&'static str),
    /// One of the roles.
    Role(&'static str),
}

/// A list of the API, and how its page shows it.
#[derive(Debug)]
pub(super) struct ListPage {
    /// Its address, the API's name of it, and its name in texts.
    pub name: &'static str,
    /// Its columns: the head, the field, how it is shown. The first names the row.
    pub columns: &'static [(&'static str, &'static str, Cell)],
    /// What can be done about a row.
    pub acts: &'static [Act],
    /// The form that makes a new row; none where nothing is made here.
    pub new: &'static [Asks],
    /// The right that acts and the form need.
    pub right: &'static str,
    /// The field in which the API answers a secret, once, where it does.
    pub secret: &'static str,
}

const fn deletes(name: &'static str, unless: &'static str) -> Act {
    Act { name, how: How::Deletes, path: "", unless, reason: "" }
}

const fn posts(name: &'static str, unless: &'static str) -> Act {
    Act { name, how: How::Posts, path: name, unless, reason: "" }
}

use Cell::{Code, Flag, Json, Name, Number, Time, Way, Word};

pub(super) static LISTS: [ListPage; 8] = [
    ListPage {
        name: "people",
        columns: &[
            ("name", "name", Way("/people/", "id")),
            ("email", "email", Name),
            ("role", "role", Word("role")),
            ("signs-in", "signsIn", Flag),
            ("zone", "timeZone", Name),
            ("id", "id", Code),
        ],
        acts: &[deletes("remove", "")],
        new: &[],
        right: "managePeople",
        secret: "",
    },
    ListPage {
        name: "invitations",
        columns: &[
            ("name", "name", Name),
            ("email", "email", Name),
            ("role", "role", Word("role")),
            ("asked", "createdAt", Time),
            ("mailed", "mailedAt", Time),
            ("expires", "expiresAt", Time),
            ("accepted", "acceptedAt", Time),
        ],
        acts: &[deletes("withdraw", "acceptedAt")],
        new: &[Asks::Line("name"), Asks::Email("email"), Asks::Role("role")],
        right: "managePeople",
        secret: "",
    },
    ListPage {
        name: "tokens",
        columns: &[
            ("name", "name", Name),
            ("prefix", "prefix", Code),
            ("role", "role", Word("role")),
            ("asked", "createdAt", Time),
            ("expires", "expiresAt", Time),
            ("used", "lastUsedAt", Time),
            ("revoked", "revokedAt", Time),
        ],
        acts: &[posts("rotate", "revokedAt"), deletes("revoke", "revokedAt")],
        new: &[Asks::Line("name"), Asks::Role("role")],
        right: "manageTokens",
        secret: "token",
    },
    ListPage {
        name: "audit",
        columns: &[
            ("time", "at", Time),
            ("who", "who", Name),
            ("role", "role", Word("role")),
            ("what", "what", Name),
            ("object", "subjects", Json),
            ("from", "from", Code),
            ("outcome", "status", Number),
            ("request", "request", Code),
        ],
        acts: &[],
        new: &[],
        right: "readAudit",
        secret: "",
    },
    ListPage {
        name: "partners",
        columns: &[
            ("name", "name", Way("/organisations?partner=", "id")),
            ("above", "parent", Code),
            ("sku", "entraSkuActive", Flag),
            ("asked", "createdAt", Time),
            ("id", "id", Code),
        ],
        acts: &[],
        new: &[Asks::Line("name"), Asks::Line("owner.name"), Asks::Email("owner.email")],
        right: "managePeople",
        secret: "ownerToken",
    },
    ListPage {
        name: "transfers",
        columns: &[
            ("name", "name", Way("/transfers/", "organisation")),
            ("seats", "seats", Number),
            ("from", "fromName", Name),
            ("expires", "expiresAt", Time),
            ("id", "organisation", Code),
        ],
        acts: &[],
        new: &[],
        right: "manageOrganisation",
        secret: "",
    },
    ListPage {
        name: "downgrade-requests",
        columns: &[
            ("object", "organisation", Code),
            ("from", "fromProduct", Word("product")),
            ("to", "toProduct", Word("product")),
            ("asked", "askedAt", Time),
            ("state", "state", Word("request")),
            ("ended", "decidedAt", Time),
        ],
        acts: &[
            posts("approve", "decidedAt"),
            Act { name: "refuse", how: How::Posts, path: "refuse", unless: "decidedAt", reason: "reason" },
        ],
        new: &[],
        right: "approveDowngrade",
        secret: "",
    },
    ListPage {
        name: "sessions",
        columns: &[
            ("asked", "createdAt", Time),
            ("used", "lastUsedAt", Time),
            ("expires", "expiresAt", Time),
            ("id", "id", Code),
        ],
        acts: &[deletes("end", "")],
        new: &[],
        right: "",
        secret: "",
    },
];
