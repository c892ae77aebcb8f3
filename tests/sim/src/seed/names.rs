//! The words that names are made of.

pub(super) const GIVEN: &[&str] = &[
    "Adele",
    "Alex",
    "Amir",
    "Anna",
    "Bianca",
    "Chen",
    "Diego",
    "Emily",
    "Fatima",
    "Grady",
    "Henrietta",
    "Ines",
    "Isaiah",
    "Jürgen",
    "Joni",
    "Kofi",
    "Lee",
    "Lidia",
    "Lynne",
    "Megan",
    "Miriam",
    "Nestor",
    "Patti",
    "Pradeep",
    "Raul",
    "Sara",
    "Soren",
    "Yuki",
    "Zoë",
    "Łukasz",
];

pub(super) const SURNAMES: &[&str] = &[
    "Almeida",
    "Bowen",
    "Clarke",
    "Davis",
    "Eriksen",
    "Fernandez",
    "Graham",
    "Haddad",
    "Ito",
    "Jensen",
    "Kowalski",
    "Langer",
    "Mbeki",
    "Novák",
    "O'Brien",
    "Pisani",
    "Quist",
    "Robbins",
    "Sherman",
    "Tanaka",
    "Ueda",
    "Vance",
    "Wilber",
    "Xu",
    "Young",
    "Zeller",
];

pub(super) const DEPARTMENTS: &[&str] = &[
    "Engineering",
    "Finance",
    "Human Resources",
    "Legal",
    "Marketing",
    "Operations",
    "Research",
    "Retail",
    "Sales",
];

pub(super) const TITLES: &[&str] =
    &["Analyst", "Assistant", "Consultant", "Director", "Engineer", "Manager", "Specialist", "Technician"];

/// Where people work: city, country, usage location, language.
pub(super) const PLACES: &[(&str, &str, &str, &str)] = &[
    ("Kraków", "Poland", "PL", "pl-PL"),
    ("Oslo", "Norway", "NO", "nb-NO"),
    ("Porto", "Portugal", "PT", "pt-PT"),
    ("Toronto", "Canada", "CA", "en-CA"),
    ("Utrecht", "Netherlands", "NL", "nl-NL"),
];
