//! Which columns are read, in which order, and the JSON that they become.

use crate::cells::Cells;

/// Columns of a book. `rating` is in hundredths on SQLite.
pub fn book_columns(rating: &str) -> String {
    format!(
        "b.id, b.isbn, b.title, b.summary, b.language, b.pages, b.published_on, b.price, b.sale_price, \
         (SELECT c.slug FROM categories c WHERE c.id = b.category_id), \
         b.stock - COALESCE((SELECT SUM(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id \
         WHERE l.book_id = b.id AND o.status IN ('placed', 'paid', 'shipped')), 0), \
         COALESCE(b.sale_price, b.price), (SELECT {rating} FROM reviews r WHERE r.book_id = b.id), \
         b.created_at, b.updated_at, b.version"
    )
}

/// Books without a day come before all others.
pub const BOOK_ORDERS: [&str; 3] = [
    "b.id DESC",
    "b.published_on NULLS FIRST, b.id",
    "b.published_on DESC NULLS LAST, b.id DESC",
];

/// Of the category whose slug is parameter 2.
pub const IN_CATEGORY: &str =
    " AND b.category_id = (SELECT c.id FROM categories c WHERE c.slug = $2)";

macro_rules! object {
    ($row:expr, $to:expr, $($before:literal $kind:ident $column:expr),* $(,)?) => {
        $($to.extend_from_slice($before); $row.$kind($column, $to);)*
    };
}

pub fn book(row: &impl Cells, to: &mut Vec<u8>) {
    object!(row, to,
        b"{\"id\":" uuid 0, b",\"isbn\":" text 1, b",\"title\":" text 2, b",\"summary\":" text 3,
        b",\"language\":" text 4, b",\"pages\":" integer 5, b",\"published_on\":" date 6, b",\"price\":" money 7,
        b",\"sale_price\":" money 8, b",\"category_slug\":" text 9, b",\"available\":" integer 10,
        b",\"current_price\":" money 11, b",\"rating\":" money 12, b",\"created_at\":" instant 13,
        b",\"updated_at\":" instant 14, b",\"version\":" integer 15,
    );
    to.push(b'}');
}

pub const ORDER_COLUMNS: &str = "o.id, o.customer_id, o.status, o.deliver_to, COALESCE(o.agreed_total, \
    (SELECT SUM(l.quantity * COALESCE(b.sale_price, b.price)) FROM order_lines l JOIN books b ON b.id = l.book_id \
    WHERE l.order_id = o.id), 0), o.agreed_total, o.tracking, o.placed_at, o.paid_at, o.shipped_at, \
    o.created_at, o.updated_at, o.version";

/// Behind those of the order.
pub const CUSTOMER_COLUMNS: &str =
    "u.email, u.name, u.newsletter, u.created_at, u.updated_at, u.version";

/// What stands before the lines.
pub fn order_start(row: &impl Cells, to: &mut Vec<u8>) {
    object!(row, to, b"{\"id\":" uuid 0, b",\"customer_id\":" uuid 1);
    to.extend_from_slice(b",\"lines\":[");
}

/// What stands behind them. The customers of these rows have no phone number, so that nothing has to be decrypted.
pub fn order_end(row: &impl Cells, expands: bool, to: &mut Vec<u8>) {
    object!(row, to,
        b"],\"status\":" text 2, b",\"deliver_to\":" text 3, b",\"total\":" money 4, b",\"agreed_total\":" money 5,
        b",\"tracking\":" text 6, b",\"placed_at\":" instant 7, b",\"paid_at\":" instant 8,
        b",\"shipped_at\":" instant 9, b",\"created_at\":" instant 10, b",\"updated_at\":" instant 11,
        b",\"version\":" integer 12,
    );
    if expands {
        object!(row, to,
            b",\"customer\":{\"id\":" uuid 1, b",\"email\":" text 13, b",\"name\":" text 14,
            b",\"phone\":null,\"newsletter\":" boolean 15, b",\"created_at\":" instant 16,
            b",\"updated_at\":" instant 17, b",\"version\":" integer 18,
        );
        to.push(b'}');
    }
    to.push(b'}');
}

