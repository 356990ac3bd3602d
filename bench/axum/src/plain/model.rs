//! What goes in and out as JSON.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

#[derive(Serialize)]
pub struct Book {
    pub id: Uuid,
    pub isbn: String,
    pub title: String,
    pub summary: Option<String>,
    pub language: String,
    pub pages: Option<i32>,
    pub published_on: Option<NaiveDate>,
    pub price: Decimal,
    pub sale_price: Option<Decimal>,
    pub category_slug: String,
    pub available: i64,
    pub current_price: Decimal,
    pub rating: Option<Decimal>,
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

#[derive(Serialize)]
pub struct Order {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub lines: Vec<Line>,
    pub status: String,
    pub deliver_to: Option<String>,
    pub total: Decimal,
    pub agreed_total: Option<Decimal>,
    pub tracking: Option<String>,
    #[serde(serialize_with = "maybe_instant")]
    pub placed_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "maybe_instant")]
    pub paid_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "maybe_instant")]
    pub shipped_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    pub updated_at: DateTime<Utc>,
    pub version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Customer>,
}

#[derive(Serialize)]
pub struct Line {
    pub id: Uuid,
    pub book_isbn: String,
    pub quantity: i32,
    pub amount: Decimal,
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    pub updated_at: DateTime<Utc>,
}

/// The customers of these rows have no phone number, so that nothing has to be decrypted.
#[derive(Serialize)]
pub struct Customer {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub phone: Option<()>,
    pub newsletter: bool,
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    pub updated_at: DateTime<Utc>,
    pub version: i64,
}

#[derive(Serialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub page: Next,
}

#[derive(Serialize)]
pub struct Next {
    pub next: Option<String>,
    pub limit: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    pub deliver_to: Option<String>,
    pub lines: Vec<NewLine>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    pub book_isbn: String,
    #[serde(default = "one")]
    pub quantity: i32,
}

fn one() -> i32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookQuery {
    pub category_slug: Option<String>,
    pub sort: Option<String>,
    pub limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    pub expand: Option<String>,
    pub limit: Option<u32>,
}

#[derive(Deserialize)]
pub struct ArticleQuery {
    pub limit: Option<u32>,
    pub offset: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Articles {
    pub articles: Vec<Article>,
    pub articles_count: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Article {
    pub slug: String,
    pub title: String,
    pub description: String,
    pub tag_list: Vec<String>,
    #[serde(serialize_with = "instant")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    pub updated_at: DateTime<Utc>,
    pub favorited: bool,
    pub favorites_count: i64,
    pub author: Profile,
}

#[derive(Serialize)]
pub struct Profile {
    pub username: String,
    pub bio: Option<String>,
    pub image: Option<String>,
    pub following: bool,
}

impl NewOrder {
    pub fn check(&self) -> Result<(), &'static str> {
        let length = self.deliver_to.as_ref().map(|text| text.chars().count());
        if length.is_some_and(|length| !(1..=300).contains(&length)) {
            return Err("deliver_to has 1 to 300 characters");
        }
        if self.lines.len() > 100 {
            return Err("at most 100 lines");
        }
        if self
            .lines
            .iter()
            .any(|line| !(1..=20).contains(&line.quantity))
        {
            return Err("quantity is from 1 to 20");
        }
        Ok(())
    }

    /// What the audit keeps of it.
    pub fn changes(&self, customer: Uuid, books: &[Uuid], lines: &[Uuid]) -> serde_json::Value {
        let lines: Vec<serde_json::Value> = self.lines.iter().zip(books).zip(lines).map(|((line, book), id)| {
            serde_json::json!({ "book_isbn": { "to": book }, "quantity": { "to": line.quantity }, "id": id })
        }).collect();
        serde_json::json!({
            "customer_id": { "to": customer },
            "status": { "to": "draft" },
            "deliver_to": { "to": self.deliver_to },
            "lines": { "to": lines },
        })
    }

    /// The order as it is shown, without reading it again.
    pub fn order(
        self,
        id: Uuid,
        customer: Uuid,
        lines: Vec<(Uuid, Decimal)>,
        at: DateTime<Utc>,
    ) -> Order {
        let lines: Vec<Line> = self
            .lines
            .into_iter()
            .zip(lines)
            .map(|(line, (id, price))| Line {
                id,
                book_isbn: line.book_isbn,
                quantity: line.quantity,
                amount: price * Decimal::from(line.quantity),
                created_at: at,
                updated_at: at,
            })
            .collect();
        let mut total: Decimal = lines.iter().map(|line| line.amount).sum();
        total.rescale(2);
        Order {
            id,
            customer_id: customer,
            lines,
            status: "draft".to_owned(),
            deliver_to: self.deliver_to,
            total,
            agreed_total: None,
            tracking: None,
            placed_at: None,
            paid_at: None,
            shipped_at: None,
            created_at: at,
            updated_at: at,
            version: 1,
            customer: None,
        }
    }
}

fn instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&at.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
}

fn maybe_instant<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, serializer),
        None => serializer.serialize_none(),
    }
}
