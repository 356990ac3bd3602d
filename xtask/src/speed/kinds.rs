//! The requests that are measured.

pub struct Kind {
    pub name: &'static str,
    pub title: &'static str,
    /// Who asks; absent: nobody is signed in.
    pub role: Option<&'static str>,
    pub is_conduit: bool,
    /// Requests whose replies are compared before anything is measured; the insert's are made of its body.
    pub samples: &'static [&'static str],
}

pub const KINDS: &[Kind] = &[
    Kind {
        name: "point",
        title: "one book",
        role: None,
        is_conduit: false,
        samples: &["/v1/books/9780000000017", "/v1/books/9780000012345"],
    },
    Kind {
        name: "list",
        title: "20 books of a category, sorted",
        role: None,
        is_conduit: false,
        samples: &[
            "/v1/books?category_slug=crime&sort=-published_on&limit=20",
            "/v1/books?category_slug=history&sort=-published_on&limit=20",
        ],
    },
    Kind {
        name: "nested",
        title: "20 orders with customer and lines",
        role: Some("staff"),
        is_conduit: false,
        samples: &["/v1/orders?expand=customer&limit=20"],
    },
    Kind {
        name: "signed",
        title: "one's own order, signed in",
        role: Some("customer"),
        is_conduit: false,
        samples: &[
            "/v1/orders/f0000000-0000-7000-8000-000000000064",
            "/v1/orders/f0000000-0000-7000-8000-0000000000c8",
        ],
    },
    Kind {
        name: "articles",
        title: "Conduit's 20 articles",
        role: None,
        is_conduit: true,
        samples: &[
            "/api/articles?limit=20&offset=0",
            "/api/articles?limit=20&offset=40",
        ],
    },
    // The last one, because it makes rows.
    Kind {
        name: "insert",
        title: "a new order with three lines",
        role: Some("customer"),
        is_conduit: false,
        samples: &["/v1/orders"],
    },
];