pub const LINE_COLUMNS: &str = "l.order_id, l.id, b.isbn, l.quantity, l.quantity * COALESCE(b.sale_price, b.price), l.created_at, l.updated_at";

pub fn line(row: &impl Cells, first: bool, to: &mut Vec<u8>) {
    if !first {
        to.push(b',');
    }
    object!(row, to,
        b"{\"id\":" uuid 1, b",\"book_isbn\":" text 2, b",\"quantity\":" integer 3, b",\"amount\":" money 4,
        b",\"created_at\":" instant 5, b",\"updated_at\":" instant 6,
    );
    to.push(b'}');
}

pub fn page_end(next: Option<&str>, limit: u32, to: &mut Vec<u8>) {
    to.extend_from_slice(b"],\"page\":{\"next\":");
    match next {
        Some(cursor) => crate::json::text(cursor.as_bytes(), to),
        None => to.extend_from_slice(b"null"),
    }
    to.extend_from_slice(b",\"limit\":");
    crate::json::integer(limit.into(), to);
    to.extend_from_slice(b"}}");
}

pub const ARTICLE_COLUMNS: &str = "a.id, a.slug, a.title, a.description, a.created_at, a.updated_at, \
    (SELECT COUNT(*) FROM user_favourites f WHERE f.article_id = a.id), u.username, u.bio, u.image";

pub fn article_start(row: &impl Cells, to: &mut Vec<u8>) {
    object!(row, to, b"{\"slug\":" text 1, b",\"title\":" text 2, b",\"description\":" text 3);
    to.extend_from_slice(b",\"tagList\":[");
}

pub fn article_end(row: &impl Cells, to: &mut Vec<u8>) {
    object!(row, to,
        b"],\"createdAt\":" instant 4, b",\"updatedAt\":" instant 5,
        b",\"favorited\":false,\"favoritesCount\":" integer 6, b",\"author\":{\"username\":" text 7,
        b",\"bio\":" text 8, b",\"image\":" text 9,
    );
    to.extend_from_slice(b",\"following\":false}}");
}

/// A page of books as it is asked for.
pub struct BookPage {
    pub category: Option<String>,
    /// Position in `BOOK_ORDERS`.
    pub order: usize,
    pub limit: u32,
}

/// `None`: something that is not offered. Values are plain words, so that nothing has to be decoded.
pub fn book_page(query: Option<&str>) -> Option<BookPage> {
    let mut page = BookPage {
        category: None,
        order: 0,
        limit: crate::PAGE,
    };
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        match pair.split_once('=')? {
            ("category_slug", value) => page.category = Some(value.to_owned()),
            ("sort", "published_on") => page.order = 1,
            ("sort", "-published_on") => page.order = 2,
            ("limit", value) => page.limit = limit(value)?,
            _ => return None,
        }
    }
    Some(page)
}

impl BookPage {
    pub fn next(&self, sort: &str, id: &str) -> String {
        let mut parts = vec!["books.list"];
        parts.extend(
            self.category
                .as_deref()
                .map(|value| ["category_slug", value])
                .into_iter()
                .flatten(),
        );
        let sorts = [
            None,
            Some(["sort", "published_on"]),
            Some(["sort", "-published_on"]),
        ];
        parts.extend(sorts[self.order].into_iter().flatten());
        let sort = (self.order > 0).then_some(sort);
        crate::cursor::encode(sort, id, crate::cursor::question(&parts))
    }
}

/// Whether customers are expanded, and how many orders.
pub fn order_page(query: Option<&str>) -> Option<(bool, u32)> {
    let (mut expands, mut most) = (false, crate::PAGE);
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        match pair.split_once('=')? {
            ("expand", "customer") => expands = true,
            ("limit", value) => most = limit(value)?,
            _ => return None,
        }
    }
    Some((expands, most))
}

/// Limit and offset.
pub fn article_page(query: Option<&str>) -> Option<(u32, u32)> {
    let (mut most, mut offset) = (crate::PAGE, 0);
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        match pair.split_once('=')? {
            ("limit", value) => most = limit(value)?,
            ("offset", value) => offset = value.parse().ok()?,
            _ => return None,
        }
    }
    Some((most, offset))
}

fn limit(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|limit| (1..=crate::LARGEST_PAGE).contains(limit))
}
