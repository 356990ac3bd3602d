//! The words that plausible values are made of.

pub const GIVEN_NAMES: &[&str] = &[
    "Aoife", "Ben", "Chidi", "Daria", "Elena", "Farid", "Grace", "Hana", "Ivan", "Jonas", "Keiko",
    "Lena", "Marta", "Nadia", "Omar", "Priya", "Quentin", "Rosa", "Samir", "Tara", "Umar", "Vera",
    "Wei", "Ximena", "Yara", "Zoe", "Anders", "Beatriz", "Conor", "Divya", "Emil", "Fiona",
];

pub const FAMILY_NAMES: &[&str] = &[
    "Adeyemi",
    "Becker",
    "Costa",
    "Dvorak",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Haddad",
    "Ito",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Quinn",
    "Rossi",
    "Sato",
    "Tanaka",
    "Ueda",
    "Varga",
    "Walsh",
    "Xu",
    "Yilmaz",
    "Zhang",
    "Byrne",
    "Murphy",
];

pub const COMPANIES: &[&str] = &[
    "Acme",
    "Globex",
    "Initech",
    "Northwind",
    "Contoso",
    "Umbra Labs",
    "Blue Harbour",
    "Fairlane",
    "Greenfield",
    "Hillcrest",
    "Ironbridge",
    "Juniper House",
    "Kestrel",
    "Lakeside",
    "Meridian",
    "Oakwood",
];

pub const TEAMS: &[&str] = &[
    "Support",
    "Engineering",
    "Operations",
    "Design",
    "Finance",
    "Research",
    "Delivery",
    "Onboarding",
    "Platform",
    "Field Service",
];

pub const CITIES: &[&str] = &[
    "Dublin", "Lisbon", "Oslo", "Vienna", "Porto", "Ghent", "Turin", "Malmo", "Leipzig", "Krakow",
    "Seville", "Utrecht", "Bergen", "Nantes", "Tartu", "Zadar",
];

pub const COUNTRIES: &[&str] = &[
    "Ireland", "Portugal", "Norway", "Austria", "Belgium", "Italy", "Sweden", "Germany", "Poland",
    "Spain", "France", "Estonia",
];

pub const COUNTRY_CODES: &[&str] = &[
    "IE", "PT", "NO", "AT", "BE", "IT", "SE", "DE", "PL", "ES", "FR", "EE",
];

pub const CURRENCIES: &[&str] = &["EUR", "USD", "GBP", "CHF", "SEK", "NOK"];

pub const LANGUAGES: &[&str] = &["en", "de", "fr", "es", "pt", "it", "nl", "sv"];

pub const TIME_ZONES: &[&str] = &[
    "Europe/Dublin",
    "Europe/Lisbon",
    "Europe/Oslo",
    "Europe/Vienna",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Tokyo",
];

pub const STREETS: &[&str] = &[
    "Main Street",
    "Station Road",
    "Mill Lane",
    "Harbour Street",
    "Church Walk",
    "Park Avenue",
    "Orchard Close",
    "Bridge Street",
    "Castle Hill",
    "Market Square",
];

pub const COLOURS: &[&str] = &[
    "red", "green", "blue", "amber", "teal", "violet", "slate", "coral",
];

pub const CATEGORIES: &[&str] = &[
    "Fiction",
    "History",
    "Science",
    "Travel",
    "Cooking",
    "Music",
    "Design",
    "Computing",
    "Gardening",
    "Sport",
    "Health",
    "Poetry",
    "Film",
    "Philosophy",
    "Nature",
    "Crafts",
];

pub const TAGS: &[&str] = &[
    "billing",
    "urgent-care",
    "howto",
    "feedback",
    "mobile",
    "printing",
    "network",
    "security",
    "account",
    "shipping",
    "databases",
    "design",
    "performance",
    "testing",
    "release",
    "migration",
];

pub const ADJECTIVES: &[&str] = &[
    "Quiet",
    "Amber",
    "Hidden",
    "Bright",
    "Northern",
    "Patient",
    "Wandering",
    "Silver",
    "Distant",
    "Gentle",
    "Hollow",
    "Restless",
    "Golden",
    "Winter",
    "Paper",
    "Last",
    "Secret",
    "Broken",
];

pub const NOUNS: &[&str] = &[
    "Harbour", "Garden", "River", "Lantern", "Orchard", "Mountain", "Library", "Compass", "Island",
    "Bridge", "Forest", "Letter", "Clock", "Window", "Voyage", "Meadow", "Tower", "Shore",
];

pub const PRODUCTS: &[&str] = &[
    "desk lamp",
    "oak shelf",
    "travel mug",
    "wool blanket",
    "notebook",
    "garden chair",
    "backpack",
    "bicycle bell",
    "tea kettle",
    "headphones",
    "raincoat",
    "wall clock",
    "cutting board",
    "tent",
];

pub const PROBLEMS: &[&str] = &[
    "The printer on the second floor is jammed",
    "Cannot sign in after the password change",
    "The invoice shows the wrong address",
    "The export stops half way",
    "Screen stays dark",
    "A parcel arrived damaged",
    "The calendar is an hour off",
    "Please add a colleague",
    "The report is empty since Monday",
    "Refund has not arrived",
    "The page loads slowly",
    "How do I change my plan?",
];

pub const HEADLINES: &[&str] = &[
    "What we learned from a year of small releases",
    "Five indexes you do not need",
    "A slow query and how it got fast",
    "Why our tests read like letters",
    "Notes from a quiet migration",
    "The case for boring names",
    "Designing for the second reader",
    "When a cache makes things worse",
    "How to say no to a feature",
    "An afternoon with a profiler",
    "Keyset paging, explained with a bookshelf",
    "The cost of one more abstraction",
];

pub const SENTENCES: &[&str] = &[
    "It works well and does what it says.",
    "Everything arrived on time and in good order.",
    "There is a small scratch on one side, but nothing to worry about.",
    "Please have a look when you find a moment.",
    "I would choose the same one again.",
    "We tried it for a week before we decided.",
    "The first chapter is slow, the rest is a joy.",
    "It started yesterday, shortly after lunch.",
    "Nothing has changed since the last message.",
    "The instructions were easy to follow.",
    "Someone from the team will call tomorrow.",
    "This took longer than expected, and was worth it.",
    "Thank you for the quick answer.",
    "A good start for anybody who is new to it.",
];

pub const REASONS: &[&str] = &[
    "Asked for by the customer",
    "A duplicate of an earlier one",
    "Agreed on the telephone",
    "The details did not match",
    "Corrected after a review",
];

pub const LABELS: &[&str] = &[
    "Home",
    "Office",
    "Studio",
    "Parents",
    "Summer house",
    "Workshop",
    "Warehouse",
    "Reception",
];
